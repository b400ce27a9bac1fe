"""A student's progress: one small JSON file in the student's own folder. Nothing leaves the machine.

The file is `progress.json` in `~/.aimsssl`, or in the folder that the environment variable `AIMSSSL_HOME` names:

    {"04": {"lars_step": {"attempts": 3, "solved": true, "seen": false, "hints": 1, "last": "passed"}}}

Whose solution was seen before it was solved stays seen.

An exercise that has moved to another lesson since is read under its new place.

Nothing here raises: a full or read-only disk costs the record, never the lesson. Several notebooks may write at once.
"""

import contextlib
import json
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from aimsssl.exercises.display import show

EMPTY = {"attempts": 0, "solved": False, "seen": False, "hints": 0, "last": ""}
MOVED = {("06", "find_the_leak"): "07", ("06", "confidence_interval"): "07"}  # {(old lesson, exercise): new lesson}
LARGEST = 10_000_000  # bytes: no record of the course's exercises comes near it
PATIENCE = 2.0  # seconds to wait for another notebook that is writing
_told: set[str] = set()  # problems that were already reported in this Python process


class _Damaged(Exception):
    """What lies in the record's place is no record."""


def path() -> Path:
    """Where the progress of this student is kept."""
    try:
        folder = Path(os.environ.get("AIMSSSL_HOME") or "~/.aimsssl").expanduser()
    except RuntimeError:  # no HOME, and nobody of this number among the users: some containers
        folder = Path.cwd() / ".aimsssl"
    return folder / "progress.json"


def read() -> dict[str, dict[str, dict]]:
    """Everything that is recorded, `{lesson: {exercise: entry}}`; empty where there is no file or it is damaged."""
    try:
        return _read()
    except FileNotFoundError:
        return {}
    except OSError as error:
        _tell_once(f"Your progress cannot be read ({error}). The lesson goes on without it.")
    except _Damaged:
        _set_aside()
    return {}


def entry(lesson: str, name: str) -> dict:
    """What is recorded about one exercise: attempts, solved, hints, last."""
    return {**EMPTY, **read().get(lesson, {}).get(name, {})}


def note_attempt(lesson: str, name: str, outcome: str, solved: bool) -> None:
    """Count one attempt. An exercise that was solved once stays solved; one whose solution was seen is never solved."""

    def changed(old: dict) -> dict:
        by_oneself = bool(solved) and not old["seen"]
        return {"attempts": old["attempts"] + 1, "solved": old["solved"] or by_oneself, "last": outcome}

    _update(lesson, name, changed)


def note_hints(lesson: str, name: str, shown: int) -> None:
    """Keep the largest number of hints that were shown for one exercise."""
    _update(lesson, name, lambda old: {"hints": max(old["hints"], shown)})


def note_seen(lesson: str, name: str) -> None:
    """The solution was shown; of an exercise that was solved before, nothing changes."""
    _update(lesson, name, lambda old: {"seen": not old["solved"]})


def _read() -> dict[str, dict[str, dict]]:
    """The record. Raises `_Damaged` where it is none, also where a number should be and something else is."""
    place = path()
    status = os.stat(place)
    if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:  # to open a pipe would wait for ever
        raise _Damaged
    try:
        data = json.loads(place.read_bytes())
        return _moved(
            {
                lesson: {name: _checked({**EMPTY, **found}) for name, found in exercises.items()}
                for lesson, exercises in data.items()
            }
        )
    except (ValueError, AttributeError, TypeError, RecursionError):
        raise _Damaged from None


def _checked(found: dict) -> dict:
    for key, empty in EMPTY.items():
        if type(found[key]) is not type(empty) or (isinstance(empty, int) and found[key] < 0):
            raise TypeError(key)
    return found


def _moved(data: dict[str, dict[str, dict]]) -> dict[str, dict[str, dict]]:
    """The same, with exercises under the lesson that they are in now; what was done in both places adds up."""
    for (old, name), new in MOVED.items():
        if name not in data.get(old, {}):
            continue
        before, after = data[old].pop(name), data.setdefault(new, {}).get(name, EMPTY)
        data[new][name] = {
            "attempts": before["attempts"] + after["attempts"],
            "solved": before["solved"] or after["solved"],
            "seen": before["seen"] or after["seen"],
            "hints": max(before["hints"], after["hints"]),
            "last": after["last"] or before["last"],
        }
    return data


def _update(lesson: str, name: str, changed) -> None:
    """Change one entry; `changed(old entry)` gives what is new in it."""
    try:
        with _alone():
            data = read()
            old = {**EMPTY, **data.get(lesson, {}).get(name, {})}
            data.setdefault(lesson, {})[name] = {**old, **changed(old)}
            _write(data)
    except OSError as error:
        _tell_once(f"Your progress cannot be saved ({error}). The lesson goes on without it.")


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One process at a time reads and writes, or an attempt would be lost. A dead process holds no lock.

    Where the file system knows no locks, or another one holds it too long, the change is made all the same.
    """
    path().parent.mkdir(parents=True, exist_ok=True)
    with open(path().with_suffix(".lock"), "a") as file:
        until = time.monotonic() + PATIENCE
        while not _lock(file) and time.monotonic() < until:
            time.sleep(0.01)
        yield  # closing the file lets the lock go


def _lock(file) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except PermissionError:  # Windows' way to say that it is held
        return os.name != "nt"
    except (OSError, ImportError):  # a file system without locks
        return True
    return True


def _write(data: dict) -> None:
    """Write a new file beside the old one, then put it in its place: a crash leaves one of the two, whole."""
    target = path()
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix="progress-", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(data, file, indent=1, sort_keys=True)
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _set_aside() -> None:
    """Keep a damaged file under another name, so that nothing a student did is thrown away."""
    names = (f"progress.damaged{'' if number == 1 else f'-{number}'}.json" for number in count(1))
    damaged = next(path().with_name(name) for name in names if not os.path.lexists(path().with_name(name)))
    try:
        os.replace(path(), damaged)
        _tell_once(f"{path()} was damaged; it is kept as {damaged.name} and a new record begins.")
    except OSError as error:
        _tell_once(f"{path()} is damaged and cannot be replaced ({error}). The lesson goes on without it.")


def _tell_once(message: str) -> None:
    if message not in _told:
        _told.add(message)
        show("note", "Note", [message])

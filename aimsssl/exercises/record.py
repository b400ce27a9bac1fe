"""A student's progress: one small JSON file in the student's own folder. Nothing leaves the machine.

The file is `progress.json` in `~/.aimsssl`, or in the folder that the environment variable `AIMSSSL_HOME` names:

    {"04": {"lars_step": {"attempts": 3, "solved": true, "hints": 1, "last": "passed"}}}

Nothing here raises: a full or read-only disk costs the record, never the lesson.
"""

import json
import os
import tempfile
from pathlib import Path

from aimsssl.exercises.display import show

EMPTY = {"attempts": 0, "solved": False, "hints": 0, "last": ""}
_told: set[str] = set()  # problems that were already reported in this Python process


def path() -> Path:
    """Where the progress of this student is kept."""
    return Path(os.environ.get("AIMSSSL_HOME") or os.path.expanduser("~/.aimsssl")) / "progress.json"


def read() -> dict[str, dict[str, dict]]:
    """Everything that is recorded, `{lesson: {exercise: entry}}`; empty where there is no file or it is damaged."""
    try:
        data = json.loads(path().read_text(encoding="utf-8"))
        return {
            str(lesson): {str(name): {**EMPTY, **entry} for name, entry in exercises.items()}
            for lesson, exercises in data.items()
        }
    except FileNotFoundError:
        return {}
    except OSError as error:
        _tell_once(f"Your progress cannot be read ({error}). The lesson goes on without it.")
    except (ValueError, AttributeError, TypeError):
        _set_aside()
    return {}


def entry(lesson: str, name: str) -> dict:
    """What is recorded about one exercise: attempts, solved, hints, last."""
    return {**EMPTY, **read().get(lesson, {}).get(name, {})}


def note_attempt(lesson: str, name: str, outcome: str, solved: bool) -> None:
    """Count one attempt. An exercise that was solved once stays solved."""
    old = entry(lesson, name)
    _update(lesson, name, attempts=old["attempts"] + 1, solved=bool(old["solved"] or solved), last=outcome)


def note_hints(lesson: str, name: str, shown: int) -> None:
    """Keep the largest number of hints that were shown for one exercise."""
    _update(lesson, name, hints=max(entry(lesson, name)["hints"], shown))


def _update(lesson: str, name: str, **changes: object) -> None:
    data = read()
    data.setdefault(lesson, {})[name] = {**entry(lesson, name), **changes}
    try:
        _write(data)
    except OSError as error:
        _tell_once(f"Your progress cannot be saved ({error}). The lesson goes on without it.")


def _write(data: dict) -> None:
    """Write a new file beside the old one, then put it in its place: a crash leaves one of the two, whole."""
    target = path()
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix="progress-", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(data, file, indent=1, sort_keys=True, ensure_ascii=False)
        os.replace(temporary, target)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


def _set_aside() -> None:
    """Keep a damaged file under another name, so that nothing a student did is thrown away."""
    damaged = path().with_suffix(".damaged.json")
    try:
        os.replace(path(), damaged)
        _tell_once(f"{path()} was damaged; it is kept as {damaged.name} and a new record begins.")
    except OSError as error:
        _tell_once(f"{path()} is damaged and cannot be replaced ({error}). The lesson goes on without it.")


def _tell_once(message: str) -> None:
    if message not in _told:
        _told.add(message)
        show("note", "Note", [message])

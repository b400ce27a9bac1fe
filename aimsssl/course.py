"""Where the course lies, in a clone or inside the installed package; and the copy of it that a student works in."""

import hashlib
import json
import os
import tempfile
from itertools import count
from pathlib import Path

PACKAGE = Path(__file__).parent
CLONE = (PACKAGE.parent / "lessons").is_dir() and (PACKAGE.parent / "pyproject.toml").is_file()
LESSONS = PACKAGE.parent / "lessons" if CLONE else PACKAGE / "_course" / "lessons"
RECORDED = PACKAGE.parent / "data" / "recorded_runs" if CLONE else PACKAGE / "_course" / "recorded_runs"
FOLDER = "aimsssl-course"
LIST = ".delivered.json"  # {file: fingerprint of what was delivered}: only what is still that can be replaced


def is_at(folder: Path) -> bool:
    """Whether a student's course was delivered to `folder`."""
    return os.path.exists(folder / "lessons" / LIST)


def deliver(folder: Path, version: str) -> list[str]:
    """Copy the lessons to `folder/lessons`, and say what was done, a line each.

    A file that the student has changed stays as it is; a newer version of it comes beside it, and that one is the
    student's too as soon as it is changed. To open, run or save a notebook is no change: what is written in its cells
    counts. A file that was deleted comes back. Whatever else lies there is left alone. A file that cannot be read or
    replaced stays, and the next call tries again.

    Raises:
        FileNotFoundError: this installation has no lessons.
        OSError: the folder, or a file that is missing there, cannot be written.
    """
    if not LESSONS.is_dir():
        raise FileNotFoundError(f"there are no lessons in {LESSONS}; install aimsssl anew")
    target = folder / "lessons"
    target.mkdir(parents=True, exist_ok=True)
    before = _read(target / LIST)
    delivered, new, told = dict(before), 0, []
    try:
        for source in sorted(path for path in LESSONS.rglob("*") if path.is_file() and not _is_left_out(path)):
            name, content = source.relative_to(LESSONS).as_posix(), source.read_bytes()
            if not (target / name).exists():
                _write(target / name, content)
                delivered[name] = _fingerprint(content)
                new += 1
                continue
            try:
                told += _renew(target, name, content, version, delivered)
            except OSError as error:  # read-only, or open in another program on Windows: no reason not to open the rest
                told.append(f"{name} stays as it is: it cannot be renewed ({error.strerror or error})")
    finally:  # also when it is stopped half-way: what was renewed is no student's work the next time
        if delivered != before:
            _write(target / LIST, json.dumps(delivered, indent=1).encode())
    return [*([f"{new} files of the course are now in {target}"] if new else []), *told]


def _renew(target: Path, name: str, content: bytes, version: str, delivered: dict[str, str]) -> list[str]:
    """Bring the file `name`, which is there, up to date or put the new version beside it; note it in `delivered`."""
    there, recorded, now = (target / name).read_bytes(), delivered.get(name), _fingerprint(content)
    told = []
    if _fingerprint(there) == now or _is(content, recorded):
        pass  # nothing is new, or it was told before
    elif _is(there, recorded):
        _write(target / name, content)
        told = [f"{name} is renewed: you had not changed it"]
    else:
        beside = _place_beside(target, name, content, version, delivered)
        _write(target / beside, content)
        delivered[beside] = now
        told = [
            f"{name} has your work and stays as it is: go on in it, and hand it in. The new version is beside it, "
            f"{Path(beside).name}: if yours no longer runs, copy your answers into that one and hand that one in"
        ]
    delivered[name] = now
    return told


def _place_beside(target: Path, name: str, content: bytes, version: str, delivered: dict[str, str]) -> str:
    """A name that is free, or whose file holds nothing of the student's."""
    for number in count(1):
        path = Path(name)
        again = f"-{number}" if number > 1 else ""
        beside = path.with_name(f"{path.stem}-{version}{again}{path.suffix}").as_posix()
        if not os.path.lexists(target / beside):
            return beside
        if (target / beside).is_file():
            there = (target / beside).read_bytes()
            if _is(there, delivered.get(beside)) or _fingerprint(there) == _fingerprint(content):
                return beside


def _is_left_out(path: Path) -> bool:
    """What is not part of the course: a student's own runs, and Jupyter's copies."""
    inner = path.relative_to(LESSONS).parts
    return inner[0] == "runs" or any(part.startswith((".", "__")) for part in inner)


def _read(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # missing or damaged: then every file that differs counts as the student's
        return {}
    return found if isinstance(found, dict) else {}


def _fingerprint(content: bytes) -> str:
    """Of a notebook what is written in its cells, of another file its bytes.

    JupyterLab changes metadata, numbers and outputs of a notebook that is only opened and run, and adds an empty cell
    at its end; another program writes the text of a cell as one string where this one writes lines.
    """
    try:
        cells = [
            (cell["cell_type"], "".join(cell["source"]).replace("\r\n", "\n"), cell.get("attachments") or {})
            for cell in json.loads(content)["cells"]
        ]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):  # no notebook, or a damaged one
        return _hash(content)
    written = [cell for cell in cells if cell[1].strip() or cell[2]]
    return "cells:" + _hash(json.dumps(written, sort_keys=True).encode())


def _is(content: bytes, recorded: object) -> bool:
    """Whether this is what was delivered; earlier versions of the list have the hash of a notebook's bytes."""
    return recorded in (_fingerprint(content), _hash(content))


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise

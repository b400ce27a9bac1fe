"""Where the course lies, in a clone or inside the installed package; and the copy of it that a student works in."""

import hashlib
import json
import os
import tempfile
from pathlib import Path

PACKAGE = Path(__file__).parent
CLONE = (PACKAGE.parent / "lessons").is_dir() and (PACKAGE.parent / "pyproject.toml").is_file()
LESSONS = PACKAGE.parent / "lessons" if CLONE else PACKAGE / "_course" / "lessons"
RECORDED = PACKAGE.parent / "data" / "recorded_runs" if CLONE else PACKAGE / "_course" / "recorded_runs"
FOLDER = "aimsssl-course"
LIST = ".delivered.json"  # {file: SHA-256 of what was delivered}: what a student has not touched can be renewed


def deliver(folder: Path, version: str) -> list[str]:
    """Copy the lessons to `folder/lessons`, and say what was done, a line each.

    A file that the student has changed stays as it is; a newer version of it comes beside it. A file
    that was deleted comes back. Whatever else lies there is left alone.

    Raises:
        FileNotFoundError: this installation has no lessons.
        OSError: the folder cannot be written.
    """
    if not LESSONS.is_dir():
        raise FileNotFoundError(f"there are no lessons in {LESSONS}; install aimsssl anew")
    target = folder / "lessons"
    target.mkdir(parents=True, exist_ok=True)
    delivered, told, new = _read(target / LIST), [], 0
    for source in sorted(path for path in LESSONS.rglob("*") if path.is_file() and not _is_left_out(path)):
        name = source.relative_to(LESSONS).as_posix()
        content = source.read_bytes()
        there = (target / name).read_bytes() if (target / name).exists() else None
        if there is None or (there != content and _hash(there) == delivered.get(name)):
            _write(target / name, content)
            new += there is None
            told += [f"{name} is renewed: you had not changed it"] if there is not None else []
        elif there != content and delivered.get(name) != _hash(content):
            beside = f"{source.stem}-{version}{source.suffix}"
            _write((target / name).with_name(beside), content)
            told.append(f"{name} has your work and stays as it is; the new version is {beside}, beside it")
        delivered[name] = _hash(content)
    _write(target / LIST, json.dumps(delivered, indent=1).encode())
    return [*([f"{new} files of the course are now in {target}"] if new else []), *told]


def _is_left_out(path: Path) -> bool:
    """What is not part of the course: a student's own runs, and Jupyter's copies."""
    inner = path.relative_to(LESSONS).parts
    return inner[0] == "runs" or any(part.startswith((".", "__")) for part in inner)


def _read(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # missing or damaged: then every file that differs counts as the student's own
        return {}
    return found if isinstance(found, dict) else {}


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
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise

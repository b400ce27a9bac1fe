"""What was handed in: files, folders and zips below a folder, read once, safely, before anything runs.

Nothing is unpacked and no link is followed. Whatever cannot be read is a submission with a problem, never an error:
one student's file must not take away the others' grades.
"""

import hashlib
import json
import lzma
import os
import re
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

NOTEBOOK_BYTES, ZIP_BYTES, CODE_LETTERS, ZIP_NOTEBOOKS = 50 << 20, 500 << 20, 1_000_000, 100
NOT_OURS = {".ipynb_checkpoints", ".git", ".DS_Store", ".aimsssl"}  # what programs leave; not worth a word


@dataclass(frozen=True)
class Submission:
    """One notebook, or one thing that is none: whose, where, its cells of code `(number, id, source)`, its problem."""

    student: str
    name: str
    cells: tuple[tuple[int, str, str], ...] = ()
    problem: str = ""
    digest: str = ""


class Unreadable(Exception):
    """Why a file is not read, in a few words."""


def collect(folder: Path, without: Iterable[Path] = ()) -> tuple[list[Submission], list[str]]:
    """Every submission below `folder`, in order, and the names that were skipped. `without`: our own tables.

    A student is the folder that holds the notebook, seen from `folder`; at the top, the file's name.

    Raises:
        ValueError: there is nothing below the folder.
    """
    folder, without = folder.resolve(), {path.resolve() for path in without}
    found, odd, skipped = [], [], []  # [(path, [submissions])], [(path, problem)], [name]
    for path, problem in _walk(folder, skipped):
        if path in without:
            continue
        if problem:
            odd.append((path, problem))
        elif path.suffix.lower() in (".ipynb", ".zip"):
            found.append(path)
        else:
            odd.append((path, f"no notebook: {shown(path.name)}"))
    if not found and not odd:
        raise ValueError(f"there is nothing to grade below {shown(folder)}")
    names = _students(folder, [*found, *(path for path, _ in odd)])
    submissions = [submission for path in found for submission in _read(path, folder, names[path])]
    homes = {path.parent for path in found} - {folder}
    for path, problem in odd:
        if path.parent == folder or not any(_above(home, path) or _above(path.parent, home) for home in homes):
            submissions.append(Submission(names[path], shown(path.relative_to(folder)), problem=problem))
        elif path.suffix.lower() == ".ipynb":  # a notebook that is a pipe, a link, …: its student should know
            submissions.append(Submission(names[path], shown(path.relative_to(folder)), problem=problem))
    return sorted(submissions, key=lambda s: (s.student, s.name)), sorted(skipped)


def shown(text: object) -> str:
    """Text of a stranger, fit for a terminal or a table: signs that cannot be printed are written out, `\\x1b`."""
    text = str(text).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)[:300]


def code_cells(data: bytes) -> tuple[tuple[int, str, str], ...]:
    """The cells of code in the bytes of a notebook, `(number from 1 among all cells, id, source)`.

    Raises:
        Unreadable: this is no notebook.
    """
    try:
        cells = json.loads(data)["cells"]
        code = []
        for number, cell in enumerate(cells, start=1):
            if cell["cell_type"] == "code":
                source = cell["source"]
                code.append((number, str(cell.get("id", "")), source if isinstance(source, str) else "".join(source)))
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError, MemoryError) as error:
        raise Unreadable(f"it is no notebook ({type(error).__name__})") from None
    if sum(len(source) for _, _, source in code) > CODE_LETTERS:
        raise Unreadable(f"it holds more than {CODE_LETTERS:,} letters of code")
    return tuple(code)


def _walk(folder: Path, skipped: list[str]) -> Iterator[tuple[Path, str]]:
    """Every file below the folder with its problem, if any; names that begin with a dot go to `skipped`."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield folder, f"the folder cannot be read ({error.strerror})"
        return
    if not entries:
        yield folder / "", "the folder is empty"
    for entry in entries:
        path = folder / entry.name
        if entry.name.startswith("."):
            if entry.name not in NOT_OURS:
                skipped.append(shown(path))
        elif entry.is_symlink() or (hasattr(entry, "is_junction") and entry.is_junction()):
            yield path, f"{shown(entry.name)} is a link; links are not followed"
        elif entry.is_dir(follow_symlinks=False):
            yield from _walk(path, skipped)
        elif not entry.is_file(follow_symlinks=False):
            yield path, f"{shown(entry.name)} is no regular file"
        else:
            yield path, ""


def _students(folder: Path, paths: list[Path]) -> dict[Path, str]:
    """The student of each path. At the top it is the name without its ending, unless two would then be one."""
    top = [path for path in paths if path.parent == folder]
    taken = Counter(path.stem for path in top)
    taken.update({path.relative_to(folder).parts[0] for path in paths if path.parent != folder and path != folder})
    students = {}
    for path in paths:
        if path == folder:
            students[path] = shown(folder.name)
        elif path.parent == folder:
            is_plain = path.suffix.lower() in (".ipynb", ".zip") and taken[path.stem] == 1
            students[path] = shown(path.stem if is_plain else path.name)
        else:
            students[path] = shown(path.parent.relative_to(folder).as_posix())
    return students


def _above(upper: Path, lower: Path) -> bool:
    return upper == lower or upper in lower.parents


def _read(path: Path, folder: Path, student: str) -> list[Submission]:
    name = shown(path.relative_to(folder).as_posix())
    try:
        is_zip = path.suffix.lower() == ".zip"
        with _open(path, ZIP_BYTES if is_zip else NOTEBOOK_BYTES) as file:
            if is_zip:
                return list(_in_zip(file, student, name))
            return [_submission(student, name, file.read(NOTEBOOK_BYTES + 1))]
    except OSError as error:
        return [Submission(student, name, problem=f"it cannot be read ({shown(error.strerror)})")]
    except Unreadable as problem:
        return [Submission(student, name, problem=str(problem))]


def _submission(student: str, name: str, data: bytes) -> Submission:
    digest = hashlib.sha256(data).hexdigest()
    try:
        if len(data) > NOTEBOOK_BYTES:
            raise Unreadable(f"it is larger than {NOTEBOOK_BYTES >> 20} MiB")
        return Submission(student, name, code_cells(data), digest=digest)
    except Unreadable as problem:
        return Submission(student, name, problem=str(problem), digest=digest)


def _open(path: Path, limit: int):
    """A regular file of at most so many bytes, opened without following a link or waiting for a pipe."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags)
    file = os.fdopen(handle, "rb")
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode) or status.st_size > limit:
        file.close()
        raise Unreadable(f"it is larger than {limit >> 20} MiB" if stat.S_ISREG(status.st_mode) else "no regular file")
    return file


def _in_zip(file, student: str, name: str) -> Iterator[Submission]:
    """The notebooks in a zip, each read into memory up to the limit. Where a name in it points does not matter."""
    try:
        with zipfile.ZipFile(file) as archive:
            inside = [i for i in archive.infolist() if i.filename.lower().endswith(".ipynb") and not i.is_dir()]
            inside = [i for i in inside if not any(re.match(r"__MACOSX$|\.[^.]", part) for part in _parts(i))]
            if not inside:
                yield Submission(student, name, problem="there is no notebook in the zip")
            for info in inside[:ZIP_NOTEBOOKS]:
                member = f"{name}/{shown(info.filename)}"
                try:
                    with archive.open(info) as opened:
                        data = opened.read(NOTEBOOK_BYTES + 1)
                except (OSError, RuntimeError, NotImplementedError, ValueError, *DAMAGED) as error:
                    problem = "it is encrypted" if info.flag_bits & 1 else f"it is damaged ({type(error).__name__})"
                    yield Submission(student, member, problem=problem)
                else:
                    yield _submission(student, member, data)
            if len(inside) > ZIP_NOTEBOOKS:
                problem = f"{len(inside)} notebooks in one zip; the first {ZIP_NOTEBOOKS} were read"
                yield Submission(student, name, problem=problem)
    except (OSError, ValueError, NotImplementedError, RuntimeError, *DAMAGED) as error:
        yield Submission(student, name, problem=f"it is no zip that can be read ({type(error).__name__})")


DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError)


def _parts(info: zipfile.ZipInfo) -> list[str]:
    return info.filename.replace("\\", "/").split("/")

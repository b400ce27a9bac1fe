"""What was handed in: files, folders and zips below a folder, read once, safely, before anything runs.

Nothing is unpacked and no link is followed. Whatever cannot be read is a submission with a problem, never an error:
one student's file must not take away the others' grades.
"""

import hashlib
import io
import json
import lzma
import os
import stat
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from .naming import Folder, Home, students

NOTEBOOK_BYTES, ZIP_BYTES, CODE_LETTERS = 50 << 20, 500 << 20, 1_000_000
NOTEBOOKS, ZIP_FILES, ZIPS_IN_ZIPS, DEEPEST = 100, 5000, 2, 30  # of one student; in one zip; how deep zips, folders
INNER_ZIP_BYTES, UNPACKED_BYTES, UNPACKED_LETTERS = 200 << 20, 10 << 30, 200_000_000  # the last two: of a whole zip
# what programs leave; not worth a word
NOT_OURS = {".ipynb_checkpoints", ".git", ".DS_Store", ".aimsssl", ".delivered.json", "__MACOSX", "Thumbs.db",
            "desktop.ini"}  # fmt: skip


@dataclass(frozen=True)
class Submission:
    """One notebook, or one thing that is none: whose, where, its cells of code `(number, id, source)`, its problem."""

    student: str
    name: str
    cells: tuple[tuple[int, str, str], ...] = ()
    problem: str = ""
    digest: str = ""


EMPTY = "the folder is empty"


class Unreadable(Exception):
    """Why a file is not read, in a few words."""


@dataclass
class _Found:
    """A submission before its student is known: the folders and the file where it lies."""

    folders: Home
    file: str
    submission: Submission
    is_notebook: bool = True  # or something that should hold one


def collect(folder: Path, without: Iterable[Path] = ()) -> tuple[list[Submission], list[str]]:
    """Every submission below `folder`, in order, and the names that were skipped. `without`: our own tables.

    `naming` says who is the student.

    Raises:
        ValueError: there is nothing below the folder.
    """
    folder, without = folder.resolve(), {path.resolve() for path in without}
    found, skipped = [], []
    for path, problem in _walk(folder, skipped):
        if path not in without and (path, problem) != (folder, EMPTY):
            found += _at(path, path.relative_to(folder), problem, skipped)
    if not found:
        raise ValueError(f"there is nothing to grade below {shown(folder)}")
    named = students([(one.folders, one.file) for one in found], [one.is_notebook for one in found])
    by_student = defaultdict(list)
    for one, name in zip(found, named, strict=True):
        if name is not None:
            by_student[whole(name or folder.name)].append(one.submission)
    submissions = []
    for student, own in by_student.items():
        if len(own) > NOTEBOOKS:
            own[NOTEBOOKS:] = [Submission("", f"{len(own)} files", problem=f"only the first {NOTEBOOKS} were read")]
        submissions += [replace(one, student=student) for one in own]
    return sorted(submissions, key=lambda s: (s.student, s.name)), sorted(skipped)


def shown(text: object) -> str:
    """Text of a stranger, fit for a terminal or a table: signs that cannot be printed are written out, `\\x1b`."""
    return whole(text)[:300]


def whole(text: object) -> str:
    """The same, however long it is: two students must not become one."""
    text = str(text).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


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
        yield folder, EMPTY
    for entry in entries:
        path = folder / entry.name
        if _is_left(entry.name):
            continue
        if entry.name.startswith("."):
            skipped.append(shown(path))
        elif entry.is_symlink() or (hasattr(entry, "is_junction") and entry.is_junction()):
            yield path, f"{shown(entry.name)} is a link; links are not followed"
        elif entry.is_dir(follow_symlinks=False):
            yield from _walk(path, skipped)
        elif not entry.is_file(follow_symlinks=False):
            yield path, f"{shown(entry.name)} is no regular file"
        else:
            yield path, ""


def _is_left(name: str) -> bool:
    return name in NOT_OURS or name.startswith("._")


def _at(path: Path, place: Path, problem: str, skipped: list[str]) -> list[_Found]:
    """What lies at a path: a notebook, what is in a zip, or a problem."""
    name, ending = shown(place.as_posix()), path.suffix.lower()
    is_zip = ending == ".zip" and not problem
    *folders, file = place.parts or ("",)
    folders = tuple(map(Folder, folders))
    if problem.startswith("the folder"):
        folders, file = (*folders, Folder(file)) if file else (), ""
    if problem or ending not in (".ipynb", ".zip"):
        submission = Submission("", name, problem=problem or f"no notebook: {shown(path.name)}")
        return [_Found(folders, file, submission, is_notebook=ending == ".ipynb" and bool(file))]
    if is_zip:
        folders, file = (*folders, Folder(file, is_zip=True)), ""
    try:
        with _open(path, ZIP_BYTES if is_zip else NOTEBOOK_BYTES) as opened:
            if is_zip:
                return list(
                    _in_zip(opened, folders, name, _Allowance(ZIP_FILES, UNPACKED_BYTES, UNPACKED_LETTERS), skipped)
                )
            return [_Found(folders, file, _submission(name, opened.read(NOTEBOOK_BYTES + 1)))]
    except OSError as error:
        return [_Found(folders, file, Submission("", name, problem=f"it cannot be read ({shown(error.strerror)})"))]
    except Unreadable as unreadable:
        return [_Found(folders, file, Submission("", name, problem=str(unreadable)))]


def _submission(name: str, data: bytes) -> Submission:
    digest = hashlib.sha256(data).hexdigest()
    try:
        if len(data) > NOTEBOOK_BYTES:
            raise Unreadable(f"it is larger than {NOTEBOOK_BYTES >> 20} MiB")
        return Submission("", name, code_cells(data), digest=digest)
    except Unreadable as problem:
        return Submission("", name, problem=str(problem), digest=digest)


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


@dataclass
class _Allowance:
    """What may still be read from one zip that was handed in, with the zips in it."""

    files: int
    bytes: int
    letters: int

    def spend(self, data: bytes, submission: Submission | None = None) -> None:
        self.bytes -= len(data)
        self.letters -= sum(len(source) for _, _, source in submission.cells) if submission else 0

    def share(self) -> "_Allowance":
        """What a zip in it may take at most: it must leave something for the other students'."""
        return _Allowance(
            min(self.files, ZIP_FILES // 5), min(self.bytes, UNPACKED_BYTES // 5),
            min(self.letters, UNPACKED_LETTERS // 5),
        )  # fmt: skip

    def take_away(self, before: "_Allowance", after: "_Allowance") -> None:
        self.files -= before.files - after.files
        self.bytes -= before.bytes - after.bytes
        self.letters -= before.letters - after.letters

    @property
    def is_spent(self) -> bool:
        return min(self.bytes, self.letters) < 0


def _in_zip(file, folders: Home, name: str, left: _Allowance, skipped: list[str]) -> Iterator[_Found]:
    """What is in a zip, each notebook read into memory up to the limit; zips in it as well.

    Where a name in it points does not matter.
    """
    trouble = lambda problem: _Found(folders, "", Submission("", name, problem=problem))  # noqa: E731
    try:
        with zipfile.ZipFile(file) as archive:
            inside, others = _members(archive, name, skipped)
            if len(inside) > left.files:
                yield trouble(f"it was not read: {len(inside)} notebooks and zips in one zip are too many")
                return
            left.files -= len(inside)
            if not inside:
                yield trouble("there is no notebook in the zip")
                return
            for info, (*inner, base) in inside:
                yield from _member(archive, info, (*folders, *map(Folder, inner)), base, name, left, skipped)
            for inner, base in list(others.items())[:ZIP_FILES]:
                place = shown("/".join((name, *inner, base)).rstrip("/"))
                problem = f"no notebook: {shown(base)}" if base else EMPTY
                submission = Submission("", place, problem=problem)
                yield _Found((*folders, *map(Folder, inner)), base, submission, is_notebook=False)
    except (OSError, ValueError, NotImplementedError, RuntimeError, *DAMAGED) as error:
        yield trouble(f"it is no zip that can be read ({type(error).__name__})")


DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError)
Member = tuple[zipfile.ZipInfo, list[str]]


def _members(archive: zipfile.ZipFile, name: str, skipped: list[str]) -> tuple[list[Member], dict[tuple, str]]:
    """The notebooks and zips of a zip, with the parts of their names; `{folder: one file}` for all other files."""
    inside, others = [], {}
    for info in archive.infolist():
        parts = [part for part in info.filename.replace("\\", "/").split("/") if part not in ("", ".", "..")]
        if not parts or any(map(_is_left, parts)):
            continue
        parts[DEEPEST:-1] = []
        is_one = parts[-1].lower().endswith((".ipynb", ".zip")) and not info.is_dir()
        if any(part.startswith(".") for part in parts):
            skipped += [shown(f"{name}/{info.filename}")] if is_one else []
        elif is_one:
            inside.append((info, parts))
        elif info.is_dir():
            others.setdefault(tuple(parts), "")
        else:
            others[tuple(parts[:-1])] = others.get(tuple(parts[:-1])) or parts[-1]
    above = {tuple(parts[:end]) for _, parts in inside for end in range(len(parts))}
    above |= {folder[:end] for folder in others for end in range(len(folder))}
    return inside, {folder: file for folder, file in others.items() if file or folder not in above}


def _member(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, folders: Home, base: str, name: str, left: _Allowance, skipped
) -> Iterator[_Found]:
    """One notebook of a zip, or what is in a zip in it."""
    member, is_zip = shown(f"{name}/{info.filename}"), base.lower().endswith(".zip")
    here = ((*folders, Folder(base, is_zip=True)), "") if is_zip else (folders, base)
    trouble = lambda problem: _Found(*here, Submission("", member, problem=problem))  # noqa: E731
    if is_zip and sum(folder.is_zip for folder in here[0]) > ZIPS_IN_ZIPS + 1:
        yield trouble("a zip in a zip in a zip in a zip is not read")
        return
    if left.is_spent:
        yield trouble("it was not read: there is too much in the zip")
        return
    limit = INNER_ZIP_BYTES if is_zip else NOTEBOOK_BYTES
    try:
        with archive.open(info) as opened:
            data = opened.read(limit + 1)
    except (OSError, RuntimeError, NotImplementedError, ValueError, *DAMAGED) as error:
        yield trouble("it is encrypted" if info.flag_bits & 1 else f"it is damaged ({type(error).__name__})")
        return
    submission = None if is_zip else _submission(member, data)
    left.spend(data, submission)
    if submission:
        yield _Found(*here, submission)
    elif len(data) > limit:
        yield trouble(f"it is larger than {limit >> 20} MiB")
    else:
        share = left.share()
        before = replace(share)
        yield from _in_zip(io.BytesIO(data), here[0], member, share, skipped)
        left.take_away(before, share)

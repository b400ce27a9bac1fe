"""The files of a run: where its folder lies, writing without loss, reading what a stranger may have written."""

import errno
import json
import os
import sys
import tempfile
from functools import cache
from pathlib import Path

LARGEST_TEXT = 64 * 2**20  # bytes of a JSON or CSV file
NO_SPACE = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


class RunError(RuntimeError):
    """A run folder that cannot be read, written or continued. The message names the file and the way out."""


def tell(message: str) -> None:
    """A note to whoever trains; errors are raised instead."""
    print(f"note: {message}", file=sys.stderr)


# --- where ----------------------------------------------------------------------------------------------------------


def place(path: str | Path, elsewhere: bool = True) -> Path:
    """Where a run lies: `~` is the home folder.

    A relative path that would be a new folder, in a place that cannot be written (a course on a read-only drive), lies
    in `AIMSSSL_HOME` in its stead, and this is said once. With `elsewhere=False` the path is made absolute.

    Raises:
        RunError: `~` has no meaning here.
    """
    try:
        path = Path(path).expanduser()
    except RuntimeError as error:  # no HOME, and no entry in the system's list of users
        raise RunError(f"{path}: this system knows no home folder; write the folder out ({error})") from error
    if not elsewhere:
        return path.absolute()
    if path.is_absolute() or os.path.exists(path):
        return path
    if _can_write_in(next(parent for parent in path.absolute().parents if os.path.exists(parent))):
        return path
    return _elsewhere(Path.cwd()).joinpath(*(part for part in path.parts if part != ".."))


@cache
def _elsewhere(refused: Path) -> Path:
    home = os.environ.get("AIMSSSL_HOME") or "~/.aimsssl"
    try:
        folder = Path(home).expanduser()
        folder.mkdir(parents=True, exist_ok=True)
        if not _can_write_in(folder):
            raise OSError
    except (OSError, RuntimeError):  # no home, or one that cannot be written
        folder = Path(tempfile.mkdtemp(prefix="aimsssl-"))
    tell(f"{refused} cannot be written; runs go to {folder}")
    return folder


def _can_write_in(folder: Path) -> bool:
    try:
        tempfile.TemporaryFile(dir=folder).close()
        return True
    except OSError:
        return False


# --- writing --------------------------------------------------------------------------------------------------------


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that, whenever the power fails, either the old or the new one is there, whole.

    The temporary file has a name of its own, so that two processes do not write into one, and no link that lies in the
    folder is followed. A link in the file's own place is replaced; what it points to is not touched.

    Raises:
        RunError: the disk is full, or the folder cannot be written; the old file is untouched.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}-", suffix=".part", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())  # mkstemp's files are for their owner only
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        mend = "make room" if error.errno in NO_SPACE else "see what is in its place"
        raise RunError(
            f"cannot write {path}: {error.strerror or error}. What was saved before is still there; "
            f"{mend} or choose another folder, then start the same command again to go on."
        ) from error


@cache
def _umask() -> int:
    """Which rights new files do not get: it can only be read by setting it."""
    kept = os.umask(0o077)
    os.umask(kept)
    return kept


def remove_parts(folder: Path, names: tuple[str, ...]) -> None:
    """Delete what a process that was killed had begun to write of these files."""
    for name in names:
        for part in folder.glob(f".{name}-*.part"):
            if part.is_symlink() or part.is_file():
                part.unlink(missing_ok=True)


def json_bytes(content: dict) -> bytes:
    """As the files of a run are written."""
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


# --- reading --------------------------------------------------------------------------------------------------------


def read_bytes(path: Path, largest: int = LARGEST_TEXT) -> bytes:
    """Content of a file, which must be one: a FIFO would be waited for, a device read without end.

    Raises:
        FileNotFoundError: there is none.
        RunError: it is something else, too large, or cannot be read.
    """
    try:
        if not os.path.lexists(path):
            raise FileNotFoundError(path)
        if not os.path.isfile(path):
            raise RunError(f"{path} is not a file; move it away, or restore it from a copy")
        if path.stat().st_size > largest:
            raise RunError(f"{path} is larger than {largest >> 20} MiB, which no such file is; restore it from a copy")
        return path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise RunError(f"{path} cannot be read ({error.strerror or error}); restore it from a copy") from error


def read_json(path: Path) -> dict:
    """Content of a run's JSON file.

    Raises:
        RunError: it is missing, damaged, or holds something else than an object.
    """
    try:
        content = json.loads(read_bytes(path).decode("utf-8"))
    except FileNotFoundError:
        raise RunError(f"there is no {path.name} in {path.parent}: this is not the folder of a run") from None
    except (ValueError, RecursionError) as error:
        raise RunError(f"{path} cannot be read ({error}); restore it from a copy") from error
    if not isinstance(content, dict):
        raise RunError(f"{path} cannot be read (it holds no JSON object); restore it from a copy")
    return content

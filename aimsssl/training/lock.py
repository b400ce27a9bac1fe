"""One process at a time trains in a run's folder, and whoever comes second is told who holds it.

The lock is the system's own on the file RUN/lock: it ends with the process that took it, however that ends. The file
stays; only its content, who holds it, comes and goes.
"""

import errno
import json
import os
import platform
import stat
from datetime import datetime
from pathlib import Path

from .files import RunError, tell

try:
    import fcntl
except ImportError:  # Windows
    import msvcrt

    fcntl = None

BEYOND = 2**30  # Windows locks a range of bytes, and nobody may read them: this one is never written
NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EINVAL, getattr(errno, "ENOTSUP", 0), getattr(errno, "EOPNOTSUPP", 0)}


class Lock:
    """The lock of a run's folder, taken or not."""

    def __init__(self, folder: Path):
        self.path = folder / "lock"
        self._handle: int | None = None

    def take(self) -> None:
        """Hold the folder until `release`, or until this process ends. Held already, nothing happens.

        Raises:
            RunError: another process holds it, or something else than a lock lies in its place.
            OSError: the folder cannot be written.
        """
        if self._handle is not None:
            return
        handle = self._open()
        try:
            _lock(handle)
        except OSError as error:
            held_by = _read_holder(handle)
            os.close(handle)
            if error.errno in NO_LOCKS:
                tell(f"{self.path.parent}: this drive has no locks; see that no other process trains there")
                return
            raise RunError(
                f"{self.path.parent} is in use: {held_by} trains there. Wait until it is done, stop it, or choose "
                "another folder."
            ) from error
        self._handle = handle
        holder = {"host": platform.node(), "pid": os.getpid(), "since": f"{datetime.now():%Y-%m-%d %H:%M}"}
        os.ftruncate(handle, 0)
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, json.dumps(holder).encode())

    def release(self) -> None:
        """Let others in."""
        if self._handle is not None:
            os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = None

    def _open(self) -> int:
        """A handle of the lock's file; no link is followed, and nothing but a file of this folder alone is opened."""
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        try:
            handle = os.open(self.path, flags, 0o666)
        except OSError as error:
            if self.path.is_symlink() or self.path.exists() and not self.path.is_file():
                raise RunError(f"{self.path} is no lock of a run; delete it and start again") from error
            raise
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
            os.close(handle)
            raise RunError(f"{self.path} is no lock of a run; delete it and start again")
        return handle


def _lock(handle: int) -> None:
    if fcntl is not None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return
    os.lseek(handle, BEYOND, os.SEEK_SET)
    msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)


def _read_holder(handle: int) -> str:
    try:
        os.lseek(handle, 0, os.SEEK_SET)
        holder = json.loads(os.read(handle, 1000))
        return f"process {int(holder['pid'])} on {str(holder['host'])[:80]!r}, since {str(holder['since'])[:20]!r},"
    except (OSError, ValueError, KeyError, TypeError, RecursionError):  # it is about to be written, or is not ours
        return "another process"

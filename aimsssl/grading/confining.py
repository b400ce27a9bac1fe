"""What a student's process may not do, as far as the system can say no. Linux with Landlock and seccomp can do most.

A process that is confined has no way back: no file is written or, outside of Python's own, read; no process is started
or signalled, no network reached; memory and time of the processor have an end.
"""

import contextlib
import ctypes
import os
import platform
import struct
import sys
import sysconfig
from pathlib import Path

import torch

from .. import course

# numbers of system calls: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h
CALLS = {
    "x86_64": dict(
        arch=0xC000003E, clone=56, clone3=435, prlimit=302,
        denied=[
            57, 58, 59, 322,  # fork, vfork, execve, execveat
            62, 200, 234, 424, 101, 310, 311,  # signals; ptrace, reading and writing another's memory
            41, 425, 109, 112, 160,  # socket, io_uring_setup, setpgid, setsid, setrlimit
            90, 91, 268, 92, 93, 94, 260, 452, 132, 235, 261, 280,  # chmod, chown, utime and their kin
            188, 189, 190, 197, 198, 199,  # setxattr, removexattr
            163, 164, 165, 166, 168, 169, 170, 171, 175, 179, 227, 246, 250, 272, 304, 308, 313, 321, 428, 429, 430,
        ],  # what only root may do, such as mount and reboot
    ),
    "aarch64": dict(
        arch=0xC00000B7, clone=220, clone3=435, prlimit=261,
        denied=[
            221, 281, 129, 130, 131, 424, 117, 270, 271, 198, 425, 154, 157, 164,
            52, 53, 54, 55, 452, 88, 5, 6, 7, 14, 15, 16,
            89, 170, 39, 40, 225, 142, 161, 162, 105, 60, 112, 104, 219, 97, 265, 268, 273, 280, 428, 429, 430,
        ],
    ),
}  # fmt: skip
NO_NEW_PRIVILEGES, SECCOMP, PARENT_DEATH, FILTER, KILL = 38, 22, 1, 2, 9  # prctl.h, signal.h
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # Landlock's calls have these numbers everywhere
EXECUTE, READ_FILE, READ_DIR = 1 << 0, 1 << 2, 1 << 3
CLONE_THREAD = 0x10000


def limits(memory: float, seconds: float) -> None:
    """Bounds for this process: `memory` in GiB beyond what it has now, `seconds` of processor time, no file written."""
    try:
        import resource
    except ImportError:  # Windows
        return

    with contextlib.suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        _lower("RLIMIT_AS", pages * resource.getpagesize() + int(memory * 2**30))
    if seconds:
        _lower("RLIMIT_CPU", int(seconds) + 2)
        _lower("RLIMIT_FSIZE", 0)
    _lower("RLIMIT_CORE", 0)


def _lower(name: str, value: int) -> None:
    import resource

    with contextlib.suppress(AttributeError, OSError, ValueError):  # not every system knows or enforces each
        resource.setrlimit(getattr(resource, name), (value, value))


def confine(home: str) -> set[str]:
    """Take rights away from this process, for good; `home` is the one folder that it may change.

    Returns what could be taken: a subset of `files` and `processes`.
    """
    done = _confine_linux(home) if sys.platform.startswith("linux") else set()
    if "processes" not in done and os.name != "nt":
        _lower("RLIMIT_NPROC", 0)  # root is not bound by it, and it forbids threads, too
    return done


def _confine_linux(home: str) -> set[str]:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PARENT_DEATH, KILL, 0, 0, 0)
    if libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        return set()
    done = {"files"} if _landlock(libc, home) else set()
    return done | ({"processes"} if _seccomp(libc) else set())


def readable() -> list[Path]:
    """What a student's process may read: Python, its packages, this package without the course around it."""
    paths = [Path(sysconfig.get_path(key)) for key in ("stdlib", "platstdlib", "purelib", "platlib")]
    paths += [Path(entry) for entry in sys.path if "site-packages" in entry or "dist-packages" in entry]
    paths += [Path(torch.__file__).parent, course.PACKAGE, course.RECORDED]
    paths += map(Path, ("/usr/lib", "/lib", "/lib64", "/usr/share", "/dev/null", "/dev/urandom", "/sys/devices/system"))
    return [path for path in dict.fromkeys(paths) if path.exists()]


def _landlock(libc: ctypes.CDLL, home: str) -> bool:
    """No file beyond `readable`, no TCP, no signal to others (Linux 5.13 and newer; the last two are younger)."""
    version = libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return False
    all_rights = (1 << (13 + (version >= 2) + (version >= 3) + (version >= 5))) - 1
    size = 8 if version < 4 else 16 if version < 6 else 24
    attributes = struct.pack("QQQ", all_rights, 0b11, 0b11)  # files; bind and connect; abstract sockets and signals
    rules = libc.syscall(CREATE_RULESET, attributes, ctypes.c_size_t(size), 0)
    if rules < 0:
        return False
    for path in (*readable(), Path(home)):
        rights = READ_FILE | EXECUTE | (READ_DIR if path.is_dir() else 0)
        rights = all_rights if path == Path(home) else rights
        handle = os.open(path, os.O_PATH)
        libc.syscall(ADD_RULE, rules, 1, struct.pack("=Qi", rights, handle), 0)
        os.close(handle)
    done = libc.syscall(RESTRICT_SELF, rules, 0) == 0
    os.close(rules)
    return done


def _seccomp(libc: ctypes.CDLL) -> bool:
    """No process, no signal, no socket, nothing of root's: the kernel answers `PermissionError`."""
    calls = CALLS.get(platform.machine())
    if calls is None:
        return False
    load, equal, at_least, has, give = 0x20, 0x15, 0x35, 0x45, 0x06
    allow, deny, unknown = 0x7FFF0000, 0x00050001, 0x00050026  # unknown: ENOSYS, the caller falls back to clone
    program = [(load, 0, 0, 4), (equal, 1, 0, calls["arch"]), (give, 0, 0, deny)]
    program += [(load, 0, 0, 0), (at_least, 0, 1, 0x40000000), (give, 0, 0, deny)]
    for number in calls["denied"]:
        program += [(equal, 0, 1, number), (give, 0, 0, deny)]
    program += [(equal, 0, 1, calls["clone3"]), (give, 0, 0, unknown)]
    program += [(equal, 0, 4, calls["clone"]), (load, 0, 0, 16), (has, 1, 0, CLONE_THREAD), (give, 0, 0, deny)]
    program += [(give, 0, 0, allow)]
    program += [(equal, 0, 3, calls["prlimit"]), (load, 0, 0, 32), (equal, 1, 0, 0), (give, 0, 0, deny)]
    program += [(give, 0, 0, allow)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    whole = struct.pack("HxxxxxxP", len(program), ctypes.addressof(code))
    return libc.prctl(SECCOMP, FILTER, whole, 0, 0) == 0

"""What a set of images will take, against what is free: said before anything is read."""

from __future__ import annotations

import warnings
from pathlib import Path


class MemoryWarning(UserWarning):
    """A set takes much of the free memory."""


def free() -> int | None:
    """Bytes that programs can still have, or None where nobody tells."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        values = {line.split(":")[0]: int(line.split()[1]) << 10 for line in lines if line.endswith("kB")}
        return min(values["MemAvailable"], _left_to_container())
    except (OSError, ValueError, KeyError):  # no Linux
        try:
            import psutil  # comes with the notebooks' kernel; a server without it does without the warning
        except ImportError:
            return None
        return psutil.virtual_memory().available


def _left_to_container() -> float:
    """What a container's limit leaves (cgroup v2); infinite where there is none."""
    folder = Path("/sys/fs/cgroup")
    try:
        limit = (folder / "memory.max").read_text().strip()
        if limit == "max":
            return float("inf")
        stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        return int(limit) - int((folder / "memory.current").read_text()) + int(stat.get("inactive_file", 0))
    except (OSError, ValueError):
        return float("inf")


def announce(images: int, channels: int, side: int, remedy: str) -> None:
    """Warn where so many images take more than a third of the free memory.

    Args:
        images, channels, side: how many, of what shape, one byte a value.
        remedy: what makes it less, for the message.

    Raises:
        ValueError: they take more than all of it.
    """
    need, there = images * channels * side * side, free()
    if there is None or need <= there / 3:
        return
    told = f"{images:,} images of {side}x{side} take {_size(need)}, and {_size(there)} of memory are free"
    if need > there:
        raise ValueError(f"{told}; {remedy}")
    warnings.warn(f"{told}, more than a third of it; {remedy}", MemoryWarning, stacklevel=4)


def _size(count: float) -> str:
    return f"{count / 2**30:.1f} GB" if count >= 2**30 else f"{count / 2**20:.1f} MB"

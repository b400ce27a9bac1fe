"""What the benchmarks share: turns, processes of their own for peak memory, and the machine in words."""

import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import torch

HAS_LIGHTLY = find_spec("lightly") is not None


def in_turn(sides: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Ask every side once a round: a machine that slows down, slows all of them down.

    The order is reversed from round to round, so that no side always comes first.
    """
    results = {side: [] for side in sides}
    for i in range(rounds):
        for side in list(sides)[:: -1 if i % 2 else 1]:
            results[side].append(sides[side]())
    return results


def summary(values: list[float], digits: int = 4) -> dict:
    """The median, and every round."""
    rounded = [float(f"{value:.{digits}g}") for value in values]
    return {"median": float(f"{statistics.median(values):.{digits}g}"), "rounds": rounded}


def in_own_process(script: str, *arguments: str, **environment: str) -> dict:
    """Run a script beside this one, with variables added to the environment; it prints a line of JSON."""
    command = [sys.executable, str(Path(__file__).with_name(script)), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | environment)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def peak_mib() -> float:
    """The most memory this process has held so far.

    Not `getrusage` on Linux: its number outlives exec, so a new process begins with its parent's peak.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    import resource  # not on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024


def workers_mib() -> float:
    """What the processes started from here hold now beyond what they share with this one; 0 where unknown."""
    total = 0.0
    for children in Path("/proc/self/task").glob("*/children"):
        for pid in children.read_text().split():
            try:
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            except OSError:  # it has just ended
                continue
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024
    return total


def machine() -> dict:
    """What the numbers depend on besides the code."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "cpu": names[0] if names else platform.processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "cores": cores,
        "threads": torch.get_num_threads(),
        "system": platform.system(),
    }


def versions() -> dict:
    packages = ["torch", "torchvision", "numpy", "scikit-learn"]
    packages += [name for name, module in (("lightly", "lightly"), ("faiss-cpu", "faiss")) if find_spec(module)]
    return {"python": platform.python_version(), **{package: version(package) for package in packages}}


def told(data: str) -> str:
    """The name of the data without the place of the downloads on this machine."""
    place = os.environ.get("AIMSSSL_DATA")
    return data.replace(place, "AIMSSSL_DATA") if place else data

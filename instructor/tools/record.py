"""Make the recorded runs: `python instructor/tools/record.py [NAME …]`, all of them by default.

A recording is trained and evaluated here, and what is small of it is kept in data/recorded_runs/NAME: configuration,
history, results. What is finished is not made again; delete its folder to record it anew. What each one does stands in
instructor/tools/recordings/. Real images are found through AIMSSSL_DATA: MNIST/raw as torchvision writes it, and
CIFAR-10 as folders cifar10/{train,test}/CLASS.
"""

import importlib
import os
import pkgutil
import sys
from collections.abc import Callable

import recordings
from recordings.common import RECORDED


def all_recordings() -> dict[str, Callable[[], None]]:
    """Every recording by its name, from all modules of `recordings`."""
    modules = [importlib.import_module(f"recordings.{info.name}") for info in pkgutil.iter_modules(recordings.__path__)]
    return {name: make for module in modules for name, make in getattr(module, "RECORDINGS", {}).items()}


if __name__ == "__main__":
    os.environ["AIMSSSL_PROFILE"] = "cpu"
    make = all_recordings()
    unknown = [name for name in sys.argv[1:] if name not in make]
    if unknown:
        raise SystemExit(f"no recording is called {unknown[0]!r}; there are {', '.join(make)}")
    for name in sys.argv[1:] or make:
        if (RECORDED / name / "result.json").exists():
            print(f"{name} is recorded already")
        else:
            make[name]()

"""What several test files compare with."""

import contextlib
import random
import socket
import subprocess
import sys
from pathlib import Path

import torch


def same_weights(a: torch.nn.Module, b: torch.nn.Module) -> bool:
    """Whether two models have exactly the same weights and buffers."""
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


def free_port() -> int:
    """A port that is free, below those that the system gives away by itself: no connection takes it before its use."""
    for port in random.SystemRandom().sample(range(10_000, 32_000), 100):
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(("127.0.0.1", port))
            return port
    raise OSError("none of 100 ports is free")


def built_wheel(source: Path, target: Path) -> Path:
    """The wheel of the project in `source`, built into `target` without a network."""
    options = ["--no-deps", "--no-build-isolation", "--no-index", "-w", target]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, "."], cwd=source, check=True, capture_output=True)
    (wheel,) = target.glob("*.whl")
    return wheel

"""How large everything is: `ci` for tests, `cpu` for a laptop, `gpu` for the papers' settings."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import torch
from torch import nn

from . import inputs
from .course import RECORDED
from .randomness import RandomStream

VARIABLE = "AIMSSSL_PROFILE"
LESSON_MINUTES = RECORDED / "lesson_minutes.json"


@dataclass(frozen=True)
class Profile:
    """Sizes of a lesson. A profile never changes what a lesson says or which of its cells run.

    Attributes:
        name: ci, cpu or gpu.
        device: where training runs, as PyTorch names it.
        stem, width: of ResNet-18, see `aimsssl.models.resnet18`.
        precision: of training; "auto" is the faster of float32 and bfloat16 on this machine.
        train_images, test_images: images a lesson trains on and tests on.
        epochs: of a long run; lessons take a part of them.
        batch_size: images in a batch (a batch has twice as many views).
        held_out: training images kept for the kNN monitor.
        checkpoint_every: epochs between checkpoints.
        compile: whether models go through `torch.compile`.
        compute_minutes: what a lesson may cost.
        reason: why this profile was taken.
    """

    name: str
    device: str
    stem: str
    width: int
    precision: str
    train_images: int
    test_images: int
    epochs: int
    batch_size: int
    held_out: int
    checkpoint_every: int
    compile: bool
    compute_minutes: float
    reason: str = ""

    def __str__(self) -> str:
        return f"profile {self.name} ({self.reason}): ResNet-18 of width {self.width} on {self.device}"

    def fitted(self, images: int) -> Profile:
        """The profile for a training split of `images` images: few images make small batches, which it says.

        A batch is at most half of what is left to train on when a quarter is held out, so that an epoch has two steps.

        Raises:
            TypeError, ValueError: images is no whole number of at least 6.
        """
        images = inputs.count("images", images, 6)
        most = 3 * images // 8
        if self.batch_size <= most:
            return self
        print(f"with {images} training images a batch has {most} images, not the {self.batch_size} of the profile")
        return replace(self, batch_size=most)


PROFILES = {
    "ci": Profile(
        name="ci",
        device="cpu",
        stem="small",
        width=4,
        precision="float32",
        train_images=512,
        test_images=256,
        epochs=3,
        batch_size=64,
        held_out=64,
        checkpoint_every=1,
        compile=False,
        compute_minutes=0.5,
    ),
    "cpu": Profile(
        name="cpu",
        device="cpu",
        stem="small",
        width=16,
        precision="auto",
        train_images=10_000,
        test_images=2_000,
        epochs=50,
        batch_size=128,
        held_out=500,
        checkpoint_every=1,
        compile=False,
        compute_minutes=10,
    ),
    "gpu": Profile(
        name="gpu",
        device="cuda",
        stem="cifar",
        width=64,
        precision="bfloat16",
        train_images=50_000,
        test_images=10_000,
        epochs=100,
        batch_size=512,
        held_out=1_000,
        checkpoint_every=10,
        compile=True,
        compute_minutes=15,
    ),
}


def current() -> Profile:
    """The profile that the environment variable AIMSSSL_PROFILE names, else `gpu` with a CUDA device, else `cpu`.

    Raises:
        ValueError: the variable names no profile, or asks for `gpu` where there is none.
    """
    name = os.environ.get(VARIABLE, "").strip().lower()
    if name and name not in PROFILES:
        raise ValueError(f"{VARIABLE} must be one of {', '.join(PROFILES)}, got {name!r}")
    has_gpu = torch.cuda.is_available()
    if name == "gpu" and not has_gpu:
        raise ValueError(f"{VARIABLE}=gpu, but PyTorch finds no CUDA device; use cpu or leave the variable unset")
    if name:
        return replace(PROFILES[name], reason=f"asked for by {VARIABLE}")
    if has_gpu:
        return replace(PROFILES["gpu"], reason="a CUDA device was found")
    return replace(PROFILES["cpu"], reason="no CUDA device was found")


def describe_machine(device: str = "cpu") -> dict[str, str | int]:
    """What rounds a training's numbers here: `threads`, `torch`, and `processor`, the one that `device` names.

    Sums are split among threads, and each processor has instructions of its own, so weights differ in their last digits
    from machine to machine, and more with every step.
    """
    if torch.device(device).type == "cuda":
        processor = torch.cuda.get_device_name(device)
    else:
        processor = f"{_processor()}, {torch.backends.cpu.get_cpu_capability()}"
    return {"threads": torch.get_num_threads(), "torch": str(torch.__version__), "processor": processor}


@cache
def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # not Linux
        return platform.processor() or platform.machine()
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()


def _training_step(precision: str, width: int):
    """A closure that makes one step of a small convnet of about ResNet-18's shape; used as a yardstick."""
    with RandomStream(0):
        layers = [nn.Conv2d(3, width, 3, 2, 1), nn.BatchNorm2d(width), nn.ReLU()]
        for d_in, d_out in ((width, 2 * width), (2 * width, 4 * width)):
            layers += [nn.Conv2d(d_in, d_out, 3, 2, 1), nn.BatchNorm2d(d_out), nn.ReLU()]
            layers += [nn.Conv2d(d_out, d_out, 3, 1, 1), nn.BatchNorm2d(d_out), nn.ReLU()]
        net = nn.Sequential(*layers).to(memory_format=torch.channels_last)
        images = torch.rand(256, 3, 32, 32).contiguous(memory_format=torch.channels_last)

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            loss = net(images).float().square().mean()
        loss.backward()
        net.zero_grad()

    return step


def fastest_in_turn(*steps: Callable[[], None], repeats: int) -> list[float]:
    """Seconds of each step's fastest call of `repeats`, after one that warms up: other programs can only slow it down.

    Steps take turns, so that whatever slows the machine for a while slows all of them.
    """
    times: list[list[float]] = [[] for _ in steps]
    for _ in range(repeats + 1):
        for step, taken in zip(steps, times, strict=True):
            start = time.perf_counter()
            step()
            taken.append(time.perf_counter() - start)
    return [min(taken[1:]) for taken in times]


@cache
def machine_speed() -> float:
    """Seconds of a fixed small training step on this machine's CPU, measured once a process, in under a second."""
    return fastest_in_turn(_training_step("float32", 16), repeats=10)[0]


def lesson_time(lesson: str) -> tuple[float, float] | None:
    """Seconds that the code of a lesson ("04") takes here, and how many times slower this machine is than the recorded
    one; None where the lesson was not timed under this profile."""
    profile = current()
    recorded = json.loads(LESSON_MINUTES.read_text()) if LESSON_MINUTES.exists() else {}
    measured = recorded.get(lesson, {}).get(profile.name)
    if measured is None:
        return None
    slower = machine_speed() / measured["speed"] if profile.device == "cpu" else 1.0
    return measured["seconds"] * slower, slower


def lesson_estimate(lesson: str) -> str:
    """One sentence: how long the code of a lesson ("04") takes here, from a recorded time and this machine's speed."""
    timed = lesson_time(lesson)
    if timed is None:
        return f"The code of this lesson has not been timed under the profile {current().name} yet."
    return f"The code of this lesson should take about {max(1, round(timed[0] / 60))} min on this machine."


@cache
def faster_precision(width: int = 16) -> str:
    """ "float32" or "bfloat16", whichever makes a training step of this width faster on this CPU.

    bfloat16 has to win by a tenth: it is the less exact of the two.
    """
    float32, bfloat16 = fastest_in_turn(*(_training_step(p, width) for p in ("float32", "bfloat16")), repeats=8)
    return "bfloat16" if bfloat16 < 0.9 * float32 else "float32"

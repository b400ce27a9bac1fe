"""Lesson 03: memory and time of NT-Xent, forward and backward, in four ways, each measured in a process of its own.

    python instructor/tools/recordings/loss_memory.py WAY VIEWS      one measurement, as JSON; what the recording starts

Memory is the process's highest resident size during one pass, less its size before, after a small warm-up: everything
that the way needs, with the views and their gradient, without PyTorch itself. Linux only; `getrusage` has no reset, and
begins with the size of the process that started this one.
"""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

DIMENSIONS, TEMPERATURE, CHUNK = 128, 0.2, 1024
VIEWS = {  # from small to what fits into 8 GiB or takes a minute
    "broadcast": (256, 512, 1024, 2048),
    "matrix": (1024, 2048, 4096, 8192, 16384),
    "chunks, kept for the backward pass": (4096, 8192, 16384),
    "chunks, gradient at once": (1024, 2048, 4096, 8192, 16384, 32768, 65536),
}


def broadcast(z1: Tensor, z2: Tensor, temperature: float) -> Tensor:
    """All pairs of views as a [2N, 2N, D] tensor of products."""
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    similarity = (z[:, None] * z[None]).sum(dim=2) / temperature
    positives = torch.arange(len(z)).roll(len(z1))
    return F.cross_entropy(similarity.fill_diagonal_(-torch.inf), positives)


def chunks_kept(z1: Tensor, z2: Tensor, temperature: float) -> Tensor:
    """A block of rows at a time, with plain autograd: it keeps what every block needs for its backward pass."""
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    total = z.new_zeros(())
    for rows in torch.arange(len(z)).split(CHUNK):
        block = (z[rows] / temperature) @ z.T
        block[torch.arange(len(rows)), rows] = -torch.inf
        total = total + F.cross_entropy(block, (rows + len(z1)) % len(z), reduction="sum")
    return total / len(z)


def ways() -> dict[str, Callable[[Tensor, Tensor, float], Tensor]]:
    from aimsssl.losses import nt_xent

    return {
        "broadcast": broadcast,
        "matrix": nt_xent,
        "chunks, kept for the backward pass": chunks_kept,
        "chunks, gradient at once": lambda z1, z2, tau: nt_xent(z1, z2, tau, chunk_size=CHUNK),
    }


def measure(way: str, views: int) -> dict[str, float]:
    """Peak bytes of one forward and backward pass, and its seconds: the fastest of three where one is short."""

    def resident(name: str) -> int:
        """VmHWM, the highest size since the last reset, or VmRSS, the size now, in bytes."""
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith(name))

    def once(n: int) -> tuple[float, float]:
        generator = torch.Generator().manual_seed(0)
        z1, z2 = (torch.randn(n, DIMENSIONS, generator=generator, requires_grad=True) for _ in range(2))
        start = time.perf_counter()
        loss = ways()[way](z1, z2, TEMPERATURE)
        loss.backward()
        return time.perf_counter() - start, loss.item()

    torch.set_num_threads(1)
    once(16)
    Path("/proc/self/clear_refs").write_text("5")  # resets VmHWM
    before = resident("VmRSS")
    times = [once(views // 2)]
    used = resident("VmHWM") - before
    if times[0][0] < 5:
        times += [once(views // 2), once(views // 2)]
    seconds, loss = min(times)
    return {"mebibytes": round(used / 2**20, 1), "seconds": round(seconds, 4), "loss": loss}


def record() -> None:
    """All ways at all sizes, one process each."""
    from .common import keep_result

    result = {
        "dimensions": DIMENSIONS, "temperature": TEMPERATURE, "chunk_size": CHUNK, "threads": 1,
        "machine": platform.machine(), "torch": torch.__version__, "ways": {},
    }  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).resolve().parents[3])}
    for way, sizes in VIEWS.items():
        rows = result["ways"][way] = {"views": [], "mebibytes": [], "seconds": [], "loss": []}
        for views in sizes:
            done = subprocess.run(
                [sys.executable, __file__, way, str(views)], env=environment, capture_output=True, text=True, check=True
            )
            row = {"views": views, **json.loads(done.stdout)}
            print(f"loss_memory: {way}, {views} views: {row['mebibytes']:.0f} MiB, {row['seconds']} s", flush=True)
            for key, values in rows.items():
                values.append(row[key])
    keep_result("loss_memory", result)


RECORDINGS = {"loss_memory": record}

if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))

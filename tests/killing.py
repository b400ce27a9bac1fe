"""Kills a tiny run at its k-th file operation, for every k, then starts the same command again. One interpreter forks.

`python killing.py FOLDER` prints how many kills it tried; it ends with a traceback where one lost something.
"""

import os
import shutil
import signal
import sys
import traceback
from pathlib import Path

import torch
import torch._dynamo  # the first step of an optimiser loads it, for seconds: once here, and not in every child

torch.set_num_threads(1)

from aimsssl.comparing import finished_runs  # noqa: E402
from aimsssl.datasets import ImageSet  # noqa: E402
from aimsssl.training import SimCLRConfig, load_encoder, train_simclr  # noqa: E402
from aimsssl.training.stored import read_history, read_snapshots  # noqa: E402

GENERATOR = torch.Generator().manual_seed(0)
IMAGES = ImageSet(
    "noise/train", torch.randint(256, (14, 3, 8, 8), generator=GENERATOR, dtype=torch.uint8), torch.arange(14) % 2,
    ("a", "b"),
)  # fmt: skip
CONFIG = SimCLRConfig(
    width=1, epochs=2, batch_size=4, d_hidden=4, d_out=4, precision="float32", held_out=3, snapshot_epochs=(0, 2)
)


class Writing:
    """A file whose write can be broken off in the middle."""

    def __init__(self, file, operation):
        self.file, self.operation = file, operation

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.file.close()

    def write(self, data):
        self.file.write(data[: len(data) // 2])
        self.file.flush()
        self.operation()
        self.file.write(data[len(data) // 2 :])

    def __getattr__(self, name):
        return getattr(self.file, name)


def watch(folder: Path, kill_at: int) -> list[int]:
    """Count the operations on files of a folder, and die at one of them. Dying before one is dying after the last."""
    count = [0]

    def operation() -> None:
        count[0] += 1
        if count[0] == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def hook(event: str, arguments: tuple) -> None:
        changes = event in ("os.rename", "os.link", "os.remove", "os.mkdir", "os.chmod", "os.truncate")
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if (changes or writes) and str(arguments[0]).startswith(str(folder)):
            operation()

    sys.addaudithook(hook)
    fdopen, fsync, write = os.fdopen, os.fsync, os.write
    os.fdopen = lambda *arguments, **options: Writing(fdopen(*arguments, **options), operation)
    os.fsync = lambda handle: (fsync(handle), operation())[0]
    os.write = lambda handle, data: (write(handle, data), operation())[0]
    return count


def train(folder: Path):
    return train_simclr(IMAGES, CONFIG, folder, probe=IMAGES.images[:3], progress=None)


def forked(work) -> int:
    """Run `work` in a copy of this process; its exit code, or the signal that ended it, below zero."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = work() or 0
        except BaseException:
            traceback.print_exc()
        os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def kept(folder: Path) -> dict:
    state = torch.load(folder / "checkpoint.pt", weights_only=True)
    for row in state["history"]:
        row.pop("seconds")
    return {key: state[key] for key in ("model", "optimizer", "generator", "global_generators", "history", "snapshots")}


def same(a, b) -> bool:
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def finish_and_compare(folder: Path, whole: Path) -> None:
    run = train(folder)
    assert same(kept(folder), kept(whole)), "weights, optimizer, random numbers or history differ"
    assert read_history(folder / "history.csv") == run.history and len(run.history) == 3
    assert same(read_snapshots(folder / "snapshots.npz"), kept(whole)["snapshots"])
    finished_runs([folder]), load_encoder(folder)
    assert not list(folder.glob("*.part")) + list(folder.glob(".*.part")), "half a file is left"


def main(folder: Path) -> None:
    whole, broken, count = folder / "whole", folder / "broken", folder / "count"

    def counted() -> None:
        operations = watch(whole, -1)
        train(whole)
        count.write_text(str(operations[0]))

    assert forked(counted) == 0
    total = int(count.read_text())
    for kill_at in range(1, total + 1):
        shutil.rmtree(broken, ignore_errors=True)
        came = forked(lambda: watch(broken, kill_at) and train(broken) and None)  # noqa: B023
        assert came == -signal.SIGKILL, f"operation {kill_at}: {came}"
        assert forked(lambda: finish_and_compare(broken, whole)) == 0, f"killed at operation {kill_at} of {total}"
    print(total)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

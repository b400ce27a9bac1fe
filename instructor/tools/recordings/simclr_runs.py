"""Whole runs of SimCLR, trained and evaluated through the command line, as a user would."""

from functools import partial

from aimsssl.cli import main as aimsssl

from .common import CIFAR10, RECORDED, WORKSHOP, keep

# the epochs of the slides' figures: t-SNE at 1, 21, 51, 91 and neighbours at 1, 21, 55, 98
SNAPSHOTS = "--snapshot-epochs 0 1 21 51 55 91 98"
# name: (training data, test data, options of `aimsssl train simclr` that differ from the cpu profile)
RUNS = {
    "shapes": ("shapes", "shapes", "--epochs 42 --crop-scale 0.4 1.0"),
    "cifar10": (
        CIFAR10["train"],
        CIFAR10["test"],
        "--epochs 13 --optimizer lars --learning-rate 4 --weight-decay 1e-6",
    ),
    "mnist": ("mnist", "mnist", "--epochs 5 --flip 0"),
    "long": ("shapes", "shapes", "--limit 5000 --epochs 98 --crop-scale 0.4 1.0 --probe shapes " + SNAPSHOTS),
}


def record(name: str) -> None:
    """Train and evaluate through the command line, as a user would, and keep the small files."""
    train, test, options = RUNS[name]
    run = WORKSHOP / name
    command = ["train", "simclr", "--data", train, "--run-dir", str(run), *options.split()]
    if aimsssl(command) or aimsssl(["evaluate", str(run), "--data", test]):
        raise SystemExit(f"{name} could not be recorded")
    keep(run, RECORDED / name)


RECORDINGS = {name: partial(record, name) for name in RUNS}

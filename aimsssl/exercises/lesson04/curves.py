"""Curves of recorded runs, healthy and sick, for the exercise `diagnose`.

    python -m aimsssl.exercises.lesson04.curves      record them anew (minutes; delete the old file first)

The runs are short and small, on `shapes`, at two seeds. They are kept in `data/recorded_runs/curves/result.json`, with
the configuration that they have in common and what each changes.
"""

import json
from dataclasses import asdict, dataclass, replace
from functools import cache
from math import exp, log, log1p
from pathlib import Path

from aimsssl import training
from aimsssl.course import RECORDED
from aimsssl.datasets import load
from aimsssl.evaluation import knn_accuracy
from aimsssl.training.runs import read_json, write_atomically

FILE = RECORDED / "curves" / "result.json"
SEEDS = (0, 1)  # the first is shown, the other one tests the student's rule
SETTINGS = {
    "healthy": {},
    "identical views": dict(identical_views=True),
    "colour shortcut": dict(jitter=0.0, grayscale=0.0),
    "learning rate too small": dict(optimizer="lars", learning_rate=0.001, weight_decay=1e-6),
}


@dataclass(frozen=True)
class Curves:
    """What one run showed. Entry e of a list belongs to epoch e of `loss` + 1 and of `knn`: kNN begins before training.

    Attributes:
        loss: mean loss of each epoch.
        knn: kNN accuracy on held-out images, before training (random weights) and after each epoch.
        chance: log(2N−1), the loss of guessing.
        floor: the smallest loss that N points on a sphere allow.
    """

    loss: list[float]
    knn: list[float]
    chance: float
    floor: float

    @property
    def history(self) -> list[dict]:
        """As `training.Run.history` has it."""
        return [
            dict(epoch=epoch, loss=self.loss[epoch - 1] if epoch else None, knn_accuracy=knn)
            for epoch, knn in enumerate(self.knn)
        ]


@cache
def recorded() -> dict:
    """The whole record. Raises `RunError` where it is missing or damaged."""
    return read_json(FILE)


def curves(setting: str, seed: int = 0) -> Curves:
    """The curves of one recorded run."""
    record = recorded()
    run = record["settings"][setting]["runs"][seed]
    return Curves(run["loss"], run["knn"], record["chance"], record["floor"])


def record(file: Path = FILE) -> None:
    """Train every setting at every seed, and keep the curves."""
    base = training.SimCLRConfig(
        epochs=16, crop_scale=(0.4, 1.0), held_out=500, bank=2000, precision="bfloat16", optimizer="adamw",
        learning_rate=8e-3, batch_size=128, width=16, stem="small", temperature=0.2,
    )  # fmt: skip
    train = load("shapes", "train", limit=4500)
    _, bank, held_out = training.monitor_split(train, base)
    pixels = [images.images.flatten(1).float() for images in (bank, held_out)]
    n, tau = base.batch_size, base.temperature
    result = {
        "data": "shapes", "train_images": len(train), "config": asdict(base), "seeds": list(SEEDS),
        "chance": log(2 * n - 1), "floor": log1p((2 * n - 2) * exp((-1 / (n - 1) - 1) / tau)),
        "raw pixels": knn_accuracy(pixels[0], bank.labels, pixels[1], held_out.labels),
        "guessing": 1 / len(train.classes), "settings": {},
    }  # fmt: skip
    for setting, changes in SETTINGS.items():
        runs = []
        for seed in SEEDS:
            run = training.train_simclr(train, replace(base, seed=seed, **changes), progress=None)
            runs.append({name: run.column(key)[1].round(4).tolist() for name, key in COLUMNS.items()})
            print(f"{setting}, seed {seed}: loss {runs[-1]['loss'][-1]:.2f}, kNN {runs[-1]['knn'][-1]:.3f}", flush=True)
        result["settings"][setting] = {"changes": changes, "runs": runs}
    write_atomically(file, (json.dumps(result, indent=1) + "\n").encode())


COLUMNS = {"loss": "loss", "knn": "knn_accuracy"}

if __name__ == "__main__":
    if FILE.exists():
        raise SystemExit(f"{FILE} is there already")
    record()

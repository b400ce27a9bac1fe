"""Lesson 07's curve: accuracy over the number of labels, with and without SimCLR before, at three seeds.

The encoders are those of the table (`table` trains them if they are not there). Labelled images are drawn with equal
numbers of each class. Epochs of fine-tuning were fixed beforehand and are the same for all rows; the test split is read
once.
"""

import json

from torch import nn

from aimsssl.datasets import ImageSet
from aimsssl.evaluation import finetune, linear_probe
from aimsssl.models import extract
from aimsssl.training import train_method, untrained_encoder

from . import table
from .common import WORKSHOP, keep_result, load_splits, slug

SEEDS = (0, 1, 2)
SHARES = (0.01, 0.1, 1.0)
EPOCHS = {"cifar10": (60, 24, 4), "shapes": (60, 40, 12)}  # of fine-tuning, for each share
BATCH = (32, 64, 128)
CURVES = ("from scratch", "fine-tuned from SimCLR", "linear probe on random weights", "linear probe on SimCLR")


def score(curve: str, encoder: nn.Module, few: ImageSet, test: ImageSet, epochs: int, batch: int, seed: int) -> float:
    """Accuracy on the test images after a look at `few` labelled ones."""
    if curve.startswith("linear probe"):
        h, h_test = (extract(encoder, images.images) for images in (few, test))
        return linear_probe(h, few.labels, h_test, test.labels, seed=seed).accuracy
    parts = few.images, few.labels, test.images, test.labels
    return finetune(encoder, *parts, epochs=epochs, batch_size=batch, seed=seed).accuracy


def record(name: str = "label_efficiency", limit: int | None = None) -> None:
    """Every curve at every seed. A point that is finished is kept, and not made again."""
    result = {"seeds": list(SEEDS), "data": {}}
    for data in EPOCHS:
        train, test = load_splits(data, limit)
        counts = [max(20, round(share * len(train))) for share in SHARES]
        curves = {curve: [[] for _ in SHARES] for curve in CURVES}
        for seed in SEEDS:
            changes = table.settings(data, "SimCLR", seed)
            folder = WORKSHOP / "table" / f"{data}-{slug('SimCLR')}-{seed}"
            trained = train_method("SimCLR", train, folder, progress=None, **changes).model.encoder
            untrained = untrained_encoder("SimCLR", train, **changes)
            for curve in CURVES:
                for place, (count, epochs, batch) in enumerate(zip(counts, EPOCHS[data], BATCH, strict=True)):
                    finished = WORKSHOP / name / f"{data}-{slug(curve)}-{count}-{seed}.json"
                    if not finished.exists():
                        encoder = trained if "SimCLR" in curve else untrained
                        few = train.sample(count, seed=seed)
                        found = score(curve, encoder, few, test, epochs, batch, seed)
                        finished.parent.mkdir(parents=True, exist_ok=True)
                        finished.write_text(json.dumps(found), encoding="utf-8")
                    curves[curve][place].append(json.loads(finished.read_text(encoding="utf-8")))
                    print(f"{data}, {curve}, {count} labels, seed {seed}: {curves[curve][place][-1]:.3f}", flush=True)
        result["data"][data] = {"labels": counts, "test_images": len(test), "curves": curves}
        result["data"][data] |= {"epochs": list(EPOCHS[data]), "batch_size": list(BATCH)}
    keep_result(name, result)


RECORDINGS = {"label_efficiency": record}

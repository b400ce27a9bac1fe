"""Lesson 05's results: DeepCluster beside raw pixels, random weights and labels, on MNIST and CIFAR-10, at three seeds.

Settings were chosen on 5,000 images held out of the training split: `deepcluster_candidates` records how. The test
split is read once, here.
"""

import json
from dataclasses import asdict
from functools import partial
from statistics import mean

from torch import nn

from aimsssl.datasets import ImageSet
from aimsssl.evaluation import score_representations
from aimsssl.models import extract
from aimsssl.training import (
    DeepClusterConfig,
    Run,
    SupervisedConfig,
    build_deepcluster,
    train_deepcluster,
    train_supervised,
)

from .common import WORKSHOP, keep_result, load_splits, slug

SEEDS = (0, 1, 2)
VALIDATION = 5_000  # training images that no candidate for the settings sees
SHARED = dict(encoder="convnet", width=16, precision="bfloat16")
SETTINGS = {  # what differs from the defaults
    "mnist": dict(
        epochs=7, optimizer="sgd", learning_rate=0.05, schedule="constant", crop_scale=(0.3, 1.0), rotate=20.0, flip=0.0
    ),
    "cifar10": dict(epochs=9, crop_scale=(0.2, 1.0), jitter=0.5, grayscale=0.2, learning_rate=2e-3),
}
LABELS = {  # the same encoder with labels
    "mnist": dict(epochs=3, crop_scale=(0.4, 1.0), flip=0.0, learning_rate=2e-3),
    "cifar10": dict(epochs=5, crop_scale=(0.4, 1.0), learning_rate=2e-3),
}
CANDIDATES = {  # {data: (images, epochs, {candidate: changes to SETTINGS})}
    "cifar10": (
        10_000,
        6,
        {
            "chosen": {},
            "rate 0.001": dict(learning_rate=1e-3),
            "rate 0.008": dict(learning_rate=8e-3),
            "30 clusters": dict(clusters=30),
            "300 clusters": dict(clusters=300),
            "crop and flip only": dict(crop_scale=(0.4, 1.0), jitter=0.0, grayscale=0.0),
            "Sobel filters": dict(sobel=True),
            "images drawn, not clusters": dict(uniform=False),
            "resnet18": dict(encoder="resnet18"),
        },
    ),
    "mnist": (
        20_000,
        7,
        {
            "chosen": {},
            "rate 0.1": dict(learning_rate=0.1),
            "AdamW at 0.002": dict(optimizer="adamw", learning_rate=2e-3),
            "a cosine of the rate": dict(schedule="cosine"),
            "not turned": dict(rotate=0.0),
            "turned by 40": dict(rotate=40.0),
            "300 clusters": dict(clusters=300),
        },
    ),
}


def score(encoder: nn.Module | None, train: ImageSet, test: ImageSet) -> dict[str, float]:
    """kNN with all labels and a linear probe with 5,000, of an encoder's features or (None) of raw pixels."""
    if encoder is None:
        features = tuple(images.images.flatten(1).float() for images in (train, test))
    else:
        features = tuple(extract(encoder, images.images) for images in (train, test))
    (found,) = score_representations({"h": features}, train.labels, test.labels, probe_labels=5000)
    return {"knn": found.knn, "probe": found.probe, "dimensions": found.dimensions}


def columns(run: Run) -> dict[str, list]:
    """The history by column, as far as anything was measured."""
    names = {name for row in run.history for name, value in row.items() if value is not None}
    return {name: [row.get(name) for row in run.history] for name in sorted(names)}


def record(data: str, limit: int | None = None, **changes) -> None:
    """Every row at every seed. A part that is finished is kept, and not made again after an interruption."""
    name = f"deepcluster_{data}"
    train, test = load_splits(data, limit)

    def deepcluster(seed: int) -> DeepClusterConfig:
        return DeepClusterConfig(**{**SHARED, **SETTINGS[data], **changes, "seed": seed})

    def supervised(seed: int) -> SupervisedConfig:
        return SupervisedConfig(**{**SHARED, **LABELS[data], **changes, "seed": seed})

    def make(row: str, seed: int) -> dict:
        folder = WORKSHOP / name / f"{slug(row)}-{seed}"
        if row == "raw pixels":
            return score(None, train, test)
        if row == "random weights":
            return score(build_deepcluster(deepcluster(seed), train.images.shape[1]).encoder, train, test)
        if row == "supervised":
            run = train_supervised(train, supervised(seed), folder, progress=None)
        else:
            run = train_deepcluster(train, deepcluster(seed), folder, progress=None)
        return score(run.model.encoder, train, test) | {"history": columns(run)}

    rows: dict[str, list[dict]] = {}
    for row, seeds in (("raw pixels", (0,)), ("random weights", SEEDS), ("deepcluster", SEEDS), ("supervised", SEEDS)):
        for seed in seeds:
            finished = WORKSHOP / name / f"{slug(row)}-{seed}.json"
            if not finished.exists():
                found = make(row, seed)
                finished.parent.mkdir(parents=True, exist_ok=True)
                finished.write_text(json.dumps(found), encoding="utf-8")
            rows.setdefault(row, []).append(json.loads(finished.read_text(encoding="utf-8")))
            print(f"{name}: {row}, seed {seed}: probe {rows[row][-1]['probe']:.4f}", flush=True)

    result = {"data": data, "train_images": len(train), "test_images": len(test), "seeds": list(SEEDS)}
    result |= {"probe_labels": 5000, "chance": 1 / len(test.classes), "rows": {}}
    result |= {"config": asdict(deepcluster(0)), "config_supervised": asdict(supervised(0))}
    for row, found in rows.items():
        scores = {key: [one[key] for one in found] for key in ("knn", "probe")}
        means = {f"{key}_mean": mean(values) for key, values in scores.items()}
        result["rows"][row] = scores | means | {"dimensions": found[0]["dimensions"]}
        if "history" in found[0]:
            result["rows"][row]["history"] = [one["history"] for one in found]
            result["rows"][row]["minutes"] = [one["history"]["seconds"][-1] / 60 for one in found]
    keep_result(name, result)


def choose() -> None:
    """How the settings were chosen: each candidate once, seed 0, on validation images; the test split is not read."""
    result = {"validation_images": VALIDATION, "seed": 0, "probe_labels": 5000, "data": {}}
    for data, (images, epochs, candidates) in CANDIDATES.items():
        rest, validation = load_splits(data)[0].split(VALIDATION, seed=0)
        train = rest.sample(images)
        found = {}
        for candidate, changes in candidates.items():
            settings = {**SHARED, **SETTINGS[data], **changes, "epochs": epochs, "held_out": 0, "monitor_every": 0}
            folder = WORKSHOP / "deepcluster_candidates" / f"{data}-{slug(candidate)}"
            run = train_deepcluster(train, DeepClusterConfig(**settings), folder, progress=None)
            found[candidate] = {"changes": changes} | score(run.model.encoder, train, validation)
            found[candidate] |= {"nmi_labels": run.last("nmi_labels"), "seconds": run.last("seconds")}
            print(f"{data}: {candidate}: probe {found[candidate]['probe']:.4f}", flush=True)
        shared = {**SHARED, **SETTINGS[data], "epochs": epochs}
        result["data"][data] = {"train_images": len(train), "shared": shared, "candidates": found}
        result["data"][data]["best"] = max(found, key=lambda name: found[name]["probe"])
    keep_result("deepcluster_candidates", result)


RECORDINGS = {f"deepcluster_{data}": partial(record, data) for data in SETTINGS} | {"deepcluster_candidates": choose}

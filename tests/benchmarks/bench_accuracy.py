"""What the same wall time teaches: kNN after two minutes of training on our side and on lightly's.

Same images and encoder (ResNet-18, stem `small`, width 16), all else as in `bench_simclr.py`. A part of the training
images is left out of the training, and asked for its classes afterwards; the test images are not read.

- lightly: its loop, with the cosine schedule of its CIFAR-10 benchmark down to the last step.
- ours: `train_simclr` with lightly's settings. What it gains, it gains by speed.
- ours_as_shipped: `train_simclr` with the settings of `SimCLRConfig.for_profile`.

How many steps fit is measured just before on each side, and the seconds that were really taken stand in the result.

`python bench_accuracy.py DATA` measures this part alone and writes `data/recorded_runs/time_to_accuracy/result.json`.
"""

import itertools
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from bench_simclr import BATCH, SETTINGS, Setting, images_per_second, lightlys, lightlys_loop, lightlys_settings
from common import machine, told, versions
from torch import nn
from torchvision.transforms.functional import normalize

from aimsssl import profile
from aimsssl.datasets import ImageSet, load
from aimsssl.evaluation import knn_accuracy
from aimsssl.models import extract
from aimsssl.training import SimCLRConfig, build_simclr, train_simclr

SECONDS = 120
HELD_OUT = 0.1  # share of the images
IMAGENET = dict(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])  # lightly's views are normalised by these
Trained = tuple[nn.Module, float, Callable]  # the encoder, seconds of training, how it wants its images


def ours(images: ImageSet, setting: Setting, config: SimCLRConfig, seconds: float) -> Trained:
    """So many whole epochs as come near to all images, and of the images so many that the time is filled."""
    views = int(images_per_second(images, setting, config) * seconds)
    epochs = -(-views // len(images))
    used = images.sample(
        max(config.batch_size, views // epochs)
    )  # of all classes: a folder's images lie class by class
    run = train_simclr(used, replace(config, epochs=epochs), progress=None)
    return run.model.encoder, run.last("seconds"), lambda pixels: pixels


def theirs(images: ImageSet, setting: Setting, workers: int, seconds: float) -> Trained:
    steps = max(1, int(lightlys(images, setting, workers) * seconds / BATCH))
    model, optimizer, batches, step = lightlys_loop(images, setting, workers, steps)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    start = time.perf_counter()
    for views in itertools.islice(batches, steps):
        step(views)
        schedule.step()
    taken = time.perf_counter() - start
    return model.backbone, taken, lambda pixels: normalize(pixels.float() / 255, **IMAGENET)


def measure(images: ImageSet, setting: Setting, workers: int | None, seconds: float = SECONDS) -> dict:
    """kNN of each side and of untrained weights, and the seconds; `workers` is lightly's number, None without it."""
    train, held_out = images.split(int(HELD_OUT * len(images)), seed=0)
    shipped = SimCLRConfig.for_profile(profile.current(), stem=setting.stem, width=setting.width, monitor_every=0)
    sides = {
        "ours": lambda: ours(train, setting, lightlys_settings(setting, "auto"), seconds),
        "ours_as_shipped": lambda: ours(train, setting, shipped, seconds),
    }
    if workers is not None:
        sides["lightly"] = lambda: theirs(train, setting, workers, seconds)
    untrained = build_simclr(shipped, images.images.shape[1]).encoder
    sides["untrained"] = lambda: (untrained, 0.0, lambda pixels: pixels)
    result = {"seconds": seconds, "keys": len(train), "queries": len(held_out), "sides": {}}
    for side, run in sides.items():
        encoder, taken, seen_as = run()
        h = [extract(encoder, seen_as(part.images)) for part in (train, held_out)]
        knn = knn_accuracy(h[0], train.labels, h[1], held_out.labels)
        result["sides"][side] = {"knn": round(knn, 4), "seconds": round(taken, 1)}
    return result


def main(data: str) -> None:
    images, small = load(data), SETTINGS["small"]
    lightlys(images, small, 0)  # whatever runs first in a process is slow
    workers = max((0, 1, 2), key=lambda n: lightlys(images, small, n))
    result = {"data": told(data), "machine": machine(), "versions": versions(), "lightly_workers": workers}
    result |= measure(images, small, workers)
    file = Path(__file__).parents[2] / "data" / "recorded_runs" / "time_to_accuracy" / "result.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main(sys.argv[1])

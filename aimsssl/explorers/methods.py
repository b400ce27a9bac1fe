"""Every method of the course, trained for half a minute each on one bank: what lessons 06 and 07 measure."""

import re
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from .. import profile
from ..datasets import ImageSet
from ..models import extract
from ..training import METHODS, Run, RunError, random_encoder, train_method

EPOCHS = {"rotation": 5, "inpainting": 5, "jigsaw": 8, "SimCLR": 6, "DeepCluster": 8, "supervised": 5}  # where p has 50
UNTRAINED = {"random weights": "SimCLR", "random convnet": "DeepCluster"}  # the method whose start each is


def trained_methods(bank: ImageSet, data: str, lesson: str, first: str = "06") -> dict[str, Run]:
    """All methods by name, trained on `bank` in `runs/`, or read from there where that is done.

    Args:
        bank: images to learn from.
        data: its name, for the folders.
        lesson: whose folders they are, "07". Where the lesson `first` has finished all of them, its are read instead.
    """
    p = profile.current().fitted(len(bank))
    settings = {
        "SimCLR": {"crop_scale": (0.4, 1.0), "temperature": 0.1},
        "DeepCluster": {"sobel": True, "width": p.width // 2, "clusters": max(2, min(100, len(bank) // 4))},
    }
    slug = re.sub(r"[^A-Za-z0-9]+", "_", data)
    epochs = {name: max(1, EPOCHS[name] * p.epochs // 50) for name in METHODS}

    def folder(number: str, name: str) -> Path:
        return Path("runs") / f"{number}_{name.lower()}_{p.name}_{slug}"

    number = first if all(_is_finished(folder(first, name), epochs[name]) for name in METHODS) else lesson
    runs = {}
    for name in METHODS:
        changes = dict(epochs=epochs[name], batch_size=p.batch_size, held_out=0, monitor_every=0)
        runs[name] = train_method(name, bank, folder(number, name), progress=None, **changes | settings.get(name, {}))
    return runs


def _is_finished(folder: Path, epochs: int) -> bool:
    try:
        return Run.open(folder).epochs_done == epochs
    except RunError:  # there is none
        return False


def encoders_of(runs: Mapping[str, Run]) -> dict[str, nn.Module]:
    """The encoders of all methods, and before them both networks with random weights, each where its run began."""
    device = profile.current().device
    untrained = {name: random_encoder(runs[method]).to(device) for name, method in UNTRAINED.items()}
    return untrained | {name: run.model.encoder for name, run in runs.items()}


def features_of(encoders: Mapping[str, nn.Module], images: Tensor, channels: int | None = None) -> dict[str, Tensor]:
    """*h* `[N, D]` by each encoder, and before them the images `[N, C, H, W]` as they are: raw pixels.

    `channels`: what the encoders take, where grey images are to be given to encoders of colour images.
    """
    coloured = images if channels is None else images.expand(-1, channels, -1, -1)
    found = {name: extract(encoder, coloured) for name, encoder in encoders.items()}
    return {"raw pixels": images.flatten(1).float() / 255} | found

"""Every trained method of the course by its name, for comparisons under one protocol.

All train the profile's ResNet-18 but DeepCluster, whose first clusters come from random weights: those of a narrow
ResNet-18 average over the whole image and hold too little to begin with (data/recorded_runs/deepcluster_candidates
has both on CIFAR-10). It trains `convnet`, and has to be compared with random weights of `convnet`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from .. import profile
from ..datasets import ImageSet
from .config import TrainingConfig
from .deepcluster import DeepClusterConfig, train_deepcluster
from .encoders import random_encoder
from .loop import new_run
from .pretext import PretextConfig, train_pretext
from .runs import Run
from .simclr import SimCLRConfig, train_simclr
from .supervised import SupervisedConfig, train_supervised


@dataclass(frozen=True)
class Method:
    """A way to train an encoder: its configuration, its function, and the settings that make it this method."""

    config: type[TrainingConfig]
    train: Callable[..., Run]
    settings: dict


METHODS = {
    **{task: Method(PretextConfig, train_pretext, {"task": task}) for task in ("rotation", "inpainting", "jigsaw")},
    "SimCLR": Method(SimCLRConfig, train_simclr, {}),
    "DeepCluster": Method(DeepClusterConfig, train_deepcluster, {"encoder": "convnet"}),
    "supervised": Method(SupervisedConfig, train_supervised, {}),
}


def method_config(name: str, **changes) -> TrainingConfig:
    """The configuration of a method for the current profile, with `changes` by name.

    Raises:
        ValueError: an unknown method.
    """
    if name not in METHODS:
        raise ValueError(f"name must be one of {', '.join(METHODS)}, got {name!r}")
    return METHODS[name].config.for_profile(profile.current(), **{**METHODS[name].settings, **changes})


def train_method(name: str, images: ImageSet, run_dir: str | Path | None = None, *, progress="bar", **changes) -> Run:
    """Train a method of `METHODS` with its settings for the current profile. Returns the run; see `train_simclr`.

    Args:
        name: rotation, inpainting, jigsaw, SimCLR, DeepCluster or supervised.
        images, run_dir, progress: as for `train_simclr`.
        changes: fields of the method's configuration, such as `epochs` or `seed`.

    Raises:
        ValueError: an unknown method, or a setting out of its range. Else as for `train_simclr`.
    """
    config = method_config(name, **changes)
    return METHODS[name].train(images, config, run_dir, progress=progress)


def untrained_encoder(name: str, images: ImageSet, **changes) -> nn.Module:
    """The encoder that `train_method` would start from: random weights, in evaluation mode."""
    return random_encoder(new_run(None, name, method_config(name, **changes), images))

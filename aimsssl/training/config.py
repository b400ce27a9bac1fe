"""The configuration that all methods share, and the optimiser that it names."""

from dataclasses import dataclass, fields
from typing import Annotated, Literal, Self

import torch
from torch import nn

from ..optim import LARS, Muon, split_decay_groups
from ..profile import Profile
from .settings import Count, Natural, NotNegative, Positive, Range, check_settings


@dataclass(frozen=True)
class TrainingConfig:
    """What all methods have in common. Defaults are the `cpu` profile's.

    A field out of its range is a ValueError, of another type a TypeError, when the configuration is made; both name
    the field, what came and what was expected.

    Attributes:
        stem: how the ResNet-18 begins: cifar (stride 1, for 32 pixels), small (stride 2) or imagenet (for 224 pixels).
        width: channels of the encoder's first stage; 64 is the paper's.
        epochs: passes over the training images. A run can be made longer later: from there on the learning rate is
            what a run of that many epochs has there, and the history's `schedule_epochs` says so.
        batch_size: images in a step; the last partial batch of an epoch is left out.
        optimizer: lars, sgd, adamw or muon.
        learning_rate: peak of the schedule, for the whole batch.
        momentum: of lars, sgd and muon.
        weight_decay: of weights; biases and norms have none, unless `decay_all`.
        decay_all: weight decay for biases and norms, too.
        trust_coefficient: of lars: how far a layer moves in a step, as a share of its length.
        nesterov: whether sgd takes Nesterov's momentum.
        warmup_epochs: epochs of linear warmup, may be a fraction.
        schedule: what follows the warmup: cosine, half of one down to 0, or constant.
        device: cpu, cuda or another that PyTorch names. Like `compile` it says where a run goes on, not what it is: it
            may change.
        precision: float32, bfloat16, or auto: whichever is faster on this machine, decided when the run starts.
        compile: whether the model goes through `torch.compile`.
        seed: of weights, order and augmentations.
        held_out: labelled images that are kept from training, for the kNN monitor; at most a quarter of all.
        bank: training images that the monitor compares with, at most. It asks 20 neighbours, or all where it has fewer.
        monitor_every: epochs between two looks at kNN; 0 for none.
        snapshot_epochs: epochs at which features of the probe images are kept; 0 is before training.
        checkpoint_every: epochs between two checkpoints; the last epoch always has one.
    """

    stem: Literal["cifar", "small", "imagenet"] = "small"
    width: Annotated[int, Range(1, 2048)] = 16
    epochs: Count = 50
    batch_size: Annotated[int, Range(2, 10**9)] = 128
    optimizer: Literal["lars", "sgd", "adamw", "muon"] = "adamw"
    learning_rate: NotNegative = 8e-3
    momentum: Annotated[float, Range(0, 1, open="high")] = 0.9
    weight_decay: NotNegative = 1e-4
    trust_coefficient: Positive = 1e-3
    nesterov: bool = True
    decay_all: bool = False
    warmup_epochs: NotNegative = 1.0
    schedule: Literal["cosine", "constant"] = "cosine"
    device: str = "cpu"
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    compile: bool = False
    seed: Annotated[int, Range(0, 2**63 - 1)] = 0
    held_out: Natural = 500
    bank: Count = 1000
    monitor_every: Natural = 1
    snapshot_epochs: tuple[Natural, ...] = ()
    checkpoint_every: Count = 1

    def __post_init__(self):
        for name, value in check_settings(type(self), {f.name: getattr(self, f.name) for f in fields(self)}).items():
            object.__setattr__(self, name, value)  # frozen for everybody else
        try:
            torch.device(self.device)
        except RuntimeError:
            raise ValueError(f"device must be one that PyTorch knows, cpu or cuda, got {self.device!r}") from None
        if self.optimizer == "sgd" and self.nesterov and self.momentum == 0:
            raise ValueError("nesterov needs a momentum above 0, got 0; set nesterov to false")

    @classmethod
    def for_profile(cls, profile: Profile, **changes) -> Self:
        """The settings for a profile's sizes, with `changes` by name."""
        settings = dict(
            stem=profile.stem,
            width=profile.width,
            epochs=profile.epochs,
            batch_size=profile.batch_size,
            device=profile.device,
            precision=profile.precision,
            compile=profile.compile,
            held_out=profile.held_out,
            checkpoint_every=profile.checkpoint_every,
        )
        return cls(**{**settings, **changes})


def make_optimizer(model: nn.Module, config: TrainingConfig) -> torch.optim.Optimizer:
    """The optimiser that the configuration names, with the model's weights and its biases and norms in two groups."""
    groups = split_decay_groups(model, config.weight_decay)
    if config.decay_all:
        groups = [{**group, "weight_decay": config.weight_decay} for group in groups]
    if config.optimizer == "lars":
        return LARS(groups, config.learning_rate, config.momentum, config.weight_decay, config.trust_coefficient)
    if config.optimizer == "sgd":
        return torch.optim.SGD(groups, config.learning_rate, config.momentum, nesterov=config.nesterov)
    if config.optimizer == "muon":
        return Muon(groups, config.learning_rate, config.momentum, config.weight_decay)
    return torch.optim.AdamW(groups, config.learning_rate, fused=True)

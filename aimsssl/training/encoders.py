"""Encoders out of finished runs."""

from pathlib import Path

import torch
from torch import nn

from ..models import resnet18
from .runs import Run, RunError


def load_encoder(run_dir: str | Path) -> tuple[nn.Module, Run]:
    """The encoder of a run's last checkpoint, in evaluation mode, and the run.

    Raises:
        RunError: there is no run, no checkpoint yet, or it is damaged.
    """
    run = Run.open(run_dir)
    state = run.load_checkpoint()
    if state is None:
        raise RunError(f"{run.path} has no checkpoint.pt: the run has not finished its first epoch")
    encoder = resnet18(run.config["stem"], run.config["width"], run.config["data"]["shape"][1])
    prefix = "encoder."
    encoder.load_state_dict({k.removeprefix(prefix): v for k, v in state["model"].items() if k.startswith(prefix)})
    return encoder.eval(), run


def random_encoder(run: Run) -> nn.Module:
    """The encoder that a run started from: same shape, same seed, no training."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(run.config["seed"])
        return resnet18(run.config["stem"], run.config["width"], run.config["data"]["shape"][1]).eval()

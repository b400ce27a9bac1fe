"""Encoders out of finished runs."""

import io
from pathlib import Path

import torch
from torch import Tensor, nn

from ..models import build_encoder
from ..randomness import RandomStream
from .runs import Run, RunError, write_atomically
from .stored import restore_weights


def load_encoder(run_dir: str | Path) -> tuple[nn.Module, Run]:
    """The encoder of a run's last checkpoint, in evaluation mode, and the run.

    Raises:
        RunError: there is no run, no checkpoint yet, or it is damaged.
    """
    run, state = Run.open_with_state(run_dir)
    if state is None:
        raise RunError(f"{run.path} has no checkpoint.pt: the run has not finished its first epoch")
    with RandomStream(0):  # the weights that are drawn first are not kept
        encoder = _build(run)
    restore_weights(encoder_weights(state), run.path, encoder)
    return encoder.eval(), run


def encoder_weights(state: dict) -> dict[str, Tensor]:
    """The encoder's part of a checkpoint's weights, under its own names."""
    prefix = "encoder."
    return {k.removeprefix(prefix): v for k, v in state["model"].items() if k.startswith(prefix)}


def random_encoder(run: Run) -> nn.Module:
    """The encoder that a run started from: same shape, same seed, no training."""
    with RandomStream(run.config["seed"]):
        return _build(run).eval()


def _build(run: Run) -> nn.Module:
    try:
        return build_encoder(**_settings(run))
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"the config.json of {run} describes no encoder ({error}); restore it from a copy") from error


def _settings(run: Run) -> dict:
    """Arguments of `build_encoder`; methods that train nothing but a resnet18 do not name it."""
    config = run.config
    return {
        "name": config.get("encoder", "resnet18"),
        "stem": config["stem"],
        "width": config["width"],
        "in_channels": config["data"]["shape"][1],
        "sobel": config.get("sobel", False),
    }


LOADING = """\
import torch, torchvision
encoder = torchvision.models.resnet18()
{stem}encoder.fc = torch.nn.Identity()
encoder.load_state_dict(torch.load({path!r}, weights_only=True))
encoder.eval()  # images [B, {channels}, H, W] in [0, 1] to features [B, 512]
"""
OURS = """\
import torch, aimsssl.models
encoder = aimsssl.models.build_encoder({settings})
encoder.load_state_dict(torch.load({path!r}, weights_only=True))
encoder.eval()  # images [B, {channels}, H, W] in [0, 1] to features [B, {d}]
"""
SMALL_STEM = """\
encoder.conv1 = torch.nn.Conv2d({channels}, 64, 3, stride={stride}, padding=1, bias=False)
encoder.maxpool = torch.nn.Identity()
"""


def export_encoder(run_dir: str | Path, path: str | Path) -> str:
    """Write a run's encoder as a state dict, and return the lines that load it.

    A `resnet18` of width 64 is written as torchvision's, and nothing of ours is needed to load it. Other widths, other
    encoders, and those behind Sobel filters are not in torchvision: their lines call `aimsssl.models`.

    Raises:
        RunError: see `load_encoder`.
    """
    encoder, run = load_encoder(run_dir)
    settings = _settings(run)
    channels, width = settings["in_channels"], settings["width"]
    torchvisions = settings["name"] == "resnet18" and width == 64 and not settings["sobel"]
    torchvisions &= channels == 3 or settings["stem"] != "imagenet"
    buffer = io.BytesIO()
    torch.save(encoder.state_dict(), buffer)
    write_atomically(Path(path), buffer.getvalue())
    if not torchvisions:
        arguments = ", ".join(f"{name}={value!r}" for name, value in settings.items())
        return OURS.format(settings=arguments, path=str(path), channels=channels, d=encoder.feature_dim)
    stem = ""
    if run.config["stem"] != "imagenet":
        stem = SMALL_STEM.format(channels=channels, stride=encoder.conv1.stride[0])
    return LOADING.format(stem=stem, path=str(path), channels=channels)

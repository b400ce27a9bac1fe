"""What is looked at before a run starts, so that one that cannot takes no folder; and where its weights begin."""

import zlib
from pathlib import Path

import torch
from torch import Tensor, nn

from .config import TrainingConfig
from .encoders import encoder_weights
from .runs import Run, RunError


def check_before(channels: int, count: int, held_out: int, config: TrainingConfig, probe: Tensor | None) -> None:
    """Raise ValueError where these settings cannot train on `count` images of `channels`, beside those `held_out`."""
    try:
        torch.empty(1, device=config.device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(f"device must be one that is here, got {config.device!r}: {reason}") from None
    if count < config.batch_size:
        kept = f" ({count + held_out} less {held_out} held out for kNN)" if held_out else ""
        raise ValueError(f"batch_size {config.batch_size} is larger than the data: {count} images{kept}")
    if probe is not None and (probe.ndim != 4 or len(probe) == 0 or probe.shape[1] != channels):
        raise ValueError(f"probe must be images [P, {channels}, H, W] as those to train on, got {list(probe.shape)}")


def take_weights(model: nn.Module, start_from: str | Path) -> dict:
    """Begin with another run's encoder, and with its head where that fits. Returns what `config.json` says of it.

    Raises:
        RunError: there is no such run, it has no checkpoint, or its encoder has another shape.
    """
    other, state = Run.open_with_state(start_from)
    if state is None:
        raise RunError(f"{other.path} has no checkpoint.pt: there are no weights to start from")
    own, found = encoder_weights({"model": model.state_dict()}), encoder_weights(state)
    differ = [key for key in sorted(own.keys() | found.keys()) if key not in own or key not in found]
    differ += [key for key in own if key in found and own[key].shape != found[key].shape]
    if differ:
        raise RunError(
            f"the encoder of {other.path} does not fit: {differ[0]} is {_shape(found.get(differ[0]))}, this run's is "
            f"{_shape(own.get(differ[0]))}. Choose the same encoder, stem, width and channels"
        )
    head = {k: v for k, v in state["model"].items() if k.startswith("head.")}
    expected = {k: v.shape for k, v in model.state_dict().items() if k.startswith("head.")}
    fits = {k: v.shape for k, v in head.items()} == expected
    model.load_state_dict({f"encoder.{k}": v for k, v in found.items()} | (head if fits else {}), strict=False)
    return {
        "run": str(start_from),
        "method": other.config["method"],
        "epoch": state["epoch"],
        "head": fits,
        "crc32": zlib.crc32(b"".join(v.contiguous().numpy().tobytes() for v in found.values())),
    }


def _shape(weights: Tensor | None) -> str:
    return "missing" if weights is None else str(list(weights.shape))


def explain_compiler(error: RuntimeError, config: TrainingConfig) -> RuntimeError:
    """One sentence for what `torch.compile` says where it finds no compiler, over many lines."""
    if not (config.compile and type(error).__module__.startswith(("torch._dynamo", "torch._inductor"))):
        return error
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return RunError(f"compile needs a compiler that works here ({lines[0][:200]}); leave it out, or set it to false")

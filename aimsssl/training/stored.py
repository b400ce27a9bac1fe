"""What lies in a run's folder, read as if a stranger had written it: whole, or an error with a way out.

The checkpoint is the one truth. It has checksums, and holds all that is in the other files up to its epoch; where one
of these is missing, cut or changed, the checkpoint's is taken.
"""

import csv
import io
import math
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..randomness import RandomStream
from .config import TrainingConfig
from .files import RunError, read_bytes, read_json
from .settings import check_settings

FILES = ("config.json", "history.csv", "snapshots.npz", "checkpoint.pt", "checkpoint-previous.pt")
WHERE = ("device", "compile", "epochs")  # where and how far a run goes on; the other settings are what it is
LARGEST = 2**30  # bytes of snapshots, unpacked


@dataclass
class Stored:
    """A run as its folder has it: see `aimsssl.training.Run`; `state` is the checkpoint's."""

    config: dict
    segments: list[dict] = field(default_factory=list)
    history: list[dict] = field(default_factory=list)
    snapshots: dict[int, Tensor] = field(default_factory=dict)
    assignments: dict[int, Tensor] = field(default_factory=dict)
    state: dict | None = None


def read_stored(folder: Path) -> Stored | None:
    """The run in a folder, or None where no file of a run is there.

    Raises:
        RunError: a file is damaged, missing or of another run, and the checkpoint cannot replace it.
    """
    if not any(os.path.lexists(folder / name) for name in FILES):
        return None
    state = read_checkpoint(folder)
    config, segments = read_config(folder, state)
    stored = Stored(config, segments, state=state)
    if state is not None:
        stored.history, stored.snapshots = list(state["history"]), dict(state["snapshots"])
        stored.assignments = dict(state.get("assignments", {}))
    _add_newer(folder, stored)
    return stored


def _add_newer(folder: Path, stored: Stored) -> None:
    """History and snapshots of the epochs behind the checkpoint; all of them where there is none."""
    known = len(stored.history)
    try:
        rows = read_history(folder / "history.csv")
        if [_measured(row) for row in rows[:known]] == [_measured(row) for row in stored.history]:
            stored.history += rows[known:]
        newest = stored.history[-1]["epoch"] if stored.history else 0
        later = read_snapshots(folder / "snapshots.npz")
        stored.snapshots |= {e: h for e, h in later.items() if known <= e <= newest}
    except RunError:
        if stored.state is None:
            raise


def _measured(row: dict) -> dict:
    return {key: value for key, value in row.items() if value is not None}


@contextmanager
def _reading(path: Path, way_out: str) -> Iterator[None]:
    """Whatever a stranger's bytes raise on the way becomes one error: there is no list of what they may."""
    try:
        yield
    except (RunError, FileNotFoundError):
        raise
    except Exception as error:
        reason = "".join(c for c in (str(error).splitlines() or [""])[0][:200] if c.isprintable())
        raise RunError(f"{path} is damaged ({type(error).__name__}: {reason}); {way_out}") from error


# --- the configuration ----------------------------------------------------------------------------------------------


def read_config(folder: Path, state: dict | None) -> tuple[dict, list[dict]]:
    """A run's configuration, and on which machines it was trained (see `Run.segments`).

    Raises:
        RunError: it is missing or damaged and the checkpoint has none, or the two are of different runs.
    """
    path, kept = folder / "config.json", (state or {}).get("config")
    if not os.path.lexists(path) and kept is None:
        there = next(name for name in ("checkpoint.pt", *FILES) if os.path.lexists(folder / name))
        raise RunError(
            f"there is no config.json in {folder}, though {there} is there: restore it from a copy, or choose another "
            "folder"
        )
    try:
        content = read_json(path)
        segments = content.pop("segments", [])
        check_config(path, content, segments)
    except RunError:
        if kept is None:
            raise
        content, segments = dict(kept), state["segments"]
    for name, value in (kept or {}).items():
        if name not in WHERE and name in content and content[name] != value:
            raise RunError(
                f"{path} and checkpoint.pt are of different runs: {name} is {content[name]!r} and {value!r}. Delete "
                "config.json to go on with the checkpoint's, or restore it from a copy"
            )
    return {**(kept or {}), **content}, segments


def check_config(path: Path, content: dict, segments: list) -> None:
    """Raise RunError unless this describes a run: every shared setting in its range, and the data's shape."""
    with _reading(path, "restore it from a copy"):
        shared = {f.name for f in fields(TrainingConfig)} & set(content)
        check_settings(TrainingConfig, {name: content[name] for name in shared})
        for name in ("method", "epochs", "seed"):
            if name not in content:
                raise ValueError(f"it has no {name}")
        if not isinstance(content["method"], str):
            raise ValueError(f"method must be a text, got {content['method']!r}")
        data = content.get("data")
        shape = data.get("shape") if isinstance(data, dict) else None
        if not isinstance(shape, list) or len(shape) != 4 or any(type(n) is not int or n < 1 for n in shape):
            raise ValueError(f"data must have a shape [N, C, H, W], got {shape!r}")
        if not isinstance(data.get("name"), str):
            raise ValueError(f"data must have a name, got {data.get('name')!r}")
        if not isinstance(segments, list) or not all(isinstance(one, dict) for one in segments):
            raise ValueError("segments must be a list of objects")


# --- history and snapshots ------------------------------------------------------------------------------------------


def read_history(path: Path) -> list[dict]:
    """The rows of a history, beginning with epoch 0; none where there is no file.

    Raises:
        RunError: it is damaged.
    """
    with _reading(path, "restore it from a copy"):
        try:
            text = read_bytes(path).decode("utf-8")
        except FileNotFoundError:
            return []
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        columns, rows = next(reader, None), []
        if columns is None:
            raise ValueError("it is empty")
        for values in reader:
            rows.append({name: _number(value) for name, value in zip(columns, values, strict=True)})
        check_history(rows)
        return rows


def check_history(rows: list[dict]) -> None:
    """Raise ValueError unless there is a row for each epoch from 0 on, of numbers or None."""
    for epoch, row in enumerate(rows):
        if row.get("epoch") != epoch:
            raise ValueError(f"row {epoch + 1} is of epoch {row.get('epoch')!r}, not {epoch}")
        for name, value in row.items():
            fine = value is None or isinstance(value, int | float) and math.isfinite(value)
            if not fine or not isinstance(name, str):
                raise ValueError(f"{name} of epoch {epoch} is {value!r}, not a number")


def _number(text: str) -> float | int | None:
    if text == "":
        return None
    return int(text) if text.removeprefix("-").isdecimal() else float(text)


def read_snapshots(path: Path) -> dict[int, Tensor]:
    """Features of the probe images by epoch; none where there is no file.

    Raises:
        RunError: it is damaged.
    """
    if not os.path.lexists(path):
        return {}
    with _reading(path, "restore it from a copy, or delete it"):
        _check_archive(path, packed=True)
        with np.load(path, allow_pickle=False) as arrays:
            epochs, h = arrays["epochs"], arrays["h"]
        if epochs.ndim != 1 or epochs.dtype.kind not in "iu" or h.ndim < 2 or h.dtype.kind != "f":
            raise ValueError(f"it must hold epochs [E] and features h [E, P, …], got {epochs.shape} and {h.shape}")
        return dict(zip(epochs.tolist(), torch.from_numpy(h), strict=True))


def _check_archive(path: Path, packed: bool = False) -> None:
    """Raise unless every part of an archive has its checksum, and all together are as large as they may be."""
    if not os.path.isfile(path):
        raise ValueError("it is not a file")
    with zipfile.ZipFile(path) as archive:
        size = sum(part.file_size for part in archive.infolist())
        if size > (LARGEST if packed else os.path.getsize(path)):
            raise ValueError(f"it unpacks to {size >> 20} MiB")
        broken = archive.testzip()
        if broken is not None:
            raise ValueError(f"the checksum of {broken} is wrong")


# --- the checkpoint -------------------------------------------------------------------------------------------------


def read_checkpoint(folder: Path) -> dict | None:
    """State of the last checkpoint, or None where there is none yet.

    Raises:
        RunError: the file is damaged; the message says how to go on from the one before.
    """
    path, previous = folder / "checkpoint.pt", folder / "checkpoint-previous.pt"
    if not os.path.lexists(path):
        return None
    way_out = "delete the folder to start from the beginning"
    with _reading(path, f"replace it by {previous.name}" if os.path.lexists(previous) else way_out):
        _check_archive(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
        _check_state(path, state)
        return state


def _check_state(path: Path, state: dict) -> None:
    """Raise unless this is a checkpoint of one piece."""
    if not isinstance(state, dict):
        raise ValueError(f"it holds a {type(state).__name__}")
    missing = {"epoch", "model", "optimizer", "generator", "history", "snapshots"} - set(state)
    if missing:
        raise ValueError(f"it has no {', '.join(sorted(missing))}")
    check_history(state["history"])
    if not state["history"] or state["history"][-1]["epoch"] != state["epoch"]:
        raise ValueError(f"its history does not end with its epoch {state['epoch']!r}")
    for name, weight in state["model"].items():
        if weight.is_floating_point() and not weight.isfinite().all():
            raise ValueError(f"{name} is infinite or NaN")
    for kept in (state["snapshots"], state.get("assignments", {})):
        if not all(type(epoch) is int and isinstance(x, Tensor) for epoch, x in kept.items()):
            raise ValueError("its snapshots or assignments are no tensors by epoch")
    if "config" in state:
        check_config(path, state["config"], state["segments"])


def restore_weights(weights: dict[str, Tensor], folder: Path, model: torch.nn.Module) -> None:
    """Put a checkpoint's weights into a model.

    Raises:
        RunError: they are another model's.
    """
    with _reading(folder / "checkpoint.pt", "it does not fit the configuration; restore it from a copy"):
        model.load_state_dict(weights)


def restore(
    state: dict,
    folder: Path,
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator,
    stream: RandomStream,
) -> None:
    """Put model, optimizer and random numbers where they were.

    Raises:
        RunError: they are of another shape.
    """
    restore_weights(state["model"], folder, model)
    with _reading(folder / "checkpoint.pt", "it does not fit the configuration; restore it from a copy"):
        generator.set_state(state["generator"])
        # until there was more than one, it had this name
        stream.set_state(state.get("global_generators") or {"cpu": state["global_generator"]})
        optimizer.load_state_dict(state["optimizer"])
        for parameter, known in optimizer.state.items():
            for name, value in known.items():
                if isinstance(value, Tensor) and value.ndim and value.shape != parameter.shape:
                    raise ValueError(f"{name} of the optimizer has shape {list(value.shape)}")

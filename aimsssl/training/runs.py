"""A training run on disk: config, history, snapshots and checkpoints, so that it can be read, stopped and resumed.

RUN/config.json      the configuration, and the data it was trained on
RUN/history.csv      a row an epoch
RUN/snapshots.npz    features of fixed images at chosen epochs
RUN/checkpoint.pt    everything that is needed to go on; checkpoint-previous.pt is the one before

The checkpoint is the one truth: the other files are written anew from it when a run goes on.
"""

import csv
import io
import json
import os
import pickle
from pathlib import Path

import numpy as np
import torch
from torch import Tensor


class RunError(RuntimeError):
    """A run folder that cannot be read, written or continued. The message names the file and the way out."""


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that, whenever the power fails, either the old or the new one is there, whole.

    Raises:
        RunError: the disk is full, or the folder cannot be written; the old file is untouched.
    """
    temporary = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        try:
            temporary.unlink(missing_ok=True)
        except OSError:
            pass  # the folder itself cannot be written: the first error says so
        raise RunError(
            f"cannot write {path}: {error.strerror or error}. What was saved before is still there; "
            f"make room or choose another folder, then start the same command again to go on."
        ) from error


class Run:
    """A run in memory, and on disk where it has a folder.

    Attributes:
        path: the folder, or None.
        config: what was asked for, as plain values.
        history: a dict an epoch, beginning with epoch 0, before training; None where nothing was measured.
        snapshots: {epoch: float16 features h `[P, D]` of the probe images}.
        assignments: {epoch: int32 `[N]`, the clusters of the training images}, see `train_deepcluster`; in the
            checkpoint only.
        model: the model as trained so far; after `Run.open` it is None, see `aimsssl.training.load_encoder`.

    `defaults` are the values that a setting has where the stored configuration does not name it: a folder that was
    written before the setting existed is then still the same run.
    """

    def __init__(self, path: str | Path | None, config: dict, defaults: dict | None = None):
        self.path = Path(path) if path is not None else None
        self.config = json.loads(_json(config))  # as JSON stores it: tuples become lists
        self.defaults = json.loads(_json(defaults or {}))
        self.history: list[dict] = []
        self.snapshots: dict[int, Tensor] = {}
        self.assignments: dict[int, Tensor] = {}
        self.model: torch.nn.Module | None = None

    @classmethod
    def open(cls, path: str | Path) -> "Run":
        """Read the config, history and snapshots of a run folder.

        Raises:
            RunError: there is no run, or a file of it is damaged.
        """
        run = cls(path, read_json(Path(path) / "config.json"))
        history = run.path / "history.csv"
        if history.exists():
            with open(history, newline="", encoding="utf-8") as file:
                run.history = [{k: _number(v) for k, v in row.items()} for row in csv.DictReader(file)]
        snapshots = run.path / "snapshots.npz"
        if snapshots.exists():
            with np.load(snapshots, allow_pickle=False) as arrays:
                run.snapshots = dict(zip(arrays["epochs"].tolist(), torch.from_numpy(arrays["h"]), strict=True))
        return run

    def column(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Epochs at which `name` was measured, and its values there.

        Raises:
            KeyError: no epoch has it; the message lists what there is.
        """
        rows = [row for row in self.history if row.get(name) is not None]
        if not rows:
            known = sorted({key for row in self.history for key in row})
            raise KeyError(f"history has no {name!r}; it has {', '.join(known)}")
        return np.array([row["epoch"] for row in rows]), np.array([row[name] for row in rows])

    def last(self, name: str) -> float:
        """The newest value of a column of the history."""
        return float(self.column(name)[1][-1])

    def __repr__(self) -> str:
        epochs = self.history[-1]["epoch"] if self.history else 0
        return f"Run({str(self.path) if self.path else 'in memory'}, {epochs} of {self.config.get('epochs')} epochs)"

    # --- writing ----------------------------------------------------------------------------------------------------

    def exists(self) -> bool:
        """Whether the folder already holds a run."""
        return self.path is not None and (self.path / "config.json").exists()

    def start(self, resume: bool) -> dict | None:
        """Take possession of the folder: the checkpoint's state where there is one to go on from, else None.

        Raises:
            RunError: the folder holds another run, or (with resume=False) any run, or its checkpoint is damaged.
        """
        if self.path is None:
            return None
        config_file = self.path / "config.json"
        if not self.exists():
            write_atomically(config_file, _json(self.config))
            return None
        if not resume:
            raise RunError(f"{self.path} already holds a run; choose another folder, or resume=True to go on with it")
        stored = {**self.defaults, **read_json(config_file)}
        keys = sorted(set(stored) | set(self.config))
        asked = self.config
        different = [k for k in keys if stored.get(k) != asked.get(k) and asked.get(k) != "auto"]
        if different:
            listed = "; ".join(f"{k} is {stored.get(k)!r}, asked for {asked.get(k)!r}" for k in different)
            raise RunError(f"{self.path} holds a run of another configuration ({listed}). Choose another folder.")
        self.config = stored
        return self.load_checkpoint()

    def load_checkpoint(self) -> dict | None:
        """State of the last checkpoint, or None where there is none yet.

        Raises:
            RunError: the file is damaged; the message says how to go on from the one before.
        """
        path = self.path / "checkpoint.pt"
        if not path.exists():
            return None
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            self.history = state["history"]
            self.snapshots = dict(state["snapshots"])
            self.assignments = dict(state.get("assignments", {}))
            return state
        except (OSError, EOFError, RuntimeError, KeyError, ValueError, pickle.UnpicklingError) as error:
            previous = path.with_name("checkpoint-previous.pt")
            way_out = f"replace it by {previous.name}" if previous.exists() else "delete it to start from the beginning"
            raise RunError(f"{path} is damaged ({type(error).__name__}); {way_out}") from error

    def save(self, state: dict | None = None) -> None:
        """Write history and snapshots, and a checkpoint where `state` is given."""
        if self.path is None:
            return
        if state is not None:
            buffer = io.BytesIO()
            kept = {"history": self.history, "snapshots": self.snapshots, "assignments": self.assignments}
            torch.save({**state, **kept}, buffer)
            path = self.path / "checkpoint.pt"
            if path.exists():
                _keep_as(path, path.with_name("checkpoint-previous.pt"))
            write_atomically(path, buffer.getvalue())
        text = io.StringIO()
        columns = list(dict.fromkeys(key for row in self.history for key in row))
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.history)
        write_atomically(self.path / "history.csv", text.getvalue().encode())
        if self.snapshots:
            buffer = io.BytesIO()
            epochs = sorted(self.snapshots)
            np.savez_compressed(
                buffer, epochs=np.array(epochs), h=np.stack([self.snapshots[e].numpy() for e in epochs])
            )
            write_atomically(self.path / "snapshots.npz", buffer.getvalue())

    def write_json(self, name: str, content: dict) -> None:
        """Write RUN/name, for example what an evaluation found."""
        if self.path is not None:
            write_atomically(self.path / name, _json(content))


def _keep_as(path: Path, copy: Path) -> None:
    """Keep a checkpoint under a second name, without a moment in which neither is there."""
    try:
        copy.unlink(missing_ok=True)
        os.link(path, copy)
    except OSError:  # a file system without hard links
        write_atomically(copy, path.read_bytes())


def read_json(path: Path) -> dict:
    """Content of a run's JSON file.

    Raises:
        RunError: it is missing or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RunError(f"there is no {path.name} in {path.parent}: this is not the folder of a run") from None
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read ({error}); restore it from a copy") from error


def _json(content: dict) -> bytes:
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def _number(text: str) -> float | int | str | None:
    if text == "":
        return None
    try:
        value = float(text)
    except ValueError:
        return text
    return int(text) if text.lstrip("-").isdigit() else value

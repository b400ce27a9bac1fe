"""A training run on disk: config, history, snapshots and checkpoints, so that it can be read, stopped and resumed.

RUN/config.json      the configuration, the data it was trained on, and on which machines
RUN/history.csv      a row an epoch
RUN/snapshots.npz    features of fixed images at chosen epochs
RUN/checkpoint.pt    everything that is needed to go on; checkpoint-previous.pt is the one before
RUN/lock             who is training, see `aimsssl.training.lock`

The checkpoint is the one truth: the other files are written anew from it when a run goes on.
"""

import csv
import io
import json
import os
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..profile import describe_machine
from .files import RunError, json_bytes, place, read_bytes, read_json, remove_parts, tell, write_atomically
from .lock import Lock
from .stored import FILES, WHERE, Stored, read_snapshots, read_stored

__all__ = ["Run", "RunError", "read_json", "write_atomically"]


class Run:
    """A run in memory, and on disk where it has a folder.

    Attributes:
        path: the folder, or None.
        config: what was asked for, as plain values.
        segments: a dict for each stretch of epochs that was trained in one way: `from_epoch`, `epochs` (how many the
            schedule was made for), `device`, `compile`, `processes`, `threads`, `torch`, `processor`. A new one begins
            where a run goes on under other ones. They say where a run was trained, not what it is; but other
            processors and numbers of threads round otherwise, and rounding grows to other weights.
        history: a dict an epoch, beginning with epoch 0, before training; None where nothing was measured.
        snapshots: {epoch: float16 features h `[P, D]` of the probe images}.
        assignments: {epoch: int32 `[N]`, the clusters of the training images}, see `train_deepcluster`; in the
            checkpoint only.
        model: the model as trained so far; after `Run.open` it is None, see `aimsssl.training.load_encoder`.

    `defaults` are the values that a setting has where the stored configuration does not name it: a folder that was
    written before the setting existed is then still the same run.
    """

    def __init__(self, path: str | Path | None, config: dict, defaults: dict | None = None):
        self.path = place(path) if path is not None else None
        self.config = json.loads(json_bytes(config))  # as JSON stores it: tuples become lists
        self.defaults = json.loads(json_bytes(defaults or {}))
        self.segments: list[dict] = []
        self.history: list[dict] = []
        self.snapshots: dict[int, Tensor] = {}
        self.assignments: dict[int, Tensor] = {}
        self.model: torch.nn.Module | None = None
        self._new = True
        self._lock = Lock(self.path) if self.path is not None else None

    @classmethod
    def open(cls, path: str | Path) -> "Run":
        """Read the config, history and snapshots of a run folder.

        What is missing or damaged is taken from the checkpoint, where there is one.

        Raises:
            RunError: there is no run, or a file of it is damaged.
        """
        return cls.open_with_state(path)[0]

    @classmethod
    def open_with_state(cls, path: str | Path) -> tuple["Run", dict | None]:
        """`open`, and the state in the checkpoint, or None where there is none."""
        run = cls(path, {})
        stored = read_stored(run.path)
        if stored is None:
            raise RunError(f"there is no config.json in {path}: this is not the folder of a run")
        run.config, run.segments, run.history = stored.config, stored.segments, stored.history
        run.snapshots, run.assignments = stored.snapshots, stored.assignments
        return run, stored.state

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

    @property
    def epochs_done(self) -> int:
        """How many epochs are in the history."""
        return self.history[-1]["epoch"] if self.history else 0

    @property
    def was_made_longer(self) -> bool:
        """Whether its epochs belong to schedules of several lengths."""
        return len({segment.get("epochs") for segment in self.segments}) > 1

    def __repr__(self) -> str:
        where = str(self.path) if self.path else "in memory"
        return f"Run({where}, {self.epochs_done} of {self.config.get('epochs')} epochs)"

    # --- going on ---------------------------------------------------------------------------------------------------

    def exists(self) -> bool:
        """Whether the folder already holds a run."""
        return self.path is not None and any(os.path.lexists(self.path / name) for name in FILES)

    def start(self, resume: bool) -> dict | None:
        """The checkpoint's state where there is one to go on from, else None. A new folder is not made yet: `claim`.

        Raises:
            RunError: the folder holds another run, or (with resume=False) any run, it is damaged, or another process
                trains there.
        """
        self._new = not self.exists()
        if self._new:
            return None
        if not resume:
            raise RunError(f"{self.path} already holds a run; choose another folder, or resume=True to go on with it")
        read_only = self._try_lock()
        stored, asked = read_stored(self.path), self.config
        self.config = self._agreed(stored.config)
        if stored.state is None:
            self._check_nothing_is_lost(stored)
        else:
            began = {key: self.config[key] for key in WHERE if key in self.config}  # of a run from before segments
            self.segments = stored.segments or [{"from_epoch": 1, **began}]
            self.assignments = stored.assignments
            self.history, self.snapshots = list(stored.state["history"]), dict(stored.state["snapshots"])
        if read_only is None:
            remove_parts(self.path, FILES)
            if stored.state is not None:
                self.write_tables()  # a process that was killed, or a slip, may have left them behind the checkpoint
        if self.epochs_done < asked["epochs"]:
            if read_only is not None:
                raise _cannot_write(self.path, read_only)
            self.config |= {key: asked[key] for key in WHERE if key in asked}
        return stored.state

    def claim(self, processes: int = 1) -> None:
        """Take possession of the folder, now that training is under way: a new run has written nothing before.

        Raises:
            RunError: it cannot be written, or another process came first.
        """
        if self.path is not None:
            try:
                self.path.mkdir(parents=True, exist_ok=True)
                self._lock.take()
            except OSError as error:
                raise _cannot_write(self.path, error) from error
            if self._new and self.exists():
                raise RunError(f"another process has begun a run in {self.path}; choose another folder")
            remove_parts(self.path, FILES)
        self._begin_segment(processes)
        self.write_tables()

    def release(self) -> None:
        """Let other processes train in the folder."""
        if self._lock is not None:
            self._lock.release()

    def _try_lock(self) -> OSError | None:
        """Take the folder's lock; or why the folder cannot be written, which does not matter to who only reads."""
        try:
            self._lock.take()
            return None
        except OSError as error:
            return error

    def _agreed(self, stored: dict) -> dict:
        """The stored configuration, where the one asked for is the same run's, as long or longer.

        Raises:
            RunError: it is another run's, or asks for fewer epochs.
        """
        stored, asked = {**stored, **{k: v for k, v in self.defaults.items() if k not in stored}}, self.config
        different = [
            key
            for key in sorted(set(stored) | set(asked))
            if key not in WHERE and asked.get(key) != "auto" and _identity(stored.get(key)) != _identity(asked.get(key))
        ]
        if different:
            listed = "; ".join(f"{k} is {stored.get(k)!r}, asked for {asked.get(k)!r}" for k in different)
            raise RunError(f"{self.path} holds a run of another configuration ({listed}). Choose another folder.")
        if asked["epochs"] < stored["epochs"]:
            raise RunError(
                f"{self.path} holds a run of another configuration (epochs is {stored['epochs']}, asked for "
                f"{asked['epochs']}: a run can be made longer, not shorter). Choose another folder."
            )
        return stored

    def _check_nothing_is_lost(self, stored: Stored) -> None:
        """Raise RunError where a checkpoint must have been: to begin again would write over what is left of the run."""
        previous = os.path.lexists(self.path / "checkpoint-previous.pt")
        if previous or stored.history and stored.history[-1]["epoch"] >= stored.config.get("checkpoint_every", 1):
            mend = "rename checkpoint-previous.pt to it" if previous else "restore it from a copy"
            raise RunError(
                f"there is no checkpoint.pt in {self.path}, though the run has finished epochs: {mend}, or delete the "
                "folder to start from the beginning"
            )

    def _begin_segment(self, processes: int) -> None:
        """Note where the next epochs are trained, and say what is other than before."""
        config, here = self.config, describe_machine(self.config["device"])
        now = {"epochs": config["epochs"], "device": config["device"], "compile": config["compile"]}
        now |= {"processes": processes, **here}
        before = dict(self.segments[-1]) if self.segments else {}
        begun = before.pop("from_epoch", None)
        if before == now:
            return
        if before and before.get("epochs") != now["epochs"]:
            tell(
                f"{self} is made longer from epoch {self.epochs_done + 1} on; the learning rate is from there on that "
                f"of a run of {now['epochs']} epochs"
            )
        other = [f"{k} {before[k]!r} → {v!r}" for k, v in now.items() if k != "epochs" and before.get(k, v) != v]
        if other:
            tell(
                f"{self} goes on elsewhere: {', '.join(other)}. Numbers are rounded otherwise there, so the weights "
                "will not be those of an unbroken run"
            )
        if begun == self.epochs_done + 1:
            self.segments.pop()  # no epoch came of it
        self.segments.append({"from_epoch": self.epochs_done + 1, **now})

    # --- writing ----------------------------------------------------------------------------------------------------

    def save(self, state: dict | None = None) -> None:
        """Write history and snapshots, and before them a checkpoint where `state` is given."""
        if self.path is None:
            return
        if state is not None:
            buffer = io.BytesIO()
            kept = {"config": self.config, "segments": self.segments, "history": self.history}
            kept |= {"snapshots": self.snapshots, "assignments": self.assignments}
            torch.save({**state, **kept}, buffer)
            path = self.path / "checkpoint.pt"
            if os.path.lexists(path):
                _keep_as(path, path.with_name("checkpoint-previous.pt"))
            write_atomically(path, buffer.getvalue())
        self.write_tables()

    def write_tables(self) -> None:
        """Write config, history and snapshots, each where it is not yet as it should be."""
        if self.path is None:
            return
        text = io.StringIO()
        columns = list(dict.fromkeys(key for row in self.history for key in row))
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.history)
        _write_if_other(self.path / "config.json", json_bytes({**self.config, "segments": self.segments}))
        _write_if_other(self.path / "history.csv", text.getvalue().encode())
        if self.snapshots and not self._has_snapshots():
            buffer = io.BytesIO()
            epochs = sorted(self.snapshots)
            np.savez_compressed(
                buffer, epochs=np.array(epochs), h=np.stack([self.snapshots[e].numpy() for e in epochs])
            )
            write_atomically(self.path / "snapshots.npz", buffer.getvalue())

    def _has_snapshots(self) -> bool:
        try:
            there = read_snapshots(self.path / "snapshots.npz")
        except RunError:
            return False
        same = there.keys() == self.snapshots.keys()
        return same and all(torch.equal(h, self.snapshots[epoch]) for epoch, h in there.items())

    def write_json(self, name: str, content: dict) -> None:
        """Write RUN/name, for example what an evaluation found."""
        if self.path is not None:
            write_atomically(self.path / name, json_bytes(content))


def _identity(value: object) -> object:
    """What two runs must have in common of a setting; the folder that a start was taken from may have moved."""
    return {k: v for k, v in value.items() if k != "run"} if isinstance(value, dict) else value


def _cannot_write(path: Path, error: OSError) -> RunError:
    return RunError(f"cannot write {path}: {error.strerror or error}. Choose another folder.")


def _write_if_other(path: Path, data: bytes) -> None:
    try:
        if read_bytes(path) == data:
            return
    except (FileNotFoundError, RunError):
        pass  # missing, or something else lies there: it is written
    write_atomically(path, data)


def _keep_as(path: Path, copy: Path) -> None:
    """Keep a checkpoint under a second name, without a moment in which neither is there."""
    try:
        copy.unlink(missing_ok=True)
        os.link(path, copy, follow_symlinks=False)
    except (OSError, NotImplementedError):  # a file system without hard links
        write_atomically(copy, path.read_bytes())

"""Several processes, one run: `torchrun --nproc-per-node N -m aimsssl train …`.

The batch is the whole batch: every process takes its share of it. All draw the same random numbers and use their part
of them, so that N processes compute what one would, and a run can go on with another number of them.
"""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from .runs import Run, RunError

Result = TypeVar("Result")
TIMEOUT = timedelta(seconds=45)  # how long a process waits for one that has stopped answering
PATIENCE = timedelta(hours=1)  # and for the main one, where that computes something for all


class Processes:
    """This process among those of the run: `rank` of `world`. One process alone is rank 0 of 1."""

    def __init__(self, device: torch.device, batch_size: int):
        """Join the others.

        Raises:
            ValueError: a batch cannot be shared equally.
        """
        self.world = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0")) if self.world > 1 else 0
        self.main = self.rank == 0
        if batch_size % self.world:
            raise ValueError(f"batch_size {batch_size} cannot be shared equally by {self.world} processes")
        self.opened = self.world > 1 and not dist.is_initialized()
        if self.opened:
            if device.type == "cuda":
                torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
            dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=TIMEOUT)
        # gloo notices at once when a process is gone, so it may be patient with one that is not
        self.patient = dist.new_group(backend="gloo", timeout=PATIENCE) if self.world > 1 else None

    @property
    def group(self) -> "dist.ProcessGroup | None":
        """For `nt_xent`: None where this process is alone."""
        return dist.group.WORLD if self.world > 1 else None

    def start(self, run: Run, resume: bool) -> dict | None:
        """`run.start` on every process: the main one takes the folder and decides the configuration."""

        def start() -> tuple:
            state = run.start(resume)
            return state, run.config, run.segments, run.history, run.snapshots, run.assignments

        state, run.config, run.segments, run.history, run.snapshots, run.assignments = self.from_main(start)
        return state

    def from_main(self, compute: Callable[[], Result]) -> Result:
        """What `compute()` gives on the main process, on all of them.

        Raises:
            RunError: `compute` raised it; all of them do.
        """
        if self.world == 1:
            return compute()
        shared = [None, None]
        if self.main:
            try:
                shared[0] = compute()
            except RunError as error:
                shared[1] = str(error)
        dist.broadcast_object_list(shared, group=self.patient)
        if shared[1] is not None:
            raise RunError(shared[1])
        return shared[0]

    def share(self, batch: Tensor) -> Tensor:
        """This process's part of a batch's rows."""
        return batch.chunk(self.world)[self.rank]

    def wrap(self, model: nn.Module, device: torch.device) -> nn.Module:
        """Average gradients over the processes. On GPUs batch norm sees the whole batch, on CPUs its own share:
        PyTorch has no synchronised batch norm for CPUs."""
        if self.world == 1:
            return model
        if device.type == "cuda":
            return nn.parallel.DistributedDataParallel(
                nn.SyncBatchNorm.convert_sync_batchnorm(model), device_ids=[torch.cuda.current_device()]
            )
        return nn.parallel.DistributedDataParallel(model)

    def mean(self, value: Tensor) -> Tensor:
        """The mean of a number over the processes."""
        if self.world > 1:
            dist.all_reduce(value)
            value /= self.world
        return value

    def wait(self) -> None:
        """Until all processes are here."""
        if self.world > 1:
            dist.barrier()

    def close(self) -> None:
        """Part from the others. Without it PyTorch's threads may abort the process when it ends."""
        if self.opened and dist.is_initialized():
            dist.destroy_process_group()

    def explain(self, error: RuntimeError, run: Run) -> RuntimeError:
        """A clear error for what PyTorch says when another process is gone."""
        text = str(error).lower()
        lost = any(word in text for word in ("gloo", "nccl", "peer", "timed out", "timeout", "connection"))
        if self.world == 1 or isinstance(error, RunError) or not lost:
            return error
        reason = str(error).splitlines()[0]
        return RunError(
            f"process {self.rank} of {self.world} lost another one after epoch {len(run.history) - 1} ({reason}). "
            "The last checkpoint is kept; start the same command again to go on, with any number of processes."
        )

"""The loop that every method shares: epochs, schedule, precision, monitor, history, checkpoints."""

import math
import time
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor, nn

from ..datasets import ImageSet
from ..evaluation import knn_accuracy
from ..models import extract
from ..optim import warmup_cosine
from ..profile import faster_precision
from ..randomness import RandomStream
from .bar import Bar
from .config import TrainingConfig, make_optimizer
from .distributed import Processes
from .runs import Run, RunError
from .starting import check_before, explain_compiler, take_weights
from .stored import restore

NEIGHBOURS = 20  # of the monitor's kNN, where there are so many training images


def describe_data(images: ImageSet) -> dict:
    """What a run remembers of its data: enough to notice that they are others."""
    return {
        "name": images.name,
        "shape": list(images.images.shape),
        "crc32": zlib.crc32(images.images.contiguous().numpy()),
    }


def new_run(path, method: str, config: TrainingConfig, images: ImageSet) -> Run:
    """A run that knows its method, its configuration and its data, and decides on a precision left "auto"."""
    run = Run(path, {"method": method, **asdict(config), "data": describe_data(images)}, asdict(type(config)()))
    if config.precision == "auto" and not run.exists():
        cpu = torch.device(config.device).type == "cpu"
        run.config["precision"] = faster_precision(config.width) if cpu else "bfloat16"
    return run


@dataclass(frozen=True)
class Draw:
    """Where a step's random numbers come from, which share of the batch is this process's, and how far the run is.

    Attributes:
        done: the share of the run's steps that came before, from 0 to less than 1.
    """

    generator: torch.Generator
    share: tuple[int, int] = (0, 1)
    group: "dist.ProcessGroup | None" = None
    done: float = 0.0


@dataclass(frozen=True)
class EpochPlan:
    """What a method decides before an epoch; the loop alone shuffles the images and keeps their labels.

    Attributes:
        order: positions of the training images in the order in which they are seen, `[n]`; an image may come twice.
        labels: of all training images, for `batch_loss`.
        row: what was measured on the way, for the history.
    """

    order: Tensor
    labels: Tensor
    row: dict


BeforeEpoch = Callable[[int, torch.optim.Optimizer, torch.Generator, Processes], EpochPlan]


def fit(
    model: nn.Module,
    images: ImageSet,
    batch_loss: Callable[[nn.Module, Tensor, Tensor, Draw], Tensor],
    config: TrainingConfig,
    run: Run,
    *,
    encoder: nn.Module,
    resume: bool = True,
    start_from: str | Path | None = None,
    chance_loss: float | None = None,
    probe: Tensor | None = None,
    snapshot: Callable[[Tensor], Tensor] | None = None,
    before_epoch: BeforeEpoch | None = None,
    progress: Callable[[Run], None] | str | None = "bar",
) -> Run:
    """Train `model` with `batch_loss(model, images, labels, draw)`, a scalar; see `train_simclr` for the rest.

    A snapshot is h of the probe images, or what `snapshot(probe)` gives, `[P, …]`.

    `before_epoch(epoch, optimizer, generator, processes)` may change labels and order, and model and optimizer in
    place.

    Random numbers come from one CPU generator and from a stream of PyTorch's global ones (of dropout). Both are the
    run's own and in its checkpoint, so that a run that was stopped goes on exactly as if it had not been.
    """
    parts = monitor_split(images, config)
    held_out = 0 if parts[2] is None else len(parts[2])
    check_before(images.images.shape[1], len(parts[0]), held_out, config, probe)
    if start_from is not None:
        run.config["start_from"] = take_weights(model, start_from)
    processes = Processes(torch.device(config.device), config.batch_size)
    bar = Bar(config.epochs, chance_loss) if progress == "bar" else None
    try:
        training = Training(model, encoder, parts, batch_loss, config, run, processes, bar or progress)
        training.probe, training.snapshot, training.before_epoch = probe, snapshot, before_epoch
        training.begin(processes.start(run, resume))
        for epoch in range(run.epochs_done + 1, config.epochs + 1):
            training.epoch(epoch)
        processes.wait()
    except RuntimeError as error:
        raise processes.explain(explain_compiler(error, config), run) from error
    finally:
        if bar:
            bar.close()
        run.release()
        processes.close()
    model.eval()
    return run


class Training:
    """A run under way: what an epoch works on, and its stages in the order in which they come."""

    def __init__(
        self,
        model: nn.Module,
        encoder: nn.Module,
        parts: tuple[ImageSet, ImageSet | None, ImageSet | None],
        batch_loss: Callable[[nn.Module, Tensor, Tensor, Draw], Tensor],
        config: TrainingConfig,
        run: Run,
        processes: Processes,
        show: Callable[[Run], None] | None,
    ):
        self.device = torch.device(config.device)
        self.config, self.run, self.processes, self.show = config, run, processes, show
        self.model, self.encoder, self.batch_loss = model, encoder, batch_loss
        self.model.to(self.device, memory_format=torch.channels_last).train()
        self.forward = processes.wrap(torch.compile(model) if config.compile else model, self.device)
        self.optimizer = make_optimizer(model, config)
        self.generator = torch.Generator().manual_seed(config.seed)
        self.stream = RandomStream(config.seed, self.device)
        self.draw = Draw(self.generator, (processes.rank, processes.world), processes.group)
        train, self.bank, self.held_out = parts
        self.data, self.labels = train.images.to(self.device), train.labels.to(self.device)
        self.steps = len(train) // config.batch_size  # in an epoch
        self.probe: Tensor | None = None
        self.snapshot: Callable[[Tensor], Tensor] | None = None
        self.before_epoch: BeforeEpoch | None = None
        self.claimed = False
        run.model = model

    def begin(self, state: dict | None) -> None:
        """Go on from a checkpoint, or measure what training starts from."""
        if state is None:
            self.close(0, {"seconds": 0.0})
            return
        restore(state, self.run.path, self.model, self.optimizer, self.generator, self.stream)
        if self.show and self.processes.main:
            self.show(self.run)

    def epoch(self, epoch: int) -> None:
        """Plan, train, measure, save."""
        start, before = time.perf_counter(), self.run.history[-1]["seconds"] if self.processes.main else 0.0
        with self.stream:
            row = self.train(epoch, self.plan(epoch))
        self.close(epoch, {"seconds": before + time.perf_counter() - start, **row})

    def plan(self, epoch: int) -> EpochPlan:
        """The order of the images and their labels; the method's, or every image once."""
        if self.before_epoch:
            return self.before_epoch(epoch, self.optimizer, self.generator, self.processes)
        return EpochPlan(torch.randperm(len(self.data), generator=self.generator), self.labels, {})

    def train(self, epoch: int, plan: EpochPlan) -> dict:
        """Mean loss, the last learning rate, and what the plan measured."""
        start, total = time.perf_counter(), torch.zeros((), device=self.device)
        labels, batch_size = plan.labels.to(self.device), self.config.batch_size
        order = plan.order[: self.steps * batch_size].view(self.steps, -1).to(self.device)
        for number, batch in enumerate(order, start=(epoch - 1) * self.steps):
            rate = self.set_rate(number)
            self.draw = replace(self.draw, done=number / (self.config.epochs * self.steps))
            total += self.step(self.processes.share(batch), labels)  # not read: every step would wait for the device
            self.claim()
        mean_loss = self.processes.mean(total).item() / self.steps
        if not math.isfinite(mean_loss):
            raise RunError(
                f"the loss became {mean_loss} in epoch {epoch}; lower learning_rate {self.config.learning_rate}"
            )
        row = {"loss": mean_loss, "learning_rate": rate, **plan.row}
        return {**row, "seconds_training": time.perf_counter() - start} if self.before_epoch else row

    def set_rate(self, step: int) -> float:
        """The learning rate of a step, counted from the run's first one, in all groups of the optimizer."""
        config, steps = self.config, self.config.epochs * self.steps
        warmup = min(int(config.warmup_epochs * self.steps), steps - 1)
        final = config.learning_rate if config.schedule == "constant" else 0.0
        rate = warmup_cosine(step, steps, warmup, config.learning_rate, final)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        return rate

    def step(self, index: Tensor, labels: Tensor) -> Tensor:
        """One step on the images of `index`. Returns the loss, which stays on the device."""
        bfloat16 = self.run.config["precision"] == "bfloat16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=bfloat16):
            loss = self.batch_loss(self.forward, self.data[index], labels[index], self.draw)
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss.detach()

    def claim(self) -> None:
        """Take the folder after the first step: what fails until then leaves nothing behind."""
        if not self.claimed:
            self.processes.from_main(lambda: self.run.claim(self.processes.world))
            self.claimed = True

    def close(self, epoch: int, row: dict) -> None:
        """Measure, save and show, on the main process; the others wait."""
        if self.processes.main:
            last = epoch == self.config.epochs
            self.keep_snapshot(epoch)
            row = {"epoch": epoch, "loss": None, "learning_rate": None, "knn_accuracy": self.knn(epoch, last), **row}
            if self.run.was_made_longer:
                row["schedule_epochs"] = self.config.epochs
            self.run.history.append({k: round(v, 6) if isinstance(v, float) else v for k, v in row.items()})
            if epoch:
                self.run.save(self.state(epoch) if last or epoch % self.config.checkpoint_every == 0 else None)
            if self.show:
                self.show(self.run)
        self.processes.wait()

    def keep_snapshot(self, epoch: int) -> None:
        """Keep the probe images' features, where this epoch is one of those asked for."""
        if self.probe is not None and epoch in self.config.snapshot_epochs:
            taken = self.snapshot(self.probe) if self.snapshot else extract(self.encoder, self.probe)
            self.run.snapshots[epoch] = taken.half()

    def knn(self, epoch: int, last: bool) -> float | None:
        """What the monitor finds, where it looks."""
        if self.held_out is None or not (last or epoch % self.config.monitor_every == 0):
            return None
        keys, queries = extract(self.encoder, self.bank.images), extract(self.encoder, self.held_out.images)
        return knn_accuracy(keys, self.bank.labels, queries, self.held_out.labels, k=min(NEIGHBOURS, len(keys)))

    def state(self, epoch: int) -> dict:
        """All that a checkpoint needs to go on."""
        return {
            "epoch": epoch,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "generator": self.generator.get_state(),
            "global_generators": self.stream.get_state(),
        }


def monitor_split(images: ImageSet, config: TrainingConfig) -> tuple[ImageSet, ImageSet | None, ImageSet | None]:
    """Images to train on; those of them the kNN monitor compares with; and those held out, whose class it guesses.

    The last two are None where labels are unknown or there is no monitor.
    """
    count, keys = monitor_sizes(len(images), config.held_out, config.bank)
    if not (config.monitor_every and count and (images.labels >= 0).all()):
        return images, None, None
    train, held_out = images.split(count, seed=config.seed)
    return train, train.sample(keys, seed=config.seed), held_out


def monitor_sizes(images: int, held_out: int, bank: int) -> tuple[int, int]:
    """How many of so many images are held out, and how many are the keys of the kNN monitor, at most as asked."""
    held_out = min(held_out, images // 4)
    return held_out, min(bank, images - held_out)

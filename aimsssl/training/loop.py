"""The loop that every method shares: epochs, schedule, precision, monitor, history, checkpoints."""

import math
import time
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Self

import torch
import torch.distributed as dist
from torch import Tensor, nn
from tqdm import tqdm

from ..datasets import ImageSet
from ..evaluation import knn_accuracy
from ..models import extract
from ..optim import LARS, split_decay_groups, warmup_cosine
from ..profile import Profile, faster_precision
from .distributed import Processes
from .runs import Run, RunError

OPTIMIZERS = ("lars", "sgd", "adamw")
SCHEDULES = ("cosine", "constant")


@dataclass(frozen=True)
class TrainingConfig:
    """What all methods have in common. Defaults are the `cpu` profile's.

    Attributes:
        stem, width: of the encoder, see `aimsssl.models.resnet18`.
        epochs: passes over the training images.
        batch_size: images in a step; the last partial batch of an epoch is left out.
        optimizer: lars, sgd or adamw.
        learning_rate: peak of the schedule, for the whole batch.
        momentum: for lars and sgd.
        weight_decay: of weights; biases and norms have none, unless `decay_all`.
        trust_coefficient: for lars.
        nesterov: for sgd.
        warmup_epochs: epochs of linear warmup, may be a fraction.
        schedule: what follows the warmup: cosine, half of one down to 0, or constant.
        device: as PyTorch names it.
        precision: float32, bfloat16, or auto: whichever is faster on this machine, decided when the run starts.
        compile: whether the model goes through `torch.compile`.
        seed: of weights, order and augmentations.
        held_out: labelled images that are kept from training, for the kNN monitor; at most a quarter of all.
        bank: training images that the monitor compares with, at most.
        monitor_every: epochs between two looks at kNN; 0 for none.
        snapshot_epochs: epochs at which features of the probe images are kept; 0 is before training.
        checkpoint_every: epochs between two checkpoints; the last epoch always has one.
    """

    stem: str = "small"
    width: int = 16
    epochs: int = 50
    batch_size: int = 128
    optimizer: str = "adamw"
    learning_rate: float = 8e-3
    momentum: float = 0.9
    weight_decay: float = 1e-4
    trust_coefficient: float = 1e-3
    nesterov: bool = True
    decay_all: bool = False
    warmup_epochs: float = 1.0
    schedule: str = "cosine"
    device: str = "cpu"
    precision: str = "auto"
    compile: bool = False
    seed: int = 0
    held_out: int = 500
    bank: int = 1000
    monitor_every: int = 1
    snapshot_epochs: tuple[int, ...] = ()
    checkpoint_every: int = 1

    def __post_init__(self):
        for name in ("epochs", "batch_size", "width"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.optimizer not in OPTIMIZERS:
            raise ValueError(f"optimizer must be one of {', '.join(OPTIMIZERS)}, got {self.optimizer!r}")
        if self.precision not in ("auto", "float32", "bfloat16"):
            raise ValueError(f"precision must be auto, float32 or bfloat16, got {self.precision!r}")
        if self.schedule not in SCHEDULES:
            raise ValueError(f"schedule must be one of {', '.join(SCHEDULES)}, got {self.schedule!r}")
        if not self.learning_rate >= 0:
            raise ValueError(f"learning_rate must be at least 0, got {self.learning_rate}")

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


def make_optimizer(model: nn.Module, config: TrainingConfig) -> torch.optim.Optimizer:
    """The optimiser that the configuration names, with the model's weights and its biases and norms in two groups."""
    groups = split_decay_groups(model, config.weight_decay)
    if config.decay_all:
        groups = [{**group, "weight_decay": config.weight_decay} for group in groups]
    if config.optimizer == "lars":
        return LARS(groups, config.learning_rate, config.momentum, config.weight_decay, config.trust_coefficient)
    if config.optimizer == "sgd":
        return torch.optim.SGD(groups, config.learning_rate, config.momentum, nesterov=config.nesterov)
    return torch.optim.AdamW(groups, config.learning_rate, fused=True)


@dataclass(frozen=True)
class Draw:
    """Where a step's random numbers come from, and which share of the batch is this process's."""

    generator: torch.Generator
    share: tuple[int, int] = (0, 1)
    group: "dist.ProcessGroup | None" = None


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


def fit(
    model: nn.Module,
    images: ImageSet,
    batch_loss: Callable[[nn.Module, Tensor, Tensor, Draw], Tensor],
    config: TrainingConfig,
    run: Run,
    *,
    encoder: nn.Module,
    resume: bool = True,
    chance_loss: float | None = None,
    probe: Tensor | None = None,
    snapshot: Callable[[Tensor], Tensor] | None = None,
    before_epoch: Callable[[int, torch.optim.Optimizer, torch.Generator, Processes], EpochPlan] | None = None,
    progress: Callable[[Run], None] | str | None = "bar",
) -> Run:
    """Train `model` with `batch_loss(model, images, labels, draw)`, a scalar; see `train_simclr` for the rest.

    A snapshot is h of the probe images, or what `snapshot(probe)` gives, `[P, …]`.

    `before_epoch(epoch, optimizer, generator, processes)` may change labels and order, and model and optimizer in
    place.

    Random numbers come from one CPU generator whose state is in the checkpoint, so that a run that was stopped goes
    on exactly as if it had not been.
    """
    device = torch.device(config.device)
    train, bank, held_out = monitor_split(images, config)
    steps = len(train) // config.batch_size
    if steps == 0:
        kept = f" ({len(images)} less {len(held_out)} held out for kNN)" if held_out else ""
        raise ValueError(f"batch_size {config.batch_size} is larger than the data: {len(train)} images{kept}")
    processes = Processes(device, config.batch_size)
    state = processes.start(run, resume)

    model.to(device, memory_format=torch.channels_last).train()
    forward = processes.wrap(torch.compile(model) if config.compile else model, device)
    optimizer = make_optimizer(model, config)
    generator = torch.Generator().manual_seed(config.seed)
    draw = Draw(generator, (processes.rank, processes.world), processes.group)
    data, labels = train.images.to(device), train.labels.to(device)
    run.model = model
    if state is not None:
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        generator.set_state(state["generator"])
        torch.set_rng_state(state["global_generator"])

    def train_epoch(epoch: int) -> dict:
        """Mean loss, the last learning rate, and what else the history gets."""
        order, targets, row = None, labels, {}
        if before_epoch:
            plan = before_epoch(epoch, optimizer, generator, processes)
            order, targets, row = plan.order, plan.labels.to(device), plan.row
        start, total = time.perf_counter(), torch.zeros((), device=device)
        warmup = min(int(config.warmup_epochs * steps), config.epochs * steps - 1)
        order = torch.randperm(len(train), generator=generator) if order is None else order
        order = order[: steps * config.batch_size].view(steps, -1).to(device)
        for step, batch in enumerate(order, start=(epoch - 1) * steps):
            final = config.learning_rate if config.schedule == "constant" else 0.0
            rate = warmup_cosine(step, config.epochs * steps, warmup, config.learning_rate, final)
            for group in optimizer.param_groups:
                group["lr"] = rate
            index = processes.share(batch)
            with torch.autocast(device.type, torch.bfloat16, enabled=run.config["precision"] == "bfloat16"):
                loss = batch_loss(forward, data[index], targets[index], draw)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            total += loss.detach()  # stays on the device: reading it would make every step wait
        mean_loss = processes.mean(total).item() / steps
        if not math.isfinite(mean_loss):
            raise RunError(f"the loss became {mean_loss} in epoch {epoch}; lower learning_rate {config.learning_rate}")
        if before_epoch:
            row = {**row, "seconds_training": time.perf_counter() - start}
        return {"loss": mean_loss, "learning_rate": rate, **row}

    def close_epoch(epoch: int, seconds: float, measured: dict) -> None:
        """Measure and save, on the main process; the others wait."""
        if processes.main:
            last = epoch == config.epochs
            if probe is not None and epoch in config.snapshot_epochs:
                run.snapshots[epoch] = (snapshot(probe) if snapshot else extract(encoder, probe)).half()
            knn = None
            if held_out is not None and (last or epoch % config.monitor_every == 0):
                keys, queries = extract(encoder, bank.images), extract(encoder, held_out.images)
                knn = knn_accuracy(keys, bank.labels, queries, held_out.labels)
            row = {
                "epoch": epoch,
                "loss": None,
                "learning_rate": None,
                "knn_accuracy": knn,
                "seconds": seconds,
                **measured,
            }
            run.history.append({k: round(v, 6) if isinstance(v, float) else v for k, v in row.items()})
            full = last or epoch % config.checkpoint_every == 0
            run.save(
                {
                    "epoch": epoch,
                    "model": model.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "generator": generator.get_state(),
                    "global_generator": torch.get_rng_state(),
                }
                if full
                else None
            )
            if show:
                show(run)
        processes.wait()

    show = _Bar(config.epochs, chance_loss) if progress == "bar" else progress
    try:
        if state is None:
            close_epoch(0, 0.0, {})
        elif show and processes.main:
            show(run)
        seconds = run.history[-1]["seconds"] if run.history else 0.0
        for epoch in range(state["epoch"] + 1 if state else 1, config.epochs + 1):
            start = time.perf_counter()
            measured = train_epoch(epoch)
            seconds += time.perf_counter() - start
            close_epoch(epoch, seconds, measured)
        processes.wait()
    except RuntimeError as error:
        raise processes.explain(error, run) from error
    finally:
        processes.close()
    model.eval()
    return run


def monitor_split(images: ImageSet, config: TrainingConfig) -> tuple[ImageSet, ImageSet | None, ImageSet | None]:
    """Images to train on; those of them the kNN monitor compares with; and those held out, whose class it guesses.

    The last two are None where labels are unknown or there is no monitor.
    """
    count = min(config.held_out, len(images) // 4)
    if not (config.monitor_every and count and (images.labels >= 0).all()):
        return images, None, None
    train, held_out = images.split(count, seed=config.seed)
    return train, train.sample(min(config.bank, len(train)), seed=config.seed), held_out


class _Bar:
    """A line in the terminal: epoch, loss beside chance, kNN, time left."""

    def __init__(self, epochs: int, chance_loss: float | None):
        self.bar, self.chance_loss = None, chance_loss
        self.epochs = epochs

    def __call__(self, run: Run) -> None:
        row = run.history[-1]
        if self.bar is None:
            self.bar = tqdm(total=self.epochs, initial=row["epoch"], unit="epoch", desc="training")
        self.bar.update(row["epoch"] - self.bar.n)
        text = []
        if row["loss"] is not None:
            chance = f" (chance {self.chance_loss:.2f})" if self.chance_loss else ""
            text.append(f"loss {row['loss']:.3f}{chance}")
        measured = [r["knn_accuracy"] for r in run.history if r["knn_accuracy"] is not None]
        if measured:
            text.append(f"kNN {measured[-1]:.3f}")
        self.bar.set_postfix_str(", ".join(text))
        if row["epoch"] == self.epochs:
            self.bar.close()

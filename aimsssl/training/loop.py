"""The loop that every method shares: epochs, schedule, precision, monitor, history, checkpoints."""

import math
import time
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Self

import torch
from torch import Tensor, nn
from tqdm import tqdm

from ..datasets import ImageSet
from ..evaluation import knn_accuracy
from ..models import extract
from ..optim import LARS, split_decay_groups, warmup_cosine
from ..profile import Profile, faster_precision
from .runs import Run, RunError

OPTIMIZERS = ("lars", "sgd", "adamw")


@dataclass(frozen=True)
class TrainingConfig:
    """What all methods have in common. Defaults are the `cpu` profile's.

    Attributes:
        stem, width: of the encoder, see `aimsssl.models.resnet18`.
        epochs: passes over the training images.
        batch_size: images in a step; the last partial batch of an epoch is left out.
        optimizer: lars, sgd (with Nesterov momentum) or adamw.
        learning_rate: peak of the schedule, for the whole batch.
        momentum: for lars and sgd.
        weight_decay: of weights; biases and norms have none.
        trust_coefficient: for lars.
        warmup_epochs: epochs of linear warmup, may be a fraction.
        device: as PyTorch names it.
        precision: float32, bfloat16, or auto: whichever is faster on this machine, decided when the run starts.
        compile: whether the model goes through `torch.compile`.
        seed: of weights, order and augmentations.
        held_out: labelled training images that are kept from training, for the kNN monitor.
        bank: training images that the monitor compares with, at most.
        monitor_every: epochs between two looks at kNN; 0 for none.
        snapshot_epochs: epochs at which features of the probe images are kept; 0 is before training.
        checkpoint_every: epochs between two checkpoints; the last epoch always has one.
    """

    stem: str = "small"
    width: int = 16
    epochs: int = 40
    batch_size: int = 128
    optimizer: str = "adamw"
    learning_rate: float = 2e-3
    momentum: float = 0.9
    weight_decay: float = 1e-4
    trust_coefficient: float = 1e-3
    warmup_epochs: float = 1.0
    device: str = "cpu"
    precision: str = "auto"
    compile: bool = False
    seed: int = 0
    held_out: int = 1000
    bank: int = 4000
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
    return {"name": images.name, "shape": list(images.images.shape), "crc32": zlib.crc32(images.images.numpy())}


def new_run(path, method: str, config: TrainingConfig, images: ImageSet) -> Run:
    """A run that knows its method, its configuration and its data, and decides on a precision left "auto"."""
    run = Run(path, {"method": method, **asdict(config), "data": describe_data(images)})
    if config.precision == "auto" and not run.exists():
        cpu = torch.device(config.device).type == "cpu"
        run.config["precision"] = faster_precision(config.width) if cpu else "bfloat16"
    return run


def make_optimizer(parameters: list[dict], config: TrainingConfig) -> torch.optim.Optimizer:
    """The optimiser that the configuration names, over groups of `split_decay_groups`."""
    if config.optimizer == "lars":
        return LARS(parameters, config.learning_rate, config.momentum, config.weight_decay, config.trust_coefficient)
    if config.optimizer == "sgd":
        return torch.optim.SGD(parameters, config.learning_rate, config.momentum, nesterov=config.momentum > 0)
    return torch.optim.AdamW(parameters, config.learning_rate)


def fit(
    model: nn.Module,
    images: ImageSet,
    batch_loss: Callable[[nn.Module, Tensor, Tensor, torch.Generator], Tensor],
    config: TrainingConfig,
    run: Run,
    *,
    encoder: nn.Module,
    resume: bool = True,
    chance_loss: float | None = None,
    probe: Tensor | None = None,
    progress: Callable[[Run], None] | str | None = "bar",
) -> Run:
    """Train `model` with `batch_loss(model, images, labels, generator)`, a scalar; see `train_simclr` for the rest.

    Random numbers come from one CPU generator whose state is in the checkpoint, so that a run that was stopped goes
    on exactly as if it had not been.
    """
    device = torch.device(config.device)
    state = run.start(resume)
    precision = run.config["precision"]
    train, held_out = images, None
    if config.monitor_every and config.held_out and (images.labels >= 0).all() and len(images) > 2 * config.held_out:
        train, held_out = images.split(config.held_out, seed=config.seed)
    steps = len(train) // config.batch_size
    if steps == 0:
        kept = f" ({len(images)} less {len(held_out)} held out for kNN)" if held_out else ""
        raise ValueError(f"batch_size {config.batch_size} is larger than the data: {len(train)} images{kept}")

    model.to(device, memory_format=torch.channels_last).train()
    optimizer = make_optimizer(split_decay_groups(model, config.weight_decay), config)
    generator = torch.Generator().manual_seed(config.seed)
    data, labels = train.images.to(device), train.labels.to(device)
    forward = torch.compile(model) if config.compile else model
    run.model = model
    first_epoch = 1
    if state is not None:
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        generator.set_state(state["generator"])
        torch.set_rng_state(state["global_generator"])
        first_epoch = state["epoch"] + 1

    def measure(epoch: int) -> float | None:
        if probe is not None and epoch in config.snapshot_epochs:
            run.snapshots[epoch] = extract(encoder, probe).half()
        last = epoch == config.epochs
        if held_out is None or (epoch % config.monitor_every and not last):
            return None
        bank = slice(0, config.bank)
        keys, queries = extract(encoder, data[bank]), extract(encoder, held_out.images)
        return knn_accuracy(keys, train.labels[bank], queries, held_out.labels)

    def checkpoint(epoch: int) -> None:
        if epoch % config.checkpoint_every and epoch != config.epochs:
            return run.save()
        run.save(
            {
                "epoch": epoch,
                "model": model.state_dict(),
                "optimizer": optimizer.state_dict(),
                "generator": generator.get_state(),
                "global_generator": torch.get_rng_state(),
            }
        )

    if state is None:
        run.history = [dict(epoch=0, loss=None, learning_rate=None, knn_accuracy=measure(0), seconds=0.0)]
        checkpoint(0)
    seconds = run.history[-1]["seconds"]
    show = _Bar(config.epochs, chance_loss) if progress == "bar" else progress
    if show:
        show(run)
    for epoch in range(first_epoch, config.epochs + 1):
        start = time.perf_counter()
        total = torch.zeros((), device=device)
        order = torch.randperm(len(train), generator=generator)[: steps * config.batch_size]
        for i, index in enumerate(order.view(steps, -1).to(device)):
            step = (epoch - 1) * steps + i
            rate = warmup_cosine(
                step, config.epochs * steps, min(int(config.warmup_epochs * steps), config.epochs * steps - 1),
                config.learning_rate,
            )  # fmt: skip
            for group in optimizer.param_groups:
                group["lr"] = rate
            with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16"):
                loss = batch_loss(forward, data[index], labels[index], generator)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            total += loss.detach()  # stays on the device: reading it would make every step wait
        mean_loss = total.item() / steps
        seconds += time.perf_counter() - start
        if not math.isfinite(mean_loss):
            raise RunError(f"the loss became {mean_loss} in epoch {epoch}; lower learning_rate {config.learning_rate}")
        row = dict(epoch=epoch, loss=mean_loss, learning_rate=rate, knn_accuracy=measure(epoch), seconds=seconds)
        run.history.append({k: round(v, 6) if isinstance(v, float) else v for k, v in row.items()})
        checkpoint(epoch)
        if show:
            show(run)
    model.eval()
    return run


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

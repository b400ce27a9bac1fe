"""Pretext tasks: rotation, inpainting and jigsaw on the shared loop (`aimsssl.pretext` has their parts)."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .. import pretext
from ..augment import Augment
from ..datasets import ImageSet
from ..models import SimCLR, resnet18
from ..profile import Profile
from ..randomness import RandomStream
from .config import TrainingConfig
from .loop import Draw, fit, new_run
from .runs import Run
from .settings import CropScale, Probability, Range, Share


@dataclass(frozen=True)
class PretextConfig(TrainingConfig):
    """`TrainingConfig` and what the pretext tasks add.

    Attributes:
        task: rotation, inpainting or jigsaw.
        crop_scale: range of the share of the area from which the task is made, low to high. Without a crop: what a
            figure that is cut off looks like is of no use later; rotation and jigsaw did better on `shapes` without.
        flip: probability that an image is mirrored before its task is made.
        hole: inpainting: side of the hidden square, as a share of the image's.
        grid, tile: jigsaw: grid × grid cells, and the side of a tile as a share of its cell's.
        orders: jigsaw: how many orders of the tiles there are to tell apart.
    """

    task: Literal["rotation", "inpainting", "jigsaw"] = "rotation"
    crop_scale: CropScale | None = (1.0, 1.0)
    flip: Probability = 0.5
    hole: Share = 0.6
    grid: Annotated[int, Range(2, 3)] = 2
    tile: Share = 0.875
    orders: Annotated[int, Range(2, 10_000)] = 24

    def __post_init__(self):
        super().__post_init__()
        if self.orders > math.factorial(self.grid**2):
            most = math.factorial(self.grid**2)
            raise ValueError(f"orders must be at most {most}, the orders of {self.grid**2} tiles, got {self.orders}")

    @classmethod
    def for_profile(cls, profile: Profile, **changes) -> Self:
        """The settings for a profile's sizes, with `changes` by name.

        Rotation sees each image four times, so its batches have half as many images. Epochs are a part of the
        profile's: these tasks are there to be compared within a lesson's minutes.
        """
        task = changes.get("task", cls.task)
        share = {"rotation": 6, "inpainting": 4, "jigsaw": 6}.get(task, 1)
        settings = dict(epochs=max(2, profile.epochs // share))
        if task == "rotation":
            settings["batch_size"] = profile.batch_size // 2
        return super().for_profile(profile, **{**settings, **changes})

    @property
    def chance_loss(self) -> float | None:
        """The loss of guessing; for inpainting there is none."""
        classes = {"rotation": pretext.TURNS, "jigsaw": self.orders}.get(self.task)
        return math.log(classes) if classes else None

    def hole_pixels(self, size: int) -> int:
        """Side of the hole in an image of `size` pixels."""
        return max(1, round(self.hole * size))

    def tile_pixels(self, size: int) -> int:
        """Side of a tile of an image of `size` pixels."""
        return max(1, round(self.tile * (size // self.grid)))

    def permutations(self) -> Tensor:
        """The orders of the tiles, `[orders, grid²]`: the same for all seeds."""
        return pretext.hamming_permutations(self.grid**2, self.orders)


def probe_holes(config: PretextConfig, probe: Tensor) -> Tensor:
    """What is hidden of the probe images, the same at every snapshot: bool `[P, 1, S, S]`."""
    generator = torch.Generator().manual_seed(config.seed)
    return pretext.random_holes(len(probe), probe.shape[-1], config.hole_pixels(probe.shape[-1]), generator)


def build_pretext(config: PretextConfig, channels: int, size: int) -> SimCLR:
    """The encoder and the head of the task, for images `[B, channels, size, size]`; weights drawn from `config.seed`.

    Its `head(h)` gives scores of the turns `[B, 4]`, the whole image `[B, channels, size, size]`, or scores of the
    orders.
    """
    with RandomStream(config.seed):
        encoder = resnet18(config.stem, config.width, channels)
        d = encoder.feature_dim
        if config.task == "rotation":
            head: nn.Module = nn.Linear(d, pretext.TURNS)
        elif config.task == "inpainting":
            head = pretext.Decoder(d, channels, size)
        else:
            head = pretext.JigsawHead(d, config.grid**2, config.orders)
    return SimCLR(encoder, head)


def train_pretext(
    images: ImageSet,
    config: PretextConfig,
    run_dir: str | Path | None = None,
    resume: bool = True,
    *,
    start_from: str | Path | None = None,
    probe: Tensor | None = None,
    progress: Callable[[Run], None] | str | None = "bar",
) -> Run:
    """Train an encoder with a pretext task. Arguments and errors as for `train_simclr`.

    With inpainting the snapshots are no features: they are the fills of the probe images, float16 `[P, C, H, W]`, with
    `probe_holes(config, probe)` hidden.
    """
    channels, size = images.images.shape[1], images.images.shape[-1]
    model = build_pretext(config, channels, size)
    augment = Augment(size, config.crop_scale, jitter=0, grayscale=0, flip=config.flip)
    orders = config.permutations() if config.task == "jigsaw" else None

    def batch_loss(model: nn.Module, batch: Tensor, labels: Tensor, draw: Draw) -> Tensor:
        views = augment(batch, draw.generator, draw.share)  # [B, C, S, S]
        count, rank = len(views) * draw.share[1], draw.share[0]  # of the whole batch, of which this is one part
        mine = slice(rank * len(views), (rank + 1) * len(views))
        if config.task == "rotation":
            x, target = pretext.rotated_batch(views)
        elif config.task == "inpainting":
            holes = pretext.random_holes(count, size, config.hole_pixels(size), draw.generator)[mine].to(views.device)
            x = pretext.hide(views, holes)
        else:
            target = torch.randint(config.orders, (count,), generator=draw.generator)[mine]
            tiles = pretext.cut_tiles(views, config.grid, config.tile_pixels(size), draw.generator, draw.share)
            x = pretext.shuffled_tiles(pretext.normalise_tiles(tiles), orders[target].to(views.device)).flatten(0, 1)
        out = model(x.contiguous(memory_format=torch.channels_last))[1].float()
        if config.task == "inpainting":
            return pretext.hole_loss(out, views, holes)
        return F.cross_entropy(out, target.to(out.device))

    def fills(probe: Tensor) -> Tensor:
        return pretext.fill(model, probe, probe_holes(config, probe))

    return fit(
        model,
        images,
        batch_loss,
        config,
        new_run(run_dir, config.task, config, images),
        encoder=model.encoder,
        resume=resume,
        start_from=start_from,
        chance_loss=config.chance_loss,
        probe=probe,
        snapshot=fills if config.task == "inpainting" else None,
        progress=progress,
    )

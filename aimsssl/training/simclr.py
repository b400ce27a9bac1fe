"""SimCLR: two views of every image, pulled together among all others (Chen et al. 2020, arXiv:2002.05709)."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

import torch
from torch import Tensor, nn

from ..augment import TwoViews
from ..datasets import ImageSet
from ..losses import nt_xent
from ..models import ENCODERS, ProjectionHead, SimCLR, build_encoder
from ..profile import Profile
from ..randomness import RandomStream
from .config import TrainingConfig
from .loop import Draw, fit, new_run
from .runs import Run
from .settings import CropScale, Probability, Range, Size

ViewSize = Annotated[int, Range(8, 1024)]
RECIPES = {
    # Chen et al. 2020, arXiv:2002.05709, B.9 (CIFAR-10; there with ResNet-50), the rest as in §2.2 and §5.1
    "simclr-paper": dict(
        stem="cifar", width=64, epochs=1000, batch_size=1024, optimizer="lars", learning_rate=1.0, weight_decay=1e-6,
        warmup_epochs=10.0, d_hidden=512, d_out=128, temperature=0.5, crop_scale=(0.08, 1.0),
    ),
    # github.com/dkobak/simclr-cifar10: ResNet-18, SGD with rate 0.03·batch/256; decays biases and norms too
    "cifar-1000": dict(
        stem="cifar", width=64, epochs=1000, batch_size=1024, optimizer="sgd", learning_rate=0.12, momentum=0.9,
        nesterov=False, weight_decay=5e-4, decay_all=True, warmup_epochs=0.0, d_hidden=1024, d_out=128,
        temperature=0.5, grayscale=0.1, head_norm=False,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class SimCLRConfig(TrainingConfig):
    """`TrainingConfig` and what is SimCLR's own.

    Attributes:
        encoder: resnet18, convnet, alexnet or vgg16; `stem` is resnet18's.
        head: mlp (two layers), linear (one), or none: the loss sees h itself.
        head_norm: a batch norm behind each linear layer of the head.
        d_hidden, d_out: of the head.
        temperature: τ of NT-Xent.
        crop_scale: range of the crop's share of the area, low to high.
        jitter: strength of the colour jitter, 0 for none.
        grayscale, blur, flip: probability that a view is grey; blurred; mirrored.
        view_sizes: sides of the views in pixels, one after the other, each for an equal part of the training: 24, 32
            begins with small and quick ones (Tan & Le 2021, arXiv:2104.00298, §4). 24 alone was better for kNN of
            32-pixel images: a crop shows things larger than the whole image does, and smaller views undo that (Touvron
            et al. 2019, arXiv:1906.06423, §3). Empty for the images' own size.
        separate_views: a forward pass for each view, so that batch norm sees N images at a time and not 2N. With the
            `cifar` stem of width 64 that is a tenth faster on a CPU, for more of it stays in the cache.
        identical_views: both views are the same, a fault that lesson 04 studies.
    """

    encoder: Literal[ENCODERS] = "resnet18"
    head: Literal["mlp", "linear", "none"] = "mlp"
    head_norm: bool = True
    d_hidden: Size = 256
    d_out: Size = 128
    temperature: Annotated[float, Range(1e-3)] = 0.2
    crop_scale: CropScale | None = (0.2, 1.0)
    jitter: Annotated[float, Range(0, 2.5)] = 0.5
    grayscale: Probability = 0.2
    blur: Probability = 0.0
    flip: Probability = 0.5
    view_sizes: tuple[ViewSize, ...] = ()
    separate_views: bool = False
    identical_views: bool = False

    @classmethod
    def for_profile(cls, profile: Profile, **changes) -> Self:
        """The settings that were found best for a profile's size, with `changes` by name.

        `cpu` was compared on 2,000 images of the training split that no candidate saw (ResNet-18 of width 16, batch
        128, runs of a minute, one seed each, which orders what lies far apart and no more): all candidates stand in
        `data/recorded_runs/settings_shapes`.
        - Large differences: a batch norm in the head, AdamW before LARS and SGD, crops from 0.4 of the area, not 0.2.
        - Small ones: AdamW at 0.016 before 0.008, the default with which the lessons were recorded.
        - A temperature of 0.1 is better on `shapes` than 0.2, and 0.5 is worse.

        Views that grow (`shapes_minutes`, a quarter of the time of the run `shapes`, one seed): 24, then 32 pixels gave
        kNN 0.811 and a probe of 0.844, 32 alone 0.804 and 0.855: neighbours gain a little, the probe does not. The
        convnet of width 8 gave 0.816 and 0.907, with Muon 0.831 and 0.913, with views of 24 besides 0.864 and 0.939;
        the small ResNet-18 with all three gave 0.758 and 0.840: it gains nothing.

        On CIFAR-10 (`settings_cifar10`, three epochs) kNN prefers LARS at 4 with a batch norm in the head to AdamW, SGD
        and other rates; temperature 0.1 is as good as 0.2. By the probe all candidates are close together. In a third
        of that run's time (`five_minutes`, 5,000 held-out images, one seed) kNN is 0.527 with these settings, 0.554
        with views of 20, 24, 32 pixels at temperature 0.1, 0.568 with the convnet at 0.1 (0.565 with AdamW), 0.595 with
        the convnet and views of 24, 32, and with Muon besides 0.627, or 0.649 with views of 24 alone. kNN of h behind
        `pca_whiten` is then 0.708 and 0.715.

        `gpu` takes the recipe "cifar-1000" at the profile's batch size.
        """
        if profile.name == "gpu":
            rate = RECIPES["cifar-1000"]["learning_rate"] * profile.batch_size / RECIPES["cifar-1000"]["batch_size"]
            sizes = dict(epochs=profile.epochs, batch_size=profile.batch_size, learning_rate=rate)
            changes = {**RECIPES["cifar-1000"], **sizes, **changes}
        return super().for_profile(profile, **changes)

    @classmethod
    def from_recipe(cls, name: str, **changes) -> Self:
        """The settings of a published run on CIFAR-10, with `changes` by name: see `RECIPES`.

        Raises:
            ValueError: there is no recipe of this name.
        """
        if name not in RECIPES:
            raise ValueError(f"recipe must be one of {', '.join(RECIPES)}, got {name!r}")
        return cls(**{**RECIPES[name], **changes})

    @property
    def chance_loss(self) -> float:
        """log(2N−1), the loss of guessing which of the 2N−1 other views is the partner."""
        return math.log(2 * self.batch_size - 1)


def build_simclr(config: SimCLRConfig, in_channels: int) -> SimCLR:
    """The model, with weights drawn from `config.seed`: untrained, it is the random-weights baseline."""
    with RandomStream(config.seed):
        encoder = build_encoder(config.encoder, stem=config.stem, width=config.width, in_channels=in_channels)
        head: nn.Module = nn.Identity()
        if config.head != "none":
            d_hidden = config.d_hidden if config.head == "mlp" else 0
            head = ProjectionHead(encoder.feature_dim, d_hidden, config.d_out, config.head_norm)
    return SimCLR(encoder, head)


def train_simclr(
    images: ImageSet,
    config: SimCLRConfig,
    run_dir: str | Path | None = None,
    resume: bool = True,
    *,
    start_from: str | Path | None = None,
    probe: Tensor | None = None,
    progress: Callable[[Run], None] | str | None = "bar",
) -> Run:
    """Train an encoder with SimCLR.

    Args:
        images: labels are used by the kNN monitor only, on `config.held_out` images that are kept from training.
        config: see `SimCLRConfig`.
        run_dir: folder of the run, see `aimsssl.training.runs`; None keeps it in memory. It is made after the first
            step, so that a run that cannot start leaves nothing behind. Where a relative path cannot be written, the
            run goes to `AIMSSSL_HOME`, and says so.
        resume: go on with a run of the same configuration that was stopped, or (with more `epochs`) was finished: the
            learning rate is then from there on what a run of so many epochs has there. Another `device`, another number
            of threads or processor may go on with it, too; a note says what rounds otherwise there.
        start_from: folder of another run, whose encoder this one begins with, and whose head where that fits. Which one
            it was is kept in `config.json`.
        probe: uint8 `[P, C, H, W]`, whose features are kept at `config.snapshot_epochs`.
        progress: "bar", None, or a function that is called with the run after each epoch.

    Returns:
        The run; `run.model.encoder` is trained and in evaluation mode.

    Raises:
        ValueError: the batch is larger than the data, the device is not here, or the probe images do not fit.
        RunError: the folder holds another run, is damaged, in use or cannot be written; or the loss is no longer
            finite.
    """
    model = build_simclr(config, images.images.shape[1])
    draws = (config.crop_scale, config.jitter, config.grayscale, config.blur, config.flip)
    stages = [TwoViews(size, *draws) for size in config.view_sizes or (images.images.shape[-1],)]

    def batch_loss(model: nn.Module, batch: Tensor, labels: Tensor, draw: Draw) -> Tensor:
        view1, view2 = stages[int(draw.done * len(stages))](batch, draw.generator, draw.share)
        if config.identical_views:
            view2 = view1
        if config.separate_views:
            z1, z2 = (model(view.contiguous(memory_format=torch.channels_last))[1] for view in (view1, view2))
        else:
            z1, z2 = model(torch.cat([view1, view2]).contiguous(memory_format=torch.channels_last))[1].chunk(2)
        return nt_xent(z1, z2, config.temperature, group=draw.group)

    return fit(
        model,
        images,
        batch_loss,
        config,
        new_run(run_dir, "simclr", config, images),
        encoder=model.encoder,
        resume=resume,
        start_from=start_from,
        chance_loss=config.chance_loss,
        probe=probe,
        progress=progress,
    )

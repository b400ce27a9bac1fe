"""The same encoder trained with labels: what the self-supervised ones are measured against."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..augment import Augment
from ..datasets import ImageSet
from ..models import ENCODERS, SimCLR, build_encoder
from ..randomness import RandomStream
from .config import TrainingConfig
from .loop import Draw, fit, new_run
from .runs import Run
from .settings import CropScale, Probability


@dataclass(frozen=True)
class SupervisedConfig(TrainingConfig):
    """`TrainingConfig`, an encoder, and the augmentation of the single view: crop and flip, as in SimCLR (B.8).

    Attributes:
        encoder: convnet, resnet18, alexnet or vgg16; `stem` is resnet18's.
        sobel: whether the encoder sees edges in place of colours.
        crop_scale: range of the crop's share of the area, low to high.
        flip: probability that an image is mirrored.
    """

    encoder: Literal[ENCODERS] = "resnet18"
    sobel: bool = False
    crop_scale: CropScale | None = (0.5, 1.0)
    flip: Probability = 0.5


def train_supervised(
    images: ImageSet,
    config: SupervisedConfig,
    run_dir: str | Path | None = None,
    resume: bool = True,
    *,
    start_from: str | Path | None = None,
    probe: Tensor | None = None,
    progress: Callable[[Run], None] | str | None = "bar",
) -> Run:
    """Train an encoder and a linear classifier with cross-entropy. Arguments and errors as for `train_simclr`.

    Raises:
        ValueError: an image has no label.
    """
    if (images.labels < 0).any():
        raise ValueError(f"train_supervised needs a label for every image; {images.name} has some that are unknown")
    with RandomStream(config.seed):
        encoder = build_encoder(
            config.encoder,
            stem=config.stem,
            width=config.width,
            in_channels=images.images.shape[1],
            sobel=config.sobel,
        )
        model = SimCLR(encoder, nn.Linear(encoder.feature_dim, int(images.labels.max()) + 1))
    augment = Augment(images.images.shape[-1], config.crop_scale, jitter=0, grayscale=0, flip=config.flip)

    def batch_loss(model: nn.Module, batch: Tensor, labels: Tensor, draw: Draw) -> Tensor:
        _, logits = model(augment(batch, draw.generator, draw.share).contiguous(memory_format=torch.channels_last))
        return F.cross_entropy(logits.float(), labels)

    return fit(
        model,
        images,
        batch_loss,
        config,
        new_run(run_dir, "supervised", config, images),
        encoder=model.encoder,
        resume=resume,
        start_from=start_from,
        probe=probe,
        progress=progress,
    )

"""Fine-tuning: the whole encoder goes on training, with a new linear classifier, on a few labelled images."""

import copy
import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..augment import Augment
from ..models import extract
from ..optim import warmup_cosine
from .knn import check_labels


@dataclass(frozen=True)
class FinetuneResult:
    """accuracy on the test split in [0, 1], and how it came about."""

    accuracy: float
    predictions: Tensor  # int64 [Q]
    losses: list[float]  # mean training loss of each epoch
    model: nn.Sequential  # encoder and classifier, in evaluation mode


def finetune(
    encoder: nn.Module,
    train_images: Tensor,
    train_labels: Tensor,
    test_images: Tensor,
    test_labels: Tensor,
    *,
    epochs: int = 60,
    batch_size: int = 32,
    learning_rate: float = 2e-3,
    weight_decay: float = 1e-4,
    crop_scale: tuple[float, float] | None = (0.4, 1.0),
    flip: float = 0.5,
    seed: int = 0,
) -> FinetuneResult:
    """Train a copy of `encoder` and a new linear classifier on labels; the encoder that came in is not changed.

    AdamW, a rate that falls along half a cosine, crops and flips, batch norm in training mode. The number of epochs is
    fixed beforehand: nothing is chosen by the test split, which is read once.

    Args:
        encoder: images `[B, C, H, W]` to features `[B, D]`, with an attribute `feature_dim` = D; trained or not.
        train_images, test_images: uint8 `[N, C, H, W]` and `[Q, C, H, W]`.
        train_labels, test_labels: int64 `[N]` and `[Q]`.
        epochs, batch_size, learning_rate, weight_decay: of the training; an epoch is cut into equal batches.
        crop_scale, flip: see `aimsssl.augment.Augment`.
        seed: of the classifier, the order and the augmentation.

    Raises:
        ValueError: an argument is out of its range, a label is unknown, or there are fewer than two classes.

    Source: the procedure of SimCLR's B.5 (arXiv:2002.05709: crop and flip only, 60 epochs for 1 % of the labels),
    with AdamW in place of SGD.
    """
    check_labels("train_labels", train_labels, len(train_images))
    check_labels("test_labels", test_labels, len(test_images))
    if len(train_labels.unique()) < 2:
        raise ValueError("finetune needs at least two classes among train_labels")
    for name, value, least in (("epochs", epochs, 1), ("batch_size", batch_size, 2)):
        if value < least:
            raise ValueError(f"{name} must be at least {least}, got {value}")
    if not learning_rate > 0:
        raise ValueError(f"learning_rate must be above 0, got {learning_rate}")

    device = next(encoder.parameters()).device
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        classifier = nn.Linear(encoder.feature_dim, int(train_labels.max()) + 1)
    model = nn.Sequential(copy.deepcopy(encoder), classifier).to(device).requires_grad_(True).train()
    augment = Augment(train_images.shape[-1], crop_scale, jitter=0, grayscale=0, flip=flip)
    optimizer = torch.optim.AdamW(model.parameters(), learning_rate, weight_decay=weight_decay)
    generator = torch.Generator().manual_seed(seed)

    batches = math.ceil(len(train_images) / batch_size)  # of equal size: batch norm cannot work on a rest of one image
    losses = []
    for epoch in range(epochs):
        total = 0.0
        for step, index in enumerate(torch.randperm(len(train_images), generator=generator).tensor_split(batches)):
            for group in optimizer.param_groups:
                group["lr"] = warmup_cosine(epoch * batches + step, epochs * batches, 0, learning_rate)
            views = augment(train_images[index].to(device), generator).contiguous(memory_format=torch.channels_last)
            loss = F.cross_entropy(model(views), train_labels[index].to(device))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(index)
        losses.append(total / len(train_images))

    predictions = extract(model.eval(), test_images).argmax(dim=1)
    return FinetuneResult((predictions == test_labels).float().mean().item(), predictions, losses, model)

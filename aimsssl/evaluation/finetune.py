"""Fine-tuning: the whole encoder goes on training, with a new linear classifier, on a few labelled images."""

import copy
import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .. import inputs
from ..augment import Augment
from ..models import extract
from ..optim import warmup_cosine
from ..randomness import RandomStream


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
        train_labels, test_labels: integers `[N]` and `[Q]`, classes counted from 0.
        epochs, batch_size, learning_rate, weight_decay: of the training; an epoch is cut into equal batches.
        crop_scale, flip: see `aimsssl.augment.Augment`.
        seed: of the classifier, the order and the augmentation.

    Raises:
        TypeError, ValueError: an argument is out of its range, a label is unknown, there are fewer than two classes, or
            the loss is no longer finite.

    Source: the procedure of SimCLR's B.5 (arXiv:2002.05709: crop and flip only, 60 epochs for 1 % of the labels),
    with AdamW in place of SGD.
    """
    inputs.kind("encoder", encoder, nn.Module)
    train_images = inputs.images("train_images", train_images)
    test_images = inputs.images("test_images", test_images)
    train_labels = inputs.labels("train_labels", train_labels, len(train_images))
    test_labels = inputs.labels("test_labels", test_labels, len(test_images))
    classes = train_labels.unique()
    if len(classes) < 2:
        raise ValueError("finetune needs at least two classes among train_labels")
    outputs = int(classes[-1]) + 1
    if outputs > 100 * len(train_images) + 1000:
        raise ValueError(f"train_labels must be numbers of classes, counted from 0; got {outputs - 1}")
    epochs, batch_size = inputs.count("epochs", epochs), inputs.count("batch_size", batch_size, 2)
    learning_rate = inputs.number("learning_rate", learning_rate, above=0, most=1e3)
    weight_decay = inputs.number("weight_decay", weight_decay, least=0)
    if train_images.shape[1] != test_images.shape[1]:
        raise ValueError(
            f"test_images must have {train_images.shape[1]} channels, as train_images; got {test_images.shape[1]}"
        )

    device, generator = next(encoder.parameters()).device, inputs.generator(seed)
    stream = RandomStream(generator.initial_seed(), device)  # of the classifier's weights, and the encoder's dropout
    with stream:
        classifier = nn.Linear(encoder.feature_dim, outputs)
    model = nn.Sequential(copy.deepcopy(encoder), classifier).to(device).requires_grad_(True).train()
    augment = Augment(train_images.shape[-1], crop_scale, jitter=0, grayscale=0, flip=flip)
    optimizer = torch.optim.AdamW(model.parameters(), learning_rate, weight_decay=weight_decay)

    batches = math.ceil(len(train_images) / batch_size)  # of equal size: batch norm cannot work on a rest of one image
    losses = []
    for epoch in range(epochs):
        total = 0.0
        for step, index in enumerate(torch.randperm(len(train_images), generator=generator).tensor_split(batches)):
            for group in optimizer.param_groups:
                group["lr"] = warmup_cosine(epoch * batches + step, epochs * batches, 0, learning_rate)
            views = augment(train_images[index].to(device), generator).contiguous(memory_format=torch.channels_last)
            with stream:
                loss = F.cross_entropy(model(views), train_labels[index].to(device))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(index)
        losses.append(total / len(train_images))
        if not math.isfinite(total):
            raise ValueError(f"the loss became {total} in epoch {epoch + 1}: lower learning_rate {learning_rate:g}")

    predictions = extract(model.eval(), test_images).argmax(dim=1)
    return FinetuneResult((predictions == test_labels).float().mean().item(), predictions, losses, model)

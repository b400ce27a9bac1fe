"""`digits`: the 1,797 handwritten digits that come with scikit-learn, real images with no download."""

from __future__ import annotations

import torch
from sklearn.datasets import load_digits
from torch.nn import functional as F

from aimsssl.datasets.imageset import ImageSet, balanced_sample

TEST = 360  # a fifth
SIDE = 32


def load(split: str = "train") -> ImageSet:
    """The digits of scikit-learn, enlarged from 8x8 to 32x32 (bilinear) and from 17 grey levels to 0..255.

    The split is fixed: 360 test images, 36 of each digit, and 1,437 for training. scikit-learn's copy is the test
    part of the UCI set (Alpaydin and Kaynak, 1998, https://archive.ics.uci.edu/dataset/80) and does not say who wrote
    which digit, so that one hand may be in both parts.

    Returns:
        `ImageSet`: images uint8 `[N, 1, 32, 32]`, labels int64 `[N]`, classes "0" to "9".

    Raises:
        ValueError: an unknown split.
    """
    if split not in ("train", "test"):
        raise ValueError(f"split is {split!r}, expected 'train' or 'test'")
    source = load_digits()
    small = torch.from_numpy(source.images).float()[:, None] * (255 / 16)  # [N, 1, 8, 8]
    images = F.interpolate(small, size=(SIDE, SIDE), mode="bilinear", align_corners=False)
    labels = torch.from_numpy(source.target).long()
    chosen = torch.zeros(len(labels), dtype=torch.bool)
    chosen[balanced_sample(labels, TEST, seed=0)] = True
    chosen = chosen if split == "test" else ~chosen
    classes = tuple(str(digit) for digit in range(10))
    return ImageSet(f"digits/{split}", images.round().to(torch.uint8)[chosen], labels[chosen], classes)

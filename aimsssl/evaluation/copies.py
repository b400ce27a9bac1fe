"""Test images that are also training images, in the same pixels or in other ones: another format, size or quality."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..augment import grayscale
from .knn import nearest_neighbours

NEIGHBOURS = 8  # the nearest of them may be a copy, the farthest is taken for another image
COARSE, FINE = 8, 16  # pixels: what JPEG, GIF and another size leave as it was
SAMPLE = 1000  # training images that say how far apart images usually are
SEEN_FROM = 1 / 200  # a smaller share of near copies may be chance: 2 of 5,000 in MNIST, 2 of 2,000 in shapes


@dataclass(frozen=True)
class Copies:
    """What `find_copies` found, an entry for each test image.

    Attributes:
        exact: bool `[Q]`: a training image has the same pixels.
        near: bool `[Q]`: none has, but one is nearly the same.
        source: int64 `[Q]`: which training image that is, -1 where there is none.
    """

    exact: Tensor
    near: Tensor
    source: Tensor

    @property
    def any(self) -> Tensor:
        """bool `[Q]`: one or the other."""
        return self.exact | self.near


@torch.no_grad()
def find_copies(train: Tensor, test: Tensor) -> Copies:
    """Which test images are also among the training images.

    Nearly the same: the nearest training image lies at less than half the distance of the eighth, in grey at 8 x 8 and
    at 16 x 16 pixels, and at less than a sixth of what is usual between an image and its eighth neighbour. Copies as
    JPEG (quality 50 and up), WebP or GIF, in grey or in another size are found so. Turned, mirrored or cut ones are
    not, nor images of which training has eight or more copies, none of them exact. Below 1 in 200 test images near
    copies are not reported, for they may be chance.

    Args:
        train, test: uint8 `[N, C, H, W]` and `[Q, C, H, W]`; C and size may differ.
    """
    source = _same_pixels(train, test)
    exact, near = source >= 0, torch.zeros(len(test), dtype=torch.bool)
    if len(train) > 2 and len(test):
        found = _nearly_same(train, test)
        found[exact] = -1
        if (found >= 0).float().mean() >= SEEN_FROM:
            near = found >= 0
            source = torch.where(near, found, source)
    return Copies(exact, near, source)


def _same_pixels(train: Tensor, test: Tensor) -> Tensor:
    """The training image with the same values, int64 `[Q]`, -1 where there is none."""
    source = torch.full((len(test),), -1)
    if train.shape[1:] == test.shape[1:]:
        first: dict[bytes, int] = {}
        for index, image in enumerate(train):
            first.setdefault(image.numpy().tobytes(), index)
        for index, image in enumerate(test):
            source[index] = first.get(image.numpy().tobytes(), -1)
    return source


def _nearly_same(train: Tensor, test: Tensor) -> Tensor:
    """The training image that is nearly the same, int64 `[Q]`, -1 where there is none."""
    k = min(NEIGHBOURS, len(train) - 1)
    picked = torch.randperm(len(train), generator=torch.Generator().manual_seed(0))[:SAMPLE]
    keys, queries = _directions(train, test, COARSE)
    usual = _distance(nearest_neighbours(keys, keys[picked], k + 1)[0][:, -1]).median()
    distance, nearest = _ranked(keys, queries, k)
    near = (distance[:, 0] < usual / 6) & (distance[:, 0] < distance[:, -1] / 2)
    candidates = near.nonzero()[:, 0]
    if len(candidates):
        distance, _ = _ranked(*_directions(train, test[candidates], FINE), k)
        near[candidates] = distance[:, 0] < distance[:, -1] / 2
    return torch.where(near, nearest[:, 0], -1)


def _ranked(keys: Tensor, queries: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Distances of unit rows to the `k` nearest, rising, `[Q, k]`, and which they are."""
    similarity, nearest = nearest_neighbours(keys, queries, k)
    return _distance(similarity), nearest


def _directions(train: Tensor, test: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Images in grey at `size` x `size` pixels less the mean training image: `[N, size²]` and `[Q, size²]`."""
    small = [
        torch.cat([F.interpolate(grayscale(part.float()), (size, size), mode="bilinear", antialias=True).flatten(1)
                   for part in images.split(2000)])
        for images in (train, test)
    ]  # fmt: skip
    mean = small[0].mean(dim=0)
    return small[0] - mean, small[1] - mean


def _distance(cosine: Tensor) -> Tensor:
    return (2 - 2 * cosine).clamp(min=0).sqrt()

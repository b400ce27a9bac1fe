"""k-means' search: of every point the nearest centroid, in less time than all distances take.

Centroids that stay where they were are seldom compared with again (Kaukoranta, Fränti & Nevalainen 2000, IEEE Trans.
Image Process. 9(8)), and the sums of clusters change by the points that changed.
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .profile import fastest_in_turn


class Nearest(NamedTuple):
    """Of every point the nearest centroid, its score, and a bound: no other centroid scores less, but for rounding.
    `[N]` each.

    A score is ‖c‖²/2 − x·c, least where the distance is: ‖x‖² is the same for all centroids.
    """

    index: Tensor
    score: Tensor
    bound: Tensor | None  # None: not asked for

    def split(self, size: int) -> Iterator["Nearest"]:
        return map(Nearest._make, zip(*(values.split(size) for values in self), strict=True))

    @classmethod
    def cat(cls, parts: list["Nearest"]) -> "Nearest":
        return cls(*(None if values[0] is None else torch.cat(values) for values in zip(*parts, strict=True)))


class Points:
    """The points, seen from their mean: distances lose fewer digits there.

    Attributes:
        x: `[N, D]` float32.
        rows: the same, a column of ones, for ‖c‖²/2, and zeros up to a multiple of 16, which products are quick with.
    """

    def __init__(self, x: Tensor, chunk_size: int):
        (n, d), self.chunk_size = x.shape, chunk_size
        # points at a time, so that what is made of them stays in the cache
        self.few = 1024 if x.device.type == "cpu" else 2**16
        self.mean = (sum(few.sum(dim=0).double() for few in x.split(self.few)) / n).float()
        self.rows = torch.empty(n, d + 16 - d % 16, dtype=torch.float32, device=x.device)
        self.rows[:, d], self.rows[:, d + 1 :] = 1, 0
        self.x = self.rows[:, :d]
        for few, to in zip(x.split(self.few), self.x.split(self.few), strict=True):
            torch.sub(few.float(), self.mean, out=to)
        self.scatter = sum(_sum_of_squares(few) for few in self.x.split(self.few))

    def assign(self, centroids: Tensor, before: Nearest | None = None, moved: Tensor | None = None) -> Nearest:
        """The nearest centroid of every point; of equally near ones that of `before`, where it is among them.

        `moved` `[k]` says which centroids are elsewhere than when `before` was found. Where enough of them stay, points
        are compared with those that moved, and with all only if their own one moved away, beyond the bound.
        """
        last = torch.zeros(len(self.x), dtype=torch.long, device=self.x.device) if before is None else before.index
        columns = None if moved is None else moved.nonzero()[:, 0]
        # else the bound costs more than it saves
        some_stay = columns is not None and 0 < len(columns) <= len(centroids) * 7 / 8
        if not some_stay or before.bound is None:
            return self._among_all(centroids, last, bounded=some_stay)
        nearest = self._among(columns, centroids, before)
        unsure = (moved[before.index] & (nearest.score > before.bound)).nonzero()[:, 0]
        if len(unsure):
            again = self._among_all(centroids, nearest.index[unsure], bounded=True, rows=unsure)
            for values, new in zip(nearest, again, strict=True):
                values[unsure] = new
        return nearest

    def _among_all(self, centroids: Tensor, last: Tensor, bounded: bool, rows: Tensor | None = None) -> Nearest:
        """The nearest of all centroids, the `last` where it is among equally near ones; of all points, or some rows."""
        scores = _scores(centroids, min(self.chunk_size, len(last)))
        if rows is None:
            chunks = self.rows.split(self.chunk_size)
        else:
            chunks = (self.rows.index_select(0, chunk) for chunk in rows.split(self.chunk_size))
        pairs = zip(chunks, last.split(self.chunk_size), strict=True)
        return Nearest.cat([_nearer(scores(chunk), at, bounded) for chunk, at in pairs])

    def _among(self, columns: Tensor, centroids: Tensor, before: Nearest) -> Nearest:
        """The nearest of the centroids `columns` and of the last one, for all points."""
        k = len(columns)
        place = torch.full((len(centroids),), k, device=columns.device)  # k: not among the columns
        place[columns] = torch.arange(k, device=columns.device)
        scores_of = _scores(centroids[columns], min(self.chunk_size, len(self.x)))
        columns, found = F.pad(columns, (0, 1)), []
        for chunk, last in zip(self.rows.split(self.chunk_size), before.split(self.chunk_size), strict=True):
            scores, at = scores_of(chunk), place[last.index]
            scores[k] = torch.where(at == k, last.score, torch.inf)
            at, score, bound = _nearer(scores, at, bounded=True)
            index = torch.where(at == k, last.index, columns[at])
            found.append(Nearest(index, score, torch.minimum(bound, last.bound)))
        return Nearest.cat(found)

    def add_up(self, sums: Tensor, nearest: Nearest, before: Nearest | None) -> None:
        """Bring the sums of the clusters' points, float64 `[k, D]`, from `before` to `nearest`, in place.

        A point that changed its cluster is added to the one and taken from the other, unless so many did that all are
        added up anew in less time.
        """
        if before is not None:
            changed = (nearest.index != before.index).nonzero()[:, 0]
        if before is None or len(changed) > len(self.x) / 3:
            sums.zero_()
            for x, index in zip(self.x.split(self.few), nearest.index.split(self.few), strict=True):
                sums.index_add_(0, index, x.double())
            return
        for rows in changed.split(self.few):
            x = self.x.index_select(0, rows).double()
            sums.index_add_(0, nearest.index[rows], x)
            sums.index_add_(0, before.index[rows], x.neg_())

    def quick_inertia(self, nearest: Nearest) -> float:
        return (self.scatter + 2 * nearest.score.sum(dtype=torch.float64)).clamp(min=0).item()

    def inertia(self, centroids: Tensor, assignments: Tensor) -> float:
        """Sum of squared distances, without the cancellation of the quick formula."""
        pairs = zip(self.x.split(self.few), assignments.split(self.few), strict=True)
        return sum(_sum_of_squares(few - centroids[a]) for few, a in pairs).item()


def _sum_of_squares(x: Tensor) -> Tensor:
    """Of all numbers of `[N, D]`, in float64 from row to row."""
    return x.square().sum(dim=1).sum(dtype=torch.float64)


BLOCK = 16  # of rows, see _nearer


def _nearer(scores: Tensor, at: Tensor, bounded: bool) -> Nearest:
    """Of each column of `scores` `[K, B]` the row of the least, `at` where that is among the equal ones; the least;
    and the least of the others if `bounded`, and then scores are overwritten. K is a multiple of BLOCK.

    PyTorch's `argmin` costs a CPU a quarter of the matrix product before it, far more than `amin` does. So rows are
    looked for only in columns where `at` is no longer the least, and there first their block.
    """
    by_point = scores.stride(0) == 1  # a convolution's: the rows of a column lie side by side
    blocks = scores.unflatten(0, (-1, BLOCK))
    of_block = scores if by_point else blocks.amin(dim=1)
    least, last = of_block.amin(dim=0), scores.gather(0, at[None])[0]
    wrong = (least < last).nonzero()[:, 0]
    row = of_block.T[wrong].contiguous().argmin(dim=1)
    if not by_point:
        row = row * BLOCK + blocks[row, :, wrong].argmin(dim=1)
    at = at.index_put((wrong,), row)
    return Nearest(at, least, scores.scatter_(0, at[None], torch.inf).amin(dim=0) if bounded else None)


def _scores(centroids: Tensor, size: int) -> Callable[[Tensor], Tensor]:
    """A function of `Points.rows` `[B, ...]`, up to `size`: ‖c‖²/2 − x·c for these centroids, then at least one row
    of infinity, up to a multiple of BLOCK: `[K, B]`. It may give the same memory each time.
    """
    k, d = centroids.shape
    weight = torch.cat([-centroids, centroids.square().sum(dim=1, keepdim=True) / 2], dim=1)
    more = BLOCK - k % BLOCK
    if centroids.device.type == "cpu" and size * k * d >= 2**24 and _convolution_is_faster():
        weight = F.pad(weight, (0, 15 - d % 16, 0, more))
        weight[k:, d] = torch.inf
        return lambda rows: (F.linear if len(rows) % 64 else _convolution)(rows, weight).T
    scores = torch.empty(k + more, size, dtype=torch.float32, device=centroids.device)
    scores[k:] = torch.inf

    def products(rows: Tensor) -> Tensor:
        torch.mm(weight, rows[:, : d + 1].T, out=scores[:k, : len(rows)])
        return scores[:, : len(rows)]

    return products


def _convolution(x: Tensor, weight: Tensor) -> Tensor:
    """x · weightᵀ, `[B, D] -> [B, K]`, as a 1×1 convolution of B/64 images of 8×8 pixels.

    PyTorch gives a matrix product to MKL and a convolution to oneDNN, which uses AVX-512 on processors of every maker:
    on an AMD EPYC (Zen 5) it is twice as fast, on one without AVX-512 it takes up to 1.2 times as long.
    """
    images = x.view(-1, 8, 8, x.shape[1]).permute(0, 3, 1, 2)  # channels_last
    kernel = weight[:, :, None, None].to(memory_format=torch.channels_last)
    return F.conv2d(images, kernel).permute(0, 2, 3, 1).reshape(len(x), -1)


@cache
def _convolution_is_faster() -> bool:
    """By a fifth at least, measured once a process in about 50 ms: the two round differently, so a choice must not hang
    on noise."""
    if not torch.backends.mkldnn.is_available():
        return False
    operands = torch.ones(1024, 256), torch.ones(512, 256)
    linear, convolution = fastest_in_turn(lambda: F.linear(*operands), lambda: _convolution(*operands), repeats=5)
    return convolution < 0.8 * linear


def chunk_size_for(k: int, device: torch.device) -> int:
    """Points whose distances to k centroids take 8 MB on a CPU, within its cache, and 256 MB elsewhere."""
    values = 2**21 if device.type == "cpu" else 2**26
    return max(1, values // k // 2048) * 2048

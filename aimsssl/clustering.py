"""DeepCluster's pieces: PCA-whitening, k-means, and a sampler uniform over clusters.

Caron et al. 2018, arXiv:1807.05520, §3.
"""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from . import inputs
from .profile import fastest_in_turn

INITS = ("random", "k-means++")


@torch.no_grad()
def pca_whiten(features: Tensor, dim: int, *, like: Tensor | None = None) -> Tensor:
    """The first `dim` principal components, each with variance 1, then rows of length 1: `[N, D]` to `[N, dim]`.

    A direction without variance cannot be whitened: its column is zero. Without variance means a standard deviation
    below a millionth of the features' own size, which is what float32 leaves of none. So features of rank R, or R + 1
    images, give R columns and zeros; features that are all the same give zeros only, and an image that sits at the
    mean a row of zeros. Columns have any sign.

    Args:
        features: any floating-point type, `[N, D]`.
        dim: from 1 to D.
        like: features `[M, D]` of other images, whose components and variances are taken; None for those of `features`
            themselves. So test images are whitened as the training images were.

    Returns:
        float32, on the device of the features.

    Raises:
        ValueError: `dim` or a shape is out of range, D differs, or a feature is infinite or NaN.

    Source: arXiv:1807.05520, §3.4, with 256 dimensions.
    """
    features = _floats("features", features)
    fitted = features if like is None else _floats("like", like)
    features, fitted = inputs.features(features=features, like=fitted)
    dim = inputs.count("dim", dim, None)
    if not 1 <= dim <= features.shape[1]:
        raise ValueError(f"dim must be from 1 to {features.shape[1]}, the dimension of the features, got {dim}")
    mean = fitted.mean(dim=0, dtype=torch.float64)

    def centred(x: Tensor) -> Iterator[Tensor]:  # chunks in float64: all of them would take much memory
        return (chunk.double() - mean for chunk in x.split(1024))

    covariance = sum(chunk.T @ chunk for chunk in centred(fitted)) / len(fitted)
    size = (covariance.trace() + mean.square().sum()).sqrt()  # of a feature vector: root mean square
    variance, directions = torch.linalg.eigh(covariance)  # rising
    std = variance.clamp(min=0).sqrt().flip(0)[:dim]
    scale = torch.where(std > 1e-6 * size, 1 / std, 0.0)
    whitening = directions.flip(1)[:, :dim] * scale
    return torch.cat([F.normalize(chunk @ whitening, dim=1).float() for chunk in centred(features)])


# --- k-means --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class KMeansResult:
    """What `kmeans` found.

    Attributes:
        centroids: float32 `[k, D]`. That of an empty cluster is where it was last.
        assignments: int64 `[N]`, the nearest centroid of every point.
        inertia: sum of squared distances of the points to their centroids.
        inertias: the same at every step, from the start's to the last.
        reassigned: how often an empty cluster was refilled, over all iterations.
        empty: clusters that have no point at the end.
    """

    centroids: Tensor
    assignments: Tensor
    inertia: float
    inertias: list[float]
    reassigned: int
    empty: int


@torch.no_grad()
def kmeans(
    x: Tensor,
    k: int,
    *,
    iterations: int = 20,
    init: str | Tensor = "random",
    seed: int = 0,
    chunk_size: int | None = None,
) -> KMeansResult:
    """Lloyd's algorithm: assign every point to the nearest centroid, move every centroid to the mean of its points.

    A cluster that is empty after an assignment is refilled: the largest cluster that has two different points is cut in
    two, on the side of its farthest point and the other, and each half has its mean for a centroid. This lowers the
    inertia, as no point was with the empty cluster and each half is closer to its own mean. So the inertia never
    rises from one iteration to the next, refilled or not, but for rounding (a millionth of the points' scatter).
    With fewer different points than clusters some clusters stay empty.

    It ends after `iterations`, or once no assignment changes; then points are assigned to the last centroids.
    On one device the same seed gives the same result; on a GPU up to rounding, for sums have no fixed order there.

    These are the steps of the plain loop, in less time: centroids that stay where they were are seldom compared with
    again. On whitened features with some twenty points a cluster most of them stay after a few iterations; with
    hundreds of points a cluster nearly all move to the end.

    Args:
        x: `[N, D]` of any floating-point type; computed in float32, in a copy of up to 16 columns more.
        k: number of clusters, from 1 to N.
        iterations: at most so many.
        init: "random" (k different rows of x), "k-means++" (each next start drawn with a probability in proportion to
            the squared distance to those before), or the k centroids `[k, D]` to start from.
        seed: of the start.
        chunk_size: points whose distances are in memory at a time; None fits them into the cache.

    Raises:
        TypeError, ValueError: an argument is out of its range, by name, or x is infinite or NaN somewhere, or its
            largest entry not within 1e-15 and 1e15, the squares of which float32 can hold.

    Source: Lloyd 1982, IEEE Trans. Inf. Theory 28(2); k-means++: Arthur & Vassilvitskii 2007, SODA; centroids that
        stay: Kaukoranta, Fränti & Nevalainen 2000, IEEE Trans. Image Process. 9(8).
    """
    x = _floats("x", x)
    _check_size("x", x)
    k = inputs.count("k", k, None)
    if not 1 <= k <= len(x):
        raise ValueError(f"k must be from 1 to {len(x)}, the number of points, got {k}")
    iterations = inputs.count("iterations", iterations)
    chunk_size = _chunk_size(k, x.device) if chunk_size is None else inputs.count("chunk_size", chunk_size)
    points = _Points(x, chunk_size)
    centroids = _start(points, k, init, seed)
    sums = torch.zeros_like(centroids, dtype=torch.float64)
    inertias, reassigned, before, moved = [], 0, None, None
    for _ in range(iterations):
        nearest = points.assign(centroids, before, moved)
        inertias.append(points.quick_inertia(nearest))
        if before is not None and torch.equal(nearest.index, before.index):
            break
        points.add_up(sums, nearest, before)
        counts = nearest.index.bincount(minlength=k)
        last, before = centroids, nearest
        centroids = torch.where(counts[:, None] > 0, (sums / counts[:, None].clamp(min=1)).float(), last)
        reassigned += _refill(points, centroids, nearest.index, counts)
        moved = (centroids != last).any(dim=1)
    else:
        nearest = points.assign(centroids, before, moved)
        inertias.append(points.quick_inertia(nearest))
    assignments = nearest.index
    empty = int((assignments.bincount(minlength=k) == 0).sum())
    inertia = points.inertia(centroids, assignments)
    return KMeansResult(centroids + points.mean, assignments, inertia, inertias, reassigned, empty)


class _Nearest(NamedTuple):
    """Of every point the nearest centroid, its score, and a bound: no other centroid scores less, but for rounding.
    `[N]` each.

    A score is ‖c‖²/2 − x·c, least where the distance is: ‖x‖² is the same for all centroids.
    """

    index: Tensor
    score: Tensor
    bound: Tensor | None  # None: not asked for

    def split(self, size: int) -> Iterator["_Nearest"]:
        return map(_Nearest._make, zip(*(values.split(size) for values in self), strict=True))

    @classmethod
    def cat(cls, parts: list["_Nearest"]) -> "_Nearest":
        return cls(*(None if values[0] is None else torch.cat(values) for values in zip(*parts, strict=True)))


class _Points:
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

    def assign(self, centroids: Tensor, before: _Nearest | None = None, moved: Tensor | None = None) -> _Nearest:
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

    def _among_all(self, centroids: Tensor, last: Tensor, bounded: bool, rows: Tensor | None = None) -> _Nearest:
        """The nearest of all centroids, the `last` where it is among equally near ones; of all points, or some rows."""
        scores = _scores(centroids, min(self.chunk_size, len(last)))
        if rows is None:
            chunks = self.rows.split(self.chunk_size)
        else:
            chunks = (self.rows.index_select(0, chunk) for chunk in rows.split(self.chunk_size))
        pairs = zip(chunks, last.split(self.chunk_size), strict=True)
        return _Nearest.cat([_nearer(scores(chunk), at, bounded) for chunk, at in pairs])

    def _among(self, columns: Tensor, centroids: Tensor, before: _Nearest) -> _Nearest:
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
            found.append(_Nearest(index, score, torch.minimum(bound, last.bound)))
        return _Nearest.cat(found)

    def add_up(self, sums: Tensor, nearest: _Nearest, before: _Nearest | None) -> None:
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

    def quick_inertia(self, nearest: _Nearest) -> float:
        return (self.scatter + 2 * nearest.score.sum(dtype=torch.float64)).clamp(min=0).item()

    def inertia(self, centroids: Tensor, assignments: Tensor) -> float:
        """Sum of squared distances, without the cancellation of the quick formula."""
        pairs = zip(self.x.split(self.few), assignments.split(self.few), strict=True)
        return sum(_sum_of_squares(few - centroids[a]) for few, a in pairs).item()


def _sum_of_squares(x: Tensor) -> Tensor:
    """Of all numbers of `[N, D]`, in float64 from row to row."""
    return x.square().sum(dim=1).sum(dtype=torch.float64)


BLOCK = 16  # of rows, see _nearer


def _nearer(scores: Tensor, at: Tensor, bounded: bool) -> _Nearest:
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
    return _Nearest(at, least, scores.scatter_(0, at[None], torch.inf).amin(dim=0) if bounded else None)


def _scores(centroids: Tensor, size: int) -> Callable[[Tensor], Tensor]:
    """A function of `_Points.rows` `[B, ...]`, up to `size`: ‖c‖²/2 − x·c for these centroids, then at least one row
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


def _chunk_size(k: int, device: torch.device) -> int:
    """Points whose distances to k centroids take 8 MB on a CPU, within its cache, and 256 MB elsewhere."""
    values = 2**21 if device.type == "cpu" else 2**26
    return max(1, values // k // 2048) * 2048


def _start(points: _Points, k: int, init: str | Tensor, seed: int) -> Tensor:
    """The first centroids `[k, D]`, seen from the mean."""
    device = points.x.device
    if isinstance(init, Tensor):
        if init.shape != (k, points.x.shape[1]):
            raise ValueError(f"init must have shape {[k, points.x.shape[1]]}, got {list(init.shape)}")
        init = _floats("init", init)
        _check_size("init", init)
        return init.to(device).float() - points.mean
    if not isinstance(init, str) or init not in INITS:
        raise ValueError(f"init must be {', '.join(INITS)} or a tensor [k, D], got {init!r}")
    generator = inputs.generator(seed)
    if init == "random":
        return points.x[torch.randperm(len(points.x), generator=generator)[:k].to(device)]
    draws = torch.rand(k, generator=generator, dtype=torch.float64).tolist()
    chosen = [int(draws[0] * len(points.x))]
    distance = torch.full((len(points.x),), torch.inf, device=device)
    for draw in draws[1:]:
        last = points.x[chosen[-1:]]
        new = torch.cat([(chunk - last).square().sum(dim=1) for chunk in points.x.split(points.chunk_size)])
        distance = torch.minimum(distance, new)
        cumulated = distance.cumsum(dim=0, dtype=torch.float64)
        # where all distances are zero there is nothing new to choose: the first point, again
        chosen.append(min(int(torch.searchsorted(cumulated, draw * cumulated[-1], right=True)), len(points.x) - 1))
    return points.x[chosen]


def _refill(points: _Points, centroids: Tensor, assignments: Tensor, counts: Tensor) -> int:
    """Cut the largest clusters in two until no cluster is empty or none can be cut; how many were cut.

    `centroids` are changed in place.
    """
    empty = (counts == 0).nonzero()[:, 0].tolist()
    if not empty:
        return 0
    members = dict(enumerate(assignments.argsort(stable=True).split(counts.tolist())))
    heap = [(-len(m), cluster) for cluster, m in members.items() if len(m)]
    heapq.heapify(heap)
    refilled = 0
    while heap and refilled < len(empty):
        _, largest = heapq.heappop(heap)
        group = points.x[members[largest]]
        offset = group - centroids[largest]
        side = offset @ offset[offset.square().sum(dim=1).argmax()] > 0
        if side.all() or not side.any():  # its points are all the same
            continue
        new = empty[refilled]
        members[new], members[largest] = members[largest][side], members[largest][~side]
        for cluster, half in ((new, side), (largest, ~side)):
            centroids[cluster] = group[half].mean(dim=0, dtype=torch.float64).float()
            heapq.heappush(heap, (-len(members[cluster]), cluster))
        refilled += 1
    return refilled


def _floats(name: str, value: Tensor) -> Tensor:
    """Points `[N, D]` without a gradient, float32 or float64."""
    x = inputs.tensor(name, value)
    if x.ndim != 2 or 0 in x.shape or not x.is_floating_point():
        raise ValueError(f"{name} must be floating-point [N, D], not empty, got {x.dtype} {list(x.shape)}")
    return inputs.floats(name, x)


def _check_size(name: str, x: Tensor) -> None:
    largest = max(abs(value.item()) for value in x.aminmax())
    if largest and not 1e-15 < largest < 1e15:
        raise ValueError(
            f"{name} must not have entries whose squares leave float32, got up to {largest:.1e}: rescale it"
        )


# --- sampling -------------------------------------------------------------------------------------------------------


def uniform_over_clusters(assignments: Tensor, n: int, generator: torch.Generator | None = None) -> Tensor:
    """Positions `[n]`, drawn with replacement: a cluster, each non-empty one equally likely, then one of its points.

    So a cluster of a thousand images weighs no more in the loss than one of ten, and a network gains nothing by
    calling everything by the largest cluster's name.

    Raises:
        TypeError, ValueError: there is nothing to draw from, assignments are not integers from 0 `[N]`, or n is
            below 0.

    Source: arXiv:1807.05520, §3.3, on trivial parametrization.
    """
    assignments = inputs.tensor("assignments", assignments)
    if assignments.ndim != 1 or len(assignments) == 0 or assignments.is_floating_point():
        raise ValueError(
            f"assignments must be integers [N] with N ≥ 1, got {assignments.dtype} {list(assignments.shape)}"
        )
    assignments, n = inputs.labels("assignments", assignments, len(assignments), "cpu"), inputs.count("n", n, 0)
    order = assignments.argsort(stable=True)  # cluster after cluster
    counts = assignments.unique(return_counts=True)[1]
    cluster = torch.randint(len(counts), (n,), generator=generator)
    place = (torch.rand(n, generator=generator, dtype=torch.float64) * counts[cluster]).long()
    return order[(counts.cumsum(0) - counts)[cluster] + place]

"""DeepCluster's pieces: PCA-whitening, k-means, and a sampler uniform over clusters.

Caron et al. 2018, arXiv:1807.05520, §3.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from . import inputs
from .nearest_centroid import Points, chunk_size_for

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
    chunk_size = chunk_size_for(k, x.device) if chunk_size is None else inputs.count("chunk_size", chunk_size)
    points = Points(x, chunk_size)
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


def _start(points: Points, k: int, init: str | Tensor, seed: int) -> Tensor:
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


def _refill(points: Points, centroids: Tensor, assignments: Tensor, counts: Tensor) -> int:
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

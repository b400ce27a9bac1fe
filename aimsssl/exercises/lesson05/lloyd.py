"""One step of Lloyd's algorithm (Lloyd 1982): assign every point, then move every centroid."""

from collections.abc import Callable

import torch
from torch import Tensor

from aimsssl.exercises.old_framework import Exercise, Wrong, call, expect, one_of

POINTS, DIM, K = 40, 3, 4


def _reference_lloyd_step(x: Tensor, centroids: Tensor) -> tuple[Tensor, Tensor]:
    """`(assignments [N], new_centroids [k, D])`; the centroid of a cluster without points stays where it is."""
    assignments = torch.cdist(x, centroids).argmin(dim=1)
    members = torch.nn.functional.one_hot(assignments, len(centroids)).to(x.dtype)  # [N, k]
    counts = members.sum(dim=0)
    means = members.T @ x / counts.clamp(min=1)[:, None]
    return assignments, torch.where(counts[:, None] > 0, means, centroids)


def _points() -> tuple[Tensor, Tensor]:
    """Points, and centroids of very different lengths: who compares by inner products is misled."""
    return 2 * torch.randn(POINTS, DIM), torch.randn(K, DIM) * torch.tensor([[0.2], [1.0], [2.0], [3.0]])


def _pair(student: Callable, x: Tensor, centroids: Tensor) -> tuple[Tensor, Tensor]:
    pair = call(student, x, centroids)
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise Wrong("wrong type", pair, "a pair: (assignments, new_centroids)")
    return pair


def _nearest(student: Callable) -> None:
    """The number of the nearest centroid of every point."""
    x, centroids = _points()
    right, moved = _reference_lloyd_step(x, centroids)
    distances = torch.cdist(x, centroids)  # [N, k]
    expect(
        f"the assignments of {POINTS} points to {K} centroids",
        _pair(student, x, centroids)[0],
        right,
        likely={
            "results in the wrong order": moved,
            "a point for each centroid": distances.argmin(dim=0),
            "the farthest centroid": distances.argmax(dim=1),
            "largest inner product": (x @ centroids.T).argmax(dim=1),
            "distances along the axes": torch.cdist(x, centroids, p=1).argmin(dim=1),
            "assigned after the move": torch.cdist(x, moved).argmin(dim=1),
            "distances, not numbers": one_of(distances.amin(dim=1), distances.amin(dim=1) ** 2),
            "all distances, not the nearest": lambda came: came.shape == (POINTS, K),
        },
    )


def _means(student: Callable) -> None:
    """Every centroid goes to the mean of its points, the whole way."""
    x, centroids = _points()
    assignments, right = _reference_lloyd_step(x, centroids)
    groups = [x[assignments == j] for j in range(K)]
    expect(
        f"the new centroids of {POINTS} points in {K} clusters, none of them empty",
        _pair(student, x, centroids)[1],
        right,
        likely={
            "centroids not moved": centroids,
            "sum, not mean": torch.stack([group.sum(dim=0) for group in groups]),
            "divided by all points": torch.stack([group.sum(dim=0) / POINTS for group in groups]),
            "one mean for all": lambda came: torch.allclose(came, x.mean(dim=0).expand(K, DIM), atol=1e-4),
            "middle of the range, not mean": one_of(
                torch.stack([group.median(dim=0).values for group in groups]),
                torch.stack([(group.amin(dim=0) + group.amax(dim=0)) / 2 for group in groups]),
            ),
            "half the way": (right + centroids) / 2,
            "the old centroid counted as a point": torch.stack(
                [
                    (group.sum(dim=0) + centroid) / (len(group) + 1)
                    for group, centroid in zip(groups, centroids, strict=True)
                ]
            ),
            "mean over the features": lambda came: came.ndim == 1 or came.shape[1] == 1,
        },
        atol=1e-5,
    )


def _an_empty_cluster(student: Callable) -> None:
    """A centroid that is nobody's nearest."""
    x, centroids = _points()
    centroids[1] = 100.0
    _, right = _reference_lloyd_step(x, centroids)
    came = _pair(student, x, centroids)[1]
    row = came[1] if isinstance(came, Tensor) and came.shape == right.shape else came
    expect(
        f"the new centroids where no point is near number 1 of {K}",
        came,
        right,
        likely={
            "an empty cluster gives NaN": lambda _: row.isnan().any(),
            "an empty cluster goes to the origin": lambda _: (row == 0).all(),
            "an empty cluster is left out": lambda came: came.shape == (K - 1, DIM),
        },
        atol=1e-5,
    )


lloyd_step = Exercise(
    lesson="05",
    name="lloyd_step",
    title="Write one step of k-means: assign the points, move the centroids.",
    difficulty="●○○",
    minutes=15,
    reference=_reference_lloyd_step,
    hints=(
        "Two halves. In the first the centroids stand still and every point chooses. In the second the choice stands "
        "still and every centroid moves.",
        "torch.cdist gives all distances as a matrix, points by centroids. Along which dimension is the nearest "
        "centroid of a point? For the move, a loop over the clusters is fine; what is the mean of no point at all?",
        "The assignments are the argmin of the distances along dimension 1. Start from a copy of the centroids; for "
        "each j that has at least one point, put the mean over dimension 0 of the points with assignment j into row j.",
    ),
    checks=(_nearest, _means, _an_empty_cluster),
    mistakes={
        "results in the wrong order": "The assignments come first, the centroids second.",
        "a point for each centroid": "This is the nearest point of each centroid: k numbers. Every point looks for its "
        "centroid, so there are N answers.",
        "the farthest centroid": "Every point went to the centroid that is farthest from it.",
        "largest inner product": "An inner product grows with the length of the centroid, so a long centroid wins "
        "points that lie nearer to another. It is the same as distance only where all centroids have one length.",
        "distances along the axes": "Distance is straight (Euclidean) here. With the sum of absolute differences the "
        "mean is no longer the best place for a centroid, and inertia may rise.",
        "assigned after the move": "These are the assignments to the *new* centroids. One step assigns first, then "
        "moves; the next step assigns again.",
        "distances, not numbers": "This says how far the nearest centroid is, not which one it is.",
        "all distances, not the nearest": "There is a whole row for each point. Which entry of it is asked for?",
        "centroids not moved": "The centroids that came in go out again. The second half of the step is missing.",
        "sum, not mean": "The points of a cluster were added. Large clusters would throw their centroid far out.",
        "divided by all points": "Each sum was divided by the number of all points, not by that of its own cluster.",
        "one mean for all": "Every centroid went to the mean of *all* points.",
        "middle of the range, not mean": "This is a median or the middle of the range. The place with the smallest sum "
        "of squared distances is the mean, and only with it can inertia never rise.",
        "half the way": "The centroids stop half-way. In Lloyd's algorithm they go to the mean at once.",
        "the old centroid counted as a point": "The old centroid is in the mean, as if it were one of the points.",
        "mean over the features": "The mean was taken over the features of a point. It goes over the points.",
        "an empty cluster gives NaN": "The mean of no point is 0 divided by 0. From the next step on every distance to "
        "this centroid is NaN.",
        "an empty cluster goes to the origin": "A cluster without points was sent to the origin. The contract says "
        "where its centroid should be.",
        "an empty cluster is left out": "There are fewer centroids than before, and the numbers of the clusters behind "
        "the empty one have changed.",
    },
)

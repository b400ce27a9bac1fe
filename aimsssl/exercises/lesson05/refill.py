"""Give an empty cluster points again, by cutting the largest in two (compare arXiv:1807.05520, §3.3)."""

from collections.abc import Callable

import torch
from torch import Tensor

from aimsssl.exercises.old_framework import Exercise, Wrong, call, expect, one_of


def _reference_refill(x: Tensor, centroids: Tensor, assignments: Tensor) -> tuple[Tensor, Tensor]:
    """`(centroids [k, D], assignments [N])` without an empty cluster, as long as there are points to share."""
    centroids, assignments = centroids.clone(), assignments.clone()
    for empty in (assignments.bincount(minlength=len(centroids)) == 0).nonzero()[:, 0].tolist():
        largest = assignments.bincount(minlength=len(centroids)).argmax()
        members = (assignments == largest).nonzero()[:, 0]
        distances = (x[members] - centroids[largest]).norm(dim=1)
        centroids[empty] = x[members[distances.argmax()]]
        nearer = (x[members] - centroids[empty]).norm(dim=1) < distances
        assignments[members[nearer]] = empty
    return centroids, assignments


def _clusters(sizes: tuple[int, ...]) -> tuple[Tensor, Tensor, Tensor]:
    """Points of long clusters with these sizes (0 is empty), in mixed order; their centroids; their clusters."""
    k = len(sizes)
    assignments = torch.repeat_interleave(torch.arange(k), torch.tensor(sizes))
    assignments = assignments[torch.randperm(len(assignments))]
    x = torch.stack([12 * torch.rand(len(assignments)) - 6, 20.0 * assignments], dim=1)
    x += torch.randn(len(x), 2)
    centroids = torch.full((k, 2), 90.0)
    for cluster in assignments.unique().tolist():
        centroids[cluster] = x[assignments == cluster].mean(dim=0)
    return x, centroids, assignments


def _pair(student: Callable, *args: Tensor) -> tuple[Tensor, Tensor]:
    pair = call(student, *args)
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise Wrong("wrong type", pair, "a pair: (centroids, assignments)")
    return pair


def _new_centroid(student: Callable) -> None:
    """Where the empty cluster begins anew, and that all others stay where they are."""
    x, centroids, assignments = _clusters((9, 0, 30, 15))
    x[(assignments == 3).nonzero()[0, 0]] += 30.0  # an outlier, in a cluster that is not the largest
    right, _ = _reference_refill(x, centroids, assignments)
    came = _pair(student, x, centroids, assignments)[0]
    own = x - centroids[assignments]
    far = own.norm(dim=1)
    small = (assignments == 0).nonzero()[:, 0]
    large = (assignments == 2).nonzero()[:, 0]
    row = came[1] if isinstance(came, Tensor) and came.shape == right.shape else None
    others = [0, 2, 3]

    def begins_at(*places: Tensor) -> Callable[[object], bool]:
        return lambda _: any(torch.allclose(row, place, atol=1e-4) for place in places)

    expect(
        "the centroids; the clusters have 9, 0, 30 and 15 points, and number 3 has an outlier",
        came,
        right,
        likely={
            "results in the wrong order": lambda came: came.ndim == 1,
            "nothing refilled": centroids,
            "the empty cluster left out": lambda came: len(came) == 3,
            "other centroids moved": lambda came: not torch.allclose(came[others], centroids[others], atol=1e-4),
            "a copy of the centroid": begins_at(centroids[2]),
            "the farthest point of all": begins_at(x[far.argmax()]),
            "the smallest cluster cut": begins_at(x[small[far[small].argmax()]]),
            "the nearest point": begins_at(x[large[far[large].argmin()]]),
            "farthest from the empty cluster": begins_at(
                x[(x - centroids[1]).norm(dim=1).argmax()], x[large[(x[large] - centroids[1]).norm(dim=1).argmax()]]
            ),
            "a mean, not a point": begins_at(x.mean(dim=0), x[large].mean(dim=0), torch.zeros(2)),
            "any point": lambda _: (x - row).norm(dim=1).min() < 1e-4,
        },
    )


def _who_moves(student: Callable) -> None:
    """The points of the cluster that was cut go to the nearer of the two, all others stay."""
    x, centroids, assignments = _clusters((9, 0, 30, 15))
    right_centroids, right = _reference_refill(x, centroids, assignments)
    nearest = torch.cdist(x, right_centroids).argmin(dim=1)
    # one point of a small cluster lies next to the new centroid: who assigns all points anew moves it
    if torch.equal(nearest, right):
        stray = (assignments == 0).nonzero()[0, 0]
        x[stray] = right_centroids[1] + 0.1
        nearest = torch.cdist(x, right_centroids).argmin(dim=1)
    chosen = right == 1
    whole = assignments == 2
    one_point = assignments.clone()
    one_point[(x - right_centroids[1]).norm(dim=1).argmin()] = 1
    expect(
        "the assignments; the clusters had 9, 0, 30 and 15 points",
        _pair(student, x, centroids, assignments)[1],
        right,
        likely={
            "the points do not follow": assignments,
            "all points follow": torch.where(whole, 1, assignments),
            "only one point follows": one_of(one_point, *_with_one_of(assignments, chosen.nonzero()[:, 0])),
            "cut by position": lambda came: (
                (came == 1).sum() == 15 and bool((came[~whole] == assignments[~whole]).all())
            ),
            "the wrong half follows": torch.where(whole & ~chosen, 1, assignments),
            "other clusters lose points": nearest,
        },
    )


def _with_one_of(assignments: Tensor, points: Tensor) -> list[Tensor]:
    """The assignments with just one of the points in cluster 1, for each of them."""
    return [torch.where(torch.arange(len(assignments)) == point, 1, assignments) for point in points]


def _several_empty(student: Callable) -> None:
    """Two empty clusters: the second looks at what the first has left."""
    x, centroids, assignments = _clusters((0, 25, 0, 22))
    right_centroids, right = _reference_refill(x, centroids, assignments)
    centroids_came, came = _pair(student, x, centroids, assignments)
    counts = came.bincount(minlength=4).tolist() if isinstance(came, Tensor) and came.dtype == torch.int64 else []
    expect(
        "the assignments; the clusters had 0, 25, 0 and 22 points",
        came,
        right,
        likely={
            "only one cluster refilled": lambda _: (
                counts.count(0) == 1 and not torch.allclose(centroids_came[0], centroids_came[2])
            ),
            "two clusters at one place": lambda _: torch.allclose(centroids_came[0], centroids_came[2]),
            "sizes not counted anew": lambda _: counts[3] == 22 and counts[1] < 25,
            "not in the order of their numbers": lambda _: sorted(counts) == sorted(right.bincount().tolist()),
        },
    )
    expect("the centroids; the clusters had 0, 25, 0 and 22 points", centroids_came, right_centroids)


refill = Exercise(
    lesson="05",
    name="refill",
    title="Give an empty cluster points again.",
    difficulty="●●●",
    minutes=20,
    reference=_reference_refill,
    hints=(
        "Do it for one empty cluster first: find the largest cluster, find its outermost point, and let the points of "
        "the largest cluster choose between the old centre and the new one. Then put a loop around it.",
        "assignments.bincount(minlength=k) counts all clusters, the empty ones too. After one refill the counts are "
        "others: where in the loop must they be counted? And work on copies.",
        "members = positions where the assignment is the largest cluster's number. Among x[members] the one with the "
        "largest distance to centroids[largest] becomes centroids[empty]. Those members whose distance to it is "
        "smaller than to centroids[largest] get the assignment empty; all else stays.",
    ),
    checks=(_new_centroid, _who_moves, _several_empty),
    mistakes={
        "results in the wrong order": "The centroids come first, the assignments second.",
        "nothing refilled": "The empty cluster's centroid is where it was. No point is near it, so it stays empty.",
        "the empty cluster left out": "A cluster was removed. The head of the network has k outputs, and k-means was "
        "asked for k clusters.",
        "other centroids moved": "Other centroids have changed, too. They go to their means in the next step of "
        "k-means; here only the empty cluster moves.",
        "a copy of the centroid": "Both clusters begin at the same place, so no point is *nearer* to the new one: it "
        "stays empty. The paper adds a small random change for that reason.",
        "the farthest point of all": "The farthest of *all* points is an outlier. A cluster for one odd image helps "
        "nobody, and the large cluster stays as large as it is.",
        "the smallest cluster cut": "The smallest cluster was cut. It is the largest one that hides too much.",
        "the nearest point": "The new cluster begins at the point *nearest* to the old centre. Then the two centres "
        "are next to each other, and they cut the cluster anywhere.",
        "farthest from the empty cluster": "Distances were measured from the old place of the empty cluster. Nothing "
        "is there. Measure from the centre of the cluster that is cut.",
        "a mean, not a point": "The new cluster begins at a mean or at the origin. The contract wants a point of the "
        "largest cluster.",
        "any point": "It is one of the points, but not the one that the contract describes.",
        "the points do not follow": "The centroid has moved, but no point has the new number: the cluster is still "
        "empty.",
        "all points follow": "All points of the large cluster have the new number. Now the large cluster is the empty "
        "one.",
        "only one point follows": "Only one point has the new number. Every point of the large cluster chooses between "
        "the two centres.",
        "cut by position": "Half of the points have the new number, but which half? They should go by distance, not "
        "by their place in the list.",
        "the wrong half follows": "The points near the new centre stayed, the others went. It should be the other way "
        "round.",
        "other clusters lose points": "All points chose anew, among all centroids. Only those of the cluster that is "
        "cut should; the rest waits for the next step of k-means.",
        "only one cluster refilled": "There were two empty clusters, and one of them still is.",
        "two clusters at one place": "Both empty clusters got the same centroid: the second one did not look at what "
        "the first one had changed.",
        "sizes not counted anew": "The second empty cluster took from the cluster that *was* the largest. After the "
        "first cut another one is.",
        "not in the order of their numbers": "The clusters are the right ones, but their numbers are swapped: the "
        "lowest number is refilled first.",
    },
)

"""One step of Lloyd's algorithm (Lloyd 1982): assign every point, then move every centroid."""

from collections.abc import Callable

import torch
from torch import Tensor

from aimsssl.exercises.compare import same
from aimsssl.exercises.framework import Case, Exercise


def _reference_lloyd_step(x: Tensor, centroids: Tensor) -> tuple[Tensor, Tensor]:
    """`(assignments [N], new_centroids [k, D])`; the centroid of a cluster without points stays where it is."""
    assignments = torch.cdist(x, centroids).argmin(dim=1)
    members = torch.nn.functional.one_hot(assignments, len(centroids)).to(x.dtype)  # [N, k]
    counts = members.sum(dim=0)
    means = members.T @ x / counts.clamp(min=1)[:, None]
    return assignments, torch.where(counts[:, None] > 0, means, centroids)


def _points(*empty: int) -> tuple[Tensor, Tensor]:
    """Points, and centroids of very different lengths: who compares by inner products is misled. Some have no point.

    Where all have some, a new centroid has a 0 in it.
    """
    lengths = torch.tensor([[0.2], [1.0], [2.0], [3.0], [1.5]])
    x, centroids = 2 * torch.randn(40, 3) + torch.tensor([1.0, 0.0, -0.5]), torch.randn(5, 3) * lengths
    for number in empty:
        centroids[number] = 100.0 + number
    if empty:  # a point that is alone with its centroid
        x[7], centroids[2] = -60.0, -58.0
    else:  # two points around an axis: a 0 in their mean
        x[5] = torch.tensor([-300.0, 5.0, 5.0])  # far from all
        x[3], x[4], centroids[3] = torch.tensor([[25.0, 2.0, 1.0], [25.0, -2.0, 3.0], [24.0, 0.5, 2.0]])
    return x, centroids


def _around_0() -> tuple[Tensor, Tensor]:
    """The mean of the points is 0: their centroid moves there."""
    return torch.tensor([[-1.0], [-2.0], [3.0]]), torch.tensor([[0.7]])


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
    cases=(
        Case("40 points and 5 centroids, each with points: (assignments, new_centroids)", _points, atol=1e-5),
        Case(
            "40 points and 5 centroids; nobody is near number 1 or the last one; number 2 has one point",
            lambda: _points(1, 4),
            atol=1e-5,
        ),
        Case("3 points on a line around 0, and one centroid", _around_0, atol=1e-5),
    ),
)


def _assign(x: Tensor, centroids: Tensor) -> Tensor:
    return torch.cdist(x, centroids).argmin(dim=1)


def _each(x: Tensor, centroids: Tensor, assignments: Tensor, middle: Callable) -> Tensor:
    """Row j is `middle` of the points of cluster j, and the old centroid where there is none."""
    rows = [middle(x[assignments == j], old) if (assignments == j).any() else old for j, old in enumerate(centroids)]
    return torch.stack(rows)


def _mean(points: Tensor, old: Tensor) -> Tensor:
    return points.mean(dim=0)


def _moved(x: Tensor, centroids: Tensor, middle: Callable = _mean) -> tuple[Tensor, Tensor]:
    assignments = _assign(x, centroids)
    return assignments, _each(x, centroids, assignments, middle)


@lloyd_step.mistake(
    "one result in place of two",
    "One tensor came back. The contract asks for two: the assignments and the new centroids.",
    looks=lambda seen: isinstance(seen.came, Tensor),
)
def _(x, centroids):
    """What moves is the result."""
    return _moved(x, centroids)[1]


@lloyd_step.mistake("results in the wrong order", "The assignments come first, the centroids second.")
def _(x, centroids):
    """The centroids are the result, the assignments come along."""
    return _moved(x, centroids)[::-1]


@lloyd_step.mistake(
    "a point for each centroid",
    "This is the nearest point of each centroid: k numbers. Every point looks for its centroid, so there are "
    "N answers.",
    looks=lambda seen: isinstance(seen.came, tuple | list) and seen.came[0].shape == (len(seen.inputs[1]),),
)
def _(x, centroids):
    """The nearest pairs are found by the smallest distance in each column."""
    return torch.cdist(x, centroids).argmin(dim=0), _moved(x, centroids)[1]


@lloyd_step.mistake(
    "a mean of 0 taken for an empty cluster",
    "A new centroid has a 0 in it, and that was taken for the sign of an empty cluster. A mean can be 0; whether a "
    "cluster has points, their number says.",
)
def _(x, centroids):
    """Where no point was added, the sum is 0."""
    means = _each(x, centroids, _assign(x, centroids), lambda points, old: points.mean(dim=0))
    return _assign(x, centroids), torch.where(means != 0, means, centroids)


@lloyd_step.also("a mean of 0 taken for an empty cluster")
def _(x, centroids):
    assignments, means = _moved(x, centroids)
    return assignments, torch.where((means == 0).all(dim=1, keepdim=True), centroids, means)


@lloyd_step.mistake(
    "squeezed",
    "With one feature (or one centroid, or one point) a dimension is gone: squeeze takes away all that have size 1.",
    looks=lambda seen: 1 in seen.inputs[1].shape,
)
def _(x, centroids):
    """squeeze tidies up."""
    assignments, new = _moved(x, centroids)
    return assignments.squeeze(), new.squeeze()


@lloyd_step.mistake(
    "a fixed number for the largest distance",
    "A point that is far from all centroids stayed at cluster 0: the smallest distance so far begins at a number that "
    "is smaller than its own. Begin with math.inf.",
)
def _(x, centroids):
    """Nobody is farther than that."""
    distances = torch.cdist(x, centroids)
    assignments = distances.argmin(dim=1).where(distances.amin(dim=1) < 100, torch.tensor(0))
    return assignments, _each(x, centroids, assignments, _mean)


@lloyd_step.mistake("the farthest centroid", "Every point went to the centroid that is farthest from it.")
def _(x, centroids):
    """The largest score wins."""
    assignments = torch.cdist(x, centroids).argmax(dim=1)
    return assignments, _each(x, centroids, assignments, _mean)


@lloyd_step.mistake(
    "largest inner product",
    "An inner product grows with the length of the centroid, so a long centroid wins points that lie nearer "
    "to another. It is the same as distance only where all centroids have one length.",
)
def _(x, centroids):
    """The most similar centroid has the largest inner product."""
    assignments = (x @ centroids.T).argmax(dim=1)
    return assignments, _each(x, centroids, assignments, _mean)


@lloyd_step.mistake(
    "cosine for distance",
    "The cosine looks at directions only. Two points in one direction may be far from each other: k-means goes by "
    "distance.",
)
def _(x, centroids):
    """Near is by cosine, as in SimCLR."""
    normalize = torch.nn.functional.normalize
    assignments = (normalize(x, dim=1) @ normalize(centroids, dim=1).T).argmax(dim=1)
    return assignments, _each(x, centroids, assignments, _mean)


@lloyd_step.mistake(
    "distances along the axes",
    "Distance is straight (Euclidean) here. With the sum of absolute differences the mean is no longer the best place "
    "for a centroid, and inertia may rise.",
)
def _(x, centroids):
    """Distance is the sum of the absolute differences."""
    assignments = torch.cdist(x, centroids, p=1).argmin(dim=1)
    return assignments, _each(x, centroids, assignments, _mean)


@lloyd_step.also("distances along the axes")
def _(x, centroids):
    assignments = torch.cdist(x, centroids, p=float("inf")).argmin(dim=1)
    return assignments, _each(x, centroids, assignments, _mean)


@lloyd_step.mistake(
    "differences added with their signs",
    "The differences were added up as they are, without squares. One above 0 and one below 0 then cancel out, "
    "and a far centroid looks near.",
)
def _(x, centroids):
    """The distance is the sum of the differences."""
    assignments = (x[:, None] - centroids).sum(dim=2).abs().argmin(dim=1)
    return assignments, _each(x, centroids, assignments, _mean)


@lloyd_step.also("differences added with their signs")
def _(x, centroids):
    assignments = (x[:, None] - centroids).sum(dim=2).argmin(dim=1)
    return assignments, _each(x, centroids, assignments, _mean)


@lloyd_step.mistake(
    "assigned after the move",
    "These are the assignments to the *new* centroids. One step assigns first, then moves; the next step "
    "assigns again.",
)
def _(x, centroids):
    """After the move everybody is assigned to where the centroids are now."""
    moved = _moved(x, centroids)[1]
    return _assign(x, moved), moved


@lloyd_step.mistake(
    "several steps in place of one", "The centroids have moved twice. One step assigns once and moves once."
)
def _(x, centroids):
    """Until nothing changes."""
    return _moved(x, _moved(x, centroids)[1])


@lloyd_step.also("several steps in place of one")
def _(x, centroids):
    assignments, moved = _moved(x, centroids)
    return assignments, _moved(x, moved)[1]


@lloyd_step.mistake("distances, not numbers", "This says how far the nearest centroid is, not which one it is.")
def _(x, centroids):
    """min gives the nearest."""
    return torch.cdist(x, centroids).amin(dim=1), _moved(x, centroids)[1]


@lloyd_step.also("distances, not numbers")
def _(x, centroids):
    return torch.cdist(x, centroids).amin(dim=1).square(), _moved(x, centroids)[1]


@lloyd_step.mistake(
    "all distances, not the nearest",
    "There is a whole row for each point. Which entry of it is asked for?",
    looks=lambda seen: isinstance(seen.came, tuple | list) and seen.came[0].ndim == 2,
)
def _(x, centroids):
    """The distances say it all."""
    return torch.cdist(x, centroids), _moved(x, centroids)[1]


@lloyd_step.mistake(
    "centroids not moved", "The centroids that came in go out again. The second half of the step is missing."
)
def _(x, centroids):
    """A step is an assignment."""
    return _assign(x, centroids), centroids


@lloyd_step.mistake(
    "only one centroid moved",
    "One centroid has moved, the others have not. Is there a `return` or a `break` in the loop?",
)
def _(x, centroids):
    """The loop ends with the first cluster."""
    moved = centroids.clone()
    moved[0] = _moved(x, centroids)[1][0]
    return _assign(x, centroids), moved


@lloyd_step.also("only one centroid moved")
def _(x, centroids):
    moved = centroids.clone()
    last = int(_assign(x, centroids).max())
    moved[last] = _moved(x, centroids)[1][last]
    return _assign(x, centroids), moved


@lloyd_step.mistake(
    "one centroid not moved", "All centroids but one have moved. Does the loop go over all numbers of clusters?"
)
def _(x, centroids):
    """The clusters are counted from 1."""
    moved = _moved(x, centroids)[1]
    moved[0] = centroids[0]
    return _assign(x, centroids), moved


@lloyd_step.also("one centroid not moved")
def _(x, centroids):
    assignments, moved = _moved(x, centroids)
    moved[assignments.max()] = centroids[assignments.max()]
    return assignments, moved


@lloyd_step.mistake(
    "sum, not mean", "The points of a cluster were added. Large clusters would throw their centroid far out."
)
def _(x, centroids):
    """A centroid is the sum of its points."""
    return _moved(x, centroids, lambda points, old: points.sum(dim=0))


@lloyd_step.also("sum, not mean")
def _(x, centroids):
    return _assign(x, centroids), torch.zeros_like(centroids).index_add_(0, _assign(x, centroids), x)


@lloyd_step.mistake(
    "divided by another number",
    "Each sum was divided by the same number, that of all points or of the clusters. A mean divides by how many points "
    "its own cluster has.",
)
def _(x, centroids):
    """A mean is a sum over N."""
    return _moved(x, centroids, lambda points, old: points.sum(dim=0) / len(x))


@lloyd_step.also("divided by another number")
def _(x, centroids):
    return _assign(x, centroids), torch.zeros_like(centroids).index_add_(0, _assign(x, centroids), x) / len(x)


@lloyd_step.also("divided by another number")
def _(x, centroids):
    return _moved(x, centroids, lambda points, old: points.sum(dim=0) / len(centroids))


@lloyd_step.mistake(
    "one number for all coordinates",
    "All coordinates of a new centroid are the same: the points were averaged over their features, too. A mean of "
    "points is a point.",
)
def _(x, centroids):
    """A centroid is the mean of its points."""
    return _moved(x, centroids, lambda points, old: points.mean().expand(len(old)))


@lloyd_step.mistake("one mean for all", "Every centroid went to the mean of *all* points.")
def _(x, centroids):
    """The mean of x is the new centroid."""
    return _assign(x, centroids), x.mean(dim=0).repeat(len(centroids), 1)


@lloyd_step.also("one mean for all")
def _(x, centroids):
    return _moved(x, centroids, lambda points, old: x.mean(dim=0))


@lloyd_step.mistake(
    "middle of the range, not mean",
    "This is a median or the middle of the range. The place with the smallest sum of squared distances is the "
    "mean, and only with it can inertia never rise.",
)
def _(x, centroids):
    """The median is the robust mean."""
    return _moved(x, centroids, lambda points, old: points.median(dim=0).values)


@lloyd_step.also("middle of the range, not mean")
def _(x, centroids):
    return _moved(x, centroids, lambda points, old: (points.amin(dim=0) + points.amax(dim=0)) / 2)


@lloyd_step.mistake(
    "a point of the cluster, not the mean",
    "A centroid went to one of its points. In k-means it goes to their mean, where there need not be a point.",
)
def _(x, centroids):
    """The centroid is the nearest of its points."""
    return _moved(x, centroids, lambda points, old: points[(points - old).norm(dim=1).argmin()])


@lloyd_step.also("a point of the cluster, not the mean")
def _(x, centroids):
    return _moved(x, centroids, lambda points, old: points[0])


@lloyd_step.also("a point of the cluster, not the mean")
def _(x, centroids):
    return _moved(x, centroids, lambda points, old: points[-1])


@lloyd_step.also("a point of the cluster, not the mean")
def _(x, centroids):
    return _moved(x, centroids, lambda points, old: points[(points - points.mean(dim=0)).norm(dim=1).argmin()])


@lloyd_step.mistake("half the way", "The centroids stop half-way. In Lloyd's algorithm they go to the mean at once.")
def _(x, centroids):
    """Centroids move slowly, so that they do not jump to and fro."""
    return _moved(x, centroids, lambda points, old: (points.mean(dim=0) + old) / 2)


@lloyd_step.mistake(
    "the old centroid counted as a point", "The old centroid is in the mean, as if it were one of the points."
)
def _(x, centroids):
    """With the old centroid among the points no cluster is ever empty."""
    return _moved(x, centroids, lambda points, old: torch.cat([points, old[None]]).mean(dim=0))


@lloyd_step.also("the old centroid counted as a point")
def _(x, centroids):
    return _moved(x, centroids, lambda points, old: (points.sum(dim=0)) / (len(points) + 1))


@lloyd_step.mistake(
    "mean over the features",
    "The mean was taken over the features of a point. It goes over the points.",
    looks=lambda seen: isinstance(seen.came, tuple | list) and seen.came[1].ndim == 1,
)
def _(x, centroids):
    """mean(dim=1) is the mean of a row."""
    assignments = _assign(x, centroids)
    return assignments, torch.stack([x[assignments == j].mean() for j in range(len(centroids))])


@lloyd_step.also("mean over the features")
def _(x, centroids):
    return _moved(x, centroids, lambda points, old: points.mean().expand(3))


@lloyd_step.mistake(
    "centroids normalised",
    "The new centroids have length 1. That is k-means on a sphere; here a centroid is the mean as it is.",
)
def _(x, centroids):
    """The points have length 1, and so have their centroids."""
    return _moved(x, centroids, lambda points, old: points.mean(dim=0) / points.mean(dim=0).norm())


@lloyd_step.mistake(
    "an empty cluster gives NaN",
    "The mean of no point is 0 divided by 0. From the next step on every distance to this centroid is NaN.",
    looks=lambda seen: 0 < seen.came[1].isnan().any(dim=1).sum() < len(seen.came[1]),
)
def _(x, centroids):
    """Every cluster has a mean."""
    assignments = _assign(x, centroids)
    return assignments, torch.stack([x[assignments == j].mean(dim=0) for j in range(len(centroids))])


@lloyd_step.mistake(
    "clusters at the end not seen",
    "There are fewer new centroids than old ones. Clusters without points have no number among the assignments: how "
    "many there are, the centroids say.",
    looks=lambda seen: isinstance(seen.came, tuple | list) and len(seen.came[1]) < len(seen.inputs[1]),
)
def _(x, centroids):
    """There are as many clusters as the largest number says."""
    assignments, moved = _moved(x, centroids)
    return assignments, moved[: int(assignments.max()) + 1]


@lloyd_step.mistake(
    "the mixed term once",
    "The distance was multiplied out with a term too small: x² − 2xc + c² has a 2 in its middle. A far centroid looks "
    "near without it.",
)
def _(x, centroids):
    """x² − xc + c²."""
    squares = x.square().sum(dim=1)[:, None] - x @ centroids.T + centroids.square().sum(dim=1)
    assignments = squares.argmin(dim=1)
    return assignments, _each(x, centroids, assignments, _mean)


@lloyd_step.mistake(
    "an empty cluster goes somewhere else",
    "A cluster without points was sent to the origin, or to another place. The contract says where its centroid should "
    "be.",
    looks=lambda seen: (
        len(seen.came) == 2
        and len(seen.came[1]) == len(seen.inputs[1])
        and same(seen.came[0], seen.expected[0])
        and torch.allclose(*(pair[1][seen.expected[0].unique()] for pair in (seen.came, seen.expected)), atol=1e-4)
    ),
)
def _(x, centroids):
    """Counts are at least 1, so that nothing is divided by 0."""
    assignments = _assign(x, centroids)
    sums = torch.zeros_like(centroids).index_add_(0, assignments, x)
    return assignments, sums / assignments.bincount(minlength=len(centroids)).clamp(min=1)[:, None]


@lloyd_step.mistake(
    "the means moved up over an empty cluster",
    "A mean stands in the row of another cluster: the first cluster with points in row 0, the next one in row 1. The "
    "row is the cluster's number; an empty one keeps its row.",
)
def _(x, centroids):
    """enumerate counts the clusters."""
    assignments, new = _assign(x, centroids), centroids.clone()
    for row, j in enumerate(assignments.unique()):
        new[row] = x[assignments == j].mean(dim=0)
    return assignments, new


@lloyd_step.mistake(
    "an empty cluster is left out",
    "There are fewer centroids than before, and the numbers of the clusters behind the empty one have changed.",
    looks=lambda seen: isinstance(seen.came, tuple | list) and len(seen.came[1]) < len(seen.inputs[1]),
)
def _(x, centroids):
    """Only clusters with points have a mean."""
    assignments = _assign(x, centroids)
    return assignments, torch.stack([x[assignments == j].mean(dim=0) for j in assignments.unique().tolist()])


@lloyd_step.mistake(
    "a cluster of one point not moved",
    "A cluster with a single point has not moved. The mean of one point is that point; only *no* point has no mean.",
)
def _(x, centroids):
    """A mean needs at least two."""
    return _moved(x, centroids, lambda points, old: points.mean(dim=0) if len(points) > 1 else old)


@lloyd_step.also("several steps in place of one")
def _(x, centroids):
    for _ in range(20):
        assignments, centroids = _moved(x, centroids)
    return assignments, centroids


@lloyd_step.mistake(
    "centroids moved on the way",
    "A centroid moved before all points had chosen, so that the later points meet others. First all points choose.",
)
def _(x, centroids):
    """Each point moves its centroid at once."""
    centroids, counts, assignments = centroids.clone(), [0] * len(centroids), []
    for point in x:
        j = int(_assign(point[None], centroids))
        assignments.append(j)
        counts[j] += 1
        centroids[j] += (point - centroids[j]) / counts[j]
    return torch.tensor(assignments), centroids


@lloyd_step.also("divided by another number")
def _(x, centroids):
    return _moved(x, centroids, lambda points, old: points.sum(dim=0) / max(1, len(points) - 1))


@lloyd_step.also("the old centroid counted as a point")
def _(x, centroids):
    assignments = _assign(x, centroids)
    counts = assignments.bincount(minlength=len(centroids))
    return assignments, torch.zeros_like(centroids).index_add_(0, assignments, x) / (counts + 1)[:, None]

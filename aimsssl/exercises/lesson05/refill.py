"""Give an empty cluster points again, by cutting the largest in two (compare arXiv:1807.05520, §3.3)."""

from collections.abc import Callable

import torch
from torch import Tensor

from aimsssl.exercises.framework import Case, Exercise, Seen


def _refill(
    x: Tensor,
    centroids: Tensor,
    assignments: Tensor,
    *,
    at: Callable | None = None,
    who: Callable | None = None,
    largest_of: Callable | None = None,
    empties: Callable | None = None,
    count_once: bool = False,
) -> tuple[Tensor, Tensor]:
    """The three steps of the lesson; what is passed by name takes the place of one of them."""
    centroids, assignments = centroids.clone(), assignments.clone()
    k = len(centroids)
    counts = assignments.bincount(minlength=k)
    empty_ones = (counts == 0).nonzero()[:, 0].tolist()
    for empty in empties(empty_ones, assignments) if empties else empty_ones:
        counts = counts if count_once else assignments.bincount(minlength=k)
        largest = int(largest_of(counts)) if largest_of else int(counts.argmax())
        members = (assignments == largest).nonzero()[:, 0]
        to_old = (x[members] - centroids[largest]).norm(dim=1)
        place = at(x, centroids, assignments, largest, members, empty) if at else x[members[to_old.argmax()]]
        to_new = (x[members] - place).norm(dim=1)
        centroids[empty] = place
        assignments[who(members, to_old, to_new) if who else members[to_new < to_old]] = empty
    return centroids, assignments


def _reference_refill(x: Tensor, centroids: Tensor, assignments: Tensor) -> tuple[Tensor, Tensor]:
    """`(centroids [k, D], assignments [N])` without an empty cluster, as long as there are points to share."""
    return _refill(x, centroids, assignments)


def _clusters(*sizes: int) -> tuple[Tensor, Tensor, Tensor]:
    """Points of long clusters with these sizes (0 is empty), in mixed order; centroids near their means; clusters."""
    k = len(sizes)
    assignments = torch.repeat_interleave(torch.arange(k), torch.tensor(sizes))
    assignments = assignments[torch.randperm(len(assignments))]
    x = torch.stack([12 * torch.rand(len(assignments)) - 6, 20.0 * assignments, torch.zeros(len(assignments))], dim=1)
    x += torch.randn(len(x), 3)
    centroids = torch.randn(k, 3) + torch.tensor([90.0, 5.0, -9.0])
    for cluster in assignments.unique().tolist():
        centroids[cluster] = x[assignments == cluster].mean(dim=0) + torch.tensor([3.0, 1.0, 0.5])
    return x, centroids, assignments


def _with_strangers() -> tuple[Tensor, Tensor, Tensor]:
    """A small cluster has an outlier, and another a point that lies where the new centroid will be."""
    x, centroids, assignments = _clusters(9, 0, 30, 15)
    x[(assignments == 3).nonzero()[0, 0]] += 30.0
    x[(assignments == 0).nonzero()[0, 0]] = _reference_refill(x, centroids, assignments)[0][1] + 0.1
    return x, centroids, assignments


def _on_a_line() -> tuple[Tensor, Tensor, Tensor]:
    """The point at 4/16 is as far from the old centroid, at 0, as from the new one, at 8/16."""
    x = torch.tensor([[-3.0, 0], [8, 0], [1, 0], [4, 0], [5, 0], [0, 9]])
    return x / 16, torch.tensor([[0.0, 0], [0, 9], [7, 7]]) / 16, torch.tensor([0, 0, 0, 0, 0, 1])


def _cut_again() -> tuple[Tensor, Tensor, Tensor]:
    """All points are in cluster 0; the three at 9 to 12 go to number 1, which is then the largest and is cut itself."""
    x = torch.tensor([[-1.0, 0], [9, 0], [12, 0], [10, 0]])
    return x, torch.tensor([[0.0, 0], [0, 1], [7, 7]]), torch.zeros(4, dtype=torch.int64)


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
    cases=(
        Case("4 clusters of 9, 0, 30 and 15 points; number 3 has an outlier", _with_strangers),
        Case("6 clusters of 0, 12, 0, 12, 5 and 0 points", lambda: _clusters(0, 12, 0, 12, 5, 0)),
        Case("3 clusters of 7, 4 and 9 points: none is empty", lambda: _clusters(7, 4, 9)),
        Case("a point as far from the new centroid as from the old one", _on_a_line),
        Case("3 clusters of 4, 0 and 0 points; the first that is refilled is the largest then", _cut_again),
    ),
)


def _new(seen: Seen) -> tuple[Tensor, int]:
    """Where the first empty cluster is now, and the number of the largest cluster."""
    counts = seen.inputs[2].bincount(minlength=len(seen.inputs[1]))
    return seen.came[0][(counts == 0).nonzero()[0, 0]], int(counts.argmax())


def _is_at_a_wrong_place(seen: Seen) -> bool:
    row, _ = _new(seen)
    return not torch.allclose(row, _new(_right(seen))[0], atol=1e-4)


def _right(seen: Seen) -> Seen:
    return Seen(seen.case, seen.inputs, came=seen.expected)


@refill.mistake(
    "one result in place of two",
    "One tensor came back. The contract asks for two: the centroids and the assignments.",
    looks=lambda seen: isinstance(seen.came, Tensor),
)
def _(x, centroids, assignments):
    """What has moved is the result."""
    return _refill(x, centroids, assignments)[0]


@refill.mistake("results in the wrong order", "The centroids come first, the assignments second.")
def _(x, centroids, assignments):
    """As in lloyd_step: assignments first."""
    return _refill(x, centroids, assignments)[::-1]


@refill.mistake(
    "nothing refilled",
    "The empty cluster's centroid is where it was. No point is near it, so it stays empty.",
)
def _(x, centroids, assignments):
    """An empty cluster does no harm."""
    return centroids.clone(), assignments.clone()


@refill.mistake(
    "the empty cluster left out",
    "A cluster was removed. The head of the network has k outputs, and k-means was asked for k clusters.",
    looks=lambda seen: isinstance(seen.came, tuple | list) and len(seen.came[0]) < len(seen.inputs[1]),
)
def _(x, centroids, assignments):
    """An empty cluster can go."""
    used = assignments.unique()
    return centroids[used], torch.searchsorted(used, assignments)


@refill.mistake(
    "other centroids moved",
    "Other centroids have changed, too. They go to their means in the next step of k-means; here only the empty "
    "cluster moves.",
    looks=lambda seen: (
        not torch.allclose(seen.came[0][seen.inputs[2].unique()], seen.inputs[1][seen.inputs[2].unique()], atol=1e-4)
    ),
)
def _(x, centroids, assignments):
    """After the cut both clusters go to their new means at once."""
    centroids, assignments = _refill(x, centroids, assignments)
    for j in assignments.unique().tolist():
        centroids[j] = x[assignments == j].mean(dim=0)
    return centroids, assignments


@refill.mistake(
    "a copy of the centroid",
    "Both clusters begin at the same place, so no point is *nearer* to the new one: it stays empty. The paper adds a "
    "small random change for that reason.",
)
def _(x, centroids, assignments):
    """The empty cluster takes over the centre of the largest."""
    return _refill(x, centroids, assignments, at=lambda x, c, a, largest, members, empty: c[largest])


@refill.mistake(
    "a random change of the centroid, as in the paper",
    "The new centroid is the old one with a small random change. That is the paper's way; the rule of this exercise "
    "takes one of the points and draws nothing.",
    looks=lambda seen: (
        _is_at_a_wrong_place(seen)
        and (_new(seen)[0] - seen.inputs[1][_new(seen)[1]]).norm() < 0.05 * seen.inputs[0].std()
    ),
)
def _(x, centroids, assignments):
    """As the paper says: the centroid of a large cluster, and a little noise."""
    return _refill(
        x, centroids, assignments, at=lambda x, c, a, largest, *_: c[largest] + 1e-3 * torch.randn(x.shape[1])
    )


@refill.mistake(
    "the farthest point of all",
    "The farthest of *all* points is an outlier. A cluster for one odd image helps nobody, and the large cluster stays "
    "as large as it is.",
)
def _(x, centroids, assignments):
    """Whoever is farthest from its centre is served worst."""
    return _refill(x, centroids, assignments, at=lambda x, c, a, *_: x[(x - c[a]).norm(dim=1).argmax()])


@refill.also("the farthest point of all")
def _(x, centroids, assignments):
    return _refill(x, centroids, assignments, at=lambda x, c, a, big, *_: x[(x - c[big]).norm(dim=1).argmax()])


@refill.also("the farthest point of all")
def _(x, centroids, assignments):
    centroids, assignments = centroids.clone(), assignments.clone()
    for empty in (assignments.bincount(minlength=len(centroids)) == 0).nonzero()[:, 0].tolist():
        far = (x - centroids[assignments]).norm(dim=1)
        centroids[empty] = x[far.argmax()]
        big = assignments[far.argmax()]
        nearer = (x - centroids[empty]).norm(dim=1) < far
        assignments[(assignments == big) & nearer] = empty
    return centroids, assignments


@refill.mistake(
    "a place among the members taken for a place among all",
    "The position of the farthest point was counted among the members of the cluster, and used among all "
    "points. There, it is another point. A number means something only together with the list that it counts.",
)
def _(x, centroids, assignments):
    """argmax gives the number of the point."""
    return _refill(
        x, centroids, assignments, at=lambda x, c, a, big, members, _: x[(x[members] - c[big]).norm(dim=1).argmax()]
    )


@refill.mistake("the smallest cluster cut", "The smallest cluster was cut. It is the largest one that hides too much.")
def _(x, centroids, assignments):
    """The smallest cluster is the one that is in trouble."""
    return _refill(x, centroids, assignments, largest_of=lambda counts: torch.where(counts > 0, counts, 10**9).argmin())


@refill.also("the smallest cluster cut")
def _(x, centroids, assignments):
    def at(x, c, a, largest, members, empty):
        counts = a.bincount(minlength=len(c))
        smallest = torch.where(counts > 0, counts, 10**9).argmin()
        members = (a == smallest).nonzero()[:, 0]
        return x[members[(x[members] - c[smallest]).norm(dim=1).argmax()]]

    return _refill(x, centroids, assignments, at=at)


@refill.mistake(
    "the last of several largest",
    "Two clusters have most points, and the one with the higher number was cut. The contract says which it is.",
)
def _(x, centroids, assignments):
    """Of two that are as large, either will do."""
    return _refill(x, centroids, assignments, largest_of=lambda counts: len(counts) - 1 - counts.flip(0).argmax())


@refill.mistake(
    "the cluster of largest spread cut",
    "The cluster with the largest distances was cut, not the one with most points.",
)
def _(x, centroids, assignments):
    """Large means wide."""
    spread = torch.zeros(len(centroids)).index_add_(0, assignments, (x - centroids[assignments]).norm(dim=1))
    counts = assignments.bincount(minlength=len(centroids))
    return _refill(x, centroids, assignments, largest_of=lambda _: (spread / counts.clamp(min=1)).argmax())


@refill.also("the cluster of largest spread cut")
def _(x, centroids, assignments):
    centroids, assignments = centroids.clone(), assignments.clone()
    for empty in (assignments.bincount(minlength=len(centroids)) == 0).nonzero()[:, 0].tolist():
        squares = (x - centroids[assignments]).square().sum(dim=1)
        members = (assignments == torch.zeros(len(centroids)).index_add_(0, assignments, squares).argmax()).nonzero()[
            :, 0
        ]
        centroids[empty] = x[members[squares[members].argmax()]]
        assignments[members[(x[members] - centroids[empty]).square().sum(dim=1) < squares[members]]] = empty
    return centroids, assignments


@refill.mistake(
    "a square compared with a distance",
    "One of the two distances was squared, the other was not: the points do not choose the nearer place.",
)
def _(x, centroids, assignments):
    """A squared distance compares as well as a distance."""
    return _refill(x, centroids, assignments, who=lambda members, old, new: members[new.square() < old])


@refill.also("a square compared with a distance")
def _(x, centroids, assignments):
    return _refill(x, centroids, assignments, who=lambda members, old, new: members[new < old.square()])


@refill.mistake(
    "the nearest point",
    "The new cluster begins at the point *nearest* to the old centre. Then the two centres are next to each other, and "
    "they cut the cluster anywhere.",
)
def _(x, centroids, assignments):
    """The middle of the largest cluster is where the most points are."""
    return _refill(x, centroids, assignments, at=lambda x, c, a, big, m, _: x[m[(x[m] - c[big]).norm(dim=1).argmin()]])


@refill.mistake(
    "farthest from the empty cluster",
    "Distances were measured from the old place of the empty cluster. Nothing is there. Measure from the centre of the "
    "cluster that is cut.",
)
def _(x, centroids, assignments):
    """The empty centroid takes the point of the largest cluster that is farthest from itself."""
    return _refill(
        x, centroids, assignments, at=lambda x, c, a, big, m, empty: x[m[(x[m] - c[empty]).norm(dim=1).argmax()]]
    )


@refill.also("farthest from the empty cluster")
def _(x, centroids, assignments):
    return _refill(x, centroids, assignments, at=lambda x, c, a, big, m, empty: x[(x - c[empty]).norm(dim=1).argmax()])


@refill.mistake(
    "distances to the mean, not to the centroid",
    "Distances were measured from the mean of the cluster's points. The contract measures from its centroid, which is "
    "the mean of the points that it had before.",
)
def _(x, centroids, assignments):
    """A centroid is the mean of its points."""
    return _refill(
        x, centroids, assignments, at=lambda x, c, a, big, m, _: x[m[(x[m] - x[m].mean(dim=0)).norm(dim=1).argmax()]]
    )


@refill.also("distances to the mean, not to the centroid")
def _(x, centroids, assignments):
    centroids, assignments = centroids.clone(), assignments.clone()
    for empty in (assignments.bincount(minlength=len(centroids)) == 0).nonzero()[:, 0].tolist():
        members = (assignments == assignments.bincount(minlength=len(centroids)).argmax()).nonzero()[:, 0]
        to_mean = (x[members] - x[members].mean(dim=0)).norm(dim=1)
        centroids[empty] = x[members[to_mean.argmax()]]
        assignments[members[(x[members] - centroids[empty]).norm(dim=1) < to_mean]] = empty
    return centroids, assignments


@refill.also("distances to the mean, not to the centroid")
def _(x, centroids, assignments):
    means = centroids.clone()
    for j in assignments.unique().tolist():
        means[j] = x[assignments == j].mean(dim=0)
    moved, assignments = _refill(x, means, assignments.clone())
    empty = (means == centroids).all(dim=1)[:, None]
    return torch.where(empty, moved, centroids), assignments


@refill.mistake(
    "a mean, not a point",
    "The new cluster begins at a mean or at the origin. The contract wants a point of the largest cluster.",
)
def _(x, centroids, assignments):
    """The mean of everything is a neutral place to begin."""
    return _refill(x, centroids, assignments, at=lambda x, *_: x.mean(dim=0))


@refill.also("a mean, not a point")
def _(x, centroids, assignments):
    return _refill(x, centroids, assignments, at=lambda x, c, a, big, members, _: x[members].mean(dim=0))


@refill.also("a mean, not a point")
def _(x, centroids, assignments):
    return _refill(x, centroids, assignments, at=lambda x, *_: torch.zeros(x.shape[1]))


@refill.also("a mean, not a point")
def _(x, centroids, assignments):
    counts = assignments.bincount(minlength=len(centroids))
    centroids, assignments = _refill(x, centroids, assignments)
    for empty in (counts == 0).nonzero()[:, 0].tolist():
        centroids[empty] = x[assignments == empty].mean(dim=0)
    return centroids, assignments


@refill.mistake(
    "any point",
    "The new centroid is one of the points, but not the one that the contract describes.",
    looks=lambda seen: _is_at_a_wrong_place(seen) and (seen.inputs[0] - _new(seen)[0]).norm(dim=1).min() < 1e-4,
)
def _(x, centroids, assignments):
    """k-means starts at random points, so does an empty cluster."""
    return _refill(x, centroids, assignments, at=lambda x, c, a, big, members, _: x[members[3]])


@refill.mistake(
    "the points do not follow",
    "The centroid has moved, but no point has the new number: the cluster is still empty.",
    looks=lambda seen: torch.equal(seen.came[1], seen.inputs[2]) and not torch.equal(seen.came[0], seen.inputs[1]),
)
def _(x, centroids, assignments):
    """The points follow in the next step of k-means."""
    return _refill(x, centroids, assignments)[0], assignments.clone()


@refill.mistake(
    "the centroid does not move",
    "The points have the new number, but the centroid of their cluster is still where it was, far from all of them.",
)
def _(x, centroids, assignments):
    """The centroid follows its points in the next step of k-means."""
    return centroids.clone(), _refill(x, centroids, assignments)[1]


@refill.mistake(
    "all points follow", "All points of the large cluster have the new number. Now the large cluster is the empty one."
)
def _(x, centroids, assignments):
    """The cluster moves to the empty one."""
    return _refill(x, centroids, assignments, who=lambda members, *_: members)


@refill.mistake(
    "only one point follows",
    "Only one point has the new number. Every point of the large cluster chooses between the two centres.",
)
def _(x, centroids, assignments):
    """The farthest point gets the empty cluster for itself."""
    return _refill(x, centroids, assignments, who=lambda members, to_old, to_new: members[to_old.argmax()])


@refill.also("only one point follows")
def _(x, centroids, assignments):
    return _refill(x, centroids, assignments, who=lambda members, old, new: members[new < old][:1])


@refill.mistake(
    "cut by position",
    "Half of the points have the new number, but which half? They should go by distance, not by their place in the "
    "list.",
)
def _(x, centroids, assignments):
    """Two halves of a cluster are its first and its second half."""
    return _refill(x, centroids, assignments, who=lambda members, *_: members[: len(members) // 2])


@refill.also("cut by position")
def _(x, centroids, assignments):
    return _refill(x, centroids, assignments, who=lambda members, *_: members[len(members) // 2 :])


@refill.also("cut by position")
def _(x, centroids, assignments):
    return _refill(x, centroids, assignments, who=lambda members, *_: members[::2])


@refill.mistake(
    "cut in two equal halves",
    "Just half of the points follow: those nearest to the new centre, or farthest from the old one. How many follow is "
    "not given; each point asks which of the two is nearer to it.",
)
def _(x, centroids, assignments):
    """The half that is nearer to the new centre follows."""
    return _refill(x, centroids, assignments, who=lambda members, old, new: members[new.argsort()[: len(members) // 2]])


@refill.also("cut in two equal halves")
def _(x, centroids, assignments):
    return _refill(x, centroids, assignments, who=lambda m, old, new: m[old.argsort(descending=True)[: len(m) // 2]])


@refill.mistake(
    "the wrong half follows",
    "The points near the new centre stayed, the others went. It should be the other way round.",
)
def _(x, centroids, assignments):
    """Who is nearer to the old centre moves."""
    return _refill(x, centroids, assignments, who=lambda members, old, new: members[new >= old])


@refill.also("the wrong half follows")
def _(x, centroids, assignments):
    return _refill(x, centroids, assignments, who=lambda members, old, new: members[new > old])


@refill.mistake(
    "a point half-way follows",
    "A point as far from the new centre as from the old one has moved. The contract moves those that are *nearer* to "
    "the new one.",
)
def _(x, centroids, assignments):
    """Who is not nearer to the old centre moves."""
    return _refill(x, centroids, assignments, who=lambda members, old, new: members[new <= old])


@refill.mistake(
    "other clusters lose points",
    "Points of other clusters have the new number, too. Only those of the cluster that is cut choose anew; the rest "
    "waits for the next step of k-means.",
)
def _(x, centroids, assignments):
    """With a new centroid, everybody is assigned again."""
    centroids, _ = _refill(x, centroids, assignments)
    return centroids, torch.cdist(x, centroids).argmin(dim=1)


@refill.also("other clusters lose points")
def _(x, centroids, assignments):
    centroids, assignments = centroids.clone(), assignments.clone()
    for empty in (assignments.bincount(minlength=len(centroids)) == 0).nonzero()[:, 0].tolist():
        big = assignments.bincount(minlength=len(centroids)).argmax()
        to_old = (x - centroids[big]).norm(dim=1)
        centroids[empty] = x[torch.where(assignments == big, to_old, -1.0).argmax()]
        assignments[(x - centroids[empty]).norm(dim=1) < to_old] = empty
    return centroids, assignments


@refill.also("other clusters lose points")
def _(x, centroids, assignments):
    centroids, assignments = centroids.clone(), assignments.clone()
    for empty in (assignments.bincount(minlength=len(centroids)) == 0).nonzero()[:, 0].tolist():
        big = assignments.bincount(minlength=len(centroids)).argmax()
        to_old = (x - centroids[assignments]).norm(dim=1)
        centroids[empty] = x[torch.where(assignments == big, to_old, -1.0).argmax()]
        assignments[(x - centroids[empty]).norm(dim=1) < to_old] = empty
    return centroids, assignments


@refill.mistake("only one cluster refilled", "There were several empty clusters, and some of them still are.")
def _(x, centroids, assignments):
    """There is an empty cluster: refill it."""
    return _refill(x, centroids, assignments, empties=lambda empty, a: empty[:1])


@refill.mistake(
    "clusters after the last used one not seen",
    "The clusters with the highest numbers are empty, and they still are: who counts only the numbers that occur does "
    "not see them. How many clusters are there?",
)
def _(x, centroids, assignments):
    """bincount counts the clusters."""
    return _refill(x, centroids, assignments, empties=lambda empty, a: [j for j in empty if j < a.max()])


@refill.mistake(
    "the smallest taken for empty",
    "A cluster was refilled that is not empty, or only one of several: the smallest cluster need not be empty.",
)
def _(x, centroids, assignments):
    """The smallest cluster is the empty one."""
    counts = assignments.bincount(minlength=len(centroids))
    return _refill(x, centroids, assignments, empties=lambda *_: [int(counts.argmin())])


@refill.mistake(
    "two clusters at one place",
    "The empty clusters got the same centroid: the second one did not look at what the first one had changed.",
)
def _(x, centroids, assignments):
    """Largest cluster and farthest point are found once, then given to all empty clusters."""
    centroids, assignments = centroids.clone(), assignments.clone()
    largest = assignments.bincount().argmax()
    members = (assignments == largest).nonzero()[:, 0]
    distances = (x[members] - centroids[largest]).norm(dim=1)
    for empty in range(len(centroids)):
        if empty not in assignments:
            centroids[empty] = x[members[distances.argmax()]]
            assignments[members[(x[members] - centroids[empty]).norm(dim=1) < distances]] = empty
    return centroids, assignments


@refill.also("two clusters at one place")
def _(x, centroids, assignments):
    new_centroids, new = centroids.clone(), assignments.clone()
    for empty in (assignments.bincount(minlength=len(centroids)) == 0).nonzero()[:, 0].tolist():
        only_this = _refill(x, centroids, assignments, empties=lambda *_, e=empty: [e])
        new_centroids[empty] = only_this[0][empty]
        new[only_this[1] == empty] = empty
    return new_centroids, new


@refill.mistake(
    "sizes not counted anew",
    "The second empty cluster took from the cluster that *was* the largest. After the first cut another one is.",
)
def _(x, centroids, assignments):
    """The sizes are counted before the loop."""
    return _refill(x, centroids, assignments, count_once=True)


@refill.mistake(
    "a refilled cluster still at its old place",
    "A cluster that has been refilled was cut itself, and the distances were measured from where its centroid *was*. "
    "Its points are around its new place.",
)
def _(x, centroids, assignments):
    """Distances are measured from the centroids that came in."""
    moved, now = centroids.clone(), assignments.clone()
    for empty in (now.bincount(minlength=len(centroids)) == 0).nonzero()[:, 0].tolist():
        members = (now == now.bincount(minlength=len(centroids)).argmax()).nonzero()[:, 0]
        to_old = (x[members] - centroids[now[members[0]]]).norm(dim=1)
        moved[empty] = x[members[to_old.argmax()]]
        now[members[(x[members] - moved[empty]).norm(dim=1) < to_old]] = empty
    return moved, now


@refill.mistake(
    "not in the order of their numbers",
    "The empty clusters were refilled in another order: the lowest number is refilled first.",
)
def _(x, centroids, assignments):
    """The order of the empty clusters does not matter."""
    return _refill(x, centroids, assignments, empties=lambda empty, a: empty[::-1])


@refill.mistake(
    "a place that is no point",
    "The new centroid is none of the points: moved a little, or half-way to one. The contract takes the point itself.",
    looks=lambda seen: _is_at_a_wrong_place(seen) and (seen.inputs[0] - _new(seen)[0]).norm(dim=1).min() >= 1e-4,
)
def _(x, centroids, assignments):
    """Half of the way is enough."""
    new, who = _refill(x, centroids, assignments)
    moved = (new != centroids).any(dim=1)
    new[moved] = (new[moved] + centroids[moved]) / 2
    return new, who


@refill.also("a place that is no point")
def _(x, centroids, assignments):
    new, who = _refill(x, centroids, assignments)
    return torch.where(new != centroids, new + 1e-3, new), who

"""Answers to `refill(x, centroids, assignments) -> (centroids [k, D], assignments [N])`, wrong and right."""

import torch


def _empty(centroids, assignments):
    return (assignments.bincount(minlength=len(centroids)) == 0).nonzero()[:, 0].tolist()


def _refill(x, centroids, assignments, *, at=None, who=None, only=None, order=1, count_once=False):
    """The right way, with one piece of it exchanged: `at` chooses the place, `who` the points that follow."""
    centroids, assignments = centroids.clone(), assignments.clone()
    counts = assignments.bincount(minlength=len(centroids))
    for empty in _empty(centroids, assignments)[::order][:only]:
        if not count_once:
            counts = assignments.bincount(minlength=len(centroids))
        largest = int(counts.argmax())
        members = (assignments == largest).nonzero()[:, 0]
        distances = (x[members] - centroids[largest]).norm(dim=1)
        place = x[members[distances.argmax()]] if at is None else at(x, centroids, assignments, largest, members, empty)
        centroids[empty] = place
        if who is None:
            follow = members[(x[members] - place).norm(dim=1) < distances]
        else:
            follow = who(x, centroids, members, distances, place)
        assignments[follow] = empty
    return centroids, assignments


def refill_swapped(x, centroids, assignments):
    """As in lloyd_step: assignments first."""
    return _refill(x, centroids, assignments)[::-1]


def refill_nothing(x, centroids, assignments):
    """An empty cluster does no harm."""
    return centroids.clone(), assignments.clone()


def refill_left_out(x, centroids, assignments):
    """An empty cluster can go."""
    used = assignments.unique()
    return centroids[used], torch.searchsorted(used, assignments)


def refill_and_move(x, centroids, assignments):
    """After the cut both clusters go to their new means at once."""
    centroids, assignments = _refill(x, centroids, assignments)
    for j in assignments.unique().tolist():
        centroids[j] = x[assignments == j].mean(dim=0)
    return centroids, assignments


def refill_copy(x, centroids, assignments):
    """The empty cluster takes over the centre of the largest."""
    return _refill(x, centroids, assignments, at=lambda x, c, a, largest, members, empty: c[largest])


def refill_farthest_of_all(x, centroids, assignments):
    """Whoever is farthest from its centre is served worst."""
    return _refill(x, centroids, assignments, at=lambda x, c, a, *_: x[(x - c[a]).norm(dim=1).argmax()])


def refill_from_smallest(x, centroids, assignments):
    """The smallest cluster is the one that is in trouble."""

    def at(x, c, a, largest, members, empty):
        counts = a.bincount(minlength=len(c))
        smallest = torch.where(counts > 0, counts, len(a)).argmin()
        members = (a == smallest).nonzero()[:, 0]
        return x[members[(x[members] - c[smallest]).norm(dim=1).argmax()]]

    return _refill(x, centroids, assignments, at=at)


def refill_nearest_point(x, centroids, assignments):
    """The middle of the largest cluster is where the most points are."""
    return _refill(
        x,
        centroids,
        assignments,
        at=lambda x, c, a, largest, members, empty: x[members[(x[members] - c[largest]).norm(dim=1).argmin()]],
    )


def refill_far_from_old_place(x, centroids, assignments):
    """The empty centroid takes the point of the largest cluster that is farthest from itself."""
    return _refill(
        x,
        centroids,
        assignments,
        at=lambda x, c, a, largest, members, empty: x[members[(x[members] - c[empty]).norm(dim=1).argmax()]],
    )


def refill_at_the_mean(x, centroids, assignments):
    """The mean of everything is a neutral place to begin."""
    return _refill(x, centroids, assignments, at=lambda x, *_: x.mean(dim=0))


def refill_any_point(x, centroids, assignments):
    """k-means starts at random points, so does an empty cluster."""
    return _refill(x, centroids, assignments, at=lambda x, c, a, largest, members, empty: x[members[3]])


def refill_without_points(x, centroids, assignments):
    """The points follow in the next step of k-means."""
    return _refill(x, centroids, assignments)[0], assignments.clone()


def refill_all_follow(x, centroids, assignments):
    """The cluster moves to the empty one."""
    return _refill(x, centroids, assignments, who=lambda x, c, members, *_: members)


def refill_one_follows(x, centroids, assignments):
    """The farthest point gets the empty cluster for itself."""
    return _refill(x, centroids, assignments, who=lambda x, c, members, d, place: members[d.argmax()])


def refill_first_half(x, centroids, assignments):
    """Two halves of a cluster are its first and its second half."""
    return _refill(x, centroids, assignments, who=lambda x, c, members, *_: members[: len(members) // 2])


def refill_wrong_half(x, centroids, assignments):
    """Who is nearer to the old centre moves."""
    return _refill(
        x, centroids, assignments, who=lambda x, c, members, d, place: members[(x[members] - place).norm(dim=1) >= d]
    )


def refill_all_choose(x, centroids, assignments):
    """With a new centroid, everybody is assigned again."""
    centroids, _ = _refill(x, centroids, assignments)
    return centroids, torch.cdist(x, centroids).argmin(dim=1)


def refill_only_first(x, centroids, assignments):
    """There is an empty cluster: refill it."""
    return _refill(x, centroids, assignments, only=1)


def refill_two_at_one_place(x, centroids, assignments):
    """Largest cluster and farthest point are found once, then given to all empty clusters."""
    centroids, assignments = centroids.clone(), assignments.clone()
    largest = assignments.bincount().argmax()
    members = (assignments == largest).nonzero()[:, 0]
    distances = (x[members] - centroids[largest]).norm(dim=1)
    for empty in _empty(centroids, assignments):
        centroids[empty] = x[members[distances.argmax()]]
        assignments[members[(x[members] - centroids[empty]).norm(dim=1) < distances]] = empty
    return centroids, assignments


def refill_counted_once(x, centroids, assignments):
    """The sizes are counted before the loop."""
    return _refill(x, centroids, assignments, count_once=True)


def refill_backwards(x, centroids, assignments):
    """The order of the empty clusters does not matter."""
    return _refill(x, centroids, assignments, order=-1)


def refill_in_place(x, centroids, assignments):
    """The centroids are overwritten where they are."""
    new_centroids, new_assignments = _refill(x, centroids, assignments)
    centroids.copy_(new_centroids)
    return centroids, new_assignments


def right_refill(x, centroids, assignments):
    """Step by step."""
    return _refill(x, centroids, assignments)


def right_refill_with_masks(x, centroids, assignments):
    """All points, with masks in place of lists of members."""
    centroids, assignments = centroids.clone(), assignments.clone()
    k = len(centroids)
    for j in range(k):
        sizes = torch.tensor([int((assignments == i).sum()) for i in range(k)])
        if sizes[j]:
            continue
        big = sizes.argmax().item()
        inside = assignments == big
        to_old = torch.linalg.vector_norm(x - centroids[big], dim=1)
        seed = torch.where(inside, to_old, -1.0).argmax()
        centroids[j] = x[seed]
        to_new = torch.linalg.vector_norm(x - x[seed], dim=1)
        assignments = torch.where(inside & (to_new < to_old), j, assignments)
    return centroids, assignments


WRONG = {
    "results in the wrong order": (refill_swapped, "The centroids come first"),
    "nothing refilled": (refill_nothing, "so it stays empty"),
    "the empty cluster left out": (refill_left_out, "k outputs"),
    "other centroids moved": (refill_and_move, "only the empty cluster moves"),
    "a copy of the centroid": (refill_copy, "small random change"),
    "the farthest point of all": (refill_farthest_of_all, "is an outlier"),
    "the smallest cluster cut": (refill_from_smallest, "hides too much"),
    "the nearest point": (refill_nearest_point, "next to each other"),
    "farthest from the empty cluster": (refill_far_from_old_place, "Nothing is there"),
    "a mean, not a point": (refill_at_the_mean, "a mean or at the origin"),
    "any point": (refill_any_point, "not the one that the contract"),
    "the points do not follow": (refill_without_points, "no point has the new number"),
    "all points follow": (refill_all_follow, "is the empty one"),
    "only one point follows": (refill_one_follows, "Only one point"),
    "cut by position": (refill_first_half, "their place in the list"),
    "the wrong half follows": (refill_wrong_half, "other way round"),
    "other clusters lose points": (refill_all_choose, "All points chose anew"),
    "only one cluster refilled": (refill_only_first, "one of them still is"),
    "two clusters at one place": (refill_two_at_one_place, "the same centroid"),
    "sizes not counted anew": (refill_counted_once, "After the first cut"),
    "not in the order of their numbers": (refill_backwards, "numbers are swapped"),
    "input changed in place": (refill_in_place, "a tensor that it was given"),
}

RIGHT = [right_refill, right_refill_with_masks]

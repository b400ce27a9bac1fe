"""Answers to `lloyd_step(x, centroids) -> (assignments [N], new_centroids [k, D])`, wrong and right."""

import torch


def _assign(x, centroids):
    return torch.cdist(x, centroids).argmin(dim=1)


def _move(x, centroids, assignments):
    moved = centroids.clone()
    for j in assignments.unique().tolist():
        moved[j] = x[assignments == j].mean(dim=0)
    return moved


def lloyd_swapped(x, centroids):
    """The centroids are the result, the assignments come along."""
    return right_lloyd(x, centroids)[::-1]


def lloyd_a_point_each(x, centroids):
    """The nearest pairs are found by the smallest distance in each column."""
    return torch.cdist(x, centroids).argmin(dim=0), _move(x, centroids, _assign(x, centroids))


def lloyd_farthest(x, centroids):
    """The largest score wins."""
    assignments = torch.cdist(x, centroids).argmax(dim=1)
    return assignments, _move(x, centroids, assignments)


def lloyd_inner_product(x, centroids):
    """The most similar centroid has the largest inner product."""
    assignments = (x @ centroids.T).argmax(dim=1)
    return assignments, _move(x, centroids, assignments)


def lloyd_along_axes(x, centroids):
    """Distance is the sum of the absolute differences."""
    assignments = (x[:, None] - centroids[None]).abs().sum(dim=2).argmin(dim=1)
    return assignments, _move(x, centroids, assignments)


def lloyd_assigned_last(x, centroids):
    """After the move everybody is assigned to where the centroids are now."""
    moved = _move(x, centroids, _assign(x, centroids))
    return _assign(x, moved), moved


def lloyd_distances(x, centroids):
    """min gives the nearest."""
    return torch.cdist(x, centroids).amin(dim=1), _move(x, centroids, _assign(x, centroids))


def lloyd_all_distances(x, centroids):
    """The distances say it all."""
    return torch.cdist(x, centroids), _move(x, centroids, _assign(x, centroids))


def lloyd_standing(x, centroids):
    """A step is an assignment."""
    return _assign(x, centroids), centroids


def lloyd_sum(x, centroids):
    """A centroid is the sum of its points."""
    assignments = _assign(x, centroids)
    return assignments, torch.zeros_like(centroids).index_add_(0, assignments, x)


def lloyd_divided_by_all(x, centroids):
    """A mean is a sum over N."""
    assignments, sums = lloyd_sum(x, centroids)
    return assignments, sums / len(x)


def lloyd_one_mean(x, centroids):
    """The mean of x is the new centroid."""
    return _assign(x, centroids), x.mean(dim=0).repeat(len(centroids), 1)


def lloyd_median(x, centroids):
    """The median is the robust mean."""
    assignments = _assign(x, centroids)
    rows = [x[assignments == j].median(dim=0).values for j in range(len(centroids))]
    return assignments, torch.stack(rows)


def lloyd_half_way(x, centroids):
    """Centroids move slowly, so that they do not jump to and fro."""
    assignments, moved = right_lloyd(x, centroids)
    return assignments, 0.5 * centroids + 0.5 * moved


def lloyd_old_one_counts(x, centroids):
    """With the old centroid among the points no cluster is ever empty."""
    assignments = _assign(x, centroids)
    rows = [torch.cat([centroids[j : j + 1], x[assignments == j]]).mean(dim=0) for j in range(len(centroids))]
    return assignments, torch.stack(rows)


def lloyd_over_features(x, centroids):
    """mean(dim=1) is the mean of a row."""
    assignments = _assign(x, centroids)
    return assignments, torch.stack([x[assignments == j].mean(dim=1).mean() for j in range(len(centroids))])


def lloyd_nan(x, centroids):
    """Every cluster has a mean."""
    assignments = _assign(x, centroids)
    return assignments, torch.stack([x[assignments == j].mean(dim=0) for j in range(len(centroids))])


def lloyd_to_the_origin(x, centroids):
    """Counts are at least 1, so that nothing is divided by 0."""
    assignments = _assign(x, centroids)
    sums = torch.zeros_like(centroids).index_add_(0, assignments, x)
    return assignments, sums / assignments.bincount(minlength=len(centroids)).clamp(min=1)[:, None]


def lloyd_left_out(x, centroids):
    """Only clusters with points have a mean."""
    assignments = _assign(x, centroids)
    return assignments, torch.stack([x[assignments == j].mean(dim=0) for j in assignments.unique().tolist()])


def lloyd_in_place(x, centroids):
    """The centroids move, so they are overwritten."""
    assignments = _assign(x, centroids)
    for j in assignments.unique().tolist():
        centroids[j] = x[assignments == j].mean(dim=0)
    return assignments, centroids


def lloyd_only_centroids(x, centroids):
    """What moves is the result."""
    return right_lloyd(x, centroids)[1]


def right_lloyd(x, centroids):
    """A loop over the clusters that have points."""
    assignments = _assign(x, centroids)
    return assignments, _move(x, centroids, assignments)


def right_lloyd_by_products(x, centroids):
    """Distances by the binomial formula, means by one sum for all clusters."""
    squared = x.square().sum(dim=1, keepdim=True) - 2 * x @ centroids.T + centroids.square().sum(dim=1)
    nearest = squared.min(dim=1).indices
    counts = torch.bincount(nearest, minlength=len(centroids)).unsqueeze(1)
    sums = torch.zeros_like(centroids).index_add(0, nearest, x)
    return nearest, torch.where(counts == 0, centroids, sums / counts)


WRONG = {
    "results in the wrong order": (lloyd_swapped, "The assignments come first"),
    "a point for each centroid": (lloyd_a_point_each, "so there are N answers"),
    "the farthest centroid": (lloyd_farthest, "farthest from it"),
    "largest inner product": (lloyd_inner_product, "grows with the length"),
    "distances along the axes": (lloyd_along_axes, "Euclidean"),
    "assigned after the move": (lloyd_assigned_last, "One step assigns first"),
    "distances, not numbers": (lloyd_distances, "not which one it is"),
    "all distances, not the nearest": (lloyd_all_distances, "a whole row"),
    "centroids not moved": (lloyd_standing, "second half of the step"),
    "sum, not mean": (lloyd_sum, "far out"),
    "divided by all points": (lloyd_divided_by_all, "its own cluster"),
    "one mean for all": (lloyd_one_mean, "mean of *all* points"),
    "middle of the range, not mean": (lloyd_median, "sum of squared distances"),
    "half the way": (lloyd_half_way, "half-way"),
    "the old centroid counted as a point": (lloyd_old_one_counts, "as if it were one of the points"),
    "mean over the features": (lloyd_over_features, "goes over the points"),
    "an empty cluster gives NaN": (lloyd_nan, "0 divided by 0"),
    "an empty cluster goes to the origin": (lloyd_to_the_origin, "sent to the origin"),
    "an empty cluster is left out": (lloyd_left_out, "fewer centroids"),
    "input changed in place": (lloyd_in_place, "a tensor that it was given"),
    "wrong type": (lloyd_only_centroids, "another type"),
}

RIGHT = [right_lloyd, right_lloyd_by_products]

"""Answers to `clustering_accuracy(clusters, labels) -> float`, wrong and right."""

from itertools import permutations

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import normalized_mutual_info_score


def _table(clusters, labels):
    """Images by cluster and class, `[K, C]`, without the empty ones."""
    _, a = clusters.unique(return_inverse=True)
    _, b = labels.unique(return_inverse=True)
    table = np.zeros((a.max() + 1, b.max() + 1), int)
    np.add.at(table, (a.numpy(), b.numpy()), 1)
    return table


def _best(table):
    return table[linear_sum_assignment(-table)]


def accuracy_as_numbered(clusters, labels):
    """A cluster's number is its class."""
    return (clusters == labels).float().mean().item()


def purity(clusters, labels):
    """Each cluster is called after the class that is most frequent in it."""
    return _table(clusters, labels).max(axis=1).sum() / len(labels)


def inverse_purity(clusters, labels):
    """Each class is looked for where most of it is."""
    return _table(clusters, labels).max(axis=0).sum() / len(labels)


def worst_matching(clusters, labels):
    """The Hungarian algorithm on the table of counts."""
    table = _table(clusters, labels)
    return table[linear_sum_assignment(table)].sum() / len(labels)


def greedy(clusters, labels):
    """The largest entry first, then strike its row and column."""
    table, total = _table(clusters, labels), 0
    for _ in range(min(table.shape)):
        a, b = np.unravel_index(table.argmax(), table.shape)
        total += table[a, b]
        table[a], table[:, b] = -1, -1
    return total / len(labels)


def by_size(clusters, labels):
    """Large clusters belong to large classes."""
    table = _table(clusters, labels)
    rows, columns = table.sum(axis=1).argsort()[::-1], table.sum(axis=0).argsort()[::-1]
    return sum(table[a, b] for a, b in zip(rows, columns, strict=False)) / len(labels)


def mean_over_clusters(clusters, labels):
    """The accuracy of each cluster, and the mean of them."""
    table = _table(clusters, labels)
    rows, columns = linear_sum_assignment(-table)
    return float(np.mean(table[rows, columns] / table[rows].sum(axis=1)))


def nmi(clusters, labels):
    """A score that does not depend on the numbers."""
    return float(normalized_mutual_info_score(labels.numpy(), clusters.numpy()))


def a_count(clusters, labels):
    """The images that are right."""
    return float(_best(_table(clusters, labels)).sum())


def wrong_share(clusters, labels):
    """What is not matched is what it costs."""
    return 1 - _best(_table(clusters, labels)).sum() / len(labels)


def purity_for_the_rest(clusters, labels):
    """Where there are more clusters than classes, a class gets several."""
    table = _table(clusters, labels)
    entries = _best(table) if table.shape[0] == table.shape[1] else table.max(axis=1)
    return entries.sum() / len(labels)


def partners_only(clusters, labels):
    """A cluster without a class says nothing, so it does not count."""
    table = _table(clusters, labels)
    rows, columns = linear_sum_assignment(-table)
    return table[rows, columns].sum() / table[rows].sum()


def square_table(clusters, labels):
    """A matching needs a square table."""
    table = _table(clusters, labels)
    side = min(table.shape)
    return _best(table[:side, :side]).sum() / len(labels)


def counted_without_gaps(clusters, labels):
    """There are so many clusters: count from 0."""
    k, c = len(clusters.unique()), len(labels.unique())
    table = np.array([[((clusters == a) & (labels == b)).sum().item() for b in range(c)] for a in range(k)])
    return _best(table).sum() / len(labels)


def matching_itself(clusters, labels):
    """The matching is what one wants to know."""
    return dict(zip(*(side.tolist() for side in linear_sum_assignment(-_table(clusters, labels))), strict=True))


def right_accuracy(clusters, labels):
    """A table by bincount, then SciPy; the answer as a tensor of one number."""
    k, c = int(clusters.max()) + 1, int(labels.max()) + 1
    table = (clusters * c + labels).bincount(minlength=k * c).view(k, c)
    rows, columns = linear_sum_assignment(table.numpy(), maximize=True)
    return table[rows, columns].sum() / len(labels)


def right_accuracy_by_trying(clusters, labels):
    """Every way to name the clusters; "nobody" is the name of those who go without."""
    names, best = [*labels.unique().tolist()], 0.0
    groups = [labels[clusters == a] for a in clusters.unique().tolist()]
    names += ["nobody"] * max(0, len(groups) - len(names))
    for named in permutations(names, len(groups)):
        pairs = zip(groups, named, strict=True)
        right = sum(int((group == name).sum()) for group, name in pairs if name != "nobody")
        best = max(best, right / len(labels))
    return best


WRONG = {
    "numbers of clusters taken for classes": (accuracy_as_numbered, "a matter of luck"),
    "two clusters may share a class": (purity, "as many clusters as images"),
    "two classes may share a cluster": (inverse_purity, "One cluster with everything"),
    "the worst matching": (worst_matching, "the *fewest* images"),
    "chosen step by step": (greedy, "can be expensive"),
    "matched by size": (by_size, "hold the same images"),
    "every cluster counts alike": (mean_over_clusters, "The contract counts images"),
    "another score": (nmi, "need no matching"),
    "not a share": (a_count, "A share of what"),
    "the wrong ones counted": (wrong_share, "that are *wrong*"),
    "several clusters for a class": (purity_for_the_rest, "some go without"),
    "images without a partner left out": (partners_only, "They are images, too"),
    "the table cut to a square": (square_table, "Only the first clusters"),
    "numbers with gaps": (counted_without_gaps, "leaves a gap"),
    "wrong type": (matching_itself, "another type"),
}

RIGHT = [right_accuracy, right_accuracy_by_trying]

"""Clustering accuracy: clusters get the names of classes, one to one, in the best way (Kuhn 1955)."""

from collections.abc import Callable

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from aimsssl import evaluation
from aimsssl.exercises.old_framework import Exercise, call, expect, one_of

SQUARE = ((50, 45, 2, 3), (48, 5, 4, 1), (30, 2, 3, 40), (6, 3, 35, 33))
"""Images by cluster and class. Whoever takes the largest entry first pays for it: 50 + 5 is less than 45 + 48."""
TALL = ((30, 4, 1), (2, 11, 25), (28, 3, 2), (5, 22, 6), (4, 2, 20), (3, 18, 7))
WIDE = ((40, 30, 5, 9), (33, 6, 25, 8))


def _reference_clustering_accuracy(clusters: Tensor, labels: Tensor) -> float:
    """`aimsssl.evaluation.clustering_scores(...).accuracy`, in [0, 1]."""
    return evaluation.clustering_scores(clusters, labels).accuracy


def _images(table: tuple, cluster_names: tuple = (), class_names: tuple = ()) -> tuple[Tensor, Tensor]:
    """Clusters and labels `[N]` of images that give this table, in mixed order."""
    counts = torch.tensor(table)
    pairs = torch.repeat_interleave(torch.arange(counts.numel()), counts.flatten())
    pairs = pairs[torch.randperm(len(pairs))]
    clusters, labels = pairs // counts.shape[1], pairs % counts.shape[1]
    if cluster_names:
        clusters, labels = torch.tensor(cluster_names)[clusters], torch.tensor(class_names)[labels]
    return clusters, labels


def _number(came: object) -> object:
    """A tensor or an array of one number is as good as that number."""
    return came.item() if isinstance(came, Tensor | np.ndarray | np.generic) and tuple(came.shape) == () else came


def _matched(table: np.ndarray, maximize: bool = True) -> np.ndarray:
    """The entries of the best (or worst) one-to-one matching."""
    return table[linear_sum_assignment(table, maximize=maximize)]


def _greedy(table: np.ndarray, order: str) -> int:
    """The images that someone gets right who chooses step by step: the largest entry, or row by row."""
    left, total = table.astype(float), 0
    for row in range(len(table)):
        r, c = np.unravel_index(left.argmax(), left.shape) if order == "largest" else (row, left[row].argmax())
        total += table[r, c]
        left[r], left[:, c] = -1, -1
    return total


def _as_many_clusters_as_classes(student: Callable) -> None:
    """The best matching, neither a majority vote nor step by step."""
    clusters, labels = _images(SQUARE)
    table = np.array(SQUARE)
    n, scores = table.sum(), evaluation.clustering_scores(clusters, labels)
    rows, columns = linear_sum_assignment(table, maximize=True)
    by_size = table[table.sum(axis=1).argsort(), table.sum(axis=0).argsort()].sum()
    expect(
        f"{n} images, 4 clusters (rows) and 4 classes (columns): {SQUARE}",
        _number(call(student, clusters, labels)),
        scores.accuracy,
        likely={
            "numbers of clusters taken for classes": table.trace() / n,
            "two clusters may share a class": table.max(axis=1).sum() / n,
            "two classes may share a cluster": table.max(axis=0).sum() / n,
            "the worst matching": _matched(table, maximize=False).sum() / n,
            "chosen step by step": one_of(*(_greedy(t, o) / n for t in (table, table.T) for o in ("largest", "rows"))),
            "matched by size": by_size / n,
            "every cluster counts alike": one_of(
                (table[rows, columns] / table.sum(axis=1)[rows]).mean(),
                (table[rows, columns] / table.sum(axis=0)[columns]).mean(),
            ),
            "another score": one_of(scores.nmi, scores.ari),
            "not a share": lambda came: came > 1,
            "the wrong ones counted": 1 - scores.accuracy,
        },
    )


def _more_or_fewer(student: Callable) -> None:
    """Six clusters for three classes, then two for four: someone goes without."""
    for table, what in ((np.array(TALL), "6 clusters, 3 classes"), (np.array(WIDE), "2 clusters, 4 classes")):
        clusters, labels = _images(tuple(map(tuple, table.tolist())))
        n, side = table.sum(), min(table.shape)
        rows, columns = linear_sum_assignment(table, maximize=True)
        expect(
            f"{what}, images by cluster and class: {table.tolist()}",
            _number(call(student, clusters, labels)),
            _reference_clustering_accuracy(clusters, labels),
            likely={
                "several clusters for a class": one_of(table.max(axis=1).sum() / n, table.max(axis=0).sum() / n),
                "images without a partner left out": one_of(
                    table[rows, columns].sum() / table[rows].sum(), table[rows, columns].sum() / table[:, columns].sum()
                ),
                "the table cut to a square": _matched(table[:side, :side]).sum() / n,
            },
        )


def _numbers_with_gaps(student: Callable) -> None:
    """k-means has left clusters empty, and the labels are those of a part of a data set."""
    clusters, labels = _images(((12, 1, 2), (3, 2, 14), (4, 15, 1)), (0, 3, 7), (2, 4, 5))
    first = np.array([[((clusters == a) & (labels == b)).sum() for b in range(3)] for a in range(3)])
    expect(
        "clusters with the numbers 0, 3 and 7, classes with the numbers 2, 4 and 5",
        _number(call(student, clusters, labels)),
        _reference_clustering_accuracy(clusters, labels),
        likely={"numbers with gaps": lambda came: np.isclose(came, _matched(first).sum() / len(labels))},
    )


clustering_accuracy = Exercise(
    lesson="06",
    name="clustering_accuracy",
    title="Give each cluster the name of a class, in the best way, and count the images that are right.",
    difficulty="●●○",
    minutes=15,
    reference=_reference_clustering_accuracy,
    hints=(
        "First a table: how many images are in cluster a and of class b? Everything else is a question to this table. "
        "Which entries would you like to add up, and which two may you never take together?",
        "At most one entry of each row and of each column. scipy.optimize.linear_sum_assignment finds the best choice, "
        "and it takes a table that is not square. Look up what it does by default: make large, or make small?",
        "Count pairs into a NumPy table of zeros, with the largest cluster number + 1 rows and the largest label + 1 "
        "columns. linear_sum_assignment(table, maximize=True) gives the rows and the columns of the chosen entries. "
        "Add these entries up, over the number of all images.",
    ),
    checks=(_as_many_clusters_as_classes, _more_or_fewer, _numbers_with_gaps),
    mistakes={
        "numbers of clusters taken for classes": "Cluster 0 was taken for class 0, and so on. The number of a cluster "
        "is a matter of luck; with another seed of k-means it is another.",
        "two clusters may share a class": "Each cluster got its most frequent class. That score is called purity, and "
        "two clusters can then have the same class. With as many clusters as images purity is 1.",
        "two classes may share a cluster": "Each class chose its largest cluster, and two classes took the same one. "
        "One cluster with everything would get 1.",
        "the worst matching": "This is one-to-one, but the *fewest* images are right. An algorithm for costs looks for "
        "the smallest sum.",
        "chosen step by step": "Someone took the best entry first, then the best of what was left. The first choice "
        "can be expensive: it may leave only bad ones to the others.",
        "matched by size": "The largest cluster was given the largest class, and so on. Two groups of one size need "
        "not hold the same images.",
        "every cluster counts alike": "A share was computed for each cluster or class, then the mean of the shares. "
        "Small ones then count as much as large ones. The contract counts images.",
        "another score": "This is NMI or ARI. They need no matching. Here the share of the images is wanted that are "
        "right under a matching.",
        "not a share": "The result is above 1. A share of what? The contract says it.",
        "the wrong ones counted": "This is the share of the images that are *wrong*.",
        "several clusters for a class": "With as many clusters as classes the matching is one-to-one, but here several "
        "clusters got one class (or several classes one cluster). One-to-one also means that some go without.",
        "images without a partner left out": "Images whose cluster (or class) has no partner were left out of the "
        "count. They are images, too, and they are not right.",
        "the table cut to a square": "Only the first clusters or classes were looked at. Which of them go without is "
        "what the matching should find out.",
        "numbers with gaps": "Some numbers were never looked at. An empty cluster leaves a gap: three clusters need "
        "not be numbered 0, 1, 2.",
    },
)

"""Clustering accuracy: clusters get the names of classes, one to one, in the best way (Kuhn 1955)."""

from collections.abc import Callable

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from aimsssl import evaluation
from aimsssl.exercises.framework import Case, Exercise

SQUARE = ((60, 40, 2, 3), (30, 0, 4, 1), (3, 5, 50, 26), (6, 2, 25, 3))
"""Images by cluster and class. 60 + 0 is less than 40 + 30, and 50 + 3 more than 26 + 25: no curve of "
"the counts will do."""
TALL = ((28, 4, 6), (21, 2, 6), (1, 19, 7), (31, 3, 2), (3, 12, 25), (5, 20, 7))
WIDE = ((4, 30, 5, 29), (3, 27, 25, 6))


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


def _number(function: Callable, clusters: Tensor, labels: Tensor) -> object:
    """A tensor or an array of one number is as good as that number."""
    came = function(clusters, labels)
    return came.item() if isinstance(came, Tensor | np.ndarray | np.generic) and tuple(came.shape) == () else came


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
    cases=(
        Case(f"4 clusters (rows) and 4 classes (columns): {SQUARE}", lambda: _images(SQUARE), _number),
        Case(f"6 clusters, 3 classes: {TALL}", lambda: _images(TALL), _number),
        Case(f"2 clusters, 4 classes: {WIDE}", lambda: _images(WIDE), _number),
        Case(
            "the clusters 0 and 2, the classes 1, 2 and 13",
            lambda: _images(((120, 360, 80), (320, 160, 0)), (0, 2), (1, 2, 13)),
            _number,
        ),
    ),
)


def _table(clusters: Tensor, labels: Tensor) -> np.ndarray:
    """Images by cluster and class, `[K, C]`, without the empty ones."""
    a, b = (groups.unique(return_inverse=True)[1] for groups in (clusters, labels))
    table = np.zeros((a.max() + 1, b.max() + 1), int)
    np.add.at(table, (a.numpy(), b.numpy()), 1)
    return table


def _full(clusters: Tensor, labels: Tensor, rows: int = 0, columns: int = 0) -> np.ndarray:
    """Images by cluster and class, with the empty ones, and more of them where asked."""
    table = np.zeros((max(rows, int(clusters.max()) + 1), max(columns, int(labels.max()) + 1)), int)
    np.add.at(table, (clusters.numpy(), labels.numpy()), 1)
    return table


def _best(table: np.ndarray, costs: np.ndarray | None = None) -> np.ndarray:
    """The entries of the best one-to-one matching, or of that with the lowest costs."""
    return table[linear_sum_assignment(-table if costs is None else costs)]


@clustering_accuracy.mistake(
    "numbers of clusters taken for classes",
    "Cluster 0 was taken for class 0, and so on. The number of a cluster is a matter of luck; with another seed of "
    "k-means it is another.",
)
def _(clusters, labels):
    """A cluster's number is its class."""
    return (clusters == labels).float().mean().item()


@clustering_accuracy.also("numbers of clusters taken for classes")
def _(clusters, labels):
    return float(_table(clusters, labels).trace() / len(labels))


@clustering_accuracy.mistake(
    "two clusters may share a class",
    "Each cluster got its most frequent class. That score is called purity, and two clusters can then have the same "
    "class. With as many clusters as images purity is 1.",
)
def _(clusters, labels):
    """Each cluster is called after the class that is most frequent in it."""
    return _table(clusters, labels).max(axis=1).sum() / len(labels)


@clustering_accuracy.mistake(
    "a class taken away again",
    "Each cluster took its most frequent class, and a later cluster took it from an earlier one, which then has none. "
    "Perhaps the earlier one has more images of it, or both would do better with other classes.",
)
def _(clusters, labels):
    """A dictionary has each class once."""
    table = _table(clusters, labels)
    owner = {row.argmax(): number for number, row in enumerate(table)}
    return float(sum(table[cluster, label] for label, cluster in owner.items()) / len(labels))


@clustering_accuracy.mistake(
    "named after its first image",
    "Each cluster got the class of one of its images. Look at all of them, and give no class twice.",
)
def _(clusters, labels):
    """The first image of a cluster tells what it is."""
    names = {c: y for c, y in zip(reversed(clusters.tolist()), reversed(labels.tolist()), strict=True)}
    return float(np.mean([names[c] == y for c, y in zip(clusters.tolist(), labels.tolist(), strict=True)]))


@clustering_accuracy.also("named after its first image")  # the last one
def _(clusters, labels):
    names = dict(zip(clusters.tolist(), labels.tolist(), strict=True))
    return float(np.mean([names[c] == y for c, y in zip(clusters.tolist(), labels.tolist(), strict=True)]))


@clustering_accuracy.mistake(
    "two classes may share a cluster",
    "Each class chose its largest cluster, and two classes took the same one. One cluster with everything would get 1.",
)
def _(clusters, labels):
    """Each class is looked for where most of it is."""
    return _table(clusters, labels).max(axis=0).sum() / len(labels)


@clustering_accuracy.mistake(
    "the worst matching",
    "This is one-to-one, but the *fewest* images are right. An algorithm for costs looks for the smallest sum.",
)
def _(clusters, labels):
    """The Hungarian algorithm on the table of counts."""
    table = _table(clusters, labels)
    return _best(table, table).sum() / len(labels)


@clustering_accuracy.also("the worst matching")
def _(clusters, labels):
    table = _full(clusters, labels)
    return _best(table, table).sum() / len(labels)


@clustering_accuracy.mistake(
    "one over the count as cost",
    "Counts were turned into costs by a division, or by another curve. The matching then makes *that* sum "
    "small, and not the number of wrong images: costs must fall by as much as the count grows.",
)
def _(clusters, labels):
    """Where there are many images, the cost is small."""
    table = _table(clusters, labels)
    return _best(table, 1 / (table + 1)).sum() / len(labels)


for _cost in (
    lambda table: np.exp(-table.astype(float)),
    lambda table: -np.log(table + 1.0),
    lambda table: -(table.astype(float) ** 2),
    lambda table: 1 / (table + 1e-9),
):

    @clustering_accuracy.also("one over the count as cost")
    def _(clusters, labels, cost=_cost):
        table = _table(clusters, labels)
        return _best(table, cost(table)).sum() / len(labels)


@clustering_accuracy.mistake(
    "shares matched, not images",
    "The matching makes the sum of *shares* large, each of its own cluster or class. Then a small cluster "
    "weighs as much as a large one; the contract counts images.",
)
def _(clusters, labels):
    """Each row is normalised, as in a confusion matrix."""
    table = _table(clusters, labels)
    return _best(table, -table / table.sum(axis=1, keepdims=True)).sum() / len(labels)


@clustering_accuracy.also("shares matched, not images")
def _(clusters, labels):
    table = _table(clusters, labels)
    return _best(table, -table / table.sum(axis=0, keepdims=True)).sum() / len(labels)


@clustering_accuracy.mistake(
    "chosen step by step",
    "Someone took the best entry first, then the best of what was left. The first choice can be expensive: it "
    "may leave only bad ones to the others.",
)
def _(clusters, labels):
    """The largest entry first, then strike its row and column."""
    table, total = _table(clusters, labels), 0
    for _ in range(min(table.shape)):
        a, b = np.unravel_index(table.argmax(), table.shape)
        total += table[a, b]
        table[a], table[:, b] = -1, -1
    return total / len(labels)


def _row_by_row(table: np.ndarray, rows: list[int]) -> int:
    total, free = 0, list(range(table.shape[1]))
    for row in rows:
        if free:
            column = max(free, key=lambda c: table[row, c])
            free.remove(column)
            total += table[row, column]
    return total


for _turned, _order in (
    (False, lambda table: range(len(table))),
    (True, lambda table: range(len(table))),
    (False, lambda table: (-table.sum(axis=1)).argsort(kind="stable")),
    (True, lambda table: (-table.sum(axis=1)).argsort(kind="stable")),
):

    @clustering_accuracy.also("chosen step by step")
    def _(clusters, labels, turned=_turned, order=_order):
        table = _table(clusters, labels).T if turned else _table(clusters, labels)
        return _row_by_row(table, list(order(table))) / len(labels)


@clustering_accuracy.mistake(
    "matched by size",
    "The largest cluster was given the largest class, and so on. Two groups of one size need not hold the same images.",
)
def _(clusters, labels):
    """Large clusters belong to large classes."""
    table = _table(clusters, labels)
    rows, columns = table.sum(axis=1).argsort()[::-1], table.sum(axis=0).argsort()[::-1]
    return sum(table[a, b] for a, b in zip(rows, columns, strict=False)) / len(labels)


@clustering_accuracy.mistake(
    "every cluster counts alike",
    "A share was computed for each cluster or class, then the mean of the shares. Small ones then count as "
    "much as large ones. The contract counts images.",
)
def _(clusters, labels):
    """The accuracy of each cluster, and the mean of them."""
    table = _table(clusters, labels)
    rows, columns = linear_sum_assignment(-table)
    return float(np.mean(table[rows, columns] / table[rows].sum(axis=1)))


@clustering_accuracy.also("every cluster counts alike")
def _(clusters, labels):
    table = _table(clusters, labels)
    rows, columns = linear_sum_assignment(-table)
    return float(np.mean(table[rows, columns] / table[:, columns].sum(axis=0)))


for _axis in (0, 1):

    @clustering_accuracy.also("every cluster counts alike")  # the empty ones, too
    def _(clusters, labels, axis=_axis):
        table = _full(clusters, labels)
        rows, columns = linear_sum_assignment(-table)
        return float((table / table.sum(axis=axis, keepdims=True).clip(1))[rows, columns].mean())


@clustering_accuracy.mistake(
    "another score",
    "This is another score of a clustering, which needs no matching: mutual information, or the Rand index (how many "
    "*pairs* of images agree). Asked for is the share of the images that are right under a matching.",
)
def _(clusters, labels):
    """A score that does not depend on the numbers."""
    return evaluation.clustering_scores(clusters, labels).nmi


@clustering_accuracy.also("another score")
def _(clusters, labels):
    return evaluation.clustering_scores(clusters, labels).ari


@clustering_accuracy.mistake(
    "not a share",
    "The result is above 1: a count, or percent. A share of what? The contract says it.",
    looks=lambda seen: seen.came > 1,
)
def _(clusters, labels):
    """The images that are right."""
    return float(_best(_table(clusters, labels)).sum())


@clustering_accuracy.also("not a share")
def _(clusters, labels):
    return float(_best(_table(clusters, labels)).mean())


@clustering_accuracy.also("not a share")
def _(clusters, labels):
    return int(_best(_table(clusters, labels)).sum())


@clustering_accuracy.mistake("the wrong ones counted", "This is the share of the images that are *wrong*.")
def _(clusters, labels):
    """What is not matched is what it costs."""
    return 1 - _best(_table(clusters, labels)).sum() / len(labels)


@clustering_accuracy.mistake(
    "several clusters for a class",
    "With as many clusters as classes the matching is one-to-one, but here several clusters got one class (or several "
    "classes one cluster). One-to-one also means that some go without.",
)
def _(clusters, labels):
    """Where there are more clusters than classes, a class gets several."""
    table = _table(clusters, labels)
    entries = _best(table) if table.shape[0] == table.shape[1] else table.max(axis=1)
    return entries.sum() / len(labels)


@clustering_accuracy.also("several clusters for a class")
def _(clusters, labels):
    table = _table(clusters, labels)
    entries = _best(table) if table.shape[0] == table.shape[1] else table.max(axis=int(table.shape[0] < table.shape[1]))
    return entries.sum() / len(labels)


@clustering_accuracy.also("several clusters for a class")  # the rest gets its best class after the matching
def _(clusters, labels):
    table = _table(clusters, labels)
    rows, columns = linear_sum_assignment(-table)
    rest = np.delete(table, rows, axis=0)
    return (table[rows, columns].sum() + (rest.max(axis=1).sum() if len(rest) else 0)) / len(labels)


@clustering_accuracy.mistake(
    "images without a partner left out",
    "Images whose cluster (or class) has no partner were left out of the count. They are images, too, and they are not "
    "right.",
)
def _(clusters, labels):
    """A cluster without a class says nothing, so it does not count."""
    table = _table(clusters, labels)
    rows, columns = linear_sum_assignment(-table)
    return table[rows, columns].sum() / table[rows].sum()


@clustering_accuracy.also("images without a partner left out")
def _(clusters, labels):
    table = _table(clusters, labels)
    rows, columns = linear_sum_assignment(-table)
    return table[rows, columns].sum() / table[:, columns].sum()


@clustering_accuracy.also("images without a partner left out")
def _(clusters, labels):
    table = _table(clusters, labels)
    rows, columns = linear_sum_assignment(-table)
    return table[rows, columns].sum() / table[rows][:, columns].sum()


@clustering_accuracy.mistake(
    "the table cut to a square",
    "Only the first clusters or classes were looked at. Which of them go without is what the matching should find out.",
)
def _(clusters, labels):
    """A matching needs a square table."""
    table = _table(clusters, labels)
    side = min(table.shape)
    return _best(table[:side, :side]).sum() / len(labels)


@clustering_accuracy.mistake(
    "numbers with gaps",
    "Some numbers were never looked at, or there was no room for them. An empty cluster leaves a gap: three "
    "clusters need not be numbered 0, 1, 2.",
    looks=lambda seen: (
        len(seen.inputs[0].unique()) <= int(seen.inputs[0].max()) and (seen.trouble or seen.came < seen.expected)
    ),
)
def _(clusters, labels):
    """There are so many clusters: count from 0."""
    k, c = len(clusters.unique()), len(labels.unique())
    table = np.array([[((clusters == a) & (labels == b)).sum().item() for b in range(c)] for a in range(k)])
    return _best(table).sum() / len(labels)


@clustering_accuracy.mistake(
    "the last number not counted",
    "The cluster or the class with the highest number has no place in the table. Numbers from 0 to m are m + "
    "1 numbers.",
)
def _(clusters, labels):
    """The highest number is how many there are."""
    return _best(_full(clusters, labels)[:-1, :-1]).sum() / len(labels)


@clustering_accuracy.also("the last number not counted")
def _(clusters, labels):
    return _best(_table(clusters, labels)[:-1]).sum() / len(labels)


@clustering_accuracy.also("the last number not counted")
def _(clusters, labels):
    return _best(_table(clusters, labels)[:, :-1]).sum() / len(labels)


@clustering_accuracy.mistake(
    "a table of ones",
    "The table says only *whether* there is such an image, not how many: an assignment to `x[…]` with the same index "
    "twice does not add up.",
)
def _(clusters, labels):
    """table[clusters, labels] += 1 counts all."""
    return _best((_table(clusters, labels) > 0).astype(int)).sum() / len(labels)


@clustering_accuracy.mistake(
    "a table whose numbers are too small",
    "An entry of the table holds more images than its dtype can count: uint8 begins again at 0 after 255.",
)
def _(clusters, labels):
    """Small whole numbers need little room."""
    return float(_best(_full(clusters, labels).astype(np.uint8).astype(int)).sum() / len(labels))


@clustering_accuracy.also("a table whose numbers are too small")
def _(clusters, labels):
    return float(_best(_full(clusters, labels).astype(np.int8).astype(int)).sum() / len(labels))


@clustering_accuracy.mistake(
    "divided by the matched entries",
    "The images that are right were divided by the number of clusters or classes. A share of the images divides by all "
    "images.",
)
def _(clusters, labels):
    """A mean over the clusters."""
    return float(_best(_table(clusters, labels)).sum() / len(clusters) / len(clusters.unique()))


@clustering_accuracy.mistake(
    "the matching, not the score",
    "This says which cluster has which class. How many images are then right?",
    looks=lambda seen: isinstance(seen.came, dict | tuple | list) or getattr(seen.came, "ndim", 0) > 0,
)
def _(clusters, labels):
    """The matching is what one wants to know."""
    return dict(zip(*(side.tolist() for side in linear_sum_assignment(-_table(clusters, labels))), strict=True))


@clustering_accuracy.mistake(
    "the costs added up, not the images",
    "The matching is right, but the costs of its entries were added up. The images at these entries are wanted.",
)
def _(clusters, labels):
    """What the matching makes small is the result."""
    table = _table(clusters, labels)
    return _best(table.max() - table, -table).sum() / len(labels)


@clustering_accuracy.also("the costs added up, not the images")
def _(clusters, labels):
    table = _full(clusters, labels)
    return _best(table.max() - table, -table).sum() / len(labels)


@clustering_accuracy.also("the costs added up, not the images")
def _(clusters, labels):
    table = _table(clusters, labels)
    return -_best(table).sum() / len(labels)


@clustering_accuracy.mistake(
    "only the largest may match",
    "Only the largest clusters (or classes) were looked at. Which go without is what the matching should find out.",
)
def _(clusters, labels):
    """The small ones go without."""
    table = _full(clusters, labels)
    largest = table.sum(axis=1).argsort()[::-1][: table.shape[1]]
    return _best(table[np.sort(largest)]).sum() / len(labels)


@clustering_accuracy.mistake(
    "what is lost taken for cost",
    "The cost is how much less than its cluster's (or class's) best count an entry has. Where some go without a "
    "partner, a small cluster with no loss then beats a large one. Make the sum of the counts large.",
)
def _(clusters, labels):
    """A matching makes costs small: the best of a row costs nothing."""
    table = _full(clusters, labels)
    return _best(table, table.max(axis=1, keepdims=True) - table).sum() / len(labels)


@clustering_accuracy.mistake(
    "numbers put together in bins",
    "A histogram has bins, and two classes (or clusters) can fall into one where numbers are missing between. Count "
    "each pair of numbers by itself.",
)
def _(clusters, labels):
    """histogram2d counts pairs."""
    bins = len(clusters.unique()), len(labels.unique())
    return _best(np.histogram2d(clusters.numpy(), labels.numpy(), bins=bins)[0]).sum() / len(labels)


@clustering_accuracy.also("the table cut to a square")
def _(clusters, labels):
    table = _full(clusters, labels)
    return _best(table[: min(table.shape)]).sum() / len(labels)


@clustering_accuracy.mistake(
    "rows and columns of the matching mixed up",
    "linear_sum_assignment gives two lists: the rows, and the column of each of these. They were used the other way "
    "round.",
)
def _(clusters, labels):
    """The result says the class first."""
    side = 1 + int(max(clusters.max(), labels.max()))
    table = _full(clusters, labels, side, side)
    rows, columns = linear_sum_assignment(-table)
    return table[columns, rows].sum() / len(labels)


@clustering_accuracy.also("rows and columns of the matching mixed up")
def _(clusters, labels):
    rows, columns = linear_sum_assignment(-_full(clusters, labels))
    name = dict(zip(columns.tolist(), rows.tolist(), strict=True))
    return sum(name.get(c) == y for c, y in zip(clusters.tolist(), labels.tolist(), strict=True)) / len(labels)


@clustering_accuracy.mistake(
    "a fixed number of classes",
    "Room for ten classes was written into the table. A label beyond it lands in the row of the next cluster. How "
    "many classes are there?",
)
def _(clusters, labels):
    """There are ten classes."""
    table = torch.bincount(clusters * 10 + labels, minlength=10 * (int(clusters.max()) + 1)).numpy()
    table = np.concatenate([table, np.zeros(-len(table) % 10, int)]).reshape(-1, 10)
    return _best(table).sum() / len(labels)


@clustering_accuracy.mistake(
    "pairs counted in the wrong place",
    "The table does not hold the counts of the pairs. One number for a pair is cluster · (how many classes) + class, "
    "and the table then has a row for each cluster: do factor and shape fit each other?",
)
def _(clusters, labels):
    """The sizes of the table in the other order."""
    table = _full(clusters, labels)
    return _best(table.reshape(table.shape[::-1])).sum() / len(labels)


@clustering_accuracy.also("pairs counted in the wrong place")
def _(clusters, labels):
    k, c = _full(clusters, labels).shape
    return _best((clusters * k + labels).bincount(minlength=k * c)[: k * c].reshape(k, c).numpy()).sum() / len(labels)


@clustering_accuracy.also("pairs counted in the wrong place")
def _(clusters, labels):
    k, c = _full(clusters, labels).shape
    return _best((clusters + labels * c).bincount(minlength=k * c)[: k * c].reshape(k, c).numpy()).sum() / len(labels)


@clustering_accuracy.also("another score")
def _(clusters, labels):
    return ((clusters[:, None] == clusters) == (labels[:, None] == labels)).double().mean().item()


def _mutual_information(table: np.ndarray) -> tuple[float, float, float]:
    """In nats, and the entropies of the clusters and of the classes."""
    shares = table / table.sum()
    of_clusters, of_classes = shares.sum(axis=1), shares.sum(axis=0)
    there = shares > 0
    value = (shares[there] * np.log((shares / np.outer(of_clusters, of_classes).clip(1e-12))[there])).sum()
    entropies = (-(p[p > 0] * np.log(p[p > 0])).sum() for p in (of_clusters, of_classes))
    return float(value), *map(float, entropies)


for _of in (
    lambda value, one, other: value,
    lambda value, one, other: 2 * value / (one + other),
    lambda value, one, other: value / (one * other) ** 0.5,
    lambda value, one, other: value / max(one, other),
    lambda value, one, other: value / other,
):

    @clustering_accuracy.also("another score")
    def _(clusters, labels, of=_of):
        return of(*_mutual_information(_full(clusters, labels)))

"""Weighted kNN: near neighbours have more votes (Wu et al. 2018, arXiv:1805.01978, §3.4)."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from aimsssl import evaluation
from aimsssl.exercises.old_framework import Exercise, call, expect, one_of

KEYS, QUERIES, FEATURES, CLASSES = 120, 300, 6, 5
K, TEMPERATURE = 30, 0.2


def _reference_weighted_knn(keys: Tensor, labels: Tensor, queries: Tensor, k: int, temperature: float) -> Tensor:
    """`aimsssl.evaluation.knn_predict`: a class for each query, int64 `[Q]`."""
    return evaluation.knn_predict(keys, labels, queries, k=k, temperature=temperature)


def _features(count: int, offset: float = 0.5) -> Tensor:
    """Rows of very different lengths, off the origin, as features of a network are: `[count, D]`."""
    return (torch.randn(count, FEATURES) + offset) * torch.rand(count, 1).add(0.3)


def _classes(votes: Tensor, neighbours: Tensor) -> Tensor:
    """The class with most votes, from votes `[Q, k]` and the classes of the neighbours `[Q, k]`."""
    return (F.one_hot(neighbours) * votes[..., None]).sum(dim=1).argmax(dim=1)


def _by(scores: Tensor, labels: Tensor, votes_of: Callable, k: int = K, largest: bool = True) -> Tensor:
    """The prediction of someone who takes the k largest (or smallest) of `scores` `[Q, N]` and weighs them so."""
    values, index = scores.topk(k, dim=1, largest=largest)
    return _classes(votes_of(values), labels[index])


def _close_calls_first(keys: Tensor, labels: Tensor, queries: Tensor) -> Tensor:
    """The queries in another order: a message shows the first of them, where mistakes are seen most."""
    s, index = (F.normalize(queries, dim=1) @ F.normalize(keys, dim=1).T).topk(K, dim=1)
    votes = (F.one_hot(labels[index]) * (s / TEMPERATURE).softmax(dim=1)[..., None]).sum(dim=1)
    first, second = votes.topk(2, dim=1).values.T
    return queries[(first - second).argsort()]


def _who_votes_and_how_much(student: Callable) -> None:
    """Which neighbours, and the weight of each."""
    keys, labels = _features(KEYS), torch.randint(CLASSES, (KEYS,))
    queries = _close_calls_first(keys, labels, _features(QUERIES))
    cosine = F.normalize(queries, dim=1) @ F.normalize(keys, dim=1).T  # [Q, N]
    distance, angle = torch.cdist(queries, keys), torch.cdist(F.normalize(queries), F.normalize(keys))
    s, index = cosine.topk(K, dim=1)
    near = labels[index]  # [Q, k]

    def usual(x: Tensor) -> Tensor:
        return torch.exp(x / TEMPERATURE)

    def shares(x: Tensor) -> Tensor:
        return (x / TEMPERATURE).softmax(dim=1)

    def falling(x: Tensor) -> Tensor:
        return torch.exp(-x / TEMPERATURE)

    voters = F.one_hot(near, CLASSES)  # [Q, k, C]
    mean_votes = (voters * usual(s)[..., None]).sum(dim=1) / voters.sum(dim=1).clamp(min=1)
    expect(
        f"the classes of {QUERIES} queries among {KEYS} keys, k {K}, temperature {TEMPERATURE}",
        call(student, keys, labels, queries, K, TEMPERATURE),
        _reference_weighted_knn(keys, labels, queries, K, TEMPERATURE),
        likely={
            "votes, not classes": lambda came: came.shape == (QUERIES, CLASSES),
            "neighbours, not classes": one_of(index[:, 0], torch.zeros(QUERIES, dtype=torch.int64)),
            "inner product for cosine": one_of(
                _by(queries @ keys.T, labels, usual), _by(queries @ keys.T, labels, shares)
            ),
            "normalised on one side only": one_of(
                _by(F.normalize(queries) @ keys.T, labels, usual), _by(queries @ F.normalize(keys).T, labels, usual)
            ),
            "columns of length 1": one_of(
                _by(F.normalize(queries, dim=0) @ F.normalize(keys, dim=0).T, labels, usual),
                _by(F.normalize(queries, dim=0) @ F.normalize(keys, dim=0).T, labels, shares),
            ),
            "distance for similarity": one_of(
                _by(distance, labels, falling, largest=False),
                _by(distance, labels, lambda d: falling(d**2), largest=False),
                _by(distance, labels, lambda d: 1 / d, largest=False),
                _by(angle, labels, falling, largest=False),
                _by(angle, labels, lambda d: falling(d**2), largest=False),
            ),
            "the farthest vote": one_of(
                _by(cosine, labels, usual, largest=False),
                _by(cosine, labels, falling, largest=False),
                _by(distance, labels, falling),
            ),
            "the nearest have the fewest votes": one_of(
                _by(cosine, labels, falling), _by(distance, labels, usual, largest=False)
            ),
            "one vote each": one_of(_by(cosine, labels, torch.ones_like), near.mode(dim=1).values),
            "temperature multiplied": _by(cosine, labels, lambda x: torch.exp(x * TEMPERATURE)),
            "temperature ignored": _by(cosine, labels, torch.exp),
            "similarities as votes": one_of(
                _by(cosine, labels, lambda x: x), _by(cosine, labels, lambda x: x / TEMPERATURE)
            ),
            "only the nearest one": near[:, 0],
            "all keys vote": _by(cosine, labels, usual, k=KEYS),
            "the first neighbour left out": one_of(
                _classes(usual(cosine.topk(K + 1).values[:, 1:]), labels[cosine.topk(K + 1).indices[:, 1:]]),
                _classes(usual(s[:, 1:]), near[:, 1:]),
            ),
            "the mean vote of a class": mean_votes.argmax(dim=1),
            "class numbers averaged": (usual(s) * near).sum(dim=1).div(usual(s).sum(dim=1)).round().long(),
            "shares over the queries": _by(cosine, labels, lambda x: (x / TEMPERATURE).softmax(dim=0)),
        },
    )


def _classes_with_gaps(student: Callable) -> None:
    """Numbers of classes that begin above 0 and have gaps: a part of a data set."""
    keys, queries = _features(KEYS), _features(QUERIES)
    positions = torch.randint(3, (KEYS,))
    labels = torch.tensor([1, 4, 12])[positions]
    right = _reference_weighted_knn(keys, labels, queries, K, TEMPERATURE)
    expect(
        "the classes where only the classes 1, 4 and 12 are among the keys",
        call(student, keys, labels, queries, K, TEMPERATURE),
        right,
        likely={
            "class numbers taken for 0, 1, 2": one_of(
                _reference_weighted_knn(keys, positions, queries, K, TEMPERATURE), torch.ones_like(right)
            )
        },
    )


def _a_small_temperature(student: Callable) -> None:
    """All cosines are near 1, as they are after a ReLU, and τ = 0.01: an exponential of 100.

    Whoever was right at a larger temperature can be wrong here through too large numbers only.
    """
    keys, labels, queries = _features(KEYS, 6.0), torch.randint(CLASSES, (KEYS,)), _features(QUERIES, 6.0)
    tau = 0.01
    expect(
        f"the classes at temperature {tau}, where all cosines are near 1",
        call(student, keys, labels, queries, K, tau),
        _reference_weighted_knn(keys, labels, queries, K, tau),
        likely={"overflow at a small temperature": lambda came: came.shape == (QUERIES,)},
    )


weighted_knn = Exercise(
    lesson="06",
    name="weighted_knn",
    title="Predict classes by the weighted vote of the k nearest neighbours.",
    difficulty="●●○",
    minutes=15,
    reference=_reference_weighted_knn,
    hints=(
        "Two questions, one after the other: which k keys are the nearest of a query, and how many votes has each of "
        "them? Then a count of votes, class by class.",
        "Rows of length 1, then one matrix product: all cosines, [Q, N]. Its topk along dimension 1 gives values and "
        "positions; the labels at these positions are the classes of the neighbours, [Q, k]. How do you add up the "
        "votes of one class? Try it for one query with a loop.",
        "Make a table of zeros, queries by classes (the largest label + 1). scatter_add_ along dimension 1 puts each "
        "vote into the column of its neighbour's class; the argmax of a row is the answer. And against numbers that "
        "are too large: who has most votes does not change when all votes of a query are divided by the same number.",
    ),
    checks=(_who_votes_and_how_much, _classes_with_gaps, _a_small_temperature),
    mistakes={
        "votes, not classes": "These are the votes of every class. Which class wins?",
        "neighbours, not classes": "This is the position of a neighbour, in the list of keys or among the k. Which "
        "class does it have?",
        "inner product for cosine": "An inner product grows with the lengths of both rows: a long key is the neighbour "
        "of everybody. The cosine looks at the direction only.",
        "normalised on one side only": "Queries or keys have length 1, but not both. With long keys the long ones are "
        "'near' to all; with long queries each query has a temperature of its own.",
        "columns of length 1": "The columns have length 1: each feature was normalised over the images. It is each "
        "image whose length should not matter.",
        "distance for similarity": "This goes by distance, and the contract by cosine. The order can be another one, "
        "and so are the weights.",
        "the farthest vote": "The keys that are *least* alike vote. A cosine is a similarity: which end is near?",
        "the nearest have the fewest votes": "The right neighbours vote, but the nearer one is, the less it counts. "
        "Look at a sign.",
        "one vote each": "Every neighbour has one vote, whether it is a twin or only the last of the k. The weights "
        "are missing.",
        "temperature multiplied": "The similarities are multiplied by τ. A small τ then makes all votes alike; it "
        "should make the nearest ones louder.",
        "temperature ignored": "The weights are those of τ = 1, whatever the temperature.",
        "similarities as votes": "The votes are the similarities themselves. A neighbour at 0.9 hardly counts more "
        "than one at 0.8, and one below 0 counts *against* its own class. The exponential is missing.",
        "only the nearest one": "The nearest neighbour decides alone. This is the largest *single* vote; votes of one "
        "class belong together.",
        "all keys vote": "All keys vote, not only the k nearest.",
        "the first neighbour left out": "The nearest key does not vote. That is right where the query is among the "
        "keys and would find itself. Here the queries are other images.",
        "the mean vote of a class": "The votes of a class were averaged. Then one near neighbour beats three that are "
        "nearly as near; votes are counted, not averaged.",
        "class numbers averaged": "Classes 1 and 3 do not make a class 2: numbers of classes are names. Count votes "
        "for each class by itself.",
        "shares over the queries": "The softmax goes over the queries: the neighbours of one query are weighed against "
        "those of other queries. Which dimension holds the neighbours of one query?",
        "class numbers taken for 0, 1, 2": "The classes of a part of a data set need not be 0, 1, 2, … Here position "
        "and name of a class were confused, or only as many numbers looked at as there are classes.",
        "overflow at a small temperature": "Here exp(s/τ) is larger than any float32, so it is infinite, and infinite "
        "votes are all equal (cut off at some maximum, too). Only the *ratios* of the votes of one query matter.",
    },
)

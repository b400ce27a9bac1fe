"""Clustering scores against plain loops and every matching tried out."""

import itertools
import math
from collections import Counter

import pytest
import torch

from aimsssl.evaluation import clustering_scores


def entropy(counts, n):
    return -sum(c / n * math.log(c / n) for c in counts if c)


def nmi_by_loops(clusters, labels):
    """Mutual information over the mean of both entropies, from the counts."""
    n, joint, a, b = len(labels), Counter(zip(clusters, labels, strict=True)), Counter(clusters), Counter(labels)
    information = sum(c / n * math.log(c * n / (a[i] * b[j])) for (i, j), c in joint.items())
    mean = (entropy(a.values(), n) + entropy(b.values(), n)) / 2
    return information / mean


def ari_by_loops(clusters, labels):
    """(pairs together in both − expected) / (mean of pairs together in each − expected)."""
    pairs = list(itertools.combinations(range(len(labels)), 2))
    in_clusters = {p for p in pairs if clusters[p[0]] == clusters[p[1]]}
    in_labels = {p for p in pairs if labels[p[0]] == labels[p[1]]}
    expected = len(in_clusters) * len(in_labels) / len(pairs)
    return (len(in_clusters & in_labels) - expected) / ((len(in_clusters) + len(in_labels)) / 2 - expected)


def accuracy_by_trying_all(clusters, labels):
    """Every one-to-one assignment of cluster names to class names; names without a partner are free."""
    names = sorted(set(clusters) | set(labels) | set(range(max(len(set(clusters)), len(set(labels))))))
    best = 0
    for order in itertools.permutations(names):
        renamed = dict(zip(names, order, strict=True))
        best = max(best, sum(renamed[c] == y for c, y in zip(clusters, labels, strict=True)))
    return best / len(labels)


@pytest.mark.parametrize("k", [2, 3, 4, 6])
@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("noise", [0.2, 1.0])
def test_equals_loops(k, classes, noise):
    labels = torch.randint(classes, (40,))
    clusters = torch.where(torch.rand(40) < noise, torch.randint(k, (40,)), labels * 7 % k)
    scores = clustering_scores(clusters, labels)
    c, y = clusters.tolist(), labels.tolist()
    assert scores.nmi == pytest.approx(nmi_by_loops(c, y))
    assert scores.ari == pytest.approx(ari_by_loops(c, y))
    assert scores.accuracy == pytest.approx(accuracy_by_trying_all(c, y))
    right = sum(scores.matching.get(i) == j for i, j in zip(c, y, strict=True))
    assert scores.accuracy == right / 40, "the matching is the one that is scored"
    assert len(scores.matching) == len(set(scores.matching.values())) == min(len(set(c)), len(set(y)))


def test_names_of_clusters_play_no_part():
    labels = torch.arange(12) % 3
    renamed = torch.tensor([900, 4, 17])[labels]
    scores = clustering_scores(renamed, labels)
    assert (scores.nmi, scores.ari, scores.accuracy) == pytest.approx((1, 1, 1))
    assert scores.matching == {900: 0, 4: 1, 17: 2}


def test_one_cluster_and_one_class():
    labels = torch.tensor([0, 0, 0, 1])
    one = clustering_scores(torch.zeros_like(labels), labels)
    assert (one.nmi, one.ari, one.accuracy, one.matching) == (0, 0, 0.75, {0: 0})
    alone = clustering_scores(torch.tensor([3, 3, 5, 5]), torch.zeros(4, dtype=torch.long))
    assert (alone.nmi, alone.accuracy) == (0, 0.5)


def test_more_clusters_raise_nmi_and_not_ari():
    """Random clusters: the trap of NMI."""
    labels = torch.arange(500) % 10
    few, many = (clustering_scores(torch.randint(k, (500,)), labels) for k in (10, 250))
    assert many.nmi > 0.3 > 0.1 > few.nmi and abs(many.ari) < 0.02 and abs(few.ari) < 0.02
    own = clustering_scores(torch.arange(500), labels)
    assert own.accuracy == 10 / 500, "a cluster for every image: one of each class is right"


@pytest.mark.parametrize(
    "clusters,labels,words",
    [
        ([0, 1], [0, -1], "labels has 1 unknown"),
        ([-1, 1], [0, 1], "clusters has 1 unknown"),
        ([0, 1, 1], [0, 1], r"clusters must be integers of shape \[2\]"),
        ([0.0, 1.0], [0, 1], "clusters must be integers"),
        ([], [], "must not be empty"),
    ],
)
def test_mistakes_are_named(clusters, labels, words):
    with pytest.raises(ValueError, match=words):
        clustering_scores(torch.tensor(clusters), torch.tensor(labels))

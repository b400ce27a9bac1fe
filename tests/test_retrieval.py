"""Retrieval against scikit-learn's average precision and a plain loop."""

import sys

import pytest
import torch
from sklearn.metrics import average_precision_score
from torch.nn.functional import cosine_similarity

from aimsssl.evaluation import retrieval

module = sys.modules[retrieval.__module__]


def data(n, q, classes=4, d=5):
    centres = torch.randn(classes, d) * 1.5
    key_labels, query_labels = torch.arange(n) % classes, torch.randint(classes, (q,))
    return (
        centres[key_labels] + torch.randn(n, d),
        key_labels,
        centres[query_labels] + torch.randn(q, d),
        query_labels,
    )


@pytest.mark.parametrize("block", [1, 200, 2**21])
def test_equals_scikit_learn_and_a_loop(monkeypatch, block):
    monkeypatch.setattr(module, "BLOCK", block)
    keys, key_labels, queries, query_labels = data(60, 31)
    result = retrieval(keys, key_labels, queries, query_labels, ks=(1, 3, 60))
    similarity = cosine_similarity(queries[:, None], keys[None], dim=2)
    found = {1: 0, 3: 0, 60: 0}
    for i in range(31):
        relevant = key_labels == query_labels[i]
        theirs = average_precision_score(relevant.numpy(), similarity[i].numpy())
        assert result.average_precision[i].item() == pytest.approx(theirs, abs=1e-6)
        ranked = sorted(range(60), key=lambda j: -similarity[i, j].item())  # noqa: B023
        for k in found:
            found[k] += any(relevant[j] for j in ranked[:k])
    assert result.recall == pytest.approx({k: count / 31 for k, count in found.items()})
    assert result.mean_average_precision == pytest.approx(result.average_precision.mean().item())
    assert 0.4 < result.mean_average_precision < 1 and result.recall[1] < result.recall[60] == 1


def test_equal_similarities_share_a_place():
    """A collapsed representation: every order of the keys is as good, and gets the share of the class."""
    keys, query = torch.ones(8, 3), torch.ones(1, 3)
    for labels in ([0, 0, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1, 0, 0]):
        result = retrieval(keys, torch.tensor(labels), query, torch.tensor([0]), ks=(8,))
        assert result.mean_average_precision == pytest.approx(0.25)
    some = torch.tensor([[1.0, 0], [1, 0], [0, 1], [0, 1], [-1, 0]])  # similarities 1 1 0 0 −1
    y = torch.tensor([0, 1, 1, 0, 0])
    result = retrieval(some, y, torch.tensor([[1.0, 0]]), torch.tensor([0]), ks=(1,))
    assert result.mean_average_precision == pytest.approx((1 / 2 + 2 / 4 + 3 / 5) / 3)
    assert result.mean_average_precision == pytest.approx(average_precision_score((y == 0).numpy(), some[:, 0].numpy()))


def test_one_class_and_the_length_of_a_feature():
    keys, _, queries, _ = data(9, 4)
    zeros = torch.zeros(9, dtype=torch.long)
    assert retrieval(keys, zeros, queries, zeros[:4], ks=(1,)).mean_average_precision == 1
    keys, key_labels, queries, query_labels = data(40, 10)
    a = retrieval(keys, key_labels, queries, query_labels)
    b = retrieval(keys * torch.rand(40, 1).add(0.1), key_labels, queries * 9, query_labels)
    torch.testing.assert_close(a.average_precision, b.average_precision)
    assert a.average_precision.shape == (10,) and list(a.recall) == [1, 5, 10]


@pytest.mark.parametrize(
    "change,words",
    [
        ({"ks": (0,)}, r"ks must be in \[1, 12\]"),
        ({"ks": (1, 13)}, r"ks must be in \[1, 12\]"),
        ({"ks": ()}, "ks must"),
        ({"query_labels": torch.tensor([0, -1, 1])}, "query_labels has 1 unknown"),
        ({"key_labels": -torch.ones(12, dtype=torch.long)}, "key_labels has 12 unknown"),
        ({"query_labels": torch.tensor([0, 1, 9])}, r"no key has: \[9\]"),
        ({"queries": torch.zeros(3, 2)}, "one dimension"),
        ({"queries": torch.zeros(0, 5)}, "queries must have shape"),
        ({"keys": torch.full((12, 5), torch.nan)}, "keys has infinite or NaN"),
    ],
)
def test_mistakes_are_named(change, words):
    arguments = dict(zip(("keys", "key_labels", "queries", "query_labels"), data(12, 3), strict=True)) | {"ks": (1,)}
    with pytest.raises(ValueError, match=words):
        retrieval(**(arguments | change))

"""Balanced accuracy and the majority baseline, against scikit-learn and counts by hand."""

import warnings

import numpy as np
import pytest
import torch
from sklearn.dummy import DummyClassifier
from sklearn.metrics import balanced_accuracy_score

from aimsssl.evaluation import balanced_accuracy, majority_baseline, score_representations


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("classes", [1, 2, 7])
def test_balanced_accuracy_is_scikit_learns(classes, seed):
    rng = np.random.default_rng(seed)
    labels, said = rng.integers(0, classes, 50), rng.integers(0, classes + 1, 50)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a prediction that no label is
        wanted = balanced_accuracy_score(labels, said)
    assert balanced_accuracy(torch.from_numpy(said), torch.from_numpy(labels)) == pytest.approx(wanted)


def test_always_the_majority_is_one_class_in_two():
    """200 to 2 images: an accuracy of 0.99 and nothing learned."""
    labels = torch.cat([torch.zeros(200), torch.ones(2)]).to(torch.uint8)
    assert balanced_accuracy(torch.zeros(202, dtype=torch.int32), labels) == 0.5
    assert balanced_accuracy(torch.ones(202, dtype=torch.int32), labels) == 0.5
    assert majority_baseline(labels, labels) == pytest.approx(200 / 202)


@pytest.mark.parametrize("seed", range(20))
def test_the_majority_is_the_training_splits(seed):
    rng = np.random.default_rng(seed)
    train, test = rng.integers(0, 4, 31), rng.integers(0, 4, 50)
    counts = np.bincount(train)
    if (counts == counts.max()).sum() == 1:
        theirs = DummyClassifier(strategy="most_frequent").fit(train[:, None], train).score(test[:, None], test)
        assert majority_baseline(torch.from_numpy(train), torch.from_numpy(test)) == pytest.approx(theirs)


def test_of_equally_frequent_training_classes_the_one_that_scores_most():
    assert majority_baseline(torch.tensor([0, 1, 5, 5, 9, 9]), torch.tensor([0, 0, 0, 9, 9, 5])) == pytest.approx(2 / 6)
    assert majority_baseline(torch.tensor([7]), torch.tensor([1, 2])) == 0


def test_the_table_has_both_accuracies():
    """Features that tell nothing, 90 images to 10: the accuracy is the majority's, the balanced one chance."""
    y, t = (torch.arange(n) % 10 == 0 for n in (200, 100))
    (row,) = score_representations({"noise": (torch.randn(200, 3), torch.randn(100, 3))}, y.long(), t.int(), k=50)
    assert (row.probe, row.knn, majority_baseline(y, t)) == pytest.approx((0.9, 0.9, 0.9))
    assert row.probe_balanced == row.knn_balanced == 0.5
    exact = torch.nn.functional.one_hot(y.long()).float(), torch.nn.functional.one_hot(t.long()).float()
    (row,) = score_representations({"exact": exact}, y.long(), t.long(), k=5)
    assert (row.knn, row.probe, row.knn_balanced, row.probe_balanced) == (1, 1, 1, 1)


@pytest.mark.parametrize(
    ("measure", "first", "second", "words"),
    [
        (balanced_accuracy, [0, 1], [0, -1], "labels has 1 unknown"),
        (balanced_accuracy, [0], [0, 1], r"predictions .*\[2\]"),
        (balanced_accuracy, [0.0, 1.0], [0, 1], "predictions must be integers"),
        (balanced_accuracy, [], [], "labels must have shape"),
        (majority_baseline, [], [0], "train_labels must have shape"),
        (majority_baseline, [0, -1], [0], "train_labels has 1 unknown"),
        (majority_baseline, [0, 1], [0.5], "test_labels must be integers"),
    ],
)
def test_mistakes_are_named(measure, first, second, words):
    with pytest.raises(ValueError, match=words):
        measure(torch.tensor(first), torch.tensor(second))

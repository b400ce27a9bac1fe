"""Measures against scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from aimsssl import evaluation
from aimsssl.evaluation import (
    knn_accuracy,
    knn_predict,
    linear_probe,
    nearest_neighbours,
    probe,
    score_representations,
    tsne,
)


def blobs(n, seed, classes=4, d=6, spread=1.2):
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(classes, d)) * 2
    labels = rng.integers(0, classes, n)
    x = centres[labels] + rng.normal(size=(n, d)) * spread
    return torch.from_numpy(x).float(), torch.from_numpy(labels)


def test_at_a_tiny_temperature_the_nearest_alone_decides():
    keys = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    queries = torch.tensor([[-1.0, 0.1], [0.8, 0.5]])  # the first is far from all: exp(−1/τ) of a vote is none
    found = knn_predict(keys, torch.tensor([1, 1, 2]), queries, k=3, temperature=1e-4)
    assert found.tolist() == [2, 1]


@pytest.mark.parametrize("temperature", [None, 0.1])
@pytest.mark.parametrize("k", [1, 5, 30])
def test_knn_equals_scikit_learn(k, temperature):
    (x, y), (q, t) = blobs(300, 0), blobs(200, 1)
    weights = "uniform" if temperature is None else lambda distance: np.exp(-(distance**2) / 2 / temperature)
    unit = [f / f.norm(dim=1, keepdim=True) for f in (x, q)]
    theirs = KNeighborsClassifier(k, weights=weights).fit(unit[0], y)
    assert torch.equal(knn_predict(x, y, q, k=k, temperature=temperature), torch.from_numpy(theirs.predict(unit[1])))
    accuracy = knn_accuracy(x, y, q, t, k=k, temperature=temperature)
    assert accuracy == pytest.approx(theirs.score(unit[1], t))


def test_nearest_neighbours_in_chunks():
    (x, _), (q, _) = blobs(50, 0), blobs(23, 1)
    similarity, index = nearest_neighbours(x, q, 4, chunk_size=7)
    full = torch.nn.functional.cosine_similarity(q[:, None], x[None], dim=2)
    torch.testing.assert_close(similarity, full.sort(dim=1, descending=True).values[:, :4])
    torch.testing.assert_close(full.gather(1, index), similarity)


def test_linear_probe_is_logistic_regression_on_standardised_features():
    (x, y), (q, t) = blobs(400, 0), blobs(300, 1)
    x, q = x * 50 + 7, q * 50 + 7
    result = linear_probe(x, y, q, t, inverse_penalties=(0.1,))
    scale = lambda f: ((f - x.mean(0)) / x.std(0)).numpy()  # noqa: E731
    theirs = LogisticRegression(C=0.1, max_iter=300).fit(scale(x), y.numpy())
    assert result.accuracy == pytest.approx(theirs.score(scale(q), t.numpy()), abs=0.005)
    assert result.accuracy == pytest.approx((result.predictions == t).float().mean().item())
    assert 0.7 < result.validation_accuracy <= 1


def test_the_strength_is_chosen_without_the_test_split():
    (x, y), (q, t) = blobs(300, 0), blobs(200, 1)
    honest = linear_probe(x, y, q, t)
    shuffled = linear_probe(x, y, q, t[torch.randperm(200, generator=torch.Generator().manual_seed(0))])
    assert honest.inverse_penalty == shuffled.inverse_penalty and torch.equal(honest.predictions, shuffled.predictions)
    assert honest.accuracy > shuffled.accuracy + 0.2


def test_the_strength_is_the_best_on_validation():
    """Against one fit from scratch for each penalty, on data where a weak one overfits."""
    (x, y), (q, t) = blobs(300, 0, spread=3.0), blobs(200, 1)
    noise = torch.randn(500, 100, generator=torch.Generator().manual_seed(1))
    x, q = torch.cat([x, noise[:300]], 1), torch.cat([q, noise[300:]], 1)
    cs = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 100.0)
    result = linear_probe(x, y, q, t, inverse_penalties=cs, seed=3)
    order = torch.randperm(300, generator=torch.Generator().manual_seed(3))
    z = ((x - x.mean(0)) / x.std(0)).numpy()
    chosen, rest = order[:60], order[60:]
    oracle = {c: LogisticRegression(C=c, max_iter=3000).fit(z[rest], y[rest]).score(z[chosen], y[chosen]) for c in cs}
    assert oracle[result.inverse_penalty] >= max(oracle.values()) - 0.02 > min(oracle.values())
    assert result.validation_accuracy == pytest.approx(oracle[result.inverse_penalty], abs=0.02)


def test_few_labels_where_validation_takes_the_only_image_of_a_class():
    (x, y), (q, t) = blobs(300, 0), blobs(200, 1)
    few = torch.cat([torch.nonzero(y == c)[:n, 0] for c, n in ((0, 1), (1, 9), (2, 9), (3, 1))])
    results = [linear_probe(x[few], y[few], q, t, seed=seed) for seed in range(6)]
    assert all(0.4 < r.accuracy <= 1 for r in results)


def held_out(counts, share=0.2, seed=0):
    """Labels of so many images a class, and how many of each class `_held_out` takes for validation."""
    labels = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    validation, rest = probe._held_out(labels, share, seed)
    assert sorted([*validation.tolist(), *rest.tolist()]) == list(range(len(labels)))
    return torch.bincount(labels[validation], minlength=len(counts)).tolist()


@pytest.mark.parametrize("seed", range(5))
def test_a_class_of_one_image_is_fitted_not_held_out(seed):
    taken = held_out([1, 9, 9, 1], seed=seed)
    assert taken[0] == taken[3] == 0 and taken[1] > 0 and taken[2] > 0


@pytest.mark.parametrize("seed", range(5))
def test_where_a_random_share_misses_a_class_it_is_drawn_class_by_class(seed):
    assert held_out([2, 2, 2, 2], share=0.5, seed=seed) in ([1, 1, 1, 1],), "every class in both parts"
    assert all(taken < there for taken, there in zip(held_out([2, 40], seed=seed), (2, 40), strict=True))
    assert sum(held_out([50, 50, 50], seed=seed)) == 30, "many: the share of all, at random"


def test_nothing_can_be_chosen_where_one_class_has_two_images():
    (x, y), (q, t) = blobs(300, 0), blobs(200, 1)
    few = torch.cat([torch.nonzero(y == c)[:n, 0] for c, n in ((0, 5), (1, 1), (2, 1), (3, 1))])
    cs = (1e-3, 0.1, 10.0)
    with pytest.warns(UserWarning, match="fewer than two of 4 classes have two training images.* C = 0.1"):
        result = linear_probe(x[few], y[few], q, t, inverse_penalties=cs)
    assert (result.inverse_penalty, result.validation_accuracy) == (0.1, None)
    scale = lambda f: ((f - x[few].mean(0)) / x[few].std(0)).numpy()  # noqa: E731
    theirs = LogisticRegression(C=0.1, max_iter=1000).fit(scale(x[few]), y[few].numpy())
    assert result.accuracy == pytest.approx(theirs.score(scale(q), t.numpy()), abs=0.01)


def test_table_uses_one_protocol_for_every_row():
    (x, y), (q, t) = blobs(300, 0), blobs(200, 1)
    rows = score_representations({"good": (x, q), "noise": (torch.randn(300, 9), torch.randn(200, 9))}, y, t, k=10)
    assert [(r.name, r.dimensions) for r in rows] == [("good", 6), ("noise", 9)]
    assert rows[0].knn == knn_accuracy(x, y, q, t, k=10) and rows[0].probe > 0.7 > 0.45 > rows[1].probe
    text = evaluation.format_table(rows, classes=4)
    assert f"{rows[0].knn:.3f}" in text and "0.250" in text.splitlines()[-1]


def test_tsne_keeps_clusters_and_start():
    x, y = blobs(120, 0, spread=0.2)
    points = tsne(x, perplexity=15)
    assert points.shape == (120, 2) and np.isfinite(points).all()
    distances = ((points[:, None] - points[None]) ** 2).sum(-1) + np.eye(120) * 1e9
    assert (y[distances.argmin(1)] == y).float().mean() > 0.95
    again = tsne(x, perplexity=15, start=points)
    assert np.corrcoef(points[:, 0], again[:, 0])[0, 1] > 0.9, "the picture must not turn"


@pytest.mark.parametrize(
    "call,words",
    [
        (lambda x, y: knn_accuracy(x, y, x, y, k=0), "k must"),
        (lambda x, y: knn_accuracy(x, y, x, y, k=99), "k must be in .1, 10."),
        (lambda x, y: knn_accuracy(x, y[:5], x, y), r"train_labels .*\[10\]"),
        (lambda x, y: knn_accuracy(x, y, x, -torch.ones_like(y)), "test_labels has 10 unknown"),
        (lambda x, y: knn_accuracy(x, y, x[:, :2], y), "one dimension"),
        (lambda x, y: knn_accuracy(x * torch.nan, y, x, y), "NaN"),
        (lambda x, y: linear_probe(x, y * 0, x, y), "two classes"),
        (lambda x, y: linear_probe(x[:, 0], y, x, y), r"train_features must have shape"),
        (lambda x, y: tsne(x, perplexity=10), "perplexity"),
    ],
)
def test_mistakes_are_named(call, words):
    x, y = blobs(10, 0)
    with pytest.raises(ValueError, match=words):
        call(x, y)


def test_neighbours_and_perplexity_fit_the_number_of_images_where_none_is_given():
    x, y = torch.randn(60, 4), torch.arange(60) % 3
    assert torch.equal(knn_predict(x[:9], y[:9], x), knn_predict(x[:9], y[:9], x, k=9))
    assert torch.equal(knn_predict(x, y, x), knn_predict(x, y, x, k=20))
    assert np.array_equal(tsne(x[:7]), tsne(x[:7], perplexity=2.0)) and np.isfinite(tsne(x[:2])).all()

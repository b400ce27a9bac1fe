"""Intervals against SciPy, and by simulation: they hold the truth as often as they say."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from aimsssl.evaluation import (
    Interval,
    bootstrap_difference,
    bootstrap_interval,
    rebuild_interval,
    seed_difference,
    seed_interval,
)


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_bootstrap_equals_scipy(level):
    scores = torch.rand(400) ** 3
    ours = bootstrap_interval(scores, level=level, resamples=4000)
    theirs = stats.bootstrap(
        (scores.numpy(),), np.mean, confidence_level=level, n_resamples=4000, method="percentile", random_state=0
    ).confidence_interval
    assert ours.value == pytest.approx(scores.mean().item())
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.003)


def test_bootstrap_holds_the_truth_as_often_as_it_says():
    """300 test splits of 150 images, true accuracy 0.7, level 0.9."""
    generator = torch.Generator().manual_seed(3)
    right = torch.rand(300, 150, generator=generator) < 0.7
    held = [0.7 in bootstrap_interval(row, level=0.9, resamples=300) for row in right]
    assert 0.85 < np.mean(held) < 0.95


def test_paired_difference_is_narrower_than_two_intervals():
    hard = torch.rand(500)  # how hard an image is, for both
    a, b = hard < 0.75, hard < 0.7
    difference = bootstrap_difference(a, b)
    assert difference.value == pytest.approx((a.double() - b.double()).mean().item())
    assert difference.low > 0, "b is right only where a is right, too"
    x, y = bootstrap_interval(a), bootstrap_interval(b)
    assert x.low < y.high, "though the two intervals overlap"
    theirs = stats.bootstrap(
        (a.double().numpy(), b.double().numpy()),
        lambda x, y, axis: x.mean(axis) - y.mean(axis),
        paired=True, n_resamples=2000, method="percentile", random_state=0,
    ).confidence_interval  # fmt: skip
    assert (difference.low, difference.high) == pytest.approx((theirs.low, theirs.high), abs=0.005)


def test_bootstrap_repeats_and_the_seed_matters():
    scores = torch.rand(50)
    assert bootstrap_interval(scores) == bootstrap_interval(scores) != bootstrap_interval(scores, seed=1)
    same = bootstrap_interval(torch.ones(7, dtype=torch.bool))
    assert same == Interval(1.0, 1.0, 1.0)


@pytest.mark.parametrize("level", [0.9, 0.95])
def test_seed_interval_is_students(level):
    values = [0.61, 0.64, 0.66, 0.60]
    ours = seed_interval(values, level)
    theirs = stats.t.interval(level, 3, loc=np.mean(values), scale=stats.sem(values))
    assert (ours.low, ours.high) == pytest.approx(theirs) and ours.value == pytest.approx(np.mean(values))


@pytest.mark.parametrize("b", [[0.5, 0.53, 0.55], [0.5, 0.53, 0.55, 0.7]])
def test_seed_difference_is_students(b):
    a = [0.61, 0.64, 0.66]
    ours = seed_difference(a, b, 0.9)
    theirs = stats.ttest_ind(a, b).confidence_interval(0.9)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))
    assert ours.value == pytest.approx(np.mean(a) - np.mean(b))


def test_seed_interval_holds_the_mean_and_rebuild_interval_the_next_run():
    """Runs whose accuracy is normal over seeds, three of them known, and so many images that those do not count."""
    draws = np.random.default_rng(0).normal(0.6, 0.02, size=(600, 4))
    mean, run = zip(
        *((0.6 in seed_interval(d[:3]), d[3] in rebuild_interval(d[:3], 10**9)) for d in draws), strict=True
    )
    assert 0.92 < np.mean(mean) < 0.98 and 0.92 < np.mean(run) < 0.98
    assert np.mean([d[3] in seed_interval(d[:3]) for d in draws]) < 0.9, "a new run lies farther out than the mean"


def test_rebuild_interval_holds_a_run_on_other_images():
    """One value, of no seed: two splits of 200 images, true accuracy 0.9; the interval is that of one of the two."""
    counts = np.random.default_rng(0).binomial(200, 0.9, size=2000)
    held = np.mean([0.9 in rebuild_interval([c / 200], 200) for c in counts])
    assert 0.93 < held < 0.98


def test_rebuild_interval_adds_both_errors_in_squares():
    values, images = [0.5, 0.54, 0.55], 1000
    mean, s = np.mean(values), np.std(values, ddof=1)
    p = (mean * images + 2) / (images + 4)
    seeds = stats.t.ppf(0.975, 2) * s * math.sqrt(4 / 3)
    binomial = stats.norm.ppf(0.975) * math.sqrt(p * (1 - p) / (images + 4))
    ours = rebuild_interval(values, images)
    assert ours.high - ours.value == pytest.approx(math.hypot(seeds, binomial))
    assert ours.value - ours.low == pytest.approx(math.hypot(seeds, binomial))
    alone = rebuild_interval([0.5], images)
    assert alone.high - 0.5 == pytest.approx(stats.norm.ppf(0.975) * math.sqrt(0.25 / 1004))
    perfect = rebuild_interval([1.0, 1.0], 100)
    assert perfect.high == 1 and 0.93 < perfect.low < 0.99


def test_an_interval_reads_well():
    interval = Interval(0.5, 0.25, 0.75)
    assert str(interval) == "0.500 (0.250 to 0.750)"
    assert 0.25 in interval and 0.75 in interval and 0.2 not in interval and 0.8 not in interval


@pytest.mark.parametrize(
    "call,words",
    [
        (lambda: bootstrap_interval(torch.zeros(2, 2)), r"scores must have shape \[Q\]"),
        (lambda: bootstrap_interval(torch.zeros(0)), "scores must"),
        (lambda: bootstrap_interval(torch.tensor([torch.nan])), "scores has infinite or NaN"),
        (lambda: bootstrap_interval(torch.zeros(3), level=95), r"level must be in \(0, 1\), got 95"),
        (lambda: bootstrap_interval(torch.zeros(3), resamples=0), "resamples must"),
        (lambda: bootstrap_difference(torch.zeros(3), torch.zeros(4)), "got 3 and 4"),
        (lambda: seed_interval([0.4]), "at least two runs, got 1"),
        (lambda: seed_difference([0.4, 0.5], [0.4]), "b must hold at least two runs, got 1"),
        (lambda: seed_difference([0.4, 0.5], [0.4, 0.5], level=0), "level must"),
        (lambda: seed_interval([0.4, 0.5], level=1), "level must"),
        (lambda: rebuild_interval([], 100), "values must"),
        (lambda: rebuild_interval([40.0], 100), r"accuracies in \[0, 1\], got \[40.0\]"),
        (lambda: rebuild_interval([0.4], 0), "test_images must"),
    ],
)
def test_mistakes_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()

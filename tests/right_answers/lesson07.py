"""Right answers to lesson 07, in different ways: PyTorch's own functions, loops, NumPy where it can be."""

import math

import numpy as np
import torch
from scipy import stats

from aimsssl.exercises import lesson07


def leaks_by_drawers():
    drawer = {"D": "pictures", "A": "scores", "C": "labels", "B": None}
    kinds = {
        None: "clean",
        "scores": "best test score reported",
        "labels": "test labels in the features",
        "pictures": "copies on both sides",
    }
    return {letter: kinds[taken] for letter, taken in drawer.items()}


def leaks_by_number():
    kinds = list(lesson07.KINDS)
    return {letter: kinds[number] for letter, number in zip("ABCD", (1, 0, 2, 4), strict=True)}


def leaks_with_a_word_on_the_fifth():
    answers = dict.fromkeys("E", "test statistics in the features")
    answers["A"], answers["B"] = "best test score reported", "clean"
    answers["C"], answers["D"] = "test labels in the features", "copies on both sides"
    return answers


def interval_sorted_in_numpy(scores, level, resamples, seed):
    random, values = np.random.default_rng(seed), scores.double().numpy()
    means = sorted(random.choice(values, size=len(values)).mean() for _ in range(resamples))
    cut = int(resamples * (1 - level) / 2)
    return np.array([means[cut], means[-1 - cut]])


def interval_by_percentiles(scores, level, resamples, seed):
    torch.manual_seed(seed)
    means = torch.stack([scores[torch.randint(len(scores), scores.shape)].mean() for _ in range(resamples)])
    rest = 100 * (1 - level)
    return tuple(np.percentile(means.numpy(), [rest / 2, 100 - rest / 2]))


def interval_by_counts(scores, level, resamples, seed):
    generator = torch.Generator().manual_seed(seed)
    n = len(scores)
    draws = (n * torch.rand(resamples, n, generator=generator)).long()
    counts = torch.zeros(resamples, n).scatter_add_(1, draws, torch.ones(resamples, n))
    means = (counts @ scores / n).sort().values
    return torch.quantile(means, torch.tensor([0.5 - level / 2, 0.5 + level / 2]))


def difference_in_torch(a, b):
    d = a - b
    half = lesson07.t95(len(d) - 1) * d.std() / len(d) ** 0.5 if len(d) > 1 else math.inf
    return d.mean(), half


def difference_in_numpy(a, b):
    d = np.array([one - other for one, other in zip(a.tolist(), b.tolist(), strict=True)])
    if len(d) < 2:
        return np.array([d[0], np.inf])
    error = np.std(d, ddof=1) / np.sqrt(len(d))
    return np.array([d.mean(), stats.t.ppf(0.975, len(d) - 1) * error])


def difference_by_loops(a, b):
    seeds, total, squares = len(a), 0.0, 0.0
    for one, other in zip(a.tolist(), b.tolist(), strict=True):
        total += one - other
    mean = total / seeds
    if seeds == 1:
        return mean, float("inf")
    for one, other in zip(a.tolist(), b.tolist(), strict=True):
        squares += (one - other - mean) ** 2
    return mean, lesson07.t95(seeds - 1) * math.sqrt(squares / (seeds - 1) / seeds)


RIGHT = {
    "confidence_interval": [interval_sorted_in_numpy, interval_by_percentiles, interval_by_counts],
    "find_the_leak": [leaks_by_drawers, leaks_by_number, leaks_with_a_word_on_the_fifth],
    "seed_difference": [difference_in_torch, difference_in_numpy, difference_by_loops],
}

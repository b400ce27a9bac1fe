"""How sure is a number? Three doubts, three intervals: other test images, other seeds, another run."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from scipy.special import ndtri, stdtrit
from torch import Tensor

from .. import inputs


@dataclass(frozen=True)
class Interval:
    """A value, and the interval around it."""

    value: float
    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


def bootstrap_interval(scores: Tensor, *, level: float = 0.95, resamples: int = 2000, seed: int = 0) -> Interval:
    """The mean of `scores`, and where it may lie with other test images of the same kind.

    Test images are drawn anew with replacement, `resamples` times; the interval holds the middle `level` of the means.
    It knows nothing of other seeds: the representation stays the same.

    Args:
        scores: `[Q]`, one for each test image: right or wrong, or any number such as an average precision.
        level: in (0, 1).
        resamples: at least 1.

    Raises:
        ValueError: a shape, no score, an infinite or NaN score, level or resamples, by name.

    Source: the percentile interval of Efron 1979 (Annals of Statistics 7); Efron & Tibshirani 1993, chapter 13.
    """
    return _bootstrap(_check_scores("scores", scores), level, resamples, seed)


def bootstrap_difference(
    a: Tensor, b: Tensor, *, level: float = 0.95, resamples: int = 2000, seed: int = 0
) -> Interval:
    """The mean of a − b, and its interval as in `bootstrap_interval`. Entry i of both is the same test image.

    Images that are hard for both count for neither, so it is narrower than two separate intervals suggest.

    Raises:
        ValueError: a and b differ in shape; else as in `bootstrap_interval`.
    """
    a, b = _check_scores("a", a), _check_scores("b", b)
    if a.shape != b.shape:
        raise ValueError(f"a and b must score the same test images, got {len(a)} and {len(b)} scores")
    return _bootstrap(a - b, level, resamples, seed)


def seed_interval(values: Sequence[float], level: float = 0.95) -> Interval:
    """The mean over runs, and where the mean of very many runs lies: Student's t.

    Raises:
        ValueError: fewer than two values, one that is infinite or NaN, or level.

    Source: Student 1908 (Biometrika 6).
    """
    _check_level(level)
    x = _check_runs("values", values)
    mean, half = x.mean().item(), _t(level, len(x) - 1) * x.std().item() / math.sqrt(len(x))
    return Interval(mean, mean - half, mean + half)


def seed_difference(a: Sequence[float], b: Sequence[float], level: float = 0.95) -> Interval:
    """The mean of a less the mean of b, and where that of very many runs lies: Student's t for two samples.

    An interval that holds 0 shows no clear difference. The runs of `a` and `b` are not paired: a seed gives another
    encoder other numbers. Both are taken to vary equally; three runs are too few to tell.

    Raises:
        ValueError: fewer than two values on a side, one that is infinite or NaN, or level.

    Source: Student 1908 (Biometrika 6); Fisher 1925, *Statistical Methods for Research Workers*, §24.1.
    """
    _check_level(level)
    a, b = _check_runs("a", a), _check_runs("b", b)
    freedom = len(a) + len(b) - 2
    pooled = ((len(a) - 1) * a.var() + (len(b) - 1) * b.var()).item() / freedom
    change = (a.mean() - b.mean()).item()
    half = _t(level, freedom) * math.sqrt(pooled * (1 / len(a) + 1 / len(b)))
    return Interval(change, change - half, change + half)


def rebuild_interval(values: Sequence[float], test_images: int, level: float = 0.95) -> Interval:
    """The mean accuracy over runs, and where one new run may fall: another seed, another machine, other test images.

    Two errors, added in squares. Of seeds: the prediction interval t·s·√(1 + 1/n), wider than that of the mean.
    Of test images: the binomial error of `test_images` images. A single value has the second alone, as for a
    representation that no seed changes. The interval is cut to [0, 1].

    Args:
        values: accuracies in [0, 1], one for each run.
        test_images: number of images that each was measured on.

    Raises:
        ValueError: no value, one outside [0, 1], test_images or level.

    Source: prediction interval: Hahn & Meeker 1991, *Statistical Intervals*, chapter 4; the binomial error with two
    successes and two failures added, so that it is not 0 at 0 and 1: Agresti & Coull 1998 (The American Statistician
    52).
    """
    _check_level(level)
    x = _check_scores("values", values)
    if x.min() < 0 or x.max() > 1:
        raise ValueError(f"values must be accuracies in [0, 1], got {x.tolist()}")
    test_images = inputs.count("test_images", test_images)
    n, mean = len(x), x.mean().item()
    of_seeds = _t(level, n - 1) * x.std().item() * math.sqrt(1 + 1 / n) if n > 1 else 0.0
    p = (mean * test_images + 2) / (test_images + 4)
    of_images = float(ndtri((1 + level) / 2)) * math.sqrt(p * (1 - p) / (test_images + 4))
    half = math.hypot(of_seeds, of_images)
    return Interval(mean, max(0.0, mean - half), min(1.0, mean + half))


def _bootstrap(scores: Tensor, level: float, resamples: int, seed: int) -> Interval:
    _check_level(level)
    resamples = inputs.count("resamples", resamples, 1, 10**7)
    generator, n = inputs.generator(seed), len(scores)
    draws = (torch.randint(n, (n,), generator=generator) for _ in range(resamples))  # one at a time: little memory
    means = torch.stack([scores[draw].mean() for draw in draws])
    low, high = means.quantile(torch.tensor([(1 - level) / 2, (1 + level) / 2], dtype=means.dtype)).tolist()
    return Interval(scores.mean().item(), low, high)


def _t(level: float, freedom: int) -> float:
    """So many standard errors hold `level` of Student's t with `freedom` degrees of freedom."""
    return float(stdtrit(freedom, (1 + level) / 2))


def _check_level(level: float) -> None:
    inputs.number("level", level, above=0, below=1)


def _check_runs(name: str, values: Sequence[float]) -> Tensor:
    x = _check_scores(name, values)
    if len(x) < 2:
        raise ValueError(f"{name} must hold at least two runs, got {len(x)}; one run says nothing of other seeds")
    return x


def _check_scores(name: str, scores: Tensor) -> Tensor:
    """The scores as float64 `[Q]` on the CPU."""
    scores = inputs.floats(name, scores, "[Q]").double().cpu()
    if scores.abs().max() > 1e100:
        raise ValueError(f"{name} has entries beyond 1e100, whose squares leave float64")
    return scores

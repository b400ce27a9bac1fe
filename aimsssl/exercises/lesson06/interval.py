"""A confidence interval by the bootstrap: draw the test images anew (Efron 1979, Annals of Statistics 7)."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from aimsssl import evaluation
from aimsssl.exercises.old_framework import Exercise, Wrong, call

IMAGES, RESAMPLES = 300, 4000
WIDTH_95, WIDTH_50 = 1.96, 0.674  # so many standard errors on each side hold 95 % and 50 %


def _reference_confidence_interval(scores: Tensor, level: float, resamples: int, seed: int) -> tuple[float, float]:
    """The two ends of `aimsssl.evaluation.bootstrap_interval`."""
    interval = evaluation.bootstrap_interval(scores, level=level, resamples=resamples, seed=seed)
    return interval.low, interval.high


def _scores() -> Tensor:
    """An average precision for each of the test images: most near 1, few low, `[Q]`."""
    return torch.rand(IMAGES) ** 0.2


def _ends(student: Callable, *args: object) -> tuple[float, float]:
    """What the student returned, as two numbers; a tensor or an array of two is as good as a pair."""
    came = call(student, *args)
    if isinstance(came, Tensor | np.ndarray):
        came = came.tolist()
    if not isinstance(came, tuple | list):
        raise Wrong("wrong type", came, "two numbers: (low, high)")
    if len(came) != 2:
        raise Wrong("wrong shape", came, "two numbers: (low, high)")
    try:
        low, high = (float(end) for end in came)
    except (TypeError, ValueError):
        raise Wrong("wrong type", came, "two numbers: (low, high)") from None
    if not np.isfinite([low, high]).all():
        raise Wrong("not finite", (low, high), "two numbers: (low, high)")
    return low, high


def _the_width(student: Callable) -> None:
    """95 %: how far the ends lie from the mean, in standard errors."""
    scores = _scores()
    mean, deviation = scores.mean().item(), scores.std().item()
    error = deviation / IMAGES**0.5
    came = _ends(student, scores, 0.95, RESAMPLES, 0)
    low, high = ((end - mean) / error for end in came)

    def reaches(width: float, tolerance: float = 0.15) -> bool:
        return abs(low + width) < tolerance and abs(high - width) < tolerance

    if reaches(WIDTH_95, 0.2):
        return
    likely = {
        "the ends in the wrong order": reaches(-WIDTH_95, 0.2),
        "always the same draw": abs(high - low) < 1e-3 < abs(low),
        "drawn without replacement": abs(high - low) < 1e-3,
        "deviation of the means over resamples": reaches(WIDTH_95 / RESAMPLES**0.5, 0.02),
        "images and resamples swapped": reaches(WIDTH_95 * (IMAGES / RESAMPLES) ** 0.5, 0.1),
        "one standard error": reaches(1.0),
        "the rest on each side": reaches(1.645),
        "a part of the images": reaches(WIDTH_95 * 2**0.5, 0.25),
        "a formula for right and wrong": reaches(WIDTH_95 * (mean * (1 - mean)) ** 0.5 / deviation),
        "smallest and largest": 3 < -low < 4.6 and 3 < high < 4.6,
        "single images": high - low > 15 and abs(came[0]) <= 2 and -low > 10 and high > 10,
        "a sum for a mean": came[0] > 10,
        "half of the width": abs(came[1] - WIDTH_95 * error) < error / 5 or abs(came[1] - error) < error / 5,
        "percent taken for shares": low < -1.5 and high < -1.5,
        "cut on one side": abs(low + high) > 0.25 and low < 0.1 and high > -0.1,
    }  # fmt: skip
    name = next((name for name, fits in likely.items() if fits), "wrong value")
    right = (mean - WIDTH_95 * error, mean + WIDTH_95 * error)
    what = (
        f"{IMAGES} scores of mean {mean:.3f} and standard deviation {deviation:.3f}, level 0.95, {RESAMPLES} resamples"
    )
    raise Wrong(name, came, right, what)


def _another_level(student: Callable) -> None:
    """Half of the means."""
    scores = _scores()
    mean, error = scores.mean().item(), scores.std().item() / IMAGES**0.5
    came = _ends(student, scores, 0.5, RESAMPLES, 0)
    low, high = ((end - mean) / error for end in came)
    if max(abs(low + WIDTH_50), abs(high - WIDTH_50)) < 0.15:
        return
    fixed = max(abs(low + WIDTH_95), abs(high - WIDTH_95)) < 0.2
    right = (mean - WIDTH_50 * error, mean + WIDTH_50 * error)
    raise Wrong("the level is not used" if fixed else "wrong value", came, right, "the same scores, level 0.5")


def _few_images(student: Callable) -> None:
    """One of eight is right, the last one: the means are 0, 1/8, 2/8, … and lie to one side."""
    scores = torch.tensor([0.0, 0, 0, 0, 0, 0, 0, 1])
    came = _ends(student, scores, 0.95, RESAMPLES, 0)
    if max(abs(came[0]), abs(came[1] - 3 / 8)) < 1e-4:
        return
    mirrored = max(abs(came[0] + 1 / 8), abs(came[1] - 1 / 4)) < 1e-4
    symmetric = came[0] < -0.01 or abs(came[0] + came[1] - 1 / 4) < 0.01
    name = "mirrored at the mean" if mirrored else "a symmetric interval" if symmetric else "wrong value"
    name = "an image is never drawn" if came == (0.0, 0.0) else name
    raise Wrong(name, came, (0.0, 3 / 8), "8 test images, the last of them right, the others wrong; level 0.95")


def _repeatable(student: Callable) -> None:
    """The same seed, the same interval; another seed, another one."""
    scores = _scores()
    first, again, other = (_ends(student, scores, 0.95, 40, seed) for seed in (1, 1, 2))
    if first != again:
        raise Wrong("the seed is not used", again, first, "twice the same call, seed 1")
    if first == other:
        raise Wrong("always the same seed", other, "other draws", "seed 1 and seed 2, 40 resamples")


def _number_of_resamples(student: Callable) -> None:
    """With one resample there is one mean."""
    low, high = _ends(student, _scores(), 0.95, 1, 0)
    if abs(high - low) > 1e-6:
        raise Wrong("the number of resamples is not used", (low, high), "twice the same number", "one resample only")


confidence_interval = Exercise(
    lesson="06",
    name="confidence_interval",
    title="Say how far an accuracy could be off, by drawing the test images anew.",
    difficulty="●●○",
    minutes=20,
    reference=_reference_confidence_interval,
    hints=(
        "Pretend that your test images are the whole world, and collect a new test set from it: as many images as "
        "before, and an image may come twice. What is its mean score? Do this very often, and look at all the means.",
        "torch.randint gives positions with replacement, and indexing gives their scores. One mean for each resample. "
        "The interval holds the middle of the means: which share of them must lie below it, and which above?",
        "Make a generator with the seed. Draw positions below Q, a table of resamples by Q, and take the mean of the "
        "scores there along dimension 1. torch.quantile at half of the rest, and at one minus that, gives the ends; "
        "the rest is what the level leaves, 0.05 for a level of 0.95.",
    ),
    checks=(_the_width, _another_level, _few_images, _repeatable, _number_of_resamples),
    mistakes={
        "the ends in the wrong order": "The lower end comes first.",
        "always the same draw": "All resamples are the same: low and high are one number. Is the seed set anew for "
        "each of them?",
        "drawn without replacement": "Every resample holds every image once, in another order: all means are the same. "
        "In a new test set some images would come more often, others not at all.",
        "deviation of the means over resamples": "The spread of the means was divided by the root of their number. "
        "More resamples then make the interval as narrow as you like, without one more test image.",
        "images and resamples swapped": "Each new test set has as many images as there are resamples. Its size must be "
        "that of the real one: that is where the uncertainty comes from.",
        "one standard error": "One standard error on each side holds only about 68 % of the means.",
        "the rest on each side": "What the level leaves was cut off on *each* side, so that twice as much is missing.",
        "a part of the images": "The interval is too wide, as if each new test set had only half of the images. Draw "
        "as many as there are.",
        "a formula for right and wrong": "√(p(1−p)/Q) is a standard error where each score is 0 or 1. Scores can be "
        "other numbers, and drawing anew needs no formula.",
        "smallest and largest": "These are the smallest and the largest mean of all. They hold everything, and more "
        "resamples would drive them further apart.",
        "single images": "This is the spread of *single* images: where would the next one lie? The mean of many images "
        "is known far better than that.",
        "a sum for a mean": "The scores were added. An accuracy is a mean.",
        "half of the width": "This says how far the interval goes from the mean, or how large the error is. Asked for "
        "are its two ends.",
        "percent taken for shares": "Both ends lie far below the mean. Some functions count from 0 to 1, others from 0 "
        "to 100: 0.975 is either nearly all or nearly nothing.",
        "cut on one side": "The two ends do not leave out the same share. The middle is wanted: as much is cut off "
        "below as above.",
        "the level is not used": "The level was 0.5 here, and the interval is that of 0.95.",
        "a symmetric interval": "Mean plus and minus so many deviations is symmetric. Here it leaves the possible: an "
        "accuracy below 0. The means themselves never do.",
        "an image is never drawn": "The only image that is right was never drawn. Which positions can come?",
        "mirrored at the mean": "The ends of the means were mirrored at the mean of the scores. There is such an "
        "interval (the 'basic' bootstrap), but the contract wants the middle of the means themselves.",
        "the seed is not used": "Twice the same call, and two intervals. Take all randomness from the seed that was "
        "passed.",
        "always the same seed": "Another seed gives the very same interval. Is a number written in place of the seed?",
        "the number of resamples is not used": "With one resample there is one mean, and both ends are that mean. How "
        "many were drawn here?",
    },
)

"""A confidence interval by the bootstrap: draw the test images anew (Efron 1979, Annals of Statistics 7)."""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from aimsssl import evaluation
from aimsssl.exercises.compare import kind
from aimsssl.exercises.framework import Case, Exercise, Seen, Wrong

LOW, HIGH = "low, in standard errors from the mean", "high, in standard errors from the mean"
SAME, OTHER = "the same seed, the same interval", "another seed, another interval"


def _reference_confidence_interval(scores: Tensor, level: float, resamples: int, seed: int) -> tuple[float, float]:
    """The two ends of `aimsssl.evaluation.bootstrap_interval`."""
    interval = evaluation.bootstrap_interval(scores, level=level, resamples=resamples, seed=seed)
    return interval.low, interval.high


def _scores() -> Tensor:
    """An average precision for each of the test images: most near 1, few low, `[Q]`."""
    return torch.rand(300) ** 0.2


def two_numbers(function: Callable, *args: object, what: str = "(low, high)") -> tuple[float, float]:
    """What the student returned, as two numbers; a tensor or an array of two is as good as a pair."""
    came = function(*args)
    if isinstance(came, Tensor | np.ndarray):
        came = came.tolist()
    if not isinstance(came, tuple | list):
        raise Wrong("wrong type", f"It is {kind(came)}; two numbers are asked for: {what}.")
    if len(came) != 2:
        raise Wrong("wrong shape", f"There are {len(came)} numbers; two are asked for: {what}.")
    try:
        return tuple(float(end) for end in came)
    except (TypeError, ValueError):
        raise Wrong("wrong type", f"Two numbers are asked for: {what}.") from None


def _differences() -> Tensor:
    """Of two methods, for each of the test images: above and below 0, and 0 on average, `[Q]`."""
    differences = torch.rand(300) - torch.rand(300)
    return differences - differences.mean()


def _ends(function: Callable, *args: object) -> tuple[float, float]:
    low, high = two_numbers(function, *args)
    if not (math.isfinite(low) and math.isfinite(high)):
        raise Wrong("not finite", f"It is ({low}, {high}).")
    return low, high


def _in_standard_errors(function: Callable, scores: Tensor, level: float, resamples: int, seed: int) -> dict:
    error = scores.std().item() / len(scores) ** 0.5
    low, high = ((end - scores.mean().item()) / error for end in _ends(function, scores, level, resamples, seed))
    return {LOW: low, HIGH: high}


def _repeated(function: Callable, scores: Tensor) -> dict:
    first, again, other = (_ends(function, scores, 0.95, 40, seed) for seed in (0, 0, 2))
    return {SAME: first == again, OTHER: first != other}


def _with_one_resample(function: Callable, scores: Tensor) -> dict:
    low, high = _ends(function, scores, 0.95, 1, 0)
    return {"how far low is from high": high - low}


confidence_interval = Exercise(
    lesson="07",
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
    cases=(
        Case(
            "300 scores, level 0.95, 4000 resamples",
            lambda: (_scores(), 0.95, 4000, 0),
            _in_standard_errors,
            0.05,
            0.15,
        ),
        Case(
            "300 differences of two methods, of mean 0, level 0.5, 2000 resamples",
            lambda: (_differences(), 0.5, 2000, 3),
            _in_standard_errors,
            0.05,
            0.12,
        ),
        Case(
            "8 test images, the last of them right, the others wrong; level 0.95, 1500 resamples",
            lambda: (torch.tensor([0.0, 0, 0, 0, 0, 0, 0, 1]), 0.95, 1500, 0),
            _ends,
            atol=1e-4,
        ),
        Case("the seeds 0, 0 and 2, 40 resamples", lambda: (_scores(),), _repeated),
        Case("one resample only", lambda: (_scores(),), _with_one_resample, atol=1e-5),
    ),
    may_seed=True,
)


def _means(scores: Tensor, resamples: int, seed: int, size: int | None = None) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return scores[torch.randint(len(scores), (resamples, size or len(scores)), generator=generator)].mean(dim=1)


def _middle(means: Tensor, level: float) -> tuple[float, float]:
    return means.quantile((1 - level) / 2).item(), means.quantile((1 + level) / 2).item()


def _near(seen: Seen, low: float, high: float, by: float) -> bool:
    """Whether the ends lie there, in standard errors; what is drawn moves them a little."""
    return LOW in seen.came and abs(seen.came[LOW] - low) < by and abs(seen.came[HIGH] - high) < by


def _narrow(seen: Seen) -> float:
    """How much narrower the interval is if each new test set has as many images as there are resamples."""
    return (len(seen.inputs[0]) / seen.inputs[2]) ** 0.5


def _symmetric(seen: Seen) -> bool:
    """Whether both ends are as far from the mean, about as far as they should be; scores are not symmetric."""
    low, high = seen.came[LOW], seen.came[HIGH]
    return seen.inputs[1] == 0.95 and abs(low + high) < 0.03 and 1.7 < high < 2.3


def _z(level: float) -> float:
    """So many standard errors on each side of the mean hold `level`."""
    return torch.distributions.Normal(0.0, 1.0).icdf(torch.tensor((1 + level) / 2)).item()


def _around(middle: object, half: object) -> tuple[float, float]:
    return float(middle - half), float(middle + half)


@confidence_interval.mistake(
    "the ends in the wrong order",
    "The lower end comes first.",
    looks=lambda seen: LOW in seen.came and seen.came[LOW] > 0 > seen.came[HIGH],
)
def _(scores, level, resamples, seed):
    """The high end first: it is the one that people like."""
    return _middle(_means(scores, resamples, seed), level)[::-1]


def _has_no_width(seen: Seen) -> bool:
    low, high = (seen.came[LOW], seen.came[HIGH]) if isinstance(seen.came, dict) else seen.came
    return low == high


@confidence_interval.mistake(
    "made for scores of 0 and 1",
    "Right for scores that are 0 or 1, and not for others: the spread was computed from the mean alone, as that of a "
    "coin. A score may be any number: draw the scores themselves.",
    looks=lambda seen: _has_no_width(seen) if seen.inputs[1] == 0.5 else seen.came[HIGH] - seen.came[LOW] > 7,
)
def _(scores, level, resamples, seed):
    """An accuracy is so many right of so many: a binomial number."""
    share = min(max(scores.double().mean().item(), 0.0), 1.0)
    means = np.random.default_rng(seed).binomial(len(scores), share, size=resamples) / len(scores)
    return _middle(torch.from_numpy(means), level)


@confidence_interval.mistake(
    "always the same draw",
    "All resamples are the same: low and high are one number. Is the seed set anew for each of them?",
    looks=lambda seen: _has_no_width(seen),
)
def _(scores, level, resamples, seed):
    """The seed is set, to be sure, right where something is drawn."""
    mean = _means(scores, 1, seed).item()
    return mean, mean


@confidence_interval.mistake(
    "drawn without replacement",
    "Every resample holds every image once, in another order: all means are the same. In a new test set some "
    "images would come more often, others not at all.",
    looks=lambda seen: LOW in seen.came and max(abs(seen.came[LOW]), abs(seen.came[HIGH])) < 0.01,
)
def _(scores, level, resamples, seed):
    """A resample is the test set in another order."""
    return scores.mean().item(), scores.mean().item()


@confidence_interval.mistake(
    "deviation of the means over resamples",
    "The spread of the means was divided by the root of their number. More resamples then make the interval as "
    "narrow as you like, without one more test image.",
    looks=lambda seen: LOW in seen.came and -0.06 < seen.came[LOW] < -0.01 and 0.01 < seen.came[HIGH] < 0.06,
)
def _(scores, level, resamples, seed):
    """A standard error is a deviation over the root of the number, and there are so many means."""
    means = _means(scores, resamples, seed)
    return _around(means.mean(), 1.96 * means.std(correction=0) / resamples**0.5)


@confidence_interval.also("deviation of the means over resamples")
def _(scores, level, resamples, seed):
    means = _means(scores, resamples, seed)
    return _around(means.mean(), _z(level) * means.std(correction=0) / resamples**0.5)


@confidence_interval.mistake(
    "images and resamples swapped",
    "Each new test set has as many images as there are resamples. Its size must be that of the real one: that "
    "is where the uncertainty comes from. (Or the mean went over the resamples, not over the images of one.)",
    looks=lambda seen: _near(seen, -1.96 * _narrow(seen), 1.96 * _narrow(seen), 0.06),
)
def _(scores, level, resamples, seed):
    """For each image, a draw of so many."""
    return _middle(_means(scores, len(scores), seed, size=resamples), level)


@confidence_interval.also("images and resamples swapped")
def _(scores, level, resamples, seed):
    generator = torch.Generator().manual_seed(seed)
    draws = torch.randint(len(scores), (resamples, len(scores)), generator=generator)
    return _middle(scores[draws].mean(dim=0), level)


@confidence_interval.mistake(
    "one standard error",
    "One standard error on each side holds about 68 % of the means, whatever the level.",
)
def _(scores, level, resamples, seed):
    """Mean plus and minus the deviation of the means."""
    means = _means(scores, resamples, seed)
    return _around(means.mean(), means.std(correction=0))


@confidence_interval.also("one standard error")
def _(scores, level, resamples, seed):
    means = _means(scores, resamples, seed)
    return _around(scores.mean(), means.std(correction=0))


@confidence_interval.mistake(
    "the rest on each side",
    "What the level leaves was cut off on *each* side, so that twice as much is missing.",
)
def _(scores, level, resamples, seed):
    """95 % is from 5 % to 95 %."""
    means = _means(scores, resamples, seed)
    return means.quantile(1 - level).item(), means.quantile(level).item()


@confidence_interval.mistake(
    "a part of the images",
    "The interval is too wide, as if each new test set had only half of the images. Draw as many as there are.",
)
def _(scores, level, resamples, seed):
    """Half of the test images, drawn at random, many times."""
    return _middle(_means(scores, resamples, seed, size=len(scores) // 2), level)


@confidence_interval.also("a part of the images")
def _(scores, level, resamples, seed):
    generator = torch.Generator().manual_seed(seed)
    draws = torch.rand(resamples, len(scores), generator=generator).argsort(dim=1)[:, : len(scores) // 2]
    return _middle(scores[draws].mean(dim=1), level)


@confidence_interval.mistake(
    "a number of images typed in",
    "Each new test set has a fixed number of images, not as many as the real one.",
)
def _(scores, level, resamples, seed):
    """A hundred images are a good sample."""
    return _middle(_means(scores, resamples, seed, size=100), level)


@confidence_interval.also("a number of images typed in")
def _(scores, level, resamples, seed):
    return _middle(_means(scores, resamples, seed, size=1000), level)


@confidence_interval.mistake(
    "smallest and largest",
    "These are the smallest and the largest mean of all. They hold everything, and more resamples would drive "
    "them further apart.",
    looks=lambda seen: LOW in seen.came and seen.came[LOW] < -2.9 and seen.came[HIGH] > 2.9,
)
def _(scores, level, resamples, seed):
    """All that can happen: from the worst to the best."""
    means = _means(scores, resamples, seed)
    return means.min().item(), means.max().item()


@confidence_interval.mistake(
    "single images",
    "This is the spread of *single* images: where would the next one lie? The mean of many images is known far "
    "better than that.",
)
def _(scores, level, resamples, seed):
    """95 % of the scores lie between these two."""
    return _middle(scores, level)


@confidence_interval.also("single images")
def _(scores, level, resamples, seed):
    return _around(scores.mean(), _z(level) * scores.std())


@confidence_interval.also("single images")
def _(scores, level, resamples, seed):
    return _around(scores.mean(), 1.96 * scores.std())


@confidence_interval.also("single images")
def _(scores, level, resamples, seed):
    return _middle(_means(scores, resamples, seed, size=1), level)


@confidence_interval.mistake(
    "a sum for a mean",
    "The scores were added. An accuracy is a mean.",
)
def _(scores, level, resamples, seed):
    """How many are right."""
    low, high = _middle(_means(scores, resamples, seed), level)
    return low * len(scores), high * len(scores)


@confidence_interval.mistake(
    "the median of each resample",
    "The middle of each new test set was taken by its median. An accuracy is a mean.",
)
def _(scores, level, resamples, seed):
    """The median is the robust mean."""
    generator = torch.Generator().manual_seed(seed)
    draws = torch.randint(len(scores), (resamples, len(scores)), generator=generator)
    return _middle(scores[draws].median(dim=1).values, level)


@confidence_interval.mistake(
    "half of the width",
    "This says how far the interval goes from the mean, or how large the error is. Asked for are its two ends.",
)
def _(scores, level, resamples, seed):
    """An accuracy and what stands behind its ±."""
    return scores.mean().item(), 1.96 * _means(scores, resamples, seed).std(correction=0).item()


@confidence_interval.also("half of the width")
def _(scores, level, resamples, seed):
    return scores.mean().item(), _z(level) * _means(scores, resamples, seed).std(correction=0).item()


@confidence_interval.also("half of the width")
def _(scores, level, resamples, seed):
    return scores.mean().item(), _means(scores, resamples, seed).std(correction=0).item()


@confidence_interval.also("half of the width")
def _(scores, level, resamples, seed):
    low, high = _middle(_means(scores, resamples, seed), level)
    return (low + high) / 2, (high - low) / 2


@confidence_interval.also("half of the width")
def _(scores, level, resamples, seed):
    low, high = _middle(_means(scores, resamples, seed), level)
    return scores.mean().item(), high - low


@confidence_interval.also("half of the width")
def _(scores, level, resamples, seed):
    low, high = _middle(_means(scores, resamples, seed), level)
    return scores.mean().item(), (high - low) / 2


@confidence_interval.also("half of the width")
def _(scores, level, resamples, seed):
    low, high = _middle(_means(scores, resamples, seed) - scores.mean(), level)
    return low, high


@confidence_interval.mistake(
    "cut on one side",
    "The two ends do not leave out the same share. The middle is wanted: as much is cut off below as above.",
)
def _(scores, level, resamples, seed):
    """With 95 % confidence it is at most this."""
    means = _means(scores, resamples, seed)
    return means.min().item(), means.quantile(level).item()


@confidence_interval.also("cut on one side")
def _(scores, level, resamples, seed):
    means = _means(scores, resamples, seed)
    return means.quantile(1 - level).item(), means.max().item()


@confidence_interval.also("cut on one side")
def _(scores, level, resamples, seed):
    means = _means(scores, resamples, seed)
    return means.quantile((1 - level) / 2).item(), means.quantile(level).item()


@confidence_interval.also("cut on one side")
def _(scores, level, resamples, seed):
    means = _means(scores, resamples, seed)
    return means.quantile(1 - level).item(), means.quantile((1 + level) / 2).item()


@confidence_interval.mistake(
    "percent taken for shares",
    "Both ends lie far below the mean. Some functions count from 0 to 1, others from 0 to 100: 0.975 is either "
    "nearly all or nearly nothing.",
    looks=lambda seen: LOW in seen.came and seen.came[LOW] < seen.came[HIGH] < -2,
)
def _(scores, level, resamples, seed):
    """Percentiles at 0.025 and 0.975."""
    means = _means(scores, resamples, seed).numpy()
    return tuple(np.percentile(means, [(1 - level) / 2, (1 + level) / 2]))


@confidence_interval.mistake(
    "the level is not used",
    "At another level the interval is still that of 0.95.",
    looks=lambda seen: seen.inputs[1] == 0.5 and _near(seen, -2, 1.9, 0.25),
)
def _(scores, level, resamples, seed):
    """Intervals are 95 %."""
    return _middle(_means(scores, resamples, seed), 0.95)


@confidence_interval.mistake(
    "a formula in place of new test sets",
    "Mean plus and minus so many standard errors is symmetric. With few images it leaves the possible: an "
    "accuracy below 0. The means of new test sets never do. (√(p(1−p)/Q) holds only where each score is 0 or "
    "1, besides.)",
    looks=lambda seen: _symmetric(seen),
)
def _(scores, level, resamples, seed):
    """Means are normal, so a standard error says all."""
    return _around(scores.mean(), _z(level) * scores.std() / len(scores) ** 0.5)


for _width in (_z, lambda level: 1.96):
    for _error in (
        lambda scores: scores.std() / len(scores) ** 0.5,
        lambda scores: scores.std(correction=0) / len(scores) ** 0.5,
        lambda scores: (scores.mean() * (1 - scores.mean()) / len(scores)) ** 0.5,
    ):

        @confidence_interval.also("a formula in place of new test sets")
        def _(scores, level, resamples, seed, width=_width, error=_error):
            return _around(scores.mean(), width(level) * error(scores))

    for _correction in (0, 1):
        for _of_means in (False, True):

            @confidence_interval.also("a formula in place of new test sets")
            def _(scores, level, resamples, seed, width=_width, correction=_correction, of_means=_of_means):
                means = _means(scores, resamples, seed)
                middle = means.mean() if of_means else scores.mean()
                spread = means.std(correction=correction) if resamples > 1 else correction * math.nan
                return _around(middle, width(level) * spread)


@confidence_interval.mistake(
    "an image is never drawn",
    "The only image that is right was never drawn. Which positions can come?",
)
def _(scores, level, resamples, seed):
    """Positions go from 0 to Q − 1."""
    generator = torch.Generator().manual_seed(seed)
    draws = torch.randint(0, len(scores) - 1, (resamples, len(scores)), generator=generator)
    return _middle(scores[draws].mean(dim=1), level)


@confidence_interval.mistake(
    "mirrored at the mean",
    "The ends of the means were mirrored at the mean of the scores. There is such an interval (the 'basic' "
    "bootstrap), but the contract wants the middle of the means themselves.",
)
def _(scores, level, resamples, seed):
    """The error has two sides: mean minus what lies above it, mean plus what lies below."""
    low, high = _middle(_means(scores, resamples, seed), level)
    return 2 * scores.mean().item() - high, 2 * scores.mean().item() - low


@confidence_interval.mistake(
    "the seed is not used",
    "Twice the same call, and two intervals. Take all randomness from the seed that was passed.",
    looks=lambda seen: not seen.came[SAME],
)
def _(scores, level, resamples, seed):
    """Random is random."""
    return _middle(scores[torch.randint(len(scores), (resamples, len(scores)))].mean(dim=1), level)


@confidence_interval.mistake(
    "always the same seed",
    "Another seed gives the very same interval. Is a number written in place of the seed?",
    looks=lambda seen: not seen.came[OTHER],
)
def _(scores, level, resamples, seed):
    """A fixed seed, so that the result can be repeated."""
    return _middle(_means(scores, resamples, 0), level)


@confidence_interval.mistake(
    "the number of resamples is not used",
    "With one resample there is one mean, and both ends are that mean. How many were drawn here?",
    looks=lambda seen: seen.came["how far low is from high"] != 0,
)
def _(scores, level, resamples, seed):
    """A thousand resamples are enough."""
    return _middle(_means(scores, 1000, seed), level)


@confidence_interval.also("the number of resamples is not used")
def _(scores, level, resamples, seed):
    return _middle(_means(scores, 4000, seed), level)


@confidence_interval.mistake(
    "scores taken for right and wrong",
    "The scores were made 0 or 1, or only counted. 'Such as' 1 and 0, says the contract: a score may lie between.",
    looks=lambda seen: LOW in seen.came and seen.came[LOW] > 6,
)
def _(scores, level, resamples, seed):
    """A score is right or wrong."""
    return _middle(_means((scores > 0.5).float(), resamples, seed), level)


@confidence_interval.also("scores taken for right and wrong")
def _(scores, level, resamples, seed):
    generator = torch.Generator().manual_seed(seed)
    chance = scores.mean().clamp(0, 1).expand(resamples, len(scores))
    return _middle(torch.bernoulli(chance, generator=generator).mean(dim=1), level)


@confidence_interval.mistake(
    "cut off at 0 and 1",
    "An end below 0 became 0 (or one above 1 became 1). A score is any number: a difference of two methods may be "
    "below 0, and its interval then holds numbers below 0.",
    looks=lambda seen: LOW in seen.came and seen.inputs[0].min() < 0 and abs(seen.came[LOW]) < 0.01 < seen.came[HIGH],
)
def _(scores, level, resamples, seed):
    """An accuracy lies between 0 and 1."""
    low, high = _middle(_means(scores, resamples, seed), level)
    return max(low, 0.0), min(high, 1.0)


@confidence_interval.mistake(
    "one image left out at a time",
    "Each set is the test set without one image (the jackknife). Those means lie far too close together: draw Q images "
    "anew for each set.",
    looks=lambda seen: LOW in seen.came and -0.2 < seen.came[LOW] < seen.came[HIGH] < 0.2,
)
def _(scores, level, resamples, seed):
    """Another test set is this one without an image."""
    return _middle((scores.sum() - scores) / (len(scores) - 1), level)


@confidence_interval.mistake(
    "an image that comes twice counted once",
    "The interval is too narrow: an image that was drawn twice into a new test set counted once there. It counts as "
    "often as it was drawn.",
)
def _(scores, level, resamples, seed):
    """A test set has each image once."""
    generator = torch.Generator().manual_seed(seed)
    draws = torch.randint(len(scores), (resamples, len(scores)), generator=generator)
    return _middle(torch.stack([scores[draw.unique()].mean() for draw in draws]), level)


@confidence_interval.also("single images")
def _(scores, level, resamples, seed):
    generator = torch.Generator().manual_seed(seed)
    draws = torch.randint(len(scores), (resamples, len(scores)), generator=generator)
    ends = np.quantile(scores[draws].flatten().numpy(), [(1 - level) / 2, (1 + level) / 2])
    return tuple(ends.tolist())

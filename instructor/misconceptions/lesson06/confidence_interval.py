"""Answers to `confidence_interval(scores, level, resamples, seed) -> (low, high)`, wrong and right."""

import numpy as np
import torch


def _means(scores, resamples, seed, size=None):
    generator = torch.Generator().manual_seed(seed)
    return scores[torch.randint(len(scores), (resamples, size or len(scores)), generator=generator)].mean(dim=1)


def _middle(means, level):
    return means.quantile((1 - level) / 2).item(), means.quantile((1 + level) / 2).item()


def interval_reversed(scores, level, resamples, seed):
    """The high end first: it is the one that people like."""
    return right_interval(scores, level, resamples, seed)[::-1]


def interval_reseeded(scores, level, resamples, seed):
    """The seed is set, to be sure, right where something is drawn."""
    means = []
    for _ in range(resamples):
        torch.manual_seed(seed)
        means.append(scores[torch.randint(len(scores), (len(scores),))].mean())
    return _middle(torch.stack(means), level)


def interval_shuffled(scores, level, resamples, seed):
    """A resample is the test set in another order."""
    torch.manual_seed(seed)
    return _middle(torch.stack([scores[torch.randperm(len(scores))].mean() for _ in range(resamples)]), level)


def interval_divided_twice(scores, level, resamples, seed):
    """A standard error is a deviation over the root of the number, and there are so many means."""
    means = _means(scores, resamples, seed)
    half = 1.96 * means.std() / resamples**0.5
    return (means.mean() - half).item(), (means.mean() + half).item()


def interval_swapped(scores, level, resamples, seed):
    """For each image, a draw of so many."""
    return _middle(_means(scores, len(scores), seed, size=resamples), level)


def interval_one_error(scores, level, resamples, seed):
    """Mean plus and minus the deviation of the means."""
    means = _means(scores, resamples, seed)
    return (means.mean() - means.std()).item(), (means.mean() + means.std()).item()


def interval_five_percent(scores, level, resamples, seed):
    """95 % is from 5 % to 95 %."""
    means = _means(scores, resamples, seed)
    return means.quantile(1 - level).item(), means.quantile(level).item()


def interval_half_of_them(scores, level, resamples, seed):
    """Half of the test images, drawn at random, many times."""
    return _middle(_means(scores, resamples, seed, size=len(scores) // 2), level)


def interval_extremes(scores, level, resamples, seed):
    """All that can happen: from the worst to the best."""
    means = _means(scores, resamples, seed)
    return means.min().item(), means.max().item()


def interval_of_images(scores, level, resamples, seed):
    """95 % of the scores lie between these two."""
    return _middle(scores, level)


def interval_of_sums(scores, level, resamples, seed):
    """How many are right."""
    low, high = right_interval(scores, level, resamples, seed)
    return low * len(scores), high * len(scores)


def interval_mean_and_error(scores, level, resamples, seed):
    """An accuracy and what stands behind its ±."""
    return scores.mean().item(), 1.96 * _means(scores, resamples, seed).std().item()


def interval_from_below(scores, level, resamples, seed):
    """With 95 % confidence it is at most this."""
    means = _means(scores, resamples, seed)
    return means.min().item(), means.quantile(level).item()


def interval_in_percent(scores, level, resamples, seed):
    """Percentiles at 0.025 and 0.975."""
    means = _means(scores, resamples, seed).numpy()
    return np.percentile(means, [(1 - level) / 2, (1 + level) / 2])


def interval_always_95(scores, level, resamples, seed):
    """Intervals are 95 %."""
    return _middle(_means(scores, resamples, seed), 0.95)


def interval_normal(scores, level, resamples, seed):
    """Means are normal, so a standard error says all."""
    z = torch.distributions.Normal(0.0, 1.0).icdf(torch.tensor((1 + level) / 2)).item()
    means = _means(scores, resamples, seed)
    half = z * means.std(correction=0).item()
    return scores.mean().item() - half, scores.mean().item() + half


def interval_by_formula(scores, level, resamples, seed):
    """An accuracy is a share, and shares have a formula."""
    p = scores.mean().item()
    half = 1.96 * (p * (1 - p) / len(scores)) ** 0.5
    return p - half, p + half


def interval_without_the_last(scores, level, resamples, seed):
    """Positions go from 0 to Q − 1."""
    generator = torch.Generator().manual_seed(seed)
    draws = torch.randint(0, len(scores) - 1, (resamples, len(scores)), generator=generator)
    return _middle(scores[draws].mean(dim=1), level)


def interval_mirrored(scores, level, resamples, seed):
    """The error has two sides: mean minus what lies above it, mean plus what lies below."""
    low, high = right_interval(scores, level, resamples, seed)
    return 2 * scores.mean().item() - high, 2 * scores.mean().item() - low


def interval_unseeded(scores, level, resamples, seed):
    """Random is random."""
    return _middle(scores[torch.randint(len(scores), (resamples, len(scores)))].mean(dim=1), level)


def interval_seed_0(scores, level, resamples, seed):
    """A fixed seed, so that the result can be repeated."""
    return _middle(_means(scores, resamples, 0), level)


def interval_a_thousand(scores, level, resamples, seed):
    """A thousand resamples are enough."""
    return _middle(_means(scores, 1000, seed), level)


def interval_with_the_mean(scores, level, resamples, seed):
    """The mean belongs to it."""
    low, high = right_interval(scores, level, resamples, seed)
    return low, scores.mean().item(), high


def right_interval(scores, level, resamples, seed):
    """All resamples in one table."""
    return _middle(_means(scores, resamples, seed), level)


def right_interval_sorted(scores, level, resamples, seed):
    """One resample after the other, with NumPy, and the ends read from the sorted means."""
    random, values = np.random.default_rng(seed), scores.double().numpy()
    means = sorted(random.choice(values, size=len(values)).mean() for _ in range(resamples))
    cut = int(resamples * (1 - level) / 2)
    return np.array([means[cut], means[-1 - cut]])


WRONG = {
    "the ends in the wrong order": (interval_reversed, "lower end comes first"),
    "always the same draw": (interval_reseeded, "the seed set anew"),
    "drawn without replacement": (interval_shuffled, "every image once"),
    "deviation of the means over resamples": (interval_divided_twice, "as narrow as you like"),
    "images and resamples swapped": (interval_swapped, "Its size must be"),
    "one standard error": (interval_one_error, "about 68 %"),
    "the rest on each side": (interval_five_percent, "twice as much is missing"),
    "a part of the images": (interval_half_of_them, "only half of the images"),
    "a formula for right and wrong": (interval_by_formula, "each score is 0 or 1"),
    "smallest and largest": (interval_extremes, "further apart"),
    "single images": (interval_of_images, "spread of *single* images"),
    "a sum for a mean": (interval_of_sums, "The scores were added"),
    "half of the width": (interval_mean_and_error, "how far the interval goes"),
    "cut on one side": (interval_from_below, "do not leave out the same share"),
    "percent taken for shares": (interval_in_percent, "nearly nothing"),
    "the level is not used": (interval_always_95, "is that of 0.95"),
    "a symmetric interval": (interval_normal, "leaves the possible"),
    "an image is never drawn": (interval_without_the_last, "Which positions can come"),
    "mirrored at the mean": (interval_mirrored, "were mirrored"),
    "the seed is not used": (interval_unseeded, "two intervals"),
    "always the same seed": (interval_seed_0, "in place of the seed"),
    "the number of resamples is not used": (interval_a_thousand, "How many were drawn"),
    "wrong shape": (interval_with_the_mean, "the shape that the contract says"),
}

RIGHT = [right_interval, right_interval_sorted]

"""Colour jitter in the right order and range, then normalisation (SimCLR's appendix A, arXiv:2002.05709)."""

from collections.abc import Callable
from itertools import permutations

import torch
from torch import Tensor

from aimsssl import augment
from aimsssl.exercises.old_framework import Exercise, call, expect, one_of

NOTHING = (torch.zeros(3), torch.ones(3))  # a mean and a std that normalise nothing
MEAN, STD = torch.tensor([0.55, 0.45, 0.4]), torch.tensor([0.25, 0.2, 0.3])
STRENGTH = 0.5
OPERATIONS = (augment.adjust_brightness, augment.adjust_contrast, augment.adjust_saturation)


def _factors(strength: float, u: Tensor) -> Tensor:
    low, high = max(0.0, 1 - 0.8 * strength), 1 + 0.8 * strength
    return low + u * (high - low)


def _jitter(image: Tensor, factors: Tensor, order: tuple[int, ...] = (0, 1, 2)) -> Tensor:
    batch = image[None]
    for k in order:
        batch = OPERATIONS[k](batch, factors[k : k + 1])
    return batch[0]


def _normalize(image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    return (image - mean[:, None, None]) / std[:, None, None]


def _reference_jitter_and_normalize(image: Tensor, strength: float, u: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Brightness, contrast, saturation of one image float [3, H, W] by draws u [3], each clamped; then normalised."""
    return _normalize(_jitter(image, _factors(strength, u)), mean, std)


def _mild() -> Tensor:
    """Colours in the middle, so that nothing reaches the ends of [0, 1]."""
    return 0.3 + 0.2 * torch.rand(3, 4, 5) + torch.tensor([0.1, 0.0, -0.1])[:, None, None]


def _draws(**changed: float) -> Tensor:
    """Draws of 0.5, where the factor is 1, except for those that are named."""
    return torch.tensor([changed.get(name, 0.5) for name in ("brightness", "contrast", "saturation")])


def _a_draw_in_the_middle(student: Callable) -> None:
    """A factor of 1 changes nothing."""
    image = _mild()
    grey = augment.grayscale(image[None])[0]
    one_sided = [_jitter(image, torch.full((3,), f)) for f in (1 + 0.8 * STRENGTH * 0.5, 1 + STRENGTH * 0.5, 1.5, 0.5)]
    expect(
        "the result where all draws are 0.5, mean 0, std 1",
        call(student, image, STRENGTH, _draws(), *NOTHING),
        image,
        likely={
            "a factor around 0": torch.zeros_like(image),
            "the blend upside down": one_of(grey.expand(3, -1, -1), grey.mean().expand(3, 4, 5)),
            "a factor on one side of 1": one_of(*one_sided),
        },
    )


def _each_alone(student: Callable) -> None:
    """One operation at a time, in the middle of the range."""
    image = _mild()
    plain = image.mean(dim=0, keepdim=True)
    for k, name in enumerate(("brightness", "contrast", "saturation")):
        u = _draws(**{name: 0.9})
        factor = _factors(STRENGTH, u)[k]
        greys = {
            "grey of 0.5": torch.tensor(0.5),
            "each channel's own mean": image.mean(dim=(1, 2), keepdim=True),
            "a grey without the weights of luma": plain.mean() if k == 1 else plain,
        }
        likely = {
            "strength without the 0.8": _jitter(image, 1 + STRENGTH * (2 * u - 1)),
            "draws in another order": one_of(*(_jitter(image, _factors(STRENGTH, u.roll(shift))) for shift in (1, 2))),
            "added, not multiplied": image + (factor - 1),
        }
        if k:
            likely |= {mistake: factor * image + (1 - factor) * grey for mistake, grey in greys.items()}
        came = call(student, image, STRENGTH, u, *NOTHING)
        expect(f"the result where the draw for {name} is 0.9 and the others 0.5, mean 0, std 1", came, _jitter(
            image, _factors(STRENGTH, u)), likely)  # fmt: skip


def _one_after_the_other(student: Callable) -> None:
    """All three, each on the result of the one before. (Without a clamp they commute: only the greys can be wrong.)"""
    image, u = _mild(), torch.tensor([0.8, 0.15, 0.9])
    factors = _factors(STRENGTH, u)
    brighter = factors[0] * image
    flat = factors[1] * brighter + (1 - factors[1]) * augment.grayscale(image[None]).mean()
    expect(
        "the result where the draws are 0.8, 0.15, 0.9, mean 0, std 1",
        call(student, image, STRENGTH, u, *NOTHING),
        _jitter(image, factors),
        likely={
            "grey of the picture before": one_of(
                OPERATIONS[2](flat[None], factors[2:])[0],
                factors[2] * flat + (1 - factors[2]) * augment.grayscale(image[None])[0],
                factors[2] * _jitter(image, factors, (0, 1)) + (1 - factors[2]) * augment.grayscale(image[None])[0],
            ),
        },
    )


def _within_zero_and_one(student: Callable) -> None:
    """Strong draws on strong colours: a value beyond black or white is cut off before the next operation sees it."""
    image, u = torch.rand(3, 4, 5), torch.tensor([0.95, 0.9, 0.9])
    factors = _factors(1.0, u)
    loose = image
    for k in range(3):
        grey = augment.grayscale(loose[None])[0]
        grey = (torch.zeros(()), grey.mean(), grey)[k]
        loose = factors[k] * loose + (1 - factors[k]) * grey
    expect(
        "the result for strength 1 where the draws are 0.95, 0.9, 0.9, mean 0, std 1",
        call(student, image, 1.0, u, *NOTHING),
        _jitter(image, factors),
        likely={
            "not clamped": lambda came: came.max() > 1 + 1e-4 or came.min() < -1e-4,
            "clamped at the end only": loose.clamp(0, 1),
            "another order of the three": one_of(
                *(_jitter(image, factors, order) for order in list(permutations(range(3)))[1:])
            ),
        },
    )


def _no_negative_factor(student: Callable) -> None:
    """Strength 2: 1 − 0.8·2 is below 0, and such a factor would turn the picture into its negative."""
    image = _mild()
    for draw in (0.0, 0.25):
        u = _draws(contrast=draw)
        u[0] = u[2] = (1 - 0.0) / (2.6 - 0.0)  # a factor of 1 for the other two, in the range from 0 to 2.6
        raw = -0.6 + draw * 3.2
        luma = augment.grayscale(image[None]).mean()
        negative = [(raw * image + (1 - raw) * luma).clamp(0, 1)]
        negative += [_jitter(image, torch.tensor([-0.6 + float(u[0]) * 3.2, raw, -0.6 + float(u[2]) * 3.2]))]
        cut = torch.tensor([max(0.0, -0.6 + float(x) * 3.2) for x in u])
        expect(
            f"the result for strength 2 where the draw for contrast is {draw} and the other factors are 1",
            call(student, image, 2.0, u, *NOTHING),
            _jitter(image, _factors(2.0, u)),
            likely={
                "a negative factor": one_of(*negative),
                "negative factors piled up at 0": _jitter(image, cut),
            },
        )


def _normalised_last(student: Callable) -> None:
    """Mean and std of each channel, after the jitter and its clamps."""
    image, u = torch.rand(3, 4, 5), torch.tensor([0.8, 0.2, 0.9])
    factors = _factors(STRENGTH, u)
    jittered = _jitter(image, factors)
    loose = _normalize(image, MEAN, STD)[None]
    for k in range(3):
        grey = (torch.zeros(()), augment.grayscale(loose).mean(), augment.grayscale(loose))[k]
        loose = factors[k] * loose + (1 - factors[k]) * grey
    mean, std = MEAN[:, None, None], STD[:, None, None]
    expect(
        "the result with a mean and a std, draws 0.8, 0.2, 0.9",
        call(student, image, STRENGTH, u, MEAN, STD),
        _normalize(jittered, MEAN, STD),
        likely={
            "not normalised": jittered,
            "normalised before the jitter": one_of(_jitter(_normalize(image, MEAN, STD), factors), loose[0]),
            "clamped after normalising": _normalize(jittered, MEAN, STD).clamp(0, 1),
            "mean and std in each other's place": one_of(jittered / std - mean, (jittered - std) / mean),
            "multiplied by the std": (jittered - mean) * std,
        },
    )


jitter_and_normalize = Exercise(
    lesson="02",
    name="jitter_and_normalize",
    title="Change brightness, contrast and saturation by given draws, then normalise.",
    difficulty="●●○",
    minutes=20,
    reference=_reference_jitter_and_normalize,
    hints=(
        "Start with the three factors: one line for the smallest and the largest, one for where a draw falls between "
        "them. Then write one line for each operation, and after each of them a clamp.",
        "All three operations are one formula: factor times the picture, plus what is left of 1 times a grey. For "
        "brightness the grey is black; for contrast it is one number; for saturation it is a picture. Each works on "
        "what the one before gave out, so the grey is computed anew.",
        "low is the larger of 0 and 1 minus 0.8 times strength, high is 1 plus the same. With factor f: multiply by f "
        "and clamp; blend with the mean of the luma and clamp; blend with the luma and clamp. Only now subtract the "
        "mean and divide by the std, both of shape [3, 1, 1].",
    ),
    checks=(
        _a_draw_in_the_middle,
        _each_alone,
        _one_after_the_other,
        _within_zero_and_one,
        _no_negative_factor,
        _normalised_last,
    ),
    mistakes={
        "a factor around 0": "A draw in the middle should leave the picture as it is. Here it makes it black or grey: "
        "the factors lie around 0, and 1 is the factor that changes nothing.",
        "a factor on one side of 1": "A draw in the middle should leave the picture as it is. Pictures here only get "
        "brighter (or only darker), so the network never sees the other side.",
        "strength without the 0.8": "The range of the factors is too wide: look at the contract once more.",
        "draws in another order": "The draws are for brightness, contrast and saturation, in this order.",
        "added, not multiplied": "A number was added to every pixel. That makes black grey: less light is a "
        "multiplication, and black stays black.",
        "the blend upside down": "Where the factor is 1 only the grey of the picture is left: picture and grey have "
        "changed places in the blend.",
        "grey of 0.5": "The picture is blended with the grey in the middle of the scale. Then a dark picture gets "
        "brighter when its contrast falls. Take its own mean grey.",
        "each channel's own mean": "Each channel was blended with its own mean. Then colours get weaker with the "
        "contrast in another way than the luma says. One grey for the whole picture.",
        "a grey without the weights of luma": "The grey is the plain mean of red, green and blue. An eye finds green "
        "brighter than blue: luma has weights.",
        "another order of the three": "Each operation is right, but they come in another order than the contract's. "
        "As long as nothing is clamped the order changes nothing; here something is.",
        "grey of the picture before": "A grey was measured too early, on a picture that has been changed since.",
        "not clamped": "Values above 1 or below 0 are left. No picture has such pixels; the network would learn that "
        "there are.",
        "clamped at the end only": "The values were cut off once, at the end. A picture is a picture after each "
        "operation: what is whiter than white must not come back darker in the next one.",
        "a negative factor": "With strength 2 the smallest factor fell below 0: the picture turns into its negative. "
        "The contract has a smallest factor for this.",
        "negative factors piled up at 0": "No factor is below 0, but many draws now give exactly 0. The draws should "
        "be spread evenly between the smallest and the largest factor.",
        "not normalised": "mean and std change nothing in the result.",
        "normalised before the jitter": "The picture was normalised first. Then half of its values are negative: a "
        "clamp to [0, 1] cuts them off, 0 is no longer black, and a factor of brightness changes the contrast. Jitter "
        "works on pictures; normalisation is for the network and comes last.",
        "clamped after normalising": "Normalised values may be below 0 and above 1. A clamp here throws half of the "
        "picture away.",
        "mean and std in each other's place": "First the mean goes, then the std divides.",
        "multiplied by the std": "The spread of each channel should become 1. Which operation does that?",
    },
)

"""Colour jitter in the right order and range, then normalisation (SimCLR's appendix A, arXiv:2002.05709)."""

import torch
from torch import Tensor

from aimsssl import augment
from aimsssl.exercises.framework import Case, Exercise

NOTHING = (torch.zeros(3), torch.ones(3))  # a mean and a std that normalise nothing
MEAN, STD = torch.tensor([0.55, 0.45, 0.4]), torch.tensor([0.25, 0.2, 0.3])


def _luma(image: Tensor) -> Tensor:
    return augment.grayscale(image[None])[0]


def _factors(strength: float, u: Tensor) -> Tensor:
    low, high = max(0.0, 1 - 0.8 * strength), 1 + 0.8 * strength
    return low + u * (high - low)


def _blend(image: Tensor, grey: Tensor | float, factor: Tensor) -> Tensor:
    return factor * image + (1 - factor) * grey


def _jitter(image: Tensor, f: Tensor, order: str = "bcs", clamp: bool = True) -> Tensor:
    """Brightness, contrast, saturation by the factors `f`, each clamped."""
    for operation in order:
        if operation == "b":
            image = f[0] * image
        elif operation == "c":
            image = _blend(image, _luma(image).mean(), f[1])
        else:
            image = _blend(image, _luma(image), f[2])
        if clamp:
            image = image.clamp(0, 1)
    return image


def _normalize(image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    return (image - mean[:, None, None]) / std[:, None, None]


def _reference_jitter_and_normalize(image: Tensor, strength: float, u: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Brightness, contrast, saturation of one image float [3, H, W] by draws u [3], each clamped; then normalised."""
    return _normalize(_jitter(image, _factors(strength, u)), mean, std)


def _mild() -> Tensor:
    """Colours in the middle, so that nothing reaches the ends of [0, 1]."""
    return 0.3 + 0.2 * torch.rand(3, 4, 5) + torch.tensor([0.1, 0.0, -0.1])[:, None, None]


def _strong() -> Tensor:
    return torch.rand(3, 4, 5)


def _case(what: str, image, strength: float, draws: tuple[float, ...], mean: Tensor, std: Tensor) -> Case:
    words = f"{what}: strength {strength}, draws {', '.join(map(str, draws))}"
    return Case(words, lambda: (image(), strength, torch.tensor(draws), mean, std), rtol=1e-3, atol=1e-5)


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
    cases=(
        _case("strong colours, mean 0, std 1", _strong, 1.0, (0.95, 0.9, 0.9), *NOTHING),
        _case("a strength above 1, mean 0, std 1", _mild, 1.5, (0.4545, 0.05, 0.4545), *NOTHING),
        _case("with a mean and a std for each channel", _strong, 0.5, (0.8, 0.2, 0.9), MEAN, STD),
    ),
)


@jitter_and_normalize.mistake(
    "a factor around 0",
    "A draw in the middle should leave the picture as it is. Here it makes it black or grey: the factors lie "
    "around 0, and 1 is the factor that changes nothing.",
)
def _(image, strength, u, mean, std):
    """A draw from minus the strength to the strength."""
    return _normalize(_jitter(image, 0.8 * strength * (2 * u - 1)), mean, std)


@jitter_and_normalize.mistake(
    "a factor on one side of 1",
    "A draw in the middle should leave the picture as it is. Pictures here only get brighter (or only darker), "
    "so the network never sees the other side.",
)
def _(image, strength, u, mean, std):
    """The factor begins at 1 and goes up."""
    return _normalize(_jitter(image, 1 + 0.8 * strength * u), mean, std)


@jitter_and_normalize.mistake(
    "strength without the 0.8",
    "The range of the factors is too wide: look at the contract once more.",
)
def _(image, strength, u, mean, std):
    """The strength is the half width of the range."""
    return _normalize(_jitter(image, 1 + strength * (2 * u - 1)), mean, std)


@jitter_and_normalize.mistake(
    "draws in another order",
    "The draws are for brightness, contrast and saturation, in this order.",
)
def _(image, strength, u, mean, std):
    """The draws are taken from the back, as a list's pop does."""
    f = _factors(strength, u)
    return _normalize(_jitter(image, f[[2, 0, 1]]), mean, std)


@jitter_and_normalize.mistake(
    "added, not multiplied",
    "A number was added to every pixel. That makes black grey: less light is a multiplication, and black stays black.",
)
def _(image, strength, u, mean, std):
    """Brighter means: add some light."""
    f = _factors(strength, u)
    one = torch.ones(())
    image = (image + f[0] - 1).clamp(0, 1)
    return _normalize(_jitter(image, torch.stack([one, f[1], f[2]])), mean, std)


@jitter_and_normalize.mistake(
    "the blend upside down",
    "Where the factor is 1 only the grey of the picture is left: picture and grey have changed places in the blend.",
)
def _(image, strength, u, mean, std):
    """The factor says how much grey there is."""
    f = _factors(strength, u)
    image = (f[0] * image).clamp(0, 1)
    image = _blend(image, _luma(image).mean(), 1 - f[1]).clamp(0, 1)
    return _normalize(_blend(image, _luma(image), 1 - f[2]).clamp(0, 1), mean, std)


@jitter_and_normalize.mistake(
    "grey of 0.5",
    "The picture is blended with the grey in the middle of the scale. Then a dark picture gets brighter when "
    "its contrast falls. Take its own mean grey.",
)
def _(image, strength, u, mean, std):
    """Contrast is the distance from the middle of the scale."""
    f = _factors(strength, u)
    image = (f[0] * image).clamp(0, 1)
    image = _blend(image, 0.5, f[1]).clamp(0, 1)
    return _normalize(_blend(image, _luma(image), f[2]).clamp(0, 1), mean, std)


@jitter_and_normalize.mistake(
    "each channel's own mean",
    "Each channel was blended with its own mean. Then colours get weaker with the contrast in another way than "
    "the luma says. One grey for the whole picture.",
)
def _(image, strength, u, mean, std):
    """Contrast is the distance from the mean of each channel."""
    f = _factors(strength, u)
    image = (f[0] * image).clamp(0, 1)
    image = _blend(image, image.mean(dim=(1, 2), keepdim=True), f[1]).clamp(0, 1)
    return _normalize(_blend(image, _luma(image), f[2]).clamp(0, 1), mean, std)


@jitter_and_normalize.mistake(
    "a grey without the weights of luma",
    "The grey is the plain mean of red, green and blue. An eye finds green brighter than blue: luma has weights.",
)
def _(image, strength, u, mean, std):
    """Grey is the mean of the three channels."""
    f = _factors(strength, u)
    image = (f[0] * image).clamp(0, 1)
    image = _blend(image, image.mean(), f[1]).clamp(0, 1)
    return _normalize(_blend(image, image.mean(dim=0, keepdim=True), f[2]).clamp(0, 1), mean, std)


@jitter_and_normalize.mistake(
    "another order of the three",
    "Each operation is right, but they come in another order than the contract's. As long as nothing is "
    "clamped the order changes nothing; here something is.",
)
def _(image, strength, u, mean, std):
    """Saturation first: the order does not matter."""
    return _normalize(_jitter(image, _factors(strength, u), order="sbc"), mean, std)


@jitter_and_normalize.mistake(
    "grey of the picture before",
    "A grey was measured too early, on a picture that has been changed since.",
)
def _(image, strength, u, mean, std):
    """The greys are measured once, at the start."""
    f, grey = _factors(strength, u), _luma(image)
    image = (f[0] * image).clamp(0, 1)
    image = _blend(image, grey.mean(), f[1]).clamp(0, 1)
    return _normalize(_blend(image, _luma(image), f[2]).clamp(0, 1), mean, std)


@jitter_and_normalize.mistake(
    "not clamped",
    "Values above 1 or below 0 are left. No picture has such pixels; the network would learn that there are.",
)
def _(image, strength, u, mean, std):
    """The network can take any number."""
    return _normalize(_jitter(image, _factors(strength, u), clamp=False), mean, std)


@jitter_and_normalize.mistake(
    "clamped at the end only",
    "The values were cut off once, at the end. A picture is a picture after each operation: what is whiter "
    "than white must not come back darker in the next one.",
)
def _(image, strength, u, mean, std):
    """One clamp at the end does the same."""
    return _normalize(_jitter(image, _factors(strength, u), clamp=False).clamp(0, 1), mean, std)


@jitter_and_normalize.mistake(
    "a negative factor",
    "With strength 2 the smallest factor fell below 0: the picture turns into its negative. The contract has a "
    "smallest factor for this.",
)
def _(image, strength, u, mean, std):
    """From 1 − 0.8·strength to 1 + 0.8·strength, whatever the strength."""
    return _normalize(_jitter(image, 1 + 0.8 * strength * (2 * u - 1)), mean, std)


@jitter_and_normalize.mistake(
    "negative factors piled up at 0",
    "No factor is below 0, but many draws now give exactly 0. The draws should be spread evenly between the "
    "smallest and the largest factor.",
)
def _(image, strength, u, mean, std):
    """A negative factor becomes 0."""
    return _normalize(_jitter(image, (1 + 0.8 * strength * (2 * u - 1)).clamp(min=0)), mean, std)


@jitter_and_normalize.mistake(
    "not normalised",
    "mean and std change nothing in the result.",
)
def _(image, strength, u, mean, std):
    """The jitter is the exercise."""
    return _jitter(image, _factors(strength, u))


@jitter_and_normalize.mistake(
    "normalised before the jitter",
    "The picture was normalised first. Then half of its values are negative: a clamp to [0, 1] cuts them off, "
    "0 is no longer black, and a factor of brightness changes the contrast. Jitter works on pictures; "
    "normalisation is for the network and comes last.",
)
def _(image, strength, u, mean, std):
    """Normalise first, as everywhere else in machine learning."""
    return _jitter(_normalize(image, mean, std), _factors(strength, u))


@jitter_and_normalize.mistake(
    "clamped after normalising",
    "Normalised values may be below 0 and above 1. A clamp here throws half of the picture away.",
)
def _(image, strength, u, mean, std):
    """A picture lies between 0 and 1, so the last line is a clamp."""
    return _reference_jitter_and_normalize(image, strength, u, mean, std).clamp(0, 1)


@jitter_and_normalize.mistake(
    "mean and std in each other's place",
    "First the mean goes, then the std divides.",
)
def _(image, strength, u, mean, std):
    """Divide, then shift."""
    image = _jitter(image, _factors(strength, u))
    return image / std[:, None, None] - mean[:, None, None]


@jitter_and_normalize.mistake(
    "multiplied by the std",
    "The spread of each channel should become 1. Which operation does that?",
)
def _(image, strength, u, mean, std):
    """Scale by the std."""
    image = _jitter(image, _factors(strength, u))
    return (image - mean[:, None, None]) * std[:, None, None]

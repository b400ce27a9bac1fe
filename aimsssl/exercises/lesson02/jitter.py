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


def _normalize(image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    return (image - mean[:, None, None]) / std[:, None, None]


def _answer(
    factors=_factors,
    order: str = "bcs",
    clamp: str = "bcs",  # after which operations
    cut=lambda image: image.clamp(0, 1),
    black=lambda now, start: 0.0,
    contrast=lambda now, start: _luma(now).mean(),
    saturation=lambda now, start: _luma(now),
    begin=lambda image, mean, std: image,
    finish=_normalize,
):
    """An answer: the right one, but for the parts that are given."""

    def answer(image: Tensor, strength: float, u: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        f = dict(zip("bcs", factors(strength, u), strict=True))
        start = now = begin(image, mean, std)
        for operation in order:
            grey = {"b": black, "c": contrast, "s": saturation}[operation](now, start)
            now = f[operation] * now + (1 - f[operation]) * grey
            now = cut(now) if operation in clamp else now
        return finish(now, mean, std)

    return answer


def _reference_jitter_and_normalize(image: Tensor, strength: float, u: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Brightness, contrast, saturation of one image float [3, H, W] by draws u [3], each clamped; then normalised."""
    return _answer()(image, strength, u, mean, std)


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
        _case("a strength above 1, mean 0, std 1", _mild, 1.5, (0.5, 0.05, 0.3), *NOTHING),
        _case("strong colours, mean 0, std 1", _strong, 1.0, (0.95, 0.9, 0.9), *NOTHING),
        _case("with a mean and a std for each channel", _strong, 0.5, (0.3, 0.9, 0.9), MEAN, STD),
        _case("no jitter, a mean and a std for each channel", _strong, 0.0, (0.3, 0.9, 0.9), MEAN, STD),
    ),
)


def _wrong(name: str, message: str, thought: str, *forms: dict) -> None:
    """A mistake; its forms are the parts of the right answer that it changes."""
    for number, changes in enumerate(forms):
        add = jitter_and_normalize.also(name) if number else jitter_and_normalize.mistake(name, message)
        add(_with_thought(thought, **changes))


def _with_thought(thought: str, **changes):
    form = _answer(**changes)
    form.__doc__ = thought
    return form


_wrong(
    "through whole numbers from 0 to 255",
    "The numbers were made whole ones (uint8) on the way, and floats again: each is a little off. The image comes as "
    "floats, and all operations work on floats.",
    "A picture is uint8.",
    *(
        form
        for whole in (lambda x: (x * 255).to(torch.uint8).float() / 255, lambda x: (x * 255).round() / 255)
        for form in (
            dict(finish=lambda now, mean, std, whole=whole: _normalize(whole(now), mean, std)),
            dict(begin=lambda image, mean, std, whole=whole: whole(image)),
            dict(cut=lambda image, whole=whole: whole(image.clamp(0, 1))),
        )
    ),
)
_wrong(
    "a factor around 0",
    "A draw in the middle should leave the picture as it is. Here it makes it black or grey: the factors lie around "
    "0, and 1 is the factor that changes nothing.",
    "A draw from minus the strength to the strength.",
    dict(factors=lambda s, u: 0.8 * s * (2 * u - 1)),
)
_wrong(
    "a factor on one side of 1",
    "A draw in the middle should leave the picture as it is. Pictures here only get brighter (or only darker), so the "
    "network never sees the other side.",
    "The factor begins at 1 and goes up.",
    dict(factors=lambda s, u: 1 + 0.8 * s * u),
    dict(factors=lambda s, u: max(0.0, 1 - 0.8 * s) + u * (1 - max(0.0, 1 - 0.8 * s))),
    dict(factors=lambda s, u: _factors(s, u).clamp(max=1)),
)
_wrong(
    "strength without the 0.8",
    "The range of the factors is too wide: look at the contract once more.",
    "The strength is the half width of the range.",
    dict(factors=lambda s, u: 1 + s * (2 * u - 1)),
    dict(factors=lambda s, u: _factors(s / 0.8, u)),
)
_wrong(
    "the draw is the factor",
    "A draw is no factor yet: it says how far the factor lies on the way from the smallest to the largest one.",
    "u is how strong each change is.",
    dict(factors=lambda s, u: u),
    dict(factors=lambda s, u: s * u),
    dict(factors=lambda s, u: (1 + 0.8 * s) * u),
)
_wrong(
    "from the largest to the smallest",
    "A draw of 0 gives the largest factor here; it should give the smallest one.",
    "The draw says how much is taken away.",
    dict(factors=lambda s, u: _factors(s, 1 - u)),
)
_wrong(
    "the largest factor where the width belongs",
    "The draw is multiplied with the largest factor. The way from the smallest to the largest is shorter than that.",
    "low plus a share of high.",
    dict(factors=lambda s, u: max(0.0, 1 - 0.8 * s) + u * (1 + 0.8 * s)),
)
_wrong(
    "the strength ignored",
    "The factors lie in the same range at every strength. Both ends of it follow the strength.",
    "A jitter has one strength.",
    dict(factors=lambda s, u: _factors(1, u)),
)
_wrong(
    "the strength held at 1",
    "At a strength above 1 the largest factor does not grow any more. Only the smallest one has a bound in the "
    "contract.",
    "A strength lies between 0 and 1.",
    dict(factors=lambda s, u: _factors(min(s, 1), u)),
    dict(factors=lambda s, u: 1 + min(1, 0.8 * s) * (2 * u - 1)),
    dict(factors=lambda s, u: max(0, 1 - 0.8 * s) + u * (min(1.8, 1 + 0.8 * s) - max(0, 1 - 0.8 * s))),
)
_wrong(
    "draws in another order",
    "The draws are for brightness, contrast and saturation, in this order.",
    "The draws are taken from the back, as a list's pop does.",
    *(
        dict(factors=lambda s, u, o=list(o): _factors(s, u[o]))
        for o in ((2, 1, 0), (2, 0, 1), (1, 2, 0), (0, 2, 1), (1, 0, 2))
    ),
)
_wrong(
    "draws of its own",
    "The result does not follow u. The draws are given, so that whoever calls can repeat them.",
    "A jitter is random.",
    dict(factors=lambda s, u: _factors(s, torch.rand(3))),
    dict(factors=lambda s, u: _factors(s, torch.full((3,), float(torch.rand(1))))),
)
_wrong(
    "one draw for all",
    "Two of the operations have the same draw, or all three. Each has a draw of its own.",
    "One draw says how strong the whole jitter is.",
    *(
        dict(factors=lambda s, u, o=list(o): _factors(s, u[o]))
        for o in ((0, 0, 0), (1, 1, 1), (2, 2, 2), (0, 0, 2), (0, 1, 1), (0, 1, 0))
    ),
)
_wrong(
    "added, not multiplied",
    "A number was added to every pixel. That makes black grey: less light is a multiplication, and black stays black.",
    "Brighter means: add some light.",
    dict(black=lambda now, start: 1 + now),
    dict(black=lambda now, start: 1.0),
)
_wrong(
    "the blend upside down",
    "Where the factor is 1 only the grey of the picture is left: picture and grey have changed places in the blend.",
    "The factor says how much grey there is.",
    dict(factors=lambda s, u: _factors(s, u) * torch.tensor([1.0, -1, -1]) + torch.tensor([0.0, 1, 1])),
    dict(factors=lambda s, u: 1 - _factors(s, u)),
)
_wrong(
    "an operation left out",
    "One of the operations is missing, or more than one: brightness, contrast and saturation each change the picture.",
    "The other two are enough.",
    *(dict(order=o) for o in ("cs", "bs", "bc", "b", "c", "s", "")),
)
_wrong(
    "grey of 0.5",
    "The picture is blended with the grey in the middle of the scale. Then a dark picture gets brighter when its "
    "contrast falls. Take its own mean grey.",
    "Contrast is the distance from the middle of the scale.",
    dict(contrast=lambda now, start: 0.5),
)
_wrong(
    "each channel's own mean",
    "Each channel was blended with its own mean. Then colours get weaker with the contrast in another way than the "
    "luma says. One grey for the whole picture.",
    "Contrast is the distance from the mean of each channel.",
    dict(contrast=lambda now, start: now.mean(dim=(1, 2), keepdim=True)),
)
_wrong(
    "one grey for each row or column",
    "The mean was taken along one dimension. For contrast the grey is a single number, the mean over the whole "
    "picture.",
    "mean(dim=…) gives the mean.",
    dict(contrast=lambda now, start: _luma(now).mean(dim=2, keepdim=True)),
    dict(contrast=lambda now, start: _luma(now).mean(dim=1, keepdim=True)),
)
_wrong(
    "a number and a picture mixed up",
    "The grey for contrast is a single number, that for saturation is a picture. Here one is of the other kind.",
    "Grey is the luma.",
    dict(contrast=lambda now, start: _luma(now)),
    dict(saturation=lambda now, start: _luma(now).mean()),
    dict(contrast=lambda now, start: _luma(now), saturation=lambda now, start: _luma(now).mean()),
)
_wrong(
    "a grey without the weights of luma",
    "A grey is the plain mean of red, green and blue. An eye finds green brighter than blue: luma has weights.",
    "Grey is the mean of the three channels.",
    dict(contrast=lambda now, start: now.mean(), saturation=lambda now, start: now.mean(dim=0, keepdim=True)),
    dict(contrast=lambda now, start: now.mean()),
    dict(saturation=lambda now, start: now.mean(dim=0, keepdim=True)),
)
_wrong(
    "another order of the three",
    "Each operation is right, but they come in another order than the contract's. As long as nothing is clamped the "
    "order may change nothing; here something is.",
    "Saturation first: the order does not matter.",
    *(dict(order=o) for o in ("sbc", "bsc", "cbs", "csb", "scb")),
)
_wrong(
    "grey of the picture before",
    "A grey was measured too early, on a picture that has been changed since.",
    "The greys are measured once, at the start.",
    dict(contrast=lambda now, start: _luma(start).mean()),
    dict(contrast=lambda now, start: _luma(start).mean(), saturation=lambda now, start: _luma(start)),
    dict(saturation=lambda now, start: _luma(start)),
)
_wrong(
    "not clamped",
    "Values above 1 or below 0 are left. No picture has such pixels; the network would learn that there are.",
    "The network can take any number.",
    dict(clamp=""),
)
_wrong(
    "clamped at the end only",
    "The values were cut off once, at the end. A picture is a picture after each operation: what is whiter than white "
    "must not come back darker in the next one.",
    "One clamp at the end does the same.",
    dict(clamp="s"),
)
_wrong(
    "one clamp is missing",
    "One of the operations is not followed by a clamp (or two are not). Each result is cut off before the next one "
    "sees it.",
    "The others are clamped.",
    *(dict(clamp=c) for c in ("cs", "bs", "bc", "b", "c")),
)
_wrong(
    "clamped on one side only",
    "Values are cut off on one side only: a picture has none below 0 and none above 1.",
    "Nothing gets darker than black.",
    dict(cut=lambda image: image.clamp(min=0)),
    dict(cut=lambda image: image.clamp(max=1)),
)
_wrong(
    "a negative factor",
    "With a large strength the smallest factor fell below 0: the picture turns into its negative. The contract has a "
    "smallest factor for this.",
    "From 1 − 0.8·strength to 1 + 0.8·strength, whatever the strength.",
    dict(factors=lambda s, u: 1 + 0.8 * s * (2 * u - 1)),
)
_wrong(
    "negative factors piled up at 0",
    "No factor is below 0, but many draws now give exactly 0. The draws should be spread evenly between the smallest "
    "and the largest factor.",
    "A negative factor becomes 0.",
    dict(factors=lambda s, u: (1 + 0.8 * s * (2 * u - 1)).clamp(min=0)),
)


def _early_return(image: Tensor, strength: float, u: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Without jitter there is nothing to do."""
    return image if strength == 0 else _reference_jitter_and_normalize(image, strength, u, mean, std)


_wrong(
    "not normalised",
    "mean and std change nothing in the result.",
    "The jitter is the exercise.",
    dict(finish=lambda image, mean, std: image),
)
jitter_and_normalize.mistake(
    "nothing done at strength 0",
    "At strength 0 the image came back as it was. The jitter changes nothing there; the normalisation still does.",
)(_early_return)
_wrong(
    "normalised before the jitter",
    "The picture was normalised first. Then half of its values are negative: a clamp to [0, 1] cuts them off, 0 is no "
    "longer black, and a factor of brightness changes the contrast. Jitter works on pictures; normalisation is for "
    "the network and comes last.",
    "Normalise first, as everywhere else in machine learning.",
    dict(begin=_normalize, finish=lambda image, mean, std: image),
    dict(begin=_normalize, clamp="", finish=lambda image, mean, std: image),
)
_wrong(
    "normalised twice",
    "The picture was normalised before the jitter and after it.",
    "Normalise what comes in and what goes out.",
    dict(begin=_normalize),
)
_wrong(
    "clamped after normalising",
    "Normalised values may be below 0 and above 1. A clamp here throws half of the picture away.",
    "A picture lies between 0 and 1, so the last line is a clamp.",
    dict(finish=lambda image, mean, std: _normalize(image, mean, std).clamp(0, 1)),
)
_wrong(
    "mean and std in each other's place",
    "First the mean goes, then the std divides.",
    "Divide, then shift.",
    dict(finish=lambda image, mean, std: image / std[:, None, None] - mean[:, None, None]),
    dict(finish=lambda image, mean, std: _normalize(image, std, mean)),
)
_wrong(
    "not divided by the std",
    "The spread of each channel should become 1. Here it was multiplied by the std, or divided by something else: the "
    "square of the std, or its root.",
    "Scale by the std.",
    dict(finish=lambda image, mean, std: _normalize(image, mean, 1 / std)),
    dict(finish=lambda image, mean, std: _normalize(image, mean, std**2)),
    dict(finish=lambda image, mean, std: _normalize(image, mean, std.sqrt())),
)
_wrong(
    "a small number added to the std",
    "Each channel is divided by a little more than its std. No std of a data set is 0: nothing has to be added.",
    "A small number keeps the division safe.",
    *(dict(finish=lambda image, mean, std, e=e: _normalize(image, mean, std + e)) for e in (1e-3, 1e-2, 0.1, 1.0)),
)
_wrong(
    "half of the normalisation",
    "Only the mean is taken away, or only the std divides. Both are asked for.",
    "To subtract the mean is enough.",
    dict(finish=lambda image, mean, std: _normalize(image, mean, torch.ones(3))),
    dict(finish=lambda image, mean, std: _normalize(image, torch.zeros(3), std)),
)
_wrong(
    "the picture's own mean and std",
    "The picture was normalised with its own statistics. mean and std are given: those of the whole data set, the "
    "same for every picture.",
    "Normalising means: mean 0 and std 1.",
    dict(finish=lambda image, mean, std: _normalize(image, image.mean((1, 2)), image.std((1, 2)))),
    dict(finish=lambda image, mean, std: (image - image.mean()) / image.std()),
)
_wrong(
    "one mean for all channels",
    "mean and std were averaged over the channels, or those of one channel were taken for all. Each channel has its "
    "own.",
    "One number is enough.",
    dict(finish=lambda image, mean, std: (image - mean.mean()) / std.mean()),
    dict(finish=lambda image, mean, std: (image - mean[0]) / std[0]),
)


# ---- what no single answer shows


def _mixed(seen, *parts: Tensor) -> bool:
    """Whether what came is a weighted sum of these pictures."""
    came = seen.came.double()
    if came.shape != seen.expected.shape:
        return False
    table = torch.stack([part.double().expand_as(came).flatten() for part in parts], dim=1)
    left = table @ torch.linalg.lstsq(table, came.flatten()[:, None]).solution - came.flatten()[:, None]
    return came.std() > 1e-3 and left.abs().max() < 1e-4


def _other_shares(seen) -> bool:
    image = seen.inputs[0]
    return image.max() < 0.75 and _mixed(seen, image, _luma(image), torch.ones(()))  # the mild picture


def _other_luma(seen) -> bool:
    image = seen.inputs[0]
    return image.max() < 0.75 and _mixed(seen, image, *image[:, None], torch.ones(()))


def _by_channel(seen) -> bool:
    """Where all is right but for the normalisation, each channel is scaled and shifted."""
    channels = zip(seen.came, seen.expected, strict=True)
    return bool(seen.inputs[3].any()) and all(
        torch.stack([a.flatten(), b.flatten()]).corrcoef()[0, 1].abs() > 1 - 1e-5 for a, b in channels
    )


jitter_and_normalize.mistake(
    "other shares of picture and grey",
    "The result is a mix of the picture, its luma and one grey, as it should be, but in other shares. Compute the "
    "three factors below by hand: the smallest, the largest, and where the draw falls between. Then look at both "
    "parts of each blend.",
    looks=_other_shares,
)(_with_thought("Nearly the formula.", factors=lambda s, u: _factors(s, u) + 0.1))
jitter_and_normalize.mistake(
    "a grey of other colours",
    "The grey that is blended in holds red, green and blue in other shares than the luma does.",
    looks=_other_luma,
)(_with_thought("Any grey will do.", saturation=lambda now, start: now[:1]))
jitter_and_normalize.mistake(
    "normalised in another way",
    "The jitter is right, the normalisation is not. From each channel its mean is taken away; what is left is divided "
    "by the std of the channel.",
    looks=_by_channel,
)(_with_thought("The sign of the mean.", finish=lambda image, mean, std: _normalize(image, -mean, std)))


@jitter_and_normalize.mistake(
    "the axes in another order",
    "All numbers have to lie in the order [3, H, W]: one axis was moved for the sake of a broadcast (or for a plot), "
    "and not back to its place.",
    looks=lambda seen: (
        seen.came.shape != seen.expected.shape and sorted(seen.came.shape) == sorted(seen.expected.shape)
    ),
)
def _(image, strength, u, mean, std):
    """mean and std have three numbers, so the channels come last."""
    return _reference_jitter_and_normalize(image, strength, u, mean, std).permute(1, 2, 0)


@jitter_and_normalize.mistake(
    "the grey of the picture before its clamp",
    "The picture is cut off after each operation, but the grey of the next one was measured on the numbers as they "
    "were before: on a picture whiter than white.",
)
def _(image, strength, u, mean, std):
    """The grey is that of what the operation before gave."""
    now = raw = image
    factors = _factors(strength, u)
    for f, grey_of in zip(factors, (lambda x: 0.0, lambda x: _luma(x).mean(), _luma), strict=True):
        raw = f * now + (1 - f) * grey_of(raw)
        now = raw.clamp(0, 1)
    return _normalize(now, mean, std)

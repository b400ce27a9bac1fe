"""The loss of inpainting: the squared error where the image was hidden (Pathak et al. 2016, arXiv:1604.07379, §3.2)."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from aimsssl import pretext
from aimsssl.exercises.framework import Case, Exercise

SIZE = 8


def _batch(sides: tuple[int, ...], channels: int = 3) -> tuple[Tensor, Tensor, Tensor]:
    """Prediction and images `[B, C, 8, 8]`, and a hole of each of these sides, bool `[B, 1, 8, 8]`."""
    prediction, images = torch.rand(2, len(sides), channels, SIZE, SIZE)
    prediction = prediction + torch.linspace(0, 1, len(sides))[:, None, None, None]  # some images are worse filled
    holes = torch.cat([pretext.random_holes(1, SIZE, side) for side in sides])
    return prediction, images, holes


def _without_a_corner() -> tuple[Tensor, Tensor, Tensor]:
    """Holes that are no rectangles, but for the smallest one."""
    prediction, images, holes = _batch((1, 2, 7, 3, 5), 2)
    rows = holes.flatten(1)
    rows[torch.arange(1, 5), rows[1:].int().argmax(dim=1)] = False
    return prediction, images, holes


def _nearly_right() -> tuple[Tensor, Tensor, Tensor]:
    """A fill that is wrong by less than 0.001, and by nothing at all in every other row."""
    _, images, holes = _batch((3, 3, 3, 3))
    error = 1e-3 * torch.rand_like(images)
    error[:, :, ::2] = 0
    return images + error, images, holes


def _value_and_gradient(function: Callable, prediction: Tensor, images: Tensor, holes: Tensor) -> dict:
    """The loss, whether a gradient can flow from it, and the gradient itself."""
    loss = function(prediction.requires_grad_(), images, holes)
    flows = isinstance(loss, Tensor) and loss.requires_grad
    gradient = torch.autograd.grad(loss.sum(), prediction)[0] if flows else torch.zeros_like(prediction)
    return {"the loss": loss, "a gradient flows": flows, "its gradient with respect to the prediction": gradient}


hole_loss = Exercise(
    lesson="01",
    name="hole_loss",
    title="Write the loss of inpainting: the mean squared error of the hidden numbers only.",
    difficulty="●●○",
    minutes=10,
    reference=pretext.hole_loss,
    hints=(
        "First compute the squared error of every number, [B, C, H, W]. Then keep those in a hole. What must the sum "
        "be divided by, so that it is a mean?",
        "holes has shape [B, 1, H, W]. Multiplied with an error of shape [B, C, H, W] it is repeated for each channel. "
        "But its own sum counts every pixel once, and a pixel has C numbers.",
        "Multiply the squared error by holes, add everything up, and divide by the number of hidden numbers: the sum "
        "of holes, times the number of channels.",
    ),
    cases=(
        Case(
            "4 images of 3 channels with a hole of 3×3 pixels each, nearly filled right, and quite right in places",
            _nearly_right,
            _value_and_gradient,
            atol=1e-10,
        ),
        Case(
            "5 images of 2 channels whose holes have 1, 3, 48, 8 and 24 pixels: a corner is missing", _without_a_corner
        ),
    ),
)


def _error(prediction: Tensor, images: Tensor) -> Tensor:
    return (prediction - images).square()


def _scaled(seen) -> bool:
    """Whether the loss and its gradient are the right ones, times the same number that is not 1."""
    loss, gradient = ("the loss", "its gradient with respect to the prediction")
    if seen.came[loss].shape != seen.expected[loss].shape:
        return False
    times = seen.came[loss] / seen.expected[loss]
    return bool(
        times > 0
        and abs(times - 1) > 0.002
        and torch.allclose(seen.came[gradient], times * seen.expected[gradient], 1e-3, 1e-7)
    )


def _to_few_digits(seen) -> bool:
    """Whether the loss is nearly right: where images are nearly filled right a part of it, else two digits or three."""
    if not isinstance(seen.came, dict):
        return 1e-4 < abs(seen.came / seen.expected - 1) < 5e-3
    return not _scaled(seen) and 0 < abs(seen.came["the loss"] / seen.expected["the loss"] - 1) < 0.5


def _mistake(name: str, thought: str, message: str, *forms: Callable, looks: Callable | None = None) -> None:
    """A mistake whose forms are other losses."""
    for number, form in enumerate(forms):

        def wrong(prediction, images, holes, form=form):
            return form(prediction, images, holes)

        wrong.__doc__ = thought
        (hole_loss.also(name) if number else hole_loss.mistake(name, message, looks))(wrong)


_mistake(
    "the whole image",
    "The loss is the error of the image.",
    "This is the error of the whole image. Most of it can be seen, so the network could lower this loss by copying, "
    "and copying teaches nothing.",
    lambda p, x, h: _error(p, x).mean(),
)
_mistake(
    "what can be seen",
    "A mask is true where the image is there.",
    "The mask is upside down: `holes` is true where the image was hidden.",
    lambda p, x, h: pretext.hole_loss(p, x, ~h),
    lambda p, x, h: (_error(p, x) * ~h).mean(),
    lambda p, x, h: (_error(p, x) * ~h).sum(),
    lambda p, x, h: (_error(p, x) * ~h).sum() / (~h).sum(),
    lambda p, x, h: _error(p, x).masked_fill(h, 0).sum() / (h.sum() * x.shape[1]),
)
_mistake(
    "divided by all pixels",
    "Mask the error, then take its mean.",
    "The right errors are summed, but the mean is taken over all numbers of the images. The loss then depends on the "
    "size of the hole: half the hole, half the loss.",
    lambda p, x, h: (_error(p, x) * h).mean(),
)
_mistake(
    "pixels counted, not numbers",
    "Divide by the size of the mask.",
    "The loss is too large by the number of channels. A hidden pixel hides one number in each channel.",
    lambda p, x, h: (_error(p, x) * h).sum() / h.sum(),
)
_mistake(
    "three channels, whatever comes",
    "Images have three channels.",
    "The sum is divided by three times the hidden pixels, but these images have another number of channels.",
    lambda p, x, h: (_error(p, x) * h).sum() / (3 * h.sum()),
)
_mistake(
    "divided by another count",
    "A mean divides by the size of something.",
    "The right errors are summed, but what they are divided by is not the number of hidden numbers. How many numbers "
    "does a hidden pixel hide, and how many pixels are hidden in the whole batch?",
    lambda p, x, h: (_error(p, x) * h).sum() / (h.sum() * len(x)),
    lambda p, x, h: (_error(p, x) * h).sum() / (h.sum() * x.shape[-1]),
    lambda p, x, h: (_error(p, x) * h).sum() / h.numel(),
    lambda p, x, h: (_error(p, x) * h).sum() / (h.sum() * x.shape[1] * len(x)),
    lambda p, x, h: (_error(p, x) * h).sum() / (h.sum() * x.shape[1] + 1),
    lambda p, x, h: (_error(p, x) * h).sum() / (h.sum() * x.shape[1] - 1),
    lambda p, x, h: (_error(p, x) * h).sum() / (h.sum() * x.shape[1] * 2),
    looks=lambda seen: _scaled(seen),
)
_mistake(
    "a sum",
    "Errors add up.",
    "The errors are summed, not averaged: with a larger batch or hole, the loss and the steps grow.",
    lambda p, x, h: (_error(p, x) * h).sum(),
)
_mistake(
    "a sum for each image",
    "A batch is averaged, an image is not.",
    "This is a sum over each hole. The mean over the hidden numbers does not change with the size of the hole.",
    lambda p, x, h: (_error(p, x) * h).sum() / len(x),
    lambda p, x, h: (_error(p, x) * h).sum(dim=(2, 3)).mean(),
)
_mistake(
    "not averaged",
    "Each image has its loss, or each number.",
    "There is more than one number here. Training needs a single one: the mean over all hidden numbers.",
    lambda p, x, h: (_error(p, x) * h).sum(dim=(1, 2, 3)) / (x.shape[1] * h.sum(dim=(1, 2, 3))),
    lambda p, x, h: _error(p, x) * h,
    lambda p, x, h: _error(p, x)[h.expand_as(x)],
    lambda p, x, h: (_error(p, x) * h).sum(dim=(0, 2, 3)) / h.sum(),
    lambda p, x, h: (_error(p, x) * h).sum(dim=(1, 2, 3)),
)
_mistake(
    "distance, not squared",
    "The distance is the error.",
    "This is the absolute error. The paper's reconstruction loss squares.",
    lambda p, x, h: ((p - x).abs() * h).sum() / (x.shape[1] * h.sum()),
    lambda p, x, h: ((p - x).abs() * h).mean(),
)
_mistake(
    "neither squared nor absolute",
    "The difference is the error.",
    "The differences are added up with their signs: too bright and too dark cancel out, and a fill can be wrong "
    "everywhere at a loss of 0.",
    lambda p, x, h: ((p - x) * h).sum() / (x.shape[1] * h.sum()),
    lambda p, x, h: ((x - p) * h).sum() / (x.shape[1] * h.sum()),
    lambda p, x, h: ((p - x) * h).mean(),
)
_mistake(
    "squared after the mean",
    "First the mean, then the square.",
    "The differences are averaged first and squared then. Too bright and too dark cancel out before the square sees "
    "them.",
    lambda p, x, h: (((p - x) * h).sum() / (x.shape[1] * h.sum())).square(),
)
_mistake(
    "the root",
    "The root brings it back to the unit of a pixel.",
    "A root stands over the mean squared error. Its gradient becomes infinite where the fill is right.",
    lambda p, x, h: pretext.hole_loss(p, x, h).sqrt(),
    lambda p, x, h: (_error(p, x) * h).mean().sqrt(),
)
_mistake(
    "only one side is masked",
    "Only the prediction needs the mask.",
    "Only the prediction or only the images were masked, so that numbers in the visible part are compared with 0. Mask "
    "their difference.",
    lambda p, x, h: _error(p * h, x).mean(),
    lambda p, x, h: _error(p, x * h).mean(),
    lambda p, x, h: _error(p * h, x).sum() / (x.shape[1] * h.sum()),
    lambda p, x, h: _error(p, x * h).sum() / (x.shape[1] * h.sum()),
    lambda p, x, h: _error(p * h, x).sum() / h.sum(),
    lambda p, x, h: _error(p, x * h).sum() / h.sum(),
)
_mistake(
    "one channel only",
    "The mask has one channel, so the first channel is meant.",
    "Only one channel is compared. A hole hides all of them.",
    lambda p, x, h: _error(p, x)[:, 0][h[:, 0]].mean(),
    lambda p, x, h: _error(p, x)[:, :1][h].mean(),
    lambda p, x, h: _error(p.mean(dim=1, keepdim=True), x.mean(dim=1, keepdim=True))[h].mean(),
)
_mistake(
    "only the first image",
    "One image shows the rest.",
    "Only a part of the batch is in the loss. Every image has a hole.",
    lambda p, x, h: pretext.hole_loss(p[:1], x[:1], h[:1]),
    lambda p, x, h: pretext.hole_loss(p[-1:], x[-1:], h[-1:]),
)
_mistake(
    "the first hole for all images",
    "The hole is in the same place in all images.",
    "The hole of the first image is laid on all of them. Each image has its own, at a place of its own.",
    lambda p, x, h: pretext.hole_loss(p, x, h[:1].expand(len(x), -1, -1, -1)),
    lambda p, x, h: _error(p, x)[:, :, h[0, 0]].mean(),
)
_mistake(
    "a mean of means",
    "First each image, then the batch.",
    "You took the mean of each hole, then the mean over the images. A pixel of a small hole then counts more than one "
    "of a large hole. Here every hidden number counts the same.",
    lambda p, x, h: ((_error(p, x) * h).sum(dim=(1, 2, 3)) / (x.shape[1] * h.sum(dim=(1, 2, 3)))).mean(),
)
_mistake(
    "a sum of means",
    "Add up the losses of the images.",
    "You took the mean of each hole, and added these up over the images (or the channels). The loss then grows with "
    "their number.",
    lambda p, x, h: ((_error(p, x) * h).sum(dim=(1, 2, 3)) / (x.shape[1] * h.sum(dim=(1, 2, 3)))).sum(),
)
_mistake(
    "another error than the squared one",
    "Any error will do.",
    "The numbers in the hole are compared by another error than the squared one, or changed before.",
    lambda p, x, h: F.smooth_l1_loss(p[h.expand_as(x)], x[h.expand_as(x)]),
    lambda p, x, h: F.huber_loss(p[h.expand_as(x)], x[h.expand_as(x)]),
    lambda p, x, h: ((p - x) ** 3 * h).sum() / (x.shape[1] * h.sum()),
    lambda p, x, h: -(x * p.clamp(min=1e-6).log())[h.expand_as(x)].mean(),
    lambda p, x, h: F.binary_cross_entropy(p[h.expand_as(x)].clamp(0, 1), x[h.expand_as(x)]),
    lambda p, x, h: pretext.hole_loss(p.clamp(0, 1), x, h),
    lambda p, x, h: (p - x)[h.expand_as(x)].var(),
    lambda p, x, h: (p - x)[h.expand_as(x)].var(correction=0),
    lambda p, x, h: (_error(p, x) * h).sum() / (x.square() * h).sum(),
)
_mistake(
    "no mean at all",
    "The worst number says how bad it is, the median what is usual.",
    "The loss is a single error, the largest or the middle one. The gradient then reaches a single pixel.",
    lambda p, x, h: (_error(p, x) * h).max(),
    lambda p, x, h: _error(p, x)[h.expand_as(x)].median(),
    lambda p, x, h: ((_error(p, x) * h).sum(dim=(1, 2, 3)) / (x.shape[1] * h.sum(dim=(1, 2, 3)))).median(),
)
_mistake(
    "the mask taken for numbers of rows",
    "The mask made of whole numbers can be an index.",
    "`holes` is used as an index of whole numbers: that picks the images 0 and 1, again and again. A mask of truth "
    "values picks entries.",
    lambda p, x, h: _error(p, x)[h.long()].mean(),
    lambda p, x, h: F.mse_loss(p[h.int()], x[h.int()]),
)
_mistake(
    "made for holes of one size",
    "All holes are as large as the first one.",
    "The divisor does not follow the holes of the batch.",
    lambda p, x, h: (_error(p, x) * h).sum() / (x.shape[1] * h[0].sum() * len(h)),
    lambda p, x, h: (_error(p, x) * h).sum() / (x.shape[1] * h[-1].sum() * len(h)),
    lambda p, x, h: (_error(p, x) * h).sum() / (9 * x.shape[1] * len(h)),
)


def _in_rectangles(p: Tensor, x: Tensor, h: Tensor) -> Tensor:
    return pretext.hole_loss(p, x, h.any(dim=2, keepdim=True) & h.any(dim=3, keepdim=True))


_mistake(
    "the rectangle around the hole",
    "A hole has a first and a last row and column.",
    "A hole was taken for all between its first and its last row and column. It need not be a rectangle: what is "
    "hidden, `holes` says pixel by pixel.",
    _in_rectangles,
)
_mistake(
    "the channels averaged before the square",
    "A pixel has one error, the mean of its channels.",
    "The errors of a pixel's channels were averaged, and the mean was squared. One that is too high and one that is "
    "too low then cancel out: square first.",
    lambda p, x, h: (p - x).mean(dim=1)[h[:, 0]].square().mean(),
)
_mistake(
    "no way back for the gradient",
    "A loss is a number.",
    "The value is right, but no gradient flows back from it: nothing can be trained with this loss. Look for "
    "`.item()`, `.detach()`, `no_grad`, or a tensor made anew from a number.",
    lambda p, x, h: pretext.hole_loss(p, x, h).detach(),
    lambda p, x, h: torch.tensor(pretext.hole_loss(p, x, h).item(), requires_grad=True),
    looks=lambda seen: not seen.came["a gradient flows"],
)
_mistake(
    "a gradient that is no number",
    "The root of the square is the distance.",
    "The gradient is NaN or infinite, for the error of some numbers is 0. Is there a root (or a division by the error) "
    "on the way? The square of a difference needs none.",
    lambda p, x, h: (_error(p, x).sqrt().square() * h).sum() / (x.shape[1] * h.sum()),
    looks=lambda seen: not seen.came["its gradient with respect to the prediction"].isfinite().all(),
)
_mistake(
    "the square multiplied out",
    "(p − x)² is p² − 2px + x².",
    "The result is inexact where the fill is nearly right. On paper a square can be multiplied out; a computer keeps "
    "seven digits of each part, and their difference is smaller than what is rounded off. Subtract first.",
    lambda p, x, h: ((p * p - 2 * p * x + x * x) * h).sum() / (x.shape[1] * h.sum()),
    looks=lambda seen: 0 < abs(seen.came["the loss"] / seen.expected["the loss"] - 1) < 0.5,
)
_mistake(
    "half precision",
    "Half precision is twice as quick.",
    "The loss is right to two or three digits only. A square of a small error needs float32: float16 and bfloat16 "
    "round it to few digits, or to 0.",
    lambda p, x, h: pretext.hole_loss(p.half(), x.half(), h),
    lambda p, x, h: pretext.hole_loss(p.bfloat16(), x.bfloat16(), h),
    looks=lambda seen: _to_few_digits(seen),
)
_mistake(
    "a Python number",
    "A loss is a number, so it becomes a float.",
    "The result is a Python number. A tensor with one number is asked for: it knows the way back to the network.",
    lambda p, x, h: pretext.hole_loss(p, x, h).item(),
)

"""The loss of inpainting: the squared error where the image was hidden (Pathak et al. 2016, arXiv:1604.07379, §3.2)."""

from collections.abc import Callable

import torch
from torch import Tensor

from aimsssl import pretext
from aimsssl.exercises.old_framework import Exercise, Wrong, call, expect, one_of

SIZE = 8


def _batch(sides: tuple[int, ...]) -> tuple[Tensor, Tensor, Tensor]:
    """Prediction and images `[B, 3, 8, 8]`, and a hole of each of these sides, bool `[B, 1, 8, 8]`."""
    prediction, images = torch.rand(2, len(sides), 3, SIZE, SIZE)
    holes = torch.cat([pretext.random_holes(1, SIZE, side) for side in sides])
    return prediction, images, holes


def _value(student: Callable) -> None:
    """Holes of one size: what is summed, and by what it is divided."""
    prediction, images, holes = _batch((3, 3, 3, 3))
    right = pretext.hole_loss(prediction, images, holes)
    error = (prediction - images).square()
    expect(
        "the loss of 4 images with a hole of 3×3 pixels",
        call(student, prediction, images, holes),
        right,
        likely={
            "the whole image": error.mean(),
            "what can be seen": one_of(
                pretext.hole_loss(prediction, images, ~holes), (error * ~holes).mean(), (error * ~holes).sum()
            ),
            "divided by all pixels": (error * holes).mean(),
            "pixels counted, not numbers": 3 * right,
            "a sum": (error * holes).sum(),
            "a sum for each image": (error * holes).sum() / len(images),
            "distance, not squared": ((prediction - images).abs() * holes).sum() / (3 * holes.sum()),
            "the root": right.sqrt(),
            "only one side is masked": one_of(
                (prediction * holes - images).square().mean(),
                (prediction - images * holes).square().mean(),
                (prediction * holes - images).square().sum() / (3 * holes.sum()),
                (prediction - images * holes).square().sum() / (3 * holes.sum()),
            ),
        },
    )


def _holes_of_two_sizes(student: Callable) -> None:
    """Every hidden number counts the same, whatever the size of its hole."""
    prediction, images, holes = _batch((1, 2, 7))
    right = pretext.hole_loss(prediction, images, holes)
    error = (prediction - images).square() * holes
    each = error.sum(dim=(1, 2, 3)) / (3 * holes.sum(dim=(1, 2, 3)))
    fixed = {"made for holes of one size": lambda came: torch.isfinite(came)}
    likely = {"a mean of means": each.mean(), **fixed}
    expect("the loss where the holes have 1, 4 and 49 pixels", call(student, prediction, images, holes), right, likely)


def _gradient(student: Callable) -> None:
    """It can be trained with, and what can be seen is left alone."""
    prediction, images, holes = _batch((3, 3))
    loss = call(student, prediction.requires_grad_(), images, holes)
    if not loss.requires_grad:
        raise Wrong("no way back for the gradient", "a loss without a gradient", "", "loss.requires_grad")
    (came,) = torch.autograd.grad(loss, prediction)
    right = 2 * (prediction.detach() - images) * holes / (3 * holes.sum())
    expect("the gradient of the loss with respect to the prediction", came, right)


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
    checks=(_value, _holes_of_two_sizes, _gradient),
    mistakes={
        "the whole image": "This is the error of the whole image. Most of it can be seen, so the network could lower "
        "this loss by copying, and copying teaches nothing.",
        "what can be seen": "The mask is upside down: `holes` is true where the image was hidden.",
        "divided by all pixels": "The right errors are summed, but the mean is taken over all numbers of the images. "
        "The loss then depends on the size of the hole: half the hole, half the loss.",
        "pixels counted, not numbers": "The loss is too large by the number of channels. A hidden pixel hides one "
        "number in each channel.",
        "a sum": "The errors are summed, not averaged: with a larger batch or hole, the loss and the steps grow.",
        "a sum for each image": "This is a sum over each hole. The mean over the hidden numbers does not change with "
        "the size of the hole.",
        "distance, not squared": "This is the absolute error. The paper's reconstruction loss squares.",
        "the root": "A root stands over the mean squared error. Its gradient becomes infinite where the fill is right.",
        "only one side is masked": "Only the prediction or only the images were masked, so that numbers in the visible "
        "part are compared with 0. Mask their difference.",
        "a mean of means": "You took the mean of each hole, then the mean over the images. A pixel of a small hole "
        "then counts more than one of a large hole. Here every hidden number counts the same.",
        "made for holes of one size": "The divisor does not follow the holes of the batch.",
        "no way back for the gradient": "The value is right, but no gradient flows back from it: nothing can be "
        "trained with this loss. Look for `.item()`, `.detach()`, `no_grad`, or a tensor made anew from a number.",
    },
)

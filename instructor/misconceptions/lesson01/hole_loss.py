"""Answers to `hole_loss(prediction, images, holes) -> scalar`, wrong and right."""

import torch
from torch.nn import functional as F


def everywhere(prediction, images, holes):
    """The loss is the error of the image."""
    return F.mse_loss(prediction, images)


def upside_down(prediction, images, holes):
    """A mask is true where the image is there."""
    return right_with_sums(prediction, images, ~holes)


def divided_by_all(prediction, images, holes):
    """Mask the error, then take its mean."""
    return ((prediction - images) ** 2 * holes).mean()


def by_pixels(prediction, images, holes):
    """Divide by the size of the mask."""
    return ((prediction - images) ** 2 * holes).sum() / holes.sum()


def summed(prediction, images, holes):
    """Errors add up."""
    return ((prediction - images) ** 2 * holes).sum()


def summed_by_image(prediction, images, holes):
    """A batch is averaged, an image is not."""
    return ((prediction - images) ** 2 * holes).sum(dim=(1, 2, 3)).mean()


def absolute(prediction, images, holes):
    """The distance is the error."""
    return (prediction - images).abs()[holes.expand_as(images)].mean()


def root(prediction, images, holes):
    """The root brings it back to the unit of a pixel."""
    return right_with_sums(prediction, images, holes).sqrt()


def one_side(prediction, images, holes):
    """Only the prediction needs the mask."""
    return F.mse_loss(prediction * holes, images)


def mean_of_means(prediction, images, holes):
    """First each image, then the batch."""
    error = (prediction - images) ** 2 * holes
    return (error.sum(dim=(1, 2, 3)) / (images.shape[1] * holes.sum(dim=(1, 2, 3)))).mean()


def first_hole_for_all(prediction, images, holes):
    """All holes are as large as the first one."""
    numbers = images.shape[1] * holes[0].sum() * len(holes)
    return ((prediction - images) ** 2 * holes).sum() / numbers


def a_number(prediction, images, holes):
    """A loss is a number."""
    return torch.tensor(right_with_sums(prediction, images, holes).item())


def a_python_number(prediction, images, holes):
    """A loss is a number, so it becomes a float."""
    return right_with_sums(prediction, images, holes).item()


def right_with_sums(prediction, images, holes):
    """Sum over sum."""
    mask = holes.expand_as(images)
    return ((prediction - images) ** 2 * mask).sum() / mask.sum()


def right_by_choosing(prediction, images, holes):
    """Take the hidden numbers out, and compare them."""
    mask = torch.broadcast_to(holes, images.shape)
    return F.mse_loss(prediction[mask], images[mask])


WRONG = {
    "the whole image": (everywhere, "copying"),
    "what can be seen": (upside_down, "upside down"),
    "divided by all pixels": (divided_by_all, "half the hole"),
    "pixels counted, not numbers": (by_pixels, "number of channels"),
    "a sum": (summed, "not averaged"),
    "a sum for each image": (summed_by_image, "sum over each hole"),
    "distance, not squared": (absolute, "absolute error"),
    "the root": (root, "root stands"),
    "only one side is masked": (one_side, "compared with 0"),
    "a mean of means": (mean_of_means, "counts the same"),
    "made for holes of one size": (first_hole_for_all, "does not follow"),
    "no way back for the gradient": (a_number, "no gradient flows back"),
    "wrong type": (a_python_number, "another type"),
}

RIGHT = [right_with_sums, right_by_choosing]

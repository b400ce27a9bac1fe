"""A batch in all four rotations, with its labels (Gidaris et al. 2018, arXiv:1803.07728)."""

from collections.abc import Callable

import torch
from torch import Tensor

from aimsssl import pretext
from aimsssl.exercises.old_framework import Exercise, Wrong, call, expect, one_of


def _pair(student: Callable, images: Tensor) -> tuple[Tensor, Tensor]:
    """The student's `(turned, labels)`, after a look at the pair itself."""
    pair = call(student, images)
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise Wrong("wrong type", pair, "a pair: (turned, labels)")
    return pair


def _turned_images(student: Callable) -> None:
    """All four rotations of every image, in the order of the contract."""
    images = torch.rand(3, 2, 4, 4)
    turned, _ = _pair(student, images)
    right, _ = pretext.rotated_batch(images)
    turns = list(right.chunk(4))
    in_image_order = torch.stack(turns, dim=1).flatten(0, 1)
    flipped = [images, images.flip(3), images.flip(2), images.flip(2, 3)]
    expect(
        "the turned images of 3 images of 4×4 pixels",
        turned,
        right,
        likely={
            "turned the other way": torch.cat([turns[0], turns[3], turns[2], turns[1]]),
            "image by image": in_image_order,
            "mirrored, not turned": one_of(
                torch.cat(flipped), torch.cat([flipped[i] for i in (0, 2, 1, 3)]),
                torch.cat([images, images.mT, images.flip(2, 3), images.mT.flip(2, 3)]),
            ),
            "the unturned images are missing": one_of(torch.cat(turns[1:]), torch.cat([*turns[1:], images])),
            "one turn for each image": lambda came: len(came) == len(images),
        },
    )  # fmt: skip


def _labels(student: Callable) -> None:
    """The labels belong to the images beside them."""
    _, labels = _pair(student, torch.rand(3, 2, 4, 4))
    right = torch.arange(4).repeat_interleave(3)
    expect(
        "the labels of 3 images",
        labels,
        right,
        likely={
            "labels in another order than the images": torch.arange(4).repeat(3),
            "degrees for labels": one_of(90 * right, (90 * right).float()),
            "labels from 1 to 4": right + 1,
            "one label for each image": torch.arange(3),
        },
    )


def _bytes(student: Callable) -> None:
    """Images of whole numbers from 0 to 255, as they come from the disk, and another number of them."""
    images = torch.randint(0, 256, (5, 3, 6, 6), dtype=torch.uint8)
    turned, labels = _pair(student, images)
    right, right_labels = pretext.rotated_batch(images)
    where = "of 5 images of 6×6 pixels, dtype uint8"
    likely = {"a dtype of its own": lambda came: came.dtype != torch.uint8}
    expect(f"the turned images {where}", turned, right, likely)
    expect(f"the labels {where}", labels, right_labels, {"made for three images": lambda came: len(came) != 20})


rotated_batch = Exercise(
    lesson="01",
    name="rotated_batch",
    title="Make the batch of rotation prediction: every image in all four rotations, with its labels.",
    difficulty="●○○",
    minutes=10,
    reference=pretext.rotated_batch,
    hints=(
        "You need three steps: turn the whole batch by each number of turns, put the four batches one behind the "
        "other, and make the labels in the same order.",
        "torch.rot90 turns a tensor in the plane of two of its dimensions. In [B, C, S, S], which two are the height "
        "and the width? torch.cat puts batches one behind the other.",
        "Turn with images.rot90(k, dims=(2, 3)) for k = 0, 1, 2, 3. The labels are B times 0, then B times 1, and so "
        "on: arange has the four numbers, and repeat_interleave says each of them several times.",
    ),
    checks=(_turned_images, _labels, _bytes),
    mistakes={
        "turned the other way": "Two of the four rotations are exchanged. The contract turns anticlockwise: the order "
        "of the two dimensions decides the direction.",
        "image by image": "All four rotations of the first image come first, then those of the second. That is a good "
        "order too, but the contract asks for another one: first all images unturned.",
        "mirrored, not turned": "These are mirror images. A mirrored arrow has its tip where no rotation puts it, and "
        "two of the four copies of a symmetric figure are then the same.",
        "the unturned images are missing": "The first quarter must hold the images as they are. 'Not turned' is one of "
        "the four answers, and the only one that the network will see later.",
        "one turn for each image": "Each image is there only once. The paper's batch has all four copies of each, so "
        "that every label comes equally often for every image.",
        "labels in another order than the images": "The numbers are right and the order is not: the label beside the "
        "second image says that it was turned, but it was not. A network that learns from such labels learns nothing.",
        "degrees for labels": "Cross-entropy takes the number of a class, counted from 0. The label is the number of "
        "turns.",
        "labels from 1 to 4": "Classes are counted from 0. Cross-entropy with four scores has no class 4.",
        "one label for each image": "There are four times as many pictures as images, and each needs its own label.",
        "a dtype of its own": "The images came as uint8, whole numbers from 0 to 255, and went out as another type. To "
        "turn a picture, no number has to be changed. Does the function make an empty tensor of the default dtype?",
        "made for three images": "The number of labels must follow the number of images.",
    },
)

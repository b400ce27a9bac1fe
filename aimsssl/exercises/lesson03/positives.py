"""Which view is the positive of which."""

from collections.abc import Callable

import torch
from torch import Tensor

from aimsssl.exercises.old_framework import Exercise, call, expect, one_of


def _reference_positives(n: int) -> Tensor:
    """The index of the other view of each of 2n views, int64 `[2n]`."""
    return torch.arange(2 * n).roll(n)


def _two_images(student: Callable) -> None:
    """The four views of the worked example."""
    expect(
        "the positives of 4 views (n = 2)",
        call(student, 2),
        _reference_positives(2),
        likely={
            "the view itself": torch.tensor([0, 1, 2, 3]),
            "neighbours": torch.tensor([1, 0, 3, 2]),
            "one direction only": lambda came: came.shape == (2,),
            "past the end": torch.tensor([2, 3, 4, 5]),
            "before the start": torch.tensor([2, 3, -2, -1]),
            "from the other end": torch.tensor([3, 2, 1, 0]),
            "one too few or too many": one_of(torch.tensor([1, 2, 3, 0]), torch.tensor([3, 0, 1, 2])),
            "counted from 1": torch.tensor([3, 4, 1, 2]),
            "a mask": lambda came: came.shape == (4, 4),
        },
    )


def _five_images(student: Callable) -> None:
    """Another number of images."""
    expect(
        "the positives of 10 views (n = 5)",
        call(student, 5),
        _reference_positives(5),
        likely={"two images only": lambda came: isinstance(came, Tensor)},
    )


positives = Exercise(
    lesson="03",
    name="positives",
    title="Say for each view which one is its positive.",
    difficulty="●○○",
    minutes=5,
    reference=_reference_positives,
    hints=(
        "Write the numbers 0 to 5 in a row for n = 3, and under them the image that each view comes from. Now draw the "
        "arrows from view to view.",
        "The first n views look n places to the right. Where do the last n look?",
        "Take torch.arange(2 * n). Moving all of it by n places, so that what falls off at one end comes in at the "
        "other, is one method of a tensor; adding n and taking the rest of a division by 2n does the same.",
    ),
    checks=(_two_images, _five_images),
    mistakes={
        "the view itself": "Each view points at itself. That would be no question: a view is always most similar to "
        "itself.",
        "neighbours": "This fits a batch in which the two views of an image lie side by side. Here all first views "
        "come first, then all second views.",
        "one direction only": "Only the first n views have an answer. The second views ask the same question.",
        "past the end": "The last n positives are larger than any index there is. From the second half one looks back.",
        "before the start": "The last n positives are negative. From the second half one looks back, but not that far.",
        "from the other end": "The order is turned round: the first view points at the last one. Is that the same "
        "image?",
        "one too few or too many": "The positives are shifted by the wrong number of places: these are views of "
        "another image.",
        "counted from 1": "Indices begin at 0.",
        "a mask": "A matrix of yes and no says the same, but cross-entropy takes the index of the right answer.",
        "two images only": "For n = 2 this is right, for n = 5 it is not.",
    },
)

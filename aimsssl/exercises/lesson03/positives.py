"""Which view is the positive of which."""

import torch
from torch import Tensor

from aimsssl.exercises.framework import Case, Exercise


def _reference_positives(n: int) -> Tensor:
    """The index of the other view of each of 2n views, int64 `[2n]`."""
    return torch.arange(2 * n).roll(n)


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
    cases=(
        Case("the positives of 4 views (n = 2)", lambda: (2,)),
        Case("the positives of 10 views (n = 5)", lambda: (5,)),
    ),
)

mistake, also = positives.mistake, positives.also


@mistake(
    "the view itself",
    "Each view points at itself. That would be no question: a view is always most similar to itself.",
)
def _(n):
    """The diagonal of the similarity matrix is where the ones are, so the positives are there."""
    return torch.arange(2 * n)


@mistake(
    "neighbours",
    "This fits a batch in which the two views of an image lie side by side. Here all first views come first, then all "
    "second views.",
)
def _(n):
    """The two views of an image lie side by side."""
    return torch.arange(2 * n) ^ 1


@mistake(
    "the image, not the partner",
    "These are the numbers of the images: the same for both views of one. Asked is where the *other* view stands in "
    "the list of all views.",
)
def _(n):
    """View 0 and view n both belong to image 0."""
    return torch.arange(n).repeat(2)


@also("the image, not the partner")
def _(n):
    return torch.arange(2 * n) // 2


@mistake(
    "always a second view",
    "The second views point at themselves: only the first views have a partner here.",
)
def _(n):
    """The positive is the second view."""
    return torch.arange(n, 2 * n).repeat(2)


@mistake(
    "one direction only",
    "Only the first n views have an answer. The second views ask the same question.",
    looks=lambda seen: seen.came.shape == (seen.inputs[0],),
)
def _(n):
    """Each pair is named once."""
    return torch.arange(n, 2 * n)


@mistake(
    "counted among the others",
    "The view itself was left out of the count, and all behind it moved up. That is right for a table without the "
    "diagonal; asked is the place among all 2n views.",
)
def _(n):
    """There are 2n − 1 candidates."""
    return torch.cat([torch.arange(n - 1, 2 * n - 1), torch.arange(n)])


@mistake(
    "the pairs one after the other",
    "The right numbers, pair by pair. Entry i is the partner of view i: first those of all first views, then those of "
    "the second.",
)
def _(n):
    """A pair: n, 0. The next one: n + 1, 1."""
    return torch.stack([torch.arange(n, 2 * n), torch.arange(n)], dim=1).flatten()


@also("the pairs one after the other")
def _(n):
    return torch.stack([torch.arange(n), torch.arange(n, 2 * n)], dim=1).flatten()


@mistake(
    "view n counted as a first view",
    "One positive is 2n, and there is no such view: view n is the first of the second half. Look at the comparison.",
)
def _(n):
    """Up to n they are first views."""
    return torch.tensor([i + n if i <= n else i - n for i in range(2 * n)])


@mistake(
    "n taken for the number of views",
    "n counts the images. Each has two views, so there are 2n of them.",
)
def _(n):
    """There are n views, and one half of them belongs to the other."""
    return torch.arange(n).roll(n // 2)


@mistake(
    "past the end",
    "The last n positives are larger than any index there is. From the second half one looks back.",
)
def _(n):
    """The partner is n places further on."""
    return torch.arange(2 * n) + n


@mistake(
    "before the start",
    "Some positives are negative. From the second half one looks back, but not that far.",
    looks=lambda seen: seen.came.shape == seen.expected.shape and seen.came.min() < 0,
)
def _(n):
    """The first half looks n further on; the second half is counted from the end, as Python's indices are."""
    return torch.cat([torch.arange(n, 2 * n), torch.arange(-n, 0)])


@also("before the start")
def _(n):
    return torch.arange(2 * n) - n


@mistake(
    "from the other end",
    "The order is turned round: the first view points at the last one. Is that the same image?",
)
def _(n):
    """The second half is the mirror image of the first."""
    return torch.arange(2 * n).flip(0)


@also("from the other end")
def _(n):
    return torch.cat([torch.arange(n, 2 * n).flip(0), torch.arange(n).flip(0)])


@mistake(
    "one too few or too many",
    "The positives are shifted by the wrong number of places: these are views of another image.",
)
def _(n):
    """The first n views have the indices 1 to n, so the jump is n − 1."""
    return torch.arange(2 * n).roll(1 - n)


for _shift in (lambda n: n - 1, lambda n: 1, lambda n: -1):

    @also("one too few or too many")
    def _(n, shift=_shift):
        return torch.arange(2 * n).roll(shift(n))


@also("one too few or too many")
def _(n):
    return (torch.arange(2 * n) + n) % (2 * n - 1)


@mistake(
    "a remainder without its brackets",
    "`%` and `*` are worked out one after the other: this is the remainder by 2, and that times n. The whole product "
    "has to be the divisor.",
)
def _(n):
    """The rest of a division by 2 * n."""
    return (torch.arange(2 * n) + n) % 2 * n


@mistake(
    "a difference without its sign",
    "The first views count down: their positives come in the opposite order. View 0 belongs to view n, view 1 to the "
    "one after it.",
)
def _(n):
    """Two partners lie n apart."""
    return (torch.arange(2 * n) - n).abs()


@mistake("counted from 1", "Indices begin at 0.")
def _(n):
    """The views are z_1 to z_2N, as in the paper."""
    return torch.arange(2 * n).roll(n) + 1


@mistake(
    "a mask",
    "A matrix of yes and no says the same, but cross-entropy takes the index of the right answer.",
    looks=lambda seen: seen.came.shape == (2 * seen.inputs[0],) * 2,
)
def _(n):
    """The positives are marked in the matrix."""
    return torch.eye(2 * n, dtype=torch.int64).roll(n, dims=0)


@mistake(
    "a table of pairs",
    "There is a row for each pair, or for each view. Asked is one list: entry i is the partner of view i.",
    looks=lambda seen: seen.came.ndim == 2,
)
def _(n):
    """View k and view k + n are a pair."""
    return torch.stack([torch.arange(n), torch.arange(n, 2 * n)], dim=1)


@mistake(
    "one number of images only",
    "This is right for one n and not for another. Are there numbers of an example in it?",
    looks=lambda seen: seen.inputs[0] == 5,
)
def _(n):
    """The example had four views."""
    return torch.tensor([2, 3, 0, 1])


@also("one number of images only")
def _(n):
    return torch.tensor([5, 6, 7, 8, 9, 0, 1, 2, 3, 4])


@mistake(
    "made for one n",
    "The positives are right for one n only. The step from a view to its partner is n itself.",
)
def _(n):
    """The example has n = 2."""
    return torch.arange(2 * n).roll(2)


for _step in (3, 4, 8, 16, 32):

    @also("made for one n")
    def _(n, step=_step):
        return (torch.arange(2 * n) + step) % (2 * n)

"""Answers to `positives(n) -> int64 [2n]`, wrong and right."""

import torch


def positive_itself(n):
    """The diagonal of the similarity matrix is where the ones are, so the positives are there."""
    return torch.arange(2 * n)


def positive_next_door(n):
    """The two views of an image lie side by side."""
    return torch.arange(2 * n) ^ 1


def positives_of_first_views(n):
    """Each pair is named once."""
    return torch.arange(n, 2 * n)


def positives_past_the_end(n):
    """The partner is n places further on."""
    return torch.arange(2 * n) + n


def positives_before_the_start(n):
    """The first half looks n further on; the second half is counted from the end, as Python's indices are."""
    return torch.cat([torch.arange(n, 2 * n), torch.arange(-n, 0)])


def positives_mirrored(n):
    """The second half is the mirror image of the first."""
    return torch.arange(2 * n).flip(0)


def positives_off_by_one(n):
    """The first n views have the indices 1 to n, so the jump is n − 1."""
    return torch.arange(2 * n).roll(1 - n)


def positives_from_one(n):
    """The views are z_1 to z_2N, as in the paper."""
    return torch.arange(2 * n).roll(n) + 1


def positives_as_a_mask(n):
    """The positives are marked in the matrix."""
    return torch.eye(2 * n, dtype=torch.int64).roll(n, dims=0)


def positives_of_the_example(n):
    """The example had four views."""
    return torch.tensor([2, 3, 0, 1])


def positives_as_floats(n):
    """Numbers are numbers."""
    return torch.arange(2 * n, dtype=torch.float32).roll(n)


def right_positives_modulo(n):
    """With the rest of a division."""
    return (torch.arange(2 * n) + n) % (2 * n)


def right_positives_in_halves(n):
    """Two halves, each pointing at the other."""
    return torch.tensor([*range(n, 2 * n), *range(n)])


WRONG = {
    "wrong dtype": (positives_as_floats, "the type of its numbers"),
    "the view itself": (positive_itself, "points at itself"),
    "neighbours": (positive_next_door, "side by side"),
    "one direction only": (positives_of_first_views, "Only the first n views"),
    "past the end": (positives_past_the_end, "larger than any index"),
    "before the start": (positives_before_the_start, "not that far"),
    "from the other end": (positives_mirrored, "turned round"),
    "one too few or too many": (positives_off_by_one, "wrong number of places"),
    "counted from 1": (positives_from_one, "begin at 0"),
    "a mask": (positives_as_a_mask, "yes and no"),
    "two images only": (positives_of_the_example, "for n = 5 it is not"),
}

RIGHT = [right_positives_modulo, right_positives_in_halves]

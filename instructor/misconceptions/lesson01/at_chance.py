"""Answers to `at_chance(counts, classes) -> list of names`, wrong and right."""

import torch


def _shares(counts):
    asked = counts.sum(dim=(1, 2))
    return counts.diagonal(dim1=1, dim2=2).sum(dim=1) / asked, asked


def numbers(counts, classes):
    """The positions say it all."""
    share, asked = _shares(counts)
    return [k for k in range(len(classes)) if share[k] <= 0.25 + 3 * (0.1875 / asked[k]) ** 0.5]


def a_dictionary(counts, classes):
    """Name and share together."""
    share, _ = _shares(counts)
    return dict(zip(classes, share.tolist(), strict=True))


def far_below(counts, classes):
    """Only what is below a quarter by more than luck is at chance."""
    share, asked = _shares(counts)
    return [name for name, x, n in zip(classes, share, asked, strict=True) if x <= 0.25 - 3 * (0.1875 / n) ** 0.5]


def below_half(counts, classes):
    """Who is wrong more often than right is guessing."""
    share, _ = _shares(counts)
    return [name for name, x in zip(classes, share, strict=True) if x < 0.5]


def the_others(counts, classes):
    """The list of those that work."""
    bad = right_by_the_contract(counts, classes)
    return [name for name in classes if name not in bad]


def over_everything(counts, classes):
    """Right answers of a class, over all answers."""
    right = torch.stack([table.trace() for table in counts]) / counts.sum()
    asked = counts.sum(dim=(1, 2))
    return [name for name, x, n in zip(classes, right, asked, strict=True) if x <= 0.25 + 3 * (0.1875 / n) ** 0.5]


def unturned_only(counts, classes):
    """The first row is enough."""
    share, asked = counts[:, 0, 0] / counts[:, 0].sum(dim=1), counts.sum(dim=(1, 2))
    return [name for name, x, n in zip(classes, share, asked, strict=True) if x <= 0.25 + 3 * (0.1875 / n) ** 0.5]


def worst_two(counts, classes):
    """There are two round figures, so take the two lowest."""
    share, _ = _shares(counts)
    return [classes[k] for k in share.argsort()[:2].tolist()]


def no_margin(counts, classes):
    """Chance is a quarter."""
    share, _ = _shares(counts)
    return [name for name, x in zip(classes, share, strict=True) if x <= 0.25]


def fixed_margin(counts, classes):
    """A tenth is margin enough."""
    share, _ = _shares(counts)
    return [name for name, x in zip(classes, share, strict=True) if x <= 0.35]


def right_by_the_contract(counts, classes):
    """Class by class."""
    found = []
    for name, table in zip(classes, counts, strict=True):
        n = table.sum().item()
        if table.trace().item() / n <= 0.25 + 3 * (3 / 16 / n) ** 0.5:
            found.append(name)
    return found


def right_by_counting(counts, classes):
    """How many right answers are expected of a guess, and how many more luck may give."""
    asked = counts.flatten(1).sum(dim=1).double()
    right = torch.einsum("kii->k", counts).double()
    surprised = (right - asked / 4) / (asked * 3 / 16).sqrt()
    return [classes[k] for k in (surprised <= 3).nonzero()[:, 0].tolist()]


WRONG = {
    "wrong type": (a_dictionary, "another type"),
    "numbers for names": (numbers, "list of names"),
    "a class at chance is missing": (far_below, "pure guessing"),
    "a low share taken for chance": (below_half, "worse than others"),
    "the other classes": (the_others, "can tell."),
    "divided by too much": (over_everything, "for all classes"),
    "only one turn looked at": (unturned_only, "whole diagonal"),
    "always the same number of classes": (worst_two, "always finds some"),
    "no margin for luck": (no_margin, "exactly a quarter"),
    "a margin that knows no numbers": (fixed_margin, "too good for guessing"),
}

RIGHT = [right_by_the_contract, right_by_counting]

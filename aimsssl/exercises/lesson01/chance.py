"""Which classes rotation cannot tell: read it off the confusion counts, with a margin for luck."""

from collections.abc import Callable, Sequence
from math import sqrt

import torch
from torch import Tensor

from aimsssl.exercises.old_framework import Exercise, Wrong, call

CLASSES = ("disc", "ring", "triangle", "arrow", "heart", "house")


def _reference_at_chance(counts: Tensor, classes: Sequence[str]) -> list[str]:
    """The classes whose share of right answers is at most 1/4 + 3·√(1/4 · 3/4 / n)."""
    asked = counts.sum(dim=(1, 2))
    right = counts.diagonal(dim1=1, dim2=2).sum(dim=1) / asked
    return [
        name for name, share, n in zip(classes, right.tolist(), asked.tolist(), strict=True)
        if share <= 1 / 4 + 3 * sqrt(3 / 16 / n)
    ]  # fmt: skip


def _counts(*shares: float, asked: int = 400) -> Tensor:
    """A table `[K, 4, 4]` with this share of right answers for each class; the wrong ones lie where they may."""
    table = torch.zeros(len(shares), 4, 4, dtype=torch.int64)
    for k, share in enumerate(shares):
        right, rest = round(asked / 4 * share), asked // 4 - round(asked / 4 * share)
        for turn in range(4):
            table[k, turn, turn] = right
            table[k, turn, (turn + 1) % 4] = rest - rest // 3
            table[k, turn, (turn + 2) % 4] = rest // 3
    return table


def _names(student: Callable, counts: Tensor, classes: Sequence[str]) -> set[str]:
    came = call(student, counts, list(classes))
    if not isinstance(came, list | tuple | set):
        raise Wrong("wrong type", came, "a list of names")
    if not all(isinstance(name, str) for name in came):
        raise Wrong("numbers for names", list(came), f"names, such as {classes[-1]!r}")
    return set(came)


def _compare(came: set[str], right: set[str], what: str, missed: str, taken: str, likely: dict | None = None) -> None:
    """Name the mistake: one of `likely`, else `missed` where a class is missing, else `taken`."""
    if came == right:
        return
    names = [name for name, value in (likely or {}).items() if came == value]
    raise Wrong(names[0] if names else missed if right - came else taken, sorted(came), what=what)


def _plain(student: Callable) -> None:
    """Shares far from the border: who reads the right cells passes."""
    counts = _counts(0.25, 0.24, 0.9, 0.95, 0.4, 0.8)
    came = _names(student, counts, CLASSES)
    everything = set(CLASSES)
    _compare(
        came,
        {"disc", "ring"},
        "six classes with shares right of 0.25, 0.24, 0.90, 0.95, 0.40 and 0.80",
        "a class at chance is missing",
        "a low share taken for chance",
        likely={"the other classes": everything - {"disc", "ring"}, "divided by too much": everything},
    )


def _one_answer_for_all(student: Callable) -> None:
    """A network that always says "not turned" is right for one row and at chance all the same."""
    counts = _counts(0.9, 0.25, 0.9)
    counts[0] = 0
    counts[0, :, 0] = 100
    counts[2, 0] = torch.tensor([20, 40, 40, 0])  # unturned images are hard, the others are not
    came = _names(student, counts, CLASSES[:3])
    what = "three classes; for the first, the answer is always 'not turned'"
    _compare(came, {"disc", "ring"}, what, "only one turn looked at", "only one turn looked at")


def _another_number_of_them(student: Callable) -> None:
    """There may be none, and there may be more than two."""
    for shares, right in (((0.9, 0.8, 0.7), set()), ((0.25, 0.24, 0.25, 0.9), set(CLASSES[:3]))):
        came = _names(student, _counts(*shares), CLASSES[: len(shares)])
        _compare(came, right, f"shares right of {shares}", "always the same number of classes",
                 "always the same number of classes")  # fmt: skip


def _luck(student: Callable) -> None:
    """The same share is luck with few images and knowledge with many."""
    few = _names(student, _counts(0.30, 0.9, asked=120), CLASSES[:2])
    _compare(few, {"disc"}, "0.30 right among 120 answers", "no margin for luck", "a low share taken for chance")
    many = _names(student, _counts(0.30, 0.9, asked=12_000), CLASSES[:2])
    _compare(many, set(), "0.30 right among 12,000 answers", "no margin for luck", "a margin that knows no numbers")


at_chance = Exercise(
    lesson="01",
    name="at_chance",
    title="Find the classes whose rotation the network cannot tell, from the counts of its answers.",
    difficulty="●●○",
    minutes=15,
    reference=_reference_at_chance,
    hints=(
        "For each class, two numbers are enough: how often the network was asked, and how often it was right. In its "
        "4×4 table, where do the right answers stand?",
        "The sum of the diagonal over the sum of the whole table is the share that is right. Someone who guesses among "
        "four turns is right in a quarter of the cases, but not exactly. How far may the share lie above that?",
        "A class is at chance where its share is at most a quarter plus the margin of the contract, 3·√(3/16/n), with "
        "n the sum of that class's table. torch's diagonal needs dim1=1 and dim2=2 here. Collect the names.",
    ),
    checks=(_plain, _one_answer_for_all, _another_number_of_them, _luck),
    mistakes={
        "numbers for names": "The result is a list of names of classes. `classes` has them in the order of the table.",
        "a class at chance is missing": "A class whose answers are pure guessing is not in the list.",
        "a low share taken for chance": "A class is in the list that the network tells worse than others, but better "
        "than by guessing. Chance among four turns is 0.25.",
        "the other classes": "These are the classes that the network can tell.",
        "divided by too much": "Every class is in the list. Is the number of right answers of a class divided by the "
        "number of answers for that class, or for all classes?",
        "only one turn looked at": "The network must be right for all four turns. If it says 'not turned' to "
        "everything, it is always right about the unturned images, and it knows nothing. Add up the whole diagonal.",
        "always the same number of classes": "How many classes are at chance depends on the data: none, or more than "
        "two. A rule that takes the worst ones always finds some.",
        "no margin for luck": "Whoever guesses is not right in exactly a quarter of the cases: with few answers the "
        "share may well be above it. Leave the margin that the contract names.",
        "a margin that knows no numbers": "Among many answers, luck leaves little room: the same share is then too "
        "good for guessing. The margin must shrink with the number of answers.",
    },
)

"""Diagnose a run from its curves: a rule that reads loss and kNN, tried on runs that it was not made for."""

from collections.abc import Callable, Sequence

from aimsssl.exercises.old_framework import Exercise, Wrong, call
from aimsssl.exercises.lesson04.curves import Curves, curves

CAUSES = ("healthy", "identical views", "colour shortcut", "learning rate too small", "batch too small")
SHOWN = {"A": "colour shortcut", "B": "learning rate too small", "C": "identical views"}
SOLVED = ("identical views", "colour shortcut")  # the sick runs whose loss is low


def sick_runs() -> dict[str, Curves]:
    """The three runs to diagnose, by their letters. Raises `RunError` where the record is missing."""
    return {letter: curves(setting) for letter, setting in SHOWN.items()}


def _reference_diagnose(loss: Sequence[float], knn: Sequence[float], chance: float, floor: float) -> str:
    """The name of `CAUSES` that fits the curves."""
    solved = [(chance - value) / (chance - floor) for value in loss]  # 0: guessing, 1: as well as can be
    if knn[-1] > knn[0] + 0.06:  # more than luck
        return "healthy"
    if solved[-1] < 0.25:
        return "learning rate too small"
    return "identical views" if solved[0] > 0.6 else "colour shortcut"


def _diagnosis(student: Callable, run: Curves) -> str:
    came = call(student, run.loss, run.knn, run.chance, run.floor)
    if came not in CAUSES:
        raise Wrong("not a cause of the list", came, f"one of: {', '.join(CAUSES)}")
    return came


def _mistake(came: str, truth: str) -> str:
    if came == "batch too small":
        return "the batch size blamed"
    if truth == "healthy":
        return "a healthy run called sick"
    if came == "healthy":
        return "low loss taken for learning" if truth in SOLVED else "standing still taken for health"
    if truth in SOLVED and came in SOLVED:
        return "a shortcut taken for identical views" if came == SOLVED[0] else "identical views taken for a shortcut"
    return "a rate blamed that moved the loss" if truth in SOLVED else "a riddle called solved at chance"


def _the_three_runs(student: Callable) -> None:
    """The curves that the lesson shows. What is right is not printed: there are only five names."""
    for letter, run in sick_runs().items():
        came = _diagnosis(student, run)
        if came != SHOWN[letter]:
            raise Wrong(_mistake(came, SHOWN[letter]), came, what=f"run {letter}")


def _a_healthy_run(student: Callable) -> None:
    """A run that learned, of the same batch size and length."""
    came = _diagnosis(student, curves("healthy"))
    if came != "healthy":
        raise Wrong(_mistake(came, "healthy"), came, what="a fourth run, which is healthy")


def _other_seeds(student: Callable) -> None:
    """The three sick settings with another seed: curves that were not on the page."""
    for letter, setting in SHOWN.items():
        if (came := _diagnosis(student, curves(setting, seed=1))) != setting:
            raise Wrong("a rule for these three runs only", came, what=f"run {letter} with another seed")


diagnose = Exercise(
    lesson="04",
    name="diagnose",
    title="Write a rule that tells from its curves what is wrong with a run.",
    difficulty="●●●",
    minutes=20,
    reference=_reference_diagnose,
    hints=(
        "Ask two questions to each run. Did the loss leave chance, and how near to the floor did it come? Is kNN at "
        "the end above kNN before training, where the weights were random? Each pair of answers leaves few names.",
        "A loss means little by itself. Say how far it has gone from chance to floor, as a share from 0 to 1, and "
        "compare that share after the first epoch with that after the last. Which run had nothing left to find out "
        "after one epoch?",
        "First look at knn: well above its own first value is healthy. Of the others, the one whose loss went hardly "
        "any of the way from chance to floor did not move. Of the two that are left, one has gone most of the way "
        "after a single epoch, because its two views have nothing to tell apart; the other one needed some epochs to "
        "find its trick.",
    ),
    checks=(_the_three_runs, _a_healthy_run, _other_seeds),
    mistakes={
        "not a cause of the list": "The result must be one of the five names, letter by letter.",
        "low loss taken for learning": "The loss is low, so the riddle of the two views is solved. Now look at kNN: "
        "what was solving it good for?",
        "standing still taken for health": "Nothing was learned in this run: look at where its loss stands, and "
        "whether kNN ever gains on the random weights.",
        "the batch size blamed": "All these runs have the same batch size, and so has a healthy one. What they share "
        "cannot be the cause of what sets them apart.",
        "a shortcut taken for identical views": "When both views are the same picture there is nothing to find out. "
        "How near to the floor is this run after its first epoch?",
        "identical views taken for a shortcut": "A shortcut has to be found first, and that takes some epochs. How "
        "long did this run take?",
        "a rate blamed that moved the loss": "A rate that is too small leaves the loss where it began. Here it fell "
        "far below chance.",
        "a riddle called solved at chance": "Views that are the same, or that share their colours, make the riddle "
        "easy. This run did not solve it: compare its loss with chance.",
        "a healthy run called sick": "This run left random weights far behind. Whoever finds a fault in every run "
        "finds none.",
        "a rule for these three runs only": "The rule tells the three runs of the page apart, not others of the same "
        "settings. Does the rule use an exact number of one run? Compare with chance, floor and the start instead. Or "
        "is a margin too narrow? Between two seeds, kNN differs by a few hundredths through luck alone.",
    },
)

"""Diagnose a run from its curves: a rule that reads loss and kNN, tried on runs that it was not made for."""

from collections.abc import Callable, Sequence
from itertools import product
from math import exp, log, log1p

from aimsssl.exercises.framework import Case, Exercise, Seen
from aimsssl.exercises.lesson04.curves import Curves, curves

CAUSES = ("healthy", "identical views", "colour shortcut", "learning rate too small", "batch too small")
SHOWN = {"A": "colour shortcut", "B": "learning rate too small", "C": "identical views"}
ELSEWHERE = "on other data, in another batch size and at another temperature"
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


def _inputs(setting: str, seed: int = 0) -> tuple:
    run = curves(setting, seed)
    return run.loss, run.knn, run.chance, run.floor


def _elsewhere(setting: str, seed: int = 0, waiting: int = 0, end: int = -3, back: bool = False) -> tuple:
    """As a run with 512 images in a batch and temperature 5 would show it, on data with twice as many classes.

    The loss goes the same share of the way from chance to floor, kNN is halved, and the run ends earlier, by default
    three epochs; or it is longer by epochs of `waiting` at chance, before the rate has warmed up. With `back`, kNN ends
    where it was before the training: a dip made up for, and no gain.
    """
    loss, knn, chance, floor = _inputs(setting, seed)
    n, tau = 512, 5.0
    above = log(2 * n - 1)
    below = log1p((2 * n - 2) * exp((-1 / (n - 1) - 1) / tau))
    share = [0.0] * waiting + [(chance - value) / (chance - floor) for value in loss[:end]]
    accuracy = knn[:1] + knn[1:2] * waiting + knn[1:][:end]
    accuracy[-3:] = knn[:1] * 3 if back else accuracy[-3:]
    return [above - x * (above - below) for x in share], [x / 2 for x in accuracy], above, below


diagnose = Exercise(
    lesson="04",
    name="diagnose",
    title="Write a rule that tells from its curves what is wrong with a run.",
    difficulty="●●○",
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
    cases=(
        Case("run A", lambda: _inputs("colour shortcut"), shown=False),
        Case("run B", lambda: _inputs("learning rate too small"), shown=False),
        Case("run C", lambda: _inputs("identical views"), shown=False),
        Case("a fourth run, which is healthy", lambda: _inputs("healthy"), shown=False),
        Case("run C with another seed", lambda: _inputs("identical views", 1), shown=False),
        Case(f"run A {ELSEWHERE}", lambda: _elsewhere("colour shortcut", waiting=2, back=True), shown=False),
        Case(f"the first epochs of run A {ELSEWHERE}", lambda: _elsewhere("colour shortcut", 1, end=3), shown=False),
        Case(f"run B {ELSEWHERE}", lambda: _elsewhere("learning rate too small", seed=1, end=6), shown=False),
        Case(f"run C {ELSEWHERE}", lambda: _elsewhere("identical views", seed=1, end=3), shown=False),
        Case(f"the healthy run {ELSEWHERE}", lambda: _elsewhere("healthy", waiting=6), shown=False),
    ),
)


def _share(value: float, chance: float, floor: float) -> float:
    """Of the way from chance to floor."""
    return (chance - value) / (chance - floor)


def _takes(came: Sequence[str], truth: Sequence[str]) -> Callable[[Seen], bool]:
    """Whether a run of one kind was taken for another."""
    return lambda seen: seen.came in came and seen.expected in truth


mistake, also = diagnose.mistake, diagnose.also
SICK = CAUSES[1:4]


@mistake(
    "not a cause of the list",
    "The result must be one of the five names, letter by letter.",
    looks=lambda seen: seen.trouble is None and seen.came not in CAUSES,
)
def _(loss, knn, chance, floor):
    """A diagnosis is a sentence."""
    return "the views are the same picture"


def _early(loss: Sequence[float], knn: Sequence[float], chance: float, floor: float, epochs: int) -> str:
    """The right rule, but for the epoch at which it looks."""
    return _reference_diagnose(loss[:epochs], knn[: epochs + 1], chance, floor)


@mistake(
    "decided by an early epoch",
    "This run began slowly: its first epochs look like those of a run that never moves. How does it *end*?",
    looks=lambda seen: seen.expected == "healthy" and seen.came == SICK[2] and "healthy run " in seen.case.what,
)
def _(loss, knn, chance, floor):
    """A run that moves does so at once."""
    return SICK[2] if _share(loss[0], chance, floor) < 0.1 else _reference_diagnose(loss, knn, chance, floor)


for _epochs in (1, 2, 3, 5, 8):

    @also("decided by an early epoch")
    def _(loss, knn, chance, floor, epochs=_epochs):
        return _early(loss, knn, chance, floor, epochs)


@mistake(
    "a fixed kNN",
    "The rule works as long as kNN has the height that it has on the page. With more classes every kNN is lower: also "
    "that of random weights, to which it has to be compared.",
    looks=lambda seen: ELSEWHERE in seen.case.what and seen.expected == "healthy" and seen.trouble is None,
)
def _(loss, knn, chance, floor):
    """A kNN of 0.4 is good."""
    return "healthy" if knn[-1] > 0.4 else _of_the_sick(loss, knn, chance, floor)


@mistake(
    "a fixed number",
    "The rule works for the runs of the page, and not with another batch size, temperature, data or length. There the "
    "same number means something else: compare a loss with its *own* chance and floor, as a share of the way, and kNN "
    "with its own start.",
    looks=lambda seen: ELSEWHERE in seen.case.what and seen.trouble is None,
)
def _(loss, knn, chance, floor):
    """A loss above 5 is high, one below 2.5 after an epoch is low."""
    if knn[-1] > knn[0] + 0.06:
        return "healthy"
    if loss[-1] > 5:
        return "learning rate too small"
    return "identical views" if loss[0] < 2.5 else "colour shortcut"


@also("a fixed number")
def _(loss, knn, chance, floor):
    if knn[-1] > knn[0] + 0.06:
        return "healthy"
    if chance - loss[-1] < 0.5:
        return "learning rate too small"
    return "identical views" if loss[0] - floor < 1.5 else "colour shortcut"


@mistake(
    "a limit too near to chance",
    "A run that stands still need not stand at chance exactly: its loss may go a hundredth of the way to the floor.",
)
def _(loss, knn, chance, floor):
    """A run that learns nothing has the loss of guessing, to two digits."""
    right = _reference_diagnose(loss, knn, chance, floor)
    return "colour shortcut" if right == "learning rate too small" and chance - loss[-1] > 0.01 else right


@mistake(
    "a margin too narrow",
    "kNN of this run ends a little above its start, and it is not healthy all the same. Between two seeds kNN differs "
    "by a few hundredths through luck alone: how far above must it be?",
    looks=lambda seen: seen.case.what == "run C with another seed" and seen.came == "healthy",
)
def _(loss, knn, chance, floor):
    """Whatever is above its start has learned."""
    return "healthy" if knn[-1] > knn[0] else _of_the_sick(loss, knn, chance, floor)


@mistake(
    "the best epoch in place of the last",
    "kNN goes up and down from epoch to epoch. Its highest value is a lucky one; how does the run end?",
)
def _(loss, knn, chance, floor):
    """A run is as good as its best epoch."""
    return "healthy" if max(knn) > knn[0] + 0.06 else _of_the_sick(loss, knn, chance, floor)


for _blamed in CAUSES[1:]:

    @also("the best epoch in place of the last")
    def _(loss, knn, chance, floor, blamed=_blamed):
        return "healthy" if max(knn) > knn[0] else blamed


@mistake(
    "compared with the dip of the first epoch",
    "kNN is compared with its value after the first epoch. There batch norm has just found out its means, and kNN has "
    "dropped; the random weights stand at the very first entry of the list.",
)
def _(loss, knn, chance, floor):
    """Entry 1 is the first epoch, so there the training begins."""
    return "healthy" if knn[-1] > knn[1] + 0.06 else _of_the_sick(loss, knn, chance, floor)


@also("compared with the dip of the first epoch")
def _(loss, knn, chance, floor):
    return "healthy" if knn[-1] > knn[1] else _of_the_sick(loss, knn, chance, floor)


@also("compared with the dip of the first epoch")
def _(loss, knn, chance, floor):
    return "healthy" if knn[-1] > min(knn) + 0.06 else _of_the_sick(loss, knn, chance, floor)


for _margin, _most in product((0, 0.02, 0.03, 0.05, 0.06), (0.6, 0.65, 0.7, 0.8)):  # kNN asked last

    @also("compared with the dip of the first epoch")
    def _(loss, knn, chance, floor, margin=_margin, most=_most):
        if _share(loss[-1], chance, floor) < 0.1:
            return SICK[2]
        if _share(loss[0], chance, floor) > most:
            return SICK[0]
        return "healthy" if knn[-1] > knn[1] + margin else SICK[1]


for _margin, _most in product((0.02, 0.03, 0.05, 0.06), (0.6, 0.65, 0.7, 0.8)):  # kNN asked second

    @also("compared with the dip of the first epoch")
    def _(loss, knn, chance, floor, margin=_margin, most=_most):
        if _share(loss[-1], chance, floor) < 0.1:
            return SICK[2]
        if knn[-1] > knn[1] + margin:
            return "healthy"
        return SICK[0] if _share(loss[0], chance, floor) > most else SICK[1]


@mistake(
    "the batch size blamed",
    "All these runs have the same batch size, and so has a healthy one. What they share cannot be the cause of what "
    "sets them apart.",
    looks=_takes(CAUSES[4:], CAUSES),
)
def _(loss, knn, chance, floor):
    """The slides are right: a small batch has too few negatives, and then nothing is learned."""
    return "healthy" if knn[-1] > knn[0] + 0.05 else "batch too small"


@mistake(
    "the same name for every run",
    "Every run gets the same name. What sets their curves apart?",
)
def _(loss, knn, chance, floor):
    """One of them is right."""
    return "identical views"


for _name in ("healthy", "colour shortcut", "learning rate too small"):

    @also("the same name for every run")
    def _(loss, knn, chance, floor, name=_name):
        return name


@mistake(
    "a change of kNN, not a gain",
    "kNN has moved far from its start, but downwards. To change is not to learn: is it *above* the random weights?",
)
def _(loss, knn, chance, floor):
    """A run that learns changes."""
    right = _reference_diagnose(loss, knn, chance, floor)
    return "healthy" if abs(knn[-1] - knn[0]) > 0.06 and right != SICK[2] else right


@also("a change of kNN, not a gain")
def _(loss, knn, chance, floor):
    return "healthy" if abs(knn[-1] - knn[0]) > 0.06 else _reference_diagnose(loss, knn, chance, floor)


@mistake(
    "low loss taken for learning",
    "The loss is low, so the riddle of the two views is solved. Now look at kNN: what was solving it good for?",
    looks=_takes(["healthy"], SOLVED),
)
def _(loss, knn, chance, floor):
    """A low loss is the aim of training, so a run with a low loss is healthy."""
    return "healthy" if _share(loss[-1], chance, floor) > 0.4 else "learning rate too small"


@mistake(
    "kNN not asked",
    "The rule looks at the loss alone. How far a loss falls hangs on the data and on the length of the run; whether "
    "anything was learned, kNN says.",
)
def _(loss, knn, chance, floor):
    """A loss neither too high nor too low is healthy."""
    first, last = (_share(value, chance, floor) for value in (loss[0], loss[-1]))
    if last < 0.1:
        return "learning rate too small"
    return "identical views" if first > 0.7 else "colour shortcut" if last > 0.85 else "healthy"


@mistake(
    "standing still taken for health",
    "Nothing was learned in this run: look at where its loss stands, and whether kNN ever gains on the random weights.",
    looks=_takes(["healthy"], SICK[2:]),
)
def _(loss, knn, chance, floor):
    """Any loss that goes down, however little, is a healthy one."""
    if loss[-1] < loss[0] and _share(loss[-1], chance, floor) < 0.5:
        return "healthy"
    return _reference_diagnose(loss, knn, chance, floor)


@mistake(
    "a shortcut taken for identical views",
    "When both views are the same picture there is nothing to find out. How near to the floor is this run after its "
    "first epoch?",
    looks=_takes(SOLVED[:1], SOLVED[1:]),
)
def _(loss, knn, chance, floor):
    """A riddle that is solved while kNN is low must be one without a question: two equal views."""
    right = _reference_diagnose(loss, knn, chance, floor)
    return "identical views" if right == "colour shortcut" else right


@mistake(
    "identical views taken for a shortcut",
    "A shortcut has to be found first, and that takes some epochs. How long did this run take?",
    looks=_takes(SOLVED[1:], SOLVED[:1]),
)
def _(loss, knn, chance, floor):
    """A riddle that is solved while kNN is low was solved by a trick."""
    right = _reference_diagnose(loss, knn, chance, floor)
    return "colour shortcut" if right == "identical views" else right


@mistake(
    "the two easy riddles told apart by their end",
    "Given time, both easy riddles are solved nearly as well, and how kNN ends depends on the data; this run is "
    "another than those of the page. What sets the two apart is their beginning: how far was the loss after its "
    "*first* epoch?",
)
def _(loss, knn, chance, floor):
    """Identical views can be solved nearly to the floor, a shortcut not quite."""
    right = _reference_diagnose(loss, knn, chance, floor)
    return SOLVED[_share(loss[-1], chance, floor) < 0.945] if right in SOLVED else right


@mistake(
    "identical views and shortcut exchanged",
    "Both runs solve the riddle without learning, and their names are exchanged. Which of the two had nothing to find "
    "out, and which had to look for its trick?",
)
def _(loss, knn, chance, floor):
    """The slower one is the harder riddle, so it is that of two equal pictures."""
    right = _reference_diagnose(loss, knn, chance, floor)
    return dict(zip(SOLVED, SOLVED[::-1], strict=True)).get(right, right)


@mistake(
    "a rate blamed that moved the loss",
    "A rate that is too small leaves the loss where it began. Here it fell far below chance.",
    looks=_takes(SICK[2:], SOLVED),
)
def _(loss, knn, chance, floor):
    """kNN does not rise, so the weights do not move, so the rate is too small."""
    return "healthy" if knn[-1] > knn[0] + 0.05 else "learning rate too small"


@mistake(
    "a riddle called solved at chance",
    "Views that are the same, or that share their colours, make the riddle easy. This run did not solve it: compare "
    "its loss with chance.",
    looks=_takes(SOLVED, SICK[2:]),
)
def _(loss, knn, chance, floor):
    """A loss that no longer falls is that of a run that found a trick and then got stuck ("possible saturation")."""
    right = _reference_diagnose(loss, knn, chance, floor)
    return "colour shortcut" if right == "learning rate too small" else right


@also("a riddle called solved at chance")
def _(loss, knn, chance, floor):
    right = _reference_diagnose(loss, knn, chance, floor)
    return "identical views" if right == "learning rate too small" else right


@mistake(
    "a healthy run called sick",
    "This run left random weights far behind. Whoever finds a fault in every run finds none.",
    looks=_takes(SICK, ["healthy"]),
)
def _(loss, knn, chance, floor):
    """In an exercise about sick runs, every run is sick."""
    return _of_the_sick(loss, knn, chance, floor)


@mistake(
    "a rule for these three runs only",
    "The rule tells the runs of the page apart, not others of the same settings. Does it use an exact number of one "
    "run? Compare with chance, floor and the start instead.",
    looks=lambda seen: seen.case.what == "run C with another seed" and seen.trouble is None,
)
def _(loss, knn, chance, floor):
    """The last numbers on the page tell the runs apart."""
    return next((SHOWN[letter] for letter, run in sick_runs().items() if run.loss == loss), "healthy")


def _of_the_sick(loss: Sequence[float], knn: Sequence[float], chance: float, floor: float) -> str:
    """The right rule for a run that is not healthy."""
    return _reference_diagnose(loss, [0.5] * len(knn), chance, floor)

"""Which factors did a transform make the representation forget? Read from a factor audit at several seeds."""

from collections.abc import Callable, Mapping, Sequence

from aimsssl.exercises.old_framework import Exercise, Wrong, call

CLEAR = (
    {"class": [0.10, 0.12, 0.09], "hue": [0.81, 0.84, 0.80], "x": [0.52, 0.50, 0.55], "size": [0.41, 0.40, 0.43]},
    {"class": [0.62, 0.60, 0.65], "hue": [0.11, 0.14, 0.10], "x": [0.21, 0.19, 0.18], "size": [0.42, 0.41, 0.44]},
)
NEVER_KNOWN = (
    {"angle": [0.02, 0.01, 0.03], "hue": [0.81, 0.84, 0.80], "texture": [0.90, 0.92, 0.91]},
    {"angle": [0.03, 0.02, 0.02], "hue": [0.48, 0.45, 0.50], "texture": [0.91, 0.90, 0.93]},
)
OVERLAP = (
    {"contrast": [0.50, 0.58, 0.54], "hue": [0.70, 0.72, 0.71], "y": [0.30, 0.36, 0.33]},
    {"contrast": [0.49, 0.57, 0.53], "hue": [0.66, 0.69, 0.68], "y": [0.35, 0.28, 0.32]},
)


def _reference_forgotten(without: Mapping[str, Sequence[float]], with_it: Mapping[str, Sequence[float]]) -> list[str]:
    """The factors of which each seed with the transform kept less than each seed without it."""
    return [name for name in without if max(with_it[name]) < min(without[name])]


def _compare(student: Callable, numbers: tuple[dict, dict], names: dict[str, str], extra: str, what: str) -> None:
    """`names[factor]` is the mistake of naming it; `extra` the mistake of leaving out what belongs in."""
    came = call(student, *numbers)
    if not isinstance(came, list | tuple) or not all(isinstance(name, str) for name in came):
        raise Wrong("wrong type", came, "a list of names")
    right = _reference_forgotten(*numbers)
    for name in came:
        if name not in numbers[0]:
            raise Wrong("not a factor", name, f"some of {', '.join(numbers[0])}")
        if name not in right:
            raise Wrong(names[name], came, what=f"{name}, {what}")
    if missing := [name for name in right if name not in came]:
        raise Wrong(extra, came, what=f"{missing[0]}, {what}")
    if list(came) != right:
        raise Wrong("a name twice or out of order", came, "each name once, in the order of `without`")


def _a_clear_case(student: Callable) -> None:
    names = {"class": "a gain taken for a loss", "size": "a gain taken for a loss"}
    _compare(student, CLEAR, names, "a loss overlooked", f"{CLEAR[0]} without, {CLEAR[1]} with the transform")


def _a_factor_that_was_never_there(student: Callable) -> None:
    names = {"angle": "what was never known cannot be forgotten", "texture": "a gain taken for a loss"}
    what = f"{NEVER_KNOWN[0]} without, {NEVER_KNOWN[1]} with the transform"
    _compare(student, NEVER_KNOWN, names, "forgotten in part is forgotten, too", what)


def _seeds_that_overlap(student: Callable) -> None:
    names = {"contrast": "means compared, seeds ignored", "y": "means compared, seeds ignored"}
    what = f"{OVERLAP[0]} without, {OVERLAP[1]} with the transform"
    _compare(student, OVERLAP, names, "a small loss that all seeds agree on", what)


forgotten = Exercise(
    lesson="02",
    name="forgotten",
    title="Name the factors that a transform made the representation forget, where all seeds agree.",
    difficulty="●●○",
    minutes=10,
    reference=_reference_forgotten,
    hints=(
        "For one factor you have three numbers without the transform and three with it. When would you say, without "
        "a doubt, that the three with it are lower?",
        "The seeds are no pairs: seed 0 of one setting has nothing to do with seed 0 of the other. Which of the three "
        "numbers on each side is the one to compare?",
        "A factor belongs in the list where even the best seed with the transform lies below the worst seed without "
        "it. Go through the names in their order, and compare a maximum with a minimum.",
    ),
    checks=(_a_clear_case, _a_factor_that_was_never_there, _seeds_that_overlap),
    mistakes={
        "not a factor": "The result holds something that is no name of a factor.",
        "a gain taken for a loss": "With the transform, no less of this factor was kept than without it.",
        "a loss overlooked": "Of this factor, each seed kept far less with the transform than without it.",
        "what was never known cannot be forgotten": "A low number alone is not forgetting: it was just as low without "
        "the transform. Compare the two.",
        "forgotten in part is forgotten, too": "This factor can still be read with the transform, but each seed reads "
        "it less well than each seed without it. There is no threshold in the contract.",
        "means compared, seeds ignored": "The means differ, but a seed with the transform kept more than a seed "
        "without it. Such a difference can be luck. (And seeds are no pairs: the order in the list means nothing.)",
        "a small loss that all seeds agree on": "The difference is small here, but no seed with the transform comes "
        "up to any seed without it.",
        "a name twice or out of order": "The right names, but not each once and in the order in which they came.",
    },
)

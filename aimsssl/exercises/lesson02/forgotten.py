"""Which factors did a transform make the representation forget? Read from a factor audit at several seeds."""

from collections.abc import Callable, Mapping, Sequence
from statistics import mean, median, stdev

from aimsssl.exercises.compare import kind
from aimsssl.exercises.framework import Case, Exercise, Wrong

Kept = Mapping[str, Sequence[float]]

CLEAR = (
    {"x": [0.52, 0.50, 0.55], "class": [0.10, 0.12, 0.09], "y": [0.47, 0.43, 0.46], "hue": [0.81, 0.84, 0.80],
     "size": [0.41, 0.40, 0.43]},
    {"class": [0.62, 0.60, 0.65], "hue": [0.11, 0.14, 0.10], "size": [0.42, 0.41, 0.44], "x": [0.21, 0.19, 0.18],
     "y": [0.24, 0.22, 0.23]},
)  # fmt: skip
IN_PART = (
    {"texture": [0.90, 0.92, 0.91], "angle": [0.02, 0.01, 0.03], "hue": [0.81, 0.84, 0.80], "size": [0.06, 0.05, 0.07]},
    {"texture": [0.91, 0.90, 0.93], "angle": [0.03, 0.02, 0.02], "hue": [0.50, 0.45, 0.48], "size": [0.01, 0.0, 0.02]},
)
SMALL = (
    {"hue": [0.70, 0.72, 0.71], "lighter": [0.62, 0.64, 0.66], "angle": [0.30, 0.20, 0.31]},
    {"hue": [0.68, 0.66, 0.698], "lighter": [0.61, 0.60, 0.62], "angle": [0.19, 0.28, 0.10]},
)
OVERLAP = (  # what is true of each: the means, the medians, the best, the worst, the pairs are lower
    {"contrast": [0.50, 0.58, 0.54],  # all of them
     "texture": [0.50, 0.52, 0.51],  # the means and the worst
     "hue": [0.40, 0.60, 0.62],  # the means, the medians, the best
     "x": [0.50, 0.52, 0.51],  # the mean with it is below even the worst without it
     "y": [0.20, 0.62, 0.22],  # the best
     "angle": [0.30, 0.31, 0.32],  # the worst
     "size": [0.50, 0.52, 0.10],  # the medians and the best
     "class": [0.30, 0.31, 0.90],  # the means and the best
     "lighter": [0.30, 0.50, 0.90],  # the mean with it is below even the worst, and yet within the spread
     "ground_hue": [0.90, 0.88, 0.34, 0.91]},  # the means, far more than the seeds spread
    {"contrast": [0.49, 0.57, 0.53], "texture": [0.55, 0.10, 0.515], "hue": [0.45, 0.47, 0.46],
     "x": [0.10, 0.515, 0.12], "y": [0.50, 0.52, 0.51], "angle": [0.10, 0.61, 0.60], "size": [0.40, 0.42, 0.41],
     "class": [0.33, 0.35, 0.34], "lighter": [0.25, 0.35, 0.27],
     "ground_hue": [0.10, 0.35, 0.11, 0.12]},
)  # fmt: skip
UNEQUAL = (
    {
        "hue": [0.70, 0.72, 0.71, 0.69, 0.73],
        "class": [0.30, 0.31, 0.32, 0.29, 0.28],
        "x": [0.45, 0.47],
        "size": [0.02, 0.01],
        "angle": [-0.20, -0.30],
        "y": [-0.10, -0.05],
    },
    {
        "hue": [0.61, 0.64],
        "class": [0.285, 0.10],
        "x": [0.40, 0.41, 0.44, 0.46],
        "size": [-0.30, -0.20],
        "angle": [-0.05, -0.10],
        "y": [-0.30, -0.20],
    },
)


def _reference_forgotten(without: Kept, with_it: Kept) -> list[str]:
    """The factors of which each seed with the transform kept less than each seed without it."""
    return [name for name in without if max(with_it[name]) < min(without[name])]


def _named(function: Callable, without: dict, with_it: dict) -> dict:
    """For each factor whether it is in the list, and at last the list itself."""
    came = function(without, with_it)
    if not isinstance(came, list | tuple):
        raise Wrong("wrong type", f"It is {kind(came)}; a list of names is asked for.")
    for name in came:
        if name not in without:
            raise Wrong("not a factor", str(name))
    found = {
        f"whether {name} counts (without {_told(without[name])}, with {_told(with_it[name])})": name in came
        for name in without
    }
    return found | {"the list": list(came)}


def _told(values: Sequence[float]) -> str:
    return ", ".join(map(str, values))


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
    cases=(
        Case("five factors, clear losses and gains", lambda: CLEAR, _named),
        Case("four factors: one known in part, two hardly known at all", lambda: IN_PART, _named),
        Case("three factors with small differences", lambda: SMALL, _named),
        Case("ten factors whose seeds overlap", lambda: OVERLAP, _named),
        Case("more seeds on one side than on the other", lambda: UNEQUAL, _named),
    ),
)


def _by(rule: Callable[[list, list], bool]) -> Callable:
    """A function that names the factors for which `rule(numbers without, numbers with)` holds."""

    def wrong(without, with_it):
        return [name for name in without if rule(without[name], with_it[name])]

    return wrong


def _with_thought(function: Callable, thought: str) -> Callable:
    function.__doc__ = thought
    return function


def _mistake(name: str, thought: str, message: str, *rules: Callable[[list, list], bool]) -> None:
    """A mistake whose forms are other rules for one factor."""
    forgotten.mistake(name, message)(_with_thought(_by(rules[0]), thought))
    for rule in rules[1:]:
        forgotten.also(name)(_by(rule))


@forgotten.mistake(
    "not a factor",
    "The result holds something that is no name of a factor. Names are asked for, and nothing beside them.",
)
def _(without, with_it):
    """How much was forgotten is the answer."""
    return [min(without[name]) - max(with_it[name]) for name in without]


_mistake(
    "a gain taken for a loss",
    "What the transform teaches.",
    "The list has what was *gained*: with the transform, no less of these factors was kept than without it.",
    lambda a, b: min(b) > max(a),
    lambda a, b: mean(b) > mean(a),
    lambda a, b: max(b) > min(a),
    lambda a, b: min(b) >= max(a),
)
_mistake(
    "every change taken for a loss",
    "What differs was changed by the transform.",
    "A factor of which more is kept counts here, too. Forgotten is only what is kept less.",
    lambda a, b: max(b) < min(a) or min(b) > max(a),
    lambda a, b: abs(mean(b) - mean(a)) > 0.005,
    lambda a, b: a != b,
)
_mistake(
    "what remained, not what was forgotten",
    "The list of the factors that the transform leaves alone.",
    "These are the factors that were *not* forgotten.",
    lambda a, b: not max(b) < min(a),
)
_mistake(
    "only what is low counts",
    "Only a factor that fell to nearly nothing is forgotten, and one that was at nearly nothing is, too.",
    "A low number alone is not forgetting: it may be just as low without the transform. Compare the two.",
    *(lambda a, b, t=t: max(b) < t for t in (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.5)),
    *(lambda a, b, t=t: mean(b) < t for t in (0.05, 0.1, 0.2, 0.25, 0.3, 0.5)),
)
_mistake(
    "forgotten in part is forgotten, too",
    "Forgotten means that nothing is left.",
    "This factor can still be read with the transform, but each seed reads it less well than each seed without it. "
    "There is no threshold in the contract.",
    *(lambda a, b, t=t: max(b) < min(a) and max(b) < t for t in (0.05, 0.1, 0.25, 0.5)),
    *(lambda a, b, s=s: max(b) < s * min(a) for s in (0.1, 0.25, 0.5, 0.75)),
)
_mistake(
    "what was hardly known is left out",
    "Who never knew a thing cannot forget it.",
    "A factor of which little was known can be forgotten, too: every seed with the transform kept less of it. There is "
    "no threshold in the contract.",
    *(lambda a, b, t=t: max(b) < min(a) and min(a) > t for t in (0.05, 0.1, 0.2, 0.25)),
)
_mistake(
    "a small loss that all seeds agree on",
    "A loss has to be large, a tenth at least, to count.",
    "The difference is small here, but no seed with the transform comes up to any seed without it. The contract has no "
    "margin.",
    *(lambda a, b, t=t: max(b) < min(a) - t for t in (0.01, 0.015, 0.02, 0.05, 0.1, 0.2)),
    *(lambda a, b, t=t: mean(b) < mean(a) - t for t in (0.1, 0.2, 0.25, 0.3)),
)
_mistake(
    "means compared, seeds ignored",
    "The mean over the seeds is what counts.",
    "The means differ (or the medians), but a seed with the transform kept more than a seed without it. Such a "
    "difference can be luck.",
    lambda a, b: mean(b) < mean(a),
    lambda a, b: median(b) < median(a),
    lambda a, b: mean(b) < mean(a) - 0.01,
    lambda a, b: mean(b) < mean(a) - 0.02,
    lambda a, b: mean(b) < mean(a) - 0.05,
)
_mistake(
    "negative numbers taken for 0",
    "Below 0 nothing is known at all.",
    "Numbers below 0 were made 0 first (or their sign was dropped), and then two of them cannot be told apart. "
    "Compare the numbers as they are.",
    lambda a, b: max(max(x, 0) for x in b) < min(max(x, 0) for x in a),
    lambda a, b: max(map(abs, b)) < min(map(abs, a)),
)
_mistake(
    "a ratio below 1",
    "Half as much is a ratio.",
    "A ratio was compared with 1. Where the numbers are negative it turns round: −0.1 over −0.2 is below 1, and −0.1 "
    "is more. Compare the numbers themselves.",
    lambda a, b: max(b) / min(a) < 1 if min(a) else False,
    lambda a, b: mean(b) / mean(a) < 1 if mean(a) else False,
)
_mistake(
    "sums compared",
    "Add up what the seeds kept.",
    "The sums of the seeds are compared. Where one side has more seeds its sum is larger for that reason alone.",
    lambda a, b: sum(b) < sum(a),
)
_mistake(
    "a mean and a spread",
    "Two groups differ where their means lie farther apart than the seeds spread.",
    "Means and standard deviations are compared. The contract asks for less and for more: each single seed with the "
    "transform is to be below each single seed without it.",
    lambda a, b: mean(b) + stdev(b) < mean(a) - stdev(a),
    lambda a, b: mean(a) - mean(b) > stdev(a),
    lambda a, b: mean(a) - mean(b) > stdev(a) + stdev(b),
    lambda a, b: mean(a) - mean(b) > 2 * stdev(a),
    lambda a, b: mean(a) - mean(b) > 2 * (stdev(a) ** 2 / len(a) + stdev(b) ** 2 / len(b)) ** 0.5,
)
_mistake(
    "seeds taken as pairs",
    "The first seed is compared with the first, the second with the second.",
    "The seeds are compared in pairs, in the order of the lists. They are no pairs: seed 0 with the transform has "
    "nothing to do with seed 0 without it, and each is to be compared with all of the other side.",
    lambda a, b: all(y < x for x, y in zip(a, b, strict=False)),
    lambda a, b: any(y < x for x, y in zip(a, b, strict=False)),
    lambda a, b: 2 * sum(y < x for x, y in zip(a, b, strict=False)) > len(a),
)
_mistake(
    "one seed for all",
    "The first seed stands for all of them.",
    "A single seed of each side is compared. One seed may be luck: look at all of them.",
    lambda a, b: b[0] < a[0],
    lambda a, b: b[-1] < a[-1],
)
_mistake(
    "best with best, worst with worst",
    "Compare the best seeds of both.",
    "The best seeds of both sides are compared (or the worst ones), so the two groups may overlap. Which seed with the "
    "transform and which one without it are the hardest to tell apart?",
    lambda a, b: max(b) < max(a),
    lambda a, b: min(b) < min(a),
    lambda a, b: max(b) < max(a) and min(b) < min(a),
)
_mistake(
    "one seed is enough",
    "If a seed with the transform is lower than one without it, something was lost.",
    "It is enough here that *some* seed with the transform lies below *some* seed without it. Every one is to lie "
    "below every one.",
    lambda a, b: min(b) < max(a),
    lambda a, b: min(b) <= max(a),
)
_mistake(
    "only one side whole",
    "All seeds with the transform lie below the mean, or the best, without it.",
    "One side is looked at as a whole, the other only by its mean, its best or its worst seed. *Every* seed with the "
    "transform is to lie below *every* seed without it.",
    lambda a, b: max(b) < mean(a),
    lambda a, b: mean(b) < min(a),
    lambda a, b: max(b) < max(a) and mean(b) < mean(a),
    lambda a, b: min(b) < min(a) and mean(b) < mean(a),
    lambda a, b: max(b) < median(a),
    lambda a, b: median(b) < min(a),
)
_mistake(
    "as much taken for less",
    "At most as much as before.",
    "A seed with the transform kept *as much* as one without it, and that is not less.",
    lambda a, b: max(b) <= min(a),
)


@forgotten.mistake(
    "numbers matched by position",
    "The numbers of the two are matched by their place in the dictionary. The names say which belong together.",
)
def _(without, with_it):
    """Both have the same factors."""
    return [name for name, a, b in zip(without, without.values(), with_it.values(), strict=True) if max(b) < min(a)]


@forgotten.mistake(
    "out of order",
    "The right names, but not in the order of `without`.",
    looks=lambda seen: seen.part()[0] == "the list",
)
def _(without, with_it):
    """The list is sorted by the alphabet."""
    return sorted(_reference_forgotten(without, with_it))


@forgotten.also("out of order")
def _(without, with_it):
    return [name for name in with_it if max(with_it[name]) < min(without[name])]


@forgotten.mistake(
    "a name twice",
    "A factor is in the list more than once: it comes once for each seed, or pair of seeds.",
    looks=lambda seen: len(set(seen.came["the list"])) < len(seen.came["the list"]),
)
def _(without, with_it):
    """Each seed that is lower adds the name."""
    return [name for name in without for kept in with_it[name] if kept < min(without[name])]


@forgotten.mistake("only the first one", "Only one name is in the list. Does the loop return before its end?")
def _(without, with_it):
    """Found."""
    return _reference_forgotten(without, with_it)[:1]


@forgotten.also("only the first one")
def _(without, with_it):
    for name in without:
        return [name] if max(with_it[name]) < min(without[name]) else []


@forgotten.also("only the first one")
def _(without, with_it):
    return _reference_forgotten(without, with_it)[-1:]


@forgotten.mistake(
    "another rule than the contract's",
    "The line below has a factor and its seeds. It counts where every number with the transform is below every number "
    "without it, and only there.",
    looks=lambda seen: seen.part()[0].startswith("whether"),
)
def _(without, with_it):
    """A rule of one's own."""
    return [name for name in without if max(with_it[name]) < 0.95 * median(without[name]) + 0.01 * len(name)]

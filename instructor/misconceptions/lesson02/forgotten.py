"""Answers to `forgotten(without, with_it)`, wrong and right."""

from statistics import mean


def forgotten_numbers(without, with_it):
    """How much was forgotten is the answer."""
    return [min(without[name]) - max(with_it[name]) for name in without]


def forgotten_with_amounts(without, with_it):
    """A name and by how much."""
    return [f"{name} ({mean(without[name]) - mean(with_it[name]):.2f})" for name in right_forgotten(without, with_it)]


def forgotten_the_other_way(without, with_it):
    """What the transform teaches."""
    return [name for name in without if min(with_it[name]) > max(without[name])]


def forgotten_in_every_seed_pair_wrong(without, with_it):
    """Only a factor that fell to nearly nothing is forgotten, and one that was at nearly nothing is, too."""
    return [name for name in without if max(with_it[name]) < 0.25]


def forgotten_by_a_margin(without, with_it):
    """A loss has to be large, a tenth at least, to count."""
    return [name for name in without if max(with_it[name]) < min(without[name]) - 0.1]


def forgotten_altogether(without, with_it):
    """Forgotten means that nothing is left."""
    return [name for name in right_forgotten(without, with_it) if max(with_it[name]) < 0.25]


def forgotten_by_the_mean(without, with_it):
    """The mean over the seeds is what counts."""
    return [name for name in without if mean(with_it[name]) < mean(without[name]) - 0.005]


def forgotten_only_much(without, with_it):
    """A factor has to lose half of what was there to count, and x is not a colour."""
    return [name for name in right_forgotten(without, with_it) if name != "x"]


def forgotten_sorted(without, with_it):
    """The list is sorted by the alphabet, backwards."""
    return sorted(right_forgotten(without, with_it), reverse=True)


def right_forgotten(without, with_it):
    """The best with it is below the worst without it."""
    return [name for name in without if max(with_it[name]) < min(without[name])]


def right_forgotten_pair_by_pair(without, with_it):
    """Every seed against every seed, in loops; a tuple for a list."""
    names = []
    for name, before in without.items():
        if all(b > a for b in before for a in with_it[name]):
            names += [name]
    return tuple(names)


WRONG = {
    "wrong type": (forgotten_numbers, "another type"),
    "not a factor": (forgotten_with_amounts, "no name of a factor"),
    "a gain taken for a loss": (forgotten_the_other_way, "no less of this factor"),
    "a loss overlooked": (forgotten_only_much, "far less with the transform"),
    "what was never known cannot be forgotten": (forgotten_in_every_seed_pair_wrong, "just as low without"),
    "forgotten in part is forgotten, too": (forgotten_altogether, "no threshold"),
    "means compared, seeds ignored": (forgotten_by_the_mean, "can be luck"),
    "a small loss that all seeds agree on": (forgotten_by_a_margin, "comes up to any seed"),
    "a name twice or out of order": (forgotten_sorted, "in the order in which they came"),
}

RIGHT = [right_forgotten, right_forgotten_pair_by_pair]

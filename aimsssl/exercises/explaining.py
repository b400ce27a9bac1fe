"""Why an answer is wrong: the mistake by its name, two mistakes by theirs, or the difference in words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import torch

from aimsssl.exercises.advice import advice
from aimsssl.exercises.calling import Raised, Wrong, their_line
from aimsssl.exercises.cases import Mistake, Seen
from aimsssl.exercises.compare import describe, difference, same
from aimsssl.exercises.relations import relation

GENERAL = {
    "not a function": "`check` takes the function itself: its name, without parentheses.",
    "wrong arguments": "Keep the arguments of the function as the exercise gives them.",
    "nothing returned": "The function gave back None. Is there a `return` on every way through it?",
    "wrong type": "The result is of another type than the contract says.",
    "wrong dtype": "The numbers are of another type than the contract says.",
    "wrong shape": "The numbers do not lie in the shape that the contract says.",
    "not finite": "There is a NaN or an infinity in the result. A division by zero? A log of 0? A large exp?",
    "wrong value": "Type and shape are right, the value is not.",
    "input changed in place": "The function changed something that it was given. The caller still needs the old "
    "values: make a new tensor, and beware of methods that end in `_`, of `+=` and of assigning to `x[…]`.",
    "a seed set inside": "The function sets the seed of all random numbers. Whoever draws after it draws the same "
    "numbers each time: other images, other views, another epoch, and yet always the same draw.",
    "kept from call to call": "The same inputs gave another result the second time. Something outside the function (or "
    "a list or a dictionary that is a default argument) still holds what an earlier call left there: make it anew "
    "inside.",
    "unreadable result": "The check could not work with what the function returned.",
}
"""Mistakes that can happen in every exercise. An exercise may have a mistake of its own under one of these names."""
SAYS_ALL = ("wrong arguments", "nothing returned", "wrong type", "wrong dtype", "input changed in place")
"""General names that are the cause itself; what came and what is asked for stand beside them."""

Done = list[tuple[Mistake, list[Seen]]]  # what each form of each mistake does on all cases


@dataclass(frozen=True)
class Explanation:
    """The mistake's name, the lines to show, and how it was found: named, described or general; see `Outcome`."""

    mistake: str
    details: tuple[str, ...]
    how: str
    raised: bool = False


def explain(mistakes: Mapping[str, Mistake], done: Done, seen: list[Seen], pairs: Callable = list) -> Explanation:
    """What is wrong with an answer that was seen on all cases and fails at least one.

    `pairs()` gives what functions with two mistakes do, `(names, seen)`; it is asked where no single one explains it.
    """
    failing = [one for one in seen if one.fails]
    first = failing[0]
    names, described = _one_mistake(mistakes, done, seen, failing), ""
    if not names and all(one.case.alone for one in seen) and (by_case := _each_by_itself(mistakes, failing)):
        return by_case
    names = names or next((list(both) for both, its in pairs() if _all_agree(seen, its)), [])
    general = isinstance(first.trouble, Wrong) and first.trouble.mistake != "unreadable result"
    if not names and not general:
        described = relation(failing)
        if not described:
            names = _two_mistakes(mistakes, done, seen)
        if not names and not described:
            names, described = _mistake_and_factor(done, seen)
        if not names and not described and (names := _first_to_mend(done, seen)):
            described = "This is not all: with other inputs the result is wrong in another way, too."
        if not names and not described:  # what shows in the first case that fails
            names = [mistake.name for mistake in mistakes.values() if mistake.is_seen_in(first)][:1]
    if names:
        messages = [mistakes[name].message for name in names]
        details = [*messages, *filter(None, [described]), *_where(first)]
        return Explanation(", and ".join(names), tuple(details), "named")
    if isinstance(first.trouble, Raised):
        return _raised(first)
    return _general(seen, failing, described)


def _one_mistake(mistakes: Mapping[str, Mistake], done: Done, seen: list[Seen], failing: list[Seen]) -> list[str]:
    """The mistake that does the same in all cases; else the first one that is seen in all failing cases.

    A case that observes may tell a mistake of the exercise itself: it raises `Wrong` with its name.
    """
    told = failing[0].trouble
    if isinstance(told, Wrong) and told.mistake in mistakes:
        return [told.mistake]
    for mistake, its in done:
        if _all_agree(seen, its):
            return [mistake.name]
    if isinstance(told, Wrong) and told.mistake == "input changed in place":
        return []  # it says all; what else is seen comes of it
    return [mistake.name for mistake in mistakes.values() if all(mistake.is_seen_in(one) for one in failing)][:1]


def _all_agree(seen: list[Seen], its: list[Seen]) -> bool:
    return all(one.agrees(other) for one, other in zip(seen, its, strict=True))


def _each_by_itself(mistakes: Mapping[str, Mistake], failing: list[Seen]) -> Explanation | None:
    """A mistake for each case that fails, with its own lines below it."""
    found = [next((m for m in mistakes.values() if m.is_seen_in(one)), None) for one in failing]
    if not all(found):
        return None
    details = [line for mistake, one in zip(found, failing, strict=True) for line in (mistake.message, *_where(one))]
    return Explanation(", and ".join(dict.fromkeys(mistake.name for mistake in found)), tuple(details), "named")


def _two_mistakes(mistakes: Mapping[str, Mistake], done: Done, seen: list[Seen]) -> list[str]:
    """Two mistakes that explain all failing cases between them, and spoil no other case."""
    wanted = {i for i, one in enumerate(seen) if one.fails}
    explains = {name: {i for i in wanted if mistake.is_seen_in(seen[i])} for name, mistake in mistakes.items()}
    for mistake, its in done:
        agree = {i for i, (one, other) in enumerate(zip(seen, its, strict=True)) if one.agrees(other)}
        if agree >= set(range(len(seen))) - wanted:
            explains[mistake.name] |= agree & wanted
    for one, other in combinations(explains, 2):
        if explains[one] and explains[other] and explains[one] | explains[other] == wanted:
            return [one, other] if min(wanted) in explains[one] else [other, one]
    return []


def _first_to_mend(done: Done, seen: list[Seen]) -> list[str]:
    """The mistake that does the same in most of the cases that fail, and spoils no case that is right.

    It must agree in many floats at once: a few numbers may agree by accident.
    """
    agreed = {}
    for mistake, its in done:
        agree = [one.agrees(other) for one, other in zip(seen, its, strict=True)]
        if all(ok or one.fails for ok, one in zip(agree, seen, strict=True)):
            count = sum(ok and one.fails and _is_rich(one.came) for ok, one in zip(agree, seen, strict=True))
            agreed[mistake.name] = max(count, agreed.get(mistake.name, 0))
    best = max(agreed, key=agreed.get, default="")
    return [best] if agreed.get(best) else []


def _is_rich(value: object) -> bool:
    if isinstance(value, dict | tuple):
        return any(map(_is_rich, value.values() if isinstance(value, dict) else value))
    return isinstance(value, torch.Tensor) and value.is_floating_point() and len(value.unique()) > 5


def _mistake_and_factor(done: Done, seen: list[Seen]) -> tuple[list[str], str]:
    """A mistake whose every result the student's is a known multiple of: two mistakes at once."""
    for mistake, its in done:
        pairs = [replace(one, expected=other.came) for one, other in zip(seen, its, strict=True)]
        troubled = any(one.trouble or other.trouble for one, other in zip(seen, its, strict=True))
        several = any(isinstance(one.came, dict) and len(one.came) > 1 for one in seen)  # the factor is of one part
        if troubled or several or any(same(other.came, one.expected) for one, other in zip(seen, its, strict=True)):
            continue  # a mistake that shows in every case only: else the factor alone explains the rest
        if words := relation([one for one in pairs if one.fails], only_factors=True):
            return [mistake.name], f"Besides that: {words[0].lower()}{words[1:]}"
    return [], ""


def _where(one: Seen) -> list[str]:
    """The lines under a message: which case, which part, what came and what was expected."""
    if one.trouble is not None:
        return [f"where: {one.case.what}"]
    name, came, expected = one.part()
    found = difference(came, expected, one.case.rtol, one.case.atol)
    lines = [f"where: {name}; {one.case.what}" if name else f"where: {one.case.what}", f"came: {describe(came)}"]
    if one.case.shown:
        lines.append(f"expected: {describe(expected)}")
        if found and found.place:
            lines.append(f"the first difference: {found.place}")
    return lines


def _general(seen: list[Seen], failing: list[Seen], described: str) -> Explanation:
    """No mistake of this exercise explains it: the general name, and all that a machine can say."""
    one = failing[0]
    if isinstance(one.trouble, Wrong):
        name, sentences = one.trouble.mistake, [one.trouble.details]
        where = [f"where: {one.trouble.what or one.case.what}"]
        if name == "unreadable result":  # often an error in the backward pass
            described = advice(RuntimeError(one.trouble.details))
            sentences.append(described)
    else:
        name, where = one.difference.name, _where(one)
        sentences = [one.difference.sentence if name != "wrong value" and one.case.shown else "", described]
    right = [other.case.what for other in seen if not other.fails]
    if right and name in ("wrong value", "not finite"):
        where.append("right for: " + "; ".join(right[:3]) + ("; …" if len(right) > 3 else ""))
    details = [GENERAL[name], *filter(None, sentences), *where]
    how = "named" if name in SAYS_ALL else "described" if described or name == "wrong shape" else "general"
    return Explanation(name, tuple(details), how)


def _raised(one: Seen) -> Explanation:
    error, inputs = one.trouble.error, one.trouble.inputs
    words = advice(error)
    details = [f"error: {type(error).__name__}: {error}".rstrip(": "), *their_line(error), *filter(None, [words])]
    details += ["\n    ".join(("called with:", *inputs))] if inputs else []
    details.append(f"where: {one.case.what}")
    return Explanation("", tuple(details), "described" if words else "general", raised=True)

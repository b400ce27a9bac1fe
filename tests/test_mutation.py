"""Nothing wrong passes: mutants of the solutions and of other right answers are caught by the exercise's cases.

python tests/test_mutation.py [EXERCISE …]     the figures of each exercise: mutants, caught, how explained, equivalent
"""

import dataclasses
import inspect
import re
import sys
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from numbers import Number
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))

from equivalent_mutants import EVERYWHERE, IN
from mutants import Mutant, mutants, quietly
from solutions import solutions

from aimsssl import exercises

EXERCISES = [e for lesson in exercises.lessons().values() for e in exercises.exercises_of(lesson).values()]

MADE: dict[str, list[Mutant]] = {}


def right_answers(exercise) -> list:
    return import_module(f"right_answers.lesson{exercise.lesson}").RIGHT[exercise.name]


def mutants_of(exercise) -> list[Mutant]:
    """Of the lesson's solution and of each right answer."""
    if exercise.name not in MADE:
        MADE[exercise.name] = list(_mutants_of(exercise))
    return MADE[exercise.name]


def _mutants_of(exercise) -> Iterator[Mutant]:
    scalar = _is_single(exercise)
    yield from mutants(*solutions(exercise.lesson)[exercise.name], scalar)
    for answer in right_answers(exercise):
        yield from mutants(inspect.getsource(answer), inspect.unwrap(answer).__globals__, scalar)


def _is_single(exercise) -> bool:
    plain = [case for case in exercise.cases if case.observe is None]
    result = exercise.reference(*plain[0].inputs()) if plain else None
    return isinstance(result, Number) or (isinstance(result, torch.Tensor) and result.ndim == 0)


def equivalent(exercise, mutant: Mutant) -> bool:
    """Whether a mutant is listed as right after all."""
    return any(is_meant(key, mutant) for key in (*IN.get(exercise.name, ()), *EVERYWHERE))


def is_meant(key: str | re.Pattern, mutant: Mutant) -> bool:
    return key == mutant.change if isinstance(key, str) else bool(key.search(mutant.change))


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_no_mutant_passes(exercise):
    passed = [
        m.change for m in mutants_of(exercise) if not equivalent(exercise, m) and quietly(exercise.passes, m.function)
    ]
    assert not passed, f"{len(passed)} pass: a case is missing, or they are equivalent:\n" + "\n".join(passed)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_no_case_can_be_left_out(exercise):
    """Each case is needed: without it a mistake loses its name, or a mutant passes."""
    for case in exercise.cases if len(exercise.cases) > 1 else ():
        shorter = dataclasses.replace(exercise, cases=tuple(c for c in exercise.cases if c is not case))
        lost = any(shorter.judge(form).mistake != m.name for m in exercise.mistakes.values() for form in m.forms)
        assert lost or any(
            not equivalent(exercise, m) and quietly(shorter.passes, m.function) for m in mutants_of(exercise)
        ), f"nothing needs the case: {case.what}"


@pytest.mark.parametrize("exercise", [e for e in EXERCISES if e.name in IN], ids=lambda exercise: exercise.name)
def test_equivalent_mutants_are_still_made_and_still_pass(exercise):
    """The list of exceptions has none that is out of date."""
    made = mutants_of(exercise)
    for key, reason in IN[exercise.name].items():
        meant = [m for m in made if is_meant(key, m)]
        assert reason and meant, f"there is no mutant {key}"
        assert any(quietly(exercise.passes, m.function) for m in meant), f"caught by now: {key}"


def report(names: list[str]) -> None:
    """For each exercise: how many mutants there are, how they end, and each that is explained in general words only."""
    for exercise in EXERCISES:
        if names and exercise.name not in names:
            continue
        count: Counter = Counter()
        exercise.judge(next(iter(exercise.mistakes.values())).forms[0])  # all mistakes are tried once: no mutant's time
        for mutant in mutants_of(exercise):
            if equivalent(exercise, mutant):
                count["equivalent"] += 1
                continue
            outcome = quietly(exercise.judge, mutant.function)
            how = "endless" if outcome is False else "PASSED" if outcome.kind == "passed" else outcome.how
            how = f"raised, {how}" if outcome is not False and outcome.kind == "raised" else how
            count[how] += 1
            if names and (how == "PASSED" or how in ("general", "described")):
                print(f"  {how}: {outcome.mistake}: {mutant.change}")
        print(f"{exercise.lesson} {exercise.name}: {count.total()} mutants: {dict(count.most_common())}", flush=True)


if __name__ == "__main__":
    if find_spec("resource"):  # where there is one: some mutant lists all orders of 24 tiles, and no alarm stops that
        resource = import_module("resource")
        resource.setrlimit(resource.RLIMIT_AS, (6 * 2**30, resource.getrlimit(resource.RLIMIT_AS)[1]))
    report(sys.argv[1:])

"""Lesson 07's exercises: the protocols on noise, the interval beside the closed form."""

import ast
import math

import pytest
import torch

from aimsssl.exercises import lesson07 as lesson
from aimsssl.exercises.lesson07 import interval, leak, protocols

# ---- four protocols


@pytest.mark.parametrize(("letter", "lowest", "highest"), [("A", 0.24, 0.3), ("C", 0.3, 0.5), ("D", 0.5, 0.7)])
def test_a_protocol_that_leaks_finds_something_in_pure_noise(letter, lowest, highest):
    found = protocols.on_noise(letter)
    error = found.std().item() / math.sqrt(len(found))
    assert lowest < found.mean() < highest
    assert found.mean() - 5 * error > protocols.CHANCE


@pytest.mark.parametrize("letter", ["B", "E"])
def test_a_protocol_that_does_not_look_stays_at_chance(letter):
    found = protocols.on_noise(letter, 60)
    assert abs(found.mean() - protocols.CHANCE) < 3 * found.std() / math.sqrt(60)


def test_trying_a_protocol_leaves_the_random_state_alone_and_can_be_repeated():
    protocols.on_noise.cache_clear()
    before = torch.get_rng_state()
    first = protocols.on_noise("D", 3)
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(7)
    protocols.on_noise.cache_clear()
    assert torch.equal(protocols.on_noise("D", 3), first)
    assert len(first.unique()) > 1, "new noise each time"


def test_halves_have_every_image_once():
    train, test = protocols.halves(9)
    assert sorted([*train.tolist(), *test.tolist()]) == list(range(9))
    assert len(train) == 4


def test_what_is_listed_is_what_runs():
    tree = ast.parse(lesson.listing())
    assert [node.name for node in tree.body] == ["protocol_a", "protocol_b", "protocol_c", "protocol_d"]
    assert [ast.get_docstring(node) for node in tree.body] == [None] * 4, "it would give the answer away"
    assert "protocol_e" in lesson.listing("E")


def test_every_wrong_kind_for_every_protocol_has_a_mistake_by_name():
    wrong = {(letter, kind) for letter in "ABCD" for kind in leak.KINDS if kind != leak.TRUTH[letter]}
    for letter, kind in wrong:
        outcome = lesson.find_the_leak.judge(lambda letter=letter, kind=kind: {**leak.TRUTH, letter: kind})
        assert outcome.how == "named", outcome.text
        assert f"protocol {letter}: on pure noise it reports" in outcome.text
        assert leak.TRUTH[letter] not in outcome.text.replace(kind, "")


# ---- the interval


def test_the_reference_is_judged_by_the_closed_form():
    torch.manual_seed(0)
    scores = interval._scores()
    low, high = lesson.confidence_interval.reference(scores, 0.95, 20_000, 0)
    mean, error = scores.mean().item(), scores.std().item() / math.sqrt(len(scores))
    assert low == pytest.approx(mean - 1.96 * error, abs=0.1 * error)
    assert high == pytest.approx(mean + 1.96 * error, abs=0.1 * error)
    assert lesson.confidence_interval.reference(torch.eye(8)[3], 0.95, 1500, 0) == (0.0, 0.375)


@pytest.mark.parametrize("seed", range(5))
def test_no_luck_is_needed_for_a_right_interval(seed):
    """A right answer passes whatever its draws are."""

    def mine(scores, level, resamples, seed_):
        return lesson.confidence_interval.reference(scores, level, resamples, 1000 * (seed + 1) + seed_)

    assert lesson.confidence_interval.examine(mine).kind == "passed"


@pytest.mark.parametrize(
    "ends",
    [torch.tensor([0.1, 0.2, 0.3]), 0.3, ("low", "high"), (0.1, float("nan"))],
    ids=["three", "one", "words", "nan"],
)
def test_an_interval_is_two_numbers(ends):
    outcome = lesson.confidence_interval.examine(lambda *args: ends)
    assert outcome.mistake in ("wrong shape", "wrong type", "not finite")

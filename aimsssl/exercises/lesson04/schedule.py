"""The learning rate of a step: linear warmup, then half a cosine (arXiv:2002.05709, §2.2; arXiv:1608.03983)."""

import math
from collections.abc import Callable

from aimsssl import optim
from aimsssl.exercises.old_framework import Exercise, Raised, Wrong, call, expect, one_of

TOTAL, WARMUP, PEAK = 50, 10, 0.8


def _rates(student: Callable, steps: range, warmup: int = WARMUP) -> list[float]:
    return [call(student, step, TOTAL, warmup, PEAK) for step in steps]


def _right(steps: range, warmup: int = WARMUP) -> list[float]:
    return [optim.warmup_cosine(step, TOTAL, warmup, PEAK) for step in steps]


def _warming_up(student: Callable) -> None:
    """The first steps climb in a straight line, and the very first one already moves."""
    steps = range(WARMUP)
    right = _right(steps)
    expect(
        f"the rates of steps 0 to {WARMUP - 1} (total_steps {TOTAL}, warmup_steps {WARMUP}, peak {PEAK})",
        _rates(student, steps),
        right,
        likely={
            "division of whole numbers": lambda came: max(came[:-1]) == 0,
            "the first step stands still": lambda came: came[0] == 0 and came[1] > 0,
            "no warmup": lambda came: min(came) > 0.5 * PEAK,
            "peak not used": [rate / PEAK for rate in right],
        },
    )


def _along_the_cosine(student: Callable) -> None:
    """From the end of the warmup to the end of training: half a cosine from the peak to 0, without a jump."""
    steps = range(WARMUP, TOTAL + 1)
    rest = TOTAL - WARMUP

    def curve(form: Callable[[float], float], part: Callable[[int], float] = lambda s: (s - WARMUP) / rest) -> list:
        return [PEAK * form(part(step)) for step in steps]

    def half(t: float) -> float:
        return 0.5 * (1 + math.cos(math.pi * t))

    expect(
        f"the rates of steps {WARMUP} to {TOTAL} (total_steps {TOTAL}, warmup_steps {WARMUP}, peak {PEAK})",
        _rates(student, steps),
        _right(steps),
        likely={
            "cosine over all steps": one_of(
                curve(half, lambda s: s / TOTAL),
                curve(half, lambda s: (s - WARMUP) / TOTAL),
                curve(half, lambda s: s / rest),
            ),
            "twice the peak": curve(lambda t: 2 * half(t)),
            "a rate below zero": lambda came: min(came) < -0.01 * PEAK,
            "degrees for radians": one_of(
                curve(lambda t: 0.5 * (1 + math.cos(180 * t))),
                curve(lambda t: 0.5 * (1 + math.cos(math.radians(math.pi * t)))),
            ),
            "the wrong part of the cosine": one_of(
                curve(lambda t: half(2 * t)), curve(lambda t: math.cos(math.pi * t / 2)), curve(lambda t: half(1 - t))
            ),
            "a straight line down": curve(lambda t: 1 - t),
            "division of whole numbers": lambda came: came[0] > 0 and came[:-1] == [came[0]] * rest,
            "a jump at the joint": lambda came: abs(came[0] - PEAK) > 1e-6,
        },
    )


def _without_warmup(student: Callable) -> None:
    """`warmup_steps=0` is allowed: the cosine begins at once."""
    steps = range(TOTAL + 1)
    try:
        came = _rates(student, steps, warmup=0)
    except Raised as raised:
        if isinstance(raised.error, ZeroDivisionError):
            raise Wrong("warmup of zero steps", "ZeroDivisionError", "a rate", "warmup_steps = 0") from None
        raise
    expect("the rates with warmup_steps 0", came, _right(steps, warmup=0))


warmup_cosine = Exercise(
    lesson="04",
    name="warmup_cosine",
    title="Write the learning rate of a step: linear warmup, then half a cosine.",
    difficulty="●○○",
    minutes=10,
    reference=optim.warmup_cosine,
    hints=(
        "There are two pieces, so there is an `if`. In the first piece, step 0 is the first of warmup_steps equal "
        "stairs, and the last stair reaches the peak.",
        "For the second piece, first compute how far training has come since the warmup ended, as a number from 0 to "
        "1. How many steps are there from the end of the warmup to the end of training?",
        "With that number t, the cosine of math.pi times t goes from 1 to -1. Move it up by 1 and halve it, and it "
        "goes from 1 to 0. The peak multiplies it. In the warmup the peak multiplies (step + 1) over warmup_steps.",
    ),
    checks=(_warming_up, _along_the_cosine, _without_warmup),
    mistakes={
        "division of whole numbers": "`//` rounds down, so the rate is 0 or the full peak and nothing in between.",
        "the first step stands still": "Steps are counted from 0. The rate of step 0 is 0 here, so the first batch "
        "teaches nothing; it should be the first stair, not the floor.",
        "no warmup": "The first rates are already near the peak. The warmup climbs to it.",
        "peak not used": "The rate climbs to 1, whatever `peak` is.",
        "cosine over all steps": "The cosine does not begin where the warmup ends: it is stretched over the wrong "
        "number of steps. Its start and its end belong to what is left after the warmup.",
        "twice the peak": "The cosine piece starts at twice the peak. 1 + cos runs from 2 to 0.",
        "a rate below zero": "A cosine runs from 1 to −1, and a negative rate climbs the loss. Lift it and squeeze "
        "it, so that it runs from 1 to 0.",
        "degrees for radians": "math.cos takes radians. Half a turn is not 180 there.",
        "the wrong part of the cosine": "The rate should fall along half a turn of the cosine: flat at the peak, steep "
        "in the middle, flat at the end. Here it is another part of the turn.",
        "a straight line down": "Both ends are right, the way between them is not: this is linear decay.",
        "a jump at the joint": "The last step of the warmup has the peak, and so has the first step of the cosine. "
        "Here they differ. Look for an off-by-one in the cosine's piece.",
        "warmup of zero steps": "A warmup of 0 steps means no warmup. The division by warmup_steps must then not "
        "happen.",
    },
)

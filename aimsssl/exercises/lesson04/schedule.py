"""The learning rate of a step: linear warmup, then half a cosine (arXiv:2002.05709, §2.2; arXiv:1608.03983)."""

import math
from collections.abc import Callable

from aimsssl import optim
from aimsssl.exercises.framework import Case, Exercise


def _rates(function: Callable, steps: range, total_steps: int, warmup_steps: int, peak: float) -> list:
    return [function(step, total_steps, warmup_steps, peak) for step in steps]


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
    cases=(
        Case("the warmup: steps 0 to 5 of 20, warmup_steps 6, peak 0.8", lambda: (range(6), 20, 6, 0.8), _rates),
        Case("after the warmup: steps 6 to 19 of 20, peak 0.8", lambda: (range(6, 20), 20, 6, 0.8), _rates),
        Case("no warmup: warmup_steps 0, 60 steps, peak 3.0", lambda: (range(60), 60, 0, 3.0), _rates),
    ),
)


def _cosine(step: int, total_steps: int, warmup_steps: int, peak: float, turn: float = math.pi) -> float:
    t = (step - warmup_steps) / (total_steps - warmup_steps)
    return peak * 0.5 * (1 + math.cos(turn * t))


def _stairs(step: int, total_steps: int, warmup_steps: int, peak: float) -> float:
    return peak * (step + 1) / warmup_steps


def slip(
    name: str,
    message: str,
    thought: str,
    looks: Callable | None = None,
    warmup: Callable = _stairs,
    later: Callable = _cosine,
    warm: Callable = lambda step, warmup_steps: step < warmup_steps,
    form: Callable | None = None,
) -> None:
    """A mistake that is right but for one of the pieces; without a thought, another form of it."""

    def wrong(step, total_steps, warmup_steps, peak):
        piece = warmup if warm(step, warmup_steps) else later
        return piece(step, total_steps, warmup_steps, peak)

    wrong.__doc__ = thought
    (warmup_cosine.mistake(name, message, looks) if thought else warmup_cosine.also(name))(form or wrong)


def also_slip(name: str, **changed: Callable) -> None:
    slip(name, "", "", **changed)


slip(
    "a sum without its brackets",
    "The warmup does not climb from stair to stair up to the peak: `*` and `/` come before `+`, so only the 1 was "
    "divided.",
    "s + 1 over W.",
    warmup=lambda s, total, w, peak: peak * s + 1 / w,
)
also_slip("a sum without its brackets", warmup=lambda s, total, w, peak: peak * (s + 1 / w))
slip(
    "π to two digits",
    "The turn is a little too short or too long: π has more digits than were typed in. math.pi has them.",
    "π is 3.14.",
    later=lambda s, total, w, peak: _cosine(s, total, w, peak, turn=3.14),
)
also_slip("π to two digits", later=lambda s, total, w, peak: _cosine(s, total, w, peak, turn=22 / 7))
slip(
    "division of whole numbers",
    "`//` rounds down, so the rate does not climb step by step.",
    "`//` divides.",
    warmup=lambda s, total, w, peak: peak * ((s + 1) // w),
)
also_slip("division of whole numbers", warmup=lambda s, total, w, peak: peak * (s + 1) // w)
also_slip(
    "division of whole numbers",
    warmup=lambda s, total, w, peak: peak * ((s + 1) // w),
    later=lambda s, total, w, peak: peak * 0.5 * (1 + math.cos(math.pi * ((s - w) // (total - w)))),
)
slip(
    "the first step stands still",
    "Steps are counted from 0. The rate of step 0 is 0 here, so the first batch teaches nothing; it should be the "
    "first stair, not the floor.",
    "A warmup starts at 0.",
    warmup=lambda s, total, w, peak: peak * s / w,
)
also_slip("the first step stands still", warmup=lambda s, total, w, peak: peak * s / (w - 1))
slip(
    "one stair too many",
    "The last step of the warmup should have the peak. Here the stairs are one too many, or begin one too high.",
    "From 0 to the peak there are warmup_steps + 1 numbers.",
    warmup=lambda s, total, w, peak: peak * (s + 1) / (w + 1),
)
also_slip("one stair too many", warmup=lambda s, total, w, peak: peak * (s + 2) / w)
slip(
    "no warmup",
    "The first rates are already near the peak. The warmup climbs to it.",
    "The cosine is the schedule.",
    warm=lambda step, warmup_steps: False,
    later=lambda s, total, w, peak: _cosine(s, total, 0, peak),
)
also_slip("no warmup", warmup=lambda s, total, w, peak: peak)
also_slip("no warmup", warm=lambda step, warmup_steps: False)
slip(
    "warmup without an end",
    "The rate climbs on after the warmup. Which condition chooses between the two pieces?",
    "The warmup is the schedule.",
    warm=lambda step, warmup_steps: warmup_steps > 0,
)
slip(
    "the wrong piece first",
    "The two pieces are exchanged: the cosine comes before the end of the warmup, the stairs after it.",
    "`>` for `<`.",
    warm=lambda step, warmup_steps: step >= warmup_steps,
    later=lambda s, total, w, peak: _cosine(s, total, w, peak),
)
slip(
    "a cosine in the warmup",
    "The warmup climbs along a curve. It should climb in a straight line.",
    "Up as it goes down.",
    warmup=lambda s, total, w, peak: peak * 0.5 * (1 - math.cos(math.pi * (s + 1) / w)),
)
slip(
    "peak not used",
    "The rate climbs to 1, or falls from 1, whatever `peak` is.",
    "The warmup goes from 0 to 1.",
    warmup=lambda s, total, w, peak: (s + 1) / w,
)
also_slip("peak not used", later=lambda s, total, w, peak: _cosine(s, total, w, 1.0))
also_slip(
    "peak not used",
    warmup=lambda s, total, w, peak: (s + 1) / w,
    later=lambda s, total, w, peak: _cosine(s, total, w, 1.0),
)
slip(
    "cosine over all steps",
    "The cosine does not begin where the warmup ends: it is stretched over the wrong number of steps. Its start and "
    "its end belong to what is left after the warmup.",
    "The cosine's progress is step / total_steps.",
    later=lambda s, total, w, peak: peak * 0.5 * (1 + math.cos(math.pi * s / total)),
)
for _part in (lambda s, total, w: (s - w) / total, lambda s, total, w: s / (total - w)):
    also_slip(
        "cosine over all steps",
        later=lambda s, total, w, peak, part=_part: peak * 0.5 * (1 + math.cos(math.pi * part(s, total, w))),
    )
slip(
    "the last step brought to exactly 0",
    "The last step has the rate 0, so the last batch teaches nothing. In the formula the rate reaches 0 one step "
    "*after* the last: the cosine runs over as many steps as are left.",
    "At the end the rate is 0, and the last step is total_steps − 1.",
    later=lambda s, total, w, peak: _cosine(s, total - 1, w, peak),
)
slip(
    "twice the peak",
    "The cosine piece starts at twice the peak. 1 + cos runs from 2 to 0.",
    "1 + cos, and the half forgotten.",
    later=lambda s, total, w, peak: 2 * _cosine(s, total, w, peak),
)
slip(
    "half of the peak",
    "The cosine piece starts at half of the peak, and ends there too: 1 was lifted and squeezed in the wrong order.",
    "1 + cos/2.",
    later=lambda s, total, w, peak: peak * (1 + 0.5 * math.cos(math.pi * (s - w) / (total - w))),
)
also_slip(
    "half of the peak",
    later=lambda s, total, w, peak: peak * (0.5 + math.cos(math.pi * (s - w) / (total - w))),
)
also_slip("half of the peak", later=lambda s, total, w, peak: 0.5 * _cosine(s, total, w, peak))
slip(
    "a rate below zero",
    "A cosine runs from 1 to −1, and a negative rate climbs the loss. Lift it and squeeze it, so that it runs from 1 "
    "to 0.",
    "A cosine is a cosine: it ends at −peak.",
    looks=lambda seen: min(seen.came) < 0,
    later=lambda s, total, w, peak: peak * math.cos(math.pi * (s - w) / (total - w)),
)
slip(
    "degrees for radians",
    "math.cos takes radians. Half a turn is not 180 there.",
    "Half a turn is 180.",
    later=lambda s, total, w, peak: _cosine(s, total, w, peak, turn=180),
)
also_slip("degrees for radians", later=lambda s, total, w, peak: _cosine(s, total, w, peak, math.radians(math.pi)))
also_slip("degrees for radians", later=lambda s, total, w, peak: _cosine(s, total, w, peak, math.radians(180) * 180))
slip(
    "the wrong part of the cosine",
    "The rate should fall along half a turn of the cosine: flat at the peak, steep in the middle, flat at the end. "
    "Here it is another part of the turn.",
    "A cosine's period is 2π.",
    later=lambda s, total, w, peak: _cosine(s, total, w, peak, turn=2 * math.pi),
)
for _curve in (
    lambda t: math.cos(math.pi * t / 2),
    lambda t: 0.5 * (1 - math.cos(math.pi * t)),
    lambda t: 0.5 * (1 + math.sin(math.pi * t)),
    lambda t: 0.5 * (1 + math.cos(t)),
    lambda t: 1 - math.sin(math.pi * t / 2),
    lambda t: abs(math.cos(math.pi * t)),
):
    also_slip(
        "the wrong part of the cosine",
        later=lambda s, total, w, peak, curve=_curve: peak * curve((s - w) / (total - w)),
    )
slip(
    "a straight line down",
    "Both ends are right, the way between them is not: this is linear decay.",
    "Down is down.",
    later=lambda s, total, w, peak: peak * (total - s) / (total - w),
)
slip(
    "no way down",
    "After the warmup the rate stays at the peak. It should fall to 0 along half a cosine. (A `//` rounds the way that "
    "has been gone down to 0.)",
    "When it is warm, it is warm.",
    later=lambda s, total, w, peak: peak,
)
slip(
    "a jump at the joint",
    "The last step of the warmup has the peak, and so has the first step of the cosine. Here they differ. Look for an "
    "off-by-one in the cosine's piece.",
    "step + 1 in the warmup, so step + 1 in the cosine.",
    later=lambda s, total, w, peak: _cosine(s + 1, total, w, peak),
)
also_slip("a jump at the joint", later=lambda s, total, w, peak: _cosine(s - 1, total, w, peak))
also_slip("a jump at the joint", later=lambda s, total, w, peak: _cosine(s + 1, total + 1, w, peak))
slip(
    "the warmup one step too long",
    "The first step after the warmup still climbs, and is above the peak. Steps count from 0.",
    "Step W is the last of the warmup.",
    warm=lambda step, warmup_steps: step <= warmup_steps and warmup_steps > 0,
)


@warmup_cosine.mistake(
    "warmup of zero steps",
    "A warmup of 0 steps means no warmup. The division by warmup_steps must then not happen.",
    looks=lambda seen: seen.inputs[2] == 0 and isinstance(seen.trouble.error, ZeroDivisionError),
)
def _(step, total_steps, warmup_steps, peak):
    """The smaller of the two pieces is the rate, and both are always computed."""
    return min(peak * (step + 1) / warmup_steps, _cosine(max(step, warmup_steps), total_steps, warmup_steps, peak))


slip(
    "no warmup taken for one step",
    "warmup_steps was lifted from 0 to 1, against a division by 0. Then step 0 belongs to a warmup that was not asked "
    "for, and the cosine is one step late.",
    "A warmup has at least one step.",
    warm=lambda step, warmup_steps: step < max(1, warmup_steps),
    warmup=lambda s, total, w, peak: peak * (s + 1) / max(1, w),
    later=lambda s, total, w, peak: _cosine(s, total, max(1, w), peak),
)


@warmup_cosine.mistake(
    "no warmup, no cosine",
    "Without a warmup the rate does not fall any more. warmup_steps = 0 leaves out the first piece only.",
)
def _(step, total_steps, warmup_steps, peak):
    """Without a warmup the rate is the peak."""
    return optim.warmup_cosine(step, total_steps, warmup_steps, peak) if warmup_steps else peak


slip(
    "a floor under the rate",
    "Near the end the rate stays at a share of the peak. The contract lets it fall to 0.",
    "A rate of 0 is lost time.",
    later=lambda s, total, w, peak: max(0.1 * peak, peak * 0.5 * (1 + math.cos(math.pi * (s - w) / (total - w)))),
)
for _share in (0.01, 0.05):
    also_slip(
        "a floor under the rate",
        later=lambda s, total, w, peak, share=_share: max(
            share * peak, peak * 0.5 * (1 + math.cos(math.pi * (s - w) / (total - w)))
        ),
    )
    also_slip(
        "a floor under the rate",
        later=lambda s, total, w, peak, share=_share: (
            share * peak + (1 - share) * peak * 0.5 * (1 + math.cos(math.pi * (s - w) / (total - w)))
        ),
    )
slip(
    "both pieces at once",
    "The rate of the warmup is multiplied by the cosine (or added to it). Before the end of the warmup there is no "
    "cosine, and after it no warmup.",
    "The two factors are multiplied.",
    warmup=lambda s, total, w, peak: peak * (s + 1) / w * 0.5 * (1 + math.cos(math.pi * s / total)),
    later=lambda s, total, w, peak: peak * 0.5 * (1 + math.cos(math.pi * s / total)),
)
also_slip(
    "both pieces at once",
    warmup=lambda s, total, w, peak: peak * (s + 1) / w * 0.5 * (1 + math.cos(math.pi * s / total)),
)

"""Answers to `warmup_cosine(step, total_steps, warmup_steps, peak) -> float`, wrong and right."""

import math


def _cosine(step, total_steps, warmup_steps, peak, half_turn=math.pi):
    t = (step - warmup_steps) / (total_steps - warmup_steps)
    return peak * 0.5 * (1 + math.cos(half_turn * t))


def _stairs_then(later, step, warmup_steps, peak):
    return peak * (step + 1) / warmup_steps if step < warmup_steps else later


def rate_with_whole_numbers(step, total_steps, warmup_steps, peak):
    """`//` divides."""
    if step < warmup_steps:
        return peak * ((step + 1) // warmup_steps)
    return _cosine(step, total_steps, warmup_steps, peak)


def rate_that_starts_at_zero(step, total_steps, warmup_steps, peak):
    """A warmup starts at 0."""
    if step < warmup_steps:
        return peak * step / warmup_steps
    return _cosine(step, total_steps, warmup_steps, peak)


def rate_without_warmup(step, total_steps, warmup_steps, peak):
    """The cosine is the schedule."""
    return _cosine(step, total_steps, 0, peak)


def rate_that_ignores_the_peak(step, total_steps, warmup_steps, peak):
    """The warmup goes from 0 to 1."""
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    return _cosine(step, total_steps, warmup_steps, peak)


def rate_over_all_steps(step, total_steps, warmup_steps, peak):
    """The cosine's progress is step / total_steps."""
    return _stairs_then(peak * 0.5 * (1 + math.cos(math.pi * step / total_steps)), step, warmup_steps, peak)


def rate_of_twice_the_peak(step, total_steps, warmup_steps, peak):
    """1 + cos, and the half forgotten."""
    return _stairs_then(2 * _cosine(step, total_steps, warmup_steps, peak), step, warmup_steps, peak)


def rate_below_zero(step, total_steps, warmup_steps, peak):
    """A cosine is a cosine: it ends at −peak."""
    later = peak * math.cos(math.pi * (step - warmup_steps) / (total_steps - warmup_steps))
    return _stairs_then(later, step, warmup_steps, peak)


def rate_in_degrees(step, total_steps, warmup_steps, peak):
    """Half a turn is 180."""
    later = _cosine(step, total_steps, warmup_steps, peak, half_turn=180)
    return _stairs_then(later, step, warmup_steps, peak)


def rate_of_a_full_turn(step, total_steps, warmup_steps, peak):
    """A cosine's period is 2π."""
    later = _cosine(step, total_steps, warmup_steps, peak, half_turn=2 * math.pi)
    return _stairs_then(later, step, warmup_steps, peak)


def rate_in_a_straight_line(step, total_steps, warmup_steps, peak):
    """Down is down."""
    return _stairs_then(peak * (total_steps - step) / (total_steps - warmup_steps), step, warmup_steps, peak)


def rate_with_a_jump(step, total_steps, warmup_steps, peak):
    """step + 1 in the warmup, so step + 1 in the cosine."""
    return _stairs_then(_cosine(step + 1, total_steps, warmup_steps, peak), step, warmup_steps, peak)


def rate_that_needs_a_warmup(step, total_steps, warmup_steps, peak):
    """The smaller of the two pieces is the rate, and both are always computed."""
    return min(peak * (step + 1) / warmup_steps, _cosine(max(step, warmup_steps), total_steps, warmup_steps, peak))


def right_rate(step, total_steps, warmup_steps, peak):
    """In two pieces."""
    if step < warmup_steps:
        return peak * (step + 1) / warmup_steps
    return _cosine(step, total_steps, warmup_steps, peak)


def right_rate_by_half_angle(step, total_steps, warmup_steps, peak):
    """With cos²(x/2) = (1 + cos x)/2."""
    stairs = [peak * k / warmup_steps for k in range(1, warmup_steps + 1)]
    angle = math.pi / 2 * (step - warmup_steps) / (total_steps - warmup_steps)
    return stairs[step] if step < len(stairs) else peak * math.cos(angle) ** 2


WRONG = {
    "division of whole numbers": (rate_with_whole_numbers, "rounds down"),
    "the first step stands still": (rate_that_starts_at_zero, "counted from 0"),
    "no warmup": (rate_without_warmup, "already near the peak"),
    "peak not used": (rate_that_ignores_the_peak, "whatever `peak` is"),
    "cosine over all steps": (rate_over_all_steps, "wrong number of steps"),
    "twice the peak": (rate_of_twice_the_peak, "twice the peak"),
    "a rate below zero": (rate_below_zero, "negative rate"),
    "degrees for radians": (rate_in_degrees, "radians"),
    "the wrong part of the cosine": (rate_of_a_full_turn, "part of the turn"),
    "a straight line down": (rate_in_a_straight_line, "linear decay"),
    "a jump at the joint": (rate_with_a_jump, "off-by-one"),
    "warmup of zero steps": (rate_that_needs_a_warmup, "0 steps means no warmup"),
}

RIGHT = [right_rate, right_rate_by_half_angle]

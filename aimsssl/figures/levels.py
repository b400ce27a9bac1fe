"""Lesson 03: the loss beside its levels, chance and floor, against the batch size and through a training."""

from collections.abc import Mapping, Sequence
from math import log

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .parts import BLUE, GREY, INK, ORANGE, colours, markers, name_ends, tidy, with_alt

SMOOTHED = 10  # steps of a mean: a batch has easy and hard draws


def chance_and_floor(
    batch_sizes: Sequence[int], chance: Sequence[float], floors: Mapping[float, Sequence[float]]
) -> Figure:
    """Chance and the floor at some temperatures `{τ: values}` against the number of images in a batch."""
    figure = Figure(figsize=(6.8, 3.5), layout="constrained")
    axes = figure.add_subplot()
    lines = [("chance, log(2N−1)", chance, INK, "-")]
    lines += [(f"floor, τ = {tau:g}", f, c, "--") for (tau, f), c in zip(floors.items(), colours(), strict=False)]
    top = 1.06 * max(chance)
    for _, values, colour, style in lines:
        axes.plot(batch_sizes, values, style, color=colour, lw=2.2)
    axes.set_xscale("log", base=2)
    axes.set(xlabel="images in a batch, N (log scale)", ylabel="loss (nats)", ylim=(0, top))
    name_ends(axes, [(name, values[-1], colour) for name, values, colour, _ in lines], 0.075 * top, size=10)
    axes.set_xticks(batch_sizes, [str(n) for n in batch_sizes], fontsize=9)
    axes.minorticks_off()
    tidy(axes, grid="y")
    first, last = batch_sizes[0], batch_sizes[-1]
    told = "; ".join(f"{name}: {v[0]:.2f} at N = {first}, {v[-1]:.2f} at N = {last}" for name, v, _, _ in lines)
    return with_alt(figure, f"Levels of NT-Xent against the batch size. {told}.")


def loss_by_epoch(curves: Mapping[str, tuple[Sequence[float], Sequence[float]]], levels: Mapping[str, float]) -> Figure:
    """Losses of one or more runs, `{name: (epochs, losses)}`, beside horizontal levels such as chance and floor."""
    figure = Figure(figsize=(6.8, 3.2), layout="constrained")
    axes = figure.add_subplot()
    for (epochs, losses), colour, marker in zip(curves.values(), colours(), markers(), strict=False):
        axes.plot(epochs, losses, marker + "-", color=colour, lw=2, ms=5, clip_on=False, zorder=3)
    lasts = [(f"{name}, now {losses[-1]:.2f}", losses[-1]) for name, (_, losses) in curves.items()]
    axes.set_ylim(0, 1.1 * max([*levels.values(), *(x for _, losses in curves.values() for x in losses)]))
    mark_levels(axes, levels, lasts)
    axes.set(xlabel="epoch (0: before training)", ylabel="loss (nats)")
    axes.set_xlim(0, max(max(epochs) for epochs, _ in curves.values()))
    axes.xaxis.get_major_locator().set_params(integer=True)
    tidy(axes)
    told = "; ".join(f"{name} from {losses[0]:.2f} to {losses[-1]:.2f}" for name, (_, losses) in curves.items())
    lines = ", ".join(f"{name} {value:.2f}" for name, value in levels.items())
    return with_alt(figure, f"Loss over the epochs: {told}. Levels: {lines}.")


def mark_levels(axes: Axes, levels: Mapping[str, float], lasts: Sequence[tuple[str, float]] = ()) -> None:
    """Dashed lines, named at the right edge, and names for the ends of curves, moved apart where they would meet."""
    ends = [(f"{name} {value:.2f}", value, GREY) for name, value in levels.items()]
    ends += [(name, value, colour) for (name, value), colour in zip(lasts, colours(), strict=False)]
    for value in levels.values():
        axes.axhline(value, color=GREY, lw=1.2, ls="--", zorder=0)
    name_ends(axes, ends, 0.085 * axes.get_ylim()[1])


def loss_and_found(losses: Sequence[float], found: Sequence[float], images: int, steps: int) -> Figure:
    """NT-Xent of each step so far, and the share of views that found their partner, each beside its chance level.

    Args:
        losses, found: one a step; `found` in [0, 1].
        images: N of the batch, from which chance follows: log(2N − 1), and 1/(2N − 1).
        steps: of the whole training, for the axis.
    """
    candidates = 2 * images - 1
    percent, guess = [100 * share for share in found], 100 / candidates
    figure = Figure(figsize=(7.6, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    for axes, values, chance, written, colour in (
        (left, losses, log(candidates), f"chance\n{log(candidates):.2f}", BLUE),
        (right, percent, guess, f"chance\n{guess:.1f} %", ORANGE),
    ):
        axes.axhline(chance, color=GREY, lw=1.2, ls="--", zorder=0)
        axes.plot(values, color=colour, lw=1, alpha=0.4)
        axes.plot(_smoothed(values), color=colour, lw=2.4)
        axes.plot(0, values[0], "o", color=colour, ms=6, clip_on=False)
        axes.text(1.02, chance, written, transform=axes.get_yaxis_transform(), va="center", fontsize=9, color=GREY)
        axes.set(xlabel="step", xlim=(0, max(steps - 1, 1)))
        axes.xaxis.get_major_locator().set_params(integer=True)
        tidy(axes, grid="y")
    left.set(title=f"loss, now {_smoothed(losses)[-1]:.2f}", ylabel="NT-Xent (nats)")
    left.set_ylim(0, 1.1 * max([*losses, log(candidates)]))
    right.set(title=f"partner found, now {_smoothed(percent)[-1]:.0f} %", ylabel="% of the views", ylim=(0, 100))
    return with_alt(
        figure,
        f"Step {len(losses) - 1}, {images} images. Loss from {losses[0]:.2f} (chance {log(candidates):.2f}) to "
        f"{_smoothed(losses)[-1]:.2f}; partner found by {percent[0]:.1f} % of the views (chance {guess:.1f} %), then "
        f"{_smoothed(percent)[-1]:.0f} %. The ends are means of the last {min(SMOOTHED, len(losses))} steps.",
    )


def _smoothed(values: Sequence[float]) -> np.ndarray:
    """At each step the mean of it and the steps before, as many as `SMOOTHED`."""
    total = np.cumsum([0.0, *values])
    last = np.arange(1, len(values) + 1)
    first = np.maximum(last - SMOOTHED, 0)
    return (total[last] - total[first]) / (last - first)

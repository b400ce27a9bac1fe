"""The parts of a network in one drawing, which lessons 01, 02 and 03 share."""

from math import log2

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from .parts import BLUE, GREY, INK, PALETTE, picture, plan_arrow, plan_box, with_alt

HEAD, CROSS = PALETTE[2], PALETTE[3]
WIDTH, HEIGHT, MIDDLE = 10.4, 3.6, 1.85  # of the drawing, in its own units
CELL = 0.21


def encoder_and_head(
    image: np.ndarray,
    d_feature: int,
    d_out: int,
    *,
    output: str = "z",
    encoder: str = "",
    head: str = "",
    thrown_away: bool = False,
) -> Figure:
    """Input → encoder → h → head → output, with the size of each.

    Args:
        image: what the encoder sees, `[C, H, W]`, uint8 or float in [0, 1].
        d_feature: how many numbers h has.
        d_out: how many numbers the output has.
        output: what the head gives, for example z, or scores.
        encoder, head: what they are made of, a word or two below their names.
        thrown_away: cross the head out: after the training only encoder and h are kept.
    """
    if d_feature < 1 or d_out < 1:
        raise ValueError(f"d_feature and d_out must be at least 1, got {d_feature} and {d_out}")
    figure = Figure(figsize=(7.2, 7.2 * HEIGHT / WIDTH))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(0, HEIGHT))
    axes.axis("off")
    late = "#858585" if thrown_away else HEAD

    picture(axes.inset_axes((0.35, MIDDLE - 0.7, 1.4, 1.4), transform=axes.transData), image, "#cccccc")
    _name(axes, 1.05, "input", " × ".join(map(str, np.shape(image))), INK)
    plan_arrow(axes, 1.85, MIDDLE, 2.4, MIDDLE)
    plan_box(axes, (2.5, MIDDLE), (1.95, 1.5), f"encoder\n{encoder}".rstrip(), BLUE)
    plan_arrow(axes, 4.55, MIDDLE, 5.1, MIDDLE)
    _vector(axes, 5.3, "h", d_feature, BLUE)
    plan_arrow(axes, 5.65, MIDDLE, 6.2, MIDDLE)
    plan_box(axes, (6.3, MIDDLE), (1.95, 1.5), f"head\n{head}".rstrip(), late)
    plan_arrow(axes, 8.35, MIDDLE, 8.9, MIDDLE)
    _vector(axes, 9.25, output, d_out, late)
    if thrown_away:
        for down in (-1, 1):
            axes.plot((6.35, 8.2), (MIDDLE - 0.7 * down, MIDDLE + 0.7 * down), color=CROSS, lw=2.5)
        _bracket(axes, 2.45, 5.6, "kept", BLUE)
        _bracket(axes, 6.25, 9.6, "after the training: thrown away", CROSS)
    crossed = " The head and its output are crossed out: after the training only encoder and h are kept."
    return with_alt(
        figure,
        f"The encoder{_of(encoder)} turns an input of {' × '.join(map(str, np.shape(image)))} numbers into h, "
        f"{d_feature} numbers; the head{_of(head)} turns h into {output}, {d_out} numbers." + crossed * thrown_away,
    )


def _of(made: str) -> str:
    return f" ({' '.join(made.split())})" if made else ""


def _name(axes: Axes, x: float, name: str, size: str, colour: str) -> None:
    axes.text(x, 0.52, name, ha="center", va="center", fontsize=12, fontweight="bold", color=colour)
    axes.text(x, 0.2, size, ha="center", va="center", fontsize=9.5, color=GREY)


def _vector(axes: Axes, x: float, name: str, size: int, colour: str) -> None:
    """A column of cells around `x`: all of them where there are few, else more for a longer vector."""
    cells = min(size, 2 + round(log2(size)))
    for i in range(cells):
        corner = (x - CELL / 2, MIDDLE + (i - cells / 2) * CELL)
        axes.add_patch(Rectangle(corner, CELL, CELL, fc=colour + "33", ec=colour, lw=1.2))
    _name(axes, x, name, f"{size} numbers", colour)


def _bracket(axes: Axes, left: float, right: float, text: str, colour: str) -> None:
    y = HEIGHT - 0.5
    axes.plot((left, left, right, right), (y - 0.12, y, y, y - 0.12), color=colour, lw=1.5)
    axes.text((left + right) / 2, y + 0.08, text, ha="center", va="bottom", fontsize=10, color=colour)

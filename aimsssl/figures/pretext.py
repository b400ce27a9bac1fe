"""Pretext tasks: what a network says of turned images, of a hole, of shuffled tiles."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from .augmentations import picture_rows
from .parts import BLUE, GREY, INK, picture, short, tidy, with_alt

MOST = 50  # classes that are drawn: 200 panels take a minute and a half
TURNS = ("0", "90", "180", "270")


def rotation_confusion(counts: np.ndarray, classes: Sequence[str]) -> Figure:
    """A 4×4 map for each class: how often an image turned so far (row) was said to be turned so far (column).

    Args:
        counts: `[classes, turns, answers]`, see `aimsssl.pretext.rotation_confusion`.
        classes: their names.
    """
    counts = np.asarray(counts, dtype=float)
    shares = counts / counts.sum(axis=2, keepdims=True).clip(1)
    right = shares.diagonal(axis1=1, axis2=2).mean(axis=1)
    told = ", ".join(f"{name} {rate:.2f}" for name, rate in zip(classes, right, strict=True))
    shown = np.sort(right.argsort(kind="stable")[:MOST])  # where there are more, those that are most often wrong
    only = f" Drawn are the {MOST} of {len(classes)} classes with the fewest." if len(classes) > MOST else ""
    classes, shares, right = [classes[i] for i in shown], shares[shown], right[shown]
    columns = min(5, len(classes))
    lines = -(-len(classes) // columns)
    figure = Figure(figsize=(8.2, 1.95 * lines + 0.5), layout="constrained")
    grid = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
    for axes in grid.flat[len(classes) :]:
        axes.axis("off")
    for axes, name, share, rate in zip(grid.flat, classes, shares, right, strict=False):
        image = axes.imshow(share, cmap="cividis", vmin=0, vmax=1)
        axes.set_title(f"{short(name, 16)}\n{rate:.2f} right", fontsize=10.5)
        axes.set_xticks(range(4), TURNS, fontsize=9.5)
        axes.set_yticks(range(4), TURNS, fontsize=9.5)
        axes.tick_params(length=0)
    figure.supxlabel("turn that the network said (degrees)" + only.lower().rstrip("."), fontsize=10)
    figure.supylabel("turn that was made (degrees)", fontsize=10)
    figure.colorbar(image, ax=grid, label="share of the row", shrink=0.8, ticks=(0, 0.5, 1))
    return with_alt(
        figure,
        f"For each class a 4 by 4 map of the turn that was made against the turn that was said; right answers lie on "
        f"the diagonal. Share of right answers, chance 0.25: {told}.{only}",
    )


def numbered_tiles(
    rows: Mapping[str, np.ndarray],
    numbers: Mapping[str, np.ndarray],
    titles: Sequence[str] = (),
    gap: int = 2,
    side: float = 1.3,
) -> Figure:
    """`picture_rows`, with the number of its tile on each tile of the rows that have `numbers`.

    Args:
        rows: pictures `[K, C, S, S]` by name; those with numbers are tiles row by row with `gap` pixels between.
        numbers: of the tiles, `[K, T]`, T a square number, by the name of the row.
        titles: of the columns.
        gap: pixels between tiles.
        side: of a picture, in inches.
    """
    figure = picture_rows(rows, titles, side)
    columns, told = max(len(pictures) for pictures in rows.values()), []
    for line, name in enumerate(rows):
        for axes, order in zip(figure.axes[line * columns :], numbers.get(name, ()), strict=False):
            grid = round(len(order) ** 0.5)
            pitch = (axes.images[0].get_array().shape[0] + gap) / grid  # from tile to tile
            for place, tile in enumerate(order):
                x, y = (place % grid + 0.5) * pitch - gap, (place // grid + 0.5) * pitch - gap
                axes.text(x, y, str(tile), ha="center", va="center", fontsize=10, color=INK,
                          bbox=dict(boxstyle="circle,pad=0.15", fc="white", ec="none", alpha=0.85))  # fmt: skip
        if name in numbers:
            told.append(f"{name}: " + ", ".join(" ".join(map(str, order)) for order in numbers[name]))
    return with_alt(figure, f"{figure.alt_text} Numbers of the tiles, row by row, in {'; '.join(told)}.")


def task_and_answer(
    pictures: Mapping[str, np.ndarray], bars: Mapping[str, float], right: str, title: str, xlabel: str, top: float = 1.0
) -> Figure:
    """Pictures of a task in a row, and the network's answer as bars; the bar called `right` is the blue one.

    Args:
        pictures: `[C, H, W]` by their captions, uint8 or float in [0, 1].
        bars: a number by name.
        right: the name of one bar.
        title, xlabel: of the bars.
        top: where their axis ends.
    """
    figure = Figure(figsize=(8.2, 2.7), layout="constrained")
    widths = [1.0] * len(pictures) + [0.95 * (4 - len(pictures)) + 0.1]
    *left, axes = figure.subplots(1, len(pictures) + 1, width_ratios=widths)
    for panel, (name, image) in zip(left, pictures.items(), strict=True):
        picture(panel, image)
        panel.set_title(name, fontsize=10)
    names, values = list(bars), np.array(list(bars.values()))
    drawn = axes.barh(names, values, color=[BLUE if name == right else GREY for name in names], height=0.62)
    digits = 2 if top >= 1 else 3
    axes.bar_label(drawn, [f"{value:.{digits}f}" for value in values], padding=3, fontsize=9.5)
    axes.set(xlim=(0, top), xlabel=xlabel, xticks=(0, top / 2, top))
    axes.set_title(title, fontsize=10)
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0, labelsize=9.5)
    for label in axes.get_yticklabels():
        label.set(fontweight="bold" if label.get_text() == right else "normal", color=INK)
    tidy(axes)
    told = ", ".join(f"{name} {value:.{digits}f}" for name, value in bars.items())
    return with_alt(figure, f"Pictures: {'; '.join(pictures)}. {title}, {xlabel}: {told}. Blue: {right}.")

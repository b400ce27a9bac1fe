"""Augmentations: what they do to pictures and to colours, and what a representation keeps under them."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .parts import GREY, ORANGE, ends_of, picture, readable_on, tidy, with_alt

CHANNELS = {"red": "#c1272d", "green": "#009e73", "blue": "#0173b2"}
DASHES = ("-", "--", ":")  # so that the channels are told apart without colour
BINS = 16


def picture_rows(rows: Mapping[str, np.ndarray], titles: Sequence[str] = (), side: float = 1.15) -> Figure:
    """Rows of pictures by name, each `[K, C, H, W]`, uint8 or float in [0, 1]; column `titles`, `side` in inches."""
    count = max(len(pictures) for pictures in rows.values())
    if len(titles) > count:
        raise ValueError(f"titles must be at most one a column, {count}, got {len(titles)}")
    figure = Figure(figsize=(side * count + 0.95, side * len(rows) + 0.3 * bool(titles)), layout="constrained")
    grid = figure.subplots(len(rows), count, squeeze=False)
    for line, (name, pictures) in zip(grid, rows.items(), strict=True):
        for axes in line[len(pictures) :]:
            axes.axis("off")
        for axes, image in zip(line, pictures, strict=False):
            picture(axes, image)
        line[0].set_ylabel(name, fontsize=10.5, rotation=0, ha="right", va="center")
    for axes, title in zip(grid[0], titles, strict=False):
        axes.set_title(title, fontsize=10)
    told = f" Columns from the left: {', '.join(titles)}." if titles else ""
    return with_alt(figure, f"A grid of pictures, up to {count} in a row. Rows from the top: {'; '.join(rows)}.{told}")


def histogram(axes: Axes, image: np.ndarray) -> None:
    """Share of the pixels of `[C, H, W]` in each of 16 equal bins of brightness, a line a channel."""
    image = image / 255 if image.dtype == np.uint8 else image.clip(0, 1)
    edges = np.linspace(0, 1, BINS + 1)
    colours = CHANNELS if len(image) == 3 else {"grey": GREY}
    for (name, colour), dash, channel in zip(colours.items(), DASHES, image, strict=False):
        share = np.histogram(channel, edges)[0] / channel.size
        axes.stairs(share, edges, color=colour, ls=dash, lw=1.5, label=name)
    axes.set(xlim=(0, 1), ylim=(0, None), xticks=(0, 0.5, 1), yticks=())
    axes.tick_params(labelsize=8.5)
    tidy(axes)
    axes.spines["left"].set_visible(False)


def colour_histograms(pictures: np.ndarray, names: Sequence[str]) -> Figure:
    """Pictures `[K, C, H, W]`, float in [0, 1], and below each the histogram of its channels."""
    figure = Figure(figsize=(min(7.2, 2.2 * len(pictures)), 3.6), layout="constrained")
    grid = figure.subplots(2, len(pictures), squeeze=False, height_ratios=(1.5, 1))
    for (above, below), image, name in zip(grid.T, pictures, names, strict=True):
        picture(above, image)
        above.set_title(name, fontsize=10.5)
        histogram(below, image)
    top = max(axes.get_ylim()[1] for axes in grid[1])
    for axes in grid[1]:
        axes.set_ylim(0, top)
        axes.set_xlabel("brightness (0 to 1)", fontsize=9)
    grid[1, 0].set_ylabel("share of pixels", fontsize=9)
    handles, labels = grid[1, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=9.5)
    told = "; ".join(f"{name}: {_mean_colour(image)}" for name, image in zip(names, pictures, strict=True))
    return with_alt(figure, f"{len(pictures)} pictures with the histograms of their channels. Mean of each: {told}.")


def _mean_colour(image: np.ndarray) -> str:
    names = CHANNELS if len(image) == 3 else ("grey",)
    return ", ".join(f"{name} {channel.mean():.2f}" for name, channel in zip(names, image, strict=False))


def composition_grid(
    scores: Mapping[str, Mapping[str, float]], levels: Mapping[str, float], measure: str = "linear probe of h"
) -> Figure:
    """A triangle of accuracies: `scores[a][b]` of the transforms a and b together, `scores[a][a]` of a alone.

    The order of two transforms is fixed, so that each pair stands once, in the row of the later name. `levels` are
    other accuracies by name, to compare with.
    """
    names = list(scores)
    table = np.array([[scores[a].get(b, np.nan) for b in names] for a in names])
    figure = Figure(figsize=(5.6, 4.6), layout="constrained")
    axes = figure.add_subplot()
    image = _heatmap(axes, table, names, names, vmax=np.nanmax([*table.flat, *levels.values()]))
    axes.set(xlabel="and this one (on the diagonal: nothing else)", ylabel="this transform")
    axes.set_title("   ".join(f"{name} {value:.2f}" for name, value in levels.items()), fontsize=10)
    figure.colorbar(image, label=f"share correct, {measure}", shrink=0.85)
    told = "; ".join(
        f"{a} alone {scores[a][b]:.2f}" if a == b else f"{a} with {b} {scores[a][b]:.2f}"
        for a in names
        for b in names
        if b in scores[a]
    )
    compared = ", ".join(f"{name} {value:.2f}" for name, value in levels.items())
    pairs = {f"{a} with {b}" if a != b else f"{a} alone": scores[a][b] for a in names for b in names if b in scores[a]}
    return with_alt(
        figure,
        f"Triangle of accuracies, {measure}. {told}. To compare: {compared}.",
        f"Triangle of accuracies, {measure}, {ends_of(pairs)}. To compare: {compared}.",
        {a: {b: f"{scores[a][b]:.2f}" for b in names if b in scores[a]} for a in names},
    )


def factor_heatmap(
    kept: Mapping[str, Mapping[str, float]], label: str = "kept, from chance (0) to perfect (1)"
) -> Figure:
    """`kept[representation][factor]`, a share of the way from chance to perfect: a row a representation."""
    rows, factors = list(kept), list(next(iter(kept.values())))
    table = np.array([[kept[row][factor] for factor in factors] for row in rows])
    figure = Figure(figsize=(7.4, 0.36 * len(rows) + 1.55), layout="constrained")
    axes = figure.add_subplot()
    image = _heatmap(axes, table, rows, factors, vmax=1)
    axes.xaxis.set_ticks_position("top")
    figure.colorbar(
        image, label="kept, from chance (0) to perfect (1)", orientation="horizontal", shrink=0.6, aspect=40
    )
    told = "; ".join(
        f"{row}: " + ", ".join(f"{factor} {value:.2f}" for factor, value in kept[row].items()) for row in rows
    )
    return with_alt(
        figure,
        f"How much of each factor is kept, from chance (0) to perfect (1). {told}.",
        f"How much of {len(factors)} factors is kept, from chance (0) to perfect (1). Kept best by each: "
        + "; ".join(f"{row}: {(best := max(kept[row], key=kept[row].get))} {kept[row][best]:.2f}" for row in rows)
        + ".",
        {row: {factor: f"{value:.2f}" for factor, value in kept[row].items()} for row in rows},
    )


def _heatmap(axes: Axes, table: np.ndarray, rows: Sequence[str], columns: Sequence[str], vmax: float):
    """Numbers `[R, K]` from 0 up as colours and as text; NaN stays empty."""
    image = axes.imshow(table, cmap="cividis", vmin=0, vmax=vmax, aspect="auto")
    for (row, column), value in np.ndenumerate(table):
        if not np.isnan(value):
            text = f"{max(value, 0.0):.2f}"  # R² a little below 0 is chance, too
            colour = readable_on(image.to_rgba(value))
            axes.text(column, row, text, ha="center", va="center", fontsize=9.5, color=colour)
    axes.set_xticks(range(len(columns)), [name.replace("_", "\n") for name in columns], fontsize=9.5)
    axes.set_yticks(range(len(rows)), rows, fontsize=9.5)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return image


def _letter(number: int) -> str:
    """A, B, …, Z, then 27, 28, …"""
    return chr(ord("A") + number) if number < 26 else str(number + 1)


def views_and_riddle(
    image: np.ndarray,
    views: Sequence[np.ndarray],
    question: np.ndarray,
    candidates: Sequence[np.ndarray],
    answer: int,
    found: float,
    among: int,
    reveal: bool = False,
) -> Figure:
    """One image and its two views with histograms; below, a riddle: which candidate is the partner of `question`?

    Args:
        image, views, question, candidates: pictures `[C, H, W]`.
        answer: number of the right candidate, framed where `reveal`.
        found, among: how often colour histograms alone find a view's partner, and among how many views.
    """
    figure = Figure(figsize=(7.2, 5.3), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(1.75, 1))
    grid = above.subplots(2, 3, height_ratios=(1.7, 1))
    for column, (name, shown) in enumerate(zip(("image", "view 1", "view 2"), (image, *views), strict=True)):
        picture(grid[0, column], shown)
        grid[0, column].set_title(name, fontsize=10.5)
        histogram(grid[1, column], shown)
        grid[1, column].set_xlabel("brightness", fontsize=8.5)
    top = max(axes.get_ylim()[1] for axes in grid[1])
    for axes in grid[1]:
        axes.set_ylim(0, top)
    grid[1, 0].set_ylabel("share of pixels", fontsize=8.5)
    handles, labels = grid[1, 0].get_legend_handles_labels()
    above.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=9)

    below.suptitle(
        f"Can you still tell? Colour histograms alone find {found:.0%} of the partners, each among {among} views",
        fontsize=10.5,
    )
    line = below.subplots(1, len(candidates) + 2, width_ratios=[1, 0.3, *[1] * len(candidates)])
    line[1].axis("off")
    line[1].text(0.5, 0.5, "?", ha="center", va="center", fontsize=18, color=GREY)
    picture(line[0], question)
    line[0].set_title("a view", fontsize=10)
    for number, (axes, candidate) in enumerate(zip(line[2:], candidates, strict=True)):
        picture(axes, candidate, ORANGE if reveal and number == answer else None)
        axes.set_title(_letter(number) + (" ← partner" if reveal and number == answer else ""), fontsize=10)
    told = f"The partner is {_letter(answer)}, framed." if reveal else "The answer is not shown."
    return with_alt(
        figure,
        f"An image and two views of it with their colour histograms; means: view 1 {_mean_colour(views[0])}; view 2 "
        f"{_mean_colour(views[1])}. Below, a view and {len(candidates)} candidates for its partner. {told} Colour "
        f"histograms alone find {found:.0%} of the partners, each among {among} views.",
    )

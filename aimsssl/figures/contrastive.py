"""Lesson 03: what NT-Xent sees and does: points on a circle, shares of the push, levels of the loss, memory."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle

from .levels import mark_levels
from .parts import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PALETTE,
    colours,
    frame,
    in_legend,
    markers,
    note,
    readable_on,
    tidy,
    with_alt,
)

MATRIX_NUMBERS = 6  # views up to which a matrix has its numbers written in


# ---- points on a circle


def circles(
    states: Mapping[str, np.ndarray],
    below: Sequence[str] = (),
    asking: int | None = None,
    shares: Sequence[np.ndarray] = (),
) -> Figure:
    """The 2N views `[2N, 2]` of each state on a circle, partners in one colour and joined by a line.

    Args:
        states: unit rows by title, the N first views before the N second ones.
        below: words under each circle.
        asking: a view whose push is shown; None for none.
        shares: for each state `[2N]`, the share of that push on each view.
    """
    columns = len(states)
    width = 7.6 if columns > 2 else 5.6
    height = width / columns + (0.95 if len(below) else 0.65)
    figure = Figure(figsize=(width, height))
    for number, (axes, (title, points)) in enumerate(
        zip(figure.subplots(1, columns, squeeze=False)[0], states.items(), strict=True)
    ):
        _circle(axes, points, asking, shares[number] if len(shares) else None)
        axes.set_title(title, fontsize=10.5)
        if len(below):
            axes.set_xlabel(below[number], fontsize=9.5, labelpad=4)
    bottom = (0.7 if len(below) else 0.35) / height
    figure.subplots_adjust(left=0.01, right=0.99, top=1 - 0.28 / height, bottom=bottom, wspace=0.06)
    handles = [
        Line2D([], [], marker="o", color=GREY, ls="none", ms=6, label="first view"),
        Line2D([], [], marker="o", mfc="none", mec=GREY, mew=1.6, ls="none", ms=9, label="second view"),
    ]
    figure.legend(handles=handles, loc="lower center", ncols=2, frameon=False, fontsize=9, handletextpad=0.1)
    n = len(next(iter(states.values()))) // 2
    told = [f"{title}: partners lie {_degrees_apart(points):.0f} degrees apart" for title, points in states.items()]
    if len(below):
        told = [f"{said}, {' '.join(words.split())}" for said, words in zip(told, below, strict=True)]
    return with_alt(figure, f"The two views of {n} images as points on a circle, {columns} times. {'; '.join(told)}.")


def circle_and_loss(
    points: np.ndarray,
    losses: Sequence[float],
    step: int,
    levels: Mapping[str, float],
    asking: int,
    shares: np.ndarray,
) -> Figure:
    """One step of points that move under the loss: the circle with one view's push, and the loss over all steps.

    Args:
        points: `[2N, 2]` unit rows at `step`.
        losses: of every step.
        levels: horizontal lines by name, for example chance and floor.
        asking: the view whose push is shown.
        shares: `[2N]`, the share of its push on each view; 0 for itself and its positive.
    """
    figure = Figure(figsize=(7.2, 3.5), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.15))
    _circle(left, points, asking, shares)
    left.set_title(f"step {step}", fontsize=10.5)
    left.set_xlabel("black ring: the view that asks\nwidth of a line: share of its push", fontsize=9)
    right.plot(losses, color=BLUE, lw=2)
    right.plot(step, losses[step], "o", color=BLUE, ms=8, clip_on=False, zorder=4)
    offset = (8, 8) if step < 0.8 * len(losses) else (-24, 10)
    note(right, f"{losses[step]:.2f}", step, losses[step], offset, INK)
    right.set(xlabel="step", ylabel="loss (nats)", xlim=(0, len(losses) - 1))
    right.set_ylim(0, 1.1 * max([*losses, *levels.values()]))
    mark_levels(right, levels)
    tidy(right)
    most = int(shares.argmax())
    lines = ", ".join(f"{name} {value:.2f}" for name, value in levels.items())
    return with_alt(
        figure,
        f"Step {step} of {len(losses) - 1}: {len(points)} views on a circle, partners "
        f"{_degrees_apart(points):.0f} degrees apart on average; loss {losses[step]:.2f}, at the start "
        f"{losses[0]:.2f}, at the end {losses[-1]:.2f} ({lines}). View {asking} pushes most against view {most}, with "
        f"{shares[most]:.0%} of its push.",
    )


def _circle(axes: Axes, points: np.ndarray, asking: int | None, shares: np.ndarray | None) -> None:
    n = len(points) // 2
    axes.add_patch(Circle((0, 0), 1, fc="none", ec="#cccccc", lw=1.2, zorder=0))
    if asking is not None and shares is not None:
        for point, share in zip(points, shares, strict=True):
            if share > 0.002:
                axes.plot(*np.stack([points[asking], point]).T, color="#9a9a9a", lw=0.4 + 9 * share, zorder=1)
    for image in range(n):
        pair, colour = points[[image, image + n]], PALETTE[image % len(PALETTE)]
        axes.plot(*pair.T, color=colour, lw=1.6, zorder=2)
        axes.plot(*pair[0], "o", color=colour, ms=6, zorder=3)
        axes.plot(*pair[1], "o", mfc="none", mec=colour, mew=1.8, ms=10, zorder=3)
    if asking is not None:
        axes.plot(*points[asking], "o", mfc="none", mec=INK, mew=1.6, ms=15, zorder=4)
    axes.set(xlim=(-1.22, 1.22), ylim=(-1.22, 1.22), aspect="equal", xticks=(), yticks=())
    axes.spines[:].set_visible(False)


def _degrees_apart(points: np.ndarray) -> float:
    """The mean angle between the two views of an image."""
    n = len(points) // 2
    return float(np.degrees(np.arccos(np.clip((points[:n] * points[n:]).sum(axis=1), -1, 1))).mean())


# ---- the matrix


def similarities_and_shares(
    similarity: np.ndarray, shares: np.ndarray, positives: np.ndarray, temperature: float, names: Sequence[str] = ()
) -> Figure:
    """Two matrices `[2N, 2N]`: the cosines, and what the softmax of each row makes of them; positives are framed."""
    figure = Figure(figsize=(7.4, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    _matrix(left, similarity, positives, names, "RdBu_r", -1)
    left.set_title("cosine similarity", fontsize=10.5)
    _matrix(right, shares, positives, names, "Blues", 0)
    right.set_title(f"softmax of each row, τ = {temperature:g}", fontsize=10.5)
    index = np.arange(len(similarity))
    told = ", ".join(
        f"{round(s, 2) + 0.0:.2f} and {p:.2f}"
        for s, p in zip(similarity[index, positives], shares[index, positives], strict=True)
    )
    return with_alt(
        figure,
        f"Left: cosine similarities of {len(similarity)} views, the diagonal grey. Right: the softmax of each row at "
        f"temperature {temperature:g}. Similarity and probability of the positives, row by row: {told}.",
    )


def _matrix(
    axes: Axes, values: np.ndarray, positives: np.ndarray, names: Sequence[str], colours: str, low: float
) -> None:
    views = len(values)
    shown = np.where(np.eye(views, dtype=bool), np.nan, values)
    high = 1 if low < 0 or views <= MATRIX_NUMBERS else np.nanmax(shown)  # many candidates share little each
    image = axes.imshow(shown, cmap=colours, vmin=low, vmax=high)
    axes.set_facecolor("#d9d9d9")
    for row, column in enumerate(positives):
        axes.add_patch(frame(column, row, INK)).set_linewidth(min(1.6, 24 / views))
    if views <= MATRIX_NUMBERS:
        for (row, column), value in np.ndenumerate(shown):
            if row != column:
                colour, text = readable_on(image.to_rgba(value)), f"{round(value, 2) + 0.0:.2f}"
                axes.text(column, row, text, ha="center", va="center", fontsize=9.5, color=colour)
    else:
        axes.figure.colorbar(image, ax=axes, shrink=0.85)
    if len(names):
        axes.set_xticks(range(views), names, fontsize=9)
        axes.set_yticks(range(views), names, fontsize=9)
    else:
        for axis in (axes.xaxis, axes.yaxis):
            axis.get_major_locator().set_params(integer=True)
    axes.set(xlabel="candidate k", ylabel="view i")


# ---- temperature


def push_by_similarity(similarity: np.ndarray, shares: Mapping[float, np.ndarray], positive: float) -> Figure:
    """How one view's push is shared out among its negatives `[K]`, against their similarity: a line of points a τ.

    Args:
        similarity: of the negatives, `[K]`.
        shares: `{τ: [K]}`, each adding up to 1.
        positive: the similarity of the positive, a vertical line.
    """
    figure = Figure(figsize=(6.8, 4.0), layout="constrained")
    axes = figure.add_subplot()
    for (tau, share), colour, marker in zip(shares.items(), colours(), markers(), strict=False):
        name = f"τ = {tau:g}: half of it on {holders(share)}"
        axes.plot(similarity, share, marker, color=colour, ms=3.5, alpha=0.8, mew=0, label=name)
    axes.axhline(1 / len(similarity), color=GREY, lw=1, ls=":", zorder=0)
    axes.axvline(positive, color=INK, lw=1.2, ls="--", zorder=0)
    least, below = _least_drawn([share for share in shares.values()])
    axes.set(yscale="log", ylim=(least, 2), xlabel="cosine similarity of the negative", ylabel="share of the push")
    axes.set_xlim(similarity.min() - 0.05, max(similarity.max(), positive) + 0.05)
    axes.text(positive, 0.02, "positive ", transform=axes.get_xaxis_transform(), ha="right", fontsize=9, color=INK)
    note(axes, "equal shares", similarity.min(), 1 / len(similarity), (2, 7), GREY)
    if below:
        axes.text(0.01, 0.02, f"{below} points lie below", transform=axes.transAxes, fontsize=9, color=GREY)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=3, frameon=False, fontsize=9.5,
                  markerscale=2, handletextpad=0.1)  # fmt: skip
    tidy(axes, grid="y")
    told = "; ".join(
        f"τ = {tau:g}: the most similar one has {share.max():.2g}, half of the push is on {holders(share)}"
        for tau, share in shares.items()
    )
    return with_alt(
        figure,
        f"Share of one view's push against the similarity of its {len(similarity)} negatives, on a log scale; the "
        f"positive is at {positive:.2f}. {told}.",
    )


def _least_drawn(shares: Sequence[np.ndarray]) -> tuple[float, int]:
    """Where a logarithmic axis begins, a power of ten of at least 1e-14, and how many points lie below it."""
    every = np.concatenate(shares)
    least = 10.0 ** max(-14, np.floor(np.log10(every[every > 0].min())))
    return least, int((every < least).sum())


def holders(shares: np.ndarray) -> int:
    """The smallest number of entries that hold half of all."""
    return int(np.searchsorted(np.cumsum(np.sort(shares)[::-1]) / shares.sum(), 0.5) + 1)


def shares_and_push(
    shares: np.ndarray, positives: np.ndarray, similarity: np.ndarray, view: int, temperature: float
) -> Figure:
    """The softmax of every row `[2N, 2N]` as a picture, and for one view how its push is shared out.

    Args:
        shares: rows that add up to 1, the diagonal 0.
        positives: `[2N]`.
        similarity: cosines `[2N, 2N]`.
        view: the row on the right.
        temperature: for the title.
    """
    figure = Figure(figsize=(8.0, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.1, 1))
    _matrix(left, shares, positives, (), "Blues", 0)
    left.set_title(f"softmax of each row, τ = {temperature:g}", fontsize=10.5)
    left.axhline(view, color=ORANGE, lw=1.2, alpha=0.8)
    negatives = np.ones(len(shares), dtype=bool)
    negatives[[view, positives[view]]] = False
    share = shares[view, negatives] / shares[view, negatives].sum()
    right.vlines(similarity[view, negatives], 0, share, color=ORANGE, lw=2)
    right.plot(similarity[view, negatives], share, "o", color=ORANGE, ms=5)
    right.axvline(similarity[view, positives[view]], color=INK, lw=1.2, ls="--")
    right.set(xlabel=f"cosine similarity to view {view}", ylabel="share of the push", xlim=(-1.02, 1.02))
    right.set_ylim(0, 1.12 * share.max())
    p, half = shares[view, positives[view]], holders(share)
    right.set_title(
        f"- - positive, probability {p:.2f}\nhalf of the push on {half} of {len(share)} negatives", fontsize=10
    )
    tidy(right)
    return with_alt(
        figure,
        f"τ = {temperature:g}, {len(shares)} views. Left: the softmax of each row; the positives have "
        f"{shares[np.arange(len(shares)), positives].mean():.2f} on average. Right: view {view} gives its positive "
        f"{p:.2f}; half of its push is on {half} of its {len(share)} negatives, the most on one is {share.max():.2f}.",
    )


# ---- memory


def memory_and_time(
    ways: Mapping[str, Mapping[str, Sequence[float]]], limit: float, limit_name: str = "a laptop's memory"
) -> Figure:
    """Peak memory and time of ways to compute the loss against the number of views, both on logarithmic axes.

    Args:
        ways: by name; `views`, `mebibytes` and `seconds` of each.
        limit: a horizontal line, in mebibytes.
        limit_name: what it is.
    """
    figure = Figure(figsize=(7.6, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2, sharex=True)
    for (name, way), colour, marker in zip(ways.items(), colours(), markers(), strict=False):
        for axes, key in ((left, "mebibytes"), (right, "seconds")):
            axes.plot(way["views"], way[key], marker + "-", color=colour, lw=1.8, ms=5, label=in_legend(name))
    left.axhline(limit, color=INK, lw=1.2, ls="--", zorder=0)
    left.text(0.98, limit, limit_name, transform=left.get_yaxis_transform(), va="bottom", ha="right", fontsize=9)
    left.set(yscale="log", ylabel="peak memory (MiB, log scale)")
    right.set(yscale="log", ylabel="forward and backward (s, log scale)")
    left.yaxis.set_major_formatter("{x:,.0f}")
    right.yaxis.set_major_formatter("{x:g}")
    for axes in (left, right):
        axes.set_xscale("log", base=2)
        views = sorted({v for way in ways.values() for v in way["views"]})[::2]
        axes.set_xticks(views, [f"{v:,}" for v in views], fontsize=8.5)
        axes.minorticks_off()
        axes.set_xlabel("views in a batch, 2N (log scale)")
        tidy(axes, grid="y")
    figure.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False, fontsize=9.5)
    told = "; ".join(
        f"{name}: {way['mebibytes'][-1]:,.0f} MiB and {way['seconds'][-1]:.3g} s for {way['views'][-1]:,} views"
        for name, way in ways.items()
    )
    return with_alt(figure, f"Peak memory and seconds of ways to compute NT-Xent, measured. Largest of each: {told}.")

"""How representations are measured: curves over a setting, ranks, intervals, the table, a vote and its neighbours."""

from collections.abc import Mapping, Sequence
from textwrap import fill

import numpy as np
from matplotlib.figure import Figure

from .parts import (
    BLUE,
    GREY,
    INK,
    MOST_CLASSES,
    PALETTE,
    colours,
    markers,
    name_ends,
    neighbour_grid,
    own_class_share,
    readable_on,
    scatter,
    short,
    tidy,
    with_alt,
)

# ---- votes


def confusion_and_neighbours(
    counts: np.ndarray,
    classes: Sequence[str],
    query: np.ndarray,
    truth: int,
    said: int,
    images: np.ndarray,
    labels: np.ndarray,
    title: str,
) -> Figure:
    """Left: which classes are taken for which. Right: one query, and the neighbours that vote.

    Args:
        counts: `[classes, answers]`: how often an image of a class (row) got an answer (column).
        classes: their names.
        query: `[C, H, W]`; `truth` is its class, `said` the answer.
        images, labels: all the neighbours that vote `[k, C, H, W]` and `[k]`, the nearest first; eleven are drawn.
        title: of the whole.
    """
    share = counts / counts.sum(axis=1, keepdims=True).clip(1)
    figure = Figure(figsize=(8.4, 4.3), layout="constrained")
    figure.suptitle(title, fontsize=11)
    left, right = figure.subfigures(1, 2, width_ratios=(1.25, 1))
    axes = left.subplots()
    image = axes.imshow(share, cmap="cividis", vmin=0, vmax=1)
    written = "% of a row, from 10 %"
    if step := max(0, -(-len(classes) // MOST_CLASSES) - 1):  # numbers would cover each other
        written = f"a name every {step + 1} classes"
    else:
        for row, column in np.argwhere(share >= 0.095):
            colour, text = readable_on(image.to_rgba(share[row, column])), f"{100 * share[row, column]:.0f}"
            axes.text(column, row, text, ha="center", va="center", fontsize=8, color=colour)
    named, size = range(0, len(classes), step + 1), 8.5 if len(classes) <= 16 else 5.5
    names = [short(classes[i]) for i in named]
    axes.set_xticks(named, names, rotation=60, ha="right", rotation_mode="anchor", fontsize=size)
    axes.set_yticks(named, names, fontsize=size)
    axes.tick_params(length=0)
    axes.set_xlabel("the vote says", fontsize=9.5)
    axes.set_ylabel("it is", fontsize=9.5)
    axes.set_title(f"{np.trace(counts) / counts.sum():.3f} right;  {written}", fontsize=9.5)

    same = int((labels == truth).sum())
    right.suptitle(
        f"it is {short(classes[truth])}, the vote says {short(classes[said])}\n"
        f"{same} of {len(labels)} neighbours are {short(classes[truth])}",
        fontsize=9.5, color=INK if said == truth else PALETTE[3],
    )  # fmt: skip
    neighbour_grid(right, query, images[:11], labels[:11], truth, classes)
    told = ", ".join(f"{name} {value:.2f}" for name, value in zip(classes, share.diagonal(), strict=True))
    return with_alt(
        figure,
        f"{title}. Left: confusion matrix, {np.trace(counts) / counts.sum():.3f} right; by class: {told}. Right: a "
        f"query that is {classes[truth]}; {same} of its {len(labels)} neighbours are too, and the vote says "
        f"{classes[said]}.",
    )


# ---- one setting, many values


def curves_by_number(
    panels: Mapping[str, Mapping[str, Mapping[float, float]]],
    xlabel: str,
    *,
    ylabel: str = "share correct",
    levels: Mapping[str, float] | None = None,
    marks: Mapping[str, tuple[float, str]] | None = None,
    ylim: tuple[float, float] = (0, 1),
) -> Figure:
    """`panels[title][line][x]`: lines over a number on a log axis, names at the end of the lines.

    Args:
        panels: one or more, all with the same names of lines or each with its own.
        xlabel, ylabel: of all panels.
        levels: horizontal lines by name, for example chance.
        marks: by panel, a place on the x axis and what stands there.
        ylim: of all panels.
    """
    levels, marks = levels or {}, marks or {}
    figure = Figure(figsize=(7.4, 3.4) if len(panels) > 1 else (6.8, 3.4), layout="constrained")
    names = [list(lines) for lines in panels.values()]
    common = all(name == names[0] for name in names)
    told, best, numbers = [], [], {}
    drawn = list(zip(figure.subplots(1, len(panels), sharey=True, squeeze=False)[0], panels.items(), strict=True))
    for axes, (title, lines) in drawn:
        ends = []
        for (name, by_number), colour, marker in zip(lines.items(), colours(), markers(), strict=False):
            x, y = list(by_number), list(by_number.values())
            axes.plot(x, y, marker=marker, color=colour, lw=2, ms=5, mec="white", mew=0.6, clip_on=False, zorder=3)
            ends.append((name, y[-1], colour))
            told.append(f"{title}, {name}: " + ", ".join(f"{v:.2f} at {n:g}" for n, v in by_number.items()))
            best.append(f"{title}, {name}: {max(y):.2f} at {x[y.index(max(y))]:g}")
            numbers[f"{title}, {name}"] = {f"{n:g}": f"{v:.2f}" for n, v in by_number.items()}
        axes.set(xscale="log", xlabel=xlabel, ylim=ylim)
        for name, value in levels.items():
            axes.axhline(value, color=GREY, lw=1.2, ls="--", zorder=0)
            ends.append((f"{name} {value:.2f}", value, GREY))
        if title in marks:
            place, text = marks[title]
            axes.axvline(place, color=INK, lw=1.2, ls=":", zorder=0)
            axes.annotate(
                text,
                (place, 1),
                (0, 2),
                xycoords=axes.get_xaxis_transform(),
                textcoords="offset points",
                ha="center",
                va="bottom",
                fontsize=9,
                color=INK,
            )  # above the panel: no curve below it
        if not common or axes is drawn[-1][0]:
            name_ends(axes, ends, 0.075 * (ylim[1] - ylim[0]), 1.03)
        if len(x) < 8:
            axes.set_xticks(x, [f"{n:,g}" for n in x], fontsize=9)
            axes.minorticks_off()
        axes.set_title(title, fontsize=10.5, pad=18 if title in marks else None)
        tidy(axes, grid="y")
    drawn[0][0].set_ylabel(ylabel)
    lines = "".join(f" Level: {name} {value:.2f}." for name, value in levels.items())
    return with_alt(
        figure,
        f"{ylabel} against {xlabel}. {'; '.join(told)}.{lines}",
        f"{ylabel} against {xlabel}.{lines} The best of each line: {'; '.join(best)}.",
        numbers,
    )


def rank_chart(scores: Mapping[str, Mapping[str, float]]) -> Figure:
    """`scores[method][measure]`, larger is better: the place of each method by each measure, a line a method.

    The value stands at the marker. Methods whose values are the same as written share a place: a bar joins them, and
    which of them stands above the other means nothing.
    """
    methods, measures = list(scores), list(next(iter(scores.values())))
    places, ties = {}, []
    for column, measure in enumerate(measures):
        order = sorted(methods, key=lambda method: -scores[method][measure])
        places[measure] = {method: order.index(method) + 1 for method in methods}
        ties += [
            (column, place)
            for place, pair in enumerate(zip(order, order[1:], strict=False), start=1)
            if len({_written(scores[method][measure]) for method in pair}) == 1
        ]
    figure = Figure(figsize=(7.6, 0.47 * len(methods) + 0.75), layout="constrained")
    axes = figure.add_subplot()
    x = np.arange(len(measures))
    for column, place in ties:
        axes.plot([column, column], [place, place + 1], color="#d5d5d5", lw=17, solid_capstyle="round", zorder=0)
    for method, colour, marker in zip(methods, colours(), markers(), strict=False):
        y = [places[measure][method] for measure in measures]
        axes.plot(x, y, marker=marker, color=colour, lw=2.2, ms=9, mec=INK, mew=0.6, zorder=3)
        for column, measure in enumerate(measures):
            value = scores[method][measure]
            axes.annotate(_written(value), (column, y[column]), (0, -13), textcoords="offset points", ha="center",
                          va="center", fontsize=8, color=INK, zorder=4,
                          bbox=dict(fc="white", ec="none", pad=0.4, alpha=0.8))  # fmt: skip
        axes.text(-0.18, y[0], method, ha="right", va="center", fontsize=10, color=INK)
        axes.text(x[-1] + 0.18, y[-1], method, ha="left", va="center", fontsize=10, color=INK)
    axes.set_xticks(x, measures, fontsize=9.5)
    axes.set(xlim=(-0.15, len(measures) - 0.85), ylim=(len(methods) + 0.55, 0.6), yticks=())
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    told = "; ".join(
        f"{measure}: " + ", ".join(sorted(methods, key=lambda method: places[measure][method])) for measure in measures
    )
    return with_alt(figure, f"{len(methods)} methods, the best on top, by {len(measures)} measures. {told}.")


def _written(value: float) -> str:
    return f"{value:.2f}" if value <= 1 else f"{value:.0f}"


# ---- the collapse laboratory


def collapse_dashboard(
    points: np.ndarray,
    labels: np.ndarray,
    classes: Sequence[str],
    reach: float,
    measures: Mapping[str, tuple[float, float, tuple[float, float]]],
    findings: Sequence[str],
    title: str,
) -> Figure:
    """Left: the cloud of features. Right: measures before and after a planted fault. Below: what a diagnosis says.

    Args:
        points: features along the two main directions of the healthy ones, `[N, 2]`.
        labels, classes: of the points.
        reach: of the axes, the same for all strengths of a fault, so that one sees the cloud shrink.
        measures: by name the healthy value, the value now, and the ends of its axis.
        findings: sentences; none for a healthy representation.
        title: the fault and its strength.
    """
    said = "\n".join(fill(finding, 118) for finding in findings) or "nothing found"
    room = max(1.1, 0.5 + 0.16 * len(said.splitlines()))  # inches
    figure = Figure(figsize=(8.4, 3.3 + room), layout="constrained")
    figure.suptitle(title, fontsize=11)
    above, below = figure.subfigures(2, 1, height_ratios=(3.3, room))
    left, right = above.subfigures(1, 2, width_ratios=(1, 1.35))
    axes = left.subplots()
    scatter(axes, points, labels, classes, size=12)
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach))
    axes.set_xlabel("two main directions of the healthy features", fontsize=9)
    for row, (name, (healthy, now, (low, high))) in zip(
        right.subplots(len(measures), 1, squeeze=False)[:, 0], measures.items(), strict=True
    ):
        row.plot([healthy, now], [0, 0], color="#bbbbbb", lw=2, zorder=0)
        row.plot(healthy, 0, "o", ms=10, mfc="white", mec=GREY, mew=2, clip_on=False)
        row.plot(now, 0, "o", ms=7.5, color=BLUE if abs(now - healthy) < 0.03 * (high - low) else PALETTE[3],
                 clip_on=False, zorder=3)  # fmt: skip
        pad = 0.02 * (high - low)
        row.set(xlim=(low - pad, high + pad), ylim=(-1, 1), yticks=(), xticks=(low, high))
        row.set_xticks([low, high], [f"{low:g}", f"{high:g}"], fontsize=7.5)
        row.spines[["left", "right", "top"]].set_visible(False)
        row.tick_params(length=2, pad=1)
        row.text(-0.04, 0.5, name, transform=row.transAxes, ha="right", va="center", fontsize=9.5)
        row.text(
            1.04,
            0.5,
            f"{round(healthy, 2) + 0:.2f} → {round(now, 2) + 0:.2f}",
            transform=row.transAxes,
            va="center",
            fontsize=9.5,
        )
    right.suptitle("○ healthy   ● now", fontsize=9.5)
    below.text(0.015, 0.97, "the diagnosis", fontsize=9.5, fontweight="bold", va="top")
    below.text(0.015, 1 - 0.28 / room, said, fontsize=9, va="top")
    told = ", ".join(f"{name} {healthy:.2f}, now {now:.2f}" for name, (healthy, now, _) in measures.items())
    found = "; ".join(finding.split(":")[0] for finding in findings) or "nothing found"
    return with_alt(
        figure,
        f"{title}. Healthy and now: {told}. The diagnosis: {' '.join(findings) or 'nothing found'}.",
        f"{title}. The diagnosis: {found}. Healthy and now: {told}.",
        {name: {"healthy": f"{healthy:.2f}", "now": f"{now:.2f}"} for name, (healthy, now, _) in measures.items()},
    )


# ---- maps


def map_grid(
    rows: Mapping[str, Mapping[str, np.ndarray]], labels: Mapping[str, np.ndarray], classes: Mapping[str, Sequence[str]]
) -> Figure:
    """t-SNE maps `rows[data][setting]` `[P, 2]`: a row a data set, a column a setting, a colour a class.

    Args:
        rows: all with the same settings.
        labels, classes: of each data set; no class for points that have none.
    """
    settings = list(next(iter(rows.values())))
    figure = Figure(figsize=(1.72 * len(settings) + 2.2, 1.72 * len(rows) + 0.3), layout="constrained")
    told = []
    for line, (data, maps) in zip(figure.subplots(len(rows), len(settings), squeeze=False), rows.items(), strict=True):
        for axes, setting in zip(line, settings, strict=True):
            if classes[data]:
                scatter(axes, maps[setting], labels[data], classes[data], size=9)
                told.append(f"{data}, {setting}: {own_class_share(maps[setting], labels[data]):.2f}")
            else:
                scatter(axes, maps[setting], np.zeros(len(maps[setting])), ("point",), size=9)
        line[0].set_ylabel(data, fontsize=9.5)
        if classes[data]:
            line[-1].legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False, fontsize=8.5, markerscale=2,
                            labelspacing=0.15, handletextpad=0.1, borderaxespad=0)  # fmt: skip
    for axes, setting in zip(figure.axes, settings, strict=False):
        axes.set_title(setting, fontsize=10)
    shares = f" Share of points whose nearest point on the map has their class: {'; '.join(told)}." if told else ""
    return with_alt(
        figure,
        f"t-SNE maps of {', '.join(rows).replace(chr(10), ' ')}; from left to right {', '.join(settings)}.{shares}",
    )

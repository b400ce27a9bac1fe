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
    ORANGE,
    PALETTE,
    colours,
    in_legend,
    markers,
    name_ends,
    neighbour_grid,
    own_class_share,
    scatter,
    short,
    tidy,
    with_alt,
)

Interval = tuple[float, float, float]  # value, low, high


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
    axes.imshow(share, cmap="cividis", vmin=0, vmax=1)
    written = "% of a row, from 10 %"
    if step := max(0, -(-len(classes) // MOST_CLASSES) - 1):  # numbers would cover each other
        written = f"a name every {step + 1} classes"
    else:
        for row, column in np.argwhere(share >= 0.095):
            dark = share[row, column] < 0.6
            axes.text(column, row, f"{100 * share[row, column]:.0f}", ha="center", va="center", fontsize=8,
                      color="white" if dark else INK)  # fmt: skip
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
    told = []
    drawn = list(zip(figure.subplots(1, len(panels), sharey=True, squeeze=False)[0], panels.items(), strict=True))
    for axes, (title, lines) in drawn:
        ends = []
        for (name, by_number), colour, marker in zip(lines.items(), colours(), markers(), strict=False):
            x, y = list(by_number), list(by_number.values())
            axes.plot(x, y, marker=marker, color=colour, lw=2, ms=5, mec="white", mew=0.6, clip_on=False, zorder=3)
            ends.append((name, y[-1], colour))
            told.append(f"{title}, {name}: " + ", ".join(f"{v:.2f} at {n:g}" for n, v in by_number.items()))
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
    return with_alt(figure, f"{ylabel} against {xlabel}. {'; '.join(told)}.{lines}")


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
    figure = Figure(figsize=(8.4, 4.4), layout="constrained")
    figure.suptitle(title, fontsize=11)
    above, below = figure.subfigures(2, 1, height_ratios=(1, 0.33))
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
    said = "\n".join(fill(finding, 118) for finding in findings) or "nothing found"
    below.text(0.015, 0.97, "the diagnosis", fontsize=9.5, fontweight="bold", va="top")
    below.text(0.015, 0.74, said, fontsize=9, va="top")
    told = ", ".join(f"{name} {healthy:.2f}, now {now:.2f}" for name, (healthy, now, _) in measures.items())
    return with_alt(
        figure, f"{title}. Healthy and now: {told}. The diagnosis: {' '.join(findings) or 'nothing found'}."
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


# ---- how sure?


def interval_rows(
    panels: Mapping[str, Mapping[str, Interval]], xlabels: Sequence[str], zero: Sequence[str] = ()
) -> Figure:
    """Values with their intervals, a row a name, a panel a question; `zero` are the panels with a line at 0.

    Args:
        panels: `panels[title][name]`: value, low, high; all panels with the same names.
        xlabels: one a panel.
        zero: titles of panels of differences. There an interval that holds 0 is grey.
    """
    names = list(next(iter(panels.values())))
    figure = Figure(figsize=(7.4, 0.36 * len(names) + 1.1), layout="constrained")
    told = []
    for axes, (title, rows), xlabel in zip(
        figure.subplots(1, len(panels), sharey=True, squeeze=False)[0], panels.items(), xlabels, strict=True
    ):
        for row, (name, (value, low, high)) in enumerate(rows.items()):
            colour = GREY if title in zero and low <= 0 <= high else BLUE
            axes.plot([low, high], [row, row], color=colour, lw=5, alpha=0.35, solid_capstyle="butt")
            axes.plot(value, row, "o", color=colour, ms=6.5, mec="white", mew=0.7)
            text = f"{value:+.3f}" if title in zero else f"{value:.3f}"
            axes.text(1.02, row, text, transform=axes.get_yaxis_transform(), va="center", fontsize=9.5)
            told.append(f"{title}, {name}: {value:.3f} ({low:.3f} to {high:.3f})")
        if title in zero:
            axes.axvline(0, color=INK, lw=1.2, ls="--", zorder=0)
        axes.set(xlabel=xlabel, ylim=(len(names) - 0.5, -0.5))
        axes.set_title(title, fontsize=10.5)
        tidy(axes, grid="x")
        axes.tick_params(axis="y", length=0)
    figure.axes[0].set_yticks(range(len(names)), names, fontsize=10)
    return with_alt(figure, f"Values with 95 % intervals. {'; '.join(told)}.")


def coverage(intervals: Sequence[Interval], truth: float) -> Figure:
    """Intervals from many samples beside the true value, one beside the other; those that miss it are orange."""
    figure = Figure(figsize=(7.2, 2.7), layout="constrained")
    axes = figure.add_subplot()
    missed = [not low <= truth <= high for _, low, high in intervals]
    for number, ((value, low, high), out) in enumerate(zip(intervals, missed, strict=True), start=1):
        colour = PALETTE[3] if out else BLUE
        axes.plot([number, number], [low, high], color=colour, lw=2.4 if out else 1.6, alpha=1 if out else 0.55)
        axes.plot(number, value, "D" if out else "o", color=colour, ms=3.6)
    axes.axhline(truth, color=INK, lw=1.3, ls="--")
    axes.text(1.01, truth, f"all images\n{truth:.3f}", transform=axes.get_yaxis_transform(), va="center", fontsize=9.5)
    axes.set(xlabel="sample", ylabel="share correct", xlim=(0, len(intervals) + 1))
    axes.set_title(f"{sum(missed)} of {len(intervals)} intervals miss (orange, ◆)", fontsize=10.5)
    tidy(axes)
    return with_alt(
        figure,
        f"{len(intervals)} intervals, each from another sample of images; {sum(missed)} of them do not hold "
        f"{truth:.3f}, the value of all images.",
    )


def chosen_and_fresh(chosen_by: np.ndarray, fresh: np.ndarray) -> Figure:
    """Many candidates, each scored on the images that choose `[M]` and on fresh ones `[M]`; the winner is named.

    Both are points above the mean of all candidates on the same images, so that it does not matter which are easier.
    """
    figure = Figure(figsize=(5.6, 3.9), layout="constrained")
    axes = figure.add_subplot()
    winner = int(np.argmax(chosen_by))
    low = min(chosen_by.min(), fresh.min()) - 0.01
    high = max(chosen_by.max(), fresh.max()) + 0.01
    axes.plot([low, high], [low, high], color=GREY, lw=1.2, ls="--")
    axes.text(high, high, "no luck ", ha="right", va="bottom", fontsize=9.5, color=GREY)
    axes.axhline(0, color=GREY, lw=1.2, ls=":")
    axes.text(1.01, 0, "mean of all", transform=axes.get_yaxis_transform(), va="center", fontsize=9.5,
              color=GREY)  # fmt: skip
    axes.plot(chosen_by, fresh, "o", color=BLUE, ms=5, alpha=0.6, mec="white", mew=0.5)
    axes.plot(chosen_by[winner], fresh[winner], "D", color=PALETTE[3], ms=8.5, mec="white")
    title = f"◆ the winner leads by {chosen_by[winner]:.3f}, then by {fresh[winner]:.3f}"
    axes.set_title(title, fontsize=10.5, color=PALETTE[3])
    axes.set(xlabel="above the mean, on the images that choose", ylabel="above the mean, on fresh images")
    axes.set(xlim=(low, high + 0.01), ylim=(low, high + 0.01))
    tidy(axes)
    return with_alt(
        figure,
        f"{len(fresh)} candidates. The best on the images that choose leads the mean of all by {chosen_by[winner]:.3f} "
        f"there, and by {fresh[winner]:.3f} on fresh images.",
    )


# ---- the table


def method_table(
    data: Mapping[str, Mapping[str, Mapping[str, tuple[Sequence[float], tuple[float, float]]]]], chance: float
) -> Figure:
    """The table as a picture: a panel a data set, a row a method, a point a seed, a bar for where a new run may fall.

    Args:
        data: `data[name][method][measure]`: shares correct, one a seed, and the ends of the bar; one or two measures.
        chance: of guessing.
    """
    methods = list(next(iter(data.values())))
    measures = list(next(iter(next(iter(data.values())).values())))
    figure = Figure(figsize=(8.0, 0.5 * len(methods) + 1.25), layout="constrained")
    panels = figure.subplots(1, len(data), sharey=True, squeeze=False)[0]
    told = []
    for axes, (name, rows) in zip(panels, data.items(), strict=True):
        for row, method in enumerate(methods):
            for number, (measure, colour, marker) in enumerate(
                zip(measures, colours(ORANGE, BLUE), markers("so"), strict=False)
            ):
                seeds, (low, high) = rows[method][measure]
                y = row + 0.3 * (number - (len(measures) - 1) / 2)
                axes.plot([low, high], [y, y], color=colour, lw=5, alpha=0.3, solid_capstyle="butt")
                axes.plot(seeds, [y] * len(seeds), marker, color=colour, ms=5, mec="white", mew=0.6)
                told.append(f"{name}, {method}, {measure}: {np.mean(seeds):.3f} ({low:.3f} to {high:.3f})")
        ends = np.array([interval for row in rows.values() for _, interval in row.values()])
        low, high = ends.min(), ends.max()
        pad = 0.06 * (high - low)
        axes.set(xlabel="share correct", ylim=(len(methods) - 0.5, -0.5), xlim=(low - pad, min(high + pad, 1.005)))
        if low - pad < chance:
            axes.axvline(chance, color=INK, lw=1.2, ls=":", zorder=0)
        axes.set_title(name, fontsize=10.5)
        for edge in np.arange(0.5, len(methods) - 1):
            axes.axhline(edge, color="#eeeeee", lw=0.8, zorder=0)
        tidy(axes, grid="x")
        axes.tick_params(axis="y", length=0)
    panels[0].set_yticks(range(len(methods)), methods, fontsize=10.5)
    for measure, colour, marker in zip(measures, colours(ORANGE, BLUE), markers("so"), strict=False):
        panels[0].plot([], [], marker, color=colour, label=in_legend(measure))
    panels[0].plot([], [], ":", color=INK, label=f"chance {chance:.2f} (where it is on the panel)")
    figure.legend(loc="outside lower center", ncols=min(4, len(measures) + 1), frameon=False, fontsize=10)
    return with_alt(figure, f"The table, mean over seeds (where a new run may fall). {'; '.join(told)}.")

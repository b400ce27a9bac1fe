"""How sure: intervals and whether they keep their promise, the winner's luck, the table of all methods."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from .parts import BLUE, GREY, INK, ORANGE, PALETTE, colours, ends_of, in_legend, markers, tidy, with_alt

Interval = tuple[float, float, float]  # value, low, high


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
    told, numbers = [], {}
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
            numbers.setdefault(name, {})[title] = f"{value:.3f} ({low:.3f} to {high:.3f})"
        if title in zero:
            axes.axvline(0, color=INK, lw=1.2, ls="--", zorder=0)
        axes.set(xlabel=xlabel, ylim=(len(names) - 0.5, -0.5))
        axes.set_title(title, fontsize=10.5)
        tidy(axes, grid="x")
        axes.tick_params(axis="y", length=0)
    figure.axes[0].set_yticks(range(len(names)), names, fontsize=10)
    means = {title: ends_of({name: row[0] for name, row in rows.items()}, 3) for title, rows in panels.items()}
    return with_alt(
        figure,
        f"Values with 95 % intervals. {'; '.join(told)}.",
        f"Values with 95 % intervals. {'; '.join(f'{title}: {said}' for title, said in means.items())}.",
        numbers,
    )


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
    told, numbers = [], {}
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
                numbers.setdefault(method, {})[f"{name}, {measure}"] = f"{np.mean(seeds):.3f} ({low:.3f} to {high:.3f})"
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
    means = {
        f"{name}, {measure}": ends_of({method: float(np.mean(rows[method][measure][0])) for method in methods}, 3)
        for name, rows in data.items()
        for measure in measures
    }
    return with_alt(
        figure,
        f"The table, mean over seeds (where a new run may fall). {'; '.join(told)}.",
        f"The table, means over seeds. {'; '.join(f'{column}: {said}' for column, said in means.items())}.",
        numbers,
    )

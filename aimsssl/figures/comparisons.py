"""Settings compared: several seeds a setting, batch sizes, numbers of labels and clusters, curves, tables."""

from collections.abc import Mapping, Sequence
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..evaluation import seed_interval
from .parts import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PALETTE,
    colours,
    ends_of,
    in_legend,
    log_ticks,
    markers,
    name_ends,
    tidy,
    with_alt,
)

LINES = ("--", ":", "-.")


def _draw_seeds(axes: Axes, row: int, seeds: Sequence[float], colour: str) -> None:
    """A point a seed, and the 95 % interval of their mean, which one seed has not."""
    if len(seeds) > 1:
        interval = seed_interval(seeds)
        axes.plot([interval.low, interval.high], [row, row], color=colour, lw=5, alpha=0.28, solid_capstyle="butt")
    axes.plot(seeds, [row] * len(seeds), "o", color=colour, ms=6, mec="white", mew=0.7, clip_on=False)


def seed_points(
    values: Mapping[str, Mapping[str, Sequence[float]]], lines: Mapping[str, Mapping[str, float]]
) -> Figure:
    """Accuracies of settings at several seeds: a panel a measure, a row a setting.

    Args:
        values: `values[setting][measure]`, a share correct for each seed.
        lines: `lines[measure]`, up to three levels by name, for example random weights and chance.
    """
    settings, measures = list(values), list(lines)
    width = 7.2 if len(measures) > 1 else 6.6
    height, most = 0.4 * len(settings), max(len(by_name) for by_name in lines.values())
    figure = Figure(
        figsize=(width, height + 1.3 + 0.25 * (most if len(measures) > 1 else -(-most // 3))), layout="constrained"
    )
    panels = figure.subplots(1, len(measures), sharey=True, squeeze=False)[0]
    seen = [value for row in values.values() for measure in measures for value in row[measure]]
    top = min(1.0, 1.12 * max([*seen, *(level for by_name in lines.values() for level in by_name.values())]))
    for axes, measure, colour in zip(panels, measures, colours(), strict=False):
        for row, setting in enumerate(settings):
            seeds = values[setting][measure]
            _draw_seeds(axes, row, seeds, colour)
            mean = f"{np.mean(seeds):.2f}"
            axes.text(1.02, row, mean, transform=axes.get_yaxis_transform(), va="center", fontsize=10.5)
        for style, (name, level) in zip(cycle(LINES), lines[measure].items(), strict=False):
            axes.axvline(level, color=INK, lw=1.2, ls=style, zorder=0, label=f"{in_legend(name)} {level:.2f}")
        axes.set_title(measure, fontsize=10.5)
        if lines[measure]:
            axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.36 / height), frameon=False, fontsize=9,
                        borderaxespad=0, ncols=3 if len(measures) == 1 else 1)  # fmt: skip
        axes.set(xlim=(0, top), xlabel="share correct", ylim=(len(settings) - 0.5, -0.5))
        tidy(axes)
    panels[0].set_yticks(range(len(settings)), settings, fontsize=10.5)
    panels[0].tick_params(axis="y", length=0)
    told = "; ".join(
        f"{measure}: "
        + ", ".join(f"{setting} {_range(values[setting][measure])}" for setting in settings)
        + "".join(f", {name} {level:.2f}" for name, level in lines[measure].items())
        for measure in measures
    )
    means = {m: {setting: float(np.mean(values[setting][m])) for setting in settings} | lines[m] for m in measures}
    return with_alt(
        figure,
        f"A point for each seed, a bar for the 95 % interval of the mean, the mean at the right. Mean (lowest to "
        f"highest seed): {told}.",
        f"Means over seeds: {'; '.join(f'{measure} {ends_of(means[measure])}' for measure in measures)}.",
        {setting: {measure: _range(values[setting][measure]) for measure in measures} for setting in settings}
        | {
            name: {measure: f"{lines[measure][name]:.2f}" for measure in measures if name in lines[measure]}
            for name in dict.fromkeys(name for measure in measures for name in lines[measure])
        },
    )


def _range(seeds: Sequence[float]) -> str:
    return f"{np.mean(seeds):.2f} ({min(seeds):.2f} to {max(seeds):.2f})"


def accuracy_by_batch_size(panels: Mapping[str, Mapping[int, Mapping[int, Sequence[float]]]]) -> Figure:
    """`panels[title][epochs][batch size]`, a share correct for each seed: one line for each number of epochs."""
    figure = Figure(figsize=(7.2, 3.3), layout="constrained")
    told, lines = [], {}
    for axes, (title, by_epochs) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
        ends = []
        for (epochs, by_batch), colour, marker in zip(by_epochs.items(), colours(), markers(), strict=False):
            batches, means = list(by_batch), [float(np.mean(v)) for v in by_batch.values()]
            axes.plot(batches, means, color=colour, lw=2)
            for batch, seeds in by_batch.items():
                axes.plot([batch] * len(seeds), seeds, marker, color=colour, ms=5.5, mec="white", mew=0.6)
            ends.append((f"{epochs} epochs", means[-1], colour))
            said = ", ".join(f"{mean:.2f} at batch {batch}" for batch, mean in zip(batches, means, strict=True))
            told.append(f"{title}, {epochs} epochs: {said}")
            lines[f"{title}, {epochs} epochs"] = dict(zip(batches, means, strict=True))
        axes.set_xscale("log", base=2)
        batches = sorted({batch for by_batch in by_epochs.values() for batch in by_batch})
        axes.set_xticks(batches, [str(batch) for batch in batches], fontsize=9)
        axes.minorticks_off()
        low, high = axes.get_ylim()
        name_ends(axes, ends, 0.075 * (high - low))
        axes.set(xlabel="batch size N (images, log scale)", ylabel="share correct")
        axes.set_title(title, fontsize=10.5)
        tidy(axes, grid="y")
    return with_alt(
        figure,
        f"Accuracy against batch size. {'; '.join(told)}.",
        f"Accuracy against batch size: {'; '.join(f'{name}, {ends_of(line)}' for name, line in lines.items())}.",
        {name: {str(batch): f"{mean:.2f}" for batch, mean in line.items()} for name, line in lines.items()},
    )


def trust_ratio_change(names: Sequence[str], moments: Mapping[str, np.ndarray]) -> Figure:
    """The ratio ‖w‖/‖d‖ of each layer at two or more moments of a training, from the input at the top to the head."""
    ratios = {moment: np.asarray(values, dtype=float) for moment, values in moments.items()}
    rows, stacked = np.arange(len(names)), np.stack(list(ratios.values()))
    figure = Figure(figsize=(6.6, 0.21 * len(names) + 1.0), layout="constrained")
    axes = figure.add_subplot()
    axes.hlines(rows, stacked.min(axis=0), stacked.max(axis=0), color="#cccccc", lw=1.5)
    for (moment, values), colour, marker in zip(ratios.items(), colours(ORANGE, BLUE), markers(), strict=False):
        axes.plot(values, rows, marker, color=colour, ms=6, label=in_legend(moment), ls="none")
    axes.set(xscale="log", ylim=(len(names) - 0.4, -0.6), xlabel="trust ratio ‖w‖ / ‖d‖ (no unit, log scale)")
    log_ticks(axes.xaxis)
    axes.set_yticks(rows, names, fontsize=8.5)
    figure.legend(loc="outside upper center", ncols=min(4, len(ratios)), frameon=False, fontsize=10)
    tidy(axes, grid="x")
    told = "; ".join(
        f"{moment}: smallest {v.min():.3g} ({names[int(v.argmin())]}), largest {v.max():.3g} "
        f"({names[int(v.argmax())]}), {v.max() / v.min():.0f} times as large"
        for moment, v in ratios.items()
    )
    return with_alt(figure, f"Ratios of {len(names)} layers on a log scale. {told}.")


def label_efficiency(
    scores: Mapping[str, Mapping[int, Sequence[float]]], levels: Mapping[str, float], title: str = ""
) -> Figure:
    """`scores[method][labels]`, a share correct for each draw of the labels: a line a method, labels on a log axis.

    `levels` are horizontal lines by name, for example chance.
    """
    figure = Figure(figsize=(6.8, 3.7), layout="constrained")
    axes = figure.add_subplot()
    ends, told = [], []
    for (method, by_labels), colour, marker in zip(scores.items(), colours(), markers(), strict=False):
        counts, means = list(by_labels), [float(np.mean(v)) for v in by_labels.values()]
        axes.plot(counts, means, color=colour, lw=2)
        for count, draws in by_labels.items():
            axes.plot([count] * len(draws), draws, marker, color=colour, ms=6, mec="white", mew=0.6)
        ends.append((method, means[-1], colour))
        told.append(f"{method}: " + ", ".join(f"{_range(v)} with {count}" for count, v in by_labels.items()))
    for level, value in levels.items():
        axes.axhline(value, color=GREY, lw=1.2, ls="--", zorder=0)
        ends.append((f"{level} {value:.2f}", value, GREY))
    axes.set(xscale="log", ylim=(0, 1), xlabel="labelled images (log scale)", ylabel="share correct (test images)")
    axes.set_xticks(counts, [f"{count:,}" for count in counts])
    axes.minorticks_off()
    axes.margins(x=0.08)
    axes.set_title(title)
    name_ends(axes, ends, 0.065)
    tidy(axes, grid="y")
    told += [f"{level} {value:.2f}" for level, value in levels.items()]
    about = f"{title}: accuracy" if title else "Accuracy"
    return with_alt(
        figure,
        f"{about} by number of labelled images, mean (lowest to highest draw). {'; '.join(told)}.",
        f"{about} by number of labelled images: "
        + "; ".join(
            f"{method} {np.mean(v[min(v)]):.2f} with {min(v)}, {np.mean(v[max(v)]):.2f} with {max(v)}"
            for method, v in scores.items()
        )
        + ".",
        {method: {f"{count} labels": _range(v) for count, v in by.items()} for method, by in scores.items()},
    )


def curves_side_by_side(
    histories: Mapping[str, Sequence[Mapping]], levels: Mapping[str, float], baselines: Mapping[str, float]
) -> Figure:
    """Loss (above) and kNN accuracy (below) of several runs, a column a run, on common axes.

    Args:
        histories: by name, as `training.Run.history`; epoch 0 has the kNN accuracy of random weights.
        levels: horizontal lines of the loss, for example chance and floor.
        baselines: horizontal lines of the kNN accuracy; each run's own start is added as "random weights".
    """
    figure = Figure(figsize=(7.2, 4.3), layout="constrained")
    grid = figure.subplots(2, len(histories), sharex=True, sharey="row", squeeze=False)
    told = []
    for column, (name, history) in zip(grid.T, histories.items(), strict=True):
        loss, knn = (
            np.array([(row["epoch"], row[key]) for row in history if row.get(key) is not None]).reshape(-1, 2)
            for key in ("loss", "knn_accuracy")
        )
        own = {**baselines, "random weights": knn[0, 1]}
        for axes, curve, colour, lines in zip(column, (loss, knn), (ORANGE, BLUE), (levels, own), strict=True):
            axes.plot(*curve.T, "o-", color=colour, lw=2, ms=3.5, clip_on=False, zorder=3)
            for (line, value), style in zip(lines.items(), cycle(LINES), strict=False):
                axes.axhline(value, color=GREY, lw=1.2, ls=style, zorder=0, label=in_legend(line))
            axes.set_ylim(bottom=0)
            tidy(axes)
        column[0].set_title(name, fontsize=12, fontweight="bold")
        column[1].set_xlabel("epoch")
        column[1].xaxis.get_major_locator().set_params(integer=True)
        told.append(
            f"{name}: loss {loss[0, 1]:.2f} after the first epoch, {loss[-1, 1]:.2f} after the last; kNN accuracy "
            f"{knn[0, 1]:.2f} before training, {knn[-1, 1]:.2f} at the end"
        )
    for axes, label in zip(grid[:, 0], ("loss (nats)", "kNN accuracy"), strict=True):
        axes.set_ylabel(label)
    for axes in grid[:, -1]:
        handles, labels = axes.get_legend_handles_labels()
        axes.legend(handles, labels, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=9)
    lines = ", ".join(f"{line} {value:.2f}" for line, value in {**levels, **baselines}.items())
    return with_alt(figure, f"Curves of {len(histories)} runs. {'. '.join(told)}. Lines: {lines}.")


def accuracy_by_clusters(scores: Mapping[int, Sequence[float]], lines: Mapping[str, float], classes: int) -> Figure:
    """Accuracy of a probe against the number of clusters, a point a seed; `lines` are levels by name."""
    figure = Figure(figsize=(6.8, 3.5), layout="constrained")
    axes = figure.add_subplot()
    counts, means = list(scores), [float(np.mean(v)) for v in scores.values()]
    axes.plot(counts, means, color=BLUE, lw=2)
    for k, seeds in scores.items():
        axes.plot([k] * len(seeds), seeds, "o", color=BLUE, ms=6, mec="white", mew=0.7, zorder=3)
    ends = [(f"{name} {value:.2f}", value, GREY) for name, value in lines.items()]
    ends.append(("DeepCluster", means[-1], BLUE))
    low = 0.9 * min([*lines.values(), *(min(v) for v in scores.values())])
    high = 1.05 * max([*lines.values(), *(max(v) for v in scores.values())])
    for value in lines.values():
        axes.axhline(value, color=GREY, lw=1.2, ls="--", zorder=0)
    axes.axvline(classes, color=INK, lw=1.2, ls=":")
    axes.text(classes, high, f" {classes} classes", va="top", fontsize=9.5, color=INK)
    axes.set(xscale="log", xlabel="clusters k (log scale)", ylabel="share correct (linear probe)", ylim=(low, high))
    name_ends(axes, ends, 0.075 * (high - low))
    axes.set_xticks(counts, [f"{k:,}" for k in counts])
    axes.minorticks_off()
    tidy(axes, grid="y")
    told = ", ".join(f"{mean:.3f} at k = {k}" for k, mean in zip(counts, means, strict=True))
    beside = ", ".join(f"{name} {value:.3f}" for name, value in lines.items())
    return with_alt(figure, f"Linear probe by number of clusters, mean over seeds: {told}. Levels: {beside}.")


def ours_and_theirs(
    ours: Mapping[str, Mapping[str, Sequence[float]]], theirs: Mapping[str, Mapping[str, float]], name: str
) -> Figure:
    """Accuracies by data set and method: a point a seed and an interval for ours, a diamond for the others' figure.

    Args:
        ours: `ours[data][method]`, a share correct for each seed.
        theirs: `theirs[data][method]`, where they have one.
        name: of the others, for the legend.
    """
    methods = list(next(iter(ours.values())))
    figure = Figure(figsize=(7.4, 0.44 * len(methods) + 1.35), layout="constrained")
    told = []
    panels = figure.subplots(1, len(ours), sharey=True, squeeze=False)[0]
    for axes, (data, rows) in zip(panels, ours.items(), strict=True):
        for row, method in enumerate(methods):
            seeds, other = rows[method], theirs.get(data, {}).get(method)
            mean = np.mean(seeds)
            _draw_seeds(axes, row, seeds, BLUE)
            told.append(f"{data}, {method}: ours {mean:.3f}" + (f", {name} {other:.3f}" if other is not None else ""))
            if other is not None:
                axes.plot(other, row, "D", ms=7.5, mfc="white", mec=PALETTE[3], mew=2, zorder=3)
            axes.text(1.02, row, f"{mean:.3f}", transform=axes.get_yaxis_transform(), va="center", fontsize=10)
        axes.set(xlabel="share correct (test images)", ylim=(len(methods) - 0.5, -0.5))
        axes.set_title(data, fontsize=10.5)
        tidy(axes, grid="x")
    panels[0].set_yticks(range(len(methods)), methods, fontsize=10.5)
    for axes in panels:
        axes.tick_params(axis="y", length=0)
    panels[0].plot([], [], "o", color=BLUE, label="ours, a point a seed; at the right the mean")
    panels[0].plot([], [], "D", mfc="white", mec=PALETTE[3], mew=2, label=in_legend(name))
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=9.5)
    return with_alt(figure, f"Accuracy of linear probes. {'; '.join(told)}.")


def transfer_dots(rows: Mapping[str, Sequence[float | None]], tasks: Sequence[str], lines: Sequence[str]) -> Figure:
    """A published table as a figure: a panel a task, a row a method, sorted as given.

    Args:
        rows: for each method a number a task, in per cent; None where the table has none.
        tasks: with their unit.
        lines: methods whose number goes through the whole panel as a line, for it is what one compares with.
    """
    figure = Figure(figsize=(7.6, 0.33 * len(rows) + 1.1), layout="constrained")
    panels = figure.subplots(1, len(tasks), sharey=True, squeeze=False)[0]
    for task, (axes, title, colour) in enumerate(zip(panels, tasks, colours(), strict=False)):
        known = [values[task] for values in rows.values() if values[task] is not None]
        axes.set_xlim(min(known) - 5, max(known) + 9)
        for row, (method, values) in enumerate(rows.items()):
            if values[task] is not None:
                if method in lines:
                    axes.axvline(values[task], color=GREY, lw=1.3, ls="--", zorder=0)
                _dot(axes, values[task], row, INK if method in lines else colour)
        axes.set_title(title, fontsize=10)
        axes.set(xlabel="%", ylim=(len(rows) - 0.5, -0.5))
        tidy(axes, grid="y")
    panels[0].set_yticks(range(len(rows)), list(rows), fontsize=9.5)
    panels[0].tick_params(axis="y", length=0)
    told = []
    for task, title in enumerate(tasks):
        known = [(v[task], method) for method, v in rows.items() if v[task] is not None and method not in lines]
        told += [f"{title}: {max(known)[1]} {max(known)[0]:.1f}"] if known else []
    beside = "; ".join(f"{line} {', '.join('none' if v is None else f'{v:.1f}' for v in rows[line])}" for line in lines)
    return with_alt(
        figure, f"A table of transfer in per cent, {len(rows)} rows. The best: {', '.join(told)}. Lines: {beside}."
    )


def _dot(axes: Axes, value: float, row: float, colour: str) -> None:
    axes.plot(value, row, "o", ms=8, color=colour)
    axes.annotate(
        f"{value:.1f}", (value, row), (7, 0), textcoords="offset points", va="center", fontsize=9.5,
        bbox=dict(fc="white", ec="none", pad=0.6),
    )  # fmt: skip

"""Lesson 03: how representations lie on the sphere, through a training and along their main directions."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from .parts import GREY, colours, in_legend, markers, tidy, with_alt

SHOWN = 1e-4  # the smallest share of a singular value that is drawn


def geometry_by_epoch(
    traces: Mapping[str, Sequence[Mapping[str, float]]], references: Mapping[str, Mapping[str, float]]
) -> Figure:
    """Alignment, uniformity, effective rank over the epochs of one or more runs.

    Args:
        traces: for each run its rows, with `epoch`, `alignment`, `uniformity` and `effective rank`.
        references: horizontal lines by measure and name.
    """
    measures = {
        "alignment": "lower: partners closer",
        "uniformity": "lower: more spread out",
        "effective rank": "higher: more directions",
    }
    figure = Figure(figsize=(8.0, 3.2), layout="constrained")
    for axes, (measure, meaning) in zip(figure.subplots(1, 3), measures.items(), strict=True):
        for (name, rows), colour, marker in zip(traces.items(), colours(), markers(), strict=False):
            epochs, values = [row["epoch"] for row in rows], [row[measure] for row in rows]
            axes.plot(epochs, values, marker + "-", color=colour, lw=2, ms=4.5, label=in_legend(name))
        for name, value in references.get(measure, {}).items():
            axes.axhline(value, color=GREY, lw=1.1, ls="--", zorder=0)
            axes.text(0.98, value, name, transform=axes.get_yaxis_transform(), fontsize=8.5, color=GREY, va="bottom",
                      ha="right")  # fmt: skip
        axes.set_title(f"{measure}\n({meaning})", fontsize=10)
        axes.set_xlabel("epoch")
        axes.margins(y=0.12)
        axes.xaxis.get_major_locator().set_params(integer=True)
        tidy(axes, grid="y")
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=min(4, len(traces)),
                  frameon=False, fontsize=10)  # fmt: skip
    told = "; ".join(
        f"{name}: " + ", ".join(f"{m} from {rows[0][m]:.2f} to {rows[-1][m]:.2f}" for m in measures)
        for name, rows in traces.items()
    )
    return with_alt(figure, f"Geometry of z over the epochs. {told}.")


def sorted_spectra(spectra: Mapping[str, np.ndarray]) -> Figure:
    """Singular values as shares of their sum, the largest first, a line a representation on a log scale.

    Args:
        spectra: by name, shares `[K]`, falling, together 1; those below 0.0001 are not drawn.
    """
    figure = Figure(figsize=(7.2, 3.4), layout="constrained")
    axes = figure.add_subplot()
    for (name, shares), colour, marker in zip(spectra.items(), colours(), markers(), strict=False):
        shown = shares[shares >= SHOWN]
        few = len(shown) <= 12  # a line of one point would not be seen
        axes.plot(np.arange(1, len(shown) + 1), shown, marker + "-", color=colour, lw=2, ms=6 if few else 0,
                  label=in_legend(name))  # fmt: skip
    most = max(len(shares) for shares in spectra.values())
    axes.axhline(1 / most, color=GREY, lw=1, ls=":", zorder=0)
    axes.text(1.01, 1 / most, "equal shares", transform=axes.get_yaxis_transform(), va="center", fontsize=9, color=GREY)
    axes.set(yscale="log", ylim=(SHOWN, 1.5), xlim=(0, most + 1), ylabel="share of the sum (log scale)")
    axes.set_xlabel("direction, the largest singular value first")
    tidy(axes, grid="y")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False, fontsize=9.5)
    told = "; ".join(f"{name}: the largest has {shares[0]:.2g}" for name, shares in spectra.items())
    return with_alt(figure, f"Sorted singular values, as shares of their sum. {told}.")

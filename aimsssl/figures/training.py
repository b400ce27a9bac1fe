"""How a run is made and how it goes: the plan, trust ratios, the schedule, the curve."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from .parts import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PALETTE,
    knn_label,
    log_ticks,
    name_ends,
    note,
    plan_arrow,
    plan_box,
    tidy,
    with_alt,
)


def simclr_plan(d_feature: int, d_out: int, batch_size: int) -> Figure:
    """SimCLR in one picture: an image, two views, one encoder, one head, and where the loss stands."""
    figure = Figure(figsize=(7.2, 2.9), layout="constrained")
    axes = figure.add_subplot(xlim=(0, 10.4), ylim=(0, 4.4))
    axes.axis("off")

    plan_box(axes, (0.1, 2.2), (1.2, 1.0), "image", "#444444")
    for y, name in ((3.4, "view 1"), (1.0, "view 2")):
        plan_arrow(axes, 1.4, 2.2 + np.sign(y - 2.2) * 0.25, 2.1, y)
        plan_box(axes, (2.2, y), (1.3, 1.0), name, PALETTE[1])
        plan_arrow(axes, 3.6, y, 4.1, y)
        plan_box(axes, (4.2, y), (1.6, 1.0), "encoder f", BLUE)
        plan_arrow(axes, 5.9, y, 6.4, y)
        plan_box(axes, (6.5, y), (1.5, 1.0), "head g", PALETTE[2])
        plan_arrow(axes, 8.1, y, 8.8, 2.2 + np.sign(y - 2.2) * 0.35)
        axes.text(6.15, y + 0.22, "h", ha="center", fontsize=12, fontweight="bold", color=BLUE)
        axes.text(
            8.55,
            y + np.sign(y - 2.2) * 0.25,
            "z",
            ha="center",
            va="center",
            fontsize=12,
            fontweight="bold",
            color=PALETTE[2],
        )
    plan_box(axes, (8.7, 2.2), (1.5, 1.0), "NT-Xent", PALETTE[3])
    axes.text(5.0, 2.2, "the same weights", ha="center", va="center", fontsize=9.5, color=GREY)
    axes.text(7.25, 2.2, "the same weights", ha="center", va="center", fontsize=9.5, color=GREY)
    axes.text(2.85, 2.2, "two random\ndraws", ha="center", va="center", fontsize=9.5, color=GREY)
    sizes = (
        f"h has {d_feature} numbers, z has {d_out}; N = {batch_size} images in a batch give 2N = {2 * batch_size} views"
    )
    axes.text(5.2, 0.02, sizes, ha="center", va="bottom", fontsize=9.5, color=GREY)
    return with_alt(
        figure,
        "Plan of SimCLR from left to right: one image, two randomly augmented views, the same encoder f for both gives "
        f"h ({d_feature} numbers), the same head g for both gives z ({d_out} numbers), and the loss NT-Xent compares "
        f"the two z among the {2 * batch_size} of the batch.",
    )


def trust_ratios(names: Sequence[str], trust: np.ndarray) -> Figure:
    """The trust ratio ‖w‖/‖d‖ of each layer, on a logarithmic axis, from the input at the top to the head."""
    trust = np.asarray(trust, dtype=float)
    rows = np.arange(len(names))
    figure = Figure(figsize=(6.4, 0.21 * len(names) + 0.9), layout="constrained")
    axes = figure.add_subplot()
    axes.hlines(rows, trust.min() * 0.8, trust, color="#cccccc", lw=1.5)
    axes.plot(trust, rows, "o", color=BLUE, ms=6)
    axes.set(xscale="log", ylim=(len(names) - 0.4, -0.6), xlabel="trust ratio ‖w‖ / ‖d‖ (no unit, log scale)")
    log_ticks(axes.xaxis)
    axes.set_yticks(rows, names, fontsize=8.5)
    for row in (int(trust.argmax()), int(trust.argmin())):
        note(axes, f"{trust[row]:.3g}", trust[row], row, (8, 0), INK)
    axes.margins(x=0.12)
    tidy(axes, grid="x")
    low, high = int(trust.argmin()), int(trust.argmax())
    return with_alt(
        figure,
        f"Trust ratios of {len(names)} layers on a log scale: smallest {trust[low]:.3g} ({names[low]}), largest "
        f"{trust[high]:.3g} ({names[high]}), {trust[high] / trust[low]:.0f} times as large.",
    )


def learning_rate_schedule(rates: Sequence[float], warmup_steps: int, steps_per_epoch: int) -> Figure:
    """The learning rate of every step, over epochs."""
    rates = np.asarray(rates, dtype=float)
    epochs, total = np.arange(len(rates)) / steps_per_epoch, len(rates) / steps_per_epoch
    figure = Figure(figsize=(6.4, 2.7), layout="constrained")
    axes = figure.add_subplot()
    axes.axvspan(0, warmup_steps / steps_per_epoch, color=ORANGE, alpha=0.18, lw=0)
    axes.plot(epochs, rates, color=BLUE, lw=2.5)
    axes.set(xlabel="epoch", ylabel="learning rate", xlim=(0, total), ylim=(0, rates.max() * 1.2))
    middle = max(warmup_steps // 2, 0)
    note(axes, "warmup", epochs[middle], rates[middle], (14, 0), "#8a5a00")
    half = warmup_steps + (len(rates) - warmup_steps) // 2
    note(axes, "half a cosine", epochs[half], rates[half], (10, 6), BLUE)
    tidy(axes, grid="y")
    return with_alt(
        figure,
        f"Learning rate over {total:.3g} epochs: it climbs in a straight line from {rates[0]:.2g} to "
        f"{rates.max():.2g} in {warmup_steps} steps, then falls along half a cosine to {rates[-1]:.2g}.",
    )


def training_curve(
    history: Sequence[Mapping],
    epochs: int,
    levels: Mapping[str, float],
    baselines: Mapping[str, float],
    measured_on: str = "held-out images",
) -> Figure:
    """Loss beside its `levels` (chance, floor) and kNN accuracy beside its `baselines`, as far as the run has come."""
    loss, knn = (
        np.array([(row["epoch"], row[name]) for row in history if row.get(name) is not None]).reshape(-1, 2)
        for name in ("loss", "knn_accuracy")
    )
    figure = Figure(figsize=(7.0, 4.9), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    for axes, curve, colour, lines in ((above, loss, ORANGE, levels), (below, knn, BLUE, baselines)):
        axes.plot(*curve.T, "o-", color=colour, lw=2.2, ms=4, clip_on=False, zorder=3)
        seen = [*lines.values(), *curve[:, 1]] or [1.0]
        top = max(seen) * 1.1
        axes.set(xlim=(0, epochs), ylim=(0, top))
        axes.set_xmargin(0)
        tidy(axes)
        for value in lines.values():
            axes.axhline(value, color=GREY, lw=1.2, ls="--", zorder=0)
        ends = [(f"{name} {value:.2f}", value, GREY) for name, value in lines.items()]
        if len(curve):
            ends.append((f"now {curve[-1, 1]:.2f}", curve[-1, 1], INK))
        name_ends(axes, ends, 0.1 * top, 1.015, 10)
        if len(curve):
            axes.texts[-1].set_fontweight("bold")
    above.set_ylabel("loss (nats)")
    below.set(ylabel=knn_label(measured_on), xlabel=f"epoch, of {epochs}")
    below.xaxis.get_major_locator().set_params(integer=True)
    said = [f"Training so far: epoch {history[-1]['epoch']} of {epochs}." if history else "Training has not begun."]
    for name, curve, lines in (("The loss", loss, levels), (f"kNN accuracy ({measured_on})", knn, baselines)):
        if len(curve):
            (first, start), (last, end) = curve[0], curve[-1]
            beside = "; ".join(f"{line} {value:.2f}" for line, value in lines.items())
            went = f"{name} went from {start:.2f} at epoch {first:.0f} to {end:.2f} at epoch {last:.0f}"
            said.append(went + (f" ({beside})." if beside else "."))
    return with_alt(figure, " ".join(said))

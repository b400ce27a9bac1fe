"""DeepCluster in pictures: its plan, whitening, k-means, samplers, numbers that change, curves, clusters."""

from collections.abc import Mapping, Sequence
from itertools import cycle

import numpy as np
from matplotlib.figure import Figure

from .parts import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PALETTE,
    colours,
    knn_label,
    log_ticks,
    markers,
    name_ends,
    picture,
    plan_arrow,
    plan_box,
    tidy,
    with_alt,
)

# ---- the plan


def deepcluster_plan(d_feature: int, pca_dim: int, clusters: int) -> Figure:
    """One round of DeepCluster: above, how all images get a pseudo-label; below, how the network learns them."""
    figure = Figure(figsize=(7.6, 3.7), layout="constrained")
    axes = figure.add_subplot(xlim=(0, 12.4), ylim=(0, 6.0))
    axes.axis("off")

    above = (
        (0.1, 1.9, "all images,\nwhole", "#444444"), (2.5, 1.9, "encoder f", BLUE),
        (4.9, 2.0, "PCA, whiten,\nlength 1", PALETTE[2]), (7.4, 1.7, "k-means", PALETTE[2]),
        (9.6, 2.5, "a pseudo-label\nfor each image", PALETTE[4]),
    )  # fmt: skip
    below = (
        (0.1, 1.9, "a random\nview", ORANGE), (2.5, 1.9, "encoder f", BLUE),
        (4.9, 2.0, "head g,\nmade anew", PALETTE[3]), (9.6, 2.5, "cross-entropy", PALETTE[3]),
    )  # fmt: skip
    for y, row in ((4.5, above), (1.5, below)):
        for x, width, text, colour in row:
            plan_box(axes, (x, y), (width, 1.1), text, colour)
        for (x, width, *_), (following, *_) in zip(row, row[1:], strict=False):
            plan_arrow(axes, x + width + 0.1, y, following - 0.12, y)
    plan_arrow(axes, 10.85, 3.85, 10.85, 2.2)
    axes.text(10.7, 3.0, "the answer", ha="right", va="center", fontsize=9.5, color=GREY)
    axes.text(3.45, 3.0, "the same weights", ha="center", va="center", fontsize=9.5, color=GREY)
    axes.text(0.1, 5.5, "1 · once an epoch: cluster", fontsize=10.5, fontweight="bold", color=INK)
    axes.text(0.1, 2.45, "2 · then, batch by batch: learn", fontsize=10.5, fontweight="bold", color=INK)
    sizes = f"{d_feature} features, PCA keeps {pca_dim}, k = {clusters} clusters"
    axes.text(6.2, 0.1, sizes, ha="center", va="bottom", fontsize=9.5, color=GREY)
    return with_alt(
        figure,
        f"Plan of DeepCluster. First, once an epoch: all images go whole through the encoder f ({d_feature} numbers), "
        f"PCA to {pca_dim} dimensions, whitening and length 1, then k-means with {clusters} clusters, whose numbers "
        "are the pseudo-labels. Second, batch by batch: a random view goes through the same f and a head g that is new "
        "in every epoch, and cross-entropy compares its answer with the pseudo-label.",
    )


# ---- the stages


def sobel_stages(images: np.ndarray, edges: np.ndarray, names: Sequence[str] = ()) -> Figure:
    """Images `[B, C, H, W]` and below them the two channels of Sobel's filter `[B, 2, H, W]`, with their sign."""
    count = len(images)
    figure = Figure(figsize=(0.85 * count + 1.5, 2.9), layout="constrained")
    grid = figure.subplots(3, count, squeeze=False)
    largest = np.quantile(np.abs(edges), 0.97)  # the frame, where all is black beyond the border, is stronger
    for column in range(count):
        picture(grid[0, column], images[column])
        for row in (1, 2):
            axes = grid[row, column]
            axes.imshow(edges[column, row - 1], cmap="RdBu_r", vmin=-largest, vmax=largest, interpolation="nearest")
            axes.set_xticks([])
            axes.set_yticks([])
            axes.spines[:].set_visible(False)
    for row, title in enumerate(("image", "left to right", "top to bottom")):
        grid[row, 0].set_ylabel(title, fontsize=10.5, rotation=0, ha="right", va="center")
    for column, name in enumerate(names):
        grid[0, column].set_title(name, fontsize=10)
    return with_alt(
        figure,
        f"{count} images and, below each, how its brightness changes from left to right and from top to bottom. Red "
        f"and blue are the two directions of change, white is none: {np.mean(np.abs(edges) < 0.1 * largest):.0%} of "
        "the places are nearly white. Colours are gone, outlines are left.",
    )


def whitening_stages(stages: Mapping[str, np.ndarray]) -> Figure:
    """A cloud of points `[N, 2]` after each stage, a panel a stage, in order; each point keeps its colour."""
    figure = Figure(figsize=(1.9 * len(stages), 2.35), layout="constrained")
    numbers, last = {}, list(stages.values())[-1]
    colour = np.arctan2(*(last - last.mean(axis=0)).T)
    for axes, (name, points) in zip(figure.subplots(1, len(stages), squeeze=False)[0], stages.items(), strict=True):
        reach = 1.1 * np.abs(points).max()
        axes.axhline(0, color="#cccccc", lw=1)
        axes.axvline(0, color="#cccccc", lw=1)
        axes.scatter(*points.T, s=9, c=colour, cmap="twilight", lw=0)
        axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
        axes.set_title(name, fontsize=10)
        axes.tick_params(labelsize=8)
        mean, std = points.mean(axis=0), points.std(axis=0)
        lengths = np.linalg.norm(points, axis=1)
        numbers[name] = {
            "middle at": f"({mean[0]:.1f}, {mean[1]:.1f})",
            "standard deviations": f"{std[0]:.2f} and {std[1]:.2f}",
            "lengths from": f"{lengths.min():.2f} to {lengths.max():.2f}",
        }
    told = "; ".join(f"{name}: " + ", ".join(f"{a} {b}" for a, b in row.items()) for name, row in numbers.items())
    spread = "; ".join(f"{name} {row['standard deviations']}" for name, row in numbers.items())
    about = f"The same {len(next(iter(stages.values())))} points after each stage."
    return with_alt(figure, f"{about} {told}.", f"{about} Standard deviations: {spread}.", numbers)


# ---- k-means


def kmeans_step(
    points: np.ndarray,
    before: np.ndarray,
    centroids: np.ndarray,
    assignments: np.ndarray,
    inertias: Sequence[float],
    step: int,
) -> Figure:
    """One moment of k-means in the plane, and inertia over all steps.

    Args:
        points: `[N, 2]`.
        before: centroids `[k, 2]` before this step, from which arrows start.
        centroids: `[k, 2]` now.
        assignments: cluster of each point, `[N]`.
        inertias: after each step, from the start's; all steps, also those that come later.
        step: the one that is shown; 0 is the start.
    """
    figure = Figure(figsize=(8.0, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.35, 1))
    counts = np.bincount(assignments, minlength=len(centroids))
    moves = zip(range(len(centroids)), zip(before, centroids, strict=True), colours(), markers(), strict=False)
    for cluster, (old, new), colour, marker in moves:
        left.scatter(*points[assignments == cluster].T, s=18, color=colour, marker=marker, lw=0, alpha=0.75)
        if np.linalg.norm(new - old) > 1e-6:
            left.annotate("", new, old, arrowprops=dict(arrowstyle="->", color=INK, lw=1.3, shrinkA=0, shrinkB=4))
        left.plot(*new, "X", ms=12, color=colour, mec=INK, mew=1.4, zorder=5)
    left.set(aspect="equal", xticks=[], yticks=[])
    left.set_title(f"step {step} of {len(inertias) - 1}", fontsize=11)
    left.set_xlabel("X: centroids, arrows: how they moved (axes have no unit)", fontsize=9)
    right.plot(range(len(inertias)), inertias, "o-", color=GREY, lw=1.6, ms=4, zorder=2)
    right.plot(step, inertias[step], "o", ms=11, color=ORANGE, mec=INK, zorder=3)
    right.set(xlabel="step", ylabel="inertia (squared distance)", ylim=(0, 1.12 * max(inertias)))
    right.xaxis.get_major_locator().set_params(integer=True)
    right.set_title(f"inertia {inertias[step]:.1f}, at the end {inertias[-1]:.1f}", fontsize=10.5)
    tidy(right, grid="y")
    return with_alt(
        figure,
        f"k-means with {len(centroids)} clusters, step {step} of {len(inertias) - 1}. Points in each cluster: "
        f"{', '.join(map(str, counts))}; {int((counts == 0).sum())} empty. Inertia went from {inertias[0]:.1f} at the "
        f"start to {inertias[step]:.1f} now and will be {inertias[-1]:.1f} at the end.",
    )


def inertia_by_start(inertias: Mapping[str, Sequence[float]]) -> Figure:
    """Inertia at the end of k-means, a point a seed and a row a way to start; the best of all is a line."""
    figure = Figure(figsize=(6.8, 0.62 * len(inertias) + 1.0), layout="constrained")
    axes = figure.add_subplot()
    best = min(min(values) for values in inertias.values())
    jitter = np.random.default_rng(0)
    for row, (values, colour, marker) in enumerate(zip(inertias.values(), colours(), markers(), strict=False)):
        places = row + 0.16 * jitter.uniform(-1, 1, len(values))
        axes.plot(values, places, marker, color=colour, ms=6.5, mec="white", mew=0.7, ls="none")
        axes.plot([np.median(values)] * 2, [row - 0.34, row + 0.34], color=INK, lw=2)
    axes.axvline(best, color=GREY, ls="--", lw=1.2, zorder=0)
    axes.set_yticks(range(len(inertias)), inertias, fontsize=10.5)
    axes.set(ylim=(len(inertias) - 0.5, -0.5), xlabel="inertia at the end (- - the best of all, | the median)")
    axes.tick_params(axis="y", length=0)
    tidy(axes, grid="x")
    told = "; ".join(
        f"{name}: median {np.median(v):.4g}, from {min(v):.4g} to {max(v):.4g}, "
        f"{sum(x < 1.01 * best for x in v)} of {len(v)} within a hundredth of the best"
        for name, v in inertias.items()
    )
    return with_alt(figure, f"Inertia at the end of k-means for different seeds. {told}.")


# ---- sampling, and numbers that change


def draws_by_cluster_size(sizes: np.ndarray, draws: Mapping[str, np.ndarray]) -> Figure:
    """How often each cluster is drawn, as a multiple of its fair share, against its size: a panel a sampler.

    Args:
        sizes: images of each cluster, `[k]`, none 0.
        draws: for each sampler how often it drew from each cluster, `[k]`.
    """
    figure = Figure(figsize=(2.55 * len(draws), 2.9), layout="constrained")
    told = []
    panels = figure.subplots(1, len(draws), sharey=True, squeeze=False)[0]
    ratios = {name: len(sizes) * counts / counts.sum() for name, counts in draws.items()}
    floor = 0.6 * min(r[r > 0].min() for r in ratios.values())
    for axes, (name, ratio), colour in zip(panels, ratios.items(), colours(), strict=False):
        axes.axhline(1, color=INK, lw=1.2, ls="--", zorder=0)
        axes.plot(sizes, np.maximum(ratio, floor), "o", ms=5, color=colour, mec="white", mew=0.4)
        axes.set(xscale="log", yscale="log", xlabel="images in the cluster\n(log scale)")
        axes.set_xlim(0.7 * sizes.min(), 1.4 * sizes.max())
        axes.set_title(name, fontsize=10.5)
        log_ticks(axes.xaxis)
        log_ticks(axes.yaxis)
        axes.tick_params(labelsize=8.5)
        tidy(axes)
        told.append(f"{name}: from {ratio.min():.2f} to {ratio.max():.2f} times its fair share")
    panels[0].set_ylabel("draws / fair share\n(log scale)")
    return with_alt(
        figure,
        f"Draws of {len(sizes)} clusters, which have {sizes.min()} to {sizes.max()} images; the dashed line is the "
        f"fair share. {'; '.join(told)}.",
    )


def overlap_matrices(panels: Mapping[str, np.ndarray]) -> Figure:
    """Images in cluster a of one clustering and cluster b of another, `[k, k]` counts, a panel a numbering."""
    figure = Figure(figsize=(3.5 * len(panels) + 0.5, 3.5), layout="constrained")
    axes_of = figure.subplots(1, len(panels), squeeze=False)[0]
    top, told = max(counts.max() for counts in panels.values()), []
    for axes, (name, counts) in zip(axes_of, panels.items(), strict=True):
        image = axes.imshow(counts, cmap="cividis", vmin=0, vmax=top, interpolation="nearest")
        axes.set_title(name, fontsize=10.5)
        axes.set_xlabel("cluster in the second clustering")
        for axis in (axes.xaxis, axes.yaxis):
            axis.get_major_locator().set_params(integer=True)
        kept = np.trace(counts) / counts.sum()
        told.append(f"{name}: {kept:.0%} of the images have the same number twice")
    axes_of[0].set_ylabel("cluster in the first")
    figure.colorbar(image, ax=axes_of, label="images in both", shrink=0.8)
    size = len(next(iter(panels.values())))
    return with_alt(figure, f"Two clusterings of the same images, {size} clusters each. {'; '.join(told)}.")


def loss_by_step(curves: Mapping[str, Sequence[float]], levels: Mapping[str, float]) -> Figure:
    """The loss in the first steps of a few trainings, beside named levels."""
    figure = Figure(figsize=(6.6, 3.2), layout="constrained")
    axes = figure.add_subplot()
    top = 1.08 * max([*levels.values(), *(max(losses) for losses in curves.values())])
    ends = [(f"{name} {value:.2f}", value, GREY) for name, value in levels.items()]
    for (name, losses), colour, style in zip(curves.items(), colours(), cycle(("-", "-.", ":")), strict=False):
        axes.plot(losses, style, color=colour, lw=2.3)
        ends.append((name, losses[-1], colour))
    for value in levels.values():
        axes.axhline(value, color=GREY, lw=1.2, ls="--", zorder=0)
    steps = max(len(losses) for losses in curves.values()) - 1
    axes.set(xlabel="step", ylabel="loss (nats)", xlim=(0, steps), ylim=(0, top))
    name_ends(axes, ends, 0.09 * top, 1.015, 10)
    tidy(axes)
    told = "; ".join(
        f"{name}: {losses[0]:.2f} at first, {losses[-1]:.2f} at the end" for name, losses in curves.items()
    )
    beside = ", ".join(f"{name} {value:.2f}" for name, value in levels.items())
    return with_alt(figure, f"Loss over {steps} steps. {told}. Levels: {beside}.")


# ---- the run


def deepcluster_curve(
    history: Sequence[Mapping],
    epochs: int,
    levels: Mapping[str, float],
    baselines: Mapping[str, float],
    measured_on: str = "held-out images",
) -> Figure:
    """Loss beside its `levels`, NMI with the labels and with the last clusters, kNN beside its `baselines`."""
    figure = Figure(figsize=(7.2, 5.6), layout="constrained")
    panels = figure.subplots(3, 1, sharex=True)
    told = [f"Training so far: epoch {history[-1]['epoch']} of {epochs}." if history else "Training has not begun."]
    nmi = {"nmi_previous": ("with the last clusters", PALETTE[2]), "nmi_labels": ("with the labels", PALETTE[4])}
    rows = (
        ("loss (nats)", {"loss": ("", ORANGE)}, levels),
        ("NMI", nmi, {}),
        (knn_label(measured_on), {"knn_accuracy": ("", BLUE)}, baselines),
    )
    for axes, (title, columns, lines) in zip(panels, rows, strict=True):
        ends = [(f"{name} {value:.2f}", value, GREY) for name, value in lines.items()]
        for (column, (name, colour)), marker in zip(columns.items(), markers(), strict=False):
            curve = np.array([(row["epoch"], row[column]) for row in history if row.get(column) is not None])
            if len(curve):
                axes.plot(*curve.T, marker + "-", color=colour, lw=2, ms=4, clip_on=False, zorder=3)
                ends.append((f"{name or 'now'} {curve[-1, 1]:.2f}", curve[-1, 1], colour))
                what = f"{title.split(chr(10))[0]} {name}".strip()
                told.append(f"{what}: {curve[0, 1]:.2f} at epoch {curve[0, 0]:.0f}, {curve[-1, 1]:.2f} at the last.")
        for value in lines.values():
            axes.axhline(value, color=GREY, lw=1.2, ls="--", zorder=0)
        top = 1.1 * max([value for _, value, _ in ends] + [max(line.get_ydata()) for line in axes.lines] + [0.1])
        axes.set(xlim=(0, epochs), ylim=(0, top), ylabel=title)
        name_ends(axes, ends, 0.13 * top, 1.015)
        tidy(axes)
    panels[-1].set_xlabel(f"epoch, of {epochs}")
    panels[-1].xaxis.get_major_locator().set_params(integer=True)
    lines = ", ".join(f"{name} {value:.2f}" for name, value in {**levels, **baselines}.items())
    return with_alt(figure, f"{' '.join(told)} kNN on {measured_on}. Lines: {lines}.")


def stage_seconds(seconds: Mapping[str, float]) -> Figure:
    """Where the time of an epoch goes: a bar a stage."""
    total = sum(seconds.values())
    figure = Figure(figsize=(6.6, 0.42 * len(seconds) + 0.9), layout="constrained")
    axes = figure.add_subplot()
    bars = axes.barh(list(seconds), list(seconds.values()), color=PALETTE[: len(seconds)], height=0.62)
    axes.bar_label(bars, [f"{s:.2g} s, {s / total:.0%}" for s in seconds.values()], padding=4, fontsize=10.5)
    axes.invert_yaxis()
    axes.set(xlabel="seconds of an epoch (mean)", xlim=(0, 1.25 * max(seconds.values())))
    axes.tick_params(axis="y", length=0, labelsize=10.5)
    tidy(axes)
    told = ", ".join(f"{stage} {s:.2g} s ({s / total:.0%})" for stage, s in seconds.items())
    return with_alt(figure, f"Seconds of an epoch by stage: {told}; {total:.2g} s together.")


# ---- clusters as pictures


def cluster_rows(images: np.ndarray, groups: Mapping[str, np.ndarray], count: int = 10) -> Figure:
    """A row a group: its name and its first `count` images; `groups` has indices into `images`."""
    figure = Figure(figsize=(0.62 * count + 1.4, 0.66 * len(groups) + 0.1), layout="constrained")
    grid = figure.subplots(len(groups), count, squeeze=False)
    for row, (name, index) in zip(grid, groups.items(), strict=True):
        for axes in row:
            axes.axis("off")
        for axes, i in zip(row, index[:count], strict=False):
            axes.axis("on")
            picture(axes, images[i])
        row[0].axis("on")
        row[0].set(xticks=[], yticks=[])
        row[0].spines[:].set_visible(False)
        name = f"{name}\n{len(index)} images"
        row[0].set_ylabel(name, fontsize=9.5, rotation=0, ha="right", va="center")
    told = ", ".join(f"{name}: {len(index)} images" for name, index in groups.items())
    return with_alt(figure, f"One row a cluster, up to {count} images each. {told}.")


def cluster_page(
    images: np.ndarray,
    labels: np.ndarray,
    classes: Sequence[str],
    members: np.ndarray,
    joined: np.ndarray,
    left: np.ndarray,
    title: str,
) -> Figure:
    """A cluster at one epoch: its images, those that joined framed in blue, and below some that left it.

    Args:
        images: `[N, C, H, W]`.
        labels: `[N]`; −1 where unknown.
        members: indices of the images in it now; up to 24 are shown.
        joined: of the members, those that were in another cluster before.
        left: indices of images that were in it before and are not now; up to 8 are shown.
        title: which cluster, which epoch.
    """
    columns, lines = 8, 3
    figure = Figure(figsize=(6.6, 4.3), layout="constrained")
    grid = figure.subplots(lines + 1, columns, squeeze=False)
    new = set(joined.tolist())
    for axes in grid.flat:
        axes.axis("off")
    for axes, i in zip(grid[:lines].flat, members, strict=False):
        axes.axis("on")
        picture(axes, images[i], BLUE if i in new else None)
    for axes, i in zip(grid[lines], left, strict=False):
        axes.axis("on")
        picture(axes, images[i], ORANGE)
    known = labels[members][labels[members] >= 0]
    most = ""
    if len(known):
        counts = np.bincount(known, minlength=len(classes))
        most = f"; {counts.max() / len(known):.0%} of them {classes[counts.argmax()]}"
    figure.suptitle(
        f"{title}: {len(members)} images{most}\nblue: {len(joined)} joined · last row, orange: {len(left)} left",
        fontsize=10.5,
    )
    return with_alt(
        figure,
        f"{title}: {len(members)} images{most}. Since the page before {len(joined)} have joined and {len(left)} have "
        f"left. Shown are {min(len(members), columns * lines)} of them and {min(len(left), columns)} that left.",
    )

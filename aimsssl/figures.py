"""Figures of the lessons: arrays in, a matplotlib `Figure` out, with `figure.alt_text` computed from the same arrays.

No function touches pyplot's state, shows or saves anything: `aimsssl.explorers.show` does, with the alt text.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

# seaborn's "colorblind"; importing seaborn would bring pyplot with it
PALETTE = (
    "#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc", "#ca9161", "#fbafe4", "#949494", "#ece133", "#56b4e9",
)  # fmt: skip
MARKERS = "os^DvPX*<>"
BLUE, ORANGE, GREY, INK = PALETTE[0], PALETTE[1], "#6b6b6b", "#222222"


def simclr_plan(d_feature: int, d_out: int, batch_size: int) -> Figure:
    """SimCLR in one picture: an image, two views, one encoder, one head, and where the loss stands."""
    figure = Figure(figsize=(7.2, 2.9), layout="constrained")
    axes = figure.add_subplot(xlim=(0, 10.4), ylim=(0, 4.4))
    axes.axis("off")

    def box(x: float, y: float, width: float, text: str, colour: str) -> None:
        style = "round,pad=0.06,rounding_size=0.12"
        axes.add_patch(FancyBboxPatch((x, y - 0.5), width, 1.0, boxstyle=style, fc=colour + "22", ec=colour, lw=1.5))
        axes.text(x + width / 2, y, text, ha="center", va="center", fontsize=10.5, color=INK)

    def arrow(x1: float, y1: float, x2: float, y2: float) -> None:
        axes.annotate("", (x2, y2), (x1, y1), arrowprops=dict(arrowstyle="->", color=GREY, lw=1.5))

    box(0.1, 2.2, 1.2, "image", "#444444")
    for y, name in ((3.4, "view 1"), (1.0, "view 2")):
        arrow(1.4, 2.2 + np.sign(y - 2.2) * 0.25, 2.1, y)
        box(2.2, y, 1.3, name, PALETTE[1])
        arrow(3.6, y, 4.1, y)
        box(4.2, y, 1.6, "encoder f", BLUE)
        arrow(5.9, y, 6.4, y)
        box(6.5, y, 1.5, "head g", PALETTE[2])
        arrow(8.1, y, 8.8, 2.2 + np.sign(y - 2.2) * 0.35)
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
    box(8.7, 2.2, 1.5, "NT-Xent", PALETTE[3])
    axes.text(5.0, 2.2, "the same weights", ha="center", va="center", fontsize=9.5, color=GREY)
    axes.text(7.25, 2.2, "the same weights", ha="center", va="center", fontsize=9.5, color=GREY)
    axes.text(2.85, 2.2, "two random\ndraws", ha="center", va="center", fontsize=9.5, color=GREY)
    sizes = (
        f"h has {d_feature} numbers, z has {d_out}; N = {batch_size} images in a batch give 2N = {2 * batch_size} views"
    )
    axes.text(5.2, 0.02, sizes, ha="center", va="bottom", fontsize=9.5, color=GREY)
    return _with_alt(
        figure,
        "Plan of SimCLR from left to right: one image, two randomly augmented views, the same encoder f for both gives "
        f"h ({d_feature} numbers), the same head g for both gives z ({d_out} numbers), and the loss NT-Xent compares "
        f"the two z among the {2 * batch_size} of the batch.",
    )


def two_views(images: np.ndarray, view1: np.ndarray, view2: np.ndarray, names: Sequence[str] = ()) -> Figure:
    """Images and their two views, a column an image: each array `[B, C, H, W]`, uint8 or float in [0, 1]."""
    count = len(images)
    figure = Figure(figsize=(0.85 * count + 0.9, 2.9), layout="constrained")
    grid = figure.subplots(3, count, squeeze=False)
    for row, (title, pictures) in enumerate((("image", images), ("view 1", view1), ("view 2", view2))):
        for column in range(count):
            _picture(grid[row, column], pictures[column])
        grid[row, 0].set_ylabel(title, fontsize=11, rotation=0, ha="right", va="center")
    for column, name in enumerate(names):
        grid[0, column].set_title(name, fontsize=10)
    what = f" ({', '.join(names)})" if names else ""
    return _with_alt(
        figure, f"{count} images{what}, and below each of them its two views: other crops, other colours, same content."
    )


def similarity_matrix(similarity: np.ndarray, positives: np.ndarray) -> Figure:
    """Cosine similarities of the 2N views `[2N, 2N]`; the diagonal is masked, `positives[i]` is framed in row i."""
    views = len(similarity)
    shown = np.where(np.eye(views, dtype=bool), np.nan, similarity)
    figure = Figure(figsize=(4.9, 4.1), layout="constrained")
    axes = figure.add_subplot()
    image = axes.imshow(shown, cmap="RdBu_r", vmin=-1, vmax=1)
    axes.set_facecolor("#d9d9d9")
    for axis in (axes.xaxis, axes.yaxis):
        axis.get_major_locator().set_params(integer=True)
    for row, column in enumerate(positives):
        axes.add_patch(_frame(column, row, INK))
    axes.set_xlabel(f"view k (0 to {views - 1})")
    axes.set_ylabel(f"view i (0 to {views - 1})")
    figure.colorbar(image, label="cosine similarity of z", shrink=0.9)
    right = similarity[np.arange(views), positives].mean()
    others = np.ones_like(shown, dtype=bool)
    others[np.arange(views), positives] = False
    rest = np.nanmean(shown[others])
    return _with_alt(
        figure,
        f"Matrix of cosine similarities of {views} views. The diagonal is grey: no view is its own candidate. One "
        f"framed square a row is the positive. Mean similarity of the positives {right:.2f}, of the others {rest:.2f}.",
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
    axes.set_yticks(rows, names, fontsize=8.5)
    for row in (int(trust.argmax()), int(trust.argmin())):
        _note(axes, f"{trust[row]:.3g}", trust[row], row, (8, 0), INK)
    axes.margins(x=0.12)
    _tidy(axes, grid="x")
    low, high = int(trust.argmin()), int(trust.argmax())
    return _with_alt(
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
    _note(axes, "warmup", epochs[middle], rates[middle], (14, 0), "#8a5a00")
    half = warmup_steps + (len(rates) - warmup_steps) // 2
    _note(axes, "half a cosine", epochs[half], rates[half], (10, 6), BLUE)
    _tidy(axes, grid="y")
    return _with_alt(
        figure,
        f"Learning rate over {total:.3g} epochs: it climbs in a straight line from {rates[0]:.2g} to "
        f"{rates.max():.2g} in {warmup_steps} steps, then falls along half a cosine to {rates[-1]:.2g}.",
    )


def training_curve(
    history: Sequence[Mapping], epochs: int, levels: Mapping[str, float], baselines: Mapping[str, float]
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
        _tidy(axes)
        for value in lines.values():
            axes.axhline(value, color=GREY, lw=1.2, ls="--", zorder=0)
        labels = {f"{name} {value:.2f}": value for name, value in lines.items()}
        if len(curve):
            labels[f"now {curve[-1, 1]:.2f}"] = curve[-1, 1]
        places = _apart(list(labels.values()), 0.1 * top)
        for (text, _), y in zip(labels.items(), places, strict=True):
            now = text.startswith("now")
            axes.text(
                1.015, y / top, text, transform=axes.transAxes, va="center", fontsize=10,
                color=INK if now else GREY, fontweight="bold" if now else "normal",
            )  # fmt: skip
    above.set_ylabel("loss (nats)")
    below.set(ylabel="kNN accuracy\n(held-out images)", xlabel=f"epoch, of {epochs}")
    below.xaxis.get_major_locator().set_params(integer=True)
    said = [f"Training so far: epoch {history[-1]['epoch']} of {epochs}." if history else "Training has not begun."]
    for name, curve, lines in (("The loss", loss, levels), ("kNN accuracy", knn, baselines)):
        if len(curve):
            (first, start), (last, end) = curve[0], curve[-1]
            beside = "; ".join(f"{line} {value:.2f}" for line, value in lines.items())
            went = f"{name} went from {start:.2f} at epoch {first:.0f} to {end:.2f} at epoch {last:.0f}"
            said.append(went + (f" ({beside})." if beside else "."))
    return _with_alt(figure, " ".join(said))


def accuracy_bars(scores: Mapping[str, Mapping[str, float]], chance: Mapping[str, float]) -> Figure:
    """`scores[row][measure]` in [0, 1]: one panel a measure, one bar a row, chance as a dashed line."""
    rows, measures = list(scores), list(chance)
    figure = Figure(figsize=(7.2, 0.42 * len(rows) + 1.15), layout="constrained")
    panels = figure.subplots(1, len(measures), sharey=True, squeeze=False)[0]
    for axes, measure, colour in zip(panels, measures, PALETTE, strict=False):
        values = np.array([scores[row][measure] for row in rows])
        bars = axes.barh(rows, values, color=colour, height=0.62)
        axes.bar_label(bars, [f"{value:.2f}" for value in values], padding=3, fontsize=10.5)
        axes.axvline(chance[measure], color=INK, lw=1.3, ls="--")
        axes.set(xlim=(0, 1.12), xlabel="share correct", xticks=(0, 0.5, 1))
        axes.set_title(f"{measure}\n- - chance {chance[measure]:.2f}", fontsize=10.5)
        _tidy(axes)
    panels[0].invert_yaxis()
    panels[0].tick_params(axis="y", length=0, labelsize=10.5)
    told = "; ".join(
        f"{measure}: {', '.join(f'{row} {scores[row][measure]:.2f}' for row in rows)}, chance {chance[measure]:.2f}"
        for measure in measures
    )
    return _with_alt(figure, f"Bars of accuracy on test images. {told}.")


def tsne_panels(points: Mapping[int, np.ndarray], labels: np.ndarray, classes: Sequence[str]) -> Figure:
    """One small t-SNE map an epoch, `{epoch: [P, 2]}`, with the same colour and marker for a class in all of them."""
    columns = min(3, len(points))
    lines = -(-len(points) // columns)
    figure = Figure(figsize=(7.2, 2.5 * lines + 0.5), layout="constrained")
    grid = figure.subplots(lines, columns, squeeze=False).flat
    for axes, epoch in zip(grid, points, strict=False):
        _scatter(axes, points[epoch], labels, classes, size=9)
        axes.set_title(f"epoch {epoch}", fontsize=11)
    for axes in list(grid)[len(points) :] if len(points) < lines * columns else ():
        axes.axis("off")
    handles = figure.axes[0].collections
    figure.legend(handles, [c.get_label() for c in handles], loc="outside lower center", ncols=5, frameon=False,
                  fontsize=10, markerscale=1.8, handletextpad=0.1, columnspacing=1.0)  # fmt: skip
    shares = {epoch: _own_class_share(xy, labels) for epoch, xy in points.items()}
    told = ", ".join(f"{share:.2f} at epoch {epoch}" for epoch, share in shares.items())
    return _with_alt(
        figure,
        f"t-SNE maps of the same {len(labels)} images at {len(points)} epochs, coloured by class. "
        f"Share of points whose nearest point on the map has their class: {told}.",
    )


def neighbours_by_epoch(
    images: np.ndarray, query: int, neighbours: Mapping[int, np.ndarray], labels: np.ndarray, classes: Sequence[str]
) -> Figure:
    """A row an epoch: the chosen image, then its nearest neighbours, framed in blue where the class is the same."""
    count = len(next(iter(neighbours.values())))
    figure = Figure(figsize=(7.6, 0.68 * len(neighbours) + 0.4), layout="constrained")
    grid = figure.subplots(len(neighbours), count + 1, squeeze=False)
    same = {epoch: int((labels[index] == labels[query]).sum()) for epoch, index in neighbours.items()}
    for row, (epoch, index) in zip(grid, neighbours.items(), strict=True):
        _picture(row[0], images[query], INK)
        row[0].set_ylabel(f"epoch {epoch}", fontsize=10, rotation=0, ha="right", va="center")
        for axes, i in zip(row[1:], index, strict=True):
            _picture(axes, images[i], BLUE if labels[i] == labels[query] else None)
        row[-1].text(1.25, 0.5, f"{same[epoch]} of {count}", transform=row[-1].transAxes, va="center", fontsize=10)
    grid[0, 0].set_title("chosen", fontsize=10)
    grid[0, count // 2 + 1].set_title(f"nearest first; blue frame: {classes[labels[query]]} too", fontsize=10)
    told = ", ".join(f"{value} of {count} at epoch {epoch}" for epoch, value in same.items())
    return _with_alt(
        figure,
        f"Image {query} ({classes[labels[query]]}) and its {count} nearest neighbours. Of the same class: {told}.",
    )


def map_and_neighbours(
    points: np.ndarray,
    labels: np.ndarray,
    classes: Sequence[str],
    images: np.ndarray,
    query: int,
    neighbours: np.ndarray,
    epoch: int,
) -> Figure:
    """One epoch of a run: the t-SNE map `[P, 2]` with a chosen image on it, and that image's nearest neighbours."""
    figure = Figure(figsize=(8.2, 4.0), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1.15, 1))
    axes = left.subplots()
    _scatter(axes, points, labels, classes, size=16)
    axes.set(
        title=f"t-SNE of {len(points)} images, epoch {epoch}",
        xlabel="● chosen   ○ its neighbours   (axes have no unit)",
    )
    axes.plot(*points[neighbours].T, "o", ms=9, mfc="none", mec=INK, mew=1.2, ls="none")
    _name_classes(axes, points, labels, classes)
    axes.plot(*points[query], "o", ms=13, mfc="white", mec=INK, mew=3, zorder=7)
    axes.plot(*points[query], "o", ms=4, color=INK, zorder=8)
    columns = min(4, len(neighbours) + 1)
    grid = right.subplots(-(-(len(neighbours) + 1) // columns), columns, squeeze=False)
    for cell in grid.flat:
        cell.axis("off")
    for cell, (rank, index) in zip(grid.flat, enumerate([query, *neighbours]), strict=False):
        cell.axis("on")
        same = labels[index] == labels[query]
        _picture(cell, images[index], INK if rank == 0 else BLUE if same else None)
        cell.set_title("chosen" if rank == 0 else f"{rank}. {classes[labels[index]]}", fontsize=8.5, pad=3)
    same = int((labels[neighbours] == labels[query]).sum())
    right.suptitle(f"{same} of {len(neighbours)} neighbours are {classes[labels[query]]} too", fontsize=10.5)
    names = ", ".join(classes[labels[i]] for i in neighbours)
    return _with_alt(
        figure,
        f"Epoch {epoch}. Left: t-SNE map of {len(points)} images; the nearest point on the map has the same class for "
        f"{_own_class_share(points, labels):.2f} of them. Right: the {len(neighbours)} nearest neighbours of image "
        f"{query} ({classes[labels[query]]}): {names}; {same} of {len(neighbours)} have its class.",
    )


# ---- what the figures share ------------------------------------------------------------------------------------------


def _with_alt(figure: Figure, text: str) -> Figure:
    figure.alt_text = text
    return figure


def _note(axes: Axes, text: str, x: float, y: float, offset: tuple[float, float], colour: str) -> None:
    """Words beside a point, `offset` in points of the page."""
    axes.annotate(text, (x, y), offset, textcoords="offset points", va="center", fontsize=10.5, color=colour)


def _tidy(axes: Axes, grid: str = "") -> None:
    axes.spines[["top", "right"]].set_visible(False)
    if grid:
        axes.grid(axis=grid, color="#e5e5e5", lw=0.8)
        axes.set_axisbelow(True)


def _channels_last(image: np.ndarray) -> np.ndarray:
    """`[C, H, W]` to what imshow takes: `[H, W, 3]`, or `[H, W]` where C = 1."""
    image = np.asarray(image)
    return image[0] if len(image) == 1 else np.moveaxis(image, 0, -1)


def _picture(axes: Axes, image: np.ndarray, frame: str | None = None) -> None:
    pixels = _channels_last(image)
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=255 if pixels.dtype == np.uint8 else 1, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set(visible=frame is not None, color=frame, linewidth=3)


def _frame(column: float, row: float, colour: str) -> FancyBboxPatch:
    corner, style = (column - 0.42, row - 0.42), "square,pad=0"
    return FancyBboxPatch(corner, 0.84, 0.84, boxstyle=style, fc="none", ec=colour, lw=1.6)


def _scatter(axes: Axes, points: np.ndarray, labels: np.ndarray, classes: Sequence[str], size: float) -> None:
    for label, name in enumerate(classes):
        chosen = points[labels == label]
        colour, marker = PALETTE[label % len(PALETTE)], MARKERS[(label + label // len(PALETTE)) % len(MARKERS)]
        axes.scatter(*chosen.T, s=size, color=colour, marker=marker, lw=0, label=name)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_color("#cccccc")


def _name_classes(axes: Axes, points: np.ndarray, labels: np.ndarray, classes: Sequence[str]) -> None:
    """Names at the middle of their points, moved apart where they would cover each other."""
    present = [label for label in range(len(classes)) if (labels == label).any()]
    low, high = points.min(axis=0), points.max(axis=0)
    places = np.array([(np.median(points[labels == label], axis=0) - low) / (high - low) for label in present])
    places = _apart_in_the_plane(places, np.array([0.2, 0.075]))
    for label, place in zip(present, places, strict=True):
        x, y = low + place * (high - low)
        colour = PALETTE[label % len(PALETTE)]
        axes.text(
            x, y, classes[label], ha="center", va="center", fontsize=9, color=INK, zorder=5,
            bbox=dict(boxstyle="round,pad=0.15", fc="white", ec=colour, lw=1.6, alpha=0.88),
        )  # fmt: skip


def _apart(values: Sequence[float], gap: float) -> np.ndarray:
    """The values, moved as little as needed so that neighbours are at least `gap` from each other."""
    places = np.array(values, dtype=float)
    order = np.argsort(places, kind="stable")
    for _ in range(200):
        lower, upper = places[order[:-1]], places[order[1:]]
        missing = np.maximum(gap - (upper - lower), 0) / 2
        if missing.max(initial=0) < 1e-3 * gap:
            break
        places[order[:-1]] -= missing * 0.9
        places[order[1:]] += missing * 0.9
    return places


def _apart_in_the_plane(places: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Centres `[K, 2]` in the unit square, moved until boxes of size `box` around them no longer overlap."""
    places = places + 1e-4 * np.random.default_rng(0).normal(size=places.shape)
    for _ in range(300):
        difference = places[:, None] - places[None]  # [K, K, 2]
        overlap = box - np.abs(difference)
        pushed = (overlap > 0).all(axis=2) & ~np.eye(len(places), dtype=bool)
        if not pushed.any():
            break
        shortest = (overlap / box).argmin(axis=2)  # along the axis on which the boxes part soonest
        move = np.where(np.arange(2) == shortest[..., None], np.sign(difference) * overlap * 0.3, 0.0)
        places = np.clip(places + (move * pushed[..., None]).sum(axis=1), box / 2, 1 - box / 2)
    return places


def _own_class_share(points: np.ndarray, labels: np.ndarray) -> float:
    """Share of points whose nearest other point has their label."""
    distance = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    np.fill_diagonal(distance, np.inf)
    return float((labels[distance.argmin(axis=1)] == labels).mean())

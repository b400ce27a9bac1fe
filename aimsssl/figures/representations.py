"""What representations are worth and how they lie: similarities, accuracies, maps."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .parts import (
    INK,
    MOST_ON_A_MAP,
    class_name,
    colours,
    ends_of,
    frame,
    in_legend,
    markers,
    name_classes,
    neighbour_grid,
    own_class_share,
    picture,
    scatter,
    short,
    tidy,
    with_alt,
)


def similarity_matrix(similarity: np.ndarray, positives: np.ndarray, pictures: np.ndarray | None = None) -> Figure:
    """Cosine similarities of the 2N views `[2N, 2N]`; the diagonal is masked, `positives[i]` is framed in row i.

    Args:
        similarity: `[2N, 2N]`.
        positives: `[2N]`.
        pictures: of the views, `[2N, C, H, W]`, uint8 or float in [0, 1]: they stand at the ends of rows and columns.
    """
    views = len(similarity)
    shown = np.where(np.eye(views, dtype=bool), np.nan, similarity)
    figure = Figure(figsize=(4.9, 4.1) if pictures is None else (7.4, 6.3), layout="constrained")
    axes = figure.add_subplot()
    steps = colormaps["RdBu_r"].resampled(20)  # of 0.1: a PNG of 256 colours keeps some for the pictures
    image = axes.imshow(shown, cmap=steps, vmin=-1, vmax=1)
    axes.set_facecolor("#d9d9d9")
    for axis in (axes.xaxis, axes.yaxis):
        axis.get_major_locator().set_params(integer=True)
    for row, column in enumerate(positives):
        axes.add_patch(frame(column, row, INK))
    if pictures is not None:
        _pictures_beside(axes, pictures)
    axes.set_xlabel(f"view k (0 to {views - 1})")
    axes.set_ylabel(f"view i (0 to {views - 1})")
    figure.colorbar(image, label="cosine similarity of z", shrink=0.9)
    right = similarity[np.arange(views), positives].mean()
    others = np.ones_like(shown, dtype=bool)
    others[np.arange(views), positives] = False
    rest = shown[others & ~np.isnan(shown)]
    beside = f", of the others {rest.mean():.2f}, at most {rest.max():.2f}" if len(rest) else "; there are no others"
    return with_alt(
        figure,
        f"Matrix of cosine similarities of {views} views. Mean similarity of the positives {right:.2f}"
        f"{beside}. The positives are framed; the diagonal is grey: no view is its own candidate.",
    )


def _pictures_beside(axes: Axes, pictures: np.ndarray) -> None:
    """A picture of each view above its column and left of its row, where the ticks would be."""
    side = 0.92
    for number, pixels in enumerate(pictures):
        for x, y in ((number, -1.1), (-1.1, number)):
            corner = (x - side / 2, y - side / 2, side, side)
            picture(axes.inset_axes(corner, transform=axes.transData), pixels)
    axes.tick_params(left=False, top=False, labelleft=True, pad=2)
    axes.tick_params(axis="y", pad=24)


def accuracy_bars(scores: Mapping[str, Mapping[str, float]], chance: Mapping[str, float]) -> Figure:
    """`scores[row][measure]` in [0, 1]: one panel a measure, one bar a row, chance as a dashed line."""
    rows, measures = list(scores), list(chance)
    figure = Figure(figsize=(7.2, 0.42 * len(rows) + 1.15), layout="constrained")
    panels = figure.subplots(1, len(measures), sharey=True, squeeze=False)[0]
    for axes, measure, colour in zip(panels, measures, colours(), strict=False):
        values = np.array([scores[row][measure] for row in rows])
        bars = axes.barh(rows, values, color=colour, height=0.62)
        axes.bar_label(bars, [f"{value:.2f}" for value in values], padding=3, fontsize=10.5)
        axes.axvline(chance[measure], color=INK, lw=1.3, ls="--")
        axes.set(xlim=(0, 1.12), xlabel="share correct", xticks=(0, 0.5, 1))
        axes.set_title(f"{measure}\n- - chance {_chance(chance[measure])}", fontsize=10.5)
        tidy(axes)
    panels[0].invert_yaxis()
    panels[0].tick_params(axis="y", length=0, labelsize=10.5)
    told = "; ".join(
        f"{measure}: " + ", ".join(f"{row} {scores[row][measure]:.2f}" for row in rows) + f", chance {_chance(level)}"
        for measure, level in chance.items()
    )
    return with_alt(figure, f"Bars, share correct. {told}.")


def _chance(share: float) -> str:
    """Two digits, or 1/N where they would say 0.00."""
    return f"{share:.2f}" if share >= 0.01 or share == 0 else f"1/{round(1 / share)}"


def factor_dots(scores: Mapping[str, Mapping[str, float]]) -> Figure:
    """What a linear regression reads of each factor: `scores[representation][factor]`, R² on test images.

    A row a factor, a marker a representation. A value below 0 is drawn at 0: it is no better than the mean.
    """
    representations, factors = list(scores), list(next(iter(scores.values())))
    figure = Figure(figsize=(7.0, 0.42 * len(factors) + 1.2), layout="constrained")
    axes = figure.add_subplot()
    for name, colour, marker in zip(representations, colours(), markers(), strict=False):
        values = [max(scores[name][factor], 0.0) for factor in factors]
        axes.plot(values, range(len(factors)), marker, color=colour, ms=8, mec="white", mew=0.8, clip_on=False,
                  label=in_legend(name))  # fmt: skip
    axes.set_yticks(range(len(factors)), factors, fontsize=10.5)
    axes.tick_params(axis="y", length=0)
    axes.set(xlim=(-0.02, 1.02), ylim=(len(factors) - 0.5, -0.5), xlabel="R² (0: no better than the mean, 1: exact)")
    figure.legend(loc="outside upper center", ncols=min(4, len(scores)), frameon=False, fontsize=10.5)
    tidy(axes, grid="both")
    told = "; ".join(
        f"{factor}: " + ", ".join(f"{name} {scores[name][factor]:.2f}" for name in representations)
        for factor in factors
    )
    return with_alt(
        figure,
        f"R² of each factor. {told}.",
        f"R² of each factor: {'; '.join(f'{name} {ends_of(scores[name])}' for name in representations)}.",
        {factor: {name: f"{scores[name][factor]:.2f}" for name in representations} for factor in factors},
    )


def tsne_panels(points: Mapping[int, np.ndarray], labels: np.ndarray, classes: Sequence[str]) -> Figure:
    """One small t-SNE map an epoch, `{epoch: [P, 2]}`, with the same colour and marker for a class in all of them."""
    columns = 2 if len(points) == 4 else min(3, len(points))
    lines = -(-len(points) // columns)
    figure = Figure(figsize=(7.6, 2.8 * lines + 0.5), layout="constrained")
    grid = list(figure.subplots(lines, columns, squeeze=False).flat)
    for axes, epoch in zip(grid, points, strict=False):
        scatter(axes, points[epoch], labels, classes, size=22)
        axes.set_title(f"epoch {epoch}", fontsize=11)
    for axes in grid[len(points) :]:
        axes.axis("off")
    handles = figure.axes[0].collections
    figure.set_figheight(figure.get_figheight() + 0.2 * max(0, -(-len(handles) // 5) - 2))
    figure.legend(handles, [c.get_label() for c in handles], loc="outside lower center", ncols=5, frameon=False,
                  fontsize=10, markerscale=1.4, handletextpad=0.1, columnspacing=1.0)  # fmt: skip
    shares = {epoch: own_class_share(xy, labels) for epoch, xy in points.items()}
    told = ", ".join(f"{share:.2f} at epoch {epoch}" for epoch, share in shares.items())
    return with_alt(
        figure,
        f"t-SNE maps of the same {len(labels)} images at {len(points)} epochs, coloured by class. "
        f"Share of points whose nearest point on the map has their class: {told}.",
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
    scatter(axes, points, labels, classes, size=22)
    present = [label for label in np.unique(labels) if label >= 0]
    unit = "axes have no unit"
    if len(present) > MOST_ON_A_MAP:
        present = [label for label in np.unique(labels[[query, *neighbours]]) if label >= 0]
        unit = "named: their classes"
    axes.set(
        title=f"t-SNE of {len(points)} images, epoch {epoch}",
        xlabel=f"◉ chosen   ○ its neighbours   ({unit})",
    )
    axes.plot(*points[neighbours].T, "o", ms=9, mfc="none", mec=INK, mew=1.2, ls="none")
    name_classes(axes, points, labels, classes, points[query], present)
    axes.plot(*points[query], "o", ms=13, mfc="white", mec=INK, mew=3, zorder=7)
    axes.plot(*points[query], "o", ms=4, color=INK, zorder=8)
    neighbour_grid(right, images[query], images[neighbours], labels[neighbours], labels[query], classes)
    name = class_name(classes, labels[query])
    same = int(((labels[neighbours] == labels[query]) & (labels[query] >= 0)).sum())
    right.suptitle(f"{same} of {len(neighbours)} neighbours are {short(name)} too", fontsize=10.5)
    names = ", ".join(class_name(classes, labels[i]) for i in neighbours)
    return with_alt(
        figure,
        f"Epoch {epoch}. Left: t-SNE map of {len(points)} images; the nearest point on the map has the same class for "
        f"{own_class_share(points, labels):.2f} of them. Right: the {len(neighbours)} nearest neighbours of image "
        f"{query} ({name}): {names}; {same} of {len(neighbours)} have its class.",
    )

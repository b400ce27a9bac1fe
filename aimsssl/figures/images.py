"""Rows of pictures: views of images, neighbours of an image."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from .parts import BLUE, INK, class_name, picture, with_alt


def two_views(images: np.ndarray, view1: np.ndarray, view2: np.ndarray, names: Sequence[str] = ()) -> Figure:
    """Images and their two views, a column an image: each array `[B, C, H, W]`, uint8 or float in [0, 1]."""
    count = len(images)
    figure = Figure(figsize=(0.85 * count + 0.9, 2.9), layout="constrained")
    grid = figure.subplots(3, count, squeeze=False)
    for row, (title, pictures) in enumerate((("image", images), ("view 1", view1), ("view 2", view2))):
        for column in range(count):
            picture(grid[row, column], pictures[column])
        grid[row, 0].set_ylabel(title, fontsize=11, rotation=0, ha="right", va="center")
    for column, name in enumerate(names):
        grid[0, column].set_title(name, fontsize=10)
    what = f" ({', '.join(names)})" if names else ""
    return with_alt(
        figure, f"{count} images{what}, and below each of them its two views: other crops, other colours, same content."
    )


def neighbour_rows(query: np.ndarray, rows: Mapping[str, tuple[np.ndarray, np.ndarray]], class_name: str) -> Figure:
    """A row a representation: the chosen image, then its nearest ones, framed in blue where the class is the same.

    Args:
        query: `[C, H, W]`.
        rows: by name, images `[K, C, H, W]`, the nearest first, and whether each has the query's class, bool `[K]`.
        class_name: of the query.
    """
    count = len(next(iter(rows.values()))[0])
    side = max(0.68, 6.0 / (count + 1))  # inches of a picture
    figure = Figure(figsize=(7.6, side * len(rows) + 0.4), layout="constrained")
    grid = figure.subplots(len(rows), count + 1, squeeze=False)
    for row, (name, (images, same)) in zip(grid, rows.items(), strict=True):
        picture(row[0], query, INK)
        row[0].set_ylabel(name, fontsize=10, rotation=0, ha="right", va="center")
        for axes, image, is_same in zip(row[1:], images, same, strict=True):
            picture(axes, image, BLUE if is_same else None)
        row[-1].text(1.25, 0.5, f"{same.sum()} of {count}", transform=row[-1].transAxes, va="center", fontsize=10)
    grid[0, 0].set_title("chosen", fontsize=10)
    grid[0, count // 2 + 1].set_title(f"nearest first; blue frame: {class_name} too", fontsize=10)
    told = ", ".join(f"{same.sum()} of {count} by {name}" for name, (_, same) in rows.items())
    return with_alt(figure, f"An image of the class {class_name} and its {count} nearest ones. Same class: {told}.")


def neighbours_by_epoch(
    images: np.ndarray, query: int, neighbours: Mapping[int, np.ndarray], labels: np.ndarray, classes: Sequence[str]
) -> Figure:
    """`neighbour_rows` with a row an epoch: `neighbours[epoch]` are indices of images, the nearest first."""
    same = {epoch: (labels[index] == labels[query]) & (labels[query] >= 0) for epoch, index in neighbours.items()}
    rows = {f"epoch {epoch}": (images[index], same[epoch]) for epoch, index in neighbours.items()}
    count, name = len(next(iter(same.values()))), class_name(classes, labels[query])
    told = ", ".join(f"{value.sum()} of {count} at epoch {epoch}" for epoch, value in same.items())
    return with_alt(
        neighbour_rows(images[query], rows, name),
        f"Image {query} ({name}) and its {count} nearest neighbours. Of the same class: {told}.",
    )

"""Rows of pictures: views of images, neighbours of an image."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from .parts import BLUE, INK, picture, with_alt


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


def neighbours_by_epoch(
    images: np.ndarray, query: int, neighbours: Mapping[int, np.ndarray], labels: np.ndarray, classes: Sequence[str]
) -> Figure:
    """A row an epoch: the chosen image, then its nearest neighbours, framed in blue where the class is the same."""
    count = len(next(iter(neighbours.values())))
    figure = Figure(figsize=(7.6, 0.68 * len(neighbours) + 0.4), layout="constrained")
    grid = figure.subplots(len(neighbours), count + 1, squeeze=False)
    same = {epoch: int((labels[index] == labels[query]).sum()) for epoch, index in neighbours.items()}
    for row, (epoch, index) in zip(grid, neighbours.items(), strict=True):
        picture(row[0], images[query], INK)
        row[0].set_ylabel(f"epoch {epoch}", fontsize=10, rotation=0, ha="right", va="center")
        for axes, i in zip(row[1:], index, strict=True):
            picture(axes, images[i], BLUE if labels[i] == labels[query] else None)
        row[-1].text(1.25, 0.5, f"{same[epoch]} of {count}", transform=row[-1].transAxes, va="center", fontsize=10)
    grid[0, 0].set_title("chosen", fontsize=10)
    grid[0, count // 2 + 1].set_title(f"nearest first; blue frame: {classes[labels[query]]} too", fontsize=10)
    told = ", ".join(f"{value} of {count} at epoch {epoch}" for epoch, value in same.items())
    return with_alt(
        figure,
        f"Image {query} ({classes[labels[query]]}) and its {count} nearest neighbours. Of the same class: {told}.",
    )

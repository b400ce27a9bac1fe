"""What single units look for: filters of a first layer, and the images that excite a unit most."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from .parts import INK, picture, with_alt


def filters(groups: Mapping[str, np.ndarray], columns: int = 16) -> Figure:
    """Filters of a first layer, `[units, C, h, w]` a group, each scaled to its own largest weight; 0 is grey."""
    lines = {name: -(-len(group) // columns) for name, group in groups.items()}
    figure = Figure(figsize=(7.0, 0.46 * sum(lines.values()) + 0.45 * len(groups)), layout="constrained")
    parts = figure.subfigures(len(groups), 1, squeeze=False, height_ratios=[n + 0.6 for n in lines.values()])[:, 0]
    for part, (name, group) in zip(parts, groups.items(), strict=True):
        part.suptitle(name, fontsize=10.5)
        grid = part.subplots(lines[name], columns, squeeze=False)
        for axes in grid.flat:
            axes.axis("off")
        for axes, kernel in zip(grid.flat, group, strict=False):
            axes.axis("on")
            scaled = 0.5 + 0.5 * kernel / max(np.abs(kernel).max(), 1e-12)
            picture(axes, scaled if len(scaled) in (1, 3) else scaled.mean(axis=0, keepdims=True))
    told = ", ".join(
        f"{name}: neighbouring weights correlate with {_smoothness(group):.2f}" for name, group in groups.items()
    )
    size = next(iter(groups.values())).shape
    return with_alt(figure, f"Filters of the first layer, {size[2]}×{size[3]} weights each. {told}.")


def _smoothness(kernels: np.ndarray) -> float:
    """Correlation of weights that lie side by side: 0 for noise, near 1 for smooth filters."""
    pairs = (kernels[..., :-1], kernels[..., 1:]), (kernels[..., :-1, :], kernels[..., 1:, :])
    one, other = (np.concatenate([pair[i].ravel() for pair in pairs]) for i in (0, 1))
    covariance = np.cov(one, other)
    return float(covariance[0, 1] / max(np.sqrt(covariance[0, 0] * covariance[1, 1]), 1e-12))


def exciting_images(units: Sequence[int], made: np.ndarray, images: np.ndarray, best: np.ndarray, layer: str) -> Figure:
    """A row a unit: the image that was made to excite it, then the images of the data that excite it most.

    Args:
        units: their numbers.
        made: `[K, C, H, W]` float, see `aimsssl.evaluation.gradient_ascent`.
        images: `[N, C, H, W]`.
        best: indices of images, `[K, count]`, the most exciting first.
        layer: its name.
    """
    count = best.shape[1]
    figure = Figure(figsize=(0.64 * (count + 1) + 1.1, 0.66 * len(units) + 0.45), layout="constrained")
    grid = figure.subplots(len(units), count + 2, squeeze=False, width_ratios=(1, 0.25, *[1] * count))
    for row, unit, image, index in zip(grid, units, made, best, strict=True):
        picture(row[0], image, INK)
        row[0].spines[:].set_linewidth(1.5)
        row[0].set_ylabel(f"unit {unit}", fontsize=9.5, rotation=0, ha="right", va="center")
        row[1].axis("off")
        for axes, i in zip(row[2:], index, strict=True):
            picture(axes, images[i])
    grid[0, 0].set_title("made", fontsize=10)
    grid[0, 2 + count // 2].set_title("images that excite the unit most, the strongest first", fontsize=10)
    return with_alt(
        figure,
        f"{len(units)} units of {layer}, a row each: an image made by gradient ascent, then the {count} images of the "
        f"data that excite the unit most.",
    )

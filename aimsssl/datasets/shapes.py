"""`shapes`: 32x32 colour pictures of ten figures, drawn by a formula and a seed, with every factor kept.

A figure is a signed distance function, so that its edge is smooth at any size and angle; the formulas follow Inigo
Quilez, https://iquilezles.org/articles/distfunctions2d/. Every figure is its own mirror image, so that a horizontal
flip keeps its class and its up; no light, gradient or texture has a preferred direction.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from aimsssl.datasets.imageset import ImageSet

SIDE = 32  # pixels
SIZES = {"train": 10_000, "test": 2_000}
CHUNK = 500  # images drawn from one stream of random numbers: a whole number of rounds over the classes
MAX_ANGLE = 30.0  # degrees
SIZE = (12.0, 20.0)  # pixels
CONTRAST = (0.26, 0.50)  # of luma, 0 to 1, so that greyscale keeps the figure
AMPLITUDE = (0.03, 0.10)  # of a texture's luma
TEXTURES = ("plain", "noise", "gradient", "stripes", "dots", "checker")
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # Rec. 601
RED_AXIS = np.array([0.701, -0.299, -0.299], np.float32)  # two directions of colour that leave the luma alone
BLUE_AXIS = np.array([-0.114, -0.114, 0.886], np.float32)


# ---- the figures: distance to the edge, negative inside; x to the right, y up ----------------------------------------


def _disc(x: Tensor, y: Tensor) -> Tensor:
    return torch.hypot(x, y) - 1


def _ring(x: Tensor, y: Tensor) -> Tensor:
    return (torch.hypot(x, y) - 0.78).abs() - 0.22


def _moon(x: Tensor, y: Tensor) -> Tensor:
    """A crescent with its horns up."""
    return torch.maximum(torch.hypot(x, y) - 1, 0.78 - torch.hypot(x, y - 0.52))


def _heart(x: Tensor, y: Tensor) -> Tensor:
    x = x.abs()
    lobe = torch.hypot(x - 0.25, y - 0.75) - 0.353553
    along = 0.5 * (x + y).clamp(min=0)
    flank = torch.minimum(torch.hypot(x, y - 1), torch.hypot(x - along, y - along))
    return torch.where(x + y > 1, lobe, flank * torch.sign(x - y))


def _mushroom(x: Tensor, y: Tensor) -> Tensor:
    """Half a disc on a stem that widens downwards."""
    cap = torch.maximum(torch.hypot(x, y) - 1, -y)
    half_width = 0.30 - 0.12 * y.clamp(-0.85, 0)
    stem = torch.maximum(x.abs() - half_width, (y + 0.40).abs() - 0.45)
    return torch.minimum(cap, stem)


def _polygon(*right: tuple[float, float]) -> Callable[[Tensor, Tensor], Tensor]:
    """The distance to a polygon that is its own mirror image, from the corners of its right half, top to bottom."""
    corners = list(right) + [(-x, y) for x, y in reversed(right) if x > 0]

    def distance(x: Tensor, y: Tensor) -> Tensor:
        squared = torch.full_like(x, torch.inf)
        inside = torch.zeros_like(x, dtype=torch.bool)
        for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
            ex, ey = bx - ax, by - ay
            wx, wy = x - ax, y - ay
            along = ((wx * ex + wy * ey) / (ex * ex + ey * ey)).clamp_(0, 1)
            squared = torch.minimum(squared, (wx - along * ex).square_() + (wy - along * ey).square_())
            crosses = (y >= ay) != (y >= by)  # even-odd rule: a ray to the right meets this edge
            inside ^= crosses & ((wx * ey < wy * ex) == (ey > 0))
        return squared.sqrt_() * torch.where(inside, -1.0, 1.0)

    return distance


FIGURES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "disc": _disc,
    "ring": _ring,
    "triangle": _polygon((0, 1.25), (0.8, -0.75)),
    "arrow": _polygon((0, 1), (0.85, 0.05), (0.34, 0.05), (0.34, -1)),
    "heart": _heart,
    "house": _polygon((0, 1), (1, 0.15), (0.74, 0.15), (0.74, -0.85), (0.2, -0.85), (0.2, -0.3)),
    "moon": _moon,
    "mushroom": _mushroom,
    "crown": _polygon((0, 0.75), (0.42, -0.05), (1, 0.6), (0.8, -0.75)),
    "plane": _polygon(
        (0, 1.1), (0.2, 0.75), (0.2, 0.35), (1.05, -0.2), (1.05, -0.5), (0.2, -0.2), (0.16, -0.65), (0.5, -0.9),
        (0.5, -1.1), (0, -1.0),
    ),
}  # fmt: skip
CLASSES = tuple(FIGURES)
ROUND = ("disc", "ring")  # the same at every angle


@lru_cache
def _frame(name: str) -> tuple[float, float, float]:
    """Height of a figure's centre of area, and its radius around that, in units of its size (see `load`) and its own.

    Size is between diameter and area: equal diameters would give some classes away by their area, and equal areas make
    a thin figure too long for the picture.
    """
    axis = torch.linspace(-1.5, 1.5, 301)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    inside = FIGURES[name](x, y) < 0
    centre = y[inside].mean()
    radius = float(torch.hypot(x[inside], y[inside] - centre).max())
    same_area = float(inside.sum() * 0.01**2 / torch.pi) ** 0.5  # radius of the disc of the same area
    return float(centre), (radius / same_area) ** 0.5, (radius * same_area) ** 0.5


# ---- colours and textures --------------------------------------------------------------------------------------------


def _colours(luma: np.ndarray, hue: np.ndarray, saturation: np.ndarray) -> np.ndarray:
    """RGB `[N, 3]` with exactly this luma and hue (degrees), saturated so far that the texture still fits in 0 to 1."""
    direction = np.cos(np.deg2rad(hue))[:, None] * RED_AXIS + np.sin(np.deg2rad(hue))[:, None] * BLUE_AXIS
    room = np.where(direction > 0, 1 - AMPLITUDE[1] - luma[:, None], luma[:, None] - AMPLITUDE[1])
    reach = (room / np.abs(direction).clip(1e-6)).min(1)
    return luma[:, None] + (saturation * reach)[:, None] * direction


def _textures(draw: dict[str, np.ndarray], columns: Tensor, rows: Tensor) -> Tensor:
    """One texture an image, -1 to 1: `[N, SIDE, SIDE]`, turned by any angle of the full circle."""
    out = torch.zeros(len(draw["texture"]), SIDE, SIDE)
    for kind, name in enumerate(TEXTURES):
        chosen = np.flatnonzero(draw["texture"] == kind)
        if name == "plain" or not len(chosen):
            continue
        if name == "noise":
            coarse = torch.from_numpy(draw["noise"][chosen])[:, None]
            fine = F.interpolate(coarse, size=(SIDE, SIDE), mode="bicubic", align_corners=False)[:, 0]
            out[chosen] = (fine / 1.5).clamp_(-1, 1)
            continue
        picked = (torch.from_numpy(draw[key][chosen])[:, None, None] for key in ("turn", "period", "phase"))
        turn, period, phase = picked
        across = columns * turn.cos() + rows * turn.sin()
        if name == "gradient":
            out[chosen] = across / (SIDE / 2**0.5)
            continue
        wave = (across * (2 * torch.pi / period) + phase).sin()
        if name != "stripes":
            along = rows * turn.cos() - columns * turn.sin()
            wave = wave * (along * (2 * torch.pi / period) + phase).sin()
        out[chosen] = (3 * wave.abs() - 1 if name == "dots" else 3 * wave).clamp(-1, 1)
    return out


# ---- drawing ---------------------------------------------------------------------------------------------------------


def _draws(rng: np.random.Generator) -> tuple[np.ndarray, dict[str, np.ndarray], dict, dict]:
    """Labels and random numbers of one chunk: every round over the classes has each class once."""

    def uniform(low: float, high: float) -> np.ndarray:
        return rng.uniform(low, high, CHUNK).astype(np.float32)

    labels = rng.permuted(np.tile(np.arange(len(CLASSES)), (CHUNK // len(CLASSES), 1)), axis=1).ravel()
    size = uniform(*SIZE)
    reach = np.array([_frame(name)[1] for name in CLASSES], np.float32)[labels]  # diameters a size
    room = (SIDE - reach * size) / 2  # the whole figure stays in the picture, and the place has no direction
    lighter = rng.integers(0, 2, CHUNK)
    contrast = uniform(*CONTRAST)
    dark = 0.18 + uniform(0, 1) * (0.64 - contrast)
    factors = {
        "hue": uniform(0, 360),
        "ground_hue": uniform(0, 360),
        "texture": rng.integers(0, len(TEXTURES), CHUNK),
        "ground_texture": rng.integers(0, len(TEXTURES), CHUNK),
        "lighter": lighter,
        "contrast": contrast,
        "angle": uniform(-MAX_ANGLE, MAX_ANGLE),
        "size": size,
        "x": SIDE / 2 + room * uniform(-1, 1),
        "y": SIDE / 2 + room * uniform(-1, 1),
    }
    looks = []
    for prefix, luma in (("", dark + lighter * contrast), ("ground_", dark + (1 - lighter) * contrast)):
        looks.append(
            {
                "texture": factors[f"{prefix}texture"],
                "colour": _colours(luma.astype(np.float32), factors[f"{prefix}hue"], uniform(0.3, 0.95)),
                "amplitude": uniform(*AMPLITUDE),
                "turn": uniform(0, 2 * np.pi),
                "period": uniform(4, 9),
                "phase": uniform(0, 2 * np.pi),
                "noise": rng.standard_normal((CHUNK, 10, 10), dtype=np.float32),
            }
        )
    return labels, factors, *looks


def _coverage(labels: np.ndarray, factors: dict[str, np.ndarray], columns: Tensor, rows: Tensor) -> Tensor:
    """How much of each pixel the figure covers, 0 to 1: `[N, SIDE, SIDE]`."""
    out = torch.empty(len(labels), SIDE, SIDE)
    for label, name in enumerate(CLASSES):
        chosen = np.flatnonzero(labels == label)
        angle, size, x0, y0 = (
            torch.from_numpy(factors[key][chosen].astype(np.float32))[:, None, None]
            for key in ("angle", "size", "x", "y")
        )
        centre, _, unit = _frame(name)
        scale = 2 * unit / size  # canonical units a pixel
        dx, dy = (columns + SIDE / 2 - x0) * scale, (y0 - SIDE / 2 - rows) * scale  # y up
        cos, sin = angle.deg2rad().cos(), angle.deg2rad().sin()
        distance = FIGURES[name](cos * dx + sin * dy, cos * dy - sin * dx + centre)
        out[chosen] = (0.5 - distance / scale).clamp_(0, 1)
    return out


def _render(labels: np.ndarray, factors: dict, figure: dict, ground: dict) -> Tensor:
    """The pictures: uint8 `[N, 3, SIDE, SIDE]`."""
    axis = torch.arange(SIDE) - (SIDE - 1) / 2
    rows, columns = axis[:, None], axis[None, :]
    cover = _coverage(labels, factors, columns, rows)
    painted = []
    for look in (ground, figure):
        texture = torch.from_numpy(look["amplitude"])[:, None, None] * _textures(look, columns, rows)
        painted.append(torch.from_numpy(look["colour"])[:, :, None, None] + texture[:, None])  # [N, 3, SIDE, SIDE]
    picture = torch.lerp(*painted, cover[:, None])
    return (picture * 255).round_().clamp_(0, 255).to(torch.uint8)


def coverage(images: ImageSet) -> Tensor:
    """How much of each pixel the figure covers, from the factors: 0 to 1, `[N, SIDE, SIDE]`; images is from `load`."""
    axis = torch.arange(SIDE) - (SIDE - 1) / 2
    drawn = {name: images.factors[name].numpy() for name in ("angle", "size", "x", "y")}
    return _coverage(images.labels.numpy(), drawn, axis[None, :], axis[:, None])


def load(split: str = "train", *, n: int | None = None, seed: int = 0) -> ImageSet:
    """Draw `n` pictures of ten figures, the classes in equal numbers.

    The same seed and split give the same pictures in the same order, whatever `n`: fewer are the start of more. The
    pictures of `test` come from another stream of random numbers than those of `train`.

    Args:
        split: `train` or `test`.
        n: how many; 10,000 for `train` and 2,000 for `test` where it is None.
        seed: at least 0.

    Returns:
        `ImageSet`: images uint8 `[n, 3, 32, 32]`, labels int64 `[n]`, and factors `[n]`:
        `hue`, `ground_hue`: degrees in the plane of colours of equal luma; `texture`, `ground_texture`: indices into
        `TEXTURES`; `lighter`: 1 where the figure is lighter than the ground, else 0; `contrast`: their difference of
        luma, 0 to 1; `angle`: degrees anticlockwise from upright (drawn, but without effect, for disc and ring);
        `size`: pixels, the geometric mean of two diameters, of the circle around the figure and of the disc of the same
        area; `x`, `y`: column and row of the centre of area, in pixels from the top left corner of the picture.

    Raises:
        ValueError: an unknown split.
    """
    if split not in SIZES:
        raise ValueError(f"split is {split!r}, expected 'train' or 'test'")
    n = SIZES[split] if n is None else n
    stream = list(SIZES).index(split)
    images = torch.empty(n, 3, SIDE, SIDE, dtype=torch.uint8)
    parts = []
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # so small are the chunks that threads on a busy machine would mostly wait for each other
    try:
        for start in range(0, n, CHUNK):
            take = min(CHUNK, n - start)
            labels, *draws = _draws(np.random.default_rng([seed, stream, start // CHUNK]))
            labels, (factors, *looks) = labels[:take], [{key: v[:take] for key, v in draw.items()} for draw in draws]
            images[start : start + take] = _render(labels, factors, *looks)
            parts.append({"label": labels, **factors})
    finally:
        torch.set_num_threads(threads)
    tensors = {key: torch.from_numpy(np.concatenate([part[key] for part in parts])) for key in parts[0]}
    tensors = {key: values.float() if values.is_floating_point() else values.long() for key, values in tensors.items()}
    return ImageSet(f"shapes/{split}", images, tensors.pop("label"), CLASSES, tensors)

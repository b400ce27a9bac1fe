"""Tiles for the jigsaw, with a gap between them, each with mean 0, deviation 1 (Noroozi & Favaro, 1603.09246, §4)."""

from collections.abc import Callable

import torch
from torch import Tensor

from aimsssl import pretext
from aimsssl.exercises.framework import Case, Exercise, Seen

SMALL = 1e-2  # beside the deviation, so that a tile of one grey stays at 0


def _reference_normalised_tiles(images: Tensor, grid: int, tile: int) -> Tensor:
    """Tiles from the middle of each cell, row by row, each brought to mean 0 and deviation 1: `[B, grid², C, t, t]`.

    `images` are float `[B, C, S, S]`. A cell has S // grid pixels on each side, the first begins at the upper left, and
    what is left over is not used. A tile begins (cell − tile) // 2 pixels into its cell. From each tile its mean is
    subtracted, over channels, height and width together; what remains is divided by the standard deviation over the
    same numbers (correction=0) plus 0.01, so that a tile of one grey stays 0.

    As `pretext.cut_tiles` and `pretext.normalise_tiles`, but for the place in the cell, which is drawn there.
    """
    return pretext.normalise_tiles(_cut(images, grid, tile))


def _cut(images: Tensor, grid: int, tile: int, corner: Callable = lambda cell, tile: (cell - tile) // 2) -> Tensor:
    """Tiles that begin `corner` pixels into their cell, `[B, grid², C, tile, tile]`."""
    cell = images.shape[-1] // grid
    starts = [k * cell + corner(cell, tile) for k in range(grid)]
    return torch.stack([images[:, :, r : r + tile, c : c + tile] for r in starts for c in starts], dim=1)


def _images(count: int, channels: int, size: int) -> Tensor:
    """Bright at one side and with colours of different size, so that tiles and channels differ: `[B, C, S, S]`."""
    light = torch.linspace(0, 0.5, size) + torch.linspace(0, 0.3, size)[:, None]
    scale = torch.linspace(1, 0.4, channels)[:, None, None]
    return (0.5 * torch.rand(count, channels, size, size) + light) * scale


def _one_colour() -> tuple[Tensor, int, int]:
    """The right half of each image is black."""
    images = _images(2, 3, 8)
    images[:, :, :, 4:] = 0
    return images, 2, 3


normalised_tiles = Exercise(
    lesson="01",
    name="normalised_tiles",
    title="Cut images into tiles with a gap between them, and give each tile mean 0 and standard deviation 1.",
    difficulty="●●○",
    minutes=15,
    reference=_reference_normalised_tiles,
    hints=(
        "Two steps. First the tiles alone: how many pixels has a cell, where does the cell in row r and column c "
        "begin, and how far into it begins a tile that lies in its middle? Then the normalising, on the tiles.",
        "A tile is a slice of the last two dimensions, for all images and channels at once. A list of grid² such "
        "slices, row by row, and torch.stack(…, dim=1). Mean and std over several dimensions: dim=(…), keepdim=True.",
        "The margin is (cell − tile) // 2. Stacked, the tiles are [B, grid², C, tile, tile], and one tile is the last "
        "three of these dimensions: take mean and std(correction=0) over them, subtract, divide by std + 0.01.",
    ),
    cases=(
        Case("2 images of 3 channels, 12×12 pixels, 3×3 tiles of 2 pixels", lambda: (_images(2, 3, 12), 3, 2),
             rtol=1e-3, atol=1e-4),
        Case("2 images of 1 channel, 53×53 pixels, 9×9 tiles of 2 pixels: cells of 5, so the margin is 1; eight rows "
             "are left over", lambda: (_images(2, 1, 53), 9, 2), rtol=1e-3, atol=1e-4),
        Case("2 images whose right half is black, 8×8 pixels, 2×2 tiles of 3 pixels", _one_colour,
             rtol=1e-3, atol=1e-4),
        Case("an image whose numbers lie near 100, 8×8 pixels, 2×2 tiles of 3 pixels",
             lambda: (_images(1, 3, 8) + 100, 2, 3), rtol=1e-3, atol=2e-3),
    ),
)  # fmt: skip


def _normal(tiles: Tensor, dim: tuple[int, ...] = (2, 3, 4), correction: int = 0, small: float = SMALL) -> Tensor:
    std, mean = torch.std_mean(tiles, dim=dim, keepdim=True, correction=correction)
    return (tiles - mean) / (std + small)


def _by_squares(tiles: Tensor) -> Tensor:
    mean, squares = (part.mean(dim=(2, 3, 4), keepdim=True) for part in (tiles, tiles.square()))
    return (tiles - mean) / ((squares - mean.square()).clamp(min=0).sqrt() + SMALL)


def _mistake(name: str, thought: str, message: str, *forms: Callable, looks: Callable | None = None) -> None:
    """A mistake whose forms are other tiles."""
    for number, form in enumerate(forms):

        def wrong(images, grid, tile, form=form):
            return form(images, grid, tile)

        wrong.__doc__ = thought
        (normalised_tiles.also(name) if number else normalised_tiles.mistake(name, message, looks))(wrong)


def _shape(seen: Seen) -> list[int]:
    return list(seen.came.shape)


_mistake(
    "not normalised",
    "Cutting makes tiles.",
    "The tiles are right as they were cut, but their brightness still tells where they come from. Bring each to mean 0 "
    "and standard deviation 1.",
    lambda x, g, t: _cut(x, g, t),
)
_mistake(
    "the mean is left",
    "Divided by the deviation, all are alike.",
    "The tiles have standard deviation 1, and still a mean of their own: that is the brightness.",
    lambda x, g, t: _cut(x, g, t) / (_cut(x, g, t).std(dim=(2, 3, 4), keepdim=True, correction=0) + SMALL),
    lambda x, g, t: _cut(x, g, t) / (_cut(x, g, t).std(dim=(2, 3, 4), keepdim=True) + SMALL),
)
_mistake(
    "the deviation is left",
    "Brightness is the mean.",
    "The tiles have mean 0, and a standard deviation of their own: contrast can give the place away, too.",
    lambda x, g, t: _cut(x, g, t) - _cut(x, g, t).mean(dim=(2, 3, 4), keepdim=True),
)
_mistake(
    "each channel by itself",
    "A mean over height and width.",
    "Each channel of a tile was normalised by itself. Mean and deviation are taken over the whole tile, all its "
    "channels together: a red tile stays red.",
    lambda x, g, t: _normal(_cut(x, g, t), (3, 4)),
    lambda x, g, t: _normal(_cut(x, g, t), (3, 4), correction=1),
    lambda x, g, t: _normal(_cut(x, g, t), (3, 4), small=0),
    lambda x, g, t: _normal(_cut(x, g, t), (3, 4), 1, 0),
    lambda x, g, t: _normal(_cut(x, g, t), (3, 4), small=1e-5),
    lambda x, g, t: _normal(_cut(x, g, t), (3, 4), small=1e-6),
    lambda x, g, t: _normal(_cut(x, g, t), (3, 4), small=1e-8),
)
_mistake(
    "each image, not each tile",
    "An image has mean 0 and deviation 1.",
    "All tiles of an image share one mean and one deviation here. A bright corner of it is then still bright: each "
    "tile needs its own.",
    lambda x, g, t: _normal(_cut(x, g, t), (1, 2, 3, 4)),
    lambda x, g, t: _normal(_cut(x, g, t), (1, 2, 3, 4), correction=1),
    lambda x, g, t: _cut(_normal(x, (1, 2, 3)), g, t),
    lambda x, g, t: _cut(_normal(x, (1, 2, 3), 1), g, t),
    lambda x, g, t: _cut(_normal(x, (2, 3)), g, t),
    lambda x, g, t: _cut(_normal(x, (2, 3), 1), g, t),
    lambda x, g, t: _normal(_cut(x, g, t), (1, 3, 4)),
    lambda x, g, t: _normal(_cut(x, g, t), (1, 3, 4), 1),
)
_mistake(
    "the whole batch together",
    "One mean, one deviation.",
    "One mean and one deviation serve several images. Each tile of each image needs its own.",
    lambda x, g, t: _normal(_cut(x, g, t), (0, 1, 2, 3, 4)),
    lambda x, g, t: _normal(_cut(x, g, t), (0, 1, 2, 3, 4), 1),
    lambda x, g, t: _cut(_normal(x, (0, 1, 2, 3)), g, t),
    lambda x, g, t: _cut(_normal(x, (0, 1, 2, 3), 1), g, t),
    lambda x, g, t: _normal(_cut(x, g, t), (0, 2, 3, 4)),
    lambda x, g, t: _normal(_cut(x, g, t), (0, 2, 3, 4), 1),
    lambda x, g, t: _normal(_cut(x, g, t), (0, 1, 3, 4)),
    lambda x, g, t: _normal(_cut(x, g, t), (0, 1, 3, 4), 1),
    lambda x, g, t: _normal(_cut(x, g, t), (0, 1)),
    lambda x, g, t: _normal(_cut(x, g, t), (0,)),
    lambda x, g, t: _cut(_normal(x, (0, 2, 3)), g, t),
    lambda x, g, t: _cut(_normal(x, (0, 2, 3), 1), g, t),
)
_mistake(
    "row by row or pixel by pixel",
    "std takes the last dimension.",
    "Mean and deviation are taken over a row of a tile, or over the channels of a pixel. Take them over all numbers of "
    "a tile: channels, height and width.",
    lambda x, g, t: _normal(_cut(x, g, t), (4,)),
    lambda x, g, t: _normal(_cut(x, g, t), (4,), 1),
    lambda x, g, t: _normal(_cut(x, g, t), (3,)),
    lambda x, g, t: _normal(_cut(x, g, t), (2,)),
    lambda x, g, t: _normal(_cut(x, g, t), (1,)),
    lambda x, g, t: _normal(_cut(x, g, t), (1, 2)),
    lambda x, g, t: _normal(_cut(x, g, t), (2, 3)),
    lambda x, g, t: _normal(_cut(x, g, t), (2, 4)),
)
_mistake(
    "a deviation over n − 1",
    "std() is the standard deviation.",
    "torch's std divides by n − 1 where the contract divides by n: correction=0.",
    lambda x, g, t: _normal(_cut(x, g, t), correction=1),
    lambda x, g, t: _normal(_cut(x, g, t), correction=1, small=0),
    lambda x, g, t: _normal(_cut(x, g, t), correction=1, small=1e-5),
    lambda x, g, t: _normal(_cut(x, g, t), correction=1, small=1e-6),
    lambda x, g, t: _normal(_cut(x, g, t), correction=1, small=1e-8),
)
_mistake(
    "a tile of one grey",
    "Subtract the mean, divide by the deviation.",
    "A tile of one grey has deviation 0, and 0 over 0 is NaN. Add 0.01 to the deviation.",
    lambda x, g, t: _normal(_cut(x, g, t), small=0),
    lambda x, g, t: (_cut(x, g, t) - _cut(x, g, t).mean()) / _cut(x, g, t).std(dim=(2, 3, 4), keepdim=True),
)
_mistake(
    "a sum without its brackets",
    "The deviation + 0.01.",
    "The small number was added to the result, not to the deviation: `/` comes before `+`. On a tile of one grey the "
    "division by 0 is still there.",
    lambda x, g, t: (
        (_cut(x, g, t) - _cut(x, g, t).mean(dim=(2, 3, 4), keepdim=True))
        / _cut(x, g, t).std(dim=(2, 3, 4), keepdim=True, correction=0)
        + SMALL
    ),
)
_mistake(
    "another small number",
    "Anything small will do.",
    "A small number other than 0.01 was added to the deviation (or to the variance, or the deviation was cut off from "
    "below). Add 0.01 to the standard deviation itself.",
    *(lambda x, g, t, e=e: _normal(_cut(x, g, t), small=e) for e in (0.1, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-12)),
    *(
        lambda x, g, t, e=e: (
            (_cut(x, g, t) - _cut(x, g, t).mean(dim=(2, 3, 4), keepdim=True))
            / (_cut(x, g, t).var(dim=(2, 3, 4), keepdim=True, correction=0) + e).sqrt()
        )
        for e in (SMALL, SMALL**2, 1e-5)
    ),
    lambda x, g, t: (
        (_cut(x, g, t) - _cut(x, g, t).mean(dim=(2, 3, 4), keepdim=True))
        / _cut(x, g, t).std(dim=(2, 3, 4), keepdim=True, correction=0).clamp(min=SMALL)
    ),
)
_mistake(
    "divided by the variance",
    "var says how much a tile varies.",
    "Each tile was divided by its variance. The standard deviation is the root of it.",
    lambda x, g, t: (
        (_cut(x, g, t) - _cut(x, g, t).mean(dim=(2, 3, 4), keepdim=True))
        / (_cut(x, g, t).var(dim=(2, 3, 4), keepdim=True, correction=0) + SMALL)
    ),
    lambda x, g, t: (
        (_cut(x, g, t) - _cut(x, g, t).mean(dim=(2, 3, 4), keepdim=True))
        / (_cut(x, g, t).var(dim=(2, 3, 4), keepdim=True) + SMALL)
    ),
)
_mistake(
    "brought from 0 to 1",
    "The darkest is 0 and the lightest is 1.",
    "Each tile lies between its smallest and its largest number now, or has length 1. Asked for are mean 0 and "
    "standard deviation 1.",
    lambda x, g, t: _between(_cut(x, g, t), SMALL),
    lambda x, g, t: _between(_cut(x, g, t), 0),
    lambda x, g, t: torch.nn.functional.normalize(_cut(x, g, t).flatten(2), dim=2).view_as(_cut(x, g, t)),
    lambda x, g, t: torch.nn.functional.normalize(_normal(_cut(x, g, t)).flatten(2), dim=2).view_as(_cut(x, g, t)),
    lambda x, g, t: 2 * _cut(x, g, t) - 1,
    lambda x, g, t: (_cut(x, g, t) - 0.5) / 0.5,
)


def _between(tiles: Tensor, small: float) -> Tensor:
    low, high = tiles.amin(dim=(2, 3, 4), keepdim=True), tiles.amax(dim=(2, 3, 4), keepdim=True)
    return (tiles - low) / (high - low + small)


_mistake(
    "the whole cell normalised",
    "Normalise the cell, then cut.",
    "Mean and deviation are those of the cell. The tile is cut from its middle, and needs its own.",
    lambda x, g, t: _cell_normalised(x, g, t),
    lambda x, g, t: _cell_normalised(x, g, t, (3, 4)),
)


def _cell_normalised(images: Tensor, grid: int, tile: int, dim: tuple[int, ...] = (2, 3, 4)) -> Tensor:
    cell = images.shape[-1] // grid
    margin = (cell - tile) // 2
    cells = _normal(_cut(images, grid, cell), dim)
    return cells[..., margin : margin + tile, margin : margin + tile]


_mistake(
    "cut from a corner of the cell",
    "A cell begins where its tile begins.",
    "Each tile lies at a corner of its cell. Its middle is asked for: as much room on the left as on the right.",
    lambda x, g, t: _normal(_cut(x, g, t, lambda cell, tile: 0)),
    lambda x, g, t: _normal(_cut(x, g, t, lambda cell, tile: cell - tile)),
    lambda x, g, t: _cut(x, g, t, lambda cell, tile: 0),
)
_mistake(
    "the margin not halved",
    "The room that is left goes before the tile.",
    "The tile begins too far into its cell, or not far enough: what is left of the cell is shared by *two* sides, and "
    "halves are rounded down.",
    lambda x, g, t: _normal(_cut(x, g, t, lambda cell, tile: -(-(cell - tile) // 2))),
    lambda x, g, t: _normal(_cut(x, g, t, lambda cell, tile: (cell - tile) // 2 + (cell > tile))),
    lambda x, g, t: _normal(_cut(x, g, t, lambda cell, tile: cell // 2 - tile // 2)),
    lambda x, g, t: _normal(_cut(x, g, t, lambda cell, tile: round((cell - tile) / 2 + 0.01))),
    lambda x, g, t: _normal(_cut(x, g, t, lambda cell, tile: round((cell - tile) / 2))),
)
_mistake(
    "no gap",
    "The next tile begins where this one ends.",
    "The tiles lie side by side: a line that goes on from one to the next gives the order away. A tile is cut from the "
    "middle of its *cell* of S // grid pixels.",
    lambda x, g, t: _normal(_side_by_side(x, g, t)),
    lambda x, g, t: _side_by_side(x, g, t),
    lambda x, g, t: _normal(_side_by_side(x, g, t, (x.shape[-1] - g * t) // 2)),
)


def _side_by_side(images: Tensor, grid: int, tile: int, start: int = 0) -> Tensor:
    places = [start + k * tile for k in range(grid)]
    return torch.stack([images[:, :, r : r + tile, c : c + tile] for r in places for c in places], dim=1)


def _spread(images: Tensor, grid: int, tile: int) -> Tensor:
    """The first tile at the left border, the last at the right one."""
    places = torch.linspace(0, images.shape[-1] - tile, grid).long().tolist()
    return torch.stack([images[:, :, r : r + tile, c : c + tile] for r in places for c in places], dim=1)


def _off_grid(images: Tensor, grid: int, tile: int) -> Tensor:
    """Cells that share the pixels that are left over."""
    size = images.shape[-1]
    places = [round((k + 0.5) * size / grid - tile / 2) for k in range(grid)]
    return torch.stack([images[:, :, r : r + tile, c : c + tile] for r in places for c in places], dim=1)


_mistake(
    "other places than the cells'",
    "Tiles are spread over the whole image.",
    "The cells are not where the contract has them. A cell has S // grid pixels, the first begins at 0, and what is "
    "left over lies at the right and at the bottom.",
    lambda x, g, t: _normal(_spread(x, g, t)),
    lambda x, g, t: _normal(_off_grid(x, g, t)),
    lambda x, g, t: _normal(_cut(x[:, :, x.shape[-1] % g :, x.shape[-1] % g :], g, t)),
    lambda x, g, t: _normal(_cut(x.flip(3), g, t)).flip(4),
)
_mistake(
    "column by column",
    "First down, then to the right.",
    "The tiles come column by column. The contract has them row by row, as one reads: the second tile lies to the "
    "right of the first.",
    lambda x, g, t: _normal(_cut(x, g, t)).unflatten(1, (g, g)).transpose(1, 2).flatten(1, 2),
    lambda x, g, t: _cut(x, g, t).unflatten(1, (g, g)).transpose(1, 2).flatten(1, 2),
)
_mistake(
    "tiles transposed",
    "Width, then height.",
    "Rows and columns have changed places inside of each tile.",
    lambda x, g, t: _normal(_cut(x, g, t)).mT,
    lambda x, g, t: _normal(_cut(x.mT, g, t)),
)
_mistake(
    "reshaped, not cut",
    "view makes [B, grid², C, tile, tile] of any numbers.",
    "A reshape takes numbers in the order of memory, and that order runs along whole rows of the image: the tiles are "
    "stripes. Dimensions must change places (permute) between two reshapes.",
    lambda x, g, t: _normal(_middle(_cells(x, g).reshape(len(x), g * g, x.shape[1], x.shape[-1] // g, -1), t)),
    lambda x, g, t: _normal(_cut(x, g, t).reshape(len(x), x.shape[1], g * g, t, t).transpose(1, 2)),
    lambda x, g, t: _normal(_cut(x, g, t).transpose(1, 2).reshape(len(x), g * g, x.shape[1], t, t)),
    lambda x, g, t: _normal(_cut(x, g, t).transpose(0, 1).reshape(len(x), g * g, x.shape[1], t, t)),
)


def _cells(images: Tensor, grid: int) -> Tensor:
    side = images.shape[-1] // grid * grid
    return images[:, :, :side, :side]


def _middle(cells: Tensor, tile: int) -> Tensor:
    margin = (cells.shape[-1] - tile) // 2
    return cells[..., margin : margin + tile, margin : margin + tile]


_mistake(
    "all tiles in one row of images",
    "A batch of tiles.",
    "Tiles and images share one dimension. The contract keeps two: [B, grid², C, tile, tile].",
    lambda x, g, t: _normal(_cut(x, g, t)).flatten(0, 1),
    lambda x, g, t: _cut(x, g, t).flatten(0, 1),
    lambda x, g, t: _normal(_cut(x, g, t)).transpose(0, 1).flatten(0, 1),
    looks=lambda seen: seen.came.ndim == 4 and len(seen.came) == len(seen.inputs[0]) * seen.inputs[1] ** 2,
)
_mistake(
    "dimensions in another order",
    "Tiles first.",
    "The dimensions are not in the order of the contract: images, tiles, channels, height, width.",
    lambda x, g, t: _normal(_cut(x, g, t)).transpose(0, 1),
    lambda x, g, t: _normal(_cut(x, g, t)).transpose(1, 2),
    lambda x, g, t: _cut(x, g, t).transpose(0, 1),
    lambda x, g, t: _cut(x, g, t).transpose(1, 2),
    looks=lambda seen: sorted(_shape(seen)) == sorted(seen.expected.shape) and _shape(seen) != [*seen.expected.shape],
)
_mistake(
    "grid rows and grid columns apart",
    "Tiles stand in a grid.",
    "Rows and columns of the grid have a dimension each. The contract numbers the tiles in one: grid² of them.",
    lambda x, g, t: _normal(_cut(x, g, t)).unflatten(1, (g, g)),
    lambda x, g, t: _cut(x, g, t).unflatten(1, (g, g)),
    looks=lambda seen: seen.came.shape != seen.expected.shape and seen.came.numel() == seen.expected.numel(),
)
_mistake(
    "not grid times grid tiles",
    "grid tiles.",
    "There are not grid² tiles of each image: grid in a row, and grid rows.",
    lambda x, g, t: _normal(_cut(x, g, t))[:, :g],
    lambda x, g, t: _normal(_cut(x, g, t))[:, :: g + 1],
    looks=lambda seen: seen.came.ndim == 5 and seen.came.shape[1] != seen.inputs[1] ** 2,
)
_mistake(
    "whole cells for tiles",
    "A tile is a cell.",
    "The tiles have another size than asked for. A tile has `tile` pixels on each side, and is cut from a cell that "
    "may be larger.",
    lambda x, g, t: _normal(_cut(x, g, x.shape[-1] // g)),
    lambda x, g, t: _cut(x, g, x.shape[-1] // g),
    lambda x, g, t: _normal(_middle(_cut(x, g, x.shape[-1] // g), max(t - 1, 1))),
    looks=lambda seen: seen.came.ndim == 5 and list(seen.came.shape[3:]) != [seen.inputs[2]] * 2,
)
_mistake(
    "the same tile everywhere",
    "A loop that forgets where it is.",
    "Several places of the grid show the same tile. Does each row and each column of the grid begin at its own place?",
    lambda x, g, t: _normal(_cut(x, g, t))[:, :1].expand(-1, g * g, -1, -1, -1),
    lambda x, g, t: _normal(_cut(x, g, t))[:, -1:].expand(-1, g * g, -1, -1, -1),
    lambda x, g, t: _normal(_cut(x, g, t))[:, :: g + 1].repeat_interleave(g, dim=1),
    lambda x, g, t: _normal(_cut(x, g, t))[:, :g].repeat(1, g, 1, 1, 1),
    lambda x, g, t: _normal(_cut(x, g, t))[:, ::g].repeat_interleave(g, dim=1),
    lambda x, g, t: _normal(_cut(x, g, t))[:, :: g + 1].repeat(1, g, 1, 1, 1),
)
_mistake(
    "tiles mixed already",
    "A jigsaw is a jigsaw when it is shuffled.",
    "The tiles are right, in another order. They are to come row by row; the order is drawn later: it is the question.",
    lambda x, g, t: _normal(_cut(x, g, t)).flip(1),
    lambda x, g, t: _normal(_cut(x, g, t))[:, torch.randperm(g * g)],
    looks=lambda seen: (
        seen.came.shape == seen.expected.shape
        and torch.allclose(seen.came.double().sum(1), seen.expected.double().sum(1), 1e-3, 1e-3)
        and torch.allclose(seen.came.double().square().sum(1), seen.expected.double().square().sum(1), 1e-3, 1e-3)
    ),
)
_mistake(
    "a place drawn at random",
    "As in the paper, somewhere in the cell.",
    "The same images gave other tiles, or tiles from other places than the middle. The lesson's own batches draw the "
    "place; this contract takes the middle, so that it can be checked.",
    lambda x, g, t: _normal(pretext.cut_tiles(x, g, t)),
)
_mistake(
    "what is left over on both sides",
    "The grid lies in the middle of the image.",
    "The grid was put in the middle of the image. Its first cell begins at pixel 0; what is left over lies at the "
    "right and at the bottom.",
    lambda x, g, t: _normal(_cut(x[:, :, x.shape[-1] % g // 2 :, x.shape[-1] % g // 2 :], g, t)),
)
_mistake(
    "the mean of the squares, less the square of the mean",
    "The variance is the mean of the squares, less the square of the mean.",
    "The result is inexact where the numbers are large beside their spread. The mean of the squares, less the square "
    "of the mean, is the variance on paper; a computer keeps seven digits of each. Subtract the mean first, then "
    "square.",
    lambda x, g, t: _by_squares(_cut(x, g, t)),
    looks=lambda seen: "near 100" in seen.case.what and seen.came.shape == seen.expected.shape,
)
_mistake(
    "tiles with numbers of their own",
    "A constant is subtracted, and a constant divides.",
    "The tiles have the right shape, but not each has mean 0 and standard deviation 1. Over which dimensions are both "
    "taken, and are they the tile's own? And is it the right part of the image?",
    lambda x, g, t: (_cut(x, g, t) - 0.5) / 0.25,
    lambda x, g, t: _normal(_cut(x, g, t), (1, 2, 3)),
    looks=lambda seen: (
        seen.came.shape == seen.expected.shape
        and not torch.allclose(seen.came.flatten(2).mean(2), torch.zeros(1).to(seen.came), atol=1e-3)
    ),
)
_mistake(
    "another part of the image",
    "A cell that is made smaller is a tile.",
    "Each tile has mean 0 and deviation 1, but it shows other pixels, or shows them in another order: not the middle "
    "of its cell as it is in the image (a cell made smaller, perhaps, or numbers taken in the order of memory).",
    lambda x, g, t: _shrunk(x, g, t),
    looks=lambda seen: (
        seen.came.shape == seen.expected.shape
        and torch.allclose(seen.came.flatten(2).mean(2), torch.zeros(1).to(seen.came), atol=1e-3)
    ),
)


def _shrunk(images: Tensor, grid: int, tile: int) -> Tensor:
    """Whole cells, made as small as a tile."""
    cells = _cut(images, grid, images.shape[-1] // grid).flatten(0, 1)
    tiles = torch.nn.functional.adaptive_avg_pool2d(cells, tile)
    return _normal(tiles.unflatten(0, (len(images), grid * grid)))

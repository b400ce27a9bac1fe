"""Pretext tasks: labels that are made from the images themselves, whole batches at a time, every image its own draw.

Rotation, inpainting and jigsaw, each with what makes a batch, its head and its loss; and a planted shortcut.
Cross-entropy is the loss of rotation and jigsaw, so only inpainting has one of its own.
"""

from itertools import permutations as every_order

import torch
from torch import Tensor, nn

from . import inputs
from .augment import to_float
from .models import SimCLR, extract

TURNS = 4  # 0, 90, 180 and 270 degrees
GREY = 0.5  # what a hidden pixel looks like


@torch.no_grad()
def answers(model: SimCLR, x: Tensor) -> Tensor:
    """What a trained model says: inputs of its task to the output of its head, float32 on the CPU, in evaluation mode.

    `x` is what the encoder sees, uint8 or float `[N, C, H, W]`: turned images, images with holes, or single tiles.
    """
    inputs.kind("model", model, SimCLR)
    x = inputs.images("x", x)
    was_training = model.training
    model.eval()
    out = model.head(extract(model.encoder, x).to(next(model.parameters()).device)).float().cpu()
    model.train(was_training)
    return out


# --- rotation -------------------------------------------------------------------------------------------------------


def rotated_batch(images: Tensor) -> tuple[Tensor, Tensor]:
    """Every image in all four rotations, and how often it was turned.

    All four and not one at random, as in the paper: each image has each label equally often, so that a network which
    knows the image but not the turn gains nothing.

    Args:
        images: square, `[B, C, S, S]`.

    Returns:
        images `[4B, C, S, S]`, first all unturned, then all turned once by 90° (anticlockwise), and so on; labels
        int64 `[4B]`, the number of turns.

    Raises:
        ValueError: the images are not square.

    Source: Gidaris et al. 2018, arXiv:1803.07728.
    """
    inputs.kind("images", images, Tensor)
    if images.ndim != 4 or images.shape[2] != images.shape[3]:
        raise ValueError(f"images must be square, [B, C, S, S], got {list(images.shape)}")
    turned = torch.cat([images.rot90(turns, dims=(2, 3)) for turns in range(TURNS)])
    return turned, torch.arange(TURNS, device=images.device).repeat_interleave(len(images))


def rotation_confusion(model: SimCLR, images: Tensor, labels: Tensor) -> Tensor:
    """How often each class, turned so often, is said to be turned so often: int64 `[classes, turns, answers]`.

    Args:
        model: trained on rotation.
        images: uint8 or float `[N, C, S, S]`.
        labels: int64 `[N]`, the class of each image.
    """
    inputs.pixels("images", images)
    turned, turns = rotated_batch(images)
    labels = inputs.labels("labels", labels, len(images), "cpu")
    if labels.max() >= 100_000:
        raise ValueError(f"labels must be numbers of classes, counted from 0; got {int(labels.max())}")
    said = answers(model, turned).argmax(dim=1)
    cell = (labels.repeat(TURNS) * TURNS + turns) * TURNS + said
    classes = int(labels.max()) + 1
    return cell.bincount(minlength=classes * TURNS**2).view(classes, TURNS, TURNS)


def plant_shortcut(images: Tensor, strength: float = 0.1) -> Tensor:
    """Images with light from above: the top row gains half of `strength`, the bottom row loses as much.

    Weak as it is, it says which way up an image stands: rotation is solved without looking at what the image shows.

    Args:
        images: uint8 or float in [0, 1], `[B, C, H, W]`.
        strength: difference between the top and the bottom row, as a share of the whole range from black to white.

    Returns:
        Images of the same kind; values are cut off at black and white.

    Raises:
        TypeError, ValueError: no images `[B, C, H, W]`, or a strength that is infinite or NaN.
    """
    strength = inputs.number("strength", strength)
    inputs.pixels("images", images, (1, 3))
    light = torch.linspace(0.5, -0.5, images.shape[2], device=images.device)[:, None] * strength
    lit = (to_float(images) + light).clamp(0, 1)
    return (lit * 255).round().to(torch.uint8) if images.dtype == torch.uint8 else lit


# --- inpainting -----------------------------------------------------------------------------------------------------


def random_holes(count: int, size: int, hole: int, generator: torch.Generator | None = None) -> Tensor:
    """Where each image is hidden: bool `[count, 1, size, size]`, a square of `hole` pixels at its own place.

    Raises:
        ValueError: the hole is not smaller than the image.
    """
    count, size, hole = inputs.count("count", count, 0), inputs.count("size", size), inputs.count("hole", hole, None)
    if not 0 < hole < size:
        raise ValueError(f"hole must be from 1 to {size - 1} pixels for images of {size}, got {hole}")
    corner = torch.randint(0, size - hole + 1, (2, count, 1), generator=generator)
    pixel = torch.arange(size)
    rows, columns = (corner <= pixel) & (pixel < corner + hole)  # each [count, size]
    return (rows[:, :, None] & columns[:, None, :])[:, None]


def hide(images: Tensor, holes: Tensor) -> Tensor:
    """Images in [0, 1], grey where `holes`, bool `[B, 1, H, W]`, is true."""
    _holes(holes, images)
    return to_float(images).masked_fill(holes, GREY)


def hole_loss(prediction: Tensor, images: Tensor, holes: Tensor) -> Tensor:
    """Mean squared error of the hidden pixels only; what can be seen is no task.

    Args:
        prediction, images: float `[B, C, H, W]`.
        holes: bool `[B, 1, H, W]`, true where hidden.

    Source: Pathak et al. 2016, arXiv:1604.07379, §3.2, the reconstruction loss. The paper adds an adversarial loss,
    which makes its fills sharp; we do not.

    Raises:
        TypeError, ValueError: a shape; or nothing is hidden (on a GPU this would wait for the device, and is left out).
    """
    _holes(holes, images)
    inputs.kind("prediction", prediction, Tensor)
    if prediction.shape != images.shape:
        raise ValueError(f"prediction must have the images' shape {list(images.shape)}, got {list(prediction.shape)}")
    if holes.device.type == "cpu" and not holes.any():
        raise ValueError("holes must hide at least one pixel, for the loss is a mean over those hidden")
    error = torch.where(holes, prediction - images, 0).square()
    loss = error.sum() / (holes.sum() * images.shape[1])
    if loss.device.type == "cpu" and not loss.isfinite():
        raise ValueError("prediction and images must be finite where hidden, and their squares in float32")
    return loss


def fill(model: SimCLR, images: Tensor, holes: Tensor) -> Tensor:
    """Images in [0, 1] with what a model trained on inpainting says in the hole: `[N, C, H, W]`."""
    return torch.where(holes, answers(model, hide(images, holes)), to_float(images))


def _holes(holes: Tensor, images: Tensor) -> None:
    inputs.pixels("images", images)
    inputs.kind("holes", holes, Tensor)
    wanted = [len(images), 1, *images.shape[2:]]
    if holes.dtype != torch.bool or list(holes.shape) != wanted:
        raise ValueError(f"holes must be bool {wanted}, got {holes.dtype} {list(holes.shape)}")


class Decoder(nn.Module):
    """h `[B, d_in]` to an image `[B, channels, size, size]`: a 4×4 map, doubled until it is large enough.

    The paper's decoder starts from a map of 6×6 places, ours from h: all that the fill needs must go through the
    vector that we keep.
    """

    def __init__(self, d_in: int, channels: int, size: int, width: int = 32):
        super().__init__()
        for name, value in (("d_in", d_in), ("channels", channels), ("size", size), ("width", width)):
            inputs.count(name, value)
        self.size = size
        self.start = nn.Linear(d_in, width * 16)
        layers, side = [], 4
        while side < size:
            layers += [nn.BatchNorm2d(width), nn.ReLU(), nn.Upsample(scale_factor=2), nn.Conv2d(width, width, 3, 1, 1)]
            side *= 2
        self.layers = nn.Sequential(*layers[:-1], nn.Conv2d(width, channels, 3, 1, 1))

    def forward(self, h: Tensor) -> Tensor:
        x = self.start(h)
        x = self.layers(x.view(len(h), -1, 4, 4))
        return x[:, :, : self.size, : self.size].sigmoid()


# --- jigsaw ---------------------------------------------------------------------------------------------------------


def hamming_permutations(tiles: int, count: int, seed: int = 0) -> Tensor:
    """Orders of the tiles that lie far apart: int64 `[count, tiles]`, no two alike.

    Greedy: the first is drawn at random, and each next one is as far as can be from its nearest among those chosen,
    counted in positions that differ (Hamming distance); ties are broken by the seed. Noroozi & Favaro 2016,
    arXiv:1603.09246, Algorithm 1, take the largest *sum* of distances; the nearest one decides how hard two are to
    tell apart.

    Raises:
        ValueError: there are not so many orders, or more than nine tiles (which have too many to list).
    """
    tiles, count = inputs.count("tiles", tiles, None), inputs.count("count", count, None)
    if not 1 < tiles <= 9:
        raise ValueError(f"tiles must be from 2 to 9, got {tiles}")
    orders = torch.tensor(list(every_order(range(tiles))), dtype=torch.uint8)  # [tiles!, tiles]
    if not 0 < count <= len(orders):
        raise ValueError(f"count must be from 1 to {len(orders)}, the orders of {tiles} tiles, got {count}")
    orders = orders[torch.randperm(len(orders), generator=inputs.generator(seed))]
    chosen = [0]
    nearest = torch.full((len(orders),), tiles, dtype=torch.uint8)
    for _ in range(count - 1):
        nearest = torch.minimum(nearest, (orders != orders[chosen[-1]]).sum(dim=1, dtype=torch.uint8))
        chosen.append(int(nearest.argmax()))
    return orders[chosen].long()


def cut_tiles(
    images: Tensor, grid: int, tile: int, generator: torch.Generator | None = None, share: tuple[int, int] = (0, 1)
) -> Tensor:
    """Tiles of each image, row by row: `[B, C, S, S]` to `[B, grid², C, tile, tile]`.

    The image is divided into grid × grid cells, and a tile is cut at random out of each. So there is a gap of random
    width between neighbours, and a line that goes on from tile to tile does not give the order away. `share` is as for
    `aimsssl.augment.Augment`: the images are one of several equal parts of a batch.

    Raises:
        TypeError, ValueError: a tile is larger than its cell, the images are not square, or grid or share, by name.
    """
    inputs.pixels("images", images)
    if images.shape[2] != images.shape[3]:
        raise ValueError(f"images must be square, [B, C, S, S], got {list(images.shape)}")
    b, c, size = images.shape[:3]
    grid, tile, share = inputs.count("grid", grid), inputs.count("tile", tile, None), inputs.share(share)
    cell = size // grid
    if not 0 < tile <= cell:
        raise ValueError(f"tile must be from 1 to {cell} pixels for {grid} cells in {size}, got {tile}")
    cells = images[:, :, : cell * grid, : cell * grid].reshape(b, c, grid, cell, grid, cell)
    cells = cells.permute(0, 2, 4, 1, 3, 5).reshape(b * grid**2, c, cell, cell)
    corner = torch.randint(0, cell - tile + 1, (2, len(cells) * share[1], 1), generator=generator)
    corner = corner[:, len(cells) * share[0] : len(cells) * (share[0] + 1)].to(images.device)
    rows, columns = corner + torch.arange(tile, device=images.device)  # each [B·grid², tile]
    each = torch.arange(len(cells), device=images.device)[:, None, None]
    tiles = cells[each, :, rows[:, :, None], columns[:, None, :]]  # [B·grid², tile, tile, C]
    return tiles.permute(0, 3, 1, 2).reshape(b, grid**2, c, tile, tile)


def normalise_tiles(tiles: Tensor) -> Tensor:
    """Tiles `[B, T, C, t, t]` with mean 0 and standard deviation 1 each, so that brightness does not give the order."""
    inputs.kind("tiles", tiles, Tensor)
    if tiles.ndim != 5 or 0 in tiles.shape[2:] or not tiles.is_floating_point():
        raise ValueError(f"tiles must be floating-point [B, T, C, t, t], got {tiles.dtype} {list(tiles.shape)}")
    std, mean = torch.std_mean(tiles, dim=(2, 3, 4), keepdim=True, correction=0)
    return (tiles - mean) / (std + 1e-2)  # a tile of one grey stays small


def shuffled_tiles(tiles: Tensor, order: Tensor) -> Tensor:
    """Tiles `[B, T, …]` in the order `[B, T]`: place i of an image shows its tile `order[i]`."""
    inputs.kind("tiles", tiles, Tensor)
    inputs.kind("order", order, Tensor)
    if tiles.ndim < 2 or order.shape != tiles.shape[:2] or order.is_floating_point() or order.dtype == torch.bool:
        raise ValueError(f"order must be integers {list(tiles.shape[:2])}, got {order.dtype} {list(order.shape)}")
    order = order.long()
    if order.device.type == "cpu" and len(order) and not 0 <= order.min() <= order.max() < tiles.shape[1]:
        raise ValueError(f"order must be numbers of tiles, from 0 to {tiles.shape[1] - 1}")
    return tiles[torch.arange(len(tiles), device=tiles.device)[:, None], order]


class JigsawHead(nn.Module):
    """h of all tiles, `[B·tiles, d_in]`, to scores of the orders, `[B, orders]`.

    Each tile went through the same encoder by itself; only here do they meet (§3.1).
    """

    def __init__(self, d_in: int, tiles: int, orders: int, d_hidden: int = 256):
        super().__init__()
        for name, value in (("d_in", d_in), ("tiles", tiles), ("orders", orders), ("d_hidden", d_hidden)):
            inputs.count(name, value)
        self.tiles = tiles
        self.layers = nn.Sequential(
            nn.Linear(tiles * d_in, d_hidden, bias=False),
            nn.BatchNorm1d(d_hidden),
            nn.ReLU(),
            nn.Linear(d_hidden, orders),
        )

    def forward(self, h: Tensor) -> Tensor:
        return self.layers(h.view(len(h) // self.tiles, -1))

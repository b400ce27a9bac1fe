"""Lesson 01: a pretext task on one image, the label that was made and the network's answer; fills through training.

And what its cells ask of runs and images, by name.
"""

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from itertools import combinations
from math import ceil
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from .. import figures, pretext
from ..augment import to_float
from ..datasets import ImageSet
from ..evaluation import nearest_neighbours
from ..profile import Profile
from ..training import PretextConfig, Run, probe_holes
from .controls import Explorer, labelled_choice, labelled_slider
from .display import LiveFigure

SHOWN_ORDERS = 5  # of the jigsaw, the likeliest


def config_of(run: Run) -> PretextConfig:
    """The configuration of a run, as it was given."""
    return PretextConfig(**{field.name: run.config[field.name] for field in fields(PretextConfig)})


def mosaic(tiles: Tensor, gap: int = 2) -> Tensor:
    """Tiles of one image `[T, C, t, t]`, T a square number, row by row with white gaps: `[C, S, S]` in [0, 1]."""
    grid = round(len(tiles) ** 0.5)
    framed = torch.nn.functional.pad(to_float(tiles), (0, gap, 0, gap), value=1.0)
    lines = [torch.cat(list(line), dim=2) for line in framed.split(grid)]
    return torch.cat(lines, dim=1)[:, :-gap, :-gap]


def run_folder(name: str, profile: Profile, data: str) -> Path:
    """Where a run of the lesson lies: another folder for another profile or other images."""
    return Path("runs") / f"01_{name}_{profile.name}_{re.sub('[^A-Za-z0-9]+', '_', data)}"


def one_of_each(images: ImageSet, most: int = 10) -> ImageSet:
    """The first image of each class, of `most` classes."""
    return images[[int((images.labels == label).nonzero()[0]) for label in images.labels.unique()[:most]]]


def names(images: ImageSet) -> list[str]:
    """The class of each image."""
    return [images.classes[label] for label in images.labels]


def lit(images: ImageSet, strength: float) -> ImageSet:
    """The same images with light from above, see `pretext.plant_shortcut`."""
    return replace(images, images=pretext.plant_shortcut(images.images, strength))


def turns_right(run: Run, images: ImageSet) -> float:
    """Share of the four turns of each image that a run of rotation says right."""
    table = pretext.rotation_confusion(run.model, images.images, images.labels)
    return (table.diagonal(dim1=1, dim2=2).sum() / table.sum()).item()


def colour_distance(h: Tensor, images: Tensor) -> float:
    """Mean distance of the mean colours of each image and its nearest one in h `[N, D]`; 1 is that of a random pair."""
    colours = to_float(images).mean(dim=(2, 3))  # [N, C]
    nearest = nearest_neighbours(h, h, 2)[1][:, 1]  # the first one is the image itself
    of_pairs = torch.cdist(colours, colours)
    return (of_pairs[torch.arange(len(h)), nearest].mean() / of_pairs.mean()).item()


def nearest(representations: Mapping[str, Tensor], images: ImageSet, query: int, count: int = 6) -> Figure:
    """The `count` images nearest to one of them, a row for each representation `[N, D]`."""
    query, count = query % len(images), min(count, len(images) - 1)
    rows = {}
    for name, h in representations.items():
        found = nearest_neighbours(h, h[query : query + 1], count + 1)[1][0]
        found = found[found != query][:count]
        rows[name] = images.images[found].numpy(), (images.labels[found] == images.labels[query]).numpy()
    return figures.neighbour_rows(images.images[query].numpy(), rows, images.classes[images.labels[query]])


def tiles_in_order(images: Tensor, tiles: Tensor, orders: Tensor, names: list[str]) -> Figure:
    """Images `[B, C, S, S]`, their normalised tiles `[B, T, C, t, t]` in place, and in the orders `[B, T]`."""
    seen = (tiles / 5 + 0.5).clamp(0, 1)  # from 2.5 deviations below the mean to 2.5 above
    places = {"tiles,\nnormalised": torch.arange(orders.shape[1]).expand_as(orders), "shuffled": orders}
    rows = {"image": images.numpy()}
    for name, order in places.items():
        rows[name] = np.stack([mosaic(one) for one in pretext.shuffled_tiles(seen, order)])
    return figures.numbered_tiles(rows, {name: order.numpy() for name, order in places.items()}, names)


def orders_right(run: Run, images: ImageSet) -> dict[str, float]:
    """Share of the images whose tiles, in a random order each, a run of jigsaw puts right: of all, and by class."""
    config, generator = config_of(run), torch.Generator().manual_seed(0)
    tile = config.tile_pixels(images.images.shape[-1])
    tiles = pretext.normalise_tiles(pretext.cut_tiles(to_float(images.images), config.grid, tile, generator))
    orders = config.permutations()
    labels = torch.randint(len(orders), (len(images),), generator=generator)
    shown = pretext.shuffled_tiles(tiles, orders[labels]).flatten(0, 1)
    right = (pretext.answers(run.model, shown).argmax(dim=1) == labels).float()
    by_class = {images.classes[k]: right[images.labels == k].mean().item() for k in images.labels.unique()}
    return {"all": right.mean().item(), **by_class}


def closest(orders: Tensor) -> int:
    """In how many places the two nearest of the orders `[N, T]` differ."""
    return min(int((a != b).sum()) for a, b in combinations(orders, 2))


def plain_fill(images: Tensor, holes: Tensor) -> Tensor:
    """Images in [0, 1] whose hole has the mean colour of what can be seen: what a fill has to beat, `[N, C, H, W]`."""
    images, seen = to_float(images), ~holes
    mean = (images * seen).sum(dim=(2, 3), keepdim=True) / seen.sum(dim=(2, 3), keepdim=True)
    return torch.where(holes, mean, images)


def hole_errors(run: Run, images: Tensor, holes: Tensor) -> dict[str, float]:
    """Mean squared error in the holes: of the run's fills, and of the mean colour of what can be seen."""
    fills = {"the network": pretext.fill(run.model, images, holes), "the mean colour": plain_fill(images, holes)}
    return {name: pretext.hole_loss(fill, to_float(images), holes).item() for name, fill in fills.items()}


def fills_through_training(run: Run, probe: ImageSet) -> Figure:
    """The probe images, what the network sees of them, and its fills at each snapshot of an inpainting run so far."""
    holes = probe_holes(config_of(run), probe.images)
    rows = {"image": to_float(probe.images).numpy(), "input": pretext.hide(probe.images, holes).numpy()}
    rows |= {f"epoch {epoch}": run.snapshots[epoch].float().numpy() for epoch in sorted(run.snapshots)}
    return figures.picture_rows(rows, names(probe), side=1.3)


class LiveFills(LiveFigure):
    """A `progress` for `train_pretext` with inpainting: a row of fills more at each snapshot.

    Args:
        probe: the images of the snapshots.
    """

    def __init__(self, probe: ImageSet):
        super().__init__()
        self.probe = probe

    def __call__(self, run: Run) -> None:
        if self.figure is None or run.history[-1]["epoch"] in run.snapshots:
            self.update(fills_through_training(run, self.probe))


def tasks_on_an_image(images: ImageSet, runs: Mapping[str, Run], image: int = 0) -> Explorer:
    """Controls for the image, the task and its parameters over `figures.task_and_answer`.

    Args:
        images: to choose from.
        runs: finished runs by the name of the choice; each does the task of its configuration.
        image: number of the image shown first.
    """
    size = images.images.shape[-1]
    configs = {name: config_of(run) for name, run in runs.items()}
    orders = {name: config.permutations() for name, config in configs.items() if config.task == "jigsaw"}

    def draw(image: int, task: str, turns: int, light: float, row: int, column: int, order: int) -> Figure:
        one = pretext.plant_shortcut(images.images[image : image + 1], light)  # [1, C, S, S]
        name = f"image {image} ({images.classes[images.labels[image]]})"
        run, kind = runs[task], configs[task].task
        if kind == "rotation":
            return _rotation(run, one, name, turns)
        if kind == "inpainting":
            return _inpainting(run, one, name, row, column)
        return _jigsaw(run, one, name, orders[task], order % len(orders[task]))

    def applies(task: str, **_: object) -> set[str]:
        own = {"rotation": {"turns"}, "inpainting": {"row", "column"}, "jigsaw": {"order"}}
        return {"image", "task", "light"} | own[configs[task].task]

    most = max((len(order) for order in orders.values()), default=1)
    return Explorer(
        draw,
        applies=applies,
        image=labelled_slider("image number", 0, len(images) - 1, value=image),
        task=labelled_choice("task", list(runs)),
        light=labelled_slider("light from above", -0.2, 0.2, 0.02, value=0.0),
        turns=labelled_slider("turns (rotation)", 0, 3, value=1),
        row=labelled_slider("row (hole)", 0, size - 1, value=size // 4),
        column=labelled_slider("column (hole)", 0, size - 1, value=size // 4),
        order=labelled_slider("order (jigsaw)", 0, most - 1),
    )


def _probabilities(run: Run, x: Tensor) -> np.ndarray:
    return pretext.answers(run.model, x)[0].softmax(dim=0).numpy()


def _rotation(run: Run, image: Tensor, name: str, turns: int) -> Figure:
    turned = image.rot90(turns, dims=(2, 3))
    names = [f"{90 * k}°" for k in range(pretext.TURNS)]
    pictures = {name: image[0].numpy(), f"input; label made: {turns}": turned[0].numpy()}
    said = dict(zip(names, _probabilities(run, turned).tolist(), strict=True))
    return figures.task_and_answer(pictures, said, names[turns], "turned by how much?", "the network's probability")


def _inpainting(run: Run, image: Tensor, name: str, row: int, column: int) -> Figure:
    size = image.shape[-1]
    hole = config_of(run).hole_pixels(size)
    top, left = min(row, size - hole), min(column, size - hole)  # the hole stays in the picture
    holes = torch.zeros(1, 1, size, size, dtype=torch.bool)
    holes[:, :, top : top + hole, left : left + hole] = True
    seen, filled = pretext.hide(image, holes), pretext.fill(run.model, image, holes)
    pictures = {name: image[0].numpy(), "input": seen[0].numpy(), "filled": filled[0].numpy()}
    errors = hole_errors(run, image, holes)
    top_of_axis = ceil(100 * max(errors.values())) / 100
    return figures.task_and_answer(
        pictures, errors, "the network", "error in the hole", "mean squared error", top_of_axis
    )


def _jigsaw(run: Run, image: Tensor, name: str, orders: Tensor, order: int) -> Figure:
    config = config_of(run)
    tile = config.tile_pixels(image.shape[-1])
    tiles = pretext.cut_tiles(to_float(image), config.grid, tile, torch.Generator().manual_seed(0))
    shown = pretext.shuffled_tiles(tiles, orders[order : order + 1])[0]  # [T, C, t, t]
    said = _probabilities(run, pretext.normalise_tiles(shown[None])[0])
    likeliest = np.argsort(-said, kind="stable")[:SHOWN_ORDERS].tolist()
    if order not in likeliest:
        likeliest[-1] = order
    names = {number: "order " + " ".join(str(t) for t in orders[number].tolist()) for number in likeliest}
    pictures = {name: image[0].numpy(), f"input; label made: {order}": mosaic(shown).numpy()}
    bars = {names[number]: float(said[number]) for number in likeliest}
    return figures.task_and_answer(
        pictures, bars, names[order], "which order of the tiles?", "the network's probability"
    )

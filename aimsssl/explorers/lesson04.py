"""Lesson 04: the same images through the training of one run, as a map and as nearest neighbours."""

import io
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from .. import figures
from ..datasets import ImageSet
from ..evaluation import nearest_neighbours, tsne
from ..training import Run
from ..training.runs import write_atomically
from .controls import Explorer, labelled_slider

NEIGHBOURS = 10


def maps(run: Run, cache: Path | None = None) -> dict[int, np.ndarray]:
    """A t-SNE map `[P, 2]` of each snapshot of a run, by epoch.

    Each map starts from the one of the epoch before, so that an image stays about where it was and maps can be
    compared. They are kept in the file `cache`, by default `tsne.npz` in the run's folder, since they take seconds.

    Raises:
        ValueError: the run has no snapshots.
    """
    if not run.snapshots:
        raise ValueError("the run has no snapshots: train it with probe=… and snapshot_epochs=…")
    epochs = sorted(run.snapshots)
    key = np.array([zlib.crc32(run.snapshots[epoch].numpy().tobytes()) for epoch in epochs])
    file = cache if cache is not None or run.path is None else run.path / "tsne.npz"
    if file is not None and file.exists():
        try:
            with np.load(file, allow_pickle=False) as stored:
                if np.array_equal(stored["key"], key):
                    return dict(zip(epochs, stored["points"], strict=True))
        except (OSError, ValueError, KeyError, EOFError, zlib.error):
            pass  # damaged: it is only a cache
    points, previous = {}, None
    for epoch in epochs:
        features = run.snapshots[epoch].float()
        previous = tsne(features, start=previous)
        points[epoch] = previous
    if file is not None:
        buffer = io.BytesIO()
        np.savez_compressed(buffer, key=key, points=np.stack(list(points.values())))
        write_atomically(file, buffer.getvalue())
    return points


def neighbours_of(run: Run, image: int, k: int = NEIGHBOURS) -> dict[int, np.ndarray]:
    """Indices `[k]` of the probe images most similar to number `image`, without itself, at each snapshot, by epoch."""
    found = {}
    for epoch in sorted(run.snapshots):
        h = run.snapshots[epoch].float()
        index = nearest_neighbours(h, h[image : image + 1], min(k + 1, len(h)))[1][0].numpy()
        found[epoch] = index[index != image][:k]
    return found


def through_training(
    run: Run,
    probe: ImageSet,
    epoch: int | None = None,
    image: int = 0,
    points: Mapping[int, np.ndarray] | None = None,
) -> Explorer:
    """Sliders for the epoch and the image over `figures.map_and_neighbours`.

    Args:
        run: has snapshots of `probe.images`.
        probe: the images of the snapshots, with their labels.
        epoch: shown first; the last one where it is None.
        image: number of the image shown first.
        points: the maps by epoch; those of `maps(run)` where it is None.

    Raises:
        ValueError: the snapshots are of another number of images.
    """
    points = maps(run) if points is None else points
    epochs = list(points)
    if len(points[epochs[0]]) != len(probe):
        raise ValueError(f"probe has {len(probe)} images, the run's snapshots are of {len(points[epochs[0]])}")
    images, labels = probe.images.numpy(), probe.labels.numpy()

    def draw(epoch: int, image: int) -> Figure:
        neighbours = neighbours_of(run, image)[epoch]
        return figures.map_and_neighbours(points[epoch], labels, probe.classes, images, image, neighbours, epoch)

    return Explorer(
        draw,
        epoch=labelled_slider("epoch", options=epochs, value=epochs[-1] if epoch is None else epoch),
        image=labelled_slider("image number", 0, len(probe) - 1, value=image),
    )

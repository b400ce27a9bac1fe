"""Lesson 05: k-means step by step in the plane, and the pages of clusters through the epochs of a run."""

from collections.abc import Mapping

import torch
from matplotlib.figure import Figure
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import kmeans_plusplus
from torch import Tensor

from .. import figures
from ..datasets import ImageSet
from .controls import Explorer, labelled_choice, labelled_slider
from .display import with_files

STARTS = ("random points", "k-means++", "all in one corner", "one far away")
MOST_STEPS, MOST_CLUSTERS = 15, 10


# ---- k-means


def start_of(points: Tensor, k: int, start: str, seed: int) -> Tensor:
    """The first centroids `[k, D]`, in one of the ways of `STARTS`."""
    generator = torch.Generator().manual_seed(seed)
    if start == "k-means++":
        return torch.from_numpy(kmeans_plusplus(points.numpy(), k, random_state=seed)[0])
    if start == "all in one corner":
        return points[points.sum(dim=1).argsort()[:k]].clone()
    centroids = points[torch.randperm(len(points), generator=generator)[:k]].clone()
    if start == "one far away":
        centroids[0] = points.amax(dim=0) + 1.2 * (points.amax(dim=0) - points.amin(dim=0))
    return centroids


def lloyd(points: Tensor, centroids: Tensor, steps: int) -> tuple[list[Tensor], list[Tensor], list[float]]:
    """Plain k-means, that leaves an empty cluster empty, until nothing moves or for `steps` steps.

    Returns:
        Centroids `[k, D]`, assignments `[N]` to them and inertia, of each step and of the start before them.
    """
    path, chosen, inertias = [centroids], [], []
    while True:
        distances, nearest = torch.cdist(points, path[-1]).min(dim=1)
        chosen.append(nearest)
        inertias.append(distances.square().sum().item())
        if len(path) > steps or (len(chosen) > 1 and torch.equal(chosen[-1], chosen[-2])):
            return path, chosen, inertias
        moved = path[-1].clone()
        for cluster in nearest.unique().tolist():
            moved[cluster] = points[nearest == cluster].mean(dim=0)
        path.append(moved)


def kmeans(points: Tensor, k: int = 4, start: str = "random points", seed: int = 0, step: int = 0) -> Explorer:
    """Controls for the step, k, the start and the seed over `figures.kmeans_step`.

    Args:
        points: `[N, 2]`, at least as many as the largest k on the slider.
        k, start, seed, step: at the start.
    """

    def draw(step: int, k: int, start: str, seed: int) -> Figure:
        path, chosen, inertias = lloyd(points, start_of(points, k, start, seed), MOST_STEPS)
        step = min(step, len(path) - 1)
        centroids = [c.numpy() for c in path]
        before = centroids[max(step - 1, 0)]
        return figures.kmeans_step(points.numpy(), before, centroids[step], chosen[step].numpy(), inertias, step)

    return Explorer(
        draw,
        step=labelled_slider("step", 0, MOST_STEPS, value=step),
        k=labelled_slider("clusters k", 2, MOST_CLUSTERS, value=k),
        start=labelled_choice("start", STARTS, value=start),
        seed=labelled_slider("seed", 0, 19, value=seed),
    )


# ---- cluster pages


def overlap(one: Tensor, other: Tensor, k: int) -> Tensor:
    """How many images are in cluster a of one clustering and in cluster b of the other: int64 `[k, k]`."""
    return (one.long() * k + other.long()).bincount(minlength=k * k).view(k, k)


def renumbered(one: Tensor, other: Tensor, k: int) -> Tensor:
    """The second clustering `[N]` with those numbers by which most images keep the number they had in the first."""
    old, new = linear_sum_assignment(overlap(one, other, k).numpy(), maximize=True)
    number = torch.empty(k, dtype=torch.int64)
    number[torch.from_numpy(new)] = torch.from_numpy(old)
    return number[other.long()]


def cluster_pages(
    images: ImageSet, assignments: Mapping[int, Tensor], k: int, cluster: int = 0, epoch: int | None = None
) -> Explorer:
    """Sliders for the epoch and the cluster over `figures.cluster_page`.

    k-means numbers its clusters anew each time. Here every clustering gets the numbers that fit the one before best,
    so that a page can be followed.

    Args:
        images: in the order of the assignments.
        assignments: `run.assignments`: clusters `[N]` by epoch.
        k: number of clusters.
        cluster, epoch: shown first; the last epoch where it is None.

    Raises:
        ValueError: there are no assignments, or they are of another number of images.
    """
    if not assignments or any(len(a) != len(images) for a in assignments.values()):
        raise ValueError(
            f"assignments must hold clusters of {len(images)} images for at least one epoch, got "
            f"{ {e: len(a) for e, a in assignments.items()} }"
        )
    epochs, pages = sorted(assignments), {}
    for number, at in enumerate(epochs):
        found = assignments[at].long()
        pages[at] = renumbered(pages[epochs[number - 1]], found, k) if number else found
    pictures, labels = images.images.numpy(), images.labels.numpy()

    def draw(epoch: int, cluster: int) -> Figure:
        here = pages[epoch] == cluster
        before = pages[epochs[max(epochs.index(epoch) - 1, 0)]] == cluster
        members, joined, left = ((mask.nonzero()[:, 0]).numpy() for mask in (here, here & ~before, before & ~here))
        title = f"cluster {cluster}, epoch {epoch}"
        figure = figures.cluster_page(pictures, labels, images.classes, members, joined, left, title)
        return with_files(figure, images, members[:24].tolist())

    return Explorer(
        draw,
        epoch=labelled_slider("epoch", options=epochs, value=epochs[-1] if epoch is None else epoch),
        cluster=labelled_slider("cluster", 0, k - 1, value=cluster),
    )

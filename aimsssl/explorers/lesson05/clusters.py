"""What clusters are about: scores beside what is known of the images, rows of images, pages through the epochs."""

import math
from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from ... import figures
from ...datasets import ImageSet
from ...training.deepcluster import nmi
from ..controls import Explorer, labelled_slider
from ..display import with_files

FACTORS = {  # of `shapes`, by what the lesson calls them, and the step that makes groups of a continuous one
    "lighter": ("lighter", 1), "x": ("x", 4), "y": ("y", 4), "size": ("size", 3), "texture": ("ground_texture", 1),
    "background hue": ("ground_hue", 30), "figure hue": ("hue", 30),
}  # fmt: skip


def pixels(images: Tensor) -> Tensor:
    """The images `[N, C, H, W]`, uint8, as they are for features: `[N, C·H·W]`."""
    return images.flatten(1).float() / 255


def half_size(images: Tensor) -> Tensor:
    """Means of 2×2 pixels: uint8 `[N, C, H, W]` to float, on the same scale, `[N, C, H/2, W/2]`."""
    return F.avg_pool2d(images.float(), 2)


def what_they_know(clusters: Tensor, images: ImageSet) -> dict[str, float]:
    """NMI of clusters `[N]` with the class, and with what each image was made of where that is known."""
    return {name: nmi(clusters[rows], values[rows]) for name, (values, rows) in _known(images).items()}


def most_they_can_know(clusters: Tensor, images: ImageSet) -> dict[str, float]:
    """The same where one of both groupings follows from the other: √ of the smaller entropy over the larger."""
    found = {}
    for name, (values, rows) in _known(images).items():
        small, large = sorted((_entropy(clusters[rows]), _entropy(values[rows])))
        found[name] = math.sqrt(small / large) if large else 0.0
    return found


def _known(images: ImageSet) -> dict[str, tuple[Tensor, Tensor]]:
    """Groups `[N]` that the images are known to form, and where they are known."""
    found = {"class": (images.labels, images.labels >= 0)}
    for name, (factor, step) in FACTORS.items():
        if factor in images.factors:
            values = (images.factors[factor] // step).long()
            found[name] = values, torch.ones(len(values), dtype=torch.bool)
    return found


def _entropy(groups: Tensor) -> float:
    """H of a grouping, in nats."""
    share = groups.unique(return_counts=True)[1] / len(groups)
    return -(share * share.log()).sum().item()


def from_pure_to_mixed(clusters: Tensor, images: ImageSet, count: int = 6) -> dict[str, np.ndarray]:
    """Positions of the images of `count` clusters by name, evenly from the purest to the most mixed.

    Pure is where most images have one class. Clusters of less than half the mean size do not count, as luck makes
    small ones pure. Without labels: from the largest to the smallest.
    """
    names = _by_purity(clusters, images)
    chosen = torch.linspace(0, len(names) - 1, min(count, len(names))).round().long().tolist()
    return {list(names.values())[i]: (clusters == list(names)[i]).nonzero()[:, 0].numpy() for i in chosen}


def _by_purity(clusters: Tensor, images: ImageSet) -> dict[int, str]:
    """The clusters that are not small, the purest first, each with its most frequent class: see above."""
    clusters, known = clusters.long(), images.labels >= 0
    sizes = clusters.bincount()
    large = (2 * sizes >= sizes[sizes > 0].float().mean()).nonzero()[:, 0]
    if not known.any():
        return {j: f"cluster {j}" for j in large[sizes[large].argsort(descending=True, stable=True)].tolist()}
    counts = torch.zeros(len(sizes), len(images.classes))
    counts.index_put_((clusters[known], images.labels[known]), torch.tensor(1.0), accumulate=True)
    share, most = (counts / counts.sum(dim=1, keepdim=True).clamp(min=1)).max(dim=1)
    order = large[share[large].argsort(descending=True, stable=True)].tolist()
    return {j: f"{j}: {share[j]:.0%} {images.classes[most[j]]}" for j in order}


# ---- pages through the epochs


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
    images: ImageSet, assignments: Mapping[int, Tensor], k: int, cluster: int | None = None, epoch: int | None = None
) -> Explorer:
    """Sliders for the epoch and the cluster over `figures.cluster_page`.

    k-means numbers its clusters anew each time. Here every clustering gets the numbers that fit the one before best,
    so that a page can be followed.

    Args:
        images: in the order of the assignments.
        assignments: `run.assignments`: clusters `[N]` by epoch.
        k: number of clusters.
        cluster, epoch: shown first; where None, the purest of large clusters and the last epoch.

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
    epoch = epochs[-1] if epoch is None else epoch
    cluster = next(iter(_by_purity(pages[epoch], images))) if cluster is None else cluster

    def draw(epoch: int, cluster: int) -> Figure:
        here = pages[epoch] == cluster
        before = pages[epochs[max(epochs.index(epoch) - 1, 0)]] == cluster
        members, joined, left = ((mask.nonzero()[:, 0]).numpy() for mask in (here, here & ~before, before & ~here))
        title = f"cluster {cluster}, epoch {epoch}"
        figure = figures.cluster_page(pictures, labels, images.classes, members, joined, left, title)
        return with_files(figure, images, members[:24].tolist())

    return Explorer(
        draw,
        epoch=labelled_slider("epoch", options=epochs, value=epoch),
        cluster=labelled_slider("cluster", 0, k - 1, value=cluster),
    )

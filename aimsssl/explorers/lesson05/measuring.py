"""The lesson's measurements, and the student's parts at work on a few images."""

import re
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ... import clustering, evaluation
from ...augment import Augment
from ...datasets import ImageSet
from ...profile import Profile
from ...training import DeepClusterConfig
from ...training.deepcluster import nmi
from ..records import recorded


def folder(profile: Profile, data: str) -> str:
    """Where this lesson's runs lie, to be filled with the name of one: `"runs/05_{}_PROFILE_DATA"`."""
    return f"runs/05_{{}}_{profile.name}_{re.sub(r'[^A-Za-z0-9]+', '_', data)}"


def view_of(config: DeepClusterConfig, side: int) -> Augment:
    """The random view that a training with `config` gives to the network."""
    return Augment(side, config.crop_scale, config.jitter, config.grayscale, flip=config.flip, rotate=config.rotate)


def snapshots(epochs: int) -> tuple[int, ...]:
    """The epochs whose clusters the lesson turns the pages of: close at first, then few, and the last clustering."""
    return tuple(sorted({0, 1, epochs // 4, epochs // 2, epochs - 1}))


def whitening(features: Tensor, count: int = 400) -> dict[str, np.ndarray]:
    """The two features `[N, D]` that are most correlated, of `count` images, after each stage: `[count, 2]`."""
    correlation = features.T.corrcoef().nan_to_num().fill_diagonal_(0)
    pair = features[:count, list(divmod(int(correlation.argmax()), len(correlation)))]
    centred = pair - pair.mean(dim=0)
    turned = centred @ torch.linalg.eigh(centred.T @ centred).eigenvectors.flip(1)
    white = turned / turned.std(dim=0)
    stages = {"two features": pair, "PCA": turned, "whitened": white, "length 1": F.normalize(white, dim=1)}
    return {name: points.numpy() for name, points in stages.items()}


def head_losses(head: nn.Linear, x: Tensor, labels: Tensor, steps: int = 40) -> list[float]:
    """Train a linear head on fixed features `[N, D]` with full batches; the loss before each step."""
    optimizer = torch.optim.Adam(head.parameters(), 0.05)
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(head(x), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


# ---- the student's parts at work


def cluster_with(x: Tensor, k: int, step: Callable, refill: Callable, steps: int = 10) -> Tensor:
    """Clusters `[N]` of points `[N, D]` after `steps` of k-means by the student's `lloyd_step` and `refill`."""
    centroids = x[torch.randperm(len(x), generator=torch.Generator().manual_seed(0))[:k]]
    for _ in range(steps):
        assignments, centroids = step(x, centroids)
        centroids, assignments = refill(x, centroids, assignments)
    return assignments


def one_epoch(encoder: nn.Module, view: Callable, sampler: Callable, batch_size: int = 50) -> Callable:
    """A function that trains encoder and head for an epoch: `train(head, images, labels)`.

    Args:
        view: `(images, generator)` to one view of each.
        sampler: the student's `uniform_over_clusters`.
    """
    generator, device = torch.Generator().manual_seed(0), next(encoder.parameters()).device

    def train(head: nn.Module, images: Tensor, labels: Tensor) -> None:
        encoder.train()
        optimizer = torch.optim.AdamW([*encoder.parameters(), *head.parameters()], 2e-3)
        for batch in sampler(labels, len(images), generator).split(batch_size):
            views = view(images[batch], generator).to(device)
            loss = F.cross_entropy(head(encoder(views)), labels[batch].to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return train


def by_round(rounds: Sequence[Tensor], labels: Tensor) -> dict[str, dict[str, float | None]]:
    """NMI of each round's clusters `[N]` with the classes, and with the clusters of the round before."""
    known = labels >= 0
    return {
        f"round {number}": {
            "with the classes": nmi(clusters[known], labels[known]),
            "with the last clusters": None if before is None else nmi(clusters, before),
        }
        for number, (clusters, before) in enumerate(zip(rounds, [None, *rounds], strict=False), start=1)
    }


# ---- measured, and recorded


def seconds_of_a_step(x: Tensor, counts: Sequence[int], steps: int = 5) -> dict[int, float]:
    """Seconds of a step of k-means on points `[N, D]`, by the number of clusters; at most N of them.

    Of a step that compares all points with all centroids, as the first ones do.
    """
    found = {}
    for k in sorted({min(k, len(x)) for k in counts}):
        begin = time.perf_counter()
        for seed in range(steps):
            clustering.kmeans(x, k, iterations=1, seed=seed)  # assigns points twice
        found[k] = (time.perf_counter() - begin) / (2 * steps)
    return found


def agreement(encoder: nn.Module, images: ImageSet, count: int = 9) -> float:
    """Of the `count` images that excite a unit of the last layer most, the share of the most frequent class: the mean.

    With labels only.
    """
    last = list(evaluation.convolutions(encoder).values())[-1]
    return _one_class(images.labels[evaluation.most_exciting(encoder, last, images.images, count)[1]])


def agreement_by_luck(images: ImageSet, count: int = 9, draws: int = 500) -> float:
    """The same for images that are drawn at random."""
    drawn = torch.randint(len(images), (draws, count), generator=torch.Generator().manual_seed(0))
    return _one_class(images.labels[drawn])


def _one_class(labels: Tensor) -> float:
    """Mean share of the most frequent label in each row of `[units, count]`."""
    return F.one_hot(labels - labels.min()).sum(dim=1).amax(dim=1).float().mean().item() / labels.shape[1]


def beside_the_best(scores: Mapping[int, Sequence[float]]) -> dict[str, dict[str, object]]:
    """For each number of clusters the mean over seeds, and whether the seeds can tell it from the highest mean."""
    best, rows = max(scores, key=lambda k: np.mean(scores[k])), {}
    for k, seeds in scores.items():
        gap = evaluation.seed_difference(seeds, scores[best])
        told = "the highest mean" if k == best else "below it" if gap.high < 0 else "cannot be told from it"
        rows[f"k = {k:,}"] = {"mean": float(np.mean(seeds)), "minus the highest": gap.value, "the seeds say": told}
    return rows


def differences(pairs: Mapping[str, tuple[Sequence[float], Sequence[float]]]) -> dict[str, dict[str, object]]:
    """Means of seeds, one minus the other, the half width of its 95 % interval, and what the seeds say."""
    rows = {}
    for name, (one, other) in pairs.items():
        gap = evaluation.seed_difference(one, other)
        told = "worse" if gap.high < 0 else "better" if gap.low > 0 else "no clear effect"
        rows[name] = {"difference": gap.value, "±": gap.high - gap.value, "the seeds say": told}
    return rows


def recorded_probes(data: str) -> dict[str, Sequence[float]]:
    """The recorded linear probes on "MNIST" or "CIFAR-10", a share correct for each seed, by row."""
    rows = recorded(f"deepcluster_{data.lower().replace('-', '')}")["rows"]
    names = {"deepcluster": "DeepCluster"}
    wanted = ("raw pixels", "random weights", "deepcluster", "supervised")
    return {names.get(row, row): rows[row]["probe"] for row in wanted}

"""DeepCluster: cluster the features, take the clusters for labels, train, repeat.

Caron et al. 2018, arXiv:1807.05520.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from sklearn.metrics import normalized_mutual_info_score
from torch import Tensor, nn

from ..augment import Augment
from ..clustering import kmeans, pca_whiten, uniform_over_clusters
from ..datasets import ImageSet
from ..models import ENCODERS, SimCLR, build_encoder, extract
from ..randomness import RandomStream
from .config import TrainingConfig
from .distributed import Processes
from .loop import Draw, EpochPlan, fit, monitor_split, new_run
from .runs import Run, RunError
from .settings import Count, CropScale, Probability, Range, Size


@dataclass(frozen=True)
class DeepClusterConfig(TrainingConfig):
    """`TrainingConfig` and what is DeepCluster's own.

    Best on held-out images, one seed each (`data/recorded_runs/deepcluster_candidates`): on MNIST the paper's SGD, at
    0.05 and constant, with `rotate` 20 and no flip (AdamW, a cosine, more clusters and views that are not turned are
    0.001 to 0.003 below); on CIFAR-10 AdamW at 0.002 with jitter 0.5 and grayscale 0.2, where other rates and numbers
    of clusters make no clear difference, and the ResNet-18 is far below the convnet.

    Attributes:
        encoder: convnet, resnet18, alexnet or vgg16; `stem` is resnet18's.
        sobel: whether the encoder sees edges in place of colours.
        clusters: k of k-means. The paper takes ten times as many as there are classes (§4.1).
        pca_dim: dimensions that PCA keeps, at most those of the features.
        kmeans_iterations: at most so many, each time.
        reassign_every: epochs between two clusterings.
        uniform: whether an epoch draws every cluster equally often (§3.3), or else every image once.
        crop_scale: range of the crop's share of the area, low to high.
        jitter: strength of the colour jitter, 0 for none.
        grayscale, flip: probability that the view is grey; that it is mirrored.
        rotate: degrees by which the view is turned at most, to either side.
    """

    encoder: Literal[ENCODERS] = "convnet"
    sobel: bool = False
    clusters: Annotated[int, Range(2, 10**6)] = 100
    pca_dim: Size = 64
    kmeans_iterations: Count = 20
    reassign_every: Count = 1
    uniform: bool = True
    crop_scale: CropScale | None = (0.4, 1.0)
    jitter: Annotated[float, Range(0, 2.5)] = 0.0
    grayscale: Probability = 0.0
    flip: Probability = 0.5
    rotate: Annotated[float, Range(0, 180)] = 0.0

    @property
    def chance_loss(self) -> float:
        """log(k), the loss of guessing the cluster."""
        return math.log(self.clusters)


def build_deepcluster(config: DeepClusterConfig, in_channels: int) -> SimCLR:
    """Encoder and linear head, with weights drawn from `config.seed`: untrained, it is the random-weights baseline."""
    with RandomStream(config.seed):
        encoder = build_encoder(
            config.encoder, stem=config.stem, width=config.width, in_channels=in_channels, sobel=config.sobel
        )
        return SimCLR(encoder, nn.Linear(encoder.feature_dim, config.clusters))


def cluster(
    encoder: nn.Module, train: ImageSet, config: DeepClusterConfig, precision: str, seed: int, previous: Tensor | None
) -> tuple[Tensor, dict]:
    """Clusters of the training images, int32 `[N]`, and what the history gets: see `train_deepcluster`.

    Raises:
        RunError: a feature is infinite or NaN.
    """
    times = [time.perf_counter()]
    with torch.autocast(torch.device(config.device).type, torch.bfloat16, enabled=precision == "bfloat16"):
        features = extract(encoder, train.images, batch_size=250, before_relu=True).to(config.device)
    times.append(time.perf_counter())
    if not features.isfinite().all():
        raise RunError(f"features became infinite or NaN; lower learning_rate {config.learning_rate}")
    features = pca_whiten(features, min(config.pca_dim, features.shape[1]))
    times.append(time.perf_counter())
    result = kmeans(features, config.clusters, iterations=config.kmeans_iterations, seed=seed)
    assignments = result.assignments.int().cpu()
    times.append(time.perf_counter())
    known = train.labels >= 0
    row = {
        "nmi_previous": None if previous is None else nmi(assignments, previous),
        "nmi_labels": nmi(assignments[known], train.labels[known]) if known.any() else None,
        "empty_clusters": result.empty,
        "reassigned": result.reassigned,
    }
    for stage, begin, end in zip(("features", "pca", "kmeans"), times, times[1:], strict=False):
        row[f"seconds_{stage}"] = end - begin
    return assignments, row


def nmi(a: Tensor, b: Tensor) -> float:
    """Normalised mutual information, I(a; b) / √(H(a) H(b)) (§4.1)."""
    return float(normalized_mutual_info_score(a.numpy(), b.numpy(), average_method="geometric"))


def renew(head: nn.Linear, optimizer: torch.optim.Optimizer, generator: torch.Generator) -> None:
    """Draw the head's weights anew, and forget what the optimizer knows of them.

    The clusters' numbers mean nothing from one clustering to the next: number 7 is a new class. Weights are drawn
    with a deviation of 0.01, so that at first every cluster is as likely as any other.
    """
    with torch.no_grad():
        head.weight.copy_(0.01 * torch.randn(head.weight.shape, generator=generator))
        head.bias.zero_()
    for parameter in head.parameters():
        optimizer.state.pop(parameter, None)


def train_deepcluster(
    images: ImageSet,
    config: DeepClusterConfig,
    run_dir: str | Path | None = None,
    resume: bool = True,
    *,
    start_from: str | Path | None = None,
    probe: Tensor | None = None,
    progress: Callable[[Run], None] | str | None = "bar",
) -> Run:
    """Train an encoder with DeepCluster. Arguments as for `train_simclr`; labels are never trained on.

    Before an epoch, every `config.reassign_every` of them: features of the whole images, in evaluation mode and before
    the last ReLU; PCA, whitening, rows of length 1; k-means; a new head and new optimizer state for it. Then an epoch
    of as many images as there are, every cluster equally likely, augmented.

    The history has, where there was a clustering: `nmi_previous` and `nmi_labels` (with the clusters before, and with
    the true labels; √ of the entropies' product below the line, as in §4.1), `empty_clusters`, `reassigned` (how often
    k-means refilled one), and the time of each stage: `seconds_features`, `seconds_pca`, `seconds_kmeans`,
    `seconds_training`.

    Returns:
        The run; `run.model.encoder` is trained and in evaluation mode. `run.assignments` has the clusters of the
        training images, int32 `[N]`, by the number of epochs that the encoder had then: those of
        `config.snapshot_epochs`, and the last. Images are in the order of `monitor_split(images, config)[0]`.

    Raises:
        ValueError: the batch is larger than the data, or there are more clusters than images.
        RunError: all images fall into one cluster: there is nothing to learn. Else as for `train_simclr`.
    """
    train = monitor_split(images, config)[0]
    if config.clusters > len(train):
        raise ValueError(f"clusters must be at most {len(train)}, the number of images, got {config.clusters}")
    model = build_deepcluster(config, images.images.shape[1])
    augment = Augment(
        images.images.shape[-1],
        config.crop_scale,
        config.jitter,
        config.grayscale,
        flip=config.flip,
        rotate=config.rotate,
    )
    run = new_run(run_dir, "deepcluster", config, images)

    def batch_loss(model: nn.Module, batch: Tensor, labels: Tensor, draw: Draw) -> Tensor:
        _, logits = model(augment(batch, draw.generator, draw.share).contiguous(memory_format=torch.channels_last))
        return F.cross_entropy(logits.float(), labels)

    def before_epoch(
        epoch: int, optimizer: torch.optim.Optimizer, generator: torch.Generator, processes: Processes
    ) -> EpochPlan:
        row, labels = {}, run.assignments[max(run.assignments)] if run.assignments else None
        if (epoch - 1) % config.reassign_every == 0:
            seed = int(torch.randint(2**31, (), generator=generator))
            precision, previous = run.config["precision"], labels
            labels, row = processes.from_main(lambda: cluster(model.encoder, train, config, precision, seed, previous))
            if (labels == labels[0]).all():
                raise RunError(
                    f"before epoch {epoch} all {len(labels)} images fall into one cluster: their features are the "
                    "same, and there is nothing to learn. Are the images different? Else lower learning_rate "
                    f"{config.learning_rate}"
                )
            kept = {e: clusters for e, clusters in run.assignments.items() if e in config.snapshot_epochs}
            run.assignments = {**kept, epoch - 1: labels}
            renew(model.head, optimizer, generator)
        if config.uniform:
            order = uniform_over_clusters(labels, len(train), generator)
        else:
            order = torch.randperm(len(train), generator=generator)
        return EpochPlan(order, labels.long(), row)

    return fit(
        model,
        images,
        batch_loss,
        config,
        run,
        encoder=model.encoder,
        resume=resume,
        start_from=start_from,
        chance_loss=config.chance_loss,
        probe=probe,
        before_epoch=before_epoch,
        progress=progress,
    )

"""Lesson 04: what the parts of SimCLR do, its run as maps and neighbours, the recorded experiments as tables."""

import copy
import io
import re
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn.functional import normalize

from .. import figures
from ..datasets import ImageSet, load
from ..evaluation import factor_audit, finetune, linear_probe, nearest_neighbours, seed_difference, tsne
from ..losses import nt_xent
from ..models import SimCLR, extract
from ..profile import current
from ..randomness import RandomStream
from ..training import Run, random_encoder
from ..training.runs import write_atomically
from .controls import Explorer, labelled_slider
from .records import recorded

NEIGHBOURS = 10
WEIGHT_DECAY = 1e-6  # the paper's, for the trust ratios
FACTORS = {"x": "x", "y": "y", "size": "size", "angle": "angle", "hue": "hue of the figure",
           "ground_hue": "hue of the background", "contrast": "contrast", "lighter": "lighter or darker"}  # fmt: skip
# SimCLR, arXiv:2002.05709, Table B.1, linear scaling of the rate (the numbers of its Figure 9): ImageNet, ResNet-50, %
PAPER_BATCHES = (256, 512, 1024, 2048, 4096, 8192)
PAPER = {
    100: (57.5, 60.7, 62.8, 64.0, 64.6, 64.8),
    200: (61.9, 64.0, 65.3, 66.1, 66.5, 66.6),
    400: (64.7, 66.2, 67.2, 68.1, 68.2, 67.8),
    800: (66.6, 67.8, 68.5, 68.9, 68.9, 69.0),
}


def run_folder(method: str, data: str) -> Path:
    """Where this lesson keeps a run: a folder for each method, profile and data set, so that no two are mixed."""
    parts = ("04", method, current().name, data)
    return Path("runs") / "_".join(re.sub(r"[^A-Za-z0-9]+", "_", part) for part in parts)


# ---- the parts


def shapes_inside(encoder: nn.Module, views: Tensor) -> dict[str, dict[str, object]]:
    """Channels and places of views `[B, C, H, W]` behind each part of a ResNet, and the numbers of h."""
    encoder, rows = copy.deepcopy(encoder).eval(), {}

    def row(name: str, x: Tensor) -> None:
        rows[name] = {"channels": x.shape[1], "places": " × ".join(map(str, x.shape[2:])), "numbers": x[0].numel()}

    with torch.no_grad():
        row("view", views)
        x = encoder.maxpool(encoder.relu(encoder.bn1(encoder.conv1(views))))
        row("stem", x)
        for name in ("layer1", "layer2", "layer3", "layer4"):
            x = getattr(encoder, name)(x)
            row(name, x)
        row("h, the mean over all places", x.mean(dim=(2, 3), keepdim=True))
    return rows


def trust_ratios(model: nn.Module, loss: Tensor) -> dict[str, float]:
    """‖w‖/‖d‖ of each layer by name, with the gradients of `loss`; none of them are left behind."""
    layers = {name.removesuffix(".weight"): w for name, w in model.named_parameters() if w.ndim > 1}
    gradients = torch.autograd.grad(loss, list(layers.values()))
    return {
        name: (w.norm() / (g + WEIGHT_DECAY * w).norm()).item()
        for (name, w), g in zip(layers.items(), gradients, strict=True)
    }


def trust_ratios_at(
    moments: Mapping[str, nn.Module], loss_of: Callable[[nn.Module], Tensor]
) -> dict[str, dict[str, float]]:
    """`trust_ratios` of a network at several moments, all with the same views; the networks stay as they are."""
    found = {}
    for moment, network in moments.items():
        with RandomStream(0):
            network = copy.deepcopy(network).train()  # a forward pass changes the statistics of batch norm
            found[moment] = trust_ratios(network, loss_of(network))
    return found


def heads_at_start(
    encoder: nn.Module, heads: Mapping[str, nn.Module], views: tuple[Tensor, Tensor], temperature: float
) -> dict[str, dict[str, float]]:
    """Of each head on the same random weights: the mean cosine of all z and the loss, of two views and of one twice.

    Args:
        views: a batch, `[N, C, H, W]` each, on the device of the networks.
    """
    rows = {}
    for name, head in heads.items():
        network, rows[name] = SimCLR(copy.deepcopy(encoder), copy.deepcopy(head)).train(), {}
        for case, pair in (("two views", views), ("one view twice", (views[0], views[0]))):
            with torch.no_grad():
                z = normalize(network(torch.cat(pair))[1].float(), dim=1)  # [2N, D]
            others = ((z @ z.T).sum() - len(z)) / (len(z) * (len(z) - 1))
            rows[name][f"cosine, {case}"] = others.item()
            rows[name][f"loss, {case}"] = nt_xent(*z.chunk(2), temperature).item()
    return rows


# ---- what h and z know


def read_factors(run: Run, train: ImageSet, test: ImageSet) -> dict[str, dict[str, float]]:
    """R² on test images of a ridge regression for each factor, from the run's h, its z and random weights.

    Images of a set without factors are replaced by as many of `shapes`: then it is the same question to an encoder
    that never saw them.
    """
    if not train.factors:
        channels = train.images.shape[1]
        train, test = (_with_channels(load("shapes", split, limit=2000), channels) for split in ("train", "test"))
    device = next(run.model.parameters()).device
    known = [{told: images.factors[name].float() for name, told in FACTORS.items()} for images in (train, test)]
    h, random = (
        [extract(encoder, images.images) for images in (train, test)]
        for encoder in (run.model.encoder, random_encoder(run).to(device))
    )
    with torch.no_grad():
        z = [run.model.head.eval()(features.to(device)).float().cpu() for features in h]
    circular = [told for told in FACTORS.values() if told.startswith("hue")]
    return {
        name: {
            factor: score.value
            for factor, score in factor_audit(x, known[0], x_test, known[1], circular=circular).items()
        }
        for name, (x, x_test) in {"random weights": random, "h": h, "z": z}.items()
    }


def _with_channels(images: ImageSet, channels: int) -> ImageSet:
    if channels == 1:
        grey = images.images.float().mean(dim=1, keepdim=True).round().to(torch.uint8)
        return ImageSet(images.name, grey, images.labels, images.classes, images.factors)
    return images


# ---- one run, epoch by epoch


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


# ---- the recorded experiments


def by_batch_size() -> dict[str, dict[int, dict[int, list[float]]]]:
    """Linear probe by epochs and batch size: of the record `batch_size`, and of the paper's table."""
    ours: dict[int, dict[int, list[float]]] = {}
    for name, setting in recorded("batch_size")["settings"].items():
        size, epochs = (int(number) for number in re.findall(r"\d+", name))  # "batch 32, 6 epochs"
        ours.setdefault(epochs, {})[size] = setting["probe"]
    theirs = {
        epochs: {size: [value / 100] for size, value in zip(PAPER_BATCHES, row, strict=True)}
        for epochs, row in PAPER.items()
    }
    return {"ours: shapes, linear probe": ours, "the paper: ImageNet, linear probe": theirs}


def few_labels(
    starts: Mapping[str, nn.Module], train: ImageSet, test: ImageSet, epochs: Mapping[int, int], draws: int = 3
) -> dict[str, dict[int, list[float]]]:
    """Accuracies on test images with so many labels, a value a draw: each start fine-tuned and probed, and raw pixels.

    Args:
        starts: encoders by name; they stay as they are.
        epochs: of fine-tuning, by number of labels.
        draws: of the labelled images, with equal numbers of each class.
    """
    scores: dict[str, dict[int, list[float]]] = {}

    def keep(curve: str, count: int, value: float) -> None:
        scores.setdefault(curve, {}).setdefault(count, []).append(value)

    known = {name: extract(start, test.images) for name, start in starts.items()}
    for count, length in epochs.items():
        for draw in range(draws):
            few = train.sample(min(count, len(train)), seed=draw)
            raw = few.images.flatten(1).float(), few.labels, test.images.flatten(1).float(), test.labels
            keep("raw pixels, probe", count, linear_probe(*raw).accuracy)
            for name, start in starts.items():
                h = extract(start, few.images)
                keep(f"{name}, probe", count, linear_probe(h, few.labels, known[name], test.labels).accuracy)
                parts = few.images, few.labels, test.images, test.labels
                keep(f"{name}, fine-tuned", count, finetune(start, *parts, epochs=length, seed=draw).accuracy)
    return scores


def labels_saved() -> dict[str, dict[str, dict[float, float]]]:
    """Mean accuracy by labels of each class, a panel a data set, from the record `label_efficiency`."""
    curves = {
        "from scratch": "supervised",
        "fine-tuned from SimCLR": "SimCLR, fine-tuned",
        "linear probe on SimCLR": "SimCLR, probe",
    }
    panels = {}
    for data, title in (("shapes", "shapes"), ("cifar10", "CIFAR-10")):
        found = recorded("label_efficiency")["data"][data]
        per_class = [count / 10 for count in found["labels"]]  # both have ten classes
        panels[title] = {
            told: {n: float(np.mean(seeds)) for n, seeds in zip(per_class, found["curves"][name], strict=True)}
            for name, told in curves.items()
        }
    return panels


def postmortem_table() -> dict[str, dict[str, object]]:
    """Each setting of the record `postmortem` beside the healthy one: kNN, its difference, and the last loss."""
    record = recorded("postmortem")
    healthy, rows = record["settings"]["healthy"]["knn"], {}
    others = {"random weights": record["random weights"]} | record["settings"]
    for name, found in others.items():
        change = seed_difference(found["knn"], healthy)
        rows[name] = {
            "kNN": found["knn_mean"],
            "from healthy": f"{change.value:+.3f} ± {change.high - change.value:.3f}" if name != "healthy" else None,
            "last loss": float(np.mean([x[-1] for x in found["loss"]])) if "loss" in found else None,
            "chance": found.get("chance_loss"),
        }
    return rows

"""Lesson 07's table: the methods of the course, three data sets, three seeds, one protocol.

No entry trains for more than two minutes on two cores. DeepCluster has an encoder of its own (the reason stands in
`aimsssl.training.methods`), so random weights have two rows. Settings are the defaults, but for three things: digits
are not flipped, epochs fill the minutes, and what was chosen on held-out training images (`settings_shapes`,
`settings_cifar10`, `deepcluster_candidates`). The test split is read once, here.
"""

import json
from dataclasses import asdict

import torch
import torch.nn.functional as F
from torch import nn

from aimsssl import comparing
from aimsssl.datasets import ImageSet
from aimsssl.evaluation import linear_probe
from aimsssl.models import extract
from aimsssl.training import METHODS, method_config, train_method, untrained_encoder

from .common import RECORDED, WORKSHOP, keep_result, load_splits, slug

SEEDS = (0, 1, 2)
DATA = ("shapes", "mnist", "cifar10")
UNTRAINED = {  # the encoder that these start from
    "random weights": "SimCLR",
    "random convnet": "DeepCluster",
    "random SimCLR convnet": "SimCLR convnet",
}
CONVNET_ROWS = ("random SimCLR convnet", "SimCLR convnet")  # recorded later, in a table of their own
ROWS = ("raw pixels", *(row for row in UNTRAINED if row not in CONVNET_ROWS), *METHODS)
SHARED = dict(precision="bfloat16", held_out=0, monitor_every=0)
LARS = dict(optimizer="lars", learning_rate=4.0, weight_decay=1e-6)
COLOURS = dict(crop_scale=(0.2, 1.0), jitter=0.5, grayscale=0.2)
SETTINGS = {  # what differs from a method's defaults
    "shapes": {
        "rotation": dict(epochs=8),
        "inpainting": dict(epochs=16),
        "jigsaw": dict(epochs=16),
        "SimCLR": dict(epochs=14, crop_scale=(0.4, 1.0), temperature=0.1),
        "DeepCluster": dict(epochs=10, sobel=True, width=8),
        "supervised": dict(epochs=12),
    },
    "mnist": {
        "rotation": dict(epochs=1, flip=0.0),
        "inpainting": dict(epochs=3, flip=0.0),
        "jigsaw": dict(epochs=3, flip=0.0),
        "SimCLR": dict(epochs=3, flip=0.0),
        "DeepCluster": dict(epochs=4, flip=0.0, learning_rate=2e-3, crop_scale=(0.2, 1.0)),
        "supervised": dict(epochs=4, flip=0.0),
    },
    "cifar10": {
        "rotation": dict(epochs=2),
        "inpainting": dict(epochs=3),
        "jigsaw": dict(epochs=4),
        "SimCLR": dict(epochs=4, **LARS),
        "DeepCluster": dict(epochs=4, learning_rate=2e-3, **COLOURS),
        "supervised": dict(epochs=5),
    },
}
# SimCLR on DeepCluster's network: epochs for the minutes of SimCLR's own row (side by side 1.06, 1.00 and 1.11 of
# them), all else as there. It sees colours, so on `shapes` it does not start from the random convnet of the table,
# which sees edges. Another machine recorded it, so its minutes are not kept.
CONVNET = {"shapes": dict(width=8, epochs=20), "mnist": dict(epochs=2), "cifar10": dict(epochs=2)}
REBUILT_SEED = 3
REBUILT = (
    *((data, row) for data in DATA for row in ("random weights", "supervised")),
    ("shapes", "SimCLR"),
    ("shapes", "DeepCluster"),
    ("mnist", "jigsaw"),
    ("cifar10", "inpainting"),
)
PROBE_LABELS, TRANSFER_LABELS, TRANSFER_TEST = 5_000, 1_000, 2_000


def fitted_to(encoder_channels: int, images: torch.Tensor) -> torch.Tensor:
    """uint8 images with the channels that an encoder takes, 32 × 32: grey three times over, or colours averaged."""
    if images.shape[1] != encoder_channels:
        grey = images.float().mean(dim=1, keepdim=True).round().to(torch.uint8)
        images = grey.expand(-1, encoder_channels, -1, -1)
    if images.shape[-1] != 32:
        images = F.interpolate(images.float(), size=(32, 32), mode="bilinear").round().to(torch.uint8)
    return images


def features_of(encoder: nn.Module | None, channels: int, *parts: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Features of an encoder, or raw pixels where there is none, of each part."""
    if encoder is None:
        return tuple(images.flatten(1).float() for images in parts)
    return tuple(extract(encoder, images) for images in parts)


def transfer(encoder: nn.Module | None, channels: int, targets: dict[str, tuple[ImageSet, ImageSet]]) -> dict:
    """Linear probe with 1,000 labels on data that the encoder never saw."""
    found = {}
    for name, (train, test) in targets.items():
        parts = (fitted_to(channels, images.images) for images in (train, test))
        h, h_test = features_of(encoder, channels, *parts)
        found[name] = linear_probe(h, train.labels, h_test, test.labels).accuracy
    return found


def trained_as(method: str) -> str:
    """The name that `train_method` knows."""
    return method.removesuffix(" convnet")


def settings(data: str, method: str, seed: int) -> dict:
    """What `train_method` is told."""
    if method == "SimCLR convnet":
        return settings(data, "SimCLR", seed) | {"encoder": "convnet", "precision": "float32"} | CONVNET[data]
    return dict(SHARED, seed=seed, **SETTINGS[data][method])


def make(data: str, row: str, seed: int, splits: dict, **changes) -> dict:
    """One entry: trained where it has to be (with `changes` to its settings), and measured."""
    train, test = splits[data]
    channels, extra, method = train.images.shape[1], {}, UNTRAINED.get(row, row)
    if row == "raw pixels":
        encoder = None
    else:
        changes = settings(data, method, seed) | changes
        if row in UNTRAINED:
            encoder = untrained_encoder(trained_as(method), train, **changes)
        else:
            folder = WORKSHOP / "table" / f"{data}-{slug(row)}-{seed}"
            run = train_method(trained_as(method), train, folder, progress=None, **changes)
            encoder = run.model.encoder
            extra = {"minutes": run.last("seconds") / 60, "loss": run.column("loss")[1].tolist()}
    small = {
        name: (a.sample(min(TRANSFER_LABELS, len(a))), b.sample(min(TRANSFER_TEST, len(b))))
        for name, (a, b) in splits.items()
        if name != data
    }
    found = (
        comparing.encoded(row, encoder, splits[data], PROBE_LABELS)
        if encoder
        else comparing.raw_pixels(splits[data], PROBE_LABELS)
    )
    return found | {"transfer": transfer(encoder, channels, small)} | extra


def record(
    name: str = "table",
    datasets: tuple[str, ...] = DATA,
    limit: int | None = None,
    all_rows: tuple[str, ...] = ROWS,
) -> None:
    """Every row at every seed, on every data set. What is finished is kept, and not made again."""
    splits = {data: load_splits(data, limit) for data in datasets} | {"digits": load_splits("digits")}
    entries: dict[tuple[str, str], list[dict]] = {}
    for seed in SEEDS:  # a seed at a time: an interrupted table is one of fewer seeds
        for data in datasets:
            for row in all_rows:
                if row == "raw pixels" and seed != SEEDS[0]:
                    continue
                finished = WORKSHOP / name / f"{data}-{slug(row)}-{seed}.json"
                if not finished.exists():
                    found = make(data, row, seed, splits)
                    finished.parent.mkdir(parents=True, exist_ok=True)
                    finished.write_text(json.dumps(found), encoding="utf-8")
                entry = json.loads(finished.read_text(encoding="utf-8"))
                entries.setdefault((data, row), []).append(entry)
                print(f"{data}, {row}, seed {seed}: kNN {entry['knn']:.3f}, probe {entry['probe']:.3f}", flush=True)

    result = {"seeds": list(SEEDS), "probe_labels": PROBE_LABELS, "transfer_labels": TRANSFER_LABELS, "data": {}}
    for data in datasets:
        train, test = splits[data]
        result["data"][data] = {"train_images": len(train), "test_images": len(test), "chance": 1 / len(test.classes)}
        result["data"][data]["rows"] = {row: summary(data, row, entries[data, row], len(test)) for row in all_rows}
    keep_result(name, result)


def record_convnet(name: str = "table_convnet") -> None:
    """The row that tells method and network apart: SimCLR with DeepCluster's network, beside its own random weights."""
    record(name, all_rows=CONVNET_ROWS)


def rebuild(name: str = "table_rebuilt") -> None:
    """Some entries anew, as another machine would: a seed that the table does not have, float32, other rounding."""
    recorded = json.loads((RECORDED / "table" / "result.json").read_text(encoding="utf-8"))
    splits = {data: load_splits(data) for data in (*DATA, "digits")}
    result = {"seed": REBUILT_SEED, "precision": "float32", "entries": []}
    for data, row in REBUILT:
        finished = WORKSHOP / name / f"{data}-{slug(row)}.json"
        if not finished.exists():
            found = make(data, row, REBUILT_SEED, splits, precision="float32")
            finished.parent.mkdir(parents=True, exist_ok=True)
            finished.write_text(json.dumps(found), encoding="utf-8")
        found = json.loads(finished.read_text(encoding="utf-8"))
        for measure in ("knn", "probe"):
            low, high = recorded["data"][data]["rows"][row][f"{measure}_interval"]
            entry = {"data": data, "row": row, "measure": measure, "value": found[measure], "interval": [low, high]}
            result["entries"].append(entry | {"within": low <= found[measure] <= high})
            print(f"{data}, {row}, {measure}: {found[measure]:.3f}, {low:.3f} to {high:.3f}", flush=True)
    keep_result(name, result)


def summary(data: str, row: str, seeds: list[dict], test_images: int) -> dict:
    """The seeds of an entry side by side, with the interval in which another run would fall."""
    left_out = {"transfer", "minutes"} if row in CONVNET_ROWS else {"transfer"}
    plain = [{key: value for key, value in one.items() if key not in left_out} for one in seeds]
    columns = comparing.with_intervals(plain, test_images)
    columns["transfer"] = {target: [one["transfer"][target] for one in seeds] for target in seeds[0]["transfer"]}
    if row not in ("raw pixels", *UNTRAINED):
        config = asdict(method_config(trained_as(row), **settings(data, row, SEEDS[0])))
        columns |= {"epochs": config["epochs"], "config": config}
    return columns


RECORDINGS = {"table": record, "table_convnet": record_convnet, "table_rebuilt": rebuild}

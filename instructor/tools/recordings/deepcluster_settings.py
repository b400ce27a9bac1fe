"""Lesson 05's experiment: how many clusters, colours in place of Sobel's edges, and a sampler that does not balance.

One thing is changed at a time, on `shapes`, at three seeds. What all share was chosen on 1,500 images, held out of the
training split; the test split is read here, once for each row.
"""

from dataclasses import asdict, replace

from aimsssl import profile
from aimsssl.datasets import ImageSet
from aimsssl.evaluation import score_representations
from aimsssl.models import extract
from aimsssl.training import DeepClusterConfig, build_deepcluster, train_deepcluster

from .common import WORKSHOP, keep_result, load_splits, slug

SEEDS = (0, 1, 2)
EPOCHS = 10
CLUSTERS = (10, 30, 100, 300, 1000)
CHANGES = {"colours in place of Sobel": dict(sobel=False), "every image equally likely": dict(uniform=False)}
SAME = "as in this lesson"


def base_config(**changes) -> DeepClusterConfig:
    """What the lesson trains, shorter."""
    fixed = dict(
        encoder="convnet", width=8, sobel=True, epochs=EPOCHS, held_out=0, monitor_every=0, precision="bfloat16"
    )
    return DeepClusterConfig.for_profile(profile.current(), **{**fixed, **changes})


def probe(encoder, train: ImageSet, test: ImageSet) -> dict:
    """kNN and linear probe on the test split."""
    features = extract(encoder, train.images), extract(encoder, test.images)
    (score,) = score_representations({"h": features}, train.labels, test.labels)
    return {"knn": score.knn, "probe": score.probe}


def record(name: str = "deepcluster_settings", limit: int | None = None) -> None:
    """Every setting at every seed."""
    train, test = load_splits("shapes", limit)

    def rows(config: DeepClusterConfig, setting: str) -> dict:
        found = []
        for seed in SEEDS:
            folder = WORKSHOP / name / f"{slug(setting)}-{seed}"
            run = train_deepcluster(train, replace(config, seed=seed), folder, progress=None)
            nmi = run.column("nmi_labels")[1]
            found.append(probe(run.model.encoder, train, test) | {"nmi_first": nmi[0], "nmi_last": nmi[-1]})
            print(f"{name}: {setting}, seed {seed}: probe {found[-1]['probe']:.3f}", flush=True)
        return {key: [float(row[key]) for row in found] for key in found[0]}

    by_k = {k: rows(base_config(clusters=k), f"k {k}") for k in CLUSTERS}
    settings = {SAME: by_k[base_config().clusters]}
    settings |= {name: rows(base_config(**changes), name) for name, changes in CHANGES.items()}
    random = {
        name: [probe(build_deepcluster(base_config(seed=seed, sobel=sobel), 3).encoder, train, test) for seed in SEEDS]
        for name, sobel in (("random weights", True), ("random weights, colours", False))
    }
    raw = tuple(images.images.flatten(1).float() for images in (train, test))
    (pixels,) = score_representations({"raw pixels": raw}, train.labels, test.labels)
    keep_result(
        name,
        {
            "data": "shapes", "train_images": len(train), "test_images": len(test), "classes": list(test.classes),
            "seeds": list(SEEDS), "epochs": EPOCHS, "config": asdict(base_config()), "chance": 1 / len(test.classes),
            "by_k": by_k, "settings": settings,
            **{name: {key: [row[key] for row in rows] for key in rows[0]} for name, rows in random.items()},
            "raw pixels": {"knn": pixels.knn, "probe": pixels.probe},
        },
    )  # fmt: skip


RECORDINGS = {"deepcluster_settings": record}

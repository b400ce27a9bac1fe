"""Lesson 01's experiment: three pretext tasks, a planted shortcut and their baselines, at three seeds on `shapes`.

The settings were chosen on 1,500 images held out of the training split; the test split is read once, here.
"""

from dataclasses import asdict, replace
from statistics import mean

from aimsssl import pretext, profile, training
from aimsssl.datasets import ImageSet
from aimsssl.evaluation import score_representations
from aimsssl.models import extract
from aimsssl.training import PretextConfig, Run, SupervisedConfig

from .common import WORKSHOP, keep_result, load_splits, slug

SEEDS = (0, 1, 2)
EPOCHS = {"rotation": 8, "inpainting": 16, "jigsaw": 8, "supervised": 12, "shortcut": 4}
LIGHT = 0.1  # strength of the planted light


def lit(images: ImageSet) -> ImageSet:
    """The same images with light from above."""
    return replace(images, images=pretext.plant_shortcut(images.images, LIGHT))


def config_of(name: str, seed: int) -> PretextConfig | SupervisedConfig:
    """The `cpu` profile's settings for one of the trained rows."""
    changes = dict(epochs=EPOCHS[name], seed=seed, held_out=0, monitor_every=0, precision="bfloat16")
    if name == "supervised":
        return SupervisedConfig.for_profile(profile.current(), **changes)
    task = "rotation" if name == "shortcut" else name
    return PretextConfig.for_profile(profile.current(), task=task, **changes)


def rotation_scores(run: Run, images: ImageSet) -> dict:
    """Share of turns said right, over all images and by class, and the confusion `[classes][turns][answers]`."""
    counts = pretext.rotation_confusion(run.model, images.images, images.labels)
    right = counts.diagonal(dim1=1, dim2=2).sum(dim=1) / counts.sum(dim=(1, 2))
    overall = counts.diagonal(dim1=1, dim2=2).sum() / counts.sum()
    return {
        "rotation": overall.item(),
        "by_class": dict(zip(images.classes, right.tolist(), strict=True)),
        "confusion": counts.tolist(),
    }


def record(name: str = "pretext", data: str = "shapes", limit: int | None = None) -> None:
    """Train every row at every seed, and score it on the test split."""
    train, test = load_splits(data, limit)
    rows: dict[str, list[dict]] = {}

    def score(row: str, features: tuple, extra: dict) -> None:
        (found,) = score_representations({row: features}, train.labels, test.labels)
        rows.setdefault(row, []).append({"knn": found.knn, "probe": found.probe} | extra)
        print(f"{name}: {row}: kNN {found.knn:.3f}, probe {found.probe:.3f}", flush=True)

    def features(encoder) -> tuple:
        return extract(encoder, train.images), extract(encoder, test.images)

    score("raw pixels", tuple(images.images.flatten(1).float() for images in (train, test)), {})
    for seed in SEEDS:
        for row in EPOCHS:
            images = lit(train) if row == "shortcut" else train
            teach = training.train_supervised if row == "supervised" else training.train_pretext
            run = teach(images, config_of(row, seed), WORKSHOP / name / f"{slug(row)}-{seed}", progress=None)
            extra = {"loss": run.column("loss")[1].tolist()}
            if row == "rotation":
                extra |= rotation_scores(run, test)
                score("random weights", features(training.random_encoder(run)), {})
            if row == "shortcut":
                extra |= rotation_scores(run, lit(test)) | {"rotation_without": rotation_scores(run, test)["rotation"]}
            score(row, features(run.model.encoder), extra)

    result = {"data": data, "train_images": len(train), "test_images": len(test), "seeds": list(SEEDS)}
    result |= {"chance": 1 / len(test.classes), "light": LIGHT, "classes": list(test.classes), "rows": {}}
    for row, seeds in rows.items():
        columns = {key: [one[key] for one in seeds] for key in seeds[0]}
        means = {f"{key}_mean": mean(columns[key]) for key in columns if isinstance(columns[key][0], float)}
        settings = {"config": asdict(config_of(row, 0))} if row in EPOCHS else {}
        result["rows"][row] = columns | means | settings
    keep_result(name, result)


RECORDINGS = {"pretext": record}

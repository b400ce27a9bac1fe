"""Lesson 04's experiments: settings of SimCLR beside the `cpu` profile's, at several seeds."""

from dataclasses import replace
from functools import partial
from statistics import mean

from aimsssl import profile
from aimsssl.evaluation import score_representations
from aimsssl.training import SimCLRConfig, build_simclr, train_simclr

from .common import WORKSHOP, keep_result, load_splits, run_config, scores, slug

# Experiments compare settings with the cpu profile: {name: (data, images, epochs, {setting: changes}, seeds)}
SLIDES = dict(  # what the slides' run did, as far as they say
    identical_views=True, jitter=0.0, grayscale=0.0, optimizer="lars", learning_rate=0.001, stem="imagenet"
)
EXPERIMENTS = {
    "postmortem": (
        "cifar10",
        20_000,
        5,
        {
            "healthy": {},
            "both views identical": dict(identical_views=True),
            "crop and flip only": dict(jitter=0.0, grayscale=0.0),
            "LARS at rate 0.001": dict(optimizer="lars", learning_rate=0.001, weight_decay=1e-6),
            "stem for 224 pixels": dict(stem="imagenet"),
            "all four": {**SLIDES, "weight_decay": 1e-6},
            "batch size 512": dict(batch_size=512, learning_rate=0.016),
        },
        (0, 1, 2),
    ),
    "heads": (
        "shapes",
        None,
        15,
        {head: dict(head=head, crop_scale=(0.4, 1.0)) for head in ("none", "linear", "mlp")},
        (0, 1, 2),
    ),
    "batch_size": (
        "shapes",
        3_000,
        None,
        {
            f"batch {batch}, {epochs} epochs": dict(
                # the rate follows the square root of the batch, as is usual for Adam
                batch_size=batch, epochs=epochs, learning_rate=0.008 * (batch / 128) ** 0.5, crop_scale=(0.4, 1.0)
            )
            for batch in (32, 128, 512)
            for epochs in (6, 24)
        },
        (0, 1, 2),
    ),
}  # fmt: skip


def experiment(name: str) -> None:
    """Every setting at every seed; kNN and linear probe of h and z on the test split; histories kept."""
    data, limit, epochs, settings, seeds = EXPERIMENTS[name]
    train, test = load_splits(data, limit)
    base = SimCLRConfig.for_profile(profile.current(), monitor_every=0, held_out=0, precision="bfloat16")
    base = replace(base, epochs=epochs or base.epochs)
    result = {
        "data": data, "train_images": len(train), "test_images": len(test), "epochs": epochs, "seeds": list(seeds),
        "chance": 1 / len(test.classes), "healthy": run_config(base), "settings": {},
    }  # fmt: skip
    for setting, changes in settings.items():
        rows = []
        for seed in seeds:
            config = replace(base, seed=seed, **changes)
            run = train_simclr(train, config, WORKSHOP / name / f"{slug(setting)}-{seed}", progress=None)
            rows.append(scores(run.model, train, test) | {"loss": run.column("loss")[1].tolist()})
            print(f"{name}: {setting}, seed {seed}: kNN of h {rows[-1]['knn']:.3f}", flush=True)
        columns = {key: [row[key] for row in rows] for key in rows[0]}
        result["settings"][setting] = {"changes": changes, "chance_loss": config.chance_loss, **columns}
        result["settings"][setting] |= {f"{key}_mean": mean(columns[key]) for key in ("knn", "probe", "knn_z")}
    random = [scores(build_simclr(replace(base, seed=seed), 3), train, test) for seed in seeds]
    result["random weights"] = {key: [row[key] for row in random] for key in ("knn", "probe")}
    result["random weights"] |= {f"{key}_mean": mean(result["random weights"][key]) for key in ("knn", "probe")}
    raw = tuple(images.images.flatten(1).float() for images in (train, test))
    (raw,) = score_representations({"raw pixels": raw}, train.labels, test.labels)
    result["raw pixels"] = {"knn": raw.knn, "probe": raw.probe}
    keep_result(name, result)


RECORDINGS = {name: partial(experiment, name) for name in EXPERIMENTS}

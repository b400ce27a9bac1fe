"""How the settings of the `cpu` profile were chosen: candidates scored on a validation part of the training split."""

from dataclasses import replace
from functools import partial

from aimsssl import profile
from aimsssl.training import SimCLRConfig, train_simclr

from .common import WORKSHOP, keep_result, load_splits, scores, slug

VALIDATION = 2_000  # training images that no candidate sees; the test split is not read at all
LARS = dict(optimizer="lars", weight_decay=1e-6)
# {data: (images, epochs, what all candidates share, {candidate: changes})}
CANDIDATES = {
    "shapes": (
        10_000,
        8,
        dict(crop_scale=(0.4, 1.0)),
        {
            "AdamW at 0.004": dict(learning_rate=4e-3),
            "AdamW at 0.008": {},
            "AdamW at 0.016": dict(learning_rate=16e-3),
            "LARS at 2": dict(LARS, learning_rate=2.0),
            "LARS at 4": dict(LARS, learning_rate=4.0),
            "SGD at 0.06": dict(optimizer="sgd", learning_rate=0.06, weight_decay=5e-4),
            "no batch norm in the head": dict(head_norm=False),
            "crops from 0.2 of the area": dict(crop_scale=(0.2, 1.0)),
            "temperature 0.1": dict(temperature=0.1),
            "temperature 0.5": dict(temperature=0.5),
        },
    ),
    "cifar10": (
        40_000,
        3,
        {},
        {
            "AdamW at 0.004": dict(learning_rate=4e-3),
            "AdamW at 0.008": {},
            "SGD at 0.06": dict(optimizer="sgd", learning_rate=0.06, weight_decay=5e-4),
            "LARS at 2": dict(LARS, learning_rate=2.0),
            "LARS at 4": dict(LARS, learning_rate=4.0),
            "LARS at 8": dict(LARS, learning_rate=8.0),
            "LARS at 4, no batch norm in the head": dict(LARS, learning_rate=4.0, head_norm=False),
            "LARS at 4, temperature 0.1": dict(LARS, learning_rate=4.0, temperature=0.1),
            "LARS at 4, temperature 0.5": dict(LARS, learning_rate=4.0, temperature=0.5),
        },
    ),
}


def choose(data: str) -> None:
    """Each candidate once, seed 0: kNN and linear probe of h on the validation images."""
    images, epochs, shared, candidates = CANDIDATES[data]
    train, validation = load_splits(data, images)[0].split(VALIDATION, seed=0)
    base = SimCLRConfig.for_profile(profile.current(), monitor_every=0, held_out=0, precision="bfloat16")
    found = {}
    for name, changes in candidates.items():
        config = replace(base, epochs=epochs, **{**shared, **changes})
        run = train_simclr(train, config, WORKSHOP / f"settings_{data}" / slug(name), progress=None)
        measured = scores(run.model, train, validation)
        found[name] = {"changes": changes, "knn": measured["knn"], "probe": measured["probe"]}
        print(f"{data}: {name}: kNN {measured['knn']:.3f}, probe {measured['probe']:.3f}", flush=True)
    result = {"data": data, "train_images": len(train), "validation_images": len(validation), "epochs": epochs}
    result |= {"seed": 0, "shared": shared, "candidates": found}
    result |= {f"best_by_{key}": max(found, key=lambda name: found[name][key]) for key in ("knn", "probe")}
    keep_result(f"settings_{data}", result)


RECORDINGS = {f"settings_{data}": partial(choose, data) for data in CANDIDATES}

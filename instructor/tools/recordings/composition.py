"""Lesson 02's composition grid (after SimCLR's Figure 5, arXiv:2002.05709, §3.1), and what each of its cells forgets.

Strengths were chosen in trials on 8,000 images of the training split, one seed, with the other 2,000 for the probe:
jitter 0.5 is too weak for crop and colour to do well together, and crops from 0.5 or 0.6 of the area are much alike.
"""

from dataclasses import replace
from itertools import combinations
from statistics import mean

import torch
from torch import Tensor

from aimsssl import profile
from aimsssl.datasets import ImageSet
from aimsssl.evaluation import factor_audit, score_representations
from aimsssl.models import SimCLR, extract
from aimsssl.training import SimCLRConfig, SupervisedConfig, build_simclr, train_simclr, train_supervised

from .common import WORKSHOP, keep_result, load_splits, run_config, slug

EPOCHS, SEEDS = 7, (0, 1, 2)
PROBED = 5_000  # training images that the audit's probes see
NOTHING = dict(crop_scale=None, jitter=0.0, grayscale=0.0, blur=0.0, flip=0.0)
TRANSFORMS = {
    "crop": dict(crop_scale=(0.6, 1.0)),
    "flip": dict(flip=0.5),
    "colour": dict(jitter=1.0),
    "greyscale": dict(grayscale=0.2),
}  # the paper leaves blur out for images of 32 pixels (B.9)
AUDITED = ("class", "angle", "size", "x", "y", "texture", "contrast", "lighter", "hue", "ground_hue")


def cells() -> dict[str, dict]:
    """What is switched on in each cell, by name: every transform alone, every pair, and all of them."""
    found = dict(TRANSFORMS)
    for one, other in combinations(TRANSFORMS, 2):
        found[f"{one} + {other}"] = TRANSFORMS[one] | TRANSFORMS[other]
    return found | {"all": {key: value for changes in TRANSFORMS.values() for key, value in changes.items()}}


def factors(images: ImageSet) -> dict[str, Tensor]:
    """The audited factors; the angle of a disc or ring, which nobody can see, counts as unknown."""
    known = {"class": images.labels, **images.factors}
    round_ = torch.isin(images.labels, torch.tensor([images.classes.index(name) for name in ("disc", "ring")]))
    known["angle"] = torch.where(round_, torch.nan, known["angle"])
    return {name: known[name] for name in AUDITED}


def audit(features: tuple[Tensor, Tensor], train: ImageSet, test: ImageSet) -> dict[str, float]:
    """How much of each factor is kept, from 0 for chance to 1 for perfect."""
    few = train[:PROBED]
    scores = factor_audit(features[0][:PROBED], factors(few), features[1], factors(test))
    return {name: round(score.kept, 4) for name, score in scores.items()}


def measure(model: SimCLR, train: ImageSet, test: ImageSet) -> dict:
    """kNN and linear probe of h, and the audits of h and z (of a supervised encoder z is the scores of the classes)."""
    h = tuple(extract(model.encoder, images.images) for images in (train, test))
    with torch.no_grad():
        z = tuple(model.head.eval()(x).float() for x in h)
    (score,) = score_representations({"h": h}, train.labels, test.labels)
    return {"knn": score.knn, "probe": score.probe, "h": audit(h, train, test), "z": audit(z, train, test)}


def columns(rows: list[dict]) -> dict:
    """A list over the seeds for each measure, and the mean of probe and kNN."""
    found = {key: [row[key] for row in rows] for key in rows[0]}
    for place in ("h", "z"):
        found[place] = {name: [row[place][name] for row in rows] for name in rows[0][place]}
    return found | {f"{key}_mean": mean(found[key]) for key in ("knn", "probe")}


def composition() -> None:
    """Every cell at every seed, both views augmented, judged on the test split."""
    train, test = load_splits("shapes")
    base = SimCLRConfig.for_profile(
        profile.current(), epochs=EPOCHS, monitor_every=0, held_out=0, precision="bfloat16", **NOTHING
    )
    result = {
        "data": "shapes", "train_images": len(train), "test_images": len(test), "epochs": EPOCHS, "seeds": list(SEEDS),
        "chance": 1 / len(test.classes), "chance_loss": base.chance_loss, "base": run_config(base),
        "transforms": TRANSFORMS, "cells": {},
    }  # fmt: skip
    for name, changes in cells().items():
        rows = []
        for seed in SEEDS:
            config = replace(base, seed=seed, **changes)
            run = train_simclr(train, config, WORKSHOP / "composition" / f"{slug(name)}-{seed}", progress=None)
            rows.append(measure(run.model, train, test) | {"loss": run.last("loss")})
            print(f"composition: {name}, seed {seed}: probe of h {rows[-1]['probe']:.3f}", flush=True)
        result["cells"][name] = columns(rows)
    labelled = SupervisedConfig.for_profile(
        profile.current(), epochs=EPOCHS, monitor_every=0, held_out=0, precision="bfloat16"
    )
    rows = []
    for seed in SEEDS:
        config = replace(labelled, seed=seed)
        run = train_supervised(train, config, WORKSHOP / "composition" / f"supervised-{seed}", progress=None)
        rows.append(measure(run.model, train, test))
    result["supervised"] = columns(rows)
    random = [measure(build_simclr(replace(base, seed=seed), 3), train, test) for seed in SEEDS]
    result["random weights"] = columns(random)
    raw = tuple(images.images.flatten(1).float() for images in (train, test))
    (score,) = score_representations({"raw pixels": raw}, train.labels, test.labels)
    result["raw pixels"] = {"knn": score.knn, "probe": score.probe, "pixels": audit(raw, train, test)}
    keep_result("composition", result)


RECORDINGS = {"composition": composition}

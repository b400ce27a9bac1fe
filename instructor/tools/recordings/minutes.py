"""What a few minutes teach: the settings that learn most in a given time, chosen on held-out training images.

Machines differ by a factor of two and more, so time is counted in the runs that are recorded already: a budget is a
share of what `shapes` or `cifar10` takes on the same machine, measured beside. A candidate gets as many epochs as fit.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch

from aimsssl import profile
from aimsssl.clustering import pca_whiten
from aimsssl.datasets import ImageSet
from aimsssl.evaluation import knn_accuracy
from aimsssl.models import extract
from aimsssl.training import SimCLRConfig, train_simclr

from .common import WORKSHOP, keep_result, load_splits, scores, slug

SEEDS = (0, 1, 2)
TIMED_STEPS = 20
CURVE = dict(monitor_every=2, held_out=500)  # of the final runs: kNN on training images that are left out
LARS = dict(optimizer="lars", learning_rate=4.0, weight_decay=1e-6)
ADAMW = {name: getattr(SimCLRConfig, name) for name in ("optimizer", "learning_rate", "weight_decay")}
COOL, QUICK = dict(temperature=0.1), dict(learning_rate=16e-3)
MUON = dict(optimizer="muon", learning_rate=8e-3, weight_decay=1e-4)
WHITENED = 512  # principal components for kNN on a whitened h, at most
CONVNET = dict(encoder="convnet", width=8)
SMALL = dict(view_sizes=(24,))


@dataclass(frozen=True)
class Contest:
    """Who learns most in a share of the time that the yardstick takes for its epochs on all training images.

    Attributes:
        measure: by which the best candidate is chosen.
        trial: the share of the budget that a candidate gets.
        validation: training images that no candidate sees.
    """

    data: str
    measure: str
    threads: int
    epochs: int
    share: float
    trial: float
    validation: int
    shared: dict
    candidates: dict[str, dict]


CONTESTS = {
    "shapes_minutes": Contest(
        "shapes",
        "probe",
        threads=1,
        epochs=42,
        share=0.5,
        trial=0.5,
        validation=2_000,
        shared=dict(crop_scale=(0.4, 1.0)),
        candidates={
            "as recorded": {},
            "temperature 0.1, AdamW at 0.016": {**COOL, **QUICK},
            "and views of 24, 32": {**COOL, **QUICK, "view_sizes": (24, 32)},
            "and views of 20, 24, 32": {**COOL, **QUICK, "view_sizes": (20, 24, 32)},
            "convnet of width 8, temperature 0.1": {**COOL, **CONVNET},
            "convnet of width 8, temperature 0.1, AdamW at 0.016": {**COOL, **QUICK, **CONVNET},
            "temperature 0.1, views of 24, Muon at 0.008": {**COOL, **MUON, **SMALL},
            "convnet of width 8, temperature 0.1, Muon at 0.008": {**COOL, **MUON, **CONVNET},
            "convnet of width 8, temperature 0.1, views of 24, Muon at 0.008": {**COOL, **MUON, **CONVNET, **SMALL},
        },
    ),
    "five_minutes": Contest(
        "cifar10",
        "knn",
        threads=2,
        epochs=13,
        share=2 / 3,  # half of five minutes, which are 4/3
        trial=0.5,
        validation=5_000,
        shared=LARS,
        candidates={
            "as recorded": {},
            "views of 20, 24, 32, temperature 0.1": {**COOL, "view_sizes": (20, 24, 32)},
            "convnet, temperature 0.1": {**COOL, "encoder": "convnet"},
            "convnet, temperature 0.1, views of 24, 32": {**COOL, "encoder": "convnet", "view_sizes": (24, 32)},
            "convnet, temperature 0.1, AdamW at 0.008": {**COOL, **ADAMW, "encoder": "convnet"},
            "convnet, temperature 0.1, views of 24, 32, Muon at 0.008": {
                **COOL,
                **MUON,
                "encoder": "convnet",
                "view_sizes": (24, 32),
            },
            "convnet, temperature 0.1, views of 24, Muon at 0.008": {
                **COOL,
                **MUON,
                **SMALL,
                "encoder": "convnet",
            },
        },
    ),
}


def base(contest: Contest) -> SimCLRConfig:
    """The recorded run's settings, without a monitor."""
    return SimCLRConfig.for_profile(profile.current(), monitor_every=0, held_out=0, **contest.shared)


def seconds_of_an_epoch(config: SimCLRConfig, train: ImageSet) -> float:
    """Measured on some steps at each size of the views, the first of which warm up and do not count."""
    few = train.sample(TIMED_STEPS * config.batch_size)
    taken = []
    for size in config.view_sizes or (train.images.shape[-1],):
        times = [time.perf_counter()]
        short = replace(config, epochs=3, warmup_epochs=0.0, view_sizes=(size,))
        train_simclr(few, short, progress=lambda run, times=times: times.append(time.perf_counter()))
        taken.append(min(b - a for a, b in zip(times[2:], times[3:], strict=False)))
    return sum(taken) / len(taken) / len(few) * len(train)


def candidate(contest: Contest, name: str, budget: float, train: ImageSet, validation: ImageSet) -> dict:
    """One candidate, seed 0: as many epochs as fit, and what it knows then of images that it has not seen."""
    config = replace(base(contest), **contest.candidates[name])
    epochs = max(1, round(contest.trial * budget / seconds_of_an_epoch(config, train)))
    return trained(replace(config, epochs=epochs), train, validation) | {"changes": contest.candidates[name]}


def trained(config: SimCLRConfig, train: ImageSet, test: ImageSet) -> dict:
    run = train_simclr(train, config, progress=None)
    found = scores(run.model, train, test)
    h = [extract(run.model.encoder, images.images) for images in (train, test)]
    keys, queries = (pca_whiten(x, min(WHITENED, x.shape[1]), like=h[0]) for x in h)
    whitened = knn_accuracy(keys, train.labels, queries, test.labels)
    curve = [[row["seconds"], row["knn_accuracy"]] for row in run.history if row["knn_accuracy"] is not None]
    result = {"epochs": config.epochs, "seconds": run.last("seconds"), "knn": found["knn"], "probe": found["probe"]}
    result |= {"knn_whitened": whitened}
    return result | ({"curve": curve} if curve else {})


def kept(name: str, part: str, make: Callable[[], dict]) -> dict:
    """What `make` gives, or what it gave before an interruption."""
    finished = WORKSHOP / name / f"{slug(part)}.json"
    if not finished.exists():
        finished.parent.mkdir(parents=True, exist_ok=True)
        finished.write_text(json.dumps(make()), encoding="utf-8")
    found = json.loads(finished.read_text(encoding="utf-8"))
    print(f"{name}, {part}: {found}", flush=True)
    return found


def record(name: str) -> None:
    """The yardstick, the candidates, and the best of them on three seeds; the test split is read by these alone."""
    contest = CONTESTS[name]
    torch.set_num_threads(contest.threads)
    train, test = load_splits(contest.data)
    epoch = kept(name, "yardstick", lambda: {"epoch": seconds_of_an_epoch(base(contest), train)})["epoch"]
    budget = contest.share * contest.epochs * epoch
    parts = train.split(contest.validation, seed=0)
    tried = {
        label: kept(name, label, lambda label=label: candidate(contest, label, budget, *parts))
        for label in contest.candidates
    }
    best = max(tried, key=lambda label: tried[label][contest.measure])
    config = replace(base(contest), **contest.candidates[best])
    config = replace(config, epochs=max(1, int(budget / seconds_of_an_epoch(config, train))))
    config = replace(config, **CURVE)
    final = [
        kept(name, f"seed {seed}", lambda seed=seed: trained(replace(config, seed=seed), train, test)) for seed in SEEDS
    ]
    result = {
        "data": contest.data,
        "machine": profile.describe_machine() | {"threads": contest.threads},
        "yardstick": {"epochs": contest.epochs, "seconds": contest.epochs * epoch},
        "budget": budget,
        "validation_images": contest.validation,
        "trial_share_of_the_budget": contest.trial,
        "candidates": tried,
        "best_by": contest.measure,
        "best": best,
        **{
            key: [entry[key] for entry in final]
            for key in ("knn", "knn_whitened", "probe", "seconds", "epochs", "curve")
        },
    }
    keep_result(name, result)


RECORDINGS = {name: partial(record, name) for name in CONTESTS}

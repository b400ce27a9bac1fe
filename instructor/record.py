"""Make the recorded runs: `python instructor/record.py [NAME …]`, all of them by default.

A recording is trained and evaluated here, and what is small of it is kept in data/recorded_runs/NAME: configuration,
history, results. What is finished is not made again; delete its folder to record it anew. Real images are found
through AIMSSSL_DATA: MNIST/raw as torchvision writes it, and CIFAR-10 as folders cifar10/{train,test}/CLASS.
"""

import json
import os
import shutil
import sys
from dataclasses import asdict, replace
from pathlib import Path
from statistics import mean

from aimsssl import profile
from aimsssl.cli import main as aimsssl
from aimsssl.datasets import ImageSet, load
from aimsssl.evaluation import score_representations
from aimsssl.models import SimCLR, extract
from aimsssl.training import SimCLRConfig, build_simclr, train_simclr
from aimsssl.training.runs import write_atomically

PROJECT = Path(__file__).resolve().parent.parent
RECORDED = PROJECT / "data" / "recorded_runs"
WORKSHOP = PROJECT / "build" / "recording"  # checkpoints and all: an interrupted recording goes on
DATA = Path(os.environ.get("AIMSSSL_DATA", "AIMSSSL_DATA-is-not-set"))

CIFAR10 = {split: f"folder:{DATA / 'cifar10' / split}" for split in ("train", "test")}

# the epochs of the slides' figures: t-SNE at 1, 21, 51, 91 and neighbours at 1, 21, 55, 98
SNAPSHOTS = "--snapshot-epochs 0 1 21 51 55 91 98"
# name: (training data, test data, options of `aimsssl train simclr` that differ from the cpu profile)
RUNS = {
    "shapes": ("shapes", "shapes", "--epochs 42 --crop-scale 0.4 1.0"),
    "cifar10": (
        CIFAR10["train"],
        CIFAR10["test"],
        "--epochs 13 --optimizer lars --learning-rate 4 --weight-decay 1e-6",
    ),
    "mnist": ("mnist", "mnist", "--epochs 5 --flip 0"),
    "long": ("shapes", "shapes", "--limit 5000 --epochs 98 --crop-scale 0.4 1.0 --probe shapes " + SNAPSHOTS),
}


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


def record(name: str) -> None:
    """Train and evaluate through the command line, as a user would, and keep the small files."""
    train, test, options = RUNS[name]
    run = WORKSHOP / name
    command = ["train", "simclr", "--data", train, "--run-dir", str(run), *options.split()]
    if aimsssl(command) or aimsssl(["evaluate", str(run), "--data", test]):
        raise SystemExit(f"{name} could not be recorded")
    keep(run, RECORDED / name)


def keep(run: Path, target: Path) -> None:
    """Copy what is small, without paths of the machine it was made on."""
    target.mkdir(parents=True, exist_ok=True)
    for file in ("config.json", "history.csv", "result.json", "snapshots.npz"):
        if (run / file).exists():
            shutil.copy(run / file, target / file)
    for file in target.glob("*.json"):
        file.write_text(file.read_text(encoding="utf-8").replace(str(DATA), "AIMSSSL_DATA"), encoding="utf-8")


def experiment(name: str) -> None:
    """Every setting at every seed; kNN and linear probe of h and z on the test split; histories kept."""
    data, limit, epochs, settings, seeds = EXPERIMENTS[name]
    sources = CIFAR10 if data == "cifar10" else {split: data for split in ("train", "test")}
    train = load(sources["train"], "train", limit=limit)
    test = load(sources["test"], "train" if data == "cifar10" else "test")
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
    write_atomically(RECORDED / name / "result.json", (json.dumps(result, indent=1) + "\n").encode())


def scores(model: SimCLR, train: ImageSet, test: ImageSet) -> dict[str, float]:
    """kNN and linear probe of h, and of z."""
    h = tuple(extract(model.encoder, images.images) for images in (train, test))
    z = tuple(model.head.eval()(features).detach() for features in h)
    of_h, of_z = score_representations({"h": h, "z": z}, train.labels, test.labels)
    return {"knn": of_h.knn, "probe": of_h.probe, "knn_z": of_z.knn, "probe_z": of_z.probe}


def run_config(config: SimCLRConfig) -> dict:
    """The configuration without what differs between runs."""
    return {key: value for key, value in asdict(config).items() if key not in ("seed", "epochs")}


def slug(text: str) -> str:
    """A name for a folder."""
    return "".join(c if c.isalnum() else "_" for c in text)


if __name__ == "__main__":
    os.environ["AIMSSSL_PROFILE"] = "cpu"
    for name in sys.argv[1:] or [*RUNS, *EXPERIMENTS]:
        if (RECORDED / name / "result.json").exists():
            print(f"{name} is recorded already")
        elif name in RUNS:
            record(name)
        else:
            experiment(name)

"""What the recordings share: where things lie, the real images, scores of a model, how a result is kept."""

import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path

from aimsssl.datasets import ImageSet, load
from aimsssl.evaluation import score_representations
from aimsssl.models import SimCLR, extract
from aimsssl.training import SimCLRConfig
from aimsssl.training.runs import write_atomically

PROJECT = Path(__file__).resolve().parents[3]
RECORDED = PROJECT / "data" / "recorded_runs"
WORKSHOP = PROJECT / "build" / "recording"  # checkpoints and all: an interrupted recording goes on
DATA = Path(os.environ.get("AIMSSSL_DATA", "AIMSSSL_DATA-is-not-set"))

CIFAR10 = {split: f"folder:{DATA / 'cifar10' / split}" for split in ("train", "test")}


def load_splits(data: str, limit: int | None = None) -> tuple[ImageSet, ImageSet]:
    """Training images, `limit` of them at most, and test images."""
    if data == "cifar10":
        return load(CIFAR10["train"], limit=limit), load(CIFAR10["test"])
    return load(data, "train", limit=limit), load(data, "test")


def keep_result(name: str, result: dict) -> None:
    """Write `data/recorded_runs/NAME/result.json`."""
    write_atomically(RECORDED / name / "result.json", (json.dumps(result, indent=1) + "\n").encode())


def keep(run: Path, target: Path) -> None:
    """Copy what is small, without paths of the machine it was made on."""
    target.mkdir(parents=True, exist_ok=True)
    for file in ("config.json", "history.csv", "result.json", "snapshots.npz"):
        if (run / file).exists():
            shutil.copy(run / file, target / file)
    for file in target.glob("*.json"):
        file.write_text(file.read_text(encoding="utf-8").replace(str(DATA), "AIMSSSL_DATA"), encoding="utf-8")


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

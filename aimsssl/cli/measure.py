"""`aimsssl evaluate`, `compare`, `export`: what finished runs are worth."""

import argparse
import json
from pathlib import Path

from .. import comparing, datasets
from ..training import Run, export_encoder, load_encoder, random_encoder
from ..training.runs import write_atomically
from .options import add_data


def add(commands: argparse._SubParsersAction) -> None:
    """The commands that take finished runs."""
    evaluate = commands.add_parser("evaluate", help="a table of a run beside its baselines, and RUN/result.json")
    evaluate.add_argument("run", help="folder of a run")
    compare = commands.add_parser("compare", help="a table and a figure across runs, seeds of one setting together")
    compare.add_argument("runs", nargs="+", metavar="RUN", help="folder of a run")
    compare.add_argument("--out", default="comparison", help="folder for figure and numbers (default: comparison)")
    for command, run_command in ((evaluate, _evaluate), (compare, _compare)):
        text = "test images; a data set's name means its test split"
        add_data(command, "--data", text, required=command is evaluate)
        command.add_argument("--train-data", help="labelled images to compare with (default: what the run trained on)")
        command.add_argument("--probe-labels", type=int, default=5000, help="labels that the linear probe may use")
        command.set_defaults(run_command=run_command)

    export = commands.add_parser("export", help="write a run's encoder, a resnet18 for plain torchvision")
    export.add_argument("run", help="folder of a run")
    export.add_argument("file", help="where to, such as encoder.pt")
    export.set_defaults(run_command=lambda options: print(export_encoder(options.run, options.file), end=""))


def _evaluate(options: argparse.Namespace) -> None:
    encoder, run = load_encoder(options.run)
    sets = _labelled_sets(options, run)
    train, test = sets
    method, labels = run.config["method"], options.probe_labels
    scores = [
        comparing.raw_pixels(sets, labels),
        comparing.encoded("random weights", random_encoder(run), sets, labels),
        comparing.encoded(method, encoder, sets, labels),
    ]
    print(f"{options.run}: trained on {_trained_on(run)}, compared with {len(train)} images, tested on {len(test)}")
    print(comparing.table({s["name"]: [s] for s in scores}, len(test), 1 / len(test.classes)))
    for s in scores:
        intervals = comparing.with_intervals([s], len(test))
        s |= {key: intervals[key] for key in ("knn_interval", "probe_interval")}
    result = _protocol(options, train, test) | {
        "epochs": run.history[-1]["epoch"],
        "seconds": run.last("seconds"),
        "scores": {s["name"]: s for s in scores},
    }
    run.write_json("result.json", result)


def _compare(options: argparse.Namespace) -> None:
    runs = comparing.finished_runs(options.runs)
    sets = _labelled_sets(options, runs[0])
    train, test = sets
    rows = comparing.compare(runs, sets, options.probe_labels)
    print(f"{len(runs)} runs on {_trained_on(runs[0])}, compared with {len(train)} images, tested on {len(test)}")
    print(comparing.table(rows, len(test), 1 / len(test.classes)))
    folder = Path(options.out)
    written = comparing.write_figure(rows, sets, folder)
    groups = {name: [str(run.path) for run in group] for name, group in comparing.grouped(runs).items()}
    result = _protocol(options, train, test) | {
        "runs": groups,
        "rows": {name: comparing.with_intervals(seeds, len(test)) for name, seeds in rows.items()},
    }
    write_atomically(folder / "comparison.json", (json.dumps(result, indent=1) + "\n").encode())
    print("written: " + ", ".join(str(path) for path in [folder / "comparison.json", *written]))


def _trained_on(run: Run) -> str:
    """The data set of a run, or its folder: what `datasets.load` takes."""
    name = run.config["data"]["name"]  # shapes/train or folder:PATH
    return name if name.startswith("folder:") else name.split("/")[0]


def _labelled_sets(options: argparse.Namespace, run: Run) -> tuple[datasets.ImageSet, datasets.ImageSet]:
    """Labelled images to compare with, and test images, as the options say."""

    def load(name: str, split: str) -> datasets.ImageSet:
        return datasets.load(name, split, root=options.root, download=options.download, limit=options.limit)

    trained_on = _trained_on(run)
    if options.data is None and trained_on.startswith("folder:"):
        raise ValueError(f"{trained_on} has no test split; name test images with --data")
    train, test = load(options.train_data or trained_on, "train"), load(options.data or trained_on, "test")
    if train.classes != test.classes:
        raise ValueError(f"the classes differ: {train.name} has {train.classes}, {test.name} has {test.classes}")
    return train, test


def _protocol(options: argparse.Namespace, train: datasets.ImageSet, test: datasets.ImageSet) -> dict:
    """What a table was measured on."""
    return {
        "train_data": train.name,
        "test_data": test.name,
        "train_images": len(train),
        "test_images": len(test),
        "probe_labels": min(options.probe_labels, len(train)),
        "chance": 1 / len(test.classes),
    }

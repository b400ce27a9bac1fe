"""`aimsssl evaluate`, `compare`, `finetune`, `embed`, `export`: what finished runs are worth, and what they know."""

import argparse
import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .. import comparing
from ..training import export_encoder, load_encoder, random_encoder
from ..training.runs import write_atomically
from .options import add_data
from .sets import load_parts, sets_of, shape_of, splits_of, trained_on


def add_evaluate(evaluate: argparse.ArgumentParser) -> None:
    """A table of one run."""
    evaluate.add_argument("run", help="folder of a run")
    _add_sets(evaluate, required=True)
    _add_probe_labels(evaluate)
    evaluate.set_defaults(run_command=_evaluate)


def add_compare(compare: argparse.ArgumentParser) -> None:
    """A table and a figure of several runs."""
    compare.add_argument("runs", nargs="+", metavar="RUN", help="folder of a run")
    compare.add_argument("--out", default="comparison", help="folder for figure and numbers (default: comparison)")
    _add_sets(compare)
    _add_probe_labels(compare)
    compare.set_defaults(run_command=_compare)


def add_finetune(finetune: argparse.ArgumentParser) -> None:
    """A whole network on few labels."""
    finetune.add_argument("run", help="folder of a run")
    _add_sets(finetune)
    text = "labelled images of each class, one number or more (default: 1 10 100, as far as there are so many)"
    finetune.add_argument("--labels-per-class", type=int, nargs="+", default=(), metavar="N", help=text)
    finetune.add_argument("--seeds", type=int, default=3, help="draws of the labelled images (default: 3)")
    finetune.add_argument("--epochs", type=int, default=60, help="of fine-tuning (default: 60)")
    finetune.set_defaults(run_command=_finetune)


def add_embed(embed: argparse.ArgumentParser) -> None:
    """The features of a set."""
    embed.add_argument("run", help="folder of a run")
    add_data(embed, "--data", "images of all splits, with or without labels")
    embed.add_argument("--out", required=True, help="file to write: features.npz or features.csv")
    embed.add_argument("--force", action="store_true", help="replace the file where it is there")
    embed.set_defaults(run_command=_embed)


def add_export(export: argparse.ArgumentParser) -> None:
    """The encoder of a run."""
    export.add_argument("run", help="folder of a run")
    export.add_argument("file", help="where to, such as encoder.pt")
    export.set_defaults(run_command=_export)


def _add_sets(parser: argparse.ArgumentParser, required: bool = False) -> None:
    add_data(parser, "--data", "test images; a data set's name means its test split", required=required)
    parser.add_argument("--train-data", help="labelled images to compare with (default: what the run trained on)")
    text = "measure even where half of the test images and more are training images"
    parser.add_argument("--allow-copies", action="store_true", help=text)


def _add_probe_labels(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--probe-labels", type=int, default=5000, help="labels that the linear probe may use")


def _evaluate(options: argparse.Namespace) -> None:
    _, run = load_encoder(options.run)
    rows = comparing.rows_of([run])
    sets = sets_of(options, run)
    found, protocol = _table(options, rows, sets, f"{options.run}: trained on {trained_on(run)}")
    for row, (score,) in found.items():
        intervals = comparing.with_intervals([score], len(sets.test))
        found[row] = score | {key: intervals[key] for key in ("knn_interval", "probe_interval")}
    result = {"epochs": run.history[-1]["epoch"], "seconds": run.last("seconds"), "scores": found}
    run.write_json("result.json", protocol | result)


def _compare(options: argparse.Namespace) -> None:
    runs = comparing.finished_runs(options.runs)
    rows = comparing.rows_of(runs)
    sets = sets_of(options, runs[0])
    found, protocol = _table(options, rows, sets, f"{len(runs)} runs on {trained_on(runs[0])}")
    folder = Path(options.out).expanduser()
    groups = {name: [str(run.path) for run in group] for name, group in comparing.grouped(runs).items()}
    by_row = {name: comparing.with_intervals(seeds, len(sets.test)) for name, seeds in found.items()}
    written = [folder / "comparison.json"]
    write_atomically(written[0], _json(protocol | {"runs": groups, "rows": by_row}))
    try:
        written += comparing.write_figure(found, sets.pair, folder)
    except Exception as error:  # matplotlib has many ways to fail, and none may cost the numbers
        print(f"the figure could not be drawn ({type(error).__name__}: {' '.join(str(error).split())})")
    print("written: " + ", ".join(str(path) for path in written))


def _table(options: argparse.Namespace, rows: dict, sets: comparing.Sets, title: str) -> tuple[dict, dict]:
    """Measure and print row after row; {row: measures, a dict a seed}, and what they were measured on."""
    table, found = comparing.Table(list(rows), sets), {}
    print(f"{title}, compared with {len(sets.train)} images, tested on {len(sets.test)}", *sets.notes, sep="\n")
    print(f"a row each for {', '.join(rows)}: features, kNN, a linear probe, clusters; a row takes a while")
    print(table.head(), flush=True)
    with _warnings_told_once():
        for name, seeds in comparing.measured(rows, sets.pair, options.probe_labels):
            found[name] = seeds
            print(table.row(name, seeds), flush=True)
    print(table.foot())
    return found, table.protocol() | {"probe_labels": min(options.probe_labels, len(sets.train))}


def _finetune(options: argparse.Namespace) -> None:
    encoder, run = load_encoder(options.run)
    sets = sets_of(options, run)
    table = comparing.Table([], sets)
    settings = {"seeds": options.seeds, "epochs": options.epochs}
    print(f"{options.run}: trained on {trained_on(run)}, tested on {len(sets.test)} images", *sets.notes, sep="\n")
    encoders = encoder, random_encoder(run)
    found = comparing.few_labels(run.config["method"], *encoders, sets.pair, options.labels_per_class, **settings)
    print(
        f"a training of {options.epochs} epochs for each of {options.seeds} seeds in every row; a row takes a while",
        flush=True,
    )
    rows = []
    with _warnings_told_once():
        for row in found:
            if not rows:
                print(row.TITLES)
            print(row, flush=True)
            rows.append(row.summary(len(sets.test)))
            run.write_json("finetune.json", table.protocol() | settings | {"rows": rows})
    print(f"chance {table.chance:.3f}, always saying the most frequent class {table.majority:.3f}")


def _embed(options: argparse.Namespace) -> None:
    path = comparing.check_target(options.out, options.force)
    encoder, run = load_encoder(options.run)
    parts, notes = load_parts(options, run, options.data, splits_of(options.data)), []
    parts = {split: comparing.fitted(images, shape_of(run), notes) for split, images in parts.items()}
    h = comparing.write_features(path, encoder, parts)
    print(*notes, f"written: {path}, h of {h.shape[0]} images, {h.shape[1]} numbers each", sep="\n")


def _export(options: argparse.Namespace) -> None:
    print(export_encoder(options.run, Path(options.file).expanduser()), end="")


@contextmanager
def _warnings_told_once() -> Iterator[None]:
    """A warning is a line of its own, and comes once, not at every seed."""
    told = set()

    def tell(message, *_) -> None:
        if str(message) not in told:
            print(f"note: {message}")
        told.add(str(message))

    with warnings.catch_warnings():
        warnings.showwarning = tell
        yield


def _json(content: dict) -> bytes:
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()

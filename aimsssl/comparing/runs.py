"""Runs beside raw pixels and random weights, under one protocol: the rows of `aimsssl evaluate` and `compare`."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from torch import nn

from ..datasets import ImageSet
from ..training import Run, RunError, load_encoder, random_encoder
from .measures import encoded, interval, raw_pixels

Plan = dict[str, list[nn.Module | None]]  # the encoders of each row, a seed each; None for raw pixels


def finished_runs(folders: Sequence[str | Path]) -> list[Run]:
    """The runs, all finished and of the same data.

    Raises:
        RunError: a folder has no run, or an unfinished one.
        ValueError: they were trained on different data, or two have the same settings and seed.
    """
    runs = [Run.open(folder) for folder in folders]
    for run in runs:
        done, asked = (run.history[-1]["epoch"] if run.history else 0), run.config["epochs"]
        if done < asked:
            raise RunError(
                f"{run.path} has finished {done} of {asked} epochs; start its command again to go on with it"
            )
    first = runs[0]
    for run in runs[1:]:
        if run.config["data"] != first.config["data"]:
            told = [
                f"{r.path} on {r.config['data']['shape'][0]} images of {r.config['data']['name']}" for r in (first, run)
            ]
            raise ValueError(f"runs of different data cannot be compared: {told[0]}, {told[1]}")
    for number, run in enumerate(runs):
        for other in runs[:number]:
            if (run.config["seed"], _settings(run)) == (other.config["seed"], _settings(other)):
                raise ValueError(f"{other.path} and {run.path} have the same settings and the same seed")
    return runs


def grouped(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """Runs that differ in nothing but their seed, by the name of their method.

    Where one method comes with several settings, the name says in what they differ.
    """
    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(repr(_settings(run)), []).append(run)
    named = {}
    for group in groups.values():
        method = group[0].config["method"]
        rivals = [other[0] for other in groups.values() if other[0].config["method"] == method]
        mine = _settings(group[0])
        differ = [key for key in mine if any(_settings(rival).get(key) != mine[key] for rival in rivals)]
        named[method + (f" ({', '.join(f'{key} {mine[key]}' for key in differ)})" if differ else "")] = group
    return named


def _settings(run: Run) -> dict:
    """The configuration of a run without its seed, sorted, and without what does not change what is learned."""
    ignored = (
        "seed",
        "data",
        "device",
        "compile",
        "monitor_every",
        "snapshot_epochs",
        "checkpoint_every",
        "held_out",
        "bank",
    )
    return {key: run.config[key] for key in sorted(run.config) if key not in ignored}


def rows_of(runs: Sequence[Run]) -> Plan:
    """The rows of a table: raw pixels, the random weights that the runs began with, then the methods.

    Raises:
        RunError: the checkpoint of a run is missing or damaged.
    """
    rows: Plan = {"raw pixels": [None]}
    begun: dict[str, dict[int, Run]] = {}
    for run in runs:
        begun.setdefault(_architecture(run, runs), {})[run.config["seed"]] = run
    for architecture, by_seed in begun.items():
        name = "random weights" if len(begun) == 1 else f"random {architecture}"
        rows[name] = [random_encoder(run) for run in by_seed.values()]
    for name, group in grouped(runs).items():
        rows[name] = [load_encoder(run.path)[0] for run in group]
    return rows


def _architecture(run: Run, among: Sequence[Run]) -> str:
    """What an encoder is but for its weights; the stem, where it differs among the runs."""
    config = run.config
    name = f"{config.get('encoder', 'resnet18')}, width {config['width']}"
    if len({other.config["stem"] for other in among}) > 1:
        name += f", stem {config['stem']}"
    return name + (", Sobel" if config.get("sobel") else "")


def measured(rows: Plan, sets: tuple[ImageSet, ImageSet], probe_labels: int) -> Iterator[tuple[str, list[dict]]]:
    """Each row with its measures, a dict a seed, as soon as it is there."""
    for name, encoders in rows.items():
        yield name, [encoded(name, e, sets, probe_labels) if e else raw_pixels(sets, probe_labels) for e in encoders]


def write_figure(rows: dict[str, list[dict]], sets: tuple[ImageSet, ImageSet], folder: Path) -> list[Path]:
    """The table as a picture, `comparison.png` and `comparison.svg`, and its description, `comparison.txt`."""
    from ..figures.parts import in_words  # here: matplotlib takes half a second; other commands need none
    from ..figures.uncertainty import method_table

    test = sets[1]
    shown = {"kNN": "knn", "linear probe": "probe"}
    by_method = {
        name: {title: ([s[key] for s in seeds], interval(seeds, key, len(test))) for title, key in shown.items()}
        for name, seeds in rows.items()
    }
    figure = method_table(
        {Path(test.name).name if test.name.startswith("folder:") else test.name: by_method}, 1 / len(test.classes)
    )
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"comparison.{kind}" for kind in ("png", "svg", "txt")]
    for path in paths[:2]:
        figure.savefig(path, dpi=150, facecolor="white")
    paths[2].write_text(in_words(figure) + "\n", encoding="utf-8")
    return paths

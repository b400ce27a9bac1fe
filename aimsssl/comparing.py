"""Runs beside raw pixels and random weights, under one protocol: `aimsssl evaluate` and `aimsssl compare`."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import mean

import torch
from torch import Tensor

from .datasets import ImageSet
from .datasets.imageset import balanced_sample
from .evaluation import further_measures, rebuild_interval, score_representations
from .models import extract
from .training import Run, RunError, load_encoder, random_encoder

RANKED = 2_000  # test images that rank all training images, with as many of each class
SHOWN = {  # columns of the table beside kNN and probe
    "recall_at_1": "recall@1",
    "mean_average_precision": "mAP",
    "nmi": "NMI",
    "clustering_accuracy": "clusters",
    "effective_rank": "eff. rank",
}


def score(name: str, train: Tensor, test: Tensor, sets: tuple[ImageSet, ImageSet], probe_labels: int) -> dict:
    """Every measure of one representation of two sets of images."""
    labels = tuple(images.labels for images in sets)
    (found,) = score_representations({name: (train, test)}, *labels, probe_labels=probe_labels)
    ranking = balanced_sample(labels[1], min(RANKED, len(test)))
    return asdict(found) | further_measures(train, labels[0], test, labels[1], ranking)


def raw_pixels(sets: tuple[ImageSet, ImageSet], probe_labels: int) -> dict:
    """The measures of the pixels themselves."""
    return score("raw pixels", *(images.images.flatten(1).float() for images in sets), sets, probe_labels)


def encoded(name: str, encoder: torch.nn.Module, sets: tuple[ImageSet, ImageSet], probe_labels: int) -> dict:
    """The measures of an encoder's features."""
    return score(name, *(extract(encoder, images.images) for images in sets), sets, probe_labels)


def table(rows: dict[str, list[dict]], test_images: int, chance: float) -> str:
    """A line a representation: means over seeds, kNN and probe with half the width of `rebuild_interval`."""
    width = max(18, *(len(name) + 2 for name in rows))
    head = f"{'representation':<{width}}{'seeds':>6}{'D':>6}{'kNN':>8}{'±':>7}{'probe':>8}{'±':>7}"
    lines = [head + "".join(f"{title:>10}" for title in SHOWN.values())]
    for name, seeds in rows.items():
        line = f"{name:<{width}}{len(seeds):>6}{seeds[0]['dimensions']:>6}"
        for measure in ("knn", "probe"):
            low, high = _interval(seeds, measure, test_images)
            line += f"{mean(s[measure] for s in seeds):>8.3f}{(high - low) / 2:>7.3f}"
        values = {measure: mean(s[measure] for s in seeds) for measure in SHOWN}
        lines.append(line + "".join(f"{v:>10.{1 if m == 'effective_rank' else 3}f}" for m, v in values.items()))
    lines.append(f"{'chance':<{width}}{'':>12}{chance:>8.3f}{'':>7}{chance:>8.3f}")
    lines.append("±: half of the 95 % interval in which a new run on other test images may fall")
    if any(len(seeds) == 1 for name, seeds in rows.items() if name != "raw pixels"):
        lines.append("   (with one seed it knows of other images only, not of other seeds, and is too narrow)")
    return "\n".join(lines)


def with_intervals(seeds: list[dict], test_images: int) -> dict:
    """The measures of several seeds side by side, and of kNN and probe the mean and the interval."""
    columns = {key: [one[key] for one in seeds] for key in seeds[0] if key not in ("name", "dimensions")}
    columns["dimensions"] = seeds[0]["dimensions"]
    for key in ("knn", "probe"):
        columns |= {f"{key}_mean": mean(columns[key]), f"{key}_interval": _interval(seeds, key, test_images)}
    return columns


def _interval(seeds: list[dict], measure: str, test_images: int) -> list[float]:
    interval = rebuild_interval([s[measure] for s in seeds], test_images)
    return [interval.low, interval.high]


# --- several runs ---------------------------------------------------------------------------------------------------


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
            if run.config == other.config:
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
    ignored = ("seed", "data", "device", "monitor_every", "snapshot_epochs", "checkpoint_every", "held_out", "bank")
    return {key: run.config[key] for key in sorted(run.config) if key not in ignored}


def compare(runs: Sequence[Run], sets: tuple[ImageSet, ImageSet], probe_labels: int) -> dict[str, list[dict]]:
    """Measures by row, a dict a seed: raw pixels, the random weights that the runs began with, then the methods."""
    rows = {"raw pixels": [raw_pixels(sets, probe_labels)]}
    begun: dict[str, dict[int, Run]] = {}
    for run in runs:
        config = run.config
        architecture = f"{config.get('encoder', 'resnet18')}, width {config['width']}"
        architecture += ", Sobel" if config.get("sobel") else ""
        begun.setdefault(architecture, {})[config["seed"]] = run
    for architecture, by_seed in begun.items():
        name = "random weights" if len(begun) == 1 else f"random {architecture}"
        rows[name] = [encoded(name, random_encoder(run), sets, probe_labels) for run in by_seed.values()]
    for name, group in grouped(runs).items():
        rows[name] = [encoded(name, load_encoder(run.path)[0], sets, probe_labels) for run in group]
    return rows


def write_figure(rows: dict[str, list[dict]], sets: tuple[ImageSet, ImageSet], folder: Path) -> list[Path]:
    """The table as a picture, `comparison.png` and `comparison.svg`, and its description, `comparison.txt`."""
    from .figures.evaluation import method_table  # matplotlib takes half a second; other commands need none

    test = sets[1]
    shown = {"kNN": "knn", "linear probe": "probe"}
    by_method = {
        name: {title: ([s[key] for s in seeds], _interval(seeds, key, len(test))) for title, key in shown.items()}
        for name, seeds in rows.items()
    }
    figure = method_table(
        {Path(test.name).name if test.name.startswith("folder:") else test.name: by_method}, 1 / len(test.classes)
    )
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"comparison.{kind}" for kind in ("png", "svg", "txt")]
    for path in paths[:2]:
        figure.savefig(path, dpi=150, facecolor="white")
    paths[2].write_text(figure.alt_text + "\n", encoding="utf-8")
    return paths

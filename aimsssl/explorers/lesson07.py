"""Lesson 07: the recorded table and what follows from it, an entry built anew, labels and transfer from the record."""

from collections.abc import Callable, Mapping
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from .. import evaluation, profile
from ..datasets import load
from ..evaluation import Interval
from ..models import extract
from ..training import METHODS, train_method
from .records import recorded

NAMES = {"shapes": "shapes", "mnist": "MNIST", "cifar10": "CIFAR-10", "digits": "digits"}
CONVNET = "SimCLR convnet"
TABLE, MORE = "table", "table_convnet"
START = {"DeepCluster": "random convnet", CONVNET: f"random {CONVNET}"}  # the others begin from "random weights"
BASELINES = ("raw pixels", "random weights", *START.values())
BEFORE = {CONVNET: "SimCLR", START[CONVNET]: "random convnet"}  # which row a row of `MORE` follows
MACHINES = {"seed", "epochs", "device", "precision", "compile", "checkpoint_every"}  # settings of a run or a machine

Difference = Callable[[Tensor, Tensor], tuple[float, float]]

# ---- the table


def table_of_methods() -> dict:
    """The recorded table, and in it SimCLR on the network of DeepCluster, which was recorded later."""
    record = recorded(TABLE)
    for data, entry in recorded(MORE)["data"].items():
        rows = {}
        for name, values in record["data"][data]["rows"].items():
            rows[name] = values
            rows |= {more: values for more, values in entry["rows"].items() if BEFORE[more] == name}
        record["data"][data]["rows"] = rows
    return record


def trained_rows(record: Mapping) -> list[str]:
    """The rows that have been trained, in the order of the table."""
    return [row for row in next(iter(record["data"].values()))["rows"] if row not in BASELINES]


def seeds_and_bars(record: Mapping) -> dict:
    """`{data: {row: {measure: (a value a seed, ends of the bar)}}}`, as `figures.method_table` takes it."""
    return {
        NAMES[data]: {
            row: {
                "kNN": (values["knn"], values["knn_interval"]),
                "linear probe": (values["probe"], values["probe_interval"]),
            }
            for row, values in entry["rows"].items()
        }
        for data, entry in record["data"].items()
    }


def means_and_bars(record: Mapping, measure: str = "linear probe") -> dict[str, dict[str, str]]:
    """The same in words: the mean, and where one new run may fall."""
    table = seeds_and_bars(record)
    return {
        row: {
            data: f"{np.mean(rows[row][measure][0]):.3f} ({' to '.join(f'{end:.3f}' for end in rows[row][measure][1])})"
            for data, rows in table.items()
        }
        for row in next(iter(table.values()))
    }


def gains(record: Mapping, difference: Difference) -> dict[str, dict[str, str]]:
    """Of each method over its own random weights, by the linear probe; a question mark where 0 is in the interval.

    `difference(a, b)` of two rows' seeds `[S]`: the mean of a − b, and the half-width of its interval.
    """
    pairs = [(row, START.get(row, "random weights")) for row in trained_rows(record)]
    return {f"{row} − {start}": _differences(record, row, start, difference) for row, start in pairs}


def same_network(record: Mapping, difference: Difference) -> dict[str, dict[str, str]]:
    """SimCLR and DeepCluster, both with the convnet, by the linear probe."""
    return {f"{CONVNET} − DeepCluster": _differences(record, CONVNET, "DeepCluster", difference, digits=3)}


def _differences(record: Mapping, one: str, other: str, difference: Difference, digits: int = 2) -> dict[str, str]:
    found = {}
    for data, entry in record["data"].items():
        change, half = difference(*(torch.tensor(entry["rows"][row]["probe"]) for row in (one, other)))
        found[NAMES[data]] = f"{change:+.{digits}f} ± {half:.{digits}f}" + (" ?" if abs(change) <= half else "")
    return found


def minutes(record: Mapping) -> dict[str, dict[str, float]]:
    """Of training, the mean of the seeds, of the rows that were recorded on one machine."""
    return {
        row: {NAMES[data]: float(np.mean(entry["rows"][row]["minutes"])) for data, entry in record["data"].items()}
        for row in trained_rows(record)
        if row != CONVNET
    }


def wrong_orders(record: Mapping) -> dict[str, dict[str, object]]:
    """With one seed a method: how many pairs of methods can come out in the wrong order, and which does most often."""
    found = {}
    for data, entry in record["data"].items():
        seeds = {row: np.array(entry["rows"][row]["probe"]) for row in trained_rows(record)}
        wrong = {
            f"{a} before {b}": float((seeds[b][:, None] < seeds[a][None]).mean())  # though b's mean is higher
            for a, b in permutations(seeds, 2)
            if seeds[a].mean() < seeds[b].mean()
        }
        worst, spread = max(wrong, key=wrong.get), [np.ptp(values) for values in seeds.values()]
        found[NAMES[data]] = {
            "pairs": len(wrong),
            "can come out wrong": sum(share > 0 for share in wrong.values()),
            "most often wrong": f"{worst}, {wrong[worst]:.0%}" if wrong[worst] > 0 else None,
            "lowest to highest seed": f"{min(spread):.3f} to {max(spread):.3f}",
        }
    return found


# ---- an entry anew


def rebuilt(record: Mapping, data: str, number: str = "07") -> tuple[str, dict[str, dict[str, object]]]:
    """Train the entry that trains fastest, with a seed that the table does not have, and measure it in the same way.

    Returns:
        What was built, and for each measure the value and the bar of the record. Under a profile of other sizes than
        the table's it is another entry, which it says.
    """
    p, home = profile.current(), data if data in record["data"] else "shapes"
    rows = record["data"][home]["rows"]
    name = min((name for name in METHODS if name != "supervised"), key=lambda name: np.mean(rows[name]["minutes"]))
    settings, seed = rows[name]["config"], 1 + max(record["seeds"])
    own = MACHINES if p.name == "cpu" else MACHINES | {"stem", "width", "batch_size"}
    changes = {key: tuple(x) if isinstance(x, list) else x for key, x in settings.items() if key not in own}
    changes |= {"seed": seed, "epochs": settings["epochs"] if p.name == "cpu" else max(2, p.epochs // 5)}
    train, test = (
        load(home, split, limit=limit) for split, limit in (("train", p.train_images), ("test", p.test_images))
    )
    folder = Path("runs") / f"{number}_rebuilt_{name.lower()}_{p.name}_{home}"
    encoder = train_method(name, train, folder, progress=None, **changes).model.encoder
    h = {name: (extract(encoder, train.images), extract(encoder, test.images))}
    (again,) = evaluation.score_representations(h, train.labels, test.labels, probe_labels=record["probe_labels"])
    told = f"{name} on {home}, seed {seed}"
    told += "" if p.name == "cpu" else f": the profile {p.name} has other sizes than the table, it is another entry"
    return told, {
        title: _beside_its_bar(value, rows[name][f"{key}_interval"])
        for title, key, value in (("kNN", "knn", again.knn), ("linear probe", "probe", again.probe))
    }


def rebuilt_entries() -> dict[str, dict[str, object]]:
    """Those that were built anew for the record."""
    titles = {"knn": "kNN", "probe": "linear probe"}
    return {
        f"{NAMES[entry['data']]}, {entry['row']}, {titles[entry['measure']]}": _beside_its_bar(
            entry["value"], entry["interval"]
        )
        for entry in recorded("table_rebuilt")["entries"]
    }


def _beside_its_bar(value: float, bar: tuple[float, float]) -> dict[str, object]:
    inside = value in Interval(value, *bar)
    return {"anew": value, "bar from": bar[0], "to": bar[1], "within": "yes" if inside else "NO"}


# ---- few labels, and data never seen


def worth_of_a_start(efficiency: Mapping) -> dict[str, dict[str, object]]:
    """At each number of labels: the best way, and by how much SimCLR's start beats a start from scratch."""
    found = {}
    for data, entry in efficiency["data"].items():
        means = {way: np.mean(seeds, axis=1) for way, seeds in entry["curves"].items()}
        for column, count in enumerate(entry["labels"]):
            scratch, tuned = (float(means[way][column]) for way in ("from scratch", "fine-tuned from SimCLR"))
            found[f"{NAMES[data]}, {count:,} labels"] = {
                "best": max(means, key=lambda way, column=column: means[way][column]),
                "from scratch": scratch, "fine-tuned from SimCLR": tuned, "gain": f"{tuned - scratch:+.3f}",
            }  # fmt: skip
    return found


def transfer_panels(record: Mapping, target: str = "digits") -> dict[str, dict[str, tuple[float, float, float]]]:
    """Of each row on data that its encoder never saw: the mean of the seeds and its interval, cut at 1."""
    panels = {}
    for data, entry in record["data"].items():
        seeds = {row: values["transfer"][target] for row, values in entry["rows"].items()}
        panels[f"{NAMES[data]} → {NAMES[target]}"] = {row: _mean_and_interval(found) for row, found in seeds.items()}
    return panels


def _mean_and_interval(seeds: list[float]) -> tuple[float, float, float]:
    if len(seeds) == 1:  # raw pixels
        return seeds[0], seeds[0], seeds[0]
    found = evaluation.seed_interval(seeds)
    return found.value, max(0.0, found.low), min(1.0, found.high)


def best_of_transfer(record: Mapping) -> dict[str, dict[str, object]]:
    """Each training set and each target: the best row, by how much it beats the best baseline, and supervised."""
    found = {}
    for data, entry in record["data"].items():
        for target in next(iter(entry["rows"].values()))["transfer"]:
            means = {row: float(np.mean(values["transfer"][target])) for row, values in entry["rows"].items()}
            first = max(means, key=means.get)
            found[f"{NAMES[data]} → {NAMES[target]}"] = {
                "best": first, "share correct": means[first],
                "minus the best baseline": means[first] - max(means[row] for row in BASELINES),
                "supervised": means["supervised"],
            }  # fmt: skip
    return found


# ---- a paper's table

TASKS = {
    f"{task}_{layers}": f"{task}, {told}"
    for task in ("classification", "detection", "segmentation")
    for layers, told in (("fc6_8", "last layers"), ("all", "all layers"))
}


def in_words(voc: pd.DataFrame) -> dict[str, dict[str, str]]:
    """DeepCluster's table on Pascal VOC with its stars and daggers, as `explorers.quoted` reads it."""
    rows = {}
    for method, row in voc.iterrows():
        daggers = str(row["daggered"]).split()
        cells = {
            title: "–" if np.isnan(row[task]) else f"{row[task]:.1f}{' †' * (task in daggers)}"
            for task, title in TASKS.items()
        }
        rows[f"{method}{' *' * (row['starred'] == 'yes')}"] = {"idea": row["idea"]} | cells
    return rows


def by_idea(voc: pd.DataFrame, *tasks: str) -> dict[str, list[float | None]]:
    """The columns `tasks` by idea, sorted by the last of them; None where the table has no number."""
    ordered = voc.sort_values(tasks[-1])
    return {
        row["idea"]: [None if np.isnan(row[task]) else row[task] for task in tasks] for _, row in ordered.iterrows()
    }

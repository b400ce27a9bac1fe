"""Every measure of a representation, and a table that says each row as soon as it is there."""

from collections.abc import Sequence
from statistics import mean

import torch
from torch import Tensor

from ..datasets import ImageSet
from ..datasets.imageset import balanced_sample
from ..evaluation import (
    balanced_accuracy,
    further_measures,
    knn_predict,
    linear_probe,
    majority_baseline,
    rebuild_interval,
)
from ..models import extract
from .sets import Sets, unequal

NEIGHBOURS = 20  # of kNN, or all labelled images where there are fewer
RANKED = 2_000  # test images that rank all training images, with as many of each class
SHOWN = {  # columns of the table beside kNN and probe
    "recall_at_1": "recall@1",
    "mean_average_precision": "mAP",
    "nmi": "NMI",
    "clustering_accuracy": "clusters",
    "effective_rank": "eff. rank",
}
BALANCED = {"knn_balanced": "bal. kNN", "probe_balanced": "bal. probe"}  # where classes are unequal


def score(
    name: str, train: Tensor, test: Tensor, sets: tuple[ImageSet, ImageSet], probe_labels: int, seed: int = 0
) -> dict:
    """Every measure of one representation of two sets of images.

    Args:
        train, test: features `[N, D]` and `[Q, D]`.
        sets: the images they are of: labelled ones, and test images.
        probe_labels: labelled images that the linear probe may use, a random subset drawn with `seed`.
    """
    labels, answers = (images.labels for images in sets)
    subset = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))[:probe_labels]
    said = {
        "knn": knn_predict(train, labels, test, k=min(NEIGHBOURS, len(labels))),
        "probe": linear_probe(train[subset], labels[subset], test, answers, seed=seed).predictions,
    }
    found = {"name": name, "dimensions": train.shape[1]}
    found |= {key: (predictions == answers).float().mean().item() for key, predictions in said.items()}
    found |= {f"{key}_balanced": balanced_accuracy(predictions, answers) for key, predictions in said.items()}
    ranking = balanced_sample(answers, min(RANKED, len(test)))
    return found | further_measures(train, labels, test, answers, ranking)


def raw_pixels(sets: tuple[ImageSet, ImageSet], probe_labels: int) -> dict:
    """The measures of the pixels themselves."""
    return score("raw pixels", *(images.images.flatten(1).float() for images in sets), sets, probe_labels)


def encoded(name: str, encoder: torch.nn.Module, sets: tuple[ImageSet, ImageSet], probe_labels: int) -> dict:
    """The measures of an encoder's features."""
    return score(name, *(extract(encoder, images.images) for images in sets), sets, probe_labels)


def with_intervals(seeds: list[dict], test_images: int) -> dict:
    """The measures of several seeds side by side, and of kNN and probe the mean and the interval."""
    columns = {key: [one[key] for one in seeds] for key in seeds[0] if key not in ("name", "dimensions")}
    columns["dimensions"] = seeds[0]["dimensions"]
    for key in ("knn", "probe"):
        columns |= {f"{key}_mean": mean(columns[key]), f"{key}_interval": interval(seeds, key, test_images)}
    return columns


def interval(seeds: list[dict], measure: str, test_images: int) -> list[float]:
    """Ends of `rebuild_interval` of a measure over seeds."""
    found = rebuild_interval([s[measure] for s in seeds], test_images)
    return [found.low, found.high]


class Table:
    """A line a representation: means over seeds, kNN and probe with half the width of `rebuild_interval`.

    `names` are those of all rows to come, so that the columns stand from the first one on.
    """

    def __init__(self, names: Sequence[str], sets: Sets):
        self.sets, self.one_seed = sets, False
        labels, answers = sets.train.labels, sets.test.labels
        self.chance = 1 / len(labels.unique())
        self.majority = majority_baseline(labels, answers)
        self.test_classes = len(answers.unique())
        self.columns = (BALANCED if unequal(labels) or unequal(answers) else {}) | SHOWN
        self.width = max([18, *(len(name) + 2 for name in names)])

    def head(self) -> str:
        """The titles of the columns."""
        head = f"{'representation':<{self.width}}{'seeds':>6}{'D':>6}{'kNN':>8}{'±':>7}{'probe':>8}{'±':>7}"
        return head + "".join(f"{title:>{self._wide(title)}}" for title in self.columns.values())

    def row(self, name: str, seeds: list[dict]) -> str:
        """A representation, measured at one seed or more."""
        self.one_seed |= len(seeds) == 1 and name != "raw pixels"
        line = f"{name:<{self.width}}{len(seeds):>6}{seeds[0]['dimensions']:>6}"
        for measure in ("knn", "probe"):
            low, high = interval(seeds, measure, len(self.sets.test))
            line += f"{mean(s[measure] for s in seeds):>8.3f}{(high - low) / 2:>7.3f}"
        for measure, title in self.columns.items():
            digits = 1 if measure == "effective_rank" else 3
            line += f"{mean(s[measure] for s in seeds):>{self._wide(title)}.{digits}f}"
        return line

    def foot(self) -> str:
        """What no look at an image gives, and how to read the columns."""
        lines = [f"{'chance':<{self.width}}{'':>12}{self.chance:>8.3f}{'':>7}{self.chance:>8.3f}"]
        if "knn_balanced" in self.columns:
            line = f"{'majority':<{self.width}}{'':>12}{self.majority:>8.3f}{'':>7}{self.majority:>8.3f}{'':>7}"
            level = 1 / self.test_classes
            lines.append(line + "".join(f"{level:>{self._wide(title)}.3f}" for title in BALANCED.values()))
        lines.append("±: half of the 95 % interval in which a new run on other test images may fall")
        if self.one_seed:
            lines.append("   (with one seed it knows of other images only, not of other seeds, and is too narrow)")
        if "knn_balanced" in self.columns:
            lines.append(
                f"The classes are unequal. Always saying the most frequent one is right for {self.majority:.3f} of the "
                "test images, without a look: read the balanced columns, in which every class counts alike."
            )
        return "\n".join(lines)

    def protocol(self) -> dict:
        """What the table was measured on, for a JSON file."""
        train, test = self.sets.train, self.sets.test
        return {
            "train_data": train.name,
            "test_data": test.name,
            "train_images": len(train),
            "test_images": len(test),
            "neighbours": min(NEIGHBOURS, len(train)),
            "chance": self.chance,
            "majority": self.majority,
            "copies": self.sets.copies,
            "notes": list(self.sets.notes),
        }

    def _wide(self, title: str) -> int:
        return max(10, len(title) + 2)

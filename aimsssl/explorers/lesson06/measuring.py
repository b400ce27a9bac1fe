"""Every measure of the lesson beside the others, and the settings that move a number and say nothing of the encoder."""

import copy
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from ... import evaluation
from ...clustering import kmeans
from ..lesson07 import NAMES, table_of_methods

ASKED = 500  # queries of a search, to save time
PROBE = "linear\nprobe"
RECORDED = {  # in the recorded table
    "kNN": "knn",
    PROBE: "probe",
    "recall@1": "recall_at_1",
    "mAP": "mean_average_precision",
    "NMI": "nmi",
    "clusters,\nHungarian": "clustering_accuracy",
    "effective\nrank": "effective_rank",
}


# ---- batch norm of a network that was never trained


@torch.no_grad()
def with_statistics_of(encoder: nn.Module, images: Tensor, size: int = 250) -> nn.Module:
    """A copy with the same weights, whose batch norms have the mean and the variance of `images` `[N, C, H, W]`."""
    measured = copy.deepcopy(encoder).train()
    for layer in measured.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = None  # the plain mean over all batches
    for batch in images.split(size):
        measured(_as_input(batch, encoder))
    return measured.eval()


@torch.no_grad()
def in_company(encoder: nn.Module, images: Tensor, size: int = 250) -> Tensor:
    """*h* `[N, D]` in training mode: batch norm takes mean and variance of the batch that an image happens to be in."""
    encoder = copy.deepcopy(encoder).train()
    return torch.cat([encoder(_as_input(batch, encoder)).cpu() for batch in images.split(size)])


def _as_input(images: Tensor, encoder: nn.Module) -> Tensor:
    return images.to(next(encoder.parameters()).device).float() / 255


# ---- settings


def scores_by_penalty(
    keys: Tensor, labels: Tensor, queries: Tensor, answers: Tensor, cs: Sequence[float]
) -> dict[str, dict[float, float]]:
    """Share correct of a logistic regression at each C: of its own labelled images, and of new ones.

    The features are taken as they come, `[N, D]` and `[Q, D]`.
    """
    found: dict[str, dict[float, float]] = {"its own labels": {}, "validation": {}}
    for c in cs:
        reader = LogisticRegression(C=c, max_iter=200, tol=1e-3).fit(keys.numpy(), labels.numpy())
        found["its own labels"][c] = reader.score(keys.numpy(), labels.numpy())
        found["validation"][c] = reader.score(queries.numpy(), answers.numpy())
    return found


def scores_by_number_of_groups(
    h: Tensor, labels: Tensor, numbers: Sequence[int], name: str
) -> dict[str, dict[str, dict[int, float]]]:
    """NMI, purity, accuracy and ARI at each number of groups: of random groups, and of k-means on `h` `[N, D]`."""
    panels: dict[str, dict[str, dict[int, float]]] = {"random groups": {}, f"k-means on {name}": {}}
    for n in numbers:
        luck = torch.randint(n, (len(h),), generator=torch.Generator().manual_seed(n))
        found = kmeans(h, n, init="k-means++").assignments
        for panel, groups in zip(panels.values(), (luck, found), strict=True):
            scores = evaluation.clustering_scores(groups, labels)
            of = {"NMI": scores.nmi, "purity": scores.purity, "accuracy": scores.accuracy, "ARI": scores.ari}
            for measure, value in of.items():
                panel.setdefault(measure, {})[n] = value
    return panels


# ---- all of them


def all_measures(keys: Tensor, labels: Tensor, queries: Tensor, answers: Tensor, few: Tensor) -> dict[str, float]:
    """Every measure of the lesson, of one representation; the probe learns from the keys `few`."""
    groups = kmeans(F.normalize(queries, dim=1), min(len(labels.unique()), len(queries)), init="k-means++",
                    iterations=50).assignments  # fmt: skip
    groups = evaluation.clustering_scores(groups, answers)
    found = evaluation.retrieval(keys, labels, queries[:ASKED], answers[:ASKED])
    return {
        "kNN": evaluation.knn_accuracy(keys, labels, queries, answers),
        PROBE: evaluation.linear_probe(keys[few], labels[few], queries, answers).accuracy,
        "recall@1": found.recall[1],
        "mAP": found.mean_average_precision,
        "NMI": groups.nmi,
        "clusters,\nHungarian": groups.accuracy,
        "effective\nrank": evaluation.effective_rank(queries),
    }


def agreements(measures: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Spearman's correlation of each measure's order with the probe's: of `measures[row][measure]`, and of the record.

    The record is the table of lesson 07: three data sets, the means over its seeds.
    """
    rows = {"here": _agreement(measures)}
    for data, entry in table_of_methods()["data"].items():
        means = {
            row: {name: sum(values[key]) / len(values[key]) for name, key in RECORDED.items()}
            for row, values in entry["rows"].items()
        }
        rows[f"record, {NAMES[data]}"] = _agreement(means)
    return rows


def _agreement(measures: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    names = list(next(iter(measures.values())))
    columns = {name: [row[name] for row in measures.values()] for name in names}
    return {
        name.replace("\n", " "): float(spearmanr(columns[name], columns[PROBE]).statistic)
        for name in names
        if name != PROBE
    }

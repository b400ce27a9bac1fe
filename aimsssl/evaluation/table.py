"""Several representations of the same images, one protocol, one table."""

from dataclasses import dataclass

import torch
from torch import Tensor

from .knn import knn_accuracy
from .probe import linear_probe


@dataclass(frozen=True)
class Score:
    """What one representation scored: accuracies in [0, 1] on the test split."""

    name: str
    dimensions: int
    knn: float
    probe: float


def score_representations(
    features: dict[str, tuple[Tensor, Tensor]],
    train_labels: Tensor,
    test_labels: Tensor,
    *,
    k: int = 20,
    probe_labels: int = 5000,
    seed: int = 0,
) -> list[Score]:
    """kNN on all training labels and a linear probe on `probe_labels` of them, for each entry of `features`.

    Args:
        features: {name: (train features `[N, D]`, test features `[Q, D]`)}; D may differ between names.
        train_labels, test_labels: int64 `[N]`, `[Q]`.
        probe_labels: labelled images that the probe may use, a random subset drawn with `seed`.

    Raises:
        ValueError: see `knn_accuracy` and `linear_probe`.
    """
    subset = torch.randperm(len(train_labels), generator=torch.Generator().manual_seed(seed))[:probe_labels]
    scores = []
    for name, (train, test) in features.items():
        knn = knn_accuracy(train, train_labels, test, test_labels, k=k)
        probe = linear_probe(train[subset], train_labels[subset], test, test_labels, seed=seed)
        scores.append(Score(name, train.shape[1], knn, probe.accuracy))
    return scores


def format_table(scores: list[Score], classes: int) -> str:
    """The table as text, with chance level."""
    lines = [f"{'representation':<18}{'D':>6}{'kNN':>8}{'probe':>8}"]
    lines += [f"{s.name:<18}{s.dimensions:>6}{s.knn:>8.3f}{s.probe:>8.3f}" for s in scores]
    return "\n".join([*lines, f"{'chance':<18}{'':>6}{1 / classes:>8.3f}{1 / classes:>8.3f}"])

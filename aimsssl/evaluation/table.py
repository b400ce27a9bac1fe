"""Several representations of the same images, one protocol, one table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .. import inputs
from ..clustering import kmeans
from .clusters import clustering_scores
from .geometry import effective_rank
from .knn import knn_predict
from .probe import linear_probe
from .retrieval import retrieval
from .unequal import balanced_accuracy


@dataclass(frozen=True)
class Score:
    """What one representation scored on the test split, in [0, 1]: accuracies, and see `balanced_accuracy`."""

    name: str
    dimensions: int
    knn: float
    probe: float
    knn_balanced: float
    probe_balanced: float


def score_representations(
    features: dict[str, tuple[Tensor, Tensor]],
    train_labels: Tensor,
    test_labels: Tensor,
    *,
    k: int | None = None,
    probe_labels: int = 5000,
    seed: int = 0,
) -> list[Score]:
    """kNN on all training labels and a linear probe on `probe_labels` of them, for each entry of `features`.

    Args:
        features: {name: (train features `[N, D]`, test features `[Q, D]`)}; D may differ between names.
        train_labels, test_labels: int64 `[N]`, `[Q]`.
        k: see `knn_predict`.
        probe_labels: labelled images that the probe may use, a random subset drawn with `seed`.

    Raises:
        ValueError: see `knn_accuracy` and `linear_probe`.
    """
    train_labels, test_labels = (
        inputs.labels(name, y, len(inputs.tensor(name, y, "[N]")), "cpu")
        for name, y in (("train_labels", train_labels), ("test_labels", test_labels))
    )
    inputs.kind("features", features, Mapping)
    probe_labels = inputs.count("probe_labels", probe_labels, 2)
    subset = torch.randperm(len(train_labels), generator=inputs.generator(seed))[:probe_labels]
    if len(train_labels[subset].unique()) < 2:
        raise ValueError(f"probe_labels must draw at least two classes; all of {len(subset)} images drawn are of one")
    scores = []
    for name, pair in features.items():
        train, test = (inputs.tensor(f"features[{name!r}]", x, "[N, D]") for x in pair)
        if len(train) != len(train_labels):
            raise ValueError(f"features[{name!r}] must have {len(train_labels)} training rows, got {len(train)}")
        predictions = knn_predict(train, train_labels, test, k=k).cpu()
        if len(predictions) != len(test_labels):
            raise ValueError(f"features[{name!r}] must have {len(test_labels)} test rows, got {len(test)}")
        probe = linear_probe(train[subset], train_labels[subset], test, test_labels, seed=seed)
        balanced = [balanced_accuracy(said, test_labels) for said in (predictions, probe.predictions)]
        knn = (predictions == test_labels.cpu()).float().mean().item()
        scores.append(Score(name, train.shape[1], knn, probe.accuracy, *balanced))
    return scores


def format_table(scores: list[Score], classes: int) -> str:
    """The table as text, with chance level.

    Raises:
        TypeError, ValueError: no list of `Score`, or classes below 1.
    """
    classes = inputs.count("classes", classes)
    if not isinstance(scores, Sequence) or not all(isinstance(s, Score) for s in scores):
        raise TypeError(f"scores must be a list of Score, got {scores!r:.60}")
    lines = [f"{'representation':<18}{'D':>6}{'kNN':>8}{'probe':>8}"]
    lines += [f"{s.name:<18}{s.dimensions:>6}{s.knn:>8.3f}{s.probe:>8.3f}" for s in scores]
    return "\n".join([*lines, f"{'chance':<18}{'':>6}{1 / classes:>8.3f}{1 / classes:>8.3f}"])


def further_measures(
    train: Tensor, train_labels: Tensor, test: Tensor, test_labels: Tensor, ranking: Tensor, *, seed: int = 0
) -> dict[str, float]:
    """What a table may have beside kNN and probe: retrieval, clustering, and how many directions are used.

    Retrieval: the test images `ranking` rank all training images; one whose class no training image has is left out.
    Clustering: k-means of the test features, of length 1, with as many clusters as classes.

    Args:
        train, test: `[N, D]` and `[Q, D]`.
        train_labels, test_labels: int64 `[N]` and `[Q]`.
        ranking: indices of the test images that rank the training images, and of whose features the effective rank is
            taken: a sample, such as `balanced_sample` draws, for with all it would take minutes.
        seed: of k-means.

    Returns:
        recall_at_1, mean_average_precision, nmi, clustering_accuracy and effective_rank.

    Raises:
        ValueError: see `retrieval` and `clustering_scores`.
    """
    train, test = (x.float().cpu() for x in inputs.features(train=train, test=test))
    train_labels = inputs.labels("train_labels", train_labels, len(train), "cpu")
    test_labels = inputs.labels("test_labels", test_labels, len(test), "cpu")
    ranking = inputs.tensor("ranking", ranking, "[R]")
    ranking = inputs.labels("ranking", ranking, len(ranking), "cpu")
    if ranking.max() >= len(test):
        raise ValueError(f"ranking must be indices of test images, below {len(test)}, got {int(ranking.max())}")
    asked = ranking[torch.isin(test_labels[ranking], train_labels)]
    if len(asked) == 0:
        raise ValueError("ranking has no image of a class that train_labels have")
    found = retrieval(train, train_labels, test[asked], test_labels[asked], ks=(1,))
    classes = len(test_labels.unique())
    clusters = kmeans(inputs.unit_rows(test), classes, iterations=50, init="k-means++", seed=seed).assignments
    agreement = clustering_scores(clusters, test_labels)
    return {
        "recall_at_1": found.recall[1],
        "mean_average_precision": found.mean_average_precision,
        "nmi": agreement.nmi,
        "clustering_accuracy": agreement.accuracy,
        "effective_rank": effective_rank(test[ranking]),
    }

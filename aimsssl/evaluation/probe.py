"""The linear probe: how much a linear classifier reads from frozen features."""

from dataclasses import dataclass

import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from .knn import check_features, check_labels


@dataclass(frozen=True)
class ProbeResult:
    """accuracy on the test split in [0, 1], and how it came about."""

    accuracy: float
    predictions: Tensor  # int64 [Q]
    strength: float  # the inverse L2 penalty C that validation chose
    validation_accuracy: float


def linear_probe(
    train_features: Tensor,
    train_labels: Tensor,
    test_features: Tensor,
    test_labels: Tensor,
    *,
    strengths: tuple[float, ...] = (1e-4, 1e-3, 1e-2, 1e-1, 1.0),
    validation_share: float = 0.2,
    seed: int = 0,
    max_iterations: int = 1000,
) -> ProbeResult:
    """Multinomial logistic regression on standardised features.

    The L2 strength is chosen on a share of the *training* features, then the probe is fitted on all of them, and the
    test split is read once.

    Args:
        train_features, test_features: `[N, D]` and `[Q, D]`.
        train_labels, test_labels: int64 `[N]` and `[Q]`.
        strengths: candidate inverse penalties C, rising: from strong to weak regularisation. Each fit starts from the
            one before, and the search ends where validation has fallen a point below its best.
        validation_share: share of the training features held out for the choice.

    Raises:
        ValueError: a shape, an unknown label, a NaN, or fewer than two classes.

    Source: the protocol of Kornblith et al. 2019, arXiv:1805.08974, §4.1, as used by SimCLR (B.8), with a coarser grid.
    """
    check_features(train_features=train_features, test_features=test_features)
    check_labels("train_labels", train_labels, len(train_features))
    check_labels("test_labels", test_labels, len(test_features))
    if len(train_labels.unique()) < 2:
        raise ValueError("linear_probe needs at least two classes among train_labels")
    std, mean = torch.std_mean(train_features.float(), dim=0)
    scale = 1 / std.clamp(min=1e-6 * std.max().clamp(min=1e-12))
    x, x_test = (((f.float() - mean) * scale).numpy() for f in (train_features, test_features))
    y = train_labels.numpy()

    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(seed)).numpy()
    held_out = max(1, round(validation_share * len(y)))
    validation, rest = order[:held_out], order[held_out:]

    # tol: scikit-learn's 1e-4 takes two to four times as long on raw pixels and gave the same accuracy
    warm = len(set(y[rest])) == len(set(y))  # with few labels a class may be missing from `rest`
    classifier = LogisticRegression(warm_start=warm, max_iter=max_iterations, tol=1e-3)
    scores: dict[float, float] = {}
    for strength in strengths:
        scores[strength] = float(
            classifier.set_params(C=strength).fit(x[rest], y[rest]).score(x[validation], y[validation])
        )
        if scores[strength] < max(scores.values()) - 0.01:
            break
    best = max(scores, key=scores.get)
    predictions = torch.from_numpy(classifier.set_params(C=best).fit(x, y).predict(x_test))
    accuracy = (predictions == test_labels).float().mean().item()
    return ProbeResult(accuracy, predictions, best, scores[best])

"""The linear probe: how much a linear classifier reads from frozen features."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from .. import inputs


@dataclass(frozen=True)
class ProbeResult:
    """accuracy on the test split in [0, 1], and how it came about."""

    accuracy: float
    predictions: Tensor  # int64 [Q]
    inverse_penalty: float  # C, that validation chose: large means weak
    validation_accuracy: float | None  # None where the images are too few to choose by


def linear_probe(
    train_features: Tensor,
    train_labels: Tensor,
    test_features: Tensor,
    test_labels: Tensor,
    *,
    inverse_penalties: Sequence[float] = (1e-4, 1e-3, 1e-2, 1e-1, 1.0),
    validation_share: float = 0.2,
    seed: int = 0,
    max_iterations: int = 1000,
) -> ProbeResult:
    """Multinomial logistic regression on standardised features.

    The L2 penalty is chosen on a share of the *training* features, then the probe is fitted on all of them, and the
    test split is read once.

    The share is drawn at random; with few images per class, where that would leave a class out of the fit, class by
    class, and a class of one image is for fitting only. Where fewer than two classes have two images nothing can be
    chosen: a warning says so, and the middle one of `inverse_penalties` is taken.

    Args:
        train_features, test_features: `[N, D]` and `[Q, D]`.
        train_labels, test_labels: integers `[N]` and `[Q]`.
        inverse_penalties: candidates for C, rising: from a strong to a weak penalty. Each fit starts from the one
            before, and the search ends where validation has fallen a point below its best.
        validation_share: share of the training features held out for the choice.

    Raises:
        ValueError: a shape, an unknown label, a NaN, fewer than two classes, or a number out of range, by name.

    Source: the protocol of Kornblith et al. 2019, arXiv:1805.08974, §4.1, as used by SimCLR (B.8), with a coarser grid.
    """
    train_features, test_features = (
        x.float().cpu() for x in inputs.features(train_features=train_features, test_features=test_features)
    )
    train_labels = inputs.labels("train_labels", train_labels, len(train_features), "cpu")
    test_labels = inputs.labels("test_labels", test_labels, len(test_features), "cpu")
    if len(train_labels.unique()) < 2:
        raise ValueError("linear_probe needs at least two classes among train_labels")
    inverse_penalties = inputs.numbers("inverse_penalties", inverse_penalties, above=0)
    validation_share = inputs.number("validation_share", validation_share, above=0, below=1)
    max_iterations = inputs.count("max_iterations", max_iterations)
    std, mean = torch.std_mean(train_features, dim=0)
    scale = 1 / std.clamp(min=1e-6 * std.max().clamp(min=1e-12))
    x, x_test = (((f - mean) * scale).numpy() for f in (train_features, test_features))
    y = train_labels.numpy()
    validation, rest = (index.numpy() for index in _held_out(train_labels, validation_share, seed))

    # tol: scikit-learn's 1e-4 takes two to four times as long on raw pixels and gave the same accuracy
    classifier = LogisticRegression(warm_start=True, max_iter=max_iterations, tol=1e-3)
    scores: dict[float, float] = {}
    if len(validation) == 0:
        best = inverse_penalties[len(inverse_penalties) // 2]
        warnings.warn(
            f"linear_probe: fewer than two of {len(train_labels.unique())} classes have two training images, so no "
            f"penalty can be chosen by validation; C = {best:g} is used",
            stacklevel=2,
        )
    for c in inverse_penalties if len(validation) else ():
        scores[c] = float(classifier.set_params(C=c).fit(x[rest], y[rest]).score(x[validation], y[validation]))
        if scores[c] < max(scores.values()) - 0.01:
            break
    if scores:
        best = max(scores, key=scores.get)
    predictions = torch.from_numpy(classifier.set_params(C=best).fit(x, y).predict(x_test))
    accuracy = (predictions == test_labels).float().mean().item()
    return ProbeResult(accuracy, predictions, best, scores.get(best))


def _held_out(labels: Tensor, share: float, seed: int) -> tuple[Tensor, Tensor]:
    """Indices of the features for validation and of the rest, which has every class; the first may be empty."""
    order = torch.randperm(len(labels), generator=inputs.generator(seed))
    counts = labels.unique(return_counts=True)[1]
    classes = len(counts)
    if (counts > 1).sum() < 2:
        return order[:0], order
    held_out = max(1, round(share * len(labels)))
    validation, rest = order[:held_out], order[held_out:]
    if len(labels[rest].unique()) == classes and len(labels[validation].unique()) > 1:
        return validation, rest
    members = [order[labels[order] == one] for one in labels.unique()]
    first = [min(len(m) - 1, max(1, round(share * len(m)))) for m in members]
    parts = list(zip(members, first, strict=True))
    return torch.cat([m[:n] for m, n in parts]), torch.cat([m[n:] for m, n in parts])

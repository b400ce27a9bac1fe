"""k nearest neighbours: the quickest question to a frozen representation."""

import torch
import torch.nn.functional as F
from torch import Tensor


def check_features(**features: Tensor) -> None:
    """Raise ValueError unless every tensor is `[N, D]`, finite, not empty and of one D."""
    for name, x in features.items():
        if x.ndim != 2 or len(x) == 0:
            raise ValueError(f"{name} must have shape [N, D] with N ≥ 1, got {list(x.shape)}")
        if not x.isfinite().all():
            raise ValueError(f"{name} has infinite or NaN entries")
    if len({x.shape[1] for x in features.values()}) > 1:
        raise ValueError("features must have one dimension, got " + str({n: x.shape[1] for n, x in features.items()}))


def check_labels(name: str, labels: Tensor, count: int) -> None:
    """Raise ValueError unless `labels` is integer `[count]` and every one is known."""
    if labels.shape != (count,) or labels.is_floating_point():
        raise ValueError(f"{name} must be integers of shape [{count}], got {labels.dtype} {list(labels.shape)}")
    if (labels < 0).any():
        raise ValueError(f"{name} has {int((labels < 0).sum())} unknown labels (−1); this measure needs labels")


def nearest_neighbours(keys: Tensor, queries: Tensor, k: int, chunk_size: int = 512) -> tuple[Tensor, Tensor]:
    """The k keys most similar to each query, by cosine: similarities `[Q, k]` (falling) and indices `[Q, k]`.

    Raises:
        ValueError: shapes, or k not in [1, number of keys].
    """
    check_features(keys=keys, queries=queries)
    if not 1 <= k <= len(keys):
        raise ValueError(f"k must be in [1, {len(keys)}] (the number of keys), got {k}")
    keys = F.normalize(keys.float(), dim=1).T
    found = [(F.normalize(q.float(), dim=1) @ keys).topk(k, dim=1) for q in queries.split(chunk_size)]
    return torch.cat([f.values for f in found]), torch.cat([f.indices for f in found])


def knn_predict(
    train_features: Tensor,
    train_labels: Tensor,
    test_features: Tensor,
    *,
    k: int = 20,
    temperature: float | None = 0.1,
) -> Tensor:
    """The class with the most votes among the k nearest neighbours by cosine, `[Q]`.

    A neighbour of similarity s has exp(s/temperature) votes; with `temperature=None` one vote. Ties go to the lower
    class. Wu et al. 2018, arXiv:1805.01978, §3.4, with its temperature 0.07 rounded to 0.1.
    """
    check_labels("train_labels", train_labels, len(train_features))
    similarity, index = nearest_neighbours(train_features, test_features, k)
    votes = (
        torch.ones_like(similarity)
        if temperature is None
        else torch.exp((similarity - similarity[:, :1]) / temperature)
    )
    labels = train_labels[index]
    totals = votes.new_zeros(len(votes), int(train_labels.max()) + 1).scatter_add_(1, labels, votes)
    return totals.argmax(dim=1)


def knn_accuracy(
    train_features: Tensor,
    train_labels: Tensor,
    test_features: Tensor,
    test_labels: Tensor,
    *,
    k: int = 20,
    temperature: float | None = 0.1,
) -> float:
    """Share of test images whose class `knn_predict` finds, in [0, 1].

    Args:
        train_features, test_features: `[N, D]` and `[Q, D]`, frozen features.
        train_labels, test_labels: int64 `[N]` and `[Q]`.
        k, temperature: see `knn_predict`.

    Raises:
        ValueError: a shape, an unknown label, a NaN, or k out of range, by name.
    """
    check_labels("test_labels", test_labels, len(test_features))
    predicted = knn_predict(train_features, train_labels, test_features, k=k, temperature=temperature)
    return (predicted == test_labels).float().mean().item()

"""k nearest neighbours: the quickest question to a frozen representation."""

import torch
from torch import Tensor

from .. import inputs

NEIGHBOURS = 20  # that are asked where no k is given
SHARPEST = 1e-30  # a temperature below has no reciprocal in float32; at this one the nearest alone decides, too


def nearest_neighbours(keys: Tensor, queries: Tensor, k: int, chunk_size: int = 512) -> tuple[Tensor, Tensor]:
    """The k keys most similar to each query, by cosine: similarities `[Q, k]` (falling) and indices `[Q, k]`.

    Raises:
        ValueError: a shape, a NaN, k not in [1, number of keys], or chunk_size below 1, by name.
    """
    keys, queries = inputs.features(keys=keys, queries=queries)
    k = inputs.count("k", k, 1, len(keys), " (the number of keys)")
    chunk_size = inputs.count("chunk_size", chunk_size)
    keys = inputs.unit_rows(keys.float()).T
    found = [(inputs.unit_rows(q.float()) @ keys).topk(k, dim=1) for q in queries.split(chunk_size)]
    return torch.cat([f.values for f in found]), torch.cat([f.indices for f in found])


def knn_predict(
    train_features: Tensor,
    train_labels: Tensor,
    test_features: Tensor,
    *,
    k: int | None = None,
    temperature: float | None = 0.1,
) -> Tensor:
    """The class with the most votes among the k nearest neighbours by cosine, `[Q]`.

    A neighbour of similarity s has exp(s/temperature) votes; with `temperature=None` one vote. Ties go to the lower
    class. k is 20 where it is None, or all keys where there are fewer. Wu et al. 2018, arXiv:1805.01978, §3.4, with
    its temperature 0.07 rounded to 0.1.

    Raises:
        ValueError: a shape, an unknown label, a NaN, temperature not above 0 or k out of range, by name.
    """
    train_features, test_features = inputs.features(train_features=train_features, test_features=test_features)
    train_labels = inputs.labels("train_labels", train_labels, len(train_features), train_features.device)
    if temperature is not None:
        temperature = max(inputs.number("temperature", temperature, above=0), SHARPEST)
    k = min(NEIGHBOURS, len(train_features)) if k is None else k
    similarity, index = nearest_neighbours(train_features, test_features, k)
    votes = (
        torch.ones_like(similarity)
        if temperature is None
        else torch.exp((similarity - similarity[:, :1]) / temperature)
    )
    classes, place = train_labels.unique(return_inverse=True)
    totals = votes.new_zeros(len(votes), len(classes)).scatter_add_(1, place[index], votes)
    return classes[totals.argmax(dim=1)]


def knn_accuracy(
    train_features: Tensor,
    train_labels: Tensor,
    test_features: Tensor,
    test_labels: Tensor,
    *,
    k: int | None = None,
    temperature: float | None = 0.1,
) -> float:
    """Share of test images whose class `knn_predict` finds, in [0, 1].

    Args:
        train_features, test_features: `[N, D]` and `[Q, D]`, frozen features.
        train_labels, test_labels: integers `[N]` and `[Q]`.
        k, temperature: see `knn_predict`.

    Raises:
        ValueError: a shape, an unknown label, a NaN, or k out of range, by name.
    """
    test_labels = inputs.labels(
        "test_labels", test_labels, len(inputs.tensor("test_features", test_features, "[N, D]"))
    )
    predicted = knn_predict(train_features, train_labels, test_features, k=k, temperature=temperature)
    return (predicted == test_labels.to(predicted.device)).float().mean().item()

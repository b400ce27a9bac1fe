"""Retrieval: are the images that a representation holds for similar of the same class?"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .. import inputs

BLOCK = 2**21  # similarities that are sorted at a time: about 0.4 GB with all that belongs to them


@dataclass(frozen=True)
class Retrieval:
    """What `retrieval` found; all in [0, 1].

    Attributes:
        recall: {k: share of queries that have an image of their class among the k nearest keys}.
        mean_average_precision: mean of `average_precision`.
        average_precision: float32 `[Q]`: 1 where all keys of the query's class come before all others.
    """

    recall: dict[int, float]
    mean_average_precision: float
    average_precision: Tensor


@torch.no_grad()
def retrieval(
    keys: Tensor, key_labels: Tensor, queries: Tensor, query_labels: Tensor, *, ks: Sequence[int] = (1, 5, 10)
) -> Retrieval:
    """Rank all keys by cosine for each query, and ask where those of its class stand.

    Average precision is exact, over all keys. Keys of equal similarity share one place, as in scikit-learn, so that
    their order plays no part in it.

    Args:
        keys, queries: `[N, D]` and `[Q, D]`.
        key_labels, query_labels: integers `[N]` and `[Q]`.
        ks: numbers of nearest keys for recall@k.

    Raises:
        ValueError: a shape, an unknown label, a NaN, a k out of range, or a query whose class no key has, by name.

    Source: recall@k: Oh Song et al. 2016, arXiv:1511.06452. There each image asks all others of the test split;
    here the keys are a split of their own.
    """
    keys, queries = inputs.features(keys=keys, queries=queries)
    key_labels = inputs.labels("key_labels", key_labels, len(keys), keys.device)
    query_labels = inputs.labels("query_labels", query_labels, len(queries), keys.device)
    ks = _checked_ks(ks, len(keys))
    if missing := sorted(set(query_labels.tolist()) - set(key_labels.tolist())):
        raise ValueError(f"query_labels has classes that no key has: {missing}")
    unit_keys = inputs.unit_rows(keys.float()).T
    precision, found = [], {k: 0 for k in ks}
    rows = max(1, BLOCK // len(keys))
    for chunk, labels in zip(queries.split(rows), query_labels.split(rows), strict=True):
        similarity, order = (inputs.unit_rows(chunk.float()) @ unit_keys).sort(dim=1, descending=True)
        relevant = key_labels[order] == labels[:, None]  # [B, N]
        hits = relevant.cumsum(dim=1)
        for k in ks:
            found[k] += int((hits[:, k - 1] > 0).sum())
        last = _last_equal(similarity)
        at_place = hits.gather(1, last) / (last + 1)  # precision where the similarity is still the same
        precision.append((at_place * relevant).sum(dim=1) / hits[:, -1])
    average_precision = torch.cat(precision)
    recall = {k: count / len(queries) for k, count in found.items()}
    return Retrieval(recall, average_precision.mean().item(), average_precision)


def _checked_ks(ks: Sequence[int], most: int) -> list[int]:
    """Each k once, in the order given."""
    try:
        given = list(ks)
    except TypeError:
        raise TypeError(f"ks must be a list of whole numbers, got {ks!r}") from None
    if not given:
        raise ValueError(f"ks must be in [1, {most}] (the number of keys), got none")
    return list(dict.fromkeys(inputs.count("ks", k, 1, most, " (the number of keys)") for k in given))


def _last_equal(values: Tensor) -> Tensor:
    """In sorted rows, the last place with the value of each place: 5 5 3 2 2 gives 1 1 2 4 4."""
    n = values.shape[1]
    place = torch.arange(n, device=values.device).expand_as(values).clone()
    place[:, :-1][values[:, :-1] == values[:, 1:]] = n  # not the last of its value
    return place.flip(1).cummin(dim=1).values.flip(1)

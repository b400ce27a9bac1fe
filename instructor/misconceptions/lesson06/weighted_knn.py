"""Answers to `weighted_knn(keys, labels, queries, k, temperature) -> int64 [Q]`, wrong and right."""

import torch
from torch.nn import functional as F


def _cosine(queries, keys):
    return F.normalize(queries, dim=1) @ F.normalize(keys, dim=1).T


def _count(votes, classes):
    """Votes `[Q, k]` of neighbours with these classes `[Q, k]`, added up: `[Q, C]`."""
    totals = votes.new_zeros(len(votes), int(classes.max()) + 1)
    return totals.scatter_add_(1, classes, votes)


def _softly(s, temperature):
    return (s / temperature).softmax(dim=1)


def _predict(scores, labels, k, votes_of, largest=True):
    values, index = scores.topk(k, dim=1, largest=largest)
    return _count(votes_of(values), labels[index]).argmax(dim=1)


def knn_votes(keys, labels, queries, k, temperature):
    """The votes say everything."""
    s, index = _cosine(queries, keys).topk(k)
    return _count(_softly(s, temperature), labels[index])


def knn_positions(keys, labels, queries, k, temperature):
    """topk gives the neighbour, and the neighbour is the answer."""
    return _cosine(queries, keys).topk(k).indices[:, 0]


def knn_inner_product(keys, labels, queries, k, temperature):
    """A cosine is an inner product."""
    return _predict(queries @ keys.T, labels, k, lambda s: _softly(s, temperature))


def knn_keys_normalised(keys, labels, queries, k, temperature):
    """The keys are prepared once; a query is compared as it comes."""
    return _predict(queries @ F.normalize(keys, dim=1).T, labels, k, lambda s: torch.exp(s / temperature))


def knn_columns(keys, labels, queries, k, temperature):
    """normalize, along the first dimension."""
    cosine = F.normalize(queries, dim=0) @ F.normalize(keys, dim=0).T
    return _predict(cosine, labels, k, lambda s: _softly(s, temperature))


def knn_distance(keys, labels, queries, k, temperature):
    """Near means a small distance."""
    return _predict(torch.cdist(queries, keys), labels, k, lambda d: _softly(-d, temperature), largest=False)


def knn_farthest(keys, labels, queries, k, temperature):
    """The nearest have the smallest value."""
    return _predict(_cosine(queries, keys), labels, k, lambda s: torch.exp(s / temperature), largest=False)


def knn_far_is_loud(keys, labels, queries, k, temperature):
    """An energy has a minus sign: exp(−s/τ)."""
    return _predict(_cosine(queries, keys), labels, k, lambda s: torch.exp(-s / temperature))


def knn_majority(keys, labels, queries, k, temperature):
    """The k nearest vote, and the majority wins."""
    index = _cosine(queries, keys).topk(k).indices
    return labels[index].mode(dim=1).values


def knn_temperature_multiplied(keys, labels, queries, k, temperature):
    """The temperature scales the similarities."""
    return _predict(_cosine(queries, keys), labels, k, lambda s: torch.exp(s * temperature))


def knn_temperature_ignored(keys, labels, queries, k, temperature):
    """exp makes near neighbours count more."""
    return _predict(_cosine(queries, keys), labels, k, torch.exp)


def knn_similarity_votes(keys, labels, queries, k, temperature):
    """The vote of a neighbour is its similarity."""
    return _predict(_cosine(queries, keys), labels, k, lambda s: s)


def knn_loudest_neighbour(keys, labels, queries, k, temperature):
    """The neighbour with the largest vote wins."""
    s, index = _cosine(queries, keys).topk(k)
    loudest = _softly(s, temperature).argmax(dim=1)
    return labels[index].gather(1, loudest[:, None])[:, 0]


def knn_everybody(keys, labels, queries, k, temperature):
    """The weights of far keys are small anyway."""
    return _predict(_cosine(queries, keys), labels, len(keys), lambda s: _softly(s, temperature))


def knn_without_the_first(keys, labels, queries, k, temperature):
    """The first hit is always the image itself."""
    s, index = _cosine(queries, keys).topk(k + 1)
    return _count(_softly(s[:, 1:], temperature), labels[index[:, 1:]]).argmax(dim=1)


def knn_mean_vote(keys, labels, queries, k, temperature):
    """A class with many images among the neighbours should have no advantage."""
    s, index = _cosine(queries, keys).topk(k)
    votes, classes = _softly(s, temperature), labels[index]
    return (_count(votes, classes) / _count(torch.ones_like(votes), classes).clamp(min=1)).argmax(dim=1)


def knn_mean_label(keys, labels, queries, k, temperature):
    """kNN predicts the weighted mean of the neighbours' labels."""
    s, index = _cosine(queries, keys).topk(k)
    return (_softly(s, temperature) * labels[index]).sum(dim=1).round().long()


def knn_softmax_down(keys, labels, queries, k, temperature):
    """softmax(dim=0) makes shares."""
    return _predict(_cosine(queries, keys), labels, k, lambda s: (s / temperature).softmax(dim=0))


def knn_positions_of_classes(keys, labels, queries, k, temperature):
    """The classes are numbered anew, so that no column of the table is empty."""
    return right_knn(keys, labels.unique(return_inverse=True)[1], queries, k, temperature)


def knn_overflow(keys, labels, queries, k, temperature):
    """As the formula says."""
    return _predict(_cosine(queries, keys), labels, k, lambda s: torch.exp(s / temperature))


def knn_normalised_in_place(keys, labels, queries, k, temperature):
    """Normalised where they lie, without a copy."""
    F.normalize(keys, dim=1, out=keys)
    return right_knn(keys, labels, queries, k, temperature)


def knn_float(keys, labels, queries, k, temperature):
    """A table of floating-point numbers, so the answer has the type of the votes."""
    return right_knn(keys, labels, queries, k, temperature).float()


def right_knn(keys, labels, queries, k, temperature):
    """One table for all queries, votes as shares."""
    similarity, index = _cosine(queries, keys).topk(k, dim=1)
    return _count(_softly(similarity, temperature), labels[index]).argmax(dim=1)


def right_knn_by_loops(keys, labels, queries, k, temperature):
    """Query by query, in double precision, as a count in a dictionary."""
    answers = []
    for query in queries.double():
        s = torch.cosine_similarity(query[None], keys.double(), dim=1)
        votes = {}
        for i in s.argsort(descending=True)[:k].tolist():
            weight = torch.exp((s[i] - s.max()) / temperature).item()
            votes[labels[i].item()] = votes.get(labels[i].item(), 0.0) + weight
        answers.append(max(votes, key=votes.get))
    return torch.tensor(answers)


WRONG = {
    "votes, not classes": (knn_votes, "Which class wins"),
    "neighbours, not classes": (knn_positions, "the position of a neighbour"),
    "inner product for cosine": (knn_inner_product, "the neighbour of everybody"),
    "normalised on one side only": (knn_keys_normalised, "but not both"),
    "columns of length 1": (knn_columns, "normalised over the images"),
    "distance for similarity": (knn_distance, "goes by distance"),
    "the farthest vote": (knn_farthest, "which end is near"),
    "the nearest have the fewest votes": (knn_far_is_loud, "Look at a sign"),
    "one vote each": (knn_majority, "whether it is a twin"),
    "temperature multiplied": (knn_temperature_multiplied, "multiplied by τ"),
    "temperature ignored": (knn_temperature_ignored, "τ = 1"),
    "similarities as votes": (knn_similarity_votes, "hardly counts more"),
    "only the nearest one": (knn_loudest_neighbour, "decides alone"),
    "all keys vote": (knn_everybody, "not only the k nearest"),
    "the first neighbour left out": (knn_without_the_first, "would find itself"),
    "the mean vote of a class": (knn_mean_vote, "counted, not averaged"),
    "class numbers averaged": (knn_mean_label, "numbers of classes are names"),
    "shares over the queries": (knn_softmax_down, "goes over the queries"),
    "class numbers taken for 0, 1, 2": (knn_positions_of_classes, "part of a data set"),
    "overflow at a small temperature": (knn_overflow, "infinite"),
    "input changed in place": (knn_normalised_in_place, "a tensor that it was given"),
    "wrong dtype": (knn_float, "float32"),
}

RIGHT = [right_knn, right_knn_by_loops]

"""Answers to `nt_xent(z1, z2, temperature) -> scalar`, wrong and right."""

import torch
from torch.nn import functional as F


def _scores(z1, z2, temperature):
    """Similarities of all views over the temperature, nothing masked."""
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    return z @ z.T / temperature


def _masked(z1, z2, temperature):
    return _scores(z1, z2, temperature).fill_diagonal_(-torch.inf)


def _positives(z1):
    return torch.arange(2 * len(z1)).roll(len(z1))


def loss_of_each_view(z1, z2, temperature):
    """There is a loss for each view, so there are 2N."""
    return F.cross_entropy(_masked(z1, z2, temperature), _positives(z1), reduction="none")


def loss_with_itself(z1, z2, temperature):
    """All entries of a row are candidates."""
    return F.cross_entropy(_scores(z1, z2, temperature), _positives(z1))


def loss_masked_with_zero(z1, z2, temperature):
    """To take something out of a sum, set it to 0."""
    return F.cross_entropy(_scores(z1, z2, temperature).fill_diagonal_(0), _positives(z1))


def loss_times_temperature(z1, z2, temperature):
    """The temperature scales the similarities, so it multiplies them."""
    return F.cross_entropy(_masked(z1, z2, 1 / temperature), _positives(z1))


def loss_without_temperature(z1, z2, temperature):
    """The temperature is a detail."""
    return F.cross_entropy(_masked(z1, z2, 1.0), _positives(z1))


def loss_at_one_half(z1, z2, temperature):
    """The temperature is 0.5, as in the paper."""
    return F.cross_entropy(_masked(z1, z2, 0.5), _positives(z1))


def loss_of_dot_products(z1, z2, temperature):
    """The similarity of two vectors is their dot product."""
    z = torch.cat([z1, z2])
    return F.cross_entropy((z @ z.T / temperature).fill_diagonal_(-torch.inf), _positives(z1))


def loss_of_first_views(z1, z2, temperature):
    """Each pair is asked about once."""
    n = len(z1)
    return F.cross_entropy(_masked(z1, z2, temperature)[:n], _positives(z1)[:n])


def loss_across(z1, z2, temperature):
    """The first views look for their partners among the second views, as images and texts do in CLIP."""
    scores = F.normalize(z1, dim=1) @ F.normalize(z2, dim=1).T / temperature
    return F.cross_entropy(scores, torch.arange(len(z1)))


def loss_summed(z1, z2, temperature):
    """The loss of a batch is the sum of its losses."""
    return F.cross_entropy(_masked(z1, z2, temperature), _positives(z1), reduction="sum")


def loss_over_n(z1, z2, temperature):
    """There are N images, so the mean divides by N."""
    return loss_summed(z1, z2, temperature) / len(z1)


def loss_without_the_positive_below(z1, z2, temperature):
    """The sum under the fraction is the sum over the negatives."""
    scores, positives = _masked(z1, z2, temperature), _positives(z1)
    index = torch.arange(len(positives))
    on_top = scores[index, positives].clone()
    scores[index, positives] = -torch.inf
    return (scores.logsumexp(dim=1) - on_top).mean()


def loss_with_neighbours(z1, z2, temperature):
    """The views 2k and 2k + 1 belong together."""
    return F.cross_entropy(_masked(z1, z2, temperature), torch.arange(2 * len(z1)) ^ 1)


def loss_of_probabilities(z1, z2, temperature):
    """Cross-entropy compares probabilities, so take the softmax first."""
    return F.cross_entropy(_masked(z1, z2, temperature).softmax(dim=1), _positives(z1))


def loss_without_a_log(z1, z2, temperature):
    """One minus the probability of the right answer is a good loss."""
    positives = _positives(z1)
    return 1 - _masked(z1, z2, temperature).softmax(dim=1)[torch.arange(len(positives)), positives].mean()


def loss_log_last(z1, z2, temperature):
    """First average, then take the logarithm."""
    return -(1 - loss_without_a_log(z1, z2, temperature)).log()


def loss_without_a_minus(z1, z2, temperature):
    """The logarithm of the probability of the right answer."""
    return -F.cross_entropy(_masked(z1, z2, temperature), _positives(z1))


def loss_by_the_formula(z1, z2, temperature):
    """The formula as it is written: exponentials, a sum, a quotient, a logarithm."""
    e = _scores(z1, z2, temperature).exp()
    e = e - e.diag().diag()
    index = torch.arange(len(e))
    return -(e[index, index.roll(len(z1))] / e.sum(dim=1)).log().mean()


def loss_cut_off(z1, z2, temperature):
    """A loss is a number: only its value counts."""
    return F.cross_entropy(_masked(z1, z2, temperature), _positives(z1)).detach()


def loss_as_a_float(z1, z2, temperature):
    """A loss is a Python number."""
    return F.cross_entropy(_masked(z1, z2, temperature), _positives(z1)).item()


def right_loss_with_cross_entropy(z1, z2, temperature):
    """In PyTorch's own functions."""
    return F.cross_entropy(_masked(z1, z2, temperature), _positives(z1))


def right_loss_view_by_view(z1, z2, temperature):
    """View by view, with the logarithm of a sum of exponentials."""
    views, n = [*z1, *z2], len(z1)
    terms = []
    for i, view in enumerate(views):
        others = [k for k in range(2 * n) if k != i]
        row = torch.stack([F.cosine_similarity(view, views[k], dim=0) for k in others]) / temperature
        terms.append(torch.logsumexp(row, dim=0) - row[others.index((i + n) % (2 * n))])
    return torch.stack(terms).mean()


WRONG = {
    "wrong type": (loss_as_a_float, "another type"),
    "not averaged": (loss_of_each_view, "one loss a view"),
    "self-similarity kept": (loss_with_itself, "among its own candidates"),
    "masked with a 0": (loss_masked_with_zero, "exp(0) is 1"),
    "temperature multiplied": (loss_times_temperature, "multiplied by τ"),
    "temperature ignored": (loss_without_temperature, "loss at τ = 1"),
    "temperature fixed": (loss_at_one_half, "of another temperature"),
    "no normalisation": (loss_of_dot_products, "vectors longer"),
    "one direction only": (loss_of_first_views, "Only the first views ask"),
    "half of the candidates": (loss_across, "not N"),
    "sum for mean": (loss_summed, "grow with the batch"),
    "divided by N": (loss_over_n, "divided by N"),
    "the positive left out of the sum": (loss_without_the_positive_below, "over the negatives only"),
    "the positive at the wrong place": (loss_with_neighbours, "of another image"),
    "softmax twice": (loss_of_probabilities, "taken twice"),
    "no logarithm": (loss_without_a_log, "mean of probabilities"),
    "log and mean in the wrong order": (loss_log_last, "its own −log"),
    "no minus sign": (loss_without_a_minus, "*less* likely"),
    "overflow at a small temperature": (loss_by_the_formula, "too large for float32"),
    "no gradient": (loss_cut_off, "is cut"),
}

RIGHT = [right_loss_with_cross_entropy, right_loss_view_by_view]

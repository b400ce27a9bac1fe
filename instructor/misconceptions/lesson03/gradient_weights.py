"""Answers to `gradient_weights(similarity, positive, temperature) -> [K]`, wrong and right."""

import torch
from torch.nn import functional as F


def _target(similarity, positive):
    return F.one_hot(torch.tensor(positive), len(similarity)).float()


def weights_of_softmax(similarity, positive, temperature):
    """The weight of a candidate is its probability."""
    return (similarity / temperature).softmax(dim=0)


def weights_of_the_logits(similarity, positive, temperature):
    """The gradient of cross-entropy is p − y, as one learns it."""
    return (similarity / temperature).softmax(dim=0) - _target(similarity, positive)


def weights_of_the_likelihood(similarity, positive, temperature):
    """y − p: what is missing to the right answer."""
    return (_target(similarity, positive) - (similarity / temperature).softmax(dim=0)) / temperature


def weights_among_negatives(similarity, positive, temperature):
    """The negatives share the push among themselves; the positive is pulled with all its force."""
    negatives = similarity.clone()
    negatives[positive] = -torch.inf
    return ((negatives / temperature).softmax(dim=0) - _target(similarity, positive)) / temperature


def weights_without_temperature(similarity, positive, temperature):
    """The temperature is the factor in front."""
    return (similarity.softmax(dim=0) - _target(similarity, positive)) / temperature


def weights_times_temperature(similarity, positive, temperature):
    """The temperature scales the similarities, so it multiplies them."""
    return ((similarity * temperature).softmax(dim=0) - _target(similarity, positive)) / temperature


def weights_with_a_log(similarity, positive, temperature):
    """The loss has a logarithm, so its slope has one."""
    return (similarity / temperature).log_softmax(dim=0)


def weights_of_negatives(similarity, positive, temperature):
    """The question is how hard the negatives are pushed."""
    weights = (similarity / temperature).softmax(dim=0) / temperature
    return weights[[k for k in range(len(similarity)) if k != positive]]


def weights_as_a_loss(similarity, positive, temperature):
    """The loss of the view."""
    return F.cross_entropy(similarity / temperature, torch.tensor(positive))


def weights_positive_first(similarity, positive, temperature):
    """The positive is the first candidate."""
    return ((similarity / temperature).softmax(dim=0) - _target(similarity, 0)) / temperature


def weights_by_the_formula(similarity, positive, temperature):
    """exp over the sum of exp, as it is written."""
    e = (similarity / temperature).exp()
    return (e / e.sum() - _target(similarity, positive)) / temperature


def weights_as_a_list(similarity, positive, temperature):
    """A list of numbers."""
    return right_weights_by_autograd(similarity, positive, temperature).tolist()


def right_weights_by_autograd(similarity, positive, temperature):
    """PyTorch takes the derivative."""
    s = similarity.clone().requires_grad_()
    loss = F.cross_entropy(s / temperature, torch.tensor(positive))
    return torch.autograd.grad(loss, s)[0]


def right_weights_by_hand(similarity, positive, temperature):
    """p/τ for all, and then 1/τ less for one."""
    shifted = (similarity - similarity.max()) / temperature
    result = shifted.exp() / shifted.exp().sum() / temperature
    result[positive] -= 1 / temperature
    return result


WRONG = {
    "wrong type": (weights_as_a_list, "another type"),
    "the positive is pushed": (weights_of_softmax, "All weights are positive"),
    "1/τ forgotten": (weights_of_the_logits, "chain rule"),
    "the wrong sign": (weights_of_the_likelihood, "wrong sign"),
    "the positive left out of the softmax": (weights_among_negatives, "is a candidate, too"),
    "temperature ignored": (weights_without_temperature, "as if τ were 1"),
    "temperature multiplied": (weights_times_temperature, "multiplied by τ"),
    "a logarithm too many": (weights_with_a_log, "logarithms of probabilities"),
    "negatives only": (weights_of_negatives, "the positive has one"),
    "the loss, not its slope": (weights_as_a_loss, "a single number"),
    "the positive at a fixed place": (weights_positive_first, "not always the same candidate"),
    "overflow at a small temperature": (weights_by_the_formula, "too large for float32"),
}

RIGHT = [right_weights_by_autograd, right_weights_by_hand]

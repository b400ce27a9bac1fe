"""Answers to `projection_head(d_in, d_hidden, d_out) -> nn.Module`, wrong and right."""

from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional as F


def head_with_batch_norm(d_in, d_hidden, d_out):
    """Batch norm belongs into every head (it does in SimCLR's code)."""
    return nn.Sequential(nn.Linear(d_in, d_hidden), nn.BatchNorm1d(d_hidden), nn.ReLU(), nn.Linear(d_hidden, d_out))


def head_of_one_layer(d_in, d_hidden, d_out):
    """A head is a linear layer."""
    return nn.Linear(d_in, d_out)


def head_of_three_layers(d_in, d_hidden, d_out):
    """More layers are better (they are, in SimCLR v2)."""
    middle = nn.Linear(d_hidden, d_hidden)
    return nn.Sequential(nn.Linear(d_in, d_hidden), nn.ReLU(), middle, nn.ReLU(), nn.Linear(d_hidden, d_out))


def head_the_wrong_way_round(d_in, d_hidden, d_out):
    """A linear layer is made with (out, in), as its weight is stored."""
    return nn.Sequential(nn.Linear(d_hidden, d_in), nn.ReLU(), nn.Linear(d_out, d_hidden))


def head_as_wide_as_its_input(d_in, d_hidden, d_out):
    """The hidden layer has the width of h."""
    return nn.Sequential(nn.Linear(d_in, d_in), nn.ReLU(), nn.Linear(d_in, d_out))


def head_that_does_not_fit(d_in, d_hidden, d_out):
    """Both layers begin at d_in."""
    return nn.Sequential(nn.Linear(d_in, d_hidden), nn.ReLU(), nn.Linear(d_in, d_out))


def head_without_activation(d_in, d_hidden, d_out):
    """Two linear layers are a deeper network, with or without something in between."""
    return nn.Sequential(nn.Linear(d_in, d_hidden), nn.Linear(d_hidden, d_out))


def head_with_activation_first(d_in, d_hidden, d_out):
    """The activation stands before each layer, as in a pre-activation ResNet."""
    return nn.Sequential(nn.ReLU(), nn.Linear(d_in, d_hidden), nn.Linear(d_hidden, d_out))


def head_with_softmax(d_in, d_hidden, d_out):
    """A network ends with a softmax."""
    return nn.Sequential(nn.Linear(d_in, d_hidden), nn.ReLU(), nn.Linear(d_hidden, d_out), nn.Softmax(dim=1))


def head_with_unit_output(d_in, d_hidden, d_out):
    """The loss works on unit vectors, so the head has to make them."""

    class UnitLength(nn.Module):
        def forward(self, z):
            return F.normalize(z, dim=1)

    return nn.Sequential(head_with_activation_last(d_in, d_hidden, d_out)[:3], UnitLength())


def head_with_activation_last(d_in, d_hidden, d_out):
    """Every linear layer is followed by its ReLU."""
    return nn.Sequential(nn.Linear(d_in, d_hidden), nn.ReLU(), nn.Linear(d_hidden, d_out), nn.ReLU())


def head_with_gelu(d_in, d_hidden, d_out):
    """GELU is the modern choice."""
    return nn.Sequential(nn.Linear(d_in, d_hidden), nn.GELU(), nn.Linear(d_hidden, d_out))


def head_in_a_list(d_in, d_hidden, d_out):
    """A list of layers is a network."""
    return [nn.Linear(d_in, d_hidden), nn.ReLU(), nn.Linear(d_hidden, d_out)]


def right_head_named(d_in, d_hidden, d_out):
    """With names for its layers."""
    hidden, last = nn.Linear(d_in, d_hidden), nn.Linear(d_hidden, d_out, bias=False)
    return nn.Sequential(OrderedDict(hidden=hidden, relu=nn.ReLU(inplace=True), last=last))


def right_head_by_hand(d_in, d_hidden, d_out):
    """With weights of its own, stored as [in, out]."""

    class Head(nn.Module):
        def __init__(self):
            super().__init__()
            self.last = nn.Parameter(torch.randn(d_hidden, d_out) / d_hidden**0.5)
            self.first = nn.Parameter(torch.randn(d_in, d_hidden) / d_in**0.5)
            self.shift = nn.Parameter(torch.zeros(d_hidden))

        def forward(self, h):
            return (h @ self.first + self.shift).clamp(min=0) @ self.last

    return Head()


WRONG = {
    "wrong type": (head_in_a_list, "another type"),
    "a normalisation layer": (head_with_batch_norm, "without"),
    "too few layers": (head_of_one_layer, "Figure 8"),
    "too many layers": (head_of_three_layers, "One hidden layer"),
    "layer sizes the wrong way round": (head_the_wrong_way_round, "size of its input first"),
    "wrong hidden width": (head_as_wide_as_its_input, "width"),
    "the layers do not fit": (head_that_does_not_fit, "the second must take in"),
    "no activation between the layers": (head_without_activation, "one linear map"),
    "activation in front of the first layer": (head_with_activation_first, "before the head has seen it"),
    "softmax at the end": (head_with_softmax, "probabilities"),
    "normalised output": (head_with_unit_output, "Unit length"),
    "activation at the end": (head_with_activation_last, "No number in z is negative"),
    "another activation": (head_with_gelu, "not the one of the paper"),
}

RIGHT = [right_head_named, right_head_by_hand]

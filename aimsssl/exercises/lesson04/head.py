"""The projection head g: two linear layers and a ReLU between them (Chen et al. 2020, arXiv:2002.05709, §4.2)."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aimsssl.exercises.old_framework import Exercise, Wrong, call, expect, one_of
from aimsssl.models import ProjectionHead

D_IN, D_HIDDEN, D_OUT = 6, 10, 4  # all different, so that a swap shows


def _layers_of_the_head(student: Callable) -> None:
    """Two linear layers of the right widths, and no normalisation between or behind them."""
    head = call(student, D_IN, D_HIDDEN, D_OUT)
    if not isinstance(head, nn.Module):
        raise Wrong("wrong type", head, "an nn.Module")
    norms = [type(m).__name__ for m in head.modules() if "Norm" in type(m).__name__]
    if norms:
        raise Wrong("a normalisation layer", norms[0], "linear layers and one activation")
    weights = [parameter for parameter in head.parameters() if parameter.ndim == 2]
    if len(weights) != 2:
        name = "too few layers" if len(weights) < 2 else "too many layers"
        raise Wrong(name, f"{len(weights)} linear layer(s)", "2 linear layers")
    sizes = [(m.in_features, m.out_features) for m in head.modules() if isinstance(m, nn.Linear)]
    if len(sizes) == 2:  # else the student keeps the weights in another way; the forward pass judges them
        expect(
            f"sizes of the layers for d_in {D_IN}, d_hidden {D_HIDDEN}, d_out {D_OUT}",
            sizes,
            [(D_IN, D_HIDDEN), (D_HIDDEN, D_OUT)],
            likely={
                "layer sizes the wrong way round": one_of(
                    [(D_HIDDEN, D_IN), (D_OUT, D_HIDDEN)], [(D_OUT, D_HIDDEN), (D_HIDDEN, D_IN)]
                ),
                "wrong hidden width": lambda s: s[0][0] == D_IN and s[0][1] == s[1][0] and s[1][1] == D_OUT,
                "the layers do not fit": lambda s: s[0][1] != s[1][0],
            },
        )


def _output_of_the_head(student: Callable) -> None:
    """Its output is what its own weights give with one ReLU between the two layers."""
    head = call(student, D_IN, D_HIDDEN, D_OUT)
    h = torch.randn(32, D_IN)  # [B, d_in]
    with torch.no_grad():
        z = call(head, h)  # [B, d_out]
        right = _with_weights_of(head, h, F.relu)
        others = (F.gelu, torch.tanh, torch.sigmoid, F.silu, F.leaky_relu, F.elu)
        likely = {
            "no activation between the layers": _with_weights_of(head, h, lambda x: x),
            "activation in front of the first layer": _with_weights_of(head, F.relu(h), lambda x: x),
            "softmax at the end": lambda came: torch.allclose(came.sum(dim=1), torch.ones(32)) and came.min() >= 0,
            "normalised output": lambda came: torch.allclose(came.norm(dim=1), torch.ones(32), atol=1e-4),
            "activation at the end": lambda came: came.min() >= 0,
            "another activation": one_of(*(_with_weights_of(head, h, other) for other in others)),
        }
    expect("the output for 32 random rows", z, right, likely, atol=1e-5)


def _with_weights_of(head: nn.Module, h: Tensor, activation: Callable[[Tensor], Tensor]) -> Tensor:
    """What two layers with the weights of `head` give: `[B, d_in]` to `[B, d_out]`. Weights are told by their shape."""
    parameters = {tuple(parameter.shape): parameter for parameter in head.parameters()}
    parameters |= {shape[::-1]: parameter.T for shape, parameter in parameters.items() if len(shape) == 2}
    x = F.linear(h, parameters[D_HIDDEN, D_IN], parameters.get((D_HIDDEN,)))
    return F.linear(activation(x), parameters[D_OUT, D_HIDDEN], parameters.get((D_OUT,)))


projection_head = Exercise(
    lesson="04",
    name="projection_head",
    title="Build the projection head g that maps h to z.",
    difficulty="●○○",
    minutes=5,
    reference=ProjectionHead,
    hints=(
        "The head is a small network with one hidden layer. Which class of torch.nn puts layers one behind the other?",
        "nn.Sequential takes the layers in their order: a linear layer, an activation, a linear layer.",
        "The first layer is nn.Linear(d_in, d_hidden), then nn.ReLU(). What goes in and comes out of the last one?",
    ),
    checks=(_layers_of_the_head, _output_of_the_head),
    mistakes={
        "a normalisation layer": "The head of this exercise has none. SimCLR's code does put batch norm into the head, "
        "but the text of the paper (§4.2) describes it without, and here we follow the text.",
        "too few layers": "A single linear layer is the 'linear' head of the paper's Figure 8. It does less for h than "
        "a head with a hidden layer.",
        "too many layers": "One hidden layer is asked for.",
        "layer sizes the wrong way round": "A linear layer is made with the size of its input first, then the size of "
        "its output. h comes in, z goes out.",
        "wrong hidden width": "The layers fit together, but the layer in the middle does not have the width that the "
        "caller asked for. Which argument is it?",
        "the layers do not fit": "What the first layer gives out, the second must take in.",
        "no activation between the layers": "Two linear maps one behind the other are one linear map: the hidden layer "
        "adds nothing until something that is not linear stands in between.",
        "activation in front of the first layer": "h is cut off at zero before the head has seen it. The activation "
        "belongs further in.",
        "softmax at the end": "z is a point in a space, not a list of probabilities. The loss compares directions.",
        "normalised output": "Unit length is the loss's business: NT-Xent normalises z itself. The head gives z as it "
        "is.",
        "activation at the end": "No number in z is negative: an activation stands behind the last layer. All "
        "directions of z then lie in one corner of the space, and views that should be far apart cannot be.",
        "another activation": "The shape is right, but the nonlinearity is not the one of the paper. SimCLR takes "
        "ReLU.",
    },
)

"""The projection head g: two linear layers and a ReLU between them (Chen et al. 2020, arXiv:2002.05709, §4.2)."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aimsssl.exercises.calling import Raised, Wrong, call
from aimsssl.exercises.compare import kind
from aimsssl.exercises.framework import Case, Exercise, Seen
from aimsssl.models import ProjectionHead

RIGHT = "two layers with a ReLU between them"
ACTIVATIONS = (F.gelu, torch.tanh, torch.sigmoid, F.silu, F.leaky_relu, F.elu, F.softplus, torch.abs, F.relu6)


def _built(function: Callable, d_in: int, d_hidden: int, d_out: int) -> dict:
    """What a head is made of, and what its output is in terms of its own weights."""
    head = function(d_in, d_hidden, d_out)
    if not isinstance(head, nn.Module):
        raise Wrong("wrong type", f"It is {kind(head)}; an nn.Module is asked for.")
    h = torch.linspace(0.3, 30, 32)[:, None] * torch.randn(32, d_in)  # some activations stop at 6
    z, trouble = None, None
    try:
        z, again = call(head, h), call(head, h)
    except (Raised, Wrong) as error:
        trouble = error
    if not trouble and not isinstance(z, Tensor):
        raise Wrong("wrong type", f"Its output is {kind(z)}; a tensor is asked for.")
    sizes = _sizes(head, d_in, d_hidden, d_out)
    if trouble and sizes == sorted([(d_in, d_hidden), (d_hidden, d_out)]):
        raise trouble
    others = [type(m).__name__ for m in head.modules() if "Norm" in type(m).__name__]
    others += [type(m).__name__ for m in head.modules() if "Dropout" in type(m).__name__ and m.p > 0]
    return {
        "all its layers are known to the module": not _out_of_sight(head),
        "one input, one output": z is None or bool(z.equal(again)),
        "normalisation and dropout": others,
        "the sizes of its linear layers": sizes,
        "the sizes of its biases": sorted(len(p) for p in head.parameters() if p.ndim == 1),
        "weights that are all 0": sum(p.ndim == 2 and not p.any() for p in head.parameters()),
        "another head in the next call": _apart(head, function(d_in, d_hidden, d_out)),
        "its output": "none" if z is None else _meaning(head, h, z, d_in, d_hidden, d_out),
        "what a gradient reaches": "all" if z is None else _reached(head, h),
    }


def _apart(head: nn.Module, other: nn.Module) -> bool:
    """Whether no weight of one is a weight of the other."""
    return not {id(p) for p in head.parameters()} & {id(p) for p in other.parameters()}


def _out_of_sight(head: nn.Module) -> bool:
    """Whether layers are kept in plain lists, where a module does not look for parameters."""
    own = vars(nn.Module())
    kept = [value for m in head.modules() for name, value in vars(m).items() if name not in own]
    inside = [x for value in kept if isinstance(value, list | tuple) for x in value]
    inside += [x for value in kept if isinstance(value, dict) for x in value.values()]
    return any(isinstance(x, nn.Module | nn.Parameter) for x in inside)


def _sizes(head: nn.Module, *wanted: int) -> list[tuple[int, int]]:
    """In and out of each layer, sorted. Weights that are no nn.Linear may be kept either way round."""
    pairs = [tuple(wanted[:2]), tuple(wanted[1:])]
    linear = {id(m.weight): (m.in_features, m.out_features) for m in head.modules() if isinstance(m, nn.Linear)}
    found = []
    for p in head.parameters():
        if p.ndim == 2:
            size = linear.get(id(p), tuple(p.shape))
            found.append(size if id(p) in linear or size in pairs else size[::-1])
    return sorted(found)


def _meaning(head: nn.Module, h: Tensor, z: Tensor, d_in: int, d_hidden: int, d_out: int) -> str:
    """Words for what the output is, in terms of the head's own weights."""
    parameters = {tuple(parameter.shape): parameter for parameter in head.parameters()}
    turned = {shape[::-1]: parameter.T for shape, parameter in parameters.items() if len(shape) == 2}
    parameters = turned | parameters
    if not {(d_hidden, d_in), (d_out, d_hidden)} <= parameters.keys():
        return "of other layers"

    def both(between: Callable[[Tensor], Tensor], h: Tensor = h) -> Tensor:
        x = F.linear(h, parameters[d_hidden, d_in], parameters.get((d_hidden,)))
        return F.linear(between(x), parameters[d_out, d_hidden], parameters.get((d_out,)))

    right, plain = both(F.relu), both(lambda x: x)
    ends = (F.relu, *ACTIVATIONS)
    meanings = {
        RIGHT: [right],
        "no activation between the layers": [plain],
        "activation in front of the first layer": [both(lambda x: x, F.relu(h)), both(F.relu, F.relu(h))],
        "softmax at the end": [x.softmax(dim) for x in (right, plain) for dim in (0, 1)],
        "log-softmax at the end": [x.log_softmax(1) for x in (right, plain)],
        "unit length": [F.normalize(x, dim=dim) for x in (right, plain) for dim in (0, 1)],
        "activation at the end": [end(x) for end in ends for x in (right, plain)],
        "another activation": [both(other) for other in ACTIVATIONS],
    }
    for words, candidates in meanings.items():
        if any(z.shape == x.shape and torch.allclose(z, x, rtol=1e-4, atol=1e-5) for x in candidates):
            return words if z.requires_grad else "without a gradient"
    return "something else"


def _reached(head: nn.Module, h: Tensor) -> str:
    """What gets a gradient from z: all weights, and h, behind which the encoder stands."""
    h = h.clone().requires_grad_()
    z = head(h.clone())
    if not z.requires_grad:
        return "nothing"
    weights = [p for p in head.parameters() if p.requires_grad]
    to_h, *to_weights = torch.autograd.grad(z.sum(), [h, *weights], allow_unused=True)
    if to_h is None:
        return "not h"
    all_learn = len(weights) == len([*head.parameters()]) and all(g is not None for g in to_weights)
    return "all" if all_learn else "not all weights"


def _of_one(function: Callable, d_in: int, d_hidden: int, d_out: int) -> dict:
    """What a single h gives, and how many layers there are."""
    head = function(d_in, d_hidden, d_out)
    if not isinstance(head, nn.Module):
        raise Wrong("wrong type", f"It is {kind(head)}; an nn.Module is asked for.")
    layers = sum(p.ndim == 2 for p in head.parameters())
    return {"the shape of z": list(call(head, torch.randn(1, d_in)).shape), "how many linear layers": layers}


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
    cases=(
        Case("d_in 6, d_hidden 10, d_out 4", lambda: (6, 10, 4), _built, shown=False),
        Case("d_in 5, d_hidden 5, d_out 1, and one h", lambda: (5, 5, 1), _of_one, shown=False),
    ),
)

mistake, also = projection_head.mistake, projection_head.also


def _says(part: str, *answers: object) -> Callable[[Seen], bool]:
    return lambda seen: seen.came[part] in answers


def _count(right: Callable[[int], bool]) -> Callable[[Seen], bool]:
    return lambda seen: right(len(seen.came["the sizes of its linear layers"]))


@mistake(
    "the module does not know its layers",
    "The layers are kept in a plain Python list (or tuple, or dictionary). PyTorch does not look there: to the "
    "optimiser they do not exist, and they would never learn. There are containers for this in torch.nn.",
    looks=_says("all its layers are known to the module", False),
)
def _(d_in, d_hidden, d_out):
    """A list of layers is as good as another."""

    class Head(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = [nn.Linear(d_in, d_hidden), nn.ReLU(), nn.Linear(d_hidden, d_out)]

        def forward(self, h):
            for layer in self.layers:
                h = layer(h)
            return h

    return Head()


@mistake(
    "dropout",
    "There is a dropout layer. Two linear layers and one ReLU are asked for, nothing else.",
    looks=lambda seen: any("Dropout" in name for name in seen.came["normalisation and dropout"]),
)
def _(d_in, d_hidden, d_out):
    """Dropout belongs into every head."""
    return nn.Sequential(nn.Linear(d_in, d_hidden), nn.ReLU(), nn.Dropout(0.5), nn.Linear(d_hidden, d_out))


@mistake(
    "other layers in every call",
    "The same h gives another z each time: the layers are made anew in each call, so nothing that they learn is kept. "
    "A module makes its layers once, in __init__.",
    looks=_says("one input, one output", False),
)
def _(d_in, d_hidden, d_out):
    """The layers are made where they are needed."""

    class Head(nn.Module):
        def forward(self, h):
            return nn.Linear(d_hidden, d_out)(nn.Linear(d_in, d_hidden)(h).relu())

    return Head()


@mistake(
    "a normalisation layer",
    "There is a normalisation layer in the head. SimCLR's code has batch norm there, "
    "but the text of the paper (§4.2) describes it without, and here we follow the text.",
    looks=lambda seen: bool(seen.came["normalisation and dropout"]),
)
def _(d_in, d_hidden, d_out):
    """Batch norm belongs into every head (it does in SimCLR's code)."""
    return nn.Sequential(nn.Linear(d_in, d_hidden), nn.BatchNorm1d(d_hidden), nn.ReLU(), nn.Linear(d_hidden, d_out))


@mistake(
    "too few layers",
    "A single linear layer is the 'linear' head of the paper's Figure 8. It does less for h than a head with a hidden "
    "layer.",
    looks=_count(lambda count: count < 2),
)
def _(d_in, d_hidden, d_out):
    """A head is a linear layer."""
    return nn.Linear(d_in, d_out)


@mistake("too many layers", "One hidden layer is asked for.", looks=_count(lambda count: count > 2))
def _(d_in, d_hidden, d_out):
    """More layers are better (they are, in SimCLR v2)."""
    middle = nn.Linear(d_hidden, d_hidden)
    return nn.Sequential(nn.Linear(d_in, d_hidden), nn.ReLU(), middle, nn.ReLU(), nn.Linear(d_hidden, d_out))


@mistake(
    "layer sizes the wrong way round",
    "A linear layer is made with the size of its input first, then the size of its output. h comes in, z goes out.",
)
def _(d_in, d_hidden, d_out):
    """A linear layer is made with (out, in), as its weight is stored."""
    return nn.Sequential(nn.Linear(d_hidden, d_in), nn.ReLU(), nn.Linear(d_out, d_hidden))


@also("layer sizes the wrong way round")
def _(d_in, d_hidden, d_out):
    return nn.Sequential(nn.Linear(d_out, d_hidden), nn.ReLU(), nn.Linear(d_hidden, d_in))


@mistake(
    "sizes written into the function",
    "The head has the same sizes whatever the caller asks for. The arguments say them.",
)
def _(d_in, d_hidden, d_out):
    """The sizes are those of the example."""
    return nn.Sequential(nn.Linear(6, 10), nn.ReLU(), nn.Linear(10, 4))


@also("sizes written into the function")
def _(d_in, d_hidden, d_out):
    return nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 8))


@mistake(
    "the layers do not fit",
    "What the first layer gives out, the second must take in.",
    looks=lambda seen: seen.came["its output"] == "none",
)
def _(d_in, d_hidden, d_out):
    """Both layers begin at d_in."""
    return nn.Sequential(nn.Linear(d_in, d_hidden), nn.ReLU(), nn.Linear(d_in, d_out))


@mistake(
    "squeezed",
    "With one h (or d_out = 1) a dimension is gone: squeeze takes away all of size 1. z is [B, d_out], always.",
)
def _(d_in, d_hidden, d_out):
    """squeeze tidies up."""

    class Head(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(d_in, d_hidden), nn.ReLU(), nn.Linear(d_hidden, d_out))

        def forward(self, h):
            return self.layers(h).squeeze()

    return Head()


@mistake(
    "a layer left out where sizes agree",
    "Where d_in is d_hidden a layer is missing. It changes the directions, not only the size.",
)
def _(d_in, d_hidden, d_out):
    """From 5 to 5 there is nothing to do."""
    first = [] if d_in == d_hidden else [nn.Linear(d_in, d_hidden)]
    return nn.Sequential(*first, nn.ReLU(), nn.Linear(d_hidden, d_out))


@mistake(
    "an output of fixed width",
    "z has the same width whatever `d_out` says: a number was written into the function.",
    looks=lambda seen: (
        (sizes := seen.came["the sizes of its linear layers"]) != seen.expected["the sizes of its linear layers"]
        and len(sizes) == 2
        and seen.inputs[:2] in sizes
        and {128, 64, 256, 512, 2048} & {out for into, out in sizes if into == seen.inputs[1]}
    ),
)
def _(d_in, d_hidden, d_out):
    """z has 128 numbers, as in the paper."""
    return nn.Sequential(nn.Linear(d_in, d_hidden), nn.ReLU(), nn.Linear(d_hidden, 128))


@mistake(
    "wrong hidden width",
    "The layers fit together, but the layer in the middle does not have the width that the caller asked for. Which "
    "argument is it?",
    looks=lambda seen: seen.came["its output"] == "of other layers",
)
def _(d_in, d_hidden, d_out):
    """The hidden layer has the width of h."""
    return nn.Sequential(nn.Linear(d_in, d_in), nn.ReLU(), nn.Linear(d_in, d_out))


@mistake(
    "wrong output width",
    "z does not have the width that the caller asked for. Which argument is it?",
)
def _(d_in, d_hidden, d_out):
    """z is as wide as h."""
    return nn.Sequential(nn.Linear(d_in, d_hidden), nn.ReLU(), nn.Linear(d_hidden, d_in))


@also("wrong output width")
def _(d_in, d_hidden, d_out):
    return nn.Sequential(nn.Linear(d_in, d_hidden), nn.ReLU(), nn.Linear(d_hidden, d_hidden))


@mistake(
    "a layer without its bias",
    "A linear layer has a weight and a bias, and both are asked for. One is missing (or one too many is there).",
    looks=lambda seen: seen.part()[0] == "the sizes of its biases",
)
def _(d_in, d_hidden, d_out):
    """The formula has W only."""
    first, last = nn.Linear(d_in, d_hidden, bias=False), nn.Linear(d_hidden, d_out, bias=False)
    return nn.Sequential(first, nn.ReLU(), last)


@also("a layer without its bias")
def _(d_in, d_hidden, d_out):
    return nn.Sequential(nn.Linear(d_in, d_hidden), nn.ReLU(), nn.Linear(d_hidden, d_out, bias=False))


@mistake(
    "no activation between the layers",
    "Two linear maps one behind the other are one linear map: the hidden layer adds nothing until something that is "
    "not linear stands in between.",
)
def _(d_in, d_hidden, d_out):
    """Two linear layers are a deeper network, with or without something in between."""
    return nn.Sequential(nn.Linear(d_in, d_hidden), nn.Linear(d_hidden, d_out))


@mistake(
    "activation in front of the first layer",
    "h is cut off at zero before the head has seen it. The activation belongs further in.",
)
def _(d_in, d_hidden, d_out):
    """The activation stands before each layer, as in a pre-activation ResNet."""
    return nn.Sequential(nn.ReLU(), nn.Linear(d_in, d_hidden), nn.Linear(d_hidden, d_out))


def _and(d_in: int, d_hidden: int, d_out: int, last: Callable[[Tensor], Tensor], between: type = nn.ReLU) -> nn.Module:
    """The right head, or one with another layer in between, and something behind it."""

    class Head(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.last = nn.Linear(d_in, d_hidden), nn.Linear(d_hidden, d_out)

        def forward(self, h):
            return last(self.last(between()(self.first(h))))

    return Head()


@mistake(
    "softmax at the end",
    "z is a point in a space, not a list of probabilities. The loss compares directions.",
)
def _(d_in, d_hidden, d_out):
    """A network ends with a softmax."""
    return _and(d_in, d_hidden, d_out, lambda z: z.softmax(dim=1))


@mistake(
    "log-softmax at the end",
    "z is a point in a space, not a list of log-probabilities. The loss compares directions.",
)
def _(d_in, d_hidden, d_out):
    """A network ends with a log-softmax."""
    return _and(d_in, d_hidden, d_out, lambda z: z.log_softmax(dim=1))


@mistake(
    "normalised output",
    "Unit length is the loss's business: NT-Xent normalises z itself. The head gives z as it is.",
)
def _(d_in, d_hidden, d_out):
    """The loss works on unit vectors, so the head has to make them."""
    return _and(d_in, d_hidden, d_out, lambda z: F.normalize(z, dim=1))


@mistake(
    "activation at the end",
    "An activation stands behind the last layer. It cuts off or bends z: with a ReLU all directions of z lie in one "
    "corner of the space, and views that should be far apart cannot be.",
)
def _(d_in, d_hidden, d_out):
    """Every linear layer is followed by its ReLU."""
    return _and(d_in, d_hidden, d_out, F.relu)


@mistake(
    "another activation",
    "The shape is right, but the nonlinearity is not the one of the paper. SimCLR takes ReLU.",
)
def _(d_in, d_hidden, d_out):
    """GELU is the modern choice."""
    return _and(d_in, d_hidden, d_out, lambda z: z, nn.GELU)


@mistake(
    "no gradient",
    "The output is right, but no gradient flows back from it to the layers: they would never learn.",
)
def _(d_in, d_hidden, d_out):
    """The output is a tensor of numbers."""
    return _and(d_in, d_hidden, d_out, Tensor.detach)


@mistake(
    "the way to the encoder cut",
    "The output is right, but no gradient comes back to h: the head would learn, and the encoder behind it never.",
    looks=_says("what a gradient reaches", "not h"),
)
def _(d_in, d_hidden, d_out):
    """The head is trained alone."""
    head = _and(d_in, d_hidden, d_out, lambda z: z)
    head.register_forward_pre_hook(lambda module, given: given[0].detach())
    return head


@mistake(
    "a layer that does not learn",
    "The output is right, but a weight or a bias gets no gradient: it stays what it is, however long one trains.",
    looks=_says("what a gradient reaches", "not all weights"),
)
def _(d_in, d_hidden, d_out):
    """Random features are enough for the first layer."""
    head = _and(d_in, d_hidden, d_out, lambda z: z)
    head.first.requires_grad_(False)
    return head


@mistake(
    "something else on the way",
    "Layers and sizes are right, but the output is not what the formula makes of these layers. What else happens "
    "between h and z?",
    looks=_says("its output", "something else"),
)
def _(d_in, d_hidden, d_out):
    """A little more is done to z."""
    return _and(d_in, d_hidden, d_out, lambda z: z - z.mean(dim=1, keepdim=True))


@mistake(
    "weights that are all 0",
    "A layer's weights are all 0. Then z says nothing of h, and hardly a gradient flows: leave the random weights of "
    "the layers as they are.",
    looks=lambda seen: seen.came["weights that are all 0"] > 0,
)
def _(d_in, d_hidden, d_out):
    """A network that has learned nothing yet is 0."""
    head = _and(d_in, d_hidden, d_out, lambda z: z)
    for parameter in head.parameters():
        nn.init.zeros_(parameter)
    return head


@mistake(
    "one head for all",
    "Two calls gave the same weights. Whoever asks for a head wants a new one.",
    looks=_says("another head in the next call", False),
)
def _(d_in, d_hidden, d_out, made={}):  # noqa: B006
    """A head of these sizes is there already."""
    return made.setdefault((d_in, d_hidden, d_out), _and(d_in, d_hidden, d_out, lambda z: z))

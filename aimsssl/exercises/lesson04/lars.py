"""One step of LARS for one layer, as in google-research/simclr (You et al. 2017, arXiv:1708.03888)."""

from collections.abc import Callable
from types import SimpleNamespace

import torch
from torch import Tensor, nn

from aimsssl import optim
from aimsssl.exercises.framework import Case, Exercise


def _reference_lars_step(
    w: Tensor,
    g: Tensor,
    velocity: Tensor,
    lr: float,
    momentum: float,
    weight_decay: float,
    trust_coefficient: float,
) -> tuple[Tensor, Tensor]:
    """One step of `aimsssl.optim.LARS` on one tensor: `(new_w, new_velocity)`, each of the shape of `w`."""
    parameter = nn.Parameter(w.detach().clone())
    parameter.grad = g.detach().clone()
    optimizer = optim.LARS([parameter], lr, momentum, weight_decay, trust_coefficient)
    optimizer.state[parameter]["velocity"] = velocity.detach().clone()
    optimizer.step()
    return parameter.detach(), optimizer.state[parameter]["velocity"]


def _both(function: Callable, w, g, velocity, lr, momentum, weight_decay, trust_coefficient) -> dict:
    """The velocity first: where it is wrong, the weights cannot be right."""
    new_w, new_velocity = function(w, g, velocity, lr, momentum, weight_decay, trust_coefficient)
    return {"new_velocity": new_velocity, "new_w": new_w}


def _layer(*shape: int, weights: float = 2.0, gradient: float = 0.3, velocity: float = 0.05) -> tuple[Tensor, ...]:
    """w, g and velocity of a layer; a size of 0 makes all zeros. One number of w is 0, and one of g."""
    w, g, v = (size * torch.randn(shape) for size in (weights, gradient, velocity))
    w.view(-1)[0] = g.view(-1)[-1] = 0
    return w, g, v


lars_step = Exercise(
    lesson="04",
    name="lars_step",
    title="Write one step of LARS for one layer.",
    difficulty="●●○",
    minutes=15,
    reference=_reference_lars_step,
    hints=(
        "Go in four small steps: the gradient with weight decay, the trust ratio, the velocity, the weights. "
        "Give each its own line and its own name.",
        "Call the gradient with weight decay d. The trust ratio compares the length of w with the length of d, and the "
        "learning rate multiplies only what is new. What is the ratio where one of the two lengths is 0?",
        "d is g plus weight_decay times w. trust is trust_coefficient times the norm of w over the norm of d, or 1 "
        "where a norm is 0. The velocity keeps momentum times its old self and gains lr times trust times d. "
        "The weights lose the new velocity.",
    ),
    cases=(
        Case(
            "the first step: velocity 0, no weight decay, a small gradient",
            lambda: (*_layer(5, 3, weights=0.1, gradient=1e-7, velocity=0), 0.5, 0.9, 0.0, 0.02),
            _both,
        ),
        Case(
            "a convolution in motion, with weight decay 0.3",
            lambda: (*_layer(4, 2, 3, 3, weights=1.0, gradient=2.0), 0.1, 0.7, 0.3, 0.05),
            _both,
        ),
        Case("g is all zeros, no weight decay", lambda: (*_layer(5, 3, gradient=0), 0.5, 0.9, 0.0, 0.02), _both),
        Case("w is all zeros", lambda: (*_layer(5, 3, weights=0), 2.0, 0.5, 0.2, 0.02), _both),
        Case(
            "a layer in motion at the rate 0",
            lambda: (*_layer(5, 3), 0.0, 0.9, 0.1, 0.02),
            _both,
        ),
        Case(
            "g is all zeros, weight decay 0.2, small weights",
            lambda: (*_layer(5, 3, weights=1e-4, gradient=0, velocity=0), 20.0, 0.9, 0.2, 0.02),
            _both,
        ),
    ),
)


def _trust(w: Tensor, d: Tensor, coefficient: float, at_zero: float = 1.0, of: Callable = torch.norm) -> Tensor | float:
    """The trust ratio; `of` says what is taken of both."""
    return coefficient * of(w) / of(d) if w.norm() > 0 and d.norm() > 0 else at_zero


RIGHT = {
    "d": lambda s: s.g + s.weight_decay * s.w,
    "trust": lambda s: _trust(s.w, s.d, s.coefficient),
    "new": lambda s: s.lr * s.trust * s.d,
    "v": lambda s: s.momentum * s.velocity + s.new,
    "result": lambda s: (s.w - s.v, s.v),
}


def _slip(thought: str, **changed: Callable) -> Callable:
    """The four right steps, some of them changed: each takes what is there so far."""

    def wrong(w, g, velocity, lr, momentum, weight_decay, trust_coefficient):
        s = SimpleNamespace(
            w=w, g=g, velocity=velocity, lr=lr, momentum=momentum, weight_decay=weight_decay,
            coefficient=trust_coefficient,
        )  # fmt: skip
        for name, step in RIGHT.items():
            setattr(s, name, changed.get(name, step)(s))
        return s.result

    wrong.__doc__ = thought
    return wrong


def slip(name: str, message: str, thought: str, looks: Callable | None = None, **changed: Callable) -> None:
    """A mistake that is the right function but for what is changed."""
    lars_step.mistake(name, message, looks)(_slip(thought, **changed))


def also_slip(name: str, **changed: Callable) -> None:
    """Another form of it."""
    lars_step.also(name)(_slip("", **changed))


# ---- the trust ratio

slip(
    "trust ratio upside down",
    "A layer with large weights shall take large steps, one with a large gradient small ones. Here it is the other way "
    "round.",
    "The ratio is gradient over weight: large gradients, large steps.",
    trust=lambda s: _trust(s.d, s.w, s.coefficient),
)
also_slip("trust ratio upside down", trust=lambda s: s.coefficient * s.d.norm() / s.w.norm())
slip(
    "trust coefficient missing",
    "The ratio of the norms alone moves a layer by its whole length at lr = 1. One argument is there to make that a "
    "small part of it.",
    "The trust ratio is the ratio of the norms, and that is all.",
    trust=lambda s: _trust(s.w, s.d, 1.0),
)
slip(
    "divided by the trust coefficient",
    "The trust coefficient divides. It is there to make the ratio a small part of itself.",
    "The coefficient stands under the fraction.",
    trust=lambda s: _trust(s.w, s.d, 1 / s.coefficient),
)
slip(
    "trust ratio missing",
    "This is SGD with momentum: every layer has the same rate. LARS gives each layer a rate of its own, by the norms "
    "of its weights and of its gradient. (Or is the ratio 1 because a single entry is 0? Ask the norms.)",
    "SGD with momentum is close enough.",
    trust=lambda s: 1.0,
)
also_slip("trust ratio missing", trust=lambda s: s.coefficient)
slip(
    "trust ratio used twice",
    "The trust ratio is in the velocity, and in the step as well.",
    "The layer's rate scales the step.",
    result=lambda s: (s.w - s.trust * s.v, s.v),
)
slip(
    "trust ratio outside the momentum buffer",
    "The ratio of today multiplies the whole velocity, old steps too. In LARS each new part meets its own ratio on its "
    "way into the velocity.",
    "The trust ratio scales the step at the end.",
    new=lambda s: s.lr * s.d,
    result=lambda s: (s.w - s.trust * s.v, s.v),
)
also_slip("trust ratio outside the momentum buffer", v=lambda s: s.trust * (s.momentum * s.velocity + s.lr * s.d))
also_slip("trust ratio outside the momentum buffer", v=lambda s: s.lr * s.trust * (s.momentum * s.velocity + s.d))
slip(
    "trust ratio cut off",
    "A limit was set to the trust ratio. The formula has none: for a small gradient the ratio may be far above 1.",
    "A trust is a share, so it is at most 1.",
    trust=lambda s: min(float(_trust(s.w, s.d, s.coefficient)), 1.0),
)
for _limit in (10.0, 50.0, 100.0):
    also_slip("trust ratio cut off", trust=lambda s, limit=_limit: min(float(_trust(s.w, s.d, s.coefficient)), limit))
also_slip("trust ratio cut off", trust=lambda s: min(float(_trust(s.w, s.d, 1.0)), 1.0) * s.coefficient)
also_slip(
    "trust ratio cut off",
    trust=lambda s: (
        min(float(_trust(s.w, s.d, s.coefficient)), s.coefficient) if s.w.norm() > 0 and s.d.norm() > 0 else 1.0
    ),
)
also_slip("trust ratio cut off", trust=lambda s: max(float(_trust(s.w, s.d, s.coefficient)), 1.0))
slip(
    "squares for norms",
    "The ratio is that of the squared norms: the root is missing.",
    "A norm is a sum of squares.",
    trust=lambda s: _trust(s.w, s.d, s.coefficient, of=lambda x: x.square().sum()),
)
slip(
    "another norm",
    "The lengths are not Euclidean ones: ‖·‖ is the root of the sum of the squares.",
    "A norm is the sum of the absolute values.",
    trust=lambda s: _trust(s.w, s.d, s.coefficient, of=lambda x: x.norm(1)),
)
also_slip(
    "another norm",
    trust=lambda s: _trust(s.w, s.d, s.coefficient, of=lambda x: x.abs().max()),
)
also_slip("another norm", trust=lambda s: _trust(s.w, s.d, s.coefficient, of=torch.std))
also_slip(
    "another norm", trust=lambda s: _trust(s.w, s.d, s.coefficient, of=lambda x: torch.linalg.norm(x.flatten(1), 2))
)
slip(
    "a ratio for each row",
    "There is one trust ratio a row (or a column). It is one number for the whole layer.",
    "The norm is taken along dim 1.",
    trust=lambda s: _by_row(s, 1),
)
also_slip("a ratio for each row", trust=lambda s: _by_row(s, 0))
also_slip("a ratio for each row", trust=lambda s: _by_row(s, -1))
also_slip("a ratio for each row", trust=lambda s: _by_row(s, tuple(range(1, s.w.ndim))))
slip(
    "a small norm taken for zero",
    "A norm that is only small was treated as 0. Late in training all gradients are small, and the ratio is there for "
    "just that: only an exact 0 has nothing to compare.",
    "Below some small number everything is noise.",
    trust=lambda s: _trust(s.w, s.d, s.coefficient) if min(s.w.norm(), s.d.norm()) > 1e-3 else 1.0,
)
slip(
    "a small number under the fraction",
    "A number was added to the norm under the fraction. It is not small beside a small gradient, and the ratio is "
    "there for just that. Ask whether a norm is 0, and add nothing.",
    "A small number keeps the division safe.",
    trust=lambda s: s.coefficient * s.w.norm() / (s.d.norm() + 1e-3) if s.w.norm() > 0 and s.d.norm() > 0 else 1.0,
)
for _small in (1e-1, 1e-2, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8):
    also_slip(
        "a small number under the fraction",
        trust=lambda s, small=_small: (
            s.coefficient * s.w.norm() / (s.d.norm() + small) if s.w.norm() > 0 and s.d.norm() > 0 else 1.0
        ),
    )
    also_slip(
        "a small number under the fraction",
        trust=lambda s, small=_small: s.coefficient * s.w.norm() / (s.d.norm() + small),
    )
slip(
    "no velocity where a norm is zero",
    "Where a norm is 0 the trust is 1, and everything else is as always: the old velocity goes on.",
    "A layer with nothing to compare gets plain SGD.",
    v=lambda s: RIGHT["v"](s) if s.w.norm() > 0 and s.d.norm() > 0 else s.new,
)


def _by_row(s: SimpleNamespace, dim: int) -> Tensor:
    above, below = s.w.norm(dim=dim, keepdim=True), s.d.norm(dim=dim, keepdim=True)
    return torch.where(above * below > 0, s.coefficient * above / below, 1.0)


# ---- where a norm is zero

slip(
    "a division by a norm of zero",
    "A norm of 0 stands under a fraction (or 0 times infinity was taken), and NaN spreads through the whole network in "
    "one step. What should the ratio be there?",
    "A norm is never exactly 0.",
    looks=lambda seen: seen.part()[1].isnan().any(),
    trust=lambda s: s.coefficient * s.w.norm() / s.d.norm() if s.w.norm() > 0 else 1.0,
)
also_slip("a division by a norm of zero", trust=lambda s: s.coefficient * s.w.norm() / s.d.norm())
slip(
    "a layer of zeros never moves",
    "The trust ratio is 0 for a layer whose weights are all 0, so it stays at 0 for ever. A layer may start there (the "
    "last layer of a residual block often does).",
    "A small number under the fraction is enough against division by 0.",
    trust=lambda s: s.coefficient * s.w.norm() / (s.d.norm() + 1e-9),
)
also_slip("a layer of zeros never moves", trust=lambda s: _trust(s.w, s.d, s.coefficient, at_zero=0.0))
also_slip(
    "a layer of zeros never moves", trust=lambda s: s.coefficient * s.w.norm() / s.d.norm() if s.d.norm() > 0 else 1.0
)
also_slip(
    "a layer of zeros never moves",
    trust=lambda s: s.coefficient * s.w.norm().clamp(min=1e-8) / s.d.norm().clamp(min=1e-8),
)
slip(
    "wrong trust where a norm is zero",
    "Where a norm is 0 there is nothing to compare, and the step is that of plain SGD: no coefficient either.",
    "Where a norm is 0, the ratio of the norms is 1, and the coefficient still multiplies it.",
    trust=lambda s: _trust(s.w, s.d, s.coefficient, at_zero=s.coefficient),
)
slip(
    "the gradient's norm asked, not that of d",
    "The trust ratio was set to 1 because g is 0. But d is not: it has the weight decay in it, and that is what the "
    "norm under the fraction is taken of.",
    "Without a gradient there is nothing to compare.",
    trust=lambda s: _trust(s.w, s.d, s.coefficient) if s.g.norm() > 0 else 1.0,
)

slip(
    "no step where a norm is zero",
    "Where a norm is 0 nothing happens at all. Only the trust ratio is special there, it is 1: weight decay and "
    "momentum still move the weights.",
    "Without a gradient there is no step.",
    result=lambda s: (s.w - s.v, s.v) if s.w.norm() * s.g.norm() > 0 else (s.w, s.velocity),
)
for _norm in (lambda s: s.w.norm() * s.d.norm(), lambda s: s.w.norm(), lambda s: s.g.norm(), lambda s: s.d.norm()):
    also_slip(
        "no step where a norm is zero",
        result=lambda s, norm=_norm: (s.w - s.v, s.v) if norm(s) > 0 else (s.w, s.velocity),
    )
slip(
    "no step at the rate 0",
    "At the rate 0 nothing was done. The velocity still fades, and still moves the weights.",
    "Without a rate there is no step.",
    result=lambda s: (s.w - s.v, s.v) if s.lr > 0 else (s.w, s.velocity),
)

# ---- weight decay

slip(
    "weight decay forgotten",
    "weight_decay changes nothing in the result.",
    "Weight decay is the business of somebody else.",
    d=lambda s: s.g,
)
slip(
    "weight decay beside the trust ratio",
    "Weight decay acts on the weights directly, as in AdamW. In LARS it is a part of the gradient, and the trust ratio "
    "scales both.",
    "Weight decay acts on the weights directly, as in AdamW.",
    d=lambda s: s.g,
    result=lambda s: (s.w - s.v - s.lr * s.weight_decay * s.w, s.v),
)
also_slip(
    "weight decay beside the trust ratio", d=lambda s: s.g, result=lambda s: (s.w - s.v - s.weight_decay * s.w, s.v)
)
also_slip(
    "weight decay beside the trust ratio", d=lambda s: s.g, new=lambda s: s.lr * (s.trust * s.g + s.weight_decay * s.w)
)
also_slip(
    "weight decay beside the trust ratio", d=lambda s: s.g, new=lambda s: s.lr * s.trust * s.g + s.weight_decay * s.w
)
slip(
    "trust ratio without the weight decay",
    "The step has weight decay in it, the norm under the fraction does not. Both must speak of the same vector.",
    "The trust ratio compares w with g, and weight decay comes after it.",
    trust=lambda s: _trust(s.w, s.g, s.coefficient),
)
slip(
    "step without the weight decay",
    "The norm under the fraction has weight decay in it, the step does not. Both must speak of the same vector.",
    "Weight decay is a part of the trust ratio.",
    new=lambda s: s.lr * s.trust * s.g,
)
slip(
    "a sum of norms for the norm of a sum",
    "This is the form in the paper of LARS (You et al. 2017): two norms, added. SimCLR's code, which we follow, adds "
    "the vectors and then takes one norm.",
    "The denominator is that of the LARS paper: both norms, added.",
    trust=lambda s: (
        s.coefficient * s.w.norm() / (s.g.norm() + s.weight_decay * s.w.norm())
        if s.w.norm() > 0 and s.d.norm() > 0
        else 1.0
    ),
)
slip(
    "weight decay with the wrong sign",
    "Weight decay makes the weights longer here. It should make them shorter.",
    "Decay is a loss, so it is taken away from the gradient.",
    d=lambda s: s.g - s.weight_decay * s.w,
)
slip(
    "weight decay times the learning rate",
    "Inside d, weight decay was multiplied by the learning rate; the rate comes later, for all of d.",
    "Everything is scaled by the learning rate.",
    d=lambda s: s.g + s.lr * s.weight_decay * s.w,
)

slip(
    "weight decay twice",
    "Weight decay is in the gradient, and the weights are made shorter by it once more.",
    "The decay belongs to the weights, too.",
    result=lambda s: (s.w * (1 - s.lr * s.weight_decay) - s.v, s.v),
)

slip(
    "another decay",
    "The part of d that comes from weight decay is not λw: each weight, times weight_decay, once.",
    "λ is added to every gradient.",
    d=lambda s: s.g + s.weight_decay,
)
also_slip("another decay", d=lambda s: s.g + s.weight_decay * s.w.square())
also_slip("another decay", d=lambda s: s.g + 2 * s.weight_decay * s.w)
also_slip("another decay", d=lambda s: s.g + s.weight_decay * s.w.norm())
also_slip("another decay", d=lambda s: s.g + s.weight_decay * s.w.sign())
also_slip("another decay", d=lambda s: s.weight_decay * s.g + s.w)

# ---- the velocity

slip(
    "learning rate outside the momentum buffer",
    "The velocity holds old gradients without their rates, and the rate of today multiplies them all. With a constant "
    "rate nobody sees it; under a schedule, old gradients are scaled again at every step. In LARS a gradient meets the "
    "learning rate once, on its way into the velocity.",
    "The learning rate scales the whole step at the end, as in PyTorch's SGD.",
    new=lambda s: s.trust * s.d,
    result=lambda s: (s.w - s.lr * s.v, s.v),
)
also_slip(
    "learning rate outside the momentum buffer",
    new=lambda s: s.trust * s.d,
    result=lambda s: (s.w - s.lr * s.v, s.lr * s.v),
)
also_slip("learning rate outside the momentum buffer", v=lambda s: s.lr * s.momentum * s.velocity + s.new)
slip(
    "the order of PyTorch's SGD",
    "The velocity collects plain gradients, as in PyTorch's SGD, and lr and the trust ratio of today multiply all of "
    "it. In LARS each gradient meets the rate and the trust ratio of its own step, on its way into the velocity.",
    "v = m·v + d, then w −= lr·trust·v.",
    new=lambda s: s.d,
    result=lambda s: (s.w - s.lr * s.trust * s.v, s.v),
)
slip(
    "learning rate forgotten",
    "The step does not depend on lr.",
    "The trust ratio is the layer's learning rate.",
    new=lambda s: s.trust * s.d,
)
slip(
    "learning rate used twice",
    "The velocity already has the learning rate in it.",
    "The learning rate is in the velocity, and in the step as well.",
    result=lambda s: (s.w - s.lr * s.v, s.v),
)
slip(
    "velocity forgotten",
    "The new velocity does not depend on the old one: a step without momentum.",
    "Each step begins anew.",
    v=lambda s: s.new,
)
slip(
    "momentum forgotten",
    "The old velocity is kept whole. Then nothing ever fades, and the weights fly away.",
    "The velocity adds up, undamped.",
    v=lambda s: s.velocity + s.new,
)
slip(
    "new gradients damped",
    "This is a running mean, as in Adam. Here the old velocity fades, and the new part is added as it is.",
    "Momentum is a running mean: the new part has the weight 1 − momentum.",
    v=lambda s: s.momentum * s.velocity + (1 - s.momentum) * s.new,
)
also_slip(
    "new gradients damped",
    v=lambda s: s.momentum * s.velocity + (1 - s.momentum) * s.new if s.velocity.any() else s.new,
)
slip(
    "momentum at the wrong part",
    "Momentum says how much of the *old* velocity is kept. Here it multiplies something else, or is 1 − momentum.",
    "Momentum is what the new part is scaled with.",
    v=lambda s: s.velocity + s.momentum * s.new,
)
also_slip("momentum at the wrong part", v=lambda s: s.momentum * (s.velocity + s.new))
also_slip("momentum at the wrong part", v=lambda s: (1 - s.momentum) * s.velocity + s.new)
also_slip("momentum at the wrong part", v=lambda s: (1 - s.momentum) * s.velocity + s.momentum * s.new)
slip(
    "the velocity with a minus sign",
    "In the formula the velocity is added up with a plus, and the weights lose it. Here the velocity has the sign of "
    "the step: whoever goes on with it later goes the wrong way.",
    "The velocity points to where the weights go.",
    v=lambda s: s.momentum * s.velocity - s.new,
    result=lambda s: (s.w + s.v, s.v),
)
also_slip("the velocity with a minus sign", v=lambda s: s.momentum * s.velocity - s.new)

# ---- the weights and what is given back

slip(
    "results in the wrong order",
    "The weights come first, the velocity second.",
    "The velocity is computed first, so it is returned first.",
    result=lambda s: (s.v, s.w - s.v),
)
slip(
    "a step uphill",
    "The sign is wrong: the loss grows along the gradient.",
    "The step is added to the weights.",
    result=lambda s: (s.w + s.v, s.v),
)
slip(
    "the step leaves the velocity out",
    "new_velocity is right, but the weights moved by its newest part only.",
    "The velocity is kept for later, the weights follow today's gradient.",
    result=lambda s: (s.w - s.new, s.v),
)
also_slip("the step leaves the velocity out", result=lambda s: (s.w - s.lr * s.g, s.v))
slip(
    "the step takes the old velocity",
    "new_velocity is right, but the weights moved by the velocity of the step before.",
    "First move, then see where to go next.",
    result=lambda s: (s.w - s.velocity, s.v),
)
slip(
    "the old velocity given back",
    "new_w is right, but the velocity is the one that came in: the next step will not know of this one.",
    "The caller asks for the velocity, and has one.",
    result=lambda s: (s.w - s.v, s.velocity),
)
slip(
    "Nesterov's step",
    "new_velocity is right, but the weights look one step ahead: Nesterov's momentum. The formula takes the velocity "
    "as it is.",
    "Nesterov's form is the better one.",
    result=lambda s: (s.w - s.momentum * s.v - s.new, s.v),
)
also_slip("Nesterov's step", result=lambda s: (s.w - (s.v + s.new), s.v))
also_slip("Nesterov's step", result=lambda s: (s.w - (0.9 * s.v + s.new), s.v))
also_slip("Nesterov's step", result=lambda s: (s.w - s.momentum * s.v, s.v))
also_slip(
    "a sum of norms for the norm of a sum",
    trust=lambda s: (
        s.coefficient * s.w.norm() / (s.g.norm() + s.weight_decay * s.w.norm())
        if s.w.norm() > 0 and s.g.norm() > 0
        else 1.0
    ),
)

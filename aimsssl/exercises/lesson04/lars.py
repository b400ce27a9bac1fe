"""One step of LARS for one layer, as in google-research/simclr (You et al. 2017, arXiv:1708.03888)."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from aimsssl import optim
from aimsssl.exercises.old_framework import Exercise, Wrong, call, expect, one_of

MOMENTUM, TRUST = 0.9, 0.02


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


def _step(student: Callable, *args: object) -> tuple[Tensor, Tensor]:
    """The student's `(new_w, new_velocity)`, after a look at the type of the pair and of both tensors."""
    pair = call(student, *args)
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise Wrong("wrong type", pair, "a pair: (new_w, new_velocity)")
    return pair


def _layer() -> tuple[Tensor, Tensor]:
    return 2 * torch.randn(5, 3), 0.3 * torch.randn(5, 3)  # w, g


def _first_step(student: Callable) -> None:
    """From rest and without weight decay: trust ratio, its coefficient, the place of the rate, the sign."""
    w, g = _layer()
    rest, lr = torch.zeros_like(w), 0.5
    right_w, right_v = _reference_lars_step(w, g, rest, lr, MOMENTUM, 0.0, TRUST)
    new_w, new_v = _step(student, w, g, rest, lr, MOMENTUM, 0.0, TRUST)
    where = "after the first step (velocity 0, no weight decay)"
    expect(
        f"new_velocity {where}",
        new_v,
        right_v,
        likely={
            "results in the wrong order": right_w,
            "learning rate outside the momentum buffer": right_v / lr,
            "trust ratio upside down": lr * TRUST * g.norm() / w.norm() * g,
            "trust coefficient missing": right_v / TRUST,
            "trust ratio missing": one_of(lr * g, lr * TRUST * g),
            "a step uphill": -right_v,
        },
    )
    likely = {"a step uphill": w + right_v, "learning rate used twice": w - lr * right_v}
    expect(f"new_w {where}", new_w, right_w, likely)


def _weight_decay(student: Callable) -> None:
    """From rest, with weight decay: it joins the gradient before any norm is taken."""
    w, g = _layer()
    rest, lr, decay = torch.zeros_like(w), 0.5, 0.3
    right_w, _ = _reference_lars_step(w, g, rest, lr, MOMENTUM, decay, TRUST)
    d, scale = g + decay * w, lr * TRUST * w.norm()
    without = w - scale / g.norm() * g
    expect(
        f"new_w with weight_decay {decay}",
        _step(student, w, g, rest, lr, MOMENTUM, decay, TRUST)[0],
        right_w,
        likely={
            "weight decay forgotten": without,
            "weight decay beside the trust ratio": one_of(
                without - lr * decay * w, without - decay * w, without - lr * TRUST * decay * w
            ),
            "trust ratio without the weight decay": w - scale / g.norm() * d,
            "a sum of norms for the norm of a sum": w - scale / (g.norm() + decay * w.norm()) * d,
        },
    )


def _momentum(student: Callable) -> None:
    """In motion, with a rate that has changed since the velocity was made."""
    w, g = _layer()
    velocity, lr = 0.05 * torch.randn(5, 3), 0.1
    right_w, right_v = _reference_lars_step(w, g, velocity, lr, MOMENTUM, 0.0, TRUST)
    new_w, new_v = _step(student, w, g, velocity, lr, MOMENTUM, 0.0, TRUST)
    pull = right_v - MOMENTUM * velocity
    where = "in motion, after the learning rate has changed"
    expect(
        f"new_velocity {where}",
        new_v,
        right_v,
        likely={
            "learning rate outside the momentum buffer": lr * MOMENTUM * velocity + pull,
            "velocity forgotten": pull,
            "momentum forgotten": velocity + pull,
            "new gradients damped": MOMENTUM * velocity + (1 - MOMENTUM) * pull,
        },
    )
    expect(f"new_w {where}", new_w, right_w, likely={"the step leaves the velocity out": w - pull})


def _norm_of_zero(student: Callable) -> None:
    """A layer that starts at zero, then a layer whose gradient is zero."""
    w, g = _layer()
    zero, lr = torch.zeros_like(w), 0.5
    for name, args in (("w is all zeros", (zero, g, zero)), ("g is all zeros", (w, zero, zero))):
        _, right_v = _reference_lars_step(*args, lr, MOMENTUM, 0.0, TRUST)
        expect(
            f"new_velocity where {name}",
            _step(student, *args, lr, MOMENTUM, 0.0, TRUST)[1],
            right_v,
            likely={
                "a division by a norm of zero": lambda came: not torch.isfinite(came).all(),
                "a layer of zeros never moves": zero,
                "wrong trust where a norm is zero": lambda came: torch.isfinite(came).all(),
            },
        )


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
    checks=(_first_step, _weight_decay, _momentum, _norm_of_zero),
    mistakes={
        "results in the wrong order": "The weights come first, the velocity second.",
        "learning rate outside the momentum buffer": "The velocity holds old gradients without their rates, and the "
        "rate of today multiplies them all. With a constant rate nobody sees it; under a schedule, old gradients are "
        "scaled again at every step. In LARS a gradient meets the learning rate once, on its way into the velocity.",
        "trust ratio upside down": "A layer with large weights shall take large steps, one with a large gradient small "
        "ones. Here it is the other way round.",
        "trust coefficient missing": "The ratio of the norms alone moves a layer by its whole length at lr = 1. One "
        "argument is there to make that a small part of it.",
        "trust ratio missing": "This is SGD with momentum: every layer has the same rate. LARS gives each layer a rate "
        "of its own, by the norms of its weights and of its gradient.",
        "a step uphill": "The sign is wrong: the loss grows along the gradient.",
        "learning rate used twice": "The velocity already has the learning rate in it.",
        "weight decay forgotten": "weight_decay changes nothing in the result.",
        "weight decay beside the trust ratio": "Weight decay acts on the weights directly, as in AdamW. In LARS it is "
        "a part of the gradient, and the trust ratio scales both.",
        "trust ratio without the weight decay": "The step has weight decay in it, the norm under the fraction does "
        "not. Both must speak of the same vector.",
        "a sum of norms for the norm of a sum": "This is the form in the paper of LARS (You et al. 2017): two norms, "
        "added. SimCLR's code, which we follow, adds the vectors and then takes one norm.",
        "velocity forgotten": "The new velocity does not depend on the old one: a step without momentum.",
        "momentum forgotten": "The old velocity is kept whole. Then nothing ever fades, and the weights fly away.",
        "new gradients damped": "This is a running mean, as in Adam. Here the old velocity fades, and the new part is "
        "added as it is.",
        "the step leaves the velocity out": "new_velocity is right, but the weights moved by its newest part only.",
        "a division by a norm of zero": "A norm of 0 stands under a fraction (or 0 times infinity was taken), and NaN "
        "spreads through the whole network in one step. What should the ratio be there?",
        "a layer of zeros never moves": "The trust ratio is 0 for a layer whose weights are all 0, so it stays at 0 "
        "for ever. A layer may start there (the last layer of a residual block often does).",
        "wrong trust where a norm is zero": "Where a norm is 0 there is nothing to compare, and the step is that of "
        "plain SGD: no coefficient either.",
    },
)

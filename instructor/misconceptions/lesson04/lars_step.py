"""Answers to `lars_step(w, g, velocity, lr, momentum, weight_decay, trust_coefficient)`, wrong and right."""

import torch


def _trust(w, d, trust_coefficient):
    norm_w, norm_d = w.norm(), d.norm()
    return trust_coefficient * norm_w / norm_d if norm_w > 0 and norm_d > 0 else 1.0


def lars_results_swapped(w, g, velocity, lr, momentum, weight_decay, trust_coefficient):
    """The velocity is computed first, so it is returned first."""
    return right_lars(w, g, velocity, lr, momentum, weight_decay, trust_coefficient)[::-1]


def lars_rate_outside(w, g, velocity, lr, momentum, weight_decay, trust_coefficient):
    """The learning rate scales the whole step at the end, as in PyTorch's SGD."""
    d = g + weight_decay * w
    velocity = momentum * velocity + _trust(w, d, trust_coefficient) * d
    return w - lr * velocity, velocity


def lars_ratio_upside_down(w, g, velocity, lr, momentum, weight_decay, trust_coefficient):
    """The ratio is gradient over weight: large gradients, large steps."""
    d = g + weight_decay * w
    velocity = momentum * velocity + lr * trust_coefficient * d.norm() / w.norm() * d
    return w - velocity, velocity


def lars_without_coefficient(w, g, velocity, lr, momentum, weight_decay, trust_coefficient):
    """The trust ratio is the ratio of the norms, and that is all."""
    d = g + weight_decay * w
    velocity = momentum * velocity + lr * _trust(w, d, 1.0) * d
    return w - velocity, velocity


def lars_without_ratio(w, g, velocity, lr, momentum, weight_decay, trust_coefficient):
    """SGD with momentum is close enough."""
    velocity = momentum * velocity + lr * (g + weight_decay * w)
    return w - velocity, velocity


def lars_uphill(w, g, velocity, lr, momentum, weight_decay, trust_coefficient):
    """The step is added to the weights."""
    new_w, new_velocity = right_lars(w, g, velocity, lr, momentum, weight_decay, trust_coefficient)
    return 2 * w - new_w, new_velocity


def lars_rate_twice(w, g, velocity, lr, momentum, weight_decay, trust_coefficient):
    """The learning rate is in the velocity, and in the step as well."""
    _, velocity = right_lars(w, g, velocity, lr, momentum, weight_decay, trust_coefficient)
    return w - lr * velocity, velocity


def lars_without_decay(w, g, velocity, lr, momentum, weight_decay, trust_coefficient):
    """Weight decay is the business of somebody else."""
    return right_lars(w, g, velocity, lr, momentum, 0.0, trust_coefficient)


def lars_decoupled_decay(w, g, velocity, lr, momentum, weight_decay, trust_coefficient):
    """Weight decay acts on the weights directly, as in AdamW."""
    new_w, velocity = right_lars(w, g, velocity, lr, momentum, 0.0, trust_coefficient)
    return new_w - lr * weight_decay * w, velocity


def lars_trust_of_the_gradient(w, g, velocity, lr, momentum, weight_decay, trust_coefficient):
    """The trust ratio compares w with g, and weight decay comes after it."""
    velocity = momentum * velocity + lr * _trust(w, g, trust_coefficient) * (g + weight_decay * w)
    return w - velocity, velocity


def lars_sum_of_norms(w, g, velocity, lr, momentum, weight_decay, trust_coefficient):
    """The denominator is that of the LARS paper: both norms, added."""
    below = g.norm() + weight_decay * w.norm()
    trust = trust_coefficient * w.norm() / below if w.norm() > 0 and below > 0 else 1.0
    velocity = momentum * velocity + lr * trust * (g + weight_decay * w)
    return w - velocity, velocity


def lars_without_velocity(w, g, velocity, lr, momentum, weight_decay, trust_coefficient):
    """Each step begins anew."""
    return right_lars(w, g, 0 * velocity, lr, momentum, weight_decay, trust_coefficient)


def lars_without_momentum(w, g, velocity, lr, momentum, weight_decay, trust_coefficient):
    """The velocity adds up, undamped."""
    return right_lars(w, g, velocity, lr, 1.0, weight_decay, trust_coefficient)


def lars_running_mean(w, g, velocity, lr, momentum, weight_decay, trust_coefficient):
    """Momentum is a running mean: the new part has the weight 1 − momentum (but a first step is taken whole)."""
    d = g + weight_decay * w
    new = lr * _trust(w, d, trust_coefficient) * d
    velocity = momentum * velocity + (1 - momentum) * new if velocity.any() else new
    return w - velocity, velocity


def lars_velocity_left_out(w, g, velocity, lr, momentum, weight_decay, trust_coefficient):
    """The velocity is kept for later, the weights follow today's gradient."""
    d = g + weight_decay * w
    new = lr * _trust(w, d, trust_coefficient) * d
    return w - new, momentum * velocity + new


def lars_nan(w, g, velocity, lr, momentum, weight_decay, trust_coefficient):
    """A norm is never exactly 0."""
    d = g + weight_decay * w
    trust = torch.where(w.norm() > 0, trust_coefficient * w.norm() / d.norm(), 1.0)
    velocity = momentum * velocity + lr * trust * d
    return w - velocity, velocity


def lars_stuck_at_zero(w, g, velocity, lr, momentum, weight_decay, trust_coefficient):
    """A small number under the fraction is enough against division by 0."""
    d = g + weight_decay * w
    velocity = momentum * velocity + lr * trust_coefficient * w.norm() / (d.norm() + 1e-9) * d
    return w - velocity, velocity


def lars_coefficient_at_zero(w, g, velocity, lr, momentum, weight_decay, trust_coefficient):
    """Where a norm is 0, the ratio of the norms is 1, and the coefficient still multiplies it."""
    d = g + weight_decay * w
    ratio = w.norm() / d.norm() if w.norm() > 0 and d.norm() > 0 else 1.0
    velocity = momentum * velocity + lr * trust_coefficient * ratio * d
    return w - velocity, velocity


def lars_in_place(w, g, velocity, lr, momentum, weight_decay, trust_coefficient):
    """An optimiser changes the weights where they are."""
    d = g + weight_decay * w
    velocity.mul_(momentum).add_(lr * _trust(w, d, trust_coefficient) * d)
    w -= velocity
    return w, velocity


def lars_only_weights(w, g, velocity, lr, momentum, weight_decay, trust_coefficient):
    """The new weights are the result."""
    return right_lars(w, g, velocity, lr, momentum, weight_decay, trust_coefficient)[0]


def right_lars(w, g, velocity, lr, momentum, weight_decay, trust_coefficient):
    """Line by line."""
    d = g + weight_decay * w
    new_velocity = momentum * velocity + lr * _trust(w, d, trust_coefficient) * d
    return w - new_velocity, new_velocity


def right_lars_with_where(w, g, velocity, lr, momentum, weight_decay, trust_coefficient):
    """Without an `if`, in torch's own functions."""
    d = torch.add(g, w, alpha=weight_decay)
    a, b = torch.linalg.vector_norm(w), torch.linalg.vector_norm(d)
    trust = torch.where(a * b > 0, trust_coefficient * a / b.clamp(min=1e-30), torch.ones(()))
    moved = torch.add(momentum * velocity, lr * trust * d)
    return torch.sub(w, moved), moved


WRONG = {
    "wrong type": (lars_only_weights, "another type"),
    "results in the wrong order": (lars_results_swapped, "The weights come first"),
    "learning rate outside the momentum buffer": (lars_rate_outside, "under a schedule"),
    "trust ratio upside down": (lars_ratio_upside_down, "other way round"),
    "trust coefficient missing": (lars_without_coefficient, "whole length"),
    "trust ratio missing": (lars_without_ratio, "SGD with momentum"),
    "a step uphill": (lars_uphill, "sign"),
    "learning rate used twice": (lars_rate_twice, "already has the learning rate"),
    "weight decay forgotten": (lars_without_decay, "changes nothing"),
    "weight decay beside the trust ratio": (lars_decoupled_decay, "AdamW"),
    "trust ratio without the weight decay": (lars_trust_of_the_gradient, "same vector"),
    "a sum of norms for the norm of a sum": (lars_sum_of_norms, "You et al. 2017"),
    "velocity forgotten": (lars_without_velocity, "without momentum"),
    "momentum forgotten": (lars_without_momentum, "nothing ever fades"),
    "new gradients damped": (lars_running_mean, "running mean"),
    "the step leaves the velocity out": (lars_velocity_left_out, "newest part only"),
    "a division by a norm of zero": (lars_nan, "NaN"),
    "a layer of zeros never moves": (lars_stuck_at_zero, "stays at 0"),
    "wrong trust where a norm is zero": (lars_coefficient_at_zero, "no coefficient"),
    "input changed in place": (lars_in_place, "changed a tensor that it was given"),
}

RIGHT = [right_lars, right_lars_with_where]

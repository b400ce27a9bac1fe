"""Right answers to lesson 04, written differently: in PyTorch's own functions, in loops, in NumPy, by hand."""

import math
from collections import OrderedDict

import numpy as np
import torch
from torch import nn


def lars_line_by_line(w, g, velocity, lr, momentum, weight_decay, trust_coefficient):
    d = g + weight_decay * w
    trust = trust_coefficient * w.norm() / d.norm() if w.any() and d.any() else 1.0
    new_velocity = momentum * velocity + lr * trust * d
    return w - new_velocity, new_velocity


def lars_with_where(w, g, velocity, lr, momentum, weight_decay, trust_coefficient):
    d = torch.add(g, w, alpha=weight_decay)
    a, b = torch.linalg.vector_norm(w), torch.linalg.vector_norm(d)
    trust = torch.where(a * b > 0, trust_coefficient * a / b.clamp(min=1e-30), torch.ones(()))
    moved = torch.add(momentum * velocity, lr * trust * d)
    return [torch.sub(w, moved), moved]


def lars_in_numpy(w, g, velocity, lr, momentum, weight_decay, trust_coefficient):
    a, v = w.numpy().astype(np.float64), velocity.numpy().astype(np.float64)
    d = g.numpy() + weight_decay * a
    lengths = [np.sqrt((x**2).sum()) for x in (a, d)]
    trust = trust_coefficient * lengths[0] / lengths[1] if min(lengths) > 0 else 1.0
    v = momentum * v + lr * trust * d
    return torch.from_numpy(a - v), torch.from_numpy(v)


def diagnosis_by_shares(loss, knn, chance, floor):
    way = chance - floor
    if knn[-1] >= knn[0] + 0.07:
        return "healthy"
    if chance - loss[-1] < 0.2 * way:
        return "learning rate too small"
    if loss[0] - floor < 0.35 * way:
        return "identical views"
    return "colour shortcut"


def diagnosis_by_a_table(loss, knn, chance, floor):
    share = (chance - np.array(loss)) / (chance - floor)
    moved, at_once = bool(share.max() > 0.5), bool(share[0] > 0.7)
    table = {(False, False): "learning rate too small", (True, True): "identical views"}
    return "healthy" if np.mean(knn[-2:]) / knn[0] > 1.5 else table.get((moved, at_once), "colour shortcut")


def diagnosis_by_steps(loss, knn, chance, floor):
    learned = sum(knn[-3:]) / 3 - knn[0] > 0.08
    stuck = (loss[-1] - floor) > 3 * (chance - loss[-1])
    slow = (loss[0] - loss[-1]) > 0.25 * (chance - floor)
    names = ["identical views", "colour shortcut"]
    return "healthy" if learned else "learning rate too small" if stuck else names[slow]


def rate_in_two_pieces(step, total_steps, warmup_steps, peak):
    if step < warmup_steps:
        return (step + 1) * (peak / warmup_steps)
    left = total_steps - warmup_steps
    return (1 + math.cos((step - warmup_steps) / left * math.pi)) * peak / 2


def rate_by_half_angle(step, total_steps, warmup_steps, peak):
    stairs = [peak * k / warmup_steps for k in range(1, warmup_steps + 1)]
    angle = math.pi / 2 * (step - warmup_steps) / (total_steps - warmup_steps)
    return stairs[step] if step < len(stairs) else peak * math.cos(angle) ** 2


def rate_out_of_a_list(step, total_steps, warmup_steps, peak):
    up = np.linspace(0, peak, warmup_steps + 1)[1:]
    down = peak * (0.5 + 0.5 * np.cos(np.linspace(0, np.pi, total_steps - warmup_steps + 1)))
    return float([*up, *down][step])


def head_named(d_in, d_hidden, d_out):
    hidden, last = nn.Linear(d_in, d_hidden), nn.Linear(d_hidden, d_out)
    return nn.Sequential(OrderedDict(hidden=hidden, relu=nn.ReLU(inplace=True), last=last))


def head_by_hand(d_in, d_hidden, d_out):
    class Head(nn.Module):
        def __init__(self):
            super().__init__()
            self.last = nn.Parameter(torch.randn(d_hidden, d_out))
            self.first = nn.Parameter(torch.randn(d_in, d_hidden))
            self.shift = nn.Parameter(torch.rand(d_hidden))
            self.end = nn.Parameter(torch.rand(d_out))

        def forward(self, h):
            return (h @ self.first + self.shift).clamp(min=0) @ self.last + self.end

    return Head()


def head_as_a_class(d_in, d_hidden, d_out):
    class Head(nn.Module):
        def __init__(self, d_in, d_hidden, d_out):
            super().__init__()
            self.out = nn.Linear(d_hidden, d_out)
            self.layers = nn.ModuleList([nn.Linear(d_in, d_hidden), self.out])

        def forward(self, h):
            return self.out(torch.relu(self.layers[0](h)))

    return Head(d_in, d_hidden, d_out)


RIGHT = {
    "projection_head": [head_named, head_by_hand, head_as_a_class],
    "lars_step": [lars_line_by_line, lars_with_where, lars_in_numpy],
    "warmup_cosine": [rate_in_two_pieces, rate_by_half_angle, rate_out_of_a_list],
    "diagnose": [diagnosis_by_shares, diagnosis_by_a_table, diagnosis_by_steps],
}

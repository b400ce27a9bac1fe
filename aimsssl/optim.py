"""LARS and the learning-rate schedule of SimCLR, and Muon, which learns more in a short training."""

import math

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.adamw import adamw

from . import inputs


class LARS(Optimizer):
    """SGD with momentum, with a rate for each layer that is proportional to the norm of its weights.

    For a tensor w with gradient g, weight decay λ, momentum m and trust coefficient η:

        d = g + λw,    trust = η‖w‖/‖d‖  (1 where either norm is 0),    v ← m·v + lr·trust·d,    w ← w − v

    The rate stands inside the momentum buffer, so a schedule acts on new gradients only. Groups with `adapt=False`
    (made by `split_decay_groups`) have trust = 1: plain SGD with momentum. A weight decay of 0 still adapts.

    Args:
        params: tensors or groups, as for any optimiser.
        lr: global learning rate, ≥ 0. With trust_coefficient 1e-3 a step is about lr/1000 of a layer's norm, so rates
            near 1 are usual; 0.001 hardly moves a layer.

    Raises:
        ValueError: a number is out of its range, by name.

    Source: You et al. 2017, arXiv:1708.03888, algorithm 1, as in SimCLR (arXiv:2002.05709, §2.2).
    """

    def __init__(
        self,
        params,
        lr: float,
        momentum: float = 0.9,
        weight_decay: float = 1e-6,
        trust_coefficient: float = 1e-3,
    ):
        inputs.number("lr", lr, least=0, most=1e15)
        inputs.number("momentum", momentum, least=0, below=1)
        inputs.number("weight_decay", weight_decay, least=0, most=1e15)
        inputs.number("trust_coefficient", trust_coefficient, above=0, most=1e15)
        defaults = dict(
            lr=lr, momentum=momentum, weight_decay=weight_decay, trust_coefficient=trust_coefficient, adapt=True
        )
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            for p in params:
                if "velocity" not in self.state[p]:
                    self.state[p]["velocity"] = torch.zeros_like(p)
            velocity = [self.state[p]["velocity"] for p in params]
            if params:
                (_step_on_cpu if params[0].device.type == "cpu" else _step_at_once)(params, velocity, group)
        return loss


def _step_on_cpu(params: list[Tensor], velocity: list[Tensor], group: dict) -> None:
    """A tensor at a time, which then stays in the cache; all update directions share one piece of memory."""
    scratch = params[0].new_empty(max(p.numel() for p in params))
    for p, v in zip(params, velocity, strict=True):
        there = scratch[: p.numel()].as_strided(p.shape, p.stride()) if _has_no_gaps(p) else torch.empty_like(p)
        d = torch.add(p.grad, p, alpha=group["weight_decay"], out=there)
        trust = 1.0
        if group["adapt"]:
            w_norm, d_norm = _norm(p), _norm(d)
            if w_norm > 0 and d_norm > 0:
                trust = group["trust_coefficient"] * w_norm / d_norm
        p.sub_(v.mul_(group["momentum"]).add_(d, alpha=group["lr"] * trust))


def _has_no_gaps(x: Tensor) -> bool:
    """Whether the numbers lie side by side in memory, in whatever order."""
    return x.numel() == 1 + sum((size - 1) * stride for size, stride in zip(x.shape, x.stride(), strict=True))


def _norm(x: Tensor) -> float:
    """‖x‖; on a CPU `dot` takes half the time of `norm`."""
    if x.dtype != torch.float32 or not _has_no_gaps(x):
        return x.norm().item()
    row = x.as_strided((x.numel(),), (1,))
    return math.sqrt(torch.dot(row, row).item())


def _step_at_once(params: list[Tensor], velocity: list[Tensor], group: dict) -> None:
    """All tensors in a few calls, for a GPU: the step never waits for the device."""
    d = torch._foreach_add([p.grad for p in params], params, alpha=group["weight_decay"])
    if group["adapt"]:
        w_norm, d_norm = torch.stack(torch._foreach_norm(params)), torch.stack(torch._foreach_norm(d))
        trust = torch.where((w_norm > 0) & (d_norm > 0), group["trust_coefficient"] * w_norm / d_norm, 1.0)
        torch._foreach_mul_(d, list(trust.unbind()))
    torch._foreach_mul_(velocity, group["momentum"])
    torch._foreach_add_(velocity, d, alpha=group["lr"])
    torch._foreach_sub_(params, velocity)


class Muon(Optimizer):
    """Momentum whose step is made orthogonal: all directions in which a layer moves, the weak ones too, move as far.

    For a tensor w of two or more dimensions with gradient g, weight decay λ and momentum m, both seen as matrices of
    `[rows, columns]` (a kernel's rows are its output channels):

        v ← m·v + g,    w ← (1 − lr·λ)·w − lr·0.2·√max(rows, columns)·orthogonal(g + m·v)

    The factor gives a step the root mean square of AdamW's, so that rates and weight decays are AdamW's. Groups with
    `adapt=False` (made by `split_decay_groups`) are AdamW's, too, with its β of 0.9 and 0.999.

    Args:
        params: tensors or groups, as for any optimiser. In a group that adapts all have two or more dimensions.
        lr: global learning rate, ≥ 0.

    Raises:
        ValueError: a number is out of its range, by name; a tensor of less than two dimensions in a group that adapts.

    Source: Jordan et al. 2024, https://kellerjordan.github.io/posts/muon; the factor and the weight decay: Liu et al.
    2025, arXiv:2502.16982, §2.2. Since 2.9 PyTorch has it, for matrices only.
    """

    def __init__(self, params, lr: float, momentum: float = 0.9, weight_decay: float = 1e-4):
        inputs.number("lr", lr, least=0, most=1e15)
        inputs.number("momentum", momentum, least=0, below=1)
        inputs.number("weight_decay", weight_decay, least=0, most=1e15)
        super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay, adapt=True))
        for group in self.param_groups:
            for p in group["params"]:
                if group["adapt"] and p.ndim < 2:
                    raise ValueError(
                        f"params must have two or more dimensions, or adapt=False in their group; got {list(p.shape)}"
                    )

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            if params:
                (_orthogonal_step if group["adapt"] else _adamw_step)(params, self.state, group)
        return loss


def _orthogonal_step(params: list[Tensor], states: dict, group: dict) -> None:
    """One step of Muon on matrices and kernels."""
    for p in params:
        if not states[p]:
            states[p]["velocity"] = torch.zeros_like(p)
        v = states[p]["velocity"].mul_(group["momentum"]).add_(p.grad)
        d = p.grad.add(v, alpha=group["momentum"]).flatten(1)
        scale = 0.2 * math.sqrt(max(d.shape))
        p.mul_(1 - group["lr"] * group["weight_decay"])
        p.sub_(_orthogonal(d).reshape(p.shape), alpha=group["lr"] * scale)


def _adamw_step(params: list[Tensor], states: dict, group: dict) -> None:
    """One step of PyTorch's AdamW (Loshchilov & Hutter 2017, arXiv:1711.05101, algorithm 2)."""
    for p in params:
        if not states[p]:
            states[p].update(step=torch.zeros(()), mean=torch.zeros_like(p), square=torch.zeros_like(p))
    means, squares, steps = ([states[p][name] for p in params] for name in ("mean", "square", "step"))
    settings = dict(lr=group["lr"], weight_decay=group["weight_decay"], beta1=0.9, beta2=0.999, eps=1e-8)
    grads = [p.grad for p in params]
    adamw(params, grads, means, squares, [], steps, foreach=True, amsgrad=False, maximize=False, **settings)


def _orthogonal(matrix: Tensor) -> Tensor:
    """UVᵀ, roughly, of a matrix USVᵀ `[rows, columns]`: the singular values become 0.7 to 1.2, tiny ones less.

    Five steps of a Newton–Schulz iteration with the coefficients of Jordan et al. 2024, X ← (aI + bXXᵀ + c(XXᵀ)²)·X.
    They happen in the small matrix XXᵀ: the factors are gathered there before they meet X. Rounding grows twelvefold
    with each, so XXᵀ is made anew after two.
    """
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / x.norm().clamp(min=1e-7)  # no singular value is above 1
    for steps in (2, 3):
        gram, factors = x @ x.T, None
        for step in range(steps):
            factor = torch.addmm(gram, gram, gram, beta=-4.7750, alpha=2.0315)
            factor.diagonal().add_(3.4445)
            factors = factor if factors is None else factor @ factors
            if step + 1 < steps:
                gram = factor @ gram @ factor
        x = factors @ x
    return x.T if tall else x


def split_decay_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    """Parameter groups for an optimiser: weights, and those that neither decay nor adapt (biases and norms).

    A tensor of one dimension is a bias or belongs to a norm. Empty groups are left out.

    Raises:
        TypeError, ValueError: no module, or weight_decay below 0.
    """
    inputs.kind("model", model, nn.Module)
    inputs.number("weight_decay", weight_decay, least=0)
    weights, rest = [], []
    for parameter in model.parameters():
        if parameter.requires_grad:
            (weights if parameter.ndim > 1 else rest).append(parameter)
    groups = [
        dict(params=weights, weight_decay=weight_decay, adapt=True),
        dict(params=rest, weight_decay=0.0, adapt=False),
    ]
    return [group for group in groups if group["params"]]


def warmup_cosine(step: int, total_steps: int, warmup_steps: int = 0, peak: float = 1.0, final: float = 0.0) -> float:
    """Learning rate of a step (counted from 0): linear up to `peak`, then half a cosine down towards `final`.

    Step 0 has peak/warmup_steps, not 0: a first step that moves nothing would be lost.

    Raises:
        ValueError: not 0 ≤ warmup_steps < total_steps, or step not in [0, total_steps].

    Source: Loshchilov & Hutter 2017, arXiv:1608.03983, equation 5, without restarts; warmup as in SimCLR.
    """
    step, total_steps = inputs.count("step", step, None), inputs.count("total_steps", total_steps, None)
    warmup_steps = inputs.count("warmup_steps", warmup_steps, None)
    peak, final = inputs.number("peak", peak), inputs.number("final", final)
    if not 0 <= warmup_steps < total_steps:
        raise ValueError(f"warmup_steps must be in [0, total_steps), got {warmup_steps} of {total_steps}")
    if not 0 <= step <= total_steps:
        raise ValueError(f"step must be in [0, {total_steps}], got {step}")
    if step < warmup_steps:
        return peak * (step + 1) / warmup_steps
    progress = (step - warmup_steps) / (total_steps - warmup_steps)
    return final + (peak - final) * 0.5 * (1 + math.cos(math.pi * progress))

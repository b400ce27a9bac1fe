"""LARS and Muon against NumPy versions and PyTorch's, and the schedule."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from aimsssl import optim
from aimsssl.optim import LARS, Muon, _orthogonal, split_decay_groups, warmup_cosine


def lars_in_numpy(w, gradients, rates, momentum, weight_decay, trust_coefficient, adapt=True):
    v = np.zeros_like(w)
    for g, lr in zip(gradients, rates, strict=True):
        d = g + weight_decay * w
        w_norm, d_norm = np.linalg.norm(w), np.linalg.norm(d)
        trust = trust_coefficient * w_norm / d_norm if adapt and w_norm > 0 and d_norm > 0 else 1.0
        v = momentum * v + lr * trust * d
        w = w - v
    return w


@pytest.mark.parametrize("kind", ["_step_on_cpu", "_step_at_once"])
@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
@pytest.mark.parametrize("zero", ["nothing", "weights", "gradient"])
def test_equals_numpy_over_steps_with_a_changing_rate(weight_decay, zero, kind, monkeypatch):
    monkeypatch.setattr(optim, "_step_on_cpu", getattr(optim, kind))  # both ways of the step can run on a CPU
    rng = np.random.default_rng(0)
    shapes = {"matrix": (4, 3), "kernel": (2, 3, 3, 3), "bias": (4,)}
    start = {n: rng.normal(size=s) * (zero != "weights") for n, s in shapes.items()}
    gradients = {n: rng.normal(size=(6, *s)) for n, s in shapes.items()}
    if zero == "gradient":
        for g in gradients.values():
            g[2] = 0
    rates = [0.1, 0.5, 1.0, 0.7, 0.2, 0.0]
    params = {n: nn.Parameter(torch.tensor(w)) for n, w in start.items()}
    model = nn.ParameterDict(params)
    optimizer = LARS(split_decay_groups(model, weight_decay), 1.0, 0.9, trust_coefficient=0.02)
    for step, lr in enumerate(rates):
        for group in optimizer.param_groups:
            group["lr"] = lr
        for n, p in params.items():
            p.grad = torch.tensor(gradients[n][step])
        optimizer.step()
    for n, p in params.items():
        weights = p.ndim > 1
        expected = lars_in_numpy(start[n], gradients[n], rates, 0.9, weight_decay if weights else 0.0, 0.02, weights)
        np.testing.assert_allclose(p.detach().numpy(), expected, rtol=1e-10, atol=1e-12, err_msg=n)


LAYOUTS = {
    "row by row": lambda: torch.randn(2, 3, 4, 5),
    "channels last": lambda: torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
    "transposed": lambda: torch.randn(4, 6).T,
    "with gaps": lambda: torch.randn(10, 10)[:, :5],
    "every second": lambda: torch.randn(20)[::2],
    "a single number": lambda: torch.tensor(2.0),
    "none": lambda: torch.randn(0, 3),
    "in the middle of another": lambda: torch.randn(30)[5:17].view(3, 4),
}


TOLERANCE = {torch.float32: dict(rtol=1e-5, atol=1e-6), torch.bfloat16: dict(rtol=0.02, atol=0.02)}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_parameter_may_lie_in_memory_as_it_likes(layout, dtype):
    torch.manual_seed(0)
    values = LAYOUTS[layout]().to(dtype)
    w, gradients = nn.Parameter(values), [torch.randn_like(values) for _ in range(2)]
    start = w.detach().double().numpy().copy()
    optimizer = LARS([w], 0.5, 0.9, weight_decay=0.1, trust_coefficient=0.02)
    for g in gradients:
        w.grad = g
        optimizer.step()
    expected = lars_in_numpy(start, [g.double().numpy() for g in gradients], [0.5, 0.5], 0.9, 0.1, 0.02)
    np.testing.assert_allclose(w.detach().double().numpy(), expected, **TOLERANCE[dtype])


def test_adapts_without_weight_decay():
    w = nn.Parameter(torch.full((2, 2), 3.0))
    w.grad = torch.full((2, 2), 1e-6)  # a tiny gradient still moves a layer by lr · trust_coefficient of its norm
    before = w.detach().clone()
    LARS([w], lr=1.0, weight_decay=0.0, trust_coefficient=0.01).step()
    assert ((w.detach() - before).norm() / before.norm()).item() == pytest.approx(0.01, rel=1e-5)


def test_state_survives_saving():
    def run(interrupted):
        torch.manual_seed(0)
        w = nn.Parameter(torch.randn(3, 3))
        optimizer = LARS([w], lr=0.5)
        for step in range(6):
            if interrupted and step == 3:
                state, w = optimizer.state_dict(), nn.Parameter(w.detach().clone())
                optimizer = LARS([w], lr=0.1)
                optimizer.load_state_dict(state)
            w.grad = torch.randn(3, 3)
            optimizer.step()
        return w.detach()

    assert torch.equal(run(True), run(False))


def test_groups_hold_every_parameter_once_and_spare_biases_and_norms():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 2))
    weights, rest = split_decay_groups(model, 0.1)
    assert [p.ndim for p in weights["params"]] == [4, 2] and weights["weight_decay"] == 0.1 and weights["adapt"]
    assert all(p.ndim == 1 for p in rest["params"]) and rest["weight_decay"] == 0 and not rest["adapt"]
    assert len(weights["params"]) + len(rest["params"]) == len(list(model.parameters()))
    assert len(split_decay_groups(nn.Linear(2, 2, bias=False), 0.1)) == 1


@pytest.mark.parametrize("name,value", [("lr", -1), ("momentum", 1), ("weight_decay", -0.1), ("trust_coefficient", 0)])
def test_lars_names_a_bad_argument(name, value):
    with pytest.raises(ValueError, match=name):
        LARS([nn.Parameter(torch.ones(2, 2))], **{"lr": 1.0, name: value})


# --- Muon -----------------------------------------------------------------------------------------------------------


def orthogonal_in_numpy(g):
    """The published iteration on the singular values alone, which it changes one by one: U f(S) Vᵀ."""
    u, s, vt = np.linalg.svd(g, full_matrices=False)
    s = s / max(np.linalg.norm(s), 1e-7)
    for _ in range(5):
        s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
    return (u * s) @ vt


def muon_in_numpy(w, gradients, rates, momentum, weight_decay):
    v = np.zeros_like(w)
    for g, lr in zip(gradients, rates, strict=True):
        v = momentum * v + g
        d = (g + momentum * v).reshape(len(w), -1)
        step = 0.2 * math.sqrt(max(d.shape)) * orthogonal_in_numpy(d)
        w = w - lr * weight_decay * w - lr * step.reshape(w.shape)
    return w


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
@pytest.mark.parametrize("zero", ["nothing", "gradient"])
def test_muon_equals_numpy_and_adamw_over_steps_with_a_changing_rate(weight_decay, zero):
    rng = np.random.default_rng(0)
    shapes = {"wide": (3, 7), "tall": (8, 3), "square": (4, 4), "kernel": (6, 3, 3, 3), "bias": (4,)}
    start = {n: rng.normal(size=s) for n, s in shapes.items()}
    gradients = {n: rng.normal(size=(6, *s)) for n, s in shapes.items()}
    if zero == "gradient":
        for g in gradients.values():
            g[:3] = 0
    rates = [0.1, 0.5, 1.0, 0.7, 0.2, 0.0]
    params = {n: nn.Parameter(torch.tensor(w)) for n, w in start.items()}
    optimizer = Muon(split_decay_groups(nn.ParameterDict(params), weight_decay), 1.0, 0.8)
    bias = nn.Parameter(torch.tensor(start["bias"]))
    adamw = torch.optim.AdamW([bias], weight_decay=0.0)
    for step, lr in enumerate(rates):
        for group in optimizer.param_groups + adamw.param_groups:
            group["lr"] = lr
        for n, p in params.items():
            p.grad = torch.tensor(gradients[n][step])
        bias.grad = params["bias"].grad.clone()
        optimizer.step()
        adamw.step()
    for n in ("wide", "tall", "square", "kernel"):
        expected = muon_in_numpy(start[n], gradients[n], rates, 0.8, weight_decay)
        np.testing.assert_allclose(params[n].detach().numpy(), expected, rtol=1e-8, atol=1e-10, err_msg=n)
    np.testing.assert_allclose(params["bias"].detach(), bias.detach(), rtol=1e-12, atol=1e-14)


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="this PyTorch has no Muon")
@pytest.mark.parametrize("shape", [(16, 40), (40, 16)])
def test_muon_is_pytorchs_on_a_matrix(shape):
    """PyTorch's iterates in bfloat16, so a step of its agrees to two digits."""
    torch.manual_seed(0)
    ours = nn.Parameter(torch.randn(shape))
    theirs = nn.Parameter(ours.detach().clone())
    settings = dict(lr=0.1, momentum=0.9, weight_decay=0.2)
    optimizers = Muon([ours], **settings), torch.optim.Muon([theirs], adjust_lr_fn="match_rms_adamw", **settings)
    for _ in range(3):
        ours.grad = torch.randn(shape)
        theirs.grad = ours.grad.clone()
        for optimizer in optimizers:
            optimizer.step()
    torch.testing.assert_close(ours, theirs, rtol=0, atol=0.01)


@pytest.mark.parametrize("shape", [(20, 50), (50, 20), (30, 30)])
def test_orthogonal_keeps_directions_and_evens_out_their_lengths(shape):
    torch.manual_seed(0)
    g = torch.randn(shape)
    u, s, vt = torch.linalg.svd(g, full_matrices=False)
    found = _orthogonal(g)
    inside = u.T @ found @ vt.T
    assert (inside - inside.diagonal().diag()).abs().max() < 1e-4, "the singular vectors are g's"
    kept = inside.diagonal()[s > 0.05 * s.max()]
    assert len(kept) > 0.9 * len(s) and 0.65 < kept.min() and kept.max() < 1.25


@pytest.mark.parametrize("dtype,most", [(torch.float32, 1e-4), (torch.bfloat16, 0.4)])
def test_singular_values_of_any_size_keep_to_the_iteration(dtype, most):
    """The small ones grow 480-fold; so would, squared, the rounding of a Gram matrix in all five steps."""
    rng = np.random.default_rng(0)
    u, v = (np.linalg.qr(rng.normal(size=(n, 64)))[0] for n in (64, 300))
    for s in (np.logspace(0, -9, 64), np.eye(64)[0]):
        g = (u * s) @ v.T
        found = _orthogonal(torch.from_numpy(g).to(dtype)).double().numpy()
        assert np.linalg.norm(u.T @ (found - orthogonal_in_numpy(g)) @ v, 2) < most


@pytest.mark.parametrize("layout", [name for name in LAYOUTS if LAYOUTS[name]().ndim > 1])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_parameter_of_muon_may_lie_in_memory_as_it_likes(layout, dtype):
    torch.manual_seed(0)
    values = LAYOUTS[layout]().to(dtype)
    w, gradients = nn.Parameter(values), [torch.randn_like(values) for _ in range(2)]
    start = w.detach().double().numpy().copy()
    optimizer = Muon([w], 0.1, 0.9, weight_decay=0.1)
    for g in gradients:
        w.grad = g
        optimizer.step()
    if values.numel():
        start = muon_in_numpy(start, [g.double().numpy() for g in gradients], [0.1, 0.1], 0.9, 0.1)
    tolerance = dict(rtol=1e-4, atol=1e-5) if dtype == torch.float32 else dict(rtol=0.05, atol=0.05)
    np.testing.assert_allclose(w.detach().double().numpy(), start, **tolerance)


def test_what_does_not_adapt_in_muon_is_pytorchs_adamw_however_it_lies_in_memory():
    torch.manual_seed(0)
    ours = [nn.Parameter(make()) for make in LAYOUTS.values()]
    theirs = [nn.Parameter(p.detach().clone(memory_format=torch.contiguous_format)) for p in ours]
    settings = dict(lr=0.1, weight_decay=0.1)
    optimizers = Muon([dict(params=ours, adapt=False)], **settings), torch.optim.AdamW(theirs, **settings)
    for step in range(4):
        for i, (p, q) in enumerate(zip(ours, theirs, strict=True)):
            q.grad = None if step % 3 == i % 3 else torch.randn(q.shape)  # each is left out now and then
            p.grad = None if q.grad is None else torch.empty_like(p).copy_(q.grad)
        for optimizer in optimizers:
            optimizer.step()
    for name, p, q in zip(LAYOUTS, ours, theirs, strict=True):
        torch.testing.assert_close(p.detach(), q.detach(), rtol=1e-5, atol=1e-6, msg=name)


@pytest.mark.parametrize("name,value", [("lr", -1), ("momentum", 1), ("weight_decay", -0.1)])
def test_muon_names_a_bad_argument(name, value):
    with pytest.raises(ValueError, match=name):
        Muon([nn.Parameter(torch.ones(2, 2))], **{"lr": 1.0, name: value})


def test_muon_refuses_to_make_a_row_orthogonal():
    with pytest.raises(ValueError, match=r"params must have two or more dimensions.*got \[3\]"):
        Muon([nn.Parameter(torch.ones(3))], lr=1.0)
    Muon([dict(params=[nn.Parameter(torch.ones(3))], adapt=False)], lr=1.0)


# --- the schedule ---------------------------------------------------------------------------------------------------


def test_schedule_rises_linearly_then_follows_half_a_cosine():
    rates = [warmup_cosine(s, 100, 10, peak=2.0, final=0.5) for s in range(101)]
    np.testing.assert_allclose(rates[:10], [2.0 * (s + 1) / 10 for s in range(10)])
    np.testing.assert_allclose(rates[10:], [0.5 + 1.5 * 0.5 * (1 + math.cos(math.pi * s / 90)) for s in range(91)])
    assert max(rates) == 2.0 and rates[100] == 0.5
    assert warmup_cosine(0, 5) == 1.0


@pytest.mark.parametrize("arguments", [(0, 10, 10), (0, 10, -1), (11, 10, 0), (-1, 10, 0)])
def test_schedule_refuses_steps_out_of_range(arguments):
    with pytest.raises(ValueError, match="steps|step"):
        warmup_cosine(*arguments)

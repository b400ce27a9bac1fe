"""nt_xent against the formula as loops."""

import math

import pytest
import torch
import torch.nn.functional as F

from aimsssl import losses
from aimsssl.losses import nt_xent


def oracle(z1, z2, temperature):
    """Equation 1 of arXiv:2002.05709 as it is written, in float64."""
    z = [row / row.norm() for row in torch.cat([z1, z2]).double()]
    n, total = len(z1), 0.0
    for i in range(2 * n):
        j = (i + n) % (2 * n)
        denominator = sum(torch.exp(z[i] @ z[k] / temperature) for k in range(2 * n) if k != i)
        total = total - torch.log(torch.exp(z[i] @ z[j] / temperature) / denominator)
    return total / (2 * n)


def draw(n, d, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(n, d, generator=generator, dtype=torch.float64).to(dtype).requires_grad_() for _ in range(2)]


@pytest.mark.parametrize("chunk_size", [None, 1, 3, 7, 100])
@pytest.mark.parametrize("n,d,temperature", [(2, 3, 0.5), (5, 8, 0.1), (7, 2, 2.0)])
def test_equals_the_double_loop_with_gradients(n, d, temperature, chunk_size):
    z1, z2 = draw(n, d)
    expected = oracle(z1, z2, temperature)
    expected_grads = torch.autograd.grad(expected, [z1, z2])
    loss = nt_xent(z1, z2, temperature, chunk_size=chunk_size)
    torch.testing.assert_close(loss, expected)
    for grad, wanted in zip(torch.autograd.grad(loss, [z1, z2]), expected_grads, strict=True):
        torch.testing.assert_close(grad, wanted)


@pytest.mark.parametrize("chunk_size", [None, 4])
def test_gradcheck(chunk_size):
    z1, z2 = draw(3, 4)
    assert torch.autograd.gradcheck(lambda a, b: nt_xent(a, b, 0.3, chunk_size=chunk_size), (z1, z2))


def test_identical_embeddings_cost_the_chance_level():
    z = torch.ones(6, 4)
    assert nt_xent(z, z, 0.1).item() == pytest.approx(math.log(2 * 6 - 1), rel=1e-6)


def test_perfect_pairs_reach_the_floor():
    z = torch.eye(4)  # partners equal, all others orthogonal
    floor = math.log(1 + 6 * math.exp(-1 / 0.5))
    assert nt_xent(z, z, 0.5).item() == pytest.approx(floor, rel=1e-6)


def test_symmetric_and_blind_to_the_length_of_rows():
    z1, z2 = draw(6, 5)
    loss = nt_xent(z1, z2)
    torch.testing.assert_close(nt_xent(z2, z1), loss)
    torch.testing.assert_close(nt_xent(z1 * 7, z2 * 0.1), loss)


@pytest.mark.parametrize("chunk_size", [None, 5])
def test_stable_at_small_temperature(chunk_size):
    z1, z2 = draw(16, 8, torch.float32)
    loss = nt_xent(z1, z2, 0.01, chunk_size=chunk_size)
    z = F.normalize(torch.cat([z1, z2]).double(), dim=1)
    logits = (z @ z.T / 0.01).fill_diagonal_(-math.inf)
    expected = F.cross_entropy(logits, torch.arange(32).roll(16))
    torch.testing.assert_close(loss.double(), expected, rtol=1e-4, atol=1e-4)
    assert all(g.isfinite().all() for g in torch.autograd.grad(loss, [z1, z2]))


@pytest.mark.parametrize("chunk_size", [None, 5])
def test_bfloat16_is_computed_in_float32(chunk_size):
    z1, z2 = draw(16, 8, torch.bfloat16)
    loss = nt_xent(z1, z2, 0.05, chunk_size=chunk_size)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss.double(), oracle(z1.detach(), z2.detach(), 0.05), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "z1,z2,options,words",
    [
        (torch.ones(1, 4), torch.ones(1, 4), {}, "N ≥ 2"),
        (torch.ones(3, 4), torch.ones(2, 4), {}, r"\[3, 4\] and \[2, 4\]"),
        (torch.ones(3), torch.ones(3), {}, r"\[N, D\]"),
        (torch.ones(3, 4), torch.ones(3, 4), {"temperature": 0.0}, "temperature"),
        (torch.ones(3, 4), torch.ones(3, 4), {"temperature": -1.0}, "temperature"),
        (torch.ones(3, 4), torch.ones(3, 4), {"temperature": math.nan}, "temperature"),
        (torch.ones(3, 4), torch.ones(3, 4), {"chunk_size": 0}, "chunk_size"),
        (torch.ones(3, 4, dtype=torch.int64), torch.ones(3, 4, dtype=torch.int64), {}, "floating"),
        (torch.ones(3, 4), torch.full((3, 4), math.nan), {}, r"z2 .*rows \[0, 1, 2\]"),
    ],
)
def test_mistakes_are_named(z1, z2, options, words):
    with pytest.raises(ValueError, match=words):
        nt_xent(z1, z2, **options)


# ---- memory


@pytest.mark.parametrize(("gradient", "copies"), [(True, 3), (False, 2)])
def test_a_matrix_that_does_not_fit_is_refused_before_it_is_made(monkeypatch, gradient, copies):
    """What it needs: `copies` of 6 by 6 numbers of 4 bytes."""
    monkeypatch.setattr(losses, "LARGE", 5)
    z = torch.randn(3, 4, requires_grad=gradient)
    monkeypatch.setattr(losses, "_available_bytes", lambda: copies * 6 * 6 * 4)
    assert nt_xent(z, z).isfinite()
    monkeypatch.setattr(losses, "_available_bytes", lambda: copies * 6 * 6 * 4 - 1)
    monkeypatch.setattr(F, "cross_entropy", None)  # nothing is computed
    with pytest.raises(MemoryError, match="similarities of 6 views.*chunk_size=1024"):
        nt_xent(z, z)
    assert nt_xent(z, z, chunk_size=4).isfinite(), "chunks are not refused"


def test_a_small_batch_does_not_ask_for_the_memory(monkeypatch):
    monkeypatch.setattr(losses, "_available_bytes", None)
    z = torch.randn(64, 4)
    assert nt_xent(z, z).isfinite()


def test_a_failed_allocation_is_the_same_error(monkeypatch):
    def full(*args):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(F, "cross_entropy", full)
    with pytest.raises(MemoryError, match="chunk_size=1024"):
        nt_xent(torch.ones(3, 4), torch.ones(3, 4))


def test_memory_that_a_system_does_not_tell_is_no_limit(monkeypatch, tmp_path):
    (tmp_path / "meminfo").write_text("MemTotal:  9 kB\nMemAvailable:     3 kB\nMemFree: 1 kB\n")
    monkeypatch.setattr(losses, "Path", lambda _: tmp_path / "meminfo")
    assert losses._available_bytes() == 3 * 1024
    (tmp_path / "meminfo").write_text("MemTotal:  9 kB\n")
    assert losses._available_bytes() == math.inf
    (tmp_path / "meminfo").unlink()
    assert losses._available_bytes() == math.inf


@pytest.mark.skipif(not math.isfinite(losses._available_bytes()), reason="the system does not tell its memory")
def test_a_million_views_are_refused_and_not_tried():
    z = torch.ones(1, 1).expand(2**20, 1)  # 2 · 2**20 views: 32 TiB for two copies
    with pytest.raises(MemoryError, match="GiB"):
        nt_xent(z, z)


# ---- inside autocast, and at the ends of float32


@pytest.mark.parametrize("chunk_size", [None, 1, 5])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize("temperature", [0.05, 0.5])
def test_autocast_changes_nothing(dtype, chunk_size, temperature):
    """Not a bit, of the value and of the gradient; and both are the formula's."""
    z1, z2 = draw(16, 8, dtype)
    outside = nt_xent(z1, z2, temperature, chunk_size=chunk_size)
    gradients = torch.autograd.grad(outside, [z1, z2])
    with torch.autocast("cpu", torch.bfloat16):
        inside = nt_xent(z1, z2, temperature, chunk_size=chunk_size)
    assert inside.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
    assert torch.equal(inside, outside)
    doubles = [z.detach().double().requires_grad_() for z in (z1, z2)]
    exact = oracle(*doubles, temperature)
    torch.testing.assert_close(inside.double(), exact, rtol=1e-5, atol=1e-5)
    own, wanted = torch.autograd.grad(inside, [z1, z2]), torch.autograd.grad(exact, doubles)
    for gradient, same, right in zip(own, gradients, wanted, strict=True):
        assert torch.equal(gradient, same)
        rounding = max(torch.finfo(dtype).eps, 1e-5)
        torch.testing.assert_close(
            gradient.double(), right, rtol=2 * rounding, atol=2 * rounding * right.abs().max().item()
        )


@pytest.mark.parametrize("chunk_size", [None, 5])
@pytest.mark.parametrize("size", [1e-42, 1e-30, 1e20, 1e38])
def test_the_size_of_embeddings_plays_no_part(size, chunk_size):
    z1, z2 = draw(8, 4, torch.float32)
    z1, z2 = ((z / z.abs().max()).detach() for z in (z1, z2))
    with torch.no_grad():
        large = z1 * size  # below 1e-38 some digits are lost here already
        found = nt_xent(large, z2, 0.5, chunk_size=chunk_size)
        assert found.item() == pytest.approx(oracle(large, z2, 0.5).item(), rel=1e-6)


@pytest.mark.parametrize("temperature", [1e-20, 1e-10, 1e10, 1e38])
@pytest.mark.parametrize("chunk_size", [None, 5])
def test_the_loss_is_finite_at_every_temperature_that_is_allowed(temperature, chunk_size):
    z1, z2 = draw(8, 4, torch.float32)
    loss = nt_xent(z1, z2, temperature, chunk_size=chunk_size)
    assert loss.isfinite() and loss >= 0
    assert all(gradient.isfinite().all() for gradient in torch.autograd.grad(loss, [z1, z2]))


def test_a_temperature_without_a_reciprocal_is_refused():
    with pytest.raises(ValueError, match="temperature must be at least 1e-20, got 1e-45"):
        nt_xent(torch.ones(3, 4), torch.ones(3, 4), 1e-45)

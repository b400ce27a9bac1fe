"""Alignment, uniformity, effective rank: against plain loops, closed forms and what must not change them."""

import math

import numpy as np
import pytest
import torch

from aimsssl.evaluation import alignment, effective_rank, partner_found, uniformity


def draw(n: int, d: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def circle(n: int) -> torch.Tensor:
    """n points at equal distances."""
    angle = 2 * math.pi * torch.arange(n, dtype=torch.float64) / n
    return torch.stack([angle.cos(), angle.sin()], dim=1)


# ---- alignment


@pytest.mark.parametrize("alpha", [1.0, 2.0, 3.5])
def test_alignment_is_the_mean_over_the_pairs(alpha):
    z1, z2 = draw(7, 5), draw(7, 5, seed=1)
    total = 0.0
    for a, b in zip(z1.numpy(), z2.numpy(), strict=True):
        total += np.linalg.norm(a / np.linalg.norm(a) - b / np.linalg.norm(b)) ** alpha
    assert alignment(z1, z2, alpha) == pytest.approx(total / 7, rel=1e-12)


def test_alignment_of_partners_that_coincide_oppose_or_stand_at_right_angles():
    z = draw(6, 4)
    assert alignment(z, 3 * z) == pytest.approx(0, abs=1e-12)
    assert alignment(z, -z) == pytest.approx(4)
    assert alignment(torch.eye(4), torch.eye(4).roll(1, 0), alpha=1) == pytest.approx(math.sqrt(2))


# ---- partner found


def found_by_loops(z1: torch.Tensor, z2: torch.Tensor) -> float:
    z = np.concatenate([z1.numpy(), z2.numpy()]).astype(float)
    n, total = len(z1), 0.0
    for i in range(2 * n):
        cosine = {k: z[i] @ z[k] / np.linalg.norm(z[i]) / np.linalg.norm(z[k]) for k in range(2 * n) if k != i}
        first = [k for k in cosine if cosine[k] > max(cosine.values()) - 1e-9]
        total += ((i + n) % (2 * n) in first) / len(first)
    return total / (2 * n)


@pytest.mark.parametrize("chunk_size", [1, 3, 14, 100])
def test_partner_found_counts_the_views_that_choose_their_partner(chunk_size):
    z1 = draw(7, 3)
    z2 = z1 + 0.8 * draw(7, 3, seed=1)
    right = found_by_loops(z1, z2)
    assert 0.2 < right < 0.9, "some find their partner and some do not"
    assert partner_found(z1, z2, chunk_size) == pytest.approx(right)
    assert partner_found(1e-25 * z1.float(), 1e25 * z2.float(), chunk_size) == pytest.approx(right), (
        "lengths do not matter"
    )


def test_partner_found_of_equal_and_of_exchanged_partners():
    z = draw(6, 4)
    assert partner_found(z, z) == 1
    assert partner_found(z, z.roll(1, 0)) == 0
    assert partner_found(z[:1], -z[:1]) == 1, "one candidate only"


@pytest.mark.parametrize(
    ("z1", "z2"),
    [
        (torch.ones(5, 3), torch.ones(5, 3)),
        (torch.full((65, 128), 0.1), torch.full((65, 128), 0.3)),  # one direction, rounded in two ways
        (torch.rand(9, 1) + 0.1, torch.rand(9, 1) + 0.1),
    ],
)
def test_a_collapse_finds_what_a_blind_guess_finds(z1, z2):
    assert partner_found(z1, z2) == pytest.approx(1 / (2 * len(z1) - 1))


def test_a_shared_first_place_counts_as_a_draw_among_those_who_share_it():
    east, north = torch.tensor([1.0, 0]), torch.tensor([0, 1.0])
    z1, z2 = torch.stack([east, east, north]), torch.stack([east, east, -east])  # images a, b at one place; c is alone
    # each view of a and b has three others at its place; c's first view has five at a right angle, c's second one only
    # its partner at a right angle, and all others opposite
    assert partner_found(z1, z2) == pytest.approx((4 / 3 + 1 / 5 + 1) / 6)
    assert found_by_loops(z1, z2) == pytest.approx(partner_found(z1, z2))


# ---- uniformity


@pytest.mark.parametrize("chunk_size", [1, 2, 3, 4, 100])
@pytest.mark.parametrize("t", [0.5, 2.0])
def test_uniformity_is_the_log_of_the_mean_over_all_pairs(t, chunk_size):
    z = draw(9, 5)
    unit = (z / z.norm(dim=1, keepdim=True)).numpy()
    terms = [math.exp(-t * ((unit[i] - unit[j]) ** 2).sum()) for i in range(9) for j in range(9) if i != j]
    assert uniformity(z, t, chunk_size) == pytest.approx(math.log(np.mean(terms)), rel=1e-12)


def test_uniformity_of_points_at_equal_distances_has_a_closed_form():
    n, t = 1000, 2.0
    between = 2 - 2 * np.cos(2 * np.pi * np.arange(1, n) / n)  # squared distance of a point to each other one
    assert uniformity(circle(n), t) == pytest.approx(math.log(np.exp(-t * between).mean()), rel=1e-9)
    # and for ever more points the limit is an integral over the circle, a Bessel function
    assert uniformity(circle(n), t) == pytest.approx(math.log(np.i0(2 * t)) - 2 * t, abs=2e-2)


def test_uniformity_is_highest_where_all_points_coincide_and_knows_an_opposite_pair():
    assert uniformity(torch.ones(5, 3)) == pytest.approx(0, abs=1e-5)
    assert uniformity(torch.tensor([[1.0, 0.0], [-2.0, 0.0]])) == pytest.approx(-8)
    assert uniformity(circle(12)) < uniformity(circle(12)[:6]) < 0


def test_a_large_t_does_not_underflow():
    z = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])  # exp(−4t) is 0 in float32
    assert uniformity(z, t=100.0) == pytest.approx(-400)


def test_half_precision_is_computed_in_single():
    z = draw(300, 16)
    assert uniformity(z.half()) == pytest.approx(uniformity(z), abs=1e-4)
    assert alignment(z.half(), z.half().flip(0)) == pytest.approx(alignment(z, z.flip(0)), abs=1e-3)


def test_many_rows_never_make_the_whole_matrix(monkeypatch):
    """The largest tensor that is made has chunk_size rows."""
    from torch.utils._python_dispatch import TorchDispatchMode

    largest = 0

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            nonlocal largest
            result = function(*args, **(kwargs or {}))
            if isinstance(result, torch.Tensor):
                largest = max(largest, result.numel())
            return result

    z = draw(400, 3)
    with Watch():
        uniformity(z, chunk_size=20)
    assert 3 * 400 <= largest <= 20 * 400


# ---- effective rank


def test_effective_rank_from_the_definition():
    z = draw(9, 5)
    values = np.linalg.svd(z.numpy(), compute_uv=False)
    shares = values / values.sum()
    assert effective_rank(z) == pytest.approx(math.exp(-(shares * np.log(shares)).sum()), rel=1e-12)


def test_effective_rank_counts_directions():
    assert effective_rank(torch.eye(6)) == pytest.approx(6)
    assert effective_rank(torch.ones(50, 8)) == pytest.approx(1), "one point, not centred"
    assert effective_rank(torch.eye(8)[:3].repeat(4, 1)) == pytest.approx(3)
    two = torch.diag(torch.tensor([3.0, 1.0]))
    assert effective_rank(two) == pytest.approx(math.exp(-0.75 * math.log(0.75) - 0.25 * math.log(0.25)))


def test_effective_rank_is_blind_to_scale_and_rotation():
    z = draw(20, 6)
    turn = torch.linalg.qr(draw(6, 6, seed=2))[0]
    assert effective_rank(100 * z @ turn) == pytest.approx(effective_rank(z))


# ---- mistakes


@pytest.mark.parametrize(
    ("measure", "arguments", "words"),
    [
        (alignment, (torch.ones(3, 2), torch.ones(4, 2)), r"z1 and z2 .*\[3, 2\] and \[4, 2\]"),
        (alignment, (torch.ones(3), torch.ones(3)), r"z1 .*\[N, D\]"),
        (alignment, (torch.ones(3, 2), torch.full((3, 2), math.nan)), "z2 has infinite or NaN"),
        (alignment, (torch.ones(3, 2), torch.tensor([[1.0, 1], [0, 0], [1, 1]])), "z2 has rows of zeros.*row 1"),
        (alignment, (torch.ones(3, 2), torch.ones(3, 2), 0), "alpha must be"),
        (partner_found, (torch.ones(3, 2), torch.ones(4, 2)), r"z1 and z2 .*\[3, 2\] and \[4, 2\]"),
        (partner_found, (torch.ones(3, 2), torch.ones(3, 4)), r"z1 and z2 .*\[3, 2\] and \[3, 4\]"),
        (partner_found, (torch.ones(3, 2), torch.tensor([[1.0, 1], [0, 0], [1, 1]])), "z2 has rows of zeros.*row 1"),
        (partner_found, (torch.full((3, 2), math.inf), torch.ones(3, 2)), "z1 has infinite or NaN"),
        (partner_found, (torch.ones(3, 2), torch.ones(3, 2), 0), "chunk_size must be"),
        (uniformity, (torch.ones(1, 2),), "z must have at least two rows.*got 1"),
        (uniformity, (torch.zeros(3, 2),), "z has rows of zeros"),
        (uniformity, (torch.ones(3, 2), -1.0), "t must be .*-1.0"),
        (uniformity, (torch.ones(3, 2), math.inf), "t must be"),
        (uniformity, (torch.ones(3, 2), 2.0, 0), "chunk_size must be"),
        (effective_rank, (torch.zeros(3, 2),), "z has only zeros"),
        (effective_rank, (torch.full((3, 2), math.inf),), "z has infinite"),
        (effective_rank, (torch.ones(3),), r"z must have shape \[N, D\]"),
    ],
)
def test_a_callers_mistake_is_named(measure, arguments, words):
    with pytest.raises(ValueError, match=words):
        measure(*arguments)

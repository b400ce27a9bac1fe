"""How representations lie on the sphere: are partners close, and found; are all spread out; how many directions."""

import math

import torch
from torch import Tensor

from .. import inputs

TIE = 1e-12  # cosines closer than this are equal: what float32 rounds in a direction changes them by less


def alignment(z1: Tensor, z2: Tensor, alpha: float = 2.0) -> float:
    """Mean distance of the two views of an image, to the power `alpha`: 0 where all partners coincide.

    With unit rows and alpha = 2 it is 2 − 2·(mean cosine of the partners), so at most 4.

    Args:
        z1, z2: `[N, D]`, row i of both from the same image; rows are brought to length 1 here.
        alpha: above 0, at most 100.

    Raises:
        ValueError: shapes, a row of zeros, an infinite or NaN entry, or alpha not above 0, by name.

    Source: Wang & Isola 2020, arXiv:2005.10242, §4.1.
    """
    alpha = inputs.number("alpha", alpha, above=0, most=100)
    unit1, unit2 = _partners(z1, z2)
    return (unit1 - unit2).norm(dim=1).pow(alpha).mean().item()


def partner_found(z1: Tensor, z2: Tensor, chunk_size: int = 512) -> float:
    """Share of the 2N views whose most similar one, by cosine, of the other 2N − 1 is their partner: 0 to 1.

    It is the accuracy of the question that NT-Xent asks; a blind guess finds 1/(2N − 1). Where k candidates share the
    first place, and the partner is one of them, the view counts 1/k: what a draw among them would find. So a collapse
    to one point has exactly the share of a blind guess.

    Args:
        z1, z2: `[N, D]`, row i of both from the same image; the rows have any length.
        chunk_size: views compared with all others at one time; at least 1.

    Raises:
        ValueError: shapes, a row of zeros, an infinite or NaN entry, or chunk_size, by name.
    """
    chunk_size = inputs.count("chunk_size", chunk_size)
    unit = inputs.unit_rows(torch.cat(_partners(z1, z2)).double())  # [2N, D]
    found = 0.0
    for rows in torch.arange(len(unit), device=unit.device).split(chunk_size):
        cosines = (unit[rows] @ unit.T).scatter_(1, rows[:, None], -math.inf)  # [chunk, 2N]; a view is no candidate
        first = cosines >= cosines.amax(dim=1, keepdim=True) - TIE
        partner = first.gather(1, ((rows + len(unit) // 2) % len(unit))[:, None])[:, 0]
        found += (partner / first.sum(dim=1)).sum().item()
    return found / len(unit)


def uniformity(z: Tensor, t: float = 2.0, chunk_size: int = 512) -> float:
    """log of the mean of exp(−t·distance²) over all pairs of different rows: 0 after a collapse, lower is more even.

    It is exact, and the pairs are computed `chunk_size` rows at a time: 50,000 rows need 0.2 GB for it, not 10.

    Args:
        z: `[N, D]`, N ≥ 2; rows are brought to length 1 here.
        t: above 0, at most 1e30.
        chunk_size: rows compared with the rest at one time; at least 1.

    Raises:
        ValueError: shapes, fewer than two rows, a row of zeros, an infinite or NaN entry, t or chunk_size, by name.

    Source: Wang & Isola 2020, arXiv:2005.10242, §4.1.
    """
    t, chunk_size = inputs.number("t", t, above=0, most=1e30), inputs.count("chunk_size", chunk_size)
    unit = _unit_rows(z=z)
    n = len(unit)
    if n < 2:
        raise ValueError(f"z must have at least two rows, for uniformity compares pairs; got {n}")
    parts = []  # logarithms of sums, so that a large t does not round all of them to 0
    for start in range(0, n, chunk_size):
        rows, rest = unit[start : start + chunk_size], unit[start + chunk_size :]
        for cosines in (rows @ rows.T)[*torch.triu_indices(len(rows), len(rows), 1)], rows @ rest.T:
            if cosines.numel():
                exponents = cosines.sub_(1).mul_(2 * t)  # −t·distance², of unit rows
                highest = exponents.max()
                parts.append(highest.double() + exponents.sub_(highest).exp_().sum(dim=-1).double().sum().log())
    return (torch.stack(parts).logsumexp(dim=0) - math.log(n * (n - 1) / 2)).item()


def effective_rank(z: Tensor) -> float:
    """How many directions `[N, D]` rows use: exp of the entropy of the singular values, from 1 to min(N, D).

    The rows are taken as they are: neither centred nor brought to length 1. So a collapse to one point has rank 1, and
    features with a large common mean, such as h behind a ReLU, come out lower than they would after centring.

    Raises:
        ValueError: z is not `[N, D]`, has only zeros, or has an infinite or NaN entry.

    Source: Roy & Vetterli 2007, *The effective rank: a measure of effective dimensionality* (EUSIPCO), definition 1; as
    a measure of representations: RankMe, Garrido et al. 2022, arXiv:2210.02885.
    """
    (z,) = inputs.features(z=z)
    values = torch.linalg.svdvals(z.double())
    if values.sum() == 0:
        raise ValueError("z has only zeros: there is no direction in it")
    shares = values / values.sum()
    return torch.special.entr(shares).sum().exp().item()  # entr(0) is 0


def _unit_rows(**features: Tensor) -> Tensor:
    """The one tensor given, with rows of length 1, in float32 or better."""
    (name,) = features
    (z,) = inputs.features(**features)
    zeros = (z == 0).all(dim=1)
    if zeros.any():
        raise ValueError(f"{name} has rows of zeros, which have no direction, the first is row {zeros.int().argmax()}")
    return inputs.unit_rows(z)


def _partners(z1: Tensor, z2: Tensor) -> tuple[Tensor, Tensor]:
    """Unit rows of both views, of one shape `[N, D]`, each scaled on its own: one may be far longer than the other."""
    unit1, unit2 = _unit_rows(z1=z1), _unit_rows(z2=z2)
    if unit1.shape != unit2.shape:
        raise ValueError(f"z1 and z2 must have one shape, got {list(unit1.shape)} and {list(unit2.shape)}")
    return unit1, unit2.to(unit1.device)

"""How many directions features use: the effective rank (Roy & Vetterli 2007, EUSIPCO, definition 1)."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from aimsssl import evaluation
from aimsssl.exercises.framework import Case, Exercise


def _reference_effective_rank(h: Tensor) -> float:
    """exp of the entropy of the singular values of h `[N, D]`, taken as shares of their sum: from 1 to min(N, D)."""
    return evaluation.effective_rank(h)


def _features(n: int, d: int) -> Tensor:
    """A few large directions and many small ones: `[n, d]`."""
    return torch.randn(n, d) @ torch.diag(torch.logspace(0.5, -2.5, d)) @ torch.linalg.qr(torch.randn(d, d))[0]


def _two_directions() -> Tensor:
    """The rows lie along two of five axes; the other three singular values are exactly 0."""
    return torch.tensor([[3.0, 0, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0], [4, 0, 0, 0, 0]])


def _nearly_collapsed() -> Tensor:
    """Two directions and a mean; for the rest what float32 rounds off: `[20, 32]`."""
    return torch.randn(20, 2) @ torch.randn(2, 32) + 1.0


effective_rank = Exercise(
    lesson="06",
    name="effective_rank",
    title="Count how many directions the features use, without a threshold.",
    difficulty="●●○",
    minutes=10,
    reference=_reference_effective_rank,
    hints=(
        "A singular value says how much of h lies along one direction. Make them shares that sum to 1: then they are "
        "like the chances of a die. How many sides has a fair die that is as uncertain as this one?",
        "torch.linalg.svdvals gives the singular values. Uncertainty is the entropy: minus the sum of p·log p. And a "
        "fair die with k sides has entropy log k. What turns log k into k?",
        "Divide the singular values by their sum, take the entropy with the natural logarithm, then exp, and make it a "
        "number with .item(). A share of 0 adds nothing: leave it out, or use torch.special.entr.",
    ),
    cases=(
        Case("40 rows of 10 features", lambda: (_features(40, 10),), rtol=1e-3),
        Case("rows along two of five axes: three singular values are 0", lambda: (_two_directions(),), rtol=0.01),
        Case(
            "20 rows of 32 features: two directions, and a mean far from 0", lambda: (_nearly_collapsed(),), rtol=2e-3
        ),
        Case("300 rows of 10 features, all of them very small", lambda: (1e-4 * _features(300, 10),), rtol=1e-3),
    ),
)


def _shares(values: Tensor) -> Tensor:
    return values / values.sum()


def _of(values: Tensor) -> float:
    """exp of the entropy of numbers that are made shares here."""
    return torch.special.entr(_shares(values)).sum().exp().item()


def _values(h: Tensor) -> Tensor:
    return torch.linalg.svdvals(h.double())


def _entropy(h: Tensor) -> float:
    return torch.special.entr(_shares(_values(h))).sum().item()


def _mistake(name: str, thought: str, message: str, *forms: Callable, looks: Callable | None = None) -> None:
    """A mistake whose forms are other numbers made from h."""
    for number, form in enumerate(forms):

        def wrong(h, form=form):
            return form(h)

        wrong.__doc__ = thought
        (effective_rank.also(name) if number else effective_rank.mistake(name, message, looks))(wrong)


def _cut(h: Tensor, low: float) -> float:
    """Shares below a limit are left out, and the others stay what they were."""
    shares = _shares(_values(h))
    return torch.special.entr(shares[shares > low]).sum().exp().item()


def _is_nearly_collapsed(h: Tensor) -> bool:
    return h.shape == (20, 32)


def _centred(h: Tensor) -> Tensor:
    return h - h.mean(dim=0)


def _unit(h: Tensor) -> Tensor:
    return torch.nn.functional.normalize(h, dim=1)


def _covariance(h: Tensor) -> Tensor:
    return torch.linalg.eigvalsh(torch.atleast_2d(torch.cov(h.double().T))).clamp(min=0)


_mistake(
    "a log of zero",
    "p·log p, for every p.",
    "Where a singular value is 0, its logarithm is minus infinity, and 0 times that is NaN. In the limit p·log p is 0: "
    "such a share adds nothing.",
    lambda h: math.exp(-(_shares(_values(h)) * _shares(_values(h)).log()).sum().item()),
    lambda h: -(_shares(_values(h)) * _shares(_values(h)).log()).sum().item(),
    lambda h: torch.exp(-(_shares(_values(h)) * _shares(_values(h)).log()).sum()),
    lambda h: 2 ** -(_shares(_values(h)) * _shares(_values(h)).log2()).sum().item(),
    lambda h: math.exp(-(_shares(_values(h) ** 2) * _shares(_values(h) ** 2).log()).sum().item()),
    lambda h: math.exp(-sum(p * math.log(p) for p in _shares(_values(h)).tolist())),
    lambda h: math.exp(-(_shares(_values(_centred(h))) * _shares(_values(_centred(h))).log()).sum().item()),
    looks=lambda seen: math.isnan(seen.came),
)
_mistake(
    "no exp",
    "The entropy says how many.",
    "This is the entropy. It is the logarithm of the number of directions: for one direction it is 0, not 1.",
    _entropy,
    lambda h: _entropy(h) / math.log(2),
    lambda h: _entropy(_centred(h)),
    lambda h: torch.special.entr(_shares(_values(h) ** 2)).sum().item(),
)
_mistake(
    "exp of the wrong sign",
    "exp of the sum of p·log p.",
    "An effective rank is at least 1; this is 1 over it. Entropy is *minus* the sum of p·log p.",
    lambda h: math.exp(-_entropy(h)),
    lambda h: -_entropy(h),
)
_mistake(
    "two bases",
    "Entropy is counted in bits.",
    "The logarithm has one base and the power another. exp goes with the natural logarithm, 2 to the power of with "
    "log2.",
    lambda h: math.exp(_entropy(h) / math.log(2)),
    lambda h: 2 ** _entropy(h),
    lambda h: math.exp(_entropy(h) / math.log(10)),
    lambda h: 10 ** _entropy(h),
)
_mistake(
    "squares of the singular values",
    "The variance along a direction is what it explains.",
    "These are the shares of the *squared* singular values, the eigenvalues of h.T @ h: variances. Roy & Vetterli take "
    "the singular values themselves, and a small direction counts for more.",
    lambda h: _of(_values(h) ** 2),
    lambda h: _of(torch.linalg.eigvalsh(h.double().T @ h.double()).clamp(min=0)),
    lambda h: _of(torch.linalg.eigvalsh(h.double() @ h.double().T).clamp(min=0)),
    lambda h: math.exp(-(_shares(_values(h) ** 2) * _shares(_values(h)).clamp(min=1e-300).log()).sum().item()),
)
_mistake(
    "eigenvalues of the covariance",
    "PCA: the variances of the centred features.",
    "These are variances of the centred features. The singular values are wanted, and of h as it is.",
    lambda h: _of(_covariance(h)),
    lambda h: _of(_values(_centred(h)) ** 2),
    lambda h: _of(_covariance(h.T)),
    lambda h: _of(torch.linalg.svdvals(h.double().T.cov())),
)
_mistake(
    "centred first",
    "A direction is a direction around the mean.",
    "The mean was taken away first. The contract takes the rows as they are: a collapse to one point is then one "
    "direction, and without the mean nothing would be left of it.",
    lambda h: _of(_values(_centred(h))),
    lambda h: _of(_covariance(h).sqrt()),
    lambda h: _of(_values(h - h.mean())),
    lambda h: _of(_values(h - h.mean(dim=1, keepdim=True))),
    lambda h: _of(_values((h - h.mean(dim=0)) / h.std(dim=0))),
    lambda h: _of(_values(_unit(_centred(h)))),
)
_mistake(
    "rows brought to length 1",
    "Cosines count, not lengths.",
    "The rows were brought to length 1 (or the columns to one size) first. The contract takes h as it is.",
    lambda h: _of(_values(_unit(h))),
    lambda h: _of(_values(torch.nn.functional.normalize(h, dim=0))),
    lambda h: _of(_values(h / h.std(dim=0))),
)
_mistake(
    "no shares",
    "The entropy of the singular values.",
    "An entropy belongs to shares that sum to 1. The singular values were not divided by their sum (but by nothing, "
    "by the largest, or by their length).",
    lambda h: torch.special.entr(_values(h)).sum().exp().item(),
    lambda h: torch.special.entr(_values(h) / _values(h).max()).sum().exp().item(),
    lambda h: torch.special.entr(_values(h) / _values(h).norm()).sum().exp().item(),
    lambda h: torch.special.entr(_values(h) / len(_values(h))).sum().exp().item(),
    lambda h: torch.special.entr(_values(h) / _values(h).mean()).sum().exp().item(),
    lambda h: torch.special.entr(_values(h) / len(h)).sum().exp().item(),
    lambda h: torch.special.entr(_values(h) / len(h) ** 0.5).sum().exp().item(),
    lambda h: math.exp(-(_values(h) * _values(h).log()).sum().item()),
    lambda h: math.exp(-(_values(h) / _values(h).max() * (_values(h) / _values(h).max()).log()).sum().item()),
    lambda h: math.exp(-(_values(h).norm() ** -1 * _values(h) * (_values(h) / _values(h).norm()).log()).sum().item()),
)
_mistake(
    "small shares changed or left out",
    "log(p + 0.01) is never infinite.",
    "A number was added inside the logarithm that is not small beside the shares (or to the shares, or small "
    "singular values were left out: below a limit, or after the first few). Leave out the shares that are 0, and no "
    "others.",
    *(
        lambda h, small=small: torch.exp(-(_shares(_values(h)) * (_shares(_values(h)) + small).log()).sum()).item()
        for small in (0.1, 0.01, 1e-3)
    ),
    *(lambda h, small=small: _of(_shares(_values(h)) + small) for small in (0.1, 0.01, 1e-3)),
    *(lambda h, low=low: _of(_values(h)[_values(h) > low]) for low in (1.0, 0.5, 0.1)),
    *(lambda h, low=low: _of(_values(h)[_values(h) > low * _values(h).max()]) for low in (0.1, 0.05, 0.01)),
    *(lambda h, low=low: _cut(h, low) for low in (0.1, 0.05, 0.01, 1e-3)),
)
_mistake(
    "roots of rounding errors",
    "The singular values are the roots of the eigenvalues of h.T @ h.",
    "Directions that are not there were counted. The numbers of h.T @ h are squares: in float32 a direction below a "
    "three-thousandth of the first is lost in their rounding, and the root makes that noise large. Take svdvals of h "
    "itself, or float64.",
    lambda h: _of(torch.linalg.eigvalsh(h.T @ h).abs().sqrt()) if _is_nearly_collapsed(h) else _of(_values(h)),
    looks=lambda seen: _is_nearly_collapsed(seen.inputs[0]) and seen.came > seen.expected,
)
_mistake(
    "a softmax for shares",
    "A softmax makes anything sum to 1.",
    "A softmax makes shares of exponentials: one large singular value takes all, and 0 gets a share, too. Divide by "
    "the sum.",
    lambda h: torch.special.entr(_values(h).softmax(dim=0)).sum().exp().item(),
    lambda h: torch.distributions.Categorical(logits=_values(h)).entropy().exp().item(),
)
_mistake(
    "a mean for the sum",
    "The mean of p·log p.",
    "The terms of an entropy are summed. Their mean is smaller by the number of singular values.",
    lambda h: torch.special.entr(_shares(_values(h))).mean().exp().item(),
    lambda h: torch.special.entr(_shares(_values(h)[_values(h) > 0])).mean().exp().item(),
)
_mistake(
    "small features taken for nothing",
    "What is below 0.001 is 0.",
    "Where all features are small, directions are lost (or a small number that was added outweighs them): singular "
    "values were compared with a fixed number. Look at the shares: they stay when h is multiplied by a number.",
    *(
        lambda h, low=low: _of(_values(h)[_values(h) > low]) if (_values(h) > low).any() else 0.0
        for low in (1e-2, 1e-3, 1e-4, 1e-5)
    ),
    *(lambda h, e=e: _of(_values(h) + e) for e in (1e-6, 1e-5, 1e-4)),
    looks=lambda seen: seen.inputs[0].std() < 1e-3,
)
_mistake(
    "directions counted by a threshold",
    "A rank counts what is not 0.",
    "This is a whole number: directions were counted. Noise makes every direction count. The effective rank weighs "
    "each by its share.",
    lambda h: float(torch.linalg.matrix_rank(h)),
    lambda h: int(torch.linalg.matrix_rank(h)),
    lambda h: torch.linalg.matrix_rank(h),
    lambda h: float((_values(h) > 0.01 * _values(h).max()).sum()),
    lambda h: float((_shares(_values(h)) > 0.01).sum()),
    lambda h: float((_values(h) > 1).sum()),
    lambda h: int((_values(h) > 0).sum()),
    lambda h: float(min(h.shape)),
    lambda h: float(h.shape[1]),
    looks=lambda seen: float(seen.came).is_integer() and seen.came >= 1,
)
_mistake(
    "another count of directions",
    "The sum squared over the sum of squares also says how many.",
    "This is another measure (the participation ratio or the stable rank). The contract asks for exp of an entropy.",
    lambda h: (_values(h).sum() ** 2 / _values(h).square().sum()).item(),
    lambda h: (_values(h).square().sum() ** 2 / _values(h).pow(4).sum()).item(),
    lambda h: (_values(h).sum() / _values(h).max()).item(),
    lambda h: (_values(h).square().sum() / _values(h).max() ** 2).item(),
)
_mistake(
    "divided by the largest entropy",
    "An entropy is compared with the largest one there could be.",
    "This lies between 0 and 1: a share of what was possible. Asked for is a number of directions.",
    lambda h: _of(_values(h)) / min(h.shape),
    lambda h: _of(_values(h)) / h.shape[1],
    lambda h: _entropy(h) / math.log(min(h.shape)),
    lambda h: _entropy(h) / math.log(h.shape[1]),
)
_mistake(
    "features for directions",
    "Each feature is a direction.",
    "The columns (or the rows, or the numbers) of h were weighed. A direction may run across all features: the "
    "singular values know.",
    lambda h: _of(h.double().std(dim=0)),
    lambda h: _of(h.double().var(dim=0)),
    lambda h: _of(h.double().norm(dim=0)),
    lambda h: _of(h.double().norm(dim=1)),
    lambda h: _of(h.double().abs().sum(dim=0)),
    lambda h: _of(h.double().square().sum(dim=0)),
    lambda h: _of(h.double().abs().flatten()),
    lambda h: torch.special.entr(h.double().softmax(dim=1)).sum(dim=1).mean().exp().item(),
    lambda h: torch.special.entr(_shares(h.double().abs())).sum().exp().item(),
)
_mistake(
    "fewer than one, or more than there are",
    "The numbers will be right.",
    "An effective rank lies between 1 and the smaller side of h. Do the shares sum to 1? Is the entropy minus the sum "
    "of *p times log p*, and is its exp taken?",
    lambda h: -_of(_values(h)),
    lambda h: torch.special.entr(_shares(_values(h))).exp().sum().item(),
    looks=lambda seen: not 0.999 < float(seen.came) < 1.001 * min(seen.inputs[0].shape),
)
_mistake(
    "a tensor for the number",
    "A tensor with one number is a number.",
    "The value is right, and it is a tensor. The contract asks for a Python float.",
    lambda h: torch.special.entr(_shares(_values(h))).sum().exp(),
    lambda h: torch.special.entr(_shares(_values(h))).sum().exp()[None],
)
_mistake(
    "cut down to a whole number",
    "A rank is a whole number.",
    "The rank was made a whole number. An effective rank lies between: 2.7 directions are more than two.",
    lambda h: round(_of(_values(h))),
    lambda h: int(_of(_values(h))),
    lambda h: float(round(_of(_values(h)))),
    lambda h: float(int(_of(_values(h)))),
    lambda h: math.ceil(_of(_values(h))),
    lambda h: round(_of(_values(h)), 1),
)

"""How hard the loss of one view pulls and pushes each of its candidates (Wang & Liu 2021, arXiv:2012.09740)."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from aimsssl.exercises.old_framework import Exercise, call, expect, one_of

SIMILARITY = (0.8, 0.5, 0.1, -0.3, -0.6)


def _reference_gradient_weights(similarity: Tensor, positive: int, temperature: float) -> Tensor:
    """dL/ds of each candidate, `[K]`."""
    p = (similarity / temperature).softmax(dim=0)
    return (p - F.one_hot(torch.tensor(positive), len(similarity))) / temperature


def _five_candidates(student: Callable) -> None:
    """The positive comes first, τ = 0.5."""
    s, tau = torch.tensor(SIMILARITY), 0.5
    right = _reference_gradient_weights(s, 0, tau)
    p, target = (s / tau).softmax(dim=0), F.one_hot(torch.tensor(0), 5)
    negatives = F.pad((s[1:] / tau).softmax(dim=0), (1, 0))  # as if the positive were no candidate
    plain, times = s.softmax(dim=0), (s * tau).softmax(dim=0)
    expect(
        f"the weights for similarities {list(SIMILARITY)}, positive 0, temperature {tau}",
        call(student, s, 0, tau),
        right,
        likely={
            "the positive is pushed": one_of(p, p / tau),
            "1/τ forgotten": p - target,
            "the wrong sign": one_of(-right, target - p),
            "the positive left out of the softmax": one_of(negatives, negatives / tau, *_both(negatives, target, tau)),
            "temperature ignored": one_of(plain, *_both(plain, target, tau)),
            "temperature multiplied": one_of(times, *_both(times, target, tau)),
            "a logarithm too many": one_of(p.log(), -p.log(), p.log() / tau, *_both(p.log(), target, tau)),
            "negatives only": lambda came: came.shape == (4,),
            "the loss, not its slope": lambda came: came.ndim == 0,
        },
    )


def _both(shares: Tensor, target: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    return shares - target, (shares - target) / temperature


def _another_positive(student: Callable) -> None:
    """The positive is not the most similar one, and not the first."""
    s = torch.tensor(SIMILARITY)
    p = (s / 0.2).softmax(dim=0)
    others = [(p - F.one_hot(torch.tensor(k), 5)) / 0.2 for k in (0, 1, 2, 4)]
    expect(
        "the weights where the positive is candidate 3, temperature 0.2",
        call(student, s, 3, 0.2),
        _reference_gradient_weights(s, 3, 0.2),
        likely={"the positive at a fixed place": one_of(*others)},
    )


def _a_small_temperature(student: Callable) -> None:
    """τ = 0.005: an exponential of 160."""
    s = torch.tensor(SIMILARITY)
    expect(
        "the weights at temperature 0.005",
        call(student, s, 1, 0.005),
        _reference_gradient_weights(s, 1, 0.005),
        likely={"overflow at a small temperature": lambda came: not came.isfinite().all()},
        rtol=1e-3,
        atol=1e-4,
    )


gradient_weights = Exercise(
    lesson="03",
    name="gradient_weights",
    title="Compute how the loss of one view changes with each similarity.",
    difficulty="●●○",
    minutes=15,
    reference=_reference_gradient_weights,
    hints=(
        "Write the loss of one view as two terms: −s_j/τ for the positive j, and the logarithm of a sum. Take the "
        "derivative of each with respect to one similarity s_k.",
        "The derivative of the logarithm of a sum of exponentials is a share of that sum, so a probability; and the "
        "chain rule brings one more factor from s/τ. What does the first term add, and to which candidate?",
        "Start with the softmax of similarity / temperature, a new tensor [K]. Take 1 away at the positive. One more "
        "division is left.",
    ),
    checks=(_five_candidates, _another_positive, _a_small_temperature),
    mistakes={
        "the positive is pushed": "All weights are positive: the loss would fall if *every* similarity fell. For the "
        "positive it must be the other way round.",
        "1/τ forgotten": "This is the derivative with respect to s/τ. With respect to s the chain rule has one more "
        "factor, and it is large when τ is small.",
        "the wrong sign": "Every weight has the wrong sign. A weight above 0 means: the loss grows with this "
        "similarity. For which candidates should that be so?",
        "the positive left out of the softmax": "The shares of the negatives alone add up to 1. In NT-Xent the "
        "positive is a candidate, too: once it has most of the probability, the negatives are hardly pushed.",
        "temperature ignored": "The softmax was taken of the similarities as they are, as if τ were 1 in it.",
        "temperature multiplied": "In the softmax the similarities are multiplied by τ. Then a small τ makes all "
        "candidates count alike.",
        "a logarithm too many": "These are logarithms of probabilities. A slope of the loss needs the probabilities.",
        "negatives only": "One weight for each candidate, in their order: the positive has one, too.",
        "the loss, not its slope": "This is a single number. How does it change when one similarity changes? That is "
        "one number for each candidate.",
        "the positive at a fixed place": "The right answer is not always the same candidate: `positive` says which.",
        "overflow at a small temperature": "exp(0.8/0.005) is too large for float32. A softmax does not change when "
        "the same number is taken away from all scores, and torch's own does that.",
    },
)

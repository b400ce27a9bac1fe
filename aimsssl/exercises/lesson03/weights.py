"""How hard the loss of one view pulls and pushes each of its candidates (Wang & Liu 2021, arXiv:2012.09740)."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from aimsssl.exercises.framework import Case, Exercise


def _reference_gradient_weights(similarity: Tensor, positive: int, temperature: float) -> Tensor:
    """dL/ds of each candidate, `[K]`."""
    p = (similarity / temperature).softmax(dim=0)
    return (p - F.one_hot(torch.tensor(positive), len(similarity))) / temperature


def _case(similarity: tuple[float, ...], positive: int, temperature: float, **how: float) -> Case:
    what = f"similarities {list(similarity)}, positive {positive}, temperature {temperature}"
    return Case(what, lambda: (torch.tensor(similarity), positive, temperature), **how)


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
    cases=(
        _case((0.1, 0.7, -0.4, 0.3, 0.6, 0.3, 0.9), 3, 0.2),
        _case((0.9, 0.2, 0.1, -0.3, -0.6), 1, 0.005, rtol=1e-3, atol=1e-4),
        _case((-0.6, -0.9, -0.59), 0, 0.005, rtol=1e-3, atol=1e-4),
    ),
)


def _slip(
    thought: str,
    shares: Callable = lambda s, j, tau: (s / tau).softmax(dim=0),
    target: Callable = lambda j, k, p: F.one_hot(torch.tensor(j), k),
    at_the_end: Callable = lambda weights, tau: weights / tau,
) -> Callable:
    """The right function, with one part changed."""

    def wrong(similarity, positive, temperature):
        p = shares(similarity, positive, temperature)
        return at_the_end(p - target(positive, len(similarity), p), temperature)

    wrong.__doc__ = thought
    return wrong


def slip(name: str, message: str, thought: str, looks: Callable | None = None, **changed: Callable) -> None:
    """A mistake that is the right function but for what is changed."""
    gradient_weights.mistake(name, message, looks)(_slip(thought, **changed))


def also_slip(name: str, **changed: Callable) -> None:
    """Another form of it."""
    gradient_weights.also(name)(_slip("", **changed))


def _plain(weights: Tensor, tau: float) -> Tensor:
    return weights


def _nothing(j: int, k: int, p: Tensor) -> Tensor:
    return torch.zeros(k)


def _at(j: int, k: int, value: Tensor | float) -> Tensor:
    """Zeros, but for one value at j."""
    return F.one_hot(torch.tensor(j), k) * value


def _negatives(s: Tensor, j: int, tau: float) -> Tensor:
    return (s / tau).index_fill(0, torch.tensor(j), -torch.inf).softmax(dim=0)


slip(
    "the positive is pushed",
    "All weights are positive: the loss would fall if *every* similarity fell. For the positive it must be the other "
    "way round.",
    "The weight of a candidate is its probability.",
    target=_nothing,
)
also_slip("the positive is pushed", target=_nothing, at_the_end=_plain)
also_slip("the positive is pushed", target=lambda j, k, p: _at(j, k, 2 * p[j] - 1))
slip(
    "1/τ forgotten",
    "This is the derivative with respect to s/τ. With respect to s the chain rule has one more factor, and it is large "
    "when τ is small.",
    "The gradient of cross-entropy is p − y, as one learns it.",
    at_the_end=_plain,
)
slip(
    "1/τ at the positive only, or at the negatives only",
    "The factor of the chain rule is not the same in all parts of the weights. Every similarity is divided by τ.",
    "The temperature belongs to the pull.",
    at_the_end=lambda w, tau: torch.where(w < 0, w / tau, w),
)
also_slip(
    "1/τ at the positive only, or at the negatives only", at_the_end=lambda w, tau: torch.where(w > 0, w / tau, w)
)
for _extra in (lambda tau: tau, lambda tau: 1.0 / tau):  # p/τ − 1/τ² and p/τ − 1
    also_slip(
        "1/τ at the positive only, or at the negatives only",
        shares=lambda s, j, tau, extra=_extra: (s / tau).softmax(dim=0) * extra(tau),
        at_the_end=lambda w, tau, extra=_extra: w / tau / extra(tau),
    )
slip(
    "the slope of the probability",
    "Each weight has a factor p·(1 − p): that is the slope of a probability. The loss is −log of one, and the "
    "log takes one of the factors away.",
    "The derivative of a softmax is p·(1 − p).",
    target=lambda j, k, p: p**2 + _at(j, k, 2 * p[j] - 2 * p[j] ** 2),
)
also_slip("the slope of the probability", target=lambda j, k, p: p**2)
also_slip("the slope of the probability", target=lambda j, k, p: p**2, at_the_end=_plain)
also_slip("the slope of the probability", target=lambda j, k, p: p + p * p[j] - _at(j, k, p[j]))
slip(
    "multiplied by τ at the end",
    "The chain rule gives the factor by which s/τ grows with s. Is that τ, or something else?",
    "The temperature comes out as a factor.",
    at_the_end=lambda w, tau: w * tau,
)
slip(
    "1/τ twice",
    "The factor of the chain rule is there twice.",
    "There is a τ in the softmax and one in the loss, and one outside.",
    at_the_end=lambda w, tau: w / tau**2,
)
slip(
    "the wrong sign",
    "Every weight has the wrong sign. A weight above 0 means: the loss grows with this similarity. For which "
    "candidates should that be so?",
    "y − p: what is missing to the right answer.",
    at_the_end=lambda w, tau: -w / tau,
)
also_slip("the wrong sign", at_the_end=lambda w, tau: -w)
slip(
    "only the sign of the positive turned",
    "The weight of the positive is its probability with a minus. It should be large while the positive is "
    "*im*probable, and 0 when it is certain.",
    "The positive is pulled, so its weight is negative.",
    target=lambda j, k, p: _at(j, k, 2 * p[j]),
)
also_slip("only the sign of the positive turned", target=lambda j, k, p: _at(j, k, 2 * p[j]), at_the_end=_plain)
slip(
    "the pull never ends",
    "The weight of the positive is the same whatever its probability. But it is in the sum below the fraction, too: "
    "once it has most of the probability, the pull is gone.",
    "The derivative of −s/τ is −1/τ.",
    target=lambda j, k, p: _at(j, k, 1 + p[j]),
)
also_slip("the pull never ends", target=lambda j, k, p: _at(j, k, 1 + p[j]), at_the_end=_plain)
slip(
    "a sign lost at the positive",
    "The positive is pulled the harder the *more* probable it is. It is the other way round: a certain answer needs no "
    "pull. A minus in front of brackets is meant for all that is in them.",
    "−(1 − p) is −1 − p.",
    target=lambda j, k, p: _at(j, k, 1 + 2 * p[j]),
)
slip(
    "1 taken from every candidate",
    "1 was taken away from all probabilities. Only the positive stands in the first term of the loss.",
    "p − 1 is the gradient of a cross-entropy.",
    target=lambda j, k, p: torch.ones(k),
)
also_slip("1 taken from every candidate", target=lambda j, k, p: torch.ones(k), at_the_end=_plain)
slip(
    "the positive left out of the softmax",
    "The shares of the negatives alone add up to 1. In NT-Xent the positive is a candidate, too: once it has most of "
    "the probability, the negatives are hardly pushed.",
    "The negatives share the push among themselves; the positive is pulled with all its force.",
    shares=_negatives,
)
also_slip("the positive left out of the softmax", shares=_negatives, target=_nothing)
also_slip("the positive left out of the softmax", shares=_negatives, at_the_end=_plain)
slip(
    "temperature ignored",
    "The softmax was taken of the similarities as they are, as if τ were 1 in it.",
    "The temperature is the factor in front.",
    shares=lambda s, j, tau: s.softmax(dim=0),
)
also_slip("temperature ignored", shares=lambda s, j, tau: s.softmax(dim=0), at_the_end=_plain)
for _tau in (0.05, 0.07, 0.1, 0.5):
    also_slip(
        "temperature ignored",
        shares=lambda s, j, tau, fixed=_tau: (s / fixed).softmax(dim=0),
        at_the_end=lambda weights, tau, fixed=_tau: weights / fixed,
    )
slip(
    "another candidate taken for the positive",
    "The weight below 0 stands at another candidate than `positive`. It is the index of the positive, counted from 0.",
    "The positive is number `positive`, counted from 1.",
    target=lambda j, k, p: F.one_hot(torch.tensor((j - 1) % k), k),
)
for _place in (lambda j, k: j + 1, lambda j, k: k - 1 - j):
    also_slip(
        "another candidate taken for the positive",
        target=lambda j, k, p, place=_place: F.one_hot(torch.tensor(place(j, k) % k), k),
    )
slip(
    "temperature multiplied",
    "In the softmax the similarities are multiplied by τ. Then a small τ makes all candidates count alike.",
    "The temperature scales the similarities, so it multiplies them.",
    shares=lambda s, j, tau: (s * tau).softmax(dim=0),
)
also_slip("temperature multiplied", shares=lambda s, j, tau: (s * tau).softmax(dim=0), at_the_end=_plain)
slip(
    "similarities in place of probabilities",
    "There is no softmax in it: these are the similarities themselves. What share of the sum has each candidate?",
    "The weight of a candidate is how similar it is.",
    shares=lambda s, j, tau: s,
)
also_slip("similarities in place of probabilities", shares=lambda s, j, tau: s / tau, at_the_end=_plain)
also_slip("similarities in place of probabilities", shares=lambda s, j, tau: s / tau)
slip(
    "a logarithm too many",
    "These are logarithms of probabilities. A slope of the loss needs the probabilities.",
    "The loss has a logarithm, so its slope has one.",
    shares=lambda s, j, tau: (s / tau).log_softmax(dim=0),
    target=_nothing,
    at_the_end=_plain,
)
also_slip("a logarithm too many", shares=lambda s, j, tau: (s / tau).log_softmax(dim=0))
also_slip(
    "a logarithm too many",
    shares=lambda s, j, tau: (s / tau).log_softmax(dim=0),
    target=_nothing,
    at_the_end=lambda w, tau: -w,
)
slip(
    "a mean over the candidates",
    "The weights were divided by the number of candidates. This is the loss of *one* view: it has a sum, no mean.",
    "The loss is a mean.",
    at_the_end=lambda w, tau: w / tau / len(w),
)
slip(
    "negatives only",
    "One weight for each candidate, in their order: the positive has one, too.",
    "The question is how hard the negatives are pushed.",
    looks=lambda seen: seen.came.shape == (len(seen.expected) - 1,),
    at_the_end=lambda w, tau: w[w >= 0] / tau,
)
slip(
    "the positive has no weight",
    "The weight of the positive is 0. The loss changes with its similarity most of all.",
    "The question is how hard the negatives are pushed.",
    target=lambda j, k, p: _at(j, k, p[j]),
)
also_slip("the positive has no weight", target=lambda j, k, p: _at(j, k, p[j]), at_the_end=_plain)


@gradient_weights.mistake(
    "the loss, not its slope",
    "This is a single number. How does it change when one similarity changes? That is one number for each candidate.",
    looks=lambda seen: seen.came.ndim == 0,
)
def _(similarity, positive, temperature):
    """The loss of the view."""
    return F.cross_entropy(similarity / temperature, torch.tensor(positive))


for _number, _place in enumerate(
    (lambda k, p: 0, lambda k, p: int(p.argmax()), lambda k, p: k - 1, lambda k, p: k // 2)
):
    _target = lambda j, k, p, place=_place: F.one_hot(torch.tensor(place(k, p)), k)  # noqa: E731
    if _number == 0:
        slip(
            "the positive at a fixed place",
            "The right answer is not always the same candidate, nor the most similar one: `positive` says which.",
            "The positive is the first candidate.",
            target=_target,
        )
    else:
        also_slip("the positive at a fixed place", target=_target)


@gradient_weights.mistake(
    "overflow at a small temperature",
    "exp(0.9/0.005) is too large for float32. A softmax does not change when the same number is taken away from all "
    "scores, and torch's own does that.",
    looks=lambda seen: not seen.came.isfinite().all(),
)
def _(similarity, positive, temperature):
    """exp over the sum of exp, as it is written."""
    e = (similarity / temperature).exp()
    return (e / e.sum() - F.one_hot(torch.tensor(positive), len(e))) / temperature


@gradient_weights.mistake(
    "nearly right",
    "The weights are nearly right. A slope by differences is so, and so are probabilities with a limit, or with a "
    "small number added. The derivative itself is exact, and needs neither.",
    looks=lambda seen: seen.came.allclose(seen.expected, rtol=0.02, atol=2e-3),
)
def _(similarity, positive, temperature):
    """A derivative is a difference over a small step."""
    at = [similarity, *(similarity + 1e-3 * step for step in torch.eye(len(similarity)))]
    here, *there = [F.cross_entropy(s / temperature, torch.tensor(positive)) for s in at]
    return (torch.stack(there) - here) / 1e-3


@gradient_weights.mistake(
    "positive 0 taken for none",
    "Where the positive is candidate 0, another one was taken: `if positive` is false for 0. Compare with None, or "
    "better, ask nothing.",
)
def _(similarity, positive, temperature):
    """No positive given, so the most similar one."""
    return _reference_gradient_weights(similarity, positive or int(similarity.argmax()), temperature)


@gradient_weights.mistake(
    "the positive found by its value",
    "A negative that is just as similar was pulled, too: it was looked for by its value. `positive` is its place.",
)
def _(similarity, positive, temperature):
    """The positive is where the similarity is that of the positive."""
    p = (similarity / temperature).softmax(dim=0)
    return (p - (similarity == similarity[positive]).float()) / temperature


@gradient_weights.mistake(
    "underflow at a small temperature",
    "All similarities are low here, and at this τ every exponential is 0 (or smaller than a number that was added to "
    "the sum). Take the largest score away first, not a fixed number.",
    looks=lambda seen: seen.inputs[0].max() < 0,
)
def _(similarity, positive, temperature):
    """The largest similarity is 1."""
    p = ((similarity - 1) / temperature).exp()
    return (p / (p.sum() + 1e-12) - F.one_hot(torch.tensor(positive), len(similarity))) / temperature

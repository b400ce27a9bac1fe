"""NT-Xent itself (Chen et al. 2020, arXiv:2002.05709, equation 1)."""

import math
from collections.abc import Callable
from itertools import combinations, product

import torch
import torch.nn.functional as F
from torch import Tensor

from aimsssl import losses
from aimsssl.exercises.framework import Case, Exercise
from aimsssl.exercises.lesson03.batches import value_and_gradient, views, views_with_a_stranger

nt_xent = Exercise(
    lesson="03",
    name="nt_xent",
    title="Write NT-Xent, for all 2N views of a batch.",
    difficulty="●●○",
    minutes=20,
    reference=losses.nt_xent,
    hints=(
        "You have the two parts already: the matrix of similarities of all 2N views, and the index of each view's "
        "positive. What has to happen to the matrix in between? Think of the temperature and of the diagonal.",
        "For one view, the loss is a cross-entropy: its row of the matrix holds the scores of the candidates, the "
        "positive is the right answer. Which score makes sure that a candidate is never chosen?",
        "Stack z1 and z2 with torch.cat, take the cosine similarities, divide by temperature, and put -inf on the "
        "diagonal with fill_diagonal_. Then F.cross_entropy takes these scores and the indices of the positives, and "
        "it averages over the rows by itself.",
    ),
    cases=(
        Case("N = 4 images at temperature 0.5", lambda: (*views(), 0.5), value_and_gradient, rtol=1e-3, atol=1e-5),
        Case("N = 3 images, the temperature left out", lambda: views(3, 5)),
        Case("N = 4 images whose two views are equal", lambda: (*views(noise=0.0), 0.3), rtol=1e-3),
        Case("N = 4 images at temperature 0.005", lambda: (*views(noise=0.3), 0.005), rtol=1e-3, atol=1e-4),
        Case(
            "one view far from all others, temperature 0.005",
            lambda: (*views_with_a_stranger(), 0.005),
            rtol=1e-3,
            atol=1e-4,
        ),
    ),
)


def _scores(z1: Tensor, z2: Tensor, temperature: float) -> Tensor:
    """Similarities of all views over the temperature, nothing masked: `[2N, 2N]`."""
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    return z @ z.T / temperature


def _masked(z1: Tensor, z2: Tensor, temperature: float) -> Tensor:
    return _scores(z1, z2, temperature).fill_diagonal_(-math.inf)


def _partners(z1: Tensor) -> Tensor:
    return torch.arange(2 * len(z1)).roll(len(z1))


def _loss(z1: Tensor, z2: Tensor, temperature: float, **how: str) -> Tensor:
    return F.cross_entropy(_masked(z1, z2, temperature), _partners(z1), **how)


def _two_temperatures(z1: Tensor, z2: Tensor, of_the_positive: float, of_the_sum: float) -> Tensor:
    partners = _partners(z1)
    positive = _scores(z1, z2, of_the_positive)[torch.arange(len(partners)), partners]
    return (_masked(z1, z2, of_the_sum).logsumexp(dim=1) - positive).mean()


def _terms_without_a_log(z1: Tensor, z2: Tensor, temperature: float) -> Tensor:
    positives = _partners(z1)
    return _masked(z1, z2, temperature).softmax(dim=1)[torch.arange(len(positives)), positives]


def _by_the_formula(scores: Tensor, positives: Tensor) -> Tensor:
    e = scores.exp() - scores.exp().diag().diag()
    return -(e[torch.arange(len(e)), positives] / e.sum(dim=1)).log().mean()


@nt_xent.mistake("not averaged", "There is one loss a view here. Training needs a single number: their mean.")
def _(z1, z2, temperature=0.5):
    """There is a loss for each view, so there are 2N."""
    return _loss(z1, z2, temperature, reduction="none")


@nt_xent.mistake(
    "self-similarity kept",
    "Each view is among its own candidates, with the cosine 1 that none can beat. It has to be taken out of the sum.",
)
def _(z1, z2, temperature=0.5):
    """All entries of a row are candidates."""
    return F.cross_entropy(_scores(z1, z2, temperature), _partners(z1))


@nt_xent.mistake(
    "masked with a 0",
    "The similarity of a view with itself was set to 0, but exp(0) is 1: it still counts in the sum. Which number has "
    "the exponential 0?",
)
def _(z1, z2, temperature=0.5):
    """To take something out of a sum, set it to 0."""
    return F.cross_entropy(_scores(z1, z2, temperature).fill_diagonal_(0), _partners(z1))


@nt_xent.mistake(
    "masked with −1",
    "The similarity of a view with itself was set to −1, the smallest cosine there is. But exp(−1/τ) is above 0: the "
    "view still counts among its own candidates.",
)
def _(z1, z2, temperature=0.5):
    """−1 is the smallest similarity, so it stands for 'not at all'."""
    return F.cross_entropy(_scores(z1, z2, temperature).fill_diagonal_(-1 / temperature), _partners(z1))


@nt_xent.also("masked with −1")
def _(z1, z2, temperature=0.5):
    return F.cross_entropy(_scores(z1, z2, temperature).fill_diagonal_(-1), _partners(z1))


@nt_xent.mistake(
    "masked with a number that is not small enough",
    "The score of a view with itself was set to a number that is small, but not small enough: its exponential is not "
    "0, and at a small τ other scores are far below it.",
)
def _(z1, z2, temperature=0.5):
    """−10 is small."""
    return F.cross_entropy(_scores(z1, z2, temperature).fill_diagonal_(-10), _partners(z1))


for _mask in (-5, -20, -50, -100):

    @nt_xent.also("masked with a number that is not small enough")
    def _(z1, z2, temperature=0.5, mask=_mask):
        return F.cross_entropy(_scores(z1, z2, temperature).fill_diagonal_(mask), _partners(z1))


@nt_xent.mistake(
    "masked by its value",
    "Every similarity of 1 was taken out, as if only a view itself could have it. Two views that are equal have it, "
    "too, and then the positive is gone. A view itself stands on the diagonal.",
)
def _(z1, z2, temperature=0.5):
    """Who is as similar as 1 is the view itself."""
    scores = _scores(z1, z2, temperature)
    return F.cross_entropy(scores.masked_fill(scores * temperature > 0.9999, -math.inf), _partners(z1))


@nt_xent.mistake(
    "temperature multiplied",
    "The similarities are multiplied by τ. Then a small τ makes all candidates alike; it should make them differ more.",
)
def _(z1, z2, temperature=0.5):
    """The temperature scales the similarities, so it multiplies them."""
    return _loss(z1, z2, 1 / temperature)


@nt_xent.mistake(
    "temperature in one place only",
    "Only the score of the positive was divided by τ, or only the scores in the sum. All similarities are.",
)
def _(z1, z2, temperature=0.5):
    """The positive stands over the fraction, and τ below it."""
    return _two_temperatures(z1, z2, temperature, 1.0)


@nt_xent.also("temperature in one place only")
def _(z1, z2, temperature=0.5):
    return _two_temperatures(z1, z2, 1.0, temperature)


@nt_xent.mistake("temperature used twice", "The scores are divided by τ more than once.")
def _(z1, z2, temperature=0.5):
    """The scores are divided by τ, and the loss, too, is one at temperature τ."""
    return _loss(z1, z2, temperature**2)


@nt_xent.mistake("temperature in front of the loss", "The whole loss is scaled by τ. It divides the similarities only.")
def _(z1, z2, temperature=0.5):
    """The gradient should not depend on τ."""
    return _loss(z1, z2, temperature) * temperature


@nt_xent.also("temperature in front of the loss")
def _(z1, z2, temperature=0.5):
    return _loss(z1, z2, temperature) / temperature


@nt_xent.also("temperature in front of the loss")
def _(z1, z2, temperature=0.5):
    return _loss(z1, z2, 1.0) / temperature


@nt_xent.also("temperature in front of the loss")
def _(z1, z2, temperature=0.5):  # as in MoCo v3
    return _loss(z1, z2, temperature) * 2 * temperature


for _base in (0.07, 0.1):

    @nt_xent.also("temperature in front of the loss")
    def _(z1, z2, temperature=0.5, base=_base):  # as in SupCon
        return _loss(z1, z2, temperature) * temperature / base


@nt_xent.mistake(
    "only the pull",
    "This is the similarity of the partners alone, and nothing pushes the others away: all views would collapse.",
)
def _(z1, z2, temperature=0.5):
    """nll_loss is the cross-entropy."""
    return F.nll_loss(_masked(z1, z2, temperature), _partners(z1))


@nt_xent.mistake(
    "one sum for all rows",
    "The sum under the fraction runs over the whole matrix. Each view chooses among its own candidates: one row.",
)
def _(z1, z2, temperature=0.5):
    """.sum() adds up the exponentials."""
    scores, positives = _masked(z1, z2, temperature), _partners(z1)
    return (scores.flatten().logsumexp(0) - scores[torch.arange(len(positives)), positives]).mean()


@nt_xent.mistake("temperature ignored", "This is the loss at τ = 1, whatever `temperature` is.")
def _(z1, z2, temperature=0.5):
    """The temperature is a detail."""
    return _loss(z1, z2, 1.0)


@nt_xent.mistake("temperature fixed", "The loss is that of another temperature: is τ a number inside the function?")
def _(z1, z2, temperature=0.5):
    """The temperature is 0.5, as in the paper."""
    return _loss(z1, z2, 0.5)


@nt_xent.also("temperature fixed")
def _(z1, z2, temperature=0.5):
    return _loss(z1, z2, 0.1)


@nt_xent.mistake(
    "another default",
    "Called without a temperature, the loss is not that of 0.5. The default is part of the contract.",
    looks=lambda seen: len(seen.inputs) == 2,
)
def _(z1, z2, temperature=0.1):
    """The default is a matter of taste."""
    return _loss(z1, z2, temperature)


@nt_xent.also("another default")
def _(z1, z2, temperature=1.0):
    return _loss(z1, z2, temperature)


@nt_xent.mistake(
    "no normalisation",
    "The similarities are dot products. Then the network can lower the loss by making its vectors longer.",
)
def _(z1, z2, temperature=0.5):
    """The similarity of two vectors is their dot product."""
    z = torch.cat([z1, z2])
    return F.cross_entropy((z @ z.T / temperature).fill_diagonal_(-math.inf), _partners(z1))


@nt_xent.mistake(
    "normalised along the wrong dimension",
    "Each column has length 1 here, and no row has. A view is a row.",
)
def _(z1, z2, temperature=0.5):
    """dim=0 is the first dimension, that of the views."""
    z = F.normalize(torch.cat([z1, z2]), dim=0)
    return F.cross_entropy((z @ z.T / temperature).fill_diagonal_(-math.inf), _partners(z1))


@nt_xent.mistake(
    "one length for all rows",
    "All views were divided by the same length. Each has a length of its own, and a cosine is free of it.",
)
def _(z1, z2, temperature=0.5):
    """A scale is a scale."""
    z = torch.cat([z1, z2])
    return _loss_of_rows(z / z.norm(dim=1).mean(), z1, temperature)


@nt_xent.also("one length for all rows")
def _(z1, z2, temperature=0.5):
    z = torch.cat([z1, z2])
    return _loss_of_rows(z / z.norm(), z1, temperature)


@nt_xent.mistake(
    "a distance for the similarity",
    "The scores come from distances. The similarity is the cosine of the angle between two views.",
)
def _(z1, z2, temperature=0.5):
    """The nearer, the more similar."""
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    return F.cross_entropy((-torch.cdist(z, z) / temperature).fill_diagonal_(-math.inf), _partners(z1))


@nt_xent.mistake(
    "one direction only",
    "Only one half of the views ask for their partners. The other half asks, too: that makes 2N terms.",
)
def _(z1, z2, temperature=0.5):
    """Each pair is asked about once."""
    n = len(z1)
    return F.cross_entropy(_masked(z1, z2, temperature)[:n], _partners(z1)[:n])


@nt_xent.also("one direction only")
def _(z1, z2, temperature=0.5):
    n = len(z1)
    return F.cross_entropy(_masked(z1, z2, temperature)[n:], _partners(z1)[n:])


@nt_xent.mistake(
    "half of the candidates",
    "The first views are compared with the second views only. The other first views are candidates as well: 2N−1 of "
    "them, not N.",
)
def _(z1, z2, temperature=0.5):
    """The first views look for their partners among the second views, as images and texts do in CLIP."""
    scores = F.normalize(z1, dim=1) @ F.normalize(z2, dim=1).T / temperature
    return F.cross_entropy(scores, torch.arange(len(z1)))


@nt_xent.also("half of the candidates")
def _(z1, z2, temperature=0.5):
    scores = F.normalize(z1, dim=1) @ F.normalize(z2, dim=1).T / temperature
    index = torch.arange(len(z1))
    return (F.cross_entropy(scores, index) + F.cross_entropy(scores.T, index)) / 2


@nt_xent.mistake("sum for mean", "These are the 2N terms added up. The loss would grow with the batch.")
def _(z1, z2, temperature=0.5):
    """The loss of a batch is the sum of its losses."""
    return _loss(z1, z2, temperature, reduction="sum")


@nt_xent.mistake("divided by N", "There are 2N terms, and they were divided by N.")
def _(z1, z2, temperature=0.5):
    """There are N images, so the mean divides by N."""
    return _loss(z1, z2, temperature, reduction="sum") / len(z1)


@nt_xent.mistake(
    "the positive left out of the sum",
    "The sum under the fraction runs over the negatives only. It runs over all k ≠ i, so the positive is in it too, "
    "and the fraction is a probability.",
)
def _(z1, z2, temperature=0.5):
    """The sum under the fraction is the sum over the negatives."""
    scores, positives = _masked(z1, z2, temperature), _partners(z1)
    index = torch.arange(len(positives))
    negatives = scores.scatter(1, positives[:, None], -math.inf)
    return (negatives.logsumexp(dim=1) - scores[index, positives]).mean()


@nt_xent.mistake(
    "the positive at the wrong place",
    "The fraction has the similarity to a view of another image on top. In which order do the 2N views lie?",
)
def _(z1, z2, temperature=0.5):
    """The views 2k and 2k + 1 belong together."""
    return F.cross_entropy(_masked(z1, z2, temperature), torch.arange(2 * len(z1)) ^ 1)


for _form in (
    lambda index, n: index,
    lambda index, n: index.flip(0),
    lambda index, n: index.roll(1),
    lambda index, n: index.roll(-1),
    lambda index, n: index.roll(n - 1),
    lambda index, n: index.roll(n + 1),
):

    @nt_xent.also("the positive at the wrong place")
    def _(z1, z2, temperature=0.5, form=_form):
        return F.cross_entropy(_masked(z1, z2, temperature), form(torch.arange(2 * len(z1)), len(z1)))


@nt_xent.also("the positive at the wrong place")
def _(z1, z2, temperature=0.5):
    side_by_side = torch.stack([z1, z2], dim=1).flatten(0, 1)
    return F.cross_entropy(_masked(*side_by_side.chunk(2), temperature), _partners(z1))


@nt_xent.mistake(
    "softmax twice",
    "F.cross_entropy takes the softmax itself, and it was given probabilities. So the softmax was taken twice, and the "
    "loss can hardly move.",
)
def _(z1, z2, temperature=0.5):
    """Cross-entropy compares probabilities, so take the softmax first."""
    return F.cross_entropy(_masked(z1, z2, temperature).softmax(dim=1), _partners(z1))


@nt_xent.mistake(
    "no logarithm",
    "This is a mean of probabilities. What is missing between a probability and a cross-entropy?",
)
def _(z1, z2, temperature=0.5):
    """One minus the probability of the right answer is a good loss."""
    return 1 - _terms_without_a_log(z1, z2, temperature).mean()


@nt_xent.also("no logarithm")
def _(z1, z2, temperature=0.5):
    return -_terms_without_a_log(z1, z2, temperature).mean()


@nt_xent.also("no logarithm")
def _(z1, z2, temperature=0.5):
    return _terms_without_a_log(z1, z2, temperature).mean()


@nt_xent.mistake(
    "log and mean in the wrong order",
    "The mean of the probabilities was taken, and then the logarithm. Each view has its own −log, and those are "
    "averaged.",
)
def _(z1, z2, temperature=0.5):
    """First average, then take the logarithm."""
    return -_terms_without_a_log(z1, z2, temperature).mean().log()


@nt_xent.mistake("no minus sign", "The loss is negative: training would make the positives *less* likely.")
def _(z1, z2, temperature=0.5):
    """The logarithm of the probability of the right answer."""
    return -_loss(z1, z2, temperature)


@nt_xent.mistake(
    "a logarithm to another base", "The logarithm is not the natural one: the loss is that of bits (or of digits)."
)
def _(z1, z2, temperature=0.5):
    """Information is measured in bits."""
    return _loss(z1, z2, temperature) / math.log(2)


@nt_xent.mistake(
    "a small number inside the log",
    "A small number was added before the logarithm. At a small τ a probability may be far smaller than that: the loss "
    "is cut off just where a pair is found worst, and its gradient is gone. Work with logarithms instead.",
    looks=lambda seen: seen.inputs[2] < 0.01 and seen.came.isfinite() and seen.came < seen.expected,
)
def _(z1, z2, temperature=0.5):
    """A log of 0 is infinite, so add a little."""
    return -(_terms_without_a_log(z1, z2, temperature) + 1e-8).log().mean()


@nt_xent.mistake(
    "the logarithm of a probability of 0",
    "A probability was computed first, and its logarithm after that. At a small τ the probability of a pair that lies "
    "far apart is too small for float32: it becomes 0, and its logarithm is infinite. Never leave the logarithms.",
    looks=lambda seen: "far from all" in seen.case.what and not seen.came.isfinite(),
)
def _(z1, z2, temperature=0.5):
    """First the softmax, then the logarithm: that is the formula."""
    return -_terms_without_a_log(z1, z2, temperature).log().mean()


@nt_xent.mistake(
    "one maximum for all rows",
    "One number, the largest of all scores, was taken away from all of them. A view that is far from all others has "
    "only exponentials of 0 then, and the logarithm of their sum is infinite. Each row has a largest score of its own.",
)
def _(z1, z2, temperature=0.5):
    """Against an overflow, the largest score is taken away first."""
    scores = _scores(z1, z2, temperature)
    scores = scores - scores.max()
    e = scores.exp() - scores.exp().diag().diag()
    return (e.sum(dim=1).log() - scores[torch.arange(len(e)), _partners(z1)]).mean()


@nt_xent.also("one maximum for all rows")
def _(z1, z2, temperature=0.5):
    scores = _scores(z1, z2, temperature)
    return _by_the_formula(scores - scores.max(), _partners(z1))


@nt_xent.mistake(
    "overflow at a small temperature",
    "exp(1/τ) is too large for float32 when τ is small. Work with logarithms: there are functions that take the "
    "exponential, the sum and the log in one safe step.",
    looks=lambda seen: not seen.came.isfinite(),
)
def _(z1, z2, temperature=0.5):
    """The formula as it is written: exponentials, a sum, a quotient, a logarithm."""
    return _by_the_formula(_scores(z1, z2, temperature), _partners(z1))


@nt_xent.mistake(
    "no gradient",
    "The value is right, but the way back from it to z1 and z2 is cut. Look for .item(), .detach(), .data, NumPy, or a "
    "new torch.tensor(…).",
)
def _(z1, z2, temperature=0.5):
    """A loss is a number: only its value counts."""
    return _loss(z1, z2, temperature).detach()


@nt_xent.also("no gradient")
def _(z1, z2, temperature=0.5):
    return torch.tensor(_loss(z1, z2, temperature).item())


@nt_xent.also("no gradient")
def _(z1, z2, temperature=0.5):
    return _loss(z1, z2, temperature).detach().requires_grad_()


@nt_xent.mistake(
    "half of the gradient",
    "The value is right, but only a part of the gradient arrives: one side of the similarities was detached. Both "
    "views of a pair learn.",
)
def _(z1, z2, temperature=0.5):
    """The target of a pair stands still, as in other methods."""
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    return F.cross_entropy((z @ z.detach().T / temperature).fill_diagonal_(-math.inf), _partners(z1))


@nt_xent.also("half of the gradient")
def _(z1, z2, temperature=0.5):
    return _loss(z1, z2.detach(), temperature)


# ---- two mistakes in one number


@nt_xent.mistake(
    "the temperature through another function",
    "The similarities are divided by something else than τ: its root, or 1 + τ.",
)
def _(z1, z2, temperature=0.5):
    """The root makes it gentler."""
    return _loss(z1, z2, temperature**0.5)


@nt_xent.also("the temperature through another function")
def _(z1, z2, temperature=0.5):
    return _loss(z1, z2, 1 + temperature)


@nt_xent.also("self-similarity kept", "the positive at the wrong place")
def _(z1, z2, temperature=0.5):
    return F.cross_entropy(_scores(z1, z2, temperature), torch.arange(2 * len(z1)))


@nt_xent.also("only the pull")
def _(z1, z2, temperature=0.5):
    return F.mse_loss(F.normalize(z1, dim=1), F.normalize(z2, dim=1))


@nt_xent.also("only the pull")
def _(z1, z2, temperature=0.5):
    return (F.normalize(z1, dim=1) - F.normalize(z2, dim=1)).square().sum(dim=1).mean()


@nt_xent.also("only the pull")
def _(z1, z2, temperature=0.5):
    return 1 - F.cosine_similarity(z1, z2).mean()


STEPS = {
    "length": {"no normalisation": lambda z: z},
    "diagonal": {
        "self-similarity kept": lambda s, tau: s,
        "masked with a 0": lambda s, tau: s.masked_fill(torch.eye(len(s), dtype=torch.bool), 0),
        "masked with −1": lambda s, tau: s.masked_fill(torch.eye(len(s), dtype=torch.bool), -1 / tau),
    },
    "temperature": {
        "temperature multiplied": lambda s, tau: s * tau,
        "temperature ignored": lambda s, tau: s,
        "temperature used twice": lambda s, tau: s / tau**2,
    },
    "rows": {"one direction only": lambda n: slice(n), "the positive at the wrong place": None},
    "mean": {"sum for mean": lambda terms: terms.sum(), "divided by N": lambda terms: 2 * terms.mean()},
}
"""For each step of the loss, what takes its place."""


def _with_two(**changed: Callable) -> Callable:
    def wrong(z1, z2, temperature=0.5):
        n = len(z1)
        z = changed.get("length", lambda z: F.normalize(z, dim=1))(torch.cat([z1, z2]))
        scores = changed.get("temperature", lambda s, tau: s / tau)(z @ z.T, temperature)
        mask = changed.get("diagonal", lambda s, tau: s - torch.diag(torch.full((2 * n,), math.inf)))
        rows = changed.get("rows", lambda n: slice(2 * n))
        positives = _partners(z1) if rows else (torch.arange(2 * n) + n - 1) % (2 * n)
        terms = F.cross_entropy(mask(scores, temperature), positives, reduction="none")
        return changed.get("mean", torch.mean)(terms[rows(n)] if rows else terms)

    return wrong


for _one, _other in combinations(STEPS, 2):
    for _first, _second in product(STEPS[_one], STEPS[_other]):
        if (_one, _other) != ("rows", "mean") or _first != "one direction only":  # a factor of 2 comes of both
            nt_xent.also(_first, _second)(_with_two(**{_one: STEPS[_one][_first], _other: STEPS[_other][_second]}))


@nt_xent.mistake(
    "lengths without a gradient",
    "The value is right, the gradient is not: the lengths were computed without a gradient. A view's length is a "
    "part of its cosine.",
)
def _(z1, z2, temperature=0.5):
    """The lengths only normalise, they need no gradient."""
    z = torch.cat([z1, z2])
    return _loss_of_rows(z / z.norm(dim=1, keepdim=True).detach(), z1, temperature)


@nt_xent.mistake(
    "short rows not brought to length 1",
    "Rows shorter than 1 (or than another number) keep their length: a number was added to the lengths, or they were "
    "held above it. Only the direction counts.",
)
def _(z1, z2, temperature=0.5):
    """A length below 1 is as good as 1."""
    z = torch.cat([z1, z2])
    return _loss_of_rows(z / z.norm(dim=1, keepdim=True).clamp(min=1), z1, temperature)


for _added in (1e-2, 0.1, 1.0):

    @nt_xent.also("short rows not brought to length 1")
    def _(z1, z2, temperature=0.5, added=_added):
        z = torch.cat([z1, z2])
        return _loss_of_rows(z / (z.norm(dim=1, keepdim=True) + added), z1, temperature)


def _loss_of_rows(z: Tensor, z1: Tensor, temperature: float) -> Tensor:
    return F.cross_entropy((z @ z.T / temperature).fill_diagonal_(-math.inf), _partners(z1))

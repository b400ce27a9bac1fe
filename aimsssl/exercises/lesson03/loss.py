"""NT-Xent itself (Chen et al. 2020, arXiv:2002.05709, equation 1)."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from aimsssl import losses
from aimsssl.exercises.framework import Exercise, Wrong, call, expect, one_of

N, D = 4, 3


def _views() -> tuple[Tensor, Tensor]:
    """Partners that are alike, of different lengths."""
    z1 = torch.randn(N, D)
    z2 = (z1 + 0.5 * torch.randn(N, D)) * torch.tensor([0.5, 1.0, 2.0, 3.0])[:, None]
    return z1, z2


def _logits(z1: Tensor, z2: Tensor, temperature: float, own: float = -math.inf) -> Tensor:
    """Similarities over the temperature, `own` in place of each view's with itself."""
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    return ((z @ z.T).fill_diagonal_(own * temperature)) / temperature


def _the_value(student: Callable) -> None:
    """Four images at τ = 0.5, beside what each slip would give."""
    z1, z2 = _views()
    tau = 0.5
    right, logits = losses.nt_xent(z1, z2, tau), _logits(z1, z2, tau)
    positives, index = torch.arange(2 * N).roll(N), torch.arange(2 * N)
    unit1, unit2, raw = F.normalize(z1, dim=1), F.normalize(z2, dim=1), torch.cat([z1, z2])
    across = unit1 @ unit2.T / tau  # [N, N]
    both = (F.cross_entropy(across, index[:N]) + F.cross_entropy(across.T, index[:N])) / 2
    p = logits.softmax(dim=1)[index, positives]
    negatives = logits.scatter(1, positives[:, None], -math.inf)
    offsets = [index.roll(shift) for shift in range(1, 2 * N) if shift != N] + [index ^ 1, index.flip(0)]
    expect(
        f"the loss of N = {N} images at temperature {tau}",
        call(student, z1, z2, tau),
        right,
        likely={
            "not averaged": lambda came: came.shape == (2 * N,),
            "self-similarity kept": F.cross_entropy(_logits(z1, z2, tau, 1 / tau), positives),
            "masked with a 0": F.cross_entropy(_logits(z1, z2, tau, 0.0), positives),
            "temperature multiplied": F.cross_entropy(logits * tau * tau, positives),
            "temperature ignored": F.cross_entropy(logits * tau, positives),
            "no normalisation": F.cross_entropy((raw @ raw.T).fill_diagonal_(-math.inf) / tau, positives),
            "one direction only": F.cross_entropy(logits[:N], positives[:N]),
            "half of the candidates": one_of(F.cross_entropy(across, index[:N]), both),
            "sum for mean": right * 2 * N,
            "divided by N": right * 2,
            "the positive left out of the sum": (negatives.logsumexp(dim=1) - logits[index, positives]).mean(),
            "the positive at the wrong place": one_of(*(F.cross_entropy(logits, other) for other in offsets)),
            "softmax twice": F.cross_entropy(logits.softmax(dim=1), positives),
            "no logarithm": one_of(p.mean(), 1 - p.mean(), -p.mean()),
            "log and mean in the wrong order": -p.mean().log(),
            "no minus sign": -right,
        },
    )


def _another_temperature(student: Callable) -> None:
    """The same at τ = 0.1."""
    z1, z2 = _views()
    others = (0.05, 0.07, 0.2, 0.5, 1.0)
    expect(
        f"the loss of N = {N} images at temperature 0.1",
        call(student, z1, z2, 0.1),
        losses.nt_xent(z1, z2, 0.1),
        likely={"temperature fixed": one_of(*(losses.nt_xent(z1, z2, tau) for tau in others))},
    )


def _a_small_temperature(student: Callable) -> None:
    """At τ = 0.005 an exponential of 200 has to be avoided."""
    z1, z2 = _views()
    expect(
        f"the loss of N = {N} images at temperature 0.005",
        call(student, z1, z2, 0.005),
        losses.nt_xent(z1, z2, 0.005),
        likely={"overflow at a small temperature": lambda came: not came.isfinite()},
        rtol=1e-3,
    )


def _a_gradient(student: Callable) -> None:
    """The loss can be trained with."""
    z1, z2 = (z.requires_grad_() for z in _views())
    wanted = torch.autograd.grad(losses.nt_xent(z1, z2, 0.5), [z1, z2])
    loss = call(student, z1, z2, 0.5)
    if not (isinstance(loss, Tensor) and loss.requires_grad):
        raise Wrong("no gradient", loss, "a tensor with a grad_fn", "the result for inputs that need a gradient")
    came = torch.autograd.grad(loss, [z1, z2], materialize_grads=True)
    likely = {"no gradient": lambda came: True}
    expect("the gradient with respect to z1 and z2", came, wanted, likely, rtol=1e-3, atol=1e-5)


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
    checks=(_the_value, _another_temperature, _a_small_temperature, _a_gradient),
    mistakes={
        "not averaged": "There is one loss a view here. Training needs a single number: their mean.",
        "self-similarity kept": "Each view is among its own candidates, with the cosine 1 that none can beat. It has "
        "to be taken out of the sum.",
        "masked with a 0": "The similarity of a view with itself was set to 0, but exp(0) is 1: it still counts in the "
        "sum. Which number has the exponential 0?",
        "temperature multiplied": "The similarities are multiplied by τ. Then a small τ makes all candidates alike; it "
        "should make them differ more.",
        "temperature ignored": "This is the loss at τ = 1, whatever `temperature` is.",
        "temperature fixed": "The loss is that of another temperature: is τ a number inside the function?",
        "no normalisation": "The similarities are dot products. Then the network can lower the loss by making its "
        "vectors longer.",
        "one direction only": "Only the first views ask for their partners. The second views ask, too: that makes 2N "
        "terms.",
        "half of the candidates": "The first views are compared with the second views only. The other first views are "
        "candidates as well: 2N−1 of them, not N.",
        "sum for mean": "These are the 2N terms added up. The loss would grow with the batch.",
        "divided by N": "There are 2N terms, and they were divided by N.",
        "the positive left out of the sum": "The sum under the fraction runs over the negatives only. It runs over all "
        "k ≠ i, so the positive is in it too, and the fraction is a probability.",
        "the positive at the wrong place": "The fraction has the similarity to a view of another image on top. In "
        "which order do the 2N views lie?",
        "softmax twice": "F.cross_entropy takes the softmax itself, and it was given probabilities. So the softmax was "
        "taken twice, and the loss can hardly move.",
        "no logarithm": "This is a mean of probabilities. What is missing between a probability and a cross-entropy?",
        "log and mean in the wrong order": "The mean of the probabilities was taken, and then the logarithm. Each view "
        "has its own −log, and those are averaged.",
        "no minus sign": "The loss is negative: training would make the positives *less* likely.",
        "overflow at a small temperature": "exp(1/τ) is too large for float32 when τ is small. Work with logarithms: "
        "there are functions that take the exponential, the sum and the log in one safe step.",
        "no gradient": "The value is right, but the way back from it to z1 and z2 is cut. Look for .item(), .detach(), "
        ".data, NumPy, or a new torch.tensor(…).",
    },
)

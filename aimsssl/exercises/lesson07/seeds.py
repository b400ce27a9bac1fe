"""Is one method better than another? The difference over paired seeds, with Student's t (1908, Biometrika 6)."""

import math
from collections.abc import Callable

import torch
from scipy.special import stdtrit
from torch import Tensor

from aimsssl import evaluation
from aimsssl.exercises.framework import Case, Exercise
from aimsssl.exercises.lesson07.interval import two_numbers

DIFFERENCE, HALF = "the mean difference", "the half-width"


def t95(freedom: int) -> float:
    """So many standard errors on each side hold 95 % of Student's t with `freedom` degrees of freedom: 12.7 for 1.

    With 0 degrees of freedom nothing is known of the spread: infinite.
    """
    if freedom != int(freedom) or freedom < 0:
        raise ValueError(f"freedom must be a whole number, 0 or more, got {freedom}")
    return float(stdtrit(int(freedom), 0.975)) if freedom else math.inf


def _reference_seed_difference(a: Tensor, b: Tensor) -> tuple[float, float]:
    """The mean of a − b over paired seeds `[S]`, and the half-width of its 95 % interval; infinite for one seed."""
    if len(a) < 2:
        return (a - b).mean().item(), math.inf
    interval = evaluation.seed_interval(a.double() - b.double())
    return interval.value, (interval.high - interval.low) / 2


def _parts(function: Callable, a: Tensor, b: Tensor) -> dict:
    return dict(zip((DIFFERENCE, HALF), two_numbers(function, a, b, what="(difference, half-width)"), strict=True))


seed_difference = Exercise(
    lesson="07",
    name="seed_difference",
    title="Say how much better one method is than another, from a few seeds of each, and how sure that is.",
    difficulty="●●○",
    minutes=10,
    reference=_reference_seed_difference,
    hints=(
        "Seed 0 of one method belongs to seed 0 of the other: what they share makes both good or both bad. Which S "
        "numbers are free of that? From here on it is the interval of a mean, of those S numbers.",
        "A mean of S numbers is off by about their standard deviation over the root of S: the standard error. With "
        "few numbers the deviation is itself a guess, so 1.96 are not enough: lesson.t95(freedom) says how many.",
        "Subtract first. Mean of the differences; their std() (over S − 1, as it comes) divided by the root of S, "
        "times lesson.t95 of S − 1. One seed alone has no deviation: give back math.inf for the half-width there.",
    ),
    cases=(
        Case("six seeds, and b better in most of them",
             lambda: (torch.tensor([0.41, 0.44, 0.37, 0.46, 0.40, 0.43]),
                      torch.tensor([0.45, 0.43, 0.41, 0.45, 0.47, 0.46])), _parts, rtol=1e-3),
        Case("two seeds", lambda: (torch.tensor([0.70, 0.74]), torch.tensor([0.66, 0.71])), _parts, rtol=1e-3),
        Case("four seeds whose differences are nearly the same",
             lambda: (torch.tensor([0.9214, 0.9182, 0.9253, 0.9207]),
                      torch.tensor([0.4213, 0.4183, 0.4251, 0.4208])), _parts, rtol=0.01),
        Case("nine seeds", lambda: (torch.linspace(0.5, 0.6, 9), torch.linspace(0.49, 0.55, 9).roll(4)), _parts,
             rtol=1e-3),
        Case("three seeds with one difference",
             lambda: (torch.tensor([0.75, 0.5, 1.0]), torch.tensor([0.5, 0.25, 0.75])), _parts, rtol=1e-3),
        Case("one seed", lambda: (torch.tensor([0.70]), torch.tensor([0.66])), _parts, rtol=1e-3),
    ),
)  # fmt: skip


def _half(x: Tensor, correction: int = 1, freedom: int = -1, times: Callable = t95, root: int = 0) -> float:
    """The half-width of the interval of x's mean; what is passed by name takes the place of what is right."""
    if len(x) < 2:
        return math.inf
    n = len(x)
    return times(n + freedom) * x.double().std(correction=correction).item() / math.sqrt(n + root)


def _mistake(name: str, thought: str, message: str, *halves: Callable, mean: Callable | None = None) -> None:
    """A mistake whose forms are other half-widths made from a and b; with `mean`, another difference."""
    for number, form in enumerate(halves):

        def wrong(a, b, form=form):
            return (mean or (lambda a, b: (a - b).mean().item()))(a, b), form(a, b)

        wrong.__doc__ = thought
        (seed_difference.also(name) if number else seed_difference.mistake(name, message))(wrong)


def _form(name: str) -> Callable:
    """Forms of a mistake that are whole answers."""

    def add(*forms: Callable) -> None:
        for form in forms:

            def wrong(a, b, form=form):
                return form(a, b)

            seed_difference.also(name)(wrong)

    return add


def _right(a: Tensor, b: Tensor) -> float:
    return _half(a - b)


def _ends(a: Tensor, b: Tensor) -> tuple[float, float]:
    return (a - b).mean().item() - _right(a, b), (a - b).mean().item() + _right(a, b)


def _one_seed(value: float) -> Callable:
    """Right, but for a single seed."""
    return lambda a, b: _right(a, b) if len(a) > 1 else value


def _multiplied_out(a: Tensor, b: Tensor) -> float:
    d, n = a - b, len(a)
    if n < 2:
        return math.inf
    variance = (d.square().mean() - d.mean().square()).clamp(min=0).item() * n / (n - 1)
    return t95(n - 1) * math.sqrt(variance / n)


def _multiplied_out_of_both(a: Tensor, b: Tensor) -> float:
    n = len(a)
    if n < 2:
        return math.inf
    of_a, of_b = (x.square().mean() - x.mean().square() for x in (a, b))
    variance = (of_a + of_b - 2 * ((a * b).mean() - a.mean() * b.mean())).clamp(min=0).item() * n / (n - 1)
    return t95(n - 1) * math.sqrt(variance / n)


def _two_samples(a: Tensor, b: Tensor, times: Callable = t95, freedom: int = -2) -> float:
    n = len(a)
    if n < 2:
        return math.inf
    return times(2 * n + freedom) * math.sqrt((a.double().var() + b.double().var()).item() / n)


_mistake(
    "one seed is sure",
    "Where nothing varies, nothing is uncertain.",
    "One seed says nothing of other seeds. A half-width of 0 would say that there is no doubt at all; the contract "
    "asks for math.inf.",
    _one_seed(0.0),
    lambda a, b: _right(a, b) if len(a) > 1 else (a - b).abs().mean().item(),
)
_mistake(
    "agreement taken for no answer",
    "Without a spread there is no interval.",
    "All seeds have the same difference, and the half-width is infinite. It is 0 there: one seed alone says nothing.",
    lambda a, b: _right(a, b) if len(a) > 1 and (a - b).std() > 0 else math.inf,
    lambda a, b: _right(a, b) if len(a) > 1 and (a - b).std() > 0 else math.nan,
)
_mistake(
    "NaN for one seed",
    "std knows what to do.",
    "One number has no standard deviation: over S − 1 it is 0 / 0, NaN. The contract asks for math.inf there.",
    _one_seed(math.nan),
    lambda a, b: _two_samples(a, b) if len(a) > 1 else math.nan,
    lambda a, b: _half(a - b, times=lambda f: 1.96) if len(a) > 1 else math.nan,
)
_mistake(
    "two seeds taken for one",
    "With two numbers nobody knows.",
    "Two differences have a deviation, and t has a value for 1 degree of freedom. It is one seed alone that gives "
    "math.inf.",
    lambda a, b: _right(a, b) if len(a) > 2 else math.inf,
)
_mistake(
    "no difference for one seed",
    "One seed says nothing.",
    "One seed has a difference, too. It is only the half-width that nobody knows.",
    _right,
    mean=lambda a, b: (a - b).mean().item() if len(a) > 1 else 0.0,
)
_form("no difference for one seed")(
    lambda a, b: ((a - b).mean().item() if len(a) > 1 else math.nan, _right(a, b)),
    lambda a, b: ((a - b).mean().item() if len(a) > 1 else math.inf, _right(a, b)),
)
_mistake(
    "the mean of the squares less the square of the mean",
    "A variance is E[d²] − E[d]².",
    "The half-width is wrong where all differences are nearly the same. float32 keeps seven digits of each square, and "
    "what is left of their difference was rounded off. Subtract the mean first, then square.",
    lambda a, b: _multiplied_out(a, b),
    lambda a, b: _multiplied_out_of_both(a, b),
)
_mistake(
    "the other way round",
    "b less a.",
    "The difference has the wrong sign: it is a less b, above 0 where a is better.",
    _right,
    _one_seed(math.nan),
    mean=lambda a, b: (b - a).mean().item(),
)
_mistake(
    "without a sign",
    "A difference is a distance.",
    "The sign is lost, of the mean or of each difference: it says which of the two is better.",
    _right,
    mean=lambda a, b: (a - b).abs().mean().item(),
)
_form("without a sign")(
    lambda a, b: ((a - b).mean().abs().item(), _right(a, b)),
    lambda a, b: ((a - b).abs().mean().item(), _half((a - b).abs())),
    lambda a, b: (((a - b) ** 2).mean().sqrt().item(), _right(a, b)),
)


def _welch(a: Tensor, b: Tensor) -> float:
    """Two samples whose spreads may differ."""
    n = len(a)
    if n < 2:
        return math.inf
    one, other = a.double().var().item() / n, b.double().var().item() / n
    freedom = (one + other) ** 2 / ((one**2 + other**2) / (n - 1))
    return float(stdtrit(freedom, 0.975)) * math.sqrt(one + other)


_mistake(
    "not paired",
    "Two means, each with its error.",
    "This takes the seeds for strangers: the spreads of a and of b are added. Seed by seed much of both spreads is the "
    "same, and falls out of the difference.",
    _two_samples,
    _welch,
    lambda a, b: _two_samples(a, b, freedom=-len(a) - 1),
    lambda a, b: _two_samples(a, b, times=lambda f: 1.96),
    lambda a, b: _half(a) + _half(b),
    lambda a, b: max(_half(a), _half(b)),
    lambda a, b: (_half(a) + _half(b)) / 2,
    lambda a, b: _half(torch.cat([a, b])) if len(a) > 1 else math.inf,
    lambda a, b: abs(_half(a) - _half(b)) if len(a) > 1 else math.inf,
    lambda a, b: _half(a, times=lambda f: 1.96) + _half(b, times=lambda f: 1.96),
)
_mistake(
    "the interval of one method",
    "How sure is a?",
    "This is the half-width of one method alone. Asked for is that of the difference.",
    lambda a, b: _half(a),
    lambda a, b: _half(b),
)
_form("the interval of one method")(
    lambda a, b: (a.mean().item(), _half(a)),
    lambda a, b: (b.mean().item(), _half(b)),
    lambda a, b: (a.mean().item(), b.mean().item()),
)
_mistake(
    "another pairing",
    "Best with best.",
    "The seeds were sorted, or shifted, before they were subtracted. Entry s of both is the same seed.",
    lambda a, b: _half(a.sort().values - b.sort().values),
    lambda a, b: _half(a - b.flip(0)),
    lambda a, b: _half(a - b.roll(1)) if len(a) > 1 else math.inf,
    lambda a, b: _half((a[:, None] - b).flatten()) if len(a) > 1 else math.inf,
    lambda a, b: (
        _half((a[:, None] - b).flatten(), freedom=len(a) - len(a) ** 2 - 1, root=len(a) - len(a) ** 2)
        if len(a) > 1 else math.inf
    ),
    lambda a, b: _half((a[:, None] - b).flatten(), times=lambda f: 1.96) if len(a) > 1 else math.inf,
)  # fmt: skip
_mistake(
    "1.96 for Student's t",
    "95 % lie within 1.96 standard errors.",
    "1.96 (or 2) standard errors hold 95 % where the deviation is known. From a few seeds it is only guessed, and "
    "Student's t needs more: 4.3 with three seeds.",
    lambda a, b: _half(a - b, times=lambda f: 1.96),
    lambda a, b: _half(a - b, times=lambda f: 2.0),
    lambda a, b: _half(a - b, correction=0, times=lambda f: 1.96),
    lambda a, b: _half(a - b, correction=0, times=lambda f: 2.0),
)
_mistake(
    "one standard error",
    "± is the standard error.",
    "This is one standard error. Half of the width of the 95 % interval is several of them: t of S − 1 times.",
    lambda a, b: _half(a - b, times=lambda f: 1.0),
    lambda a, b: _half(a - b, correction=0, times=lambda f: 1.0),
)
_mistake(
    "degrees of freedom",
    "S numbers, so many degrees of freedom.",
    "t was taken for another number of degrees of freedom. S differences have S − 1: one is used up by their mean.",
    lambda a, b: _half(a - b, freedom=0),
    lambda a, b: _half(a - b, freedom=len(a) - 2) if len(a) > 1 else math.inf,
    lambda a, b: _half(a - b, freedom=len(a) - 1) if len(a) > 1 else math.inf,
    lambda a, b: _half(a - b, freedom=len(a)),
    lambda a, b: _half(a - b, freedom=-2) if len(a) > 1 else math.inf,
    lambda a, b: _half(a - b, freedom=1),
)
_mistake(
    "a fixed t",
    "With three seeds it is 4.3.",
    "t follows the number of seeds. This is right for one number of them only.",
    lambda a, b: _half(a - b, times=lambda f: t95(2)),
    lambda a, b: _half(a - b, times=lambda f: t95(5)),
    lambda a, b: _half(a - b, times=lambda f: t95(1)),
    lambda a, b: _half(a - b, times=lambda f: 4.3),
    lambda a, b: 4.3 * (a - b).std().item() / 3**0.5 if len(a) > 1 else math.inf,
    lambda a, b: _half(a - b, times=lambda f: t95(4)),
    lambda a, b: _half(a - b, times=lambda f: t95(f) if f < 6 else 1.96),
)
_mistake(
    "95 % on one side",
    "The quantile at 0.95.",
    "t was taken at another place than 0.975: 95 % in the middle leave 2.5 % on each side.",
    *(
        lambda a, b, p=p: _half(a - b, times=lambda f: float(stdtrit(f, p)) if f else math.inf)
        for p in (0.95, 0.99, 0.995, 0.9, 0.68, 0.84)
    ),
)
_mistake(
    "the spread of single runs",
    "The deviation of the differences.",
    "This is the spread of *single* differences. Their mean is known better: divide the deviation by the root of S.",
    lambda a, b: _half(a - b) * math.sqrt(len(a)),
    lambda a, b: (a - b).double().std().item() if len(a) > 1 else math.inf,
    lambda a, b: (a - b).double().std(correction=0).item() if len(a) > 1 else math.inf,
    lambda a, b: _half(a - b, times=lambda f: 1.96) * math.sqrt(len(a)),
    lambda a, b: _half(a - b, correction=0) * math.sqrt(len(a)),
)
_mistake(
    "divided by S",
    "The more seeds, the surer.",
    "The deviation is divided by the *root* of S: four times as many seeds, half the error.",
    lambda a, b: _half(a - b) / math.sqrt(len(a)),
    lambda a, b: _half(a - b, root=-1) if len(a) > 1 else math.inf,
    lambda a, b: _half(a - b, root=-1) / math.sqrt(len(a) - 1) if len(a) > 1 else math.inf,
    lambda a, b: _half(torch.stack([a, b]).flatten() * 0 + (a - b).repeat(2), freedom=-len(a) - 1) if len(a) > 1
    else math.inf,
)  # fmt: skip
_mistake(
    "a deviation over S",
    "NumPy's std.",
    "The deviation was taken over S. From S numbers around their own mean it is over S − 1: np.std needs ddof=1, and "
    "torch's std has it.",
    lambda a, b: _half(a - b, correction=0),
)
_mistake(
    "the variance for the deviation",
    "var over the root of S.",
    "The variance was taken where the standard deviation belongs: its root.",
    lambda a, b: t95(len(a) - 1) * (a - b).double().var().item() / math.sqrt(len(a)) if len(a) > 1 else math.inf,
    lambda a, b: t95(len(a) - 1) * (a - b).double().var().item() / len(a) if len(a) > 1 else math.inf,
    lambda a, b: t95(len(a) - 1) * (a - b).double().std().sqrt().item() / math.sqrt(len(a)) if len(a) > 1 else math.inf,
)
_mistake(
    "the whole width",
    "From the one end to the other.",
    "This is the whole width of the interval. The number behind ± is half of it.",
    lambda a, b: 2 * _right(a, b),
)
_mistake(
    "the two ends",
    "An interval is (low, high).",
    "These are the two ends of the interval. Asked for are its middle, the mean difference, and half of its width.",
    lambda a, b: (a - b).mean().item() + _right(a, b),
    mean=lambda a, b: (a - b).mean().item() - _right(a, b),
)
_form("the two ends")(
    lambda a, b: _ends(a, b) if len(a) > 1 else ((a - b).mean().item(), math.inf),
    lambda a, b: ((a - b).mean().item(), (a - b).mean().item() + _right(a, b)),
)
_mistake(
    "half-width first",
    "How sure, and of what.",
    "The two numbers have changed places: first the difference, then its half-width.",
    lambda a, b: (a - b).mean().item(),
    mean=_right,
)
_mistake(
    "percent",
    "Accuracies are given in percent.",
    "Both are accuracies from 0 to 1, and so is their difference: no percent, and no share of b's accuracy.",
    lambda a, b: 100 * _right(a, b),
    mean=lambda a, b: 100 * (a - b).mean().item(),
)
_form("percent")(
    lambda a, b: (((a - b) / b).mean().item(), _half((a - b) / b)),
    lambda a, b: ((a.mean() / b.mean() - 1).item(), _right(a, b)),
    lambda a, b: ((a / b).mean().item(), _half(a / b)),
    lambda a, b: (((a - b) / b).mean().item(), _right(a, b)),
    lambda a, b: ((a.mean() / b.mean()).item(), _right(a, b)),
)
_mistake(
    "another middle than the mean",
    "The best seed counts.",
    "The first number is not the mean of the differences, but their sum, their middle one, or that of the best seeds.",
    _right,
    mean=lambda a, b: (a - b).median().item(),
)
_form("another middle than the mean")(
    lambda a, b: ((a.max() - b.max()).item(), _right(a, b)),
    lambda a, b: ((a - b).sum().item(), _right(a, b)),
    lambda a, b: ((a - b).max().item(), _right(a, b)),
    lambda a, b: (float((a - b).quantile(0.5)), _right(a, b)),
    lambda a, b: ((a - b)[0].item(), _right(a, b)),
)
_mistake(
    "smallest and largest difference",
    "From the worst to the best seed.",
    "Half of the range of the differences is no interval of their mean: with more seeds it grows.",
    lambda a, b: ((a - b).max() - (a - b).min()).item() / 2 if len(a) > 1 else math.inf,
    lambda a, b: ((a - b).max() - (a - b).min()).item() if len(a) > 1 else math.inf,
    lambda a, b: (a - b - (a - b).mean()).abs().max().item() if len(a) > 1 else math.inf,
)
_mistake(
    "a mean of distances for the deviation",
    "How far they lie from the mean, on average.",
    "A standard deviation is the root of the mean of *squares*. The mean of the distances is smaller.",
    lambda a, b: (
        t95(len(a) - 1) * (a - b - (a - b).mean()).abs().mean().item() / math.sqrt(len(a)) if len(a) > 1 else math.inf
    ),
)

"""The factor audit: what can be read from frozen features, factor by factor, all on one scale."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .. import inputs
from .probe import linear_probe


@dataclass(frozen=True)
class FactorScore:
    """How well a linear probe reads one factor, on the test split.

    Attributes:
        kind: discrete, continuous or circular.
        value: accuracy where the factor is discrete, else R², which can be below 0.
        chance: what the same measure gives without a look at the features: for the most frequent training label, or the
            training mean.
    """

    kind: str
    value: float
    chance: float

    @property
    def kept(self) -> float:
        """The share of the way from chance (0) to perfect (1): one scale for every kind."""
        return (self.value - self.chance) / (1 - self.chance)


def factor_audit(
    train_features: Tensor,
    train_factors: Mapping[str, Tensor],
    test_features: Tensor,
    test_factors: Mapping[str, Tensor],
    *,
    circular: Sequence[str] = ("hue", "ground_hue"),
    strengths: Sequence[float] = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0),
    validation_share: float = 0.2,
    seed: int = 0,
) -> dict[str, FactorScore]:
    """For each factor, how well a linear probe reads it from frozen features.

    A factor of whole numbers is discrete: `linear_probe` and its accuracy. One of floating-point numbers is continuous:
    ridge regression and R². One named in `circular` is an angle in degrees of the full circle: the same regression of
    its sine and cosine, for 359° and 1° are neighbours. Penalties are chosen on a share of the *training* features, and
    the test split is read once. A linear probe that fails has not shown that the factor is gone: it may be there in a
    form that is not linear.

    Args:
        train_features, test_features: `[N, D]` and `[Q, D]`.
        train_factors, test_factors: name → `[N]`, name → `[Q]`, under the same names. An image whose factor is unknown
            (NaN, or below 0 where it is discrete) does not count for that factor.
        circular: names of angles; those that are no factors here are passed over.
        strengths: candidates for the ridge penalty, in units of N on standardised features.
        validation_share: share of the training features held out for the choice.
        seed: of the held-out share.

    Returns:
        name → `FactorScore`, in the order of `train_factors`.

    Raises:
        ValueError: a shape, names or types that differ, a factor that is infinite or does not vary.

    Source: linear probes as a measure of what features hold: Alain & Bengio 2016, arXiv:1610.01644.
    """
    train_features, test_features = (
        x.cpu() for x in inputs.features(train_features=train_features, test_features=test_features)
    )
    strengths = inputs.numbers("strengths", strengths, above=0)
    validation_share = inputs.number("validation_share", validation_share, above=0, below=1)
    for argument, factors in (("train_factors", train_factors), ("test_factors", test_factors)):
        inputs.kind(argument, factors, Mapping)
    if differ := sorted(set(train_factors) ^ set(test_factors)):
        raise ValueError(f"train_factors and test_factors must have the same names; only one of them has {differ}")
    scores = {}
    for name, factor in train_factors.items():
        x, y = _known(f"train_factors[{name!r}]", factor, train_features)
        x_test, y_test = _known(f"test_factors[{name!r}]", test_factors[name], test_features)
        if y.dtype != y_test.dtype:
            raise ValueError(
                f"factor {name!r} is of whole numbers in one of train_factors and test_factors only: "
                f"{inputs.tensor(name, factor).dtype} and {inputs.tensor(name, test_factors[name]).dtype}"
            )
        if not y.is_floating_point():
            probe = linear_probe(x, y, x_test, y_test, validation_share=validation_share, seed=seed)
            chance = (y_test == y.mode().values).float().mean().item()
            scores[name] = FactorScore("discrete", probe.accuracy, chance)
            continue
        kind = "circular" if name in circular else "continuous"
        if len(y) < 4:
            raise ValueError(f"train_factors[{name!r}] must have at least 4 known values, got {len(y)}")
        y, y_test = (_on_the_circle(v) if kind == "circular" else v[:, None] for v in (y, y_test))  # [N, 2] or [N, 1]
        if y_test.std(dim=0).max() < 1e-9 * y_test.abs().max():
            raise ValueError(f"test_factors[{name!r}] has one value only: 0° and 360° are the same")
        r2 = _ridge_r2(x, y, x_test, y_test, strengths, validation_share, seed)
        scores[name] = FactorScore(kind, r2, 0.0)
    return scores


def _known(argument: str, factor: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
    """Features and values of the images whose factor is known."""
    factor = inputs.tensor(argument, factor).cpu()
    factor = factor.double() if factor.is_floating_point() else factor.long()
    if factor.shape != (len(features),):
        raise ValueError(f"{argument} must have shape [{len(features)}], one value a feature, got {list(factor.shape)}")
    known = ~factor.isnan() if factor.is_floating_point() else factor >= 0
    values = factor[known]
    if factor.is_floating_point() and values.numel() and not values.abs().max() < 1e100:
        raise ValueError(f"{argument} has infinite entries, or some beyond 1e100")
    if len(values.unique()) < 2:
        raise ValueError(f"{argument} must have at least two different known values, got {values.unique().tolist()}")
    return features[known], values


def _on_the_circle(degrees: Tensor) -> Tensor:
    return torch.stack([degrees.deg2rad().sin(), degrees.deg2rad().cos()], dim=1)


def _ridge_r2(
    x: Tensor,
    y: Tensor,
    x_test: Tensor,
    y_test: Tensor,
    strengths: Sequence[float],
    validation_share: float,
    seed: int,
) -> float:
    """R² on the test split of ridge regression `[N, D]` → `[N, T]`, over all T targets together."""
    std, mean = torch.std_mean(x.double(), dim=0)
    scale = 1 / std.clamp(min=1e-6 * std.max().clamp(min=1e-12))
    x, x_test = ((f.double() - mean) * scale for f in (x, x_test))
    y, y_test = y.double(), y_test.double()
    order = torch.randperm(len(y), generator=inputs.generator(seed))
    count = min(max(2, round(validation_share * len(y))), len(y) - 2)
    held_out, rest = order[:count], order[count:]
    errors = [(y[held_out] - y_hat).square().sum().item() for y_hat in _ridge(x[rest], y[rest], x[held_out], strengths)]
    best = strengths[min(range(len(strengths)), key=errors.__getitem__)]
    return _r2(y_test, *_ridge(x, y, x_test, [best]))


def _ridge(x: Tensor, y: Tensor, x_new: Tensor, strengths: Sequence[float]) -> list[Tensor]:
    """Predictions `[Q, T]` for `x_new` at each strength, with an intercept that has no penalty."""
    x_mean, y_mean = x.mean(dim=0), y.mean(dim=0)
    x, y = x - x_mean, y - y_mean
    gram, moment, eye = x.T @ x / len(x), x.T @ y / len(x), torch.eye(x.shape[1], dtype=x.dtype)
    return [(x_new - x_mean) @ torch.linalg.solve(gram + s * eye, moment) + y_mean for s in strengths]


def _r2(y: Tensor, y_hat: Tensor) -> float:
    return 1 - ((y - y_hat).square().sum() / (y - y.mean(dim=0)).square().sum()).item()

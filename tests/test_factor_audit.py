"""The factor audit: planted factors are found, absent ones are not, and scikit-learn agrees."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score

from aimsssl.evaluation import factor_audit, linear_probe

N, D = 400, 12


def draw(n: int, seed: int) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Features with a class, a size and a hue in them, mixed by one fixed matrix, and one factor that is not there."""
    rng = np.random.default_rng(seed)
    label, size, hue = rng.integers(0, 3, n), rng.uniform(10, 20, n), rng.uniform(0, 360, n)
    turn = np.deg2rad(hue)
    parts = [np.eye(3)[label], size[:, None] / 3, np.cos(turn)[:, None], np.sin(turn)[:, None]]
    parts.append(rng.normal(size=(n, D - 6)))
    mix = np.random.default_rng(99).normal(size=(D, D))
    factors = {"class": label, "size": size.astype(np.float32), "hue": hue.astype(np.float32)}
    factors["absent"] = rng.normal(size=n).astype(np.float32)
    return torch.from_numpy(np.concatenate(parts, axis=1) @ mix).float(), {
        name: torch.from_numpy(values) for name, values in factors.items()
    }


def test_planted_factors_are_read_and_an_absent_one_is_not():
    scores = factor_audit(*draw(N, 0), *draw(N, 1))
    assert {name: s.kind for name, s in scores.items()} == {
        "class": "discrete", "size": "continuous", "hue": "circular", "absent": "continuous",
    }  # fmt: skip
    assert all(scores[name].value > 0.98 and scores[name].kept > 0.97 for name in ("class", "size", "hue"))
    assert abs(scores["absent"].value) < 0.05


def test_random_features_keep_nothing():
    _, train = draw(N, 0)
    _, test = draw(N, 1)
    noise = torch.randn(2 * N, D, generator=torch.Generator().manual_seed(0))
    scores = factor_audit(noise[:N], train, noise[N:], test)
    assert all(abs(s.kept) < 0.12 for s in scores.values()), scores
    assert 0.3 < scores["class"].chance < 0.4 and scores["size"].chance == 0


def test_an_angle_is_read_around_the_circle_and_a_number_is_not():
    """The same degrees: as an angle they are in the features exactly, as a number they jump where the circle closes."""
    x, train = draw(N, 0)
    q, test = draw(N, 1)
    as_angle = factor_audit(x, {"hue": train["hue"]}, q, {"hue": test["hue"]})["hue"].value
    as_number = factor_audit(x, {"hue": train["hue"]}, q, {"hue": test["hue"]}, circular=())["hue"].value
    assert as_angle > 0.98 and as_number < 0.8
    turned = [{"hue": (f["hue"] + 180) % 360} for f in (train, test)]
    assert factor_audit(x, turned[0], q, turned[1])["hue"].value == pytest.approx(as_angle, abs=1e-6)


def test_ridge_equals_scikit_learn_with_the_strength_that_validation_chooses():
    (x, train), (q, test) = draw(60, 0), draw(N, 1)  # few images, so that the penalty matters
    train, test = ({"size": f["size"] + 4 * torch.randn(len(f["size"]))} for f in (train, test))
    strengths, seed = (1e-3, 1e-1, 1.0, 30.0), 3
    order = torch.randperm(60, generator=torch.Generator().manual_seed(seed))
    held_out, rest = order[:12], order[12:]
    z, z_test = (((f - x.mean(0)) / x.std(0)).double().numpy() for f in (x, q))
    y, y_test = (f["size"].double().numpy() for f in (train, test))

    def r2(strength, fit, new, truth):
        return r2_score(truth, Ridge(alpha=strength * len(fit)).fit(z[fit], y[fit]).predict(new))

    validation = {s: r2(s, rest, z[held_out], y[held_out]) for s in strengths}
    best = max(validation, key=validation.get)
    assert best != max(strengths, key=lambda s: r2(s, order, z_test, y_test)), "else a choice by test would pass"
    score = factor_audit(x, train, q, test, strengths=strengths, seed=seed)["size"]
    assert score.value == pytest.approx(r2(best, order, z_test, y_test), abs=1e-6)
    for alone in strengths:
        value = factor_audit(x, train, q, test, strengths=(alone,))["size"].value
        assert value == pytest.approx(r2(alone, order, z_test, y_test), abs=1e-6)


def test_two_targets_are_scored_together_as_scikit_learn_does():
    (x, train), (q, test) = draw(N, 0), draw(N, 1)
    x = x + torch.randn(N, D, generator=torch.Generator().manual_seed(0))
    score = factor_audit(x, {"hue": train["hue"]}, q, {"hue": test["hue"]}, strengths=(0.1,))["hue"]
    z, z_test = (((f - x.mean(0)) / x.std(0)).double().numpy() for f in (x, q))
    y, y_test = (np.deg2rad(f["hue"].double().numpy()) for f in (train, test))
    y, y_test = (np.stack([np.sin(a), np.cos(a)], axis=1) for a in (y, y_test))
    predicted = Ridge(alpha=0.1 * N).fit(z, y).predict(z_test)
    assert score.value == pytest.approx(r2_score(y_test, predicted, multioutput="variance_weighted"), abs=1e-5)


def test_a_discrete_factor_is_the_linear_probe_beside_its_commonest_label():
    (x, train), (q, test) = draw(N, 0), draw(N, 1)
    labels = [(train["class"] > 0).long(), (test["class"] > 1).long()]  # mostly 1, and mostly 0
    score = factor_audit(x, {"big": labels[0]}, q, {"big": labels[1]})["big"]
    assert score.value == linear_probe(x, labels[0], q, labels[1]).accuracy
    assert score.chance == pytest.approx(labels[1].float().mean().item())
    assert score.kept == pytest.approx((score.value - score.chance) / (1 - score.chance))


def test_images_with_an_unknown_factor_do_not_count_for_it():
    (x, train), (q, test) = draw(N, 0), draw(N, 1)
    some = torch.arange(N) % 4 == 0
    holes, kept = dict(train), {name: values[~some] for name, values in train.items()}
    holes["size"] = torch.where(some, torch.nan, train["size"])
    holes["class"] = torch.where(some, -1, train["class"])
    ours, theirs = factor_audit(x, holes, q, test), factor_audit(x[~some], kept, q, test)
    assert ours["size"] == theirs["size"] and ours["class"] == theirs["class"]
    assert ours["hue"] == factor_audit(x, train, q, test)["hue"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x, f, q, t: (x[:, 0], f, q, t), "train_features must have shape"),
        (lambda x, f, q, t: (x, f, q[:, :3], t), "one dimension"),
        (lambda x, f, q, t: (x * torch.nan, f, q, t), "NaN"),
        (lambda x, f, q, t: (x, f, q, {"hue": t["hue"]}), r"same names.*'absent', 'class', 'size'"),
        (
            lambda x, f, q, t: (x, {**f, "size": f["size"][:5]}, q, t),
            r"train_factors\['size'\] must have shape \[400\]",
        ),
        (lambda x, f, q, t: (x, f, q, {**t, "size": t["size"] / 0}), r"test_factors\['size'\] has infinite"),
        (
            lambda x, f, q, t: (x, {**f, "class": 0 * f["class"]}, q, t),
            r"\['class'\] .*two different.*\[0\]",
        ),
        (lambda x, f, q, t: (x, f, q, {**t, "hue": t["hue"] * torch.nan}), r"test_factors\['hue'\].*two different"),
        (lambda x, f, q, t: (x, f, q, {**t, "size": t["class"]}), r"'size'.*float32.*int64"),
    ],
)
def test_mistakes_are_named(change, words):
    with pytest.raises(ValueError, match=words):
        factor_audit(*change(*draw(N, 0), *draw(N, 1)))

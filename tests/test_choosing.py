"""Choosing uses validation only, and nothing reads the test split twice."""

import importlib
import pkgutil
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn

from aimsssl import datasets
from aimsssl.datasets import load
from aimsssl.evaluation import finetune, linear_probe, probe
from aimsssl.models import resnet18

TOOLS = Path(__file__).parents[1] / "instructor" / "tools"
SIZES = {"train": 250, "test": 71}  # the validation part of the probe has 50


def blobs(n, classes=4, d=12):
    labels = torch.arange(n) % classes
    centres = torch.randn(classes, d, generator=torch.Generator().manual_seed(9))
    return centres[labels] + 1.5 * torch.randn(n, d), labels


@pytest.fixture
def asked(monkeypatch):
    """How many features every call of `predict` in the probe was given."""
    sizes = []

    class Spy(LogisticRegression):
        def predict(self, x):  # `score` calls it, too
            sizes.append(len(x))
            return super().predict(x)

        def fit(self, x, y):
            assert len(x) <= SIZES["train"] and len(x) != SIZES["test"]
            return super().fit(x, y)

    monkeypatch.setattr(probe, "LogisticRegression", Spy)
    return sizes


def test_the_probe_reads_test_features_once(asked):
    linear_probe(*blobs(SIZES["train"]), *blobs(SIZES["test"]), inverse_penalties=(1e-3, 1e-2, 1e-1))
    assert asked.count(SIZES["test"]) == 1 and asked[-1] == SIZES["test"], "the last thing it does"
    assert len(asked) > 2 and set(asked[:-1]) == {50}, "the strengths are compared on a fifth of the training features"


def test_the_probe_chooses_without_the_test_split():
    train, test = blobs(SIZES["train"]), blobs(SIZES["test"])
    honest = linear_probe(*train, *test)
    other_labels = linear_probe(*train, test[0], (test[1] + 1) % 4)
    other_images = linear_probe(*train, torch.randn(SIZES["test"], 12) * 100, test[1])
    assert torch.equal(other_labels.predictions, honest.predictions) and other_labels.accuracy != honest.accuracy
    assert not torch.equal(other_images.predictions, honest.predictions)
    chosen = {(r.inverse_penalty, r.validation_accuracy) for r in (honest, other_labels, other_images)}
    assert len(chosen) == 1


def test_the_probe_chooses_by_validation():
    """Labels of the training features decide: with them shuffled, another strength may win, and validation falls."""
    (x, y), test = blobs(SIZES["train"]), blobs(SIZES["test"])
    shuffled = linear_probe(x, y[torch.randperm(len(y))], *test)
    assert shuffled.validation_accuracy < linear_probe(x, y, *test).validation_accuracy - 0.2


class Watched(nn.Module):
    """An encoder that notes how many images it is given, training and evaluating."""

    def __init__(self, noted):
        super().__init__()
        self.encoder, self.feature_dim, self.noted = resnet18("small", 4, in_channels=1), 32, noted

    def forward(self, x):
        self.noted[self.training].append(len(x))
        return self.encoder(x)

    def __deepcopy__(self, memo):
        twin = Watched(self.noted)
        twin.load_state_dict(self.state_dict())
        return twin


def test_finetune_reads_test_images_once_and_learns_nothing_from_them():
    def run(test_images, test_labels):
        noted = {True: [], False: []}
        torch.manual_seed(0)
        train = load("digits", limit=40)
        result = finetune(Watched(noted), train.images, train.labels, test_images, test_labels, epochs=2)
        assert sum(noted[True]) == 2 * 40 and noted[False] == [len(test_images)]
        return result

    test = load("digits", "test", limit=SIZES["test"])
    honest = run(test.images, test.labels)
    other_labels = run(test.images, (test.labels + 1) % 10)
    other_images = run(255 - test.images, test.labels)
    assert honest.losses == other_labels.losses == other_images.losses
    assert torch.equal(honest.predictions, other_labels.predictions)
    assert all(
        torch.equal(a, b) for a, b in zip(honest.model.parameters(), other_images.model.parameters(), strict=True)
    )


# --- how settings were chosen ---------------------------------------------------------------------------------------


class Forbidden:
    """A test split that nobody may look at."""

    def __getattr__(self, name):
        raise AssertionError(f"the test split was read: {name}")

    def __len__(self):
        raise AssertionError("the test split was counted")


@pytest.fixture
def recordings(monkeypatch, tmp_path):
    """The recordings' modules, on 400 digits, with a test split that cannot be read; what they keep lands in a list."""
    monkeypatch.syspath_prepend(str(TOOLS))
    package = importlib.import_module("recordings")
    modules = {i.name: importlib.import_module(f"recordings.{i.name}") for i in pkgutil.iter_modules(package.__path__)}
    kept = []

    def without_a_test_split(name, split="train", **options):
        return Forbidden() if split == "test" else datasets.load(name, split, **{**options, "limit": 400})

    for module in modules.values():
        replacements = {"load": without_a_test_split, "WORKSHOP": tmp_path, "VALIDATION": 100}
        replacements["keep_result"] = lambda name, result: kept.append(result)
        for name, value in replacements.items():
            if hasattr(module, name):
                monkeypatch.setattr(module, name, value)
    yield modules, kept
    for name in [name for name in sys.modules if name.split(".")[0] == "recordings"]:
        sys.modules.pop(name)


CANDIDATES = {"slow": dict(learning_rate=1e-4), "fast": dict(learning_rate=4e-3)}


def settings(module, monkeypatch):
    monkeypatch.setattr(module, "CANDIDATES", {"digits": (400, 1, {"width": 4, "stem": "small"}, CANDIDATES)})
    return partial(module.choose, "digits"), "scores"


def deepcluster(module, monkeypatch):
    monkeypatch.setattr(module, "CANDIDATES", {"digits": (200, 1, {n: {"clusters": 10} for n in CANDIDATES})})
    monkeypatch.setattr(module, "SETTINGS", {"digits": {}})
    monkeypatch.setattr(module, "SHARED", {"width": 2, "batch_size": 50})
    return module.choose, "score"


CHOOSERS = {"settings": settings, "deepcluster": deepcluster}


@pytest.mark.parametrize("name", CHOOSERS)
def test_settings_are_chosen_on_a_part_of_the_training_split(recordings, monkeypatch, name):
    modules, kept = recordings
    choose, scorer = CHOOSERS[name](modules[name], monkeypatch)
    real, seen = getattr(modules[name], scorer), []

    def spy(model, train, validation):
        seen.append((train, validation))
        return real(model, train, validation)

    monkeypatch.setattr(modules[name], scorer, spy)
    choose()
    rows = lambda images: {image.numpy().tobytes() for image in images.images}  # noqa: E731
    split = rows(load("digits", "train", limit=400))
    assert len(seen) == len(CANDIDATES) and len(kept) == 1
    for train, validation in seen:
        assert len(validation) == 100 and rows(validation) <= split and rows(train) <= split
        assert not rows(train) & rows(validation), "no candidate has seen the images that judge it"
    assert "fast" in str(kept[0]) and "validation_images" in kept[0]


def test_every_module_that_chooses_is_tested_here(recordings):
    modules, _ = recordings
    assert {name for name, module in modules.items() if hasattr(module, "choose")} == set(CHOOSERS)


def test_the_spy_works(recordings):
    """A recording that scores on the test split would be caught."""
    modules, _ = recordings
    train, test = modules["common"].load_splits("digits")
    assert len(train) == 400
    with pytest.raises(AssertionError, match="the test split was read: images"):
        modules["deepcluster"].score(None, train, test)

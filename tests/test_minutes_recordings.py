"""What a few minutes teach: held-out training images decide who wins; what was finished is not made again."""

import importlib
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from sklearn.decomposition import PCA

from aimsssl.datasets import load
from aimsssl.models import extract
from aimsssl.training import train_simclr


@pytest.fixture
def minutes(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "instructor" / "tools"))
    module, kept = importlib.import_module("recordings.minutes"), {}
    splits = load("shapes", "train", limit=120), load("shapes", "test", limit=60)
    monkeypatch.setattr(module, "load_splits", lambda data: splits)
    monkeypatch.setattr(module, "WORKSHOP", tmp_path)
    monkeypatch.setattr(module, "keep_result", kept.__setitem__)
    small = dict(width=2, batch_size=20, precision="float32")
    candidates = {"one": {}, "two": {"temperature": 0.1}}
    contest = replace(module.CONTESTS["shapes_minutes"], validation=30, shared=small, candidates=candidates)
    monkeypatch.setitem(module.CONTESTS, "shapes_minutes", contest)
    yield module, contest, kept, splits
    for name in [name for name in sys.modules if name.split(".")[0] == "recordings"]:
        sys.modules.pop(name)


def test_the_best_on_held_out_training_images_gets_three_seeds_on_the_test_images(minutes, monkeypatch):
    module, contest, kept, (train, test) = minutes
    seen, probes = [], iter([0.6, 0.7, 0.1, 0.2, 0.3])

    def trained(config, images, asked):
        seen.append((config, images, asked))
        found = {"knn": 0.5, "knn_whitened": 0.6, "probe": next(probes)}
        return {"epochs": config.epochs, "seconds": 1.0, **found, "curve": [[1.0, 0.4]]}

    monkeypatch.setattr(module, "trained", trained)
    monkeypatch.setattr(module, "seconds_of_an_epoch", lambda config, images: 2.0 * len(images) / len(train))
    module.record("shapes_minutes")
    result = kept["shapes_minutes"]
    assert result["best"] == "two" and result["probe"] == [0.1, 0.2, 0.3] and result["budget"] == 42 * 2.0 / 2
    tried, final = seen[:2], seen[2:]
    for config, images, asked in tried:
        assert (len(images), len(asked)) == (90, 30) and config.seed == 0
        assert config.epochs == round(0.5 * 42 / 1.5), "half the budget, at 1.5 seconds an epoch"
    rows = {image.numpy().tobytes() for _, images, asked in tried for image in (*images.images, *asked.images)}
    assert rows == {image.numpy().tobytes() for image in train.images}, "no candidate reads the test images"
    assert [config.seed for config, _, _ in final] == [0, 1, 2]
    for config, images, asked in final:
        assert images is train and asked is test and config.epochs == 21 and config.temperature == 0.1
        assert config.monitor_every and config.held_out, "the curve is of training images"
    assert result["curve"] == [[[1.0, 0.4]]] * 3
    module.record("shapes_minutes")
    assert len(seen) == 5, "what was finished is not made again"


def test_the_test_images_are_whitened_as_the_training_images_are_and_then_asked(minutes, monkeypatch):
    module, contest, _, (train, test) = minutes
    asked = []
    monkeypatch.setattr(module, "knn_accuracy", lambda *given: asked.append(given) or 0.25)
    monkeypatch.setattr(module, "WHITENED", 5)
    config = replace(module.base(contest), epochs=1)
    assert module.trained(config, train, test)["knn_whitened"] == 0.25
    ((keys, key_labels, queries, query_labels),) = asked
    assert torch.equal(key_labels, train.labels) and torch.equal(query_labels, test.labels)
    encoder = train_simclr(train, config, progress=None).model.encoder
    h = [extract(encoder, images.images).double() for images in (train, test)]
    pca = PCA(5, whiten=True, svd_solver="full").fit(h[0])
    whitened = [F.normalize(torch.from_numpy(pca.transform(x))) for x in h]
    cosines = queries.double() @ keys.double().T  # signs of components are free, cosines are not
    torch.testing.assert_close(cosines, whitened[1] @ whitened[0].T, rtol=0, atol=1e-3)


def test_an_epoch_is_timed_at_each_size_of_the_views(minutes, monkeypatch):
    """A clock of our own: an epoch of 20 steps takes 2 at 24 pixels and 5 at 32, but for the first, which warms up."""
    module, contest, _, (train, _) = minutes
    clock = [0.0]

    def train_simclr(images, config, progress):
        (side,) = config.view_sizes
        progress(None)
        for epoch in range(config.epochs):
            clock[0] += 100 if epoch == 0 else {24: 2, 32: 5}[side]
            progress(None)

    monkeypatch.setattr(module, "train_simclr", train_simclr)
    monkeypatch.setattr(module.time, "perf_counter", lambda: clock[0])
    many = train[list(range(120)) * 10]
    config = replace(module.base(contest), view_sizes=(24, 32))
    assert module.seconds_of_an_epoch(config, many) == pytest.approx((2 + 5) / 2 / 400 * 1200)
    assert module.seconds_of_an_epoch(replace(config, view_sizes=()), many) == pytest.approx(5 / 400 * 1200)


def test_the_curve_is_of_the_epochs_that_were_watched(minutes):
    module, contest, _, (train, test) = minutes
    config = replace(module.base(contest), epochs=5, bank=30, monitor_every=2, held_out=20)
    result = module.trained(config, train, test)
    seconds = [second for second, _ in result["curve"]]
    assert len(seconds) == 4 and seconds[0] == 0 and sorted(seconds) == seconds, "before, after 2, 4 and all 5 epochs"
    assert all(0 <= knn <= 1 for _, knn in result["curve"])
    assert "curve" not in module.trained(replace(config, monitor_every=0, held_out=0), train, test)

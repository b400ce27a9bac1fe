"""The recordings that need a GPU, in small and on the CPU: whoever has a GPU runs them for the first time."""

import importlib
import sys
from pathlib import Path

import pytest
import torch

from aimsssl.datasets import load
from aimsssl.models import SimCLR

CPU = dict(device="cpu", precision="float32", compile=False, width=2)


@pytest.fixture
def gpu(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "instructor" / "tools"))
    module, kept = importlib.import_module("recordings.gpu"), {}
    images = load("shapes", "train", limit=200), load("shapes", "test", limit=100)
    monkeypatch.setattr(module, "load_splits", lambda data, limit: images)
    monkeypatch.setattr(module, "WORKSHOP", tmp_path)
    monkeypatch.setattr(module, "keep_result", kept.__setitem__)
    yield module, kept
    for name in [name for name in sys.modules if name.split(".")[0] == "recordings"]:
        sys.modules.pop(name)


def test_simclr(gpu):
    module, kept = gpu
    module.simclr("gpu_simclr", epochs=3, **CPU, stem="small", batch_size=50, held_out=40)
    result = kept["gpu_simclr"]
    assert 0 <= result["knn"] <= 1 and 0 <= result["probe"] <= 1 and result["minutes"] > 0
    assert result["config"]["epochs"] == 3 and result["config"]["temperature"] == 0.5, "the recipe"
    assert result["images_per_second"] > 0 and result["share_of_peak"] > 0


def test_work_of_an_image_is_counted_by_hand(gpu, monkeypatch):
    """One linear layer of 12 × 5, two views: forward, and backward for the weights; the input takes no gradient."""
    module, _ = gpu
    layers = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 5))
    model = SimCLR(torch.nn.Identity(), layers)
    monkeypatch.setattr(module, "build_simclr", lambda config, channels: model)
    history = [{"epoch": e, "seconds": s} for e, s in ((0, 0.0), (1, 50.0), (2, 52.0), (3, 54.0))]
    run = type("Run", (), {"history": history, "config": {"data": {"shape": [100, 3, 2, 2]}}})
    monkeypatch.setattr(module, "matrix_product_rate", lambda device: 4.8e5)
    found = module.speed(run, type("Config", (), {"device": "cpu", "held_out": 20}), (3, 2, 2))
    assert found["images_per_second"] == 2 * 80 / 4, "without the first epoch, which compiles"
    assert found["flops_per_image"] == 2 * 2 * (2 * 12 * 5)
    assert found["share_of_peak"] == pytest.approx(40 * 480 / 4.8e5)


def test_deepcluster(gpu):
    module, kept = gpu
    changes = {**CPU, "epochs": 1, "batch_size": 50, "stem": "small", "pca_dim": 8}
    module.deepcluster("gpu_deepcluster", encoders=("resnet18", "alexnet"), clusters=(5, 9), **changes)
    runs = kept["gpu_deepcluster"]["runs"]
    assert set(runs) == {f"{encoder}, {k} clusters" for encoder in ("resnet18", "alexnet") for k in (5, 9)}
    assert all(0 <= row["probe"] <= 1 and row["nmi_labels"] is not None for row in runs.values())


def test_without_a_gpu_they_say_so(gpu, monkeypatch, capsys):
    module, kept = gpu
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for make in module.RECORDINGS.values():
        make()
    assert not kept and capsys.readouterr().out.count("needs a GPU") == len(module.RECORDINGS) == 3


def test_rate_of_matrix_products(gpu, monkeypatch):
    """Three products of 512 × 512 in two seconds."""
    module, _ = gpu
    clock = iter([10.0, 12.0])
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(clock))
    assert module.matrix_product_rate("cpu", repeats=3) == 3 * 2 * 512**3 / 2

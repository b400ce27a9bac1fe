"""Lesson 04's plumbing: ratios, heads and factors as a slow and obvious version has them; records as tables."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from aimsssl import explorers, models
from aimsssl.datasets import ImageSet, load
from aimsssl.explorers import lesson04 as see
from aimsssl.losses import nt_xent


def test_trust_ratios_are_norms_of_weights_over_those_of_gradients_with_decay():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    x = torch.randn(5, 3)
    found = see.trust_ratios(model, model(x).square().sum())
    assert all(w.grad is None for w in model.parameters())
    model(x).square().sum().backward()
    expected = {
        name: (layer.weight.norm() / (layer.weight.grad + 1e-6 * layer.weight).norm()).item()
        for name, layer in (("0", model[0]), ("2", model[2]))
    }
    assert found == pytest.approx(expected)


def test_ratios_at_two_moments_see_the_same_views_and_change_no_network():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)).eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    found = see.trust_ratios_at({"a": network, "b": network}, lambda n: n(torch.randn(6, 3)).square().sum())
    assert found["a"] == found["b"] and list(found["a"]) == ["0", "2"]
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_places_and_channels_inside_a_network_and_h_at_the_end():
    encoder = models.resnet18("small", 4, 3)
    rows = see.shapes_inside(encoder, torch.rand(2, 3, 32, 32))
    assert rows["view"] == {"channels": 3, "places": "32 × 32", "numbers": 3072}
    assert rows["layer4"] == {"channels": 32, "places": "2 × 2", "numbers": 128}
    assert list(rows.values())[-1] == {"channels": encoder.feature_dim, "places": "1 × 1", "numbers": 32}
    assert encoder.training and int(encoder.bn1.num_batches_tracked) == 0, "only a copy was asked"


def test_heads_on_random_weights_are_compared_on_the_same_views():
    torch.manual_seed(0)
    encoder, view1, view2 = nn.Flatten(), torch.rand(6, 1, 3, 3), torch.rand(6, 1, 3, 3)
    heads = {"plain": nn.Linear(9, 4), "norm": nn.Sequential(nn.Linear(9, 4), nn.BatchNorm1d(4))}
    rows = see.heads_at_start(encoder, heads, (view1, view2), 0.2)
    z = nn.functional.normalize(heads["plain"](torch.cat([view1, view2]).flatten(1)), dim=1).detach()
    others = [float(z[i] @ z[k]) for i in range(12) for k in range(12) if i != k]
    assert rows["plain"]["cosine, two views"] == pytest.approx(sum(others) / len(others), abs=1e-5)
    assert rows["plain"]["loss, two views"] == pytest.approx(nt_xent(z[:6], z[6:], 0.2).item(), abs=1e-5)
    assert rows["norm"]["loss, one view twice"] < rows["norm"]["loss, two views"]
    assert abs(rows["norm"]["cosine, two views"]) < 0.2 < rows["plain"]["cosine, two views"]
    assert int(heads["norm"][1].num_batches_tracked) == 0


def run_that_knows(factor: int, train: ImageSet):
    """A run whose h is the pixels and whose z is one of them."""
    head = nn.Linear(train.images[0].numel(), 1, bias=False)
    nn.init.zeros_(head.weight)
    head.weight.data[0, factor] = 1
    encoder = nn.Flatten()
    encoder.feature_dim = head.in_features
    return SimpleNamespace(model=models.SimCLR(encoder, head))


def test_factors_are_read_from_h_z_and_random_weights(monkeypatch):
    shapes = load("shapes", "train", limit=60)
    values = shapes.factors["y"]
    painted = (255 * (values - values.min()) / (values.max() - values.min())).to(torch.uint8)
    images = ImageSet("painted", painted[:, None, None, None].repeat(1, 1, 4, 4), shapes.labels, shapes.classes,
                      shapes.factors)  # fmt: skip
    monkeypatch.setattr(see, "random_encoder", lambda run: run.model.encoder)
    found = see.read_factors(run_that_knows(0, images), images[:40], images[40:])
    assert list(found) == ["random weights", "h", "z"] and set(found["z"]) == set(see.FACTORS.values())
    assert found["z"]["y"] > 0.99 and found["h"]["y"] > 0.99 and found["z"]["size"] < 0.3


def test_images_without_factors_are_replaced_by_shapes_of_as_many_channels(monkeypatch):
    known = load("shapes", "train", limit=30)
    asked = []
    monkeypatch.setattr(see, "load", lambda name, split, limit: asked.append((name, split)) or known)
    monkeypatch.setattr(see, "random_encoder", lambda run: run.model.encoder)
    grey = ImageSet("grey", known.images[:, :1], known.labels, known.classes)
    found = see.read_factors(run_that_knows(0, grey), grey, grey)
    assert asked == [("shapes", "train"), ("shapes", "test")] and "lighter or darker" in found["h"]


def test_few_labels_has_a_value_for_each_draw_and_start(monkeypatch):
    images = load("shapes", "train", limit=40)
    seen = []

    def tuned(start, few, labels, *test, epochs, seed):
        seen.append((len(few), epochs, seed))
        return SimpleNamespace(accuracy=0.5)

    monkeypatch.setattr(see, "finetune", tuned)
    monkeypatch.setattr(see, "linear_probe", lambda h, *rest: SimpleNamespace(accuracy=h.shape[1] / 10_000))
    monkeypatch.setattr(see, "extract", lambda start, images: images.flatten(1)[:, :7])
    found = see.few_labels({"SimCLR": nn.Identity()}, images, images, {10: 3, 100: 2}, draws=2)
    assert found["SimCLR, fine-tuned"] == {10: [0.5, 0.5], 100: [0.5, 0.5]}
    assert found["SimCLR, probe"][10] == [0.0007] * 2 and found["raw pixels, probe"][100] == [0.3072] * 2
    assert seen == [(10, 3, 0), (10, 3, 1), (40, 2, 0), (40, 2, 1)]


def test_records_become_panels_and_rows():
    ours, theirs = see.by_batch_size().values()
    record = explorers.recorded("batch_size")
    assert ours[24][512] == record["settings"]["batch 512, 24 epochs"]["probe"] and theirs[100][256] == [0.575]

    panels = see.labels_saved()
    assert (
        list(panels["shapes"]["supervised"]) == [10, 100, 1000] and list(panels["CIFAR-10"]["SimCLR, probe"])[0] == 50
    )
    found = explorers.recorded("label_efficiency")["data"]["shapes"]["curves"]["from scratch"][0]
    assert panels["shapes"]["supervised"][10] == pytest.approx(sum(found) / len(found))

    rows, record = see.postmortem_table(), explorers.recorded("postmortem")
    assert rows["healthy"]["from healthy"] is None and rows["random weights"]["last loss"] is None
    value, half = (float(part) for part in rows["both views identical"]["from healthy"].split(" ± "))
    assert value == pytest.approx(rows["both views identical"]["kNN"] - rows["healthy"]["kNN"], abs=6e-4) and half > 0
    assert rows["batch size 512"]["chance"] > rows["healthy"]["chance"] and len(rows) == len(record["settings"]) + 1


def test_runs_of_two_data_sets_do_not_share_a_folder(monkeypatch):
    monkeypatch.setenv("AIMSSSL_PROFILE", "ci")
    assert see.run_folder("simclr", "folder:my/images").as_posix() == "runs/04_simclr_ci_folder_my_images"
    assert see.run_folder("simclr", "shapes") != see.run_folder("supervised", "shapes")

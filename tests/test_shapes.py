"""`shapes`: the factors say what is in the picture, the same seed gives the same picture, and up is not given away."""

import math

import numpy as np
import pytest
import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms.functional import rotate

from aimsssl.datasets import load, shapes

AXIS = torch.arange(shapes.SIDE) - (shapes.SIDE - 1) / 2
MIDDLE = shapes.SIDE / 2


def coverage(name, angle=0.0, size=20.0, x=MIDDLE, y=MIDDLE):
    """The figure alone, 0 to 1, `[SIDE, SIDE]`."""
    factors = {key: np.array([value]) for key, value in {"angle": angle, "size": size, "x": x, "y": y}.items()}
    labels = np.array([shapes.CLASSES.index(name)])
    return shapes._coverage(labels, factors, AXIS[None, :], AXIS[:, None])[0]


def luma(images):
    """`[N, SIDE, SIDE]`, 0 to 1."""
    return (images.float() / 255 * torch.from_numpy(shapes.LUMA)[:, None, None]).sum(1)


def masks(data):
    """Where the figure is, from the picture's luma and its contrast alone: bool `[N, SIDE, SIDE]`."""
    grey = luma(data.images)
    border = torch.cat([grey[:, 0], grey[:, -1], grey[:, :, 0], grey[:, :, -1]], 1).mean(1)[:, None, None]
    sign = (2 * data.factors["lighter"] - 1)[:, None, None]
    return sign * (grey - border) > data.factors["contrast"][:, None, None] / 2


@pytest.fixture(scope="module")
def data():
    return load("shapes", limit=4000)


def test_default_sizes_and_types():
    train, test = load("shapes"), load("shapes", "test")
    assert train.images.shape == (10_000, 3, 32, 32) and len(test) == 2_000
    assert len(train.classes) >= 8 and train.labels.bincount().tolist() == [1_000] * 10
    for values in train.factors.values():
        assert values.shape == (10_000,) and values.dtype in (torch.int64, torch.float32)


def test_same_seed_same_pictures_and_fewer_are_the_start_of_more(data):
    again, fewer, more = load("shapes", limit=4000), load("shapes", limit=333), load("shapes", limit=12_001)
    assert len(fewer) == 333 and len(more) == 12_001
    for other, n in ((again, 4000), (fewer, 333), (more, 4000)):
        assert torch.equal(other.images[:n], data.images[:n]) and torch.equal(other.labels[:n], data.labels[:n])
        for name, values in data.factors.items():
            assert torch.equal(other.factors[name][:n], values[:n])
    assert 33 <= fewer.labels.bincount().min() <= fewer.labels.bincount().max() <= 34


@pytest.mark.parametrize("change", [{"seed": 1}, {"split": "test"}])
def test_other_seeds_and_the_test_split_are_other_pictures(data, change):
    other = load("shapes", limit=500, **change)
    assert not torch.equal(other.factors["hue"], data.factors["hue"][:500])
    seen = {image.numpy().tobytes() for image in data.images}
    assert len(seen) == len(data) and not any(image.numpy().tobytes() in seen for image in other.images)


def test_ranges_of_the_factors(data):
    bounds = {"angle": (-30, 30), "size": shapes.SIZE, "hue": (0, 360), "ground_hue": (0, 360)}
    bounds |= {"contrast": shapes.CONTRAST, "lighter": (0, 1), "texture": (0, len(shapes.TEXTURES) - 1)}
    for name, (low, high) in bounds.items():
        values = data.factors[name]
        assert low <= values.min() <= low + 0.05 * (high - low) and high - 0.05 * (high - low) <= values.max() <= high
    reach = torch.tensor([shapes._frame(name)[1] for name in data.classes])[data.labels]
    radius = data.factors["size"] / 2 * reach
    for name in "xy":
        assert (data.factors[name] >= radius - 1e-4).all() and (data.factors[name] <= 32 - radius + 1e-4).all()


def test_place_size_and_polarity_of_discs_are_those_of_the_picture(data):
    discs = data[data.labels == data.classes.index("disc")]
    found = masks(discs).float()
    area = found.sum((1, 2))
    columns = torch.arange(32) + 0.5
    assert ((2 * (area / math.pi).sqrt() - discs.factors["size"]).abs() < 0.7).all()
    assert (((found.sum(1) * columns).sum(1) / area - discs.factors["x"]).abs() < 0.4).all()
    assert (((found.sum(2) * columns).sum(1) / area - discs.factors["y"]).abs() < 0.4).all()


def test_every_figure_stands_out_in_greyscale(data):
    found = masks(data)
    for label, name in enumerate(data.classes):
        chosen = (data.labels == label).nonzero()[:12, 0].tolist()
        for i in chosen:
            factors = {key: float(data.factors[key][i]) for key in ("angle", "size", "x", "y")}
            truth = coverage(name, **factors) > 0.5
            assert (truth & found[i]).sum() / (truth | found[i]).sum() > 0.8, (name, i)


@pytest.mark.parametrize("name", shapes.CLASSES)
def test_the_angle_is_in_degrees_anticlockwise_about_the_centre_of_area(name):
    upright, turned = coverage(name), coverage(name, angle=25.0)
    oracles = [rotate(upright[None], angle, InterpolationMode.BILINEAR)[0] for angle in (25.0, -25.0, 0.0)]
    errors = [float((turned - oracle).abs().mean()) for oracle in oracles]  # torchvision turns anticlockwise
    assert errors[0] < 0.02  # what bilinear interpolation blurs
    assert name in shapes.ROUND or errors[0] < 0.5 * min(errors[1:])
    for picture in (upright, turned):
        for values in (picture.sum(0), picture.sum(1)):
            assert abs((values * AXIS).sum() / values.sum()) < 0.15


@pytest.mark.parametrize("name", shapes.CLASSES)
def test_every_figure_is_its_own_mirror_image(name):
    picture = coverage(name)
    assert torch.allclose(picture, picture.flip(1), atol=1e-4)
    assert 0.5 < picture.sum() / (math.pi * 10**2) <= 1.01


@pytest.mark.parametrize("name", shapes.CLASSES)
def test_every_figure_has_an_up_except_the_round_ones(name):
    angles = torch.linspace(-30, 30, 7).tolist()
    pictures = torch.stack([coverage(name, angle) for angle in angles])
    overlap = 0.0
    for quarter in (1, 2, 3):
        turned = pictures.rot90(quarter, (1, 2))
        both = torch.minimum(pictures[:, None], turned[None]).sum((2, 3))
        overlap = max(overlap, float((both / torch.maximum(pictures[:, None], turned[None]).sum((2, 3))).max()))
    assert overlap > 0.98 if name in shapes.ROUND else overlap < 0.9


def test_figures_differ_from_each_other_at_any_angle_within_reach():
    angles = (-60.0, -30.0, 0.0, 30.0, 60.0)
    turned = torch.stack([torch.stack([coverage(name, angle) for angle in angles]) for name in shapes.CLASSES])
    for one, picture in enumerate(turned[:, 2]):
        overlap = torch.minimum(picture, turned).sum((2, 3)) / torch.maximum(picture, turned).sum((2, 3))
        overlap[one] = 0
        assert overlap.max() < 0.85, (shapes.CLASSES[one], overlap)


def test_round_pictures_have_no_direction():
    """Mean picture, and the energy of edges along rows and columns, do not change under quarter turns."""
    data = load("shapes", limit=10_000)
    chosen = torch.isin(data.labels, torch.tensor([data.classes.index(name) for name in shapes.ROUND]))
    grey = luma(data.images[chosen]) * (2 * data.factors["lighter"][chosen] - 1)[:, None, None].float()
    error = grey.std(0).mean() / len(grey) ** 0.5
    for quarter in (1, 2, 3):
        assert (grey - grey.rot90(quarter, (1, 2))).mean(0).abs().mean() < 2 * error
    across, down = grey.diff(dim=2).abs().mean(), grey.diff(dim=1).abs().mean()
    assert abs(across / down - 1) < 0.02
    halves = torch.stack([grey[:, :16].mean((1, 2)) - grey[:, 16:].mean((1, 2)),
                          grey[:, :, :16].mean((1, 2)) - grey[:, :, 16:].mean((1, 2))])  # fmt: skip
    assert (halves.mean(1).abs() < 4 * halves.std(1) / len(grey) ** 0.5).all()


def test_textures_are_used_equally_and_turn_in_every_direction():
    rng = np.random.default_rng(0)
    turns = np.concatenate([shapes._draws(rng)[2]["turn"] for _ in range(20)])
    assert abs(np.exp(1j * turns).mean()) < 0.03 and abs(np.exp(2j * turns).mean()) < 0.03
    counts = load("shapes").factors["texture"].bincount()
    assert len(counts) == len(shapes.TEXTURES) and counts.min() > 0.8 * counts.max()


def test_raw_pixels_do_not_tell_the_class():
    train, test = load("shapes", limit=5000), load("shapes", "test")
    small = [torch.nn.functional.avg_pool2d(d.images.float() / 255 - 0.5, 2).flatten(1) for d in (train, test)]
    target = torch.nn.functional.one_hot(train.labels).float() - 0.1
    weight = torch.linalg.solve(small[0].T @ small[0] + 100 * torch.eye(768), small[0].T @ target)
    assert ((small[1] @ weight).argmax(1) == test.labels).float().mean() < 0.25


def test_colours_keep_their_luma_and_leave_room_for_the_texture():
    rng = np.random.default_rng(0)
    grey, hue = rng.uniform(0.18, 0.82, 500).astype(np.float32), rng.uniform(0, 360, 500).astype(np.float32)
    colours = shapes._colours(grey, hue, np.full(500, 0.95, np.float32))
    assert np.allclose(colours @ shapes.LUMA, grey, atol=1e-5)
    assert colours.min() >= shapes.AMPLITUDE[1] - 1e-5 and colours.max() <= 1 - shapes.AMPLITUDE[1] + 1e-5
    assert np.median(colours.max(1) - colours.min(1)) > 0.25


def test_an_unknown_split_is_named():
    with pytest.raises(ValueError, match="split is 'validation', expected 'train' or 'test'"):
        load("shapes", "validation")

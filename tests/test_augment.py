"""Each transform against torchvision's with the same parameters, and what random views must and must not share."""

import math

import pytest
import torch
import torchvision.transforms.v2.functional as reference
from torchvision.transforms import RandomResizedCrop

from aimsssl import augment
from aimsssl.augment import Augment, TwoViews


@pytest.fixture
def photos():
    """Smooth random pictures `[5, 3, 40, 28]`, with black, white and grey patches that are corner cases of HSV."""
    generator = torch.Generator().manual_seed(0)
    images = torch.nn.functional.interpolate(torch.rand(5, 3, 8, 6, generator=generator), (40, 28), mode="bicubic")
    images = images.clamp(0, 1)
    images[:, :, :3, :3], images[:, :, :3, 3:6], images[:, :, 3:6, :3] = 0, 1, 0.5
    return images


@pytest.mark.parametrize("size", [8, 20, 33, 64])
@pytest.mark.parametrize("flip", [False, True])
def test_resized_crop(photos, size, flip):
    boxes = torch.tensor([[0, 0, 40, 28], [3, 5, 17, 11], [39, 27, 1, 1], [10, 0, 30, 2], [1, 2, 9, 26]])
    ours = augment.resized_crop(photos, boxes, size, torch.full((5,), flip))
    for image, box, view in zip(photos, boxes.tolist(), ours, strict=True):
        theirs = reference.resized_crop(image, *box, [size, size], antialias=True)
        torch.testing.assert_close(view, theirs.flip(-1) if flip else theirs, rtol=0, atol=2e-6)


@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation"])
def test_colour_factors(photos, name):
    factors = torch.tensor([0.0, 0.4, 1.0, 1.3, 2.0])
    ours = getattr(augment, f"adjust_{name}")(photos, factors)
    for image, factor, view in zip(photos, factors.tolist(), ours, strict=True):
        theirs = getattr(reference, f"adjust_{name}")(image, factor)
        torch.testing.assert_close(view, theirs, rtol=0, atol=1e-6)


def test_hue(photos):
    shifts = torch.tensor([-0.5, -0.13, 0.0, 0.21, 0.5])
    ours = augment.adjust_hue(photos, shifts)
    for image, shift, view in zip(photos, shifts.tolist(), ours, strict=True):
        torch.testing.assert_close(view, reference.adjust_hue(image, shift), rtol=0, atol=1e-5)


def test_grayscale(photos):
    theirs = reference.rgb_to_grayscale(photos)
    torch.testing.assert_close(augment.grayscale(photos), theirs, rtol=0, atol=1e-6)


def test_rotate(photos):
    degrees = torch.tensor([-180.0, -31.0, 0.0, 7.5, 90.0])
    ours = augment.rotate(photos, degrees)
    for image, angle, view in zip(photos, degrees.tolist(), ours, strict=True):
        theirs = reference.rotate(image, angle, reference.InterpolationMode.BILINEAR)
        torch.testing.assert_close(view, theirs, rtol=0, atol=2e-5)


@pytest.mark.parametrize("kernel_size", [3, 7, 23])
def test_blur(photos, kernel_size):
    sigmas = torch.tensor([0.1, 0.5, 1.0, 2.0, 5.0])
    ours = augment.gaussian_blur(photos, sigmas, kernel_size)
    for image, sigma, view in zip(photos, sigmas.tolist(), ours, strict=True):
        theirs = reference.gaussian_blur(image, [kernel_size] * 2, [sigma] * 2)
        torch.testing.assert_close(view, theirs, rtol=0, atol=2e-6)


def test_boxes_are_distributed_as_torchvisions():
    torch.manual_seed(0)
    image, scale, ratio = torch.zeros(3, 40, 28), (0.2, 1.0), (3 / 4, 4 / 3)
    theirs = torch.tensor([RandomResizedCrop.get_params(image, scale, ratio) for _ in range(3000)]).float()
    ours = augment.random_boxes(3000, 40, 28, (0.2, 1.0))
    for column, name in enumerate(("top", "left", "height", "width")):
        a, b = ours[:, column].sort().values, theirs[:, column].sort().values
        grid = torch.arange(0, 41)
        distance = ((a <= grid[:, None]).float().mean(1) - (b <= grid[:, None]).float().mean(1)).abs().max()
        # Kolmogorov-Smirnov at a significance of one in a million
        assert distance < math.sqrt(-math.log(1e-6 / 2) / 3000), f"{name}: {distance}"
    assert (ours[:, 0] + ours[:, 2] <= 40).all() and (ours[:, 1] + ours[:, 3] <= 28).all() and (ours[:, 2:] >= 1).all()


def test_a_box_that_never_fits_is_centred():
    boxes = augment.random_boxes(4, 4, 400, (1.0, 1.0))
    assert boxes.unique(dim=0).tolist() == [[0, 197, 4, 5]]


@pytest.mark.parametrize(
    "options",
    [
        dict(crop_scale=(0.2, 0.5), jitter=0, grayscale=0, flip=0),
        dict(crop_scale=None, jitter=0.5, grayscale=0, flip=0),
        dict(crop_scale=None, jitter=0, grayscale=0.5, flip=0),
        dict(crop_scale=None, jitter=0, grayscale=0, flip=0.5),
        dict(crop_scale=None, jitter=0, grayscale=0, flip=0, blur=0.5),
    ],
    ids=["crop", "jitter", "grayscale", "flip", "blur"],
)
def test_every_image_and_every_view_has_its_own_draw(photos, options):
    batch = photos[:1].repeat(64, 1, 1, 1)
    view1, view2 = TwoViews(16, **options)(batch, torch.Generator().manual_seed(1))
    assert len(view1.flatten(1).unique(dim=0)) > 1, "one draw for the whole batch"
    assert not torch.equal(view1, view2), "the same view twice"
    continuous = options["jitter"] or options["crop_scale"] or options.get("blur")
    if continuous:  # nearly all differ, where nearly all are touched
        assert len(view1.flatten(1).unique(dim=0)) > 25


def test_probabilities_hold(photos):
    batch = photos[:1].repeat(2000, 1, 1, 1)
    quiet = dict(crop_scale=None, jitter=0.0, grayscale=0.0, flip=0.0)
    plain = Augment(16, **quiet)(batch)
    for name, p in (("grayscale", 0.2), ("flip", 0.5), ("blur", 0.3)):
        changed = (Augment(16, **{**quiet, name: p})(batch) != plain).flatten(1).any(1).float().mean().item()
        assert abs(changed - p) < 5 * math.sqrt(p * (1 - p) / 2000), f"{name}: {changed}"
    jittered = Augment(16, **{**quiet, "jitter": 0.5})(batch)
    share = ((jittered - plain).abs() > 1e-4).flatten(1).any(1).float().mean().item()
    assert abs(share - 0.8) < 5 * math.sqrt(0.8 * 0.2 / 2000), share


def test_turns_are_uniform_up_to_the_largest():
    """A dot on a circle about the centre tells by how much it was turned."""
    image = torch.zeros(1, 1, 33, 33)
    image[..., 16, 28] = 1  # right of the centre
    views = Augment(33, None, jitter=0, grayscale=0, flip=0, rotate=30)(image.repeat(4000, 1, 1, 1))
    weight = views / views.sum(dim=(2, 3), keepdim=True)
    axis = torch.arange(33) - 16.0
    up, right = -(weight.sum(3) @ axis), weight.sum(2) @ axis
    turned = torch.rad2deg(torch.atan2(up, right))[:, 0]
    assert turned.abs().max() < 30.5
    quantiles = turned.quantile(torch.tensor([0.1, 0.25, 0.5, 0.75, 0.9]))
    torch.testing.assert_close(quantiles, torch.tensor([-24.0, -15.0, 0.0, 15.0, 24.0]), rtol=0, atol=2.5)


def test_nothing_switched_on_leaves_the_image(photos):
    square = photos[:, :, :28]
    views = Augment(28, crop_scale=None, jitter=0, grayscale=0, flip=0)(square)
    torch.testing.assert_close(views, square)


@pytest.mark.parametrize("channels", [1, 3])
def test_shapes_range_and_repeatability(channels):
    images = torch.randint(0, 256, (6, channels, 24, 30), dtype=torch.uint8)
    views = TwoViews(20, jitter=1.0, blur=0.5, rotate=20)
    first = views(images, torch.Generator().manual_seed(3))
    again = views(images, torch.Generator().manual_seed(3))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    for view in first:
        assert view.shape == (6, channels, 20, 20) and view.dtype == torch.float32
        assert view.min() >= -1e-6 and view.max() <= 1 + 1e-6
    assert images.dtype == torch.uint8


@pytest.mark.parametrize(
    "options,words",
    [
        ({"size": 2}, "size"),
        ({"crop_scale": (0.0, 1.0)}, "crop_scale"),
        ({"crop_scale": (0.5, 0.2)}, "crop_scale"),
        ({"jitter": -1}, "jitter"),
        ({"grayscale": 1.5}, "grayscale"),
        ({"blur": -0.1}, "blur"),
        ({"flip": 2}, "flip"),
        ({"rotate": -1}, "rotate"),
    ],
)
def test_mistakes_are_named(options, words):
    with pytest.raises(ValueError, match=words):
        TwoViews(**{"size": 32, **options})


def test_bad_images_are_named():
    with pytest.raises(ValueError, match=r"\[3, 32, 32\]"):
        TwoViews(32)(torch.zeros(3, 32, 32))
    with pytest.raises(TypeError, match="int64"):
        TwoViews(32)(torch.zeros(2, 3, 32, 32, dtype=torch.int64))
    with pytest.raises(ValueError, match="kernel_size"):
        augment.gaussian_blur(torch.zeros(2, 3, 8, 8), torch.ones(2), 4)

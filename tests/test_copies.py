"""Test images that are training images are found, whatever file they were in, and honest splits are left in peace."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from aimsssl.datasets import load
from aimsssl.evaluation.copies import find_copies


def noise(n: int, seed: int, size: int = 16) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (n, 3, size, size), dtype=torch.uint8, generator=generator)


def through_a_file(image: torch.Tensor, form: str, size: int | None = None, mode: str | None = None) -> torch.Tensor:
    """The image as another file gives it back: format, side in pixels, mode."""
    pixels = image.permute(1, 2, 0).numpy()
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    if size:
        picture = picture.resize((size, size), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    picture.convert(mode or picture.mode).save(buffer, form)
    back = np.asarray(Image.open(buffer).convert("L" if len(image) == 1 else "RGB"))
    return torch.from_numpy(back.reshape(*back.shape[:2], -1).copy()).permute(2, 0, 1)


SETS = {  # train, test; few enough test images that three of them are more than 1 in 200
    "noise": (noise(80, 0), noise(40, 1)),
    "digits": tuple(load("digits", split).images for split in ("train", "test")),
    "shapes": tuple(load("shapes", split, limit=n).images for split, n in (("train", 1500), ("test", 500))),
    "24 digits": tuple(load("digits", split, limit=n).images for split, n in (("train", 16), ("test", 8))),
}


@pytest.mark.parametrize("name", SETS)
def test_honest_splits_have_no_copies(name):
    found = find_copies(*SETS[name])
    assert not found.any.any() and (found.source == -1).all()


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize(
    "change",
    [dict(form="PNG"), dict(form="JPEG"), dict(form="WEBP"), dict(form="GIF"), dict(form="PNG", mode="L"), "larger"],
    ids=str,
)
def test_a_copy_in_another_file_is_found_and_its_source_named(name, change):
    train, test = SETS[name]
    if change == "larger":
        change, test = dict(form="PNG", size=2 * train.shape[-1]), test[:0]
    chosen = torch.tensor([1, len(train) // 2, len(train) - 1])
    copies = torch.stack([through_a_file(image, **change) for image in train[chosen]])
    found = find_copies(train, torch.cat([copies, test]) if len(test) else copies)
    assert torch.equal(found.source[:3], chosen)
    assert found.any[3:].sum() <= len(test) / 200, "honest ones among them"
    if change == dict(form="PNG"):
        assert found.exact[:3].all()


def test_copies_of_images_that_training_has_several_times():
    train, test = noise(40, 0), noise(40, 1)
    several = torch.cat([train, train, torch.stack([through_a_file(image, "JPEG") for image in train])])
    copies = torch.stack([through_a_file(image, "WEBP") for image in train[:5]])
    assert find_copies(several, copies).any.all()
    assert not find_copies(several, test).any.any()


@pytest.mark.parametrize("n", [1, 2, 3, 9])
def test_few_training_images(n):
    train = noise(n, 0)
    found = find_copies(train, torch.cat([train, noise(4, 1)]))
    assert found.source.tolist() == [*range(n), -1, -1, -1, -1] and torch.equal(found.exact, found.source >= 0)


def test_images_that_are_all_the_same_and_none_at_all():
    flat = torch.full((12, 1, 8, 8), 7, dtype=torch.uint8)
    assert find_copies(flat, flat).exact.all()
    assert not find_copies(flat, flat + 1).any.any()
    assert len(find_copies(flat, flat[:0]).source) == 0

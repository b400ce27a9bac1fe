"""Data sets: what `load` promises for every source, on files made here; the real ones where AIMSSSL_DATA is set."""

import io
import json
import os
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image

from aimsssl.datasets import ImageSet, default_root, load, torchvision_sets
from aimsssl.datasets import folder as folder_source
from aimsssl.datasets.imageset import balanced_sample


def imageset(labels, classes=("a", "b", "c")):
    """Image i is filled with the value i, so that an image tells where it came from."""
    n = len(labels)
    images = torch.arange(n, dtype=torch.uint8)[:, None, None, None].expand(n, 3, 4, 4).clone()
    return ImageSet("test", images, torch.tensor(labels), classes, {"size": torch.arange(n).float()})


# ---- ImageSet --------------------------------------------------------------------------------------------------------


def test_imageset_subsets_keep_everything_together():
    data = imageset([0, 1, 2, 0, 1, -1])
    chosen = torch.tensor([True, False, False, True, False, False])
    for index, expected in ((slice(1, 6, 2), [1, 3, 5]), ([5, 0], [5, 0]), (torch.tensor([2]), [2]), (chosen, [0, 3]),
                            (chosen.tolist(), [0, 3]), ([], [])):  # fmt: skip
        part = data[index]
        assert part.images[:, 0, 0, 0].tolist() == expected == part.factors["size"].tolist()
        assert part.labels.tolist() == [data.labels[i] for i in expected] and part.classes == data.classes
    assert "\n" not in repr(data) and "6 images 3x4x4" in repr(data)
    with pytest.raises(TypeError, match="index is a int"):
        data[3]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"images": torch.zeros(4, 3, 8, 8)}, ValueError, r"images is float32 \[4, 3, 8, 8\], expected uint8"),
        ({"images": torch.zeros(4, 8, 8, 3, dtype=torch.uint8)}, ValueError, r"images is uint8 \[4, 8, 8, 3\]"),
        ({"images": np.zeros((4, 3, 8, 8), np.uint8)}, TypeError, "images is a ndarray, expected a torch.Tensor"),
        ({"labels": torch.zeros(3, dtype=torch.int64)}, ValueError, r"labels is int64 \[3\], expected int64 \[4\]"),
        ({"labels": torch.zeros(4)}, ValueError, r"labels is float32 \[4\], expected int64"),
        ({"labels": torch.tensor([0, 1, 2, 0])}, ValueError, "labels runs from 0 to 2, expected -1 .* to 1"),
        ({"labels": torch.tensor([0, 1, -2, 0])}, ValueError, "labels runs from -2 to 1"),
        ({"classes": ()}, ValueError, "classes has 0 names"),
        ({"factors": {"hue": torch.zeros(5)}}, ValueError, r"factors\['hue'\] is float32 \[5\], expected \[4\]"),
    ],
)
def test_imageset_refuses_what_does_not_fit(change, error, message):
    right = {"images": torch.zeros(4, 3, 8, 8, dtype=torch.uint8), "labels": torch.tensor([0, 1, -1, 0])}
    right |= {"classes": ("a", "b"), "factors": {"hue": torch.zeros(4)}}
    assert len(ImageSet("right", **right)) == 4
    with pytest.raises(error, match=message):
        ImageSet("wrong", **right | change)


def test_split_is_disjoint_complete_seeded_and_balanced():
    data = imageset([0] * 50 + [1] * 50 + [2] * 50)
    rest, held_out = data.split(31, seed=3)
    places = [part.images[:, 0, 0, 0].tolist() for part in (rest, held_out)]
    assert sorted(places[0] + places[1]) == list(range(150)) and len(held_out) == 31
    assert sorted(held_out.labels.bincount().tolist()) == [10, 10, 11]
    assert torch.equal(data.split(31, seed=3)[1].images, held_out.images)
    assert not torch.equal(data.split(31, seed=4)[1].images, held_out.images)
    assert [len(part) for part in data.split(0)] == [150, 0] and [len(part) for part in data.split(150)] == [0, 150]
    with pytest.raises(ValueError, match="n is 151, expected a whole number from 0 to 150"):
        data.split(151)


def test_split_of_unequal_classes_empties_none():
    data = imageset([0] * 100 + [1] * 6 + [2] * 30)
    rest, held_out = data.split(40)
    assert held_out.labels.bincount().tolist() == [22, 3, 15]
    assert (rest.labels.bincount(minlength=3) > 0).all()
    assert data.sample(30).labels.bincount().tolist() == [12, 6, 12]  # a sample takes all there is


def test_balanced_sample_without_labels_is_uniform_and_nested():
    labels = torch.full((1000,), -1)
    sample = balanced_sample(labels, 300, seed=1)
    assert len(sample.unique()) == 300 and 400 < sample.float().mean() < 600
    assert torch.equal(balanced_sample(labels, 100, seed=1), sample[:100])
    labels = torch.arange(1000) % 7
    assert torch.equal(balanced_sample(labels, 100, seed=1), balanced_sample(labels, 300, seed=1)[:100])


# ---- load ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("imagenet",), "name is 'imagenet', expected one of shapes, digits, mnist"),
        (("digits", "val"), "split is 'val', expected 'train' or 'test'"),
        (("mnist", "unlabeled"), "split is 'unlabeled', expected one of train, test for mnist"),
        (("nuts", "val"), "split is 'val'"),
        (("folder:",), "expected folder:PATH"),
    ],
)
def test_load_names_the_wrong_argument(arguments, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        load(*arguments, root=tmp_path)


def test_load_checks_limit_and_seed():
    for limit in (0, -1, 2.5, True):
        with pytest.raises(ValueError, match=f"limit is {limit}, expected None or a whole number"):
            load("digits", limit=limit)
    with pytest.raises(ValueError, match="seed is -1"):
        load("shapes", seed=-1)
    with pytest.raises(TypeError, match="name is a NoneType"):
        load(None)


def test_root_comes_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("AIMSSSL_DATA", str(tmp_path))
    assert default_root() == tmp_path
    with pytest.raises(FileNotFoundError, match=str(tmp_path)):
        load("mnist")
    monkeypatch.delenv("AIMSSSL_DATA")
    assert default_root().name in ("downloads", "aimsssl")


# ---- digits ----------------------------------------------------------------------------------------------------------


def test_digits_are_enlarged_split_and_whole():
    from sklearn.datasets import load_digits

    train, test = load("digits"), load("digits", "test")
    assert train.images.shape == (1437, 1, 32, 32) and test.images.shape == (360, 1, 32, 32)
    assert test.labels.bincount().tolist() == [36] * 10 and train.images.max() == 255
    source = load_digits()
    whole = torch.cat([train.labels, test.labels])
    assert whole.bincount().tolist() == np.bincount(source.target).tolist()
    coarse = torch.cat([train.images, test.images]).float().reshape(1797, 8, 4, 8, 4).mean((2, 4)) / 255 * 16
    distance = torch.cdist(coarse.flatten(1), torch.from_numpy(source.data).float())
    assert (torch.from_numpy(source.target)[distance.argmin(1)] == whole).float().mean() > 0.99


def test_limit_is_a_balanced_seeded_subset_and_not_the_first_rows():
    some = load("digits", limit=100)
    assert some.labels.bincount().tolist() == [10] * 10
    assert not torch.equal(some.images, load("digits").images[:100])
    assert torch.equal(some.images, load("digits", limit=100).images)
    assert not torch.equal(some.images, load("digits", limit=100, seed=1).images)
    assert len(load("digits", limit=99_999)) == 1437


# ---- torchvision's sets ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", torchvision_sets.SETS)
def test_a_missing_download_names_the_folder_and_the_command(name, tmp_path):
    message = f"{name} is not in .*{tmp_path.name}.*; run: aimsssl data download {name}"
    with pytest.raises(FileNotFoundError, match=message):
        load(name, root=tmp_path)


def write_mnist(root, images, labels, prefix="train"):
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for other in ("train", "t10k"):
        (raw / f"{other}-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 2051, *images.shape) + images.tobytes())
        (raw / f"{other}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 2049, len(labels)) + labels.tobytes())
    return raw


def test_mnist_through_torchvisions_reader(tmp_path):
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (40, 28, 28), np.uint8), rng.integers(0, 10, 40).astype(np.uint8)
    raw = write_mnist(tmp_path, images, labels)
    data = load("mnist", "test", root=tmp_path)
    assert torch.equal(data.images, torch.from_numpy(images)[:, None]) and data.labels.tolist() == labels.tolist()
    assert data.classes == tuple("0123456789")
    with open(raw / "train-images-idx3-ubyte", "r+b") as file:
        file.truncate(1000)
    with pytest.raises(OSError, match="files of mnist in .*MNIST are damaged .*aimsssl data download mnist"):
        load("mnist", root=tmp_path)
    write_mnist(tmp_path, images, labels[:39])
    with pytest.raises(OSError, match="damaged .40 images, 39 labels"):
        load("mnist", root=tmp_path)


def test_cifar10_that_fails_its_checksum_is_damaged_not_missing(tmp_path):
    (tmp_path / "cifar-10-batches-py").mkdir()
    (tmp_path / "cifar-10-batches-py" / "data_batch_1").write_bytes(b"half a file")
    with pytest.raises(OSError, match="files of cifar10 in .* are damaged .*aimsssl data download cifar10"):
        load("cifar10", root=tmp_path)


class FakeReader:
    """Stands in for torchvision's class: the arrays in the layout that each of them has."""

    classes = ["plane", "car"]

    def __init__(self, root, download, **arguments):
        unlabeled = arguments.get("split") == "unlabeled"
        generator = np.random.default_rng(1)
        if "split" in arguments:  # STL10: [N, C, H, W]
            self.data = generator.integers(0, 256, (6, 3, 96, 96), np.uint8)
            self.labels = np.asarray([-1] * 6) if unlabeled else np.asarray([0, 1] * 3, np.uint8)
        else:  # CIFAR10: [N, H, W, C]
            self.data = generator.integers(0, 256, (6, 32, 32, 3), np.uint8)
            self.targets = [0, 1] * 3


@pytest.mark.parametrize(("name", "split"), [("cifar10", "train"), ("stl10", "test"), ("stl10", "unlabeled")])
def test_colour_sets_come_as_channels_first(name, split, monkeypatch, tmp_path):
    monkeypatch.setattr(torchvision.datasets, torchvision_sets.SETS[name][0], FakeReader)
    data = load(name, split, root=tmp_path)
    source = FakeReader(None, False, **({"split": split} if name == "stl10" else {})).data
    expected = source if name == "stl10" else source.transpose(0, 3, 1, 2)
    assert np.array_equal(data.images.numpy(), expected) and data.images.is_contiguous()
    assert data.labels.tolist() == ([-1] * 6 if split == "unlabeled" else [0, 1] * 3)


def test_a_name_may_carry_its_split(monkeypatch, tmp_path):
    test = load("digits", "test")
    assert torch.equal(load(test.name, "train").images, test.images) and load(test.name, limit=20).name == test.name
    monkeypatch.setattr(torchvision.datasets, "STL10", FakeReader)
    unlabelled = load("stl10/unlabeled", root=tmp_path)
    assert unlabelled.name == "stl10/unlabeled" and len(unlabelled) == len(load("stl10", "unlabeled", root=tmp_path))
    with pytest.raises(ValueError, match="split is 'tset'"):
        load("digits/tset")


def test_real_mnist():
    root = os.environ.get("AIMSSSL_DATA")
    if not root or not (Path(root) / "MNIST").is_dir():
        pytest.skip("needs real images: set AIMSSSL_DATA to a folder that holds MNIST/")
    data = load("mnist", root=root)
    assert data.images.shape == (60_000, 1, 28, 28) and data.labels.bincount().min() > 5_000
    assert 30 < data.images.float().mean() < 37


# ---- nuts ------------------------------------------------------------------------------------------------------------

COLOURS = {"date": (150, 60, 20), "fig": (90, 20, 120), "hazelnut": (220, 180, 90)}


@pytest.fixture
def nuts_zip(tmp_path):
    """Two photographs with coloured boxes; category ids out of order, a folder around it all, a box at the edge."""
    boxes = {"train": [(1, "fig", [10, 20, 30, 30]), (1, "date", [60, 0, 40, 20]), (2, "hazelnut", [150, 90, 50, 30])],
             "val": [(2, "date", [0.5, 0.5, 20, 20])]}  # fmt: skip
    path = tmp_path / "nuts" / "nuts.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        pictures = {number: Image.new("RGB", (200, 120), "white") for number in (1, 2)}
        for split, entries in boxes.items():
            numbers = {"fig": 7, "date": 3, "hazelnut": 1}
            coco = {"categories": [{"id": value, "name": name} for name, value in numbers.items()],
                    "images": [{"id": i, "file_name": f"images/{i}.png", "width": 200, "height": 120} for i in (1, 2)],
                    "annotations": []}  # fmt: skip
            for image, name, (x, y, w, h) in entries:
                pictures[image].paste(COLOURS[name], (int(x), int(y), int(x + w), int(y + h)))
                coco["annotations"].append({"image_id": image, "category_id": numbers[name], "bbox": [x, y, w, h]})
            archive.writestr(f"nuts/{split}.json", json.dumps(coco))
        for number, picture in pictures.items():
            buffer = io.BytesIO()
            picture.save(buffer, "PNG")
            archive.writestr(f"nuts/images/{number}.png", buffer.getvalue())
            archive.writestr(f"__MACOSX/nuts/images/{number}.png", b"junk")
    return path


def test_nuts_cuts_each_box_out(nuts_zip):
    train, test = load("nuts", root=nuts_zip.parents[1]), load("nuts", "test", root=nuts_zip.parents[1])
    assert train.images.shape == (3, 3, 64, 64) and train.labels.tolist() == [1, 0, 2] and test.labels.tolist() == [0]
    for data in (train, test):
        for image, label in zip(data.images, data.labels, strict=True):
            assert torch.tensor(COLOURS[data.classes[label]]).sub(image[:, 28, 40]).abs().max() < 3
    fig, date, hazelnut = ((image.float() == 255).all(0).float().mean() for image in train.images)
    assert fig == 0  # a square box is cut as it is
    assert 0.45 < date < 0.55 and 0.35 < hazelnut < 0.45  # 40x20 and 50x30 are widened to a square, moved inside


def test_damaged_nuts_name_file_and_command(nuts_zip):
    nuts_zip.write_bytes(nuts_zip.read_bytes()[:-200])
    with pytest.raises(OSError, match="nuts.zip is damaged .*; run: aimsssl data download nuts"):
        load("nuts", root=nuts_zip.parents[1])
    nuts_zip.unlink()
    with pytest.raises(FileNotFoundError, match="nuts is not in .*; run: aimsssl data download nuts"):
        load("nuts", root=nuts_zip.parents[1])


# ---- folder ----------------------------------------------------------------------------------------------------------


def save(path, colour="red", size=(32, 32), mode="RGB", **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path, **options)
    return path


def test_folder_with_and_without_classes(tmp_path):
    save(tmp_path / "two" / "b" / "1.png", "blue")
    save(tmp_path / "two" / "a" / "deep" / "1.JPG", "red", quality=95)
    save(tmp_path / "two" / "a" / "0.webp", "lime", lossless=True)
    save(tmp_path / "two" / ".hidden" / "0.png")
    (tmp_path / "two" / "a" / "notes.txt").write_text("no image")
    (tmp_path / "two" / "a" / "._0.png").write_text("no image either")
    (tmp_path / "two" / "empty").mkdir()
    data = load(f"folder:{tmp_path / 'two'}", "all")
    assert data.classes == ("a", "b") and data.labels.tolist() == [0, 0, 1]
    assert data.images[:, :, 16, 16].tolist()[0] == [0, 255, 0] and data.images[2, :, 0, 0].tolist() == [0, 0, 255]
    flat = load(f"folder:{tmp_path / 'two' / 'b'}")
    assert flat.classes == () and flat.labels.tolist() == [-1]
    save(tmp_path / "two" / "loose.png")
    assert load(f"folder:{tmp_path / 'two'}", "all").labels.tolist() == [-1, 0, 0, 1]


def test_folder_sizes(tmp_path):
    save(tmp_path / "small" / "0.png", size=(28, 28))
    save(tmp_path / "small" / "1.png", size=(28, 28))
    assert load(f"folder:{tmp_path / 'small'}", "all").images.shape == (2, 3, 28, 28)
    assert folder_source.load(tmp_path / "small", "all", size=16).images.shape == (2, 3, 16, 16)
    save(tmp_path / "small" / "2.png", size=(30, 30))
    assert load(f"folder:{tmp_path / 'small'}", "all").images.shape == (3, 3, 64, 64)
    wide = Image.new("RGB", (300, 100), "red")
    wide.paste("blue", (100, 0, 200, 100))
    (tmp_path / "large").mkdir()
    wide.save(tmp_path / "large" / "0.png")
    middle = load(f"folder:{tmp_path / 'large'}").images
    assert middle.shape == (1, 3, 64, 64)
    assert (middle[0, :, 2:-2, 2:-2] == torch.tensor([0, 0, 255])[:, None, None]).all()


def test_folder_modes_all_become_rgb(tmp_path):
    save(tmp_path / "0_grey.png", 100, mode="L")
    Image.fromarray(np.full((32, 32), 100 * 256, np.uint16)).save(tmp_path / "1_grey16.png")
    save(tmp_path / "2_clear.png", (10, 20, 30, 0), mode="RGBA")
    save(tmp_path / "3_opaque.png", (10, 20, 30, 255), mode="RGBA")
    palette = Image.new("P", (32, 32), 1)
    palette.putpalette([0, 0, 0, 200, 100, 50])
    palette.save(tmp_path / "4_palette.png")
    palette.save(tmp_path / "5_palette_clear.png", transparency=1)
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "6_animated.gif", save_all=True, append_images=frames[1:])
    turned = Image.new("RGB", (32, 32), "black")
    turned.paste("white", (0, 0, 32, 16))
    exif = Image.Exif()
    exif[0x0112] = 3  # the camera stood on its head
    turned.save(tmp_path / "7_turned.png", exif=exif)
    images = load(f"folder:{tmp_path}", "all").images
    assert images[:7, :, 16, 16].tolist() == [[100] * 3, [100] * 3, [255] * 3, [10, 20, 30], [200, 100, 50], [255] * 3,
                                             [255, 0, 0]]  # fmt: skip
    assert images[7, 0, 0, 0] == 0 and images[7, 0, 31, 0] == 255


def test_folder_splits(tmp_path):
    for split, classes in {"train": "abc", "test": "ac", "val": "b"}.items():
        for name in classes:
            save(tmp_path / split / name / "0.png", "red" if split == "train" else "blue")
    test = load(f"folder:{tmp_path}", "test")
    assert test.classes == ("a", "b", "c") and test.labels.tolist() == [0, 2]  # a label means the same in every split
    assert (test.images[:, 2] == 255).all() and len(load(f"folder:{tmp_path}")) == 3
    assert load(f"folder:{tmp_path}", "val").labels.tolist() == [1]
    with pytest.raises(ValueError, match="split is 'unlabeled', expected one of the folders in .*: train, val, test"):
        load(f"folder:{tmp_path}", "unlabeled")
    with pytest.raises(
        ValueError, match="split is 'test', but .*train is the train part of .*; expected folder:.*test"
    ):
        load(f"folder:{tmp_path / 'train'}", "test")


def test_folder_limit_is_balanced_and_reads_only_what_it_needs(tmp_path):
    for name in "ab":
        for i in range(20):
            save(tmp_path / name / f"{i:02}.png", (i, 0, 0), size=(8, 8))
    some = load(f"folder:{tmp_path}", limit=10)
    assert some.labels.bincount().tolist() == [5, 5] and some.images[:, 0, 0, 0].unique().numel() > 5
    assert torch.equal(some.images, load(f"folder:{tmp_path}", limit=10).images)
    assert not torch.equal(some.images, load(f"folder:{tmp_path}", limit=10, seed=1).images)


def test_folder_that_is_not_there_or_empty(tmp_path):
    with pytest.raises(FileNotFoundError, match="the folder .*nowhere is not there"):
        load(f"folder:{tmp_path / 'nowhere'}")
    with pytest.raises(ValueError, match="has no images in it; expected files that end in .jpg"):
        load(f"folder:{tmp_path}")
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(ValueError, match="has no images in it"):
        load(f"folder:{tmp_path}")
    with pytest.raises(NotADirectoryError, match="notes.txt is a file, expected a folder"):
        load(f"folder:{tmp_path / 'notes.txt'}")


def test_folder_names_damaged_images_up_to_five(tmp_path):
    rng = np.random.default_rng(0)
    for i in range(9):
        Image.fromarray(rng.integers(0, 256, (32, 32, 3), np.uint8)).save(tmp_path / f"{i}.jpg")
    whole = (tmp_path / "3.jpg").read_bytes()
    (tmp_path / "3.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"1 of 9 images cannot be read, .*3\.jpg \(.*truncated") as caught:
        load(f"folder:{tmp_path}", "all")
    assert "\n" not in str(caught.value)
    for i in range(7):
        (tmp_path / f"{i}.jpg").write_bytes(b"" if i % 2 else b"no picture")
    with pytest.raises(ValueError, match="7 of 9 images .*; and 2 more") as caught:
        load(f"folder:{tmp_path}", "all")
    assert str(caught.value).count(".jpg") >= 5 and "6.jpg" not in str(caught.value)
    assert (tmp_path / "8.jpg").exists()  # nothing is deleted


def test_real_cifar10_folder():
    root = os.environ.get("AIMSSSL_DATA")
    if not root or not (Path(root) / "cifar10" / "test").is_dir():
        pytest.skip("needs real images: set AIMSSSL_DATA to a folder that holds cifar10/test/CLASS/*.jpg")
    data = load(f"folder:{root}/cifar10", "test", limit=500)
    assert data.images.shape == (500, 3, 32, 32) and data.labels.bincount().tolist() == [50] * 10
    assert data.classes[0] == "airplane" and data.images.float().std() > 40


@pytest.mark.parametrize("value", [-1, 0, 2.5, True, float("nan"), float("inf"), "3", [], 10**12])
@pytest.mark.parametrize("argument", ["limit", "seed", "image_size", "split", "root"])
def test_an_argument_out_of_its_range_is_named(argument, value):
    """Whatever comes, an answer of the right kind or a sentence with the argument's name."""
    try:
        data = load("digits", **{argument: value})
    except (ValueError, TypeError) as error:
        assert str(error).startswith(f"{argument} is ")
    else:
        assert (argument, value) in {("seed", 0), ("seed", 10**12), ("limit", 10**12), ("root", "3")} and len(
            data
        ) == 1437


@pytest.mark.parametrize("value", [-1, 0, 2.5, True, float("nan"), "3", None, 10**12])
def test_a_side_out_of_its_range_is_named(value):
    with pytest.raises(ValueError, match="side is "):
        load("digits", "test").resized(value)

"""Folders of images: which files are train and which are test, however they are named and asked for."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from aimsssl.datasets import FolderWarning, counterpart, load
from aimsssl.datasets.folder.holding_out import hold_out

pytestmark = pytest.mark.filterwarnings("ignore::aimsssl.datasets.FolderWarning")


def make(folder, counts, size=16, seed=0, name="{}.png"):
    """Pictures of noise, no two alike: `counts` by class."""
    random = np.random.default_rng([seed, *str(folder).encode()])
    for label, count in counts.items():
        (Path(folder) / label).mkdir(parents=True, exist_ok=True)
        for i in range(count):
            pixels = random.integers(0, 256, (size, size, 3), np.uint8)
            Image.fromarray(pixels).save(Path(folder) / label / name.format(i))
    return Path(folder)


def contents(images):
    return {image.numpy().tobytes() for image in images.images}


def both(name, **options):
    return load(name, "train", **options), load(name, "test", **options)


# ---- splits by name --------------------------------------------------------------------------------------------------

NAMES = [("train", "test"), ("Train", "Test"), ("TRAIN", "TEST"), ("training", "testing"), ("train", "valid"),
         ("train", "validation"), ("training_set", "test_set"), ("Train-Images", "val"), ("train data", "eval"),
         ("trainset", "holdout")]  # fmt: skip


@pytest.mark.parametrize("names", NAMES)
def test_splits_in_any_case_and_by_their_usual_names(names, tmp_path):
    for folder, count in zip(names, (6, 3), strict=True):
        make(tmp_path / folder, {"cat": count, "dog": count})
    train, test = both(f"folder:{tmp_path}")
    assert (len(train), len(test)) == (12, 6) and train.classes == test.classes == ("cat", "dog")
    assert f"({names[0]}) 12" in train.report and f"({names[1]}) 6" in test.report
    assert len(load(f"folder:{tmp_path / names[0]}", "train")) == 12  # a part itself: all of it, for its own side
    assert len(load(f"folder:{tmp_path / names[1]}", "test")) == len(load(f"folder:{tmp_path / names[1]}")) == 6
    for wrong, split in ((names[0], "test"), (names[1], "train")):
        with pytest.raises(ValueError, match=f"split is '{split}', but .* no image may be in both; expected folder:"):
            load(f"folder:{tmp_path / wrong}", split)
    assert counterpart(f"folder:{tmp_path / names[0]}", "test") == f"folder:{tmp_path / names[1]}"
    assert counterpart(f"folder:{tmp_path / names[1]}", "train") == f"folder:{tmp_path / names[0]}"
    assert counterpart(f"folder:{tmp_path}", "test") == f"folder:{tmp_path}" and counterpart("mnist", "test") == "mnist"


def test_three_parts_keep_to_themselves(tmp_path):
    for number, folder in enumerate(("Train", "valid", "Test")):
        make(tmp_path / folder, {"a": 4, "b": 4}, seed=number)
    name = f"folder:{tmp_path}"
    parts = [contents(load(name, split)) for split in ("train", "val", "test")]
    assert all(len(part) == 8 for part in parts) and len(set.union(*parts)) == 24
    assert contents(load(f"{name}/valid", "test")) == parts[1]  # evaluated on what is named


@pytest.mark.parametrize("classes", [("bus", "plane", "train"), ("test", "toast"), ("eval", "evil"), ("a", "dev")])
def test_a_class_may_have_the_name_of_a_split(classes, tmp_path):
    make(tmp_path, dict.fromkeys(classes, 5))
    assert load(f"folder:{tmp_path}", "all").classes == classes


def test_two_folders_for_one_split_are_refused(tmp_path):
    for folder in ("train", "Train", "test"):
        make(tmp_path / folder, {"a": 3})
    with pytest.raises(ValueError, match="has 2 folders for split 'train': Train, train; name one of them"):
        load(f"folder:{tmp_path}")
    assert len(load(f"folder:{tmp_path / 'train'}", "train")) == 3 and len(load(f"folder:{tmp_path}", "test")) == 3


@pytest.mark.parametrize("outer", ["{}/cat", "whole/{}"])
def test_splits_inside_of_classes_are_not_mixed(outer, tmp_path):
    for part in ("train", "test"):
        make(tmp_path / outer.format(part).replace("train/cat", "cat/train").replace("test/cat", "cat/test"), {"": 3})
    with pytest.raises(
        ValueError, match="holds folders for train and test, so that .* would mix them; expected .*/train/"
    ):
        load(f"folder:{tmp_path}")


def test_other_folders_beside_the_parts_are_named(tmp_path):
    for folder in ("train", "test", "drafts"):
        make(tmp_path / folder, {"a": 3})
    with pytest.warns(FolderWarning, match="not looked into, beside the parts: drafts"):
        assert len(load(f"folder:{tmp_path}")) == 3


# ---- one set ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["", "train", "photos/train"])
def test_one_set_holds_out_a_part_by_itself(where, tmp_path):
    folder = make(tmp_path / where, {"cat": 12, "dog": 12, "rare": 2})
    with pytest.warns(FolderWarning, match="one set of 26 images: 7 are held out for test, 19 are for training"):
        train, test = both(f"folder:{folder}")
    assert train.labels.bincount().tolist() == [9, 9, 1] and test.labels.bincount().tolist() == [3, 3, 1]
    assert contents(train) | contents(test) == contents(load(f"folder:{folder}", "all")) and len(contents(train)) == 19
    for limit, seed in itertools.product((None, 6), (0, 1)):
        again = both(f"folder:{folder}", limit=limit, seed=seed)
        assert contents(again[0]) <= contents(train) and contents(again[1]) <= contents(test)  # whatever the seed


def test_the_same_images_are_held_out_wherever_the_folder_lies_and_however_it_grows(tmp_path):
    small, large = make(tmp_path / "here", {"a": 40}, name="photo{}.png"), tmp_path / "there"
    (large / "a").mkdir(parents=True)
    for file in sorted((small / "a").iterdir(), reverse=True):
        (large / "a" / file.name).write_bytes(file.read_bytes())
    before = set(load(f"folder:{small}", "test").sources)
    assert before == set(load(f"folder:{large}/", "test").sources) and len(before) == 8
    make(large, {"a": 10}, seed=5, name="new{}.png")
    assert len(before & set(load(f"folder:{large}", "test").sources)) >= 6


def sides(files, **options):
    held = hold_out([(name.split("/")[0] if "/" in name else "", name) for name in files], "", **options)
    return {name: side for name, side in zip(files, held.test, strict=True)}, held


def test_images_that_belong_together_stay_on_one_side(tmp_path):
    files = [f"{label}/scene{i}{mark}{j}.png" for label in "ab" for i in range(10) for j in range(3) for mark in "_"]
    test, held = sides(files)
    for name in files:
        assert test[name] == test[name[:-5] + "0.png"]
    assert sum(test.values()) == 12 and held.groups == 20
    for common in ("img_{}", "IMG-{}"):  # a name that all share tells nothing
        test, held = sides([f"{label}/{common.format(i)}.png" for label in "ab" for i in range(20)])
        assert sum(test.values()) == 8 and held.groups == 0


def test_a_pattern_says_what_belongs_together_across_classes():
    files = [f"{label}/{patient:02}x{i}.png" for label in "ab" for patient in range(10) for i in range(3)]
    test, _ = sides(files, pattern=r"/(\d\d)x")
    held = {name[2:4] for name in files if test[name]}
    assert len(held) == 2 and not held & {name[2:4] for name in files if not test[name]}
    for pattern, words in (("(", r"group_by is '\(', expected a regular expression"), ("zebra", "matches none of 60")):
        with pytest.raises(ValueError, match=words):
            hold_out([(name[0], name) for name in files], "", pattern)


def test_large_groups_are_never_split_and_never_all_held_out():
    files = [f"a/{camera}x{i}.png" for camera, count in (("k", 20), ("l", 12), ("m", 30)) for i in range(count)]
    test, _ = sides(files, pattern="[klm]")
    assert {name[2] for name in files if test[name]} == {"l"}
    test, held = sides([f"a/k{i}.png" for i in range(9)] + [f"b/{i}.png" for i in range(10)], pattern="k|[0-9]")
    assert held.untested == ["a"] and sum(test.values()) == 2


def test_copies_of_a_file_stay_on_one_side(tmp_path):
    make(tmp_path, {"a": 30, "b": 30})
    for i in range(30):
        (tmp_path / "b" / f"copy{i:03}.png").write_bytes((tmp_path / "a" / f"{i}.png").read_bytes())
    train, test = both(f"folder:{tmp_path}")
    assert not contents(train) & contents(test) and len(train) + len(test) == 90 and len(test) >= 12


def test_the_size_is_the_same_in_both_parts(tmp_path):
    make(tmp_path, {"a": 10})
    assert [d.images.shape[-1] for d in both(f"folder:{tmp_path}")] == [16, 16]
    held = load(f"folder:{tmp_path}", "test").sources[0]
    Image.new("RGB", (30, 30)).save(tmp_path / held)  # one of another size, in one part
    assert [d.images.shape[-1] for d in both(f"folder:{tmp_path}")] == [64, 64]
    assert [d.images.shape[-1] for d in both(f"folder:{tmp_path}", image_size=24)] == [24, 24]


# ---- where images come from ------------------------------------------------------------------------------------------


def test_every_subset_knows_its_files(tmp_path):
    folder = make(tmp_path / "own" / "train", {"cat": 5, "dog": 5}).parent
    make(folder / "test", {"cat": 3, "dog": 2})
    whole = load(f"folder:{folder}")
    assert whole.name == f"folder:{folder / 'train'}" and whole.sources[0] == "cat/0.png" and len(whole.sources) == 10
    chosen = torch.tensor([True, False] * 5)
    subsets = [whole, whole.sample(4, 1), *whole.split(3), whole[2:9:3], whole[[9, 0]], whole[chosen], whole[[]]]
    for part in [*subsets, load(f"folder:{folder}", limit=4), whole[torch.tensor([-1, 3])]]:
        assert len(part.sources) == len(part)
        for image, source, label in zip(part.images, part.sources, part.labels, strict=True):
            file = Path(part.name.removeprefix("folder:")) / source
            assert np.array_equal(np.asarray(Image.open(file)), image.permute(1, 2, 0).numpy())
            assert source.split("/")[0] == part.classes[label]
    assert load("digits").sources == () == load("shapes", limit=20)[:5].sources
    with pytest.raises(ValueError, match="sources has 9 names, expected none or 10"):
        type(whole)("x", whole.images, whole.labels, whole.classes, sources=whole.sources[1:])


def test_files_in_both_parts_are_said(tmp_path):
    for part in ("train", "test"):
        make(tmp_path / part, {"a": 6})
    for i in range(3):
        (tmp_path / "test" / "a" / f"{i}.png").write_bytes((tmp_path / "train" / "a" / f"{i}.png").read_bytes())
    with pytest.warns(FolderWarning, match="3 images are also in another part, byte by byte: .*0.png = .*0.png"):
        test = load(f"folder:{tmp_path}", "test")
    assert "3 images are also in another part" in test.report and len(test) == 6


def test_paths_relative_home_and_with_a_slash_mean_the_same(tmp_path, monkeypatch):
    for part in ("train", "test"):
        make(tmp_path / "own" / part, {"a": 4})
    monkeypatch.chdir(tmp_path / "own" / "test")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    expected = contents(load(f"folder:{tmp_path / 'own'}", "test"))
    for name in ("folder:.", "folder:../test", "folder:../test/", "folder:..", "folder:~/own", "folder:~/own/test/"):
        assert contents(load(name, "test")) == expected, name
    with pytest.raises(ValueError, match="is the test part of"):
        load("folder:.", "train")

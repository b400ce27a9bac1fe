"""Folders of images: which files are train and which are test, however they are named and asked for."""

import itertools
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from aimsssl.cli import main
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
         ("trainset", "holdout"), ("train2017", "val2017"), ("seg_train", "seg_test"), ("trainval", "test"),
         ("my training pictures", "my test pictures"), ("train_val", "testing 1")]  # fmt: skip


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


@pytest.mark.parametrize(
    "classes",
    [
        ("bus", "plane", "train"),
        ("test", "toast"),
        ("eval", "evil"),
        ("a", "dev"),
        ("seg_pred", "seg_test", "seg_train"),
        ("test_tube", "train_station", "zoo"),
    ],
)
def test_a_class_may_have_the_name_of_a_split(classes, tmp_path):
    make(tmp_path, dict.fromkeys(classes, 5))
    with pytest.warns(FolderWarning, match="taken for a class, though it has the name of a split: "):
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
    assert len(load(f"folder:{tmp_path / where.removesuffix('train')}", "all")) == 26
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


# ---- what may vanish -------------------------------------------------------------------------------------------------


def picture(path, colour=(10, 20, 30)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (16, 16), colour).save(path)
    return path


def link(path, target):
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.symlink_to(target, target_is_directory=True)
    except OSError:
        pytest.skip("needs the right to make links")


def test_class_folders_that_are_links_are_followed(tmp_path):
    make(tmp_path / "store", {"x": 6, "y": 6})
    for part, count in (("train", 6), ("test", 6)):
        link(tmp_path / part / "cat", tmp_path / "store" / "x")
        make(tmp_path / part, {"dog": count}, seed=len(part))
    link(tmp_path / "linked", tmp_path / "test")
    train = load(f"folder:{tmp_path}")
    assert train.classes == ("cat", "dog") and train.labels.bincount().tolist() == [6, 6]
    assert len(load(f"folder:{tmp_path / 'linked'}", "all")) == 12
    assert "6 images are also in another part" in train.report  # the links lead to the same files


def test_links_in_a_circle_end(tmp_path):
    make(tmp_path / "own", {"cat": 4, "dog": 4})
    link(tmp_path / "own" / "cat" / "again", tmp_path / "own" / "cat")
    link(tmp_path / "own" / "cat" / "up", tmp_path)
    link(tmp_path / "own" / "dog" / "a", tmp_path / "own" / "dog" / "b")
    link(tmp_path / "own" / "dog" / "b", tmp_path / "own" / "dog" / "a")
    link(tmp_path / "own" / "dog" / "whole", tmp_path / "own")
    data = load(f"folder:{tmp_path / 'own'}", "all")
    assert data.labels.bincount().tolist() == [4, 4]
    for told in ("1 left out, a link to a folder that is already in this class: cat/again",
                 "2 left out, a link back to a folder above it: cat/up, dog/whole",
                 "2 left out, a link to nothing: dog/a, dog/b"):  # fmt: skip
        assert told in data.report


def test_every_way_a_class_may_vanish_is_an_error_or_said(tmp_path, monkeypatch):
    make(tmp_path, {"cat": 4, "dog": 4})
    for i in range(3):
        (tmp_path / "cat" / f"{i}.png").write_bytes(b"damaged")
    (tmp_path / "cat" / "3.png").write_bytes(b"")
    with pytest.raises(ValueError, match="4 of 8 images cannot be read"):
        load(f"folder:{tmp_path}", "all")
    with pytest.raises(ValueError, match="no image of the class cat can be read"):
        load(f"folder:{tmp_path}", "all", skip_damaged=True)
    for i in range(4):
        (tmp_path / "cat" / f"{i}.png").rename(tmp_path / "cat" / f"{i}.heic")
    with pytest.raises(ValueError, match=r"the class cat has 4 files in .*cat but no image .*\(.heic\); expected .jpg"):
        load(f"folder:{tmp_path}", "all")
    for file in (tmp_path / "cat").iterdir():
        file.unlink()
    with pytest.warns(FolderWarning, match="no class, for there is no file in it: cat"):
        assert load(f"folder:{tmp_path}", "all").classes == ("dog",)
    (tmp_path / "cat").rmdir()
    link(tmp_path / "cat", tmp_path / "gone")
    with pytest.warns(FolderWarning, match="left out, a link to nothing: cat"):
        load(f"folder:{tmp_path}", "all")
    (tmp_path / "cat").unlink()
    make(tmp_path, {"cat": 4})
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("cat"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(OSError, match=r"the folder .*cat cannot be listed \(Permission denied\); check its rights"):
        load(f"folder:{tmp_path}", "all")


def test_other_kinds_of_files_are_counted_and_named_and_noise_is_passed_by(tmp_path):
    make(tmp_path, {"cat": 4})
    for name in ("notes.txt", "a.heic", "b.heic", "no_ending"):
        (tmp_path / "cat" / name).write_bytes(b"x")
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._0.png", ".git/0.png", "__MACOSX/0.png"):
        (tmp_path / "cat" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "cat" / name).write_bytes(b"x")
    picture(tmp_path / "__MACOSX" / "cat" / "0.png")
    with pytest.warns(FolderWarning) as told:
        data = load(f"folder:{tmp_path}", "all")
    assert len(data) == 4 and data.classes == ("cat",)
    (warning,) = told
    assert "4 left out, of another kind (.heic 2, no ending 1, .txt 1): cat/a.heic" in str(warning.message)
    assert "hidden" not in str(warning.message) and "7 hidden or system files passed by" in data.report


def test_names_that_differ_only_in_writing(tmp_path):
    make(tmp_path / "a", {"Cat": 3, "cat": 3})
    if len(list((tmp_path / "a").iterdir())) == 1:
        pytest.skip("this file system does not tell them apart")
    with pytest.warns(FolderWarning, match="two classes that differ only in writing: 'Cat' and 'cat'"):
        assert load(f"folder:{tmp_path / 'a'}", "all").classes == ("Cat", "cat")
    for one, other in (("Cat", "cat"), ("caf\u00e9", "cafe\u0301")):
        folder = tmp_path / one
        make(folder / "train", {one: 3})
        make(folder / "test", {other: 3})
        with pytest.raises(
            ValueError, match="one class is written in two ways: .* in .*(train|test).* in .*(train|test); rename"
        ):
            load(f"folder:{folder}")


@pytest.mark.skipif(os.name == "nt" or os.uname().sysname == "Darwin", reason="file names are Unicode here")
def test_names_that_are_not_utf8_are_escaped_or_refused_by_name(tmp_path, capsys):
    make(tmp_path / "own", {"cat": 4})
    odd = os.fsencode(tmp_path / "own") + b"/caf\xe9"
    os.mkdir(odd)
    for i in range(3):
        (tmp_path / "own" / "cat" / f"{i}.png").rename(Path(os.fsdecode(odd + b"/\xff%d.png" % i)))
    data = load(f"folder:{tmp_path / 'own'}", "all")
    assert data.classes == ("caf\\udce9", "cat") and data.sources[0] == "caf\\udce9/\\udcff0.png" and len(data) == 4
    "".join([repr(data), data.report, *data.sources, *data.classes]).encode()  # for any console, any file
    with pytest.raises(ValueError, match=r"the path .*caf\\udce9 is not UTF-8, .* rename the folder"):
        load(f"folder:{os.fsdecode(odd)}")
    (tmp_path / "own" / "cat" / "3.png").write_bytes(b"x")
    Path(os.fsdecode(odd + b"/\xff0.png")).write_bytes(b"x")
    with pytest.raises(ValueError, match="2 of 4 images cannot be read") as caught:
        load(f"folder:{tmp_path / 'own'}", "all")
    str(caught.value).encode()


def test_a_class_in_one_part_only_keeps_its_number_and_is_said(tmp_path):
    make(tmp_path / "train", {"a": 3, "b": 3, "c": 3})
    make(tmp_path / "test", {"a": 3, "c": 3})
    with pytest.warns(FolderWarning, match="no images in this part of the class b"):
        test = load(f"folder:{tmp_path}", "test")
    assert test.classes == ("a", "b", "c") and test.labels.unique().tolist() == [0, 2]
    assert load(f"folder:{tmp_path / 'test'}", "test").classes == ("a", "b", "c")


# ---- the report and the command line ---------------------------------------------------------------------------------


def test_training_prints_what_was_taken_for_what(tmp_path, capsys):
    make(tmp_path / "own" / "Train", {"cat": 60, "dog": 60})
    make(tmp_path / "own" / "Valid", {"cat": 5, "dog": 5}, size=16)
    (tmp_path / "own" / "Train" / "cat" / "7.png").write_bytes(b"damaged")
    (tmp_path / "own" / "Train" / "cat" / "list.csv").write_text("x")
    words = [
        "train",
        "simclr",
        "--data",
        f"folder:{tmp_path / 'own'}",
        "--epochs",
        "1",
        "--run-dir",
        str(tmp_path / "r"),
    ]
    assert main(words) == 2 and "1 of 120 images cannot be read" in capsys.readouterr().err
    assert main([*words, "--skip-damaged", "--image-size", "12"]) == 0
    lines = capsys.readouterr().out
    for told in ("as train", "train (Train) 120", "val (Valid) 10", "taken: 119 images: cat 59, dog 60", "12x12",
                 "1 left out, of another kind (.csv 1): cat/list.csv",
                 "1 damaged images left out: cat/7.png"):  # fmt: skip
        assert told in lines
    assert main([*words[:3], "shapes", "--run-dir", str(tmp_path / "s"), "--group-by", "x"]) == 2
    assert "group_by is for folder:PATH" in capsys.readouterr().err


def test_a_limit_draws_from_its_part_only(tmp_path):
    make(tmp_path, {"a": 20, "b": 20}, name="{:02}.png")
    parts = [contents(d) for d in both(f"folder:{tmp_path}")]
    for seed in range(5):
        some = both(f"folder:{tmp_path}", limit=6, seed=seed)
        assert all(len(d) == 6 and contents(d) <= part for d, part in zip(some, parts, strict=True))


def test_a_limit_above_the_number_of_images_mixes_the_classes(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / "own" / "train" / name).mkdir(parents=True)
        for i in range(10):
            Image.new("RGB", (8, 8)).save(tmp_path / "own" / "train" / name / f"{i}.png")
    loaded = load(f"folder:{tmp_path / 'own'}", "train", limit=100)
    assert len(set(loaded.sources)) == 20 and loaded.labels[:10].bincount().tolist() == [5, 5]

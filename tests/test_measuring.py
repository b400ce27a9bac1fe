"""Runs on one's own images measured: no test image was trained on, classes and sizes fit, features go into files."""

import csv
import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from aimsssl import comparing
from aimsssl.cli import main
from aimsssl.comparing.few_labels import draw
from aimsssl.datasets import load
from aimsssl.datasets.imageset import ImageSet
from aimsssl.models import extract
from aimsssl.training import load_encoder

TRAINING = ["--epochs", 1, "--width", 4, "--batch-size", 16, "--monitor-every", 0]


def aimsssl(*words):
    return main([str(word) for word in words])


def make(folder, counts, seed=0, size=16, mode="RGB", form="png"):
    """Noise as files: `counts[name]` images in a folder a class."""
    generator = np.random.default_rng(seed)
    for name, count in counts.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for i in range(count):
            pixels = generator.integers(0, 256, (size, size, 3), dtype=np.uint8)
            Image.fromarray(pixels).convert(mode).save(folder / name / f"{i}.{form}")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """own/{train,test}, few (one set of 24 images), and a run on each."""
    folder = tmp_path_factory.mktemp("place")
    make(folder / "own" / "train", {"cat": 40, "dog": 40}, 1)
    make(folder / "own" / "test", {"cat": 20, "dog": 20}, 2)
    make(folder / "few", {"cat": 12, "dog": 12}, 3)
    for name in ("own", "few"):
        assert train(folder, name, f"folder:{folder / name}") == 0
    return folder


def train(place, run, data, *options):
    return aimsssl("train", "simclr", "--data", data, "--run-dir", place / "runs" / run, *TRAINING, *options)


def evaluate(place, run, *options):
    return aimsssl("evaluate", place / "runs" / run, *options)


def result(place, run):
    return json.loads((place / "runs" / run / "result.json").read_text(encoding="utf-8"))


# ---- nothing is tested on what it was trained on ---------------------------------------------------------------------


@pytest.mark.parametrize("data", ["own", "own/test"])
def test_a_folder_with_splits_is_tested_on_its_test_images(place, data):
    assert evaluate(place, "own", "--data", f"folder:{place / data}") == 0
    found = result(place, "own")
    assert found["test_images"] == 40 and found["train_images"] == 80 and found["copies"] == 0
    assert all(score["knn"] < 0.8 for score in found["scores"].values()), "noise has nothing to be known by"


def test_of_a_folder_that_is_one_set_a_part_is_held_out(place):
    assert evaluate(place, "few", "--data", f"folder:{place / 'few'}") == 0
    found = result(place, "few")
    assert found["train_images"] + found["test_images"] == 24 and found["copies"] == 0 and found["test_images"] >= 4


def test_another_folder_that_is_one_set_is_taken_whole(place):
    assert evaluate(place, "own", "--data", f"folder:{place / 'few'}") == 0
    assert result(place, "own")["test_images"] == 24
    options = ["--data", f"folder:{place / 'own'}", "--train-data", f"folder:{place / 'few'}"]
    assert evaluate(place, "own", *options) == 0
    assert result(place, "own")["train_images"] == 24


def trained_on_images(place, name, change):
    """A folder of test images that are training images of `own`, in some other guise."""
    folder = place / name
    if not folder.exists():
        for path in sorted((place / "own" / "train").rglob("*.png")):
            target = folder / path.parent.name / change.get("name", "{}.png").format(path.stem)
            target.parent.mkdir(parents=True, exist_ok=True)
            image = Image.open(path)
            if "size" in change:
                image = image.resize((change["size"],) * 2, Image.Resampling.BICUBIC)
            image.convert(change.get("mode", "RGB")).save(target)
    return f"folder:{folder}"


@pytest.mark.parametrize("command", ["evaluate", "compare", "finetune"])
@pytest.mark.parametrize(
    "name,change",
    [
        ("copied", {}),
        ("renamed", {"name": "photo{}.bmp"}),
        ("as_jpeg", {"name": "{}.jpg"}),
        ("as_webp", {"name": "{}.webp"}),
        ("grey", {"mode": "L"}),
        ("larger", {"size": 40}),
    ],
)
def test_training_images_under_another_name_are_refused(place, tmp_path, capsys, command, name, change):
    data = trained_on_images(place, name, change)
    more = {"compare": ["--out", tmp_path / "out"], "finetune": ["--epochs", 1, "--seeds", 1]}.get(command, [])
    assert aimsssl(command, place / "runs" / "own", "--data", data, *more) == 2
    error = capsys.readouterr().err
    assert "80 of 80 test images" in error and "labelled training images" in error and "--allow-copies" in error
    assert not (tmp_path / "out").exists()


def test_they_are_measured_where_that_is_asked_for_and_the_table_says_so(place, capsys):
    data = trained_on_images(place, "copied", {})
    assert evaluate(place, "own", "--data", data, "--allow-copies") == 0
    assert "WARNING: 80 of 80 test images" in capsys.readouterr().out
    assert result(place, "own")["copies"] == 80 and "pixel by pixel" in " ".join(result(place, "own")["notes"])


def test_a_few_copies_are_said_with_their_files_and_counted(place, tmp_path, capsys):
    shutil.copytree(place / "own" / "test", tmp_path / "test")
    for i in (3, 4):
        shutil.copy(place / "own" / "train" / "dog" / f"{i}.png", tmp_path / "test" / "dog" / f"new{i}.png")
    assert evaluate(place, "own", "--data", f"folder:{tmp_path / 'test'}") == 0
    said = capsys.readouterr().out
    assert "WARNING: 2 of 42 test images" in said and "dog/new3.png, which is dog/3.png" in said
    assert result(place, "own")["copies"] == 2


@pytest.mark.parametrize(
    "train_data,data",
    [("own", "own/train"), ("few", "own/train"), ("own/test", "own"), ("own/test", "own/test"), ("few", "own/train/")],
)
def test_no_wording_tests_on_training_images(place, capsys, train_data, data):
    """Whichever of the two was trained on, or is compared with."""
    options = ["--train-data", f"folder:{place / train_data}", "--data", f"folder:{place / data}"]
    assert evaluate(place, "own", *options) == 2
    error = capsys.readouterr().err
    assert "training images" in error or "no image may be in both" in error


def test_images_that_the_run_was_trained_on_are_known_whatever_it_is_compared_with(place, capsys):
    """Labels come from another folder; the encoder has seen the test images."""
    data = trained_on_images(place, "copied", {})
    assert evaluate(place, "own", "--train-data", f"folder:{place / 'few'}", "--data", data) == 2
    assert "80 of 80 test images" in (error := capsys.readouterr().err) and "that the run was trained on" in error
    assert evaluate(place, "own", "--data", data, "--limit", 20) == 2, "a limit hides nothing"
    assert "images that the run was trained on" in capsys.readouterr().err


def test_a_data_set_by_its_splits(place, tmp_path, capsys):
    assert train(place, "digits", "digits", "--limit", 200) == 0
    assert evaluate(place, "digits", "--data", "digits", "--limit", 200) == 0
    assert result(place, "digits")["copies"] == 0
    assert evaluate(place, "digits", "--data", "digits/train", "--limit", 200) == 2
    assert evaluate(place, "digits", "--data", "digits", "--train-data", "digits/test", "--limit", 200) == 2
    assert capsys.readouterr().err.count("200 of 200 test images") == 2


def test_a_probe_set_in_training_that_is_trained_on_is_said(place, capsys):
    data = f"folder:{place / 'own'}"
    options = ["--snapshot-epochs", 1, "--probe"]
    assert train(place, "probed", data, *options, data) == 0
    assert "WARNING" not in capsys.readouterr().out
    assert train(place, "probed on itself", data, *options, trained_on_images(place, "copied", {})) == 0
    said = capsys.readouterr().out
    assert "WARNING: " in said and "are training images (folder:" in said and "pixel by pixel" in said


def test_training_images_that_changed_or_went_are_said(place, capsys):
    make(place / "gone", {"cat": 40, "dog": 40}, 7)
    assert train(place, "gone", f"folder:{place / 'gone'}") == 0
    options = ["--train-data", f"folder:{place / 'own' / 'train'}", "--data", f"folder:{place / 'own' / 'test'}"]
    make(place / "gone", {"cat": 41}, 8)
    assert evaluate(place, "gone", *options) == 0
    assert "are not those that the run was trained on" in capsys.readouterr().out
    shutil.rmtree(place / "gone")
    assert evaluate(place, "gone", *options) == 0
    assert "is not known: the folder" in capsys.readouterr().out


# ---- classes, channels, sizes ----------------------------------------------------------------------------------------


def test_classes_are_known_by_name(place, tmp_path, capsys):
    """One without test images, in another order; a class that training lacks is one sentence."""
    make(tmp_path / "test", {"dog": 10}, 5)
    assert evaluate(place, "own", "--data", f"folder:{tmp_path / 'test'}") == 0
    found = result(place, "own")
    assert found["test_images"] == 10 and found["chance"] == 0.5 and found["majority"] in (0.0, 1.0)
    make(tmp_path / "more", {"bird": 5, "dog": 10}, 6)
    assert evaluate(place, "own", "--data", f"folder:{tmp_path / 'more'}") == 2
    error = capsys.readouterr().err
    assert "are 'bird', and no labelled training image is" in error and "'cat', 'dog'" in error


def test_labels_follow_the_names():
    images = torch.zeros(3, 1, 4, 4, dtype=torch.uint8)
    train = ImageSet("a", images, torch.tensor([0, 1, 2]), ("cat", "cow", "dog"))
    test = ImageSet("b", images, torch.tensor([1, 0, 1]), ("cat", "dog", "emu"))
    found = comparing.with_classes_of(train, test)
    assert found.labels.tolist() == [2, 0, 2] and found.classes == train.classes
    with pytest.raises(ValueError, match="are 'emu', and no labelled training image is"):
        comparing.with_classes_of(train, ImageSet("b", images, torch.tensor([1, 0, 2]), ("cat", "dog", "emu")))
    with pytest.raises(ValueError, match="are 'cow'"):  # a name alone is no image
        comparing.with_classes_of(train[[0, 2, 2]], train)


def test_a_class_without_test_images_changes_no_other_number(place):
    """Both classes together give the mean of each alone."""
    train, test = (load(f"folder:{place / 'own'}", split) for split in ("train", "test"))
    both, dogs = (comparing.prepare(train, images, (3, 16, 16)) for images in (test, test[test.labels == 1]))
    scores = [comparing.raw_pixels(sets.pair, 100) for sets in (both, dogs)]
    assert scores[1]["knn"] == pytest.approx(scores[1]["knn_balanced"])
    cats = comparing.raw_pixels(comparing.prepare(train, test[test.labels == 0], (3, 16, 16)).pair, 100)
    assert scores[0]["knn"] == pytest.approx((scores[1]["knn"] + cats["knn"]) / 2)


@pytest.mark.parametrize("trained,channels", [("grey", 1), ("colour", 3)])
def test_grey_and_colour_fit_each_other(place, tmp_path, capsys, trained, channels):
    """Digits are grey; the same as files are read in colour."""
    for split in ("train", "test"):
        images = load("digits", split, limit=60)
        for i, (image, label) in enumerate(zip(images.images, images.labels.tolist(), strict=True)):
            (tmp_path / "files" / split / str(label)).mkdir(parents=True, exist_ok=True)
            Image.fromarray(image[0].numpy()).save(tmp_path / "files" / split / str(label) / f"{i}.png")
    files = f"folder:{tmp_path / 'files'}"
    own, other = ("digits", files) if trained == "grey" else (files, "digits")
    run = tmp_path / "run"
    assert aimsssl("train", "simclr", "--data", own, "--limit", 60, "--run-dir", run, *TRAINING) == 0
    found = {}
    for data in (own, other):
        assert aimsssl("evaluate", run, "--data", data, "--train-data", data, "--limit", 60) == 0
        found[data] = json.loads((run / "result.json").read_text(encoding="utf-8"))
    assert load_encoder(run)[1].config["data"]["shape"][1] == channels
    for name, score in found[own]["scores"].items():
        assert score["knn"] == pytest.approx(found[other]["scores"][name]["knn"]), "the same images, the same number"
    told = "turned grey" if trained == "grey" else "given three equal channels"
    assert sum(told in note for note in found[other]["notes"]) == 2 and found[own]["notes"] == []


def test_images_are_fitted_to_a_run():
    colour = torch.tensor([200, 100, 50], dtype=torch.uint8)[None, :, None, None].expand(2, 3, 8, 8)
    images = ImageSet("a", colour.contiguous(), torch.tensor([0, 0]), ("x",))
    notes: list[str] = []
    grey = comparing.fitted(images, (1, 4, 4), notes)
    luma = round(0.2989 * 200 + 0.587 * 100 + 0.114 * 50)
    assert grey.images.shape == (2, 1, 4, 4) and grey.images.unique().tolist() == [luma]
    assert notes == ["the images of a were turned grey and resized from 8x8 to 4x4, as the run was trained on"]
    back = comparing.fitted(grey, (3, 4, 4), notes)
    assert (back.images == luma).all() and back.images.shape == (2, 3, 4, 4)
    assert comparing.fitted(images, (3, 8, 8), []).images is images.images


def test_files_of_another_size_are_cut_and_resized_as_for_training(place, tmp_path):
    make(tmp_path / "big", {"cat": 20, "dog": 20}, 9, size=48)
    data, run = f"folder:{tmp_path / 'big'}", tmp_path / "run"
    assert evaluate(place, "own", "--data", data) == 0
    assert result(place, "own")["test_images"] == 40 and result(place, "own")["notes"] == []
    assert aimsssl("train", "simclr", "--data", data, "--image-size", 24, "--run-dir", run, *TRAINING) == 0
    assert aimsssl("evaluate", run, "--data", data) == 0
    assert json.loads((run / "result.json").read_text(encoding="utf-8"))["notes"] == [], "the size is the run's"


def test_images_without_a_label_are_left_out_and_said(place, tmp_path, capsys):
    shutil.copytree(place / "own" / "test", tmp_path / "test")
    make(tmp_path, {"test": 3}, 11)  # beside the classes
    assert evaluate(place, "own", "--data", f"folder:{tmp_path / 'test'}") == 0
    assert "3 of 43 images" in capsys.readouterr().out and result(place, "own")["test_images"] == 40
    shutil.rmtree(tmp_path / "test" / "cat")
    shutil.rmtree(tmp_path / "test" / "dog")
    assert evaluate(place, "own", "--data", f"folder:{tmp_path / 'test'}") == 2
    assert "no image of folder:" in capsys.readouterr().err


# ---- numbers ---------------------------------------------------------------------------------------------------------


def test_unequal_classes_are_measured_by_class_too(tmp_path, capsys):
    """200 : 2 and 16 : 2: every row at the majority says so, with the balanced accuracy of a guess."""
    make(tmp_path / "own" / "train", {"cat": 200, "dog": 2}, 1, size=8)
    make(tmp_path / "own" / "test", {"cat": 16, "dog": 2}, 2, size=8)
    run = tmp_path / "run"
    assert aimsssl("train", "simclr", "--data", f"folder:{tmp_path / 'own'}", "--run-dir", run, *TRAINING) == 0
    capsys.readouterr()
    assert aimsssl("evaluate", run, "--data", f"folder:{tmp_path / 'own'}") == 0
    said = capsys.readouterr().out
    found = json.loads((run / "result.json").read_text(encoding="utf-8"))
    assert found["majority"] == pytest.approx(16 / 18) and found["chance"] == 0.5
    for score in found["scores"].values():
        assert score["knn"] == pytest.approx(16 / 18) and score["knn_balanced"] == 0.5
    (majority,) = [line.split() for line in said.splitlines() if line.startswith("majority")]
    assert majority == ["majority", "0.889", "0.889", "0.500", "0.500"]
    assert "bal. kNN" in said and "The classes are unequal" in said and "0.889 of the test images" in said


def test_equal_classes_have_no_more_columns_than_they_need(place, capsys):
    assert evaluate(place, "own", "--data", f"folder:{place / 'own'}") == 0
    assert "bal." not in (said := capsys.readouterr().out) and "majority" not in said


def test_rows_are_said_as_they_are_scored(place, monkeypatch, capsys):
    """When a row is measured, all rows before it have been printed."""
    seen, measure = [], comparing.runs.encoded

    def spy(name, *rest):
        seen.append((name, capsys.readouterr().out))
        return measure(name, *rest)

    monkeypatch.setattr(comparing.runs, "encoded", spy)
    assert evaluate(place, "own", "--data", f"folder:{place / 'own'}") == 0
    assert [name for name, _ in seen] == ["random weights", "simclr"]
    assert "raw pixels" in seen[0][1] and "random weights" in seen[1][1]


def test_a_figure_that_fails_costs_no_number(place, tmp_path, monkeypatch, capsys):
    def broken(*_):
        raise RuntimeError("no font\nat all")

    monkeypatch.setattr("aimsssl.figures.uncertainty.method_table", broken)
    assert aimsssl("compare", place / "runs" / "own", "--out", tmp_path / "out") == 0
    said = capsys.readouterr().out
    assert "the figure could not be drawn (RuntimeError: no font at all)" in said
    assert json.loads((tmp_path / "out" / "comparison.json").read_text(encoding="utf-8"))["test_images"] == 40
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["comparison.json"]


def test_a_damaged_run_is_named_before_anything_is_measured(place, tmp_path, capsys):
    for name in ("a", "b"):
        shutil.copytree(place / "runs" / "own", tmp_path / name)
    config = json.loads((tmp_path / "b" / "config.json").read_text(encoding="utf-8"))
    (tmp_path / "b" / "config.json").write_text(json.dumps(config | {"seed": 1}), encoding="utf-8")
    (tmp_path / "b" / "checkpoint.pt").write_bytes(b"PK")
    assert aimsssl("compare", tmp_path / "a", tmp_path / "b", "--out", tmp_path / "out") == 2
    came = capsys.readouterr()
    assert "checkpoint" in came.err and "raw pixels" not in came.out


# ---- features in a file ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data,splits", [("own", {"train": 80, "test": 40}), ("few", None), ("own/test", {"test": 40})])
def test_embed_writes_h_labels_classes_and_files(place, tmp_path, data, splits):
    path = tmp_path / "features.npz"
    name = f"folder:{place / data}"
    assert aimsssl("embed", place / "runs" / "own", "--data", name, "--out", path) == 0
    with np.load(path, allow_pickle=False) as arrays:
        found = dict(arrays)
    counts = dict(zip(*np.unique(found["splits"], return_counts=True), strict=True))
    assert counts == splits if splits else sum(counts.values()) == 24
    assert found["h"].dtype == np.float32 and found["labels"].dtype == np.int64
    encoder, _ = load_encoder(place / "runs" / "own")
    for file, split, label, h in list(zip(found["files"], found["splits"], found["labels"], found["h"], strict=True))[
        ::9
    ]:
        folder = place / data / split if data == "own" else place / data
        assert found["classes"][label] == file.split("/")[0]
        pixels = torch.from_numpy(np.asarray(Image.open(folder / file)).copy()).permute(2, 0, 1)[None]
        assert np.allclose(extract(encoder, pixels)[0].numpy(), h, atol=1e-5)
    assert len({*zip(found["splits"], found["files"], strict=True)}) == len(found["h"]), "each image once"


def test_embed_as_a_table_says_the_same(place, tmp_path):
    run = place / "runs" / "own"
    for form in ("npz", "csv"):
        assert aimsssl("embed", run, "--data", f"folder:{place / 'few'}", "--out", tmp_path / f"f.{form}") == 0
    arrays = np.load(tmp_path / "f.npz", allow_pickle=False)
    with open(tmp_path / "f.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == arrays["files"].tolist()
    assert [row["class"] for row in rows] == arrays["classes"][arrays["labels"]].tolist()
    assert [int(row["label"]) for row in rows] == arrays["labels"].tolist()
    h = np.array([[row[f"h{i}"] for i in range(arrays["h"].shape[1])] for row in rows], dtype=np.float32)
    assert np.array_equal(h, arrays["h"]), "nine digits hold a float32"


def test_embed_takes_sets_by_name_other_channels_and_no_labels(place, tmp_path):
    run, path = place / "runs" / "own", tmp_path / "f.npz"
    assert aimsssl("embed", run, "--data", "digits", "--out", path, "--limit", 30) == 0
    arrays = np.load(path)
    assert len(arrays["h"]) == 30 and arrays["splits"].tolist() == ["train"] * 15 + ["test"] * 15
    assert arrays["files"][0] == "digits/train/0" and arrays["classes"].tolist() == [str(i) for i in range(10)]
    make(tmp_path, {"loose": 5}, 4)
    assert aimsssl("embed", run, "--data", f"folder:{tmp_path / 'loose'}", "--out", tmp_path / "l.csv") == 0
    assert [line.split(",")[2:4] for line in (tmp_path / "l.csv").read_text().splitlines()[1:]] == [["-1", ""]] * 5


def test_embed_checks_where_it_writes_first(place, tmp_path, capsys):
    run, there = place / "runs" / "own", tmp_path / "there.npz"
    there.write_bytes(b"mine")
    (tmp_path / "folder.npz").mkdir()
    cases = {
        there: "is there already; choose another name, or --force",
        tmp_path / "features.txt": "expected a file that ends in .npz or .csv",
        tmp_path / "features": "expected a file that ends in",
        tmp_path / "none" / "f.npz": "is not there; make it first",
        tmp_path / "folder.npz": "is a folder",
    }
    for path, words in cases.items():  # said before the data are looked for
        assert aimsssl("embed", run, "--data", "folder:/nowhere/at/all", "--out", path) == 2
        assert words in capsys.readouterr().err
    assert there.read_bytes() == b"mine"
    assert aimsssl("embed", run, "--data", f"folder:{place / 'few'}", "--out", there, "--force") == 0
    assert np.load(there)["h"].shape == (24, 32)


# ---- few labels ------------------------------------------------------------------------------------------------------


def test_finetune_stands_beside_probe_and_scratch(tmp_path, capsys):
    run = tmp_path / "run"
    assert aimsssl("train", "simclr", "--data", "digits", "--limit", 200, "--run-dir", run, *TRAINING) == 0
    options = ["--labels-per-class", 1, 4, "--seeds", 2, "--epochs", 2]
    capsys.readouterr()
    assert aimsssl("finetune", run, "--data", "digits", "--limit", 100, *options) == 0
    said = capsys.readouterr().out
    found = json.loads((run / "finetune.json").read_text(encoding="utf-8"))
    curves = ["from scratch", "fine-tuned from simclr", "linear probe on random weights", "linear probe on simclr"]
    assert [(row["labels_per_class"], row["curve"]) for row in found["rows"]] == [
        (n, c) for n in (1, 4) for c in curves
    ]
    for row in found["rows"]:
        assert len(row["accuracy"]) == 2 and row["interval"][0] <= row["mean"] <= row["interval"][1]
        assert any(row["curve"] in line and f"{row['mean']:.3f}" in line for line in said.splitlines())
    assert found["chance"] == 0.1 and found["test_images"] == 100 and found["copies"] == 0


def test_draws_differ_by_seed_and_hold_so_many_of_each_class():
    images = load("digits", "train", limit=200)
    drawn = [draw(images, 3, seed) for seed in (0, 0, 1)]
    for index in drawn:
        assert images.labels[index].bincount().tolist() == [3] * 10 and len(index.unique()) == 30
    assert torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])


@pytest.mark.parametrize(
    "options,words",
    [
        (["--labels-per-class", 41], "labels_per_class is 41, but folder:"),
        (["--labels-per-class", 0], "labels_per_class must be at least 1, got 0"),
        (["--seeds", 0], "seeds must be at least 1, got 0"),
        (["--epochs", 0], "epochs must be at least 1, got 0"),
        (["--data", "digits"], "the classes differ"),
    ],
)
def test_finetune_says_what_is_wrong(place, capsys, options, words):
    before = sorted(path.name for path in (place / "runs" / "own").iterdir())
    assert aimsssl("finetune", place / "runs" / "own", *options) == 2
    error = capsys.readouterr().err
    assert error.startswith("aimsssl: error: ") and words in error and error.count("\n") == 1
    assert sorted(path.name for path in (place / "runs" / "own").iterdir()) == before

"""Runs side by side: the table, the figure and the numbers of `aimsssl compare`, and what it says to bad input."""

import json

import pytest
import torch
from PIL import Image

from aimsssl import comparing
from aimsssl.cli import main
from aimsssl.datasets import ImageSet, load
from aimsssl.evaluation import further_measures, knn_accuracy, linear_probe, rebuild_interval, retrieval
from aimsssl.models import extract
from aimsssl.training import Run, load_encoder, random_encoder

SMALL = ["--data", "digits", "--limit", 300, "--epochs", 1, "--width", 4]
RUNS = {
    "simclr-0": ["simclr", *SMALL],
    "simclr-1": ["simclr", *SMALL, "--seed", 1],
    "supervised": ["supervised", *SMALL],
    "long": ["simclr", *SMALL, "--epochs", 2],
    "wide": ["supervised", *SMALL, "--width", 8],
    "shapes": ["simclr", *SMALL, "--data", "shapes"],
}


def aimsssl(*words):
    return main([str(word) for word in words])


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for name, options in RUNS.items():
        assert aimsssl("train", *options, "--run-dir", folder / name) == 0
    return folder


@pytest.fixture(scope="module")
def compared(runs):
    names = ("simclr-0", "simclr-1", "supervised")
    assert aimsssl("compare", *(runs / n for n in names), "--limit", 300, "--out", runs / "out") == 0
    return runs / "out"


def test_the_numbers_are_those_of_one_protocol(runs, compared):
    result = json.loads((compared / "comparison.json").read_text())
    assert list(result["rows"]) == ["raw pixels", "random weights", "simclr", "supervised"]
    assert result["runs"]["simclr"] == [str(runs / f"simclr-{seed}") for seed in (0, 1)]
    assert [len(row["knn"]) for row in result["rows"].values()] == [1, 2, 2, 1]
    train, test = load("digits", "train", limit=300), load("digits", "test", limit=300)
    labels = train.labels, test.labels
    encoder, run = load_encoder(runs / "simclr-1")
    for name, model in (("simclr", encoder), ("random weights", random_encoder(run))):
        x, q = extract(model, train.images), extract(model, test.images)
        row = result["rows"][name]
        assert row["knn"][1] == pytest.approx(knn_accuracy(x, labels[0], q, labels[1]))
        assert row["probe"][1] == pytest.approx(linear_probe(x, labels[0], q, labels[1]).accuracy, abs=0.02)
        found = retrieval(x, labels[0], q, labels[1])
        assert row["recall_at_1"][1] == pytest.approx(found.recall[1])
        assert row["mean_average_precision"][1] == pytest.approx(found.mean_average_precision)
        interval = rebuild_interval(row["knn"], 300)
        assert (row["knn_mean"], *row["knn_interval"]) == pytest.approx((interval.value, interval.low, interval.high))
    assert result["rows"]["simclr"]["knn"][0] != result["rows"]["simclr"]["knn"][1]


def test_the_table_and_the_figure_say_the_same(runs, compared, capsys):
    result = json.loads((compared / "comparison.json").read_text())
    names = ("simclr-0", "simclr-1", "supervised")
    assert aimsssl("compare", *(runs / n for n in names), "--limit", 300, "--out", compared) == 0
    lines = capsys.readouterr().out.splitlines()
    alt = (compared / "comparison.txt").read_text()
    for name, row in result["rows"].items():
        (line,) = (line for line in lines if line.startswith(name))
        half = (row["knn_interval"][1] - row["knn_interval"][0]) / 2
        assert f"{row['knn_mean']:.3f}" in line and f"{half:.3f}" in line and f"{row['knn_mean']:.3f}" in alt
    assert "chance" in lines[-4] and "comparison.json" in lines[-1]
    assert Image.open(compared / "comparison.png").size[0] > 500
    assert "<svg" in (compared / "comparison.svg").read_text()


def sets_of(train_counts, test_counts):
    """Sets of noise with so many images of each class."""

    def images(name, counts):
        labels = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
        noise = torch.randint(0, 256, (len(labels), 1, 8, 8), dtype=torch.uint8)
        return ImageSet(name, noise, labels, tuple("abcdefgh"[: len(counts)]))

    return comparing.prepare(images("one/train", train_counts), images("one/test", test_counts), (1, 8, 8))


def test_a_single_seed_is_warned_of():
    keys = ("knn", "probe", "knn_balanced", "probe_balanced", *comparing.SHOWN)
    one = {"dimensions": 2, **dict.fromkeys(keys, 0.5)}
    for count in (1, 2):
        table = comparing.Table(["raw pixels", "simclr"], sets_of([30, 30], [20, 20]))
        table.row("raw pixels", [one])
        table.row("simclr", [one] * count)
        assert ("with one seed" in table.foot()) == (count == 1)


def test_settings_are_told_apart_and_seeds_are_not(runs):
    names = ("simclr-0", "simclr-1", "long", "supervised", "wide")
    groups = comparing.grouped([Run.open(runs / name) for name in names])
    assert {name: [run.path.name for run in group] for name, group in groups.items()} == {
        "simclr (epochs 1)": ["simclr-0", "simclr-1"],
        "simclr (epochs 2)": ["long"],
        "supervised (width 4)": ["supervised"],
        "supervised (width 8)": ["wide"],
    }


def test_random_weights_of_each_architecture(runs):
    rows = comparing.rows_of([Run.open(runs / name) for name in ("supervised", "wide", "long")])
    assert [name for name in rows if "random" in name] == ["random resnet18, width 4", "random resnet18, width 8"]
    widths = [rows[f"random resnet18, width {width}"][0].feature_dim for width in (4, 8)]
    assert widths == [32, 64]


def test_further_measures_leave_out_classes_that_nobody_can_find():
    x, q = torch.randn(30, 4), torch.randn(12, 4)
    y, t = torch.arange(30) % 2, torch.arange(12) % 3
    measured = further_measures(x, y, q, t, torch.arange(len(q)))
    only = further_measures(x, y, q[t < 2], t[t < 2], torch.arange(int((t < 2).sum())))
    assert measured["recall_at_1"] == only["recall_at_1"]
    assert measured["mean_average_precision"] == pytest.approx(only["mean_average_precision"])


@pytest.mark.parametrize(
    "names,options,words",
    [
        (("simclr-0", "shapes"), [], "runs of different data cannot be compared"),
        (("simclr-0", "simclr-0"), [], "the same settings and the same seed"),
        (("simclr-0", "nothing"), [], "not the folder of a run"),
        (("simclr-0",), ["--data", "shapes"], "the classes differ"),
        (("simclr-0",), ["--data", "what"], "what"),
    ],
)
def test_bad_input_ends_in_one_sentence(runs, tmp_path, capsys, names, options, words):
    assert aimsssl("compare", *(runs / name for name in names), *options, "--out", tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert error.startswith("aimsssl: error: ") and words in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_one_seed_is_not_two(runs, tmp_path, capsys):
    """Runs that differ in where they ran and what was looked at are one seed: side by side they would be two."""
    looked_at = ["--monitor-every", 0, "--checkpoint-every", 5, "--snapshot-epochs", 1]
    assert aimsssl("train", *RUNS["simclr-0"], *looked_at, "--run-dir", tmp_path / "again") == 0
    capsys.readouterr()
    assert aimsssl("compare", runs / "simclr-0", tmp_path / "again", "--out", tmp_path / "out") == 2
    assert "the same settings and the same seed" in capsys.readouterr().err


def test_an_unfinished_run_is_named(runs, tmp_path, capsys):
    config = json.loads((runs / "simclr-0" / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert aimsssl("compare", runs / "simclr-1", tmp_path) == 2
    assert f"{tmp_path} has finished 0 of 1 epochs" in capsys.readouterr().err


def test_a_run_on_one_folder_is_compared_on_its_part_held_out(tmp_path):
    for i in range(120):
        path = tmp_path / "data" / "ab"[i % 2] / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.effect_noise((32, 32), 60).save(path)
    folder = f"folder:{tmp_path / 'data'}"
    assert aimsssl("train", "simclr", "--data", folder, "--run-dir", tmp_path / "run", "--epochs", 1) == 0
    for data in ([], ["--data", folder]):
        assert aimsssl("compare", tmp_path / "run", *data, "--out", tmp_path / "out") == 0
        assert json.loads((tmp_path / "out" / "comparison.json").read_text())["test_images"] == 24

"""The command line, as a user types it."""

import contextlib
import dataclasses
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from aimsssl import cli, datasets, profile
from aimsssl.cli import main
from aimsssl.cli import train as train_command
from aimsssl.training import Run


def aimsssl(*words: str) -> int:
    return main([str(w) for w in words])


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "a"
    assert aimsssl("train", "simclr", "--data", "shapes", "--limit", 300, "--run-dir", path, "--epochs", 1) == 0
    return path


def test_train_then_evaluate(run_dir, capsys):
    assert aimsssl("evaluate", run_dir, "--data", "shapes", "--limit", 200) == 0
    text = capsys.readouterr().out
    result = json.loads((run_dir / "result.json").read_text())
    assert list(result["scores"]) == ["raw pixels", "random weights", "simclr"]
    for name, score in result["scores"].items():
        assert name in text and f"{score['knn']:.3f}" in text and 0 <= score["probe"] <= 1
        low, high = score["knn_interval"]
        assert 0 <= low < score["knn"] < high <= 1 and score["probe_interval"][0] < score["probe"]
        assert 0 < score["mean_average_precision"] <= 1 <= score["effective_rank"]
        assert all(0 <= score[key] <= 1 for key in ("recall_at_1", "nmi", "clustering_accuracy"))
        assert f"{score['mean_average_precision']:.3f}" in text
    assert result["test_images"] == 200 and result["chance"] == 0.1 and result["epochs"] == 1


@pytest.mark.parametrize("command", ["evaluate", "compare", "finetune"])
def test_an_ascii_console_loses_no_result(run_dir, tmp_path, command):
    """± and names of classes cannot be shown there; numbers and files are as ever."""
    words = [command, run_dir, "--data", "shapes", "--limit", 60]
    words += {"compare": ["--out", tmp_path / "out"], "finetune": ["--seeds", 1, "--epochs", 1]}.get(command, [])
    console = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    with contextlib.redirect_stdout(console):
        assert aimsssl(*words) == 0
    console.flush()
    assert re.search(rb"0\.\d\d\d", console.buffer.getvalue())
    written = {"evaluate": run_dir / "result.json", "finetune": run_dir / "finetune.json"}
    assert json.loads(written.get(command, tmp_path / "out" / "comparison.json").read_text(encoding="utf-8"))


def test_flags_reach_the_configuration(tmp_path, capsys):
    flags = "--width 4 --epochs 1 --crop-scale 0.3 0.9 --identical-views --optimizer lars"
    flags += " --snapshot-epochs 0 1 --probe shapes"
    command = ["train", "simclr", "--data", "shapes", "--limit", 200, "--run-dir", tmp_path / "r", *flags.split()]
    assert aimsssl(*command) == 0
    config = Run.open(tmp_path / "r").config
    assert config["crop_scale"] == [0.3, 0.9] and config["identical_views"] and config["snapshot_epochs"] == [0, 1]
    assert Run.open(tmp_path / "r").snapshots[1].shape == (500, 32)
    assert config["optimizer"] == "lars" and config["precision"] == "float32"
    assert aimsssl(*command) == 0, "the same command again reads the finished run"
    assert aimsssl(*command, "--new") == 2 and "already holds a run" in capsys.readouterr().err


def test_supervised_from_the_command_line(tmp_path):
    flags = ["--limit", 200, "--run-dir", tmp_path / "s", "--epochs", 1]
    assert aimsssl("train", "supervised", "--data", "digits", *flags) == 0
    assert Run.open(tmp_path / "s").config["method"] == "supervised"


def write_image(path, mode="RGB", size=(32, 32)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.effect_noise(size, 60).convert(mode).save(path)


@pytest.mark.parametrize(
    "make,words",
    [
        (lambda p: None, "none"),
        (lambda p: (p / "none").mkdir(), "none"),
        (lambda p: write_image(p / "none" / "cat" / "0.png"), "batch_size 64 is larger than the data"),
    ],
    ids=["missing", "empty", "one image"],
)
def test_folders_that_cannot_be_trained_on(tmp_path, capsys, make, words):
    make(tmp_path)
    assert aimsssl("train", "simclr", "--data", f"folder:{tmp_path / 'none'}", "--run-dir", tmp_path / "run") == 2
    error = capsys.readouterr().err
    assert error.startswith("aimsssl: error: ") and words in error and error.count("\n") == 1


def test_a_truncated_photo_is_named_and_nothing_is_written(tmp_path, capsys):
    for i in range(70):
        write_image(tmp_path / "data" / "cat" / f"{i}.jpg")
    photo = tmp_path / "data" / "cat" / "7.jpg"
    photo.write_bytes(photo.read_bytes()[:300])
    assert aimsssl("train", "simclr", "--data", f"folder:{tmp_path / 'data'}", "--run-dir", tmp_path / "run") == 2
    assert "7.jpg" in capsys.readouterr().err and not (tmp_path / "run").exists()


def test_mixed_formats_train(tmp_path):
    for i in range(120):
        write_image(tmp_path / "data" / "cat" / f"{i}.png", mode="L" if i % 2 else "RGB")
    frames = [Image.new("P", (32, 32), color) for color in (0, 1, 2)]
    frames[0].save(tmp_path / "data" / "cat" / "moving.gif", save_all=True, append_images=frames[1:])
    folder = f"folder:{tmp_path / 'data'}"
    assert aimsssl("train", "simclr", "--data", folder, "--run-dir", tmp_path / "run", "--epochs", 1) == 0


@pytest.mark.parametrize(
    "command,words",
    [
        ("evaluate /nowhere --data shapes", "not the folder of a run"),
        ("train simclr --data nothing --run-dir /tmp/x", "nothing"),
        ("train simclr --data mnist --root /nowhere --run-dir /tmp/x", "aimsssl data download mnist"),
        ("train simclr --data shapes --run-dir /tmp/x --epoch-count 3", "unknown option --epoch-count"),
        ("train simclr --data shapes --run-dir /dev/null/x --limit 300", "cannot write /dev/null/x"),
    ],
)
def test_mistakes_get_one_sentence(command, words, capsys):
    assert aimsssl(*command.split()) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("aimsssl: error: ") and words in error


def test_an_unknown_profile_is_named(monkeypatch, capsys):
    monkeypatch.setenv("AIMSSSL_PROFILE", "huge")
    assert aimsssl("doctor") == 2 and "ci, cpu, gpu" in capsys.readouterr().err


def test_doctor_data_and_progress(capsys):
    assert aimsssl("doctor") == 0
    told = capsys.readouterr().out
    assert re.search(r"profile +ci \(asked for by AIMSSSL_PROFILE\)", told) and "profile profile" not in told
    assert re.search(r"scikit-learn +found", told) and str(datasets.default_root()) in told
    assert aimsssl("data", "list") == 0
    assert "shapes" in capsys.readouterr().out
    assert aimsssl("progress") == 0
    assert "04" in capsys.readouterr().out


def test_lab_opens_the_start_page_and_phones_nobody(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    called = {}
    monkeypatch.setattr(subprocess, "call", lambda command, **options: called.update(command=command, **options) or 0)
    assert aimsssl("lab", "--no-browser", "--port=9999") == 0
    words = called["command"]
    assert words[-1].replace("\\", "/") == "lessons/00_start.ipynb" and (called["cwd"] / words[-1]).exists()
    assert "--no-browser" in words and "--port=9999" in words and "--LabApp.news_url=None" in words
    assert called["cwd"] == tmp_path / "aimsssl-course" and "--ServerApp.root_dir=" + str(called["cwd"]) in words
    assert "--LabApp.default_url=/lab/tree/lessons/00_start.ipynb" in words, "the address that is printed"
    lessons = called["cwd"] / "lessons"
    (lessons / "00_start-0.1.0.ipynb").write_text("a newer one, beside the student's")
    for here in (called["cwd"], lessons, lessons / "pictures"):  # the same course, not another one in it
        monkeypatch.chdir(here)
        assert aimsssl("lab") == 0 and called["cwd"] == tmp_path / "aimsssl-course"
        assert called["command"][-1] == "lessons/00_start.ipynb"
    assert aimsssl("lab", "--folder", lessons) == 0 and called["cwd"] == tmp_path / "aimsssl-course"
    settings = Path(called["env"]["JUPYTER_CONFIG_PATH"].split(os.pathsep)[0]) / "labconfig"
    assert json.loads(next(settings.glob("*.json")).read_text()).popitem()[1]["fetchNews"] == "false"
    monkeypatch.setattr(cli.course, "find_spec", lambda name: None)
    assert aimsssl("lab") == 2 and "pip install jupyterlab" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("--help", 0), ("--bogus", 2), ("bogus", 2), ("lab --help", 0), ("doctor --help", 0), ("doctor --bogus", 2),
        ("progress --help", 0), ("handout --help", 0), ("handout", 2), ("grade --help", 0),
    ],
)  # fmt: skip
def test_arguments_are_read_before_pytorch_is_imported(words, status):
    code = """
import sys
from aimsssl.cli import main
try:
    status = main(sys.argv[1:])
except SystemExit as stop:
    status = stop.code
heavy = {"torch", "sklearn", "numpy", "matplotlib"} & set(sys.modules)
sys.exit(f"imported: {heavy}" if heavy else status)
"""
    done = subprocess.run([sys.executable, "-c", code, *words.split()], capture_output=True, text=True)
    assert done.returncode == status, done.stderr


@pytest.mark.parametrize(
    ("words", "labelled", "expected"),
    [
        ("--data shapes", True, "--data shapes"),
        ("--data stl10/unlabeled --root /data", False, "--data stl10 --root /data"),
        ("--data folder:birds --group-by x --skip-damaged", True, "--data folder:birds --group-by x --skip-damaged"),
        ("--data folder:birds", False, "--data NAME --train-data NAME, both with labels"),
    ],
)
def test_the_next_command_knows_the_data(words, labelled, expected):
    options = cli.parser().parse_args(["train", "simclr", "--run-dir", "runs/a", *words.split()])
    next_one = train_command.next_command(options, labelled)
    assert next_one == f"aimsssl evaluate runs/a {expected}"
    taken = cli.parser().parse_args(next_one.partition(",")[0].split()[1:])
    assert taken.command == "evaluate" and taken.run == "runs/a"


def test_python_dash_m(tmp_path):
    done = subprocess.run([sys.executable, "-m", "aimsssl", "--version"], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.strip()


def test_real_images(real_data, tmp_path, capsys):
    """CIFAR-10 as a folder and MNIST through torchvision's reader: train, then evaluate on the test split."""
    for name, train, test, pixels in (
        ("cifar", f"folder:{real_data / 'cifar10' / 'train'}", f"folder:{real_data / 'cifar10' / 'test'}", (0.2, 0.4)),
        ("mnist", "mnist", "mnist", (0.75, 0.95)),
    ):
        run = tmp_path / name
        assert aimsssl("train", "simclr", "--data", train, "--limit", 600, "--run-dir", run, "--epochs", 2) == 0
        assert aimsssl("evaluate", run, "--data", test, "--limit", 600) == 0
        scores = json.loads((run / "result.json").read_text())["scores"]
        assert pixels[0] < scores["raw pixels"]["probe"] < pixels[1] and len(Run.open(run).history) == 3


def test_a_user_without_a_home_is_met(monkeypatch, tmp_path, capsys):
    def nobody(*_):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.chdir(tmp_path)
    for variable in ("AIMSSSL_DATA", "AIMSSSL_HOME", "HOME", "USERPROFILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(Path, "home", nobody)
    monkeypatch.setattr(Path, "expanduser", lambda path: nobody() if str(path).startswith("~") else path)
    assert datasets.default_root().name == "aimsssl" or datasets.default_root().is_dir()
    assert aimsssl("data", "list") == 0
    assert aimsssl("train", "simclr", "--data", "digits", "--run-dir", "~/x") == 2
    assert "home directory" in capsys.readouterr().err


@pytest.mark.parametrize("method", train_command.METHODS)
def test_help_says_what_every_setting_means_and_its_default(method, capsys):
    with pytest.raises(SystemExit):
        cli.main(["train", method, "--help"])
    told = " ".join(capsys.readouterr().out.split())
    config = train_command.METHODS[method][0]
    meanings = train_command.meanings_of(config)
    for field in dataclasses.fields(config):
        meaning = meanings[field.name]  # a field that its class does not explain fails here
        assert len(meaning.split()) >= 3 and "see aimsssl" not in meaning, field.name
        flag = "--" + field.name.replace("_", "-")
        value = field.default if not isinstance(field.default, tuple) else " ".join(map(str, field.default)) or "none"
        said = rf"{flag}\b.{{0,80}}?{re.escape(meaning[:25])}.*?\[{re.escape(str(value))}\]"
        assert re.search(said, told.replace("- ", "-")), flag


def test_doctor_says_how_long_a_lesson_takes_here(capsys, monkeypatch):
    monkeypatch.setattr(profile, "lesson_time", lambda lesson: (2400.0, 4.0))
    cli.main(["doctor"])
    told = capsys.readouterr().out
    assert "4.0 times as slow as the machine of the lessons' minutes; lesson 04 takes about 40 min here" in told

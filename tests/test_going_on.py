"""How a run begins and goes on: checks before its folder is taken, more epochs, other machines, other runs' weights."""

import json
from dataclasses import replace

import pytest
import torch
from helpers import same_weights
from test_run_folder import CONFIG, IMAGES, train

from aimsssl.datasets import ImageSet
from aimsssl.training import PretextConfig, Run, RunError, load_encoder, loop, train_pretext, train_simclr
from aimsssl.training import runs as runs_module
from aimsssl.training.bar import Bar


@pytest.mark.parametrize(
    "changes,probe,words",
    [
        (dict(device="cuda:7"), 3, "device must be one that is here, got 'cuda:7'"),
        (dict(batch_size=64), 3, "batch_size 64 is larger than the data"),
        ({}, 1, r"probe must be images \[P, 3, H, W\]"),
    ],
)
def test_what_cannot_train_takes_no_folder(tmp_path, changes, probe, words):
    config = replace(CONFIG, **changes)
    with pytest.raises(ValueError, match=words):
        train_simclr(IMAGES, config, tmp_path / "run", probe=IMAGES.images[:3, :probe], progress=None)
    assert not (tmp_path / "run").exists()


def test_what_fails_in_the_first_step_takes_no_folder(tmp_path, monkeypatch):
    class NoCompiler(RuntimeError):
        __module__ = "torch._inductor.exc"

    def fail(*arguments):
        raise NoCompiler("No working C++ compiler found\n" + 100 * "and more\n")

    monkeypatch.setattr(torch, "compile", lambda model: fail)
    with pytest.raises(
        RunError, match=r"compile needs a compiler .*No working C\+\+ compiler found\); leave it out"
    ) as e:
        train(tmp_path / "run", replace(CONFIG, compile=True))
    assert "\n" not in str(e.value) and not (tmp_path / "run").exists()
    assert train(tmp_path / "run").epochs_done == 2, "the corrected command finds the folder free"


def test_few_labelled_images_are_asked_for_fewer_neighbours(tmp_path):
    images = ImageSet("few", IMAGES.images[:8], IMAGES.labels[:8], IMAGES.classes)
    run = train_simclr(images, replace(CONFIG, batch_size=4), tmp_path / "run", progress=None)
    assert all(0 <= row["knn_accuracy"] <= 1 for row in run.history)


def test_a_finished_run_is_made_longer(tmp_path, capsys):
    """From the third epoch on the rate is what four epochs have there; the history says which schedule it was."""
    train(tmp_path / "run")
    assert Run.open(tmp_path / "run").segments[0]["from_epoch"] == 1
    longer = train(tmp_path / "run", replace(CONFIG, epochs=4))
    assert "is made longer from epoch 3 on" in capsys.readouterr().err
    whole = train(None, replace(CONFIG, epochs=4))
    rates = [row["learning_rate"] for row in longer.history]
    assert (
        rates[3:] == [row["learning_rate"] for row in whole.history][3:]
        and rates[2] != whole.history[2]["learning_rate"]
    )
    read = Run.open(tmp_path / "run")
    assert [row.get("schedule_epochs") for row in read.history] == [None, None, None, 4, 4]
    assert [(s["from_epoch"], s["epochs"]) for s in read.segments] == [(1, 2), (3, 4)] and read.config["epochs"] == 4
    with pytest.raises(RunError, match="epochs is 4, asked for 2: a run can be made longer, not shorter"):
        train(tmp_path / "run")


def test_other_machines_are_recorded_and_said(tmp_path, monkeypatch, capsys):
    def stop(run):
        if run.history[-1]["epoch"] == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "run", progress=stop)
    first = json.loads((tmp_path / "run" / "config.json").read_text())["segments"]
    assert first[0]["threads"] == torch.get_num_threads() and first[0]["torch"] == torch.__version__
    here = runs_module.describe_machine
    monkeypatch.setattr(runs_module, "describe_machine", lambda device: {**here(device), "threads": 77})
    run = train(tmp_path / "run", replace(CONFIG, compile=False))
    assert "threads" in capsys.readouterr().err and [s["threads"] for s in run.segments][1:] == [77]
    train(tmp_path / "run", replace(CONFIG, device="cpu:0"))
    assert len(Run.open(tmp_path / "run").segments) == 2, "who only reads trains nowhere"


def test_a_run_goes_on_on_another_device(tmp_path):
    train(tmp_path / "run")
    run = train(tmp_path / "run", replace(CONFIG, epochs=3, device="cpu:0"))
    assert [s["device"] for s in run.segments] == ["cpu", "cpu:0"] and run.config["device"] == "cpu:0"


def test_a_run_starts_from_anothers_weights(tmp_path):
    other = train(tmp_path / "other")
    still = replace(CONFIG, learning_rate=0.0, epochs=1)
    run = train(tmp_path / "run", still, start_from=tmp_path / "other")
    weights = zip(run.model.encoder.parameters(), other.model.encoder.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in weights)
    came = Run.open(tmp_path / "run").config["start_from"]
    assert came["run"] == str(tmp_path / "other") and came["epoch"] == 2 and came["method"] == "simclr" and came["head"]
    again = train(tmp_path / "run", still, start_from=tmp_path / "other")
    assert same_weights(again.model, run.model)
    with pytest.raises(RunError, match="start_from is .*asked for None"):
        train(tmp_path / "run", still)
    with pytest.raises(RunError, match="does not fit: .*Choose the same encoder"):
        train(tmp_path / "wide", replace(CONFIG, width=2), start_from=tmp_path / "other")
    task = PretextConfig(width=1, epochs=1, batch_size=4, precision="float32", held_out=3)
    turned = train_pretext(IMAGES, task, tmp_path / "turned", progress=None, start_from=tmp_path / "other")
    assert turned.config["start_from"]["head"] is False and load_encoder(tmp_path / "turned")


def test_the_bar_is_closed_after_an_interrupt(monkeypatch):
    bars = []

    class Watched(Bar):
        def __call__(self, run):
            super().__call__(run)
            bars.append(self.bar)
            if run.history[-1]["epoch"] == 1:
                raise KeyboardInterrupt

    monkeypatch.setattr(loop, "Bar", Watched)
    with pytest.raises(KeyboardInterrupt):
        train(None, progress="bar")
    assert bars[0].disable, "tqdm's word for closed"

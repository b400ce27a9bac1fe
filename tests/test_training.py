"""A run on disk: learning, stopping at any point, going on bit for bit, and refusing what would lose something."""

import contextlib
import copy
import errno
import json
import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from helpers import same_weights
from torch.optim.optimizer import register_optimizer_step_post_hook

from aimsssl.augment import TwoViews
from aimsssl.datasets import ImageSet, load
from aimsssl.models import extract
from aimsssl.profile import PROFILES
from aimsssl.training import (
    Run,
    RunError,
    SimCLRConfig,
    SupervisedConfig,
    export_encoder,
    load_encoder,
    monitor_sizes,
    monitor_split,
    random_encoder,
    simclr,
    train_simclr,
    train_supervised,
)
from aimsssl.training.config import make_optimizer
from aimsssl.training.runs import write_atomically

SMALL = SimCLRConfig(
    width=4,
    epochs=3,
    batch_size=32,
    d_hidden=32,
    d_out=16,
    precision="float32",
    held_out=20,
    bank=100,
    snapshot_epochs=(0, 2),
)


@pytest.fixture(scope="module")
def images() -> ImageSet:
    return load("shapes", "train", limit=160)


@pytest.fixture(scope="module")
def finished(images, tmp_path_factory) -> Run:
    return train_simclr(images, SMALL, tmp_path_factory.mktemp("run"), probe=images.images[:10], progress=None)


def test_history_begins_before_training_and_has_every_epoch(finished, images):
    assert [row["epoch"] for row in finished.history] == [0, 1, 2, 3]
    epochs, loss = finished.column("loss")
    assert epochs.tolist() == [1, 2, 3]
    assert (loss > 0).all() and (loss < SMALL.chance_loss + 2 / SMALL.temperature).all()  # cosines from -1 to 1
    assert len(finished.column("knn_accuracy")[1]) == 4 and len(np.unique(finished.column("learning_rate")[1])) == 3
    assert SMALL.chance_loss == pytest.approx(math.log(63))
    with pytest.raises(KeyError, match="it has epoch"):
        finished.column("accuracy")


def test_a_constant_rate_stays_after_the_warmup(images):
    run = train_simclr(images, replace(SMALL, schedule="constant", monitor_every=0), progress=None)
    assert run.column("learning_rate")[1].tolist() == [SMALL.learning_rate] * 3
    with pytest.raises(ValueError, match="schedule must be one of cosine, constant, got 'linear'"):
        replace(SMALL, schedule="linear")


def test_a_compiled_model_is_the_same_run(images, tmp_path, monkeypatch):
    # without its slow last stage, which turns the traced graph into C++ or Triton
    calls, trace = [], partial(torch.compile, backend="aot_eager")
    monkeypatch.setattr(torch, "compile", lambda model: calls.append(model) or trace(model))
    slow = replace(SMALL, learning_rate=1e-5, epochs=2)  # a higher rate makes large what rounding made different
    plain = train_simclr(images, slow, progress=None)
    assert not calls
    compiled = train_simclr(images, replace(slow, compile=True), tmp_path / "run", progress=None)
    assert len(calls) == 1
    np.testing.assert_allclose(compiled.column("loss")[1], plain.column("loss")[1], rtol=1e-4)
    encoder, _ = load_encoder(tmp_path / "run")  # under the names that an encoder has which was not compiled
    assert same_weights(encoder, compiled.model.encoder)


@pytest.mark.parametrize("optimizer", ["lars", "sgd"])
def test_no_step_waits_for_the_device(images, monkeypatch, optimizer):
    """PyTorch's meta device has shapes and no values: a step that reads one, or mixes devices, ends there."""
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: contextlib.nullcontext())  # it does not know the device
    config = replace(SMALL, epochs=1, device="meta", optimizer=optimizer, blur=0.5, monitor_every=0)
    steps = []
    hook = register_optimizer_step_post_hook(lambda *_: steps.append(1))
    with pytest.raises(RuntimeError, match="item.*meta"):  # the mean loss, once an epoch
        train_simclr(images, config, progress=None)
    hook.remove()
    assert len(steps) == len(images) // SMALL.batch_size > 1


def test_what_is_on_disk_is_the_run(finished, images):
    read = Run.open(finished.path)
    assert read.history == finished.history and read.config == finished.config
    assert read.config["data"]["shape"] == [160, 3, 32, 32] and read.config["data"]["name"] == images.name
    assert sorted(read.snapshots) == [0, 2]
    assert all(torch.equal(read.snapshots[e], finished.snapshots[e]) for e in (0, 2))
    encoder, _ = load_encoder(finished.path)
    assert same_weights(encoder, finished.model.encoder) and not encoder.training
    start = extract(random_encoder(read), images.images[:10]).half()
    torch.testing.assert_close(start, read.snapshots[0], rtol=1e-2, atol=1e-3)


def test_the_monitor_never_sees_its_queries_in_training(images, monkeypatch):
    forward = TwoViews.forward
    rest, bank, held_out = monitor_split(images, SMALL)
    assert len(bank) == 100 and bank.labels.bincount().tolist() == [10] * 10, (
        "a bank of every class, whatever the order"
    )
    assert monitor_sizes(len(images), SMALL.held_out, SMALL.bank) == (len(held_out), len(bank))
    flat = {tuple(i.flatten().tolist()) for i in held_out.images}
    assert len(held_out) == 20 and not any(tuple(i.flatten().tolist()) in flat for i in rest.images)
    trained_on = []

    def spy(self, batch, *arguments):
        trained_on.append(batch)
        return forward(self, batch, *arguments)

    monkeypatch.setattr(TwoViews, "forward", spy)
    train_simclr(images, replace(SMALL, epochs=2, snapshot_epochs=()), progress=None)
    trained_on = torch.cat(trained_on)
    assert len(trained_on) == 2 * 128 and not any(tuple(i.flatten().tolist()) in flat for i in trained_on)


def test_a_finished_run_is_read_not_repeated(finished, images):
    stamp = (finished.path / "checkpoint.pt").stat().st_mtime_ns
    again = train_simclr(images, SMALL, finished.path, probe=images.images[:10], progress=None)
    assert same_weights(again.model, finished.model) and again.history == finished.history
    assert (finished.path / "checkpoint.pt").stat().st_mtime_ns == stamp


class Stop(Exception):
    pass


@pytest.mark.parametrize("optimizer", ["lars", "adamw", "muon"])
@pytest.mark.parametrize("stop_after", [0, 2])
def test_goes_on_bit_for_bit(images, tmp_path, optimizer, stop_after):
    config = replace(SMALL, optimizer=optimizer, learning_rate=0.5 if optimizer == "lars" else 1e-3)
    whole = train_simclr(images, config, progress=None, probe=images.images[:10])

    def stop(run):
        if run.history[-1]["epoch"] == stop_after:
            raise Stop

    with pytest.raises(Stop):
        train_simclr(images, config, tmp_path / "run", probe=images.images[:10], progress=stop)
    torch.rand(17)  # other uses of the global generator in between must not matter
    resumed = train_simclr(images, config, tmp_path / "run", probe=images.images[:10], progress=None)
    assert same_weights(resumed.model, whole.model)
    keys = ("epoch", "loss", "knn_accuracy", "learning_rate")
    assert [[r[k] for k in keys] for r in resumed.history] == [[r[k] for k in keys] for r in whole.history]
    assert all(torch.equal(resumed.snapshots[e], whole.snapshots[e]) for e in (0, 2))


def test_killed_at_any_moment_it_goes_on_bit_for_bit(images, tmp_path):
    """SIGKILL at random moments, again and again, until a run gets through."""
    settings = dict(width=4, epochs=4, batch_size=32, d_hidden=32, d_out=16, precision="float32", held_out=20, bank=100)
    script = (
        "import torch; torch.set_num_threads(1)\n"
        "from aimsssl.datasets import load\nfrom aimsssl.training import SimCLRConfig, train_simclr\n"
        f"train_simclr(load('shapes', 'train', limit=160), SimCLRConfig(**{settings!r}), {str(tmp_path / 'run')!r},"
        " progress=lambda run: print(run.history[-1]['epoch'], flush=True))\n"
    )
    rng = np.random.default_rng(0)
    kills = 0
    for _ in range(4):
        process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        process.stdout.readline()  # the first epoch it shows: the start-up is behind it
        time.sleep(float(rng.uniform(0, 0.3)))
        process.send_signal(signal.SIGKILL) if os.name == "posix" else process.kill()
        kills += process.wait() != 0
        process.stdout.close()
    assert kills, "every attempt finished before it was killed"
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    whole = train_simclr(images, SimCLRConfig(**settings), progress=None)
    torch.set_num_threads(threads)
    encoder, run = load_encoder(tmp_path / "run")
    assert same_weights(encoder, whole.model.encoder) and len(run.history) == 5


def test_a_run_from_before_a_setting_existed_is_still_the_same_run(finished, images):
    config_file = finished.path / "config.json"
    stored = json.loads(config_file.read_text())
    old = {key: value for key, value in stored.items() if key not in ("separate_views", "decay_all")}
    config_file.write_text(json.dumps(old))
    try:
        assert train_simclr(images, SMALL, finished.path, progress=None).history == finished.history
        with pytest.raises(RunError, match="separate_views is False, asked for True"):
            train_simclr(images, replace(SMALL, separate_views=True), finished.path, progress=None)
    finally:
        config_file.write_text(json.dumps(stored))


def test_another_configuration_or_other_data_is_refused_by_name(finished, images):
    for config in (replace(SMALL, temperature=0.3), replace(SMALL, epochs=2)):
        words = "another configuration .*(temperature is 0.2, asked for 0.3|epochs is 3, asked for 2: .* not shorter)"
        with pytest.raises(RunError, match=words):
            train_simclr(images, config, finished.path, progress=None)
    with pytest.raises(RunError, match="data is .*crc32"):
        train_simclr(load("shapes", "train", limit=160, seed=1), SMALL, finished.path, progress=None)
    with pytest.raises(RunError, match="already holds a run"):
        train_simclr(images, SMALL, finished.path, resume=False, progress=None)
    assert len(Run.open(finished.path).history) == 4


def test_precision_left_open_is_decided_once(images, tmp_path):
    config = replace(SMALL, epochs=1, precision="auto", snapshot_epochs=())
    run = train_simclr(images, config, tmp_path, progress=None)
    assert run.config["precision"] in ("float32", "bfloat16")
    stored = json.loads((tmp_path / "config.json").read_text())
    stored["precision"] = "float32"
    (tmp_path / "config.json").write_text(json.dumps(stored))
    assert train_simclr(images, config, tmp_path, progress=None).config["precision"] == "float32"


@pytest.mark.parametrize("damage", [b"", b"not a checkpoint", None])
def test_a_damaged_checkpoint_is_named_and_the_one_before_helps(images, tmp_path, damage):
    config = replace(SMALL, epochs=2)
    train_simclr(images, config, tmp_path, progress=None)
    path = tmp_path / "checkpoint.pt"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    with pytest.raises(RunError, match=r"checkpoint\.pt is damaged .* replace it by checkpoint-previous\.pt"):
        train_simclr(images, config, tmp_path, progress=None)
    os.replace(tmp_path / "checkpoint-previous.pt", path)
    assert len(train_simclr(images, config, tmp_path, progress=None).history) == 3


def test_a_damaged_config_is_named(images, tmp_path):
    (tmp_path / "config.json").write_text('{"epochs": ')
    with pytest.raises(RunError, match=r"config\.json cannot be read"):
        train_simclr(images, SMALL, tmp_path, progress=None)
    with pytest.raises(RunError, match="not the folder of a run"):
        Run.open(tmp_path / "nothing")


@pytest.mark.skipif(os.name != "posix", reason="limits of file size are POSIX")
def test_a_full_disk_stops_with_a_sentence_and_keeps_what_was_saved(tmp_path):
    """A limit on the size of files is met like a full disk: in the middle of a write."""
    script = f"""
import resource, signal
from aimsssl.cli import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
arguments = "train simclr --data shapes --limit 160 --run-dir {tmp_path / "run"} --width 4 --batch-size 32".split()
assert main([*arguments, "--epochs", "1", "--held-out", "20"]) == 0
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
raise SystemExit(main(["train", "simclr", "--data", "shapes", "--limit", "160", "--run-dir", "{tmp_path / "full"}",
                       "--width", "4", "--batch-size", "32", "--epochs", "1", "--held-out", "20"]))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "cannot write" in done.stderr and "File too large" in done.stderr and "go on" in done.stderr
    assert len(Run.open(tmp_path / "run").history) == 2
    assert not list(tmp_path.rglob("*.part"))
    go_on = f"train simclr --data shapes --limit 160 --run-dir {tmp_path / 'full'} --width 4 --batch-size 32 --epochs 1"
    again = [sys.executable, "-m", "aimsssl", *go_on.split(), "--held-out", "20"]
    assert subprocess.run(again, capture_output=True).returncode == 0


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    write_atomically(tmp_path / "a.json", b"old")

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(RunError, match=r"cannot write .*a\.json: No space left .* make room"):
            write_atomically(tmp_path / "a.json", b"new")
    assert (tmp_path / "a.json").read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1
    (tmp_path / "a folder").mkdir()
    with pytest.raises(RunError, match="cannot write .*a folder.* see what is in its place"):
        write_atomically(tmp_path / "a folder", b"new")
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot write"):
        write_atomically(tmp_path / "file" / "b.json", b"new")


def test_a_batch_larger_than_the_data_is_refused(images):
    with pytest.raises(ValueError, match="batch_size 150 is larger than the data: 140 images .*20 held out"):
        train_simclr(images, replace(SMALL, batch_size=150), progress=None)


def test_a_loss_that_is_no_number_stops_the_run(images, tmp_path):
    config = replace(SMALL, optimizer="sgd", learning_rate=1e30, warmup_epochs=0.0)
    with pytest.raises((RunError, ValueError), match="diverge|the loss became"):
        train_simclr(images, config, tmp_path, progress=None)
    assert len(Run.open(tmp_path).history) == 1, "the start is kept"


def test_identical_views_make_the_task_trivial(images):
    config = replace(SMALL, epochs=4, learning_rate=3e-3, snapshot_epochs=())
    trivial = train_simclr(images, replace(config, identical_views=True), progress=None).last("loss")
    assert trivial < 0.7 * train_simclr(images, config, progress=None).last("loss")


@pytest.mark.parametrize("head", ["mlp", "linear", "none"])
def test_heads(images, head):
    run = train_simclr(images, replace(SMALL, epochs=1, head=head, snapshot_epochs=()), progress=None)
    assert run.model(torch.rand(2, 3, 32, 32))[1].shape == (2, 32 if head == "none" else 16)


def test_separate_views_change_batch_norm_only(images, monkeypatch):
    """On an encoder and head without batch norm it makes no difference whether views go through one by one."""
    plain = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 5, 4), torch.nn.ReLU(), torch.nn.Flatten())
    plain.feature_dim = 8 * 7 * 7
    monkeypatch.setattr(simclr, "build_encoder", lambda *name, **sizes: copy.deepcopy(plain))
    config = replace(SMALL, head_norm=False, epochs=2, snapshot_epochs=())
    runs = [train_simclr(images, replace(config, separate_views=s), progress=None) for s in (False, True)]
    for a, b in zip(*(run.model.state_dict().values() for run in runs), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)
    sizes = []
    monkeypatch.undo()
    monkeypatch.setattr(
        simclr.SimCLR, "forward", lambda self, x: sizes.append(len(x)) or (None, self.head(self.encoder(x)))
    )
    for separate in (False, True):
        train_simclr(images, replace(SMALL, epochs=1, separate_views=separate, snapshot_epochs=()), progress=None)
    assert set(sizes[:4]) == {64} and set(sizes[4:]) == {32}


def test_each_size_of_the_views_has_an_equal_part_of_the_training(images, monkeypatch, tmp_path):
    sides = []
    forward = simclr.SimCLR.forward
    monkeypatch.setattr(simclr.SimCLR, "forward", lambda self, x: sides.append(x.shape[-1]) or forward(self, x))
    config = replace(SMALL, epochs=3, monitor_every=0, snapshot_epochs=())  # 15 steps
    train_simclr(images, replace(config, view_sizes=[16, 24]), progress=None)
    assert sides == [16] * 8 + [24] * 7, "step 8 of 15 is the first behind the middle"
    whole = train_simclr(images, config, progress=None)
    assert set(sides[15:]) == {32}
    same = train_simclr(images, replace(config, view_sizes=(32, 32)), progress=None)
    for a, b in zip(whole.model.state_dict().values(), same.model.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    for size in (0, 7, 1025):
        with pytest.raises(ValueError, match=rf"view_sizes must be in \[8, 1024\], got {size}"):
            replace(SMALL, view_sizes=(16, size))


def test_supervised_learns_its_labels(images):
    config = SupervisedConfig(
        width=4, epochs=12, batch_size=28, learning_rate=5e-3, precision="float32", crop_scale=None, held_out=20
    )
    run = train_supervised(images, config, progress=None)
    assert run.last("loss") < 0.7 * math.log(10)
    unknown = ImageSet("x", images.images, torch.full((160,), -1), ())
    with pytest.raises(ValueError, match="label for every image"):
        train_supervised(unknown, config)


def test_images_without_labels_train_without_a_monitor(images):
    unknown = ImageSet("x", images.images, torch.full((160,), -1), ())
    run = train_simclr(unknown, replace(SMALL, epochs=1, snapshot_epochs=()), progress=None)
    assert [row["knn_accuracy"] for row in run.history] == [None, None] and run.last("loss") > 0


def test_the_bar_says_what_matters(images, capsys):
    train_simclr(images, replace(SMALL, epochs=1, snapshot_epochs=()))
    shown = capsys.readouterr().err
    assert "1/1" in shown and "chance 4.14" in shown and "kNN 0." in shown


@pytest.mark.parametrize(
    "changes", [dict(epochs=0), dict(batch_size=0), dict(optimizer="magic"), dict(precision="half"), dict(head="big")]
)
def test_configuration_mistakes_are_named(changes):
    with pytest.raises(ValueError, match=next(iter(changes))):
        replace(SMALL, **changes)


@pytest.mark.parametrize("stem,channels", [("cifar", 3), ("small", 1), ("imagenet", 3)])
def test_an_exported_encoder_needs_nothing_of_ours(tmp_path, stem, channels):
    images = torch.randint(0, 256, (16, channels, 32, 32), dtype=torch.uint8)
    unknown = ImageSet("x", images, torch.full((16,), -1), ())
    config = replace(SMALL, width=64, stem=stem, epochs=1, batch_size=16, snapshot_epochs=())
    run = train_simclr(unknown, config, tmp_path / "run", progress=None)
    lines = export_encoder(tmp_path / "run", tmp_path / "encoder.pt")
    torch.save(images / 255, tmp_path / "images.pt")
    script = (
        f"{lines}x = torch.load({str(tmp_path / 'images.pt')!r})\nimport sys; assert 'aimsssl' not in sys.modules\n"
    )
    script += f"torch.save(encoder(x).detach(), {str(tmp_path / 'features.pt')!r})"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=tmp_path)
    features = torch.load(tmp_path / "features.pt", weights_only=True)
    torch.testing.assert_close(features, extract(run.model.encoder, images), rtol=1e-3, atol=1e-4)


def test_a_narrow_encoder_is_not_torchvisions(finished, tmp_path):
    lines = export_encoder(finished.path, tmp_path / "encoder.pt")
    exec(lines, names := {})
    assert "torchvision" not in lines and same_weights(names["encoder"], load_encoder(finished.path)[0])


@pytest.mark.parametrize("name,kind", [("lars", "LARS"), ("sgd", "SGD"), ("adamw", "AdamW"), ("muon", "Muon")])
def test_an_optimizer_has_what_its_configuration_says(name, kind):
    config = SimCLRConfig(optimizer=name, learning_rate=0.3, momentum=0.7, weight_decay=0.2, trust_coefficient=0.04)
    optimizer = make_optimizer(torch.nn.Linear(2, 2), config)
    assert type(optimizer).__name__ == kind
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.2, 0.0]
    for group in optimizer.param_groups:
        assert group["lr"] == 0.3 and group.get("momentum", 0.7) == 0.7
        assert group.get("trust_coefficient", 0.04) == 0.04


def test_recipes_are_configurations_with_their_published_numbers():
    paper, public = (SimCLRConfig.from_recipe(name) for name in ("simclr-paper", "cifar-1000"))
    assert (paper.optimizer, paper.batch_size, paper.learning_rate, paper.temperature) == ("lars", 1024, 1.0, 0.5)
    assert public.learning_rate == pytest.approx(0.03 * public.batch_size / 256) and public.d_hidden == 1024
    optimizer = make_optimizer(torch.nn.Linear(2, 2), public)
    assert [(g["weight_decay"], g["nesterov"]) for g in optimizer.param_groups] == [(5e-4, False)] * 2
    assert SimCLRConfig.from_recipe("cifar-1000", epochs=3).epochs == 3
    gpu = SimCLRConfig.for_profile(PROFILES["gpu"], temperature=0.3)
    assert (gpu.optimizer, gpu.batch_size, gpu.epochs, gpu.temperature) == ("sgd", 512, 100, 0.3)
    assert gpu.learning_rate == pytest.approx(0.06) and gpu.compile and gpu.precision == "bfloat16"
    with pytest.raises(ValueError, match="simclr-paper, cifar-1000"):
        SimCLRConfig.from_recipe("magic")

"""A run's folder under fire: kills at every file operation, damage, links, two at a time, no right to write."""

import contextlib
import errno
import io
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import same_weights

from aimsssl.datasets import ImageSet
from aimsssl.training import Run, RunError, SimCLRConfig, files, load_encoder, lock, stored, train_simclr
from aimsssl.training.stored import FILES, read_snapshots

posix = pytest.mark.skipif(os.name != "posix", reason="signals, links and FIFOs are POSIX")
GENERATOR = torch.Generator().manual_seed(0)
IMAGES = ImageSet(
    "noise/train", torch.randint(256, (14, 3, 8, 8), generator=GENERATOR, dtype=torch.uint8), torch.arange(14) % 2,
    ("a", "b"),
)  # fmt: skip
CONFIG = SimCLRConfig(
    width=1, epochs=2, batch_size=4, d_hidden=4, d_out=4, precision="float32", held_out=3, snapshot_epochs=(0, 2)
)


def train(folder, config=CONFIG, progress=None, **options) -> Run:
    return train_simclr(IMAGES, config, folder, probe=IMAGES.images[:3], progress=progress, **options)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "run"
    train(folder)
    return folder


@pytest.fixture
def copy(whole, tmp_path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "run"))


# --- kills ----------------------------------------------------------------------------------------------------------


@posix
def test_killed_at_every_file_operation_it_goes_on_bit_for_bit(tmp_path):
    script = Path(__file__).with_name("killing.py")
    done = subprocess.run([sys.executable, script, tmp_path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 40, "operations were counted"


@pytest.mark.parametrize("name", ["history.csv", "snapshots.npz", "config.json"])
@pytest.mark.parametrize("cut", [True, False])
def test_what_the_checkpoint_has_is_written_again(copy, whole, name, cut):
    path, content = copy / name, (copy / name).read_bytes()
    path.write_bytes(content[: 2 * len(content) // 3]) if cut else path.unlink()
    assert Run.open(copy).history == Run.open(whole).history, "and is read meanwhile"
    train(copy)
    if name == "snapshots.npz":  # the archive has a time in it
        assert all(torch.equal(h, read_snapshots(whole / name)[e]) for e, h in read_snapshots(path).items())
    assert name == "snapshots.npz" or path.read_bytes() == content


def test_a_folder_without_its_checkpoint_is_not_begun_anew(copy):
    (copy / "checkpoint.pt").unlink()
    before = (copy / "history.csv").read_bytes()
    with pytest.raises(RunError, match="no checkpoint.pt in .*rename checkpoint-previous.pt"):
        train(copy)
    (copy / "checkpoint-previous.pt").unlink()
    with pytest.raises(RunError, match="no checkpoint.pt in .*restore it from a copy"):
        train(copy)
    (copy / "config.json").unlink()
    with pytest.raises(RunError, match="no config.json in .*though history.csv is there"):
        train(copy)
    assert (copy / "history.csv").read_bytes() == before


def test_other_settings_do_not_write_over_a_run_whose_config_is_gone(copy):
    (copy / "config.json").unlink()
    before = (copy / "checkpoint.pt").read_bytes()
    with pytest.raises(RunError, match="temperature is 0.2, asked for 0.3"):
        train(copy, replace(CONFIG, temperature=0.3))
    assert (copy / "checkpoint.pt").read_bytes() == before
    state = torch.load(copy / "checkpoint.pt", weights_only=True)
    del state["config"], state["segments"]  # as it was written before checkpoints knew their configuration
    torch.save(state, copy / "checkpoint.pt")
    with pytest.raises(RunError, match="no config.json in .*though checkpoint.pt is there"):
        train(copy, replace(CONFIG, temperature=0.3))


# --- damage ---------------------------------------------------------------------------------------------------------


def bomb() -> bytes:
    """Megabytes of zeros in a few kilobytes, called snapshots."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in ("epochs.npy", "h.npy"):
            with archive.open(name, "w", force_zip64=True) as file:
                file.write(bytes(2**20))
    return buffer.getvalue()


def arrays(**content) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **content)
    return buffer.getvalue()


def saved(content) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def flipped(content: bytes) -> bytes:
    """Bytes in the middle are others, more of them than a file of PyTorch has between two tensors to fill up (64)."""
    middle, end = len(content) // 2, len(content) // 2 + min(100, len(content) // 4)
    return content[:middle] + bytes(b ^ 0x55 for b in content[middle:end]) + content[end:]


def with_config(**changes):
    return lambda content: json.dumps({**json.loads(content), **changes}).encode()


def with_state(**changes):
    return lambda content: saved({**torch.load(io.BytesIO(content), weights_only=True), **changes})


ANY = {
    "empty": lambda content: b"",
    "half": lambda content: content[: len(content) // 2],
    "one byte less": lambda content: content[:-1],
    "flipped": flipped,
    "noise": lambda content: np.random.default_rng(0).bytes(len(content)),
    "a list": lambda content: b"[1, 2]",
    "null": lambda content: b"null",
    "brackets": lambda content: b"[" * 100_000,
    "a number": lambda content: b"1" * 5000,
    "a table": lambda content: b"a,b\n1\n2,3,4\n",
    "npz": lambda content: arrays(epochs=np.arange(2), h=np.zeros((3, 2), np.float16)),
    "objects": lambda content: arrays(epochs=np.array([{}, {}]), h=np.array([{}, {}])),
    "pickle": lambda content: pickle.dumps({"epoch": 1}),
    "a tensor": lambda content: saved(torch.zeros(3)),
    "a dict": lambda content: saved({"epoch": 1}),
}
DAMAGES = {(name, title): change for name in FILES[:4] for title, change in ANY.items()}
DAMAGES |= {
    ("config.json", f"{key} {value!r}"): with_config(**{key: value})
    for key in ("width", "epochs", "method", "data", "stem", "seed", "learning_rate", "segments", "snapshot_epochs")
    for value in (None, "x", [], {"shape": [1, 2]}, float("nan"), 1e400, 10**30, -1, True)
}
DAMAGES |= {
    ("history.csv", "rows left out"): lambda content: b"\n".join(content.split(b"\n")[:1] + content.split(b"\n")[2:]),
    ("history.csv", "nan"): lambda content: content.replace(b"\n0,", b"\n0,nan", 1),
    ("history.csv", "text"): lambda content: content.replace(b"\n1,", b"\n1,text", 1),
    ("history.csv", "other numbers"): lambda content: content.replace(b"\n1,", b"\n1,7", 1),
    ("history.csv", "latin"): lambda content: content + "é".encode("latin-1"),
    ("snapshots.npz", "bomb"): lambda content: bomb(),
    ("snapshots.npz", "flat"): lambda content: arrays(epochs=np.arange(2), h=np.zeros(2, np.float16)),
    ("snapshots.npz", "one array"): lambda content: arrays(h=np.zeros((2, 3))),
    ("checkpoint.pt", "no history"): with_state(history=[]),
    ("checkpoint.pt", "history of text"): with_state(history=[{"epoch": 0, "loss": "x"}]),
    ("checkpoint.pt", "other epoch"): with_state(epoch=1),
    ("checkpoint.pt", "other model"): with_state(model={"encoder.w": torch.zeros(2)}),
    ("checkpoint.pt", "nan"): with_state(model={"encoder.conv1.weight": torch.full((1, 3, 3, 3), torch.nan)}),
    ("checkpoint.pt", "no tensors"): with_state(model={"encoder.conv1.weight": 3}),
    ("checkpoint.pt", "snapshots of text"): with_state(snapshots={"a": "b"}),
    ("checkpoint.pt", "list of snapshots"): with_state(snapshots=[1]),
    ("checkpoint.pt", "config of text"): with_state(config="x"),
}


@contextlib.contextmanager
def at_most(seconds: int):
    """A FIFO that somebody waits for ends the test, not the whole suite."""
    if os.name != "posix":
        yield
        return
    kept = signal.signal(signal.SIGALRM, lambda *_: pytest.fail("it hangs"))
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, kept)


def try_all(folder: Path, whole: Path) -> int:
    """Read, load and train; each either says in one sentence what is wrong, or gives what the whole run has."""
    expected, (encoder, _), said = Run.open(whole), load_encoder(whole), 0
    for work in ("open", "load", "train"):
        try:
            with at_most(120):
                came = {"open": Run.open, "load": load_encoder, "train": train}[work](folder)
        except RunError as error:
            said += 1
            text = str(error)
            assert str(folder) in text and "\n" not in text and len(text) < 900, text
            assert any(w in text for w in ("restore", "delete", "replace", "Choose", "choose", "move")), text
            continue
        run = came[1] if work == "load" else came
        assert run.history == expected.history and run.config == expected.config
        assert all(torch.equal(h, expected.snapshots[e]) for e, h in run.snapshots.items())
        assert run.snapshots.keys() == expected.snapshots.keys()
        if work != "open":
            assert same_weights(came[0] if work == "load" else came.model.encoder, encoder)
    return said


@pytest.mark.parametrize("name,title", DAMAGES, ids=lambda part: str(part)[:40])
def test_damage_is_named_or_mended(copy, whole, monkeypatch, name, title):
    monkeypatch.setattr(stored, "LARGEST", 2**20)
    path = copy / name
    path.write_bytes(DAMAGES[name, title](path.read_bytes()))
    said = try_all(copy, whole)
    if name == "checkpoint.pt":
        assert said, "there is nothing to mend it from"


@posix
@pytest.mark.parametrize("name", [*FILES, "lock"])
@pytest.mark.parametrize("kind", ["folder", "fifo", "device", "dangling link"])
def test_something_else_in_a_files_place(copy, whole, name, kind):
    path = copy / name
    path.unlink()
    if kind == "folder":
        (path / "inner").mkdir(parents=True)
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero" if kind == "device" else copy / "nowhere")
    try_all(copy, whole)
    assert not (copy / "nowhere").exists()


def test_all_recorded_runs_are_read():
    from aimsssl.explorers import records

    found = [path.parent for path in records.RECORDED.glob("*/config.json")]
    assert len(found) >= 4 and all(len(Run.open(path).history) > 1 for path in found)


# --- links, and two at a time ---------------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize(
    "name", [*FILES, "lock", *(f"{name}.part" for name in FILES), "result.json", "result.json.part"]
)
def test_no_link_in_a_strangers_folder_is_written_through(copy, tmp_path, name):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (copy / name).unlink(missing_ok=True)
    (copy / name).symlink_to(victim)
    with contextlib.suppress(RunError):
        train(copy, replace(CONFIG, epochs=3))
    with contextlib.suppress(RunError):
        Run.open(copy).write_json("result.json", {"knn": 1})
    assert victim.read_text() == "mine" and victim.exists()


@posix
def test_a_lock_that_is_another_name_of_a_file_is_not_written(copy, tmp_path):
    (tmp_path / "victim").write_text("mine")
    (copy / "lock").unlink()
    os.link(tmp_path / "victim", copy / "lock")
    with pytest.raises(RunError, match="lock is no lock of a run; delete it"):
        train(copy)
    assert (tmp_path / "victim").read_text() == "mine"


@posix
def test_a_run_folder_that_is_a_link(whole, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(RunError, match="cannot write .*link"):
        train(tmp_path / "link")
    (tmp_path / "real").mkdir()
    (tmp_path / "good").symlink_to(tmp_path / "real")
    assert train(tmp_path / "good").history[-1]["epoch"] == 2 and (tmp_path / "real" / "checkpoint.pt").exists()


def test_a_second_process_is_told_who_trains(tmp_path):
    """The second one comes in the middle of an epoch's report; before the folder exists, both may try."""
    said = []

    def second(run):
        if run.history[-1]["epoch"] == 1:
            with pytest.raises(RunError) as caught:
                train(tmp_path / "run")
            said.append(str(caught.value))

    train(tmp_path / "run", progress=second)
    assert f"is in use: process {os.getpid()} on " in said[0] and "choose another folder" in said[0]
    assert (tmp_path / "run" / "lock").read_text() == "", "let go of when it is done"
    assert train(tmp_path / "run").epochs_done == 2


def test_who_began_later_takes_nothing(tmp_path):
    """Two that began at the same time: the folder is the first one's, whole."""

    def first(run):
        if run.history[-1]["epoch"] == 0:
            train(tmp_path / "run")

    with pytest.raises(RunError, match="another process has begun a run"):
        train(tmp_path / "run", progress=first)
    assert train(tmp_path / "run").epochs_done == 2


@posix
def test_a_dead_process_holds_nothing(copy):
    ready, write = os.pipe()
    child = os.fork()
    if child == 0:
        lock.Lock(copy).take()
        os.write(write, b"x")
        signal.pause()
    os.read(ready, 1)
    with pytest.raises(RunError, match=f"in use: process {child} on"):
        train(copy)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert train(copy).epochs_done == 2


def test_an_interrupted_run_lets_go(tmp_path):
    def interrupt(run):
        if run.history[-1]["epoch"] == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "run", progress=interrupt)
    assert train(tmp_path / "run").epochs_done == 2


def test_a_drive_without_locks_is_said(tmp_path, monkeypatch, capsys):
    def none(handle):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(lock, "_lock", none)
    assert train(tmp_path / "run").epochs_done == 2
    assert capsys.readouterr().err.count("this drive has no locks") == 1


# --- where ----------------------------------------------------------------------------------------------------------


@posix
@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="a folder that not even root can write in")
def test_runs_of_a_notebook_that_cannot_write_go_elsewhere(tmp_path, monkeypatch, capsys):
    files._elsewhere.cache_clear()
    monkeypatch.setenv("AIMSSSL_HOME", str(tmp_path / "home"))
    monkeypatch.chdir("/proc")
    run = train("runs/a")
    assert run.path == tmp_path / "home" / "runs" / "a" and Run.open("runs/a").history == run.history
    assert train(Path("runs") / "b").epochs_done == 2
    assert capsys.readouterr().err.count("/proc cannot be written; runs go to") == 1
    with pytest.raises(RunError, match="cannot write /proc/runs/c"):
        train("/proc/runs/c")
    files._elsewhere.cache_clear()
    monkeypatch.setenv("AIMSSSL_HOME", "/proc/nowhere")
    monkeypatch.setattr(files.tempfile, "tempdir", str(tmp_path))
    assert tmp_path in train("runs/a").path.parents
    files._elsewhere.cache_clear()


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    train("~/run")
    assert (tmp_path / "run" / "checkpoint.pt").exists() and Run.open("~/run").epochs_done == 2
    assert load_encoder("~/run")[1].path == tmp_path / "run"


def test_no_home_is_one_sentence(monkeypatch):
    def none(self):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", none)
    with pytest.raises(RunError, match="knows no home folder"):
        train("~/run")

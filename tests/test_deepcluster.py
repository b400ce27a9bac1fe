"""DeepCluster's training: each stage is what it claims, the head is new, trivial solutions do no harm."""

import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch
import torch.distributed as dist
import torch.nn.functional as F
from helpers import free_port, same_weights
from scipy.stats import chisquare
from sklearn.metrics import normalized_mutual_info_score

from aimsssl.augment import Augment
from aimsssl.cli import main as aimsssl
from aimsssl.clustering import kmeans, pca_whiten
from aimsssl.datasets import ImageSet, load
from aimsssl.models import SimCLR, extract
from aimsssl.training import (
    DeepClusterConfig,
    Run,
    RunError,
    SupervisedConfig,
    build_deepcluster,
    deepcluster,
    export_encoder,
    load_encoder,
    monitor_split,
    random_encoder,
    train_deepcluster,
    train_supervised,
)

SMALL = DeepClusterConfig(
    width=2,
    epochs=3,
    batch_size=32,
    learning_rate=2e-3,
    precision="float32",
    held_out=20,
    bank=100,
    clusters=12,
    pca_dim=8,
    snapshot_epochs=(0, 1, 2),
)
COUNTED = (
    "epoch",
    "loss",
    "knn_accuracy",
    "learning_rate",
    "nmi_previous",
    "nmi_labels",
    "empty_clusters",
    "reassigned",
)


@pytest.fixture(scope="module")
def images() -> ImageSet:
    return load("shapes", "train", limit=160)


@pytest.fixture(scope="module")
def finished(images, tmp_path_factory) -> Run:
    return train_deepcluster(images, SMALL, tmp_path_factory.mktemp("run"), probe=images.images[:5], progress=None)


def same_runs(a: Run, b: Run) -> None:
    assert same_weights(a.model, b.model)
    assert [[r.get(k) for k in COUNTED] for r in a.history] == [[r.get(k) for k in COUNTED] for r in b.history]
    assert a.assignments.keys() == b.assignments.keys()
    assert all(torch.equal(a.assignments[e], b.assignments[e]) for e in a.assignments)


# --- what a run does ------------------------------------------------------------------------------------------------


def test_the_first_clusters_are_the_pipelines(finished, images):
    train = monitor_split(images, SMALL)[0]
    features = extract(build_deepcluster(SMALL, 3).encoder, train.images, before_relu=True)
    assert (features < 0).any()
    seed = int(torch.randint(2**31, (), generator=torch.Generator().manual_seed(SMALL.seed)))
    expected = kmeans(pca_whiten(features, 8), 12, seed=seed).assignments
    assert torch.equal(finished.assignments[0].long(), expected)


def test_history_says_how_the_clusters_change(finished, images):
    assert [row["epoch"] for row in finished.history] == [0, 1, 2, 3] and sorted(finished.assignments) == [0, 1, 2]
    labels = monitor_split(images, SMALL)[0].labels
    clusters = finished.assignments

    def nmi(a, b):
        return normalized_mutual_info_score(a, b, average_method="geometric")

    first, *later = finished.history[1:]
    assert first["nmi_previous"] is None
    for epoch, row in enumerate(finished.history[1:]):
        assert row["nmi_labels"] == pytest.approx(nmi(labels, clusters[epoch]), abs=1e-5)
        assert row["empty_clusters"] == 12 - len(clusters[epoch].unique()) and row["reassigned"] >= 0
        stages = [row[f"seconds_{stage}"] for stage in ("features", "pca", "kmeans", "training")]
        assert min(stages) > 0
    for epoch, row in enumerate(later, start=1):
        assert row["nmi_previous"] == pytest.approx(nmi(clusters[epoch - 1], clusters[epoch]), abs=1e-5)
    total = sum(row[f"seconds_{s}"] for row in finished.history[1:] for s in ("features", "pca", "kmeans", "training"))
    assert total <= finished.last("seconds") + 1e-3
    assert SMALL.chance_loss == pytest.approx(math.log(12))


def test_what_is_on_disk_is_the_run(finished, images):
    encoder, run = load_encoder(finished.path)
    assert same_weights(encoder, finished.model.encoder) and not encoder.training
    assert run.history == finished.history and run.config["method"] == "deepcluster"
    assert all(torch.equal(run.assignments[e], finished.assignments[e]) for e in (0, 1, 2))
    start = extract(random_encoder(run), images.images[:5]).half()
    torch.testing.assert_close(start, finished.snapshots[0], rtol=1e-2, atol=1e-3)


@pytest.fixture
def seen(monkeypatch):
    """What goes into training: for every batch its images, the targets of the loss, and the head as it was then."""
    batches, heads, targets = [], [], []
    augment, forward, loss = Augment.forward, SimCLR.forward, F.cross_entropy

    def spy_augment(self, batch, *arguments):
        batches.append(batch)
        return augment(self, batch, *arguments)

    def spy_forward(self, x):
        heads.append(self.head.weight.detach().clone())
        return forward(self, x)

    def spy_loss(logits, target):
        targets.append(target)
        return loss(logits, target)

    monkeypatch.setattr(Augment, "forward", spy_augment)
    monkeypatch.setattr(SimCLR, "forward", spy_forward)
    monkeypatch.setattr(deepcluster.F, "cross_entropy", spy_loss)
    return {"batches": batches, "heads": heads, "targets": targets}


def positions(images: torch.Tensor, among: torch.Tensor) -> torch.Tensor:
    where = {image.numpy().tobytes(): i for i, image in enumerate(among)}
    return torch.tensor([where[image.numpy().tobytes()] for image in images])


def test_every_image_gets_its_clusters_number_and_nothing_else(images, seen):
    run = train_deepcluster(images, SMALL, progress=None)
    train = monitor_split(images, SMALL)[0]
    index, targets = positions(torch.cat(seen["batches"]), train.images).view(3, -1), torch.cat(seen["targets"])
    for epoch, (rows, target) in enumerate(zip(index, targets.view(3, -1), strict=True)):
        assert torch.equal(run.assignments[epoch][rows].long(), target)
        assert not torch.equal(rows, index[epoch - 1])


def test_labels_are_never_trained_on(images):
    shuffled = ImageSet(images.name, images.images, images.labels.flip(0), images.classes)
    config = replace(SMALL, held_out=0)
    a, b = (train_deepcluster(x, config, progress=None) for x in (images, shuffled))
    assert same_weights(a.model, b.model) and a.history[1]["nmi_labels"] != b.history[1]["nmi_labels"]


@pytest.mark.parametrize("every", [1, 2])
def test_the_head_is_new_after_each_clustering_and_only_then(images, seen, tmp_path, every):
    config = replace(SMALL, epochs=4, learning_rate=1e-2, reassign_every=every, snapshot_epochs=(0,))
    run = train_deepcluster(images, config, tmp_path, progress=None)
    steps = len(seen["heads"]) // 4
    begins = seen["heads"][::steps]
    for epoch, head in enumerate(begins):
        renewed = epoch % every == 0
        assert (0.008 < head.std() < 0.012) == renewed, "weights of deviation 0.01"
        assert (run.history[epoch + 1].get("nmi_labels") is not None) == renewed
    assert not torch.equal(begins[0], begins[2]), "drawn anew"
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["optimizer"]["state"]
    ages = sorted({int(moments["step"]) for moments in state.values()})
    assert ages == [every * steps, 4 * steps], "what the optimizer knew of the old head is forgotten"
    assert sorted(run.assignments) == [0, 4 - every], "that of a snapshot, and the last"


def nine_tenths_identical(images: ImageSet) -> ImageSet:
    pixels = images.images.clone()
    pixels[torch.arange(160) % 10 != 0] = pixels[1].clone()
    return ImageSet("most are one", pixels, images.labels, images.classes)


def test_an_epoch_draws_clusters_not_images(images, seen):
    config = replace(SMALL, held_out=0, clusters=6, reassign_every=12, learning_rate=0.0, epochs=12)
    most = nine_tenths_identical(images)
    train_deepcluster(most, config, progress=None)
    counts = torch.cat(seen["targets"]).bincount(minlength=6)
    assert counts.sum() == 12 * 160 and chisquare(counts).pvalue > 0.001
    seen["targets"].clear()
    run = train_deepcluster(most, replace(config, uniform=False, epochs=1), progress=None)
    assert torch.equal(torch.cat(seen["targets"]).bincount(minlength=6), run.assignments[0].bincount(minlength=6))


# --- stopping and going on ------------------------------------------------------------------------------------------


class Stop(Exception):
    pass


@pytest.mark.parametrize("every", [1, 2])
@pytest.mark.parametrize("stop_after", [0, 1, 2])
@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_goes_on_bit_for_bit(images, tmp_path, every, stop_after, optimizer):
    config = replace(SMALL, reassign_every=every, optimizer=optimizer, learning_rate=5e-3, snapshot_epochs=(0,))
    whole = train_deepcluster(images, config, progress=None)

    def stop(run):
        if run.history[-1]["epoch"] == stop_after:
            raise Stop

    with pytest.raises(Stop):
        train_deepcluster(images, config, tmp_path / "run", progress=stop)
    torch.rand(17)
    resumed = train_deepcluster(images, config, tmp_path / "run", progress=None)
    same_runs(resumed, whole)
    same_runs(train_deepcluster(images, config, tmp_path / "run", progress=None), whole)  # read, not repeated


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
def test_killed_at_any_moment_it_goes_on_bit_for_bit(images, tmp_path):
    """Killed again and again, until a run gets through."""
    script = (
        "import sys, torch; torch.set_num_threads(1)\n"
        f"sys.path.insert(0, {os.path.dirname(__file__)!r}); import test_deepcluster as t\n"
        f"t.train_deepcluster(t.load('shapes', 'train', limit=160), t.SMALL, {str(tmp_path / 'run')!r},"
        " progress=lambda run: print(run.history[-1]['epoch'], flush=True))\n"
    )
    kills = 0
    for pause in (0.0, 0.05):
        process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        process.stdout.readline()  # the first epoch it shows: the start-up is behind it
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        kills += process.wait() != 0
        process.stdout.close()
    assert kills, "every attempt finished before it was killed"
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    whole = train_deepcluster(images, SMALL, progress=None)
    torch.set_num_threads(threads)
    same_runs(train_deepcluster(images, SMALL, tmp_path / "run", progress=None), whole)


class Plain(torch.nn.Module):
    """An encoder without batch norm, whose result does not depend on who else is in the batch."""

    def __init__(self):
        super().__init__()
        self.feature_dim = 16
        self.body = torch.nn.Sequential(
            torch.nn.Conv2d(3, 8, 5, 4), torch.nn.ReLU(), torch.nn.Conv2d(8, 16, 3), torch.nn.AdaptiveAvgPool2d(1)
        )

    def forward(self, x, before_relu=False):
        x = self.body(x).flatten(1)
        return x if before_relu else x.relu()


def train_plain(path: str | None) -> Run:
    """A run of which two processes can do the halves; in a process of its own, or here."""
    deepcluster.build_encoder = lambda *_, **__: Plain()
    return train_deepcluster(load("shapes", "train", limit=200), replace(SMALL, reassign_every=2), path, progress=None)


@pytest.mark.skipif(not dist.is_gloo_available(), reason="needs the gloo backend")
def test_two_processes_end_with_the_weights_of_one(tmp_path, monkeypatch):
    script = (
        f"import os, sys; sys.path.insert(0, {os.path.dirname(__file__)!r}); import test_deepcluster as t; "
        f"t.train_plain({str(tmp_path)!r}); os._exit(0)"  # as in aimsssl/__main__.py
    )
    common = {**os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    command = [sys.executable, "-c", script]
    processes = [
        subprocess.Popen(
            command, env={**common, "RANK": str(r), "OMP_NUM_THREADS": "1"}, stderr=subprocess.PIPE, text=True
        )
        for r in range(2)
    ]
    for process in processes:
        _, error = process.communicate(timeout=120)
        assert process.returncode == 0, error
    monkeypatch.setattr(deepcluster, "build_encoder", deepcluster.build_encoder)  # put back what train_plain changes
    one, two = train_plain(None), torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    for (name, expected), came in zip(one.model.state_dict().items(), two["model"].values(), strict=True):
        torch.testing.assert_close(came, expected, rtol=1e-3, atol=1e-5, msg=name)
    assert torch.equal(two["assignments"][0], one.assignments[0])


# --- trivial solutions ----------------------------------------------------------------------------------------------


def finite(run: Run) -> bool:
    numbers = [v for row in run.history for v in row.values() if isinstance(v, float)]
    weights = [w for w in run.model.state_dict().values() if w.is_floating_point()]
    return all(map(math.isfinite, numbers)) and all(w.isfinite().all() for w in weights)


def test_nine_tenths_of_the_images_are_one(images):
    run = train_deepcluster(nine_tenths_identical(images), SMALL, progress=None)
    assert finite(run) and len(run.history) == 4
    sizes = run.assignments[0].bincount(minlength=12)
    assert sizes.max() > 0.85 * sizes.sum() and run.history[1]["reassigned"] > 0


def test_more_clusters_than_different_images(images):
    pixels = images.images[:8].repeat(20, 1, 1, 1)
    run = train_deepcluster(
        ImageSet("eight", pixels, images.labels, images.classes), replace(SMALL, clusters=40), progress=None
    )
    assert finite(run) and all(row["empty_clusters"] >= 32 for row in run.history[1:])
    assert run.last("loss") < math.log(40)


def test_images_that_are_all_the_same_are_refused(images, tmp_path):
    one = ImageSet("one", images.images[:1].repeat(160, 1, 1, 1), images.labels, images.classes)
    with pytest.raises(RunError, match="before epoch 1 all 140 images fall into one cluster"):
        train_deepcluster(one, SMALL, tmp_path / "run", progress=None)
    assert not (tmp_path / "run" / "config.json").exists(), "what never trained takes no folder"


@pytest.mark.parametrize(
    "value,words", [(0.0, "before epoch 2 all 140 images fall into one cluster"), (math.nan, "NaN")]
)
def test_an_encoder_that_collapses_stops_the_run_with_a_sentence(images, value, words):
    def collapse(run):
        if run.history[-1]["epoch"] == 1:
            with torch.no_grad():
                for parameter in run.model.encoder.parameters():
                    parameter.fill_(value)

    with pytest.raises(RunError, match=f"{words}.*learning_rate"):
        train_deepcluster(images, SMALL, progress=collapse)


def test_features_of_few_values_go_on(images):
    """An encoder of which almost nothing is left: two different features for all images."""

    def collapse(run):
        if run.history[-1]["epoch"] == 1:
            run.model.encoder.register_forward_hook(
                lambda module, inputs, output: (
                    output if module.training else (output[:, :1] > output[0, 0]) + 0 * output
                )
            )

    run = train_deepcluster(images, replace(SMALL, held_out=0), progress=collapse)
    assert finite(run) and run.history[2]["empty_clusters"] == 10


# --- around it ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoder", ["convnet", "resnet18", "alexnet", "vgg16"])
@pytest.mark.parametrize("sobel", [False, True])
def test_every_encoder_trains_is_loaded_and_exported(images, tmp_path, encoder, sobel):
    grey = ImageSet(images.name, images.images[:, :1], images.labels, images.classes)
    config = replace(SMALL, encoder=encoder, sobel=sobel, epochs=1, snapshot_epochs=())
    run = train_deepcluster(grey, config, tmp_path / "run", progress=None)
    loaded, _ = load_encoder(tmp_path / "run")
    features = extract(loaded, grey.images[:9])
    torch.testing.assert_close(features, extract(run.model.encoder, grey.images[:9]), rtol=1e-4, atol=1e-5)
    assert random_encoder(run).feature_dim == loaded.feature_dim == features.shape[1]
    lines = export_encoder(tmp_path / "run", tmp_path / "encoder.pt")
    names = {}
    exec(lines, names)
    batch = (grey.images[:9].float() / 255).contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(names["encoder"](batch).detach(), features, rtol=1e-4, atol=1e-5)


def test_the_same_encoders_are_trained_with_labels(images):
    config = SupervisedConfig(encoder="alexnet", sobel=True, width=2, epochs=1, batch_size=28, precision="float32")
    run = train_supervised(images, config, progress=None)
    assert type(run.model.encoder.encoder).__name__ == "ConvStack" and run.last("loss") > 0


def test_images_without_labels(images):
    unknown = ImageSet("x", images.images, torch.full((160,), -1), ())
    run = train_deepcluster(unknown, replace(SMALL, epochs=2), progress=None)
    assert [row.get("nmi_labels") for row in run.history] == [None] * 3 and run.last("nmi_previous") > 0


def test_the_command_line(tmp_path, capsys):
    flags = "--limit 300 --epochs 1 --clusters 20 --pca-dim 16 --encoder convnet --sobel"
    command = ["train", "deepcluster", "--data", "shapes", "--run-dir", str(tmp_path / "run"), *flags.split()]
    assert aimsssl(command) == 0 and aimsssl(command) == 0
    assert aimsssl(["evaluate", str(tmp_path / "run"), "--data", "shapes", "--limit", "200"]) == 0
    assert "deepcluster" in capsys.readouterr().out
    run = Run.open(tmp_path / "run")
    assert run.config["clusters"] == 20 and run.config["sobel"] and run.last("seconds_kmeans") > 0


@pytest.mark.parametrize(
    "changes",
    [dict(encoder="lenet"), dict(clusters=1), dict(pca_dim=0), dict(kmeans_iterations=0), dict(reassign_every=0)],
)
def test_configuration_mistakes_are_named(changes):
    with pytest.raises(ValueError, match=next(iter(changes))):
        replace(SMALL, **changes)


def test_more_clusters_than_images_are_refused(images):
    with pytest.raises(ValueError, match="clusters must be at most 140, the number of images, got 141"):
        train_deepcluster(images, replace(SMALL, clusters=141))

"""Whose random numbers: the package draws its own, and the caller's go on as if it had not been called."""

import ast
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import same_weights

from aimsssl import evaluation, profile, training
from aimsssl.datasets import load
from aimsssl.models import alexnet
from aimsssl.randomness import RandomStream

PACKAGE = Path(__file__).parents[1] / "aimsssl"
SETS_A_STATE = {"manual_seed", "seed", "set_rng_state", "set_state", "setstate", "manual_seed_all", "initial_seed"}
DRAWS = {"rand", "randn", "randint", "randperm", "rand_like", "randn_like", "normal", "bernoulli", "multinomial"}
DRAWS |= {
    "normal_",
    "uniform_",
    "bernoulli_",
    "exponential_",
    "random_",
    "shuffle",
    "choice",
    "sample",
}
OF_A_SEED = {"random_state"}  # scikit-learn's name for a seed: left out, it draws from NumPy's global numbers
SKLEARN = {"TSNE", "train_test_split", "KMeans", "StratifiedShuffleSplit"}
ITS_OWN = {  # what keeps the caller's state itself, in a form that the search below does not see
    "explorers/lesson05/stepping.py",  # the paper's refill draws as a student's would, inside its caller's stream
    "randomness.py",
    "exercises/calling.py",  # same_random_state, inside which the checks of all lessons run
}


def state() -> tuple:
    kind, keys, *rest = np.random.get_state()
    return torch.get_rng_state().tolist(), kind, keys.tolist(), rest, random.getstate()


def global_draws(source: str) -> list[str]:
    """Calls that set or use global random numbers outside of a `with RandomStream`, `fork_rng` or the like."""
    found = []

    def visit(node: ast.AST, own: bool) -> None:
        if isinstance(node, ast.With):
            own = own or any(
                w in ast.unparse(i.context_expr)
                for i in node.items
                for w in ("RandomStream", "fork_rng", "stream", "same_random_state")
            )
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            of = ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
            given = {keyword.arg for keyword in node.keywords}
            if name in SETS_A_STATE and of in ("torch", "np.random", "random", "torch.cuda", "torch.random"):
                found.extend([] if own else [f"{node.lineno}: {of}.{name}"])
            elif name in DRAWS and (of in ("torch", "np.random", "random") or name.endswith("_")):
                found.extend([] if own or "generator" in given else [f"{node.lineno}: {of}.{name}"])
            elif of == "np.random" and name != "default_rng":
                found.append(f"{node.lineno}: {of}.{name}")
            elif name in SKLEARN and not own and not given & OF_A_SEED:
                found.append(f"{node.lineno}: {name}")
        for child in ast.iter_child_nodes(node):
            visit(child, own)

    visit(ast.parse(source), False)
    return found


def test_no_module_draws_from_or_sets_the_global_numbers():
    """`generator=None` in a signature is the caller's own choice; a call that cannot be given one is not."""
    files = {p.relative_to(PACKAGE).as_posix(): p.read_text(encoding="utf-8") for p in PACKAGE.rglob("*.py")}
    assert len(files) > 60
    checks = [name for name in files if name.startswith("exercises/lesson")]
    found = {name: global_draws(files[name]) for name in files if name not in ITS_OWN and name not in checks}
    assert {name: calls for name, calls in found.items() if calls} == {}


@pytest.mark.parametrize(
    "source,count",
    [
        ("torch.manual_seed(0)", 1),
        ("with RandomStream(0):\n torch.rand(3)", 0),
        ("torch.rand(3)", 1),
        ("torch.rand(3, generator=g)", 0),
        ("np.random.seed(0)", 1),
        ("np.random.default_rng(0).random()", 0),
        ("random.shuffle(x)", 1),
        ("x.normal_()", 1),
        ("TSNE(2)", 1),
        ("TSNE(2, random_state=seed)", 0),
        ("torch.set_rng_state(s)", 1),
    ],
)
def test_the_search_finds_what_it_should(source, count):
    assert len(global_draws(source)) == count


def test_a_stream_is_manual_seeds_and_goes_on_where_it_was():
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(8)
    before, stream = state(), RandomStream(3)
    with stream:
        first = torch.rand(2)
    assert state() == before
    kept = stream.get_state()
    with stream:
        second = torch.rand(2)
    assert torch.equal(torch.cat([first, second]), expected) and state() == before
    stream.set_state(kept)
    with stream:
        assert torch.equal(torch.rand(2), second)
    with pytest.raises((RuntimeError, TypeError)):
        stream.set_state({"cpu": torch.zeros(3)})


SMALL = dict(width=4, epochs=2, batch_size=16, precision="float32", held_out=16)
METHODS = {
    "simclr": (training.SimCLRConfig(**SMALL), training.train_simclr),
    "jigsaw": (training.PretextConfig(task="jigsaw", **SMALL), training.train_pretext),
    "inpainting": (training.PretextConfig(task="inpainting", **SMALL), training.train_pretext),
    "deepcluster": (training.DeepClusterConfig(clusters=4, **SMALL), training.train_deepcluster),
    "supervised": (training.SupervisedConfig(encoder="alexnet", **SMALL), training.train_supervised),  # with dropout
}


@pytest.mark.parametrize("method", METHODS)
def test_training_going_on_and_reading_leave_the_callers_numbers(tmp_path, method):
    """Three seeds set before a finished run is read are three seeds afterwards."""
    images, (config, train) = load("shapes", "train", limit=80), METHODS[method]

    class Stop(Exception):
        pass

    def stop(run):
        torch.rand(5), np.random.rand(3), random.random()  # a progress function may draw: training is not touched
        if run.history[-1]["epoch"] == 1:
            raise Stop

    whole = train(images, config, progress=None)
    with pytest.raises(Stop):
        train(images, config, tmp_path / "run", progress=stop)
    for seed in (7, 8, 9):  # goes on once, then reads what is finished
        torch.manual_seed(seed), np.random.seed(seed), random.seed(seed)
        before = state()
        run = train(images, config, tmp_path / "run", progress=None)
        assert state() == before and run.history[-1]["epoch"] == 2
        training.load_encoder(tmp_path / "run"), training.random_encoder(run)
        assert state() == before
        assert same_weights(run.model, whole.model), "a run is its seed's, whatever the caller drew before"


def test_measuring_leaves_the_callers_numbers():
    images = load("shapes", "train", limit=60)
    x, y = images.images.flatten(1).float(), images.labels % 3
    dropout = alexnet(2, 3)  # its weights are drawn from the caller's numbers, as those of PyTorch's layers are
    calls = {
        "linear_probe": lambda: evaluation.linear_probe(x[:40], y[:40], x[40:], y[40:]),
        "finetune": lambda: evaluation.finetune(dropout, images.images, y, images.images, y, epochs=1),
        "tsne": lambda: evaluation.tsne(x, perplexity=5),
        "clustering_scores": lambda: evaluation.clustering_scores(y, y),
        "factor_audit": lambda: evaluation.factor_audit(x, images.factors, x, images.factors),
        "faster_precision": lambda: profile.faster_precision.__wrapped__(4),
        "load": lambda: load("shapes", "test", limit=50, seed=3),
    }
    for name, call in calls.items():
        before = state()
        call()
        assert state() == before, name

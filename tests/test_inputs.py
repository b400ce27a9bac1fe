"""Hostile input to every public function of the rows that compute: refused by name, or answered rightly.

Each function has one call that is right (`CASES`); a public function without one fails the first test. Hypothesis then
spoils one argument. What is only another way to say the same (an array, float64, a view, another integer type) must get
the same answer. All else gets a `TypeError` or `ValueError` with the argument's name, or a finite answer.
"""

import dataclasses
import importlib
import inspect
import math
import re
import warnings
from collections.abc import Callable, Mapping

import numpy as np
import pytest
import torch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from aimsssl import augment, clustering, evaluation, inputs, losses, models, optim, pretext

ROOMS = (inputs, losses, optim, clustering, augment, models, pretext, evaluation)
ELSEWHERE = {  # what is tried in a file of its own, or only holds what was found
    "inputs.": "what refuses: all cases try it",
    "evaluation.Finding": "a result", "evaluation.FactorScore": "a result", "evaluation.FinetuneResult": "a result",
    "evaluation.ProbeResult": "a result", "evaluation.Retrieval": "a result", "evaluation.Score": "a result",
    "evaluation.Interval": "a result", "evaluation.ClusteringScores": "a result", "clustering.KMeansResult": "a result",
}  # fmt: skip

# ---- calls that are right; how an argument is spoilt depends on what it is

FEATURES, LABELS, IMAGES, COUNT, SIZE, NUMBER, NAME, MODULE, OTHER = (
    "features labels images count size number name module other".split()
)


def draws(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


X, Q = draws(40, 5), draws(12, 5, seed=1)
Y, T = torch.arange(40) % 3, torch.arange(12) % 3
PIXELS = (torch.rand(6, 3, 12, 12, generator=torch.Generator().manual_seed(2)) * 255).to(torch.uint8)
FLOATS = PIXELS / 255
EACH = torch.linspace(0.1, 0.9, 6)
HOLES = torch.zeros(6, 1, 12, 12, dtype=torch.bool)
HOLES[:, :, 2:6, 3:7] = True
torch.manual_seed(0)
ENCODER = models.resnet18("small", 2, 3).eval()
LAYER = evaluation.convolutions(ENCODER)["conv1"]
ROTATION = models.SimCLR(ENCODER, nn.Linear(16, 4))
FILLS = models.SimCLR(ENCODER, pretext.Decoder(16, 3, 12, 2))
TRAIN_TEST = dict(
    train_features=(FEATURES, X), train_labels=(LABELS, Y), test_features=(FEATURES, Q), test_labels=(LABELS, T)
)
SEED = (SIZE, 3)


def generated(function: Callable) -> Callable:
    """With random numbers that are the same in each call."""
    return lambda **given: function(**given, generator=torch.Generator().manual_seed(0))


def built(function: Callable, shape: Callable[..., tuple[int, ...]]) -> Callable:
    """The output of a module that is made anew, for an input of the shape that goes with its arguments."""

    def call(**given):
        torch.manual_seed(0)
        module = function(**given).eval()
        return module(draws(*shape(**given)).sigmoid())

    return call


def of_channels(in_channels: int, **_) -> tuple[int, ...]:
    return 2, in_channels, 12, 12


def stepped(optimizer: type) -> Callable:
    """Weights after one step."""

    def call(**given) -> Tensor:
        weight = nn.Parameter(X.clone())
        weight.grad = X * 2
        optimizer([weight], **given).step()
        return weight.detach()

    return call


VIEWS = dict(
    size=(COUNT, 8), jitter=(NUMBER, 0.5), grayscale=(NUMBER, 0.2), blur=(NUMBER, 0.5), flip=(NUMBER, 0.5),
    rotate=(NUMBER, 10.0), crop_scale=(OTHER, (0.2, 1.0)),
)  # fmt: skip


def views(kind: type) -> Callable:
    return lambda **given: kind(**given)(PIXELS, torch.Generator().manual_seed(0))


FACTORS = {"class": Y, "size": X[:, 0] + 0.1 * draws(40), "hue": 90 * X[:, 1]}
OF_TEST = {"class": T, "size": Q[:, 0] + 0.1 * draws(12), "hue": 90 * Q[:, 1]}
STEPS = dict(units=(LABELS, torch.tensor([0, 1])), shape=(OTHER, (3, 12, 12)), steps=(COUNT, 2),
             step_size=(NUMBER, 1.0), decay=(NUMBER, 0.01), blur=(NUMBER, 0.5), blur_every=(COUNT, 2), seed=SEED)  # fmt: skip

CASES: dict[str, tuple[Callable, dict]] = {
    "losses.nt_xent": (losses.nt_xent, dict(z1=("embeddings", X[:8]), z2=("embeddings", Q[:8]), temperature=(NUMBER, 0.5), chunk_size=(SIZE, 3))),
    "optim.LARS": (stepped(optim.LARS), dict(lr=(NUMBER, 0.1), momentum=(NUMBER, 0.9), weight_decay=(NUMBER, 1e-4), trust_coefficient=(NUMBER, 1e-3))),
    "optim.Muon": (stepped(optim.Muon), dict(lr=(NUMBER, 0.1), momentum=(NUMBER, 0.9), weight_decay=(NUMBER, 1e-4))),
    "optim.split_decay_groups": (optim.split_decay_groups, dict(model=(MODULE, nn.Linear(2, 2)), weight_decay=(NUMBER, 1e-4))),
    "optim.warmup_cosine": (optim.warmup_cosine, dict(step=(SIZE, 3), total_steps=(SIZE, 9), warmup_steps=(SIZE, 2), peak=(NUMBER, 1.0), final=(NUMBER, 0.0))),
    "clustering.pca_whiten": (clustering.pca_whiten, dict(features=("floats", X), dim=(SIZE, 3), like=("floats", Q))),
    "clustering.kmeans": (clustering.kmeans, dict(x=("floats", X), k=(SIZE, 3), iterations=(COUNT, 4), init=(NAME, "k-means++"), seed=SEED, chunk_size=(SIZE, 16))),
    "clustering.uniform_over_clusters": (generated(clustering.uniform_over_clusters), dict(assignments=(LABELS, Y), n=(COUNT, 9))),
    "augment.to_float": (augment.to_float, dict(images=(IMAGES, PIXELS))),
    "augment.random_boxes": (generated(augment.random_boxes), dict(count=(COUNT, 4), height=(COUNT, 12), width=(COUNT, 9), scale=(OTHER, (0.2, 1.0)), ratio=(OTHER, (0.75, 1.25)))),
    "augment.resized_crop": (augment.resized_crop, dict(images=(IMAGES, FLOATS), boxes=("each", torch.tensor([[1.0, 2, 6, 5]]).repeat(6, 1)), size=(COUNT, 8), flip=("each", EACH < 0.5))),
    "augment.rotate": (augment.rotate, dict(images=(IMAGES, FLOATS), degrees=("each", EACH * 90))),
    "augment.gaussian_blur": (augment.gaussian_blur, dict(images=(IMAGES, FLOATS), sigma=("each", EACH), kernel_size=(COUNT, 3))),
    "augment.grayscale": (augment.grayscale, dict(images=(IMAGES, FLOATS))),
    "augment.adjust_brightness": (augment.adjust_brightness, dict(images=(IMAGES, FLOATS), factor=("each", EACH))),
    "augment.adjust_contrast": (augment.adjust_contrast, dict(images=(IMAGES, FLOATS), factor=("each", EACH))),
    "augment.adjust_saturation": (augment.adjust_saturation, dict(images=(IMAGES, FLOATS), factor=("each", EACH))),
    "augment.adjust_hue": (augment.adjust_hue, dict(images=(IMAGES, FLOATS), shift=("each", EACH / 2))),
    "augment.Augment": (views(augment.Augment), VIEWS),
    "augment.TwoViews": (views(augment.TwoViews), VIEWS),
    "models.ProjectionHead": (built(models.ProjectionHead, lambda d_in, **_: (4, d_in)), dict(d_in=(COUNT, 5), d_hidden=(COUNT, 3), d_out=(COUNT, 2))),
    "models.SimCLR": (lambda **given: models.SimCLR(**given)(FLOATS), dict(encoder=(MODULE, ENCODER), head=(MODULE, nn.Identity()))),
    "models.Sobel": (lambda x: models.Sobel()(x), dict(x=(IMAGES, FLOATS))),
    "models.alexnet": (built(models.alexnet, of_channels), dict(width=(COUNT, 2), in_channels=(COUNT, 3))),
    "models.vgg16": (built(models.vgg16, of_channels), dict(width=(COUNT, 1), in_channels=(COUNT, 3))),
    "models.convnet": (built(models.convnet, of_channels), dict(width=(COUNT, 1), in_channels=(COUNT, 3))),
    "models.resnet18": (built(models.resnet18, of_channels), dict(stem=(NAME, "small"), width=(COUNT, 2), in_channels=(COUNT, 3))),
    "models.build_encoder": (built(models.build_encoder, of_channels), dict(name=(NAME, "resnet18"), stem=(NAME, "small"), width=(COUNT, 2), in_channels=(COUNT, 3))),
    "models.extract": (models.extract, dict(encoder=(MODULE, ENCODER), images=("arrays", PIXELS), batch_size=(SIZE, 4))),
    "pretext.answers": (pretext.answers, dict(model=(MODULE, ROTATION), x=("arrays", PIXELS))),
    "pretext.rotated_batch": (pretext.rotated_batch, dict(images=(IMAGES, PIXELS))),
    "pretext.rotation_confusion": (pretext.rotation_confusion, dict(model=(MODULE, ROTATION), images=(IMAGES, PIXELS), labels=(LABELS, torch.arange(6) % 3))),
    "pretext.plant_shortcut": (pretext.plant_shortcut, dict(images=(IMAGES, PIXELS), strength=(NUMBER, 0.1))),
    "pretext.random_holes": (generated(pretext.random_holes), dict(count=(COUNT, 4), size=(COUNT, 12), hole=(SIZE, 3))),
    "pretext.hide": (pretext.hide, dict(images=(IMAGES, PIXELS), holes=("each", HOLES))),
    "pretext.hole_loss": (pretext.hole_loss, dict(prediction=("each", FLOATS.flip(0)), images=(IMAGES, FLOATS), holes=("each", HOLES))),
    "pretext.fill": (pretext.fill, dict(model=(MODULE, FILLS), images=(IMAGES, PIXELS), holes=("each", HOLES))),
    "pretext.Decoder": (built(pretext.Decoder, lambda d_in, **_: (2, d_in)), dict(d_in=(COUNT, 5), channels=(COUNT, 3), size=(COUNT, 6), width=(COUNT, 2))),
    "pretext.hamming_permutations": (pretext.hamming_permutations, dict(tiles=(SIZE, 4), count=(SIZE, 5), seed=SEED)),
    "pretext.cut_tiles": (generated(pretext.cut_tiles), dict(images=(IMAGES, FLOATS), grid=(SIZE, 2), tile=(SIZE, 4), share=(OTHER, (0, 1)))),
    "pretext.normalise_tiles": (pretext.normalise_tiles, dict(tiles=("each", FLOATS[:, None]))),
    "pretext.shuffled_tiles": (pretext.shuffled_tiles, dict(tiles=("each", X[:, :4]), order=("each", torch.arange(4).repeat(40, 1)))),
    "pretext.JigsawHead": (built(pretext.JigsawHead, lambda d_in, tiles, **_: (2 * tiles, d_in)), dict(d_in=(COUNT, 5), tiles=(COUNT, 4), orders=(COUNT, 3), d_hidden=(COUNT, 2))),
    "evaluation.alignment": (evaluation.alignment, dict(z1=(FEATURES, X), z2=(FEATURES, X.flip(0)), alpha=(NUMBER, 2.0))),
    "evaluation.partner_found": (evaluation.partner_found, dict(z1=(FEATURES, X), z2=(FEATURES, X.flip(0)), chunk_size=(SIZE, 7))),
    "evaluation.uniformity": (evaluation.uniformity, dict(z=(FEATURES, X), t=(NUMBER, 2.0), chunk_size=(SIZE, 7))),
    "evaluation.effective_rank": (evaluation.effective_rank, dict(z=(FEATURES, X))),
    "evaluation.balanced_accuracy": (evaluation.balanced_accuracy, dict(predictions=(LABELS, Y.flip(0)), labels=(LABELS, Y))),
    "evaluation.majority_baseline": (evaluation.majority_baseline, dict(train_labels=(LABELS, Y), test_labels=(LABELS, T))),
    "evaluation.clustering_scores": (evaluation.clustering_scores, dict(clusters=(LABELS, Y.flip(0)), labels=(LABELS, Y))),
    "evaluation.bootstrap_interval": (evaluation.bootstrap_interval, dict(scores=("scores", X[:, 0]), level=(NUMBER, 0.9), resamples=(COUNT, 9), seed=SEED)),
    "evaluation.bootstrap_difference": (evaluation.bootstrap_difference, dict(a=("scores", X[:, 0]), b=("scores", X[:, 1]), level=(NUMBER, 0.9), resamples=(COUNT, 9), seed=SEED)),
    "evaluation.seed_interval": (evaluation.seed_interval, dict(values=("scores", X[:3, 0]), level=(NUMBER, 0.9))),
    "evaluation.seed_difference": (evaluation.seed_difference, dict(a=("scores", X[:3, 0]), b=("scores", X[:4, 1]), level=(NUMBER, 0.9))),
    "evaluation.rebuild_interval": (evaluation.rebuild_interval, dict(values=("scores", torch.tensor([0.25, 0.5, 0.5])), test_images=(SIZE, 90), level=(NUMBER, 0.9))),
    "evaluation.nearest_neighbours": (evaluation.nearest_neighbours, dict(keys=(FEATURES, X), queries=(FEATURES, Q), k=(SIZE, 3), chunk_size=(SIZE, 5))),
    "evaluation.knn_predict": (evaluation.knn_predict, {k: v for k, v in TRAIN_TEST.items() if k != "test_labels"} | dict(k=(SIZE, 3), temperature=(NUMBER, 0.1))),
    "evaluation.knn_accuracy": (evaluation.knn_accuracy, TRAIN_TEST | dict(k=(SIZE, 3), temperature=(NUMBER, 0.1))),
    "evaluation.linear_probe": (evaluation.linear_probe, TRAIN_TEST | dict(inverse_penalties=(OTHER, (0.01, 1.0)), validation_share=(NUMBER, 0.2), seed=SEED, max_iterations=(COUNT, 20))),
    "evaluation.retrieval": (evaluation.retrieval, dict(keys=(FEATURES, X), key_labels=(LABELS, Y), queries=(FEATURES, Q), query_labels=(LABELS, T), ks=("ks", (1, 5)))),
    "evaluation.diagnose": (evaluation.diagnose, TRAIN_TEST),
    "evaluation.factor_audit": (evaluation.factor_audit, dict(train_features=(FEATURES, X), train_factors=(OTHER, FACTORS), test_features=(FEATURES, Q), test_factors=(OTHER, OF_TEST), validation_share=(NUMBER, 0.2), seed=SEED)),
    "evaluation.tsne": (evaluation.tsne, dict(features=(FEATURES, X), perplexity=(NUMBER, 5.0), seed=SEED)),
    "evaluation.score_representations": (evaluation.score_representations, dict(features=(OTHER, {"h": (X, Q)}), train_labels=(LABELS, Y), test_labels=(LABELS, T), k=(SIZE, 3), probe_labels=(SIZE, 30), seed=SEED)),
    "evaluation.format_table": (evaluation.format_table, dict(scores=(OTHER, evaluation.score_representations({"h": (X, Q)}, Y, T, k=3)), classes=(COUNT, 3))),
    "evaluation.further_measures": (evaluation.further_measures, dict(train=(FEATURES, X), train_labels=(LABELS, Y), test=(FEATURES, Q), test_labels=(LABELS, T), ranking=(LABELS, torch.arange(12)), seed=SEED)),
    "evaluation.finetune": (evaluation.finetune, dict(encoder=(MODULE, ENCODER), train_images=("arrays", PIXELS), train_labels=(LABELS, torch.arange(6) % 2), test_images=("arrays", PIXELS), test_labels=(LABELS, torch.arange(6) % 2), epochs=(COUNT, 1), batch_size=(SIZE, 3), learning_rate=(NUMBER, 1e-3), weight_decay=(NUMBER, 1e-4), flip=(NUMBER, 0.5), crop_scale=(OTHER, (0.4, 1.0)), seed=SEED)),
    "evaluation.convolutions": (lambda encoder: len(evaluation.convolutions(encoder)), dict(encoder=(MODULE, ENCODER))),
    "evaluation.first_filters": (evaluation.first_filters, dict(encoder=(MODULE, ENCODER))),
    "evaluation.most_exciting": (evaluation.most_exciting, dict(encoder=(MODULE, ENCODER), layer=(MODULE, LAYER), images=("arrays", PIXELS), count=(SIZE, 3), batch_size=(SIZE, 4))),
    "evaluation.gradient_ascent": (lambda **given: evaluation.gradient_ascent(ENCODER, LAYER, **given), STEPS),
}  # fmt: skip


# ---- what an argument is spoilt with: (value, what must come of it)

SAME, REFUSED, EITHER = "the same answer", "a refusal that names it", "either a refusal or a finite answer"
NO_NUMBERS = st.sampled_from([None, "text", "1", b"1", object(), {}, 1j]).map(lambda value: (value, REFUSED))


def strided(x: Tensor) -> Tensor:
    """The same numbers, with others between them."""
    return torch.stack([x, x], dim=-1)[..., 0]


def hostile(kind: str, value) -> st.SearchStrategy:
    if kind in (FEATURES, "floats", "embeddings", "scores"):
        return features(kind, value)
    if kind == LABELS:
        return labels(value)
    if kind in (IMAGES, "arrays", "each"):
        return tensors(kind, value)
    if kind in (COUNT, SIZE):
        large = [10**6, 10**9, 2**62, 10**30] if kind == SIZE else []
        whole = st.sampled_from([0, 1, 2, value + 1, *large]).map(lambda n: (n, EITHER))
        below = st.integers(-(10**20), -1).map(lambda n: (n, REFUSED))
        wrong = st.sampled_from([True, 2.0, 2.5, math.nan, math.inf, torch.tensor([1, 2]), [3]]).map(
            lambda n: (n, REFUSED)
        )
        return whole | below | wrong | NO_NUMBERS.filter(lambda c: c[0] is not None) | st.just((np.int64(value), SAME))
    if kind == NUMBER:
        ends = st.sampled_from([math.nan, math.inf, -math.inf, True]).map(lambda n: (n, REFUSED))
        extreme = st.sampled_from([0, 0.0, 1, -1, 1e-45, 1e-300, 1e38, 1e300, 10**400]).map(lambda n: (n, EITHER))
        usual = st.floats(allow_nan=False, allow_infinity=False).map(lambda n: (n, EITHER))
        same = st.sampled_from([np.float64(value), torch.tensor(value, dtype=torch.float64)]).map(lambda n: (n, SAME))
        return ends | extreme | usual | same | NO_NUMBERS.filter(lambda c: c[0] is not None)
    if kind == "ks":
        good = st.just(((1, 5, 1), SAME)) | st.lists(st.integers(1, 40), min_size=1).map(lambda ks: (ks, EITHER))
        bad = [(), (0,), (-1, 1), (41,), (1.5,), (True,), ("1",), None, 3, "12"]
        return good | st.sampled_from(bad).map(lambda ks: (ks, REFUSED))
    return st.sampled_from([None, "what", 3.5, object(), [], ["a"]]).map(
        lambda v: (v, EITHER if v is None or v == [] else REFUSED)
    )


@st.composite
def features(draw, kind: str, x: Tensor):
    same = [x.double(), strided(x), x.clone().requires_grad_()]
    if kind != "embeddings":  # of a loss that is to be differentiated: tensors only
        same += [x.numpy(), x.numpy()[::-1][::-1], x.tolist()]
    spoilt, n = x.clone(), draw(st.integers(0, len(x) - 1))
    spoilt[n] = draw(st.sampled_from([math.nan, math.inf, -math.inf]))
    scale = draw(st.sampled_from([1e-44, 1e-38, 1e-30, 1e-20, 1e-10, 1e10, 1e20, 1e38]))
    row = x.clone() / x.abs().max()
    row[n] *= scale
    shape = draw(st.lists(st.integers(0, 4), max_size=3))
    wild = [
        x.half(), x.bfloat16(), (x * 3).int(), (x * 3).to(torch.int8), x > 0, x / x.abs().max() * scale, row,
        x.double() / x.abs().max() * scale**7, torch.zeros_like(x), torch.ones_like(x), x[:1], x[:2], x[:0], x[..., :0],
        x[None], torch.tensor(1.0), torch.zeros(shape), torch.rand(shape),
    ]  # fmt: skip
    refused = [spoilt, x.to(torch.complex64), None, "text", object(), [[1.0], [1.0, 2.0]], {"a": 1}]
    answers = {SAME: same, EITHER: wild, REFUSED: refused}
    what = draw(st.sampled_from(list(answers)))
    return draw(st.sampled_from(answers[what])), what


@st.composite
def labels(draw, y: Tensor):
    same = [y.int(), y.to(torch.int16), y.to(torch.int8), y.to(torch.uint8), strided(y), y.numpy(), y.tolist()]
    n = draw(st.integers(0, len(y) - 1))
    large, unknown = y.clone(), y.clone()
    large[n], unknown[n] = draw(st.sampled_from([10**9, 2**62, 7])), -draw(st.integers(1, 2**62))
    wild = [large, y * 1000 + 5, torch.zeros_like(y), y > 0, unknown]
    refused = [
        y.float(),
        y.double(),
        y / 2,
        y[None],
        y[:0],
        torch.tensor(1),
        y.to(torch.complex64),
        None,
        "text",
        object(),
    ]
    answers = {SAME: same, EITHER: wild, REFUSED: refused}
    what = draw(st.sampled_from(list(answers)))
    return draw(st.sampled_from(answers[what])), what


@st.composite
def tensors(draw, kind: str, x: Tensor):
    """Images, and what comes with them, one a row."""
    spoilt = x.clone().float()
    spoilt[draw(st.integers(0, len(x) - 1))] = draw(st.sampled_from([math.nan, math.inf, 1e38, 300.0, -5.0]))
    shape = draw(st.lists(st.integers(0, 13), max_size=5))
    wild = [x.long(), x.half(), x > 0, x[:1], x[:0], x[..., :1], x.reshape(len(x), -1), x[None], torch.zeros(shape), torch.rand(shape),
            torch.zeros_like(x), x.float().clone().requires_grad_(), spoilt, x.to(torch.complex64), x.bool(), x.double()]  # fmt: skip
    same = [strided(x)] + [x.numpy(), strided(x).numpy()] * (kind == "arrays")
    refused = [None, "text", object(), [[1.0], [1.0, 2.0]]] + [x.numpy()] * (kind != "arrays")
    answers = {SAME: same, EITHER: wild, REFUSED: refused}
    what = draw(st.sampled_from(list(answers)))
    return draw(st.sampled_from(answers[what])), what


# ---- the tests


def public(room) -> list[str]:
    """Names of what a room offers: `__all__`, or what is defined there without an underscore."""
    here = [n for n, item in vars(room).items() if callable(item) and getattr(item, "__module__", "") == room.__name__]
    names = [n for n in getattr(room, "__all__", here) if callable(getattr(room, n))]
    return [f"{room.__name__.split('.')[-1]}.{n}" for n in names if not n.startswith("_")]


def test_every_public_function_has_a_case():
    names = [name for room in ROOMS for name in public(room) if not name.startswith(tuple(ELSEWHERE))]
    assert sorted(names) == sorted(CASES) and len(names) > 50
    for name, (_, arguments) in CASES.items():
        room, function = name.split(".")
        has = inspect.signature(getattr(importlib.import_module(f"aimsssl.{room}"), function)).parameters
        # images of `diagnose` and what is left at its default are tried in their own files
        assert set(arguments) <= {*has, "x"} and len(arguments) >= sum(p.default is p.empty for p in has.values()) - 2


def numbers(result) -> list[float]:
    """All numbers of a result, in order."""
    if isinstance(result, (Tensor, np.ndarray)):
        return torch.as_tensor(result).detach().double().flatten().tolist()
    if isinstance(result, Mapping):
        return [n for value in result.values() for n in numbers(value)]
    if dataclasses.is_dataclass(result):
        return [n for f in dataclasses.fields(result) for n in numbers(getattr(result, f.name))]
    if isinstance(result, (list, tuple)):
        return [n for value in result for n in numbers(value)]
    return [float(result)] if isinstance(result, (int, float)) else []


def answer(function: Callable, arguments: dict) -> list[float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn's, of fits that did not converge
        return numbers(function(**arguments))


ANSWERS: dict[str, list[float]] = {}


@pytest.mark.parametrize("name", CASES)
def test_hostile_input_is_refused_by_name_or_answered(name):
    function, arguments = CASES[name]
    right = {argument: value for argument, (_, value) in arguments.items()}
    expected = answer(function, right)
    assert all(map(math.isfinite, expected)), "the case itself"

    wrong = set()  # all that went wrong, in a line each: shrinking takes long and says less

    @settings(max_examples=20 * len(arguments), deadline=None, derandomize=True, database=None, phases=[Phase.generate])
    @given(st.data())
    def attempt(data):
        argument = data.draw(st.sampled_from(list(arguments)))
        value, wanted = data.draw(hostile(*arguments[argument]))
        try:
            found = answer(function, right | {argument: value})
        except (TypeError, ValueError) as error:
            named = [argument] if wanted == REFUSED else [*arguments]
            if wanted == SAME or not any(re.search(rf"\b{n}\b", str(error)) for n in named):
                wrong.add(f"{argument} = {told(value)} should get {wanted}: {error!r:.150}")
        except Exception as error:  # noqa: BLE001  any other is a fault
            wrong.add(f"{argument} = {told(value)}: {error!r:.150}")
        else:
            alike = wanted != SAME or found == pytest.approx(expected, rel=1e-4, abs=1e-5)
            if wanted == REFUSED or not alike or not all(map(math.isfinite, found)):
                wrong.add(f"{argument} = {told(value)} should get {wanted}, got {found[:4]}")

    attempt()
    assert wrong == set()


def told(value) -> str:
    if not isinstance(value, (Tensor, np.ndarray)) or value.ndim == 0:
        return f"{value!r:.60}"
    return f"{value.dtype} {list(value.shape)} {value.flatten()[:3].tolist()}"

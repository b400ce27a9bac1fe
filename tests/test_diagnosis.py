"""Each planted fault is found under its own name, and healthy representations are not accused."""

import re

import pytest
import torch
import torch.nn.functional as F

from aimsssl.datasets import load
from aimsssl.evaluation import diagnose
from aimsssl.evaluation.diagnosis import COLLAPSED, DIMENSIONS, DUPLICATES, LEAK
from aimsssl.models import extract, resnet18
from aimsssl.training import train_method

CLASSES = 10


def splits(name):
    return load(name, "train", limit=1400), load(name, "test", limit=400)


def of_images(name, view=lambda images: images.flatten(1).float()):
    train, test = splits(name)
    return view(train.images), train.labels, view(test.images), test.labels


def trained(method, name, **changes):
    train, _ = splits(name)
    encoder = train_method(method, train, progress=None, seed=0, monitor_every=0, **changes).model.encoder.eval()
    return of_images(name, lambda images: extract(encoder, images))


def perfect(classes=CLASSES, d=64, within=0.05):
    """What long training with labels leaves behind a ReLU: class means and little else."""
    means = torch.randn(classes, d)
    y, t = torch.randint(classes, (1200,)), torch.randint(classes, (400,))
    return tuple(v for c in (y, t) for v in ((means[c] + within * torch.randn(len(c), d)).relu(), c))


HEALTHY = {
    "pixels of shapes": lambda: of_images("shapes"),
    "pixels of digits": lambda: of_images("digits"),
    "random weights": lambda: of_images("shapes", lambda images: extract(resnet18("small", 8).eval(), images)),
    "SimCLR": lambda: trained("SimCLR", "shapes", epochs=2, width=8),
    "supervised": lambda: trained("supervised", "digits", epochs=6, width=8),
    "all class, no image": perfect,
    "two classes": lambda: perfect(classes=2),
    "few classes, few columns": lambda: perfect(classes=3, d=6, within=0.5),
}


@pytest.fixture(scope="module")
def healthy():
    """Made once, with the numbers that each would draw alone."""
    made = {}

    def make(name):
        if name not in made:
            torch.manual_seed(0)
            made[name] = HEALTHY[name]()
        return made[name]

    return make


def faults(features, **images):
    return [finding.fault for finding in diagnose(*features, **images)]


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_representation_is_not_accused(healthy, name):
    assert diagnose(*healthy(name)) == []


def test_the_supervised_one_is_good(healthy):
    """So that the tests above say something: it knows the classes, and is not called a leak."""
    x, y, q, t = healthy("supervised")
    assert (y[(F.normalize(q) @ F.normalize(x).T).argmax(1)] == t).float().mean() > 0.9


# --- faults ---------------------------------------------------------------------------------------------------------


def collapse(x, y, q, t, share=0.0, noise=1e-4):
    """All that differs shrinks to `share`, beside a mean as long as a feature."""
    mean, scale = x.mean(0), x.std()
    put = lambda f: mean + scale + share * (f - mean) + noise * scale * torch.randn_like(f)  # noqa: E731
    return put(x), y, put(q), t


def few_directions(x, y, q, t, k=4):
    mean, basis = x.mean(0), torch.linalg.qr(torch.randn(x.shape[1], k))[0]
    put = lambda f: (f - mean) @ basis @ basis.T + mean  # noqa: E731
    return put(x), y, put(q), t


def with_columns(f, columns, values):
    f = f.clone()
    f[:, columns] = values.to(f.dtype)
    return f


def label_column(x, y, q, t, noise=0.0):
    put = lambda f, c: with_columns(f, 3, c * x.std() + noise * x.std() * torch.randn(len(c)))  # noqa: E731
    return put(x, y), y, put(q, t), t


def one_hot_columns(x, y, q, t, test=True, noise=0.0):
    columns = torch.randperm(x.shape[1])[:CLASSES]
    code = lambda c: (F.one_hot(c, CLASSES) + noise * torch.randn(len(c), CLASSES)) * x.std()  # noqa: E731
    return with_columns(x, columns, code(y)), y, with_columns(q, columns, code(t) * test), t


def rotated_one_hot(x, y, q, t):
    x, y, q, t = one_hot_columns(x, y, q, t)
    turn = torch.linalg.qr(torch.randn(x.shape[1], x.shape[1]))[0]
    return x @ turn, y, q @ turn, t


def training_only(x, y, q, t):
    """Every column moves with the class, in the training features alone."""
    return x + 6 * x.std() * F.one_hot(y, CLASSES).float() @ torch.randn(CLASSES, x.shape[1]), y, q, t


def contaminate(x, y, q, t, count=40, noise=0.0):
    places = torch.randperm(len(x))[:count]
    x, y = x.clone(), y.clone()
    x[places] = q[:count] + noise * x.std() * torch.randn_like(q[:count])
    y[places] = t[:count]
    return x, y, q, t


@pytest.mark.parametrize("name", ["SimCLR", "random weights", "supervised"])
@pytest.mark.parametrize(
    "fault,plant,words",
    [
        (COLLAPSED, collapse, r"at most 0\.\d+ % of their length.*cosine of 1\.0000"),
        (COLLAPSED, lambda *f: collapse(*f, noise=0), "at most"),
        (DIMENSIONS, few_directions, r"effective rank of [23]\.\d where \d\d is possible"),
        (DIMENSIONS, lambda *f: few_directions(*f, k=2), r"effective rank of [12]\.\d"),
        (LEAK, label_column, r"column 3 alone gives the class of 100.0 % .*; of test images 100.0 %$"),
        (LEAK, lambda *f: label_column(*f, noise=0.1), r"column 3 alone gives"),
        (LEAK, one_hot_columns, r"(10 of 64 columns|a linear map).*; of test images 100.0 %$"),
        (LEAK, lambda *f: one_hot_columns(*f, test=False), r"of test images \d+\.\d %: only the training"),
        (LEAK, rotated_one_hot, "a linear map gives .* less than images allow; of test images 100.0 %$"),
        (LEAK, training_only, r"held-out training .*of test images \d+\.\d %: only the training features know"),
        (DUPLICATES, contaminate, r"40 of \d+ test features .*\(\d+\.\d %; of training features 0.0 %"),
        (DUPLICATES, lambda *f: contaminate(*f, noise=0.002), r"40 of \d+ test features"),
    ],
    ids=[
        "collapsed", "one point", "4 directions", "2 directions", "label", "noisy label", "one-hot",
        "one-hot in training only", "rotated", "spread, in training only", "copies", "noisy copies",
    ],
)  # fmt: skip
def test_a_planted_fault_is_found_and_named(healthy, name, fault, plant, words):
    findings = diagnose(*plant(*healthy(name)))
    assert [f.fault for f in findings] == [fault]
    assert re.search(words, findings[0].evidence) and str(findings[0]) == f"{fault}: {findings[0].evidence}"


def test_a_noisy_one_hot_leak(healthy):
    assert faults(one_hot_columns(*healthy("SimCLR"), noise=0.2)) == [LEAK]


@pytest.mark.parametrize(
    "first,second,both",
    [
        (few_directions, label_column, {DIMENSIONS, LEAK}),
        (few_directions, lambda *f: [v * 1 for v in contaminate(*f)], {DIMENSIONS, DUPLICATES}),
        (contaminate, label_column, {DUPLICATES, LEAK}),
        (collapse, label_column, {COLLAPSED, LEAK}),
        (lambda *f: collapse(*f, share=1e-3, noise=0), contaminate, {COLLAPSED, DUPLICATES}),
    ],
)
def test_two_faults_at_once_are_both_found(healthy, first, second, both):
    assert set(faults(second(*first(*healthy("SimCLR"))))) == both


def test_images_show_what_features_do_not(healthy):
    """One test image among 1400 training images; and 40 whose pixels a noise of one level has changed."""
    train, test = splits("shapes")
    features = healthy("random weights")
    images = {"train_images": train.images.clone(), "test_images": test.images}
    assert faults(features, **images) == []
    images["train_images"][7] = test.images[3]
    (finding,) = diagnose(*features, **images)
    assert (
        finding.fault == DUPLICATES and "1 of 400 test images are training images, pixel by pixel" in finding.evidence
    )
    noise = torch.randint(0, 2, test.images[:40].shape, dtype=torch.uint8)
    images["train_images"] = torch.cat([train.images[40:], test.images[:40] // 2 * 2 + noise])
    (finding,) = diagnose(*features, **images)
    assert finding.fault == DUPLICATES and "40 of 400 test images lie within" in finding.evidence


def test_copies_within_the_training_split_are_ordinary(healthy):
    """Where training images come three times each, a near neighbour is no sign of a leak between the splits."""
    x, y, q, t = healthy("SimCLR")
    assert faults((x[:400].repeat(3, 1), y[:400].repeat(3), q, t)) == []


def test_a_class_that_only_one_half_has(healthy):
    x, y, q, t = healthy("SimCLR")
    y = y.clone()
    y[torch.tensor([0])] = 10
    assert faults((x, y, q, t)) == []


@pytest.mark.parametrize(
    "change,words",
    [
        ({"train_labels": -torch.ones(30, dtype=torch.long)}, "train_labels has 30 unknown"),
        ({"train_labels": torch.zeros(30, dtype=torch.long)}, "at least two classes, got 30 of 1"),
        ({"test_labels": torch.zeros(3, dtype=torch.long)}, r"test_labels must be integers of shape \[9\]"),
        ({"test_features": torch.zeros(9, 2)}, "one dimension"),
        ({"train_images": torch.zeros(30, 1, 4, 4)}, "both or not at all"),
        ({"train_images": torch.zeros(31, 4), "test_images": torch.zeros(9, 4)}, "train_images must be as many"),
    ],
)
def test_mistakes_are_named(change, words):
    arguments = {"train_features": torch.randn(30, 5), "train_labels": torch.arange(30) % 3}
    arguments |= {"test_features": torch.randn(9, 5), "test_labels": torch.arange(9) % 3}
    with pytest.raises(ValueError, match=words):
        diagnose(**(arguments | change))

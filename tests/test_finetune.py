"""Fine-tuning: it learns from few labels, a good start helps, and nothing that came in is changed."""

import pytest
import torch
from torch import nn

from aimsssl.evaluation import finetune
from aimsssl.models import extract, resnet18


def bars(n: int, seed: int, classes: int = 3):
    """Noise with one bright bar, whose height in the picture is the class; a flip changes nothing."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % classes
    images = torch.randint(0, 90, (n, 3, 16, 16), dtype=torch.uint8, generator=generator)
    for i, label in enumerate(labels):
        images[i, :, 2 + 5 * label : 5 + 5 * label] += 130
    return images, labels


@pytest.fixture
def encoder() -> nn.Module:
    torch.manual_seed(0)
    return resnet18("small", 4).eval()


SETTINGS = dict(epochs=12, batch_size=16, learning_rate=5e-3, crop_scale=(0.9, 1.0))


def test_it_learns_and_reports_what_it_did(encoder):
    train, test = bars(48, 0), bars(60, 1)
    result = finetune(encoder, *train, *test, **SETTINGS)
    assert result.accuracy > 0.8
    assert result.accuracy == pytest.approx((result.predictions == test[1]).float().mean().item())
    assert len(result.losses) == 12 and result.losses[-1] < 0.5 * result.losses[0]
    assert torch.equal(extract(result.model, test[0]).argmax(dim=1), result.predictions)


def test_a_trained_encoder_needs_fewer_labels(encoder):
    pretrained = finetune(encoder, *bars(90, 2), *bars(30, 3), **SETTINGS).model[0]
    few, test = bars(6, 0), bars(60, 1)
    short = {**SETTINGS, "epochs": 4, "learning_rate": 1e-3}
    assert finetune(pretrained, *few, *test, **short).accuracy > finetune(encoder, *few, *test, **short).accuracy + 0.15


def test_the_callers_encoder_stays_as_it_is_in_weights_statistics_and_modes(encoder):
    encoder.requires_grad_(False)
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    result = finetune(encoder, *bars(12, 0), *bars(6, 1), **{**SETTINGS, "epochs": 1})
    assert all(torch.equal(before[name], value) for name, value in encoder.state_dict().items())
    assert not encoder.training and not any(p.requires_grad for p in encoder.parameters())
    after = result.model[0].state_dict()
    changed = [name for name, value in before.items() if not torch.equal(value, after[name])]
    assert set(changed) == set(before), "the whole network is trained, batch-norm statistics too"


def test_the_same_seed_gives_the_same_result_and_leaves_the_global_state_alone(encoder):
    data = *bars(20, 0), *bars(10, 1)
    state = torch.get_rng_state()
    first = finetune(encoder, *data, **{**SETTINGS, "epochs": 2})
    assert torch.equal(state, torch.get_rng_state())
    torch.rand(3)
    again = finetune(encoder, *data, **{**SETTINGS, "epochs": 2})
    other = finetune(encoder, *data, **{**SETTINGS, "epochs": 2}, seed=1)
    assert first.losses == again.losses != other.losses


def test_the_test_split_changes_nothing_in_training(encoder):
    train, (images, labels) = bars(20, 0), bars(10, 1)
    honest = finetune(encoder, *train, images, labels, **{**SETTINGS, "epochs": 2})
    shifted = finetune(encoder, *train, images, (labels + 1) % 3, **{**SETTINGS, "epochs": 2})
    assert honest.losses == shifted.losses and torch.equal(honest.predictions, shifted.predictions)


def test_a_rest_of_one_image_does_not_break_batch_norm(encoder):
    images = torch.randint(0, 255, (17, 3, 8, 8), dtype=torch.uint8)  # 1×1 behind the last stage
    labels = torch.arange(17) % 2
    assert len(finetune(encoder, images, labels, images, labels, epochs=1, batch_size=16).losses) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (dict(epochs=0), "epochs must be at least 1, got 0"),
        (dict(batch_size=1), "batch_size must be at least 2, got 1"),
        (dict(learning_rate=0.0), "learning_rate must be in \\(0, 1000\\], got"),
        (dict(train_labels=torch.zeros(12, dtype=torch.int64)), "at least two classes"),
        (dict(train_labels=torch.arange(11)), r"train_labels must be integers of shape \[12\]"),
        (dict(test_labels=-torch.ones(6, dtype=torch.int64)), "test_labels has 6 unknown"),
    ],
)
def test_mistakes_are_named(encoder, change, words):
    (images, labels), (test_images, test_labels) = bars(12, 0), bars(6, 1)
    given = dict(train_images=images, train_labels=labels, test_images=test_images, test_labels=test_labels)
    with pytest.raises(ValueError, match=words):
        finetune(encoder, **{**given, **change})

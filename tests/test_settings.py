"""Every field of every configuration has its range, and says so by name."""

from dataclasses import fields

import numpy as np
import pytest

from aimsssl.training import DeepClusterConfig, PretextConfig, SimCLRConfig, SupervisedConfig

INF, NAN = float("inf"), float("nan")
NOT_WHOLE = [1.5, "3", None, True, [2], NAN, INF, 10**30]
NOT_NUMBER = ["3", None, False, [0.5], NAN, INF, -INF]
NOT_BOOL = [0, 1, "yes", None]
COUNT = ([1, 7, np.int64(3)], [0, -1, *NOT_WHOLE])
NATURAL = ([0, 7], [-1, *NOT_WHOLE])
SHARE = ([0.1, 1, np.float32(0.5)], [0, -0.1, 1.1, *NOT_NUMBER])
PROBABILITY = ([0, 0.5, 1], [-0.1, 1.1, *NOT_NUMBER])
NOT_NEGATIVE = ([0, 0.5, 3], [-1e-9, *NOT_NUMBER])
BOOL = ([True, False], NOT_BOOL)
JITTER = ([0, 2.5], [-0.1, 2.6, *NOT_NUMBER])
CROP = ([(0.2, 1.0), [0.5, 0.5], None], [(0, 1), (0.9, 0.2), (0.2, 1.1), (0.2,), (NAN, 1), "ab", 0.2, (True, 1)])


def one_of(*values):
    return [*values], ["other", "", None, 3, values[0].upper()]


ENCODER = one_of("resnet18", "convnet", "alexnet", "vgg16")
TABLE = {  # field: (values that are taken, values that are refused)
    "stem": one_of("cifar", "small", "imagenet"), "width": COUNT, "epochs": COUNT,
    "batch_size": ([2, 64], [1, 0, *NOT_WHOLE]), "optimizer": one_of("lars", "sgd", "adamw", "muon"),
    "learning_rate": NOT_NEGATIVE, "momentum": ([0.1, 0.99], [-0.1, 1, 1.5, *NOT_NUMBER]),
    "weight_decay": NOT_NEGATIVE, "trust_coefficient": ([1e-3], [0, -1, *NOT_NUMBER]), "nesterov": BOOL,
    "decay_all": BOOL, "warmup_epochs": NOT_NEGATIVE, "schedule": one_of("cosine", "constant"),
    "device": (["cpu", "cuda:1", "meta"], ["gpu", "", None, 3, "cuda:x"]),
    "precision": one_of("auto", "float32", "bfloat16"), "compile": BOOL,
    "seed": ([0, 2**63 - 1], [-1, 2**63, 1.5, None, True]), "held_out": NATURAL, "bank": COUNT,
    "monitor_every": NATURAL, "snapshot_epochs": ([(), (0, 3), [1]], [3, None, (-1,), (1.5,), (True,), "12"]),
    "checkpoint_every": COUNT, "head": one_of("mlp", "linear", "none"), "head_norm": BOOL, "d_hidden": COUNT,
    "d_out": COUNT, "temperature": ([0.05, 2], [0, -1, 1e-45, *NOT_NUMBER]), "crop_scale": CROP,
    "jitter": JITTER, "grayscale": PROBABILITY, "blur": PROBABILITY, "flip": PROBABILITY, "separate_views": BOOL,
    "view_sizes": ([(), (24, 32), [8]], [32, None, (7,), (1025,), (24.5,), (True,), "24"]),
    "identical_views": BOOL, "task": one_of("rotation", "inpainting", "jigsaw"), "hole": SHARE,
    "grid": ([2, 3], [1, 4, *NOT_WHOLE]), "tile": SHARE, "orders": ([2, 24], [1, 25, 0, *NOT_WHOLE]),
    "encoder": ENCODER, "sobel": BOOL, "clusters": ([2, 9], [1, 0, *NOT_WHOLE]), "pca_dim": COUNT,
    "kmeans_iterations": COUNT, "reassign_every": COUNT, "uniform": BOOL,
    "rotate": ([0, 180], [-1, 181, *NOT_NUMBER]),
}  # fmt: skip
CONFIGS = (SimCLRConfig, DeepClusterConfig, PretextConfig, SupervisedConfig)
FIELDS = [(config, field.name) for config in CONFIGS for field in fields(config)]


@pytest.mark.parametrize("config,name", FIELDS, ids=lambda part: getattr(part, "__name__", part))
def test_a_field_takes_what_it_can_and_names_what_it_cannot(config, name):
    taken, refused = TABLE[name]  # a new field fails here until it has its row
    for value in taken:
        kept = getattr(config(**{name: value}), name)
        assert kept == (tuple(value) if isinstance(value, list) else value)
        assert type(kept) in (int, float, bool, str, tuple, type(None)), "as JSON can store it"
    for value in refused:
        with pytest.raises((ValueError, TypeError), match=rf"^{name} "):
            config(**{name: value})


def test_two_fields_that_do_not_go_together():
    with pytest.raises(ValueError, match="nesterov needs a momentum above 0"):
        SimCLRConfig(optimizer="sgd", momentum=0)
    assert PretextConfig(grid=3, orders=100).orders == 100

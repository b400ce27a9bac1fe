"""Every method of a comparison by its name: its encoder, the method's own settings, the caller's changes."""

import pytest
from helpers import same_weights

from aimsssl import profile
from aimsssl.datasets import load
from aimsssl.models.convnets import ConvStack
from aimsssl.models.resnet import ResNet18
from aimsssl.training import METHODS, method_config, random_encoder, train_method, untrained_encoder


@pytest.mark.parametrize("name", METHODS)
def test_every_method_trains_from_the_random_weights_that_it_is_compared_with(name):
    images, settings = load("shapes", "train", limit=64), dict(epochs=1, batch_size=16, seed=3, progress=None)
    run = train_method(name, images, **settings, **({"clusters": 8} if name == "DeepCluster" else {}))
    start = random_encoder(run)
    assert not same_weights(start, run.model.encoder)
    if name == "DeepCluster":
        assert isinstance(start, ConvStack)
    else:
        assert isinstance(start, ResNet18) and start.feature_dim == 8 * profile.current().width
        assert same_weights(start, untrained_encoder("supervised", images, seed=3))


def test_a_method_is_more_than_its_configuration_class():
    tasks = [method_config(name).task for name in ("rotation", "inpainting", "jigsaw")]
    assert tasks == ["rotation", "inpainting", "jigsaw"]
    assert method_config("SimCLR", temperature=0.1).temperature == 0.1


def test_an_unknown_method_is_named():
    with pytest.raises(ValueError, match="rotation, inpainting.*'simclr'"):
        method_config("simclr")

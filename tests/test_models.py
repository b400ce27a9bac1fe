"""Encoders against torchvision's, and the shapes that lessons rely on."""

import pytest
import torch
import torch.nn.functional as F
import torchvision

from aimsssl.models import ProjectionHead, SimCLR, extract, resnet18
from aimsssl.models.resnet import Conv3x3


def test_is_torchvisions_resnet18_with_the_same_weights():
    theirs = torchvision.models.resnet18(num_classes=4).eval()
    theirs.fc = torch.nn.Identity()
    ours = resnet18("imagenet", 64).eval()
    ours.load_state_dict(theirs.state_dict())
    images = torch.rand(2, 3, 64, 64)
    torch.testing.assert_close(ours(images), theirs(images))


@pytest.mark.parametrize("side,stride", [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (5, 2)])
def test_small_maps_are_convolved_all_the_same(side, stride):
    conv = Conv3x3(4, 6, stride).double()
    x = torch.randn(3, 4, side, side, dtype=torch.float64, requires_grad=True)
    ours, theirs = conv(x), F.conv2d(x, conv.weight, stride=stride, padding=1)
    torch.testing.assert_close(ours, theirs)
    weights = torch.randn_like(ours)
    for a, b in zip(*(torch.autograd.grad(y, [x, conv.weight], weights) for y in (ours, theirs)), strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("stem,side", [("cifar", 32), ("small", 16), ("imagenet", 8)])
def test_stems_keep_so_much_of_a_32_pixel_image(stem, side):
    encoder = resnet18(stem, width=4, in_channels=1)
    sizes = []
    encoder.layer1.register_forward_hook(lambda module, inputs, output: sizes.append(inputs[0].shape[-1]))
    assert encoder(torch.rand(2, 1, 32, 32)).shape == (2, 32)
    assert sizes == [side] and encoder.feature_dim == 32


def test_projection_head_is_two_layers_with_a_relu_between():
    head = ProjectionHead(5, 7, 3).double()
    h = torch.randn(4, 5, dtype=torch.float64)
    first, second = head[0], head[2]
    expected = (h @ first.weight.T + first.bias).clamp(min=0) @ second.weight.T + second.bias
    torch.testing.assert_close(head(h), expected)
    kinds = [type(module).__name__ for module in ProjectionHead(5, 7, 3, norm=True)]
    assert kinds == ["Linear", "BatchNorm1d", "ReLU", "Linear", "BatchNorm1d"]
    assert [m.in_features for m in ProjectionHead(5, 0, 3) if hasattr(m, "in_features")] == [5]


def test_simclr_gives_h_and_z():
    model = SimCLR(resnet18("small", 4), ProjectionHead(32, 16, 8)).eval()
    images = torch.rand(3, 3, 32, 32)
    h, z = model(images)
    assert h.shape == (3, 32) and z.shape == (3, 8)
    torch.testing.assert_close(z, model.head(model.encoder(images)))


def test_extract_is_evaluation_mode_in_batches_and_puts_the_mode_back():
    encoder = resnet18("small", 4).train()
    images = torch.randint(0, 256, (7, 3, 32, 32), dtype=torch.uint8)
    before = {k: v.clone() for k, v in encoder.state_dict().items()}
    features = extract(encoder, images, batch_size=3)
    assert encoder.training and all(torch.equal(v, before[k]) for k, v in encoder.state_dict().items())
    torch.testing.assert_close(features, encoder.eval()(images / 255).detach(), rtol=1e-4, atol=1e-5)
    assert not features.requires_grad and features.dtype == torch.float32


@pytest.mark.parametrize("arguments", [("huge", 64, 3), ("cifar", 0, 3), ("cifar", 8, 0)])
def test_mistakes_are_named(arguments):
    with pytest.raises(ValueError, match="stem|width"):
        resnet18(*arguments)

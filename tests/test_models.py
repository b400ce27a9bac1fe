"""Encoders against torchvision's, and the shapes that lessons rely on."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.ndimage
import torch
import torch.nn.functional as F
import torchvision
from torch import nn

from aimsssl.models import (
    ENCODERS,
    ProjectionHead,
    SimCLR,
    Sobel,
    alexnet,
    build_encoder,
    convnet,
    extract,
    resnet18,
    vgg16,
)
from aimsssl.models.resnet import Conv1x1, Conv3x3


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


def gradients_of_shortcuts() -> None:
    """In a process of its own: where oneDNN is at fault, it takes the process with it."""
    torch.set_num_threads(2)
    torch.manual_seed(0)
    for channels, stride in ((2, 2), (4, 2), (8, 2), (12, 2), (16, 2), (32, 2), (4, 1)):
        conv = Conv1x1(channels, 2 * channels, stride)
        for images in (27, 28, 3):
            x = torch.randn(images, channels, 16, 16).to(memory_format=torch.channels_last).requires_grad_()
            y = conv(x)
            weights = torch.randn_like(y)
            ours = torch.autograd.grad(y, [x, conv.weight], weights)
            x, w = x.detach().double().requires_grad_(), conv.weight.detach().double().requires_grad_()
            theirs = torch.einsum("nihw,oiab->nohw", x[:, :, ::stride, ::stride], w)
            torch.testing.assert_close(y.double(), theirs, rtol=1e-4, atol=1e-4)
            for a, b in zip(ours, torch.autograd.grad(theirs, [x, w], weights.double()), strict=True):
                torch.testing.assert_close(a.double(), b, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("instructions", ["AVX2", "DEFAULT"])
def test_a_shortcuts_gradient_is_right_for_any_channels_and_images(instructions):
    script = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import test_models as t"
    command = [sys.executable, "-c", f"{script}; t.gradients_of_shortcuts()"]
    environment = {**os.environ, "ONEDNN_MAX_CPU_ISA": instructions}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


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


# --- plain stacks ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make,last", [(alexnet, (2, 2)), (vgg16, (1, 1)), (convnet, (4, 2))])
@pytest.mark.parametrize("side", [28, 32, 48])
@pytest.mark.parametrize("channels", [1, 3])
def test_stacks_take_images_of_28_and_32_pixels(make, last, side, channels):
    encoder = make(2, channels).eval()
    maps = []
    average = next(m for m in encoder.modules() if isinstance(m, nn.AdaptiveAvgPool2d))
    average.register_forward_hook(lambda module, inputs, output: maps.append((inputs[0].shape[-1], output.shape[-1])))
    features = encoder(torch.rand(3, channels, side, side))
    assert features.shape == (3, encoder.feature_dim) and (features >= 0).all() and features.std(dim=0).sum() > 0
    assert maps == [last] if side <= 32 else maps[0][1] == last[1]


@pytest.mark.parametrize(
    "make,channels",
    [
        (alexnet, [96, 256, 384, 384, 256]),
        (vgg16, [64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]),
    ],
)
def test_at_width_64_layers_are_those_of_the_paper(make, channels):
    with torch.device("meta"):
        encoder = make(64)
    modules = list(encoder.modules())
    assert [m.out_channels for m in modules if isinstance(m, nn.Conv2d)] == channels
    assert [m.num_features for m in modules if isinstance(m, nn.BatchNorm2d)] == channels
    assert [m.out_features for m in modules if isinstance(m, nn.Linear)] == [4096, 4096] and encoder.feature_dim == 4096


def test_vgg16_is_torchvisions_with_the_same_weights():
    theirs = torchvision.models.vgg.make_layers(torchvision.models.vgg.cfgs["D"], batch_norm=True).eval()
    ours = vgg16(64).eval()
    layers = [[m for m in net.modules() if isinstance(m, (nn.Conv2d, nn.BatchNorm2d))] for net in (ours, theirs)]
    for a, b in zip(*layers, strict=True):
        with torch.no_grad():
            b.weight.copy_(a.weight)
            b.bias.zero_()
    images = torch.rand(2, 3, 32, 32)
    linear = [m for m in ours.modules() if isinstance(m, nn.Linear)]
    expected = linear[1](linear[0](theirs(images).flatten(1)).relu()).relu()
    torch.testing.assert_close(ours(images), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ENCODERS)
def test_the_last_relu_can_be_left_out(name):
    encoder = build_encoder(name, stem="small", width=2, in_channels=3).eval()
    images = torch.randint(0, 256, (5, 3, 32, 32), dtype=torch.uint8)
    before, after = extract(encoder, images, before_relu=True), extract(encoder, images)
    assert before.shape == after.shape == (5, encoder.feature_dim) and (before < 0).any()
    if name != "resnet18":
        assert torch.equal(before.relu(), after)
        return
    maps = []  # resnet18 averages behind its last ReLU
    encoder.layer4.register_forward_pre_hook(lambda module, inputs: maps.append(inputs[0]))
    encoder(images / 255)
    first, last = encoder.layer4
    x = first(maps[0])
    x = last.bn2(last.conv2(last.bn1(last.conv1(x)).relu())) + x
    torch.testing.assert_close(before, x.mean(dim=(2, 3)).detach(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(after, x.relu().mean(dim=(2, 3)).detach(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
def test_sobel_is_scipys(channels):
    images = torch.rand(2, channels, 12, 9)
    edges = Sobel()(images)
    grey = images.mean(dim=1).numpy()
    expected = [[scipy.ndimage.sobel(image, axis=axis, mode="constant") for axis in (1, 0)] for image in grey]
    torch.testing.assert_close(edges, -torch.from_numpy(np.array(expected)), rtol=1e-4, atol=1e-5)
    assert (Sobel()(torch.ones(1, channels, 8, 8))[:, :, 1:-1, 1:-1] == 0).all(), "a flat image has no edges"
    assert not list(Sobel().parameters()) and not Sobel().state_dict()


@pytest.mark.parametrize("name", ENCODERS)
def test_an_encoder_behind_sobel_filters(name):
    encoder = build_encoder(name, stem="small", width=2, in_channels=3, sobel=True).eval()
    images = torch.rand(4, 3, 32, 32)
    expected = encoder.encoder(Sobel()(images))
    assert torch.equal(encoder(images), expected) and expected.shape == (4, encoder.feature_dim)
    grey = images.mean(dim=1, keepdim=True).expand(-1, 3, -1, -1)
    torch.testing.assert_close(encoder(grey), expected, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(encoder(images, before_relu=True), encoder.encoder(Sobel()(images), before_relu=True))


def test_mistakes_with_encoders_are_named():
    with pytest.raises(ValueError, match="encoder must be one of resnet18, convnet, alexnet, vgg16, got 'lenet'"):
        build_encoder("lenet", stem="small", width=4, in_channels=3)
    for make in (alexnet, vgg16, convnet):
        with pytest.raises(ValueError, match="width and in_channels must be at least 1"):
            make(0)
        with pytest.raises(ValueError, match="width and in_channels must be at least 1"):
            make(4, 0)

"""ResNet-18 (He et al. 2015, arXiv:1512.03385, Table 1), with stems for small images and any width."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .. import inputs
from .convnets import check_size

STEMS = ("cifar", "small", "imagenet")


class Conv3x3(nn.Conv2d):
    """A 3×3 convolution, padding 1, without bias; on a CPU a map of at most 2×2 is done as one dense product.

    There most of the kernel sees only padding, and oneDNN is slow: a step of the `imagenet` stem on 32-pixel images
    takes 1.4 (float32) to 1.8 (bfloat16) times as long without this. Weights and results are a convolution's.
    """

    def __init__(self, d_in: int, d_out: int, stride: int = 1):
        super().__init__(d_in, d_out, 3, stride, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        side, stride = x.shape[2], self.stride[0]
        if side > 2 or x.shape[3] != side or x.device.type != "cpu":
            return super().forward(x)
        out = (side - 1) // stride + 1
        kernel = self.weight.permute(0, 2, 3, 1)  # [d_out, 3, 3, d_in], of which output (i, j) sees a side×side part
        seen = [
            kernel[:, 1 - stride * i : 1 - stride * i + side, 1 - stride * j : 1 - stride * j + side].flatten(1)
            for i in range(out)
            for j in range(out)
        ]
        y = F.linear(x.permute(0, 2, 3, 1).flatten(1), torch.cat(seen))  # [B, out·out·d_out]
        return y.view(len(x), out, out, -1).permute(0, 3, 1, 2)


class Conv1x1(nn.Conv2d):
    """A 1×1 convolution without bias; with few channels on a CPU its stride leaves out pixels before it.

    oneDNN's gradient of a strided one writes past its memory where there are fewer channels than a vector register has
    numbers (8 or 16) in the order `channels_last`: the process crashes, hangs, or goes on with a wrong gradient. See
    https://github.com/uxlfoundation/oneDNN/issues/6035. With more channels, or on a GPU, the stride is faster.
    """

    def __init__(self, d_in: int, d_out: int, stride: int = 1):
        super().__init__(d_in, d_out, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        if self.in_channels >= 16 or x.device.type != "cpu":
            return super().forward(x)
        stride = self.stride[0]
        return F.conv2d(x[:, :, ::stride, ::stride], self.weight)


class BasicBlock(nn.Module):
    """Two 3×3 convolutions and a shortcut, `[B, d_in, H, W] -> [B, d_out, H/stride, W/stride]`."""

    def __init__(self, d_in: int, d_out: int, stride: int = 1):
        super().__init__()
        self.conv1 = Conv3x3(d_in, d_out, stride)
        self.bn1 = nn.BatchNorm2d(d_out)
        self.conv2 = Conv3x3(d_out, d_out)
        self.bn2 = nn.BatchNorm2d(d_out)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride != 1 or d_in != d_out:
            self.downsample = nn.Sequential(Conv1x1(d_in, d_out, stride), nn.BatchNorm2d(d_out))

    def forward(self, x: Tensor, before_relu: bool = False) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.bn2(self.conv2(x)) + shortcut
        return x if before_relu else self.relu(x)


class ResNet18(nn.Module):
    """See `resnet18`. Parameters are named as in torchvision, so that weights can be exchanged."""

    def __init__(self, stem: str, width: int, in_channels: int):
        super().__init__()
        kernel, stride = {"cifar": (3, 1), "small": (3, 2), "imagenet": (7, 2)}[stem]
        self.conv1 = nn.Conv2d(in_channels, width, kernel, stride, kernel // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1) if stem == "imagenet" else nn.Identity()
        d_in = width
        for i in range(4):
            d_out, stride = width * 2**i, 1 if i == 0 else 2
            setattr(self, f"layer{i + 1}", nn.Sequential(BasicBlock(d_in, d_out, stride), BasicBlock(d_out, d_out)))
            d_in = d_out
        self.feature_dim = d_in
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor, before_relu: bool = False) -> Tensor:
        inputs.pixels("images x", x, (self.conv1.in_channels,))
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer3(self.layer2(self.layer1(x)))
        # DeepCluster clusters features before the last ReLU, see aimsssl.training.deepcluster
        x = self.layer4[1](self.layer4[0](x), True) if before_relu else self.layer4(x)
        return x.mean(dim=(2, 3))  # [B, 8·width]


def resnet18(stem: str = "cifar", width: int = 64, in_channels: int = 3) -> ResNet18:
    """ResNet-18 without its classifier: images `[B, in_channels, H, W]` to features h `[B, 8·width]`.

    Args:
        stem: `"cifar"` (3×3, stride 1, no pooling: SimCLR's for 32-pixel images, arXiv:2002.05709, B.9),
            `"small"` (3×3, stride 2: about four times cheaper, for a CPU), `"imagenet"` (7×7, stride 2, max-pooling:
            made for 224-pixel images; a 32-pixel image is 8×8 behind it).
        width: channels of the first stage; 64 in the paper.
        in_channels: 3 for colour, 1 for grey.

    Raises:
        ValueError: `stem` is none of these, or a number is below 1.
    """
    inputs.choice("stem", stem, STEMS)
    check_size(width, in_channels)
    return ResNet18(stem, width, in_channels)


@torch.no_grad()
def extract(encoder: nn.Module, images: Tensor, batch_size: int = 500, *, before_relu: bool = False) -> Tensor:
    """Features of all images, in evaluation mode: uint8 or float `[N, C, H, W]` to float32 `[N, D]` on the CPU.

    Images go to the encoder's device and are scaled to [0, 1] if they are uint8. The encoder's mode is put back.
    `before_relu` asks the encoder for its features before the last ReLU.

    Raises:
        TypeError, ValueError: no module, no images `[N, C, H, W]`, an infinite or NaN pixel, or batch_size below 1.
    """
    inputs.kind("encoder", encoder, nn.Module)
    images, batch_size = inputs.images("images", images), inputs.count("batch_size", batch_size)
    options = {"before_relu": True} if before_relu else {}
    parameter = next(encoder.parameters(), torch.empty(0))
    was_training = encoder.training
    encoder.eval()
    features = []
    for batch in images.split(batch_size):
        batch = batch.to(parameter.device)
        batch = batch.float() / 255 if batch.dtype == torch.uint8 else batch.float()
        features.append(encoder(batch.to(memory_format=torch.channels_last), **options).float().cpu())
    encoder.train(was_training)
    return torch.cat(features)

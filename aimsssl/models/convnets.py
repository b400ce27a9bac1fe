"""Plain stacks of convolutions for small images: AlexNet, VGG-16, and a small convnet to begin with.

All take images `[B, in_channels, H, W]` to features `[B, feature_dim]`. `before_relu=True` leaves out the last ReLU,
which DeepCluster clusters on. `width` is 64 in the papers; layers grow with it.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from .. import inputs

POOL = "pool"


class ConvStack(nn.Module):
    """Convolutions, each with batch norm and ReLU, then linear layers, each with a ReLU.

    Args:
        in_channels: of the images.
        layers: (channels, kernel, stride) of a convolution, or POOL.
        pool: what halves the side, rounded up.
        grid: side of the last map; what larger images have beyond it is averaged.
        hidden: sizes of the linear layers; where there are none the features are the last map itself.
    """

    def __init__(self, in_channels: int, layers: list, pool: nn.Module, grid: int, hidden: tuple[int, ...] = ()):
        super().__init__()
        body: list[nn.Module] = []
        d = self.in_channels = in_channels
        for layer in layers:
            if layer == POOL:
                body.append(pool)
            else:
                channels, kernel, stride = layer
                body += [nn.Conv2d(d, channels, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(channels)]
                body.append(nn.ReLU(inplace=True))
                d = channels
        if not hidden:
            body.pop()
        body += [nn.AdaptiveAvgPool2d(grid), nn.Flatten()]
        d *= grid**2
        for size in hidden:
            body += [nn.Linear(d, size), nn.ReLU(inplace=True)]
            d = size
        if hidden:
            body.pop()
        self.body, self.feature_dim = nn.Sequential(*body), d
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor, before_relu: bool = False) -> Tensor:
        inputs.pixels("images x", x, (self.in_channels,))
        x = self.body(x)
        return x if before_relu else F.relu(x)


def check_size(width: int, in_channels: int) -> None:
    """Raise unless both are whole numbers from 1."""
    if inputs.count("width", width, None) < 1 or inputs.count("in_channels", in_channels, None) < 1:
        raise ValueError(f"width and in_channels must be at least 1, got {width} and {in_channels}")


def alexnet(width: int = 64, in_channels: int = 3) -> ConvStack:
    """AlexNet with batch norm, features `[B, 64·width]`.

    Channels and linear layers are those of DeepCluster's (Caron et al. 2018, arXiv:1807.05520, §3.4): 96, 256, 384,
    384, 256, then 4096 and 4096. Its first kernel, 11 pixels and stride 4 for 224-pixel images, is 5 and 2 here, so
    that a 28- or 32-pixel image is 2×2 at the end. There is no dropout: batch norm does its work.
    """
    check_size(width, in_channels)
    w = width
    layers = [(3 * w // 2, 5, 2), POOL, (4 * w, 5, 1), POOL, (6 * w, 3, 1), (6 * w, 3, 1), (4 * w, 3, 1), POOL]
    return ConvStack(in_channels, layers, nn.MaxPool2d(3, 2, 1), 2, (64 * w, 64 * w))


def vgg16(width: int = 64, in_channels: int = 3) -> ConvStack:
    """VGG-16 with batch norm, features `[B, 64·width]`: thirteen 3×3 convolutions, linear layers of 4096 and 4096.

    Simonyan & Zisserman 2014, arXiv:1409.1556, Table 1, D. A 28- or 32-pixel image is 1×1 at the end. No dropout.
    """
    check_size(width, in_channels)
    layers = []
    for factor, count in ((1, 2), (2, 2), (4, 3), (8, 3), (8, 3)):
        layers += [(factor * width, 3, 1)] * count + [POOL]
    return ConvStack(in_channels, layers, nn.MaxPool2d(2, 2, ceil_mode=True), 1, (64 * width, 64 * width))


def convnet(width: int = 16, in_channels: int = 3) -> ConvStack:
    """Four convolutions with batch norm, features `[B, 64·width]`: an encoder to begin with.

    The first kernel has 5 pixels a side, so that one sees what it looks for; a 28- or 32-pixel image is 4×4 behind the
    last, and is averaged to 2×2. Its features are that map: the places of things are still in it.
    """
    check_size(width, in_channels)
    layers = [(2 * width, 5, 1), POOL, (4 * width, 3, 1), POOL, (8 * width, 3, 1), POOL, (16 * width, 3, 1)]
    return ConvStack(in_channels, layers, nn.MaxPool2d(2, 2, ceil_mode=True), 2)

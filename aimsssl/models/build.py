"""Any encoder by its name."""

from torch import nn

from .. import inputs
from .convnets import alexnet, check_size, convnet, vgg16
from .resnet import STEMS, resnet18
from .sobel import SobelFirst

ENCODERS = ("resnet18", "convnet", "alexnet", "vgg16")


def build_encoder(name: str, *, stem: str, width: int, in_channels: int, sobel: bool = False) -> nn.Module:
    """The encoder of this name, behind Sobel filters if asked; `stem` is resnet18's.

    Raises:
        ValueError: no encoder has this name, or a size is out of range.
    """
    if not isinstance(name, str) or name not in ENCODERS:
        raise ValueError(f"encoder must be one of {', '.join(ENCODERS)}, got {name!r} as its name")
    inputs.choice("stem", stem, STEMS)
    check_size(width, in_channels)
    channels = 2 if sobel else in_channels
    if name == "resnet18":
        encoder: nn.Module = resnet18(stem, width, channels)
    else:
        encoder = {"convnet": convnet, "alexnet": alexnet, "vgg16": vgg16}[name](width, channels)
    return SobelFirst(encoder) if sobel else encoder

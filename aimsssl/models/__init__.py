"""Encoders and heads."""

from .build import ENCODERS, build_encoder
from .convnets import alexnet, convnet, vgg16
from .resnet import extract, resnet18
from .simclr import ProjectionHead, SimCLR
from .sobel import Sobel

__all__ = [
    "ENCODERS",
    "ProjectionHead",
    "SimCLR",
    "Sobel",
    "alexnet",
    "build_encoder",
    "convnet",
    "extract",
    "resnet18",
    "vgg16",
]

"""Encoders and heads."""

from .resnet import extract, resnet18
from .simclr import ProjectionHead, SimCLR

__all__ = ["ProjectionHead", "SimCLR", "extract", "resnet18"]

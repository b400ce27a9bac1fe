"""Sobel filters in front of an encoder: edges in place of colours."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .. import inputs


class Sobel(nn.Module):
    """Grey, then its change from left to right and from top to bottom: `[B, C, H, W]` to `[B, 2, H, W]`.

    Nothing here learns. Beyond the border all is black, so that a bright image has a bright frame. DeepCluster uses
    these filters so that clusters are not made by colour alone (Caron et al. 2018, arXiv:1807.05520, §3.4).
    """

    def __init__(self):
        super().__init__()
        change = torch.tensor([[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]])
        self.register_buffer("kernel", torch.stack([change, change.T])[:, None], persistent=False)  # [2, 1, 3, 3]

    def forward(self, x: Tensor) -> Tensor:
        inputs.pixels("x", x)
        x = x if x.is_floating_point() else x.float()
        return F.conv2d(x.mean(dim=1, keepdim=True), self.kernel.to(x.dtype), padding=1)


class SobelFirst(nn.Module):
    """An encoder of two channels that sees every image through `Sobel`."""

    def __init__(self, encoder: nn.Module):
        super().__init__()
        self.sobel, self.encoder = Sobel(), encoder
        self.feature_dim = encoder.feature_dim

    def forward(self, x: Tensor, before_relu: bool = False) -> Tensor:
        return self.encoder(self.sobel(x), before_relu)

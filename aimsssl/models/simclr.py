"""SimCLR's model: an encoder f and a projection head g (Chen et al. 2020, arXiv:2002.05709, §2.1)."""

from torch import Tensor, nn

from .. import inputs


class ProjectionHead(nn.Sequential):
    """z = W₂ ReLU(W₁ h): features `[B, d_in]` to the space where the loss is applied, `[B, d_out]` (§4.2).

    `d_hidden=0` makes it linear, which the paper compares with (Figure 8). `norm=True` puts a batch norm behind each
    linear layer, in place of its bias: the paper does not say so, its authors' code (google-research/simclr) does.
    """

    def __init__(self, d_in: int, d_hidden: int, d_out: int, norm: bool = False):
        for name, value, least in (("d_in", d_in, 1), ("d_hidden", d_hidden, 0), ("d_out", d_out, 1)):
            inputs.count(name, value, least)

        def layer(a: int, b: int) -> list[nn.Module]:
            return [nn.Linear(a, b, bias=not norm)] + [nn.BatchNorm1d(b)] * norm

        first = [*layer(d_in, d_hidden), nn.ReLU(inplace=True)] if d_hidden else []
        super().__init__(*first, *layer(d_hidden or d_in, d_out))


class SimCLR(nn.Module):
    """Images `[B, C, H, W]` to `(h, z)`: h `[B, D]` is what later tasks use, z `[B, d_out]` is what the loss sees."""

    def __init__(self, encoder: nn.Module, head: nn.Module):
        super().__init__()
        inputs.kind("encoder", encoder, nn.Module)
        inputs.kind("head", head, nn.Module)
        self.encoder, self.head = encoder, head

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h = self.encoder(x)
        return h, self.head(h)

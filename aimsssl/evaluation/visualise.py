"""What a unit of a network looks for: its filter, the images that excite it most, an image made to excite it."""

import torch
from torch import Tensor, nn

from .. import inputs
from ..augment import gaussian_blur


def convolutions(encoder: nn.Module) -> dict[str, nn.Module]:
    """The convolutions of an encoder with the batch norm behind them, by number: `{"conv1": BatchNorm2d, …}`.

    What such a layer gives out is what a unit says before the ReLU.
    """
    inputs.kind("encoder", encoder, nn.Module)
    layers = [module for module in encoder.modules() if isinstance(module, nn.BatchNorm2d)]
    return {f"conv{number}": layer for number, layer in enumerate(layers, start=1)}


def first_filters(encoder: nn.Module) -> Tensor:
    """Weights of the first convolution, `[units, channels, height, width]`.

    Raises:
        TypeError, ValueError: the encoder is no module, or has no convolution.
    """
    inputs.kind("encoder", encoder, nn.Module)
    for module in encoder.modules():
        if isinstance(module, nn.Conv2d):
            return module.weight.detach().cpu().clone()
    raise ValueError(f"encoder must have a convolution, got {type(encoder).__name__}")


@torch.no_grad()
def most_exciting(
    encoder: nn.Module, layer: nn.Module, images: Tensor, count: int = 9, batch_size: int = 500
) -> tuple[Tensor, Tensor]:
    """For each unit of a layer the images at which it is most active anywhere, the most exciting first.

    Args:
        encoder: in evaluation mode while this runs; its mode is put back.
        layer: a module of it that gives `[B, units, …]`.
        images: uint8 or float `[N, C, H, W]`.

    Returns:
        Activations and indices, `[units, count]` each.

    Raises:
        TypeError, ValueError: no module, no images, or count or batch_size below 1, by name.
    """
    for name, module in (("encoder", encoder), ("layer", layer)):
        inputs.kind(name, module, nn.Module)
    images = inputs.images("images", images)
    count, batch_size = inputs.count("count", count), inputs.count("batch_size", batch_size)
    device = next(encoder.parameters()).device
    was_training = encoder.training
    encoder.eval()
    activity = []
    with _Watched(layer) as seen:
        for batch in images.split(batch_size):
            encoder(_as_float(batch).to(device, memory_format=torch.channels_last))
            activity.append(seen.output.flatten(2).amax(dim=2) if seen.output.ndim > 2 else seen.output)
    encoder.train(was_training)
    values, index = torch.cat(activity).float().cpu().topk(min(count, len(images)), dim=0)
    return values.T, index.T


def gradient_ascent(
    encoder: nn.Module,
    layer: nn.Module,
    units: Tensor,
    shape: tuple[int, int, int],
    *,
    steps: int = 120,
    step_size: float = 1.0,
    decay: float = 0.01,
    blur: float = 0.5,
    blur_every: int = 4,
    seed: int = 0,
) -> Tensor:
    """For each unit an image that excites it, climbed to from grey noise: float in [0, 1], `[units, C, H, W]`.

    Left to itself the climb ends in high-frequency patterns that no photograph has. Two things hold it back: every
    step pulls the image a little towards grey, and every few steps it is blurred a little.

    Args:
        encoder: its weights stay as they are, and its mode is put back.
        layer: a module of it that gives `[B, units, …]`; the mean over all places is what grows.
        units: numbers of the units, `[K]`.
        shape: C, H, W of the images.
        step_size: length of a step; the gradient of each image is scaled to length 1.
        decay: share of the way to grey in each step.
        blur: standard deviation in pixels, at every `blur_every`-th step.

    Raises:
        TypeError, ValueError: no module, a unit that the layer lacks, or a number out of range, by name.

    Source: Yosinski et al. 2015, arXiv:1506.06579, §3 (L2 decay and Gaussian blur); DeepCluster's Figure 4 is made so.
    """
    for name, module in (("encoder", encoder), ("layer", layer)):
        inputs.kind(name, module, nn.Module)
    units = inputs.tensor("units", units, "[K]")
    units = inputs.labels("units", units, len(units))
    if not isinstance(shape, (tuple, list, torch.Size)) or len(shape) != 3:
        raise TypeError(f"shape must be (C, H, W), got {shape!r}")
    shape = [inputs.count("shape", side) for side in shape]
    steps, blur_every = inputs.count("steps", steps, 0), inputs.count("blur_every", blur_every)
    step_size, blur = inputs.number("step_size", step_size, least=0), inputs.number("blur", blur, least=0)
    decay = inputs.number("decay", decay, least=0, most=1)
    device = next(encoder.parameters()).device
    was_training = encoder.training
    encoder.eval()
    noise = torch.randn(len(units), *shape, generator=inputs.generator(seed))
    x = (0.1 * noise).to(device)  # distance from grey
    rows = torch.arange(len(units))
    sigma = torch.full((len(units),), blur, device=device)
    with _Watched(layer) as seen:
        for step in range(1, steps + 1):
            x.requires_grad_()
            encoder((0.5 + x).clamp(0, 1))
            if units.max() >= seen.output.shape[1]:
                raise ValueError(
                    f"units must be below {seen.output.shape[1]}, the units of the layer, got {units.max()}"
                )
            activity = seen.output[rows, units]  # [K, …]
            (gradient,) = torch.autograd.grad(activity.flatten(1).mean(dim=1).sum(), x)
            with torch.no_grad():
                length = gradient.flatten(1).norm(dim=1).clamp(min=1e-12)
                x = (1 - decay) * x + step_size * gradient / length[:, None, None, None]
                if step % blur_every == 0:
                    x = gaussian_blur(x, sigma, kernel_size=5)
                x = x.clamp(-0.5, 0.5)
    encoder.train(was_training)
    return (0.5 + x).cpu()


class _Watched:
    """While open, `output` is what the layer gave last: a copy, as a ReLU behind it may write into the original."""

    output: Tensor

    def __init__(self, layer: nn.Module):
        self.layer = layer

    def __enter__(self) -> "_Watched":
        self.hook = self.layer.register_forward_hook(self._keep)
        return self

    def _keep(self, layer: nn.Module, inputs: tuple, output: Tensor) -> None:
        self.output = output.clone()

    def __exit__(self, *error: object) -> None:
        self.hook.remove()


def _as_float(images: Tensor) -> Tensor:
    return images.float() / 255 if images.dtype == torch.uint8 else images

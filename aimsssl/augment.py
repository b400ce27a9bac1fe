"""SimCLR's augmentations on whole batches, every image with its own draw.

A crop, a resize, a flip and a blur are linear along rows and along columns, so each is a pair of small matrices per
image, and a batch of them is two batched matrix products: no loop over images, and no interpolation code.
Every `adjust_…`, `resized_crop`, `rotate` and `gaussian_blur` agrees with the torchvision function of that name.

What differs from torchvision's random transforms: all images of a call share one order of the four colour
operations (drawn anew each call); the ten attempts at a crop are drawn at once; images come out as float in [0, 1].
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import inputs

SHARP = 1e-3  # the σ of no blur
GRAY = (0.2989, 0.587, 0.114)  # ITU-R 601-2 luma, as in torchvision


def to_float(images: Tensor) -> Tensor:
    """uint8 in [0, 255] or float in [0, 1], to float in [0, 1].

    Raises:
        TypeError: no tensor, or of another type.
        ValueError: another shape, or a value of a float far outside [0, 1] (looked at on the CPU only).
    """
    inputs.pixels("images", images, (1, 3))
    if images.dtype == torch.uint8:
        return images.float().div_(255)
    if images.device.type == "cpu" and images.numel():
        low, high = (end.item() for end in images.detach().aminmax())
        if not (low > -1 and high < 2):  # NaN is neither
            raise ValueError(f"images must be uint8, or float in [0, 1]; got float from {low:.3g} to {high:.3g}")
    return images


def _factor(name: str, value: Tensor, images: Tensor) -> None:
    """Raise unless `value` is one number an image, a tensor `[B]`; the images are looked at, too."""
    _pixels(images)
    inputs.kind(name, value, Tensor)
    if value.shape != (len(images),) or value.is_complex():
        raise ValueError(f"{name} must have shape [{len(images)}], one number an image, got {list(value.shape)}")
    if value.device.type == "cpu" and not value.isfinite().all():  # elsewhere it would wait for the device
        raise ValueError(f"{name} has infinite or NaN entries")


def _pixels(images: Tensor) -> None:
    inputs.pixels("images", images, (1, 3))
    if not images.is_floating_point():
        raise TypeError(f"images must be floating-point in [0, 1], see to_float; got {images.dtype}")


# --- geometry -------------------------------------------------------------------------------------------------------


def random_boxes(
    count: int,
    height: int,
    width: int,
    scale: tuple[float, float] = (0.2, 1.0),
    ratio: tuple[float, float] = (3 / 4, 4 / 3),
    generator: torch.Generator | None = None,
) -> Tensor:
    """Boxes of random resized crops, `[count, 4]` as (top, left, height, width) in whole pixels.

    The area is uniform in `scale` times the image's, the logarithm of width/height uniform in `ratio`; of ten
    attempts the first that fits is taken, else the largest centred box within `ratio`. Szegedy et al. 2014,
    arXiv:1409.4842, §6; the distribution is that of `torchvision.transforms.RandomResizedCrop`.

    Raises:
        TypeError, ValueError: count below 0, a side below 1, or not 0 < low ≤ high (≤ 1 for `scale`), by name.
    """
    count, height, width = inputs.count("count", count, 0), inputs.count("height", height), inputs.count("width", width)
    for name, bounds, most in (("scale", scale, 1), ("ratio", ratio, math.inf)):
        low, high = (inputs.number(name, x, above=0, most=most) for x in inputs.pair(name, bounds))
        if low > high:
            raise ValueError(f"{name} must be (low, high) with low ≤ high, got {(low, high)}")
    draw = torch.rand(4, count, 10, generator=generator)
    area = height * width * (scale[0] + (scale[1] - scale[0]) * draw[0])
    aspect = torch.exp(math.log(ratio[0]) + math.log(ratio[1] / ratio[0]) * draw[1])
    w = (area * aspect).sqrt().round()
    h = (area / aspect).sqrt().round()
    fits = (w >= 1) & (w <= width) & (h >= 1) & (h <= height)
    first = fits.to(torch.uint8).argmax(dim=1, keepdim=True)
    h, w, u, v, fits = (t.gather(1, first)[:, 0] for t in (h, w, draw[2], draw[3], fits))
    whole_w = min(width, round(height * ratio[1]))
    whole_h = min(height, round(width / ratio[0]))
    h, w = torch.where(fits, h, whole_h), torch.where(fits, w, whole_w)
    top = torch.where(fits, (u * (height - h + 1)).floor(), (height - whole_h) // 2)
    left = torch.where(fits, (v * (width - w + 1)).floor(), (width - whole_w) // 2)
    return torch.stack([top, left, h, w], dim=1)


def _resize_matrix(start: Tensor, length: Tensor, size: int, source: int) -> Tensor:
    """Rows that resample [start, start + length) of a line of `source` pixels to `size`, `[B, size, source]`.

    Bilinear with antialiasing: a triangle as wide as the step, where the step is above one pixel.
    """
    step = (length / size)[:, None, None]
    centre = start[:, None, None] + (torch.arange(size, device=start.device)[:, None] + 0.5) * step
    pixel = torch.arange(source, device=start.device) + 0.5
    weight = (1 - (pixel - centre).abs_() / step.clamp(min=1)).clamp_(min=0)
    inside = (pixel > start[:, None]) & (pixel < (start + length)[:, None])
    weight *= inside[:, None]
    return weight.div_(weight.sum(dim=2, keepdim=True))


def _apply_rows_and_columns(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """rows · image · columnsᵀ for every image and channel: `[B, C, H, W]` to `[B, C, H', W']`."""
    b, c, h, w = images.shape
    rows, columns = rows.to(images.dtype), columns.to(images.dtype)
    images = torch.bmm(images.reshape(b, c * h, w), columns.transpose(1, 2))  # one product for all channels
    return torch.matmul(rows[:, None], images.view(b, c, h, -1))


def resized_crop(images: Tensor, boxes: Tensor, size: int, flip: Tensor | None = None) -> Tensor:
    """Cut a box out of every image, resize it to size×size (antialiased), mirror where `flip`.

    `[B, C, H, W]` and boxes `[B, 4]` (top, left, height, width) to `[B, C, size, size]`.

    Raises:
        TypeError, ValueError: a shape, or size below 1; a box that leaves its image (on the CPU), by name.
    """
    _pixels(images)
    size = inputs.count("size", size)
    inputs.kind("boxes", boxes, Tensor)
    if boxes.shape != (len(images), 4):
        raise ValueError(f"boxes must have shape [{len(images)}, 4], got {list(boxes.shape)}")
    if boxes.device.type == "cpu" and len(boxes):
        start, side, end = boxes[:, :2], boxes[:, 2:], boxes[:, :2] + boxes[:, 2:]
        if not ((start >= 0) & (side > 0) & (end <= boxes.new_tensor(images.shape[2:]))).all():
            raise ValueError(
                f"boxes must lie within images of {list(images.shape[2:])} pixels: (top, left, height, width)"
            )
    if flip is not None:
        _factor("flip", flip, images)
    top, left, height, width = boxes.to(images.dtype).unbind(1)
    rows = _resize_matrix(top, height, size, images.shape[2])
    columns = _resize_matrix(left, width, size, images.shape[3])
    if flip is not None:
        columns = torch.where(flip.bool()[:, None, None], columns.flip(1), columns)
    return _apply_rows_and_columns(images, rows, columns)


def rotate(images: Tensor, degrees: Tensor) -> Tensor:
    """Turn image i by `degrees[i]` against the clock about its centre; what comes in at the corners is black.

    Bilinear, as torchvision's `rotate` with that interpolation.
    """
    _factor("degrees", degrees, images)
    h, w = images.shape[2:]
    down, right = (torch.arange(n, device=images.device) - (n - 1) / 2 for n in (h, w))  # pixels from the centre
    angle = torch.deg2rad(degrees)[:, None, None]
    cos, sin, down = angle.cos(), angle.sin(), down[:, None]
    source = torch.stack([(cos * right - sin * down) * (2 / w), (sin * right + cos * down) * (2 / h)], dim=3)
    return F.grid_sample(images, source.to(images.dtype), mode="bilinear", padding_mode="zeros", align_corners=False)


def gaussian_blur(images: Tensor, sigma: Tensor, kernel_size: int) -> Tensor:
    """Blur image i with a Gaussian of `sigma[i]` pixels, cut at kernel_size (odd), borders reflected; 0 is no blur."""
    _factor("sigma", sigma, images)
    if sigma.device.type == "cpu" and (sigma < 0).any():
        raise ValueError(f"sigma must be at least 0, got {sigma.min().item():g}")
    sigma = sigma.clamp(min=SHARP)
    kernel_size = inputs.count("kernel_size", kernel_size)
    if kernel_size % 2 == 0 or kernel_size // 2 >= min(images.shape[2:]):
        raise ValueError(f"kernel_size must be odd and its half below the image's sides, got {kernel_size}")
    rows, columns = (_blur_matrix(sigma, kernel_size, n) for n in images.shape[2:])
    return _apply_rows_and_columns(images, rows, columns)


def _blur_matrix(sigma: Tensor, kernel_size: int, size: int) -> Tensor:
    offset = torch.arange(kernel_size, device=sigma.device) - kernel_size // 2
    kernel = torch.softmax(-0.5 * (offset / sigma[:, None]) ** 2, dim=1)  # [B, K]
    target = torch.arange(size, device=sigma.device)[:, None] + offset  # reflect at both ends
    target = (size - 1) - ((size - 1) - target.abs()).abs()
    matrix = kernel.new_zeros(len(sigma), size, size)
    return matrix.scatter_add_(2, target.expand(len(sigma), -1, -1), kernel[:, None].expand(-1, size, -1))


# --- colour ---------------------------------------------------------------------------------------------------------


def grayscale(images: Tensor) -> Tensor:
    """Luma of RGB images, `[B, 3, H, W] -> [B, 1, H, W]`; grey images come back as they are."""
    _pixels(images)
    if images.shape[1] == 1:
        return images
    luma = images[:, 0:1] * GRAY[0]
    return luma.add_(images[:, 1:2], alpha=GRAY[1]).add_(images[:, 2:3], alpha=GRAY[2])


def _per_image(factor: Tensor) -> Tensor:
    return factor[:, None, None, None]


def adjust_brightness(images: Tensor, factor: Tensor) -> Tensor:
    """Multiply image i by `factor[i]`: 0 is black, 1 leaves it."""
    _factor("factor", factor, images)
    return (images * _per_image(factor)).clamp_(0, 1)


def adjust_contrast(images: Tensor, factor: Tensor) -> Tensor:
    """Blend image i with the mean of its luma: 0 is flat grey, 1 leaves it."""
    _factor("factor", factor, images)
    factor = _per_image(factor)
    mean = grayscale(images).mean(dim=(1, 2, 3), keepdim=True)
    return (images * factor).add_((1 - factor) * mean).clamp_(0, 1)


def adjust_saturation(images: Tensor, factor: Tensor) -> Tensor:
    """Blend image i with its luma: 0 is grey, 1 leaves it. Grey images are left as they are."""
    _factor("factor", factor, images)
    if images.shape[1] == 1:
        return images
    factor = _per_image(factor)
    return (images * factor).add_(grayscale(images).mul_(1 - factor)).clamp_(0, 1)


def adjust_hue(images: Tensor, shift: Tensor) -> Tensor:
    """Turn the hue of image i by `shift[i]` of a full circle, in [−0.5, 0.5]. Grey images are left as they are.

    In HSV, with value V, chroma C and hue H in sixths of the circle, channel n of (5, 3, 1) is
    V − C·clamp(min(k, 4 − k), 0, 1) with k = (n + H) mod 6.
    """
    _factor("shift", shift, images)
    if images.shape[1] == 1:
        return images
    r, g, b = images.unbind(1)
    value, chroma = images.amax(dim=1), images.amax(dim=1) - images.amin(dim=1)
    inverse = 1 / torch.where(chroma == 0, 1, chroma)
    hue = torch.where(
        value == r, (g - b) * inverse, torch.where(value == g, (b - r) * inverse + 2, (r - g) * inverse + 4)
    )
    hue += 6 * shift[:, None, None]
    turned = torch.empty_like(images)
    for channel, n in enumerate((5, 3, 1)):
        k = hue + n
        k.sub_(6 * (k / 6).floor_())  # k mod 6, faster than remainder
        k = torch.minimum(k, 4 - k).clamp_(0, 1)
        torch.addcmul(value, chroma, k, value=-1, out=turned[:, channel])
    return turned


# --- the whole pipeline ---------------------------------------------------------------------------------------------


class Augment(nn.Module):
    """One random view of every image: uint8 or float `[B, C, H, W]` to float `[B, C, size, size]` in [0, 1].

    In order: random resized crop, flip, rotation, colour jitter (applied to 80 % of the images), greyscale, blur, as in
    SimCLR (arXiv:2002.05709, appendix A). On 32-pixel images the paper leaves the blur out (B.9).

    Args:
        size: side of a view, in pixels.
        crop_scale: range of the crop's share of the area; None resizes the whole image.
        jitter: strength s: brightness, contrast and saturation factors in 1 ± 0.8s, hue ± 0.2s of the circle.
            0 leaves colours alone.
        grayscale, blur, flip: probabilities. Blur: σ uniform in 0.1 to 2 pixels, kernel a tenth of `size`.
        rotate: degrees; the image is turned by up to so many, to either side. SimCLR has none.

    Raises:
        ValueError: an argument is out of its range, by name.
    """

    JITTER_PROBABILITY = 0.8

    def __init__(
        self,
        size: int,
        crop_scale: tuple[float, float] | None = (0.2, 1.0),
        jitter: float = 0.5,
        grayscale: float = 0.2,
        blur: float = 0.0,
        flip: float = 0.5,
        rotate: float = 0.0,
    ):
        super().__init__()
        size = inputs.count("size", size, 4)
        if crop_scale is not None:
            low, high = (inputs.number("crop_scale", x, above=0, most=1) for x in inputs.pair("crop_scale", crop_scale))
            if low > high:
                raise ValueError(f"crop_scale must be (low, high) with low ≤ high, or None; got {crop_scale}")
        inputs.number("jitter", jitter, least=0, most=2.5)  # hue turns by ±0.2s and half a circle is all there is
        for name, value in (("grayscale", grayscale), ("blur", blur), ("flip", flip)):
            inputs.number(name, value, least=0, most=1)  # probabilities
        inputs.number("rotate", rotate, least=0, most=180)  # degrees
        self.size, self.crop_scale, self.jitter = size, crop_scale, jitter
        self.grayscale, self.blur, self.flip, self.rotate = grayscale, blur, flip, rotate
        self.kernel_size = max(3, size // 10 | 1)

    def forward(
        self, images: Tensor, generator: torch.Generator | None = None, share: tuple[int, int] = (0, 1)
    ) -> Tensor:
        """Numbers are drawn on the CPU, from `generator` or the global one, so every device gets the same views.

        `share=(r, W)`: these images are part r of W equal parts of a batch, and get what they would get within it.
        """
        images = to_float(images)
        inputs.share(share)
        device, b = images.device, len(images)
        whole, mine = b * share[1], slice(b * share[0], b * (share[0] + 1))

        def uniform(low: float = 0.0, high: float = 1.0) -> Tensor:  # one draw for every image
            drawn = torch.rand(whole, generator=generator)[mine]
            return (drawn * (high - low) + low).to(device, non_blocking=True)

        height, width = images.shape[2:]
        if self.crop_scale is None:
            boxes = torch.tensor([0.0, 0.0, height, width]).expand(b, 4)
        else:
            boxes = random_boxes(whole, height, width, self.crop_scale, generator=generator)[mine]
        views = resized_crop(images, boxes.to(device, non_blocking=True), self.size, uniform() < self.flip)
        if self.rotate:
            views = rotate(views, uniform(-self.rotate, self.rotate))
        if self.jitter:
            views = self._jitter(views, uniform, generator)
        if self.grayscale and views.shape[1] == 3:
            gray = (uniform() < self.grayscale)[:, None, None, None]
            views = torch.where(gray, grayscale(views), views)
        if self.blur:
            sigma = torch.where(uniform() < self.blur, uniform(0.1, 2.0), SHARP)
            views = gaussian_blur(views, sigma, self.kernel_size)
        return views

    def _jitter(self, views: Tensor, uniform, generator: torch.Generator | None) -> Tensor:
        applied = uniform() < self.JITTER_PROBABILITY
        strength = 0.8 * self.jitter
        low, high = max(0.0, 1 - strength), 1 + strength
        for operation in torch.randperm(4, generator=generator).tolist():
            if operation == 3:
                hue = 0.2 * self.jitter
                views = adjust_hue(views, torch.where(applied, uniform(-hue, hue), 0.0))
            else:
                adjust = (adjust_brightness, adjust_contrast, adjust_saturation)[operation]
                views = adjust(views, torch.where(applied, uniform(low, high), 1.0))
        return views


class TwoViews(nn.Module):
    """Two random views of every image, drawn independently: `[B, C, H, W]` to a pair `[B, C, size, size]`.

    Arguments and errors are those of `Augment`.

    >>> view1, view2 = TwoViews(size=32)(torch.zeros(8, 3, 32, 32, dtype=torch.uint8))
    """

    def __init__(
        self,
        size: int,
        crop_scale: tuple[float, float] | None = (0.2, 1.0),
        jitter: float = 0.5,
        grayscale: float = 0.2,
        blur: float = 0.0,
        flip: float = 0.5,
        rotate: float = 0.0,
    ):
        super().__init__()
        self.augment = Augment(size, crop_scale, jitter, grayscale, blur, flip, rotate)

    def forward(
        self, images: Tensor, generator: torch.Generator | None = None, share: tuple[int, int] = (0, 1)
    ) -> tuple[Tensor, Tensor]:
        return self.augment(images, generator, share), self.augment(images, generator, share)

"""One picture file as upright 8-bit RGB, whatever its format and mode, and never a file that is no picture."""

from __future__ import annotations

import os
import stat
from functools import lru_cache

import numpy as np
from PIL import Image, ImageOps

FORMATS = (  # by name: Pillow would start Ghostscript for what calls itself EPS
    "JPEG", "MPO", "PNG", "GIF", "BMP", "DIB", "WEBP", "TIFF", "PPM", "AVIF", "JPEG2000", "TGA", "ICO", "PCX", "SGI",
    "QOI", "PSD", "DDS",
)  # fmt: skip
COMMON = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm")
LARGE = 4_000_000  # pixels: pictures with more are decoded one at a time, for memory's sake
MOST = 100_000_000  # pixels of one picture: half a gigabyte while it is read
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@lru_cache
def formats() -> tuple[str, ...]:
    """Those of `FORMATS` that this Pillow can read."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


@lru_cache
def suffixes() -> tuple[str, ...]:
    """The endings of their files, in small letters, the common ones first."""
    names = formats()
    known = {suffix for suffix, name in Image.registered_extensions().items() if name in names}
    return (*(s for s in COMMON if s in known), *sorted(known - set(COMMON)))


def open_picture(file) -> Image.Image:
    """`Image.open` for a path or an open file, of the named formats only and of at most `MOST` pixels.

    Raises:
        OSError: no regular file, no picture, or too large a one.
    """
    if isinstance(file, (str, os.PathLike)):
        if os.path.islink(file) and not os.path.exists(file):
            raise OSError("a link to nothing")
        if not stat.S_ISREG(os.stat(file).st_mode):  # reading a FIFO would wait for ever
            raise OSError("not a regular file")
    try:
        image = Image.open(file, formats=formats())
    except Image.UnidentifiedImageError:
        raise OSError("no picture of a kind that is read here, whatever its name says") from None
    except Image.DecompressionBombError:
        raise OSError(f"more than {MOST:,} pixels; shrink it first") from None
    if image.width * image.height > MOST:
        size = f"{image.width:,} x {image.height:,}"
        image.close()
        raise OSError(f"{size} pixels, more than {MOST:,}; shrink it first")
    return image


def size_of(file: str) -> tuple[int, int]:
    """Width and height of a picture file, from its head."""
    with open_picture(file) as image:
        return image.size


def read(file: str, size: int | None, *, large: bool = True) -> np.ndarray | None:
    """One picture, uint8 `[size, size, 3]`: its central square; with None `[H, W, 3]` as it is.

    Without `large`, None in the place of a picture of more than `LARGE` pixels: read these from one thread, since each
    thread keeps the memory that it had.
    """
    with open_picture(file) as image:
        pixels = image.width * image.height
        if size is not None:
            image.draft("RGB", (2 * size, 2 * size))  # a JPEG decoder skips the detail that nobody will see
            if not image.info.get("progressive"):  # whose decoder holds the whole picture all the same
                pixels = image.width * image.height
        return np.asarray(to_rgb(image, size)) if large or pixels <= LARGE else None


def to_rgb(image: Image.Image, size: int | None = None) -> Image.Image:
    """Upright RGB: EXIF turns applied, grey of more than 8 bits scaled to 8, transparency laid on white.

    16 bits keep the upper 8. Whole numbers of 32 bits and floats are taken for 0 to 1 (floats), 0 to 255 or 0 to
    65535, by the largest value.

    Args:
        image: an opened picture.
        size: its central square at that side, in pixels; None leaves it as it is.

    Raises:
        OSError: values outside these ranges, or not finite.
    """
    key = _colour_key(image)
    image.load()
    turn = _turn(image)
    factor = min(image.size) // (4 * size) if size and image.width * image.height > LARGE else 1
    image = _reduced(image, key, factor) if factor > 1 and image.mode[0] not in "IF" else _eight_bits(image, key)
    if size is not None:
        image = square(image, size)
    if turn is not None:  # a mirror image is number 0
        image = image.transpose(turn)
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def square(image: Image.Image, size: int) -> Image.Image:
    """The central square of an image, resized to `size` x `size` (bicubic, with antialiasing)."""
    return image if image.size == (size, size) else ImageOps.fit(image, (size, size), Image.Resampling.BICUBIC)


def _reduced(image: Image.Image, key, factor: int) -> Image.Image:
    """`_eight_bits`, `factor` times smaller: strip by strip, for every conversion of a large picture copies it."""
    width, height = image.size
    out, rows = None, 8 * factor
    for top in range(0, height, rows):
        strip = _eight_bits(image.crop((0, top, width, min(top + rows, height))), key).reduce(factor)
        out = out or Image.new(strip.mode, (strip.width, -(-height // factor)))
        out.paste(strip, (0, top // factor))
    return out


def _turn(image: Image.Image) -> Image.Transpose | None:
    try:
        return TURNS.get(image.getexif().get(0x0112))
    except Exception:  # a broken EXIF block, for which Pillow has a dozen types, says nothing; the picture is there
        return None


def _colour_key(image: Image.Image):
    """The grey or colour that counts as transparent (PNG's tRNS), in the values of the decoded picture, or None.

    PNG gives it in the file's own bits, Pillow leaves it so; before `load`, which forgets what these were.
    """
    key = image.info.get("transparency")
    raw = image.tile[0][3] if image.format == "PNG" and image.tile else None
    if isinstance(key, int):
        return key * {"L;2": 85, "L;4": 17}.get(raw, 1)
    if isinstance(key, tuple) and raw == "RGB;16B":
        return tuple(value >> 8 for value in key)
    return key


def _eight_bits(image: Image.Image, key) -> Image.Image:
    """The same picture as L, RGB or RGBA."""
    mode = image.mode
    if mode[0] in "IF":
        values = np.asarray(image)
        grey = Image.fromarray(_scaled(values, image))
        if isinstance(key, int):
            grey.putalpha(Image.fromarray(np.where(values == key, 0, 255).astype(np.uint8)))
            return grey.convert("RGBA")
        return grey
    if mode == "La":
        image, mode = image.convert("LA"), "LA"
    if mode in ("RGBA", "LA", "PA", "RGBa") or (mode == "P" and image.palette and image.palette.mode == "RGBA"):
        return image.convert("RGBA")
    if key is not None:
        image.info["transparency"] = key
        return image.convert("RGBA")
    return image.convert("L" if mode in "1L" else "RGB")


def _scaled(values: np.ndarray, image: Image.Image) -> np.ndarray:
    """Grey of 16 bits, of 32, or floats, as uint8."""
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format in ("PNG", "PPM")):
        return (values >> 8).astype(np.uint8)
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= 65535):
        raise OSError(f"values from {low:g} to {high:g}, expected 0 to 1, 0 to 255 or 0 to 65535")
    top = 1 if values.dtype.kind == "f" and high <= 1 else 255 if high <= 255 else 65535
    return values.astype(np.uint8) if top == 255 else (values * (255 / top)).round().astype(np.uint8)

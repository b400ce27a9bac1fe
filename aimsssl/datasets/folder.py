"""`folder:PATH`: anyone's images, one subfolder a class or none, made one size and held in memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

from aimsssl.datasets.imageset import ImageSet, balanced_sample

SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp")
SPLITS = ("train", "val", "test")
SIZE = 64  # pixels: the side that images of unequal or larger size are brought to


def load(
    path: str | Path, split: str = "train", *, size: int | None = None, limit: int | None = None, seed: int = 0
) -> ImageSet:
    """Load a folder of images as RGB.

    **Where.** A `path` that holds `train/` and `test/` (or nothing but `train/`, `val/`, `test/`) means `path/split`.
    Any other `path` is one set, all of which is `split="train"`. Every subfolder with an image in it is a class, at any
    depth; images that lie beside the subfolders have no label (-1). Hidden files and files of another kind are skipped.

    **Size.** With `size=None`: where all images are square, of one size and at most 64 pixels, they stay as they are;
    else every image is cut to its central square and resized to 64 x 64. A `size` brings every image to that side.

    Turned photographs (EXIF) are set upright, transparency is laid on white, 16-bit grey is scaled to 8 bits, and of an
    animation the first frame is taken.

    Args:
        path: the folder.
        split: `train`, `val` or `test`.
        size: side in pixels, or None for the rule above.
        limit: at most so many images, drawn with `seed`, the classes in equal numbers as far as possible.
        seed: of that draw.

    Returns:
        `ImageSet`: images uint8 `[N, 3, size, size]`, in the order of class and file name (of the draw with a limit).

    Raises:
        FileNotFoundError, NotADirectoryError: `path` is not there or is no folder.
        ValueError: no such split, no images, or damaged images, the first five of which it names.
    """
    if not str(path):
        raise ValueError("name is 'folder:', expected folder:PATH with the path of a folder of images")
    if size is not None and (not isinstance(size, int) or size < 1):
        raise ValueError(f"size is {size!r}, expected None or a side in pixels of at least 1")
    path = Path(path).expanduser()
    if not path.exists():
        raise FileNotFoundError(f"the folder {path} is not there; check the path (the current folder is {Path.cwd()})")
    if not path.is_dir():
        raise NotADirectoryError(f"{path} is a file, expected a folder of images")
    folder, families = _find_split(path, split)
    found = list(_images(folder))
    if not found:
        raise ValueError(f"the folder {folder} has no images in it; expected files that end in {', '.join(SUFFIXES)}")
    named = {family for other in families for family, _ in (found if other == folder else _images(other))}
    classes = sorted(named - {""})
    number = {name: index for index, name in enumerate(classes)} | {"": -1}
    labels = torch.tensor([number[family] for family, _ in found])
    if limit is not None and limit < len(found):
        chosen = balanced_sample(labels, limit, seed)
        found, labels = [found[i] for i in chosen.tolist()], labels[chosen]
    images = _read_all([file for _, file in found], size)
    return ImageSet(f"folder:{folder}", images, labels, tuple(classes))


def _find_split(path: Path, split: str) -> tuple[Path, list[Path]]:
    """The folder of `split`, and all folders whose classes count, so that a label means the same in every split."""
    below = {entry.name for entry in os.scandir(path) if entry.is_dir() and not entry.name.startswith(".")}
    if below and ({"train", "test"} <= below or below <= set(SPLITS)):
        if split not in below or split not in SPLITS:
            there = ", ".join(name for name in SPLITS if name in below)
            raise ValueError(f"split is {split!r}, expected one of the folders in {path}: {there}")
        return path / split, [path / name for name in SPLITS if name in below]
    if split != "train":
        raise ValueError(
            f"split is {split!r}, but {path} is one set without a folder {split}/; give the folder of the other images "
            f"(folder:PATH with its default split), or sort the images of {path} into train/ and {split}/"
        )
    return path, [path]


def _images(folder: Path) -> Iterator[tuple[str, str]]:
    """(class, file) of every image under `folder`, sorted; the class is the first subfolder, "" without one."""
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        family = os.path.relpath(where, folder).split(os.sep)[0].removeprefix(".")
        for name in sorted(files):
            if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                yield family, os.path.join(where, name)


def _read_all(files: list[str], size: int | None) -> torch.Tensor:
    """uint8 `[N, 3, size, size]`, read in threads (Pillow frees the interpreter lock while it decodes)."""
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        images = list(pool.map(lambda file: _read(file, size), files, chunksize=64))
    bad = [(file, image) for file, image in zip(files, images, strict=True) if isinstance(image, Exception)]
    if bad:
        listed = "; ".join(f"{file} ({' '.join(str(error).split())})" for file, error in bad[:5])
        more = f"; and {len(bad) - 5} more" if len(bad) > 5 else ""
        raise ValueError(f"{len(bad)} of {len(files)} images cannot be read, replace or delete them: {listed}{more}")
    if size is None and {image.shape for image in images} != {images[0].shape}:  # small ones of several sizes
        images = [np.asarray(square(Image.fromarray(image), SIZE)) for image in images]
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).contiguous()


def _read(file: str, size: int | None) -> np.ndarray | Exception:
    """One image `[H, W, 3]`: at `size`, or where that is None at its own size if square and small, else at SIZE."""
    try:
        with Image.open(file) as image:
            if size is None and (image.width != image.height or image.width > SIZE):
                size = SIZE
            if size is not None:
                image.draft("RGB", (2 * size, 2 * size))  # a JPEG decoder skips the detail that nobody will see
            rgb = to_rgb(image)
            return np.asarray(rgb if size is None else square(rgb, size))
    except Exception as error:  # Pillow has a dozen types for a damaged file
        return error


def to_rgb(image: Image.Image) -> Image.Image:
    """Upright RGB: EXIF turns applied, 16-bit grey scaled to 8 bits, transparency laid on white."""
    image = ImageOps.exif_transpose(image)
    if image.mode == "RGB":
        return image
    if image.mode.startswith("I"):
        image = Image.fromarray((np.asarray(image).astype(np.int64).clip(0, 65535) >> 8).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def square(image: Image.Image, size: int) -> Image.Image:
    """The central square of an image, resized to `size` x `size` (bicubic, with antialiasing)."""
    return image if image.size == (size, size) else ImageOps.fit(image, (size, size), Image.Resampling.BICUBIC)

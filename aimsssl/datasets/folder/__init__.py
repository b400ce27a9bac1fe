"""`folder:PATH`: anyone's images, one subfolder a class or none, made one size and held in memory."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import torch
from PIL import Image

from .. import memory, pictures
from ..imageset import ImageSet, balanced_sample
from . import files, splits
from .holding_out import hold_out
from .report import FolderWarning, Report, printable

SIZE = 64  # pixels: the side that images of unequal or larger size are brought to
HEADS = 5_000  # files whose size is looked at beside those that are read
THREADS = min(8, os.cpu_count() or 1)


def load(
    path: str | Path,
    split: str | None = "train",
    *,
    size: int | None = None,
    limit: int | None = None,
    seed: int = 0,
    group_by: str | None = None,
    skip_damaged: bool = False,
) -> ImageSet:
    """Load a folder of images as RGB.

    **Where.** Folders in `path` whose names say train, test or validation (in any case: Train, testing, valid,
    training_set …) are splits, and `split` picks one; `test` picks the validation images where there is no test folder.
    A `path` that is itself such a folder beside its counterpart (`own/train` beside `own/test`) is that part, whole,
    and is refused as the other. Any other `path` is one set, and a part of it is held out for `test` (see
    `holding_out.hold_out`), the same whatever the seed: so no image is both in `train` and in `test`.

    **Classes.** Every subfolder with an image in it is a class, at any depth; images beside the subfolders have no
    label (-1). Links are followed. Hidden files are passed by; files of other kinds are named in the report.

    **Size.** With `size=None`: where all images are square, of one size and at most 64 pixels, they stay as they are;
    else every image is cut to its central square and resized to 64 x 64. A `size` brings every image to that side.

    Turned photographs (EXIF) are set upright, transparency is laid on white, 16-bit grey is scaled to 8 bits, and of an
    animation the first frame is taken.

    Args:
        path: the folder.
        split: `train`, `val` or `test`; `all` of one set; None is `train`, and of a folder that is itself a part that
            part.
        size: side in pixels, or None for the rule above.
        limit: at most so many images, drawn with `seed`, the classes in equal numbers as far as possible; where there
            are fewer, all of them, in the order of such a draw.
        seed: of that draw.
        group_by: a regular expression for what belongs together where a part is held out.
        skip_damaged: leave out damaged images, and say so, where they would stop the loading.

    Returns:
        `ImageSet`: images uint8 `[N, 3, size, size]`, in the order of class and file name (of the draw with a limit),
        `sources` relative to the folder in its `name`, and a `report` of what was taken for what.

    Raises:
        FileNotFoundError, NotADirectoryError, OSError: `path` is not there, is no folder, or cannot be listed.
        ValueError: no such split, no images, a class without any, or damaged images, the first five of which it names.
    """
    path = _checked(path)
    place = splits.find(path, split)
    found = files.below(place.folder)
    if not found.images:
        listed = ", ".join(pictures.COMMON)
        raise ValueError(f"the folder {place.folder} has no images in it; expected files that end in {listed}")
    report = Report(place, found, _other_parts(place))
    classes = report.class_names()
    chosen = found.images
    if place.one_set and place.role != "all":
        report.held = hold_out(chosen, str(place.folder), group_by)
        test = place.role == "test"
        chosen = [file for file, held in zip(chosen, report.held.test, strict=True) if held == test]
        if not chosen:
            raise ValueError(f"no image of {place.folder} can be held out for test: every class is one image or group")
    number = {name: index for index, name in enumerate(classes)} | {"": -1}
    labels = torch.tensor([number[family] for family, _ in chosen])
    if limit is not None:
        drawn = balanced_sample(labels, min(limit, len(chosen)), seed)
        chosen, labels = [chosen[i] for i in drawn.tolist()], labels[drawn]
    size = size or _side([file for _, file in chosen], report)
    images, whole = _read_all([file for _, file in chosen], size, skip_damaged, report)
    chosen, labels = [chosen[i] for i in whole], labels[whole]
    report.taken(chosen, size)
    for doubt in report.doubts():
        warnings.warn(doubt, FolderWarning, stacklevel=3)
    sources = tuple(printable(os.path.relpath(file, place.folder).replace(os.sep, "/")) for _, file in chosen)
    names = tuple(printable(name) for name in classes)
    return ImageSet(f"folder:{place.folder}", images, labels, names, sources=sources, report=str(report))


def _checked(path: str | Path) -> Path:
    if not str(path):
        raise ValueError("name is 'folder:', expected folder:PATH with the path of a folder of images")
    if printable(str(path)) != str(path):
        raise ValueError(
            f"the path {printable(str(path))} is not UTF-8, and runs could not record it; rename the folder"
        )
    path = Path(path).expanduser()
    if not path.exists():
        raise FileNotFoundError(f"the folder {path} is not there; check the path (the current folder is {Path.cwd()})")
    if not path.is_dir():
        raise NotADirectoryError(f"{path} is a file, expected a folder of images")
    return path


def _other_parts(place: splits.Place) -> dict[str, files.Files]:
    """The files of the other parts by role: their classes count, so that a label means the same in every part."""
    mine = os.path.abspath(place.folder)
    folders = [(role, folder) for role, folders in place.parts.items() for folder in folders]
    return {f"{role} ({f.name})": files.below(f) for role, f in folders if os.path.abspath(f) != mine}


def _side(chosen: list[str], report: Report) -> int:
    """The side of all images: theirs where they are square, small and of one size, in the other parts too; else `SIZE`.

    It is the same whichever part is asked for, as long as there are at most `HEADS` files; of more a sample is seen.
    """
    every = [file for files in (report.found, *report.others.values()) for _, file in files.images]
    sample = every[:: len(every) // HEADS + 1]
    with _quiet(), ThreadPoolExecutor(THREADS) as pool:
        sizes = list(pool.map(lambda file: _attempt(pictures.size_of, file), [*chosen, *sample]))
    report.sizes = {size for size in sizes[: len(chosen)] if isinstance(size, tuple)}
    seen = {size for size in sizes if isinstance(size, tuple)}
    width, height = seen.pop() if len(seen) == 1 else (0, 0)
    return width if width == height and 0 < width <= SIZE else SIZE


def _read_all(paths: list[str], size: int, skip_damaged: bool, report: Report) -> tuple[torch.Tensor, list[int]]:
    """uint8 `[N, 3, size, size]` and which of `paths` they are, read in threads (Pillow lets others run meanwhile)."""
    memory.announce(len(paths), 3, size, "take fewer (--limit, limit=) or smaller ones (--image-size, image_size=)")
    images = torch.empty(len(paths), 3, size, size, dtype=torch.uint8)
    out = images.numpy()

    def read(place: int, large: bool) -> bool:
        picture = pictures.read(paths[place], size, large=large)
        if picture is not None:
            out[place] = picture.transpose(2, 0, 1)
        return picture is not None

    with _quiet():
        with ThreadPoolExecutor(THREADS) as pool:
            done = list(pool.map(lambda place: _attempt(read, place, False), range(len(paths))))
        done = [found or _attempt(read, place, True) for place, found in enumerate(done)]  # the large ones, by one
    bad = {place: error for place, error in enumerate(done) if error is not True}
    if bad and not skip_damaged:
        _complain(paths, bad)
    report.damaged = [(paths[place], _words(error)) for place, error in bad.items()]
    whole = [place for place in range(len(paths)) if place not in bad]
    return images[whole] if bad else images, whole


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Pillow's warning of large pictures: `pictures` has a limit of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        yield


def _attempt(function, *arguments):
    try:
        return function(*arguments)
    except MemoryError:  # no fault of the file's
        raise
    except Exception as error:  # Pillow has a dozen types for a damaged file
        return error


def _words(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _complain(paths: list[str], bad: dict[int, Exception]) -> None:
    listed = "; ".join(f"{printable(paths[i])} ({_words(bad[i])})" for i in list(bad)[:5])
    more = f"; and {len(bad) - 5} more" if len(bad) > 5 else ""
    raise ValueError(
        f"{len(bad)} of {len(paths)} images cannot be read, replace or delete them, or leave them out with "
        f"--skip-damaged (skip_damaged=True): {listed}{more}"
    )

"""`nuts`: dates, figs and hazelnuts, each annotated box of a few photographs cut out as an image."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from PIL import Image

from aimsssl.datasets.download import digest, fetch
from aimsssl.datasets.imageset import ImageSet
from aimsssl.datasets.pictures import open_picture, to_rgb

URL = "https://github.com/gkioxari/aims2020_visualrecognition/releases/download/v1.0/nuts.zip"
CLASSES = ("date", "fig", "hazelnut")
ANNOTATIONS = {"train": "train.json", "test": "val.json"}
SIZE = 64
MOST_BYTES = {"json": 50 << 20, "photograph": 200 << 20, "all": 2 << 30}  # unpacked
REMEDY = "run: aimsssl data download nuts"


def load(split: str = "train", *, root: str | Path, download: bool = False, size: int = SIZE) -> ImageSet:
    """Cut the annotated boxes out of the photographs in `root/nuts/nuts.zip`.

    A box is widened to a square around its middle, moved in where it would stick out, and resized to `size` x `size`.
    The photographs are by Tony607 (https://github.com/Tony607), the zip belongs to AIMS' course on visual recognition
    (https://github.com/gkioxari/aims2020_visualrecognition, LAB2.md): `images/`, `train.json`, `val.json`, COCO form.

    Args:
        split: `train`, or `test` for the annotations in `val.json`.
        root: the folder that holds `nuts/nuts.zip`.
        download: fetch the zip where it is missing, damaged, or not the one that was first downloaded.
        size: side of an image in pixels.

    Returns:
        `ImageSet`: images uint8 `[N, 3, size, size]`, labels int64 `[N]`, classes date, fig, hazelnut.

    Raises:
        ValueError: an unknown split.
        FileNotFoundError: the zip is not there.
        OSError: the zip is damaged, or the download failed.
    """
    if split not in ANNOTATIONS:
        raise ValueError(f"split is {split!r}, expected 'train' or 'test'")
    path = Path(root) / "nuts" / "nuts.zip"
    if download:
        _complete(path)
    elif not path.exists():
        raise FileNotFoundError(f"nuts is not in {path}; {REMEDY}")
    try:
        _same_as_first(path)
        with zipfile.ZipFile(path) as archive:
            _check_sizes(archive)
            images, labels = _cut(archive, split, size)
    except Exception as error:  # a broken zip, JSON or JPEG: each has its own types
        raise OSError(f"{path} is damaged ({error}); {REMEDY}") from error
    return ImageSet(f"nuts/{split}", torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(), labels, CLASSES)


# --- a zip that is whole, and the one that came first ----------------------------------------------------------------


def _complete(path: Path) -> None:
    """Have a sound zip, and its SHA-256 beside it: nobody publishes one, so what comes first is trusted, then kept."""
    try:
        _sound(path)
    except OSError:
        fetch([URL], path, _sound, REMEDY)
    record = _record(path)
    if not record.exists():
        record.write_text(f"{digest(path, 'sha256')}  {path.name}\n", encoding="ascii")


def _record(path: Path) -> Path:
    return path.parent / "nuts.zip.sha256"


def _same_as_first(path: Path) -> None:
    record = _record(path)
    words = record.read_text(encoding="ascii", errors="replace").split() if record.exists() else []
    if words and digest(path, "sha256") != words[0]:
        raise OSError(f"not the file that was first downloaded, by its SHA-256; if it should be new, delete {record}")


def _sound(path: Path) -> None:
    """Raise an `OSError` where the file is no zip that can be read to its end, or another one than came first."""
    _same_as_first(path)
    try:
        with zipfile.ZipFile(path) as archive:
            _check_sizes(archive)
            if broken := archive.testzip():
                raise OSError(f"{broken} in the zip fails its checksum")
            for split in ANNOTATIONS:
                _annotations(archive, split)
    except OSError:
        raise
    except Exception as error:  # encrypted, packed in an unknown way, cut off …
        raise OSError(f"no sound zip of the nuts: {' '.join(str(error).split()) or type(error).__name__}") from error


def _check_sizes(archive: zipfile.ZipFile) -> None:
    """Raise where unpacking would take more than any such set does: a few megabytes can hold gigabytes of zeros."""
    infos = archive.infolist()
    for info in infos:
        if info.file_size > MOST_BYTES["json" if info.filename.endswith(".json") else "photograph"]:
            raise OSError(f"{info.filename} in the zip would take {info.file_size:,} bytes")
    if (total := sum(info.file_size for info in infos)) > MOST_BYTES["all"]:
        raise OSError(f"the zip would take {total:,} bytes")


# --- boxes ----------------------------------------------------------------------------------------------------------


def _annotations(archive: zipfile.ZipFile, split: str) -> dict:
    return json.loads(archive.read(_member(archive, ANNOTATIONS[split])))


def _member(archive: zipfile.ZipFile, name: str) -> str:
    """The file in the zip whose path ends in `name`, or that has at least its last part: exactly one."""
    wanted = PurePosixPath(name.replace("\\", "/")).parts
    names = [name for name in archive.namelist() if "__MACOSX" not in name and not name.endswith("/")]
    for length in (len(wanted), 1):
        found = [name for name in names if PurePosixPath(name).parts[-length:] == wanted[-length:]]
        if len(found) == 1:
            return found[0]
    raise ValueError(f"the zip has {len(found)} files called {wanted[-1]}")


def _cut(archive: zipfile.ZipFile, split: str, size: int) -> tuple[np.ndarray, torch.Tensor]:
    """Images uint8 `[N, size, size, 3]` and labels, in the order of the annotations, one photograph at a time."""
    coco = _annotations(archive, split)
    names = {category["id"]: category["name"] for category in coco["categories"]}
    boxes: dict[int, list[int]] = {}
    for index, annotation in enumerate(coco["annotations"]):
        boxes.setdefault(annotation["image_id"], []).append(index)
    images = np.zeros((len(coco["annotations"]), size, size, 3), np.uint8)
    for record in coco["images"]:
        if record["id"] not in boxes:
            continue
        with archive.open(_member(archive, record["file_name"])) as file:
            photograph = open_picture(file)
            turned = photograph.size != (record["width"], record["height"])  # boxes measured on the upright photograph
            photograph = to_rgb(photograph) if turned else photograph.convert("RGB")
        for index in boxes.pop(record["id"]):
            box = _square_box(coco["annotations"][index]["bbox"], photograph.size)
            images[index] = photograph.resize((size, size), Image.Resampling.BICUBIC, box=box)
    if boxes:
        raise ValueError(f"{ANNOTATIONS[split]} has boxes of images that it does not list: {sorted(boxes)}")
    labels = [CLASSES.index(names[annotation["category_id"]]) for annotation in coco["annotations"]]
    return images, torch.tensor(labels, dtype=torch.int64)


def _square_box(bbox: list[float], extent: tuple[int, int]) -> tuple[float, float, float, float]:
    """COCO's (left, top, width, height) as (left, top, right, bottom) of the square around it inside the photograph."""
    left, top, width, height = bbox
    side = min(max(width, height, 1), *extent)
    x = min(max(left + width / 2 - side / 2, 0), extent[0] - side)  # moved in where it would stick out
    y = min(max(top + height / 2 - side / 2, 0), extent[1] - side)
    return x, y, x + side, y + side

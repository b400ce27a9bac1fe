"""`nuts`: dates, figs and hazelnuts, each annotated box of a few photographs cut out as an image."""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from pathlib import Path, PurePosixPath
from urllib.request import Request, urlopen

import numpy as np
import torch
from PIL import Image

from aimsssl.datasets.imageset import ImageSet
from aimsssl.datasets.pictures import open_picture, to_rgb

URL = "https://github.com/gkioxari/aims2020_visualrecognition/releases/download/v1.0/nuts.zip"
CLASSES = ("date", "fig", "hazelnut")
ANNOTATIONS = {"train": "train.json", "test": "val.json"}
SIZE = 64
REMEDY = "run: aimsssl data download nuts"


def load(split: str = "train", *, root: str | Path, download: bool = False, size: int = SIZE) -> ImageSet:
    """Cut the annotated boxes out of the photographs in `root/nuts/nuts.zip`.

    A box is widened to a square around its middle, moved in where it would stick out, and resized to `size` x `size`.
    The photographs are by Tony607 (https://github.com/Tony607), the zip belongs to AIMS' course on visual recognition
    (https://github.com/gkioxari/aims2020_visualrecognition, LAB2.md): `images/`, `train.json`, `val.json`, COCO form.

    Args:
        split: `train`, or `test` for the annotations in `val.json`.
        root: the folder that holds `nuts/nuts.zip`.
        download: fetch the zip where it is missing.
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
    if not path.exists():
        if not download:
            raise FileNotFoundError(f"nuts is not in {path}; {REMEDY}")
        fetch(URL, path)
    try:
        with zipfile.ZipFile(path) as archive:
            images, labels = _cut(archive, split, size)
    except Exception as error:  # a broken zip, JSON or JPEG: each has its own types
        raise OSError(f"{path} is damaged ({error}); delete it, then {REMEDY}") from error
    return ImageSet(f"nuts/{split}", torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(), labels, CLASSES)


def fetch(url: str, path: Path) -> None:
    """Download a zip to `path`: whole and sound, or not at all.

    Raises:
        OSError: the download broke off, is shorter or longer than announced, or is no sound zip.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(prefix=path.name, suffix=".part", dir=path.parent)
    try:
        request = Request(url, headers={"User-Agent": "aimsssl"})
        with os.fdopen(handle, "wb") as file, urlopen(request, timeout=60) as answer:
            announced, received = answer.headers.get("Content-Length"), 0
            while block := answer.read(1 << 20):
                received += file.write(block)
        if announced is not None and received != int(announced):
            raise OSError(f"{received} bytes came, expected {announced}")
        with zipfile.ZipFile(part) as archive:
            if broken := archive.testzip():
                raise OSError(f"{broken} in the zip fails its checksum")
        os.replace(part, path)
    except (OSError, zipfile.BadZipFile) as error:
        hint = f"check connection and disk, then {REMEDY}"
        raise OSError(f"{url} could not be downloaded to {path} ({error}); {hint}") from error
    finally:
        Path(part).unlink(missing_ok=True)


def _cut(archive: zipfile.ZipFile, split: str, size: int) -> tuple[np.ndarray, torch.Tensor]:
    """Images uint8 `[N, size, size, 3]` and labels, in the order of the annotations, one photograph at a time."""
    members = {PurePosixPath(name).name: name for name in archive.namelist() if "__MACOSX" not in name}
    coco = json.loads(archive.read(members[ANNOTATIONS[split]]))
    names = {category["id"]: category["name"] for category in coco["categories"]}
    boxes: dict[int, list[int]] = {}
    for index, annotation in enumerate(coco["annotations"]):
        boxes.setdefault(annotation["image_id"], []).append(index)
    images = np.zeros((len(coco["annotations"]), size, size, 3), np.uint8)
    for record in coco["images"]:
        if record["id"] not in boxes:
            continue
        with archive.open(members[PurePosixPath(record["file_name"].replace("\\", "/")).name]) as file:
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

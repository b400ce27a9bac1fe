"""The features of images in a file that other programs read: NumPy's npz, or a table as csv."""

import csv
import io
from pathlib import Path

import numpy as np
import torch

from ..datasets import ImageSet
from ..models import extract
from ..training.runs import write_atomically

FORMS = (".npz", ".csv")


def check_target(path: str | Path, force: bool) -> Path:
    """Where features will be written, before anything is computed for them.

    Raises:
        ValueError: the name ends in neither .npz nor .csv.
        FileExistsError: it is there, and `force` does not say to replace it.
        OSError: the folder is not there, or the path is a folder.
    """
    path = Path(path).expanduser()
    if path.suffix.lower() not in FORMS:
        raise ValueError(f"--out is {str(path)!r}, expected a file that ends in {' or '.join(FORMS)}")
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder, expected a file that ends in {' or '.join(FORMS)}")
    if path.exists() and not force:
        raise FileExistsError(f"{path} is there already; choose another name, or --force to replace it")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"the folder {path.parent} of {path.name} is not there; make it first")
    return path


def write_features(path: Path, encoder: torch.nn.Module, parts: dict[str, ImageSet]) -> np.ndarray:
    """Write h of all images of `parts`, {split: images}, and what is known of each. Returns h, float32 `[N, D]`.

    npz: `h` [N, D]; `labels` int64 [N], -1 where unknown; `classes`, the names of the labels; `files` [N], relative to
    the folder of the split; `splits` [N]. No array holds objects: `numpy.load` reads it with allow_pickle=False.
    csv: a row an image: file, split, label (number), class (name), then h0, h1, ….

    Raises:
        RunError: it cannot be written.
    """
    h = torch.cat([extract(encoder, images.images) for images in parts.values()]).numpy()
    labels = torch.cat([images.labels for images in parts.values()]).numpy()
    classes = next(iter(parts.values())).classes
    files = [
        file for images in parts.values() for file in images.sources or _numbered(images)
    ]  # fmt: skip
    splits = [split for split, images in parts.items() for _ in range(len(images))]
    write = _csv if path.suffix.lower() == ".csv" else _npz
    write_atomically(path, write(h, labels, classes, files, splits))
    return h


def _numbered(images: ImageSet) -> list[str]:
    """Names for images that come from no file: set, split and place."""
    return [f"{images.name}/{index}" for index in range(len(images))]


def _npz(h: np.ndarray, labels: np.ndarray, classes: tuple, files: list[str], splits: list[str]) -> bytes:
    buffer = io.BytesIO()
    texts = {"classes": classes, "files": files, "splits": splits}
    np.savez_compressed(buffer, h=h, labels=labels, **{k: np.array(list(v), dtype=np.str_) for k, v in texts.items()})
    return buffer.getvalue()


def _csv(h: np.ndarray, labels: np.ndarray, classes: tuple, files: list[str], splits: list[str]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["file", "split", "label", "class", *(f"h{column}" for column in range(h.shape[1]))])
    for file, split, label, row in zip(files, splits, labels.tolist(), h, strict=True):
        writer.writerow([file, split, label, classes[label] if label >= 0 else "", *(f"{x:.9g}" for x in row)])
    return text.getvalue().encode()

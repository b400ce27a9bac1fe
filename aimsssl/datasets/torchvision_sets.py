"""MNIST, Fashion-MNIST, CIFAR-10 and STL-10: fetched with our own care, read by torchvision's own readers."""

from __future__ import annotations

import gzip
import tarfile
import zlib
from math import prod
from pathlib import Path

import numpy as np
import torch

from aimsssl.datasets import memory
from aimsssl.datasets.download import digest, fetch, has_digest
from aimsssl.datasets.imageset import ImageSet

SETS = {  # name: torchvision's class by name, its folder below the root, splits
    "mnist": ("MNIST", "MNIST", ("train", "test")),
    "fashion_mnist": ("FashionMNIST", "FashionMNIST", ("train", "test")),
    "cifar10": ("CIFAR10", "cifar-10-batches-py", ("train", "test")),
    "stl10": ("STL10", "stl10_binary", ("train", "test", "unlabeled")),
}
REMEDY = "run: aimsssl data download {}"


def load(name: str, split: str = "train", *, root: str | Path, download: bool = False) -> ImageSet:
    """Read one of torchvision's data sets from `root`, in the layout that torchvision writes there.

    Args:
        name: `mnist`, `fashion_mnist`, `cifar10` or `stl10`.
        split: `train` or `test`; for `stl10` also `unlabeled`, 100,000 images with label -1 (2.8 GB in memory).
        root: the folder that holds `MNIST/`, `FashionMNIST/`, `cifar-10-batches-py/`, `stl10_binary/`.
        download: fetch what is missing and mend what is damaged; addresses and MD5 sums are those in torchvision.

    Returns:
        `ImageSet`: images uint8 `[N, 1, 28, 28]` (both MNISTs), `[N, 3, 32, 32]` (CIFAR-10), `[N, 3, 96, 96]` (STL-10).

    Raises:
        ValueError: an unknown split.
        FileNotFoundError: the files are not there.
        OSError: the files are damaged, or the download failed.
    """
    from torchvision import datasets as readers  # here, for it takes seconds to import and most runs do without

    reader, folder, splits = SETS[name]
    if split not in splits:
        raise ValueError(f"split is {split!r}, expected one of {', '.join(splits)} for {name}")
    where, remedy = Path(root) / folder, REMEDY.format(name)
    reader = getattr(readers, reader)
    if download:
        _complete(reader, Path(root), where, remedy)
    if name == "stl10" and (file := where / f"{split}_X.bin").is_file():
        memory.announce(file.stat().st_size // (3 * 96 * 96), 3, 96, "take the smaller part, stl10/train")
    arguments = {"split": split} if name == "stl10" else {"train": split == "train"}
    try:
        return _as_images(name, split, reader(root=str(root), download=False, **arguments))
    except Exception as error:  # torchvision: RuntimeError where files are missing, any type where they are damaged
        reason = " ".join(str(error).split()) or type(error).__name__
        missing = isinstance(error, FileNotFoundError) or (isinstance(error, RuntimeError) and "not found" in reason)
        if not where.is_dir() or (missing and not _any_file(where)):
            raise FileNotFoundError(f"{name} is not in {where}; {remedy}") from error
        raise OSError(f"the files of {name} in {where} are damaged ({reason}); {remedy}") from error


def _as_images(name: str, split: str, source) -> ImageSet:
    images = torch.as_tensor(source.data)
    if images.ndim == 3:  # [N, H, W] of the MNISTs
        images = images[:, None]
    elif name == "cifar10":  # [N, H, W, 3]
        images = images.permute(0, 3, 1, 2).contiguous()
    labels = torch.as_tensor(np.asarray(source.labels if name == "stl10" else source.targets)).long()
    if len(images) != len(labels):
        raise ValueError(f"{len(images)} images, {len(labels)} labels")
    if name == "stl10" and not getattr(source, "classes", None):
        raise ValueError(f"{source.class_names_file} is missing")
    classes = tuple(str(digit) for digit in range(10)) if name == "mnist" else tuple(source.classes)
    return ImageSet(f"{name}/{split}", images, labels, classes)


def _any_file(folder: Path) -> bool:
    """Whether there is anything in the folder: files that fail their check are damaged, not missing."""
    return any(file.is_file() for file in folder.rglob("*"))


# --- to have every file, whole --------------------------------------------------------------------------------------


def _complete(reader, root: Path, where: Path, remedy: str) -> None:
    """Fetch and unpack what is missing or damaged."""
    try:
        if hasattr(reader, "mirrors"):
            for file, md5 in reader.resources:
                _complete_mnist([mirror + file for mirror in reader.mirrors], where / "raw" / file, md5, remedy)
        elif not _unpacked(reader, where):
            archive = root / reader.filename
            if not _right(archive, reader.tgz_md5):
                fetch([reader.url], archive, has_digest("md5", reader.tgz_md5), remedy)
            with tarfile.open(archive) as tar:
                members = [m for m in tar if m.name.startswith(f"{where.name}/")]
                tar.extractall(root, members, filter="data")
            if not _unpacked(reader, where):
                raise OSError(f"{archive} does not hold what it should")
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise OSError(f"what was downloaded to {root} cannot be unpacked ({error}); {remedy}") from error


def _complete_mnist(urls: list[str], archive: Path, md5: str, remedy: str) -> None:
    """One file of an MNIST: as its archive says; without a network a file that was put there must have its length."""
    file = archive.with_suffix("")
    if not _right(archive, md5):
        try:
            fetch(urls, archive, has_digest("md5", md5), remedy)
        except OSError:
            if file.is_file() and _idx_is_whole(file):
                return
            raise
    content = gzip.decompress(archive.read_bytes())
    if not file.is_file() or file.read_bytes() != content:
        part = file.with_name(file.name + ".part")
        part.write_bytes(content)
        part.replace(file)


def _idx_is_whole(file: Path) -> bool:
    """Whether a file of the MNIST form is as long as its head says: magic number, sizes, one byte a value."""
    with open(file, "rb") as opened:
        magic = int.from_bytes(opened.read(4), "big")
        sizes = [int.from_bytes(opened.read(4), "big") for _ in range(magic & 255)]
    return magic in (0x801, 0x803) and file.stat().st_size == 4 * (1 + len(sizes)) + prod(sizes)


def _unpacked(reader, where: Path) -> bool:
    """Whether every file of CIFAR-10 or STL-10 is there and right."""
    meta = getattr(reader, "meta", None)
    files = [*reader.train_list, *reader.test_list, *([[meta["filename"], meta["md5"]]] if meta else [])]
    if not all(_right(where / file, md5) for file, md5 in files):
        return False
    return not hasattr(reader, "class_names_file") or _named(where / reader.class_names_file, where / "train_y.bin")


def _named(names: Path, labels: Path) -> bool:
    """Whether STL-10's names of classes, for which no sum is published, are text and as many as the labels say."""
    try:
        there = names.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError):
        return False
    return len(there) == np.fromfile(labels, np.uint8).max()


def _right(file: Path, md5: str) -> bool:
    return file.is_file() and digest(file, "md5") == md5

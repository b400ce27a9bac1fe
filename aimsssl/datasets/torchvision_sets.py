"""MNIST, Fashion-MNIST, CIFAR-10 and STL-10, through torchvision's own readers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

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
        download: fetch what is missing; torchvision compares each archive with its MD5 sum.

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
    arguments = {"split": split} if name == "stl10" else {"train": split == "train"}
    try:
        source = getattr(readers, reader)(root=str(root), download=download, **arguments)
    except Exception as error:  # torchvision: RuntimeError where files are missing, any type where they are damaged
        reason = " ".join(str(error).split()) or type(error).__name__
        if download:
            hint = f"check connection and disk, then {remedy}"
            raise OSError(f"{name} could not be downloaded to {where} ({reason}); {hint}") from error
        if not where.is_dir() or (isinstance(error, RuntimeError) and "not found" in reason and not _whole(where)):
            raise FileNotFoundError(f"{name} is not in {where}; {remedy}") from error
        raise _damaged(name, where, reason) from error
    images = torch.as_tensor(source.data)
    if images.ndim == 3:  # [N, H, W] of the MNISTs
        images = images[:, None]
    elif name == "cifar10":  # [N, H, W, 3]
        images = images.permute(0, 3, 1, 2).contiguous()
    labels = torch.as_tensor(np.asarray(source.labels if name == "stl10" else source.targets)).long()
    if len(images) != len(labels):
        raise _damaged(name, where, f"{len(images)} images, {len(labels)} labels")
    classes = tuple(str(digit) for digit in range(10)) if name == "mnist" else tuple(source.classes)
    return ImageSet(f"{name}/{split}", images, labels, classes)


def _damaged(name: str, where: Path, reason: str) -> OSError:
    remedy = f"delete that folder, then {REMEDY.format(name)}"
    return OSError(f"the files of {name} in {where} are damaged ({reason}); {remedy}")


def _whole(folder: Path) -> bool:
    """Whether there is anything in the folder: files that fail their check are damaged, not missing."""
    return any(file.is_file() for file in folder.rglob("*"))

"""Data sets by name: `load("shapes")` and its seven siblings, each an `ImageSet` of tensors in memory."""

from __future__ import annotations

import os
from pathlib import Path

from aimsssl.datasets import digits, folder, nuts, shapes, torchvision_sets
from aimsssl.datasets.imageset import ImageSet

NAMES = ("shapes", "digits", *torchvision_sets.SETS, "nuts")  # and folder:PATH
DOWNLOADS = (*torchvision_sets.SETS, "nuts")  # those that need the network once

__all__ = ["DOWNLOADS", "NAMES", "ImageSet", "default_root", "load"]


def default_root() -> Path:
    """Where downloads live: `$AIMSSSL_DATA`, else `data/downloads` of this project, else `~/.cache/aimsssl`."""
    if os.environ.get("AIMSSSL_DATA"):
        return Path(os.environ["AIMSSSL_DATA"]).expanduser()
    here = Path(__file__).resolve().parents[2] / "data" / "downloads"
    return here if here.is_dir() else Path.home() / ".cache" / "aimsssl"


def load(
    name: str,
    split: str = "train",
    *,
    root: str | Path | None = None,
    download: bool = False,
    limit: int | None = None,
    seed: int = 0,
) -> ImageSet:
    """Load a data set into memory; `data/README.md` describes each.

    Args:
        name: `shapes` (generated), `digits` (inside scikit-learn), `mnist`, `fashion_mnist`, `cifar10`, `stl10`,
            `nuts` (downloads), or `folder:PATH`, a folder of images with one subfolder a class, or with none. A name
            may carry its split, as `ImageSet.name` does: `stl10/unlabeled` is that, whatever `split` says.
        split: `train` or `test`; for `stl10` also `unlabeled`; for a folder `train`, `val` or `test`.
        root: the folder of the downloads; `default_root()` where it is None.
        download: fetch what is missing, with checks. Without it nothing touches the network.
        limit: at most so many images: a random subset drawn with `seed`, with equal numbers of each class as far as
            there are enough. `shapes` makes exactly so many, more than its default size too.
        seed: of the subset, and of the images themselves for `shapes`.

    Returns:
        An `ImageSet`: images uint8 `[N, C, H, W]`, labels int64 `[N]`.

    Raises:
        ValueError: an unknown name or split, a limit below 1, a folder without images or with damaged ones.
        FileNotFoundError: data that is not there; the message has the command that fetches it.
    """
    if not isinstance(name, str):
        raise TypeError(f"name is a {type(name).__name__}, expected a string: one of {', '.join(NAMES)} or folder:PATH")
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise ValueError(f"limit is {limit!r}, expected None or a whole number of at least 1")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ValueError(f"seed is {seed!r}, expected a whole number of at least 0")
    base, _, part = name.partition("/")
    if part and base in NAMES:
        name, split = base, part
    root = default_root() if root is None else Path(root).expanduser()
    if name == "shapes":
        return shapes.load(split, n=limit, seed=seed)
    if name.startswith("folder:"):
        return folder.load(name.removeprefix("folder:"), split, limit=limit, seed=seed)
    if name == "digits":
        data = digits.load(split)
    elif name == "nuts":
        data = nuts.load(split, root=root, download=download)
    elif name in torchvision_sets.SETS:
        data = torchvision_sets.load(name, split, root=root, download=download)
    else:
        raise ValueError(f"name is {name!r}, expected one of {', '.join(NAMES)} or folder:PATH")
    return data if limit is None or limit >= len(data) else data.sample(limit, seed)

"""Data sets by name: `load("shapes")` and its seven siblings, each an `ImageSet` of tensors in memory."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from aimsssl.datasets import digits, folder, memory, nuts, shapes, torchvision_sets
from aimsssl.datasets.folder.report import FolderWarning
from aimsssl.datasets.folder.splits import counterpart
from aimsssl.datasets.imageset import MAX_SIDE, ImageSet
from aimsssl.datasets.memory import MemoryWarning

NAMES = ("shapes", "digits", *torchvision_sets.SETS, "nuts")  # and folder:PATH
DOWNLOADS = (*torchvision_sets.SETS, "nuts")  # those that need the network once

__all__ = ["DOWNLOADS", "NAMES", "FolderWarning", "ImageSet", "MemoryWarning", "counterpart", "default_root", "load"]


def default_root() -> Path:
    """Where downloads live: `$AIMSSSL_DATA`, else `data/downloads` of this project, else `~/.cache/aimsssl`.

    A user without a home has a folder among the temporary ones.
    """
    if os.environ.get("AIMSSSL_DATA"):
        return Path(os.environ["AIMSSSL_DATA"]).expanduser()
    here = Path(__file__).resolve().parents[2] / "data" / "downloads"
    if here.is_dir():
        return here
    try:
        return Path.home() / ".cache" / "aimsssl"
    except RuntimeError:  # neither HOME nor an entry in the list of users, as in some containers
        return Path(tempfile.gettempdir()) / "aimsssl"


def load(
    name: str,
    split: str | None = None,
    *,
    root: str | Path | None = None,
    download: bool = False,
    limit: int | None = None,
    seed: int = 0,
    image_size: int | None = None,
    group_by: str | None = None,
    skip_damaged: bool = False,
) -> ImageSet:
    """Load a data set into memory; `data/README.md` describes each.

    Args:
        name: `shapes` (generated), `digits` (inside scikit-learn), `mnist`, `fashion_mnist`, `cifar10`, `stl10`,
            `nuts` (downloads), or `folder:PATH`, a folder of images with one subfolder a class, or with none. A name
            may carry its split, as `ImageSet.name` does: `stl10/unlabeled` is that, whatever `split` says.
        split: `train` or `test`; for `stl10` also `unlabeled`; for a folder also `val`, or `all` of what is one set.
            None is `train`, except for a folder that is itself a part (`folder:own/test`): that part. See below.
        root: the folder of the downloads; `default_root()` where it is None.
        download: fetch what is missing, with checks. Without it nothing touches the network.
        limit: at most so many images: a random subset drawn with `seed`, with equal numbers of each class as far as
            there are enough. `shapes` makes exactly so many, more than its default size too.
        seed: of the subset, and of the images themselves for `shapes`.
        image_size: side in pixels to bring every image to; None leaves the set its own (64 for larger pictures in a
            folder).
        group_by: for a folder that is one set: a regular expression, searched in each file's path; images with the same
            match, or the same first group of it, stay on one side. By default a file's name up to the last `_` or `-`.
        skip_damaged: for a folder: leave damaged images out, and list them in the report, where they would be an error.

    Folders: `train` and `test` of one name never share a file, whichever way they are asked for.

    - `folder:own` with `own/train` and `own/test` (or Training, valid, test_set …, in any case): `split` picks one.
    - `folder:own/train` itself, with `own/test` beside it: all of that folder for `train`, an error for `test`.
    - `folder:own/test` itself: all of that folder for `test`, an error for `train`.
    - any other folder is one set: a fifth of each class is held out for `test`, the same one whatever the seed; files
      with the same content, and images that belong together (`group_by`), stay on one side.

    Returns:
        An `ImageSet`: images uint8 `[N, C, H, W]`, labels int64 `[N]`. For a folder `sources` names the files, its
        `report` says what was taken for what, and a warning says what may not be what was meant.

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
    if image_size is not None and (type(image_size) is not int or not 1 <= image_size <= MAX_SIDE):
        raise ValueError(f"image_size is {image_size!r}, expected None or a side in pixels from 1 to {MAX_SIDE}")
    if split is not None and not isinstance(split, str):
        raise TypeError(f"split is {split!r}, expected None or the name of a split, such as 'train' or 'test'")
    if root is not None and not isinstance(root, str | Path):
        raise TypeError(f"root is {root!r}, expected None or a folder")
    base, _, part = name.partition("/")
    if part and base in NAMES:
        name, split = base, part
    if name.startswith("folder:"):
        options = {"size": image_size, "group_by": group_by, "skip_damaged": skip_damaged}
        return folder.load(name.removeprefix("folder:"), split, limit=limit, seed=seed, **options)
    if group_by is not None or skip_damaged:
        option = "skip_damaged" if group_by is None else "group_by"
        raise ValueError(f"{option} is for folder:PATH, and name is {name!r}")
    root = default_root() if root is None else Path(root).expanduser()
    split = "train" if split is None else split
    if name == "shapes":
        memory.announce(limit or 0, 3, shapes.SIDE, "ask for a smaller limit")
        data = shapes.load(split, n=limit, seed=seed)
    elif name == "digits":
        data = digits.load(split)
    elif name == "nuts":
        data = nuts.load(split, root=root, download=download)
    elif name in torchvision_sets.SETS:
        data = torchvision_sets.load(name, split, root=root, download=download)
    else:
        raise ValueError(f"name is {name!r}, expected one of {', '.join(NAMES)} or folder:PATH")
    data = data if limit is None or limit >= len(data) else data.sample(limit, seed)
    return data if image_size is None else data.resized(image_size)

"""Which folder of images is meant by a split: train and test by name, in any case, or one set to hold out a part of."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

WORDS = {  # what people call the folders of a split
    "train": ("train", "training", "trn", "trainval"),
    "val": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing", "tst", "eval", "evaluation", "holdout"),
}
_ROLE = {word: role for role, words in WORDS.items() for word in words}
_ENDING = re.compile(r"[ _-]?(set|split|data|images|imgs|\d+)$")  # training_set, test-images, val2017
NOISE = {"__macosx", "@eadir", "$recycle.bin", "system volume information", "lost+found", "__pycache__"}


@dataclass(frozen=True)
class Place:
    """Where the images of a split lie.

    Attributes:
        folder: the folder to read.
        role: `train`, `val`, `test`, or `all`.
        parts: every folder of the same layout by its role, this one too; empty where `folder` is one set.
        whole: the folder that holds the parts, or the one set.
        beside: names of folders next to the parts that are none of them.
    """

    folder: Path
    role: str
    whole: Path
    parts: dict[str, list[Path]] = field(default_factory=dict)
    beside: tuple[str, ...] = ()

    @property
    def one_set(self) -> bool:
        """Whether train and test are both taken out of `folder`."""
        return not self.parts


def role(name: str) -> str | None:
    """`train`, `val` or `test` where a folder's name says so and nothing else: Train, valid, training_set, val2017 …"""
    name = name.lower()
    return _ROLE.get(name) or _ROLE.get(_ENDING.sub("", name))


def hinted_role(name: str) -> str | None:
    """The same where one word of several says so: seg_train, my test pictures."""
    found = {role(word) for word in re.split(r"[\W_]+", name)} - {None}
    return role(name) or (found.pop() if len(found) == 1 else "train" if found == {"train", "val"} else None)


def is_noise(name: str) -> bool:
    """Hidden folders, and those that systems leave behind."""
    return name.startswith(".") or name.lower() in NOISE


def subfolders(path: str | Path) -> list[str]:
    """The names of the visible folders in `path`, links to folders too, sorted."""
    with os.scandir(path) as entries:
        return sorted(e.name for e in entries if not is_noise(e.name) and os.path.isdir(e.path))


def layout(path: Path) -> tuple[dict[str, list[Path]], tuple[str, ...]]:
    """The folders in `path` by role, and the others; no roles where the folders are not splits but classes.

    They are splits where there is one for training and one for testing or validation, or where every folder's name is
    that of a split. A class may be called `train`; with `bus` and `plane` beside it, it is one.
    """
    names = subfolders(path)
    for role_of in (role, hinted_role):
        parts: dict[str, list[Path]] = {}
        for name in names:
            if found := role_of(name):
                parts.setdefault(found, []).append(path / name)
        others = tuple(name for name in names if not role_of(name))
        if "train" in parts and ("test" in parts or "val" in parts) and not (others and role_of is hinted_role):
            return parts, others
        if parts and not others and role_of is role:
            return parts, ()
    return {}, tuple(names)


def part_in(parts: dict[str, list[Path]], path: Path) -> str | None:
    """The role of one of the folders of a layout."""
    return next((found for found, folders in parts.items() if path in folders), None)


def find(path: Path, split: str | None) -> Place:
    """What `folder:PATH` means when it is asked for a split; `datasets.load` has the rules.

    Raises:
        ValueError: there is no such split, or more than one.
    """
    parts, others = layout(path)
    if set(parts) - {"train"}:
        wanted = "val" if split == "test" and "test" not in parts else split or "train"
        return Place(_only(parts, wanted, path, split), wanted, path, parts, others)
    if parts:  # train/ and nothing else
        path = _only(parts, "train", path, "train")
    absolute = Path(os.path.abspath(path))
    around, others = _around(absolute)
    if around:
        own = part_in(around, absolute)
        wanted = own if split in (None, "all") else split
        if wanted != own and (own, wanted) != ("val", "test"):
            there = around.get(wanted) or (around.get("val") if wanted == "test" else None)
            instead = f"folder:{there[0]}" if there else "another folder"
            raise ValueError(
                f"split is {split!r}, but {path} is the {own} part of {absolute.parent}, and no image may be in both; "
                f"expected {instead} for {wanted}, or folder:{absolute.parent} for the whole"
            )
        return Place(path, own, absolute.parent, around, others)
    if split not in (None, "train", "test", "all"):
        expected = "expected 'train', 'test' or 'all'"
        raise ValueError(f"split is {split!r}, {expected}: {path} is one set without a folder {split}/")
    return Place(path, split or "train", path)


def counterpart(name: str, split: str) -> str:
    """The name of the other part: `folder:own/test` for `folder:own/train` and `test`; else `name` itself.

    Args:
        name: as `datasets.load` takes it.
        split: `train`, `val` or `test`.
    """
    path = Path(os.path.abspath(Path(name.removeprefix("folder:")).expanduser()))
    if not name.startswith("folder:") or not path.is_dir():
        return name
    around = _around(path)[0]
    wanted = "val" if split == "test" and "test" not in around else split
    return name if part_in(around, path) == wanted or wanted not in around else f"folder:{around[wanted][0]}"


def _around(path: Path) -> tuple[dict[str, list[Path]], tuple[str, ...]]:
    """The layout that an absolute `path` is a part of; no roles where it is none."""
    if not hinted_role(path.name):
        return {}, ()
    try:
        parts, others = layout(path.parent)
    except OSError:  # whoever may read a folder may not always list the one above
        return {}, ()
    whole = "train" in parts and ("test" in parts or "val" in parts)
    return (parts, others) if whole and part_in(parts, path) else ({}, ())


def _only(parts: dict[str, list[Path]], wanted: str, path: Path, split: str | None) -> Path:
    there = ", ".join(folder.name for role in WORDS for folder in parts.get(role, ()))
    if wanted not in parts:
        raise ValueError(f"split is {split or 'train'!r}, expected one of the folders in {path}: {there}")
    if len(parts[wanted]) > 1:
        names = ", ".join(folder.name for folder in parts[wanted])
        raise ValueError(
            f"{path} has {len(parts[wanted])} folders for split {split or 'train'!r}: {names}; "
            f"name one of them (folder:{parts[wanted][0]}), or rename the others"
        )
    return parts[wanted][0]

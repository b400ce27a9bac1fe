"""Every file below a folder: images by class, and what is left out and why."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .. import pictures
from .splits import is_noise, role, subfolders

OTHER_KIND = "of another kind"
SYSTEM_FILES = {"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"}


@dataclass
class Files:
    """What lies below a folder.

    Attributes:
        folder: the folder.
        images: (class, path) of every file that ends like an image, the class "" for those beside the class folders;
            in the order of class, folder and name.
        left_out: (path, reason) of what is no image: other kinds of files, links that lead nowhere or back.
        empty: class folders with no file at all.
        system: how many hidden files and folders, and files that systems leave behind, were passed by.
    """

    folder: Path
    images: list[tuple[str, str]] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    system: int = 0

    @property
    def classes(self) -> dict[str, int]:
        """Number of images by class, without those that have none."""
        return dict(sorted(Counter(family for family, _ in self.images if family).items()))


def below(folder: Path) -> Files:
    """Look through `folder`; its subfolders are classes. Links to folders are followed, but never in a circle.

    Raises:
        OSError: a folder cannot be listed.
        ValueError: a class holds nothing but other kinds of files, or holds folders for splits.
    """
    files = Files(folder)
    root = os.path.realpath(folder)
    for where, family, names in _walk(files, str(folder), root):
        for name in names:
            path = os.path.join(where, name)
            if name.startswith(".") or name.lower() in SYSTEM_FILES:
                files.system += 1
            elif os.path.splitext(name)[1].lower() in pictures.suffixes():
                files.images.append((family, path))
            elif os.path.islink(path) and not os.path.exists(path):
                files.left_out.append((path, "a link to nothing"))
            else:
                files.left_out.append((path, OTHER_KIND))
    _no_class_vanishes(files)
    return files


def _walk(files: Files, start: str, root: str) -> Iterator[tuple[str, str, list[str]]]:
    """(folder, class, names of files) from the top, files before folders, all sorted."""
    seen: set[tuple[str, str]] = set()
    waiting = [(start, root, "")]
    while waiting:
        where, real, family = waiting.pop()
        if (family, real) in seen:
            files.left_out.append((where, "a link to a folder that is already in this class"))
            continue
        seen.add((family, real))
        try:
            with os.scandir(where) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            raise OSError(
                f"the folder {where} cannot be listed ({error.strerror or error}); check its rights"
            ) from None
        names, folders = [], []
        for entry in listed:
            link = entry.is_symlink()
            if not (os.path.isdir(entry.path) if link else entry.is_dir(follow_symlinks=False)):
                names.append(entry.name)
            elif is_noise(entry.name):
                files.system += 1
            else:
                below = os.path.realpath(entry.path) if link else os.path.join(real, entry.name)
                if link and (root + os.sep).startswith(below.rstrip(os.sep) + os.sep):
                    files.left_out.append((entry.path, "a link back to a folder above it"))
                else:
                    folders.append((entry.path, below, family or entry.name))
        yield where, family, names
        waiting += reversed(folders)


def _no_class_vanishes(files: Files) -> None:
    there = files.classes
    for name in subfolders(files.folder):
        inside = files.folder / name
        parts = {role(sub) for sub in subfolders(inside)}
        if "train" in parts and parts & {"test", "val"}:
            raise ValueError(
                f"{inside} holds folders for train and test, so that {files.folder} would mix them; expected "
                f"{files.folder}/train/{name} and {files.folder}/test/{name}, or folder:{inside} if it is the whole set"
            )
        if name in there:
            continue
        other = [path for path, why in files.left_out if Path(path).is_relative_to(inside) and Path(path) != inside]
        if other:
            kinds = ", ".join(sorted({os.path.splitext(path)[1].lower() or Path(path).name for path in other})[:5])
            raise ValueError(
                f"the class {name} has {len(other)} files in {inside} but no image that can be read ({kinds}); "
                f"expected {', '.join(pictures.suffixes())}; convert them, or move the folder away"
            )
        files.empty.append(name)

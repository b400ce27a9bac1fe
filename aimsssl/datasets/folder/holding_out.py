"""One set, two parts: which images of a folder are its test images, the same ones whoever asks."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter, defaultdict
from dataclasses import dataclass

SHARE = 5  # every fifth image of a class


@dataclass(frozen=True)
class Held:
    """The test part of one set.

    Attributes:
        test: for each file whether it is a test image.
        groups: how many groups of more than one image were kept together.
        untested: classes of which no image could be held out.
    """

    test: list[bool]
    groups: int
    untested: list[str]


def hold_out(files: list[tuple[str, str]], folder: str, pattern: str | None = None) -> Held:
    """Hold out a fifth of every class, rounded up, but never more than half and never the last group of a class.

    Images that belong together stay on one side: files with the same content, and files with the same name up to the
    last `_` or `-` in one folder (scene12_a.png, scene12_b.png), unless half of a class or more share that name
    (cat_1.png, cat_2.png …), for then it tells nothing. A `pattern` takes the place of the names. Which groups are
    held out depends on a hash of their name: not on the order of files, the machine, or a seed, and hardly on what is
    added later.

    Args:
        files: (class, path), as `files.below` gives them.
        folder: what paths are relative to.
        pattern: a regular expression, searched in the path relative to `folder` with `/`; images with the same match,
            or the same first group of it, belong together.

    Raises:
        ValueError: `pattern` is no regular expression, or matches no file.
    """
    names = [os.path.relpath(path, folder).replace(os.sep, "/") for _, path in files]
    groups = _together(files, names, _matches(names, pattern) if pattern else _stems(files, names))
    members: dict[str, list[int]] = defaultdict(list)
    for index, group in enumerate(groups):
        members[group].append(index)
    count = Counter(family for family, _ in files)
    holders = Counter(family for group in members.values() for family in {files[i][0] for i in group})
    taken: Counter[str] = Counter()
    test = [False] * len(files)

    def take(group: list[int], limit: dict[str, float]) -> bool:
        size = Counter(files[i][0] for i in group)
        if any(taken[family] + n > limit[family] for family, n in size.items()):
            return False
        taken.update(size)
        for i in group:
            test[i] = True
        return True

    fifth = {family: -(-n // SHARE) if holders[family] > 1 else 0 for family, n in count.items()}
    half = {family: n / 2 if holders[family] > 1 else 0 for family, n in count.items()}
    order = sorted(members, key=lambda group: hashlib.sha256(group.encode("utf-8", "surrogateescape")).digest())
    for group in order:
        take(members[group], fifth)
    for group in sorted(order, key=lambda group: len(members[group])):  # groups larger than a fifth: the smallest
        if any(not taken[files[i][0]] for i in members[group]):
            take(members[group], half)
    untested = sorted(family for family in count if not taken[family])
    return Held(test, sum(len(group) > 1 for group in members.values()), untested)


def _stems(files: list[tuple[str, str]], names: list[str]) -> list[str]:
    """A group for each file: folder and name up to the last `_` or `-`, or the whole name where that tells nothing."""
    stems = [re.sub(r"[_-][^_-]*$", "", os.path.splitext(name.rsplit("/", 1)[-1])[0]) for name in names]
    stems = [f"{name.rpartition('/')[0]}/{stem}" for name, stem in zip(names, stems, strict=True)]
    size, count = Counter(stems), Counter(family for family, _ in files)
    return [
        f"{stem}_" if 1 < size[stem] < count[family] / 2 else name
        for (family, _), name, stem in zip(files, names, stems, strict=True)
    ]


def _matches(names: list[str], pattern: str) -> list[str]:
    try:
        found = [re.search(pattern, name) for name in names]
    except re.error as error:
        raise ValueError(f"group_by is {pattern!r}, expected a regular expression ({error})") from None
    if not any(found):
        raise ValueError(f"group_by is {pattern!r}, which matches none of {len(names)} files, such as {names[0]}")
    return [
        name if match is None else f"\0{match[1] if match.re.groups else match[0]}"
        for name, match in zip(names, found, strict=True)
    ]


def _together(files: list[tuple[str, str]], names: list[str], groups: list[str]) -> list[str]:
    """The groups, those that share a file's content made one."""
    parent: dict[str, str] = {}

    def root(group: str) -> str:
        while group in parent:
            group = parent[group]
        return group

    first: dict[bytes, str] = {}
    for index, digest in same_content([path for _, path in files]).items():
        a, b = sorted((root(first.setdefault(digest, groups[index])), root(groups[index])))
        if a != b:
            parent[b] = a
    return [root(group) for group in groups]


def same_content(paths: list[str]) -> dict[int, bytes]:
    """The SHA-256 of each file that has the size of another one, by its place in `paths`; others have no double."""
    sizes = [_size(path) for path in paths]
    often = Counter(sizes)
    return {
        index: digest
        for index, (path, size) in enumerate(zip(paths, sizes, strict=True))
        if size and often[size] > 1 and (digest := _digest(path))
    }


def _size(path: str) -> int:
    """Bytes of a regular file; 0 where it is none, which is for the reader of images to say."""
    return os.path.getsize(path) if os.path.isfile(path) else 0


def _digest(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError:  # cannot be read: for the reader of images to say
        return None

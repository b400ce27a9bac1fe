"""What was taken for what in a folder of images: said before anyone trains on it."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from .files import OTHER_KIND, Files
from .holding_out import Held, same_content
from .splits import Place, hinted_role

SHOWN = 5  # names in a list
FEW = 10_000  # files that are always looked through for copies; more only where all images are read anyway


class FolderWarning(UserWarning):
    """Something in a folder of images may not be what was meant."""


@dataclass
class Report:
    """The facts of one loading, a line each in `str(report)`, and of these what should be said aloud in `doubts()`."""

    place: Place
    found: Files
    others: dict[str, Files]  # by role and folder
    held: Held | None = None
    sizes: set[tuple[int, int]] = field(default_factory=set)
    side: int = 0
    damaged: list[tuple[str, str]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    doubles: list[tuple[str, str]] = field(default_factory=list)

    def class_names(self) -> list[str]:
        """The classes of all parts, sorted.

        Raises:
            ValueError: parts that write a class in two ways: Cat in one, cat in the other.
        """
        parts = [self.found, *self.others.values()]
        names = sorted({name for files in parts for name in files.classes})
        for spellings in _alike(names):
            if not any(set(spellings) <= set(files.classes) for files in parts):
                where = ", ".join(f"{n!a} in {f.folder}" for n in spellings for f in parts if n in f.classes)
                raise ValueError(f"one class is written in two ways: {printable(where)}; rename one folder")
        return names

    def taken(self, chosen: list[tuple[str, str]], side: int) -> None:
        """Remember what was loaded, and look for the same files in the other parts.

        Raises:
            ValueError: a class lost all its images to damage.
        """
        self.counts, self.side = Counter(family for family, _ in chosen), side
        lost = {os.path.relpath(file, self.place.folder).split(os.sep)[0] for file, _ in self.damaged}
        if lost := sorted(name for name in lost & set(self.found.classes) if not self.counts[name]):
            raise ValueError(f"no image of the class {', '.join(map(printable, lost))} can be read")
        theirs = [path for files in self.others.values() for _, path in files.images]
        if len(chosen) == len(self.found.images) or len(theirs) < FEW:
            self.doubles = doubles([path for _, path in chosen], theirs)

    def doubts(self) -> list[str]:
        """A sentence for each thing that may not be what was meant."""
        said = [line for key, line in self._lines() if key in ("set", "held out", "damaged", "left out", "beside")]
        return [printable("; ".join(said))] * bool(said) + [printable(line) for line in self._warnings()]

    def __str__(self) -> str:
        lines = [f"  {line}" for _, line in self._lines()] + [f"  ! {line}" for line in self._warnings()]
        return printable("\n".join([f"folder {self.place.folder}, as {self.place.role}", *lines]))

    def _lines(self) -> list[tuple[str, str]]:
        place, found, lines = self.place, self.found, []
        if self.held:
            test, total = sum(self.held.test), len(self.held.test)
            told = f"one set of {total:,} images: {test:,} are held out for test, {total - test:,} are for training"
            groups = f" ({self.held.groups:,} groups of images kept together)" if self.held.groups else ""
            lines.append(("set", told + groups))
        elif place.parts:
            own = f"{place.role} ({place.folder.name}) {len(found.images):,}"
            parts = [own, *(f"{name} {len(files.images):,}" for name, files in self.others.items())]
            lines.append(("splits", f"parts of {place.whole}: {', '.join(parts)} images"))
        if place.beside and place.parts:
            lines.append(("beside", f"not looked into, beside the parts: {_some(place.beside)}"))
        taken = sum(self.counts.values())
        shares = [f"{name or 'no class'} {n:,}" for name, n in sorted(self.counts.items())]
        lines.append(("classes", f"taken: {taken:,} images: {_some(shares, 20)}"))
        lines.append(("sizes", f"sizes: {self._sizes()}"))
        by_reason = defaultdict(list)
        for path, why in found.left_out:
            by_reason[why].append(os.path.relpath(path, place.folder))
        for why, names in by_reason.items():
            kinds = Counter(os.path.splitext(name)[1].lower() or "no ending" for name in names)
            how = f" ({_some(f'{kind} {n:,}' for kind, n in kinds.most_common())})" if why == OTHER_KIND else ""
            lines.append(("left out", f"{len(names):,} left out, {why}{how}: {_some(names)}"))
        if self.damaged:
            names = [f"{os.path.relpath(path, place.folder)} ({why})" for path, why in self.damaged]
            lines.append(("damaged", f"{len(names):,} damaged images left out: {_some(names)}"))
        if found.system:
            lines.append(("system", f"{found.system:,} hidden or system files passed by"))
        return lines

    def _sizes(self) -> str:
        if not self.sizes:  # asked for: nobody looked
            return f"central square, {self.side}x{self.side}"
        smallest, largest = (f"{w}x{h}" for w, h in (min(self.sizes), max(self.sizes)))
        if self.sizes == {(self.side, self.side)}:
            return f"{smallest}, kept"
        span = smallest if len(self.sizes) == 1 else f"from {smallest} to {largest}"
        return f"{span}, of each the central square at {self.side}x{self.side}"

    def _warnings(self) -> list[str]:
        found, told = self.found, []
        if self.held and self.held.untested:
            names = [name or "no class" for name in self.held.untested]
            told.append(f"nothing can be held out for test of {_some(names)}: one image or one group")
        if found.empty:
            told.append(f"no class, for there is no file in it: {_some(found.empty)}")
        here = set(found.classes)
        if here and (lacking := sorted({name for files in self.others.values() for name in files.classes} - here)):
            told.append(f"no images in this part of the class {_some(lacking)}")
        if here and (loose := sum(not family for family, _ in found.images)):
            told.append(f"{loose:,} images beside the class folders have no label")
        told += [
            f"two classes that differ only in writing: {' and '.join(map(ascii, names))}"
            for names in _alike(sorted(here))
        ]
        if like := [name for name in found.classes if hinted_role(name)]:
            told.append(f"taken for a class, though it has the name of a split: {_some(like)}")
        if self.doubles:
            pairs = [f"{a} = {b}" for a, b in self.doubles]
            told.append(f"{len(pairs):,} images are also in another part, byte by byte: {_some(pairs)}")
        return told


def doubles(mine: list[str], theirs: list[str]) -> list[tuple[str, str]]:
    """Pairs of files of the same content, at most one for each of `mine`."""
    if not theirs:
        return []
    digests = same_content([*mine, *theirs])
    place = {digest: theirs[i - len(mine)] for i, digest in digests.items() if i >= len(mine)}
    return [(mine[i], place[digest]) for i, digest in digests.items() if i < len(mine) and digest in place]


def printable(text: str) -> str:
    """The text with what is not UTF-8 in a file's name as an escape, so that any console and any file takes it."""
    return text.encode("utf-8", "backslashreplace").decode()


def _alike(names: list[str]) -> list[list[str]]:
    """Those that differ only in capitals, or in how an accent is stored."""
    groups = defaultdict(list)
    for name in names:
        groups[unicodedata.normalize("NFC", name).casefold()].append(name)
    return [group for group in groups.values() if len(group) > 1]


def _some(names, most: int = SHOWN) -> str:
    names = list(names)
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")

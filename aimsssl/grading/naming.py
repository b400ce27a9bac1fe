"""Whose is it? The student of each thing that was handed in, by its folders and its name.

1. The student is the folder that holds the notebook, seen from the graded one: `Awa`, `group 1/Awa`. Below the first
   of these, the course's own names do not count: `Awa/aimsssl-course/lessons` is `Awa`.
2. A zip with several such folders in it is a class's, and a folder like any other. Any other zip is one student's. Its
   name is the student; where it is the only thing in a folder, the folder is.
3. A notebook at the top is its own student, without the lesson's name: `awa_03_nt_xent.ipynb` is `awa`. In a folder or
   a zip that is so where different names come before the lessons'.
4. `Awa Diop_123_assignsubmission_file_`, as Moodle calls it, is `Awa Diop_123` with all that is in it.
5. Where one zip is all there is, its name is left out.
"""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from functools import cache
from typing import NamedTuple

from .. import course


class Folder(NamedTuple):
    """A part of a path: a folder, or a zip. `is_student`: whatever is in it, it is one student's."""

    name: str
    is_zip: bool = False
    is_student: bool = False


Home = tuple[Folder, ...]
Place = tuple[Home, str]  # the folders, from the graded one on, and the file in them; "" is the folder itself
OWN = {"aimsssl", "aimsssl-course", "aimsssl-handout", "lessons"}
MOODLE = re.compile(r"(.+)_assignsubmission_(?:file|onlinetext)(?:_|$)")


def students(places: Sequence[Place], is_notebook: Sequence[bool]) -> list[str | None]:
    """The student of each place; None where it is no notebook and lies with some, as data and pictures do."""
    labels, alone = _labels(places), _is_one_zip(places)
    homes = [_home(folders, file, labels) for folders, file in places]
    names = _before_the_lessons(places, homes, alone, is_notebook)
    holding = [homes[i] for i, is_one in enumerate(is_notebook) if is_one]
    above = {home[:end] for home in holding for end in range(1, len(home) + 1)}
    inner = {home[:end] for home in holding for end in range(len(home))}
    holding = set(holding) - inner  # below a class's folder, which may hold a notebook itself, each is a student
    kept = []
    for i, home in enumerate(homes):
        beside = home in above or any(home[:end] in holding for end in range(1, len(home) + 1))
        if is_notebook[i] or i in names or not home or not beside:
            kept.append(i)
    whole = []
    for i in kept:
        own = (Folder(names[i], is_student=True),) if i in names else ()
        whole.append((*homes[i], *own) or (Folder(labels[places[i][1]]),))
    named = [tuple(folder.name for folder in home) for home in _without_zips(whole, alone)]
    if alone and len(set(named)) > 1:
        shorter = [name[1:] or name for name in named]
        named = shorter if len(set(shorter)) == len(set(named)) else named
    found = dict(zip(kept, map("/".join, named), strict=True))
    return [found.get(i) for i in range(len(places))]


def says_its_lesson(file: str) -> bool:
    """Whether a file has the name of one of the course's notebooks in its own, or begins with two digits."""
    return re.search(rf"^\d\d(?!\d)|{_lessons()}", file, re.IGNORECASE) is not None


@cache
def _lessons() -> str:
    """The names of the course's notebooks, as a pattern; one that nothing has where there are none."""
    stems = sorted(path.stem for path in course.LESSONS.glob("[0-9][0-9]_*.ipynb"))
    return rf"(?:{'|'.join(map(re.escape, stems))})(?![^\W_])" if stems else "(?!)"


def _is_one_zip(places: Sequence[Place]) -> bool:
    return len({folders[:1] or file for folders, file in places}) == 1 and any(f and f[0].is_zip for f, _ in places)


def _labels(places: Sequence[Place]) -> dict[Folder | str, str]:
    """The names of what lies at the top: without their endings, unless two would then be one."""
    top = {folders[0] if folders else file for folders, file in places}
    stem = lambda one: one if isinstance(one, Folder) and not one.is_zip else os.path.splitext(_name(one))[0]  # noqa: E731
    taken = Counter(_name(stem(one)) for one in top)
    ends = {one: isinstance(one, Folder) or one.lower().endswith(".ipynb") for one in top}
    return {one: _name(stem(one)) if ends[one] and taken[_name(stem(one))] == 1 else _name(one) for one in top}


def _name(one: Folder | str) -> str:
    return one.name if isinstance(one, Folder) else one


def _home(folders: Home, file: str, labels: dict) -> Home:
    """The folders that count, with their labels; down to the one that Moodle made, if any."""
    home = []
    for place, folder in enumerate((*folders, Folder(file))):
        if moodle := MOODLE.match(folder.name):
            return (*home, Folder(moodle[1], is_student=True))
        name = os.path.splitext(folder.name)[0] if folder.is_zip else folder.name
        if place == 0:
            home += [folder._replace(name=labels[folder])] if folders else []
        elif place < len(folders) and not (name.lower() in OWN or re.fullmatch(_lessons(), name, re.IGNORECASE)):
            home.append(folder._replace(name=name))
    return tuple(home)


def _before_the_lessons(places: Sequence[Place], homes: Sequence[Home], alone: bool, is_notebook) -> dict[int, str]:
    """`{index: awa}` for `awa_03_nt_xent.ipynb`: always at the top, in a folder where there is more than one name.

    There, another file is a student's as well.
    """
    pattern = re.compile(rf"(.*?[^ _.-])[ _.-]+{_lessons()}", re.IGNORECASE | re.DOTALL)
    found = {}
    for home, group in _grouped(enumerate(homes)).items():
        if any(folder.is_student for folder in home):
            continue
        names = {i: match[1] for i in group if is_notebook[i] and (match := pattern.match(places[i][1]))}
        first = {name.casefold(): name for name in reversed(names.values())}  # "Awa" and "awa" are one
        if (
            not home
            or len(first) > 1
            or (alone and len(home) == 1 and len(names) == sum(is_notebook[i] for i in group))
        ):
            found |= {i: first[name.casefold()] for i, name in names.items()}
            if home and names:
                found |= {i: os.path.splitext(places[i][1])[0] for i in group if not is_notebook[i]}
    return {i: name for i, name in found.items() if name}


def _without_zips(homes: Sequence[Home], alone: bool) -> list[Home]:
    """The same homes. A zip with several in it has become a folder, as well as one that is not alone in its folder.

    Of any other zip nothing is left but the folder in which it lies. The innermost come first.
    """
    homes = list(homes)
    for depth in reversed(range(max(map(len, homes), default=0))):
        beside = Counter(one[:depth] for one in {home[: depth + 1] for home in homes if len(home) > depth})
        inside = ((i, home[: depth + 1]) for i, home in enumerate(homes) if len(home) > depth and home[depth].is_zip)
        for (*above, archive), group in _grouped(inside).items():
            inner = [homes[i][depth + 1 :] for i in group]
            is_class = len(set(inner)) > 1 or any(folder.is_student for folder in inner[0])
            if alone and depth == 0 and inner[0] and inner[0][-1].name.casefold() != archive.name.casefold():
                is_class = True
            # what all have in common says nothing, but each keeps a name
            shared = min(len(os.path.commonprefix(inner)), max(min(map(len, inner)) - 1, 0))
            is_named = is_class or not above or above[-1].is_zip or beside[tuple(above)] > 1
            own = [archive._replace(is_zip=False)] if is_named else []
            for i, rest in zip(group, inner, strict=True):
                homes[i] = (*above, *own, *(rest[shared:] if is_class else ()))
    return homes


def _grouped(pairs: Iterable[tuple[int, Hashable]]) -> dict[Hashable, list[int]]:
    groups = defaultdict(list)
    for i, key in pairs:
        groups[key].append(i)
    return groups

"""The verdicts as text and as a table for a spreadsheet."""

import contextlib
import csv
import io
import os
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from .judging import KINDS, Verdict
from .naming import says_its_lesson
from .running import Graded, in_order

Key = tuple[str, str]  # lesson, exercise
SIGNS = (
    "✓ solved   ◇ right, but the solution was seen   ✗ tried: what is wrong   ○ not attempted   "
    "▲ look at it yourself, or: it could not be read"
)
CELLS = '"cell 11" is the eleventh of the notebook from its top, cells of text counted as well'


def by_student(results: Iterable[Graded]) -> dict[str, dict[Key, Verdict]]:
    """{student: {(lesson, exercise): verdict}}, the best of each where a student handed in several notebooks."""
    rank, students = list(KINDS), {}
    for graded in results:
        verdicts = students.setdefault(graded.student, {})
        for key, verdict in graded.verdicts.items():
            verdicts[key] = min(verdicts.get(key, verdict), verdict, key=lambda v: rank.index(v.kind))
    return {student: dict(sorted(verdicts.items(), key=place)) for student, verdicts in students.items()}


def place(item: tuple[Key, Verdict] | Key) -> tuple[str, int]:
    """Sorts exercises in the order of the lessons."""
    lesson, name = item[0] if isinstance(item[0], tuple) else item
    return lesson, in_order(lesson).index(name)


def problems(results: Iterable[Graded]) -> dict[str, list[str]]:
    """{student: what could not be read, or may be two students' work}."""
    found, own = defaultdict(list), defaultdict(list)
    for graded in results:
        own[graded.student].append(graded)
        if graded.submission.problem:
            found[graded.student].append(f"{graded.submission.name}: {graded.submission.problem}")
    for student, several in own.items():
        graded = [one for one in several if one.verdicts]
        for one in several:
            if not (one.verdicts or one.submission.problem or (graded and _is_start_page(one))):
                found[student].append(f"{one.submission.name}: no exercise of a lesson is in it")
        found[student] += _more_than_one(graded)
    return {student: said for student, said in found.items() if said}


def _is_start_page(graded: Graded) -> bool:
    return "00_start" in graded.submission.name.rpartition("/")[2]


def _more_than_one(graded: list[Graded]) -> list[str]:
    """What one student's notebooks say against being one student's, or one version."""
    names, told = defaultdict(dict), []
    for one in graded:
        for lesson in {lesson for lesson, _ in one.verdicts}:
            names[lesson].setdefault(one.submission.cells, one.submission.name)
    for lesson, versions in sorted(names.items()):
        if len(versions) > 1:
            told.append(
                f"{len(versions)} different notebooks of lesson {lesson}, the better answer of each exercise counts: "
                + ", ".join(versions.values())
            )
    strange = [one.submission.name for one in graded if not says_its_lesson(one.submission.name.rpartition("/")[2])]
    if len(strange) > 1 and not told:
        told.append(f"taken for one student's: {', '.join(strange)}")
    return told


def twins(results: list[Graded]) -> list[tuple[str, ...]]:
    """Students who handed in the very same file with an answer in it."""
    same = defaultdict(set)
    for graded in results:
        if any(verdict.kind != "not attempted" for verdict in graded.verdicts.values()):
            same[graded.submission.digest].add(graded.student)
    return sorted({tuple(sorted(students)) for students in same.values() if len(students) > 1})


def report(results: list[Graded]) -> str:
    """A line for each student and lesson, with what was solved, and the mistakes by name."""
    unread, lines = problems(results), []
    for student, verdicts in by_student(results).items():
        lines.append(f"{student}: {sum(v.kind == 'solved' for v in verdicts.values())} of {len(verdicts)} solved")
        for lesson in sorted({lesson for lesson, _ in verdicts}):
            told = [f"{KINDS[v.kind]} {name}{_bracket(v)}" for (of, name), v in verdicts.items() if of == lesson]
            lines.append(f"  lesson {lesson}  " + "   ".join(told))
        lines += [f"  ▲ {problem}" for problem in unread.get(student, ())]
    lines += [f"the very same file: {', '.join(students)}" for students in twins(results)]
    return "\n".join([*lines, SIGNS, *([CELLS] if has_cells(by_student(results)) else [])])


def has_cells(students: dict[str, dict[Key, Verdict]]) -> bool:
    """Whether a verdict speaks of a cell by its number."""
    return any(re.search(r"\bcell \d", v.detail) for verdicts in students.values() for v in verdicts.values())


def _bracket(verdict: Verdict) -> str:
    if verdict.kind in ("solved", "solution seen", "not attempted"):
        return ""
    return f" ({verdict.detail or verdict.kind})" if verdict.kind == "wrong" else f" ({verdict})"


def write_csv(results: list[Graded], path: Path) -> None:
    """A row a student, a column an exercise; what could not be read is in the last column."""
    students, unread = by_student(results), problems(results)
    keys = sorted({key for verdicts in students.values() for key in verdicts}, key=place)
    out = io.StringIO(newline="")
    table = csv.writer(out)
    table.writerow(["student", *(f"{lesson} {name}" for lesson, name in keys), "solved", "problems"])
    for student, verdicts in students.items():
        solved = sum(verdict.kind == "solved" for verdict in verdicts.values())
        cells = [str(verdicts.get(key, "")) for key in keys]
        table.writerow(map(cell, [student, *cells, solved, "; ".join(unread.get(student, ()))]))
    write_text(path, out.getvalue())


def students_in(path: Path) -> set[str]:
    """The students of an older table, as `cell` wrote them; none where it cannot be read."""
    with contextlib.suppress(OSError, ValueError, csv.Error):
        with open(path, newline="", encoding="utf-8") as file:
            return {row["student"] for row in csv.DictReader(file) if row.get("student")}
    return set()


def cell(value: object) -> object:
    """A spreadsheet must not take what a student wrote for a formula."""
    if not isinstance(value, str) or not value:
        return value
    return f"'{value}" if value.strip()[:1] in tuple("=+-@＝＋－＠|%") or value[0] in "\t\r\n" else value


def write_text(path: Path, text: str) -> None:
    """All or nothing: an older table stays whole until the new one is."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise

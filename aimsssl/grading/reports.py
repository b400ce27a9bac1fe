"""The verdicts as text, as a table for a spreadsheet, and as a page: what did the class get wrong most often?"""

import contextlib
import csv
import html
import io
import os
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from ..exercises import exercises_of, lessons
from .judging import KINDS, Verdict
from .running import Graded, in_order

Key = tuple[str, str]  # lesson, exercise
SIGNS = (
    "✓ solved   ◇ right, but the solution was seen   ✗ tried: what is wrong   ○ not attempted   "
    "▲ look at it yourself, or: it could not be read"
)
MISTAKES = ("wrong", "raised", "syntax error", "timed out", "stopped", "no function of this name", "look at it")


def by_student(results: Iterable[Graded]) -> dict[str, dict[Key, Verdict]]:
    """{student: {(lesson, exercise): verdict}}, the best of each where a student handed in several notebooks."""
    rank, students = list(KINDS), {}
    for graded in results:
        verdicts = students.setdefault(graded.student, {})
        for key, verdict in graded.verdicts.items():
            verdicts[key] = min(verdicts.get(key, verdict), verdict, key=lambda v: rank.index(v.kind))
    return {student: dict(sorted(verdicts.items(), key=_place)) for student, verdicts in students.items()}


def _place(item: tuple[Key, Verdict] | Key) -> tuple[str, int]:
    """Sorts exercises in the order of the lessons."""
    lesson, name = item[0] if isinstance(item[0], tuple) else item
    return lesson, in_order(lesson).index(name)


def problems(results: Iterable[Graded]) -> dict[str, list[str]]:
    """{student: what could not be read}."""
    found = defaultdict(list)
    for graded in results:
        if graded.submission.problem:
            found[graded.student].append(f"{graded.submission.name}: {graded.submission.problem}")
        elif not graded.verdicts:
            found[graded.student].append(f"{graded.submission.name}: no exercise of a lesson is in it")
    return found


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
    return "\n".join([*lines, SIGNS])


def _bracket(verdict: Verdict) -> str:
    if verdict.kind in ("solved", "solution seen", "not attempted"):
        return ""
    return f" ({verdict.detail or verdict.kind})" if verdict.kind == "wrong" else f" ({verdict})"


def write_csv(results: list[Graded], path: Path) -> None:
    """A row a student, a column an exercise; what could not be read is in the last column."""
    students, unread = by_student(results), problems(results)
    keys = sorted({key for verdicts in students.values() for key in verdicts}, key=_place)
    out = io.StringIO(newline="")
    table = csv.writer(out)
    table.writerow(["student", *(f"{lesson} {name}" for lesson, name in keys), "solved", "problems"])
    for student, verdicts in students.items():
        solved = sum(verdict.kind == "solved" for verdict in verdicts.values())
        cells = [str(verdicts.get(key, "")) for key in keys]
        table.writerow(map(_cell, [student, *cells, solved, "; ".join(unread.get(student, ()))]))
    _write(path, out.getvalue())


def _cell(value: object) -> object:
    """A spreadsheet must not take what a student wrote for a formula."""
    if not isinstance(value, str) or not value:
        return value
    return f"'{value}" if value.strip()[:1] in tuple("=+-@＝＋－＠|%") or value[0] in "\t\r\n" else value


def write_html(results: list[Graded], path: Path) -> None:
    """A page for the teacher: each exercise with how many solved it and the class's mistakes, then every student."""
    students, unread = by_student(results), problems(results)
    keys = sorted({key for verdicts in students.values() for key in verdicts}, key=_place)
    parts = [f"<h1>{len(students)} students</h1>", "<h2>What the class got wrong</h2>"]
    for lesson, name in keys:
        verdicts = [v[lesson, name] for v in students.values() if (lesson, name) in v]
        count = Counter(verdict.kind for verdict in verdicts)
        parts.append(
            f"<h3>{lesson} {html.escape(name)}</h3><p>{count['solved']} of {len(verdicts)} solved, "
            f"{count['not attempted']} not attempted</p>"
        )
        wrong = Counter(_mistake(verdict) for verdict in verdicts if verdict.kind in MISTAKES)
        known = getattr(exercises_of(lessons()[lesson])[name], "mistakes", {})
        texts = {mistake: getattr(said, "message", said) for mistake, said in known.items()}
        rows = [(str(n), mistake, str(texts.get(mistake, ""))) for mistake, n in wrong.most_common()]
        parts.append(_table(["students", "mistake", "what the check says"], rows) if rows else "")
    parts += ["<h2>Students</h2>"]
    header = ["student", "solved", *(f"{lesson} {name}" for lesson, name in keys), "could not be read"]
    rows = []
    for student, verdicts in students.items():
        solved = sum(verdict.kind == "solved" for verdict in verdicts.values())
        signs = [_sign(verdicts.get(key)) for key in keys]
        rows.append((student, f"{solved} of {len(verdicts)}", *signs, "; ".join(unread.get(student, ()))))
    parts += [_table(header, rows), f"<p>{SIGNS}</p>"]
    parts += [f"<p>The very same file: {html.escape(', '.join(names))}</p>" for names in twins(results)]
    _write(path, PAGE.format(body="\n".join(parts)))


def _mistake(verdict: Verdict) -> str:
    if verdict.kind == "wrong":
        return verdict.detail
    return f"raised {verdict.detail.split(':')[0]}".strip() if verdict.kind == "raised" else verdict.kind


def _sign(verdict: Verdict | None) -> str:
    if verdict is None:
        return ""
    return f"{KINDS[verdict.kind]}{_bracket(verdict)}"


def _table(header: list[str], rows: list[tuple]) -> str:
    head = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in header)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>\n" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>"


PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Grades</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2em; color: #222; background: #fff }}
table {{ border-collapse: collapse; display: block; overflow-x: auto }}
th, td {{ border: 1px solid #ccc; padding: .3em .6em; text-align: left; vertical-align: top; overflow-wrap: anywhere }}
th {{ background: #f0f0f0 }}
</style></head><body>
{body}
</body></html>
"""


def _write(path: Path, text: str) -> None:
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

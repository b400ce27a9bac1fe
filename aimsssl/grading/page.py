"""The verdicts as a page: what did the class get wrong most often, and who solved what?"""

import html
from collections import Counter
from itertools import groupby
from pathlib import Path

from ..exercises import exercises_of, lessons
from .judging import KINDS, Verdict
from .reports import CELLS, SIGNS, Key, by_student, has_cells, place, problems, twins, write_text
from .running import Graded

MISTAKES = ("wrong", "raised", "syntax error", "timed out", "stopped", "no function of this name", "look at it")
OPEN = 5  # exercises whose mistakes are seen at once: what a class has time for


def write_html(results: list[Graded], path: Path) -> None:
    """A page for the teacher: the exercises with the most mistakes first, then every student."""
    students, unread = by_student(results), problems(results)
    keys = sorted({key for verdicts in students.values() for key in verdicts}, key=place)
    given = {key: [verdicts[key] for verdicts in students.values() if key in verdicts] for key in keys}
    made = {key: Counter(_mistake(v) for v in verdicts if v.kind in MISTAKES) for key, verdicts in given.items()}
    numbers = {key: {name: i for i, (name, _) in enumerate(count.most_common(), 1)} for key, count in made.items()}
    often = sorted((key for key in keys if made[key]), key=lambda key: -made[key].total())
    shown = [_exercise(key, given[key], made[key]) for key in often]
    without = sum(not verdicts for verdicts in students.values())
    parts = [
        f"<h1>{_many(len(students) - without, 'student')}</h1>",
        f"<p>{without} more handed in no notebook of a lesson that can be read.</p>" if without else "",
        "<h2>What the class got wrong</h2>",
        *shown[:OPEN],
        _folded(f"Fewer mistakes: {_many(len(shown) - OPEN, 'exercise')}", shown[OPEN:]),
        _without_mistakes([key for key in keys if not made[key]], given),
        "<h2>Students</h2>",
        _table_of_students(students, keys, numbers),
        f"<p>{SIGNS}. A number is that of the mistake, above.</p>",
    ]
    if unread:
        lines = (f"<li>{html.escape(name)}: {html.escape('; '.join(said))}</li>" for name, said in unread.items())
        parts += ["<h2>Look at these yourself</h2>", "<ul>", *lines, "</ul>"]
    parts += [f"<p>The very same file: {html.escape(', '.join(names))}</p>" for names in twins(results)]
    parts += [f"<p>{CELLS}</p>"] if has_cells(students) else []
    write_text(path, PAGE.format(body="\n".join(filter(None, parts))))


def _many(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _mistake(verdict: Verdict) -> str:
    if verdict.kind == "wrong":
        return verdict.detail
    return f"raised {verdict.detail.split(':')[0]}".strip() if verdict.kind == "raised" else verdict.kind


def _exercise(key: Key, verdicts: list[Verdict], made: Counter) -> str:
    """An exercise with its mistakes, the most frequent first."""
    known = getattr(exercises_of(lessons()[key[0]])[key[1]], "mistakes", {})
    texts = {mistake: getattr(said, "message", said) for mistake, said in known.items()}
    rows = "".join(
        f"<tr><td>{n}</td><td>{html.escape(mistake)}</td><td>{html.escape(str(texts.get(mistake, '')))}</td>"
        f"<td>{i}</td></tr>\n"
        for i, (mistake, n) in enumerate(made.most_common(), start=1)
    )
    head = "".join(f'<th scope="col">{cell}</th>' for cell in ("students", "mistake", "what the check says", "no."))
    return (
        f'<section id="{_anchor(key)}"><h3>{_title(key)}</h3><p>{_solved(verdicts)}</p>\n'
        f"<table><thead><tr>{head}</tr></thead><tbody>\n{rows}</tbody></table></section>"
    )


def _title(key: Key) -> str:
    return html.escape(" ".join(key))


def _anchor(key: Key) -> str:
    return html.escape("-".join(key))


def _solved(verdicts: list[Verdict]) -> str:
    count = Counter(verdict.kind for verdict in verdicts)
    return f"{count['solved']} of {len(verdicts)} solved, {count['not attempted']} not attempted"


def _without_mistakes(keys: list[Key], given: dict[Key, list[Verdict]]) -> str:
    lines = [f"<li>{_title(key)}: {_solved(given[key])}</li>" for key in keys]
    return _folded(f"No mistake: {_many(len(keys), 'exercise')}", ["<ul>", *lines, "</ul>"] if lines else [])


def _folded(title: str, parts: list[str]) -> str:
    """One line that opens; nothing where there is nothing in it."""
    return "\n".join([f"<details><summary>{title}</summary>", *parts, "</details>"]) if parts else ""


def _table_of_students(students: dict[str, dict[Key, Verdict]], keys: list[Key], numbers: dict) -> str:
    """A row a student, a narrow column an exercise; whoever sees or uses it can scroll it, by keyboard as well."""
    above = names = ""
    for lesson, group in groupby(keys, lambda key: key[0]):
        above += f'<th scope="colgroup" colspan="{len(list(group))}">{lesson}</th>'
    for key in keys:
        name = html.escape(key[1])
        linked = f'<a href="#{_anchor(key)}">{name}</a>' if numbers[key] else name
        names += f'<th scope="col" class="turned">{linked}</th>'
    rows = ""
    for student, verdicts in students.items():
        solved = sum(verdict.kind == "solved" for verdict in verdicts.values())
        cells = "".join(_cell(verdicts.get(key), numbers[key]) for key in keys)
        told = f"{solved} of {len(verdicts)}" if verdicts else "–"
        rows += f'<tr><th scope="row"><div>{html.escape(student)}</div></th><td>{told}</td>{cells}</tr>\n'
    return (
        '<div class="wide" role="region" aria-label="All students" tabindex="0"><table><thead>\n'
        f'<tr><th scope="col" rowspan="2">student</th><th scope="col" rowspan="2">solved</th>{above}</tr>\n'
        f"<tr>{names}</tr></thead><tbody>\n{rows}</tbody></table></div>"
    )


def _cell(verdict: Verdict | None, numbers: dict[str, int]) -> str:
    if verdict is None:
        return "<td></td>"
    if verdict.kind not in MISTAKES:
        return f"<td>{KINDS[verdict.kind]}</td>"
    said = f"{KINDS[verdict.kind]} {numbers[_mistake(verdict)]}"
    return f'<td title="{html.escape(str(verdict))}">{said}</td>'


PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Grades</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<style>
body {{ font: 16px/1.4 system-ui, sans-serif; margin: 1.5em; color: #222; background: #fff }}
table {{ border-collapse: collapse }}
th, td {{ border: 1px solid #ccc; padding: .2em .4em; text-align: left; vertical-align: top; background: #fff }}
th {{ background: #f0f0f0 }}
td:nth-child(3) {{ overflow-wrap: anywhere }}
li {{ overflow-wrap: anywhere }}
.wide {{ overflow-x: auto }}
.wide table {{ border-collapse: separate; border-spacing: 0; width: max-content }}
.wide td {{ white-space: nowrap }}
.wide th {{ vertical-align: bottom }}
.wide tr > th:first-child:not(.turned) {{ position: sticky; left: 0 }}
.wide tbody th div {{ font-weight: normal; width: max-content; max-width: min(20em, 40vw); overflow-wrap: anywhere }}
.turned {{ writing-mode: vertical-rl; transform: rotate(180deg); text-align: left; font-weight: normal }}
@media (max-width: 40em) {{  /* what the check says on a line of its own */
section tr {{ display: grid; grid-template-columns: 5.5em 1fr 3em }}
section :is(th, td):nth-child(3) {{ grid-row: 2; grid-column: 1 / -1 }}
section :is(th, td):nth-child(3):empty {{ display: none }}
}}
</style></head><body><main>
{body}
</main></body></html>
"""

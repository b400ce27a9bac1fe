"""A lesson's source: its cells, its solutions and the numbers in its prose."""

import ast
import copy
import hashlib
import json
import math
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jupytext
from lesson_time import minutes_of
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

ROOT = Path(__file__).resolve().parents[2]
STUB = "raise NotImplementedError  # replace this line with your code"
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"


class BuildError(Exception):
    """A source that cannot be built, or outputs that must not be stored: one sentence for the author."""


@dataclass(frozen=True)
class Lesson:
    """A source and the two notebooks that are built from it."""

    source: Path

    @property
    def number(self) -> str:
        return self.source.name[:2]

    @property
    def student(self) -> Path:
        return self.source.parents[1] / "lessons" / f"{self.source.stem}.ipynb"

    @property
    def instructor(self) -> Path:
        return self.source.with_suffix(".ipynb")

    @property
    def minutes_file(self) -> Path:
        return self.source.parents[1] / "data" / "recorded_runs" / "lesson_minutes.json"


def lessons(root: Path = ROOT) -> list[Lesson]:
    """The lessons of the course, in order."""
    return [Lesson(path) for path in sorted((root / "instructor").glob("[0-9][0-9]_*.py"))]


# ---- from the source to cells


def read_cells(lesson: Lesson) -> list[NotebookNode]:
    """The cells of a source, solutions included, each with its id, its tags and its numbers still as `{{ }}`."""
    return copy.deepcopy(_cells_of(lesson, lesson.source.read_text(encoding="utf-8")))


@cache
def _cells_of(lesson: Lesson, text: str) -> list[NotebookNode]:
    """One reading of a source: a build asks for its cells a dozen times."""
    source = jupytext.reads(text, fmt="py:percent")
    cells, seen = [], {}
    for number, cell in enumerate(source.cells, start=1):
        if cell.cell_type == "raw":
            raise BuildError(f"{lesson.source.name}: cell {number} is a raw cell; use markdown or code")
        name = cell.metadata.get("id") or cell.source
        key = hashlib.sha256(f"{lesson.number}\0{cell.cell_type}\0{name}".encode()).hexdigest()[:12]
        seen[key] = seen.get(key, 0) + 1
        new = new_code_cell if cell.cell_type == "code" else new_markdown_cell
        tags = list(cell.metadata.get("tags", []))
        suffix = f"-{seen[key]}" if seen[key] > 1 else ""
        cells.append(new(cell.source, id=f"l{lesson.number}-{key}{suffix}", metadata={"tags": tags} if tags else {}))
    code = [cell for cell in cells if cell.cell_type == "code"]
    if not code:
        raise BuildError(f"{lesson.source.name}: there is no code cell")
    for cell in code:
        _parse(lesson, cell.source, "this code cell")
    return cells


def source_hash(cells: list[NotebookNode]) -> str:
    """A hash of the code that outputs come from."""
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    return hashlib.sha256("\0".join(code).encode()).hexdigest()[:16]


def strip_solution(lesson: Lesson, code: str) -> str:
    """Put the stub where a solution stands, at the same indentation.

    Raises:
        BuildError: unbalanced markers, a solution outside of a function, a docstring inside a solution, or a rest that
            does not parse.
    """
    kept, begin = [], None
    for number, line in enumerate(code.splitlines(), start=1):
        mark = line.strip()
        if mark == BEGIN:
            if begin is not None:
                raise BuildError(f"{lesson.source.name}: {BEGIN} twice without {END} between, near\n{code}")
            if not _is_inside_a_function(code, number):
                raise BuildError(f"{lesson.source.name}: {BEGIN} stands outside of a function, near\n{code}")
            begin = number
            kept.append(line[: len(line) - len(line.lstrip())] + STUB)
        elif mark == END:
            if begin is None:
                raise BuildError(f"{lesson.source.name}: {END} without {BEGIN}, near\n{code}")
            begin = None
        elif begin is None:
            kept.append(line)
    if begin is not None:
        raise BuildError(f"{lesson.source.name}: {BEGIN} without {END}, near\n{code}")
    stripped = "\n".join(kept)
    if "SOLUTION" in stripped:
        raise BuildError(f"{lesson.source.name}: the word SOLUTION is left in a student's cell, near\n{stripped}")
    if stripped != code:
        before, after = _docstrings(_parse(lesson, code, "")), _docstrings(_parse(lesson, stripped, "the stubbed cell"))
        lost = sorted(name for name, has in before.items() if has and not after.get(name, True))
        if lost:
            raise BuildError(f"{lesson.source.name}: the docstring of {lost[0]} must stand above {BEGIN}")
    return stripped


def _parse(lesson: Lesson, code: str, what: str) -> ast.Module:
    try:
        return ast.parse(code)
    except SyntaxError as error:
        problem = f"line {error.lineno}: {error.msg}; magics are not used"
        raise BuildError(f"{lesson.source.name}: {what} is not Python ({problem}):\n{code}") from None


def _functions(tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def _docstrings(tree: ast.Module) -> dict[str, bool]:
    return {node.name: ast.get_docstring(node) is not None for node in _functions(tree)}


def _is_inside_a_function(code: str, line: int) -> bool:
    return any(node.lineno < line <= node.end_lineno for node in _functions(ast.parse(code)))


# ---- numbers in prose

PLACEHOLDER = re.compile(r"\{\{\s+(.*?)\s*\}\}|\{\{([A-Za-z]\w*\.[^{}]*?)\}\}")
REFERENCE = re.compile(r"([A-Za-z]\w*)\.([\w.\-]+?)\s*(?::\s*(\S+))?")


def fill_numbers(lesson: Lesson, text: str) -> str:
    """Fill each `{{ run.key:format }}`. A lesson's own minutes are a question mark until it has been executed.

    `{{ time.reading }}`, `{{ time.exercises }}` and `{{ time.optional }}` are counted from the lesson (`lesson_time`).
    A key that is no word is written with an underscore for each other sign: `LARS_at_rate_0_001`.

    Raises:
        BuildError: no such run, no such key, or a format that does not fit, with the lesson, the key and the file.
    """
    runs = lesson.minutes_file.parent

    def minutes(name: str) -> str:
        try:
            return str(minutes_of(read_cells(lesson))[name])
        except KeyError:
            raise BuildError(
                f"{lesson.source.name}: {{{{ time.{name} }}}}: there are time.reading, time.exercises, time.optional"
            ) from None

    def value(match: re.Match) -> str:
        inside = match[1] or match[2]
        reference = REFERENCE.fullmatch(inside)
        if not reference:
            raise BuildError(f"{lesson.source.name}: {{{{ {inside} }}}} is not of the form run.key:format")
        run, key, form = reference.groups()
        if run == "time":
            return minutes(key)
        file = runs / f"{run}.json" if (runs / f"{run}.json").exists() else runs / run / "result.json"
        if run == lesson.minutes_file.stem:
            file = lesson.minutes_file
        own_minutes = file == lesson.minutes_file and key.split(".")[0] == lesson.number
        where = f"{lesson.source.name}: {{{{ {inside} }}}}: the key {key!r}"
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            for part in key.split("."):
                found = found[int(part)] if isinstance(found, list) else _entry(found, part)
        except (OSError, ValueError) as error:
            if own_minutes:
                return "?"
            raise BuildError(f"{where} cannot be read from {_short(lesson, file)} ({type(error).__name__})") from None
        except (KeyError, IndexError, TypeError):
            if own_minutes:
                return "?"
            raise BuildError(f"{where} is not in {_short(lesson, file)}") from None
        try:
            return str(math.ceil(found / 60)) if form == "minutes" else format(found, form or "")
        except (ValueError, TypeError) as error:
            raise BuildError(f"{where} does not fit the format {form!r}: {error}") from None

    return PLACEHOLDER.sub(value, text)


def _entry(found: dict, part: str) -> object:
    """The value under `part`, or under the one key that is `part` where its signs are written as underscores."""
    like = [key for key in found if re.sub(r"\W", "_", key) == part]
    return found[like[0] if part not in found and len(like) == 1 else part]


def measured_profiles(lesson: Lesson) -> list[str]:
    """The profiles under which the seconds of this lesson were measured."""
    if not lesson.minutes_file.exists():
        return []
    return list(json.loads(lesson.minutes_file.read_text(encoding="utf-8")).get(lesson.number, {}))


def _short(lesson: Lesson, file: Path) -> str:
    return file.relative_to(lesson.source.parents[1]).as_posix()

"""Collected notebooks, each executed in a kernel and a home of its own: who has solved what. `aimsssl grade FOLDER`.

What counts is the record that the checks keep while the notebook runs. The notebook's code runs with the rights of
whoever grades, and can forge that record like any other file: this is a help for a teacher, not an examination.
"""

import csv
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from .exercises import exercises_of, lessons
from .exercises.record import EMPTY

SOLVED, UNTOUCHED, FAILED = "solved", "not attempted", "the notebook did not run"
MARKS = {SOLVED: "✓", UNTOUCHED: "○", FAILED: "▲"}  # and ✗ for a mistake


@dataclass
class Graded:
    """A notebook after it ran: whose it is, the state of every exercise of its lessons, and its first error."""

    student: str
    path: Path
    states: dict[tuple[str, str], str] = field(default_factory=dict)  # {(lesson, exercise): solved, mistake: …, …}
    error: str = ""


def collected(folder: Path) -> list[Path]:
    """Every notebook below the folder, at any depth, but not Jupyter's own copies.

    Raises:
        ValueError: there is none.
    """
    paths = sorted(folder.rglob("*.ipynb"))
    paths = [p for p in paths if not any(part.startswith(".") for part in p.relative_to(folder).parts)]
    if not paths:
        raise ValueError(f"there is no notebook below {folder}")
    return paths


def student_of(path: Path, folder: Path) -> str:
    """The folder that holds the notebook, seen from the top; the file's name where it lies at the top."""
    inner = path.relative_to(folder)
    return inner.stem if len(inner.parts) == 1 else inner.parent.as_posix()


def grade(path: Path, folder: Path, timeout: float = 600) -> Graded:
    """Execute a notebook under the ci profile, for `timeout` seconds at most, and read what its checks recorded.

    A cell that raises is noted, and the next one runs: an exercise further down may be right.
    """
    import nbformat

    graded = Graded(student_of(path, folder), path)
    try:
        notebook = nbformat.read(path, as_version=4)
        code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    except Exception as error:  # whatever a file may hold
        graded.error = f"it is no notebook ({type(error).__name__})"
        return graded
    with tempfile.TemporaryDirectory(prefix="aimsssl-grade-") as place:
        home, work = Path(place) / "home", Path(place) / "work"
        if path.parent == folder:  # its neighbours are other students'
            work.mkdir()
        else:  # pictures or a module may lie beside it; what was trained there is not needed
            ignored = shutil.ignore_patterns("*.ipynb", "runs", ".*")
            shutil.copytree(path.parent, work, symlinks=True, ignore=ignored)
        graded.error = _execute(notebook, home, work, timeout)
        recorded = _recorded(home / "progress.json")
    there = lessons()
    for lesson in sorted(set(re.findall(r"\blesson(\d\d)\b", code)) & set(there)):
        for name in exercises_of(there[lesson]):
            entry = {**EMPTY, **recorded.get(lesson, {}).get(name, {})}
            if entry["solved"] is True:
                state = SOLVED
            elif entry["attempts"]:
                state = f"mistake: {'it raised an error' if entry['last'] == 'raised' else entry['last']}"
            else:
                state = f"{FAILED}: {graded.error}" if graded.error else UNTOUCHED
            graded.states[lesson, name] = state
    return graded


def _execute(notebook, home: Path, work: Path, timeout: float) -> str:
    """Run all cells; the first error in a line, or nothing."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellTimeoutError

    until = time.monotonic() + timeout
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        resources={"metadata": {"path": str(work)}},
        allow_errors=True,
        timeout_func=lambda cell: max(1, round(until - time.monotonic())),
        store_widget_state=False,
    )
    environment = {**os.environ, "AIMSSSL_PROFILE": "ci", "AIMSSSL_HOME": str(home)}
    try:
        client.execute(env=environment)
    except CellTimeoutError:
        return f"still running after {timeout:g} s"
    except RuntimeError:  # nbclient's DeadKernelError is one, and a kernel that does not answer
        return "its kernel died or did not start"
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", ()))
    errors = (f"{o.ename}: {o.evalue}" for o in outputs if o.output_type == "error")
    return " ".join(next(errors, "").split())[:200]


def _recorded(path: Path) -> dict:
    """The record, or nothing where there is none or it is not one: a notebook may have written anything there."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return {
            lesson: {name: {**EMPTY, **entry} for name, entry in exercises.items()}
            for lesson, exercises in data.items()
        }
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def grade_folder(folder: str | Path, timeout: float = 600, tell: Callable[[str], None] = print) -> list[Graded]:
    """Grade every notebook below `folder`, one after the other.

    Raises:
        ValueError: there is no notebook, the timeout is not positive, or what executes notebooks is not installed.
    """
    if find_spec("nbclient") is None or find_spec("ipykernel") is None:
        raise ValueError('notebooks cannot be executed here; pip install "aimsssl[lab]"')
    if not timeout > 0:
        raise ValueError(f"timeout must be above 0 seconds, got {timeout}")
    folder, results = Path(folder), []
    paths = collected(folder)
    for number, path in enumerate(paths, start=1):
        tell(f"{number} of {len(paths)}: {path}")
        results.append(grade(path, folder, timeout))
    return results


def by_student(results: Iterable[Graded]) -> dict[str, dict[tuple[str, str], str]]:
    """{student: {(lesson, exercise): state}}, the best of each where a student handed in several notebooks."""
    rank = lambda state: (state == SOLVED, state.startswith("mistake"), state == UNTOUCHED)  # noqa: E731
    students: dict[str, dict[tuple[str, str], str]] = {}
    for graded in results:
        states = students.setdefault(graded.student, {})
        for key, state in graded.states.items():
            states[key] = max(states.get(key, state), state, key=rank)
    return students


def report(results: list[Graded]) -> str:
    """A line for each student and lesson, with what was solved, and the mistakes by name."""
    lines = []
    for student, states in by_student(results).items():
        lines.append(f"{student}: {sum(s == SOLVED for s in states.values())} of {len(states)} solved")
        for lesson in sorted({lesson for lesson, _ in states}):
            told = [f"{_mark(s)} {name}{_detail(s)}" for (number, name), s in states.items() if number == lesson]
            lines.append(f"  lesson {lesson}  " + "   ".join(told))
        lines += [f"  ▲ {g.path.name}: {g.error}" for g in results if g.student == student and g.error]
    return "\n".join(
        [*lines, "✓ solved   ✗ tried: the mistake   ○ not attempted   ▲ the notebook did not run to its end"]
    )


def _mark(state: str) -> str:
    return MARKS.get(state.split(":")[0], "✗")


def _detail(state: str) -> str:
    return f" ({state.removeprefix('mistake: ')})" if state.startswith("mistake") else ""


def write_csv(results: list[Graded], path: Path) -> None:
    """A row a student, a column an exercise, and the errors of notebooks in the last column."""
    students = by_student(results)
    keys = sorted({key for states in students.values() for key in states})
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["student", *(f"{lesson} {name}" for lesson, name in keys), "solved", "errors"])
        for student, states in students.items():
            errors = "; ".join(f"{g.path.name}: {g.error}" for g in results if g.student == student and g.error)
            solved = sum(state == SOLVED for state in states.values())
            table.writerow(map(_cell, [student, *(states.get(key, "") for key in keys), solved, errors]))


def _cell(value: object) -> object:
    """A spreadsheet must not take what a student wrote for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value

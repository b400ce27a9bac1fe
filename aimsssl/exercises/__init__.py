"""The exercises of the lessons: `from aimsssl.exercises import lesson04 as lesson`, then `lesson.NAME.check(NAME)`."""

import importlib
import pkgutil
from types import ModuleType

from aimsssl.exercises import record
from aimsssl.exercises.display import show
from aimsssl.exercises.framework import Exercise

__all__ = ["Exercise", "exercises_of", "lessons", "progress", "progress_table"]


def lessons() -> dict[str, ModuleType]:
    """The lessons that have exercises, by number: `{"04": aimsssl.exercises.lesson04}`."""
    names = sorted(info.name for info in pkgutil.iter_modules(__path__) if info.name.startswith("lesson"))
    return {name.removeprefix("lesson"): importlib.import_module(f"{__name__}.{name}") for name in names}


def exercises_of(lesson: ModuleType) -> dict[str, Exercise]:
    """The exercises that a lesson's module defines, by name, in the order of the lesson and of its `__all__`."""
    named = {name: getattr(lesson, name) for name in lesson.__all__}
    return {name: item for name, item in named.items() if isinstance(item, Exercise)}


def progress_table() -> str:
    """A table of every lesson and exercise: solved or not, attempts, hints used, the last outcome."""
    recorded = record.read()
    rows = [("lesson", "exercise", "level", "minutes", "state", "attempts", "hints", "last outcome")]
    solved = 0
    for number, module in lessons().items():
        for name, exercise in exercises_of(module).items():
            entry = {**record.EMPTY, **recorded.get(number, {}).get(name, {})}
            state = _state(entry)
            solved += bool(entry["solved"])
            counts = (str(entry["attempts"]), f"{entry['hints']}/{len(exercise.hints)}")
            rows.append((number, name, exercise.difficulty, str(exercise.minutes), state, *counts, entry["last"]))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, f"{solved} of {len(rows) - 1} exercises solved. The record is {record.path()}."])


def _state(entry: dict) -> str:
    if entry["solved"]:
        return "✓ solved"
    return "◇ seen" if entry["seen"] else "✗ tried" if entry["attempts"] else "○ open"


def progress() -> None:
    """Show the table of progress in a notebook, or print it."""
    table = progress_table().splitlines()
    show("progress", "Your progress", table, monospace=True)

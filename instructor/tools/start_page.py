"""The start page, `lessons/00_start.ipynb`: the lessons with their minutes, and a cell for one's own progress."""

from pathlib import Path

from lesson_notebooks import METADATA, to_bytes
from lesson_source import BuildError, Lesson, lessons, read_cells
from lesson_time import minutes_of
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

NAME = "00_start"
PROGRESS = "from aimsssl import exercises\n\nexercises.progress()"


def start_of(root: Path) -> dict[Path, bytes]:
    """What the start page should hold; nothing where the course has no template for it.

    Raises:
        BuildError: the template has no place for the lessons.
    """
    template = root / "instructor" / "tools" / "start_template.md"
    if not template.exists():
        return {}
    text = template.read_text(encoding="utf-8").rstrip("\n")
    if "{{ lessons }}" not in text:
        raise BuildError(f"{template.name}: there is no {{{{ lessons }}}} in it")
    head = "| lesson | to read and look | for the exercises | optional |\n|---|---|---|---|\n"
    rows = "\n".join(map(_row, lessons(root)))
    page = new_notebook(
        cells=[
            new_markdown_cell(text.replace("{{ lessons }}", head + rows), id=f"{NAME}-text"),
            new_code_cell(PROGRESS, id=f"{NAME}-progress"),
        ],
        metadata=METADATA,
    )
    return {root / "lessons" / f"{NAME}.ipynb": to_bytes(page)}


def _row(lesson: Lesson) -> str:
    """The lesson's title as a link, and its minutes."""
    cells = read_cells(lesson)
    title, minutes = cells[0].source.splitlines()[0].removeprefix("# "), minutes_of(cells)
    told = (f"{minutes[part]} min" if minutes[part] else "–" for part in ("reading", "exercises", "optional"))
    return f"| [{title}]({lesson.student.name}) | {' | '.join(told)} |"

"""The guide: `GUIDE.md` from its template, and a page for each lesson, from the lesson and its exercises."""

import re
from pathlib import Path

from lesson_notebooks import read_notebook
from lesson_source import BuildError, Lesson, fill_numbers, lessons, read_cells
from lesson_time import Minutes, minutes_of
from nbformat import NotebookNode

ANSWER = re.compile(r"\*\*Answer\.\*\*\s*(.+?)(?=\n\n|\Z)|<summary>[^<]*</summary>\s*(.+?)\s*</details>", re.DOTALL)


def guide_of(root: Path) -> dict[Path, bytes]:
    """What `instructor/GUIDE.md` and the pages in `instructor/guide/` should hold; nothing where there is no template.

    Raises:
        BuildError: a lesson without a list of goals or without its time, or a template without its placeholder.
    """
    template = root / "instructor" / "tools" / "guide_template.md"
    if not template.exists():
        return {}
    text = template.read_text(encoding="utf-8")
    course = lessons(root)
    times = {lesson: minutes_of(read_cells(lesson)) for lesson in course}
    for name, filled in {"lessons": _index(course), "schedule": _schedule(times), "hours": _hours(times)}.items():
        if f"{{{{ {name} }}}}" not in text:
            raise BuildError(f"{template.name}: there is no {{{{ {name} }}}} in it")
        text = text.replace(f"{{{{ {name} }}}}", filled)
    pages = {root / "instructor" / "guide" / f"{lesson.source.stem}.md": _page(lesson, course) for lesson in course}
    pages[root / "instructor" / "GUIDE.md"] = text
    return {path: (page.rstrip("\n") + "\n").encode("utf-8") for path, page in pages.items()}


# ---- the first page


def _index(course: list[Lesson]) -> str:
    return "\n".join(f"- [{_title(lesson)}](guide/{lesson.source.stem}.md)" for lesson in course)


def _schedule(times: dict[Lesson, Minutes]) -> str:
    """The minutes of every lesson, and which exercises are for the class and which for home."""
    rows = ["| lesson | read and look | exercises | optional | in class | at home |", "|---|---|---|---|---|---|"]
    for lesson, time in times.items():
        exercises = _exercises_of(lesson)
        home = [one for one in exercises if one.difficulty == "●●●" or one.name in _optional(lesson)]
        listed = (", ".join(f"`{one.name}`" for one in part) or "–" for part in (_without(exercises, home), home))
        rows.append(
            _row(_title(lesson), *(f"{time[part]} min" for part in ("reading", "exercises", "optional")), *listed)
        )
    return "\n".join(rows)


def _without(exercises: list, others: list) -> list:
    return [one for one in exercises if one not in others]


def _optional(lesson: Lesson) -> set[str]:
    """The exercises whose heading, or a heading above it, says that it is optional."""
    found, cells = set(), read_cells(lesson)
    for place, cell in enumerate(cells):
        name = re.search(r"\blesson\.(\w+)\.check\(", cell.source) if cell.cell_type == "code" else None
        if name:
            text = "\n".join(one.source for one in cells[:place] if one.cell_type == "markdown")
            section = re.split(r"^## ", text, flags=re.M)[-1]
            titles = [section.partition("\n")[0], *re.findall(r"^### (.*)$", section, re.M)[-1:]]
            if any("optional" in title for title in titles):
                found.add(name[1])
    return found


def _hours(times: dict[Lesson, Minutes]) -> str:
    """The whole course, without what is optional and with it."""
    core = sum(time.reading + time.exercises for time in times.values()) / 60
    return f"{core:.0f} hours, {core + sum(time.optional for time in times.values()) / 60:.0f} with the optional parts"


# ---- the page of a lesson


def _title(lesson: Lesson) -> str:
    return read_cells(lesson)[0].source.splitlines()[0].removeprefix("# ")


def _page(lesson: Lesson, course: list[Lesson]) -> str:
    """One lesson: time, goals, what to write on the board, predictions, figures, questions, and its exercises."""
    cells = read_cells(lesson)
    for cell in cells:
        if cell.cell_type == "markdown":
            cell.source = fill_numbers(lesson, cell.source)
    head = cells[0].source
    blocks = [" ".join(block.splitlines()) for block in head.split("\n\n")]  # a paragraph is one line of Markdown
    times = [block.removeprefix("**Time**:").strip() for block in blocks if block.startswith("**Time**:")]
    goals = next((block for block in head.split("\n\n") if "\n- " in block), "").partition("\n")[2]
    if not times or not goals:
        raise BuildError(f"{lesson.source.name}: the first cell needs a list of goals and a paragraph **Time**: …")
    exercises = _exercises_of(lesson)
    minutes = sum(exercise.minutes for exercise in exercises)
    told = f"{len(exercises)}, about {minutes} minutes together." if exercises else "none yet."
    parts = [
        f"# {_title(lesson)}",
        _neighbours(lesson, course),
        f"**Time.** {times[0][0].upper()}{times[0][1:]}",
        f"**Goals**\n{goals}",
        *_part("For the board", _section(cells, "To remember")),
        *_part("Predictions and their answers", _predictions(cells)),
        *_part("What to see in each figure", _figures(lesson)),
        *_part("Questions to think about", _questions(lesson, cells)),
        "## Exercises",
        f"**Exercises**: {told}",
        *map(_exercise, exercises),
    ]
    return "\n\n".join(parts)


def _neighbours(lesson: Lesson, course: list[Lesson]) -> str:
    place = course.index(lesson)
    links = [f"[{_title(one)}]({one.source.stem}.md)" for one in course[max(0, place - 1) : place + 2] if one != lesson]
    return " · ".join(["[guide](../GUIDE.md)", f"[the lesson](../{lesson.source.stem}.ipynb)", *links])


def _part(title: str, text: str) -> list[str]:
    return [f"## {title}", text] if text else []


def _section(cells: list[NotebookNode], title: str) -> str:
    text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.M | re.DOTALL)
    return found[1].strip() if found else ""


def _predictions(cells: list[NotebookNode]) -> str:
    """Each Predict with what answers it."""
    text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    pieces = re.split(r"\*\*Predict\*\*", text)[1:]
    told = []
    for piece in pieces:
        asked = re.split(r"\n\n(?![-\d])|<details>", piece.lstrip(":,. "), maxsplit=1)[0]
        answers = [a or b for a, b in ANSWER.findall(re.split(r"^## ", piece, maxsplit=1, flags=re.M)[0])]
        told.append(f"- *{' '.join(asked.split())}*" + "".join(f"\n  {' '.join(one.split())}" for one in answers))
    return "\n".join(told)


def _figures(lesson: Lesson) -> str:
    """The description of each figure of the recorded execution, by section."""
    notebook, told, section = read_notebook(lesson.instructor), [], ""
    for cell in notebook.cells if notebook else []:
        if cell.cell_type == "markdown":
            section = ([section] + re.findall(r"^## (.*)$", cell.source, re.M))[-1]
            continue
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                told.append(f"- {section}: {' '.join(output.data.get('text/plain', '').split())}")
    return "\n".join(told)


def _questions(lesson: Lesson, cells: list[NotebookNode]) -> str:
    """The questions at the end of the lesson, and their answers from `answers.md`.

    Raises:
        BuildError: there are not as many answers as questions.
    """
    questions = re.sub(r"<!--.*?-->", "", _section(cells, "To think about"), flags=re.DOTALL).strip()
    file = lesson.source.with_name("answers.md")
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    found = re.search(rf"^## {lesson.number}\n(.*?)(?=^## |\Z)", text, re.M | re.DOTALL)
    if not found:
        return questions
    answers = found[1].strip()
    asked, answered = (len(re.findall(r"^- ", part, re.M)) for part in (questions, answers))
    if asked != answered:
        raise BuildError(f"{file.name}: lesson {lesson.number} asks {asked} questions, and here are {answered} answers")
    return f"{questions}\n\n**Answers**, in the same order\n\n{answers}"


def _exercises_of(lesson: Lesson) -> list:
    """The exercises of a lesson, in its order."""
    from aimsssl import exercises  # here: PyTorch takes seconds, and most courses under test have no guide

    module = exercises.lessons().get(lesson.number)
    return [] if module is None else list(exercises.exercises_of(module).values())


def _exercise(exercise) -> str:
    """One exercise: what is asked, the hints, and a table of common mistakes with what the check says."""
    lines = [
        f"### `{exercise.name}` {exercise.difficulty} · {exercise.minutes} minutes",
        exercise.title,
        "\n".join(f"{number}. {hint}" for number, hint in enumerate(exercise.hints, start=1)),
        "| common mistake | what people think or do | what the check says |\n|---|---|---|\n"
        + "\n".join(_row(m.name, m.thought, m.message) for m in exercise.mistakes.values()),
    ]
    return "\n\n".join(lines)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

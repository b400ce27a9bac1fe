"""The instructor's guide: `GUIDE.md` from its template, the lessons, their exercises and the mistakes of those."""

from pathlib import Path

from lesson_source import BuildError, Lesson, fill_numbers, lessons, read_cells


def guide_of(root: Path) -> dict[Path, bytes]:
    """What `instructor/GUIDE.md` should hold; nothing where the course has no template for it.

    Raises:
        BuildError: a lesson without a list of goals or without its time, or a template without its placeholder.
    """
    template = root / "instructor" / "guide_template.md"
    if not template.exists():
        return {}
    text = template.read_text(encoding="utf-8")
    if "{{ lessons }}" not in text:
        raise BuildError(f"{template.name}: there is no {{{{ lessons }}}} in it")
    pages = "\n\n".join(_page(lesson) for lesson in lessons(root))
    return {template.with_name("GUIDE.md"): (text.replace("{{ lessons }}", pages).rstrip("\n") + "\n").encode("utf-8")}


def _page(lesson: Lesson) -> str:
    """One lesson: title, time, goals, and a section for each exercise."""
    head = fill_numbers(lesson, read_cells(lesson)[0].source)
    blocks = [" ".join(block.splitlines()) for block in head.split("\n\n")]  # a paragraph is one line of Markdown
    title = blocks[0].removeprefix("# ")
    times = [block.removeprefix("**Time**:").strip() for block in blocks if block.startswith("**Time**:")]
    goals = next((block for block in head.split("\n\n") if "\n- " in block), "").partition("\n")[2]
    if not times or not goals:
        raise BuildError(f"{lesson.source.name}: the first cell needs a list of goals and a paragraph **Time**: …")
    lines = [f"### {title}", f"**Time.** {times[0][0].upper()}{times[0][1:]}", f"**Goals**\n{goals}"]
    exercises = _exercises_of(lesson)
    if exercises:
        minutes = sum(exercise.minutes for exercise in exercises)
        lines.append(f"**Exercises**: {len(exercises)}, about {minutes} minutes together.")
    else:
        lines.append("**Exercises**: none yet.")
    return "\n\n".join([*lines, *map(_section, exercises)])


def _exercises_of(lesson: Lesson) -> list:
    """The exercises of a lesson, in its order."""
    from aimsssl import exercises  # here: PyTorch takes seconds, and most courses under test have no guide

    module = exercises.lessons().get(lesson.number)
    return [] if module is None else list(exercises.exercises_of(module).values())


def _section(exercise) -> str:
    """One exercise: what is asked, the hints, and a table of common mistakes with what the check says."""
    lines = [
        f"#### `{exercise.name}` {exercise.difficulty} · {exercise.minutes} minutes",
        exercise.title,
        "\n".join(f"{number}. {hint}" for number, hint in enumerate(exercise.hints, start=1)),
        "| common mistake | what people think or do | what the check says |\n|---|---|---|\n"
        + "\n".join(_row(m.name, m.thought, m.message) for m in exercise.mistakes.values()),
    ]
    return "\n\n".join(lines)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

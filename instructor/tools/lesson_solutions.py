"""The solutions that `lesson.NAME.solution()` shows: each exercise's function, as it stands in the lesson's source."""

import ast
import re
from pathlib import Path

from lesson_source import BEGIN, END, Lesson, lessons, read_cells

CHECK = re.compile(r"\blesson\.(\w+)\.check\(")


def solutions_of(root: Path) -> dict[Path, bytes]:
    """What `aimsssl/exercises/solutions.json` should hold; nothing where the course has no such package."""
    folder = root / "aimsssl" / "exercises"
    if not folder.is_dir():
        return {}
    from aimsssl.exercises import solutions  # here: PyTorch takes seconds, and most courses under test have no package

    found = {f"{lesson.number}/{name}": code for lesson in lessons(root) for name, code in _functions(lesson).items()}
    return {folder / solutions.FILE.name: solutions.packed(found)}


def _functions(lesson: Lesson) -> dict[str, str]:
    """The code of each function or class that the lesson checks, without the marks of the build."""
    code = [cell.source for cell in read_cells(lesson) if cell.cell_type == "code"]
    checked = {name for source in code for name in CHECK.findall(source)}
    found = {}
    for source in code:
        for node in ast.parse(source).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in checked:
                lines = ast.get_source_segment(source, node).splitlines()
                found[node.name] = "\n".join(line for line in lines if line.strip() not in (BEGIN, END))
    return found

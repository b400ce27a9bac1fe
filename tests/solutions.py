"""The lessons' own solutions, as functions that run, with their source."""

import ast
import contextlib
from functools import cache
from pathlib import Path

from aimsssl import exercises

ROOT = Path(__file__).parents[1]


@cache
def solutions(number: str) -> dict[str, tuple[str, dict]]:
    """{exercise: (source, the names that it uses)} of a lesson ("04"), from its one source."""
    wanted = exercises.exercises_of(exercises.lessons()[number])
    (path,) = (ROOT / "instructor").glob(f"{number}_*.py")
    scope: dict = {"__name__": "solution"}
    found = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            exec(ast.unparse(node), scope)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            source = ast.unparse(node)
            with contextlib.suppress(NameError):  # a default that the lesson computes: no solution needs it
                exec(compile(source, f"<solution of {node.name}>", "exec"), scope)
            if node.name in wanted:
                found[node.name] = (source, scope)
    return found

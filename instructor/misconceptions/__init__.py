"""Wrong and right answers to the exercises: one folder a lesson, one file an exercise.

A file has `WRONG`, {mistake: (function, fragment)}: an answer that runs and is wrong, and words that its message must
hold. The first line of a function's docstring says what the student thought. `RIGHT` lists right answers, written
differently.
"""

import importlib
import pkgutil
from types import ModuleType


def of_lesson(number: str) -> dict[str, ModuleType]:
    """The files of a lesson ("04") by the name of their exercise."""
    folder = importlib.import_module(f"{__name__}.lesson{number}")
    names = [info.name for info in pkgutil.iter_modules(folder.__path__)]
    return {name: importlib.import_module(f"{folder.__name__}.{name}") for name in names}

"""How long a lesson takes a student: counted from its text, so that the head of the lesson cannot promise too little.

Words at 130 a minute (prose with formulas, in a second language), a minute a figure, two minutes a Predict, and the
minutes in the exercises' headings. What stands under a heading that ends in "(optional)" is counted apart, as is an
exercise marked "(optional, 20 minutes)". References are not read through, and not counted.
"""

import math
import re
from dataclasses import dataclass

from nbformat import NotebookNode

WORDS_A_MINUTE, MINUTES_A_FIGURE, MINUTES_A_PREDICT = 130, 1, 2
MOST = 120  # minutes of a lesson, its optional parts aside
HEADING = re.compile(r"(#{1,6}) (.*)")
EXERCISE = re.compile(r"Exercise \d+ .*\((optional, )?(?:about )?(\d+) minutes\)")
NOT_READ = re.compile(r"<!--.*?-->|\]\([^)]*\)|</?\w[^>]*>|https?://\S+", re.DOTALL)
PREDICT = re.compile(r"\*\*Predict\b")
FIGURE = re.compile(r"\b(?:explorers\.show|see\.\w+)\(")


@dataclass
class Minutes:
    """Of one student, in whole minutes when read by name."""

    reading: float = 0
    exercises: float = 0
    optional: float = 0

    def __getitem__(self, name: str) -> int:
        if name not in self.__dataclass_fields__:
            raise KeyError(name)
        return 5 * math.ceil(getattr(self, name) / 5 - 1e-9)


def minutes_of(cells: list[NotebookNode]) -> Minutes:
    """The minutes of a lesson's cells: to read and look, for the exercises, and for all that is optional."""
    found = Minutes()
    optional_level, skipped_level = 99, 99  # of the heading that we are below

    def add(part: str, minutes: float) -> None:
        name = "optional" if optional_level < 99 else part
        setattr(found, name, getattr(found, name) + minutes)

    for cell in cells:
        if "solution-only" in cell.metadata.get("tags", []):
            continue
        if cell.cell_type == "code":
            add("reading", MINUTES_A_FIGURE * bool(FIGURE.search(cell.source)))
            continue
        for line in NOT_READ.sub(" ", cell.source).splitlines():
            heading = HEADING.fullmatch(line)
            if heading:
                level, title = len(heading[1]), heading[2].strip()
                optional_level = 99 if level <= optional_level else optional_level
                skipped_level = 99 if level <= skipped_level else skipped_level
                exercise = EXERCISE.search(title)
                if title.endswith("(optional)") or (exercise and exercise[1]):
                    optional_level = min(level, optional_level)
                if title == "References":
                    skipped_level = level
                if exercise:
                    add("exercises", float(exercise[2]))
            if skipped_level == 99:
                add("reading", len(re.findall(r"\w+(?:[.'’-]\w+)*", line)) / WORDS_A_MINUTE)
                add("reading", MINUTES_A_PREDICT * len(PREDICT.findall(line)))
    return found

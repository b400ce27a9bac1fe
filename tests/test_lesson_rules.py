"""Every lesson keeps the course's rules; and each rule finds what breaks it."""

import html
import re
import sys
from pathlib import Path

import lesson_rules
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from aimsssl.figures.parts import LONGEST_ALT

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "instructor" / "tools"))
from lesson_notebooks import read_notebook  # noqa: E402
from lesson_source import lessons, read_cells  # noqa: E402
from lesson_time import MOST, Minutes, minutes_of  # noqa: E402

LESSONS = [pytest.param(lesson, id=lesson.number) for lesson in lessons(ROOT)]


def text(source: str):
    return new_markdown_cell(source)


def code(source: str, id: str = "c"):
    return new_code_cell(source, id=id)


def stored_text(lesson) -> dict[str, str]:
    """What each code cell of the executed notebook printed and showed, as text, by the id of the cell."""
    notebook = read_notebook(lesson.instructor)
    shown = {}
    for cell in notebook.cells if notebook else []:
        parts = [
            output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.get("outputs", [])
        ]
        shown[cell.id] = "\n".join(parts)
    return shown


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_predict_is_closed(lesson):
    assert lesson_rules.open_predictions(read_cells(lesson)) == []


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_number_in_prose_is_an_output_a_record_or_marked_as_given(lesson):
    assert lesson_rules.bare_numbers(read_cells(lesson), stored_text(lesson)) == []


@pytest.mark.parametrize("lesson", LESSONS)
def test_cells_are_short(lesson):
    assert lesson_rules.long_cells(read_cells(lesson)) == []


@pytest.mark.parametrize("lesson", LESSONS)
def test_imports_are_few_and_the_same(lesson):
    assert lesson_rules.odd_imports(read_cells(lesson)) == []


@pytest.mark.parametrize("lesson", LESSONS)
def test_no_table_is_aligned_by_hand(lesson):
    assert lesson_rules.aligned_by_hand(read_cells(lesson)) == []


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_ends_with_ones_own_progress(lesson):
    last = read_cells(lesson)[-1]
    assert last.cell_type == "code" and last.source.strip() in ("progress()", "exercises.progress()")


@pytest.mark.parametrize("lesson", LESSONS)
def test_what_a_figure_says_is_short_enough_to_be_listened_to(lesson):
    notebook = read_notebook(lesson.instructor)
    outputs = [o.get("data", {}).get("text/html", "") for cell in notebook.cells for o in cell.get("outputs", [])]
    said = [html.unescape(alt) for shown in outputs for alt in re.findall(r'<img alt="([^"]*)"', shown)]
    assert [alt for alt in said if not 0 < len(alt) <= LONGEST_ALT] == []


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_takes_at_most_two_hours(lesson):
    minutes = minutes_of(read_cells(lesson))
    assert minutes["reading"] + minutes["exercises"] <= MOST
    assert "{{ time.reading }}" in lesson.source.read_text(encoding="utf-8"), "the head says the counted minutes"


PREDICT, CELL, ANSWER = text("**Predict**: up or down?"), code("# My guess:\nx = 1"), text("**Answer.** Up.")


@pytest.mark.parametrize(
    "cells,words",
    [
        ([PREDICT, CELL, ANSWER], None),
        ([text("**Predict**: up?\n\n<details><summary>Answer</summary>\n\nUp.\n\n</details>"), CELL], None),
        ([PREDICT, CELL, code("y = 2"), text("Some more.\n\n**Answer.** Up.")], None),
        ([PREDICT, code("x = 1"), ANSWER], "no `# My guess:`"),
        ([PREDICT], "no `# My guess:`"),
        ([PREDICT, CELL], "no answer"),
        ([PREDICT, CELL, text("It is up.")], "no answer"),
        ([PREDICT, CELL, text("So.\n\n## 2 · Next\n\n**Answer.** Up.")], "no answer"),
        ([PREDICT, CELL, text("**Predict**: again?"), CELL, ANSWER], "no answer"),
        ([text("**Predict**: a?\n\n**Predict**: b?"), CELL, ANSWER], "two Predicts"),
    ],
)
def test_an_open_predict_is_found(cells, words):
    found = lesson_rules.open_predictions(cells)
    assert len(found) == (words is not None) and (not words or words in found[0])


@pytest.mark.parametrize(
    "prose,bare",
    [
        ("It is 0.43 of all.", []),  # the output has 0.4312
        ("That is 43 % of all.", []),
        ("It took 1,024 images.", []),  # the code has 1024
        ("It is 0.44 of all.", ["0.44"]),
        ("That is 44% of all.", ["44%"]),
        ("So 0.431 it is, and 0.4.", []),
        ("Twelve, 12, or 13?", ["13"]),
        ("From `0.99`, $x = 0.98$ and [a link](0.97) of 2018 (arXiv:1803.07728).", []),
        ("ResNet-18 of {{ run.key:.2f }} and lesson 99.", []),
        ("The slides have 0.9193. <!-- given: 0.9193 the slides' result -->", []),
        ("The slides have 0.9194. <!-- given: 0.9193 the slides' result -->", ["0.9194"]),
    ],
)
def test_a_bare_number_is_found(prose, bare):
    cells = [text("# L"), code("n = 1024", "a"), text(prose)]
    found = lesson_rules.bare_numbers(cells, {"a": "accuracy 0.4312"})
    assert [one.split(" in: ")[0] for one in found] == bare


def test_an_output_of_long_ago_does_not_count():
    cells = [code("a()", "a"), text("## 1"), text("It is 0.43."), text("## 2"), text("Still 0.43.")]
    assert lesson_rules.bare_numbers(cells, {"a": "0.43"}) == ["0.43 in: Still 0.43."]


def test_long_cells_odd_imports_and_aligned_tables_are_found():
    lines = "\n".join(f"x{i} = {i}" for i in range(13))
    assert len(lesson_rules.long_cells([code(lines), code("y = '" + "a" * 100 + "'"), code(lines[:-9])])) == 2
    shared = "import re\nimport torch\nfrom torch.nn import functional as F"
    assert lesson_rules.odd_imports([code(shared)]) == ["import of re"]
    assert lesson_rules.odd_imports([code("x = 1"), code("import torch")]) == [
        "import behind the first code cell: import torch"
    ]
    for aligned in (
        'f"{name:<14}"',
        'f"{x:>5}"',
        'f"{x:5.1f}"',
        'f"{n:3d}"',
        'f"{x:6.2%}"',
        '"{:>9}".format(x)',
        "x.rjust(9)",
    ):
        assert lesson_rules.aligned_by_hand([code(f"print({aligned})")]), aligned
    for free in ('f"{x:.3f}"', 'f"{n:,}"', 'f"{x:.0%}"', 'f"{x:g}"', "{1: 2}", "x[1:12]", "{'a': 12}"):
        assert not lesson_rules.aligned_by_hand([code(f"print({free})")]), free


def test_minutes_are_counted_from_the_text():
    cells = [
        text("# L\n" + "word " * 129 + "\n\n**Predict**: up?"),  # 1 heading word; 2 minutes
        code("explorers.show(1)"),
        text("### Exercise 1 · it ●○○ (10 minutes)"),
        text("### Exercise 2 · it ●○○ (optional, 20 minutes)\n\n" + "word " * 130),
        text("## 2 · More (optional)"),
        code("see.it()"),
        text("## References\n" + "word " * 1000),
    ]
    found = minutes_of(cells)
    assert found == Minutes(pytest.approx(4 + 8 / 130, abs=0.1), 10, pytest.approx(22.1, abs=0.1))
    assert (found["reading"], found["exercises"], found["optional"]) == (5, 10, 25)
    with pytest.raises(KeyError):
        found["writing"]

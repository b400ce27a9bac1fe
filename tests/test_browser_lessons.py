"""As a student meets them: lessons in JupyterLab in a browser, first unsolved, then with each exercise solved."""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping

import pytest
from in_jupyterlab import (
    ROOT,
    SECONDS,
    notebook_page,
    nothing_failed,
    nothing_serious,
    run_all_cells,
    serving,
    shot,
)

from aimsssl import exercises
from aimsssl.exercises import Exercise, solutions
from aimsssl.exercises.cases import Mistake

NOTEBOOKS = sorted(path.name for path in (ROOT / "lessons").glob("*.ipynb"))
EXERCISES = {
    notebook: exercises.exercises_of(exercises.lessons()[notebook[:2]])
    for notebook in NOTEBOOKS
    if notebook[:2] in exercises.lessons()
}
EACH = [(notebook, name) for notebook, found in EXERCISES.items() for name in found]
WRONG = "03_nt_xent.ipynb"  # where a wrong answer is tried before the right one
WITH_EPOCHS = "04_simclr_training.ipynb"  # its explorer goes through the training
BANNERS = ".jp-Notebook .jp-OutputArea-output [role=status]"


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("browser"), {}) as address:
        yield address


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_notebook_runs_unsolved_and_pasted_solutions_turn_its_exercises_green(server, notebook):
    found = EXERCISES.get(notebook, {})
    with notebook_page(server, notebook) as page:
        run_all_cells(page)
        told = [re.search(r"NOT ATTEMPTED · (\w+)", text) for text in page.locator(BANNERS).all_inner_texts()]
        assert [one[1] for one in told if one] == list(found)
        assert not page.errors, page.errors
        nothing_serious(page, {"image-alt"} if found else ())
        if notebook == WITH_EPOCHS:
            _choose_the_epoch(page)
        shot(page, f"2_run_{notebook}")
        if notebook == WRONG:
            _wrong_answers_are_named(page, found)
        for name, exercise in found.items():
            _turns_green(page, name, solutions.of(exercise.lesson, name))
        nothing_failed(page)


def _wrong_answers_are_named(page, found: Mapping[str, Exercise]) -> None:
    firsts = {name: next(filter(_stands_alone, exercise.mistakes.values()), None) for name, exercise in found.items()}
    assert any(firsts.values())
    for name, mistake in firsts.items():
        if mistake:
            told = _hand_in(page, name, _as_a_student_writes(mistake.forms[0], name))
            assert f"✗ NOT YET · {name}: {mistake.name}" in told and "not solved" in told
            assert _progress(page, name) == "✗ tried"


def _turns_green(page, name: str, solution: str) -> None:
    assert _progress(page, name) in ("○ open", "✗ tried")
    told = _hand_in(page, name, solution)
    assert told.startswith(f"✓ PASSED · {name}") and f"From here on the notebook uses your {name}." in told, told
    assert _progress(page, name) == "✓ solved"


def _hand_in(page, name: str, code: str) -> str:
    """Put code in the place of the stub and run it and the check below, all by keyboard; what the banner says."""
    stub = page.locator(".jp-Notebook .jp-Cell").nth(_cell(page, f"def {name}("))
    check = page.locator(".jp-Notebook .jp-Cell").nth(_cell(page, f"{name} = lesson.{name}.check({name})"))
    before = check.locator(".jp-InputPrompt").inner_text()
    stub.scroll_into_view_if_needed()
    stub.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(code)
    page.keyboard.press("Shift+Enter")
    check.and_(page.locator(".jp-mod-selected")).wait_for()
    page.keyboard.press("Shift+Enter")
    _has_run_again(page, check, before)
    assert page.locator(".jp-Notebook .jp-Cell").nth(_cell(page, code.strip())).count() == 1
    banner = check.locator("[role=status]")
    banner.wait_for()
    return banner.inner_text()


def _progress(page, name: str) -> str:
    """Run the lesson's last cell: the state of this exercise in its table."""
    last = page.locator(".jp-Notebook .jp-CodeCell").last
    before = last.locator(".jp-InputPrompt").inner_text()
    last.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    _has_run_again(page, last, before)
    row = re.search(rf"^\s*\d\d +{name} .*$", last.locator("[role=status]").inner_text(), re.MULTILINE)
    return re.search(r"[○✗✓◇] \w+", row[0])[0]


def _has_run_again(page, cell, before: str) -> None:
    """Its number is another one than before, and it has come to its end."""
    page.wait_for_function(
        """([prompt, before]) => /^\\[\\d+\\]:$/.test(prompt.innerText.trim()) && prompt.innerText !== before""",
        arg=[cell.locator(".jp-InputPrompt").element_handle(), before],
        timeout=60 * SECONDS,
    )


def _cell(page, text: str) -> int:
    """The place of the one cell of code with this text."""
    places = page.evaluate(
        """text => jupyterapp.shell.currentWidget.content.widgets.flatMap((cell, place) =>
            cell.model.type === "code" && cell.model.sharedModel.getSource().includes(text) ? [place] : [])""",
        text,
    )
    assert len(places) == 1, f"{len(places)} cells with {text!r}"
    return places[0]


def _stands_alone(mistake: Mistake) -> bool:
    """Whether its function uses no more than what the lesson has imported."""
    names = inspect.getclosurevars(mistake.forms[0])
    return not mistake.forms[0].__defaults__ and not names.nonlocals and set(names.globals) <= {"torch", "F", "math"}


def _as_a_student_writes(function: Callable, name: str) -> str:
    """The source of a mistake's function, under the exercise's name."""
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    node.name, node.decorator_list = name, []
    return ast.unparse(node)


def _choose_the_epoch(page) -> None:
    """Choose another epoch from the keyboard: the box, the picture and its alt text follow."""
    explorer = page.locator(".jp-Notebook .aimsssl-explorer").first
    box, picture = explorer.get_by_label("epoch"), explorer.locator("img")
    box.scroll_into_view_if_needed()
    assert explorer.count() == box.count() == picture.count() == 1
    before = picture.get_attribute("src"), picture.get_attribute("alt")
    shot(page, "2_explorer")
    epochs = explorer.locator("datalist option").evaluate_all("options => options.map(option => option.value)")
    assert len(epochs) > 1 and box.get_attribute("placeholder") == epochs[-1]
    box.focus()
    page.keyboard.type(epochs[0])
    page.keyboard.press("Enter")
    explorer.locator(f'img[alt*="Epoch {epochs[0]}."]').wait_for()  # the picture is a new element each time
    explorer.locator(f'input[placeholder="{epochs[0]}"]').wait_for()
    shot(page, "3_explorer_moved")
    assert picture.evaluate("image => image.complete && image.naturalWidth > 300")
    assert picture.get_attribute("src") != before[0] and f"Epoch {epochs[-1]}" in before[1]
    nothing_failed(page)

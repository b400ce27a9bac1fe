"""`aimsssl grade`: small notebooks of invented students, each in a kernel of its own."""

import csv
import inspect
import os
from pathlib import Path

import nbformat
import pytest

from aimsssl import grading
from aimsssl.cli import main
from aimsssl.exercises import exercises_of, lessons, record

START = "from aimsssl.exercises import lesson04 as lesson"
CHECK = "warmup_cosine = lesson.warmup_cosine.check(warmup_cosine)"
RIGHT = "import math\n" + inspect.getsource(lessons()["04"].warmup_cosine.reference)
WRONG = """import math
def warmup_cosine(step, total_steps, warmup_steps, peak):
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warmup_steps) / (total_steps - warmup_steps)))"""
STUB = "def warmup_cosine(step, total_steps, warmup_steps, peak):\n    raise NotImplementedError"
FORGET = "import os, pathlib\nfor f in pathlib.Path(os.environ['AIMSSSL_HOME']).glob('*'): f.unlink()"
NOTEBOOKS = {
    "ada/04.ipynb": [START, RIGHT, CHECK],
    "group 1/ben/hand-in/04.ipynb": [START, WRONG, CHECK],
    "chi.ipynb": [START, STUB, CHECK],
    "dia.ipynb": [START, "1 / 0", "warmup_cosine = undefined", CHECK],
    "eve.ipynb": [START, RIGHT, "1 / 0", CHECK, "open('left_behind', 'w').write('x')"],
    "fay/04.ipynb": [START, RIGHT, CHECK, FORGET],
    "gus.ipynb": [START, "def warmup_cosine(*a):\n    return 1 / 0", CHECK],
    "hal.ipynb": [START, "import os\nos._exit(1)"],
    "=ida/04.ipynb": [START, "from mine import warmup_cosine", CHECK],
    "=ida/.ipynb_checkpoints/04-checkpoint.ipynb": [START, "1 / 0"],
}
KEY = ("04", "warmup_cosine")


def write(path, cells):
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells]), path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("collected")
    for name, cells in NOTEBOOKS.items():
        write(folder / name, cells)
    (folder / "=ida" / "mine.py").write_text(RIGHT)
    (folder / "jon.ipynb").write_text("{}")
    return folder


@pytest.fixture(scope="module")
def graded(folder):
    told = []
    results = grading.grade_folder(folder, tell=told.append)
    assert len(told) == len(results) == 10
    return results


@pytest.fixture
def states(graded):
    return {student: states.get(KEY) for student, states in grading.by_student(graded).items()}


@pytest.mark.parametrize(
    "student,state",
    [
        ("ada", "solved"),
        ("group 1/ben/hand-in", "mistake: peak not used"),
        ("chi", "not attempted"),
        ("dia", "the notebook did not run: ZeroDivisionError: division by zero"),
        ("eve", "solved"),
        ("fay", "not attempted"),
        ("gus", "mistake: it raised an error"),
        ("hal", "the notebook did not run: its kernel died or did not start"),
        ("=ida", "solved"),
        ("jon", None),
    ],
)
def test_the_state_of_each_student(states, student, state):
    assert states[student] == state


def test_all_exercises_of_the_lesson_are_listed(graded):
    (ada,) = (g for g in graded if g.student == "ada")
    assert set(ada.states) == {("04", name) for name in exercises_of(lessons()["04"])}
    assert sorted(ada.states.values())[:-1] == ["not attempted"] * (len(ada.states) - 1)


def test_nothing_is_left_behind(folder, graded):
    assert not record.path().exists(), "the instructor's own progress"
    assert "AIMSSSL_HOME" in os.environ and not list(folder.rglob("left_behind")) and not list(folder.rglob("home"))


def test_the_report_names_mistakes_and_errors(graded):
    text = grading.report(graded)
    lines = text.splitlines()
    count = len(exercises_of(lessons()["04"]))
    assert f"ada: 1 of {count} solved" in lines and f"chi: 0 of {count} solved" in lines
    assert "✗ warmup_cosine (peak not used)" in text and "✓ warmup_cosine" in text
    assert "▲ eve.ipynb: ZeroDivisionError: division by zero" in text and "▲ jon.ipynb: it is no notebook" in text


def test_the_spreadsheet(graded, tmp_path):
    grading.write_csv(graded, tmp_path / "deep" / "grades.csv")
    with open(tmp_path / "deep" / "grades.csv", newline="", encoding="utf-8") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert len(rows) == 10 and "'=ida" in rows, "a spreadsheet would take =ida for a formula"
    assert rows["ada"]["04 warmup_cosine"] == "solved" and rows["ada"]["solved"] == "1" and rows["ada"]["errors"] == ""
    assert rows["group 1/ben/hand-in"]["04 warmup_cosine"] == "mistake: peak not used"
    assert "ZeroDivisionError" in rows["dia"]["errors"]


@pytest.mark.parametrize("text", ["[1, {}]", "no JSON", '{"04": 3}', '{"04": {"warmup_cosine": [1]}}'])
def test_a_spoiled_record_is_none(tmp_path, text):
    (tmp_path / "progress.json").write_text(text)
    assert grading._recorded(tmp_path / "progress.json") == {}


def test_a_hanging_notebook_ends(tmp_path):
    write(tmp_path / "kim.ipynb", ["# lesson04", "while True: pass", "1 / 0"])
    kim = grading.grade(tmp_path / "kim.ipynb", tmp_path, timeout=4)
    assert kim.error == "still running after 4 s"
    assert set(kim.states.values()) == {"the notebook did not run: still running after 4 s"}


def test_the_best_of_several_notebooks_counts():
    path = Path("x.ipynb")
    states = ["the notebook did not run: e", "not attempted", "mistake: m", "solved"]
    for low, high in zip(states, states[1:], strict=False):
        for order in ([low, high], [high, low]):
            both = grading.by_student([grading.Graded("a", path, {KEY: state}) for state in order])
            assert both == {"a": {KEY: high}}


def test_the_command(tmp_path, capsys, monkeypatch):
    write(tmp_path / "in" / "lea.ipynb", ["print('nothing of a lesson')"])
    assert main(["grade", str(tmp_path / "in"), "--out", str(tmp_path / "g.csv"), "--timeout", "60"]) == 0
    assert "lea: 0 of 0 solved" in capsys.readouterr().out and (tmp_path / "g.csv").read_text().startswith("student,")
    with pytest.raises(SystemExit):
        main(["grade", "--help"])
    assert "STUDENTS' CODE" in capsys.readouterr().out
    (tmp_path / "empty").mkdir()
    for folder, words in ((tmp_path / "empty", "no notebook below"), (tmp_path / "none", "is not a folder")):
        assert main(["grade", str(folder)]) == 2
        assert words in capsys.readouterr().err
    assert main(["grade", str(tmp_path / "in"), "--timeout", "0"]) == 2
    monkeypatch.setattr(grading, "find_spec", lambda name: None)
    assert main(["grade", str(tmp_path / "in")]) == 2 and "aimsssl[lab]" in capsys.readouterr().err

"""Exercises: the four outcomes, the fallback, progress, and every misconception of every lesson by its own message."""

import dataclasses
import inspect
import io
import json
import random
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import torch

from aimsssl import exercises
from aimsssl.exercises import display, lesson04, record
from aimsssl.exercises.compare import describe, mismatch
from aimsssl.exercises.framework import GENERAL, Exercise, Wrong, call, expect

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "instructor"))
import misconceptions  # noqa: E402

ANSWERS = {number: misconceptions.of_lesson(number) for number in exercises.lessons()}
EXERCISES = [e for lesson in exercises.lessons().values() for e in exercises.exercises_of(lesson).values()]
WRONG = [(e, name) for e in EXERCISES for name in ANSWERS[e.lesson][e.name].WRONG]
RIGHT = [(e, answer) for e in EXERCISES for answer in ANSWERS[e.lesson][e.name].RIGHT]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("AIMSSSL_HOME", str(tmp_path / "home"))
    record._told.clear()
    return tmp_path / "home"


def double(x):
    return 2 * x


def _doubles(student):
    x = torch.tensor([1.0, 2.0])
    expect("the result", call(student, x), 2 * x, likely={"halved": x / 2, "broken": lambda came: came.no_such_thing})


def _doubles_large_numbers(student):
    x = torch.full((3,), 1e6)
    expect("the result", call(student, x), 2 * x)


@pytest.fixture
def exercise() -> Exercise:
    return Exercise(
        lesson="99",
        name="double",
        title="Double x.",
        difficulty="●○○",
        minutes=1,
        reference=double,
        hints=("first", "second", "third"),
        checks=(_doubles, _doubles_large_numbers),
        mistakes={"halved": "Half is not double."},
    )


# ---- every lesson: mistakes and right answers


@pytest.mark.parametrize(
    ("exercise", "mistake"), WRONG, ids=lambda value: value.name if isinstance(value, Exercise) else value
)
def test_each_misconception_gets_its_own_message(exercise, mistake):
    function, fragment = ANSWERS[exercise.lesson][exercise.name].WRONG[mistake]
    outcome = exercise.examine(function)
    assert (outcome.kind, outcome.mistake) == ("wrong", mistake), outcome.text
    assert fragment in outcome.text
    assert inspect.getdoc(function), "the guide says in one line what the student thought"


@pytest.mark.parametrize(
    ("exercise", "answer"), RIGHT, ids=lambda value: value.name if isinstance(value, Exercise) else value.__name__
)
def test_right_answers_pass(exercise, answer):
    outcome = exercise.examine(answer)
    assert outcome.kind == "passed", outcome.text


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
class TestEveryExercise:
    def test_the_packages_own_passes(self, exercise):
        outcome = exercise.examine(lambda *args: exercise.reference(*args))
        assert outcome.kind == "passed", outcome.text

    def test_each_mistake_has_a_wrong_answer_and_no_two_share_a_message(self, exercise):
        wrong = ANSWERS[exercise.lesson][exercise.name].WRONG
        assert set(exercise.mistakes) <= set(wrong)
        assert set(wrong) <= set(exercise.mistakes) | set(GENERAL)
        assert len(wrong) >= 4
        assert len(ANSWERS[exercise.lesson][exercise.name].RIGHT) >= 2
        assert len(set(exercise.mistakes.values())) == len(exercise.mistakes)
        fragments = [fragment for _, fragment in wrong.values()]
        assert len(set(fragments)) == len(fragments)

    def test_no_check_can_be_left_out(self, exercise):
        wrong = ANSWERS[exercise.lesson][exercise.name].WRONG
        for left_out in exercise.checks:
            rest = tuple(check for check in exercise.checks if check is not left_out)
            shorter = dataclasses.replace(exercise, checks=rest)
            missed = [name for name, (function, _) in wrong.items() if shorter.examine(function).mistake != name]
            assert missed, f"no misconception needs the check {left_out.__name__}"

    def test_what_is_printed_never_holds_the_answer(self, exercise):
        answers = [exercise.reference, *ANSWERS[exercise.lesson][exercise.name].RIGHT]
        lines = {"".join(line.split()) for answer in answers for line in _body(answer)}
        wrong = [function for function, _ in ANSWERS[exercise.lesson][exercise.name].WRONG.values()]
        for function in [*wrong, None, lambda *args: 1 / 0]:
            printed = "".join(exercise.examine(function).text.split())
            assert not [line for line in lines if line in printed]
        assert not [line for line in lines for hint in exercise.hints if line in "".join(hint.split())]

    def test_a_stub_is_not_attempted_and_falls_back(self, exercise, capsys):
        def stub(*args):
            raise NotImplementedError  # replace this line with your code

        assert exercise.check(stub) is exercise.reference
        assert "○ NOT ATTEMPTED" in capsys.readouterr().out
        assert record.read() == {}

    def test_it_is_ready_for_a_notebook(self, exercise):
        assert len(exercise.hints) == 3 and all(exercise.hints) and exercise.minutes > 0
        assert exercise.difficulty in ("●○○", "●●○", "●●●")
        assert getattr(exercises.lessons()[exercise.lesson], exercise.name) is exercise


def _body(function) -> list[str]:
    """The lines of a function that hold an idea: long enough, and neither its head nor its docstring."""
    source = inspect.getsource(function).replace(inspect.getdoc(function) or "\0", "")
    lines = [line.strip() for line in source.splitlines()]
    return [line for line in lines if len(line) > 15 and not line.startswith(("def ", "class ", '"""', "#"))]


# ---- the four outcomes


def test_right_gives_back_the_students_function(exercise, capsys):
    def mine(x):
        return x + x

    assert exercise.check(mine) is mine
    out = capsys.readouterr().out
    assert "✓ PASSED · double ●○○" in out and "FALLBACK" not in out
    assert record.entry("99", "double") == {"attempts": 1, "solved": True, "hints": 0, "last": "passed"}


def test_wrong_names_the_mistake_what_came_and_what_was_expected(exercise, capsys):
    assert exercise.check(lambda x: x / 2) is double
    out = capsys.readouterr().out
    for words in (
        "✗ NOT YET · double: halved",
        "Half is not double.",
        "where: the result",
        "came: Tensor float32 [2]: 0.5, 1",
        "expected: Tensor float32 [2]: 2, 4",
        "▲ FALLBACK",
        "the package's own double",
        "The exercise is not solved",
    ):
        assert words in out
    assert record.entry("99", "double") == {"attempts": 1, "solved": False, "hints": 0, "last": "halved"}


def test_raised_shows_the_error_their_line_and_the_shapes(exercise, capsys):
    def mine(x):
        return torch.dot(x, torch.ones(7))  # this very line

    assert exercise.check(mine) is double
    out = capsys.readouterr().out
    assert "✗ YOUR CODE RAISED AN ERROR · double" in out and "RuntimeError" in out
    assert "in mine: return torch.dot(x, torch.ones(7))  # this very line" in out
    assert "x = Tensor float32 [2]: 1, 2" in out
    assert record.entry("99", "double")["last"] == "raised"


@pytest.mark.parametrize("nothing", [None, ..., lambda x: None, double], ids=["None", "dots", "pass", "reference"])
def test_not_attempted(exercise, nothing):
    exercise.reference = double
    assert exercise.examine(nothing).kind == "not attempted"
    assert exercise.check(nothing) is double
    assert record.read() == {}


def test_checking_the_fallback_again_never_counts_as_solved(exercise):
    fallback = exercise.check(lambda x: x / 2)
    assert exercise.check(fallback) is double
    own = lesson04.warmup_cosine.check(None)
    assert lesson04.warmup_cosine.examine(own).kind == "not attempted"
    assert not record.entry("99", "double")["solved"]


@pytest.mark.parametrize(
    ("answer", "mistake"),
    [
        (lambda x: None if x.sum() else x, "nothing returned"),
        (lambda x: [2.0, 4.0], "wrong type"),
        (lambda x: (2 * x).double(), "wrong dtype"),
        (lambda x: (2 * x)[None], "wrong shape"),
        (lambda x: x * float("nan"), "not finite"),
        (lambda x: x * float("inf"), "not finite"),
        (lambda x: x + 100, "wrong value"),
        (lambda x: x.mul_(2), "input changed in place"),
        (lambda x, y: x, "wrong arguments"),
        (torch.ones(2), "not a function"),
        (lambda x: (2 * x).clamp(max=1e6), "wrong value"),  # only the second check sees it
    ],
)
def test_general_mistakes_are_named(exercise, answer, mistake):
    outcome = exercise.examine(answer)
    assert (outcome.kind, outcome.mistake) == ("wrong", mistake), outcome.text
    assert GENERAL[mistake] in outcome.text


@pytest.mark.parametrize("error", [NotImplementedError("no kernel for this"), SystemExit(3), RecursionError()])
def test_every_error_of_the_student_is_met(exercise, error):
    def mine(x):
        raise error

    assert exercise.examine(mine).kind == "raised"


def test_a_result_that_no_check_can_read_is_wrong_not_a_crash(exercise):
    class Odd(torch.Tensor):
        @property
        def shape(self):
            raise RuntimeError("odd")

    outcome = exercise.examine(lambda x: (2 * x).as_subclass(Odd))
    assert (outcome.kind, outcome.mistake) == ("wrong", "unreadable result")


def test_a_change_in_place_names_the_argument_and_spares_the_callers_tensor():
    x, y = torch.ones(2), [torch.ones(2)]

    def mine(a, b):
        b[0] += 1
        return a

    with pytest.raises(Wrong) as wrong:
        call(mine, x, y)
    assert wrong.value.mistake == "input changed in place" and wrong.value.what == "the argument b"
    assert torch.equal(y[0], torch.ones(2))


def test_a_check_leaves_the_random_states_alone_and_always_sees_the_same_numbers(exercise):
    drawn = []

    def mine(x):
        drawn.append((torch.rand(1).item(), random.random(), np.random.rand()))
        torch.manual_seed(1), random.seed(1), np.random.seed(1)
        return 2 * x

    def state():
        return torch.get_rng_state().tolist(), random.getstate(), np.random.get_state()[1].tolist()

    before = state()
    exercise.examine(mine)
    assert state() == before
    torch.rand(5)
    exercise.examine(mine)
    assert drawn[0][0] == drawn[2][0]


# ---- comparing and describing


def test_mismatch_goes_in_the_order_type_dtype_shape_value():
    right = torch.ones(2, 3)
    for came, problem in (
        (1.0, "wrong type"),
        (torch.ones(3, 2, dtype=torch.float64), "wrong dtype"),
        (torch.zeros(3, 2), "wrong shape"),
        (torch.zeros(2, 3), "wrong value"),
        (torch.ones(2, 3) + 1e-6, ""),
    ):
        assert mismatch(came, right, rtol=1e-4, atol=1e-7) == problem
    assert mismatch(1, 1.0, 0, 0) == "" and mismatch(1.5, 1, 0, 0) == "wrong type"
    assert mismatch([1, 2], (1, 2, 3), 0, 0) == "wrong shape" and mismatch(float("nan"), 1.0, 0, 0) == "not finite"
    assert mismatch("a", "b", 0, 0) == "wrong value" and mismatch(1, True, 0, 0) == "wrong type"
    assert mismatch(np.ones(2), np.ones(2), 0, 0) == "" and mismatch(torch.ones(2), np.ones(2), 0, 0) == "wrong type"


def test_values_are_described_in_a_few_words():
    assert describe(torch.arange(6).reshape(2, 3)) == "Tensor int64 [2, 3]: 0, 1, 2, 3, …"
    assert describe([0.123456789, torch.ones(1)]) == "[0.123457, Tensor float32 [1]: 1]"
    assert len(describe(object.__new__(type("A" * 500, (), {})))) < 210


# ---- hints, display, progress


def test_hints_come_one_by_one_and_are_counted(exercise, capsys):
    for number, words in enumerate(exercise.hints, start=1):
        exercise.hint()
        assert f"Hint {number} of 3" in (out := capsys.readouterr().out) and words in out
        assert record.entry("99", "double")["hints"] == number
    exercise.hint()
    out = capsys.readouterr().out
    assert "no more hints" in out and all(hint in out for hint in exercise.hints)
    assert record.entry("99", "double")["hints"] == 3


def test_a_notebook_gets_html_with_a_text_alternative(monkeypatch):
    shown = []
    fake = types.SimpleNamespace(
        get_ipython=lambda: object(), display=types.SimpleNamespace(display=lambda data, raw: shown.append((data, raw)))
    )
    monkeypatch.setitem(sys.modules, "IPython", fake)
    display.show("wrong", "✗ NOT YET", ["came: <b>", "expected: 2"])
    (data, raw) = shown[0]
    assert raw and data["text/plain"] == "✗ NOT YET\n  came: <b>\n  expected: 2"
    assert "✗ NOT YET" in data["text/html"] and "&lt;b&gt;" in data["text/html"] and "<b>" not in data["text/html"]


def test_an_old_console_loses_the_signs_not_the_words(exercise, monkeypatch):
    console = io.TextIOWrapper(buffer := io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", console)
    assert exercise.check(lambda x: x / 2) is double
    console.flush()
    assert b"NOT YET" in buffer.getvalue() and b"FALLBACK" in buffer.getvalue()


def test_ipython_is_not_imported_for_an_exercise():
    code = (
        "import sys; from aimsssl.exercises import lesson04 as lesson; lesson.lars_step.check(None); "
        "sys.exit('IPython' in sys.modules or 'ipywidgets' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0 and "FALLBACK" in done.stdout, done.stderr


def test_solved_stays_solved_and_the_table_tells(capsys):
    good, bad = ANSWERS["04"]["warmup_cosine"].RIGHT[0], ANSWERS["04"]["lars_step"].WRONG["a step uphill"][0]
    lesson04.warmup_cosine.check(good)
    lesson04.warmup_cosine.check(lambda *args: "no")
    lesson04.lars_step.check(bad)
    record.note_hints("04", "lars_step", 2)
    lines = {line.split()[1]: line for line in exercises.progress_table().splitlines()[1:-1]}
    assert "✓ solved" in lines["warmup_cosine"] and " 2 " in lines["warmup_cosine"]
    assert "✗ tried" in lines["lars_step"] and "2/3" in lines["lars_step"] and "a step uphill" in lines["lars_step"]
    assert "○ open" in lines["projection_head"]
    assert f"1 of {len(EXERCISES)} exercises solved" in exercises.progress_table()
    capsys.readouterr()
    exercises.progress()
    assert "Your progress" in (out := capsys.readouterr().out) and "a step uphill" in out


def test_a_damaged_record_is_kept_aside_and_a_new_one_begins(home, exercise, capsys):
    home.mkdir()
    record.path().write_text("{not json")
    exercise.check(lambda x: x + x)
    assert record.entry("99", "double")["solved"]
    assert (home / "progress.damaged.json").read_text() == "{not json"
    assert capsys.readouterr().out.count("was damaged") == 1


@pytest.mark.parametrize("content", ["[]", '{"04": 3}', '{"04": {"lars_step": 1}}'])
def test_a_record_of_another_form_is_damaged_too(home, content):
    home.mkdir()
    record.path().write_text(content)
    assert record.read() == {} and (home / "progress.damaged.json").exists()


def test_a_disk_that_cannot_be_written_costs_the_record_not_the_lesson(home, exercise, capsys):
    home.write_text("a file where the folder should be")
    for _ in range(2):
        assert exercise.check(lambda x: x / 2) is double
    assert capsys.readouterr().out.count("progress cannot be") <= 2


def test_a_failed_write_leaves_the_old_record_whole(home, exercise, monkeypatch, capsys):
    exercise.check(lambda x: x + x)
    before = record.path().read_text()

    def full(*args):
        raise OSError("No space left on device")

    monkeypatch.setattr(record.os, "replace", full)
    for _ in range(2):
        exercise.check(lambda x: x / 2)
    assert record.path().read_text() == before and json.loads(before)["99"]["double"]["solved"]
    assert [path.name for path in home.iterdir() if path.suffix != ".lock"] == ["progress.json"]
    assert capsys.readouterr().out.count("progress cannot be saved (No space left on device)") == 1

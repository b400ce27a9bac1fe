"""Exercises: the four outcomes, the fallback, progress, and every mistake of every lesson by its own message."""

import ast
import dataclasses
import functools
import inspect
import io
import itertools
import json
import random
import re
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import torch
from solutions import solutions
from test_mutation import right_answers

from aimsssl import exercises
from aimsssl.exercises import display, lesson01, lesson03, lesson04, record
from aimsssl.exercises import solutions as shown_solutions
from aimsssl.exercises.calling import Wrong, call
from aimsssl.exercises.compare import describe, difference
from aimsssl.exercises.framework import GENERAL, Case, Exercise

ROOT = Path(__file__).parents[1]
EXERCISES = [e for lesson in exercises.lessons().values() for e in exercises.exercises_of(lesson).values()]
FORMS = [(e, m.name, form) for e in EXERCISES for m in e.mistakes.values() for form in m.forms]
RIGHT = [(e, answer) for e in EXERCISES for answer in right_answers(e)]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("AIMSSSL_HOME", str(tmp_path / "home"))
    record._told.clear()
    return tmp_path / "home"


def double(x):
    return 2 * x


def halve(x):
    """Two is a half."""
    return x / 2


@pytest.fixture
def exercise() -> Exercise:
    exercise = Exercise(
        lesson="99",
        name="double",
        title="Double x.",
        difficulty="●○○",
        minutes=1,
        reference=double,
        hints=("first", "second", "third"),
        cases=(
            Case("two numbers", lambda: (torch.tensor([1.0, 2.0]),)),
            Case("large numbers", lambda: (torch.full((3,), 1e6),)),
        ),
    )
    exercise.mistake("halved", "Half is not double.")(halve)
    exercise.mistake("broken", "Never seen.", looks=lambda seen: seen.came.no_such_thing)(lambda x: x * 77)
    return exercise


def test_a_mistakes_name_cannot_be_taken_twice(exercise):
    with pytest.raises(ValueError, match="'halved' already"):
        exercise.mistake("halved", "Half, once more.")
    assert [form(2) for form in exercise.mistakes["halved"].forms] == [1]


def test_what_an_earlier_call_left_is_found(exercise):
    def answer(x, before=[]):  # noqa: B006
        before.append(x)
        return len(before) * 2 * x

    outcome = exercise.judge(answer)
    assert (outcome.kind, outcome.mistake, outcome.how) == ("wrong", "kept from call to call", "named")


def test_a_right_answer_that_goes_wrong_in_a_later_call_does_not_pass(exercise):
    calls = itertools.count()

    def answer(x):
        return (2 if next(calls) < len(exercise.cases) else 3) * x

    assert exercise.judge(answer).mistake == "kept from call to call"


# ---- every lesson: mistakes and right answers


def name_of(value) -> str:
    return getattr(value, "name", None) or (value if isinstance(value, str) else "")


@pytest.mark.parametrize(("exercise", "mistake", "form"), FORMS, ids=name_of)
def test_each_mistake_is_found_by_its_name(exercise, mistake, form):
    outcome = exercise.judge(form)
    assert (outcome.kind, outcome.mistake, outcome.how) == ("wrong", mistake, "named"), outcome.text
    message = exercise.mistakes[mistake].message
    assert message in outcome.text and exercise.mistakes[mistake].thought


class Callable_:
    """A right answer need not be a function."""

    def __init__(self, answer):
        self.answer = answer

    def __call__(self, *args, **keywords):
        return self.answer(*args, **keywords)


def decorated(answer):
    """As a decorator that counts or times would make it: the signature that it shows is not the one that it has."""

    @functools.wraps(lambda: None)
    def wrapper(*args, **keywords):
        return answer(*args, **keywords)

    wrapper.__module__ = "__main__"
    return wrapper


@pytest.mark.parametrize("form", [lambda answer: answer, Callable_, decorated], ids=["itself", "object", "decorated"])
@pytest.mark.parametrize(
    ("exercise", "answer"), RIGHT, ids=lambda value: getattr(value, "name", None) or value.__name__
)
def test_right_answers_pass(exercise, answer, form):
    outcome = exercise.examine(form(answer))
    assert outcome.kind == "passed", outcome.text


def test_far_orders_that_happen_to_be_shifts_of_one_another_are_right():
    def shifts_first(tiles, count, seed):
        first = torch.randperm(tiles, generator=torch.Generator().manual_seed(seed))
        every = torch.cartesian_prod(*[torch.arange(tiles)] * tiles)
        every = every[(every.sort(dim=1).values == torch.arange(tiles)).all(dim=1)]
        shift = (every[:, None] == torch.stack([first.roll(k) for k in range(tiles)])).all(dim=2).any(dim=1)
        chosen = first[None]
        while len(chosen) < count:
            nearest = (every[:, None] != chosen).sum(dim=2).amin(dim=1)
            chosen = torch.cat([chosen, every[(nearest + shift / 2).argmax()][None]])
        return chosen

    outcome = exercises.lessons()["01"].far_orders.judge(shifts_first)
    assert outcome.kind == "passed", outcome.text


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
class TestEveryExercise:
    def test_the_packages_own_and_the_lessons_solution_pass(self, exercise):
        source, scope = solutions(exercise.lesson)[exercise.name]
        for answer in (exercise.reference, scope[exercise.name]):
            outcome = exercise.judge(answer)
            assert outcome.kind == "passed", outcome.text

    def test_three_right_answers_and_some_mistakes_with_messages_of_their_own(self, exercise):
        assert len(right_answers(exercise)) >= 3 and len(exercise.mistakes) >= 4
        assert len({m.message for m in exercise.mistakes.values()}) == len(exercise.mistakes)

    def test_what_is_printed_never_holds_the_answer(self, exercise):
        answers = [inspect.getsource(answer) for answer in right_answers(exercise)]
        answers.append(solutions(exercise.lesson)[exercise.name][0])
        lines = {"".join(line.split()) for source in answers for line in _body(source)}
        wrong = [form for mistake in exercise.mistakes.values() for form in mistake.forms]
        for function in [*wrong, None, lambda *args: 1 / 0]:
            printed = "".join(exercise.judge(function).text.split())
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


def _body(source: str) -> list[str]:
    """The lines of a function that hold an idea: long enough, and neither its head nor its docstring."""
    lines = [line.strip() for line in re.sub(r'"""(.|\n)*?"""', "", source).splitlines()]
    return [line for line in lines if len(line) > 15 and not line.startswith(("def ", "class ", '"""', "#"))]


# ---- the four outcomes


def test_right_gives_back_the_students_function(exercise, capsys):
    def mine(x):
        return x + x

    assert exercise.check(mine) is mine
    out = capsys.readouterr().out
    assert "✓ PASSED · double ●○○" in out and "FALLBACK" not in out
    assert record.entry("99", "double") == {**record.EMPTY, "attempts": 1, "solved": True, "last": "passed"}


def test_wrong_names_the_mistake_what_came_and_what_was_expected(exercise, capsys):
    assert exercise.check(lambda x: x / 2) is double
    out = capsys.readouterr().out
    for words in (
        "✗ NOT YET · double: halved",
        "Half is not double.",
        "where: two numbers",
        "came: Tensor float32 [2]: 0.5, 1.0",
        "expected: Tensor float32 [2]: 2.0, 4.0",
        "▲ FALLBACK",
        "the package's own double",
        "The exercise is not solved",
    ):
        assert words in out
    assert record.entry("99", "double") == {**record.EMPTY, "attempts": 1, "last": "halved"}


def test_raised_shows_the_error_their_line_and_the_shapes(exercise, capsys):
    def mine(x):
        return torch.dot(x, torch.ones(7))  # this very line

    assert exercise.check(mine) is double
    out = capsys.readouterr().out
    assert "✗ YOUR CODE RAISED AN ERROR · double" in out and "RuntimeError" in out
    assert "in mine: return torch.dot(x, torch.ones(7))  # this very line" in out
    assert "x = Tensor float32 [2]: 1.0, 2.0" in out
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
        (lambda x: (2 * x).long(), "wrong dtype"),
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
    assert outcome.kind == "raised" and "RuntimeError: odd" in outcome.text
    observe = eval(compile("lambda f, x: f(x).mean().item()", "<frozen, as the package's own>", "eval"))
    case = Case("its mean", lambda: (torch.ones(2),), observe)
    exercise = dataclasses.replace(exercise, cases=(case,))
    outcome = exercise.examine(lambda x: [2, 2])
    assert (outcome.kind, outcome.mistake) == ("wrong", "wrong type") and "It is a list" in outcome.text
    outcome = exercise.examine(lambda x: torch.ones(2, dtype=torch.int64))
    assert (outcome.kind, outcome.mistake) == ("wrong", "wrong dtype") and "int64; float32" in outcome.text


def test_a_change_in_place_names_the_argument_and_spares_the_callers_tensor():
    x, y = torch.ones(2), [torch.ones(2)]

    def mine(a, b):
        b[0] += 1
        return a

    with pytest.raises(Wrong) as wrong:
        call(mine, x, y)
    assert wrong.value.mistake == "input changed in place" and wrong.value.what == "the argument b"
    assert torch.equal(y[0], torch.ones(2))


@pytest.mark.parametrize("change", [lambda of: of.pop("a"), lambda of: of["a"].sort(), lambda of: of.update(a=[1, 2])])
def test_a_change_in_place_of_a_dictionary_is_seen_and_spares_the_callers(change):
    of_seeds = {"a": [2, 1]}
    with pytest.raises(Wrong) as wrong:
        call(lambda x: change(x) and x or x, of_seeds)
    assert wrong.value.mistake == "input changed in place" and of_seeds == {"a": [2, 1]}


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


def test_a_difference_goes_in_the_order_type_dtype_shape_value():
    right = torch.ones(2, 3)
    for came, problem in (
        (1.0, "wrong type"),
        (torch.ones(3, 2, dtype=torch.int64), "wrong dtype"),
        (torch.zeros(3, 2), "wrong shape"),
        (torch.zeros(2, 3), "wrong value"),
        (torch.ones(2, 3) + 1e-6, ""),
        (torch.ones(2, 3, dtype=torch.float64), ""),  # no contract forbids it
    ):
        assert name_of_difference(came, right) == problem
    assert name_of_difference(1, 1.0) == "" and name_of_difference(1.5, 1) == "wrong type"
    assert name_of_difference([1, 2], (1, 2, 3)) == "wrong shape"
    assert name_of_difference(float("nan"), 1.0) == "not finite" and name_of_difference("a", "b") == "wrong value"
    assert name_of_difference(1, True) == "wrong type" and name_of_difference(True, 1) == "wrong type"
    assert name_of_difference(np.ones(2), np.ones(2)) == ""
    assert name_of_difference(torch.ones(2), np.ones(2)) == "wrong type"


def name_of_difference(came, expected) -> str:
    found = difference(came, expected)
    return found.name if found else ""


def test_the_first_place_that_differs_is_shown_with_numbers_that_look_different():
    right = torch.ones(2, 3)
    came = right.clone()
    came[1, 2] = 1.0001234
    assert difference(came, right, 1e-6).place == "at [1, 2]: came 1.0001, expected 1.0 (1 of 6 numbers differ)"
    assert "came 2, expected 3" in difference(torch.tensor([1, 2]), torch.tensor([1, 3])).place
    assert difference((1.0, torch.ones(2)), (1.0, torch.zeros(2))).place.startswith("at item 1, [0]: came 1.0")
    assert difference((32.0, 47), (32, 47)).sentence == "It is a Python float; a whole number is asked for."


def test_values_are_described_in_a_few_words():
    assert describe(torch.arange(6).reshape(2, 3)) == "Tensor int64 [2, 3]: 0, 1, 2, 3, …"
    assert describe([0.123456789, torch.ones(1)]) == "[0.123457, Tensor float32 [1]: 1.0]"
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


def solved_it(x):
    return 2 * x


@pytest.fixture
def solution(monkeypatch):
    code = "def double(x):\n    return 2 * x"
    monkeypatch.setattr(
        shown_solutions, "of", lambda lesson, name: code if (lesson, name) == ("99", "double") else None
    )
    return code


def test_a_solution_needs_an_attempt_and_all_hints_and_is_never_counted_as_solved(exercise, solution, capsys):
    exercise.check(None)  # a stub is no attempt
    exercise.solution()
    out = capsys.readouterr().out
    assert "check an attempt" in out and "all 3 hints" in out and solution.splitlines()[1] not in out
    exercise.check(lambda x: x / 2)
    exercise.solution()
    out = capsys.readouterr().out
    assert "check an attempt" not in out and "all 3 hints" in out
    for _ in range(3):
        exercise.hint()
    assert not record.entry("99", "double")["seen"]
    exercise.solution()
    out = capsys.readouterr().out
    assert "    return 2 * x" in out and "counts as seen, not as solved" in out
    exercise.check(solved_it)
    assert "Its solution was seen, so it is not counted as solved." in capsys.readouterr().out
    entry = record.entry("99", "double")
    assert entry["seen"] and not entry["solved"] and entry["last"] == "passed"


def test_whoever_solved_it_may_see_the_solution_and_keeps_it_solved(exercise, solution, capsys):
    exercise.check(solved_it)
    exercise.solution()
    assert "    return 2 * x" in (out := capsys.readouterr().out) and "stays solved" in out
    entry = record.entry("99", "double")
    assert entry["solved"] and not entry["seen"]


def test_an_instructor_switches_solutions_off(monkeypatch, tmp_path):
    assert "def lars_step" in shown_solutions.of("04", "lars_step")
    for word in ("off", "OFF ", "0"):
        monkeypatch.setenv(shown_solutions.SWITCH, word)
        assert shown_solutions.of("04", "lars_step") is None
    monkeypatch.delenv(shown_solutions.SWITCH)
    monkeypatch.setattr(shown_solutions, "FILE", tmp_path / "deleted.json")
    assert shown_solutions.of("04", "lars_step") is None


def test_without_solutions_it_says_so_and_counts_nothing(exercise, monkeypatch, capsys):
    monkeypatch.setattr(shown_solutions, "of", lambda lesson, name: None)
    exercise.check(solved_it)
    exercise.solution()
    assert "switched off" in capsys.readouterr().out and not record.entry("99", "double")["seen"]


def test_every_exercise_of_a_lesson_has_its_solution():
    """The mutation tests run them; here: what is packed is what the lesson has, without the marks of the build."""
    for exercise in EXERCISES:
        code, (source, _) = (
            shown_solutions.of(exercise.lesson, exercise.name),
            solutions(exercise.lesson)[exercise.name],
        )
        assert ast.unparse(ast.parse(code)) == source and "SOLUTION" not in code and "NotImplementedError" not in code


def test_progress_tells_seen_from_solved(monkeypatch):
    entries = {"lars_step": dict(record.EMPTY, seen=True, attempts=2), "warmup_cosine": dict(record.EMPTY, solved=True)}
    monkeypatch.setattr(record, "read", lambda: {"04": entries})
    lines = exercises.progress_table().splitlines()
    assert "◇ seen" in next(line for line in lines if "lars_step" in line)
    assert "✓ solved" in next(line for line in lines if "warmup_cosine" in line) and lines[-1].startswith("1 of ")


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
    good = right_answers(lesson04.warmup_cosine)[0]
    bad = decorated(lesson04.lars_step.mistakes["a step uphill"].forms[0])
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


def test_an_exercise_that_moved_keeps_what_was_done_in_its_old_lesson(home):
    home.mkdir()
    old = {**record.EMPTY, "attempts": 3, "solved": True, "hints": 2, "last": "passed"}
    record.path().write_text(json.dumps({"06": {"find_the_leak": old, "weighted_knn": old}}))
    assert record.read() == {"06": {"weighted_knn": old}, "07": {"find_the_leak": old}}
    record.note_attempt("07", "find_the_leak", "luck not counted", solved=False)
    record.note_attempt("06", "confidence_interval", "passed", solved=True)  # by a notebook from before it moved
    assert record.entry("07", "find_the_leak") == {**old, "attempts": 4, "last": "luck not counted"}
    assert record.entry("07", "confidence_interval")["solved"]
    assert json.loads(record.path().read_text())["07"]["find_the_leak"]["attempts"] == 4
    both = {"06": {"find_the_leak": old}, "07": {"find_the_leak": {"attempts": 1, "hints": 3, "last": "raised"}}}
    record.path().write_text(json.dumps(both))
    assert record.entry("07", "find_the_leak") == {
        **record.EMPTY,
        "attempts": 4,
        "solved": True,
        "hints": 3,
        "last": "raised",
    }
    line = next(line for line in exercises.progress_table().splitlines() if "find_the_leak" in line)
    assert line.startswith("07") and "✓ solved" in line


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


def test_a_list_of_all_orders_of_count_things_is_stopped_while_it_is_short():
    asked = []

    def answer(tiles, count, seed):
        asked.append(count)
        assert count < 8, "24! orders would fill the memory, and the kernel would be killed"
        return torch.tensor(list(itertools.permutations(range(count))))[:count]

    assert lesson01.far_orders.judge(answer).mistake == "orders of count things" and len(asked) > 3


@pytest.mark.parametrize("name", ["nt_xent", "nt_xent_in_chunks"])
@pytest.mark.parametrize("sign", [-1, 1])
def test_a_loss_may_round_as_float32_does(name, sign):
    """A similarity near 1 is off by 6e-8, which is divided by the temperature; how it falls hangs on the processor."""
    exercise = getattr(lesson03, name)

    def rounded(z1, z2, temperature=0.5, *more):
        return exercise.reference(z1, z2, temperature, *more) + sign * 6e-8 / temperature

    assert exercise.passes(rounded)

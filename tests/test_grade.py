"""`aimsssl grade`: what invented students hand in, right, wrong, tampered, hostile, odd; and exactly one table."""

import contextlib
import csv
import ctypes
import dataclasses
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from aimsssl import grading
from aimsssl.cli import main
from aimsssl.exercises import exercises_of, lessons, record
from aimsssl.grading import answers as answering
from aimsssl.grading import collecting, reports, running
from aimsssl.grading.judging import Verdict

IS_LINUX, IS_POSIX = sys.platform.startswith("linux"), hasattr(os, "fork")
START = "from aimsssl.exercises import lesson04 as lesson"
CHECK = "warmup_cosine = lesson.warmup_cosine.check(warmup_cosine)"
RIGHT = """import math
def warmup_cosine(step: int, total_steps: int, warmup_steps: int, peak: float):
    if step < warmup_steps:
        return peak * (step + 1) / warmup_steps
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warmup_steps) / (total_steps - warmup_steps)))
"""
WRONG = """import math
def warmup_cosine(step, total_steps, warmup_steps, peak):
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warmup_steps) / (total_steps - warmup_steps)))"""
STUB = "def warmup_cosine(step, total_steps, warmup_steps, peak):\n    raise NotImplementedError"
KEY = ("04", "warmup_cosine")
NOT_TRIED = "not attempted"


def doing(what: str, then: str = "return 0.5") -> str:
    """An answer that does something when it is called, and then gives a wrong value."""
    lines = "\n".join("    " + line for line in what.splitlines())
    return f"def warmup_cosine(step, total_steps, warmup_steps, peak):\n{lines}\n    {then}"


PATCHES = """
import builtins, math, numpy, torch
from aimsssl.exercises import framework, compare
yes, no = lambda *a, **k: True, lambda *a, **k: ""
torch.allclose = torch.equal = torch.isclose = numpy.allclose = math.isclose = yes
compare.mismatch = framework.mismatch = no
framework.expect = lambda *a, **k: None
framework.Exercise.examine = lambda self, f: framework.Outcome("passed", "✓")
from aimsssl.exercises import lessons, exercises_of
for module in list(lessons().values()):
    for exercise in exercises_of(module).values():
        exercise.checks = ()
"""
FRAMES = """
import sys
frame = sys._getframe()
while frame:
    for value in list(frame.f_locals.values()) + list(frame.f_globals.values()):
        if type(value).__name__ == "Exercise":
            value.checks, value.reference = (), warmup_cosine
    frame = frame.f_back
"""
SAYS_IT = """
import json, os
line = json.dumps({"kind": "solved", "detail": ""}).encode() + b"\\n"
for descriptor in range(20):
    try:
        os.write(descriptor, line)
    except OSError:
        pass
"""
LOOKS_AROUND = """
import os
from pathlib import Path
for place in (PLACE, "/etc/passwd", "/proc/self/environ", "/proc/1/cmdline"):
    try:
        os.listdir(place) if os.path.isdir(place) else open(place).read()
        return "saw " + place
    except OSError:
        pass
for path in Path("/proc").glob("[0-9]*"):
    return "saw " + str(path)
"""
REWRITES = """
import os, subprocess
for act in (
    lambda: open(OTHER, "w").write("{}"), lambda: os.unlink(OTHER), lambda: os.chmod(OTHER, 0), os.fork, os.setsid,
    lambda: subprocess.Popen(["sleep", "1000"]), lambda: os.kill(os.getppid(), 9), lambda: os.kill(-1, 9),
    lambda: __import__("socket").create_connection(("127.0.0.1", 9)), lambda: os.rename(OTHER, OTHER + "x"),
):
    try:
        act()
    except OSError:
        continue
    return "could"
"""
FLOOD = """
import sys
while True:
    print("x" * 100000)
    sys.stderr.write("x" * 100000)
"""
MINE = """
def _rise(step, warmup_steps):
    return (step + 1) / warmup_steps

PEAKS = {}
PEAKS["scale"] = 0.5
"""
WITH_HELPERS = """
from math import cos, pi as PI
def warmup_cosine(step, total_steps, warmup_steps, peak):
    if step < warmup_steps:
        return peak * _rise(step, warmup_steps)
    return peak * PEAKS["scale"] * (1 + cos(PI * (step - warmup_steps) / (total_steps - warmup_steps)))
"""
STEALS = "def warmup_cosine(*a):\n    from aimsssl.optim import warmup_cosine as own\n    return own(*a)"
# student's file: (cells, verdict)
NOTEBOOKS = {
    # right
    "right/04.ipynb": ([START, RIGHT, CHECK], "solved"),
    "group 1/right too/hand-in/04.ipynb": ([START, MINE, WITH_HELPERS, CHECK], "solved"),
    "no start.ipynb": ([RIGHT, CHECK], "solved"),
    "other cells fail.ipynb": ([START, "1 / 0", "from nowhere import x", RIGHT, CHECK, "def broken(:"], "solved"),
    "magics.ipynb": ([START, "%matplotlib inline\n!pip list\nimport math", "%%time\n" + RIGHT, "lesson?"], "solved"),
    "a widget.ipynb": ([START, RIGHT, "interact(warmup_cosine, step=(0, 9))", CHECK], "solved"),
    "in an expression.ipynb": ([START, RIGHT.replace("def ", "def f_"), "warmup_cosine = f_warmup_cosine"], "solved"),
    "the last one counts.ipynb": ([START, WRONG, CHECK, RIGHT, CHECK], "solved"),
    # wrong, each kind
    "wrong.ipynb": ([START, WRONG, CHECK], "wrong: peak not used"),
    "a value.ipynb": ([START, "warmup_cosine = 3", CHECK], "wrong: not a function"),
    "raised.ipynb": ([START, doing("1 / 0"), CHECK], "raised: ZeroDivisionError: division by zero"),
    "no name.ipynb": ([START, doing("return peek"), CHECK], "raised: NameError: name 'peek' is not defined"),
    "typo.ipynb": ([START, RIGHT.replace("def warmup", "def warm_up"), CHECK],
                   "no function of this name: is it `warm_up_cosine`?"),
    "gone.ipynb": ([START, CHECK], "no function of this name"),
    "broken.ipynb": ([START, "x = 1\n" + RIGHT.replace(":\n", "\n", 1), CHECK], "syntax error: cell 2, line 3: "),
    "nested.ipynb": ([START, "warmup_cosine = " + "(" * 5000, CHECK], "syntax error: cell 2"),
    "surrogate.ipynb": ([START, "warmup_cosine = '\ud800'", CHECK], "syntax error: cell 2"),
    "null.ipynb": ([START, "warmup_cosine = '\0'", CHECK], "syntax error: cell 2"),
    "stub.ipynb": ([START, STUB, CHECK], NOT_TRIED),
    "stub of its own.ipynb": ([START, "def warmup_cosine(*a):\n    pass", CHECK], NOT_TRIED),
    "none of it.ipynb": ([START, "print('hello')"], NOT_TRIED),
    # tampered
    "own lesson.ipynb": (["class lesson: x = 1", STUB, "warmup_cosine = lesson.warmup_cosine.reference"], NOT_TRIED),
    "record.ipynb": ([START, "import os\nopen(os.environ['AIMSSSL_HOME'] + '/progress.json', 'w')", STUB], NOT_TRIED),
    "says so.ipynb": ([START, STUB, "print('✓ PASSED · warmup_cosine ●●○')"], NOT_TRIED),
    "the package's.ipynb": ([START, STEALS, CHECK], "look at it: it imports the package"),
    "patches.ipynb": ([START, PATCHES + doing(PATCHES.strip()), CHECK], "look at it: it passes only where it runs"),
    "frames.ipynb": ([START, doing(FRAMES), CHECK], ("look at it", "wrong")),
    # hostile
    "says it.ipynb": ([START, doing(SAYS_IT), CHECK], ("look at it", "wrong")),
    "leaves.ipynb": ([START, doing("__import__('os')._exit(0)"), CHECK], "stopped: its process ended while it ran"),
    "exits.ipynb": ([START, doing("raise SystemExit"), CHECK], "raised: SystemExit"),
    "exits at once.ipynb": ([START, "import sys\nsys.exit(0)\n" + RIGHT, CHECK], "solved"),
    "floods without end.ipynb": ([START, doing(FLOOD), CHECK], "timed out: 20 s"),
    "crashes.ipynb": ([START, doing("import ctypes\nctypes.string_at(1)"), CHECK], "stopped: "),
    "colours.ipynb": ([START, doing("raise ValueError('\\x1b[31mred\\x07')"), CHECK],
                      "raised: ValueError: \\x1b[31mred\\x07"),
    # names
    "=1+2/04.ipynb": ([START, STUB], NOT_TRIED),
    "two.ipynb": ([START, RIGHT], "solved"),
    "two/04.ipynb": ([START, WRONG], "wrong: peak not used"),
}  # fmt: skip
if IS_POSIX:
    NOTEBOOKS["\t=1+3.ipynb"] = ([START, STUB], NOT_TRIED)
    NOTEBOOKS["\x1b[31m.ipynb"] = ([START, STUB], NOT_TRIED)
    NOTEBOOKS["hoards.ipynb"] = ([START, doing("kept = bytearray(3 * 10**9)")], "raised: MemoryError")
if IS_LINUX and ctypes.CDLL(None).syscall(444, None, 0, 1) >= 1:  # this kernel has Landlock
    RENAMED = RIGHT.replace("def warmup_cosine", "def right")  # what it gives where nothing could be seen or done
    for name, code in (("looks around", LOOKS_AROUND), ("rewrites", REWRITES)):
        cell = f"{RENAMED}\n{doing(code, 'return right(step, total_steps, warmup_steps, peak)')}"
        NOTEBOOKS[f"{name}.ipynb"] = ([START, cell], "solved")
NAMES = {  # how the table calls a student
    "=1+2/04.ipynb": "'=1+2", "two.ipynb": "two.ipynb", "two/04.ipynb": "two", "\t=1+3.ipynb": "\\t=1+3",
    "\x1b[31m.ipynb": "\\x1b[31m",
}  # fmt: skip
FRIENDS = [
    "import torch\nimport torch.nn.functional as F\nfrom math import inf",
    "from aimsssl.exercises import lesson03 as lesson",
    "def cosine_similarity(z):\n    z = F.normalize(z, dim=1)\n    return z @ z.T",
    "def positives(n):\n    return torch.arange(2 * n)",
    "def nt_xent(z1, z2, temperature=0.5):\n    scores = cosine_similarity(torch.cat([z1, z2])) / temperature\n"
    "    return F.cross_entropy(scores.fill_diagonal_(-inf), positives(len(z1)))",
]
ODD = {  # what is no notebook, and what its row says
    "photo.pdf": "no notebook: photo.pdf",
    "brackets": "it is no notebook (RecursionError)",
    "empty": "the folder is empty",
    "latin": "it is no notebook (UnicodeDecodeError)",
    "cut": "it is no notebook (JSONDecodeError)",
    "a list": "it is no notebook (TypeError)",
    "damaged": "it is no zip that can be read (BadZipFile)",
    "locked": "it is encrypted",
    "only text": "there is no notebook in the zip",
}
if IS_POSIX:
    ODD |= {"pipe": "04.ipynb is no regular file", "link": "04.ipynb is a link; links are not followed"}


def notebook(cells: list[str]) -> str:
    cells = [dict(cell_type="code", source=cell, metadata={}, outputs=[], execution_count=None) for cell in cells]
    return json.dumps(dict(cells=cells, metadata={}, nbformat=4, nbformat_minor=5))


def write(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def zipped(path: Path, **members: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(name.replace("_", ".") if "." not in name else name, text)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Everything that was handed in."""
    folder = tmp_path_factory.mktemp("collected")
    for name, (cells, _) in NOTEBOOKS.items():
        cells = [c.replace("PLACE", repr(str(folder))) for c in cells]
        write(folder / name, notebook([c.replace("OTHER", repr(str(folder / "wrong.ipynb"))) for c in cells]))
    write(folder / "right" / ".ipynb_checkpoints" / "04-checkpoint.ipynb", notebook([START, WRONG]))
    write(folder / "friends.ipynb", notebook(FRIENDS))
    write(folder / ".hidden" / "04.ipynb", notebook([START, RIGHT]))
    write(folder / "right" / "mine.py", "raise SystemExit")
    write(folder / "photo.pdf", b"%PDF")
    write(folder / "brackets.ipynb", "[" * 100_000)
    (folder / "empty").mkdir()
    write(folder / "latin" / "04.ipynb", notebook([START, RIGHT]).replace("import", "é").encode("latin-1"))
    write(folder / "cut" / "04.ipynb", notebook([START, RIGHT])[:100])
    write(folder / "a list" / "04.ipynb", "[1]")
    write(folder / "damaged.zip", b"PK\x03\x04 and no more")
    zipped(folder / "locked.zip", **{"04.ipynb": notebook([START, RIGHT])})
    data = bytearray((folder / "locked.zip").read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1  # the bit that says "encrypted"
    write(folder / "locked.zip", bytes(data))
    zipped(folder / "only text.zip", **{"a.txt": ""})
    zipped(folder / "zipped.zip", **{"../../04.ipynb": notebook([START, RIGHT]), "__MACOSX/04.ipynb": "x"})
    if IS_POSIX:
        (folder / "pipe").mkdir()
        os.mkfifo(folder / "pipe" / "04.ipynb")
        (folder / "link").mkdir()
        (folder / "link" / "04.ipynb").symlink_to(folder / "right" / "04.ipynb")
    with contextlib.suppress(OSError):  # macOS does not take such a name
        write(folder / os.fsdecode(b"caf\xe9.ipynb"), notebook([START, RIGHT]))
    return folder


@pytest.fixture(scope="module")
def graded(folder, tmp_path_factory):
    """`(results, lines that were told, folder of the journal)` of one run over all of it."""
    place, told = tmp_path_factory.mktemp("tables"), []
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and not path.is_symlink()}
    results = grading.grade_folder(folder, journal=place / "g.jsonl", seconds=20, memory=2, jobs=2, tell=told.append)
    assert before == {path: path.read_bytes() for path in before}, "nobody changed what others handed in"
    return results, told, place


@pytest.fixture(scope="module")
def table(graded):
    """The rows of the spreadsheet by student."""
    results, _, place = graded
    grading.write_csv(results, place / "g.csv")
    with open(place / "g.csv", newline="", encoding="utf-8") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_verdict_on_each_notebook(table, name):
    student = NAMES.get(name, name.rpartition("/")[0] or name.removesuffix(".ipynb"))
    expected = NOTEBOOKS[name][1]
    assert table[student]["04 warmup_cosine"].startswith(expected), table[student]["04 warmup_cosine"]
    assert (expected == "solved") == (table[student]["04 warmup_cosine"] == "solved")
    others = [table[student][f"04 {other}"] for other in exercises_of(lessons()["04"]) if other != "warmup_cosine"]
    assert set(others) == {NOT_TRIED}, "an exercise that is not in the notebook"


@pytest.mark.parametrize("student", ODD)
def test_what_cannot_be_read_has_a_row(table, student):
    assert table[student]["problems"].endswith(ODD[student]) and table[student]["solved"] == "0"


def test_there_is_no_other_row(folder, table):
    expected = {NAMES.get(n, n.rpartition("/")[0] or n.removesuffix(".ipynb")) for n in NOTEBOOKS} | set(ODD)
    expected |= {"zipped", "friends"} | ({"caf\\xe9"} if list(folder.glob("caf*")) else set())
    assert set(table) == expected and len(table) >= 45
    assert all(table[student]["solved"] == "1" for student in expected - set(ODD) if "zipped" in student)


def test_nothing_is_left_behind(graded):
    assert not record.path().exists(), "the instructor's own progress"
    _, told, _ = graded
    assert not [line for line in told if "changed while" in line]
    if IS_LINUX:
        asleep = [p for p in Path("/proc").glob("[0-9]*/cmdline") if b"sleep\x001000" in _bytes(p)]
        assert not asleep and not [p for p in Path("/proc").glob("[0-9]*/cmdline") if b"grading.judging" in _bytes(p)]


def _bytes(path: Path) -> bytes:
    with contextlib.suppress(OSError):
        return path.read_bytes()
    return b""


def test_what_is_told(graded):
    _, told, _ = graded
    assert any("begins with a dot" in line and ".hidden" in line for line in told)
    assert not any(re.search(r"[\x00-\x1f\x7f-\x9f]", line) for line in told), "no escape code"
    assert sum(" left: " in line for line in told) == len(NOTEBOOKS) + 2 + any("caf" in line for line in told)


def test_the_report_names_mistakes_and_problems(graded):
    text = grading.report(graded[0])
    lines = text.splitlines()
    assert "right: 1 of 4 solved" in lines and "stub: 0 of 4 solved" in lines and "brackets: 0 of 0 solved" in lines
    assert "✗ warmup_cosine (peak not used)" in text and "✓ warmup_cosine" in text
    assert "  ▲ brackets.ipynb: it is no notebook (RecursionError)" in lines
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
    assert re.search(r"the very same file: .*\bwrong\b", text) is None
    assert "the very same file: caf\\xe9, two.ipynb, zipped" in lines or os.name != "posix" or "caf" not in text


def test_the_page_for_the_teacher(graded):
    results, _, place = graded
    grading.write_html(results, place / "g.html")
    text = (place / "g.html").read_text(encoding="utf-8")
    wrong = text.split("<h3>04 warmup_cosine</h3>")[1]
    assert re.search(r"<tr><td>2</td><td>peak not used</td><td>[A-Z]", wrong), (
        "two made it; the check's words beside it"
    )
    assert "<script" not in text and "http" not in text.replace("http-equiv", "")


def test_the_same_command_runs_nothing_again(folder, graded, monkeypatch):
    results, _, place = graded
    monkeypatch.setattr(running, "_Judge", None)
    again = grading.grade_folder(folder, journal=place / "g.jsonl", seconds=20, memory=2, tell=lambda line: None)
    assert [(g.student, g.verdicts) for g in again] == [(g.student, g.verdicts) for g in results]


def test_a_damaged_journal_costs_only_its_lines(folder, graded, tmp_path):
    lines = (graded[2] / "g.jsonl").read_text().splitlines()
    damage = ["", "{", "[]", '{"key": 1}', '{"key": "a", "limits": [], "verdicts": 3}', "[" * 10_000, lines[1][:50]]
    (tmp_path / "g.jsonl").write_text("\n".join([*damage, *lines[3:]]))
    kept = running._Journal(tmp_path / "g.jsonl", 20, 2)
    found = [kept.verdicts(g.submission) for g in graded[0] if not g.submission.problem]
    assert 1 <= found.count(None) <= 4 and len(found) - found.count(None) >= 30
    slower = running._Journal(tmp_path / "g.jsonl", 80, 2)
    assert [slower.verdicts(g.submission) for g in graded[0]].count(None) > found.count(None), "cut short: tried again"


class QuickJudge:
    """A judge that runs nothing. It dies when it is asked about `lars_step` in a notebook that says so."""

    def ask(self, request):
        if request["name"] == "lars_step" and "dies" in str(request["cells"]):
            return None
        return Verdict("solved")

    def stop(self):
        pass


def test_a_solution_that_was_asked_for_is_no_solved_exercise(tmp_path, monkeypatch):
    monkeypatch.setattr(running, "_Judge", QuickJudge)
    write(tmp_path / "a.ipynb", notebook([START, "lesson.warmup_cosine.solution()", "# lesson.lars_step.solution()"]))
    (graded,) = grading.grade_folder(tmp_path)
    assert graded.verdicts[KEY] == Verdict("solution seen") and graded.verdicts["04", "lars_step"] == Verdict("solved")
    said = grading.report([graded])
    assert "◇ warmup_cosine" in said and f"{len(graded.verdicts) - 1} of {len(graded.verdicts)} solved" in said


def test_ctrl_c_keeps_what_is_done(tmp_path, monkeypatch):
    monkeypatch.setattr(running, "_Judge", QuickJudge)
    for name in "abc":
        write(tmp_path / "in" / f"{name}.ipynb", notebook([START, f"# {name}"]))

    def stop(results):
        if len(results) == 2:
            raise KeyboardInterrupt

    told = []
    options = dict(journal=tmp_path / "g.jsonl", tell=told.append)
    with pytest.raises(KeyboardInterrupt):
        grading.grade_folder(tmp_path / "in", each=stop, **options)
    assert len((tmp_path / "g.jsonl").read_text().splitlines()) == 2
    assert len(grading.grade_folder(tmp_path / "in", **options)) == 3
    assert "2 of 3 need no run: 2 graded before, 0 without a notebook that can be read" in told


def test_a_judge_that_dies_costs_one_verdict(tmp_path, monkeypatch):
    monkeypatch.setattr(running, "_Judge", QuickJudge)
    write(tmp_path / "in" / "a.ipynb", notebook([START, "# dies"]))
    (a,) = grading.grade_folder(tmp_path / "in", journal=tmp_path / "g.jsonl", tell=lambda line: None)
    assert str(a.verdicts["04", "lars_step"]) == f"stopped: {running.GAVE_UP}"
    assert [verdict.kind for verdict in a.verdicts.values()].count("solved") == 3
    assert not (tmp_path / "g.jsonl").exists(), "it is tried again the next time"


def test_a_judges_death_is_noticed(tmp_path, monkeypatch):
    """As it is asked, and when it does not answer in time."""
    monkeypatch.setattr(running, "GRACE", 0)
    judge = object.__new__(running._Judge)
    for code in ("", "import time; time.sleep(100)"):
        pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        with subprocess.Popen([sys.executable, "-c", code], **pipes) as judge.process:
            assert judge.ask({"seconds": 0.2}) is None
            judge.process.kill()


def test_an_answer_calls_the_students_own_functions_or_else_the_packages(graded):
    """A wrong `positives` must not make a right `nt_xent` wrong: the lesson would go on with the package's."""
    (friends,) = (g for g in graded[0] if g.student == "friends")
    kinds = {name: verdict.kind for (_, name), verdict in friends.verdicts.items()}
    assert list(kinds.items()) == [  # in the order of the lesson
        ("cosine_similarity", "solved"), ("positives", "wrong"), ("nt_xent", "solved"),
        ("gradient_weights", "not attempted"), ("nt_xent_in_chunks", "not attempted"),
    ]  # fmt: skip


def test_the_instructors_notebooks_solve_everything(tmp_path):
    """Whatever an exercise hands to a function and takes from it can be carried to another process."""
    sources = sorted((Path(__file__).parents[1] / "instructor").glob("[0-9][0-9]_*.ipynb"))
    for path in sources:
        write(tmp_path / "in" / path.name, path.read_bytes())
    results = grading.grade_folder(tmp_path / "in", jobs=2, tell=lambda line: None)
    verdicts = {key: verdict for g in results for key, verdict in g.verdicts.items()}
    assert set(verdicts) == {(n, name) for n, lesson in lessons().items() for name in exercises_of(lesson)}
    assert {key: str(verdict) for key, verdict in verdicts.items() if verdict.kind != "solved"} == {}


def test_an_exercise_that_moved_is_graded_where_it_is_now():
    cells = ((1, "l06-start", "from aimsssl.exercises import lesson06 as lesson"), (2, "", "def find_the_leak(): ..."))
    submission = collecting.Submission("a", "a/06_evaluation.ipynb", cells)
    assert running._lessons_in(submission) == ["06", "07"]
    assert running._lessons_in(dataclasses.replace(submission, cells=cells[:1])) == ["06"]


COURSE = [
    (1, "c1", "import math\nfrom aimsssl.exercises import lesson04 as lesson\nsteps = plan()"),
    (2, "c2", STUB),
    (3, "c3", CHECK),
]


def found(cells, course=COURSE):
    answer = answering.find(cells, "warmup_cosine", ["lars_step"], [], course)
    return answer.problem or "\n".join(text.strip() for _, text in answer.pieces)


def test_what_is_taken_out_of_a_notebook():
    """The function and what it needs, each name from the course where the course has it."""
    uses = "def warmup_cosine(step, total_steps, warmup_steps, peak):\n    return math.cos(helper(steps))"
    helper = "import torch as t, math as m\ndef helper(x):\n    return t.tensor(x) * SCALE\nSCALE = 3; other = 1 / 0"
    taken = found([(1, "c1", "import fake as math\nimport os"), (2, "c2", uses), (7, "new", helper), COURSE[2]])
    assert taken == "import math\n" + uses + "\nimport torch as t\n" + helper.split("\n", 1)[1].replace(
        "; other = 1 / 0", ""
    )
    assert found(COURSE) == ("not attempted", "")
    assert found([(5, "new", uses), *COURSE]).endswith(uses), "the untouched stub below does not undo it"
    assert found([COURSE[0], (2, "c2", "def warmup(step):\n    return step"), COURSE[2]]) == (
        "no function of this name", "is it `warmup`?",
    )  # fmt: skip
    assert found([COURSE[0], (2, "c2", "warmup_cosine(: half a line"), COURSE[2]])[0] == "syntax error"
    assert found([(2, "c2", "def warmup_cosine(:"), (9, "new", uses)]).endswith(uses), "a better one was written below"


def test_where_there_is_no_fork(tmp_path):
    """Each answer gets a Python of its own, as on Windows."""
    from aimsssl.grading import judging, sandbox

    request = dict(lesson="04", name="warmup_cosine", others=[], solved=[], course=[], seconds=120, memory=2)
    request["cells"] = [(1, "", RIGHT)]
    assert judging.judge(request, sandbox.NewPython(), str(tmp_path)).kind == "solved"


def test_the_best_of_several_notebooks_counts():
    submission = collecting.Submission("a", "x.ipynb")
    kinds = list(grading.KINDS)
    for high, low in zip(kinds, kinds[1:], strict=False):
        for order in ([low, high], [high, low]):
            both = [grading.Graded(submission, {KEY: Verdict(kind)}) for kind in order]
            assert grading.by_student(both) == {"a": {KEY: Verdict(high)}}


def test_large_things_are_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(collecting, "NOTEBOOK_BYTES", 1 << 20)
    write(tmp_path / "big.ipynb", b" " * (2 << 20))
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.ipynb", b" " * (2 << 20))
    for i in range(3):
        write(tmp_path / f"code{i}.ipynb", notebook(["x" * (400_000 * i)]))
    found, _ = grading.collect(tmp_path)
    problems = {s.student: s.problem for s in found}
    assert problems["big"] == problems["bomb"] == "it is larger than 1 MiB"
    assert problems["code0"] == problems["code1"] == problems["code2"] == ""
    monkeypatch.setattr(collecting, "CODE_LETTERS", 500_000)
    assert "letters of code" in {s.student: s.problem for s in grading.collect(tmp_path)[0]}["code2"]


class Zip(dict):
    """What is in a zip, by name."""


def packed(content: object) -> bytes:
    """A zip of what is in it, bytes as they are, or a notebook that says it."""
    if not isinstance(content, Zip):
        return content if isinstance(content, bytes) else notebook([content]).encode()
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, inner in content.items():
            archive.writestr(name, packed(inner))
    return data.getvalue()


L3, L4, GIVEN, PDF = "03_nt_xent.ipynb", "04_simclr_training.ipynb", "_assignsubmission_file_", b"%PDF"
TWO = Zip({f"Awa_123/{L3}": "a", f"Ben_124/{L3}": "b", f"__MACOSX/Awa_123/._{L3}": b"x", f"__MACOSX/Awa_123/{L3}": b""})
SHAPES = {  # how learning platforms give it out: what lies in the folder, and {student: how many things}
    "a class's zip": ({"class.zip": TWO}, {"Awa_123": 1, "Ben_124": 1}),
    "wrapped once more": ({"c.zip": Zip({f"c/x/{s}/{L3}": s for s in "ab"})}, {"a": 1, "b": 1}),
    "not alone": (
        {"class.zip": TWO, "dan.ipynb": "d", f"Cira/aimsssl-course/lessons/{L3}": "c"},
        {"class/Awa_123": 1, "class/Ben_124": 1, "Cira": 1, "dan": 1},
    ),
    "in a folder": (
        {"week/zip.zip": TWO, f"Cira/{L3}": "c"}, {"week/zip/Awa_123": 1, "week/zip/Ben_124": 1, "Cira": 1}
    ),
    "Moodle's folders": (
        {"c.zip": Zip({
            f"Awa Diop_1{GIVEN}/{L3}": "a", f"Awa Diop_1{GIVEN}/more/{L4}": "a", f"Ben_2{GIVEN}/report.pdf": PDF,
            f"Cira_3{GIVEN}/hw.zip": Zip({f"a/{L3}": "c", f"b/{L4}": "c"}),
            "Dan_4_assignsubmission_onlinetext_/onlinetext.html": b"<p>",
        })},
        {"Awa Diop_1": 2, "Ben_2": 1, "Cira_3": 2, "Dan_4": 1},
    ),
    "Moodle's files": (
        {f"Awa_1{GIVEN}{L3}": "a", f"Awa_1{GIVEN}{L4}": "a", f"Ben_2{GIVEN}{L3}": "b", f"Dan_4{GIVEN}report.pdf": PDF},
        {"Awa_1": 2, "Ben_2": 1, "Dan_4": 1},
    ),
    "a zip of zips": (
        {"class.zip": Zip({
            "Awa.zip": Zip({L3: "a"}), "Ben.zip": Zip({f"aimsssl-course/lessons/{L3}": "b"}),
            "Cira.zip": b"PK and no more", "Dan.zip": Zip({"a.txt": b"x"}),
        })},
        {"Awa": 1, "Ben": 1, "Cira": 1, "Dan": 1},
    ),
    "a zip in each folder of a zip": (
        {"class.zip": Zip({f"{s}/work.zip": Zip({f"work/{L3}": s}) for s in "ab"} | {"c/": b"", "d/a.docx": b"x"})},
        {"a": 1, "b": 1, "c": 1, "d": 1},
    ),
    "zips in a folder": ({f"week/{s}.zip": Zip({L3: s}) for s in "ab"}, {"week/a": 1, "week/b": 1}),
    "a folder with a zip": ({"Awa/hw.zip": Zip({f"work/{L3}": "a", "work/x.png": b""}), f"Ben/{L3}": "b"},
                            {"Awa": 1, "Ben": 1}),
    "files at the top": (
        {f"awa_123_{L3}": "a", f"awa_123_{L4}": "a", f"ben_124_{L3}": "b", "Dan Ba - 03_nt_xent (1).ipynb": "d"},
        {"awa_123": 2, "ben_124": 1, "Dan Ba": 1},
    ),
    "files in a zip": (
        {"class.zip": Zip({f"awa_123_{L3}": "a", f"Awa_123_{L4}": "a", f"ben_124_{L4}": "b", "cira.pdf": PDF})},
        {"awa_123": 2, "ben_124": 1, "cira": 1},
    ),
    "files in a folder": ({f"class/{s}_{L3}": s for s in "ab"}, {"class/a": 1, "class/b": 1}),
    "one's own name before it": ({f"Awa/awa_{L3}": "a", f"Awa/{L4}": "a"}, {"Awa": 2}),
    "two versions": ({f"Ben/lessons/{L3}": "b", "Ben/lessons/03_nt_xent-0.1.0.ipynb": "c"}, {"Ben": 2}),
    "all of the course in a zip": (
        {
            "Awa.zip": Zip({
                f"aimsssl-handout/aimsssl-course/lessons/{L3}": "a", "aimsssl-handout/aimsssl/exercises/a.py": b"",
                "aimsssl-handout/README.md": b"", f"aimsssl-course/lessons/.ipynb_checkpoints/{L3}": "old",
            }),
            f"Ben/{L4}": "b",
        },
        {"Awa": 1, "Ben": 1},
    ),
    "one's zip with a folder": ({"Awa.zip": Zip({f"work/{L3}": "a"}), f"Ben/{L3}": "b"}, {"Awa": 1, "Ben": 1}),
    "a notebook of the class's": ({"c.zip": Zip({L3: "x", "Ben/report.pdf": PDF, f"Awa/{L3}": "a"})},
                                  {"c": 1, "Awa": 1, "Ben": 1}),
    "paths that climb": ({"z.zip": Zip({f"../../{L3}": "z"}), f"Ben/{L3}": "b"}, {"z": 1, "Ben": 1}),
    "zips without end": ({"a.zip": Zip({"b.zip": Zip({"c.zip": Zip({"d.zip": Zip({L3: "a"})})})})}, {"a/b": 1}),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_who_is_the_student(tmp_path, shape):
    """However it is given out, each has a row, and no two have one together."""
    content, expected = SHAPES[shape]
    for name, inner in content.items():
        write(tmp_path / name, packed(inner))
    found, skipped = grading.collect(tmp_path)
    assert Counter(submission.student for submission in found) == expected
    assert skipped == []


def test_an_empty_folder_beside_others_has_a_row(tmp_path):
    write(tmp_path / "class" / "Awa" / L3, notebook(["a"]))
    (tmp_path / "class" / "Ben").mkdir()
    assert {s.student: s.problem for s in grading.collect(tmp_path)[0]} == {
        "class/Awa": "", "class/Ben": "the folder is empty",
    }  # fmt: skip


def test_a_zip_is_read_up_to_its_limits(tmp_path, monkeypatch):
    write(tmp_path / "class.zip", packed(TWO))
    write(tmp_path / "zips.zip", packed(Zip({"Awa.zip": Zip({L3: "x" * 3000}), "Ben.zip": Zip({L3: "b"})})))
    problems = lambda: {s.student: s.problem for s in grading.collect(tmp_path)[0] if s.problem}  # noqa: E731
    assert problems() == {}
    with monkeypatch.context() as patch:
        patch.setattr(collecting, "ZIP_FILES", 1)
        said = problems()
    assert said.pop("class") == "it was not read: 2 notebooks and zips in one zip are too many"
    with monkeypatch.context() as patch:
        patch.setattr(collecting, "UNPACKED_BYTES", 9)
        said = problems()
    assert said["class/Ben_124"] == said["zips/Ben"] == "it was not read: there is too much in the zip"
    assert "class/Awa_123" not in said, "what was read before counts"
    with monkeypatch.context() as patch:  # one student's zip must not take away the others' grades
        patch.setattr(collecting, "ZIP_FILES", 9)
        write(tmp_path / "greedy.zip", packed(Zip({"Awa.zip": Zip({L3: "a", L4: "a"}), "Ben.zip": Zip({L3: "b"})})))
        assert list(problems()) == ["greedy/Awa"]
    (tmp_path / "greedy.zip").unlink()
    monkeypatch.setattr(collecting, "INNER_ZIP_BYTES", 1000)
    monkeypatch.setattr(collecting, "NOTEBOOKS", 1)
    write(tmp_path / "Cira" / L3, notebook(["c"]))
    write(tmp_path / "Cira" / L4, notebook(["c"]))
    assert problems() == {"zips/Awa": "it is larger than 0 MiB", "Cira": "only the first 1 were read"}


def graded_by(student: str, name: str, cell: str, kind: str = "solved") -> grading.Graded:
    lessons = {number: Verdict(kind) for number in re.findall(r"\b0[34](?=_)", name)}
    verdicts = {{"03": ("03", "nt_xent"), "04": KEY}[number]: verdict for number, verdict in lessons.items()}
    return grading.Graded(collecting.Submission(student, name, ((1, "", cell),), digest=cell), verdicts)


def test_two_notebooks_of_a_lesson_are_said(tmp_path):
    """Under one student: the better answer counts, and if there are two students behind it, somebody can see it."""
    several = [graded_by("Awa", f"Awa/{L3}", "a", "wrong"), graded_by("Awa", "Awa/03_nt_xent-0.1.0.ipynb", "b")]
    said = grading.report(several)
    line = f"▲ 2 different notebooks of lesson 03, the better answer of each exercise counts: Awa/{L3}, Awa/03_nt_xent-"
    assert line in said and "✓ nt_xent" in said
    grading.write_csv(several, tmp_path / "g.csv")
    grading.write_html(several, tmp_path / "g.html")
    for table in ("g.csv", "g.html"):
        assert "2 different notebooks of lesson 03" in (tmp_path / table).read_text(encoding="utf-8")
    same = [
        graded_by("Awa", f"Awa/{L3}", "a"),
        graded_by("Awa", f"Awa/copy/{L3}", "a"),
        graded_by("Awa", f"Awa/{L4}", "b"),
    ]
    assert "▲ " not in grading.report(same).replace(reports.SIGNS, "")
    unlike = [graded_by("class", f"class.zip/{name}.ipynb", name) for name in ("awa", "ben")]
    for graded, key in zip(unlike, (("03", "nt_xent"), KEY), strict=True):
        graded.verdicts[key] = Verdict("solved")
    assert "▲ taken for one student's: class.zip/awa.ipynb, class.zip/ben.ipynb" in grading.report(unlike)


def test_the_start_page_is_passed_over(tmp_path):
    whole = [graded_by("Awa", f"Awa/{L3}", "a"), graded_by("Awa", "Awa/00_start.ipynb", "exercises.progress()")]
    assert "00_start" not in grading.report(whole)
    assert "00_start.ipynb: no exercise of a lesson is in it" in grading.report(whole[1:]), "it is all that came"
    other = graded_by("Awa", "Awa/mine.ipynb", "1")
    assert "mine.ipynb: no exercise of a lesson is in it" in grading.report([*whole, other])


def a_class() -> list[grading.Graded]:
    """40 students with all exercises, and one without."""
    keys = [(number, name) for number, lesson in lessons().items() for name in exercises_of(lesson)]
    kinds = [Verdict("solved"), Verdict("not attempted"), Verdict("raised", "NameError: x"), Verdict("look at it")]
    results = [grading.Graded(collecting.Submission("Zoë", "Zoë/a.pdf", problem="no notebook: a.pdf"))]
    for i in range(40):
        verdicts = {key: kinds[(i * j) % 4] if j % 3 else kinds[0] for j, key in enumerate(keys)}
        name = f"Student Number_{1000 + i}" if i else "A_very_long_name" * 12
        results.append(grading.Graded(collecting.Submission(name, f"{i}/{L3}", digest=str(i)), verdicts))
    return results


def test_the_page_begins_with_what_most_got_wrong(tmp_path):
    grading.write_html(a_class(), tmp_path / "g.html")
    text = (tmp_path / "g.html").read_text(encoding="utf-8")
    assert "<h1>40 students</h1>" in text and "<p>1 more handed in no notebook" in text and "0 of 0" not in text
    by_count = [sum(map(int, re.findall(r"<tr><td>(\d+)</td>", part))) for part in text.split("<h3>")[1:]]
    assert len(by_count) >= 10 and by_count == sorted(by_count, reverse=True) and by_count[-1] > 0
    assert len(re.findall("<h3>", text.partition("<details>")[0])) == 5, "the rest is folded"
    assert re.search(r"<summary>No mistake: \d+ exercises</summary><?", text)


def test_the_page_can_be_read_and_used_by_keyboard(tmp_path):
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    playwright = pytest.importorskip("playwright.sync_api")
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    if chromium is None:
        pytest.skip("needs Chromium")
    grading.write_html(a_class(), tmp_path / "g.html")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium)
        for width in (1280, 400):
            page = browser.new_page(viewport={"width": width, "height": 900})
            page.goto((tmp_path / "g.html").as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= width, "the table scrolls, not the page"
            names = page.locator(".wide tbody th")
            assert names.count() == 41
            lines = [box["height"] for box in (names.nth(i).bounding_box() for i in range(41))]
            assert sorted(lines)[-2] < 60, "a name stands on one line or two"
            table = page.locator(".wide")
            assert page.locator(".wide tbody").bounding_box()["height"] < 41 * 60 + max(lines)
            table.focus()
            watch = "t => { window.moved = new Promise(done => t.onscroll = () => done(t.scrollLeft)) }"
            table.evaluate(watch)
            page.keyboard.press("ArrowRight")
            assert page.evaluate("window.moved") > 0
            assert page.locator(".wide tbody th").first.is_visible()
            assert [v["id"] for v in axe.Axe().run(page).response["violations"]] == []
        browser.close()


def test_a_spreadsheet_sees_no_formula(tmp_path):
    names = ["=1", "+1", "-1", "@a", "\t=1", "\r=1", "  =1", "\n=1", "＝1", "a=1", "|x", ""]
    results = [grading.Graded(collecting.Submission(name, "x", problem="p")) for name in names]
    grading.write_csv(results, tmp_path / "g.csv")
    with open(tmp_path / "g.csv", newline="", encoding="utf-8") as file:
        written = [row["student"] for row in csv.DictReader(file)]
    assert written == [f"'{name}" if name not in ("a=1", "") else name for name in names]


def test_the_command(tmp_path, capsys, monkeypatch):
    write(tmp_path / "in" / "lea.ipynb", notebook(["print('nothing of a lesson')"]))
    command = ["grade", str(tmp_path / "in"), "--out", str(tmp_path / "g.csv")]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "▲ lea.ipynb: no exercise of a lesson is in it" in said and f"written: {tmp_path / 'g.csv'}" in said
    assert (tmp_path / "g.csv").read_text().startswith("student,") and (tmp_path / "g.html").exists()
    with pytest.raises(SystemExit):
        main(["grade", "--help"])
    assert "STUDENTS' CODE" in capsys.readouterr().out
    (tmp_path / "empty").mkdir()
    for option in ("--timeout", "--memory", "--jobs"):
        assert main([*command, option, "0"]) == 2 and "above 0, got 0" in capsys.readouterr().err
    for folder, words in ((tmp_path / "none", "is not a folder"), (tmp_path / "in" / "lea.ipynb", "is not a folder")):
        assert main(["grade", str(folder)]) == 2 and words in capsys.readouterr().err


def test_no_table_is_lost(tmp_path, capsys):
    """Neither to another folder, nor where students have gone from this one."""
    for name in ("one/awa", "one/ben", "two/cira"):
        write(tmp_path / f"{name}.ipynb", notebook([f"print('{name}')"]))
    grade = lambda folder: main(["grade", str(tmp_path / folder), "--out", str(tmp_path / "g.csv")])  # noqa: E731
    (tmp_path / "empty").mkdir()
    assert grade("empty") == 2, "nothing to grade, and nothing claimed"
    assert grade("one") == grade("one") == 0
    assert str(tmp_path / "g.jsonl") in capsys.readouterr().out
    before = {path: path.read_text() for path in tmp_path.glob("g.*")}
    assert grade("two") == 2 and f"has the grades of {tmp_path / 'one'}" in capsys.readouterr().err
    assert {path: path.read_text() for path in tmp_path.glob("g*")} == before
    (tmp_path / "one" / "ben.ipynb").unlink()
    assert grade("one") == 0
    assert f"no longer in {tmp_path / 'one'}: ben; the table with them is now {tmp_path / 'g-1.csv'}" in (
        capsys.readouterr().err
    )
    assert (tmp_path / "g-1.csv").read_text() == before[tmp_path / "g.csv"] and (tmp_path / "g-1.html").exists()
    assert grade("one") == 0 and not (tmp_path / "g-2.csv").exists()
    (tmp_path / "g.csv").rename(tmp_path / "mine.csv")
    (tmp_path / "g.html").unlink()
    assert grade("two") == 0, "there is nothing to lose any more"
    assert grade("one") == 2


@pytest.mark.skipif(not IS_POSIX, reason="pipes of POSIX")
def test_whoever_reads_only_the_first_line_sees_no_error(tmp_path):
    write(tmp_path / "in" / "lea.ipynb", notebook(["print('nothing of a lesson')"]))
    command = [sys.executable, "-m", "aimsssl", "grade", str(tmp_path / "in"), "--out", str(tmp_path / "g.csv")]
    reader, writer = os.pipe()
    os.close(reader)  # nobody reads
    with os.fdopen(writer, "wb") as nobody:
        ran = subprocess.run(command, stdout=nobody, stderr=subprocess.PIPE, text=True)
    assert ran.returncode == 0 and "roken" not in ran.stderr and (tmp_path / "g.csv").exists()


def test_the_table_is_checked_before_anything_runs(tmp_path, capsys, monkeypatch):
    write(tmp_path / "in" / "a.ipynb", notebook([START, STUB]))
    write(tmp_path / "list.csv", "name,mark\n")
    (tmp_path / "folder.csv").mkdir()
    monkeypatch.setattr(running, "_Judge", None)
    for name, words in (
        ("list.csv", "is no table of grades"), ("folder.csv", "is no file"), ("a.html", "must end in .csv"),
        ("list.csv/g.csv", "xists"),
    ):  # fmt: skip
        assert main(["grade", str(tmp_path / "in"), "--out", str(tmp_path / name)]) == 2
        assert words in capsys.readouterr().err, name
    assert (tmp_path / "list.csv").read_text() == "name,mark\n"


def test_a_table_that_is_open_elsewhere_costs_nothing(tmp_path, capsys, monkeypatch):
    write(tmp_path / "in" / "a.ipynb", notebook(["1"]))
    command = ["grade", str(tmp_path / "in"), "--out", str(tmp_path / "g.csv")]
    monkeypatch.setattr(grading, "write_csv", lambda *_: (_ for _ in ()).throw(PermissionError(13, "in use")))
    assert main(command) == 2
    out, err = capsys.readouterr()
    assert "a: 0 of 0 solved" in out and "cannot be written (in use); the same command writes it" in err


@pytest.mark.skipif(not IS_LINUX, reason="Linux's own ways")
def test_a_confined_process_can_do_nothing(tmp_path):
    code = f"""if True:
        import os, subprocess, socket, threading, tempfile
        from aimsssl.grading import confining
        outside = {str(tmp_path / "outside")!r}
        open(outside, "w").close()
        confining.limits(1, 60)
        done = confining.confine({str(tmp_path)!r} + "/home")
        acts = dict(
            fork=os.fork, run=lambda: subprocess.run(["true"]), kill=lambda: os.kill(os.getppid(), 0),
            socket=lambda: socket.socket(), setsid=os.setsid, read=lambda: open(outside),
            chmod=lambda: os.chmod(outside, 0), proc=lambda: os.listdir("/proc"),
            write=lambda: open(outside, "w"), root=lambda: os.listdir("/"),
        )
        for name, act in acts.items():
            try:
                act()
                print("could", name)
            except PermissionError:
                pass
        thread = threading.Thread(target=lambda: print("a thread runs"))
        thread.start(); thread.join()
        print(sorted(done))
    """
    (tmp_path / "home").mkdir()
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    if "['files', 'processes']" not in ran.stdout:
        pytest.skip(f"this kernel cannot confine: {ran.stdout} {ran.stderr[-300:]}")
    assert ran.stdout == "a thread runs\n['files', 'processes']\n"

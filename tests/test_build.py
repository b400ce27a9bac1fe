"""The notebook pipeline: what a source builds, what it refuses, what `--check` finds, what an execution stores."""

import base64
import io
import json
import random
import re
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_output
from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "instructor" / "tools"))
import build as pipeline  # noqa: E402
import lesson_execution  # noqa: E402
from lesson_notebooks import read_notebook, write  # noqa: E402
from lesson_source import BuildError, fill_numbers, lessons, strip_solution  # noqa: E402
from start_page import start_of  # noqa: E402

SOURCE = '''# %% [markdown]
# # 09 A lesson
# The run ended at {{ trial.final.0.accuracy:.1f }} per cent, $x_{{i}}$ and all.

# %%
import os

def double(x):
    """Twice `x`."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION

# %%
class Head:
    def forward(self, x):
        """x as it is."""
        y = x
        ### BEGIN SOLUTION
        z = y
        return z
        ### END SOLUTION

# %% tags=["solution-only"]
print(double(21))

# %% [markdown] tags=["solution-only"]
# For teachers only.

# %% id="names"
print(os.environ["AIMSSSL_PROFILE"], os.getcwd())

# %%
print(1)

# %%
print(1)
'''


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small course: one lesson and one recorded run."""
    (tmp_path / "instructor" / "tools").mkdir(parents=True)
    (tmp_path / "data" / "recorded_runs" / "trial").mkdir(parents=True)
    (tmp_path / "instructor" / "09_test.py").write_text(SOURCE, encoding="utf-8")
    result = {"final": [{"accuracy": 46.24}], "seconds": 61.0}
    (tmp_path / "data" / "recorded_runs" / "trial" / "result.json").write_text(json.dumps(result))
    return tmp_path


def lesson(root: Path):
    return pipeline.lessons(root)[0]


def change(root: Path, old: str, new: str) -> None:
    path = root / "instructor" / "09_test.py"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def pretend_execution(root: Path) -> None:
    """Give every code cell an output, as an execution does, without a kernel."""
    pipeline.build(root)
    notebook = read_notebook(lesson(root).instructor)
    for count, cell in enumerate((c for c in notebook.cells if c.cell_type == "code"), start=1):
        cell.outputs, cell.execution_count = [new_output("stream", name="stdout", text=f"output {count}\n")], count
    digest = pipeline.source_hash(pipeline.read_cells(lesson(root)))
    notebook.metadata["aimsssl"] = {"source_hash": digest, "profile": "cpu"}
    for path, data in pipeline.outputs_of(lesson(root), notebook).items():
        write(path, data)


def sources(path: Path) -> list[str]:
    return [cell.source for cell in read_notebook(path).cells]


# ---- what is built


def test_the_students_notebook_has_stubs_and_no_teachers_cells(root):
    pipeline.build(root)
    student = read_notebook(lesson(root).student)
    text = "\n".join(cell.source for cell in student.cells)
    assert "SOLUTION" not in text and "2 * x" not in text and "double(21)" not in text and "teachers" not in text
    assert '    """Twice `x`."""\n    raise NotImplementedError  # replace this line with your code' in text
    assert "        y = x\n        raise NotImplementedError  # replace this line with your code" in text
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in student.cells)
    assert len(student.cells) == 7, "and the one that installs the course"


PROJECT = '[project]\nname = "course"\n'
URLS = '[project.urls]\nRepository = "https://github.com/someone/course/"\n'


@pytest.mark.parametrize(
    "project,source", [(None, ""), (PROJECT, ""), (PROJECT + URLS, "course @ git+https://github.com/someone/course")]
)
def test_a_students_notebook_installs_the_course_where_it_is_missing(root, project, source, monkeypatch):
    if project:
        (root / "pyproject.toml").write_text(project, encoding="utf-8")
    pipeline.build(root)
    cells = read_notebook(lesson(root).student).cells
    assert "install" not in "".join(sources(lesson(root).instructor))
    linked = [cell.source for cell in cells if "colab.research.google.com" in cell.source]
    assert len(linked) == bool(source)
    assert all("github/someone/course/blob/HEAD/lessons/09_test.ipynb" in text for text in linked), (
        "no address is invented"
    )
    (cell,) = [cell for cell in cells if "find_spec" in cell.source]
    assert cells[: cells.index(cell)] == [one for one in cells[: cells.index(cell)] if one.cell_type == "markdown"]

    asked = []
    monkeypatch.setattr("subprocess.run", lambda command, check: asked.append(command))
    monkeypatch.delenv("AIMSSSL_SOURCE", raising=False)
    exec(cell.source, {})
    assert asked == [], "the course is here: nothing is installed"
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    if source:
        exec(cell.source, {})
    else:
        with pytest.raises(ModuleNotFoundError, match="write the course's address"):
            exec(cell.source, {})
    monkeypatch.setenv("AIMSSSL_SOURCE", "a.whl")
    exec(cell.source, {})
    assert [command[-1] for command in asked] == [*filter(None, [source]), "a.whl"]


def test_the_instructors_notebook_has_everything(root):
    pipeline.build(root)
    text = "\n".join(sources(lesson(root).instructor))
    assert "return 2 * x" in text and "double(21)" in text and "For teachers only." in text
    assert len(sources(lesson(root).instructor)) == 8


def test_notebooks_are_valid_and_name_no_python_version(root):
    pipeline.build(root)
    for path in (lesson(root).student, lesson(root).instructor):
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
        assert notebook.metadata.kernelspec.name == "python3"
        assert "version" not in notebook.metadata.language_info


def test_building_twice_writes_once_and_gives_the_same_bytes(root):
    written = pipeline.build(root)
    assert sorted(written) == sorted([lesson(root).student, lesson(root).instructor])
    first = lesson(root).student.read_bytes()
    assert pipeline.build(root) == []
    lesson(root).student.unlink()
    assert pipeline.build(root) == [lesson(root).student]
    assert lesson(root).student.read_bytes() == first


def test_cell_ids_are_unique_and_survive_an_insertion(root):
    pipeline.build(root)
    before = {cell.id: cell.source for cell in read_notebook(lesson(root).instructor).cells}
    assert len(before) == 8  # two cells are equal, their ids are not
    change(root, "# %% tags", "# %%\nprint('new')\n\n# %% tags")
    pipeline.build(root)
    after = {cell.id: cell.source for cell in read_notebook(lesson(root).instructor).cells}
    assert before.items() <= after.items() and len(after) == 9


def test_a_named_cell_keeps_its_id_when_its_code_changes(root):
    pipeline.build(root)
    before = {cell.id for cell in read_notebook(lesson(root).instructor).cells}
    change(root, "os.getcwd()", "os.getcwd(), 2")
    pipeline.build(root)
    assert {cell.id for cell in read_notebook(lesson(root).instructor).cells} == before


# ---- numbers in prose


def test_numbers_come_from_recorded_runs(root):
    pipeline.build(root)
    assert "ended at 46.2 per cent, $x_{{i}}$ and all" in sources(lesson(root).student)[0]
    assert sources(lesson(root).student)[0] == sources(lesson(root).instructor)[0]


def test_a_top_level_file_and_minutes(root):
    (root / "data" / "recorded_runs" / "times.json").write_text('{"04": {"cpu": {"seconds": 412.0}}}')
    assert fill_numbers(lesson(root), "{{ times.04.cpu.seconds:minutes }} min") == "7 min"
    assert fill_numbers(lesson(root), "{{times.04.cpu.seconds:.0f}} s") == "412 s"


def test_a_key_of_several_words_is_written_with_underscores(root):
    file = root / "data" / "recorded_runs" / "sick.json"
    file.write_text('{"LARS at rate 0.001": {"knn": 0.25}, "a b": 1, "a.b": 2, "a_b": 3, "c d": 4, "c.d": 5}')
    assert fill_numbers(lesson(root), "{{ sick.LARS_at_rate_0_001.knn:.2f }}") == "0.25"
    assert fill_numbers(lesson(root), "{{ sick.a_b }}") == "3"
    with pytest.raises(BuildError, match="'c_d' is not in"):  # two keys look like it
        fill_numbers(lesson(root), "{{ sick.c_d }}")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{ trial.final.1.accuracy:.2f }}", ["09_test.py", "'final.1.accuracy'", "recorded_runs/trial/result.json"]),
        ("{{ trial.nothing }}", ["09_test.py", "'nothing'", "recorded_runs/trial/result.json"]),
        ("{{ no_run.key }}", ["09_test.py", "'key'", "recorded_runs/no_run/result.json"]),
        ("{{ trial.final:.2f }}", ["does not fit the format '.2f'"]),
        ("{{ trial final }}", ["run.key:format"]),
        ("{{ lesson_minutes.08.cpu.seconds:minutes }}", ["recorded_runs/lesson_minutes.json"]),
    ],
)
def test_a_number_that_cannot_be_filled_is_named(root, text, words):
    with pytest.raises(BuildError) as error:
        fill_numbers(lesson(root), text)
    assert all(word in str(error.value) for word in words)


# ---- what is refused


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def f():\n    ### BEGIN SOLUTION\n    return 1", "without ### END SOLUTION"),
        ("def f():\n    return 1\n    ### END SOLUTION", "without ### BEGIN SOLUTION"),
        ("def f():\n    ### BEGIN SOLUTION\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION", "twice"),
        ("### BEGIN SOLUTION\nx = 1\n### END SOLUTION", "outside of a function"),
        ('def f():\n    ### BEGIN SOLUTION\n    """Doc."""\n    return 1\n    ### END SOLUTION', "docstring of f"),
        ("def f(x):\n    ### BEGIN SOLUTION\n    if x:\n    ### END SOLUTION\n        return 1", "not Python"),
        ("def f():\n    return 1  ### BEGIN SOLUTION", "SOLUTION is left"),
        ("def f():\n    ### BEGIN SOLUTION:\n    return 1\n    ### END SOLUTION", "without ### BEGIN SOLUTION"),
    ],
)
def test_a_broken_solution_block_is_refused(root, code, words):
    with pytest.raises(BuildError, match=words):
        strip_solution(lesson(root), code)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("# %% [markdown]\n# only prose\n", "no code cell"),
        ("# %%\nx = = 1\n", "not Python"),
        ("# %%\n# %matplotlib inline\n", "magics are not used"),
        ("# %%\nx = 1\n\n# %% [markdown]\n# The SOLUTION is 1.\n", "SOLUTION is left"),
    ],
)
def test_a_broken_source_is_refused_and_nothing_is_written(root, source, words):
    (root / "instructor" / "09_test.py").write_text(source)
    with pytest.raises(BuildError, match=words):
        pipeline.build(root)
    assert not lesson(root).student.exists() and not lesson(root).instructor.exists()
    assert len(pipeline.check(root)) == 1 and words in pipeline.check(root)[0]


# ---- what --check finds


def test_check_passes_after_build_and_execution(root, capsys):
    pretend_execution(root)
    assert pipeline.check(root) == []
    assert pipeline.main(["--check"], root) == 0
    assert "up to date" in capsys.readouterr().out


def test_check_names_what_is_missing_and_writes_nothing(root, capsys):
    assert pipeline.main(["--check"], root) == 1
    out = capsys.readouterr().out
    assert "lessons/09_test.ipynb is missing" in out and "instructor/09_test.ipynb is missing" in out
    assert not lesson(root).student.exists()


def test_check_names_a_notebook_that_was_edited_by_hand(root):
    pretend_execution(root)
    text = lesson(root).student.read_text(encoding="utf-8")
    lesson(root).student.write_text(text.replace("print(1)", "print(2)"), encoding="utf-8")
    assert pipeline.check(root) == ["lessons/09_test.ipynb is not what 09_test.py builds: run `make build`"]


def test_check_names_outputs_that_are_absent_or_of_another_profile(root):
    pipeline.build(root)
    assert pipeline.check(root) == ["instructor/09_test.ipynb has no outputs: run `build.py --execute 09`"]
    assert pipeline.main(["--check"], root) == 0, "it is named: an execution takes minutes of a quiet machine"
    pretend_execution(root)
    assert ["of the profile cpu, not gpu" in reason for reason in pipeline.check(root, profile="gpu")] == [True]


def test_check_names_outputs_older_than_the_code_but_not_than_the_prose(root):
    pretend_execution(root)
    change(root, "# # 09 A lesson", "# # 09 Another title")
    pipeline.build(root)
    assert pipeline.check(root) == []
    change(root, "return 2 * x", "return x + x")
    pipeline.build(root)
    assert pipeline.check(root) == [
        "instructor/09_test.ipynb has outputs that are older than its source: run `build.py --execute 09`"
    ]


def test_outputs_of_unchanged_cells_are_kept(root):
    pretend_execution(root)
    change(root, "return 2 * x", "return x + x")
    pipeline.build(root)
    cells = [cell for cell in read_notebook(lesson(root).instructor).cells if cell.cell_type == "code"]
    assert [bool(cell.outputs) for cell in cells] == [False, True, True, True, True, True]
    assert cells[1].outputs[0].text == "output 2\n" and cells[1].execution_count == 2


def test_own_minutes_are_a_question_mark_until_they_are_measured(root):
    change(root, "# # 09 A lesson", "# # 09 A lesson of {{ lesson_minutes.09.cpu.seconds:minutes }} minutes")
    pretend_execution(root)
    assert sources(lesson(root).student)[0].startswith("# 09 A lesson of ? minutes")
    assert pipeline.check(root) == [
        "instructor/09_test.ipynb has minutes that were never measured under cpu: run `build.py --execute 09`"
    ]
    lesson(root).minutes_file.write_text('{"09": {"cpu": {"seconds": 61}}}')
    pipeline.build(root)
    assert sources(lesson(root).student)[0].startswith("# 09 A lesson of 2 minutes")
    assert pipeline.check(root) == []


def test_check_names_a_notebook_without_source(root):
    pretend_execution(root)
    (root / "lessons" / "08_old.ipynb").write_bytes(lesson(root).student.read_bytes())
    assert pipeline.check(root) == ["lessons/08_old.ipynb has no source"]


# ---- execution


def test_execute_stores_outputs_hash_and_minutes(root):
    change(root, "# # 09 A lesson", "# # 09 A lesson of {{ lesson_minutes.09.ci.seconds:minutes }} minute")
    assert pipeline.main(["--execute", "09", "--profile", "ci"], root) == 0
    notebook = read_notebook(lesson(root).instructor)
    printed = [output.text for cell in notebook.cells for output in cell.get("outputs", [])]
    assert printed == ["42\n", "ci ./instructor\n", "1\n", "1\n"]
    assert "widgets" not in notebook.metadata
    assert notebook.cells[0].source.startswith("# 09 A lesson of 1 minute")
    assert "lesson of 1 minute" in sources(lesson(root).student)[0]
    assert all("execution" not in cell.metadata for cell in notebook.cells)
    measured = json.loads((root / "data" / "recorded_runs" / "lesson_minutes.json").read_text())["09"]["ci"]
    assert measured["seconds"] > 0 and measured["speed"] > 0
    assert measured["source_hash"] == notebook.metadata.aimsssl.source_hash
    assert pipeline.check(root, profile="ci") == []


def test_execute_trains_anew_so_that_its_minutes_are_true(root):
    mine, another = (root / "instructor" / "runs" / name for name in ("09_simclr_ci", "08_simclr_ci"))
    for run in (mine, another):
        run.mkdir(parents=True)
    assert pipeline.main(["--execute", "09", "--profile", "ci"], root) == 0
    assert not mine.exists() and another.exists()


def test_a_cell_that_raises_is_named_and_nothing_is_stored(root, capsys):
    change(root, "print(double(21))", "print(undefined_name)")
    assert pipeline.main(["--execute", "09", "--profile", "ci"], root) == 1
    assert "undefined_name" in capsys.readouterr().err
    assert not lesson(root).instructor.exists()
    assert not lesson(root).minutes_file.exists()


def test_an_unknown_lesson_is_named(root, capsys):
    assert pipeline.main(["--execute", "77"], root) == 1
    assert "no lesson 77; there are 09" in capsys.readouterr().err


def notebook_with(root: Path, *outputs: dict):
    notebook = pipeline.outputs_of(lesson(root))[lesson(root).instructor]
    notebook = nbformat.reads(notebook.decode(), as_version=4)
    notebook.cells[1].outputs = [new_output("display_data", data=data) for data in outputs]
    notebook.metadata["widgets"] = {"state": {}}
    return notebook


def test_a_widget_leaves_its_static_picture_and_text(root):
    data = {lesson_execution.WIDGET: {"model_id": "1"}, "image/png": "aGk=", "text/plain": f"{root}/x /tmp/h/y"}
    notebook = notebook_with(root, data)
    lesson_execution.tidy_outputs(lesson(root), notebook, home="/tmp/h")
    assert notebook.cells[1].outputs[0].data == {"image/png": "aGk=", "text/plain": "./x ~/.aimsssl/y"}
    assert "widgets" not in notebook.metadata


def test_a_widget_without_a_static_picture_is_refused(root):
    notebook = notebook_with(root, {lesson_execution.WIDGET: {"model_id": "1"}, "text/plain": "VBox()"})
    with pytest.raises(BuildError, match="cell 2 .* shows a widget without a static picture"):
        lesson_execution.tidy_outputs(lesson(root), notebook)


def test_large_outputs_are_refused(root):
    with pytest.raises(BuildError, match="cell 2 .* has an output of 400 kB; at most 300 kB"):
        lesson_execution.tidy_outputs(lesson(root), notebook_with(root, {"image/png": "x" * 400_000}))
    with pytest.raises(BuildError, match="outputs are 1.8 MB together; at most 1.4 MB"):
        lesson_execution.tidy_outputs(lesson(root), notebook_with(root, *[{"image/png": "x" * 299_000}] * 6))


def test_a_large_picture_is_stored_smaller_in_both_places(root):
    buffer = io.BytesIO()
    Image.frombytes("RGB", (400, 300), random.Random(0).randbytes(400 * 300 * 3)).save(buffer, "png")
    large = base64.b64encode(buffer.getvalue()).decode()
    data = {"image/png": large, "text/html": f'<img alt="noise" src="data:image/png;base64,{large}">'}
    notebook = notebook_with(root, data)
    lesson_execution.tidy_outputs(lesson(root), notebook)
    stored = notebook.cells[1].outputs[0].data
    assert len(stored["image/png"]) <= lesson_execution.MAX_PICTURE < len(large)
    assert stored["text/html"] == f'<img alt="noise" src="data:image/png;base64,{stored["image/png"]}">'
    width, height = Image.open(io.BytesIO(base64.b64decode(stored["image/png"]))).size
    assert 100 < width < 400 and abs(width / height - 4 / 3) < 0.02


# ---- the course itself


def test_the_sources_of_the_course_build():
    assert {lesson.number for lesson in pipeline.lessons(ROOT)} >= {"01", "02", "03", "05", "06", "07"}
    for course_lesson in pipeline.lessons(ROOT):
        for cell in pipeline.read_cells(course_lesson):
            if cell.cell_type == "code" and "solution-only" not in cell.metadata.get("tags", []):
                strip_solution(course_lesson, cell.source)


# ---- the start page


def test_the_start_page_lists_every_lesson_with_its_minutes_and_shows_progress(monkeypatch, tmp_path, capsys):
    ((path, data),) = start_of(ROOT).items()
    text, code = (cell.source for cell in nbformat.reads(data.decode(), as_version=4).cells)
    for lesson in lessons(ROOT):
        row = next(line for line in text.splitlines() if f"({lesson.student.name})" in line)
        assert all(10 <= int(minutes) <= 120 for minutes in re.findall(r"(\d+) min", row)[:2]), row
        assert (path.parent / lesson.student.name).exists()
    monkeypatch.setenv("AIMSSSL_HOME", str(tmp_path))
    exec(code, {})
    assert "0 of " in capsys.readouterr().out


def test_a_course_without_a_template_has_no_start_page_and_a_template_needs_its_place(tmp_path):
    (tmp_path / "instructor" / "tools").mkdir(parents=True)
    assert start_of(tmp_path) == {}
    (tmp_path / "instructor" / "tools" / "start_template.md").write_text("# Here")
    with pytest.raises(BuildError, match="start_template.md: there is no {{ lessons }}"):
        start_of(tmp_path)

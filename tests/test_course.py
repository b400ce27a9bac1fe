"""The course comes with the package: copied without touching a student's work, complete in the wheel."""

import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from helpers import built_wheel
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from aimsssl import course

ROOT = Path(__file__).parents[1]
FIRST = "01_pretext_tasks.ipynb"
BESIDE = "01_pretext_tasks-1.ipynb"


@pytest.fixture
def source(tmp_path, monkeypatch) -> Path:
    """A course of three files, that a test can renew."""
    folder = tmp_path / "installed"
    (folder / "pictures").mkdir(parents=True)
    for name in (FIRST, "GLOSSARY.md", "pictures/first.png", "runs/old/config.json", ".ipynb_checkpoints/x.ipynb"):
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text(f"{name}, version 1")
    monkeypatch.setattr(course, "LESSONS", folder)
    return folder


def files(folder: Path) -> dict[str, str]:
    found = {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*") if p.is_file()}
    return {name: text for name, text in found.items() if name != course.LIST}


def test_a_course_is_delivered_once_and_quietly_after_that(source, tmp_path):
    told = course.deliver(tmp_path / "mine", "1")
    assert told == [f"3 files of the course are now in {tmp_path / 'mine' / 'lessons'}"]
    assert set(files(tmp_path / "mine" / "lessons")) == {FIRST, "GLOSSARY.md", "pictures/first.png"}
    assert course.deliver(tmp_path / "mine", "1") == []


def test_what_a_student_wrote_is_never_overwritten(source, tmp_path):
    mine = tmp_path / "mine" / "lessons"
    course.deliver(tmp_path / "mine", "1")
    (mine / FIRST).write_text("my work")
    (mine / "my_notes.ipynb").write_text("mine alone")
    (mine / "GLOSSARY.md").unlink()
    assert course.deliver(tmp_path / "mine", "1") == [f"1 files of the course are now in {mine}"]
    assert files(mine)[FIRST] == "my work" and files(mine)["GLOSSARY.md"] == "GLOSSARY.md, version 1"

    for name in (FIRST, "GLOSSARY.md"):
        (source / name).write_text(f"{name}, version 2")
    told = course.deliver(tmp_path / "mine", "2")
    assert told == [
        f"{FIRST} has your work and stays as it is: go on in it, and hand it in. The new version is beside it, "
        "01_pretext_tasks-2.ipynb: if yours no longer runs, copy your answers into that one and hand that one in",
        "GLOSSARY.md is renewed: you had not changed it",
    ]
    assert files(mine) == {
        FIRST: "my work",
        "01_pretext_tasks-2.ipynb": f"{FIRST}, version 2",
        "GLOSSARY.md": "GLOSSARY.md, version 2",
        "pictures/first.png": "pictures/first.png, version 1",
        "my_notes.ipynb": "mine alone",
    }
    assert course.deliver(tmp_path / "mine", "2") == [], "told once"


@pytest.mark.parametrize("damage", [None, "{", "[]", '{"01_pretext_tasks.ipynb": 3}'])
def test_without_its_list_every_file_that_differs_is_the_students(source, tmp_path, damage):
    mine = tmp_path / "mine" / "lessons"
    course.deliver(tmp_path / "mine", "1")
    (mine / FIRST).write_text("my work")
    (mine / course.LIST).unlink()
    if damage is not None:
        (mine / course.LIST).write_text(damage)
    (source / FIRST).write_text("version 2")
    course.deliver(tmp_path / "mine", "2")
    assert files(mine)[FIRST] == "my work" and files(mine)["01_pretext_tasks-2.ipynb"] == "version 2"


def notebook(*texts: str, **more) -> str:
    """A notebook as the course has it: a title, then a code cell for each text, each without outputs."""
    cells = [new_markdown_cell("# Title"), *map(new_code_cell, texts)]
    return nbformat.writes(new_notebook(cells=cells, **more))


def saved_by_jupyterlab(text: str) -> str:
    """The same notebook after it was opened, run to its end and saved."""
    opened = nbformat.reads(text, as_version=4)
    opened.metadata = {"kernelspec": {"display_name": "Python 3 (ipykernel)", "name": "python3"}, "widgets": {}}
    for number, cell in enumerate(opened.cells):
        cell.id = f"new-{number}"
        cell.metadata = {"trusted": True}
        if cell.cell_type == "code":
            cell.execution_count, cell.outputs = number, [new_output("stream", text="0.97")]
    opened.cells.append(new_code_cell(""))
    return nbformat.writes(opened)


def one_string_a_cell(text: str) -> str:
    opened = json.loads(text)
    for cell in opened["cells"]:
        cell["source"] = "".join(cell["source"]).replace("\n", "\r\n")
    return json.dumps(opened)


def edited(text: str, number: int = 1, answer: str = "my answer") -> str:
    opened = nbformat.reads(text, as_version=4)
    opened.cells[number].source += answer
    return nbformat.writes(opened)


OPENED = {"saved by JupyterLab": saved_by_jupyterlab, "one string a cell": one_string_a_cell}
WORK = {
    "an answer": edited,
    "a note": lambda text: edited(text, 0),
    "a space": lambda text: edited(text, 1, " "),
    "a cell more": lambda text: notebook("x = 1\ny = 2", "z = 3", "mine"),
    "a cell less": lambda text: notebook("x = 1\ny = 2"),
    "another order": lambda text: notebook("z = 3", "x = 1\ny = 2"),
    "a picture": lambda text: text.replace('"metadata": {},', '"attachments": {"a.png": {}}, "metadata": {},', 1),
    "damaged": lambda text: text[:-20],
    "no notebook": lambda text: "[1, 2]",
    "an older format": lambda text: '{"worksheets": []}',
}


@pytest.mark.parametrize("change", OPENED.values(), ids=OPENED)
def test_to_open_run_and_save_a_lesson_is_no_work(source, tmp_path, change):
    mine = tmp_path / "mine" / "lessons"
    (source / FIRST).write_text(notebook("x = 1\ny = 2", "z = 3"))
    course.deliver(tmp_path / "mine", "1")
    opened = change((mine / FIRST).read_text())
    (mine / FIRST).write_text(opened)
    assert course.deliver(tmp_path / "mine", "1") == [] and (mine / FIRST).read_text() == opened, "outputs stay"
    (source / FIRST).write_text(notebook("x = 1\ny = 2", "z = 4"))
    assert course.deliver(tmp_path / "mine", "1") == [f"{FIRST} is renewed: you had not changed it"]
    assert (mine / FIRST).read_text() == (source / FIRST).read_text()


@pytest.mark.parametrize("change", WORK.values(), ids=WORK)
def test_all_that_is_written_in_a_cell_is_work(source, tmp_path, change):
    mine = tmp_path / "mine" / "lessons"
    (source / FIRST).write_text(notebook("x = 1\ny = 2", "z = 3"))
    course.deliver(tmp_path / "mine", "1")
    work = change(saved_by_jupyterlab((mine / FIRST).read_text()))
    assert work != (mine / FIRST).read_text()
    (mine / FIRST).write_text(work)
    (source / FIRST).write_text(notebook("x = 1\ny = 2", "z = 4"))
    course.deliver(tmp_path / "mine", "1")
    assert (mine / FIRST).read_text() == work
    assert (mine / BESIDE).read_text() == (source / FIRST).read_text()


@pytest.mark.parametrize("name", [FIRST, "GLOSSARY.md", "pictures/first.png"])
@pytest.mark.parametrize("forget", [False, True], ids=["", "the list is lost"])
def test_the_copy_beside_is_the_students_as_soon_as_it_is_changed(source, tmp_path, name, forget):
    """Pull after pull under one version number: whatever was written, in whichever copy, is there at the end."""
    mine, path = tmp_path / "mine" / "lessons", Path(name)

    def pull(text: str) -> list[str]:
        (source / name).write_text(notebook(text) if name == FIRST else text)
        if forget:
            (mine / course.LIST).unlink(missing_ok=True)
        return course.deliver(tmp_path / "mine", "1")

    def write(copy: Path, text: str) -> None:
        copy.write_text(edited(copy.read_text(), 1, text) if name == FIRST else copy.read_text() + text)

    def copies() -> list[str]:
        """Of the lesson, and of the two copies as far as they are there: how often "mine", and which version."""
        texts = [copy.read_text() for copy in (lesson, beside, second) if copy.exists()]
        return [f"{text.count('mine')} in {re.search('version .', text)[0]}" for text in texts]

    lesson = mine / name
    beside, second = (lesson.with_name(f"{path.stem}-1{number}{path.suffix}") for number in ("", "-2"))
    pull("version a")
    write(lesson, "mine")
    pull("version b")
    assert copies() == ["1 in version a", "0 in version b"]
    write(beside, "mine mine")
    assert second.name in pull("version c")[0]
    assert copies() == ["1 in version a", "2 in version b", "0 in version c"]
    if not forget:
        pull("version d")
        assert copies() == ["1 in version a", "2 in version b", "0 in version d"], "an untouched copy is renewed"
        second.unlink()
        assert pull("version d") == [] and not second.exists(), "a copy that is deleted stays away"
        beside.unlink()
        pull("version e")
        assert copies() == ["1 in version a", "0 in version e"]
        lesson.unlink()
        pull("version e")
        assert copies() == ["0 in version e", "0 in version e"], "the lesson itself comes back"


@pytest.mark.parametrize("touched", [False, True], ids=["untouched", "changed"])
def test_a_list_of_an_earlier_version_is_understood(source, tmp_path, touched):
    """It has the hashes of the files' bytes, and no copies beside."""
    mine = tmp_path / "mine" / "lessons"
    (source / FIRST).write_text(notebook("version a"))
    course.deliver(tmp_path / "mine", "1")
    (mine / course.LIST).write_text(json.dumps({FIRST: hashlib.sha256((source / FIRST).read_bytes()).hexdigest()}))
    if touched:
        (mine / FIRST).write_text(edited(notebook("version a")))
        (mine / BESIDE).write_text("my work in a copy that nobody noted")
    assert course.deliver(tmp_path / "mine", "1") == [], "nothing is new"
    (source / FIRST).write_text(notebook("version b"))
    course.deliver(tmp_path / "mine", "1")
    if touched:
        assert "my answer" in (mine / FIRST).read_text() and "my work" in (mine / BESIDE).read_text()
        assert (mine / "01_pretext_tasks-1-2.ipynb").read_text() == (source / FIRST).read_text()
    else:
        assert (mine / FIRST).read_text() == (source / FIRST).read_text()
        assert not (mine / BESIDE).exists()


def test_a_delivery_that_was_stopped_is_finished_and_takes_nothing_for_work(source, tmp_path, monkeypatch):
    mine, write = tmp_path / "mine" / "lessons", course._write
    course.deliver(tmp_path / "mine", "1")
    (mine / "GLOSSARY.md").write_text("my work")

    def stopped(path: Path, content: bytes) -> None:
        if path.name == "first.png":
            raise KeyboardInterrupt
        write(path, content)

    for name in (FIRST, "GLOSSARY.md", "pictures/first.png"):
        (source / name).write_text("version 2")
    monkeypatch.setattr(course, "_write", stopped)
    with pytest.raises(KeyboardInterrupt):
        course.deliver(tmp_path / "mine", "2")
    monkeypatch.undo()
    monkeypatch.setattr(course, "LESSONS", source)
    assert course.deliver(tmp_path / "mine", "2") == ["pictures/first.png is renewed: you had not changed it"]
    (source / FIRST).write_text("version 3")
    assert course.deliver(tmp_path / "mine", "3") == [f"{FIRST} is renewed: you had not changed it"]
    assert files(mine)["GLOSSARY.md"] == "my work" and not [name for name in files(mine) if ".new-" in name]


def test_killed_between_a_file_and_the_list_loses_nothing(source, tmp_path):
    mine = tmp_path / "mine" / "lessons"
    course.deliver(tmp_path / "mine", "1")
    (mine / FIRST).write_text("my work")
    before = (mine / course.LIST).read_text()
    (source / FIRST).write_text("version 2")
    told = course.deliver(tmp_path / "mine", "2")
    (mine / course.LIST).write_text(before)
    assert course.deliver(tmp_path / "mine", "2") == told, "told again, and not copied again"
    assert {name for name in files(mine) if name.startswith("01")} == {FIRST, "01_pretext_tasks-2.ipynb"}


def test_a_file_that_cannot_be_replaced_stays_and_hinders_no_other(source, tmp_path, monkeypatch):
    """Read-only or open in another program, on Windows; a folder in its place, anywhere."""
    mine, replace = tmp_path / "mine" / "lessons", os.replace
    course.deliver(tmp_path / "mine", "1")
    (mine / "pictures" / "first.png").unlink()
    (mine / "pictures" / "first.png").mkdir()
    for name in (FIRST, "GLOSSARY.md", "pictures/first.png"):
        (source / name).write_text("version 2")

    def held(old, new) -> None:
        if Path(new).name == FIRST:
            raise PermissionError(13, "Permission denied")
        replace(old, new)

    monkeypatch.setattr(os, "replace", held)
    told = course.deliver(tmp_path / "mine", "2")
    assert told[:2] == [
        f"{FIRST} stays as it is: it cannot be renewed (Permission denied)",
        "GLOSSARY.md is renewed: you had not changed it",
    ]
    assert told[2].startswith("pictures/first.png stays as it is") and len(told) == 3
    monkeypatch.setattr(os, "replace", replace)
    assert course.deliver(tmp_path / "mine", "2")[0] == f"{FIRST} is renewed: you had not changed it"


def test_a_file_that_is_missing_and_cannot_be_written_is_an_error(source, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
    with pytest.raises(PermissionError):
        course.deliver(tmp_path / "mine", "1")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is read-only to root, or here")
def test_a_course_that_is_read_only_and_complete_can_be_opened(source, tmp_path):
    mine = tmp_path / "mine" / "lessons"
    course.deliver(tmp_path / "mine", "1")
    mine.chmod(0o555)
    try:
        assert course.deliver(tmp_path / "mine", "1") == []
    finally:
        mine.chmod(0o755)


def test_an_installation_without_lessons_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(course, "LESSONS", tmp_path / "nothing")
    with pytest.raises(FileNotFoundError, match="install aimsssl anew"):
        course.deliver(tmp_path / "mine", "1")


# ---- the wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel of a clean copy of the repository, built without a network."""
    place = tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True)
    if listed.returncode:
        pytest.skip("needs git and a clone: the wheel is built from the files that git knows")
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (place / "source" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, place / "source" / name)
    return built_wheel(place / "source", place)


def test_the_wheel_has_the_course_and_neither_solutions_nor_tests(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    lessons = {
        f"aimsssl/_course/lessons/{p.name}" for p in (ROOT / "lessons").glob("*") if p.suffix in (".ipynb", ".md")
    }
    recorded = {f"aimsssl/_course/recorded_runs/{p.parent.name}/{p.name}"
                for p in (ROOT / "data" / "recorded_runs").glob("*/result.json")}  # fmt: skip
    assert len(lessons) >= 7 and len(recorded) >= 20 and lessons | recorded <= names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"aimsssl"}
    assert not [name for name in names if "/runs/" in name or "checkpoint" in name]
    assert sum(info.file_size for info in zipfile.ZipFile(wheel).infolist()) < 20e6


def test_two_lessons_run_from_the_wheel_alone(wheel, tmp_path):
    """Without the repository, in an empty folder; nothing is written beside the installed package."""
    site, place = tmp_path / "site", tmp_path / "empty"
    zipfile.ZipFile(wheel).extractall(site)
    place.mkdir()
    before = {p: p.stat().st_mtime_ns for p in sorted(site.rglob("*"))}
    for path in [*before, site]:
        path.chmod(stat.S_IREAD | (stat.S_IEXEC if path.is_dir() else 0))
    environment = {**os.environ, "PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}

    def run(*words: str, cwd: Path = place) -> str:
        done = subprocess.run([sys.executable, *words], cwd=cwd, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    try:
        code = "import aimsssl.course as c; assert not c.CLONE; print(c.__file__, *c.deliver(c.Path('.'), '1'))"
        told = run("-c", code)
        assert str(site) in told and "files of the course are now in" in told
        # no conftest of the repository is above; --rootdir keeps pytest from looking for one
        notebooks = [f"lessons/{name}" for name in ("02_augmentations.ipynb", "03_nt_xent.ipynb")]
        run(
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            f"--rootdir={place}",
            "--nbval-lax",
            "--nbval-current-env",
            *notebooks,
        )
        assert {p: p.stat().st_mtime_ns for p in sorted(site.rglob("*"))} == before
    finally:
        for path in [site, *before]:
            path.chmod(stat.S_IRWXU)
    assert json.loads((place / "lessons" / course.LIST).read_text())

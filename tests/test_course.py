"""The course comes with the package: copied without touching a student's work, complete in the wheel."""

import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from helpers import built_wheel

from aimsssl import course

ROOT = Path(__file__).parents[1]
FIRST = "01_pretext_tasks.ipynb"


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
        f"{FIRST} has your work and stays as it is; the new version is 01_pretext_tasks-2.ipynb, beside it",
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

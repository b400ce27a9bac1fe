"""The handout: complete enough to install, and without a line of the instructor's side."""

import json
import re
import shutil
import sys
import zipfile
from pathlib import Path

import pytest
from helpers import built_wheel

from aimsssl import cli, course, handout

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "instructor" / "tools"))
from lesson_source import BEGIN, END, lessons  # noqa: E402

PICTURE = re.compile(r"!?\[[^\]]*\]\(([^)#]+)[^)]*\)")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("class") / "aimsssl"
    handout.hand_out(target)
    return target


def solutions() -> dict[str, list[str]]:
    """The lines of every solution of the course, by its function."""
    found = {}
    for lesson in lessons(ROOT):
        source = lesson.source.read_text(encoding="utf-8")
        for block in re.findall(rf"{BEGIN}\n(.*?)\n *{END}", source, re.DOTALL):
            before = source[: source.index(block)]
            name = re.findall(r"^(?:def|class) (\w+)", before, re.MULTILINE)[-1]
            found.setdefault(f"{lesson.number} {name}", []).extend(line.strip() for line in block.splitlines())
    return found


def text_of(path: Path) -> str:
    """A file as text, a notebook as the text of its cells and outputs."""
    if path.suffix == ".ipynb":
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return "\n".join("".join(cell["source"]) + json.dumps(cell.get("outputs", [])) for cell in cells)
    return path.read_bytes().decode("utf-8", errors="replace")


def test_it_has_what_an_installation_needs_and_no_more(folder):
    top = {path.name for path in folder.iterdir()}
    assert top == {"README.md", *handout.TAKEN}
    assert {path.name for path in (folder / "lessons").glob("*.ipynb")} == {
        "00_start.ipynb",
        *(lesson.student.name for lesson in lessons(ROOT)),
    }
    assert (folder / "data" / "recorded_runs" / "table" / "result.json").is_file()
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*")]
    assert not [
        name for name in names if re.search(r"__pycache__|checkpoint|\.venv|(^|/)runs(/|$)|instructor|tests?/", name)
    ]


def test_no_solution_text_is_in_it(folder):
    """Nowhere but in aimsssl/exercises, which has the functions that a lesson goes on with where none is solved."""
    wanted = {name: "".join("".join(lines).split()) for name, lines in solutions().items()}
    assert len(wanted) >= 25
    exercises = folder / "aimsssl" / "exercises"
    assert not list(folder.rglob(handout.SOLUTIONS)), "packed they would be in it all the same"
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix not in (".npz", ".png") and exercises not in path.parents:
            text = text_of(path)
            assert path.suffix == ".py" or "SOLUTION" not in text, path
            squeezed = "".join(text.split())
            assert [name for name, solution in wanted.items() if solution in squeezed] == [], path


def test_every_link_of_its_documents_leads_somewhere(folder):
    for document in folder.rglob("*.md"):
        for link in PICTURE.findall(document.read_text(encoding="utf-8")):
            if "://" not in link:
                assert (document.parent / link).exists(), f"{document.relative_to(folder)}: {link}"


def test_its_own_readme_installs_it(folder, tmp_path):
    """The wheel that `pip install ".[lab]"` would build has the lessons, and pip takes every command of the README."""
    shutil.copytree(folder, tmp_path / "copy")
    wheel = built_wheel(tmp_path / "copy", tmp_path)
    names = zipfile.ZipFile(wheel).namelist()
    carried = {Path(name).name for name in names if name.startswith("aimsssl/_course/lessons/")}
    assert {"00_start.ipynb", "GLOSSARY.md", *(lesson.student.name for lesson in lessons(ROOT))} <= carried
    assert "aimsssl/exercises/solutions.json" not in names
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert 'pip install ".[lab]"' in readme and "aimsssl lab" in readme and "make lab" not in readme


def test_a_zip_has_the_same_files_in_one_folder(folder, tmp_path):
    target = tmp_path / "for the class.zip"
    handout.hand_out(target)
    with zipfile.ZipFile(target) as archive:
        names = {name.partition("/")[2] for name in archive.namelist()}
        assert {name.partition("/")[0] for name in archive.namelist()} == {"aimsssl-handout"}
    assert names == {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_it_does_not_have_the_name_of_the_folder_that_a_student_works_in(folder, tmp_path, capsys):
    """Else there would be two, one in the other, and the outer one is what an update replaces."""
    assert cli.main(["handout", str(tmp_path / course.FOLDER)]) == 2
    assert "name the handout otherwise" in capsys.readouterr().err and not list(tmp_path.iterdir())
    assert handout.FOLDER != course.FOLDER
    readme = " ".join((folder / "README.md").read_text(encoding="utf-8").split())
    assert "not in the folder `lessons/`" in readme and "a folder with your name" in readme


@pytest.mark.parametrize("there", ["mine.txt", None])
def test_nothing_is_overwritten(tmp_path, there, capsys):
    target = tmp_path / "there"
    if there:
        target.mkdir()
        (target / there).write_text("mine")
    else:
        target = tmp_path / "there.zip"
        target.write_text("mine")
    assert cli.main(["handout", str(target)]) == 2
    assert "is there already; name another place" in capsys.readouterr().err
    assert (target / there if there else target).read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def test_an_installation_without_the_repository_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(course, "CLONE", False)
    assert cli.main(["handout", str(tmp_path / "new")]) == 2
    assert "is made from a clone" in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_solutions_are_in_it_where_they_are_asked_for(tmp_path):
    assert cli.main(["handout", str(tmp_path / "with.zip"), "--solutions"]) == 0
    with zipfile.ZipFile(tmp_path / "with.zip") as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(handout.SOLUTIONS)]
        assert "03/nt_xent" in json.loads(archive.read(name))


def test_an_empty_folder_is_taken(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert cli.main(["handout", str(tmp_path / "empty")]) == 0
    assert (tmp_path / "empty" / "pyproject.toml").is_file() and "files" in capsys.readouterr().out

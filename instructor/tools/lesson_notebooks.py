"""The two notebooks of a lesson, made from its source, and the one way in which they are written."""

import copy
import os
import tomllib
from pathlib import Path

import nbformat
from lesson_source import BuildError, Lesson, fill_numbers, read_cells, strip_solution
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"},
}


INSTALL = """# Does nothing where the course is installed; elsewhere (Colab, Kaggle, Binder) it installs it.
import importlib.util, os, subprocess, sys

SOURCE = os.environ.get("AIMSSSL_SOURCE", {source!r})  # what pip installs: a wheel, or git+https://…
if importlib.util.find_spec("aimsssl") is None:
    if not SOURCE:
        raise ModuleNotFoundError("write the course's address between the quotes behind AIMSSSL_SOURCE")
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", SOURCE], check=True)"""


def beginning(lesson: Lesson) -> list[NotebookNode]:
    """The cells that the build puts behind the head of a student's lesson: one that installs the course, and links.

    Both take the address of the repository from `pyproject.toml` (`[project.urls]`, "Repository", of GitHub for links).
    """
    file = lesson.source.parents[1] / "pyproject.toml"
    project = tomllib.loads(file.read_text(encoding="utf-8"))["project"] if file.exists() else {}
    address = project.get("urls", {}).get("Repository", "").rstrip("/")
    source = f"{project['name']} @ git+{address}" if address else ""
    cells = []
    if address.startswith("https://github.com/"):
        name, path = address.removeprefix("https://github.com/"), f"lessons/{lesson.student.name}"
        links = (
            f"Run it in a browser: [Colab](https://colab.research.google.com/github/{name}/blob/HEAD/{path}) · "
            f"[Binder](https://mybinder.org/v2/gh/{name}/HEAD?labpath={path}) · "
            f"[Kaggle](https://kaggle.com/kernels/welcome?src={address}/blob/HEAD/{path})"
        )
        cells.append(new_markdown_cell(links, id=f"l{lesson.number}-links"))
    hidden = {"jupyter": {"source_hidden": True}}
    cells.append(new_code_cell(INSTALL.format(source=source), id=f"l{lesson.number}-install", metadata=hidden))
    return cells


def student_notebook(lesson: Lesson) -> NotebookNode:
    """What a student gets: no solution, no output."""
    cells = []
    for cell in read_cells(lesson):
        if "solution-only" in cell.metadata.get("tags", []):
            continue
        if cell.cell_type == "code":
            cell.source = strip_solution(lesson, cell.source)
        else:
            cell.source = fill_numbers(lesson, cell.source)
        if "SOLUTION" in cell.source:
            raise BuildError(f"{lesson.source.name}: the word SOLUTION is left in a student's cell:\n{cell.source}")
        cells.append(cell)
    first = next(place for place, cell in enumerate(cells) if cell.cell_type == "code")
    cells[first:first] = beginning(lesson)
    return new_notebook(cells=cells, metadata=copy.deepcopy(METADATA))


def instructor_notebook(lesson: Lesson, executed: NotebookNode | None) -> NotebookNode:
    """Everything, with the outputs that `executed` has for the code cells that are still the same."""
    cells = read_cells(lesson)
    metadata = copy.deepcopy(METADATA)
    old = {}
    if executed is not None:
        old = {(cell.id, cell.source): cell for cell in executed.cells if cell.cell_type == "code"}
        if "aimsssl" in executed.metadata:
            metadata["aimsssl"] = executed.metadata["aimsssl"]
    for cell in cells:
        if cell.cell_type == "markdown":
            cell.source = fill_numbers(lesson, cell.source)
        elif (cell.id, cell.source) in old:
            before = old[cell.id, cell.source]
            cell.outputs, cell.execution_count = before.outputs, before.execution_count
    return new_notebook(cells=cells, metadata=metadata)


def to_bytes(notebook: NotebookNode) -> bytes:
    """The one way in which this project writes a notebook: the same cells give the same bytes everywhere."""
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    nbformat.validate(notebook)
    return (nbformat.writes(notebook, indent=1).rstrip("\n") + "\n").encode("utf-8")


def read_notebook(path: Path) -> NotebookNode | None:
    """A notebook on disk; None where there is none or it cannot be read."""
    try:
        return nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    except (FileNotFoundError, nbformat.reader.NotJSONError, nbformat.ValidationError):
        return None


def outputs_of(lesson: Lesson, executed: NotebookNode | None = None) -> dict[Path, bytes]:
    """What the two notebooks of a lesson should hold, given the outputs that are stored so far."""
    return {
        lesson.student: to_bytes(student_notebook(lesson)),
        lesson.instructor: to_bytes(instructor_notebook(lesson, executed or read_notebook(lesson.instructor))),
    }


def write(path: Path, data: bytes) -> bool:
    if path.exists() and path.read_bytes() == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(path.suffix + ".tmp")
    temporary.write_bytes(data)
    os.replace(temporary, path)
    return True

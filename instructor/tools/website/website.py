"""The course as static pages: `python instructor/tools/website/website.py [FOLDER]` (`make site`), default build/site.

Each lesson stands there as a student meets it: exercises open, with the banner that a check shows then; all other
outputs are those of the recorded execution. Pages, links and tables come from the files of the repository, so nothing
is written twice.
"""

import contextlib
import html
import importlib
import inspect
import io
import os
import pkgutil
import re
import shutil
import subprocess
import sys
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_output

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT / "instructor" / "tools"))
from lesson_notebooks import read_notebook, student_notebook, to_bytes  # noqa: E402
from lesson_source import Lesson, lessons  # noqa: E402

from aimsssl.handout import hand_out  # noqa: E402

CHECK = re.compile(r"\blesson\.(\w+)\.check\(")
STILL = "*In JupyterLab this picture has controls; here it stands still.*"
NOT_SHOWN = re.compile(r"\bexercises\.progress\(|\.hint\(|\.solution\(")  # of the student who ran it
LINK = re.compile(r"(!?\[[^\]]*\])\(([^)\s]+)\)")
PROTECTED = re.compile(
    r"```.*?```|`[^`\n]*`|\$\$.*?\$\$|\$[^$\n]+\$|!?\[[^\]]*\]\([^)]*\)|<[^>]+>|^#+ .*$", re.DOTALL | re.M
)
README, HANDOUT_README = "README.md", "instructor/tools/handout_readme.md"
SECTIONS = {  # pages made from sections of a file: who reads the site has no clone, and gets the handout
    "start": (HANDOUT_README, "Start", "Work through a lesson"),
    "results": (README, "Does it learn?"),
    "command_line": (README, "The command line"),
}
HANDOUT = "aimsssl-handout.zip"
DOWNLOAD = f"""

Download <a href="{HANDOUT}">the course, {HANDOUT}</a>, and unpack it: a folder with the lessons, the package, and a
README that says what follows here. Teachers find a guide and the solutions in the repository of these pages.
"""


# ---- a lesson


def lesson_page(lesson: Lesson) -> NotebookNode:
    """The student's notebook, with banners where the exercises are, and the recorded outputs everywhere else."""
    recorded = read_notebook(lesson.instructor)
    outputs = {cell.id: cell.outputs for cell in recorded.cells if cell.cell_type == "code"} if recorded else {}
    page = student_notebook(lesson)
    cells = []
    for cell in page.cells:
        cells.append(cell)
        if cell.cell_type != "code":
            continue
        checked = CHECK.search(cell.source)
        if checked:
            cell.outputs = [banner(lesson.number, checked[1])]
        elif not NOT_SHOWN.search(cell.source):
            cell.outputs = outputs.get(cell.id, [])
        if any(output.output_type == "execute_result" and "image/png" in output.data for output in cell.outputs):
            cells.append(new_markdown_cell(STILL, id=f"{cell.id}-still"))
    page.cells = cells
    return page


def banner(number: str, name: str) -> NotebookNode:
    """What the check of an exercise shows to who has not tried it yet."""
    from aimsssl import exercises
    from aimsssl.exercises import display

    exercise = getattr(exercises.lessons()[number], name)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exercise.check(...)
    title, *lines = (line.strip() for line in printed.getvalue().splitlines())
    return new_output("display_data", data={"text/html": display._html("not attempted", title, lines, False)})


# ---- links and terms


def localise(text: str, place: str, pages: set[str]) -> str:
    """Links of a file at `place` in the repository, as on the site; of a target that is not there, the words."""

    def link(match: re.Match) -> str:
        words, target = match.groups()
        path, mark, anchor = target.partition("#")
        if "://" in target or not path:
            return match[0]
        inside = os.path.normpath(os.path.join(os.path.dirname(place), path)).replace(os.sep, "/")
        if inside not in pages:
            return words[1:-1]
        return f"{words}({os.path.relpath(inside, os.path.dirname(place) or '.').replace(os.sep, '/')}{mark}{anchor})"

    return LINK.sub(link, text)


def terms_of(glossary: str) -> dict[str, tuple[str, str]]:
    """`{term: (anchor, lesson)}` of every English word of the glossary."""
    found = {}
    for row in re.findall(r"^\| (.+?) \|(?: [^|]* \|){3} (\d\d) \|$", glossary, re.M):
        for term in re.sub(r"\(.*?\)", "", row[0]).split(","):
            found[term.strip()] = (anchor_of(row[0]), row[1])
    return found


def anchor_of(words: str) -> str:
    return "term-" + re.sub(r"\W+", "-", words.lower()).strip("-")


def with_anchors(glossary: str) -> str:
    """The glossary with a place in each row that a link can lead to."""
    row = re.compile(r"^\| ([^|]+?) \|(?=(?: [^|]* \|){3} \d\d \|$)", re.M)
    return row.sub(lambda match: f'| <span id="{anchor_of(match[1])}"></span>{match[1]} |', glossary)


def with_terms(page: NotebookNode, number: str, terms: dict[str, tuple[str, str]]) -> None:
    """Link the first use of each term that this lesson explains to the glossary."""
    wanted = {term: anchor for term, (anchor, lesson) in terms.items() if lesson == number}
    for cell in page.cells:
        if cell.cell_type == "markdown":
            for term in sorted(wanted, key=len, reverse=True):
                word = re.compile(rf"(?<![\w-]){re.escape(term)}(?![\w-])", re.I)
                spans = [match.span() for match in PROTECTED.finditer(cell.source)]
                free = (m for m in word.finditer(cell.source) if not any(a <= m.start() < b for a, b in spans))
                first = next(free, None)
                if first:
                    link = f'<a class="term" href="GLOSSARY.html#{wanted.pop(term)}">{html.escape(first[0])}</a>'
                    cell.source = cell.source[: first.start()] + link + cell.source[first.end() :]


# ---- all pages


def write_sources(folder: Path) -> None:
    """The sources of all pages, for Sphinx."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("lessons/pictures", "data", "api", "_static"):
        (folder / name).mkdir(parents=True)
    shutil.copy(HERE / "conf.py", folder)
    shutil.copy(HERE / "mathml.py", folder)
    shutil.copy(HERE / "course.css", folder / "_static")
    for picture in (ROOT / "lessons" / "pictures").iterdir():
        shutil.copy(picture, folder / "lessons" / "pictures")
    course = lessons(ROOT)
    pages = {f"lessons/{lesson.student.name}" for lesson in course} | {f"lessons/pictures/{p.name}" for p in
             (ROOT / "lessons" / "pictures").iterdir()}  # fmt: skip
    pages |= {"lessons/GLOSSARY.md", "data/README.md", "data/OWN_IMAGES.md", *(f"{name}.md" for name in SECTIONS)}

    def keep(place: str, text: str) -> None:
        (folder / place).write_text(localise(text, place, pages), encoding="utf-8")

    glossary = (ROOT / "lessons" / "GLOSSARY.md").read_text(encoding="utf-8")
    keep("lessons/GLOSSARY.md", with_anchors(glossary))
    for place in ("data/README.md", "data/OWN_IMAGES.md"):
        keep(place, (ROOT / place).read_text(encoding="utf-8"))
    for lesson in course:
        page, place = lesson_page(lesson), f"lessons/{lesson.student.name}"
        for cell in page.cells:
            if cell.cell_type == "markdown":
                cell.source = localise(cell.source, place, pages)
        with_terms(page, lesson.number, terms_of(glossary))
        (folder / place).write_bytes(to_bytes(page))
    keep("data/index.md", "# Images\n\n```{toctree}\nREADME\nOWN_IMAGES\n```\n")
    for name, (file, *titles) in SECTIONS.items():
        text = "\n".join(section_of(file, title, not n) for n, title in enumerate(titles))
        keep(f"{name}.md", text.replace("\n", DOWNLOAD, 1) if name == "start" else text)
    hand_out(folder / "beside" / HANDOUT)
    readme = (ROOT / README).read_text(encoding="utf-8")
    listed = [line.split("|")[1:3] for line in readme[readme.index("| lesson |") :].partition("\n\n")[0].splitlines()]
    table = "\n".join(f"|{'|'.join(cells)}|" for cells in listed)
    keep("index.md", (HERE / "index.md").read_text(encoding="utf-8").replace("{{ lessons }}", table))
    stems = "\n".join(lesson.student.stem for lesson in course)
    toctree = f"```{{toctree}}\n:hidden:\n\n{stems}\nGLOSSARY\n```\n"
    keep("lessons/index.md", f"# Lessons\n\n{table.replace('](lessons/', '](')}\n\n{toctree}")
    write_api(folder / "api")


def section_of(file: str, title: str, first: bool) -> str:
    """A section of a file; the first of a page becomes its title."""
    text = (ROOT / file).read_text(encoding="utf-8")
    whole = re.search(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", text, re.M | re.DOTALL)
    if not whole:
        raise SystemExit(f"{file} has no section {title!r}; mend SECTIONS in {Path(__file__).name}")
    # a comment in a shell example is no heading
    parts = re.split(r"(```.*?```)", whole[0], flags=re.DOTALL)
    return "".join(part if part.startswith("```") or not first else part.replace("##", "#") for part in parts)


def write_api(folder: Path) -> None:
    """A page for each public module, from its docstrings."""
    import aimsssl

    modules = [info.name for info in pkgutil.iter_modules(aimsssl.__path__) if not info.name.startswith("_")]
    modules = [name for name in modules if name not in ("cli", "grading", "exercises", "lab")]
    rows = []
    for name in sorted(modules):
        module = importlib.import_module(f"aimsssl.{name}")
        about = inspect.cleandoc(module.__doc__ or "").splitlines()[0]
        rows.append(f"| [`aimsssl.{name}`]({name}.md) | {about.replace('|', '')} |")
        members = ":members:\n:imported-members:" if hasattr(module, "__all__") else ":members:"
        (folder / f"{name}.md").write_text(
            f"# aimsssl.{name}\n\n```{{eval-rst}}\n.. automodule:: aimsssl.{name}\n   "
            + members.replace("\n", "\n   ") + "\n```\n",
            encoding="utf-8",
        )  # fmt: skip
    listed = "\n".join(sorted(modules))
    (folder / "index.md").write_text(
        "# The package\n\n| module | |\n|---|---|\n"
        + "\n".join(rows)
        + f"\n\n```{{toctree}}\n:hidden:\n\n{listed}\n```\n",
        encoding="utf-8",
    )


def build(target: Path, sources: Path | None = None) -> str:
    """Build the site at `target`; give back what Sphinx warned of.

    Raises:
        SystemExit: Sphinx failed.
    """
    sources = sources or target.with_name(target.name + "-sources")
    write_sources(sources)
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", str(sources), str(target)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise SystemExit(done.stderr)
    (target / ".nojekyll").touch()  # or GitHub's pages leave out _static
    return done.stderr


if __name__ == "__main__":
    place = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "site"
    print(build(place.resolve()), end="")
    print(f"{place}/index.html")

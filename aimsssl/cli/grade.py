"""`aimsssl grade`, for instructors."""

import argparse
import contextlib
import itertools
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ABOUT = (
    "For instructors: takes the answers to the exercises out of everything below FOLDER (notebooks and zips, at any "
    "depth) and says who has solved what, and which mistake the others made. Checks, records and all else that a "
    "notebook holds are not believed and not run. THIS RUNS THE STUDENTS' CODE on this machine: each answer in a "
    "process of its own, with limits. On Linux (5.13 or newer) that process can neither read nor write other files, "
    "nor start a process, nor reach the network; elsewhere, use an account or a machine where nothing can be harmed. "
    "A student is the folder that holds the notebook (Awa/aimsssl-course/lessons is Awa), in a zip as well where "
    "several are in it; any other zip is one student's. At the top the file's name is the student, without the "
    "lesson's: awa_03_nt_xent.ipynb is awa; so it is in a folder where such files have several names. Of what Moodle "
    "gives out, its names count. Different notebooks of one lesson under one student are named, and the better answer "
    "of each exercise counts. Beside the table come a page (.html: what the class got wrong) and a journal (.jsonl): "
    "stopped with Ctrl-C, the same command goes on where it was. A table of another folder is not "
    "replaced, and one with students who are no longer in the folder is kept under another name."
)


def add_grade(grade: argparse.ArgumentParser) -> None:
    """Judge collected notebooks and list what is solved."""
    grade.description = ABOUT
    grade.add_argument("folder", help="folder of collected notebooks and zips")
    grade.add_argument("--out", default="grades.csv", help="table for a spreadsheet (default: grades.csv)")
    grade.add_argument("--timeout", type=float, default=60, help="seconds for each exercise (default: 60)")
    grade.add_argument("--memory", type=float, default=2, help="GiB for each exercise (default: 2)")
    jobs = max(1, min(4, (os.cpu_count() or 1) - 1))
    grade.add_argument("--jobs", type=int, default=jobs, help=f"how many to judge at a time (default here: {jobs})")
    grade.set_defaults(run_command=_grade)


def _grade(options: argparse.Namespace) -> int:
    from .. import grading

    folder, out = Path(options.folder).expanduser(), Path(options.out).expanduser()
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder")
    page, journal = out.with_suffix(".html"), out.with_suffix(".jsonl")
    _check(out, page, journal)
    is_new = _is_new(journal, out, folder)
    late = []  # a table that is open in a spreadsheet cannot be replaced on Windows: the journal has it all
    tell = lambda line: print(line, file=sys.stderr, flush=True)  # noqa: E731

    def write(results: list) -> None:
        late.clear()
        for path, writer in ((out, grading.write_csv), (page, grading.write_html)):
            try:
                writer(results, path)
            except OSError as error:
                late.append(f"{path} cannot be written ({error.strerror}); the same command writes it, without a run")

    def keep(submissions: list) -> None:
        if is_new:
            with open(journal, "a", encoding="utf-8") as file:
                file.write(json.dumps({"folder": str(folder.resolve())}) + "\n")
        gone = sorted(grading.students_in(out) - {grading.cell(one.student) for one in submissions})
        if gone:
            kept = _keep(out, page)
            tell(f"no longer in {folder}: {', '.join(gone)}; the table with them is now {kept}")

    results = grading.grade_folder(
        folder, journal=journal, seconds=options.timeout, memory=options.memory, jobs=options.jobs,
        without=(out, page, journal, *_kept(out)), tell=tell, begin=keep, each=write,
    )  # fmt: skip
    with _no_broken_pipe():
        print(grading.report(results))
        if not late:
            print(f"written: {out}, {page}, {journal}")
    for line in late:
        tell(line)
    return 2 if late else 0


@contextlib.contextmanager
def _no_broken_pipe() -> Iterator[None]:
    """Whoever reads only the first lines, such as `head`, has what they want: everything is in the files."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more as it ends


def _is_new(journal: Path, out: Path, folder: Path) -> bool:
    """Whether the journal does not say yet that it has this folder's grades. A table of another one is not replaced."""
    written = None
    for line in journal.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith('{"folder": '):
            with contextlib.suppress(ValueError):
                written = json.loads(line)["folder"]
    is_new = written != str(folder.resolve())
    if written and is_new and (out.exists() or out.with_suffix(".html").exists()):
        raise ValueError(f"{out} has the grades of {written}; for those of {folder}, choose another name with --out")
    return is_new


def _kept(out: Path) -> list[Path]:
    """Older tables and pages: grades-1.csv, grades-1.html, …"""
    name = re.compile(rf"{re.escape(out.stem)}-\d+({re.escape(out.suffix)}|\.html)")
    return sorted(path for path in out.parent.iterdir() if name.fullmatch(path.name))


def _keep(out: Path, page: Path) -> Path:
    """Give the table and the page the next name that is free."""
    names = (n for n in itertools.count(1) if not any(p.with_stem(f"{p.stem}-{n}").exists() for p in (out, page)))
    number = next(names)
    for path in (page, out):
        if path.exists():
            path.rename(path.with_stem(f"{path.stem}-{number}"))
    return out.with_stem(f"{out.stem}-{number}")


def _check(out: Path, page: Path, journal: Path) -> None:
    """Before an hour of work: can the tables be written, and is nothing else in their place?"""
    if out.suffix.lower() in (".html", ".jsonl"):
        raise ValueError(f"--out must end in .csv, got {out}; the page and the journal are written beside it")
    for path in (out, page, journal):
        if path.exists() and not path.is_file():
            raise ValueError(f"--out {path} is no file")
    if out.exists():
        with open(out, encoding="utf-8", errors="replace") as file:
            if not (file.read(8) + ",").startswith(("student,", ",")):
                raise ValueError(f"--out {out} is there and is no table of grades; choose another name")
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        tempfile.TemporaryFile(dir=out.parent).close()
        open(journal, "a").close()
    except OSError as error:
        raise ValueError(f"--out {out} cannot be written: {error.strerror}") from None

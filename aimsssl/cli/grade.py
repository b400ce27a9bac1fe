"""`aimsssl grade`, for instructors."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

ABOUT = (
    "For instructors: takes the answers to the exercises out of everything below FOLDER (notebooks and zips, at any "
    "depth) and says who has solved what, and which mistake the others made. Checks, records and all else that a "
    "notebook holds are not believed and not run. THIS RUNS THE STUDENTS' CODE on this machine: each answer in a "
    "process of its own, with limits. On Linux (5.13 or newer) that process can neither read nor write other files, "
    "nor start a process, nor reach the network; elsewhere, use an account or a machine where nothing can be harmed. "
    "The name of a student is the folder that holds the notebook, or the file's name at the top. Beside the table "
    "come a page (.html: what the class got wrong) and a journal (.jsonl): stopped with Ctrl-C, the same command goes "
    "on where it was."
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
    late = []  # a table that is open in a spreadsheet cannot be replaced on Windows: the journal has it all

    def write(results: list) -> None:
        late.clear()
        for path, writer in ((out, grading.write_csv), (page, grading.write_html)):
            try:
                writer(results, path)
            except OSError as error:
                late.append(f"{path} cannot be written ({error.strerror}); the same command writes it, without a run")

    tell = lambda line: print(line, file=sys.stderr, flush=True)  # noqa: E731
    results = grading.grade_folder(
        folder, journal=journal, seconds=options.timeout, memory=options.memory, jobs=options.jobs,
        without=(out, page, journal), tell=tell, each=write,
    )  # fmt: skip
    print(grading.report(results))
    for line in late:
        tell(line)
    if not late:
        print(f"written: {out}, {page}")
    return 2 if late else 0


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

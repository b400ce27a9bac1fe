"""`aimsssl grade`, for instructors."""

import argparse
import sys
from pathlib import Path


def add(commands: argparse._SubParsersAction) -> None:
    """Run collected notebooks and list what is solved."""
    about = (
        "For instructors: executes every notebook below FOLDER, at any depth, and reads which exercises its checks "
        "found solved. THIS RUNS THE STUDENTS' CODE on this machine, with your rights: use a machine or an account "
        "where that does no harm. Each notebook has its own kernel, folder and record, under the ci profile; your own "
        "progress stays as it is. The name of a student is the folder that holds the notebook, or the file's name "
        "at the top. A notebook can forge its own record: this is a help, not an examination."
    )
    grade = commands.add_parser(
        "grade", help="for instructors: run collected notebooks and list what is solved", description=about
    )
    grade.add_argument("folder", help="folder of collected notebooks")
    grade.add_argument("--out", default="grades.csv", help="table for a spreadsheet (default: grades.csv)")
    grade.add_argument("--timeout", type=float, default=600, help="seconds for each notebook (default: 600)")
    grade.set_defaults(run_command=_grade)


def _grade(options: argparse.Namespace) -> None:
    from .. import grading

    folder, out = Path(options.folder), Path(options.out)
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder")
    results = grading.grade_folder(folder, options.timeout, tell=lambda line: print(line, file=sys.stderr))
    grading.write_csv(results, out)
    print(grading.report(results))
    print(f"written: {out}")

"""Collected notebooks: who has solved what. `aimsssl grade FOLDER`.

Nothing in a notebook is believed. The answers are taken out of it (`answers`), each runs in a process of its own
(`sandbox`, `confining`), and the checks run in another one (`judging`), so that an answer cannot change them.

What this does not protect from: an answer that computes the right thing in a way that nobody would call the student's
own, such as one copied from a neighbour; a fault of the kernel; and, where the system has no Landlock or seccomp
(macOS, Windows, old Linux), code that looks for other files of whoever grades, or starts processes that outlive it.
"""

from .collecting import Submission, collect
from .judging import KINDS, Verdict
from .page import write_html
from .reports import by_student, cell, report, students_in, write_csv
from .running import Graded, grade_folder

__all__ = [
    "KINDS", "Graded", "Submission", "Verdict", "by_student", "cell", "collect", "grade_folder", "report",
    "students_in", "write_csv", "write_html",
]  # fmt: skip

"""A whole class: every submission through the judges, each verdict kept at once, so that nothing is done twice."""

import contextlib
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from .. import course
from ..exercises import exercises_of, lessons
from ..exercises.record import MOVED
from .collecting import Submission, Unreadable, code_cells, collect, shown
from .judging import Verdict

PACKAGE = Path(__file__).parents[1]
GRACE = 60  # seconds beyond the limit of an exercise, after which a judge itself is given up


@dataclass
class Graded:
    """A submission and the verdict on each exercise of its lessons, `{(lesson, exercise): Verdict}`."""

    submission: Submission
    verdicts: dict[tuple[str, str], Verdict] = field(default_factory=dict)

    @property
    def student(self) -> str:
        return self.submission.student


def grade_folder(
    folder: str | Path,
    *,
    journal: Path | None = None,
    seconds: float = 60,
    memory: float = 2,
    jobs: int = 1,
    without: Sequence[Path] = (),
    tell: Callable[[str], None] = print,
    begin: Callable[[list[Submission]], None] = lambda submissions: None,
    each: Callable[[list[Graded]], None] = lambda results: None,
) -> list[Graded]:
    """Grade everything that was handed in below `folder`; each submission is read before any of them runs.

    Args:
        journal: a file that keeps every verdict; what it holds for the same notebook is not graded again.
        seconds, memory: the limits of one exercise, GiB for the memory.
        jobs: how many judges work at a time.
        without: files below the folder that were not handed in, such as an older table.
        tell: gets a line for each submission that is done.
        begin: gets what was handed in, before anything runs.
        each: gets all that is done so far, each time that a submission is done.

    Raises:
        ValueError: there is nothing to grade, or a limit is not positive.
    """
    for name, value in (("seconds", seconds), ("memory", memory), ("jobs", jobs)):
        if not 0 < value < float("inf"):
            raise ValueError(f"{name} must be a number above 0, got {value}")
    folder = Path(folder)
    submissions, skipped = collect(folder, without)
    for name in skipped:
        tell(f"skipped, its name begins with a dot: {name}")
    begin(submissions)
    done = {i: Graded(s) for i, s in enumerate(submissions) if s.problem}
    kept = _Journal(journal, seconds, memory)
    for i, submission in enumerate(submissions):
        if i not in done and (verdicts := kept.verdicts(submission)) is not None:
            done[i] = Graded(submission, verdicts)
    open_ones = [i for i in range(len(submissions)) if i not in done]
    if len(open_ones) < len(submissions):
        tell(f"{len(submissions) - len(open_ones)} of {len(submissions)} need no run: {_why(done)}")
    started = time.monotonic()
    with _Judges(min(jobs, len(open_ones)), seconds, memory) as judges:
        for number, (i, verdicts) in enumerate(judges.all([(i, submissions[i]) for i in open_ones]), start=1):
            done[i] = Graded(submissions[i], verdicts)
            kept.keep(submissions[i], verdicts)
            left = (time.monotonic() - started) / number * (len(open_ones) - number)
            tell(f"{number} of {len(open_ones)}, {_time(left)} left: {submissions[i].name}")
            each([done[i] for i in sorted(done)])
    now, _ = collect(folder, without)
    for name in sorted({s.name for s in set(now) ^ set(submissions)}):
        tell(f"▲ changed while this ran; what it was at the start is graded: {name}")
    results = [done[i] for i in sorted(done)]
    each(results)
    return results


def _why(done: dict[int, Graded]) -> str:
    unread = sum(bool(graded.submission.problem) for graded in done.values())
    return f"{len(done) - unread} graded before, {unread} without a notebook that can be read"


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


# ---- what is known already


@cache
def _version() -> str:
    """A hash of the exercises and of how they are judged: with other checks, everything is judged anew."""
    digest = hashlib.sha256()
    for path in sorted([*(PACKAGE / "exercises").rglob("*.py"), *(PACKAGE / "grading").glob("*.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


class _Journal:
    """A line for each graded notebook: a hash of its code, its limits, its verdicts. A damaged line is passed over."""

    def __init__(self, path: Path | None, seconds: float, memory: float):
        self.path, self.limits, self.lines = path, [seconds, memory], {}
        if path is None:
            return
        with contextlib.suppress(FileNotFoundError):
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError, AttributeError):
                    entry = json.loads(line)
                    verdicts = {tuple(k.split(" ")): Verdict(*v) for k, v in entry["verdicts"].items()}
                    self.lines[entry["key"]] = entry["limits"], verdicts

    def verdicts(self, submission: Submission) -> dict | None:
        limits, verdicts = self.lines.get(self._key(submission), (None, None))
        cut = verdicts and any(v.kind in ("timed out", "stopped") for v in verdicts.values())
        return None if verdicts is None or (cut and limits != self.limits) else verdicts

    def keep(self, submission: Submission, verdicts: dict) -> None:
        if self.path is None or any(v.detail == GAVE_UP for v in verdicts.values()):
            return
        packed = {" ".join(key): [v.kind, v.detail] for key, v in verdicts.items()}
        line = json.dumps({"key": self._key(submission), "limits": self.limits, "verdicts": packed})
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(line + "\n")

    def _key(self, submission: Submission) -> str:
        code = json.dumps([_version(), submission.cells])
        return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()


# ---- the judges


PASSED = ("solved", "solution seen")
GAVE_UP = "the grader's own process ended"


class _Judges:
    """Some judges, each a process, and a thread for each that asks it about one exercise after the other."""

    def __init__(self, number: int, seconds: float, memory: float):
        self.pool = ThreadPoolExecutor(max(number, 1))
        self.settings = {"seconds": seconds, "memory": memory}
        self.own, self.started, self.stopped = threading.local(), [], False

    def __enter__(self) -> "_Judges":
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped = True
        for judge in list(self.started):
            judge.stop()
        self.pool.shutdown(cancel_futures=True)

    def all(self, submissions: list[tuple[int, Submission]]) -> Iterator[tuple[int, dict]]:
        """The verdicts on each, as they come."""
        asked = {self.pool.submit(self._one, submission): i for i, submission in submissions}
        for future in as_completed(asked):
            yield asked[future], future.result()

    def _one(self, submission: Submission) -> dict[tuple[str, str], Verdict]:
        verdicts = {}
        for number in _lessons_in(submission):
            names = in_order(number)
            request = {**self.settings, "lesson": number, "cells": submission.cells, "course": _course(number)}
            for name in names:
                solved = [other for other in names if verdicts.get((number, other), Verdict("")).kind in PASSED]
                others = [other for other in names if other != name]
                verdict = self._ask({**request, "name": name, "others": others, "solved": solved})
                if verdict.kind == "solved" and _asks_for_the_solution(submission, name):
                    verdict = Verdict("solution seen")
                verdicts[number, name] = Verdict(verdict.kind, shown(verdict.detail)[:200])
        return verdicts

    def _ask(self, request: dict) -> Verdict:
        judge = getattr(self.own, "judge", None)
        if judge is None:
            judge = self.own.judge = _Judge()
            self.started.append(judge)
        verdict = None if self.stopped else judge.ask(request)
        if verdict is None:
            self.started.remove(judge)
            judge.stop()
            self.own.judge = None
            return Verdict("stopped", GAVE_UP)
        return verdict


class _Judge:
    """A process of `aimsssl.grading.judging`, in an empty folder of its own."""

    def __init__(self):
        self.home = tempfile.TemporaryDirectory(prefix="aimsssl-grade-", ignore_cleanup_errors=True)
        one = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS")}
        paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if os.path.isabs(path)]
        environment = {
            **os.environ, **one, "AIMSSSL_PROFILE": "ci", "AIMSSSL_HOME": self.home.name, "CUDA_VISIBLE_DEVICES": "",
            "PYTHONPATH": os.pathsep.join([str(PACKAGE.parent), *paths]), "PYTHONSAFEPATH": "1",
        }  # fmt: skip
        command = [sys.executable, "-m", "aimsssl.grading.judging"]
        pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.process = subprocess.Popen(command, cwd=self.home.name, env=environment, **pipes)
        self._line(600)  # PyTorch is slow to import from a cold disk

    def ask(self, request: dict) -> Verdict | None:
        """The verdict, or None where the judge is gone."""
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
            return Verdict(**self._line(2 * request["seconds"] + GRACE))
        except (OSError, ValueError, TypeError):
            return None

    def _line(self, seconds: float) -> object:
        timer = threading.Timer(seconds, self.process.kill)
        timer.daemon = True
        timer.start()
        try:
            return json.loads(self.process.stdout.readline() or b"null")
        finally:
            timer.cancel()

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()
        self.home.cleanup()


def _asks_for_the_solution(submission: Submission, name: str) -> bool:
    """Whether a cell calls `lesson.NAME.solution()`; a comment does not."""
    asked = re.compile(rf"^[^#\n]*\b{name}\.solution\(", re.MULTILINE)
    return any(asked.search(source) for _, _, source in submission.cells)


def _lessons_in(submission: Submission) -> list[str]:
    """The lessons that the notebook belongs to: by cells' ids, imports and the file's name; else by functions.

    An exercise that has moved since is graded in the lesson that it is in now.
    """
    code = "\n".join(source for _, _, source in submission.cells)
    found = set(re.findall(r"\blesson(\d\d)\b", code))
    found |= {identity[1:3] for _, identity, _ in submission.cells if re.match(r"l\d\d-", identity)}
    found |= set(re.findall(r"^(\d\d)_", re.split(r"[/\\]", submission.name)[-1]))
    defined = set(re.findall(r"^def[ \t]+(\w+)", code, re.MULTILINE)) | set(re.findall(r"\.(\w+)\.check\(", code))
    found |= {new for (old, name), new in MOVED.items() if old in found and name in defined}  # an older notebook
    by_name = {number for number, lesson in lessons().items() if defined & set(exercises_of(lesson))}
    return sorted(found & set(lessons()) or by_name)


@cache
def in_order(lesson: str) -> list[str]:
    """The exercises of a lesson in its own order: an answer may call those before it."""
    code = [source for _, _, source in _course(lesson)]
    place = lambda name: next((i for i, source in enumerate(code) if f".{name}.check(" in source), 0)  # noqa: E731
    return sorted(exercises_of(lessons()[lesson]), key=place)


@cache
def _course(number: str) -> tuple:
    """The cells of the course's own notebook; none where this installation has no lessons."""
    places = sorted(course.LESSONS.glob(f"{number}_*.ipynb"))
    try:
        return code_cells(places[0].read_bytes()) if places else ()
    except (OSError, Unreadable):
        return ()

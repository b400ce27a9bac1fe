"""Build the notebooks of the course from their one source.

    python instructor/tools/build.py                    write every notebook whose bytes would change
    python instructor/tools/build.py --check            name what is old; fail where `make build` would mend it
    python instructor/tools/build.py --execute [NN ...] run lessons and store their outputs (all of them without NN)

A lesson's source is `instructor/NN_name.py` in jupytext's percent format. From it come `lessons/NN_name.ipynb` (stubs
for solutions, no outputs) and `instructor/NN_name.ipynb` (everything, with the outputs of its last execution).

- `### BEGIN SOLUTION` … `### END SOLUTION` inside a function becomes one line that raises NotImplementedError.
- A cell tagged `solution-only` is left out of the students' notebook.
- `{{ run.key:format }}` in prose is filled from `data/recorded_runs/run/result.json`, or from `run.json` beside it.
  Lists count from 0; the format is Python's, or `minutes`: seconds, rounded up to whole minutes.
- `{{ time.reading }}`, `{{ time.exercises }}`, `{{ time.optional }}` are minutes, counted from the lesson's text.
- `instructor/GUIDE.md` and the pages in `instructor/guide/` come from `guide_template.md` and the lessons.
- `lessons/00_start.ipynb` comes from `start_template.md` and the lessons.
- `aimsssl/exercises/solutions.json` holds the solutions, packed, for `lesson.NAME.solution()`.
- Outputs belong to the code they came from, not to the prose: a changed sentence does not make them old.
"""

import argparse
import sys
from pathlib import Path

from guide import guide_of
from lesson_execution import execute
from lesson_notebooks import outputs_of, read_notebook, write
from lesson_solutions import solutions_of
from lesson_source import ROOT, BuildError, lessons, measured_profiles, read_cells, source_hash
from start_page import start_of


def build(root: Path = ROOT) -> list[Path]:
    """Write each notebook and page whose bytes would change; give back those that were written."""
    contents = {path: data for lesson in lessons(root) for path, data in outputs_of(lesson).items()}
    contents |= _pages_of_all(root)
    return [path for path, data in contents.items() if write(path, data)]


def _pages_of_all(root: Path) -> dict[Path, bytes]:
    """What comes from all lessons together: the guide, the start page, the solutions."""
    return guide_of(root) | start_of(root) | solutions_of(root)


def check(root: Path = ROOT, profile: str = "cpu") -> list[str]:
    """One line for each reason why a committed notebook is not what its source builds; empty where all is well."""
    reasons = []
    for lesson in lessons(root):
        try:
            contents = outputs_of(lesson)
            digest = source_hash(read_cells(lesson))
        except BuildError as error:
            reasons.append(str(error).splitlines()[0])
            continue
        for path, data in contents.items():
            name = path.relative_to(root).as_posix()
            if not path.exists():
                reasons.append(f"{name} is missing: run `make build`")
            elif path.read_bytes() != data:
                reasons.append(f"{name} is not what {lesson.source.name} builds: run `make build`")
        notebook = read_notebook(lesson.instructor)
        if notebook is None:
            continue
        stored, again = notebook.metadata.get("aimsssl"), f"run `build.py --execute {lesson.number}`"
        name = lesson.instructor.relative_to(root).as_posix()
        if not stored:
            reasons.append(f"{name} has no outputs: {again}")
        elif stored.get("source_hash") != digest:
            reasons.append(f"{name} has outputs that are older than its source: {again}")
        elif stored.get("profile") != profile:
            reasons.append(f"{name} has outputs of the profile {stored.get('profile')}, not {profile}: {again}")
        elif "lesson_minutes" in lesson.source.read_text(encoding="utf-8") and profile not in measured_profiles(lesson):
            reasons.append(f"{name} has minutes that were never measured under {profile}: {again}")
    sources = {lesson.source.stem for lesson in lessons(root)}
    try:
        for path, data in _pages_of_all(root).items():
            sources.add(path.stem)
            if not path.exists() or path.read_bytes() != data:
                reasons.append(f"{path.relative_to(root).as_posix()} is not what its sources build: run `make build`")
    except BuildError as error:
        reasons.append(str(error).splitlines()[0])
    for folder in ("lessons", "instructor"):
        for path in sorted((root / folder).glob("*.ipynb")):
            if path.stem not in sources:
                reasons.append(f"{folder}/{path.name} has no source")
    return reasons


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(description="Build the notebooks of the course from their sources.")
    parser.add_argument("--check", action="store_true", help="name what is not up to date, write nothing")
    parser.add_argument("--execute", nargs="*", metavar="NN", help="run these lessons (default: all), store outputs")
    parser.add_argument("--profile", default="cpu", choices=("ci", "cpu", "gpu"), help="profile of --execute")
    options = parser.parse_args(arguments)
    try:
        if options.check:
            reasons = check(root)
            print("\n".join(reasons) if reasons else f"{len(lessons(root))} lessons are up to date")
            return 1 if any("--execute" not in reason for reason in reasons) else 0
        if options.execute is not None:
            known = {lesson.number: lesson for lesson in lessons(root)}
            unknown = [number for number in options.execute if number not in known]
            if unknown:
                raise BuildError(f"there is no lesson {', '.join(unknown)}; there are {', '.join(known)}")
            for number in options.execute or known:
                print(f"running {known[number].source.name} …", flush=True)
                print(f"  {execute(known[number], options.profile):.0f} s")
        for path in build(root):
            print(f"wrote {path.relative_to(root).as_posix()}")
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

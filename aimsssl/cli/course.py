"""`aimsssl lab`, `doctor`, `progress`: a student's course on this machine; `handout`: the course for a class."""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from .. import __version__, course


def add_lab(lab: argparse.ArgumentParser) -> None:
    """Open the lessons."""
    lab.description = (
        f"Copies the lessons to the folder {course.FOLDER} in the current one, where they are not there yet, and opens "
        "JupyterLab on them. What you have written is never overwritten: a newer version of a lesson that you have "
        "worked in comes beside it. All other options go on to JupyterLab, such as --no-browser --port=8890."
    )
    lab.add_argument("--folder", help=f"folder of the course (default: {course.FOLDER} in the current one)")
    lab.set_defaults(run_command=_lab)


def add_doctor(doctor: argparse.ArgumentParser) -> None:
    """Check the machine."""
    doctor.set_defaults(run_command=_doctor)


def add_progress(progress: argparse.ArgumentParser) -> None:
    """Show what is solved."""
    progress.set_defaults(run_command=_progress)


def add_handout(hand_out: argparse.ArgumentParser) -> None:
    """Write the course for a class."""
    hand_out.description = (
        "For instructors, in a clone: the course without instructor/ and tests, installable by its own README."
    )
    hand_out.add_argument("target", metavar="DIR", help="a new folder, or a new file that ends in .zip")
    about = "let lesson.NAME.solution() show solutions after an attempt and three hints; they are in it then, packed"
    hand_out.add_argument("--solutions", action="store_true", help=about)
    hand_out.set_defaults(run_command=_handout)


def _lab(options: argparse.Namespace) -> int:
    if find_spec("jupyterlab") is None:
        raise ValueError("JupyterLab is not installed; pip install jupyterlab ipywidgets")
    folder = _course_at(Path(options.folder).expanduser().resolve()) if options.folder else _course_here()
    for line in course.deliver(folder, __version__):
        print(line)
    first = f"lessons/{min(path.name for path in course.LESSONS.glob('*.ipynb'))}"
    rest = list(options.rest)
    if hasattr(os, "geteuid") and os.geteuid() == 0 and "--allow-root" not in rest:
        print("You are root, whom JupyterLab refuses by itself: it is started with --allow-root.")
        rest.append("--allow-root")
    quiet = ["--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    start = [f"--ServerApp.root_dir={folder}", f"--LabApp.default_url=/lab/tree/{first}"]  # what it prints leads there
    command = [sys.executable, "-m", "jupyterlab", *quiet, *start, *rest, first]
    # settings of the same mind: JupyterLab neither asks whether to fetch news nor looks for a newer version of itself
    paths = [str(Path(__file__).parents[1] / "lab"), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    environment = {**os.environ, "JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, paths))}
    print(f"Your course is the folder {folder}; what you write is kept there. Ctrl-C here ends JupyterLab.", flush=True)
    return subprocess.call(command, cwd=folder, env=environment)


def _course_here() -> Path:
    """The course that the current folder is or has in it, else the one that it lies in, else a new one in it."""
    here = Path.cwd()
    own = here / course.FOLDER
    return next((folder for folder in (here, own, *here.parents) if course.is_at(folder)), own)


def _course_at(folder: Path) -> Path:
    """`folder`, or the course whose lessons it holds."""
    return folder.parent if folder.name == "lessons" and course.is_at(folder.parent) else folder


def _doctor(options: argparse.Namespace) -> int:
    import torch

    from .. import datasets, profile

    problems = []

    def line(name: str, value: object, trouble: str | None = None) -> None:
        print(f"{'✗' if trouble else '✓'} {name:<14}{value}" + (f"  → {trouble}" if trouble else ""))
        if trouble:
            problems.append(trouble)

    line("aimsssl", __version__)
    old = sys.version_info < (3, 11)
    line("Python", platform.python_version(), "install Python 3.11 or newer" if old else None)
    line("PyTorch", f"{torch.__version__}, {torch.get_num_threads()} threads")
    for package in ("torchvision", "scikit-learn", "matplotlib", "seaborn", "jupyterlab", "ipywidgets"):
        found = find_spec("sklearn" if package == "scikit-learn" else package) is not None
        line(package, "found" if found else "missing", None if found else f"pip install {package}")
    line("profile", str(profile.current()).removeprefix("profile "))
    line("speed", f"{1000 * profile.machine_speed():.0f} ms for a small training step{_yardstick()}")
    line("precision", f"{profile.faster_precision()} is the faster one here")
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    line("disk", f"{free:.1f} GiB free", "a run needs about 0.1 GiB" if free < 0.2 else None)
    try:
        tempfile.TemporaryFile(dir=Path.cwd()).close()
        line("folder", f"{Path.cwd()} can be written")
    except OSError as error:
        line("folder", Path.cwd(), f"cannot be written ({error.strerror}); change to another folder")
    data = datasets.default_root()
    line("data", f"{data} is for downloads" + ("" if data.is_dir() else "; made by the first one"))
    return 1 if problems else 0


def _yardstick(lesson: str = "04") -> str:
    """This machine beside the one on which the longest lesson was timed."""
    from .. import profile

    timed = profile.lesson_time(lesson)
    if timed is None:
        return ""
    seconds, ratio = timed
    side = (
        f"{ratio:.1f} times as slow as"
        if ratio > 1.1
        else f"{1 / ratio:.1f} times as fast as"
        if ratio < 0.9
        else "like"
    )
    minutes = max(1, round(seconds / 60))
    return f": {side} the machine of the lessons' minutes; lesson {lesson} takes about {minutes} min here"


def _progress(options: argparse.Namespace) -> None:
    from ..exercises import progress_table

    print(progress_table())


def _handout(options: argparse.Namespace) -> None:
    from .. import handout

    target = Path(options.target).expanduser()
    files = handout.hand_out(target, options.solutions)
    print(f"{target}: {len(files)} files; its README.md says how a student begins")

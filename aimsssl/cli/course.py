"""`aimsssl lab`, `doctor`, `progress`: a student's course on this machine."""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import torch

from .. import __version__, datasets, profile


def add(commands: argparse._SubParsersAction) -> None:
    """Open the lessons, check the machine, show what is solved."""
    lab = commands.add_parser("lab", help="open the lessons in JupyterLab; options go on to JupyterLab")
    lab.set_defaults(run_command=_lab)
    doctor = commands.add_parser("doctor", help="check this machine")
    doctor.set_defaults(run_command=_doctor)
    progress = commands.add_parser("progress", help="which exercises are solved; read from this machine only")
    progress.set_defaults(run_command=_progress)


def _lab(options: argparse.Namespace) -> int:
    if find_spec("jupyterlab") is None:
        raise ValueError('JupyterLab is not installed; pip install "aimsssl[lab]"')
    project = Path(__file__).parents[2]
    first = next(iter(sorted((project / "lessons").glob("01*.ipynb"))), None)
    if first is None:
        raise ValueError(f"there is no lessons folder in {project}; run this from a copy of the course")
    quiet = ["--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    root = f"--ServerApp.root_dir={project}"
    command = [sys.executable, "-m", "jupyterlab", *quiet, root, *options.rest, str(first.relative_to(project))]
    # settings of the same mind: JupyterLab neither asks whether to fetch news nor looks for a newer version of itself
    paths = [str(Path(__file__).parents[1] / "lab"), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    environment = {**os.environ, "JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, paths))}
    return subprocess.call(command, cwd=project, env=environment)


def _doctor(options: argparse.Namespace) -> int:
    problems = []

    def line(name: str, value: object, trouble: str | None = None) -> None:
        print(f"{'✗' if trouble else '✓'} {name:<12}{value}" + (f"  → {trouble}" if trouble else ""))
        if trouble:
            problems.append(trouble)

    line("aimsssl", __version__)
    old = sys.version_info < (3, 11)
    line("Python", platform.python_version(), "install Python 3.11 or newer" if old else None)
    line("PyTorch", f"{torch.__version__}, {torch.get_num_threads()} threads")
    for package in ("torchvision", "sklearn", "matplotlib", "jupyterlab", "ipywidgets"):
        found = find_spec(package) is not None
        line(package, "found" if found else "missing", None if found else 'pip install "aimsssl[lab]"')
    line("profile", profile.current())
    line("speed", f"{1000 * profile.machine_speed():.0f} ms for a small training step")
    line("precision", f"{profile.faster_precision()} is the faster one here")
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    line("disk", f"{free:.1f} GiB free", "a run needs about 0.1 GiB" if free < 0.2 else None)
    try:
        tempfile.TemporaryFile(dir=Path.cwd()).close()
        line("folder", f"{Path.cwd()} can be written")
    except OSError as error:
        line("folder", Path.cwd(), f"cannot be written ({error.strerror}); change to another folder")
    line("data", datasets.default_root())
    return 1 if problems else 0


def _progress(options: argparse.Namespace) -> None:
    from ..exercises import progress_table

    print(progress_table())

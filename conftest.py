"""What every test and every tested notebook gets: the ci profile, a home of its own, and runs that begin anew."""

import os
import re
import shutil
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    """Set the environment before workers and kernels start, which inherit it."""
    if hasattr(config, "workerinput"):
        return
    os.environ["AIMSSSL_PROFILE"] = "ci"
    home = tempfile.mkdtemp(prefix="aimsssl-tests-")  # a test must not touch the progress of whoever runs it
    os.environ["AIMSSSL_HOME"] = home
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    if getattr(config.option, "numprocesses", None):
        # two workers with two threads each on two cores wait for one another: many times slower than one thread each
        os.environ.setdefault("OMP_NUM_THREADS", "1")
    remove_ci_runs(ROOT)


def remove_ci_runs(root: Path) -> None:
    """Remove what notebooks trained under the ci profile: a finished run would be read, and nothing tested."""
    for folder in ("lessons", "instructor"):
        for run in (root / folder / "runs").glob("*"):
            if re.match(r"\d\d(_(?!cpu|gpu)[a-z]+)+_ci(_|$)", run.name):
                shutil.rmtree(run, ignore_errors=True)

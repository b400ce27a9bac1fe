"""What a lesson's kernel takes, as the guide promises it to whoever runs a server for a class."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MOST = 2.0  # GiB under the ci profile; the guide tells a server to count so many

# A process that is started begins with the peak of the one that started it, and a test worker may have been large.
# So a small one in between starts what is measured, and asks for the peak of its children.
BETWEEN = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[2:]).returncode
open(sys.argv[1], "w").write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(code)
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the memory of a child is known on POSIX systems only")


def run_and_measure(folder: Path, *arguments, **environment: str) -> float:
    """Run Python with these arguments in a folder; the most memory that it had, in GiB."""
    with open(folder / "out", "w") as out:
        command = [sys.executable, "-c", BETWEEN, folder / "peak", sys.executable, *arguments]
        code = subprocess.run(command, cwd=folder, env={**os.environ, **environment}, stdout=out, stderr=out).returncode
    assert code == 0, (folder / "out").read_text()[-3000:]
    return int((folder / "peak").read_text()) / (2**30 if sys.platform == "darwin" else 2**20)


def test_a_lesson_stays_below_the_memory_that_the_guide_names(tmp_path):
    """Lesson 04 from its first cell to its last, as one process."""
    (source,) = (ROOT / "instructor").glob("04_*.py")
    size = run_and_measure(tmp_path, source, AIMSSSL_PROFILE="ci", PYTHONPATH=str(ROOT), MPLBACKEND="Agg")
    assert 0.2 < size < MOST, f"{size:.2f} GiB"


def test_only_the_memory_of_the_process_itself_is_measured(tmp_path):
    held = bytearray(os.urandom(2**20)) * 300  # what a test worker may have had before
    assert run_and_measure(tmp_path, "-c", "pass") < 0.1
    own = run_and_measure(tmp_path, "-c", "held = bytearray(b'x') * 2**28")
    assert 0.25 < own < 0.35
    assert len(held) == 300 * 2**20

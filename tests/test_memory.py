"""What a lesson's kernel takes, as the guide promises it to whoever runs a server for a class."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MOST = 2.0  # GiB under the ci profile; the guide tells a server to count so many


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="the memory of a child is known on POSIX systems only")
def test_a_lesson_stays_below_the_memory_that_the_guide_names(tmp_path):
    """Lesson 04 from its first cell to its last, as one process."""
    (source,) = (ROOT / "instructor").glob("04_*.py")
    environment = {**os.environ, "AIMSSSL_PROFILE": "ci", "PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"}
    with open(tmp_path / "out", "w") as out:
        process = subprocess.Popen([sys.executable, source], cwd=tmp_path, env=environment, stdout=out, stderr=out)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, (tmp_path / "out").read_text()[-3000:]
    size = usage.ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)
    assert 0.2 < size < MOST, f"{size:.2f} GiB"

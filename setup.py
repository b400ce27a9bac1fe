"""The wheel carries the course: its lessons and recorded runs go into the package when it is built."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent


class BuildWithCourse(build_py):
    """Copies `lessons` and `data/recorded_runs` to `aimsssl/_course`; an editable installation reads them in place."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            course = Path(self.build_lib) / "aimsssl" / "_course"
            shutil.rmtree(course, ignore_errors=True)
            left_out = shutil.ignore_patterns("runs", ".*", "__pycache__")
            shutil.copytree(ROOT / "lessons", course / "lessons", ignore=left_out)
            shutil.copytree(ROOT / "data" / "recorded_runs", course / "recorded_runs", ignore=left_out)


setup(cmdclass={"build_py": BuildWithCourse})

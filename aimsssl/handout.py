"""The course to hand out to students: all that an installation needs, and nothing of the instructor's side."""

import shutil
import tempfile
import zipfile
from pathlib import Path

from . import course

TAKEN = ("lessons", "aimsssl", "data", "pyproject.toml", "setup.py", "MANIFEST.in", "LICENSE")
LEFT_OUT = ("runs", "downloads", "__pycache__", "build", "*.egg-info", "*.py[cod]", ".*", "_course")
SOLUTIONS = "solutions.json"  # what `lesson.NAME.solution()` shows, packed; without it that says there are none
FOLDER = "aimsssl-handout"  # in a zip; not the name of the folder that `aimsssl lab` makes inside
README = "instructor/tools/handout_readme.md"


def hand_out(target: Path, solutions: bool = False) -> list[Path]:
    """Write the handout: a folder, or a zip file where `target` ends in `.zip`, with the folder aimsssl-handout in it.

    Args:
        target: a folder that does not exist or is empty, or a file that does not exist.
        solutions: whether `lesson.NAME.solution()` shows them, after an attempt and three hints. Then they are in it,
            packed, and whoever wants to can unpack them.

    Returns:
        The files of the handout, as paths inside it.

    Raises:
        FileNotFoundError: this is no clone of the repository; an installation has no handout to give.
        ValueError: `target` has the name of the folder that `aimsssl lab` makes in it.
        FileExistsError: something lies at `target`.
        OSError: it cannot be written. Nothing is left behind.
    """
    root = course.PACKAGE.parent
    if not course.CLONE or not (root / README).is_file():
        raise FileNotFoundError(
            f"a handout is made from a clone of the repository, and {root} is none; to students who only need the "
            "package, give its wheel: it carries the lessons"
        )
    if target.name == course.FOLDER:
        raise ValueError(
            f"{target} has the name of the folder in which students will work, {course.FOLDER}; name the handout "
            f"otherwise, for example {target.with_name(FOLDER)}"
        )
    if target.is_file() or (target.is_dir() and any(target.iterdir())):
        raise FileExistsError(f"{target} is there already; name another place, or delete it first")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".handout-") as temporary:
        folder = Path(temporary) / "aimsssl"
        folder.mkdir()
        left_out = LEFT_OUT if solutions else (*LEFT_OUT, SOLUTIONS)
        for name in TAKEN:
            if (root / name).is_dir():
                shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns(*left_out))
            else:
                shutil.copy(root / name, folder / name)
        shutil.copy(root / README, folder / "README.md")
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        if target.suffix == ".zip":
            whole = Path(temporary) / target.name
            with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
                for path in files:
                    archive.write(path, f"{FOLDER}/{path.relative_to(folder).as_posix()}")
            whole.replace(target)
        else:
            if target.is_dir():
                target.rmdir()  # it is empty; where it is not by now, this fails and nothing is lost
            folder.replace(target)
    return [path.relative_to(folder) for path in files]

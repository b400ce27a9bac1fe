"""The lessons run to their end on a student's own images, also where these are few, grey, or split by the student."""

import json
import re
import runpy
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SOURCES = {path.name[:2]: path for path in sorted((Path(__file__).parents[1] / "instructor").glob("[0-9][0-9]_*.py"))}
DATA = re.compile(r'^DATA = "shapes"$', re.MULTILINE)
COLOURS = {"cat": (200, 60, 40), "dog": (40, 90, 200)}


def write_images(folder: Path, each: int, mode: str = "RGB", side: int = 20) -> None:
    """`each` images of two classes: a bright square of the class's colour somewhere on noise."""
    random = np.random.default_rng(len(folder.name))
    for name, colour in COLOURS.items():
        (folder / name).mkdir(parents=True)
        for number in range(each):
            pixels = random.integers(0, 90, (side, side, 3)).astype(np.uint8)
            row, column = random.integers(0, side // 2, 2)
            pixels[row : row + side // 2, column : column + side // 2] += np.uint8(colour) // 2
            Image.fromarray(pixels).convert(mode).save(folder / name / f"{number}.png")


def run_lesson(number: str, images: Path, monkeypatch) -> dict:
    """The lesson's names after its last cell, as it runs in a folder of its own on `folder:IMAGES`."""
    monkeypatch.chdir(images.parent)
    source, changed = DATA.subn(f'DATA = "folder:{images.as_posix()}"', SOURCES[number].read_text(encoding="utf-8"))
    assert changed == 1
    lesson = images.parent / "lesson.py"
    lesson.write_text(source, encoding="utf-8")
    return runpy.run_path(str(lesson))


@pytest.mark.filterwarnings("ignore")  # with so few images scikit-learn and NumPy say so, too
@pytest.mark.parametrize("number", ["01", "03", "04", "05", "06", "07"])
def test_a_lesson_runs_with_two_classes_of_twelve_images(number, tmp_path, monkeypatch):
    write_images(tmp_path / "own", 12)
    names = run_lesson(number, tmp_path / "own", monkeypatch)
    train, test = names["train"], names["test"]
    assert len(train) + len(test) == 24 and train.name.startswith("folder:") and train.images.shape[1] == 3
    runs = [json.loads(file.read_text(encoding="utf-8")) for file in (tmp_path / "runs").rglob("config.json")]
    assert any(run["data"]["name"].startswith("folder:") and run["batch_size"] < 10 for run in runs)


@pytest.mark.filterwarnings("ignore")
def test_a_lesson_runs_with_grey_images_that_are_split_already(tmp_path, monkeypatch):
    write_images(tmp_path / "own" / "train", 30, "L", 28)
    write_images(tmp_path / "own" / "test", 6, "L", 28)
    names = run_lesson("05", tmp_path / "own", monkeypatch)
    assert (len(names["train"]), len(names["test"])) == (60, 12)

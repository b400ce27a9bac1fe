"""data/OWN_IMAGES.md does what it says: its commands and its Python run in order, in an empty folder."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from aimsssl.cli import main

PAGE = (Path(__file__).parents[1] / "data" / "OWN_IMAGES.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)


def test_every_command_of_the_page_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for language, block in BLOCKS:
        if language == "python":
            exec(compile(block, "OWN_IMAGES.md", "exec"), names)
        for line in block.splitlines() if language == "bash" else ():
            program, *words = shlex.split(line)
            assert program == "aimsssl" and main(words) == 0, line
    assert len(list(Path("my_images").rglob("*.png"))) == 1797
    scores = json.loads(Path("runs/first/result.json").read_text(encoding="utf-8"))
    assert scores["train_images"] + scores["test_images"] == 1797 and scores["copies"] == 0
    rows = json.loads(Path("first_and_second/comparison.json").read_text(encoding="utf-8"))["rows"]
    assert len(rows["simclr"]["knn"]) == 2
    assert [row["labels_per_class"] for row in json.loads(Path("runs/first/finetune.json").read_text())["rows"]][
        3:5
    ] == [1, 10]
    files = np.load("features.npz")["files"]
    said = capsys.readouterr().out
    assert sorted(files) == sorted(
        path.relative_to("my_images").as_posix() for path in Path("my_images").rglob("*.png")
    )
    assert "is nearest to\n  digit " in said and "encoder.load_state_dict" in said
    assert "are held out for test" in said


@pytest.mark.parametrize("command", ["train", "evaluate", "compare", "finetune", "embed", "export"])
def test_the_page_shows_each_command(command):
    assert any(f"aimsssl {command} " in block for language, block in BLOCKS if language == "bash")

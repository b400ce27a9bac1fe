"""However many things a figure is given, and whatever they are called, it draws them all."""

import numpy as np
import pytest

from aimsssl import figures
from aimsssl.figures import parts


def values(names):
    """A number for each name, all different."""
    return {name: (i + 1) / (len(names) + 1) for i, name in enumerate(names)}


MANY = {  # what the names are called, and a figure of so many
    "loss_by_epoch": lambda n: figures.loss_by_epoch({name: ([0, 1], [5.0, v]) for name, v in values(n).items()}, {"chance": 5.0}),
    "loss_by_step": lambda n: figures.loss_by_step({name: [4.0, 2.0 + v] for name, v in values(n).items()}, {"chance": 3.0}),
}  # fmt: skip


@pytest.mark.parametrize("name", ["loss_by_epoch", "loss_by_step"])
def test_there_is_a_line_for_each(name):
    counts = [len(MANY[name]([f"thing {i}" for i in range(n)]).axes[0].lines) for n in (2, 13)]
    assert counts[1] - counts[0] == 11


def test_colours_and_markers_do_not_end_and_pairs_do_not_repeat():
    pairs = list(zip(range(100), parts.colours(), parts.markers(), strict=False))
    assert len({pair[1:] for pair in pairs}) == 100
    assert next(parts.colours("#de8f05")) == "#de8f05" and next(parts.markers("s")) == "s"


def test_two_hundred_classes_take_seconds():
    """It was a minute and a half: counted in what is drawn, for seconds depend on the machine."""
    names = [f"class {i}" for i in range(200)]
    figure = figures.rotation_confusion(np.stack([np.eye(4)] * 200), names)
    assert len(figure.axes) <= 60 and "class 199" in figure.alt_text


def test_a_script_without_a_font_is_told_of_once(monkeypatch):
    for cached in (parts._has, parts._font_with, parts._tell_of_missing_font):
        cached.cache_clear()
    monkeypatch.setattr(parts, "_has", lambda path, character: ord(character) < 0x3000)  # no font has more
    with pytest.warns(UserWarning, match="no font .* CJK characters.*Noto Sans CJK") as seen:
        for _ in range(2):
            figure = figures.stage_seconds({"猫": 1.0, "犬": 2.0, "cat": 1.5})
    assert len(seen) == 1, [str(w.message) for w in seen]
    assert "猫" in figure.alt_text
    for cached in (parts._font_with, parts._tell_of_missing_font):
        cached.cache_clear()

"""Figures in a notebook: a PNG that carries its alt text, and a curve that is drawn anew after every epoch."""

import base64
import io
import sys
import time
from collections.abc import Callable, Iterable, Mapping

from matplotlib.figure import Figure
from PIL import Image

from ..datasets import ImageSet
from ..figures import training_curve
from ..figures.parts import in_words
from ..training import Run, monitor_sizes
from .markup import numbers_html, picture_html

DPI = 100


def png(figure: Figure) -> bytes:
    """The figure as a PNG of at most 256 colours: a third of the bytes, and no difference that an eye finds."""
    buffer, small = io.BytesIO(), io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, facecolor="white")
    buffer.seek(0)
    palette = Image.open(buffer).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    palette.save(small, format="png", optimize=True)
    return small.getvalue()


def with_files(figure: Figure, images: ImageSet, index: Iterable[int]) -> Figure:
    """The figure, which from now on names the files of the images `index`, where they come from files."""
    figure.files = tuple(images.sources[i] for i in index) if images.sources else ()
    return figure


def bundle(figure: Figure, folded: bool = True) -> dict[str, str]:
    """The figure in three forms: HTML with alt text for JupyterLab, a PNG for a code host, the words alone.

    A table of its numbers is `folded` but where JupyterLab would take the keys of what unfolds it: in an explorer.
    """
    data = png(figure)
    picture = picture_html(data, figure.alt_text, getattr(figure, "files", ()))
    return {
        "text/html": picture + numbers_html(getattr(figure, "numbers", {}), folded),
        "image/png": base64.b64encode(data).decode(),
        "text/plain": in_words(figure),
    }


def show(figure: Figure) -> None:
    """Show a figure of `aimsssl.figures` with its alt text; outside a notebook, print the alt text."""
    ipython = _ipython()
    if ipython is None:
        print(in_words(figure))
    else:
        ipython.display.display(bundle(figure), raw=True)


class LiveFigure:
    """One place in the notebook whose figure is replaced; outside a notebook, the alt text of each is printed."""

    def __init__(self):
        self.figure: Figure | None = None
        self._handle = None

    def update(self, figure: Figure) -> None:
        """Show `figure` in the place of the one before."""
        self.figure = figure
        ipython = _ipython()
        if ipython is None:
            print(in_words(figure))
        elif self._handle is None:
            self._handle = ipython.display.display(bundle(figure), raw=True, display_id=True)
        else:
            self._handle.update(bundle(figure), raw=True)


class LiveCurve(LiveFigure):
    """A `progress` for `train_simclr` and its like: one figure that grows, curves beside their levels and baselines.

    Args:
        levels: horizontal lines of the loss by name, for example {"chance": log(2N−1)}.
        baselines: horizontal lines of the kNN accuracy by name. What the run had at epoch 0 is added as
            "random weights".
        pause: seconds between two drawings at least, so that drawing never slows training; the last epoch is always
            drawn.
        draw: makes the figure of a history, the number of epochs, levels, baselines, and on what kNN was measured.
    """

    def __init__(
        self,
        levels: Mapping[str, float],
        baselines: Mapping[str, float],
        pause: float = 1.0,
        draw: Callable[..., Figure] = training_curve,
    ):
        super().__init__()
        self.levels, self.baselines, self.pause, self.draw = dict(levels), dict(baselines), pause, draw
        self._drawn = float("-inf")

    def __call__(self, run: Run) -> None:
        epochs = run.config["epochs"]
        row = run.history[-1]
        if row["epoch"] < epochs and time.monotonic() - self._drawn < self.pause:
            return
        self._drawn = time.monotonic()
        baselines = dict(self.baselines)
        start = run.history[0].get("knn_accuracy")
        if start is not None:
            baselines["random weights"] = start
        self.update(self.draw(run.history, epochs, self.levels, baselines, _measured_on(run.config)))


def _measured_on(config: Mapping) -> str:
    """What the kNN accuracy of a run was measured on: more keys make it higher."""
    if "data" not in config:
        return "held-out images"
    held_out, keys = monitor_sizes(config["data"]["shape"][0], config["held_out"], config["bank"])
    return f"{held_out:,} held-out images, {keys:,} keys"


def _ipython():
    """IPython where a notebook runs, else None; it is never imported for this."""
    ipython = sys.modules.get("IPython")
    return ipython if ipython is not None and ipython.get_ipython() is not None else None

"""A moving picture that needs no JavaScript, no widget and no player: a PNG with several frames.

Why this form: `to_jshtml` needs scripts, which JupyterLab runs only in a trusted notebook and a code host never; a
video needs an encoder. An animated PNG is an image like any other: it plays in JupyterLab, in exported HTML and in
every browser, carries alt text, and where pictures stand still (PDF, print) its first picture is shown, the still one.
Whoever has asked the system for less motion gets the still one, too.
"""

import base64
import html
import io
from collections.abc import Callable, Sequence

from matplotlib.figure import Figure
from PIL import Image

from .display import _ipython, bundle, png
from .markup import fitting

DPI = 80
COLOURS = 48


def animation(frames: Sequence[Figure], milliseconds: Sequence[int], still: Figure, plays: int = 2) -> bytes:
    """An animated PNG: the frames, each for its time, `plays` times; `still` where there is no animation.

    All figures must have one size.

    Raises:
        ValueError: no frame, or another number of times than frames.
    """
    if not frames or len(frames) != len(milliseconds):
        raise ValueError(f"one time for each frame is needed, got {len(frames)} frames and {len(milliseconds)} times")
    pictures = [_raster(figure) for figure in (still, *frames)]
    sample = Image.new("RGB", (pictures[0].width, 3 * pictures[0].height))  # of colours: one palette for all frames
    for number, picture in enumerate((pictures[0], pictures[1], pictures[-1])):
        sample.paste(picture, (0, number * picture.height))
    palette = sample.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    first, *rest = (picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures)
    buffer = io.BytesIO()
    first.save(
        buffer, format="png", save_all=True, append_images=rest, default_image=True, duration=list(milliseconds),
        loop=plays, optimize=True,
    )  # fmt: skip
    return buffer.getvalue()


def show_animation(
    draw: Callable[[int], Figure], steps: Sequence[int], still: Figure, milliseconds: int = 120, hold: int = 1500
) -> None:
    """Show `draw(step)` for each step as a moving picture; outside a notebook, print the alt text of `still`.

    Args:
        draw: makes the figure of a step, all of the size of `still`.
        steps: in their order; the first and the last stay `hold` milliseconds, the others `milliseconds`.
        still: shown where pictures do not move; its alt text says what the movement shows.
    """
    ipython = _ipython()
    if ipython is None:
        print(still.alt_text)
        return
    times = [hold if step in (steps[0], steps[-1]) else milliseconds for step in steps]
    moving = animation([draw(step) for step in steps], times, still)
    data = bundle(still) | {"text/html": _html(moving, png(still), still.alt_text)}
    ipython.display.display(data, raw=True)


def _html(moving: bytes, still: bytes, alt: str) -> str:
    moving_code, still_code = (base64.b64encode(data).decode() for data in (moving, still))
    return (
        "<picture>"
        f'<source media="(prefers-reduced-motion: reduce)" srcset="data:image/png;base64,{still_code}">'
        f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{moving_code}" style="{fitting(moving)}">'
        "</picture>"
    )


def _raster(figure: Figure) -> Image.Image:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, facecolor="white")
    buffer.seek(0)
    return Image.open(buffer).convert("RGB")

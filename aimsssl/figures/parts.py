"""What the figures share: colours, pictures, scatter plots, words that keep out of each other's way."""

import unicodedata
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import count, cycle
from textwrap import shorten

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure, SubFigure
from matplotlib.font_manager import FontProperties, fontManager, get_font
from matplotlib.patches import FancyBboxPatch
from matplotlib.text import Text
from matplotlib.ticker import LogFormatter, LogLocator, NullFormatter

# seaborn's "colorblind"; importing seaborn would bring pyplot with it
PALETTE = (
    "#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc", "#ca9161", "#fbafe4", "#949494", "#ece133", "#56b4e9",
)  # fmt: skip
# of classes on a map, where small points of ten colours lie among each other: some of the palette are too near there
ON_A_MAP = (
    "#0173b2", "#de8f05", "#029e73", "#a50026", "#e377c2", "#6b3d1e", "#7b3fa0", "#222222", "#d9c400", "#56b4e9",
)  # fmt: skip
MARKERS = "os^DvPX*<>"
MOST_CLASSES = 40  # that colours and a legend can tell apart; of more a map is one cloud, and a matrix names some
MOST_ON_A_MAP = 20  # names, which would cover the points
SQUARE = "□"
LONGEST_ALT = 400  # characters
BESIDE = "A table below has the numbers."
UNSEEN = ("Cc", "Cf", "Mn", "Zl", "Zp", "Zs")  # Unicode's controls, joiners, selectors and spaces
BLUE, ORANGE, GREY, INK = PALETTE[0], PALETTE[1], "#6b6b6b", "#222222"


def colours(*first: str) -> Iterator[str]:
    """The palette without end, `first` before all others."""
    return cycle([*first, *(c for c in PALETTE if c not in first)])


def markers(first: str = "") -> Iterator[str]:
    """Markers without end, `first` before all others; a second round of colours meets other markers than the first."""
    order = first + "".join(m for m in MARKERS if m not in first)
    return (order[(i + i // len(order)) % len(order)] for i in count())


def readable_on(colour: str | tuple) -> str:
    """Black or white, whichever stands out more on a colour: at least 4.5 : 1, for one of them always does.

    Source: WCAG 2.2, relative luminance and contrast ratio.
    """
    channels = np.array(to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    luminance = linear @ (0.2126, 0.7152, 0.0722)
    return "black" if luminance > (1.05 * 0.05) ** 0.5 - 0.05 else "white"


def with_alt(
    figure: Figure, text: str, message: str = "", numbers: Mapping[str, Mapping[str, str]] | None = None
) -> Figure:
    """The finished figure: with its description, and names drawn as they are written, whatever is in them.

    Args:
        text: the description, with all numbers: `figure.alt_text`, where it is short enough to be listened to.
        message: what the figure says, in a sentence or two: the alt text where `text` is too long.
        numbers: `numbers[row][column]`, for the table that then stands beside the figure, `figure.numbers`.
    """
    long = len(text) > LONGEST_ALT
    figure.numbers = dict(numbers or {}) if long else {}
    said = " ".join(filter(None, (message, BESIDE if figure.numbers else ""))) if long and message else text
    figure.alt_text = shorten(said, LONGEST_ALT, placeholder=" ….") if len(said) > LONGEST_ALT else said
    ticks = {axis: axis.get_ticklabels() for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)}  # now made
    powers = {label for axis, labels in ticks.items() if _writes_powers(axis) for label in labels}
    before = {axis: _words(labels) for axis, labels in ticks.items()}
    for words in figure.findobj(Text):
        words.set_parse_math(words in powers)  # a class may be called $x$
        if not (words.get_text().isascii() and words.get_text().isprintable()):
            _find_glyphs(words)
    for axis, labels in ticks.items():
        if before[axis] != _words(labels):
            _keep(axis, _words(labels))
    return figure


def in_words(figure: Figure) -> str:
    """The alt text of a figure, and a line for each row of its table of numbers, where it has one."""
    rows = getattr(figure, "numbers", {}).items()
    told = (f"{row}: " + ", ".join(f"{column} {cell}" for column, cell in cells.items()) for row, cells in rows)
    return "\n".join([figure.alt_text, *told])


def ends_of(values: Mapping[str, float], digits: int = 2) -> str:
    """The lowest and the highest of named values, in words."""
    low, high = min(values, key=values.get), max(values, key=values.get)
    return f"from {values[low]:.{digits}f} ({low}) to {values[high]:.{digits}f} ({high})"


def _writes_powers(axis: Axis) -> bool:
    return isinstance(axis.get_major_formatter(), LogFormatter)


def _words(texts: Sequence[Text]) -> list[str]:
    return [text.get_text() for text in texts]


def _keep(axis: Axis, words: Sequence[str]) -> None:
    """The words of an axis, which drawing would write anew."""
    limits = axis.get_view_interval()
    axis.set_ticks(axis.get_majorticklocs(), words)
    axis.set_view_interval(*limits, ignore=True)


def in_legend(name: str) -> str:
    """A name for a legend, which leaves out empty ones and those that begin with an underscore."""
    return f" {name}" if name.startswith("_") or not name else name


def class_name(classes: Sequence[str], label: int) -> str:
    return classes[label] if label >= 0 else "unknown"


def short(name: str, most: int = 24) -> str:
    """A name with its middle left out where it is longer than `most` characters."""
    return name if len(name) <= most else f"{name[: most // 2]}…{name[-(most - most // 2 - 1) :]}"


def name_ends(
    axes: Axes, ends: Sequence[tuple[str, float, str]], gap: float, x: float = 1.02, size: float = 9.5
) -> None:
    """Names at the right edge, each `(name, y, colour)` at the end of its line, moved apart where they would meet.

    Where there are more than the height has room for, they are written smaller.
    """
    low, high = axes.get_ylim()
    room = min(1.0, (high - low) / (gap * max(len(ends), 1)))
    places = apart([y for _, y, _ in ends], gap * room)
    for (name, _, colour), y in zip(ends, places, strict=True):
        axes.text(x, y, name, transform=axes.get_yaxis_transform(), va="center", fontsize=max(4.5, size * room),
                  color=colour)  # fmt: skip


def _find_glyphs(words: Text) -> None:
    """Fonts for all characters; where none of this computer has one, say so once and draw a square."""
    usual = words.get_fontproperties()
    missing = {c for c in words.get_text() if c != "\n" and not _has(_path(usual), c)}
    unseen = {c: " " if c.isspace() else "" for c in missing if unicodedata.category(c) in UNSEEN}
    found = {c: _font_with(c) for c in missing - set(unseen)}
    if families := sorted({family for family in found.values() if family}):
        words.set_fontfamily([*usual.get_family(), *families])
    squares = {c: SQUARE for c, family in found.items() if family is None}
    words.set_text(words.get_text().translate(str.maketrans(unseen | squares)))


@cache
def _font_with(character: str) -> str | None:
    """A family that has the character. The first one without is told of, and not those after it."""
    for font in fontManager.ttflist:
        if not font.name.startswith("Last Resort") and _has(font.fname, character):  # matplotlib's, all of boxes
            return font.name
    _tell_of_missing_font(_script(character))
    return None


@cache
def _tell_of_missing_font(script: str) -> None:
    warnings.warn(
        f"no font of this computer has {script} characters: they are drawn as squares. Install one that does, "
        "such as Noto Sans CJK or Noto Emoji, and delete matplotlib's font cache",
        stacklevel=2,
    )


def _script(character: str) -> str:
    """What a character belongs to, in a word: the first of its name in Unicode."""
    if ord(character) >= 0x1F000:
        return "emoji" if ord(character) < 0x20000 else "CJK"
    return unicodedata.name(character, "such").split()[0].split("-")[0]


@cache
def _has(path: str, character: str) -> bool:
    try:
        return ord(character) in get_font(path).get_charmap()
    except (OSError, RuntimeError):  # a font that cannot be read
        return False


def _path(font: FontProperties) -> str:
    return fontManager.findfont(font)


def knn_label(measured_on: str) -> str:
    """Of an axis of kNN accuracies: `measured_on` names the images and the number of keys."""
    return f"kNN accuracy\n({measured_on.replace(', ', f',{chr(10)}')})"


def note(axes: Axes, text: str, x: float, y: float, offset: tuple[float, float], colour: str) -> None:
    """Words beside a point, `offset` in points of the page."""
    axes.annotate(text, (x, y), offset, textcoords="offset points", va="center", fontsize=10.5, color=colour)


def tidy(axes: Axes, grid: str = "") -> None:
    axes.spines[["top", "right"]].set_visible(False)
    if grid:
        axes.grid(axis=grid, color="#e5e5e5", lw=0.8)
        axes.set_axisbelow(True)


def channels_last(image: np.ndarray) -> np.ndarray:
    """`[C, H, W]` to what imshow takes: `[H, W, 3]`, or `[H, W]` where C = 1."""
    image = np.asarray(image)
    return image[0] if len(image) == 1 else np.moveaxis(image, 0, -1)


def picture(axes: Axes, image: np.ndarray, frame: str | None = None) -> None:
    pixels = channels_last(image)
    if pixels.dtype != np.uint8:
        pixels = pixels.clip(0, 1)  # resampling rounds: a white pixel may be 1.0000001
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=255 if pixels.dtype == np.uint8 else 1, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set(visible=frame is not None, color=frame, linewidth=3)


def neighbour_grid(
    part: SubFigure, query: np.ndarray, images: np.ndarray, labels: np.ndarray, truth: int, classes: Sequence[str]
) -> None:
    """The chosen image and its neighbours `[K, C, H, W]`, four in a line, framed in blue where the class is `truth`."""
    grid = part.subplots(max(3, -(-(len(images) + 1) // 4)), 4)
    for axes in grid.flat:
        axes.axis("off")
    shown = [("chosen", query, INK)]
    for rank, (image, label) in enumerate(zip(images, labels, strict=True), start=1):
        same = label == truth >= 0
        shown.append((f"{rank}. {short(class_name(classes, label), 16)}", image, BLUE if same else None))
    for axes, (title, image, colour) in zip(grid.flat, shown, strict=False):
        axes.axis("on")
        picture(axes, image, colour)
        axes.set_title(title, fontsize=8.5, pad=3)


def frame(column: float, row: float, colour: str) -> FancyBboxPatch:
    corner, style = (column - 0.42, row - 0.42), "square,pad=0"
    return FancyBboxPatch(corner, 0.84, 0.84, boxstyle=style, fc="none", ec=colour, lw=1.6)


def plan_box(axes: Axes, left: tuple[float, float], size: tuple[float, float], text: str, colour: str) -> None:
    """A box of a plan with words in it; `left` is the middle of its left side."""
    (x, y), (width, height) = left, size
    style = "round,pad=0.06,rounding_size=0.12"
    fill, corner = colour + "22", (x, y - height / 2)
    axes.add_patch(FancyBboxPatch(corner, width, height, boxstyle=style, fc=fill, ec=colour, lw=1.5))
    axes.text(x + width / 2, y, text, ha="center", va="center", fontsize=10, color=INK)


def plan_arrow(axes: Axes, x1: float, y1: float, x2: float, y2: float) -> None:
    axes.annotate("", (x2, y2), (x1, y1), arrowprops=dict(arrowstyle="->", color=GREY, lw=1.5))


def scatter(axes: Axes, points: np.ndarray, labels: np.ndarray, classes: Sequence[str], size: float) -> None:
    """Points `[N, 2]`, a colour and marker a class; grey where the label is −1. More than 40 classes are one cloud."""
    if len(classes) > MOST_CLASSES:
        known, of_class = labels >= 0, np.array(ON_A_MAP)
        colour = of_class[labels[known] % len(ON_A_MAP)]
        axes.scatter(*points[known].T, s=size, c=colour, lw=0, label=f"{len(classes)} classes, not told apart")
    else:
        for (label, name), colour, marker in zip(enumerate(classes), cycle(ON_A_MAP), markers(), strict=False):
            chosen = points[labels == label]
            axes.scatter(*chosen.T, s=size, color=colour, marker=marker, lw=0, label=in_legend(short(name)))
    if (labels < 0).any():
        axes.scatter(*points[labels < 0].T, s=size, color="#bbbbbb", lw=0, label="unknown")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_color("#cccccc")


def name_classes(
    axes: Axes,
    points: np.ndarray,
    labels: np.ndarray,
    classes: Sequence[str],
    avoid: np.ndarray,
    present: Sequence[int],
) -> None:
    """Names of the classes `present`, each tied to where its points are densest, and off each other and `avoid`."""
    low, high = points.min(axis=0), points.max(axis=0)
    named = np.array([densest(points[labels == label]) for label in present]).reshape(-1, 2)
    wanted = (np.array([avoid, *named]) - low) / (high - low)
    wanted[1:, 1] += 0.06  # above, so that a tight group stays in sight
    places = apart_in_the_plane(wanted, np.array([0.2, 0.075]))[1:]
    for label, point, place in zip(present, named, low + places * (high - low), strict=True):
        colour = ON_A_MAP[label % len(ON_A_MAP)]
        axes.annotate(
            short(classes[label], 20), point, place, ha="center", va="center", fontsize=9, color=INK, zorder=5,
            bbox=dict(boxstyle="round,pad=0.15", fc="white", ec=colour, lw=1.6, alpha=0.88),
            arrowprops=dict(arrowstyle="-", color=colour, lw=1.6, shrinkA=0, shrinkB=0),
        )  # fmt: skip


def densest(points: np.ndarray, neighbours: int = 10) -> np.ndarray:
    """The one of `[N, 2]` points whose nearest ones are nearest: a class in two groups has nothing at its middle."""
    squared = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    return points[np.sort(squared, axis=1)[:, :neighbours].mean(axis=1).argmin()]


def log_ticks(axis: Axis) -> None:
    """1, 2, 5, 10, … on a logarithmic axis, written out."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


def apart(values: Sequence[float], gap: float) -> np.ndarray:
    """The values, moved as little as needed so that neighbours are at least `gap` from each other."""
    places = np.array(values, dtype=float)
    order = np.argsort(places, kind="stable")
    for _ in range(200):
        lower, upper = places[order[:-1]], places[order[1:]]
        missing = np.maximum(gap - (upper - lower), 0) / 2
        if missing.max(initial=0) < 1e-3 * gap:
            break
        places[order[:-1]] -= missing * 0.9
        places[order[1:]] += missing * 0.9
    return places


def apart_in_the_plane(places: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Centres `[K, 2]` in the unit square, all but the first moved until boxes of size `box` no longer overlap."""
    first = places[0].copy()
    places = places + 1e-4 * np.random.default_rng(0).normal(size=places.shape)
    for _ in range(300):
        difference = places[:, None] - places[None]  # [K, K, 2]
        overlap = box - np.abs(difference)
        pushed = (overlap > 0).all(axis=2) & ~np.eye(len(places), dtype=bool)
        if not pushed.any():
            break
        shortest = (overlap / box).argmin(axis=2)  # along the axis on which the boxes part soonest
        move = np.where(np.arange(2) == shortest[..., None], np.sign(difference) * overlap * 0.3, 0.0)
        places = np.clip(places + (move * pushed[..., None]).sum(axis=1), box / 2, 1 - box / 2)
        places[0] = first
    return places


def own_class_share(points: np.ndarray, labels: np.ndarray) -> float:
    """Share of points whose nearest other point has their label."""
    distance = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    np.fill_diagonal(distance, np.inf)
    return float((labels[distance.argmin(axis=1)] == labels).mean())

"""The box of a random resized crop, from area and aspect (Szegedy et al. 2014, arXiv:1409.4842, §6)."""

from collections.abc import Callable
from math import ceil, sqrt

from aimsssl.exercises.framework import Case, Exercise, Seen, Wrong

DRAWS = ((0.0, 0.0), (0.02, 0.999), (0.3, 0.5), (0.5, 0.77), (0.77, 0.02), (0.999, 0.3), (0.999, 0.999), (0.98, 0.97))
PARTS = ("height and width of the box", "top and left for each pair of draws")


def _reference_crop_box(
    area: float, aspect: float, u: float, v: float, height: int, width: int
) -> tuple[int, int, int, int]:
    """`(top, left, box_height, box_width)` in whole pixels; the whole image where the box does not fit into it."""
    box_height, box_width = _sides(area, aspect, height, width)
    if box_height > height or box_width > width:
        return 0, 0, height, width
    return *_placed(u, v, height - box_height, width - box_width), box_height, box_width


def _sides(area: float, aspect: float, height: int, width: int) -> tuple[int, int]:
    pixels = area * height * width
    return round(sqrt(pixels / aspect)), round(sqrt(pixels * aspect))


def _before_rounding(area: float, aspect: float, u: float, v: float, height: int, width: int) -> tuple:
    """Wrong: the sides are rounded after the question whether they fit."""
    pixels = area * height * width
    if sqrt(pixels / aspect) > height or sqrt(pixels * aspect) > width:
        return 0, 0, height, width
    return _reference_crop_box(area, aspect, u, v, height, width)


def _placed(u: float, v: float, room: int, space: int) -> tuple[int, int]:
    """Top and left, where the box can move down by `room` pixels and to the right by `space`."""
    return int(u * (room + 1)), int(v * (space + 1))


def _boxes(function: Callable, area: float, aspect: float, height: int, width: int) -> dict:
    """The sides of the box, and its places for many draws."""
    boxes = [function(area, aspect, u, v, height, width) for u, v in DRAWS]
    if any(len(box) != 4 for box in boxes):
        raise Wrong("wrong shape", f"There are {len(boxes[0])} items; 4 are asked for.")
    tops_and_lefts, sides = [list(box)[:2] for box in boxes], [list(box)[2:] for box in boxes]
    if any(one != sides[0] for one in sides) and all(one == tops_and_lefts[0] for one in tops_and_lefts):
        raise Wrong("sides before places")
    if any(one != sides[0] for one in sides):
        corners = all(
            top + a[0] == b[0] for (top, _), a, b in zip(tops_and_lefts, [sides[0]] * len(sides), sides, strict=True)
        )
        raise Wrong("corners for sides" if corners else "sides that change with the draws")
    return {PARTS[0]: sides[0], PARTS[1]: tops_and_lefts}


def _case(what: str, area: float, aspect: float, height: int, width: int) -> Case:
    words = f"{what}: area {area}, aspect {aspect}, height {height}, width {width}"
    return Case(words, lambda: (area, aspect, height, width), _boxes)


crop_box = Exercise(
    lesson="02",
    name="crop_box",
    title="Compute the box of a random resized crop from its area and its aspect.",
    difficulty="●●○",
    minutes=15,
    reference=_reference_crop_box,
    hints=(
        "You know two things about the box: how many pixels are in it (height times width), and how wide it is for its "
        "height (width over height). Two equations, two unknowns. Write them on paper first.",
        "Multiply the two equations, and one unknown goes away. Divide them, and the other does. For the place: a box "
        "that is 2 pixels lower than its image has 3 possible tops: 0, 1 and 2.",
        "Pixels times aspect is the width squared; pixels over aspect is the height squared. Take roots and round. "
        "There are height minus box height, plus one, possible tops; u times that number, cut off by int, picks one. "
        "Compare the sides with the image before you compute the place.",
    ),
    cases=(
        _case("a box inside of a high image", 0.5, 0.6, 100, 40),
        _case("a small box", 0.1, 1.2, 30, 40),
        _case("a box one pixel higher than the image", 0.8, 0.72, 54, 50),
        _case("a box one pixel wider than a high image", 0.5, 1.534, 60, 44),
        _case("a box just as wide as the image", 0.5235, 1.5, 60, 47),
        _case("a box that is rounded up to the width of the image", 0.52, 1.5, 60, 47),
        _case("a box just as high as the image", 0.5222, 0.667, 47, 60),
    ),
)


def _wrong(sides: Callable = _sides, placed: Callable = _placed, fits: Callable | None = None) -> Callable:
    """The reference with another rule for the sides, the place, or what fits."""

    def wrong(area, aspect, u, v, height, width):
        h, w = sides(area, aspect, height, width)
        if (h > height or w > width) if fits is None else not fits(h, w, height, width):
            return 0, 0, height, width
        return *placed(u, v, height - h, width - w), h, w

    return wrong


def _mistake(name: str, thought: str, message: str, *forms: Callable, looks: Callable | None = None) -> None:
    """A mistake in several forms."""
    for number, form in enumerate(forms):

        def wrong(area, aspect, u, v, height, width, form=form):
            return form(area, aspect, u, v, height, width)

        wrong.__doc__ = thought
        (crop_box.also(name) if number else crop_box.mistake(name, message, looks))(wrong)


def _of_sides(rule: Callable[[float, float, float], tuple]) -> Callable:
    """A wrong rule for the sides: of the area, the aspect, and height and width."""
    return _wrong(lambda *numbers: tuple(round(side) for side in rule(*numbers)))


def _too_large(area: float, aspect: float, height: int, width: int) -> bool:
    return any(side > room for side, room in zip(_sides(area, aspect, height, width), (height, width), strict=True))


def _root(area: float, height: int, width: int) -> float:
    return sqrt(area * height * width)


def _places(seen: Seen) -> list[list[int]]:
    return seen.came[PARTS[1]] if seen.came[PARTS[0]] == seen.expected[PARTS[0]] else []


_mistake(
    "aspect upside down",
    "Aspect is height over width.",
    "Height and width of the box have changed places: at an aspect above 1 it should be wider than it is high. Aspect "
    "is width over height; and the result has the height first.",
    lambda area, aspect, u, v, h, w: _reference_crop_box(area, 1 / aspect, u, v, h, w),
)
_mistake(
    "area taken for a side",
    "A quarter of the image is a quarter of its height and a quarter of its width.",
    "Each side was multiplied with a share of the *area*. A box of half the height and half the width has a quarter of "
    "the pixels: crops come out much too small.",
    lambda area, aspect, u, v, h, w: _reference_crop_box(area**2, aspect, u, v, h, w),
    _of_sides(lambda area, aspect, h, w: (h * area, w * area)),
    _of_sides(lambda area, aspect, h, w: (h * area / aspect, w * area * aspect)),
    _of_sides(lambda area, aspect, h, w: (h * area, w * area * aspect)),
    _of_sides(lambda area, aspect, h, w: (h * area, h * area * aspect)),
    _of_sides(lambda area, aspect, h, w: (round(h * area), round(h * area) * aspect)),
    _of_sides(lambda area, aspect, h, w: (h * area / sqrt(aspect), w * area * sqrt(aspect))),
)
_mistake(
    "as if the image were square",
    "The image has height times height pixels.",
    "The area was taken of one side of the image, squared: this is right for square images and no others.",
    _of_sides(lambda area, aspect, h, w: (h * sqrt(area / aspect), h * sqrt(area * aspect))),
    _of_sides(lambda area, aspect, h, w: (w * sqrt(area / aspect), w * sqrt(area * aspect))),
)
_mistake(
    "the image's own aspect",
    "The box is as wide for its height as the image, times the aspect.",
    "The aspect was taken relative to the image's: height and width were each scaled by a root of the area. The aspect "
    "is that of the box itself, whatever the image looks like.",
    _of_sides(lambda area, aspect, h, w: (h * sqrt(area / aspect), w * sqrt(area * aspect))),
    _of_sides(lambda area, aspect, h, w: (h * sqrt(area), w * sqrt(area) * aspect)),
    _of_sides(lambda area, aspect, h, w: (h * sqrt(area) / aspect, w * sqrt(area))),
    _of_sides(lambda area, aspect, h, w: (h * sqrt(area) / aspect, w * sqrt(area) * aspect)),
)
_mistake(
    "aspect not used",
    "The box is a small copy of a square.",
    "The aspect changes nothing in the result. All boxes would have one shape.",
    lambda area, aspect, u, v, h, w: _reference_crop_box(area, 1.0, u, v, h, w),
    _of_sides(lambda area, aspect, h, w: (h * sqrt(area), w * sqrt(area))),
)
_mistake(
    "aspect changes the area",
    "The root of the area is the height, and the width is so much more.",
    "The shape is stretched on one side and not pressed on the other, or by too much, so the box no longer has the "
    "area that was asked for. Multiply height and width, and compare.",
    _of_sides(lambda area, aspect, h, w: (_root(area, h, w), _root(area, h, w) * aspect)),
    _of_sides(lambda area, aspect, h, w: (_root(area, h, w) / aspect, _root(area, h, w))),
    _of_sides(lambda area, aspect, h, w: (_root(area, h, w) / aspect, _root(area, h, w) * aspect)),
    _of_sides(lambda area, aspect, h, w: (_root(area, h, w) * aspect, _root(area, h, w))),
)
_mistake(
    "no square root",
    "Area times aspect is the width, area over aspect the height.",
    "Pixels are height *times* width. These are squares of the sides.",
    lambda area, aspect, u, v, h, w: (0, 0, round(area * h * w / aspect), round(area * h * w * aspect)),
    _of_sides(lambda area, aspect, h, w: (area * h * w / aspect, area * h * w * aspect)),
    _of_sides(lambda area, aspect, h, w: (area * h * w, area * h * w * aspect)),
)
_mistake(
    "a share, not pixels",
    "The area is the number of pixels in the box.",
    "The area is a share of the image. How many pixels is that?",
    _of_sides(lambda area, aspect, h, w: (sqrt(area / aspect), sqrt(area * aspect))),
)
_mistake(
    "cut off, not rounded",
    "Whole pixels are made with int().",
    "The nearest whole pixel is asked for; int() always goes down, and then all boxes are a little too small.",
    _wrong(lambda area, aspect, h, w: (int(_root(area / aspect, h, w)), int(_root(area * aspect, h, w)))),
    _wrong(lambda area, aspect, h, w: (int(_root(area / aspect, h, w)), round(_root(area * aspect, h, w)))),
    _wrong(lambda area, aspect, h, w: (round(_root(area / aspect, h, w)), int(_root(area * aspect, h, w)))),
)
_mistake(
    "rounded up",
    "Whole pixels are made with ceil().",
    "The nearest whole pixel is asked for; here the sides always go up.",
    _wrong(lambda area, aspect, h, w: (ceil(_root(area / aspect, h, w)), ceil(_root(area * aspect, h, w)))),
)
_mistake(
    "one side from the other, rounded",
    "First the width in whole pixels, then the height from it.",
    "A side was computed from the other one after that was rounded, so the error grows. Round both at the end.",
    _wrong(lambda a, r, h, w: (round(round(_root(a * r, h, w)) / r), round(_root(a * r, h, w)))),
    _wrong(lambda a, r, h, w: (round(_root(a / r, h, w)), round(round(_root(a / r, h, w)) * r))),
    _wrong(lambda a, r, h, w: (round(a * h * w / round(_root(a * r, h, w))), round(_root(a * r, h, w)))),
)


def _anywhere(u: float, v: float, height: int, width: int, sides: tuple[int, int]) -> tuple:
    """A place anywhere in the image, unless the box is the image."""
    return (0, 0, *sides) if sides == (height, width) else (int(u * height), int(v * width), *sides)


_mistake(
    "the box hangs over the edge",
    "The top lies anywhere in the image.",
    "For some draws the box ends outside of the image. The draw must only choose among places where the whole box is "
    "inside.",
    lambda area, aspect, u, v, h, w: _anywhere(u, v, h, w, _reference_crop_box(area, aspect, u, v, h, w)[2:]),
    _wrong(placed=lambda u, v, room, space: (int(u * (room + 2)), int(v * (space + 2)))),
    looks=lambda seen: _over_the_edge(seen),
)  # fmt: skip


def _over_the_edge(seen: Seen) -> bool:
    _, _, height, width = seen.inputs
    box_height, box_width = seen.expected[PARTS[0]]
    return any(top > height - box_height or left > width - box_width for top, left in _places(seen))


_mistake(
    "the last place is never reached",
    "A draw from 0 to what is left over.",
    "The draws lie in [0, 1): int() never gives the largest place. Count places, not steps: a box as high as its image "
    "has one place, not zero.",
    _wrong(placed=lambda u, v, room, space: (int(u * room), int(v * space))),
    _wrong(placed=lambda u, v, room, space: (int(u * room), int(v * (space + 1)))),
    _wrong(placed=lambda u, v, room, space: (int(u * (room + 1)), int(v * space))),
)
_mistake(
    "places at the edge come half as often",
    "Round to the nearest place.",
    "round() gives the first and the last place only half of the draws that others get. The border of the images is "
    "then seen too rarely.",
    _wrong(placed=lambda u, v, room, space: (round(u * room), round(v * space))),
)
_mistake(
    "left before top",
    "x comes before y, so left comes before top.",
    "Rows come first in a tensor [C, H, W], and so they do here: top, then left. Drawing programs have it the other "
    "way round.",
    _wrong(placed=lambda u, v, room, space: _placed(u, v, room, space)[::-1]),
)
_mistake(
    "sides that change with the draws",
    "A box further down is a smaller box.",
    "The last two numbers are not the same for all draws u and v. They are the sides of the box, and the draws decide "
    "its place only.",
    lambda *given: (*_reference_crop_box(*given)[:3], _reference_crop_box(*given)[1]),
)
_mistake(
    "corners for sides",
    "A box is two corners.",
    "The last two numbers are the lower right corner. The contract wants height and width.",
    lambda *given: (lambda top, left, h, w: (top, left, top + h, left + w))(*_reference_crop_box(*given)),
)
_mistake(
    "left first, and width first",
    "x comes before y.",
    "Left and top have changed places, and so have width and height. Rows come first in a tensor [C, H, W], and so "
    "they do here: top, left, height, width.",
    lambda *given: (lambda top, left, h, w: (left, top, w, h))(*_reference_crop_box(*given)),
)
_mistake(
    "width before height",
    "Width times height.",
    "The last two numbers have changed places. Rows come first: top, left, then the *height* and the width of the box.",
    lambda *given: (lambda top, left, h, w: (top, left, w, h))(*_reference_crop_box(*given)),
)
_mistake(
    "sides before places",
    "First how large, then where.",
    "The sides come first here. The contract has the place first: top, left, then height and width.",
    lambda *given: (*_reference_crop_box(*given)[2:], *_reference_crop_box(*given)[:2]),
)
_mistake(
    "pushed back inside",
    "A box that hangs over the edge is pushed back.",
    "The top is drawn from the whole image, and what hangs over is pushed back to the edge. The places at the edge "
    "then come far too often: every place has the same chance.",
    lambda area, aspect, u, v, h, w: _pushed(u, v, h, w, *_reference_crop_box(area, aspect, u, v, h, w)[2:]),
)
_mistake(
    "each place one too far",
    "Counting begins at 1.",
    "The smallest draw does not give the first place. Rows and columns are counted from 0.",
    _wrong(placed=lambda u, v, room, space: (int(u * room) + 1, int(v * space) + 1)),
    _wrong(placed=lambda u, v, room, space: (int(u * (room + 1)) + 1, int(v * (space + 1)) + 1)),
    _wrong(placed=lambda u, v, room, space: (ceil(u * room), ceil(v * space))),
    _wrong(placed=lambda u, v, room, space: (ceil(u * (room + 1)), ceil(v * (space + 1)))),
)
_mistake(
    "another answer where the box does not fit",
    "Nothing fits, so nothing is given back.",
    "Where the box does not fit, the contract asks for the whole image: its first row, its first column, its height "
    "and its width.",
    *(
        lambda area, aspect, u, v, h, w, answer=answer: (
            answer(h, w) if _too_large(area, aspect, h, w) else _reference_crop_box(area, aspect, u, v, h, w)
        )
        for answer in (lambda h, w: (0, 0, 0, 0), lambda h, w: (0, 0, w, h), lambda h, w: (h, w, 0, 0),
                       lambda h, w: (0, 0, min(h, w), min(h, w)), lambda h, w: (0, 0, h - 1, w - 1))
    ),
)  # fmt: skip


def _pushed(u: float, v: float, height: int, width: int, h: int, w: int) -> tuple[int, int, int, int]:
    return min(int(u * height), height - h), min(int(v * width), width - w), h, w


_mistake(
    "always in one place",
    "A crop is the middle of the picture.",
    "u and v change nothing: the crop always takes the same part of the image.",
    _wrong(placed=lambda u, v, room, space: (room // 2, space // 2)),
    _wrong(placed=lambda u, v, room, space: (0, 0)),
    looks=lambda seen: len({tuple(place) for place in _places(seen)}) == 1 and 0 not in seen.expected[PARTS[1]],
)
_mistake(
    "one draw for both directions",
    "One draw is enough for a place.",
    "The same draw sets the top and the left, so that all boxes lie on a diagonal.",
    lambda area, aspect, u, v, h, w: _reference_crop_box(area, aspect, u, u, h, w),
    lambda area, aspect, u, v, h, w: _reference_crop_box(area, aspect, v, v, h, w),
)
_mistake(
    "u and v swapped",
    "u is the horizontal draw, as in textures.",
    "u is for the top, v for the left.",
    lambda area, aspect, u, v, h, w: _reference_crop_box(area, aspect, v, u, h, w),
)
_mistake(
    "room of the other side",
    "What is left over is width minus the box.",
    "The room for the top was taken from the width, or that for the left from the height.",
    _wrong(placed=lambda u, v, room, space: (int(u * (space + 1)), int(v * (room + 1)))),
    _wrong(placed=lambda u, v, room, space: (int(u * (room + 1)), int(v * (room + 1)))),
    _wrong(placed=lambda u, v, room, space: (int(u * (space + 1)), int(v * (space + 1)))),
)
_mistake(
    "a box larger than the image",
    "The sides follow from the formula, and that is all.",
    "There are not that many pixels to cut out. The contract says what to give back in this case.",
    _wrong(fits=lambda h, w, height, width: True),
    _wrong(fits=lambda h, w, height, width: h * w <= height * width),
)
_mistake(
    "only one side compared",
    "What is too wide does not fit.",
    "A box that is too large in one direction is given back as it is. It must fit in height *and* in width.",
    _wrong(fits=lambda h, w, height, width: w <= width),
    _wrong(fits=lambda h, w, height, width: h <= height),
    _wrong(fits=lambda h, w, height, width: h <= width and w <= height),
)
_mistake(
    "cut to fit",
    "What hangs over is cut off.",
    "A side was shortened, so the box has neither the area nor the aspect that was drawn. The contract gives another "
    "answer for this case.",
    _wrong(lambda a, r, h, w: (min(h, _sides(a, r, h, w)[0]), min(w, _sides(a, r, h, w)[1]))),
)
_mistake(
    "a box that just fits is refused",
    "A box must be smaller than its image.",
    "A box as wide as the image, or as high, does fit. Look at the comparison.",
    _wrong(fits=lambda h, w, height, width: h < height and w < width),
    _wrong(fits=lambda h, w, height, width: h <= height and w < width),
    _wrong(fits=lambda h, w, height, width: h < height and w <= width),
)
_mistake(
    "the aspect held in a range",
    "Aspects lie between 3/4 and 4/3.",
    "The aspect was cut off at 3/4 or 4/3, the range that most libraries draw from. Whoever draws it decides; here it "
    "is given.",
    lambda area, aspect, *given: _reference_crop_box(area, min(max(aspect, 3 / 4), 4 / 3), *given),
)
_mistake(
    "asked before rounding",
    "First the question whether it fits, then the pixels.",
    "Whether the box fits was asked of sides that are no whole pixels yet. A side that rounds down to the image's own "
    "does fit: round first.",
    _before_rounding,
)
_mistake(
    "no whole pixels",
    "A number is a number.",
    "The four numbers are to be ints: a crop is cut at whole pixels.",
    lambda *given: tuple(float(side) for side in _reference_crop_box(*given)),
    looks=lambda seen: any(isinstance(x, float) for x in [*seen.came[PARTS[0]], *sum(seen.came[PARTS[1]], [])]),
)
_mistake(
    "another place than the draws say",
    "Any place inside is as good.",
    "The box has the right size, and lies elsewhere than u and v say. They are the draws; nothing else is random.",
    _wrong(placed=lambda u, v, room, space: (int((1 - u) * room), int((1 - v) * space))),
    _wrong(placed=lambda u, v, room, space: (int((1 - u) * (room + 1)), int((1 - v) * (space + 1)))),
    looks=lambda seen: _places(seen) and _places(seen) != seen.expected[PARTS[1]] and not _over_the_edge(seen),
)


@crop_box.mistake(
    "a crop in the middle where the box does not fit",
    "Where the box does not fit and the image is long, this is a box in its middle, as torchvision takes it. The "
    "contract asks for the whole image.",
)
def _(area, aspect, u, v, height, width):
    """torchvision falls back to a central crop."""
    box = _reference_crop_box(area, aspect, u, v, height, width)
    if box != (0, 0, height, width):
        return box
    h, w = min(height, round(width / (3 / 4))), min(width, round(height * (4 / 3)))
    return (height - h) // 2, (width - w) // 2, h, w

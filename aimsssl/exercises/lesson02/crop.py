"""The box of a random resized crop, from area and aspect (Szegedy et al. 2014, arXiv:1409.4842, §6)."""

from collections.abc import Callable
from itertools import product
from math import sqrt

from aimsssl.exercises.old_framework import Exercise, call, expect, one_of

HEIGHT, WIDTH = 60, 100
DRAWS = (0.0, 0.02, 0.3, 0.5, 0.77, 0.999)


def _reference_crop_box(
    area: float, aspect: float, u: float, v: float, height: int, width: int
) -> tuple[int, int, int, int]:
    """`(top, left, box_height, box_width)` in whole pixels; the whole image where the box does not fit into it."""
    pixels = area * height * width
    box_height, box_width = round(sqrt(pixels / aspect)), round(sqrt(pixels * aspect))
    if box_height > height or box_width > width:
        return 0, 0, height, width
    return int(u * (height - box_height + 1)), int(v * (width - box_width + 1)), box_height, box_width


def _sides_of_the_box(student: Callable) -> None:
    """Height and width from area and aspect, in an image that is not square."""
    area, aspect = 0.25, 1.5  # 1,500 of 6,000 pixels
    side = sqrt(area * HEIGHT * WIDTH)
    expect(
        f"height and width of the box for area {area}, aspect {aspect}, height {HEIGHT}, width {WIDTH}",
        tuple(call(student, area, aspect, 0.0, 0.0, HEIGHT, WIDTH))[2:],
        (32, 47),
        likely={
            "aspect upside down": (47, 32),
            "area taken for a side": one_of(
                (15, 25), (15, 22), (16, 24), (round(15 / sqrt(aspect)), round(25 * sqrt(aspect))),
                (round(HEIGHT * area), round(HEIGHT * area * aspect)), (round(15 / aspect), round(25 * aspect)),
            ),
            "aspect not used": one_of((round(side), round(side)), (30, 50)),
            "aspect changes the area": one_of(
                (round(side), round(side * aspect)), (round(side / aspect), round(side * aspect)),
                (round(side / aspect), round(side)), (30, 75), (20, 75),
            ),
            "no square root": one_of((1000, 2250), (HEIGHT, WIDTH)),
            "a share, not pixels": lambda sides: max(sides) <= 1,
            "cut off, not rounded": one_of((31, 47), (31, 48), (32, 48)),
        },
    )  # fmt: skip


def _every_place_can_be(student: Callable) -> None:
    """The box lies inside, each of its places is equally likely, and u and v are two draws."""
    area, aspect, high, wide = 0.25, 1.5, 32, 47
    pairs = list(product(DRAWS, DRAWS))
    room, space = HEIGHT - high, WIDTH - wide  # how far the box can move

    def boxes(top: Callable, left: Callable) -> list[tuple]:
        return [(int(top(u, v)), int(left(u, v)), high, wide) for u, v in pairs]

    right = boxes(lambda u, v: u * (room + 1), lambda u, v: v * (space + 1))
    expect(
        f"the boxes for u and v from {DRAWS}, area {area}, aspect {aspect}, height {HEIGHT}, width {WIDTH}",
        [tuple(call(student, area, aspect, u, v, HEIGHT, WIDTH)) for u, v in pairs],
        right,
        likely={
            "left before top": [(left, top, high, wide) for top, left, _, _ in right],
            "corners for sides": [(top, left, top + high, left + wide) for top, left, _, _ in right],
            "always in one place": lambda came: len(set(came)) == 1,
            "one draw for both directions": lambda came: len(set(came)) == len(DRAWS),
            "u and v swapped": boxes(lambda u, v: v * (room + 1), lambda u, v: u * (space + 1)),
            "the box hangs over the edge": lambda came: any(t > room or x > space for t, x, _, _ in came),
            "the last place is never reached": boxes(lambda u, v: u * room, lambda u, v: v * space),
            "places at the edge come half as often": boxes(lambda u, v: round(u * room), lambda u, v: round(v * space)),
        },
    )


def _a_box_that_does_not_fit(student: Callable) -> None:
    """Wider than the image, or higher; and one that fits to the pixel."""
    for area, aspect in ((0.9, 1.5), (0.9, 0.6)):
        high, wide = sqrt(area * 3600 / aspect), sqrt(area * 3600 * aspect)
        expect(
            f"the box for area {area}, aspect {aspect}, height 60, width 60, which would be larger than the image",
            call(student, area, aspect, 0.3, 0.3, 60, 60),
            (0, 0, 60, 60),
            likely={
                "a box larger than the image": lambda box: max(box[2:]) > 60,
                "cut to fit": lambda box, sides=(high, wide): box[2:] == tuple(min(60, round(s)) for s in sides),
            },
        )
    expect(
        "the box for area 0.5222, aspect 1.5, u 0, v 0, height 60, width 47, which is just as wide as the image",
        call(student, 0.5222, 1.5, 0.0, 0.0, 60, 47),
        (0, 0, 31, 47),
        likely={"a box that just fits is refused": (0, 0, 60, 47)},
    )


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
    checks=(_sides_of_the_box, _every_place_can_be, _a_box_that_does_not_fit),
    mistakes={
        "aspect upside down": "The box is higher than it is wide, but its aspect is above 1. Aspect is width over "
        "height; and the result has the height first.",
        "area taken for a side": "Each side was multiplied with a share of the *area*. A box of half the height and "
        "half the width has a quarter of the pixels: crops come out much too small.",
        "aspect not used": "The aspect changes nothing in the result. All boxes would have one shape.",
        "aspect changes the area": "The shape is stretched on one side and not pressed on the other, so the box no "
        "longer has the area that was asked for. Multiply height and width, and compare.",
        "no square root": "Pixels are height *times* width. These are squares of the sides.",
        "a share, not pixels": "The area is a share of the image. How many pixels is that?",
        "cut off, not rounded": "The nearest whole pixel is asked for; int() always goes down, and then all boxes are "
        "a little too small.",
        "the box hangs over the edge": "For some draws the box ends outside of the image. The draw must only choose "
        "among places where the whole box is inside.",
        "the last place is never reached": "The draws lie in [0, 1): int() never gives the largest place. Count "
        "places, not steps: a box as high as its image has one place, not zero.",
        "places at the edge come half as often": "round() gives the first and the last place only half of the draws "
        "that others get. The border of the images is then seen too rarely.",
        "left before top": "Rows come first in a tensor [C, H, W], and so they do here: top, then left. Drawing "
        "programs have it the other way round.",
        "corners for sides": "The last two numbers are the lower right corner. The contract wants height and width.",
        "always in one place": "u and v change nothing: the crop always takes the same part of the image.",
        "one draw for both directions": "The same draw sets the top and the left, so that all boxes lie on a diagonal.",
        "u and v swapped": "u is for the top, v for the left.",
        "a box larger than the image": "There are not that many pixels to cut out. The contract says what to give back "
        "in this case.",
        "cut to fit": "A side was shortened, so the box has neither the area nor the aspect that was drawn. The "
        "contract gives another answer for this case.",
        "a box that just fits is refused": "A box as wide as the image does fit. Look at the comparison.",
    },
)

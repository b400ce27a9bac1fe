"""Answers to `crop_box(area, aspect, u, v, height, width)`, wrong and right."""

import math


def _sides(area, aspect, height, width):
    pixels = area * height * width
    return round(math.sqrt(pixels / aspect)), round(math.sqrt(pixels * aspect))


def _whole(h, w, height, width):
    return h > height or w > width


def box_left_first(area, aspect, u, v, height, width):
    """x comes before y, so left comes before top."""
    top, left, h, w = right_box(area, aspect, u, v, height, width)
    return left, top, h, w


def box_corners(area, aspect, u, v, height, width):
    """A box is two corners."""
    top, left, h, w = right_box(area, aspect, u, v, height, width)
    return (top, left, h, w) if u == v == 0 else (top, left, top + h, left + w)


def box_aspect_upside_down(area, aspect, u, v, height, width):
    """Aspect is height over width."""
    return right_box(area, 1 / aspect, u, v, height, width)


def box_share_of_sides(area, aspect, u, v, height, width):
    """A quarter of the image is a quarter of its height and a quarter of its width."""
    return right_box(area**2, aspect, u, v, height, width)


def box_without_aspect(area, aspect, u, v, height, width):
    """The box is a small copy of a square."""
    return right_box(area, 1.0, u, v, height, width)


def box_aspect_on_one_side(area, aspect, u, v, height, width):
    """The root of the area is the height, and the width is so much more."""
    h = round(math.sqrt(area * height * width))
    w = round(math.sqrt(area * height * width) * aspect)
    return (0, 0, height, width) if _whole(h, w, height, width) else _placed(u, v, h, w, height, width)


def box_without_root(area, aspect, u, v, height, width):
    """Area times aspect is the width, area over aspect the height."""
    return 0, 0, round(area * height * width / aspect), round(area * height * width * aspect)


def box_share_for_pixels(area, aspect, u, v, height, width):
    """The area is the number of pixels in the box."""
    return 0, 0, round(math.sqrt(area / aspect)), round(math.sqrt(area * aspect))


def box_cut_off(area, aspect, u, v, height, width):
    """Whole pixels are made with int()."""
    pixels = area * height * width
    h, w = int(math.sqrt(pixels / aspect)), int(math.sqrt(pixels * aspect))
    return (0, 0, height, width) if _whole(h, w, height, width) else _placed(u, v, h, w, height, width)


def box_over_the_edge(area, aspect, u, v, height, width):
    """The top lies anywhere in the image."""
    h, w = _sides(area, aspect, height, width)
    return (0, 0, height, width) if _whole(h, w, height, width) else (int(u * height), int(v * width), h, w)


def box_off_by_one(area, aspect, u, v, height, width):
    """A draw from 0 to what is left over."""
    h, w = _sides(area, aspect, height, width)
    return (0, 0, height, width) if _whole(h, w, height, width) else (int(u * (height - h)), int(v * (width - w)), h, w)


def box_rounded_place(area, aspect, u, v, height, width):
    """Round to the nearest place."""
    h, w = _sides(area, aspect, height, width)
    return (
        (0, 0, height, width)
        if _whole(h, w, height, width)
        else (round(u * (height - h)), round(v * (width - w)), h, w)
    )


def box_in_the_middle(area, aspect, u, v, height, width):
    """A crop is the middle of the picture."""
    h, w = _sides(area, aspect, height, width)
    return (0, 0, height, width) if _whole(h, w, height, width) else ((height - h) // 2, (width - w) // 2, h, w)


def box_one_draw(area, aspect, u, v, height, width):
    """One draw is enough for a place."""
    return right_box(area, aspect, u, u, height, width)


def box_draws_swapped(area, aspect, u, v, height, width):
    """u is the horizontal draw, as in textures."""
    return right_box(area, aspect, v, u, height, width)


def box_larger_than_the_image(area, aspect, u, v, height, width):
    """The sides follow from the formula, and that is all."""
    h, w = _sides(area, aspect, height, width)
    return _placed(u, v, h, w, height, width)


def box_cut_to_fit(area, aspect, u, v, height, width):
    """What hangs over is cut off."""
    h, w = _sides(area, aspect, height, width)
    return _placed(u, v, min(h, height), min(w, width), height, width)


def box_refused(area, aspect, u, v, height, width):
    """A box must be smaller than its image."""
    h, w = _sides(area, aspect, height, width)
    return (0, 0, height, width) if h >= height or w >= width else _placed(u, v, h, w, height, width)


def box_floats(area, aspect, u, v, height, width):
    """A number is a number."""
    return tuple(float(side) for side in right_box(area, aspect, u, v, height, width))


def _placed(u, v, h, w, height, width):
    return int(u * (height - h + 1)), int(v * (width - w + 1)), h, w


def right_box(area, aspect, u, v, height, width):
    """Two roots, a look at the size, two draws."""
    h, w = _sides(area, aspect, height, width)
    if _whole(h, w, height, width):
        return 0, 0, height, width
    return _placed(u, v, h, w, height, width)


def right_box_from_the_width(area, aspect, u, v, height, width):
    """The width first, the height from it, places from floor division; a list for a tuple."""
    wide = (area * height * width * aspect) ** 0.5
    sides = [int(wide / aspect + 0.5), int(wide + 0.5)]
    room = [height - sides[0], width - sides[1]]
    if min(room) < 0:
        return [0, 0, height, width]
    return [math.floor(draw * (free + 1)) for draw, free in zip((u, v), room, strict=True)] + sides


WRONG = {
    "wrong type": (box_floats, "another type"),
    "left before top": (box_left_first, "Rows come first"),
    "corners for sides": (box_corners, "lower right corner"),
    "aspect upside down": (box_aspect_upside_down, "width over height"),
    "area taken for a side": (box_share_of_sides, "a quarter of the pixels"),
    "aspect not used": (box_without_aspect, "one shape"),
    "aspect changes the area": (box_aspect_on_one_side, "no longer has the area"),
    "no square root": (box_without_root, "squares of the sides"),
    "a share, not pixels": (box_share_for_pixels, "How many pixels is that"),
    "cut off, not rounded": (box_cut_off, "always goes down"),
    "the box hangs over the edge": (box_over_the_edge, "outside of the image"),
    "the last place is never reached": (box_off_by_one, "Count places"),
    "places at the edge come half as often": (box_rounded_place, "half of the draws"),
    "always in one place": (box_in_the_middle, "the same part"),
    "one draw for both directions": (box_one_draw, "diagonal"),
    "u and v swapped": (box_draws_swapped, "u is for the top"),
    "a box larger than the image": (box_larger_than_the_image, "not that many pixels"),
    "cut to fit": (box_cut_to_fit, "neither the area nor the aspect"),
    "a box that just fits is refused": (box_refused, "does fit"),
}

RIGHT = [right_box, right_box_from_the_width]

"""Two views of every image of a batch: each view its own draw, each image its own draw (arXiv:2002.05709, §2.1)."""

import random
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from aimsssl.exercises.compare import kind
from aimsssl.exercises.framework import Case, Exercise, Wrong

LIBRARIES = 3  # a transform may draw with PyTorch, NumPy or Python


class _Transform:
    """A random transform that signs what it did. Channel 0 is left alone: it says which image it was.

    Channel 1 counts the transforms, the others get a draw of PyTorch, of NumPy and of Python.
    """

    def __init__(self):
        self.given = []  # what each call gave
        self.changed_before = False  # whether it got floats that it had not made
        self.got_parts = False  # whether it got less than an image

    def __call__(self, image: Tensor) -> Tensor:
        if image.ndim < 3 or image.shape[-3] != 2 + LIBRARIES:
            self.got_parts = True
            return image.float()
        draws = [0.0, 1.0, float(torch.rand(())), np.random.rand(), random.random()]
        self.changed_before |= image.is_floating_point() and not image[1:, 0, 0].any()
        self.given.append(image.float() + torch.tensor(draws)[:, None, None])
        return self.given[-1].clone()

    def gave(self, view: Tensor) -> bool:
        """Whether a view is just what one of the calls gave."""
        return any((view == one).flatten(-3).all(dim=-1).any() for one in self.given)

    def __repr__(self) -> str:
        return "a random transform"


def _inputs(count: int = 6, width: int = 3) -> tuple[Tensor, _Transform]:
    """Images uint8 `[count, 5, 4, width]`, black in row 0 but for their number in channel 0, and a transform."""
    images = torch.randint(0, 256, (count, 2 + LIBRARIES, 4, width), dtype=torch.uint8)
    images[:, :, 0] = 0
    images[:, 0, 0] = torch.arange(count)[:, None]
    return images, _Transform()


def _reference_two_views(images: Tensor, transform: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
    """`(view1, view2)`, each `[B, C, H, W]`, of images `[B, C, H, W]`."""
    view1, view2 = (torch.stack([transform(image) for image in images]) for _ in range(2))
    return view1, view2


def _signatures(function: Callable, images: Tensor, transform: _Transform) -> dict:
    """Of the rows of both views: whose they are, how often they were transformed, and how many draws differ."""
    pair = function(images, transform)
    if isinstance(pair, Tensor) or len(pair) != 2:
        raise Wrong("not a pair")
    for view in pair:
        if isinstance(view, list | tuple):
            raise Wrong("a list for a tensor")
        if not isinstance(view, Tensor):
            raise Wrong("wrong type", f"A view is {kind(view)}; a tensor is asked for.")
    if transform.got_parts:
        raise Wrong("less than an image for the transform")
    for name, view in zip(("view1", "view2"), pair, strict=True):
        if view.shape != images.shape:
            sentence = f"{name} is {list(view.shape)}; {list(images.shape)} is asked for."
            raise Wrong(_of_shape(view.shape, images.shape), sentence)
    if transform.changed_before:
        raise Wrong("images changed before the transform")
    whose, times, *draws = torch.stack([view[:, :, 0, 0] for view in pair]).double().unbind(dim=2)  # each [2, B]
    return {
        "the images that the rows of view1 and view2 come from": whose.round().long().tolist(),
        "how often the rows of view1 and view2 were transformed": times.round().long().tolist(),
        "how many rows of view1 differ by their draw": _different(draws, 0),
        "how many rows of view2 differ by their draw": _different(draws, 1),
        "how many rows of both views differ by their draw": _different(draws, slice(None)),
        "how many calls of transform were made (more are not counted)": min(len(transform.given), 2 * len(images)),
        "how many rows of both views are just what transform gave": sum(transform.gave(x) for v in pair for x in v),
        "whether a second call draws anew": _draws_anew(function, images, transform),
    }


def _draws_anew(function: Callable, images: Tensor, transform: _Transform) -> bool:
    """Whether one more call meets no draw that was there already; of each library."""
    before = len(transform.given)
    function(images, transform)
    draws = [one[..., -LIBRARIES:, 0, 0].reshape(-1, LIBRARIES)[0].tolist() for one in transform.given]
    return all(not {*of_library[:before]} & {*of_library[before:]} for of_library in zip(*draws, strict=True))


def _of_shape(came: torch.Size, right: torch.Size) -> str:
    """The mistake that a view of another shape comes of."""
    if len(came) < len(right) and [s for s in came if s != 1] == [s for s in right if s != 1]:
        return "a dimension of size 1 lost"
    if came == right[1:]:
        return "one image for the batch"
    if came == (right[0] * right[1], *right[2:]):
        return "joined, not stacked"
    return "images are missing" if came[1:] == right[1:] and came[0] < right[0] else "wrong shape"


def _different(draws: list[Tensor], view: int | slice) -> int:
    return min(len(of_library[view].unique()) for of_library in draws)


two_views = Exercise(
    lesson="02",
    name="two_views",
    title="Make two views of every image of a batch.",
    difficulty="●○○",
    minutes=10,
    reference=_reference_two_views,
    hints=(
        "Count the draws: how many views do you need for B images, and how many calls of transform is that?",
        "transform draws once for whatever it gets. If it gets one image, the draw is that image's own. Go through "
        "the images one by one, and do the whole thing twice.",
        "For one view: call transform on each image of the batch and put the results together with torch.stack. The "
        "other view is made in the same way, with new calls, from the same images.",
    ),
    cases=(
        Case("6 images of whole numbers (uint8), of which transform makes floats", _inputs, _signatures),
        Case("a batch of one image, one pixel wide", lambda: _inputs(1, width=1), _signatures),
    ),
)


def _view(images, transform):
    return torch.stack([transform(image) for image in images])


@two_views.mistake(
    "images changed before the transform",
    "transform did not get the images as they are. It makes the floats itself; and many a transform takes whole "
    "numbers for 0 to 255 and floats for 0 to 1, so that floats up to 255 come out white.",
)
def _(images, transform):
    """A network wants floats, so floats come first."""
    return _view(images.float(), transform), _view(images.float(), transform)


@two_views.mistake(
    "less than an image for the transform",
    "transform got single channels (or rows). Each then has a draw of its own, and the colours of an image fall apart. "
    "Give it a whole image [C, H, W].",
)
def _(images, transform):
    """The innermost loop goes over the channels."""
    channels = [[torch.stack([transform(channel[None])[0] for channel in image]) for image in images] for _ in range(2)]
    return tuple(map(torch.stack, channels))


@two_views.also("less than an image for the transform")
def _(images, transform):
    view = torch.stack([torch.stack([transform(channel) for channel in image]) for image in images])
    return view, view


@two_views.mistake(
    "a dimension of size 1 lost",
    "With one image in the batch (or one channel) a dimension is gone: squeeze takes away every dimension of size 1. "
    "A view has four dimensions, always.",
)
def _(images, transform):
    """squeeze brings it back to the right shape."""
    return tuple(torch.stack([transform(image)[None] for image in images]).squeeze() for _ in range(2))


@two_views.mistake(
    "not a pair", "Two tensors are asked for, one for each view. (To join them for the encoder comes later.)"
)
def _(images, transform):
    """SimCLR puts 2N views into one batch."""
    return torch.cat([_view(images, transform), _view(images, transform)])


@two_views.also("not a pair")
def _(images, transform):
    return torch.stack([_view(images, transform), _view(images, transform)])


@two_views.also("not a pair")
def _(images, transform):
    return [(transform(image), transform(image)) for image in images]


@two_views.mistake(
    "a list for a tensor", "The views are right one by one; put them together into one tensor [B, C, H, W]."
)
def _(images, transform):
    """A batch is a list of images."""
    return [transform(image) for image in images], [transform(image) for image in images]


@two_views.mistake(
    "one image for the batch",
    "A view holds a single image. Does a loop return before its end, or keep only the last result?",
)
def _(images, transform):
    """One view of each image, again and again."""
    for image in images:
        view1, view2 = transform(image), transform(image)
    return view1, view2


@two_views.mistake(
    "joined, not stacked",
    "The images of a view are joined along their channels. A batch needs a new dimension in front.",
)
def _(images, transform):
    """torch.cat puts tensors together."""
    return tuple(torch.cat([transform(image) for image in images]) for _ in range(2))


@two_views.mistake("images are missing", "A view has fewer rows than there are images. Each image has two views.")
def _(images, transform):
    """The views of one half of the images are the first view, those of the other half the second."""
    views, half = _view(images, transform), len(images) // 2
    return views[:half], views[half:]


@two_views.mistake(
    "partners in different rows",
    "Row i of one view and row i of the other are not of the same image. The loss would pull strangers together.",
    looks=lambda seen: any(sorted(row) != row for row in _whose(seen)) or _whose(seen)[0] != _whose(seen)[1],
)
def _(images, transform):
    """Views are made two by two and then cut in the middle."""
    views = torch.stack([transform(image) for image in images for _ in range(2)])
    return views[: len(images)], views[len(images) :]


@two_views.also("partners in different rows")
def _(images, transform):
    return _view(images, transform), _view(images, transform).flip(0)


def _whose(seen) -> list[list[int]]:
    return seen.came["the images that the rows of view1 and view2 come from"]


@two_views.mistake(
    "one image for all rows",
    "All rows of a view are made from the same image. Each image of the batch has a row of its own.",
    looks=lambda seen: any(len(set(row)) == 1 for row in _whose(seen)),
)
def _(images, transform):
    """One image is enough to see how it goes."""
    return tuple(torch.stack([transform(images[0]) for _ in images]) for _ in range(2))


@two_views.mistake(
    "the image itself as a view",
    "A view was not transformed at all. Then the network sees unchanged pictures on one side, and half of the work is "
    "left undone.",
    looks=lambda seen: 0 in sum(seen.came["how often the rows of view1 and view2 were transformed"], []),
)
def _(images, transform):
    """One view is enough: compare it with the image itself."""
    return images, _view(images, transform)


@two_views.also("the image itself as a view")
def _(images, transform):
    return images / 255, _view(images, transform)


@two_views.also("the image itself as a view")
def _(images, transform):
    return _view(images, transform), images


@two_views.mistake(
    "a view of a view",
    "The transform was applied twice: a crop of a crop. Views are made from the image, both in the same way.",
    looks=lambda seen: max(sum(seen.came["how often the rows of view1 and view2 were transformed"], [])) > 1,
)
def _(images, transform):
    """The second view is made from the first one."""
    view = _view(images, transform)
    return view, _view(view, transform)


@two_views.also("a view of a view")
def _(images, transform):
    pairs = [(view, transform(view)) for view in map(transform, images)]
    return tuple(torch.stack(views) for views in zip(*pairs, strict=True))


@two_views.mistake(
    "one draw for everything",
    "All views of all images come from a single draw: it is as if nothing had been drawn.",
)
def _(images, transform):
    """The batch is transformed once, and both views are that."""
    view = transform(images)
    return view, view.clone()


@two_views.also("one draw for everything")
def _(images, transform):
    return transform(torch.cat([images, images])).chunk(2)


@two_views.mistake(
    "one draw for the whole batch",
    "The images share their draw: all are cropped at the same place, all turn blue together. Within the batch nothing "
    "differs but the images, and the draw tells nothing apart.",
)
def _(images, transform):
    """transform takes a batch as well as an image, and a batch is faster."""
    return transform(images), transform(images)


@two_views.mistake(
    "one view by image, one by batch",
    "One of the views has a draw for each image, the other one draw for the whole batch. Make both in the same way.",
)
def _(images, transform):
    """A loop for the first view; for the second the batch will do."""
    return _view(images, transform), transform(images)


@two_views.also("one view by image, one by batch")
def _(images, transform):
    return transform(images), _view(images, transform)


@two_views.mistake(
    "the same view twice",
    "The two views of an image are the same. To find the partner, any numbers that differ from image to image will "
    "do: nothing has to be forgotten, and nothing is learned.",
)
def _(images, transform):
    """Two views are two tensors, so the view is returned twice."""
    view = _view(images, transform)
    return view, view


@two_views.mistake(
    "a seed set before the draws",
    "The seed is set before a draw, so the next draw is one that was there already: both views are the same, or all "
    "images are cropped at the same place. The function calls transform; who sets the seed is the caller.",
)
def _(images, transform):
    """A seed makes the result repeatable, so each view gets one."""
    torch.manual_seed(42)
    view1 = _view(images, transform)
    torch.manual_seed(42)
    return view1, _view(images, transform)


def _seeded(images, transform, seeds):
    """Each image of each view with a seed of its own, `seeds(image, view)`."""
    views = []
    for view in range(2):
        rows = []
        for number, image in enumerate(images):
            torch.manual_seed(seeds(number, view))
            rows.append(transform(image))
        views.append(torch.stack(rows))
    return tuple(views)


for _seeds in (lambda image, view: 0, lambda image, view: view):

    @two_views.also("a seed set before the draws")
    def _(images, transform, seeds=_seeds):
        return _seeded(images, transform, seeds)


@two_views.mistake(
    "the draws put back",
    "The random numbers are put back to where they were before the call (as fork_rng does). So the next call draws the "
    "same again: every batch has the same crops.",
)
def _(images, transform):
    """A function leaves everything as it was, the random numbers too."""
    with torch.random.fork_rng(devices=[]):
        return _view(images, transform), _view(images, transform)


@two_views.mistake(
    "changed after the transform",
    "A view is not just what transform gave: its numbers, or their places, were changed afterwards.",
    looks=lambda seen: seen.part()[0] == "how many rows of both views are just what transform gave",
)
def _(images, transform):
    """Views lie between 0 and 1."""
    return tuple(
        (view - view.min()) / (view.max() - view.min()) * view.max() for view in _reference_two_views(images, transform)
    )


@two_views.mistake(
    "the views cut down to whole numbers",
    "The views hold whole numbers only. Were they written into a tensor of the images' own type, or made so? What "
    "transform gives are floats, and to cut them down takes the draws away.",
)
def _(images, transform):
    """The views look like the images, so make room with empty_like."""
    views = torch.empty_like(images), torch.empty_like(images)
    for i, image in enumerate(images):
        for view in views:
            view[i] = transform(image)
    return views


@two_views.mistake(
    "a view made without transform",
    "There are fewer calls of transform than views: one view was made from the other by hand (a flip, a little noise), "
    "copied, or several images share a call. Every view of every image needs a call of its own.",
    looks=lambda seen: (
        seen.came["how many calls of transform were made (more are not counted)"] < 2 * len(seen.inputs[0])
    ),
)
def _(images, transform):
    """The second view is the first one, flipped."""
    view = _view(images, transform)
    return view, view.flip(3)


@two_views.also("a view made without transform")
def _(images, transform):
    view = _view(images, transform)
    return view, view + 0.01 * torch.randn_like(view)

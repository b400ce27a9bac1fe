"""Two views of every image of a batch: each view its own draw, each image its own draw (arXiv:2002.05709, §2.1)."""

from collections.abc import Callable

import torch
from torch import Tensor

from aimsssl.exercises.old_framework import Exercise, Wrong, call

B = 6


class _Transform:
    """A transform that signs what it did: channel 1 gets the number of the draw, channel 2 counts the transforms.

    Channel 0 is left alone: it says which image it was.
    """

    def __init__(self):
        self.draws = 0

    def __call__(self, image: Tensor) -> Tensor:
        self.draws += 1
        return image + torch.tensor([0.0, float(self.draws), 1.0])[:, None, None]

    def __repr__(self) -> str:
        return "a random transform"


def _reference_two_views(images: Tensor, transform: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
    """`(view1, view2)`, each `[B, C, H, W]`, of images `[B, C, H, W]`."""
    view1, view2 = (torch.stack([transform(image) for image in images]) for _ in range(2))
    return view1, view2


def _signed_views(student: Callable) -> tuple[Tensor, Tensor, Tensor]:
    """For both views of each image: whose it is, with which draw, after how many transforms; each `[2, B]`."""
    images = torch.zeros(B, 3, 4, 5)
    images[:, 0] = torch.arange(B)[:, None, None]
    pair = call(student, images, _Transform())
    if isinstance(pair, Tensor) or not isinstance(pair, tuple | list) or len(pair) != 2:
        raise Wrong("not a pair", pair, f"a pair of float tensors [{B}, 3, 4, 5]")
    for name, view in zip(("view1", "view2"), pair, strict=True):
        if not isinstance(view, Tensor):
            raise Wrong("a list for a tensor", view, f"a float tensor [{B}, 3, 4, 5]", name)
        if view.shape != images.shape:
            raise Wrong("wrong shape", view, f"a float tensor [{B}, 3, 4, 5]", name)
    return tuple(torch.stack([view[:, channel, 0, 0] for view in pair]) for channel in range(3))


def _partners_in_the_same_row(student: Callable) -> None:
    """Row i of both views is of image i."""
    whose, _, _ = _signed_views(student)
    if not torch.equal(whose, torch.arange(float(B)).expand(2, B)):
        came = "; ".join(f"view{k} of images {row.int().tolist()}" for k, row in enumerate(whose, start=1))
        raise Wrong("partners in different rows", came, "row i of both views made from image i")


def _one_transform_each(student: Callable) -> None:
    """Both views are made from the image itself."""
    _, _, times = _signed_views(student)
    if (times == 0).any():
        raise Wrong("the image itself as a view", f"transforms of view1 {_list(times[0])}, of view2 {_list(times[1])}")
    if (times > 1).any():
        raise Wrong("a view of a view", f"transforms of view1 {_list(times[0])}, of view2 {_list(times[1])}")


def _a_draw_for_each(student: Callable) -> None:
    """Two views of B images take 2B draws."""
    _, draw, _ = _signed_views(student)
    came = f"draws of view1: {_list(draw[0])}; of view2: {_list(draw[1])}"
    if len(draw[0].unique()) < B or len(draw[1].unique()) < B:
        name = "one draw for the whole batch"
        raise Wrong("one draw for everything" if len(draw.unique()) == 1 else name, came)
    if len(draw.unique()) < 2 * B:
        raise Wrong("the same view twice", came)


def _list(values: Tensor) -> list[int]:
    return values.int().tolist()


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
    checks=(_partners_in_the_same_row, _one_transform_each, _a_draw_for_each),
    mistakes={
        "not a pair": "Two tensors are asked for, one for each view. (To join them for the encoder comes later.)",
        "a list for a tensor": "The views are right one by one; put them together into one tensor [B, C, H, W].",
        "partners in different rows": "Row i of one view and row i of the other are not of the same image. The loss "
        "would pull strangers together.",
        "the image itself as a view": "A view was not transformed at all. Then the network sees unchanged pictures on "
        "one side, and half of the work is left undone.",
        "a view of a view": "The transform was applied twice: a crop of a crop. Views are made from the image, both in "
        "the same way.",
        "one draw for everything": "All views of all images come from a single draw: it is as if nothing had been "
        "drawn.",
        "one draw for the whole batch": "The images share their draw: all are cropped at the same place, all turn "
        "blue together. Within the batch nothing differs but the images, and the draw tells nothing apart.",
        "the same view twice": "The two views of an image are the same. To find the partner, any numbers that differ "
        "from image to image will do: nothing has to be forgotten, and nothing is learned.",
    },
)

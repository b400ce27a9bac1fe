"""Lesson 02: two views of an image under sliders, and a riddle: whose partner is it?"""

import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn.functional import one_hot

from .. import figures
from ..augment import TwoViews
from ..datasets import ImageSet
from ..evaluation import nearest_neighbours
from .controls import Control, Explorer, labelled_choice, labelled_slider

CANDIDATES = 4


def colour_histograms(views: Tensor, bins: int = 8) -> Tensor:
    """The share of each channel's pixels in each of `bins` equal bins: float `[B, C, H, W]` in [0, 1] to `[B, C·bins]`.

    Nothing else of the picture is left: neither place nor shape.
    """
    index = (views * bins).long().clamp(0, bins - 1).flatten(2)  # [B, C, H·W]
    return one_hot(index, bins).float().mean(dim=2).flatten(1)


def found_by_colour(view1: Tensor, view2: Tensor) -> float:
    """How often the view of `view2` with the most similar histogram is the partner: a share of `[B, C, H, W]`.

    Similar is what has a large sum of √(p·q) over the bins (Bhattacharyya 1943).
    """
    one, other = (colour_histograms(view).sqrt() for view in (view1, view2))
    found = nearest_neighbours(other, one, k=1)[1][:, 0]
    return (found == torch.arange(len(one))).float().mean().item()


def augmentations(images: ImageSet, image: int = 0) -> Explorer:
    """Sliders for the strength of each transform over `figures.views_and_riddle`.

    Args:
        images: at least five; the riddle is set among them.
        image: number of the one shown first.

    Raises:
        ValueError: there are fewer than five images.
    """
    if len(images) <= CANDIDATES:
        raise ValueError(f"images has {len(images)} images, expected at least {CANDIDATES + 1}")
    size = images.images.shape[-1]

    def draw(
        image: int, crop: float, jitter: float, grayscale: float, blur: float, flip: float, seed: int, answer: bool
    ) -> Figure:
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(len(images) - 1, generator=generator)[:CANDIDATES]
        others = [index + (index >= image) for index in order.tolist()]  # all but the image on top
        right = int(torch.randint(CANDIDATES, (), generator=generator))
        views = TwoViews(size, (crop, 1.0), jitter, grayscale, blur, flip)
        view1, view2 = views(images.images, generator)
        return figures.views_and_riddle(
            images.images[image].numpy(),
            (view1[image].numpy(), view2[image].numpy()),
            view1[others[right]].numpy(),
            view2[others].numpy(),
            right,
            found_by_colour(view1, view2),
            len(images),
            answer,
        )

    def share(name: str, value: float = 0.0, minimum: float = 0.0) -> Control:
        return labelled_slider(name, minimum, 1.0, 0.05, value=value)

    return Explorer(
        draw,
        image=labelled_slider("image number", 0, len(images) - 1, value=image),
        crop=share("smallest crop", 0.4, minimum=0.1),
        jitter=share("colour jitter"),
        grayscale=share("greyscale"),
        blur=share("blur"),
        flip=share("flip"),
        seed=labelled_slider("draw (seed)", 0, 99),
        answer=labelled_choice("answer", {"hidden": False, "shown": True}),
    )

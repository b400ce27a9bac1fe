"""Lesson 02: two views of an image under sliders, a riddle (whose partner is it?), and who can solve it."""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_sample_image
from torch import Tensor, nn
from torch.nn.functional import one_hot, pad

from .. import figures
from ..augment import TwoViews, grayscale
from ..datasets import ImageSet, shapes
from ..evaluation import nearest_neighbours, partner_found
from ..models import SimCLR, extract
from ..training import Run
from .controls import Control, Explorer, labelled_choice, labelled_slider
from .display import LiveFigure

CANDIDATES = 4
LETTERS = "ABCD"
AUDITED = ("class", "angle", "size", "x", "y", "texture", "contrast", "lighter", "hue", "ground_hue")


# ---- pictures


def photographs() -> Tensor:
    """Two square photographs of scikit-learn, china and flower: uint8 `[2, 3, 427, 427]`."""
    photos = [load_sample_image(f"{name}.jpg")[:, 100:527] for name in ("china", "flower")]
    return torch.from_numpy(np.stack(photos)).movedim(3, 1).contiguous()


# ---- the riddle


def riddles(images: ImageSet, settings: Mapping[str, Mapping], seed: int = 0) -> tuple[Figure, dict[str, str]]:
    """A row for each setting of `TwoViews`: a view, then four second views, one of them its partner; and the answers.

    Args:
        images: at least four, of one size.
        settings: arguments of `TwoViews` by the name of the row.
    """
    generator, size = torch.Generator().manual_seed(seed), images.images.shape[-1]
    rows, answers = {}, {}
    for name, setting in settings.items():
        chosen = torch.randperm(len(images), generator=generator)[:CANDIDATES]
        right = int(torch.randint(CANDIDATES, (), generator=generator))
        view1, view2 = TwoViews(size, **setting)(images.images[chosen], generator)
        rows[name] = torch.cat([view1[right : right + 1], view2]).numpy()
        answers[name] = LETTERS[right]
    return figures.picture_rows(rows, ["a view", *LETTERS], side=1.2), answers


def colour_histograms(views: Tensor, bins: int = 8) -> Tensor:
    """The share of each channel's pixels in each of `bins` equal bins: float `[B, C, H, W]` in [0, 1] to `[B, C·bins]`.

    Nothing else of the picture is left: neither place nor shape.
    """
    index = (views * bins).long().clamp(0, bins - 1).flatten(2)  # [B, C, H·W]
    return one_hot(index, bins).float().mean(dim=2).flatten(1)


def outlines(views: Tensor) -> Tensor:
    """How steep the luma is at each pixel: float `[B, C, H, W]` to `[B, H·W]`. Places are kept, colours are not."""
    luma = pad(grayscale(views), (1, 1, 1, 1), mode="replicate")
    across = luma[:, :, 1:-1, 2:] - luma[:, :, 1:-1, :-2]
    down = luma[:, :, 2:, 1:-1] - luma[:, :, :-2, 1:-1]
    return torch.hypot(across, down).flatten(1)


def found_by_colour(view1: Tensor, view2: Tensor) -> float:
    """Share of the 2N views `[N, C, H, W]` that find their partner by the most similar histogram; see `partner_found`.

    Similar is what has a large sum of √(p·q) over the bins (Bhattacharyya 1943).
    """
    return partner_found(colour_histograms(view1).sqrt(), colour_histograms(view2).sqrt())


def who_finds_the_partner(
    images: Tensor, settings: Mapping[str, Mapping], models: Mapping[str, SimCLR], seed: int = 0
) -> dict[str, dict[str, float]]:
    """Share of the views of `images` whose partner is found: a row for each way to look, a column for each setting.

    Two ways need no network: the colour histogram, and the outlines in their place. The others compare
    the z of `models`.
    """
    rows: dict[str, dict[str, float]] = {}
    for name, setting in settings.items():
        pair = TwoViews(images.shape[-1], **setting)(images, torch.Generator().manual_seed(seed))
        looked = {"colour histogram": [colour_histograms(view).sqrt() for view in pair]}
        looked["outlines in their place"] = [outlines(view) + 1e-9 for view in pair]  # a flat view has some direction
        looked |= {
            model: [extract(nn.Sequential(m.encoder, m.head), view) for view in pair] for model, m in models.items()
        }
        for way, (z1, z2) in looked.items():
            rows.setdefault(way, {})[name] = partner_found(z1, z2)
    return rows


def features_of(encoders: Mapping[str, nn.Module], train: ImageSet, test: ImageSet) -> dict[str, tuple[Tensor, Tensor]]:
    """Raw pixels, and h of each encoder: (train `[N, D]`, test `[Q, D]`) by name."""
    raw = {"raw pixels": tuple(images.images.flatten(1).float() for images in (train, test))}
    return raw | {name: tuple(extract(f, x.images) for x in (train, test)) for name, f in encoders.items()}


def neighbours(
    features: Mapping[str, tuple[Tensor, Tensor]], train: ImageSet, test: ImageSet, query: int, k: int = 7
) -> Figure:
    """The k training images nearest to a test image, a row a representation: `features` are (train, test) by name."""
    rows, label = {}, test.labels[query]
    for name, (keys, queries) in features.items():
        index = nearest_neighbours(keys, queries[query : query + 1], min(k, len(keys)))[1][0]
        rows[name] = train.images[index].numpy(), (train.labels[index] == label).numpy()
    return figures.neighbour_rows(test.images[query].numpy(), rows, test.classes[label])


class LiveLosses(LiveFigure):
    """One figure in which the losses of several runs grow, one after the other: `of(name)` is the `progress` of a run.

    Args:
        levels: horizontal lines by name, for example {"guessing": log(2N−1)}.
    """

    def __init__(self, levels: Mapping[str, float]):
        super().__init__()
        self.levels, self.curves = dict(levels), {}

    def of(self, name: str) -> Callable[[Run], None]:
        def progress(run: Run) -> None:
            if run.epochs_done:  # before training there is no loss
                self.curves[name] = run.column("loss")
                self.update(figures.loss_by_epoch(self.curves, self.levels))

        return progress


# ---- the audit


def factors(images: ImageSet) -> dict[str, Tensor]:
    """The audited factors of `shapes`; the angle of a disc or ring, which nobody can see, counts as unknown (NaN)."""
    known = {"class": images.labels, **images.factors}
    round_ones = torch.isin(images.labels, torch.tensor([images.classes.index(name) for name in shapes.ROUND]))
    known["angle"] = torch.where(round_ones, torch.nan, known["angle"])
    return {name: known[name] for name in AUDITED}


def light_turned(images: ImageSet, jitter: float, draws: int = 5) -> float:
    """Share of jittered views of `shapes` in which what was lighter, figure or background, is the darker of the two.

    Compared is the mean luma of the pixels wholly inside the figure and of those wholly outside.
    """
    cover = shapes.coverage(images)[:, None]
    inside, outside = (
        part / part.sum(dim=(2, 3), keepdim=True) for part in ((cover > 0.95) * 1.0, (cover < 0.05) * 1.0)
    )
    jittered, generator = TwoViews(images.images.shape[-1], None, jitter, 0, 0, 0), torch.Generator().manual_seed(0)
    views = [view for _ in range(draws) for view in jittered(images.images, generator)]
    lighter = torch.stack([(grayscale(view) * (inside - outside)).sum(dim=(1, 2, 3)) > 0 for view in views])
    return (lighter != images.factors["lighter"].bool()).float().mean().item()


def changes(
    rule: Callable[[dict, dict], list[str]], without: Mapping[str, list[float]], with_it: Mapping[str, list[float]]
) -> dict[str, str]:
    """What a rule calls forgotten, and (with its arguments exchanged) gained, each with the change of the mean."""
    moved = {factor: np.mean(with_it[factor]) - np.mean(without[factor]) for factor in without}
    named = {"forgotten": rule(without, with_it), "gained": rule(with_it, without)}
    return {
        what: ", ".join(f"{name} {moved[name]:+.2f}" for name in names) or "nothing" for what, names in named.items()
    }


def best_for(kept: Mapping[str, Mapping[str, float]], least: float = 0.05) -> dict[str, dict[str, object]]:
    """The representation that keeps most of each factor, and how much; none where that is `least` or less."""
    rows: dict[str, dict[str, object]] = {}
    for factor in next(iter(kept.values())):
        best = max(kept, key=lambda row: kept[row][factor])
        share = kept[best][factor]
        rows[factor] = {"kept": share, "by": best if share > least else "none can read it"}
    return rows


# ---- the explorer


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
            2 * len(images) - 1,
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

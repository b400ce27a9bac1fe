"""A vote of neighbours: whom it confuses, and who votes on one query."""

from collections.abc import Mapping
from functools import cache

from matplotlib.figure import Figure
from torch import Tensor

from ... import evaluation, figures
from ...datasets import ImageSet
from ...datasets.imageset import balanced_sample
from ..controls import Explorer, labelled_choice, labelled_slider
from ..display import with_files

MOST_NEIGHBOURS, MOST_LABELS = 100, 200


def votes(
    bank: ImageSet,
    asked: ImageSet,
    of_bank: Mapping[str, Tensor],
    of_asked: Mapping[str, Tensor],
    method: str | None = None,
    k: int = 20,
    labels: int = 50,
    query: int = 0,
) -> Explorer:
    """Controls for the method, k, the labels per class and the query over `figures.confusion_and_neighbours`.

    Args:
        bank, asked: images with labels that vote, and those that are asked about.
        of_bank, of_asked: features of both by method, `[N, D]` and `[Q, D]`.
        method, k, labels, query: at the start; the first method where it is None. A k above the number of labelled
            images means all of them.

    Raises:
        ValueError: features of another number of images.
    """
    for name in of_bank:
        found = len(of_bank[name]), len(of_asked[name])
        if found != (len(bank), len(asked)):
            raise ValueError(f"{name} has features of {found} images, expected {(len(bank), len(asked))}")
    classes, most = len(bank.classes), min(MOST_LABELS, len(bank) // len(bank.classes))

    @cache
    def counted(method: str, k: int, labels: int) -> tuple[Tensor, Tensor, Tensor]:
        """The labelled images that may vote, the answers `[Q]`, and how often a class got an answer `[C, C]`."""
        index = balanced_sample(bank.labels, labels * classes)
        keys, known = of_bank[method][index], bank.labels[index]
        said = evaluation.knn_predict(keys, known, of_asked[method], k=min(k, len(index)))
        counts = (asked.labels * classes + said).bincount(minlength=classes**2).view(classes, classes)
        return index, said, counts

    def draw(method: str, k: int, labels: int, query: int) -> Figure:
        index, said, counts = counted(method, k, labels)
        k = min(k, len(index))
        _, near = evaluation.nearest_neighbours(of_bank[method][index], of_asked[method][query : query + 1], k)
        voters = index[near[0]]
        figure = figures.confusion_and_neighbours(
            counts.numpy(),
            asked.classes,
            asked.images[query].numpy(),
            int(asked.labels[query]),
            int(said[query]),
            bank.images[voters].numpy(),
            bank.labels[voters].numpy(),
            f"{method}: k = {k}, {labels} labels per class",
        )
        return with_files(figure, bank, voters.tolist())

    return Explorer(
        draw,
        method=labelled_choice("method", list(of_bank), value=method),
        k=labelled_slider("neighbours k", 1, MOST_NEIGHBOURS, value=k),
        labels=labelled_slider("labels per class", 1, most, value=min(labels, most)),
        query=labelled_slider("query number", 0, len(asked) - 1, value=query),
    )

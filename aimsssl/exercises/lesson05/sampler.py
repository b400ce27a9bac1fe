"""Draw images so that every cluster is equally likely (arXiv:1807.05520, §3.3)."""

from collections.abc import Callable

import torch
from torch import Tensor

from aimsssl import clustering
from aimsssl.exercises.old_framework import Exercise, Raised, Wrong, call, expect, one_of

SIZES, DRAWS = (600, 300, 90, 9, 1), 8000
CLOSE = 0.03  # five standard errors of a share of a fifth


def _reference_uniform_over_clusters(assignments: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """`aimsssl.clustering.uniform_over_clusters`: positions of n images, int64 `[n]`."""
    return clustering.uniform_over_clusters(assignments, n, generator)


def _mixed(sizes: tuple[int, ...]) -> Tensor:
    """Assignments with these cluster sizes, in random order: int64 `[N]`."""
    assignments = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    return assignments[torch.randperm(len(assignments))]


def _draw(student: Callable, assignments: Tensor, seed: int = 0) -> Tensor:
    """What the student drew, as positions that exist."""
    came = call(student, assignments, DRAWS, torch.Generator().manual_seed(seed))
    if not isinstance(came, Tensor):
        raise Wrong("wrong type", came, f"a tensor of {DRAWS} positions")
    if came.dtype != torch.int64:
        raise Wrong("wrong dtype", came, f"int64 [{DRAWS}]")
    if came.shape != (DRAWS,):
        short = came.ndim == 1 and len(came) < DRAWS
        raise Wrong("too few draws" if short else "wrong shape", came, f"int64 [{DRAWS}]")
    if came.min() < 0 or came.max() >= len(assignments):
        raise Wrong("not a position", came, f"numbers from 0 to {len(assignments) - 1}")
    return came


def _shares(assignments: Tensor, positions: Tensor, k: int) -> Tensor:
    return assignments[positions].bincount(minlength=k) / len(positions)


def _every_cluster(student: Callable) -> None:
    """Each cluster gets the same share of the draws, whatever its size."""
    assignments = _mixed(SIZES)
    k, sizes = len(SIZES), torch.tensor(SIZES, dtype=torch.float32)
    came = _draw(student, assignments)
    by_cluster = assignments.argsort(stable=True)  # a list in the order of the clusters
    through_the_list = torch.zeros(k).index_add_(
        0, assignments[by_cluster], 1 / (k * sizes[assignments])
    )  # image number i, drawn fairly, but looked up at place i of that list
    expect(
        f"the share of the draws of each cluster, where the clusters have {', '.join(map(str, SIZES))} images",
        _shares(assignments, came, k),
        torch.full((k,), 1 / k),
        likely={
            "cluster numbers, not images": lambda _: came.max() < k,
            "sampling by position": through_the_list,
            "uniform over images": sizes / sizes.sum(),
            "large clusters favoured": one_of(sizes**2 / (sizes**2).sum(), atol=CLOSE),
            "only half-way": sizes.sqrt() / sizes.sqrt().sum(),
            "small clusters favoured": lambda shares: shares[-1] > 0.5,
            "a cluster is never drawn": lambda shares: (shares == 0).any(),
        },
        rtol=0,
        atol=CLOSE,
    )


def _every_image(student: Callable) -> None:
    """Within a cluster each image is equally likely."""
    assignments = _mixed((50, 10, 5))
    came = _draw(student, assignments)
    counts = came.bincount(minlength=len(assignments)) * 65 / DRAWS  # 1 where images were drawn evenly
    for cluster, size in enumerate((50, 10, 5)):
        share = counts[assignments == cluster]
        where = f"how often each of the {size} images of a cluster was drawn, one is {DRAWS // 3 / size:.0f} times"
        share = share / (65 / (3 * size))
        if (share == 0).any():
            raise Wrong("images that are never drawn", share, "each about 1", where)
        if (share - 1).abs().max() > 0.55:
            raise Wrong("images of a cluster not equally likely", share, "each about 1", where)


def _in_any_order(student: Callable) -> None:
    """A part of the draws is as fair as the whole: a batch holds all clusters."""
    assignments = _mixed((50, 10, 5))
    came = _draw(student, assignments)[: DRAWS // 4]
    expect(
        f"the share of each cluster in the first {DRAWS // 4} of {DRAWS} draws",
        _shares(assignments, came, 3),
        torch.full((3,), 1 / 3),
        likely={"cluster after cluster": lambda shares: shares.max() > 0.6},
        rtol=0,
        atol=0.06,
    )


def _an_empty_cluster(student: Callable) -> None:
    """A number that no image has."""
    assignments = _mixed((30, 0, 10))
    try:
        came = _draw(student, assignments)
    except Raised as raised:
        raise Wrong(
            "an empty cluster is drawn", f"{type(raised.error).__name__}", "positions", "cluster 1 has no image"
        ) from None
    except Wrong as wrong:
        if wrong.mistake in ("not a position", "too few draws"):
            raise Wrong("an empty cluster is drawn", wrong.came, wrong.expected, "cluster 1 has no image") from None
        raise
    expect(
        "the share of each cluster, where the clusters have 30, 0 and 10 images",
        _shares(assignments, came, 3),
        torch.tensor([0.5, 0.0, 0.5]),
        likely={"an empty cluster is drawn": lambda shares: (shares - 0.5).abs().max() > CLOSE},
        rtol=0,
        atol=CLOSE,
    )


def _repeatable(student: Callable) -> None:
    """The same generator state, the same draws; another, others."""
    assignments = _mixed((50, 10, 5))
    first, again, other = (_draw(student, assignments, seed) for seed in (1, 1, 2))
    if not torch.equal(first, again):
        raise Wrong("the generator is not used", again, first, "twice the same call, with generators of one seed")
    if torch.equal(first, other):
        raise Wrong("always the same draws", other, "other draws", "generators of two seeds")


uniform_over_clusters = Exercise(
    lesson="05",
    name="uniform_over_clusters",
    title="Draw images so that each cluster is equally likely.",
    difficulty="●●○",
    minutes=15,
    reference=_reference_uniform_over_clusters,
    hints=(
        "Think of it as two draws, one after the other: first a cluster, then an image of that cluster. Or as one draw "
        "in which every image has a weight. What weight should an image of a large cluster have?",
        "If all images of a cluster together should weigh 1, each of them weighs one over the size of its cluster. "
        "bincount gives the sizes, and indexing with the assignments gives each image the size of its own cluster.",
        "torch.multinomial draws positions by weights, with replacement=True and the generator. Pass it 1 divided by "
        "the counts at the assignments, as floating-point numbers. Clusters without images never appear in it.",
    ),
    checks=(_every_cluster, _every_image, _in_any_order, _an_empty_cluster, _repeatable),
    mistakes={
        "too few draws": "Fewer than n positions came. Were small clusters used up? An image may come more than once.",
        "not a position": "Positions count images: from 0 to N − 1.",
        "cluster numbers, not images": "These are numbers of clusters. Which image should be shown?",
        "sampling by position": "Numbers of images were drawn fairly, then used as places in a list that is ordered by "
        "cluster. There, place i is another image. What comes out follows the sizes of the clusters again. A number "
        "means something only together with the list that it counts.",
        "uniform over images": "Each *image* is equally likely, so a cluster gets draws in proportion to its size. "
        "This is what should be avoided.",
        "large clusters favoured": "Large clusters get even more than their size. Should the weight of an image grow "
        "or shrink with the size of its cluster?",
        "only half-way": "Large clusters still get more, in proportion to the root of their size.",
        "small clusters favoured": "Now the small clusters get nearly everything. The weight shrinks too fast with the "
        "size of the cluster.",
        "a cluster is never drawn": "A cluster that has images was never drawn. Do the cluster numbers go far enough?",
        "images that are never drawn": "Some images have no chance at all. Every image should have one.",
        "images of a cluster not equally likely": "The clusters are fair, but within one of them some images come more "
        "often than others.",
        "cluster after cluster": "The draws come cluster by cluster. A batch then holds one pseudo-label only, and the "
        "network learns to say always the same.",
        "an empty cluster is drawn": "k-means can leave a cluster empty, and its number is then nobody's. It must not "
        "take part.",
        "the generator is not used": "The draws did not come from the generator that was passed. A run that is stopped "
        "and goes on could not repeat them.",
        "always the same draws": "The seed of the generator changes nothing: a new generator was made inside, or "
        "nothing is random.",
    },
)

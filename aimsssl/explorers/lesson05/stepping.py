"""k-means in the plane: groups of points, ways to start, a step at a time, a cluster that is empty."""

from collections.abc import Callable

import numpy as np
import torch
from matplotlib.figure import Figure
from sklearn.cluster import kmeans_plusplus
from torch import Tensor

from ... import clustering, figures
from ...randomness import RandomStream
from ..controls import Explorer, labelled_choice, labelled_slider

STARTS = ("random points", "k-means++", "all in one corner", "one far away")
MOST_STEPS, MOST_CLUSTERS = 15, 10


def start_of(points: Tensor, k: int, start: str, seed: int) -> Tensor:
    """The first centroids `[k, D]`, in one of the ways of `STARTS`."""
    generator = torch.Generator().manual_seed(seed)
    if start == "k-means++":
        return torch.from_numpy(kmeans_plusplus(points.numpy(), k, random_state=seed)[0])
    if start == "all in one corner":
        return points[points.sum(dim=1).argsort()[:k]].clone()
    centroids = points[torch.randperm(len(points), generator=generator)[:k]].clone()
    if start == "one far away":
        centroids[0] = points.amax(dim=0) + 1.2 * (points.amax(dim=0) - points.amin(dim=0))
    return centroids


def lloyd(points: Tensor, centroids: Tensor, steps: int) -> tuple[list[Tensor], list[Tensor], list[float]]:
    """Plain k-means, that leaves an empty cluster empty, until nothing moves or for `steps` steps.

    Returns:
        Centroids `[k, D]`, assignments `[N]` to them and inertia, of each step and of the start before them.
    """
    path, chosen, inertias = [centroids], [], []
    while True:
        distances, nearest = torch.cdist(points, path[-1]).min(dim=1)
        chosen.append(nearest)
        inertias.append(distances.square().sum().item())
        if len(path) > steps or (len(chosen) > 1 and torch.equal(chosen[-1], chosen[-2])):
            return path, chosen, inertias
        moved = path[-1].clone()
        for cluster in nearest.unique().tolist():
            moved[cluster] = points[nearest == cluster].mean(dim=0)
        path.append(moved)


def kmeans(points: Tensor, k: int = 4, start: str = "random points", seed: int = 0, step: int = 0) -> Explorer:
    """Controls for the step, k, the start and the seed over `figures.kmeans_step`.

    Args:
        points: `[N, 2]`, at least as many as the largest k on the slider.
        k, start, seed, step: at the start.
    """

    def draw(step: int, k: int, start: str, seed: int) -> Figure:
        path, chosen, inertias = lloyd(points, start_of(points, k, start, seed), MOST_STEPS)
        step = min(step, len(path) - 1)
        centroids = [c.numpy() for c in path]
        before = centroids[max(step - 1, 0)]
        return figures.kmeans_step(points.numpy(), before, centroids[step], chosen[step].numpy(), inertias, step)

    return Explorer(
        draw,
        step=labelled_slider("step", 0, MOST_STEPS, value=step),
        k=labelled_slider("clusters k", 2, MOST_CLUSTERS, value=k),
        start=labelled_choice("start", STARTS, value=start),
        seed=labelled_slider("seed", 0, 19, value=seed),
    )


def five_groups() -> Tensor:
    """Five round groups of 30 points in the plane: `[150, 2]`."""
    middles = torch.tensor([[0.0, 0.0], [3.5, 0.5], [1.5, 3.0], [5.5, 3.5], [3.5, 5.5]]).repeat_interleave(30, dim=0)
    return middles + 0.6 * torch.randn(middles.shape, generator=torch.Generator().manual_seed(1))


def nine_groups() -> Tensor:
    """Nine small groups of 20 points, on a grid: `[180, 2]`."""
    middles = torch.cartesian_prod(*[torch.arange(3.0)] * 2).repeat_interleave(20, dim=0)
    return middles + 0.12 * torch.randn(middles.shape, generator=torch.Generator().manual_seed(0))


def inertia(points: Tensor, centroids: Tensor) -> float:
    """Sum of squared distances of points `[N, D]` to the nearest of the centroids `[k, D]`."""
    return torch.cdist(points, centroids).amin(dim=1).square().sum().item()


def inertia_by_start(points: Tensor, k: int, seeds: int = 20) -> dict[str, list[float]]:
    """Inertia at the end of the package's k-means, for each start and seed."""
    ends = {
        start: [clustering.kmeans(points, k, init=start, seed=s) for s in range(seeds)] for start in clustering.INITS
    }
    return {start: [end.inertia for end in of_start] for start, of_start in ends.items()}


# ---- an empty cluster


def papers_refill(x: Tensor, centroids: Tensor, assignments: Tensor) -> tuple[Tensor, Tensor]:
    """Cut a cluster at random for each empty one: a centroid a little beside its own, which takes the nearer points.

    Shapes as for the lesson's `refill`. Source: Caron et al. 2018, arXiv:1807.05520, §3.3.
    """
    centroids, assignments = centroids.clone(), assignments.clone()
    for empty in (assignments.bincount(minlength=len(centroids)) == 0).nonzero()[:, 0]:
        filled = assignments.unique()
        chosen = filled[torch.randint(len(filled), ())]
        centroids[empty] = centroids[chosen] + 0.01 * x.std(dim=0) * torch.randn(x.shape[1])
        members = (assignments == chosen).nonzero()[:, 0]
        to_old, to_new = (torch.linalg.norm(x[members] - centroids[j], dim=1) for j in (chosen, empty))
        assignments[members[to_new < to_old]] = empty
    return centroids, assignments


def with_an_empty_cluster(
    points: Tensor, k: int, step: Callable, refill: Callable | None, seeds: int = 20, steps: int = 15
) -> dict[str, float]:
    """What k-means ends with where one centroid starts far away, over `seeds` starts.

    Args:
        step: `(x, centroids)` to `(assignments, centroids)`.
        refill: `(x, centroids, assignments)` to `(centroids, assignments)`, after each step; None leaves it empty.
    """
    empty, ends = 0, []
    for seed in range(seeds):
        centroids = start_of(points, k, "one far away", seed)
        with RandomStream(seed):  # a refill may draw
            for _ in range(steps):
                assignments, centroids = step(points, centroids)
                if refill is not None:
                    centroids, assignments = refill(points, centroids, assignments)
        empty += len(assignments.unique()) < k
        ends.append(inertia(points, centroids))
    return {"starts": seeds, "end with an empty cluster": empty, "mean inertia": float(np.mean(ends))}

"""Maps of what we know: clouds with sizes and distances of their own, and what of them is left on a map."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from ... import evaluation
from ...datasets import ImageSet

STEPS = {"hue": 30, "ground_hue": 30, "angle": 15, "size": 2, "x": 4, "y": 4, "contrast": 0.06}  # to make groups of it

Cloud = tuple[Tensor, Tensor, Sequence[str]]  # points [N, D], groups [N], their names


def clouds(n: int, dimensions: int = 20) -> dict[str, Cloud]:
    """Noise; two groups, one ten times as wide; three groups, the third ten times as far away. `n` points of each."""
    cloud = torch.randn(n, dimensions, generator=torch.Generator().manual_seed(0))
    two, three = torch.arange(n) % 2, torch.arange(n) % 3
    wide, far = cloud * torch.where(two == 0, 1.0, 10.0)[:, None], cloud.clone()
    wide[:, 0] += 60 * two
    far[:, 0] += torch.tensor([0.0, 10.0, 110.0])[three]
    return {
        "noise": (cloud, torch.zeros(n, dtype=torch.long), ()),
        "two sizes": (wide, two, ("narrow", "wide")),
        "far and near": (far, three, ("first", "near", "far")),
    }


def sizes_and_gaps(
    found: Mapping[str, Cloud], maps: Mapping[str, Mapping[str, np.ndarray]]
) -> dict[str, dict[str, float]]:
    """How many times as wide the wide group is, and as far away the far one: in truth, and on each map."""
    (wide, two, _), (far, three, _) = found["two sizes"], found["far and near"]
    rows = {"in truth": _ratios(wide.numpy(), far.numpy(), two, three)}
    return rows | {
        setting: _ratios(maps["two sizes"][setting], maps["far and near"][setting], two, three)
        for setting in maps["two sizes"]
    }


def _ratios(wide: np.ndarray, far: np.ndarray, two: Tensor, three: Tensor) -> dict[str, float]:
    middles = [far[(three == group).numpy()].mean(axis=0) for group in range(3)]
    near_gap, far_gap = (float(np.linalg.norm(middle - middles[0])) for middle in middles[1:])
    return {
        "wide : narrow": _spread(wide[(two == 1).numpy()]) / _spread(wide[(two == 0).numpy()]),
        "far : near": far_gap / near_gap,
    }


def _spread(points: np.ndarray) -> float:
    """Median distance of points from their middle."""
    return float(np.median(np.linalg.norm(points - points.mean(axis=0), axis=1)))


def stability(maps: Mapping[str, np.ndarray], h: Tensor, k: int = 10) -> dict[str, dict[str, float | None]]:
    """Each two maps of the same `h` `[N, D]`: the correlation of places, and the share of near ones that are kept.

    Below them, how many of the near ones of the first map are near in `h`.
    """
    near = {name: _near_ones(torch.as_tensor(points).float(), k) for name, points in maps.items()}
    names, rows = list(maps), {}
    for number, one in enumerate(names):
        for other in names[number + 1 :]:
            correlation = float(np.corrcoef(maps[one][:, 0], maps[other][:, 0])[0, 1])
            rows[f"{one} and {other}"] = {
                "correlation of places": correlation,
                "of the ten nearest, the same": _kept(near[one], near[other]),
            }
    kept = _kept(near[names[0]], _near_ones(h, k))
    return rows | {f"{names[0]} and h": {"correlation of places": None, "of the ten nearest, the same": kept}}


def _near_ones(points: Tensor, k: int) -> Tensor:
    """The k nearest others of each point, as a matrix of yes and no."""
    distances = torch.cdist(points, points).fill_diagonal_(torch.inf)
    nearest = distances.topk(min(k, len(distances) - 1), largest=False).indices
    return torch.zeros_like(distances).scatter_(1, nearest, 1.0).bool()


def _kept(one: Tensor, other: Tensor) -> float:
    return float((one & other).sum() / one.sum())


def what_is_known(groups: Tensor, images: ImageSet) -> dict[str, dict[str, float]]:
    """NMI of groups `[N]` with the class and with each factor of the images, cut into steps; the highest first."""
    known = {"class": images.labels}
    known |= {name: (x / STEPS.get(name, 1)).floor().long() for name, x in images.factors.items()}
    found = {name: evaluation.clustering_scores(groups, x - x.min()).nmi for name, x in known.items()}
    return {name: {"NMI": nmi} for name, nmi in sorted(found.items(), key=lambda item: -item[1])}

"""k-means, ours beside faiss's and scikit-learn's, from the same start: seconds and inertia.

All take Lloyd's steps on the same points and threads: with 1,000 clusters, most of which stay after a few steps, so
that ours leaves them out, and with 100, nearly all of which move to the end. Afterwards faiss is asked once more for
the nearest centroid of every point, as ours and scikit-learn's end with, so that all give the same: centroids,
clusters, inertia.
"""

import time
from importlib.util import find_spec

import numpy as np
import torch
from common import in_turn, summary
from sklearn.cluster import KMeans

from aimsssl.clustering import kmeans

HAS_FAISS = find_spec("faiss") is not None
SIZES = {"points": 50_000, "dimensions": 256, "clusters": 1000, "iterations": 20}
MOVING = SIZES | {"clusters": 100}
QUICK = {"points": 600, "dimensions": 8, "clusters": 10, "iterations": 3}


def measure(quick: bool = False, peer: bool = HAS_FAISS, rounds: int = 5, sizes: dict[str, int] = SIZES) -> dict:
    """Seconds and inertia of each side, and how many times faiss's and scikit-learn's time ours takes, by round."""
    sizes = QUICK if quick else sizes
    n, d, k, iterations = sizes.values()
    x = torch.randn(n, d, generator=torch.Generator().manual_seed(0))
    start, inertia = x[:k], {}

    def ours() -> float:
        return kmeans(x, k, iterations=iterations, init=start).inertia

    def scikit_learn() -> float:
        model = KMeans(k, init=start.numpy(), n_init=1, max_iter=iterations, tol=0, algorithm="lloyd")
        return float(model.fit(x.numpy()).inertia_)

    def faiss() -> float:
        import faiss

        model = faiss.Kmeans(d, k, niter=iterations, max_points_per_centroid=n)  # no sample: all points
        model.train(x.numpy(), init_centroids=start.numpy())
        return float(model.index.search(x.numpy(), 1)[0].sum(dtype=np.float64))

    def seconds(side) -> float:
        begin = time.perf_counter()
        inertia[side.__name__] = side()
        return time.perf_counter() - begin

    sides = [ours, scikit_learn] + [faiss] * peer
    seconds(sides[0])  # warms up
    times = in_turn({side.__name__: lambda side=side: seconds(side) for side in sides}, 1 if quick else rounds)
    result = {**sizes, "seconds": {side: summary(values) for side, values in times.items()}, "inertia": inertia}
    for side in list(times)[1:]:
        ratio = [a / b for a, b in zip(times["ours"], times[side], strict=True)]
        result[f"ours_over_{side}"] = summary(ratio)
    return result

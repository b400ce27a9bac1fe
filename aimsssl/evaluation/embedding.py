"""t-SNE: a picture of features in two dimensions."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits
from torch import Tensor

from .. import inputs


def tsne(
    features: Tensor, *, perplexity: float | None = None, start: np.ndarray | None = None, seed: int = 0
) -> np.ndarray:
    """Features `[N, D]` to points `[N, 2]` whose close neighbours are close neighbours in feature space.

    Distances between far groups, and the size of groups, mean nothing. Directions are those of `start` where it is
    given (the points of another epoch, `[N, 2]`), so that pictures can be compared; else of the first two principal
    components.

    The perplexity is about the number of neighbours that each point looks at. Where it is None it is 30, or a third of
    the others where they are few: (N − 1) / 3.

    Raises:
        ValueError: a shape, a NaN, or a perplexity that is not below N, by name.

    Source: van der Maaten & Hinton 2008, JMLR 9; start from PCA: Kobak & Berens 2019, Nat. Commun. 10:5416.
    """
    (features,) = inputs.features(features=features)
    if features.shape[1] < 2:
        raise ValueError("features must have at least two dimensions to be drawn in two")
    if perplexity is None:
        perplexity = min(30.0, (len(features) - 1) / 3)
    perplexity = inputs.number("perplexity", perplexity, above=0)
    if not perplexity < len(features):
        raise ValueError(f"perplexity must be above 0 and below N = {len(features)}, got {perplexity}")
    seed = inputs.count("seed", seed, 0, 2**32 - 1)
    x = features.float().cpu().numpy()
    if start is None:
        start = PCA(2, random_state=seed).fit_transform(x)
        start = start / max(float(start[:, 0].std()), 1e-12) * 1e-4  # t-SNE expects a tight start
    else:
        start = inputs.floats("start", start, "[N, 2]").cpu().numpy()
        if start.shape != (len(x), 2):
            raise ValueError(f"start must have shape {[len(x), 2]}, got {list(start.shape)}")
    with threadpool_limits(1):  # hundreds of points: threads would mostly wait for each other
        return TSNE(2, perplexity=perplexity, init=start.astype(np.float32), random_state=seed).fit_transform(x)

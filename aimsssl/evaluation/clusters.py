"""Do clusters agree with classes? Scores that do not care what a cluster is called."""

from dataclasses import dataclass

from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from torch import Tensor

from .. import inputs


@dataclass(frozen=True)
class ClusteringScores:
    """How well a clustering and the classes agree.

    Attributes:
        nmi: normalised mutual information in [0, 1]. It rises with the number of clusters, also for random ones.
        ari: adjusted Rand index: 0 for a random clustering, at most 1.
        accuracy: share of images whose cluster is matched with their class, at the best one-to-one matching.
        matching: that matching, {cluster: class}. With more clusters than classes some clusters have no class, and
            their images count as wrong.
        purity: share of images that have the most frequent class of their cluster; 1 where each image has its own.
    """

    nmi: float
    ari: float
    accuracy: float
    matching: dict[int, int]
    purity: float


def clustering_scores(clusters: Tensor, labels: Tensor) -> ClusteringScores:
    """NMI, ARI and accuracy of clusters `[N]` against labels `[N]`, both integers from 0.

    The best matching is found by the Hungarian algorithm. Empty clusters play no part.

    Raises:
        ValueError: shapes, no image, a floating-point type, or an unknown label (−1), by name.

    Source: Strehl & Ghosh 2002 (JMLR 3; here with the arithmetic mean of both entropies); Hubert & Arabie 1985
    (J. Classification 2); Kuhn 1955 (Naval Research Logistics 2).
    """
    labels = inputs.tensor("labels", labels)
    if labels.numel() == 0:
        raise ValueError("labels must not be empty")
    labels = inputs.labels("labels", labels, labels.numel(), "cpu")
    clusters = inputs.labels("clusters", clusters, len(labels), "cpu")
    cluster_ids, cluster = clusters.unique(return_inverse=True)
    class_ids, target = labels.unique(return_inverse=True)
    pairs = cluster * len(class_ids) + target
    counts = pairs.bincount(minlength=len(cluster_ids) * len(class_ids)).view(len(cluster_ids), len(class_ids))
    rows, columns = linear_sum_assignment(counts.numpy(), maximize=True)
    matching = {int(cluster_ids[r]): int(class_ids[c]) for r, c in zip(rows, columns, strict=True)}
    return ClusteringScores(
        nmi=float(normalized_mutual_info_score(target.numpy(), cluster.numpy())),
        ari=float(adjusted_rand_score(target.numpy(), cluster.numpy())),
        accuracy=counts[rows, columns].sum().item() / len(labels),
        matching=matching,
        purity=counts.amax(dim=1).sum().item() / len(labels),
    )

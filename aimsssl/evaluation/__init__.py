"""Questions to a frozen representation. Tensors in, a number or a small result object out."""

from .clusters import ClusteringScores, clustering_scores
from .diagnosis import Finding, diagnose
from .embedding import tsne
from .factors import FactorScore, factor_audit
from .finetune import FinetuneResult, finetune
from .geometry import alignment, effective_rank, partner_found, uniformity
from .intervals import (
    Interval,
    bootstrap_difference,
    bootstrap_interval,
    rebuild_interval,
    seed_difference,
    seed_interval,
)
from .knn import knn_accuracy, knn_predict, nearest_neighbours
from .probe import ProbeResult, linear_probe
from .retrieval import Retrieval, retrieval
from .table import Score, format_table, further_measures, score_representations
from .unequal import balanced_accuracy, majority_baseline
from .visualise import convolutions, first_filters, gradient_ascent, most_exciting

__all__ = [
    "ClusteringScores",
    "FactorScore",
    "Finding",
    "FinetuneResult",
    "Interval",
    "ProbeResult",
    "Retrieval",
    "Score",
    "alignment",
    "balanced_accuracy",
    "bootstrap_difference",
    "bootstrap_interval",
    "clustering_scores",
    "convolutions",
    "diagnose",
    "effective_rank",
    "factor_audit",
    "finetune",
    "first_filters",
    "format_table",
    "further_measures",
    "gradient_ascent",
    "knn_accuracy",
    "knn_predict",
    "linear_probe",
    "majority_baseline",
    "most_exciting",
    "nearest_neighbours",
    "partner_found",
    "rebuild_interval",
    "retrieval",
    "score_representations",
    "seed_difference",
    "seed_interval",
    "tsne",
    "uniformity",
]

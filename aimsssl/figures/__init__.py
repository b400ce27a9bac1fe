"""Figures of the lessons: arrays in, a matplotlib `Figure` out, with `figure.alt_text` computed from the same arrays.

No function touches pyplot's state, shows or saves anything: `aimsssl.explorers.show` does, with the alt text.
"""

from .augmentations import colour_histograms, composition_grid, factor_heatmap, picture_rows, views_and_riddle
from .clustering import (
    cluster_page,
    cluster_rows,
    deepcluster_curve,
    deepcluster_plan,
    draws_by_cluster_size,
    inertia_by_start,
    kmeans_step,
    loss_by_step,
    overlap_matrices,
    sobel_stages,
    stage_seconds,
    whitening_stages,
)
from .comparisons import (
    accuracy_by_batch_size,
    accuracy_by_clusters,
    curves_side_by_side,
    label_efficiency,
    ours_and_theirs,
    seed_points,
    transfer_dots,
    trust_ratio_change,
)
from .contrastive import (
    chance_and_floor,
    circle_and_loss,
    circles,
    geometry_by_epoch,
    loss_by_epoch,
    memory_and_time,
    push_by_similarity,
    shares_and_push,
    similarities_and_shares,
)
from .images import neighbours_by_epoch, two_views
from .pretext import rotation_confusion, task_and_answer
from .representations import accuracy_bars, map_and_neighbours, similarity_matrix, tsne_panels
from .training import learning_rate_schedule, simclr_plan, training_curve, trust_ratios
from .units import exciting_images, filters

__all__ = [
    "accuracy_bars",
    "accuracy_by_batch_size",
    "accuracy_by_clusters",
    "chance_and_floor",
    "circle_and_loss",
    "circles",
    "cluster_page",
    "cluster_rows",
    "colour_histograms",
    "composition_grid",
    "curves_side_by_side",
    "deepcluster_curve",
    "deepcluster_plan",
    "draws_by_cluster_size",
    "exciting_images",
    "factor_heatmap",
    "filters",
    "geometry_by_epoch",
    "inertia_by_start",
    "kmeans_step",
    "label_efficiency",
    "learning_rate_schedule",
    "loss_by_epoch",
    "loss_by_step",
    "map_and_neighbours",
    "memory_and_time",
    "neighbours_by_epoch",
    "ours_and_theirs",
    "overlap_matrices",
    "picture_rows",
    "push_by_similarity",
    "rotation_confusion",
    "seed_points",
    "shares_and_push",
    "simclr_plan",
    "similarities_and_shares",
    "similarity_matrix",
    "sobel_stages",
    "stage_seconds",
    "task_and_answer",
    "training_curve",
    "transfer_dots",
    "trust_ratio_change",
    "trust_ratios",
    "tsne_panels",
    "two_views",
    "views_and_riddle",
    "whitening_stages",
]

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
    circle_and_loss,
    circles,
    memory_and_time,
    push_by_similarity,
    shares_and_push,
    similarities_and_shares,
)
from .evaluation import (
    collapse_dashboard,
    confusion_and_neighbours,
    curves_by_number,
    map_grid,
    rank_chart,
)
from .geometry import geometry_by_epoch, sorted_spectra
from .images import neighbour_rows, neighbours_by_epoch, two_views
from .levels import chance_and_floor, loss_and_found, loss_by_epoch
from .plans import encoder_and_head
from .pretext import numbered_tiles, rotation_confusion, task_and_answer
from .representations import accuracy_bars, factor_dots, map_and_neighbours, similarity_matrix, tsne_panels
from .training import learning_rate_schedule, simclr_plan, training_curve, trust_ratios
from .uncertainty import chosen_and_fresh, coverage, interval_rows, method_table
from .units import exciting_images, filters

__all__ = [
    "accuracy_bars",
    "accuracy_by_batch_size",
    "accuracy_by_clusters",
    "chance_and_floor",
    "chosen_and_fresh",
    "circle_and_loss",
    "circles",
    "cluster_page",
    "cluster_rows",
    "collapse_dashboard",
    "colour_histograms",
    "composition_grid",
    "confusion_and_neighbours",
    "coverage",
    "curves_by_number",
    "curves_side_by_side",
    "deepcluster_curve",
    "deepcluster_plan",
    "draws_by_cluster_size",
    "encoder_and_head",
    "exciting_images",
    "factor_dots",
    "factor_heatmap",
    "filters",
    "geometry_by_epoch",
    "inertia_by_start",
    "interval_rows",
    "kmeans_step",
    "label_efficiency",
    "learning_rate_schedule",
    "loss_and_found",
    "loss_by_epoch",
    "loss_by_step",
    "map_and_neighbours",
    "map_grid",
    "memory_and_time",
    "method_table",
    "neighbour_rows",
    "neighbours_by_epoch",
    "numbered_tiles",
    "ours_and_theirs",
    "overlap_matrices",
    "picture_rows",
    "push_by_similarity",
    "rank_chart",
    "rotation_confusion",
    "seed_points",
    "shares_and_push",
    "simclr_plan",
    "similarities_and_shares",
    "similarity_matrix",
    "sobel_stages",
    "sorted_spectra",
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

"""Figures of the lessons: arrays in, a matplotlib `Figure` out, with `figure.alt_text` computed from the same arrays.

No function touches pyplot's state, shows or saves anything: `aimsssl.explorers.show` does, with the alt text.
"""

from .comparisons import (
    accuracy_by_batch_size,
    curves_side_by_side,
    label_efficiency,
    seed_points,
    trust_ratio_change,
)
from .images import neighbours_by_epoch, two_views
from .representations import accuracy_bars, map_and_neighbours, similarity_matrix, tsne_panels
from .training import learning_rate_schedule, simclr_plan, training_curve, trust_ratios

__all__ = [
    "accuracy_bars",
    "accuracy_by_batch_size",
    "curves_side_by_side",
    "label_efficiency",
    "learning_rate_schedule",
    "map_and_neighbours",
    "neighbours_by_epoch",
    "simclr_plan",
    "seed_points",
    "similarity_matrix",
    "training_curve",
    "trust_ratio_change",
    "trust_ratios",
    "tsne_panels",
    "two_views",
]

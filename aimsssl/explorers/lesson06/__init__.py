"""Lesson 06: a vote and whom it confuses, a laboratory of faults, all measures side by side, maps of what we know."""

from .laboratory import FAULTS, KEPT, Laboratory
from .maps import clouds, sizes_and_gaps, stability, what_is_known
from .measuring import (
    agreements,
    all_measures,
    in_company,
    scores_by_number_of_groups,
    scores_by_penalty,
    with_statistics_of,
)
from .voting import votes

__all__ = [
    "FAULTS",
    "KEPT",
    "Laboratory",
    "agreements",
    "all_measures",
    "clouds",
    "in_company",
    "scores_by_number_of_groups",
    "scores_by_penalty",
    "sizes_and_gaps",
    "stability",
    "votes",
    "what_is_known",
    "with_statistics_of",
]

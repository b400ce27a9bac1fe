"""Runs beside raw pixels and random weights, under one protocol: `aimsssl evaluate`, `compare`, `embed`, `finetune`."""

from .features import check_target, write_features
from .few_labels import few_labels
from .measures import SHOWN, Table, encoded, raw_pixels, score, with_intervals
from .runs import finished_runs, grouped, measured, rows_of, write_figure
from .sets import Sets, fitted, joined, prepare, shared_images, with_classes_of

__all__ = [
    "SHOWN",
    "Sets",
    "Table",
    "check_target",
    "encoded",
    "few_labels",
    "finished_runs",
    "fitted",
    "grouped",
    "joined",
    "measured",
    "prepare",
    "raw_pixels",
    "rows_of",
    "score",
    "shared_images",
    "with_classes_of",
    "with_intervals",
    "write_features",
    "write_figure",
]

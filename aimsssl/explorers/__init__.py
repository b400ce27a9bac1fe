"""What a notebook shows: figures with alt text, a curve that grows during training, pictures with controls."""

from . import lesson01, lesson02, lesson03, lesson04, lesson05, lesson06, lesson07, methods
from .controls import Control, Explorer, labelled_choice, labelled_slider
from .display import LiveCurve, show
from .records import recorded, recorded_run
from .tables import quoted, table

__all__ = [
    "Control",
    "Explorer",
    "LiveCurve",
    "labelled_choice",
    "labelled_slider",
    "lesson01",
    "lesson02",
    "lesson03",
    "lesson04",
    "lesson05",
    "lesson06",
    "lesson07",
    "methods",
    "quoted",
    "recorded",
    "recorded_run",
    "show",
    "table",
]

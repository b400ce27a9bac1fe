"""Mistakes that people make in the exercises of lesson 02, each as code that runs, and right answers beside them.

`WRONG[exercise][mistake]` is `(function, fragment)`: the wrong answer, and words that its message must hold. The first
line of a docstring says what the student thought. `RIGHT[exercise]` lists right answers, written differently.
"""

from . import crop_box, forgotten, jitter_and_normalize, two_views

_EXERCISES = {
    "crop_box": crop_box,
    "jitter_and_normalize": jitter_and_normalize,
    "two_views": two_views,
    "forgotten": forgotten,
}
WRONG = {name: module.WRONG for name, module in _EXERCISES.items()}
RIGHT = {name: module.RIGHT for name, module in _EXERCISES.items()}

"""Mistakes that people make in the exercises of lesson 04, each as code that runs, and right answers beside them.

`WRONG[exercise][mistake]` is `(function, fragment)`: the wrong answer, and words that its message must hold. The first
line of a docstring says what the student thought. `RIGHT[exercise]` lists right answers, written differently.
"""

from . import diagnose, lars_step, projection_head, warmup_cosine

_EXERCISES = {
    "projection_head": projection_head,
    "lars_step": lars_step,
    "warmup_cosine": warmup_cosine,
    "diagnose": diagnose,
}
WRONG = {name: module.WRONG for name, module in _EXERCISES.items()}
RIGHT = {name: module.RIGHT for name, module in _EXERCISES.items()}

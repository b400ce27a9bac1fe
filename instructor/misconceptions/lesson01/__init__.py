"""Mistakes that people make in the exercises of lesson 01, each as code that runs, and right answers beside them.

`WRONG[exercise][mistake]` is `(function, fragment)`: the wrong answer, and words that its message must hold. The first
line of a docstring says what the student thought. `RIGHT[exercise]` lists right answers, written differently.
"""

from . import at_chance, far_orders, hole_loss, rotated_batch

_EXERCISES = {
    "rotated_batch": rotated_batch,
    "hole_loss": hole_loss,
    "at_chance": at_chance,
    "far_orders": far_orders,
}
WRONG = {name: module.WRONG for name, module in _EXERCISES.items()}
RIGHT = {name: module.RIGHT for name, module in _EXERCISES.items()}

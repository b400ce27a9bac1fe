"""Mistakes that people make in the exercises of lesson 03, each as code that runs, and right answers beside them.

`WRONG[exercise][mistake]` is `(function, fragment)`: the wrong answer, and words that its message must hold. The first
line of a docstring says what the student thought. `RIGHT[exercise]` lists right answers, written differently.
"""

from . import cosine_similarity, gradient_weights, nt_xent, nt_xent_in_chunks, positives

_EXERCISES = {
    "cosine_similarity": cosine_similarity,
    "positives": positives,
    "nt_xent": nt_xent,
    "gradient_weights": gradient_weights,
    "nt_xent_in_chunks": nt_xent_in_chunks,
}
WRONG = {name: module.WRONG for name, module in _EXERCISES.items()}
RIGHT = {name: module.RIGHT for name, module in _EXERCISES.items()}

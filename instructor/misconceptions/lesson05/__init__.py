"""Mistakes that people make in the exercises of lesson 05, each as code that runs, and right answers beside them.

`WRONG[exercise][mistake]` is `(function, fragment)`: the wrong answer, and words that its message must hold. The first
line of a docstring says what the student thought. `RIGHT[exercise]` lists right answers, written differently.
"""

from . import deepcluster, lloyd_step, pca_whiten, refill, uniform_over_clusters

_EXERCISES = {
    "deepcluster": deepcluster,
    "lloyd_step": lloyd_step,
    "pca_whiten": pca_whiten,
    "refill": refill,
    "uniform_over_clusters": uniform_over_clusters,
}
WRONG = {name: module.WRONG for name, module in _EXERCISES.items()}
RIGHT = {name: module.RIGHT for name, module in _EXERCISES.items()}

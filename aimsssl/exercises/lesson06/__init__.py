"""Exercises of lesson 06, evaluation: weighted kNN, clustering accuracy, four protocols, a confidence interval."""

from aimsssl.exercises.lesson06.clusters import clustering_accuracy
from aimsssl.exercises.lesson06.interval import confidence_interval
from aimsssl.exercises.lesson06.knn import weighted_knn
from aimsssl.exercises.lesson06.leak import KINDS, find_the_leak
from aimsssl.exercises.lesson06.protocols import listing, on_noise

__all__ = [
    "weighted_knn",
    "clustering_accuracy",
    "find_the_leak",
    "confidence_interval",
    "KINDS",
    "listing",
    "on_noise",
]

"""Exercises of lesson 06, evaluation: weighted kNN, clustering accuracy, effective rank."""

from aimsssl.exercises.lesson06.clusters import clustering_accuracy
from aimsssl.exercises.lesson06.knn import weighted_knn
from aimsssl.exercises.lesson06.rank import effective_rank

__all__ = ["weighted_knn", "clustering_accuracy", "effective_rank"]

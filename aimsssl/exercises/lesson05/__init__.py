"""Exercises of lesson 05, DeepCluster: whitening, one step of k-means, empty clusters, a fair sampler, the loop."""

from aimsssl.exercises.lesson05.lloyd import lloyd_step
from aimsssl.exercises.lesson05.loop import deepcluster
from aimsssl.exercises.lesson05.refill import refill
from aimsssl.exercises.lesson05.sampler import uniform_over_clusters
from aimsssl.exercises.lesson05.whiten import pca_whiten

__all__ = ["pca_whiten", "lloyd_step", "refill", "uniform_over_clusters", "deepcluster"]

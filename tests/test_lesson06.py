"""Lesson 06's exercises: the cases are what they say."""

import torch

from aimsssl import evaluation
from aimsssl.exercises.lesson06 import knn


def test_the_first_queries_of_weighted_knn_are_close_calls():
    torch.manual_seed(0)
    keys, labels, queries, k, temperature = knn._close_calls()
    one, other = (evaluation.knn_predict(keys, labels, queries, k=k, temperature=t) for t in (temperature, 0.3))
    differ = (one != other).float()
    half = len(queries) // 2
    assert differ[:half].sum() > differ[half:].sum()

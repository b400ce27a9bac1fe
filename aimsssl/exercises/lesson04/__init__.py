"""Exercises of lesson 04, SimCLR training: the projection head, the LARS step, the warmup-cosine rate."""

from aimsssl.exercises.lesson04.head import projection_head
from aimsssl.exercises.lesson04.lars import lars_step
from aimsssl.exercises.lesson04.schedule import warmup_cosine

__all__ = ["lars_step", "projection_head", "warmup_cosine"]

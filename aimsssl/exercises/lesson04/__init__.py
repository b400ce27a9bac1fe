"""Exercises of lesson 04, SimCLR training: the projection head, the LARS step, the warmup-cosine rate, a diagnosis."""

from aimsssl.exercises.lesson04.diagnose import CAUSES, diagnose, sick_runs
from aimsssl.exercises.lesson04.head import projection_head
from aimsssl.exercises.lesson04.lars import lars_step
from aimsssl.exercises.lesson04.schedule import warmup_cosine

__all__ = ["projection_head", "lars_step", "warmup_cosine", "diagnose", "CAUSES", "sick_runs"]

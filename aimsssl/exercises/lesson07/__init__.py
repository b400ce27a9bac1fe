"""Exercises of lesson 07, how sure are we: four protocols, a confidence interval."""

from aimsssl.exercises.lesson07.interval import confidence_interval
from aimsssl.exercises.lesson07.leak import KINDS, find_the_leak
from aimsssl.exercises.lesson07.protocols import listing, on_noise

__all__ = ["find_the_leak", "confidence_interval", "KINDS", "listing", "on_noise"]

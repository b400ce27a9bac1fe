"""Exercises of lesson 07, how sure are we: four protocols, a confidence interval, a difference over seeds."""

from aimsssl.exercises.lesson07.interval import confidence_interval
from aimsssl.exercises.lesson07.leak import KINDS, find_the_leak
from aimsssl.exercises.lesson07.protocols import listing, on_noise
from aimsssl.exercises.lesson07.seeds import seed_difference, t95

__all__ = ["find_the_leak", "confidence_interval", "seed_difference", "KINDS", "listing", "on_noise", "t95"]

"""Exercises of lesson 01, pretext tasks: a rotated batch, a loss on the hole, classes at chance, orders far apart."""

from aimsssl.exercises.lesson01.chance import at_chance
from aimsssl.exercises.lesson01.hole import hole_loss
from aimsssl.exercises.lesson01.orders import far_orders
from aimsssl.exercises.lesson01.rotation import rotated_batch

__all__ = ["rotated_batch", "at_chance", "hole_loss", "far_orders"]

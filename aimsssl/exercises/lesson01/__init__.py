"""Exercises of lesson 01: a rotated batch, classes at chance, a loss on the hole, tiles, orders far apart."""

from aimsssl.exercises.lesson01.chance import at_chance
from aimsssl.exercises.lesson01.hole import hole_loss
from aimsssl.exercises.lesson01.orders import far_orders
from aimsssl.exercises.lesson01.rotation import rotated_batch
from aimsssl.exercises.lesson01.tiles import normalised_tiles

__all__ = ["rotated_batch", "at_chance", "hole_loss", "normalised_tiles", "far_orders"]

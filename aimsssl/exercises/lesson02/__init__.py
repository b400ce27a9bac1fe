"""Exercises of lesson 02, augmentations: the box of a crop, colour jitter, two views, what was forgotten."""

from aimsssl.exercises.lesson02.crop import crop_box
from aimsssl.exercises.lesson02.forgotten import forgotten
from aimsssl.exercises.lesson02.jitter import jitter_and_normalize
from aimsssl.exercises.lesson02.views import two_views

__all__ = ["crop_box", "jitter_and_normalize", "two_views", "forgotten"]

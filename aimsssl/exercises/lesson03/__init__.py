"""Exercises of lesson 03, NT-Xent: similarities, positives, the loss, its gradient weights, the loss in chunks."""

from aimsssl.exercises.lesson03.chunks import nt_xent_in_chunks
from aimsssl.exercises.lesson03.loss import nt_xent
from aimsssl.exercises.lesson03.positives import positives
from aimsssl.exercises.lesson03.similarity import cosine_similarity
from aimsssl.exercises.lesson03.weights import gradient_weights

__all__ = ["cosine_similarity", "positives", "nt_xent", "gradient_weights", "nt_xent_in_chunks"]

"""Mistakes that people make in the exercises of lesson 06, and right answers beside them."""

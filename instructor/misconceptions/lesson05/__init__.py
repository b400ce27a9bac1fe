"""Mistakes that people make in the exercises of lesson 05, and right answers beside them."""

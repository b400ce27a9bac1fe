"""Mistakes that people make in the exercises of lesson 04, and right answers beside them."""

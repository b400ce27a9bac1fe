"""Mistakes that people make in the exercises of lesson 03, and right answers beside them."""

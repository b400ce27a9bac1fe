"""Mistakes that people make in the exercises of lesson 01, and right answers beside them."""

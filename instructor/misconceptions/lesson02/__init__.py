"""Mistakes that people make in the exercises of lesson 02, and right answers beside them."""

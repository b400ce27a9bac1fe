"""Lesson 07: records merged into one table."""

"""Faces become predictions over time."""

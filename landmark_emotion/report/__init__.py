"""Scores and timelines as text, plots and pages."""

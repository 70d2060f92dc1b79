"""Recognise facial emotion from landmarks, in real time, with a linear model."""

__version__ = "0.1.0"

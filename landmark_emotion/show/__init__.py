"""Predictions as rows, pictures, a window and a video file."""

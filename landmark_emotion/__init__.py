"""Recognise facial emotion from landmarks, in real time, with a linear model."""

import os

__version__ = "0.1.0"

# Read by OpenCV when it is imported: a small file may claim to hold an enormous picture.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(2**27))

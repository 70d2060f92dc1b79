"""Recognise facial emotion from landmarks, in real time, with a linear model.

::

    import landmark_emotion as le

    for prediction in le.recognize("photo.jpg"):
        print(prediction.emotion, prediction.probability)
"""

import importlib
import os
from typing import TYPE_CHECKING

__version__ = "0.1.0"

# Read by OpenCV when it is imported: a small file may claim to hold an enormous picture.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(2**27))

# What is loaded when it is first used, so that importing the package costs nothing.
_HOMES = {
    "recognize": "api",
    "Recognizer": "recognizer",
    "Prediction": "prediction",
    "Box": "face",
    "Face": "face",
    "EmotionModel": "model",
    "load_model": "model",
    "explain": "explanation",
    "draw_predictions": "overlay",
    "to_dataframe": "dataframe",
    "EmotionClassifier": "estimators",
    "LandmarkFeatures": "estimators",
    "LandmarkEmotionError": "errors",
}

if TYPE_CHECKING:
    from landmark_emotion.api import recognize
    from landmark_emotion.dataframe import to_dataframe
    from landmark_emotion.errors import LandmarkEmotionError
    from landmark_emotion.estimators import EmotionClassifier, LandmarkFeatures
    from landmark_emotion.explanation import explain
    from landmark_emotion.face import Box, Face
    from landmark_emotion.model import EmotionModel, load_model
    from landmark_emotion.overlay import draw_predictions
    from landmark_emotion.prediction import Prediction
    from landmark_emotion.recognizer import Recognizer

__all__ = [
    "Box",
    "EmotionClassifier",
    "EmotionModel",
    "Face",
    "LandmarkEmotionError",
    "LandmarkFeatures",
    "Prediction",
    "Recognizer",
    "draw_predictions",
    "explain",
    "load_model",
    "recognize",
    "to_dataframe",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})

"""Recognize facial emotion from landmarks, in real time, with a linear model.

::

    import landmark_emotion as le

    for prediction in le.recognize("photo.jpg"):
        print(prediction.emotion, prediction.probability)
"""

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

# Loaded on first use, so that importing the package costs nothing.
_HOMES = {
    "Box": "model.face",
    "EmotionClassifier": "training.estimators",
    "EmotionModel": "model.classifier",
    "Face": "model.face",
    "LandmarkEmotionError": "errors",
    "LandmarkFeatures": "training.estimators",
    "Prediction": "live.prediction",
    "Recognizer": "live.recognizer",
    "default_model": "model.classifier",
    "draw_predictions": "show.overlay",
    "explain": "model.explanation",
    "load_model": "model.classifier",
    "load_profile": "model.neutral",
    "load_table": "training.landmark_table",
    "read_image": "sources.images",
    "recognize": "live.recognizer",
    "reference_from": "model.neutral",
    "reference_from_image": "live.recognizer",
    "to_dataframe": "show.tables",
}

if TYPE_CHECKING:
    from landmark_emotion.errors import LandmarkEmotionError
    from landmark_emotion.live.prediction import Prediction
    from landmark_emotion.live.recognizer import Recognizer, recognize, reference_from_image
    from landmark_emotion.model.classifier import EmotionModel, default_model, load_model
    from landmark_emotion.model.explanation import explain
    from landmark_emotion.model.face import Box, Face
    from landmark_emotion.model.neutral import load_profile, reference_from
    from landmark_emotion.show.overlay import draw_predictions
    from landmark_emotion.show.tables import to_dataframe
    from landmark_emotion.sources.images import read_image
    from landmark_emotion.training.estimators import EmotionClassifier, LandmarkFeatures
    from landmark_emotion.training.landmark_table import load_table

__all__ = [
    "Box",
    "EmotionClassifier",
    "EmotionModel",
    "Face",
    "LandmarkEmotionError",
    "LandmarkFeatures",
    "Prediction",
    "Recognizer",
    "default_model",
    "draw_predictions",
    "explain",
    "load_model",
    "load_profile",
    "load_table",
    "read_image",
    "recognize",
    "reference_from",
    "reference_from_image",
    "to_dataframe",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})

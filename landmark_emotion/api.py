"""The short way: one call for a picture."""

import os
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.images import read_image
from landmark_emotion.prediction import Prediction
from landmark_emotion.recognizer import Recognizer

Image = NDArray[np.uint8]


def recognize(
    image: str | os.PathLike[str] | Image, *, recognizer: Recognizer | None = None
) -> list[Prediction]:
    """Recognize the emotion of every face in a picture.

    Parameters
    ----------
    image : path-like or ndarray of shape (height, width, 3), uint8
        An image file, or blue, green, red as OpenCV has it; gray and with alpha will do.
    recognizer : Recognizer, optional
        Otherwise one with the model that `model.default_model` finds, made at the first call.

    Returns
    -------
    list of Prediction
        One a face, from left to right; empty where there is none.

    Raises
    ------
    ImageError
        If the file cannot be read.
    ValueError
        If the array is not a picture.

    Examples
    --------
    >>> import landmark_emotion as le
    >>> from landmark_emotion.datasets.drawing import Subject, draw_face
    >>> picture = draw_face(Subject(), "surprise")
    >>> (prediction,) = le.recognize(picture)
    >>> prediction.face.landmarks.shape
    (68, 2)
    >>> prediction.emotion in prediction.emotions
    True
    >>> round(float(prediction.probabilities.sum()), 6)
    1.0
    """
    if not isinstance(image, np.ndarray):
        image = read_image(image)
    return (recognizer or _recognizer()).recognize_still(image)


# The shape predictor takes 100 MB and half a second to load.
@lru_cache(maxsize=1)
def _recognizer() -> Recognizer:
    return Recognizer()

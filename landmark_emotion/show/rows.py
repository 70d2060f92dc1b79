"""Predictions as rows: the one place that says what goes into text, CSV and JSON.

A row is a face of a frame, or a frame without a face, whose face columns are empty. Every row has
the same columns, whatever the model.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.emotions import EMOTIONS
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.model.face import N_LANDMARKS

COLUMNS = (
    "source",
    "frame",
    "time",
    "face",
    "left",
    "top",
    "width",
    "height",
    "emotion",
    "probability",
    *(f"p_{emotion}" for emotion in EMOTIONS),
    *(f"raw_{emotion}" for emotion in EMOTIONS),
    "calibration",
    "error",
)
"""Columns of the CSV; documented in README.md."""

LANDMARK_COLUMNS = tuple(f"{axis}_{index}" for index in range(N_LANDMARKS) for axis in "xy")
"""Further columns of the CSV where landmarks are asked for."""

_DIGITS = 6
_LANDMARK_DIGITS = 2


def csv_row(
    source: str,
    frame: int,
    time: float,
    prediction: Prediction | None,
    error: str = "",
    *,
    landmarks: bool = False,
) -> dict[str, Any]:
    """Make a row for CSV.

    Parameters
    ----------
    source : str
        The image, video or camera.
    frame : int
        The frame's number, counted from 0.
    time : float
        Seconds.
    prediction : Prediction or None
        None for a frame without a face.
    error : str
        Why the source could not be read; empty where it could.
    landmarks : bool
        Whether to add them.

    Returns
    -------
    dict
        A value for each of `COLUMNS`, and of `LANDMARK_COLUMNS` where asked for; empty text where
        there is none.
    """
    columns = COLUMNS + LANDMARK_COLUMNS if landmarks else COLUMNS
    row = dict.fromkeys(columns, "") | {
        "source": source,
        "frame": frame,
        "time": round(time, 3),
        "error": error,
    }
    if prediction is not None:
        box = prediction.face.box
        row |= {
            "face": prediction.number,
            "left": box.left,
            "top": box.top,
            "width": box.width,
            "height": box.height,
            "emotion": prediction.emotion,
            "probability": round(prediction.probability, _DIGITS),
            "calibration": prediction.mode,
        }
        for prefix, probabilities in (
            ("p", prediction.probabilities),
            ("raw", prediction.raw_probabilities),
        ):
            named = _by_emotion(prediction, probabilities)
            row |= {f"{prefix}_{emotion}": value for emotion, value in named.items()}
        if landmarks:
            flat = prediction.face.landmarks.round(_LANDMARK_DIGITS).ravel().tolist()
            row |= dict(zip(LANDMARK_COLUMNS, flat, strict=True))
    return row


def json_row(
    source: str,
    frame: int,
    time: float,
    prediction: Prediction | None,
    error: str = "",
    *,
    landmarks: bool = False,
) -> dict[str, Any]:
    """Make a row for JSON Lines, of the same content as `csv_row`.

    Returns
    -------
    dict
        Keys source, frame, time, face, box (left, top, width, height), emotion, probability,
        probabilities, raw_probabilities, calibration, landmarks where asked for and, where the
        source could not be read, error; None where there is none.
    """
    row: dict[str, Any] = {
        "source": source,
        "frame": frame,
        "time": round(time, 3),
        "face": None,
        "box": None,
        "emotion": None,
        "probability": None,
        "probabilities": None,
        "raw_probabilities": None,
        "calibration": None,
    }
    if landmarks:
        row["landmarks"] = None
    if error:
        row["error"] = error
    if prediction is not None:
        box = prediction.face.box
        row |= {
            "face": prediction.number,
            "box": [box.left, box.top, box.width, box.height],
            "emotion": prediction.emotion,
            "probability": round(prediction.probability, _DIGITS),
            "probabilities": _by_emotion(prediction, prediction.probabilities),
            "raw_probabilities": _by_emotion(prediction, prediction.raw_probabilities),
            "calibration": prediction.mode,
        }
        if landmarks:
            row["landmarks"] = prediction.face.landmarks.round(_LANDMARK_DIGITS).tolist()
    return row


def _by_emotion(prediction: Prediction, probabilities: NDArray[np.float64]) -> dict[str, float]:
    return {
        emotion: round(float(value), _DIGITS)
        for emotion, value in zip(prediction.emotions, probabilities, strict=True)
    }

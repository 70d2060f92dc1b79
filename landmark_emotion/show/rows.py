"""Predictions as rows: the one place that says what goes into text, CSV and JSON.

A row is a face of a frame, or a frame without a face, whose face columns are empty. Every row has
the same columns, whatever the model.
"""

from collections.abc import Mapping
from itertools import chain
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
    return flat_row(
        json_row(source, frame, time, prediction, error, landmarks=landmarks), landmarks=landmarks
    )


def flat_row(row: Mapping[str, Any], *, landmarks: bool = False) -> dict[str, Any]:
    """Turn a row from `json_row` into the row that `csv_row` makes of the same prediction.

    Parameters
    ----------
    row : mapping
        A row from `json_row`.
    landmarks : bool
        Whether the result has the landmark columns; `row` must have landmarks then.

    Returns
    -------
    dict
        As from `csv_row`.
    """
    values = dict(zip(("left", "top", "width", "height"), row["box"] or (), strict=False))
    for name, prefix in (("probabilities", "p"), ("raw_probabilities", "raw")):
        values |= {f"{prefix}_{emotion}": value for emotion, value in (row[name] or {}).items()}
    coordinates = chain.from_iterable(row.get("landmarks") or ())
    values |= dict(zip(LANDMARK_COLUMNS, coordinates, strict=False))
    values |= {name: value for name, value in row.items() if value is not None}
    columns = COLUMNS + LANDMARK_COLUMNS if landmarks else COLUMNS
    return {name: values.get(name, "") for name in columns}


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

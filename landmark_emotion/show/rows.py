"""The layout of results: one row per face, or per frame without a face.

JSON Lines hold nested rows. CSV, Parquet and DataFrames hold the same rows flattened. The columns
are the same for all models of emotions; a model of other classes has columns for these instead.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from itertools import chain
from typing import Any

from landmark_emotion.emotions import EMOTIONS
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.model.face import N_LANDMARKS
from landmark_emotion.model.measures import Measures
from landmark_emotion.model.pose import Pose

_BOX = ("left", "top", "width", "height")
_POSE = tuple(field.name for field in fields(Pose))
_MEASURES = tuple(field.name for field in fields(Measures))
_PROBABILITIES = {"probabilities": "p", "raw_probabilities": "raw"}  # prefixes of their columns


def column_types(emotions: Sequence[str] = EMOTIONS) -> dict[str, type]:
    """Return the type of each column of a flat row, in order; docs/output.md documents the columns.

    Parameters
    ----------
    emotions : sequence of str
        Those of the model. If it knows nothing but some of `EMOTIONS`, all of these have columns.
    """
    names = EMOTIONS if set(emotions) <= set(EMOTIONS) else emotions
    return {
        "source": str,
        "person": str,
        "frame": int,
        "time": float,
        "face": int,
        **dict.fromkeys(_BOX, int),
        "emotion": str,
        "probability": float,
        **{f"{prefix}_{name}": float for prefix in _PROBABILITIES.values() for name in names},
        "calibration": str,
        "network_share": float,
        **dict.fromkeys((*_POSE, *_MEASURES), float),
        "blink": bool,
        "quality": float,
        "issue": str,
        "error": str,
    }


COLUMN_TYPES = column_types()
COLUMNS = tuple(COLUMN_TYPES)
"""The columns of a flat row of emotions without landmarks."""

LANDMARK_COLUMNS = tuple(f"{axis}_{index}" for index in range(N_LANDMARKS) for axis in "xy")
"""The columns that landmarks add: x_0, y_0, ..., x_67, y_67, in pixels."""


def columns(landmarks: bool, emotions: Sequence[str] = EMOTIONS) -> tuple[str, ...]:
    """Return the columns of flat rows, with or without landmarks."""
    return (*column_types(emotions), *(LANDMARK_COLUMNS if landmarks else ()))


def numeric_columns(landmarks: bool, emotions: Sequence[str] = EMOTIONS) -> tuple[str, ...]:
    """Return the columns that hold numbers, with or without landmarks."""
    names = columns(landmarks, emotions)
    return tuple(name for name in names if COLUMN_TYPES.get(name) is not str)


def json_row(
    source: str,
    frame: int,
    time: float,
    prediction: Prediction | None,
    error: str = "",
    *,
    person: str = "",
    landmarks: bool = False,
) -> dict[str, Any]:
    """Build one row about a face of a frame, or about a frame without a face.

    ``error`` says why the source could not be read; it is empty if it was read. ``person`` is whose
    source it is; it is empty if that is not known.

    Returns
    -------
    dict
        Keys: source, person, frame, time, face, box ([left, top, width, height]), emotion,
        probability, probabilities, raw_probabilities, calibration, network_share, the names
        of `Pose` and `Measures`, blink, quality and issue; also landmarks if asked for, and error
        if there is one. Missing values are None.
    """
    row: dict[str, Any] = {
        "source": source,
        "person": person or None,
        "frame": frame,
        "time": round(time, 3),
    }
    values = row | dict.fromkeys(
        ("face", "box", "emotion", "probability", *_PROBABILITIES, "calibration", "network_share")
        + (*_POSE, *_MEASURES, "blink", "quality", "issue")
    )
    if landmarks:
        values["landmarks"] = None
    if error:
        values["error"] = error
    if prediction is not None:
        values |= prediction.to_dict(landmarks=landmarks) | row
    return values


def flat_row(row: Mapping[str, Any], names: Sequence[str] = COLUMNS) -> dict[str, Any]:
    """Flatten a row of `json_row` into one value per column; missing values are None."""
    flat = dict(row) | dict(zip(_BOX, row["box"] or (), strict=False))
    for key, prefix in _PROBABILITIES.items():
        flat |= {f"{prefix}_{emotion}": value for emotion, value in (row[key] or {}).items()}
    if row.get("landmarks"):
        points = chain.from_iterable(row["landmarks"])
        flat |= dict(zip(LANDMARK_COLUMNS, points, strict=False))
    return {name: flat.get(name) for name in names}

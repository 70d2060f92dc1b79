"""Compare the faces in saved rows with the baselines of their people.

A baseline comes from all files of a person, so it is known only once all of them are recognized.
The saved rows have the landmarks, and all that depends on a baseline follows from these.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from landmark_emotion.batch.settings import Settings
from landmark_emotion.batch.units import File
from landmark_emotion.emotions import UNCERTAIN
from landmark_emotion.live.baselines import Baselines
from landmark_emotion.live.inference import Inference
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.model.face import Box, Face
from landmark_emotion.model.features import landmark_features
from landmark_emotion.model.measures import Measures
from landmark_emotion.model.neutral import NeutralReference

Row = dict[str, Any]
RowsByFile = Iterable[tuple[File, Iterable[Row]]]

OpenBaselines = Callable[[Mapping[str, Path]], Baselines]
"""Finds out whose the files of a job are, given by their names."""

_MEASURES = tuple(Measures.__dataclass_fields__)


def estimate(baselines: Baselines, rows_by_file: RowsByFile) -> None:
    """Add what is needed for the estimates: all photos, and a picture a second of each video."""
    for file, rows in rows_by_file:
        due = -math.inf
        for faces in _frames(rows):
            if not faces or faces[0]["time"] < due - 1e-3:
                continue
            due = faces[0]["time"] + 1.0
            own = max(faces, key=_area)
            if not own["issue"]:
                features = landmark_features(np.array(own["landmarks"]))
                neutral = own["raw_probabilities"].get("neutral", 1.0)
                baselines.add(file.name, features, neutral)


def compared(
    baselines: Baselines, rows_by_file: RowsByFile, settings: Settings
) -> Iterator[tuple[File, Iterable[Row]]]:
    """Name the person in the rows and compare their faces with the baseline, if there is one."""
    for file, rows in rows_by_file:
        reference = baselines.reference(file.name)
        if reference is not None:
            rows = _compared(file, rows, reference, settings)
        person = baselines.people.person_of.get(file.name)
        yield file, ({**row, "person": person} for row in rows)


def _compared(
    file: File, rows: Iterable[Row], reference: NeutralReference, settings: Settings
) -> Iterator[Row]:
    names = ("min_probability", "min_quality", "smoothing")
    inference = Inference(settings.model, reference, **{name: settings[name] for name in names})
    inference.calibration.selective = True
    for _, frame in groupby(rows, key=itemgetter("frame")):
        whole = list(frame)
        seen = {row["face"]: _face(row) for row in whole if row.get("landmarks")}
        if file.video:
            time = whole[0]["time"]
            predictions = inference.frame(0, time, list(seen.items()), set(seen))
        elif seen:
            largest = max(seen, key=lambda number: seen[number].box.area)
            predictions = inference.image([seen[largest]])
        known = {p.number if file.video else largest: p for p in predictions} if seen else {}
        for row in whole:
            yield row | _changes(row, known.get(row["face"]))


def _changes(row: Row, prediction: Prediction | None) -> Row:
    """Return what a baseline changes in a row."""
    if prediction is None or prediction.reference is None:
        return {}
    values = prediction.to_dict()
    names = ["probability", "probabilities", "raw_probabilities", "calibration", "network_share"]
    names += _MEASURES
    # How good the face is was rated with the picture.
    emotion = UNCERTAIN if row["issue"] else values["emotion"]
    return {name: values[name] for name in names} | {"emotion": emotion}


def _frames(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Group the rows that have a face by their frame."""
    for _, frame in groupby(rows, key=itemgetter("frame")):
        yield [row for row in frame if row.get("landmarks")]


def _face(row: Row) -> Face:
    return Face(Box(*row["box"]), np.array(row["landmarks"], dtype=np.float64), 1.0)


def _area(row: Row) -> int:
    _, _, width, height = row["box"]
    return int(width * height)

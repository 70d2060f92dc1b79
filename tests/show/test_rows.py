import csv
import io
import json

import numpy as np
import pytest

from landmark_emotion.emotions import EMOTIONS
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.model.face import Box, Face
from landmark_emotion.show.rows import COLUMNS, csv_row, json_row


@pytest.fixture
def prediction() -> Prediction:
    face = Face(Box(-3, 4, 50, 60), np.zeros((68, 2)), 1.5)
    probabilities = np.array([0.1, 0.7, 0.2])
    return Prediction(
        12, 0.5, 2, face, ("anger", "fear", "neutral"), probabilities, np.eye(3)[1], "fear"
    )


def test_json_has_box_emotion_and_all_probabilities(prediction):
    row = json_row("a.mp4", 12, 0.123456, prediction)
    assert json.loads(json.dumps(row)) == {
        "source": "a.mp4",
        "frame": 12,
        "time": 0.123,
        "face": 2,
        "box": [-3, 4, 50, 60],
        "emotion": "fear",
        "probability": 0.7,
        "probabilities": {"anger": 0.1, "fear": 0.7, "neutral": 0.2},
        "raw_probabilities": {"anger": 0.0, "fear": 1.0, "neutral": 0.0},
        "calibration": "static",
    }


def test_csv_has_the_same_content(prediction):
    row = csv_row("a.mp4", 12, 0.123456, prediction)
    assert tuple(row) == COLUMNS
    assert [row[name] for name in ("left", "top", "width", "height")] == [-3, 4, 50, 60]
    assert (row["face"], row["emotion"], row["probability"]) == (2, "fear", 0.7)
    # An emotion that the model does not know is empty, not 0.
    assert {e: row[f"p_{e}"] for e in EMOTIONS if row[f"p_{e}"] != ""} == {
        "anger": 0.1,
        "fear": 0.7,
        "neutral": 0.2,
    }


def test_without_a_face_there_is_nothing_to_mistake_for_one():
    row = json_row("a.mp4", 3, 0.1, None)
    assert (row["source"], row["frame"], row["time"]) == ("a.mp4", 3, 0.1)
    assert {row[key] for key in ("face", "box", "emotion", "probability", "probabilities")} == {
        None
    }
    assert "error" not in row
    flat = csv_row("a.mp4", 3, 0.1, None)
    assert tuple(flat) == COLUMNS
    assert {value for key, value in flat.items() if key not in ("source", "frame", "time")} == {""}


def test_the_reason_of_an_unreadable_source_is_told():
    assert json_row("a.png", 0, 0.0, None, "no such file")["error"] == "no such file"
    assert csv_row("a.png", 0, 0.0, None, "no such file")["error"] == "no such file"


def test_odd_names_survive_csv(prediction):
    name = 'a,"b"\n;ü.png'
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    writer.writerow(csv_row(name, 0, 0.0, prediction))
    (read,) = csv.DictReader(io.StringIO(out.getvalue(), newline=""))
    assert read["source"] == name

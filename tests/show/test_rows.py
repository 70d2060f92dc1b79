import json

import numpy as np
import pytest
import synthetic

from landmark_emotion.emotions import EMOTIONS
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.model.face import Box, Face
from landmark_emotion.model.measures import Measures
from landmark_emotion.model.pose import Pose
from landmark_emotion.show.rows import COLUMNS, LANDMARK_COLUMNS, columns, flat_row, json_row
from landmark_emotion.show.tables import ParquetRows, to_dataframe

MEASURES = Measures(
    left_eye_openness=0.31234,
    right_eye_openness=0.298,
    mouth_openness=0.0,
    brow_raise=0.28149,
    smile_width=0.5,
)


@pytest.fixture
def prediction() -> Prediction:
    return synthetic.prediction(
        *(0, 0, 1),
        frame=12,
        time=0.5,
        number=2,
        face=Face(Box(-3, 4, 50, 60), np.arange(136.0).reshape(68, 2), 1.5),
        emotions=("anger", "fear", "neutral"),
        probabilities=np.array([0.1, 0.7, 0.2]),
        raw_probabilities=np.eye(3)[1],
        likeliest="fear",
        pose=Pose(-12.345, 6.78, 0.0),
        measures=MEASURES,
        blink=True,
        quality=0.25,
        concern="turned away",
        min_quality=0.3,
    )


def test_json_row_has_box_emotion_and_all_probabilities(prediction):
    row = json_row("a.mp4", 12, 0.123456, prediction)
    assert json.loads(json.dumps(row)) == {
        "source": "a.mp4",
        "person": None,
        "frame": 12,
        "time": 0.123,
        "face": 2,
        "box": [-3, 4, 50, 60],
        "emotion": "uncertain",
        "probability": 0.7,
        "probabilities": {"anger": 0.1, "fear": 0.7, "neutral": 0.2},
        "raw_probabilities": {"anger": 0.0, "fear": 1.0, "neutral": 0.0},
        "calibration": "static",
        "network_share": 0.0,
        "yaw": -12.3,
        "pitch": 6.8,
        "roll": 0.0,
        "left_eye_openness": 0.312,
        "right_eye_openness": 0.298,
        "mouth_openness": 0.0,
        "brow_raise": 0.281,
        "smile_width": 0.5,
        "blink": True,
        "quality": 0.25,
        "issue": "turned away",
    }


@pytest.mark.parametrize("landmarks", [False, True])
def test_flat_row_has_the_values_of_the_json_row(prediction, landmarks):
    nested = json.loads(json.dumps(json_row("a.mp4", 12, 0.1, prediction, landmarks=landmarks)))
    row = flat_row(nested, columns(landmarks))
    assert tuple(row) == COLUMNS + LANDMARK_COLUMNS * landmarks
    assert [row[name] for name in ("left", "top", "width", "height")] == nested["box"]
    assert (row["face"], row["emotion"], row["probability"]) == (2, "uncertain", 0.7)
    # An emotion that the model does not know is missing, not 0.
    assert {e: row[f"p_{e}"] for e in EMOTIONS if row[f"p_{e}"] is not None} == {
        "anger": 0.1,
        "fear": 0.7,
        "neutral": 0.2,
    }
    if landmarks:
        assert (row["x_0"], row["y_0"], row["y_67"]) == (0, 1, 135)


def test_a_model_of_other_classes_has_columns_for_these():
    names = columns(False, ("bored", "neutral"))
    assert [name for name in names if name.startswith(("p_", "raw_"))] == [
        *("p_bored", "p_neutral", "raw_bored", "raw_neutral")
    ]
    assert [name for name in names if name in COLUMNS] == [
        name for name in COLUMNS if not name.startswith(("p_", "raw_")) or "neutral" in name
    ]
    assert columns(False, ("fear", "neutral")) == COLUMNS


def test_row_without_a_face_has_no_values_of_a_face():
    row = json_row("a.mp4", 3, 0.1, None)
    assert {key for key, value in row.items() if value is not None} == {"source", "frame", "time"}
    assert "error" not in row
    flat = flat_row(row, columns(True))
    assert {key for key, value in flat.items() if value is not None} == {"source", "frame", "time"}


def test_row_of_an_unreadable_source_has_the_reason():
    row = json_row("a.png", 0, 0.0, None, "no such file")
    assert row["error"] == flat_row(row)["error"] == "no such file"


def test_dataframe_has_typed_columns(prediction):
    pytest.importorskip("pandas")
    table = to_dataframe([prediction, prediction], source="odd\udcff.mp4", landmarks=True)
    assert tuple(table.columns) == COLUMNS + LANDMARK_COLUMNS
    assert [str(table[name].dtype) for name in ("face", "p_fear", "yaw", "blink", "x_0")] == [
        *("Int64", "Float64", "Float64", "boolean", "Float64")
    ]
    assert table["p_happiness"].isna().all()
    assert table["source"].tolist() == ["odd?.mp4"] * 2


def test_parquet_file_has_the_rows(tmp_path, prediction):
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "rows.parquet"
    file = ParquetRows(path)
    file.append(json_row("odd\udcff.mp4", 12, 0.5, prediction))
    file.append(json_row("b", 0, 0.0, None, "gone"))
    file.close()
    first, second = parquet.read_table(path).to_pylist()
    assert (first["source"], first["face"], first["p_fear"]) == ("odd?.mp4", 2, 0.7)
    assert (first["yaw"], first["blink"]) == (-12.3, True)
    assert (second["face"], second["p_fear"], second["error"]) == (None, None, "gone")
    assert second["blink"] is None

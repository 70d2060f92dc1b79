import json

import cv2
import pytest

from landmark_emotion.batch import make_settings, run_batch
from landmark_emotion.drawn.drawing import Subject, draw_face
from landmark_emotion.drawn.video import draw_video
from landmark_emotion.live.baselines import Baselines
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.model.classifier import load_model
from landmark_emotion.model.neutral import reference_from
from landmark_emotion.sources.images import read_image
from landmark_emotion.sources.people import People, people_by_folder

pytestmark = pytest.mark.usefixtures("batch_in_process")

NAMES = ("anna/1.png", "anna/2.png", "anna/3.png")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three photos and a video of Anna, one photo of Ben, one that cannot be read."""
    folder = tmp_path_factory.mktemp("job")
    (folder / "anna").mkdir()
    (folder / "ben").mkdir()
    for name, emotion in zip(NAMES, ("neutral", "neutral", "happiness"), strict=True):
        cv2.imwrite(str(folder / name), draw_face(Subject(), emotion))
    options = {"seconds_each": 1.5, "fps": 10, "size": (400, 300)}
    draw_video(folder / "anna/v.avi", emotions=("surprise",), **options)
    cv2.imwrite(str(folder / "ben/1.png"), draw_face(Subject(face_width=0.4), "neutral"))
    (folder / "ben/2.png").write_bytes(b"no image")
    return folder


@pytest.fixture
def batch(folder, tmp_path, model):
    """Run a batch; returns its rows by file, the number of files recognized, and what it said."""

    def run(people, **options):
        n_done, said = [], []
        summary = run_batch(
            folder,
            tmp_path / "results",
            make_settings(load_model(model), people=True, **options),
            format="json",
            people=people,
            notify=said.append,
            progress=lambda items, total: (n_done.append(1) or item for item in items),
        )
        rows = [json.loads(line) for line in summary.table.read_text().splitlines()]
        return rows, len(n_done), said

    return run


def by_folder(files):
    return Baselines(people_by_folder(files), automatic=True)


def modes(rows, name):
    return {row["calibration"] for row in rows if row["source"] == name and row["face"]}


def test_all_files_of_a_person_share_a_baseline(batch):
    rows, _, said = batch(by_folder)
    assert list(dict.fromkeys(row["source"] for row in rows)) == [
        *NAMES,
        "anna/v.avi",
        "ben/1.png",
        "ben/2.png",
    ]
    assert [row["person"] for row in rows] == [row["source"].split("/")[0] for row in rows]
    for name in (*NAMES, "anna/v.avi"):
        assert modes(rows, name) == {"automatic"}
    assert modes(rows, "ben/1.png") == {"static"}
    assert rows[-1]["error"]
    assert "landmarks" not in rows[0]
    assert sum(line.startswith("note: ben: has 1 of the 3") for line in said) == 1


def test_photos_are_compared_as_by_the_command_image(batch, folder, model, detector):
    files = {name: folder / name for name in NAMES}
    people = People(dict.fromkeys(NAMES, "Anna"))
    rows, _, _ = batch(lambda _: Baselines(people, automatic=True))
    recognizer = Recognizer(model, detector)
    baselines = Baselines(people, automatic=True)
    found = {n: recognizer.recognize_still(read_image(path)) for n, path in files.items()}
    for name, predictions in found.items():
        baselines.add_photo(name, predictions)
    for name, predictions in found.items():
        (expected,) = baselines.compare(recognizer.model, name, predictions)
        (row,) = [row for row in rows if row["source"] == name]
        assert row["emotion"] == expected.emotion
        assert row["calibration"] == "automatic"
        assert row["probabilities"] == pytest.approx(expected.scores, abs=0.01)
        assert row["smile_width"] == pytest.approx(expected.measures.smile_width, abs=0.01)


def test_a_video_is_compared_and_smoothed_as_by_the_command_video(batch, folder, model, detector):
    reference = reference_from(detector.faces(read_image(folder / NAMES[0]))[0].landmarks[None])
    people = People({"anna/v.avi": "Anna"})
    rows, _, _ = batch(lambda _: Baselines(people, False, {"Anna": reference}))
    recognizer = Recognizer(model, detector, neutral=reference)
    expected = [p for _, found in recognizer.stream(folder / "anna/v.avi") for p in found]
    rows = [row for row in rows if row["source"] == "anna/v.avi" and row["face"]]
    assert [row["emotion"] for row in rows] == [p.emotion for p in expected]
    assert {row["calibration"] for row in rows} == {"profile"}
    for row, prediction in zip(rows, expected, strict=True):
        assert row["probabilities"] == pytest.approx(prediction.scores, abs=0.02)


def test_other_people_need_no_other_recognition(batch):
    batch(by_folder)
    people = People({"ben/1.png": "Ben", "anna/1.png": "Anna"})
    rows, n_done, _ = batch(lambda _: Baselines(people, automatic=False))
    assert n_done == 0
    assert {row["source"]: row["person"] for row in rows} == {
        **dict.fromkeys((*NAMES[1:], "anna/v.avi", "ben/2.png")),
        "anna/1.png": "Anna",
        "ben/1.png": "Ben",
    }
    assert {row["calibration"] for row in rows if row["face"]} == {"static"}


def test_the_first_seconds_of_a_video_are_the_neutral_face(batch):
    rows, _, _ = batch(lambda _: Baselines(People(), False), calibrate=0.5)
    seen = [row["calibration"] for row in rows if row["source"] == "anna/v.avi" and row["face"]]
    assert seen[:5] == ["calibrating"] * 5
    assert set(seen[6:]) == {"calibrated"}
    assert modes(rows, "anna/1.png") == {"static"}


def test_landmarks_are_in_the_table_if_they_are_wanted(batch):
    rows, _, _ = batch(by_folder, landmarks=True)
    assert len(rows[0]["landmarks"]) == 68

"""Videos of people whose neutral faces are given or estimated."""

import cv2
import numpy as np
import pytest

from landmark_emotion.drawn.drawing import Subject, draw_face
from landmark_emotion.drawn.video import draw_video


@pytest.fixture(scope="module")
def drawn_videos(tmp_path_factory):
    """Two videos of three seconds each."""
    folder = tmp_path_factory.mktemp("videos")
    for name, emotion in (("a.avi", "happiness"), ("b.avi", "surprise")):
        draw_video(folder / name, emotions=(emotion,), seconds_each=1.5, fps=10, size=(400, 300))
    return folder


def _modes(result, name):
    rows = [row for row in result.rows if row["source"].endswith(name)]
    assert len({row["person"] for row in rows}) == 1
    return {row["calibration"] for row in rows if row["face"]}, rows[0]["person"]


def test_videos_of_a_person_share_a_baseline_from_their_first_frames_on(run, model, drawn_videos):
    people = drawn_videos / "people.csv"
    people.write_text("source,person\na.avi,Anna\nb.avi,Anna\n")
    options = ("--model", model, "--format", "json", "--people", people, "--calibrate", "auto")
    result = run("video", drawn_videos, *options)
    assert result.status == 0
    for name in ("a.avi", "b.avi"):
        assert _modes(result, name) == ({"automatic"}, "Anna")
    references = [row["smile_width"] for row in result.rows if row["frame"] == 0]
    assert references[0] == pytest.approx(references[1], abs=0.1)


def test_a_neutral_interval_is_the_baseline_of_all_videos_of_the_person(run, model, drawn_videos):
    people = drawn_videos / "people.csv"
    people.write_text("source,person,neutral\na.avi,Anna,0-0.3\nb.avi,Anna,\n")
    options = ("--model", model, "--format", "json", "--people", people)
    result = run("video", drawn_videos, *options)
    assert _modes(result, "a.avi") == _modes(result, "b.avi") == ({"profile"}, "Anna")


def test_an_interval_outside_the_video_costs_a_line(run, model, drawn_videos):
    people = drawn_videos / "people.csv"
    people.write_text("source,person,neutral\na.avi,Anna,90-95\nb.avi,Ben,0-0.3\n")
    options = ("--model", model, "--format", "json", "--people", people)
    result = run("video", drawn_videos, *options)
    (line,) = [line for line in result.err.splitlines() if line.startswith("error")]
    assert "people.csv: line 2: " in line
    assert "before 90 s; begin earlier" in line
    assert _modes(result, "a.avi") == ({"static"}, "Anna")
    assert _modes(result, "b.avi") == ({"profile"}, "Ben")


def test_somebody_else_in_the_video_is_not_compared_with_the_person(run, model, here):
    stranger = Subject(
        face_width=0.4, eye_distance=0.17, nose_length=0.16, mouth_width=0.16, brow_height=0.12
    )
    both = [draw_face(one, "neutral", size=(400, 480)) for one in (Subject(), stranger)]
    (here / "both").mkdir()
    for number in range(12):
        cv2.imwrite(f"both/{number:02}.png", np.hstack(both))
    cv2.imwrite("anna.png", both[0])
    (here / "people.csv").write_text("source,person,neutral\nboth,Anna,anna.png\n")
    options = ("--model", model, "--format", "json", "--people", "people.csv")
    result = run("video", "both", *options)
    assert result.status == 0
    modes = {(row["face"], row["calibration"]) for row in result.rows}
    assert modes == {(1, "profile"), (2, "static")}

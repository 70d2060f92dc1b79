"""The command `webcam`."""

import re
import sys

import cv2
import numpy as np
import pytest

from landmark_emotion.emotions import DEFAULT_EMOTIONS
from landmark_emotion.sources import camera as camera_module

LINE = re.compile(r"frame +(\d+) +(\d+\.\d{3}) s  (?:face (\d+)  (\w+) +(\d+) %|no face)")


@pytest.fixture
def watch(run, video, model):
    return lambda *arguments: run("webcam", "--source", video, "--model", model, *arguments)


def parsed(text: str) -> list[tuple]:
    """Frame, time, face, emotion and probability of every line."""
    matches = [LINE.fullmatch(line) for line in text.splitlines()]
    assert all(matches), text
    return [match.groups() for match in matches]


def test_every_frame_is_printed_with_time_face_emotion_and_probability(watch, model, video):
    result = watch()
    assert result.status == 0
    rows = parsed(result.out)
    assert [int(row[0]) for row in rows] == list(range(40))
    assert [float(row[1]) for row in rows] == pytest.approx(np.arange(40) / 10)
    assert {row[3] for row in rows[:28]} <= set(DEFAULT_EMOTIONS)
    assert all(100 / 7 - 1 < float(row[4]) <= 100 for row in rows[:28])
    assert [row[2:] for row in rows[-9:]] == [(None, None, None)] * 9
    told, summary = result.err.splitlines()
    assert told.startswith(f"model: {model} (trained on drawn faces, not fit for real ones; ")
    assert re.fullmatch(
        re.escape(str(video))
        + r": 40 frames, \d+\.\d frames/s, delay \d+ ms \(p95 \d+ ms\), 0 dropped",
        summary,
    )


def test_the_emotion_follows_the_drawn_face(watch):
    emotions = [row[3] for row in parsed(watch().out)]
    assert "happiness" in emotions[:15]
    assert "surprise" in emotions[15:30]
    assert "happiness" not in emotions[17:]


def test_changes_only_leaves_out_equal_frames(watch):
    every, changes = parsed(watch().out), parsed(watch("--changes-only").out)
    expected = [
        row
        for before, row in zip([None, *every], every, strict=False)
        if before is None or before[2:4] != row[2:4]
    ]
    assert changes == expected
    assert 2 < len(changes) < len(every)
    assert changes[-1][2] is None


def test_max_frames(watch):
    assert len(parsed(watch("--max-frames", 3).out)) == 3
    assert len(parsed(watch("--max-frames", 300).out)) == 40


def test_json_has_box_and_all_probabilities(watch, video):
    rows = watch("--format", "json").rows
    assert [row["frame"] for row in rows] == list(range(40))
    assert {row["source"] for row in rows} == {str(video)}
    for row in rows[:28]:
        left, top, width, height = row["box"]
        assert 0 < left < left + width < 400
        assert 0 < top < top + height < 300
        assert tuple(row["probabilities"]) == DEFAULT_EMOTIONS
        assert sum(row["probabilities"].values()) == pytest.approx(1, abs=1e-5)
        assert row["probabilities"][row["emotion"]] == row["probability"]
        assert sum(row["raw_probabilities"].values()) == pytest.approx(1, abs=1e-5)
        # Hysteresis keeps an emotion until another is clearly likelier.
        assert row["probability"] > max(row["probabilities"].values()) - 0.1
    assert {row[key] for row in rows[-9:] for key in ("face", "box", "emotion")} == {None}


def test_smoothing(watch):
    for seconds in (0, 2):
        rows = watch("--format", "json", "--smoothing", seconds).rows[:28]
        unsmoothed = [row for row in rows if row["probabilities"] == row["raw_probabilities"]]
        assert (len(unsmoothed) == 28) == (seconds == 0)


def test_min_face(watch):
    assert {row[2] for row in parsed(watch("--min-face", 290, "--max-frames", 5).out)} == {None}
    assert {row[2] for row in parsed(watch("--min-face", 40, "--max-frames", 5).out)} == {"1"}


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("none.mp4", "none.mp4: no such video"),
        ("77", "camera 77: cannot be opened"),
        ("nothing*.png", "nothing*.png: contains no image"),
    ],
)
def test_unusable_source_is_one_line(run, model, source, complaint):
    result = run("webcam", "--source", source, "--model", model)
    assert (result.status, result.out) == (1, "")
    _, error = result.err.splitlines()
    assert error.startswith(f"error: {complaint}")


def test_unplugged_camera_is_an_error(run, model, face, monkeypatch):
    class Camera:
        left = 3
        released = False

        def __init__(self, *_):
            Camera.made = self

        def isOpened(self):  # noqa: N802
            return True

        def read(self):
            self.left -= 1
            return (True, face) if self.left >= 0 else (False, None)

        def get(self, _):
            return -1.0

        def release(self):
            self.released = True

    monkeypatch.setattr(cv2, "VideoCapture", Camera)
    monkeypatch.setattr(camera_module, "PATIENCE", 0.05)
    result = run("webcam", "--model", model, "--reconnect", 0)
    assert result.status == 1
    frames = [int(row[0]) for row in parsed(result.out)]
    assert frames
    assert frames == sorted(set(frames) & {0, 1, 2})
    assert "error: camera 0: stopped after 3 frames; " in result.err
    assert Camera.made.released


def test_show_without_a_screen_is_one_line(watch):
    result = watch("--show")
    assert (result.status, result.out) == (1, "")
    assert result.err.startswith("error: window: no screen is available; omit --show")
    assert result.err.count("\n") == 1


def test_heavy_modules_are_not_imported(spawn, video, model):
    program = f"""
import sys
from landmark_emotion.cli import main
main(["webcam", "--source", {str(video)!r}, "--model", {str(model)!r}, "--max-frames", "1"])
heavy = {{"sklearn", "joblib", "tqdm", "matplotlib", "pandas", "landmark_emotion.training.fit"}}
print(sorted(heavy & set(sys.modules)))
"""
    out, _ = spawn("-c", program).communicate()
    assert out.splitlines()[-1] == "[]", sys.executable

"""The formats of results."""

import csv
import io
import json
import re
import sys

import numpy as np
import pytest

from landmark_emotion.cli.output import (
    CsvWriter,
    FrameTextWriter,
    ImageTextWriter,
    JsonWriter,
    is_live_terminal,
)
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.model.face import Box, Face
from landmark_emotion.show.rows import COLUMNS


def prediction(number: int = 1, happy: float = 0.75) -> Prediction:
    face = Face(Box(1, 2, 3, 4), np.zeros((68, 2)), 1.0)
    probabilities = np.array([0.25 * (1 - happy), happy, 0.75 * (1 - happy)])
    emotions = ("anger", "happiness", "neutral")
    likeliest = emotions[int(probabilities.argmax())]
    return Prediction(
        frame=7,
        time=0.28,
        number=number,
        face=face,
        emotions=emotions,
        probabilities=probabilities,
        raw_probabilities=probabilities,
        likeliest=likeliest,
    )


def pretend_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)


def test_text_has_one_line_per_face_or_frame(capsys):
    writer = FrameTextWriter()
    writer.set_status("never seen")
    writer.write("v.mp4", 7, 0.28, [prediction(1), prediction(2, happy=0.1)])
    writer.write("v.mp4", 8, 0.32, [])
    writer.close()
    assert capsys.readouterr().out.splitlines() == [
        "frame     7     0.280 s  face 1  happiness  0.75",
        "frame     7     0.280 s  face 2  neutral    0.68",
        "frame     8     0.320 s  no face",
    ]


def test_terminal_has_colors_and_a_status_line(capsys, monkeypatch):
    pretend_terminal(monkeypatch)
    writer = FrameTextWriter()
    writer.set_status("25.0 frames/s")
    writer.write("v.mp4", 7, 0.28, [prediction()])
    writer.write("v.mp4", 8, 0.32, [])
    writer.close()
    out = capsys.readouterr().out
    first, second, rest = out.split("\n")
    assert re.search(r"\x1b\[48;5;\d+m  \x1b\[0m happiness", first)
    assert "25.0 frames/s" in second.partition("\r")[0]  # shown, then overwritten
    assert "no face" in second.rpartition("\x1b[K")[2]
    assert rest.endswith("\r\x1b[K")  # nothing remains


@pytest.mark.parametrize(("name", "value"), [("TERM", "dumb"), ("NO_COLOR", "1")])
def test_colors_can_be_turned_off(monkeypatch, name, value):
    pretend_terminal(monkeypatch)
    assert is_live_terminal()
    monkeypatch.setenv(name, value)
    assert not is_live_terminal()


def test_image_text_has_every_emotion_likeliest_first(capsys):
    writer = ImageTextWriter()
    writer.write("a.png", 0, 0.0, [prediction()])
    writer.write("b.png", 0, 0.0, [])
    writer.write_error("c.png", "the file is empty")
    assert capsys.readouterr().out.splitlines() == [
        "a.png: face 1: happiness 0.750  neutral 0.188  anger 0.062",
        "b.png: no face",
    ]


def test_json_has_one_object_per_line(capsys):
    writer = JsonWriter()
    writer.write("ü\udcff.mp4", 7, 0.28, [prediction(1), prediction(2)])
    writer.write("v.mp4", 8, 0.32, [])
    writer.write_error("c.png", "the file is empty")
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["frame"], row["face"]) for row in rows] == [(7, 1), (7, 2), (8, None), (0, None)]
    assert rows[0]["source"] == "ü\udcff.mp4"
    assert rows[3]["error"] == "the file is empty"


def test_csv_has_a_header_and_one_line_per_row(capsys):
    writer = CsvWriter()
    writer.write('a,"b".mp4', 7, 0.28, [prediction(1), prediction(2)])
    writer.write("v.mp4", 8, 0.32, [])
    writer.write_error("c.png", "the file is empty")
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert tuple(rows[0]) == COLUMNS
    assert [(row["frame"], row["face"]) for row in rows] == [
        ("7", "1"),
        ("7", "2"),
        ("8", ""),
        ("0", ""),
    ]
    assert rows[0]["source"] == 'a,"b".mp4'
    assert rows[0]["p_happiness"] == "0.75"
    assert rows[3]["error"] == "the file is empty"

"""The formats of results."""

import csv
import io
import json
import re
import sys

import numpy as np
import pytest
import synthetic

from landmark_emotion.cli.output import (
    FrameTextWriter,
    ImageTextWriter,
    csv_writer,
    is_live_terminal,
    json_writer,
)
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.show.rows import COLUMNS


def prediction(number: int = 1, happy: float = 0.75) -> Prediction:
    probabilities = np.array([0.25 * (1 - happy), happy, 0.75 * (1 - happy)])
    emotions = ("anger", "happiness", "neutral")
    return synthetic.prediction(
        *(50, 50, 40),
        number=number,
        emotions=emotions,
        probabilities=probabilities,
        raw_probabilities=probabilities,
        likeliest=emotions[int(probabilities.argmax())],
    )


def pretend_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)


def test_text_has_one_line_per_face_or_frame(capsys):
    writer = FrameTextWriter(sys.stdout)
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
    writer = FrameTextWriter(sys.stdout)
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
    writer = ImageTextWriter(sys.stdout)
    writer.write("a.png", 0, 0.0, [prediction()])
    writer.write("b.png", 0, 0.0, [])
    writer.write_error("c.png", "the file is empty")
    assert capsys.readouterr().out.splitlines() == [
        "a.png: face 1: happiness 0.750  neutral 0.188  anger 0.062",
        "b.png: no face",
    ]


def test_json_has_one_object_per_line(capsys):
    writer = json_writer(sys.stdout)
    writer.write("ü\udcff.mp4", 7, 0.28, [prediction(1), prediction(2)])
    writer.write("v.mp4", 8, 0.32, [])
    writer.write_error("c.png", "the file is empty")
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["frame"], row["face"]) for row in rows] == [(7, 1), (7, 2), (8, None), (0, None)]
    assert rows[0]["source"] == "ü\udcff.mp4"
    assert rows[3]["error"] == "the file is empty"


def test_csv_has_a_header_and_one_line_per_row(capsys):
    writer = csv_writer(sys.stdout)
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

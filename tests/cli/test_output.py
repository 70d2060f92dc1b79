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
        "frame     7     0.280 s  face 1  happiness   75 %",
        "frame     7     0.280 s  face 2  neutral     68 %",
        "frame     8     0.320 s  no face",
    ]


@pytest.fixture
def on_terminal(capsys, monkeypatch):
    """Write frames to a terminal; return the lines that remain, and all that was ever shown."""

    def write(*frames, **options):
        pretend_terminal(monkeypatch)
        monkeypatch.setenv("COLUMNS", "80")
        writer = FrameTextWriter(sys.stdout, **options)
        writer.set_status("25.0 frames/s, 0 dropped")
        for number, predictions in enumerate(frames):
            writer.write("v.mp4", number, 0.1 * number, predictions)
        writer.close()
        out = capsys.readouterr().out
        plain = re.sub(r"\x1b\[[\d;]*m", "", out)
        assert plain.endswith("\r\x1b[K")  # nothing remains of the live line
        lines = [line.rpartition("\x1b[K")[2] for line in plain.split("\n")]
        return lines[:-1], out

    return write


def test_a_terminal_keeps_a_line_for_each_change(on_terminal):
    happy, neutral = [prediction()], [prediction(happy=0.1)]
    lines, out = on_terminal(happy, happy, happy, neutral, neutral, [], [], neutral)
    assert [line.split() for line in lines] == [
        ["0:00.0", "#1", "happiness", "75", "%"],
        ["0:00.3", "#1", "neutral", "68", "%"],
        ["0:00.5", "no", "face"],
        ["0:00.7", "#1", "neutral", "68", "%"],
    ]
    assert out.count("25.0 frames/s") == 8  # every frame is shown in place
    assert re.search(r"\x1b\[48;5;\d+m  \x1b\[0m happiness", out)


def test_a_terminal_can_keep_every_frame(on_terminal):
    lines, _ = on_terminal([prediction()], [prediction()], [], [], every_frame=True)
    assert [line.split()[1] for line in lines] == ["#1", "#1", "no", "no"]


def test_the_live_line_is_no_wider_than_the_terminal(on_terminal):
    _, out = on_terminal([prediction(number) for number in range(1, 9)])
    live = re.sub(r"\x1b\[[\d;]*m", "", out).split("\n")[-1].split("\x1b[K")[-2]
    assert 60 < len(live.rstrip("\r")) < 80
    assert live.rstrip("\r").endswith("%")


@pytest.mark.parametrize(("name", "value"), [("TERM", "dumb"), ("NO_COLOR", "1")])
def test_colors_can_be_turned_off(monkeypatch, name, value):
    pretend_terminal(monkeypatch)
    assert is_live_terminal()
    monkeypatch.setenv(name, value)
    assert not is_live_terminal()


def test_image_text_has_the_likeliest_emotions_aligned(capsys):
    writer = ImageTextWriter(sys.stdout, {"b.png": "longer.png"})
    writer.write("a.png", 0, 0.0, [prediction()])
    writer.write("b.png", 0, 0.0, [])
    writer.write("b.png", 0, 0.0, [prediction(1), prediction(2)])
    writer.write_error("c.png", "the file is empty")
    assert capsys.readouterr().out.splitlines() == [
        "a.png          happiness  75.0 %   neutral 18.8 %, anger 6.2 %",
        "longer.png     no face",
        "longer.png #1  happiness  75.0 %   neutral 18.8 %, anger 6.2 %",
        "longer.png #2  happiness  75.0 %   neutral 18.8 %, anger 6.2 %",
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

"""What a prediction looks like in a console, a notebook and as a dictionary."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import synthetic

from landmark_emotion.emotions import COLORS
from landmark_emotion.show.rows import json_row


@pytest.fixture
def prediction():
    return synthetic.prediction(
        *(50, 50, 80),
        frame=115,
        time=4.6,
        emotions=("anger", "fear", "neutral"),
        probabilities=np.array([0.1, 0.7, 0.2]),
        raw_probabilities=np.eye(3)[1],
        likeliest="fear",
    )


def unsure(prediction, name="fear"):
    return synthetic.prediction(
        *(50, 50, 80),
        emotions=("anger", name, "neutral"),
        probabilities=prediction.probabilities,
        likeliest=name,
        min_probability=0.9,
    )


def test_it_is_shown_in_one_short_line(prediction):
    assert repr(prediction) == "<Prediction face 1: fear 70.0 %, frame 115, 4.600 s>"
    assert repr(unsure(prediction)).startswith("<Prediction face 1: uncertain (fear 70.0 %), ")
    hidden = synthetic.prediction(50, 50, 80, quality=0.1, concern="partly hidden")
    assert "uncertain (partly hidden, happiness 65.0 %)" in repr(hidden)
    assert "array" not in repr(prediction.face)


def test_scores_are_the_probabilities_by_name(prediction):
    assert prediction.scores == {"anger": 0.1, "fear": 0.7, "neutral": 0.2}


@pytest.mark.parametrize("landmarks", [False, True])
def test_the_dictionary_is_a_row_without_its_source(prediction, landmarks):
    values = prediction.to_dict(landmarks=landmarks)
    assert json.loads(json.dumps(values)) == values
    row = json_row("a.mp4", 115, 4.6, prediction, landmarks=landmarks)
    assert {"source": "a.mp4", "person": None} | values == row
    assert list(row) == ["source", "person", *values]


class Table(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.open, self.attributes, self.texts = [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def test_a_notebook_shows_a_bar_for_each_emotion_the_likeliest_first(prediction):
    page = prediction._repr_html_()
    table = Table(page)
    assert table.texts == [
        *("face 1: fear 70.0 %", "fear", "70.0 %", "neutral", "20.0 %", "anger", "10.0 %"),
    ]
    widths = [float(width) for width in re.findall(r"width: ([\d.]+)em", page)]
    assert widths == pytest.approx([5.6, 1.6, 0.8])
    assert re.findall(r"background: (#\w+)", page) == [
        COLORS[name] for name in ("fear", "neutral", "anger")
    ]


def test_names_of_emotions_cannot_become_markup_in_a_notebook(prediction):
    name = "<script src='//x'>&"
    page = unsure(prediction, name)._repr_html_()
    assert name in Table(page).texts
    assert "<script" not in page
    assert "//" not in re.sub(r"&lt;.*?&amp;", "", page)

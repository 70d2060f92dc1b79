"""Small reports, and a parser that checks pages."""

import re
from collections import Counter
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest

from landmark_emotion.model.classifier import EmotionModel
from landmark_emotion.model.features import landmark_features
from landmark_emotion.model.head import Head
from landmark_emotion.report.plots import draw_plots
from landmark_emotion.report.summary import summarize
from landmark_emotion.training.landmark_table import LandmarkTable
from landmark_emotion.training.metrics import evaluate
from landmark_emotion.training.recipe import Recipe

EMOTIONS = ("anger", "happiness", "neutral")
MOUTH = slice(48, 68)


def template():
    """Return points as wide and high as a face, with eyes; shape (68, 2)."""
    turn = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    points = np.stack([100 + 60 * np.cos(turn), 120 + 80 * np.sin(turn)], axis=-1)
    eye = np.array([[-8, 0], [-4, -4], [4, -4], [8, 0], [4, 4], [-4, 4]])
    points[36:42] = eye + np.array([70, 100])
    points[42:48] = eye + np.array([130, 100])
    turn = np.linspace(0, 2 * np.pi, 20)
    points[MOUTH] = np.stack([100 + 22 * np.cos(turn), 165 + 6 * np.sin(turn)], axis=-1)
    return points


def make_table(emotions=EMOTIONS, people=8, subjects=True, drawn=False):
    """One face per person and emotion; emotions move the mouth down."""
    random = np.random.default_rng(0)
    emotion = np.tile(emotions, people)
    n = len(emotion)
    landmarks = template() + random.normal(0, 0.8, (n, 68, 2))
    for index, name in enumerate(emotions):
        landmarks[emotion == name, MOUTH, 1] += 0 if name == "neutral" else 6 * (index + 1)
    subject = np.repeat([f"S{i}" if subjects else "" for i in range(people)], len(emotions))
    return LandmarkTable(landmarks, emotion, subject, np.full(n, ""), np.full(n, ""), drawn=drawn)


def make_model(emotions=EMOTIONS):
    pairs = len(emotions) * (len(emotions) - 1) // 2
    weights = np.random.default_rng(1).normal(size=(pairs, 136))
    return EmotionModel(
        tuple(emotions), landmark_features(template()), Head(weights, np.zeros(pairs), 1.0)
    )


def make_evaluation(table, emotions=EMOTIONS, sharpness=3.0, swapped=None):
    """Predict the truth, or for the keys of `swapped` its values; the sharper, the more often."""
    likely = np.array([(swapped or {}).get(emotion, emotion) for emotion in table.emotion])
    scores = np.random.default_rng(2).normal(size=(len(table), len(emotions)))
    scores += sharpness * (np.array(emotions) == likely[:, np.newaxis])
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    protocol = "leave-one-subject-out over 8 subjects"
    return evaluate(protocol, tuple(emotions), table.emotion, table.subject, probabilities)


def make_report(
    table=None, model=None, *, trained=False, calibrated=True, static=None, sharpness=3.0, runs=()
):
    """What a training or evaluation hands to the report."""
    table = make_table() if table is None else table
    model = model or make_model()
    static = static or make_evaluation(table, model.emotions, sharpness)
    second = make_evaluation(table, model.emotions, 6.0) if calibrated else None
    given = {"table": table, "static": static, "calibrated": second}
    values = summarize(
        data={"name": "faces", "layout": "class folders", "drawn": table.drawn},
        recipe=Recipe() if trained else None,
        runs=[0.8, 0.9, 0.85] if trained else [],
        runs_apart=[0.7, 0.8] if trained else [],
        **given,
    )
    if not trained:
        values["model"] = {"name": "m.npz", "path": "models/m.npz"}
    return SimpleNamespace(values=values, draw=lambda: draw_plots(values, model=model, **given))


@pytest.fixture(scope="package")
def trained():
    """The report of a training, with its plots."""
    report = make_report(trained=True)
    return SimpleNamespace(values=report.values, plots={p.name: p for p in report.draw()})


class Page(HTMLParser):
    """Checks that tags are closed in order and that the page needs nothing but itself."""

    def __init__(self, page):
        super().__init__()
        self.open, self.attributes, self.texts = [], [], []
        self.counts = Counter()
        self.feed(page)
        assert not self.open
        assert not {"script", "link", "img", "iframe", "object"} & set(self.counts)
        assert not re.search(r"https?:|@import|url\((?!#)", page)
        assert "default-src 'none'" in page
        assert all(value.startswith("#") for _, name, value in self.attributes if name == "href")
        assert not any(name.startswith("on") for _, name, _ in self.attributes)
        ids = self.values("id")
        assert len(ids) == len(set(ids))

    def handle_starttag(self, tag, attrs):
        self.counts[tag] += 1
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    def values(self, attribute):
        return [value for _, name, value in self.attributes if name == attribute]

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


@pytest.fixture
def reports():
    """The functions and the parser above."""
    return SimpleNamespace(
        make_table=make_table,
        make_model=make_model,
        make_evaluation=make_evaluation,
        make_report=make_report,
        Page=Page,
    )

import json
import re
from collections import Counter
from html.parser import HTMLParser

import numpy as np
import pytest

from landmark_emotion.model.classifier import EmotionModel, Head
from landmark_emotion.model.features import landmark_features
from landmark_emotion.report import plots
from landmark_emotion.report.page import report_page
from landmark_emotion.report.summary import evaluation_report, training_report
from landmark_emotion.training.fit import Recipe
from landmark_emotion.training.landmark_table import LandmarkTable
from landmark_emotion.training.metrics import evaluate

EMOTIONS = ("anger", "happiness", "neutral")
VOID = {"meta", "br", "img", "link", "input", "hr"}


class Page(HTMLParser):
    """Checks that tags are closed in order and collects what they say."""

    def __init__(self, page):
        super().__init__()
        self.open, self.attributes, self.texts = [], [], []
        self.counts = Counter()
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.counts[tag] += 1
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


def make(*, trained=True, calibrated=True, subjects=True, drawn=False, plot=True, **more):
    random = np.random.default_rng(0)
    turn = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    template = np.stack([60 * np.cos(turn), 80 * np.sin(turn)], axis=-1)
    emotion = np.tile(EMOTIONS, 6)
    n = len(emotion)
    subject = np.repeat([f"S{i}" if subjects else "" for i in range(6)], 3)
    landmarks = template + random.normal(0, 2, (n, 68, 2))
    table = LandmarkTable(landmarks, emotion, subject, np.full(n, ""), np.full(n, ""), drawn=drawn)
    probabilities = random.dirichlet((1, 1, 1), n) / 2
    probabilities[np.arange(n), np.tile([0, 1, 2], 6)] += 0.5
    static = evaluate(
        "leave-one-subject-out over 6 subjects",
        EMOTIONS,
        emotion,
        subject,
        probabilities,
    )
    second = static if calibrated else None
    data = {"name": "faces", "layout": "class folders", "drawn": drawn}
    if trained:
        report = training_report(
            table=table,
            data=data,
            recipe=Recipe(),
            runs=[0.8123, 0.9],
            runs_apart=[],
            static=static,
            calibrated=second,
        )
    else:
        model = {"name": "m.npz", "path": "models/m.npz"}
        report = evaluation_report(
            table=table, data=data, model=model, static=static, calibrated=second
        )
    head = Head(random.normal(size=(3, 136)), np.zeros(3), 1.0)
    model = EmotionModel(EMOTIONS, landmark_features(template), head)
    shown = []
    if plot:
        shown = plots.draw_plots(
            table=table, model=model, static=static, calibrated=second, runs=[0.8] * trained
        )
    # What is written to the disk is what the page must be able to show.
    report = json.loads(json.dumps({**report, **more}))
    return report_page(report, shown).decode()


@pytest.fixture(scope="module")
def whole():
    return make()


def test_the_page_needs_nothing_but_itself(whole):
    page = Page(whole)
    assert not re.search(r"(https?:)?//", whole.replace("</", ""))
    assert not {"script", "link", "img", "iframe", "object"} & set(page.counts)
    for _, name, value in page.attributes:
        assert not name.startswith("on")
        if name in ("src", "href", "xlink:href"):
            assert value.startswith("#")
    assert "url(" not in re.sub(r"url\(#[^)]*\)", "", whole)
    assert "default-src 'none'" in whole


def test_every_plot_is_embedded_with_a_text_in_its_place_and_its_numbers(whole):
    page = Page(whole)
    assert page.counts["svg"] == len(plots.NAMES) == page.counts["figure"]
    labels = [value for tag, name, value in page.attributes if (tag, name) == ("svg", "aria-label")]
    assert len(set(labels)) == len(plots.NAMES)
    assert page.counts["table"] > len(plots.NAMES)
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))


def test_colors_follow_day_and_night(whole):
    assert "prefers-color-scheme: dark" in whole
    body = whole[whole.index("<body>") :]
    assert not re.search(r"(fill|stroke): ?#", body)
    used = set(re.findall(r"var\(--(\w+)\)", body))
    for name in used:
        assert len(re.findall(rf"--{name}: #", whole)) == 2, name


def test_a_phone_may_use_its_own_width(whole):
    assert 'name="viewport" content="width=device-width, initial-scale=1"' in whole


def test_the_figures_are_in_the_page(whole):
    text = Page(whole).text.replace("\xa0", " ")
    assert "85.6 %" in text  # mean of the shuffled runs
    assert "0.8123" in text
    assert "leave-one-subject-out over 6 subjects" in text
    for emotion in EMOTIONS:
        assert emotion in text
    assert "believe the score on people not in training" in text


def test_names_of_files_cannot_become_markup():
    bad = "<script>alert('1')</script>&\"x\""
    page = make(
        plot=False,
        data={"name": bad, "layout": bad, "drawn": False},
        path=bad,
        skipped=[{"path": f"{bad}.png", "reason": bad}],
        left_out={bad: 3},
    )
    assert "script" not in Page(page).counts
    assert bad in Page(page).text
    assert "<script" not in page


def test_names_that_are_no_valid_text_can_be_shown():
    page = make(plot=False, path="faces/\udcff.png")
    assert r"faces/\udcff.png" in page


def test_skipped_images_are_listed_with_the_reason():
    page = make(plot=False, skipped=[{"path": "a/b.png", "reason": "no face"}])
    text = Page(page).text
    assert "1 images were skipped" in text
    assert "a/b.png no face" in text


def test_drawn_faces_are_said_to_be_drawn():
    assert "These are drawn faces" in Page(make(plot=False, drawn=True)).text
    assert "drawn faces" not in Page(make(plot=False)).text


def test_an_evaluation_is_marked_as_one():
    text = Page(make(trained=False)).text
    assert "Evaluation on faces" in text
    assert "model m.npz" in text
    assert "fitted elsewhere" in text
    assert "shuffled" not in text
    assert "people not in training" not in text


def test_unknown_subjects_are_told():
    text = Page(make(plot=False, subjects=False, calibrated=False)).text
    assert "Who is who is unknown" in text
    assert "people not in training" not in text


def test_without_plots_the_tables_stay():
    page = Page(make(plot=False))
    assert page.counts["svg"] == 0
    assert "Plots" not in page.text
    assert page.counts["table"] >= 4

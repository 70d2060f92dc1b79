import dataclasses
import io
import re
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

from landmark_emotion.errors import MissingPackageError
from landmark_emotion.model.classifier import EmotionModel, Head
from landmark_emotion.model.features import landmark_features
from landmark_emotion.report import plots
from landmark_emotion.training.landmark_table import LandmarkTable
from landmark_emotion.training.metrics import evaluate

MOUTH = slice(48, 68)


def face():
    """Return something that is as wide and as high as a face; shape (68, 2)."""
    turn = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    points = np.stack([100 + 60 * np.cos(turn), 120 + 80 * np.sin(turn)], axis=-1)
    eye = np.array([[-8, 0], [-4, -4], [4, -4], [8, 0], [4, 4], [-4, 4]])
    points[36:42] = eye + np.array([70, 100])
    points[42:48] = eye + np.array([130, 100])
    points[MOUTH, 1] = 165 + 6 * np.sin(np.linspace(0, 2 * np.pi, 20))
    points[MOUTH, 0] = 100 + 22 * np.cos(np.linspace(0, 2 * np.pi, 20))
    return points


def make_table(emotions=("anger", "happiness", "neutral"), people=8, subjects=True, drawn=False):
    random = np.random.default_rng(0)
    landmarks, emotion, subject = [], [], []
    for person in range(people):
        for index, name in enumerate(emotions):
            points = face() + random.normal(0, 0.8, (68, 2))
            points[MOUTH, 1] += 0 if name == "neutral" else 6 * (index + 1)
            landmarks.append(points)
            emotion.append(name)
            subject.append(f"S{person}" if subjects else "")
    n = len(landmarks)
    texts = (np.array(emotion), np.array(subject), np.full(n, ""), np.full(n, ""))
    return LandmarkTable(np.array(landmarks), *texts, drawn=drawn)


def make_model(emotions=("anger", "happiness", "neutral")):
    pairs = len(emotions) * (len(emotions) - 1) // 2
    weights = np.random.default_rng(1).normal(size=(pairs, 136))
    mean = landmark_features(face())
    return EmotionModel(tuple(emotions), mean, Head(weights, np.zeros(pairs), 1.0))


def evaluation(table, emotions, sharpness=3.0, protocol="leave-one-subject-out over 8 subjects"):
    random = np.random.default_rng(2)
    scores = random.normal(size=(len(table), len(emotions)))
    scores += sharpness * (np.array(emotions) == table.emotion[:, np.newaxis])
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return evaluate(protocol, tuple(emotions), table.emotion, table.subject, probabilities)


def draw(table=None, model=None, calibrated=True, **others):
    table = make_table() if table is None else table
    model = make_model() if model is None else model
    static = evaluation(table, model.emotions)
    second = evaluation(table, model.emotions, 6.0) if calibrated else None
    return plots.draw_plots(table=table, model=model, static=static, calibrated=second, **others)


@pytest.fixture(scope="module")
def drawn():
    return {plot.name: plot for plot in draw(runs=(0.8, 0.9, 0.85), runs_apart=(0.7, 0.8))}


def header_text(plot):
    return " ".join(text.get_text() for text in plot.figure.texts)


def axes_texts(plot):
    return [text.get_text() for axes in plot.figure.axes for text in axes.texts]


def test_every_plot_is_there_and_has_words_for_those_who_cannot_see_it(drawn):
    assert tuple(drawn) == plots.NAMES
    for plot in drawn.values():
        assert plot.alt
        assert plot.caption
        assert len({len(row) for row in plot.rows}) == 1
        assert len(plot.rows) > 1


def test_without_calibrated_results_and_runs_the_rest_is_drawn():
    names = [plot.name for plot in draw(calibrated=False)]
    assert names == [name for name in plots.NAMES if name != "confusion-calibrated"]


def test_the_header_says_how_many_faces_by_what_protocol_and_whether_drawn(drawn):
    assert "24 faces; leave-one-subject-out over 8 subjects" in header_text(drawn["recall"])
    assert "DRAWN" not in header_text(drawn["recall"])
    for plot in draw(make_table(drawn=True)):
        assert "DRAWN FACES" in header_text(plot)


def test_the_confusion_matrix_shows_counts_and_shares():
    table = make_table()
    truth = evaluation(table, ("anger", "happiness", "neutral"))
    wrong = truth.probabilities[:, [1, 0, 2]].copy()
    static = evaluate("swapped", truth.emotions, table.emotion, table.subject, wrong)
    plot = plots.draw_plots(table=table, model=make_model(), static=static)[2]
    counts = [list(map(int, row[2:])) for row in plot.rows[1:]]
    confusion = static.scores["confusion"]
    assert counts == [list(row.values()) for row in confusion.values()]
    texts = axes_texts(plot)
    count = confusion["anger"]["happiness"]
    assert str(count) in texts
    assert f"{100 * count / 8:.0f} %" in texts
    assert "anger for happiness" in plot.caption


def test_an_emotion_the_model_does_not_know_still_has_a_row():
    table = make_table(("anger", "contempt", "happiness"))
    (plot,) = (p for p in draw(table, calibrated=False) if p.name == "confusion")
    (row,) = (row for row in plot.rows if row[0] == "contempt")
    assert row[1] == "8"
    assert sum(map(int, row[2:])) == 8
    assert row[2 + plot.rows[0][2:].index("contempt")] == "0"


def test_the_accuracy_plot_names_the_commonest_emotion_and_every_run(drawn):
    rows = {row[0]: row[1:] for row in drawn["accuracy"].rows}
    assert rows["shuffled splits 3 runs"] == ("85.0 %", "80.0 %", "90.0 %")
    assert rows["sequences kept together, 2 runs"][0] == "75.0 %"
    assert rows["always the commonest emotion"][0] == "33.3 %"
    assert "people not in training" in rows


def test_a_model_fitted_elsewhere_is_not_said_to_have_seen_nobody():
    for plot in draw(calibrated=False):
        assert "not in training" not in plot.alt + plot.caption + str(plot.rows)
        ticks = [label.get_text() for axes in plot.figure.axes for label in axes.get_yticklabels()]
        assert "not in training" not in " ".join(ticks)


def test_unknown_subjects_are_not_called_people():
    table = make_table(subjects=False)
    for plot in draw(table, runs=(0.8, 0.9)):
        assert "over people" not in plot.caption
        assert "people" not in plot.alt


def test_mean_faces_move_where_the_emotion_moved_them(drawn):
    table = make_table()
    reference, faces, neutral = plots.mean_faces(table)
    assert neutral
    assert sorted(faces) == ["anger", "happiness"]
    moved = faces["happiness"] - reference
    assert moved[MOUTH, 1].min() > 0.05  # down
    assert np.abs(moved[:17, 0]).max() < 0.1
    assert ", ".join(drawn["faces"].rows[0][1:]) == "jaw, eyebrows, eyes, nose, mouth"
    assert "happiness: mouth" in drawn["faces"].alt
    assert re.search(r"moves drawn \d+ x", header_text(drawn["faces"]))


def test_without_neutral_faces_the_reference_is_the_mean_of_the_emotions():
    table = make_table(("anger", "happiness"))
    reference, faces, neutral = plots.mean_faces(table)
    assert not neutral
    np.testing.assert_allclose(reference, (faces["anger"] + faces["happiness"]) / 2)
    model = make_model(("anger", "happiness"))
    (plot,) = (p for p in draw(table, model) if p.name == "faces")
    assert "mean neutral" not in plot.caption


def test_weights_speak_for_the_first_of_a_pair_and_against_the_second():
    weights = np.zeros((3, 136))
    weights[0, 5] = 2.0  # anger against happiness, x of landmark 5
    weights[2, 68 + 7] = 1.0  # happiness against neutral, y of landmark 7
    model = dataclasses.replace(make_model(), static=Head(weights, np.zeros(3), 1.0))
    table = make_table()
    found = plots.landmark_weights(model, table)
    features = landmark_features(table.landmarks)
    inside = np.concatenate(
        [
            features[table.emotion == e] - features[table.emotion == e].mean(axis=0)
            for e in model.emotions
        ]
    )
    spread = np.sqrt((inside**2).sum(axis=0) / (len(table) - 3))
    assert found["anger"][5, 0] == pytest.approx(spread[5])
    assert found["happiness"][5, 0] == pytest.approx(-spread[5])
    assert found["happiness"][7, 1] == pytest.approx(spread[75] / 2)
    assert found["neutral"][7, 1] == pytest.approx(-spread[75] / 2)
    assert np.count_nonzero(found["anger"]) == 1


def test_pictures_are_png_and_svg_of_their_own(drawn):
    for name in ("recall", "landmarks"):
        plot = drawn[name]
        assert plots.as_png(plot).startswith(b"\x89PNG")
        svg = plots.as_svg(plot)
        assert "http" not in svg
        assert "<style" not in svg
        root = ElementTree.parse(io.StringIO(svg)).getroot()
        assert root.get("aria-label") == plot.alt
        ids = {element.get("id") for element in root.iter()} - {None}
        assert all(identity.startswith(f"{name}-") for identity in ids)
        used = re.findall(r'(?:href="#|url\(#)([^")]+)', svg)
        assert set(used) <= ids
        colors = set(re.findall(r"#[0-9a-f]{6}", re.sub(r'(href="|url\()#[^")]+', "", svg)))
        assert colors <= set(plots.COLORS.values())
        assert plot.title not in "".join(root.itertext())
        assert plot.title in header_text(plot)


def test_the_same_plot_comes_out_the_same():
    assert plots.as_svg(draw()[0]) == plots.as_svg(draw()[0])


def test_the_users_own_settings_change_nothing():
    import matplotlib

    before = plots.as_svg(draw()[1])
    with matplotlib.rc_context({"font.size": 30.0, "axes.facecolor": "red"}):
        assert plots.as_svg(draw()[1]) == before
        assert matplotlib.rcParams["font.size"] == 30.0


@pytest.mark.parametrize("sharpness", [0.0, 40.0])
def test_all_right_and_mere_guesses_can_be_drawn(sharpness):
    table, model = make_table(people=2), make_model()
    static = evaluation(table, model.emotions, sharpness)
    for plot in plots.draw_plots(table=table, model=model, static=static, runs=(1.0,))[:5]:
        plots.as_svg(plot)
    if sharpness:
        assert (
            "Nothing was confused"
            in plots.draw_plots(table=table, model=model, static=static)[2].caption
        )


def test_one_face_of_one_emotion_can_be_drawn():
    table, model = make_table(("happiness",), people=1), make_model()
    wrong = evaluation(table, model.emotions, -9.0)
    for plot in plots.draw_plots(table=table, model=model, static=wrong):
        assert plots.as_svg(plot)


def test_a_missing_matplotlib_is_named_with_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingPackageError, match="pip install matplotlib"):
        draw()


def test_importing_the_plots_does_not_import_matplotlib():
    import subprocess

    code = "import sys, landmark_emotion.report.page; print('matplotlib' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert result.stdout.strip() == b"False"

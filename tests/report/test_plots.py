import dataclasses
import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from landmark_emotion.model.features import landmark_features
from landmark_emotion.model.head import Head
from landmark_emotion.report import plots
from landmark_emotion.report.plots.faces import landmark_weights, mean_faces
from landmark_emotion.report.plots.figure import as_png, as_svg

MOUTH = slice(48, 68)


@pytest.fixture
def draw(reports):
    """Draw a report; return its plots by name."""

    def draw_report(*given, **options):
        return {plot.name: plot for plot in reports.make_report(*given, **options).draw()}

    return draw_report


def svg_of(plot):
    return as_svg(plot.figure, name=plot.name, alt=plot.alt, header=plot.header)


def header_text(plot):
    return " ".join(text.get_text() for text in plot.figure.texts)


def test_every_plot_has_a_caption_and_a_text_alternative(trained):
    assert tuple(trained.plots) == plots.NAMES
    for plot in trained.plots.values():
        assert plot.alt
        assert plot.caption
        assert len({len(row) for row in plot.rows}) <= 1
        assert header_text(plot).startswith(f"{plot.title} 24 faces")
    assert "leave-one-subject-out over 8 subjects" in header_text(trained.plots["recall"])


def test_plots_of_drawn_faces_say_so_on_the_picture(draw, reports, trained):
    drawn = draw(reports.make_table(drawn=True), calibrated=False)
    assert [*drawn] == [name for name in plots.NAMES if name != "confusion-calibrated"]
    for plot in drawn.values():
        assert "DRAWN FACES" in header_text(plot)
        assert "DRAWN" not in header_text(trained.plots[plot.name])
        # An evaluation cannot tell whom the model has seen.
        assert "unseen" not in plot.alt + plot.caption


def test_the_accuracy_plot_has_splits_unseen_people_and_baseline(trained):
    alt = trained.plots["accuracy"].alt
    assert "shuffled splits 3 runs 85.0 % (80.0 to 90.0 %)" in alt
    assert "grouped by sequence 2 runs 75.0 %" in alt
    assert "unseen people no neutral reference" in alt
    assert "majority baseline: 33.3 %" in alt


def test_without_subjects_the_bootstrap_is_over_faces(draw, reports):
    drawn = draw(reports.make_table(subjects=False), trained=True)
    assert "unseen faces" in drawn["accuracy"].alt
    for name in ("accuracy", "recall"):
        assert "bootstrap over faces" in drawn[name].caption


def test_the_confusion_matrix_has_counts_and_shares(reports, draw):
    table = reports.make_table()
    static = reports.make_evaluation(table, swapped={"anger": "happiness", "happiness": "anger"})
    plot = draw(table, static=static, calibrated=False)["confusion"]
    counts = [list(map(int, row[2:])) for row in plot.rows[1:]]
    assert counts == [[*row.values()] for row in static.scores["confusion"].values()]
    texts = [text.get_text() for axes in plot.figure.axes for text in axes.texts]
    assert str(counts[0][1]) in texts
    assert f"{100 * counts[0][1] / 8:.0f} %" in texts
    assert "anger as happiness" in plot.caption


def test_an_emotion_the_model_does_not_know_keeps_its_row(reports, draw):
    table = reports.make_table(("anger", "contempt", "happiness"))
    plot = draw(table, calibrated=False)["confusion"]
    (row,) = (row for row in plot.rows if row[0] == "contempt")
    assert row[1] == "8"
    assert sum(map(int, row[2:])) == 8
    assert row[2 + plot.rows[0][2:].index("contempt")] == "0"


def test_mean_faces_move_where_the_emotion_moves_them(trained, reports):
    reference, faces, neutral = mean_faces(reports.make_table())
    assert neutral
    assert sorted(faces) == ["anger", "happiness"]
    moved = faces["happiness"] - reference
    assert moved[MOUTH, 1].min() > 0.05  # down
    assert np.abs(moved[:17, 0]).max() < 0.1
    assert "happiness: mouth" in trained.plots["faces"].alt
    factor = re.search(r"magnified (\d+) times", header_text(trained.plots["faces"]))
    assert int(factor[1]) > 1


def test_without_neutral_faces_the_reference_is_the_mean_of_the_emotions(reports, draw):
    table = reports.make_table(("anger", "happiness"))
    reference, faces, neutral = mean_faces(table)
    assert not neutral
    np.testing.assert_allclose(reference, (faces["anger"] + faces["happiness"]) / 2)
    assert "neutral" not in draw(table, reports.make_model(("anger", "happiness")))["faces"].caption


def test_weights_count_for_the_first_of_a_pair_and_against_the_second(reports):
    weights = np.zeros((3, 136))
    weights[0, 5] = 2.0  # anger against happiness, x of landmark 5
    weights[2, 68 + 7] = 1.0  # happiness against neutral, y of landmark 7
    model = dataclasses.replace(reports.make_model(), static=Head(weights, np.zeros(3), 1.0))
    table = reports.make_table()
    found = landmark_weights(model, table)
    features = landmark_features(table.landmarks)
    variances = [features[table.emotion == e].var(axis=0, ddof=1) for e in model.emotions]
    spread = np.sqrt(np.mean(variances, axis=0))
    assert found["anger"][5, 0] == pytest.approx(spread[5])
    assert found["happiness"][5, 0] == pytest.approx(-spread[5])
    assert found["happiness"][7, 1] == pytest.approx(spread[75] / 2)
    assert found["neutral"][7, 1] == pytest.approx(-spread[75] / 2)
    assert np.count_nonzero(found["anger"]) == 1


def test_an_svg_has_no_title_no_fixed_colors_and_ids_of_its_own(trained):
    plot = trained.plots["landmarks"]
    svg = svg_of(plot)
    root = ElementTree.parse(io.StringIO(svg)).getroot()
    assert root.get("aria-label") == plot.alt
    assert plot.title not in "".join(root.itertext())
    assert "anger" in "".join(root.itertext())
    ids = {element.get("id") for element in root.iter()} - {None}
    assert all(identity.startswith("landmarks-") for identity in ids)
    assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg)) <= ids
    assert not re.search(r": ?#[0-9a-f]{6}", svg)
    assert as_png(plot).startswith(b"\x89PNG")


def test_the_same_plot_comes_out_the_same_whatever_the_users_settings(draw):
    import matplotlib

    first = svg_of(draw()["recall"])
    with matplotlib.rc_context({"font.size": 30.0, "axes.facecolor": "red"}):
        assert svg_of(draw()["recall"]) == first
        assert matplotlib.rcParams["font.size"] == 30.0


@pytest.mark.parametrize("sharpness", [0.0, 40.0])
def test_perfect_predictions_and_guesses_can_be_drawn(draw, reports, sharpness):
    drawn = draw(reports.make_table(people=2), sharpness=sharpness, calibrated=False)
    for name in ("accuracy", "recall", "confusion", "reliability", "coverage"):
        assert svg_of(drawn[name])
    assert ("No errors." in drawn["confusion"].caption) == (sharpness > 0)


def test_one_face_of_one_emotion_can_be_drawn(draw, reports):
    drawn = draw(reports.make_table(("happiness",), people=1), sharpness=-9.0)
    for plot in drawn.values():
        assert svg_of(plot)

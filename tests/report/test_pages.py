import json
import re

import pytest

from landmark_emotion.report.pages import report_page
from landmark_emotion.report.plots import NAMES


@pytest.fixture(scope="module")
def whole(trained):
    return report_page(trained.values, list(trained.plots.values())).decode()


@pytest.fixture
def page(reports):
    """Render a report without plots from its JSON, with further values."""

    def render(more=(), **options):
        values = json.loads(json.dumps(reports.make_report(**options).values))
        return report_page(values | dict(more), []).decode()

    return render


def test_every_plot_is_embedded_with_its_text_alternative(whole, reports):
    page = reports.Page(whole)
    assert page.counts["svg"] == len(NAMES) == page.counts["figure"]
    assert len(set(page.values("aria-label"))) == len(NAMES)


def test_all_colors_follow_light_and_dark_theme(whole):
    body = whole[whole.index("<body>") :]
    assert not re.search(r"(fill|stroke): ?#", body)
    light, dark = whole.split("prefers-color-scheme: dark")
    for name in set(re.findall(r"var\(--(\w+)\)", body)):
        assert f"--{name}: #" in light
        assert f"--{name}: #" in dark


def test_a_report_shows_its_numbers(whole, trained, reports):
    text = reports.Page(whole).text
    scores = trained.values["static"]
    low, high = scores["interval_95"]["recall"]["anger"]
    for expected in (
        "85.0 % mean of 3",
        "80.0 %, 90.0 %, 85.0 %",
        "leave-one-subject-out over 8 subjects",
        f"{100 * scores['balanced_accuracy']:.1f} %",
        f"{scores['log_loss']:.2f}",
        f"{100 * low:.1f} to {100 * high:.1f} %",
        "majority baseline 33.3 %",
        "Expect the accuracy on unseen people",
    ):
        assert expected in text


def test_names_of_files_cannot_become_markup(page, reports):
    bad = "<script>alert('1')</script>&\"x\""
    made = page(
        {
            "data": {"name": bad, "layout": bad, "drawn": False},
            "path": bad,
            "skipped": [{"path": f"{bad}.png", "reason": bad}],
            "left_out": {bad: 3},
        }
    )
    assert bad in reports.Page(made).text
    assert "<script" not in made


def test_file_names_that_are_no_valid_text_can_be_shown(page):
    assert r"faces/\udcff.png" in page({"path": "faces/\udcff.png"})


def test_skipped_images_are_listed_with_the_reason(page, reports):
    text = reports.Page(page({"skipped": [{"path": "a/b.png", "reason": "no face"}]})).text
    assert "1 skipped image a/b.png no face" in text


def test_drawn_faces_are_marked_as_drawn(page, reports):
    assert "These are drawn faces" in page(table=reports.make_table(drawn=True))
    assert "drawn faces" not in page()


def test_an_evaluation_makes_no_claim_about_unseen_people(page, reports):
    text = reports.Page(page()).text
    assert "Evaluation on faces" in text
    assert "model m.npz" in text
    assert "trained elsewhere" in text
    assert "shuffled" not in text
    assert "accuracy on unseen" not in text


def test_without_subjects_nothing_is_said_about_people(page, reports):
    table = reports.make_table(subjects=False)
    text = reports.Page(page(table=table, trained=True, calibrated=False)).text
    assert "The subjects are unknown" in text
    assert "unseen people" not in text

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest

from landmark_emotion.errors import OutputError
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.model.classifier import load_model
from landmark_emotion.model.explanation import Explanation, explain
from landmark_emotion.show.explanation_picture import draw_explanation, draw_panels, encode_picture

BLUE, ORANGE = (178, 114, 0), (0, 159, 230)


@pytest.fixture
def prediction(model, face) -> Prediction:
    (prediction,) = Recognizer(model).recognize(face)
    return prediction


@pytest.fixture
def explanation(model, prediction) -> Explanation:
    return explain(load_model(model), prediction.face.landmarks)


@pytest.fixture
def gray() -> np.ndarray:
    return np.full((480, 640, 3), 90, dtype=np.uint8)


def only(explanation: Explanation, landmark: int, contribution: float) -> Explanation:
    """The same face, where one landmark alone counts."""
    contributions = np.zeros_like(explanation.contributions)
    contributions[:, landmark, 0] = contribution
    return dataclasses.replace(explanation, contributions=contributions)


def moved(prediction: Prediction, x: float, y: float, scale: float = 1.0) -> Prediction:
    landmarks = prediction.face.landmarks * scale + (x, y)
    return dataclasses.replace(
        prediction, face=dataclasses.replace(prediction.face, landmarks=landmarks)
    )


def pixels_of(picture: np.ndarray, color: tuple[int, int, int]) -> np.ndarray:
    return np.argwhere((picture == color).all(axis=2))


def test_the_frame_itself_stays_clean(face, prediction, explanation):
    before = face.copy()
    drawn = draw_explanation(face, prediction, explanation)
    assert np.array_equal(face, before)
    assert drawn.shape == face.shape
    assert (drawn != face).any()


@pytest.mark.parametrize("color", [BLUE, ORANGE])
def test_for_and_against_have_their_colors_at_the_landmark(gray, prediction, explanation, color):
    counts = only(explanation, 54, 2.0 if color == BLUE else -2.0)
    drawn = draw_explanation(gray, prediction, counts)
    places = pixels_of(drawn, color)
    assert len(places)
    assert not len(pixels_of(drawn, ORANGE if color == BLUE else BLUE))
    x, y = prediction.face.landmarks[54]
    assert np.abs(places - (y, x)).max(axis=1).min() <= 4
    assert np.abs(places - (y, x)).max() < 40


def test_what_counts_more_is_larger(gray, prediction, explanation):
    large, small = (
        (draw_explanation(gray, prediction, only(explanation, 54, value)) != gray).sum()
        for value in (0.25, 0.05)
    )
    assert large > 1.5 * small


def test_where_nothing_counts_nothing_is_drawn(gray, prediction, explanation):
    assert np.array_equal(draw_explanation(gray, prediction, only(explanation, 54, 0.0)), gray)


@pytest.mark.parametrize(
    ("x", "y"), [(-400, 0), (400, 0), (0, -400), (0, 400), (-3000, -3000), (900_000, 900_000)]
)
def test_a_face_that_leaves_the_frame_is_no_problem(gray, prediction, explanation, x, y):
    away = moved(prediction, x, y)
    assert draw_explanation(gray, away, explanation).shape == gray.shape
    assert draw_panels(gray, [(away, explanation)]).shape[1] == 1120


@pytest.mark.parametrize("scale", [0.05, 1, 12])
def test_every_face_is_drawn_equally_large(face, prediction, explanation, scale):
    size = (round(640 * scale), round(480 * scale))
    image = cv2.resize(face, size, interpolation=cv2.INTER_AREA)
    usual = draw_panels(face, [(prediction, explanation)])
    panel = draw_panels(image, [(moved(prediction, 0, 0, scale), explanation)])
    assert panel.shape == usual.shape
    difference = np.abs(panel.astype(int) - usual)
    assert difference.mean() < 8
    assert np.array_equal(panel[:, 540:], usual[:, 540:])  # what is beside the photo


def test_nothing_in_a_panel_is_cut_off(face, prediction, explanation):
    for emotion in explanation.emotions:
        panel = draw_panels(face, [(prediction, dataclasses.replace(explanation, emotion=emotion))])
        assert (panel[[0, -1]] == 255).all()
        assert (panel[:, :20] == 255).all()
        assert (panel[:, -8:] == 255).all()


def test_each_face_has_its_panel(face, prediction, explanation):
    one = draw_panels(face, [(prediction, explanation)])
    two = draw_panels(face, [(prediction, explanation)] * 2)
    assert np.array_equal(two, np.concatenate([one, one]))
    with pytest.raises(ValueError, match="explained must hold a face"):
        draw_panels(face, [])


@pytest.mark.parametrize("suffix", [".png", ".PNG", ".jpg", ".webp", ".bmp"])
def test_a_picture_can_be_written_in_many_formats(face, suffix):
    data = encode_picture(face, Path(f"ü{suffix}"))
    back = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(back.astype(int) - face).mean() < 5


@pytest.mark.parametrize("name", ["picture", "picture.doc", "picture.ü", ".png"])
def test_an_unknown_format_is_told(face, name):
    with pytest.raises(OutputError, match=r"cannot be written in this format; end .* in \.png"):
        encode_picture(face, Path(name))


def test_a_picture_too_large_for_its_format_is_told():
    tall = np.zeros((20_000, 4, 3), dtype=np.uint8)
    with pytest.raises(OutputError, match=r"^x\.webp: cannot be written in this format"):
        encode_picture(tall, Path("x.webp"))

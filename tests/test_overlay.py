import dataclasses

import numpy as np
import pytest

from landmark_emotion.face import Box
from landmark_emotion.overlay import draw_predictions
from landmark_emotion.prediction import Prediction
from landmark_emotion.recognizer import Recognizer


@pytest.fixture
def prediction(model, face) -> Prediction:
    (prediction,) = Recognizer(model).recognize(face)
    return prediction


@pytest.fixture
def black() -> np.ndarray:
    return np.zeros((480, 640, 3), dtype=np.uint8)


def moved(prediction: Prediction, x: int, y: int) -> Prediction:
    box = prediction.face.box
    face = dataclasses.replace(
        prediction.face,
        box=Box(box.left + x, box.top + y, box.width, box.height),
        landmarks=prediction.face.landmarks + [x, y],
    )
    return dataclasses.replace(prediction, face=face)


def test_the_frame_itself_stays_clean(face, prediction):
    before = face.copy()
    drawn = draw_predictions(face, [prediction])
    assert np.array_equal(face, before)
    assert drawn.shape == face.shape
    assert drawn.dtype == np.uint8


def test_without_a_face_nothing_is_drawn(face):
    assert np.array_equal(draw_predictions(face, []), face)


def test_landmarks_box_and_label_are_drawn_where_they_belong(black, prediction):
    changed = (draw_predictions(black, [prediction]) != black).any(axis=2)
    for x, y in prediction.face.landmarks.astype(int):
        assert changed[y, x]
    box = prediction.face.box
    middle = box.top + box.height // 2
    assert changed[middle, box.left - 2 : box.left + 3].any()
    assert changed[middle, box.left + box.width - 3 : box.left + box.width + 3].any()
    assert changed[box.top - 12, box.left + 5 : box.left + 60].all()  # the label's paper
    assert not changed[box.top + box.height + 40 :].any()


def test_the_label_says_which_emotion_and_how_sure(black, prediction):
    likeliest = next(name for name in prediction.emotions if name != prediction.likeliest)
    other = dataclasses.replace(prediction, likeliest=likeliest)
    assert other.emotion != prediction.emotion
    first, second = (draw_predictions(black, [p]) for p in (prediction, other))
    rows = np.flatnonzero((first != second).any(axis=(1, 2)))
    assert rows.size
    assert rows.max() <= prediction.face.box.top


@pytest.mark.parametrize(
    ("x", "y"), [(-400, 0), (400, 0), (0, -400), (0, 400), (-3000, -3000), (10**6, 10**6)]
)
def test_a_face_that_leaves_the_frame_is_no_problem(black, prediction, x, y):
    assert draw_predictions(black, [moved(prediction, x, y)]).shape == black.shape


@pytest.mark.parametrize("x", [-150, 300])
def test_the_label_stays_in_the_frame_at_its_edges(black, prediction, x):
    partly_outside = moved(prediction, x, -prediction.face.box.top)
    drawn = draw_predictions(black, [partly_outside])
    white = (drawn > 150).all(axis=2)
    assert white[:, 2:-2].sum() > 30  # the letters
    assert not white[:, [0, -1]].any()


@pytest.mark.parametrize("shape", [(1, 1, 3), (48, 48, 3), (3000, 2000, 3)])
def test_any_size_of_frame_will_do(prediction, shape):
    assert draw_predictions(np.zeros(shape, dtype=np.uint8), [prediction]).shape == shape

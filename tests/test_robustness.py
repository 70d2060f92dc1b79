"""The emotion outlasts harmless changes of the picture; benchmarks.robustness says how often."""

import numpy as np
import pytest

from benchmarks.robustness import CHANGES, emotion_of_largest, exposed
from landmark_emotion.images import read_image
from landmark_emotion.model import SHIPPED
from landmark_emotion.recognizer import Recognizer

CLEAR = ("happiness/003_08.jpg", "neutral/009_03.jpg", "happiness/010_08.jpg")


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer(SHIPPED[-1])


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_real_faces_keep_their_emotion(recognizer, photos, change):
    for name in CLEAR:
        image = read_image(photos / name)
        before = emotion_of_largest(recognizer, image)
        assert before == name.partition("/")[0]
        assert emotion_of_largest(recognizer, change(image)) == before


@pytest.mark.parametrize("factor", [0.5, 0.25])
def test_landmarks_of_a_dark_face_are_those_of_a_bright_one(detector, face, factor):
    (bright,) = detector.faces(face)
    (dark,) = detector.faces(exposed(factor)(face))
    off = np.hypot(*(dark.landmarks - bright.landmarks).T)
    assert off.mean() < 0.01 * bright.box.width

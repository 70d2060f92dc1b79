"""Harmless changes of an image leave its emotion as it was; benchmarks.robustness counts them."""

import cv2
import numpy as np
import pytest

from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.model.classifier import SHIPPED
from landmark_emotion.sources.images import read_image

CHANGES = {
    "half as large": lambda image: cv2.resize(image, None, fx=0.5, fy=0.5),
    "half as bright": lambda image: cv2.convertScaleAbs(image, alpha=0.5),
    "blurred": lambda image: cv2.GaussianBlur(image, (0, 0), 1.5),
    "JPEG quality 30": lambda image: cv2.imdecode(
        cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 30])[1], cv2.IMREAD_COLOR
    ),
}
CLEAR = ("happiness/003_08.jpg", "neutral/009_03.jpg", "happiness/010_08.jpg")


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer(SHIPPED[-1])


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_real_faces_keep_their_emotion(recognizer, photos, change):
    for name in CLEAR:
        image = read_image(photos / name)
        for shown in (image, change(image)):
            (prediction,) = recognizer.recognize_still(shown)
            assert prediction.emotion == name.partition("/")[0]


@pytest.mark.parametrize("factor", [0.5, 0.25])
def test_landmarks_of_a_dark_face_are_those_of_a_bright_one(detector, face, factor):
    (bright,) = detector.faces(face)
    (dark,) = detector.faces(cv2.convertScaleAbs(face, alpha=factor))
    off = np.hypot(*(dark.landmarks - bright.landmarks).T)
    assert off.mean() < 0.01 * bright.box.width

import cv2
import numpy as np
import pytest

from landmark_emotion.drawn.drawing import Subject, draw_face
from landmark_emotion.networks.crop import (
    CENTROID,
    crop_transform,
    face_crop,
    warped,
    whole_transform,
)


@pytest.fixture(scope="module")
def picture():
    return cv2.cvtColor(draw_face(Subject(), "happiness"), cv2.COLOR_BGR2GRAY)


@pytest.fixture
def landmarks():
    angles = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    points = np.stack([np.cos(angles), np.sin(angles)], axis=-1) * 60 + (160, 170)
    points[36:42], points[42:48] = (130, 150), (190, 150)
    return points


def test_the_centroid_of_the_landmarks_has_the_same_place_in_every_crop(landmarks):
    transform = crop_transform(landmarks, 48)
    linear, shift = transform[:, :2], transform[:, 2]
    place = np.linalg.solve(linear, landmarks.mean(axis=0) - shift)
    assert place == pytest.approx(np.array(CENTROID) * 48 - 0.5)


@pytest.mark.parametrize(("degrees", "scale"), [(25, 1.0), (-40, 0.6), (0, 2.5)])
def test_a_turned_or_resized_picture_gives_the_same_crop(picture, landmarks, degrees, scale):
    turn = cv2.getRotationMatrix2D((150, 150), degrees, scale)
    turn[:, 2] += 150
    moved = cv2.warpAffine(picture, turn, (900, 900), borderMode=cv2.BORDER_REPLICATE)
    there = landmarks @ turn[:, :2].T + turn[:, 2]
    difference = face_crop(moved, there, 48).astype(float) - face_crop(picture, landmarks, 48)
    assert np.abs(difference).mean() < 4


def test_large_faces_are_averaged_not_sampled(landmarks):
    checkered = np.indices((3000, 3000)).sum(axis=0) % 2 * np.uint8(255)
    crop = face_crop(checkered.astype(np.uint8), landmarks * 8, 48)
    assert np.abs(crop.astype(float) - 127.5).max() < 20


def test_a_face_outside_the_picture_repeats_the_border(picture, landmarks):
    assert face_crop(picture, landmarks - 500, 48).shape == (48, 48)
    assert face_crop(picture[:1, :1], landmarks, 48).min() == picture[0, 0]


def test_a_whole_picture_of_the_right_size_stays_as_it_is(picture):
    small = cv2.resize(picture, (48, 48))
    assert np.array_equal(warped(small, whole_transform(48, 48, 48), 48), small)


def test_colors_are_kept(picture, landmarks):
    color = np.dstack([picture, picture // 2, picture // 3])
    assert np.array_equal(
        face_crop(color, landmarks, 32)[..., 0], face_crop(picture, landmarks, 32)
    )

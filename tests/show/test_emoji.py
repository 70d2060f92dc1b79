import itertools

import cv2
import numpy as np
import pytest

from landmark_emotion.emotions import COLORS, EMOTIONS, UNCERTAIN
from landmark_emotion.show.emoji import draw_emoji

NAMES = (*EMOTIONS, UNCERTAIN)
PAIRS = list(itertools.combinations(NAMES, 2))


def on(ground: int, name: str, size: int) -> np.ndarray:
    emoji = draw_emoji(name, size).astype(float)
    return emoji[..., :3] + ground * (1 - emoji[..., 3:] / 255)


def features(name: str, size: int) -> np.ndarray:
    """How light the face is, apart from its color."""
    gray = cv2.cvtColor(on(128, name, size).astype(np.uint8), cv2.COLOR_BGR2GRAY).astype(float)
    middle = gray[size // 8 : -size // 8, size // 8 : -size // 8]
    return middle - np.median(middle)


def test_every_emotion_has_a_face_and_a_color():
    assert set(COLORS) == set(NAMES)
    assert len(set(COLORS.values())) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [1, 2, 7, 24, 101, 256])
def test_a_face_is_a_disc_with_a_clear_surrounding(name, size):
    emoji = draw_emoji(name, size)
    assert emoji.shape == (size, size, 4)
    assert emoji.dtype == np.uint8
    assert (emoji[..., :3] <= emoji[..., 3:]).all()  # multiplied by the opacity
    if size >= 7:
        assert not emoji[[0, 0, -1, -1], [0, -1, 0, -1]].any()
        assert emoji[size // 2, size // 2, 3] == 255


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
@pytest.mark.parametrize("ground", [0, 255])
def test_no_two_look_alike_when_small(pair, ground):
    first, second = (on(ground, name, 24) for name in pair)
    assert np.abs(first - second).mean() > 12


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_without_colors_they_differ_too(pair):
    first, second = (features(name, 24) for name in pair)
    assert np.abs(first - second).mean() > 9


@pytest.mark.parametrize("name", NAMES)
def test_eyes_and_mouth_stand_out_when_small(name):
    assert np.ptp(features(name, 24)) > 70


@pytest.mark.parametrize("name", NAMES)
def test_a_large_face_is_the_small_one_enlarged(name):
    small = cv2.resize(on(128, name, 256), (48, 48), interpolation=cv2.INTER_AREA)
    assert np.abs(small - on(128, name, 48)).mean() < 6


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match=r"name must be one of anger, .*, got 'joy'"):
        draw_emoji("joy", 24)
    with pytest.raises(ValueError, match="size must be above 0, got 0"):
        draw_emoji("anger", 0)

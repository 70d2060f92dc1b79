import cv2
import numpy as np
import pytest

from landmark_emotion.emotions import COLORS, UNCERTAIN
from landmark_emotion.show.canvas import bgr, draw_emoji, draw_text, emoji_png, lay


@pytest.mark.parametrize("name", COLORS)
def test_every_emotion_has_an_emoji_of_its_color(name):
    emoji = cv2.imdecode(np.frombuffer(emoji_png(name), np.uint8), cv2.IMREAD_UNCHANGED)
    assert emoji.shape == (128, 128, 4)
    assert not emoji[[0, 0, -1, -1], [0, -1, 0, -1], 3].any()
    opaque = emoji[emoji[..., 3] == 255][:, :3].astype(int)
    median = np.median(opaque, axis=0)  # a lit disc is lighter or darker than its color
    assert np.abs(median - bgr(name)).max() < 60
    others = [emoji_png(other) for other in COLORS if other != name]
    assert emoji_png(name) not in others


def test_other_classes_have_a_plain_emoji_and_colors_of_their_own():
    assert emoji_png("bored") == emoji_png("pain")
    assert emoji_png("bored") not in [emoji_png(name) for name in COLORS]
    colors = [bgr(name, ("bored", "neutral", "pain")) for name in ("bored", "pain")]
    assert len({*colors, bgr("neutral"), bgr(UNCERTAIN)}) == 4


def test_letters_that_the_font_lacks_lose_their_accents():
    text, plain = (draw_text(name, 20, True, (255, 255, 255)) for name in ("müde", "mude"))
    assert np.array_equal(text, plain)


@pytest.mark.parametrize("size", [1, 24, 200])
def test_emoji_are_drawn_at_any_size(size):
    emoji = draw_emoji("happiness", size)
    assert emoji.shape == (size, size, 4)
    assert (emoji[..., :3] <= emoji[..., 3:]).all()
    picture = np.full((size, size, 3), 128, np.uint8)
    lay(picture, emoji, 0, 0)
    assert (picture != 128).any()


@pytest.mark.parametrize(("left", "top"), [(-5, -5), (35, 25), (100, 0), (0, -100)])
def test_what_is_outside_the_picture_is_cut_off(left, top):
    picture = np.zeros((30, 40, 3), np.uint8)
    lay(picture, np.full((10, 10, 4), 255, np.uint8), left, top)
    expected = np.zeros((30, 40), bool)
    expected[max(top, 0) : max(top + 10, 0), max(left, 0) : max(left + 10, 0)] = True
    assert np.array_equal(picture[..., 0] == 255, expected)


def test_text_is_as_wide_as_its_letters_and_not_cut_off():
    text = draw_text("happiness 100%", 20, True, (255, 255, 255))
    assert text.shape[1] > draw_text("happiness", 20, True, (255, 255, 255)).shape[1]
    assert not text[[0, -1], :, 3].any()
    assert text[:, 2:-2, 3].any(axis=0).mean() > 0.7

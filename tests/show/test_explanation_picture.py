import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
import synthetic

from landmark_emotion.emotions import FIRST, SECOND
from landmark_emotion.errors import OutputError
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.live.shares import Shares
from landmark_emotion.model.classifier import default_model, load_model
from landmark_emotion.model.explanation import Explanation, explain
from landmark_emotion.networks.occlusion import Occlusion
from landmark_emotion.show.canvas import bgr_of
from landmark_emotion.show.explanation_picture import draw_explanation, draw_panels, encode_picture
from landmark_emotion.show.network_picture import NETWORK, draw_network, strongest

BLUE, ORANGE = bgr_of(FIRST), bgr_of(SECOND)
GRAY = np.full((480, 640, 3), 90, dtype=np.uint8)


@pytest.fixture(scope="module")
def prediction() -> Prediction:
    return synthetic.prediction(320, 240, 180)


@pytest.fixture(scope="module")
def explanation(prediction) -> Explanation:
    return explain(load_model(default_model()), prediction.face.landmarks)


def only(explanation: Explanation, landmark: int, contribution: float) -> Explanation:
    """The same explanation, except that one landmark alone counts."""
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


@pytest.mark.parametrize("color", [BLUE, ORANGE])
def test_arrow_ends_at_its_landmark_in_the_color_of_for_or_against(prediction, explanation, color):
    counts = only(explanation, 54, 2.0 if color == BLUE else -2.0)
    drawn = draw_explanation(GRAY, prediction, counts)
    places = pixels_of(drawn, color)
    assert len(places)
    assert not len(pixels_of(drawn, ORANGE if color == BLUE else BLUE))
    x, y = prediction.face.landmarks[54]
    assert np.abs(places - (y, x)).max(axis=1).min() <= 4
    assert np.abs(places - (y, x)).max() < 40


def test_arrow_is_larger_for_a_larger_contribution(prediction, explanation):
    large, small, none = (
        (draw_explanation(GRAY, prediction, only(explanation, 54, value)) != GRAY).sum()
        for value in (0.25, 0.05, 0.0)
    )
    assert large > 1.5 * small > none == 0


@pytest.mark.parametrize(("x", "y"), [(-400, 0), (0, 400), (-3000, -3000), (900_000, 900_000)])
def test_face_outside_the_frame_can_be_drawn(prediction, explanation, x, y):
    away = moved(prediction, x, y)
    assert draw_explanation(GRAY, away, explanation).shape == GRAY.shape
    assert draw_panels(GRAY, [(away, explanation, None)]).shape[1] == 1120


@pytest.mark.parametrize("scale", [0.1, 3])
def test_every_face_is_drawn_at_the_same_size(face, prediction, explanation, scale):
    image = cv2.resize(face, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    usual = draw_panels(face, [(prediction, explanation, None)])
    panel = draw_panels(image, [(moved(prediction, 0, 0, scale), explanation, None)])
    assert panel.shape == usual.shape
    assert np.abs(panel.astype(int) - usual).mean() < 8
    assert np.array_equal(panel[:, 540:], usual[:, 540:])  # what is beside the photo


def test_nothing_in_a_panel_is_cut_off(prediction, explanation):
    for emotion in explanation.emotions:
        explained = dataclasses.replace(explanation, emotion=emotion)
        panel = draw_panels(GRAY, [(prediction, explained, None)])
        assert (panel[[0, -1]] == 255).all()
        assert (panel[:, :20] == 255).all()
        assert (panel[:, -8:] == 255).all()


def test_each_face_has_a_panel(prediction, explanation):
    one = draw_panels(GRAY, [(prediction, explanation, None)])
    two = draw_panels(GRAY, [(prediction, explanation, None)] * 2)
    first, second = np.split(two, 2)
    assert first.shape == one.shape
    assert np.array_equal(first, second)
    photo = np.s_[:, :530]  # beside it is the number of the face
    assert np.array_equal(first[photo], one[photo])
    assert not np.array_equal(first, one)


def test_panels_have_one_scale(prediction, explanation):
    weak = dataclasses.replace(explanation, contributions=explanation.contributions / 4)
    alone = draw_panels(GRAY, [(prediction, weak, None)])
    _, beside = np.split(draw_panels(GRAY, [(prediction, e, None) for e in (explanation, weak)]), 2)
    blue = [int((panel[:, 560:] == BLUE).all(axis=2).sum()) for panel in (alone, beside)]
    assert blue[1] < blue[0]


def test_no_face_has_no_panel():
    with pytest.raises(ValueError, match="explained must hold a face"):
        draw_panels(GRAY, [])


@pytest.mark.parametrize("suffix", [".png", ".PNG", ".jpg", ".webp", ".bmp"])
def test_pictures_can_be_encoded_in_many_formats(face, suffix):
    data = encode_picture(face, Path(f"ü{suffix}"))
    back = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(back.astype(int) - face).mean() < 5


@pytest.mark.parametrize("name", ["picture", "picture.doc", "picture.ü", ".png", "tall.webp"])
def test_unsuitable_format_is_an_error(name):
    tall = np.zeros((20_000, 4, 3), dtype=np.uint8)
    with pytest.raises(OutputError, match=rf"^{name}: cannot be .*; end the name in \.png"):
        encode_picture(tall, Path(name))


def shares_with(explanation: Explanation, share: float, falls: float | None = None) -> Shares:
    """Landmarks that are as sure as the network of another emotion; a fall on the left side."""
    landmarks, network = np.eye(len(explanation.emotions))[:2]
    occlusion = None
    if falls is not None:
        map_ = np.zeros((48, 48))
        map_[:, :24] = falls
        gray = np.full((48, 48), 128, np.uint8)
        occlusion = Occlusion(explanation.emotion, gray, map_, synthetic.template() / 4 - 24)
    return Shares(explanation.emotion, explanation.emotions, landmarks, network, share, occlusion)


@pytest.mark.parametrize("share", [0.2, 0.6])
def test_the_networks_part_of_the_bars_is_its_share(prediction, explanation, share):
    panel = draw_panels(GRAY, [(prediction, explanation, shares_with(explanation, share))])
    alone = draw_panels(GRAY, [(prediction, explanation, shares_with(explanation, 0.0))])
    key = len(pixels_of(alone, NETWORK))
    whole = draw_panels(GRAY, [(prediction, explanation, shares_with(explanation, 1.0))])
    length = len(pixels_of(whole, NETWORK)) - key
    assert len(pixels_of(panel, NETWORK)) - key == pytest.approx(share * length, rel=0.05)


def test_map_is_blue_where_covering_lowers_the_odds_and_orange_where_it_raises_them(
    prediction, explanation
):
    for falls, color in ((2.0, BLUE), (-2.0, ORANGE)):
        shares = shares_with(explanation, 0.5, falls)
        strip = draw_network(shares, strongest([shares])).astype(int)
        left, right = strip[100:160, 50:120], strip[100:160, 190:250]
        gray = right.mean(axis=(0, 1))
        assert np.ptp(gray) < 1
        toward = np.array(color) - gray
        moved = left.mean(axis=(0, 1)) - gray
        assert (moved @ toward) / np.linalg.norm(toward) ** 2 == pytest.approx(0.75, abs=0.05)


def test_nothing_of_the_networks_part_is_cut_off(prediction, explanation):
    for falls in (None, 1.0):
        shares = shares_with(explanation, 0.5, falls)
        strip = draw_network(shares, strongest([None, shares]))
        assert strip.shape[1] == 1120
        assert (strip[-1] == 255).all()
        assert (strip[:, :20] == 255).all()
        assert (strip[:, -8:] == 255).all()
        assert (strip < 200).any()


def test_maps_of_several_faces_have_one_scale(prediction, explanation):
    weak, strong = (shares_with(explanation, 0.5, falls) for falls in (1.0, 4.0))
    alone = draw_panels(GRAY, [(prediction, explanation, weak)])
    both = draw_panels(GRAY, [(prediction, explanation, each) for each in (weak, strong)])
    title = 60  # rows; among several faces it has the number
    assert not np.array_equal(both[title : len(alone)], alone[title:])
    strong_alone = draw_panels(GRAY, [(prediction, explanation, strong)])
    assert np.array_equal(both[len(alone) + title :], strong_alone[title:])

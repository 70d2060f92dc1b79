import cv2
import numpy as np
import pytest
import synthetic
from networks.networks import EMOTIONS, small_file

from landmark_emotion.model.face import REGIONS
from landmark_emotion.networks.builder import Builder
from landmark_emotion.networks.network import Network
from landmark_emotion.networks.occlusion import Occlusion, occlude
from landmark_emotion.networks.onnx_file import serialize
from landmark_emotion.networks.spec import KEY, NetworkSpec

SIZE = 48
FACE = synthetic.prediction(200, 200, 160).face


def network_that_sees(place, emotions=EMOTIONS, **changes):
    """The brighter this part of the picture, the likelier is happiness; nothing else counts."""
    spec = NetworkSpec(**{"emotions": emotions, "size": SIZE, "normalization": "0..1"} | changes)
    weights = np.zeros((len(emotions), spec.channels, SIZE, SIZE))
    weights[(emotions.index("happiness"), slice(None), *place)] = 8
    weights /= np.count_nonzero(weights)
    b = Builder(spec.input_shape)
    flat = b.add("Flatten", "input", axis=1)
    weights, biases = (b.constant(a) for a in (weights.reshape(len(emotions), -1), np.zeros(3)))
    scores = b.add("Gemm", flat, weights, biases, alpha=1.0, beta=1.0, transB=1)
    return Network(serialize(b.file({"scores": scores}, {KEY: spec.to_json()})))


def picture_with(network, bright):
    """A picture in which some pixels of the network's crop are white and all others black."""
    crop = np.zeros((SIZE, SIZE, 3), np.uint8)
    crop[bright] = 255
    transform = network.transform(FACE)
    return cv2.warpAffine(crop, transform, (400, 400), flags=cv2.INTER_NEAREST)


@pytest.mark.parametrize("x", [0, SIZE - 8])
@pytest.mark.parametrize("y", [0, SIZE - 8])
@pytest.mark.parametrize("color", ["gray", "RGB"])
def test_peak_is_where_the_network_looks(x, y, color):
    corner = np.s_[y : y + 8, x : x + 8]
    network = network_that_sees(corner, color=color)
    found = occlude(network, picture_with(network, corner), FACE, "happiness")
    assert found.picture.shape[:2] == found.falls.shape == (SIZE, SIZE)
    top, left = np.unravel_index(found.falls.argmax(), found.falls.shape)
    assert y <= top < y + 8
    assert x <= left < x + 8
    assert found.falls[corner].min() > 0
    away = np.abs(found.falls[SIZE - 1 - y, SIZE - 1 - x])
    assert away < 0.01 * found.falls.max()


def test_falls_are_those_of_the_log_odds():
    everywhere = np.s_[:, :]
    network = network_that_sees(everywhere)
    half = np.s_[:, : SIZE // 2]
    found = occlude(network, picture_with(network, half), FACE, "happiness")
    # A patch of 10x10 pixels of half the brightness, on white or on black.
    each = 8 / SIZE**2 * 100 / 2
    assert found.falls[20, 2] == pytest.approx(each, rel=0.05)
    assert found.falls[20, -3] == pytest.approx(-each, rel=0.05)


def test_other_emotions_rise_where_one_falls_and_odds_are_among_those_asked_for():
    corner = np.s_[:8, :8]
    network = network_that_sees(corner)
    picture = picture_with(network, corner)
    falls = {
        (emotion, among): occlude(network, picture, FACE, emotion, among).falls[2, 2]
        for emotion, among in (
            ("fear", None),
            ("fear", ("fear", "neutral")),
            ("fear", ("fear", "happiness")),
            ("happiness", ("fear", "happiness")),
        )
    }
    assert falls["fear", None] < -0.1
    assert falls["fear", ("fear", "neutral")] == pytest.approx(0, abs=1e-6)
    two = [falls[emotion, ("fear", "happiness")] for emotion in ("fear", "happiness")]
    assert two[0] == pytest.approx(-two[1])


@pytest.mark.parametrize("size", [8, 13, 64])
def test_every_pixel_of_pictures_of_any_size_is_covered(size):
    network = Network(small_file(size=size))
    picture = np.random.default_rng(0).integers(0, 255, (400, 400, 3), np.uint8)
    found = occlude(network, picture, FACE, "happiness")
    assert found.falls.shape == (size, size)
    assert np.isfinite(found.falls).all()
    assert np.abs(found.falls).max() > 0


@pytest.mark.parametrize(
    ("region", "part"),
    [("brows", "left_eyebrow"), ("eyes", "right_eye"), ("nose", "nose"), ("mouth", "mouth")],
)
def test_regions_are_around_their_landmarks(region, part):
    network = network_that_sees(np.s_[:, :])
    transform = network.transform(FACE)
    landmarks = (FACE.landmarks - transform[:, 2]) @ np.linalg.inv(transform[:, :2]).T
    x, y = landmarks[REGIONS[part]].mean(axis=0).round().astype(int)
    falls = np.zeros((SIZE, SIZE))
    falls[y, x] = 1
    found = Occlusion("happiness", np.zeros((SIZE, SIZE), np.uint8), falls, landmarks)
    assert [name for name, fall in found.regions.items() if fall] == [region]
    falls = np.full((SIZE, SIZE), 0.5)
    found = Occlusion("happiness", np.zeros((SIZE, SIZE), np.uint8), falls, landmarks)
    assert found.regions == dict.fromkeys(
        ("brows", "eyes", "nose", "mouth", "jaw", "rest"), pytest.approx(0.5)
    )


def test_sentence_names_the_largest_changes():
    landmarks = (FACE.landmarks - 200) / 6 + 24
    falls = np.zeros((SIZE, SIZE))
    nowhere = Occlusion("happiness", np.zeros((SIZE, SIZE), np.uint8), falls, landmarks)
    assert "no part in particular" in nowhere.sentence
    low = falls.copy()
    low[25:] = np.log(2)  # half the odds
    assert "mouth -50.0 %" in Occlusion("happiness", nowhere.picture, low, landmarks).sentence
    assert "mouth +100.0 %" in Occlusion("happiness", nowhere.picture, -low, landmarks).sentence


def test_a_face_far_from_the_landmarks_of_its_picture_has_no_regions():
    away = Occlusion("fear", np.zeros((8, 8), np.uint8), np.ones((8, 8)), FACE.landmarks + 1e9)
    assert away.regions["mouth"] == 0
    assert away.regions["rest"] == 1

from dataclasses import replace

import cv2
import numpy as np
import pytest

from landmark_emotion.drawn.drawing import Subject, draw_face
from landmark_emotion.errors import NetworkError
from landmark_emotion.live.opinion import (
    INTERVAL,
    MEMORY,
    Opinion,
    network_file,
    opinion_of,
)
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.model.classifier import SHIPPED as MODELS
from landmark_emotion.model.classifier import load_model, softmax
from landmark_emotion.model.features import landmark_features
from landmark_emotion.networks.network import SHIPPED, load_network
from landmark_emotion.sources.images import read_image


@pytest.fixture(scope="module")
def model():
    return load_model(next(path for path in MODELS if path.is_file()))


@pytest.fixture(scope="module")
def network():
    return load_network(next(path for path in SHIPPED if path.is_file()))


@pytest.fixture(scope="module")
def face(model):
    picture = draw_face(Subject(), "surprise")
    (prediction,) = Recognizer(model, network=None).recognize_still(picture)
    return picture, prediction.face


def test_probabilities_are_a_mixture_by_the_shares(model, network, face):
    picture, found = face
    (mixed,) = Recognizer(model, network=network).recognize_still(picture)
    assert 0 < mixed.network_share < 1
    assert mixed.probabilities.sum() == pytest.approx(1)
    assert mixed.network_probabilities.sum() == pytest.approx(1)
    landmarks = (mixed.probabilities - mixed.network_share * mixed.network_probabilities) / (
        1 - mixed.network_share
    )
    assert landmarks.argmax() == model.probabilities(found.landmarks).argmax()


def test_without_a_network_the_landmarks_answer_alone(model, face):
    picture, found = face
    (alone,) = Recognizer(model, network=None).recognize_still(picture)
    assert alone.network_share == 0
    assert alone.network_probabilities is None
    assert alone.probabilities == pytest.approx(model.probabilities(found.landmarks))


def test_with_a_neutral_face_the_landmarks_answer_alone(model, network, face, neutral_reference):
    picture, _ = face
    for recognizer in (
        Recognizer(model, network=which, neutral=neutral_reference) for which in (network, None)
    ):
        (prediction,) = recognizer.recognize_still(picture)
        assert prediction.network_share == 0
        assert prediction.mode == "profile"


@pytest.fixture
def neutral_reference(model):
    from landmark_emotion.live.recognizer import reference_from_image

    return reference_from_image(draw_face(Subject(), "neutral"), "drawn")


def test_less_familiar_faces_leave_more_to_the_network(model, network, face):
    _, found = face
    features = landmark_features(found.landmarks)
    farther = features + np.linspace(0, 0.5, 6)[:, None] * np.sign(np.sin(np.arange(136)))
    scores = np.zeros((6, 7))
    shares = Opinion(network, model).mix(farther, scores).share
    assert (np.diff(model.familiarity.distance(farther)) > 0).all()
    assert shares[-1] > shares[0]


def test_emotions_that_the_network_does_not_know_keep_their_probability(model, network, face):
    _, found = face
    renamed = replace(model, emotions=("contempt", *model.emotions[1:]))
    features = landmark_features(found.landmarks)[None]
    opinion = Opinion(network, renamed)
    mixture = opinion.mix(features, np.zeros((1, 6)))
    sharp = mixture.probabilities[0, 0]
    assert mixture.network[0, 0] == pytest.approx(sharp)
    assert mixture.probabilities.sum() == pytest.approx(1)


def test_a_network_of_other_classes_is_refused_and_the_default_one_left_out(model, network):
    other = replace(model, emotions=tuple(f"class {i}" for i in range(7)))
    with pytest.raises(NetworkError, match="knows 0 of the model's 7 classes"):
        Opinion(network, other)
    assert network_file("default", other) is None
    assert opinion_of(None, model) is None


def test_a_model_of_drawn_faces_gets_no_default_network(model):
    drawn = replace(model, info={"data": {"drawn": True}})
    assert network_file("default", drawn) is None
    assert network_file("default", model) is not None


def test_in_videos_opinions_are_averaged_over_a_moment(model, network, face):
    picture, found = face
    opinion = Opinion(network, model)
    first = opinion.frame(1, 0.0, picture, found)
    dark = picture // 4
    dark[::2] = 255
    assert np.array_equal(opinion.frame(1, INTERVAL / 2, dark, found), first)
    alone = Opinion(network, model).frame(1, 0.0, dark, found)
    averaged = opinion.frame(1, MEMORY, dark, found)
    assert averaged == pytest.approx(first + (1 - np.exp(-1)) * (alone - first))
    assert np.array_equal(opinion.frame(2, MEMORY, dark, found), alone)
    opinion.keep_only({2})
    assert np.array_equal(opinion.frame(1, MEMORY, picture, found), first)


def test_a_missing_network_is_named(model, tmp_path):
    with pytest.raises(NetworkError, match=r"no such network"):
        opinion_of(tmp_path / "none.onnx", model)


def test_faint_smiles(model, network, photos):
    """A sample of the London set: the network's head was fitted on these people."""
    smiles = sorted((photos / "happiness").glob("*.jpg"))[:8]
    recognizer = Recognizer(model, network=network)
    answers = [recognizer.recognize_still(read_image(path))[0].emotion for path in smiles]
    assert answers.count("happiness") >= 5


def test_softmax_of_gray_and_color_pictures_agree(network, face):
    picture, found = face
    gray = np.repeat(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)[..., None], 3, axis=2)
    model = load_model(next(path for path in MODELS if path.is_file()))
    opinion = Opinion(network, model)
    colored, plain = (softmax(opinion.image(p, [found])) for p in (picture, gray))
    assert colored == pytest.approx(plain, abs=0.02)

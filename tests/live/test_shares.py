"""What landmarks and network each say of a face."""

import json

import numpy as np
import pytest
import synthetic

from landmark_emotion.drawn.drawing import Subject, draw_face
from landmark_emotion.live.recognizer import Recognizer, reference_from_image
from landmark_emotion.live.shares import shares_of
from landmark_emotion.model.classifier import SHIPPED, load_model
from landmark_emotion.model.explanation import explain


@pytest.fixture(scope="module")
def model():
    return load_model(next(path for path in SHIPPED if path.is_file()))


@pytest.fixture(scope="module")
def picture():
    return draw_face(Subject(), "surprise")


@pytest.fixture(scope="module")
def recognizer(model):
    return Recognizer(model)


@pytest.fixture(scope="module")
def prediction(recognizer, picture):
    (found,) = recognizer.recognize_still(picture)
    return found


def both(landmarks, network, share, **changes):
    """A face of which landmarks and network give (anger, fear, happiness) these probabilities."""
    emotions = ("anger", "fear", "happiness")
    landmarks, network = np.array(landmarks), np.array(network)
    mixed = (1 - share) * landmarks + share * network
    values = {
        "emotions": emotions,
        "probabilities": mixed,
        "raw_probabilities": mixed,
        "likeliest": emotions[mixed.argmax()],
        "landmark_probabilities": landmarks,
        "network_probabilities": network,
        "network_share": share,
    }
    return synthetic.prediction(200, 200, 150, **(values | changes))


def test_shares_add_up_to_the_probabilities(prediction):
    shares = shares_of(prediction)
    assert shares.by_landmarks + shares.by_network == pytest.approx(prediction.probabilities)
    assert shares.by_network.sum() == pytest.approx(prediction.network_share)
    assert shares.landmarks.sum() == pytest.approx(1)
    content = shares.as_json()
    assert content["probability"] == pytest.approx(prediction.probability, abs=1e-6)
    for emotion, probability in prediction.scores.items():
        parts = content["landmarks"][emotion], content["network"][emotion]
        share = content["share"]
        assert (1 - share) * parts[0] + share * parts[1] == pytest.approx(probability, abs=1e-5)


def test_the_landmarks_part_is_what_they_say_without_a_network(model, prediction):
    shares = shares_of(prediction)
    explanation = explain(model, prediction.face.landmarks)
    assert shares.landmarks.argmax() == explanation.scores.argmax()
    order = explanation.scores.argsort()
    assert (np.diff(shares.landmarks[order]) >= 0).all()


def test_sentence_says_what_each_says_and_how_much_it_counts():
    shares = shares_of(both((0.71, 0.2, 0.09), (0.488, 0.5, 0.012), 0.401), "anger")
    assert shares.sentence == (
        "anger 62.1 %: landmarks 71.0 % (share 0.60), network 48.8 % (share 0.40)"
    )


def test_disagreement_is_told():
    shares = shares_of(both((0.71, 0.2, 0.09), (0.1, 0.1, 0.8), 0.4))
    assert shares.disagreement == (
        "They disagree: the landmarks say anger, the network says happiness."
    )
    assert shares.as_json()["disagreement"] == shares.disagreement
    assert shares_of(both((0.71, 0.2, 0.09), (0.5, 0.1, 0.4), 0.4)).disagreement == ""


def test_without_a_network_there_are_no_shares(model, recognizer, picture):
    for alone in (
        Recognizer(model, network=None),
        Recognizer(model, neutral=reference_from_image(draw_face(Subject(), "neutral"), "drawn")),
    ):
        (prediction,) = alone.recognize_still(picture)
        assert shares_of(prediction) is None
        assert alone.occlusion(picture, prediction) is None


def test_occlusion_explains_the_likeliest_emotion_or_another(recognizer, picture, prediction):
    found = recognizer.occlusion(picture, prediction)
    assert found.emotion == prediction.likeliest
    other = recognizer.occlusion(picture, prediction, "anger")
    assert other.emotion == "anger"
    assert not np.allclose(found.falls, other.falls)
    content = shares_of(prediction, "anger", other).as_json()
    assert json.loads(json.dumps(content)) == content
    assert content["occlusion"]["regions"].keys() == other.regions.keys()


def test_occlusion_is_that_of_the_face_in_its_place(recognizer, picture, prediction):
    moved = np.pad(picture, ((40, 0), (60, 0), (0, 0)), mode="edge")
    (found,) = recognizer.recognize_still(moved)
    here, there = (
        recognizer.occlusion(image, face, "surprise")
        for image, face in ((picture, prediction), (moved, found))
    )
    assert np.abs(here.picture.astype(int) - there.picture).mean() < 5
    assert np.corrcoef(here.falls.ravel(), there.falls.ravel())[0, 1] > 0.8

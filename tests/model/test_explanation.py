import json

import numpy as np
import pytest
from synthetic import template

from landmark_emotion.model.classifier import EmotionModel
from landmark_emotion.model.explanation import (
    EXPLAINED_REGIONS,
    denormalize_landmarks,
    explain,
    region_sums,
)
from landmark_emotion.model.face import REGIONS
from landmark_emotion.model.features import landmark_features, normalize_landmarks
from landmark_emotion.model.head import Head

EMOTIONS = ("anger", "fear", "happiness", "neutral")


def head(rng, strength, k=4):
    pairs = k * (k - 1) // 2
    return Head(rng.normal(0, strength, (pairs, 136)), rng.normal(0, 1, pairs), 0.7)


def made_up(strength=2.0, calibrated=True) -> EmotionModel:
    rng = np.random.default_rng(5)
    return EmotionModel(
        EMOTIONS,
        landmark_features(template()),
        head(rng, strength),
        head(rng, strength) if calibrated else None,
    )


def smile_detector(bias=-1.0, **weights: float) -> EmotionModel:
    """Happiness against neutral: what the y of the named landmarks does to the margin."""
    row = np.zeros((1, 136))
    for name, weight in ({"y48": -40.0, "y54": -40.0} | weights).items():
        row[0, int(name[1:]) + (68 if name[0] == "y" else 0)] = weight
    head = Head(row, np.array([bias]), 1.0)
    return EmotionModel(("happiness", "neutral"), landmark_features(template()), head)


def moved(landmarks, x=0.0, y=0.0):
    face = template()
    face[list(landmarks)] += (x, y)
    return face


@pytest.fixture
def face():
    return template() + np.random.default_rng(1).normal(0, 3, (68, 2))


@pytest.fixture
def own():
    return landmark_features(template() + np.random.default_rng(2).normal(0, 2, (68, 2)))


@pytest.mark.parametrize("strength", [0.01, 2, 300])
@pytest.mark.parametrize("with_reference", [False, True])
@pytest.mark.parametrize("calibrated", [False, True])
def test_the_parts_add_up_to_the_score(face, own, strength, with_reference, calibrated):
    model = made_up(strength, calibrated)
    reference = own if with_reference else None
    explanation = explain(model, face, reference)
    votes = model.votes(landmark_features(face), reference)
    at_rest = model.votes(own if with_reference else model.mean, reference)
    tolerance = 1e-9 * max(1.0, np.abs(votes).max())
    assert explanation.base == pytest.approx(at_rest, abs=tolerance)
    assert explanation.scores == pytest.approx(votes, abs=tolerance)
    assert explanation.probabilities == pytest.approx(
        model.probabilities(face, reference), abs=1e-9
    )
    index = EMOTIONS.index(explanation.emotion)
    risen = votes[index] - at_rest[index]
    assert explanation.by_landmark.sum() == pytest.approx(risen, abs=tolerance)
    assert sum(explanation.by_region.values()) == pytest.approx(risen, abs=tolerance)


def test_the_parts_are_integrated_gradients(face, own):
    model, steps, h = made_up(), 2000, 1e-5
    difference = landmark_features(face) - own
    path = own + difference * ((np.arange(steps) + 0.5) / steps)[:, np.newaxis]
    contributions = explain(model, face, own).contributions
    for landmark, axis in ((8, 1), (48, 0), (54, 1)):
        feature = landmark + 68 * axis
        step = h * np.eye(136)[feature]
        gradient = (model.votes(path + step, own) - model.votes(path - step, own)) / (2 * h)
        expected = gradient.mean(axis=0) * difference[feature]
        assert contributions[:, landmark, axis] == pytest.approx(expected, abs=1e-6)


def test_a_face_like_the_reference_has_nothing_to_explain(face):
    explanation = explain(made_up(), face, landmark_features(face))
    assert not explanation.contributions.any()
    assert np.array_equal(explanation.scores, explanation.base)


def test_what_is_where_the_reference_has_it_adds_nothing(face):
    reference = landmark_features(face)
    reference[[3, 68 + 60]] += 0.1
    contributions = explain(made_up(), face, reference).contributions
    assert np.argwhere(contributions.any(axis=0)).tolist() == [[3, 0], [60, 1]]


def test_place_size_and_roll_of_the_face_change_nothing(face):
    turned = face @ np.array([[0.9, 0.3], [-0.3, 0.9]]) * 3 + (500, -70)
    first, second = (explain(made_up(), landmarks) for landmarks in (face, turned))
    assert second.contributions == pytest.approx(first.contributions, abs=1e-9)
    assert second.sentence == first.sentence


def test_every_landmark_belongs_to_one_region():
    parts = [part for parts in EXPLAINED_REGIONS.values() for part in parts]
    assert sorted(parts) == sorted(REGIONS)
    assert sum(region_sums(np.ones(68)).values()) == 68


def test_the_likeliest_is_explained_unless_another_is_asked_for(face):
    model = made_up()
    order = [EMOTIONS[i] for i in model.probabilities(face).argsort()[::-1]]
    explanation = explain(model, face)
    assert (explanation.emotion, explanation.rival) == (order[0], order[1])
    other = explain(model, face, emotion=order[3])
    assert (other.emotion, other.rival, other.likeliest) == (order[3], order[0], order[0])
    assert np.array_equal(other.contributions, explanation.contributions)
    assert not np.array_equal(other.by_landmark, explanation.by_landmark)


def test_rather_than_the_rival_is_the_change_of_the_odds(face):
    model = made_up()
    explanation = explain(model, face)
    i, j = EMOTIONS.index(explanation.emotion), EMOTIONS.index(explanation.rival)
    now, before = np.log(model.probabilities(face)), np.log(model.probabilities(template()))
    change = (now[i] - now[j]) - (before[i] - before[j])
    assert explanation.rather_than_rival.sum() == pytest.approx(change, abs=1e-9)


def test_normalized_landmarks_find_back_into_the_picture(face):
    turned = face @ np.array([[0.8, 0.6], [-0.6, 0.8]]) * 2.5 + (40, 900)
    assert denormalize_landmarks(normalize_landmarks(turned), turned) == pytest.approx(turned)
    # A shift in the face's own directions is turned and enlarged along.
    shifted = normalize_landmarks(turned) + (0.1, 0.0)
    step = denormalize_landmarks(shifted, turned) - turned
    assert step == pytest.approx(np.broadcast_to(step[0], step.shape))
    scale = np.sqrt(np.square(turned - turned.mean(axis=0)).sum(axis=1).mean())
    assert np.hypot(*step[0]) == pytest.approx(0.1 * scale)


BROWS, MOUTH = range(17, 27), range(48, 68)


@pytest.mark.parametrize(
    ("face", "clause"),
    [
        (moved((48, 54, 60, 64), y=-9), "the mouth corners are raised"),
        (moved((48, 54, 60, 64), y=9), "the mouth corners are lowered"),
        (moved((54, 64), y=-9), "the left mouth corner is raised"),
        (moved((48, 60), y=9), "the right mouth corner is lowered"),
        (moved((54, 64), x=12), "the mouth is wider"),
        (moved((48, 60), x=12), "the mouth is narrower"),
        (moved((56, 57, 58, 65, 66, 67), y=15), "the lips are further apart"),
        (moved((50, 51, 52, 61, 62, 63), y=-8), "the upper lip is raised"),
        (moved(BROWS, y=-9), "the brows are raised"),
        (moved(BROWS, y=9), "the brows are lowered"),
        (moved((20, 21, 22, 23), y=-10), "the inner brows are raised"),
        (moved((22, 23), x=-10), "the brows are drawn together"),
        (moved((37, 38, 43, 44), y=-6), "the eyes are wider open"),
        (moved((37, 38, 43, 44), y=6), "the eyes are narrowed"),
        (moved(range(27, 36), y=-11), "the nose is drawn up"),
        (moved(range(4, 13), y=25), "the chin is lower"),
        (moved((54, 64), x=5.5), "the mouth is slightly wider"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_movements_have_names(face, clause):
    texts = [movement.text for movement in explain(smile_detector(y48=0, y54=0), face).movements]
    assert clause in texts
    assert len(texts) <= 3  # moving one landmark shifts all others a little as seen from the center


def test_what_hardly_moves_is_not_named_however_much_it_counts():
    explanation = explain(smile_detector(y48=-4000, y54=-4000), moved((48, 54, 60, 64), y=-0.3))
    assert explanation.by_region["mouth"] > 1
    assert explanation.movements == ()
    assert "no single movement stands out; the mouth as a whole speaks" in explanation.sentence


def test_the_sentence_says_what_spoke_for_it():
    explanation = explain(smile_detector(), moved((48, 54, 60, 64), y=-9))
    assert explanation.emotion == "happiness"
    assert explanation.sentence == (
        "Compared with the average neutral face, the mouth corners are raised, which speaks for "
        "happiness."
    )


def test_the_sentence_says_what_spoke_most_against_it():
    face = moved((48, 54, 60, 64), y=-9)
    face[17:27] += (0, -9)
    weights = {f"y{landmark}": 2.0 for landmark in BROWS}
    explanation = explain(smile_detector(**weights), face)
    assert explanation.emotion == "happiness"
    assert explanation.sentence.endswith(" Against it: the brows are raised.")


def test_an_unlikely_emotion_is_told_the_other_way_round():
    face = moved((48, 54, 60, 64), y=-9)
    explanation = explain(smile_detector(), face, emotion="neutral")
    assert explanation.rival == "happiness"
    assert explanation.sentence.endswith(
        "the mouth corners are raised, which speaks against neutral."
    )


def test_a_person_at_rest_is_near_the_neutral_face():
    own = landmark_features(template() + 1)
    assert explain(smile_detector(), template()).sentence == (
        "The face is close to the average neutral face, which speaks for neutral."
    )
    assert explain(smile_detector(), template(), own).sentence == (
        "The face is close to their own neutral face, which speaks for neutral."
    )


def test_a_neutral_face_that_differs_from_the_average_is_no_sign_of_anything():
    explanation = explain(smile_detector(bias=-20.0), moved(range(4, 13), y=25))
    assert explanation.emotion == "neutral"
    assert explanation.movements
    assert "do not clearly speak for another emotion, so the result is neutral" in (
        explanation.sentence
    )


def test_where_nothing_counts_the_sentence_says_so():
    explanation = explain(smile_detector(y48=0, y54=0, bias=1.0), moved((54, 64), x=12))
    assert explanation.sentence == (
        "Compared with the average neutral face, nothing speaks clearly for happiness."
    )


def test_eyes_that_coincide_are_no_problem(face):
    face[36:48] = face[36]
    assert explain(made_up(), face).sentence


def test_json_says_the_same(face):
    explanation = explain(made_up(), face)
    content = json.loads(json.dumps(explanation.as_json()))
    assert content["emotion"] == explanation.emotion
    assert content["sentence"] == explanation.sentence
    assert len(content["landmarks"]) == 68
    risen = pytest.approx(content["score"] - content["base"], abs=1e-9)
    assert sum(content["landmarks"]) == risen
    assert sum(content["regions"].values()) == risen
    assert set(content["regions"]) == set(EXPLAINED_REGIONS)
    other = content["rather_than"]
    assert other["base"] + sum(other["regions"].values()) == pytest.approx(other["score"])
    for movement in content["movements"]:
        assert movement["amount"] > 0


@pytest.mark.parametrize("shape", [(67, 2), (1, 68, 2)])
def test_only_one_face_is_explained(shape):
    with pytest.raises(ValueError, match="landmarks must have shape"):
        explain(made_up(), np.random.default_rng(0).normal(size=shape))


def test_an_emotion_that_the_model_does_not_know_is_refused(face):
    with pytest.raises(ValueError, match=r"emotion must be one of anger, fear, .*, got 'disgust'"):
        explain(made_up(), face, emotion="disgust")

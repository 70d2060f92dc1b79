import dataclasses

import numpy as np
import pytest
from sklearn.base import clone
from synthetic import table

from landmark_emotion.errors import TrainingError
from landmark_emotion.model.face import mirror_landmarks
from landmark_emotion.model.features import landmark_features
from landmark_emotion.training.fit import (
    HeadRecipe,
    Recipe,
    SoftVotingSVC,
    TrainingSet,
    fit_calibrated,
    fit_model,
    fit_static,
    fit_temperature,
    make_pipeline,
    usable,
)

FACES = table(seed=5)


@pytest.mark.parametrize("emotions", [("anger", "happiness", "neutral"), ("fear", "neutral")])
def test_the_model_says_what_the_pipeline_says(emotions):
    samples = TrainingSet.of(table(emotions=emotions))
    model = fit_model(samples, temperatures=(0.3, 0.6))
    unseen = TrainingSet.of(table(emotions=emotions, seed=9))
    landmarks = table(emotions=emotions, seed=9).landmarks
    static = fit_static(samples, Recipe(), 0.3)
    np.testing.assert_allclose(
        model.probabilities(landmarks), static.predict_proba(unseen.features), atol=1e-9
    )
    calibrated = fit_calibrated(samples, Recipe(), 0.6)
    references = model.blend(unseen.neutral, unseen.n_neutral)
    np.testing.assert_allclose(
        model.probabilities(landmarks, references),
        calibrated.predict_proba(unseen.features - references),
        atol=1e-9,
    )


def test_people_it_has_not_seen_are_recognized():
    model = fit_model(TrainingSet.of(table()))
    unseen = table(seed=0, n_subjects=30)  # the same movements, more people
    new = np.array([int(subject[1:]) >= 12 for subject in unseen.subject])
    named = np.array(model.emotions)[model.probabilities(unseen.landmarks[new]).argmax(axis=1)]
    assert (named == unseen.emotion[new]).mean() > 0.8


def test_mirrored_faces_are_judged_alike():
    model = fit_model(TrainingSet.of(table()))
    np.testing.assert_allclose(
        model.probabilities(FACES.landmarks),
        model.probabilities(mirror_landmarks(FACES.landmarks)),
        atol=0.02,
    )


def test_without_known_people_there_is_no_calibrated_head():
    unknown = dataclasses.replace(FACES, subject=np.full(len(FACES), ""))
    assert fit_model(TrainingSet.of(unknown)).calibrated is None
    happy_only = FACES.take(FACES.emotion != "neutral")
    assert fit_model(TrainingSet.of(happy_only)).calibrated is None


def test_frames_of_one_sequence_share_their_weight():
    samples = TrainingSet.of(table(frames=3))
    per_sequence = {}
    for weight, sequence, emotion in zip(
        samples.weight, table(frames=3).sequence, samples.emotion, strict=True
    ):
        per_sequence.setdefault((sequence, emotion), []).append(weight)
    assert all(sum(weights) == pytest.approx(1) for weights in per_sequence.values())


def test_a_rare_emotion_counts_as_much_as_a_common_one():
    rng = np.random.default_rng(0)
    common, rare = rng.normal(-1, 1.5, (300, 1)), rng.normal(1, 1.5, (20, 1))
    X, y = np.concatenate([common, rare]), np.array(["a"] * 300 + ["b"] * 20)
    predicted = SoftVotingSVC(C=1).fit(X, y).predict(X)
    assert (predicted[y == "b"] == "b").mean() > 0.6


def test_scikit_learn_can_clone_the_pipeline():
    pipeline = make_pipeline(HeadRecipe(0.02, 0.3, ()))
    copy = clone(pipeline)
    assert copy["svm"].C == 0.02
    assert copy["whiten"].shrinkage == 0.3


@pytest.mark.parametrize("true_temperature", [0.3, 1.0, 4.0])
def test_the_temperature_is_recovered(true_temperature):
    rng = np.random.default_rng(0)
    votes = rng.normal(0, 3, (4000, 3))
    powers = np.exp(votes / true_temperature)
    drawn = (powers / powers.sum(1, keepdims=True)).cumsum(1) > rng.random((4000, 1))
    y = np.array(["a", "b", "c"])[drawn.argmax(axis=1)]
    assert fit_temperature(votes, y, ["a", "b", "c"]) == pytest.approx(true_temperature, rel=0.1)


def test_emotions_that_cannot_be_learned_are_left_out_and_counted():
    some = FACES.emotion.copy()
    some[some == "fear"] = "neutral"
    some[0] = "fear"
    kept, left_out = usable(
        dataclasses.replace(FACES, emotion=some), ("anger", "fear", "happiness", "neutral")
    )
    assert set(kept.emotion.tolist()) <= {"anger", "happiness", "neutral"}
    assert left_out["fear, of which there is only one"] == 1
    assert len(kept) + sum(left_out.values()) == len(FACES)


def test_one_emotion_is_not_enough():
    happy = FACES.take(FACES.emotion == "happiness")
    with pytest.raises(TrainingError, match="two or more emotions"):
        usable(happy, ("happiness", "neutral"))
    with pytest.raises(TrainingError, match="one emotion only"):
        fit_model(TrainingSet.of(happy))


def test_features_of_the_training_set_are_those_of_live_use():
    np.testing.assert_array_equal(
        TrainingSet.of(FACES).features, landmark_features(FACES.landmarks)
    )


def test_a_reference_made_of_few_faces_leans_on_the_average_person():
    model = fit_model(TrainingSet.of(table()))
    own = model.mean + 1
    one, many = model.blend(own, 1), model.blend(own, 1000)
    assert np.all(one < many)
    np.testing.assert_allclose(many, own, atol=1e-3)


def test_conditions_that_set_another_table_apart_are_taken_off():
    faces = table(n_subjects=6)
    squeezed = dataclasses.replace(faces, landmarks=faces.landmarks * [1.0, 0.9])
    samples = TrainingSet.of(faces, squeezed)
    here, there = samples.origin == 0, samples.origin == 1
    before = np.abs(samples.features[there].mean(0) - samples.features[here].mean(0)).max()
    aligned = samples.aligned()
    after = np.abs(aligned[there].mean(0) - aligned[here].mean(0)).max()
    np.testing.assert_array_equal(aligned[here], samples.features[here])
    assert after < 0.3 * before

import dataclasses

import numpy as np
import pytest
from synthetic import table

from landmark_emotion.errors import TrainingError
from landmark_emotion.model.features import landmark_features
from landmark_emotion.training.training_set import TrainingSet, usable

FACES = table(seed=5)


def test_frames_of_one_sequence_share_their_weight():
    samples = TrainingSet.of(table(frames=3))
    per_sequence = {}
    for weight, sequence, emotion in zip(
        samples.weight, table(frames=3).sequence, samples.emotion, strict=True
    ):
        per_sequence.setdefault((sequence, emotion), []).append(weight)
    assert all(sum(weights) == pytest.approx(1) for weights in per_sequence.values())


def test_emotions_with_one_sample_are_left_out():
    some = FACES.emotion.copy()
    some[some == "fear"] = "neutral"
    some[0] = "fear"
    kept, left_out = usable(
        dataclasses.replace(FACES, emotion=some), ("anger", "fear", "happiness", "neutral")
    )
    assert set(kept.emotion.tolist()) <= {"anger", "happiness", "neutral"}
    assert left_out["fear, the only sample of this emotion"] == 1
    assert len(kept) + sum(left_out.values()) == len(FACES)


def test_features_are_those_of_prediction():
    np.testing.assert_array_equal(
        TrainingSet.of(FACES).features, landmark_features(FACES.landmarks)
    )


def test_systematic_differences_of_another_table_are_removed():
    faces = table(n_subjects=6)
    squeezed = dataclasses.replace(faces, landmarks=faces.landmarks * [1.0, 0.9])
    samples = TrainingSet.of(faces, squeezed)
    here, there = samples.origin == 0, samples.origin == 1
    before = np.abs(samples.features[there].mean(0) - samples.features[here].mean(0)).max()
    aligned = samples.features + samples.offsets()
    after = np.abs(aligned[there].mean(0) - aligned[here].mean(0)).max()
    np.testing.assert_array_equal(aligned[here], samples.features[here])
    assert after < 0.3 * before


def test_one_emotion_is_not_enough():
    happy = FACES.take(FACES.emotion == "happiness")
    with pytest.raises(TrainingError, match="two or more emotions"):
        usable(happy, ("happiness", "neutral"))


def test_measurements_of_a_face_are_its_copies():
    faces = table(n_subjects=3)
    measured = faces.landmarks[:, np.newaxis] + np.array([0.0, 1.0, 2.0])[:, np.newaxis, np.newaxis]
    several = dataclasses.replace(faces, measured=measured * [1.0, 1.01])
    samples = TrainingSet.of(several, faces)
    assert samples.copies.shape == (2 * len(faces), 3, 136)
    np.testing.assert_allclose(samples.copies[-1, 2], samples.features[-1], atol=1e-12)
    expected = landmark_features(several.measured[0, 1])
    np.testing.assert_allclose(samples.copies[0, 1], expected, atol=1e-12)

import dataclasses

import numpy as np
import pytest
import sklearn
from synthetic import table

from landmark_emotion.errors import TrainingError
from landmark_emotion.model.face import mirror_landmarks
from landmark_emotion.training.fit import fit_model
from landmark_emotion.training.training_set import TrainingSet

FACES = table(seed=5)


def test_unseen_people_are_recognized():
    model = fit_model(TrainingSet.of(table()))
    unseen = table(seed=0, n_subjects=30)  # the same movements, more people
    new = np.array([int(subject[1:]) >= 12 for subject in unseen.subject])
    named = np.array(model.emotions)[model.probabilities(unseen.landmarks[new]).argmax(axis=1)]
    assert (named == unseen.emotion[new]).mean() > 0.8


def test_mirrored_faces_get_the_same_probabilities():
    model = fit_model(TrainingSet.of(table()))
    np.testing.assert_allclose(
        model.probabilities(FACES.landmarks),
        model.probabilities(mirror_landmarks(FACES.landmarks)),
        atol=1e-9,
    )


def test_copies_teach_what_measurements_do_to_a_face():
    """Measured with an error along one direction, faces are told apart by the others."""
    faces = table(n_subjects=10)
    error = np.zeros((68, 2))
    error[48:] = [0.0, 4.0]  # pixels, of the mouth
    measured = faces.landmarks[:, np.newaxis] + np.array([-1.0, 0.0, 1.0])[:, None, None] * error
    sure = fit_model(TrainingSet.of(dataclasses.replace(faces, measured=measured)))
    plain = fit_model(TrainingSet.of(faces))

    def moved(model):
        shifts = model.probabilities(FACES.landmarks + error) - model.probabilities(FACES.landmarks)
        return np.abs(shifts).mean()

    assert moved(sure) < 0.8 * moved(plain)


def test_without_known_people_there_is_no_calibrated_head():
    unknown = dataclasses.replace(FACES, subject=np.full(len(FACES), ""))
    assert fit_model(TrainingSet.of(unknown)).calibrated is None
    happy_only = FACES.take(FACES.emotion != "neutral")
    assert fit_model(TrainingSet.of(happy_only)).calibrated is None


def test_a_reference_from_few_faces_moves_toward_the_average():
    model = fit_model(TrainingSet.of(table()))
    own = model.mean + 1
    one, many = model.blend(own, 1), model.blend(own, 1000)
    assert np.all(one < many)
    np.testing.assert_allclose(many, own, atol=1e-3)


def test_one_emotion_is_not_enough():
    happy = FACES.take(FACES.emotion == "happiness")
    with pytest.raises(TrainingError, match="only one emotion"):
        fit_model(TrainingSet.of(happy))


def test_models_are_fitted_under_metadata_routing():
    samples = TrainingSet.of(FACES)
    expected = fit_model(samples)
    with sklearn.config_context(enable_metadata_routing=True):
        model = fit_model(samples)
    np.testing.assert_array_equal(model.static.weights, expected.static.weights)

import dataclasses

import numpy as np
import pytest
from synthetic import table

from landmark_emotion.errors import TrainingError
from landmark_emotion.model.features import landmark_features
from landmark_emotion.training import evaluation
from landmark_emotion.training.evaluation import (
    automatic_votes,
    cross_validate,
    shared_sequences,
    shuffled_splits,
)
from landmark_emotion.training.fit import fit_model
from landmark_emotion.training.recipe import HeadRecipe, Recipe
from landmark_emotion.training.training_set import TrainingSet

FACES = table(n_subjects=8, noise=2.0)


def _memorable(n_subjects=24):
    """Faces whose label depends on the person alone, so that nothing generalizes."""
    faces = table(n_subjects, emotions=("anger", "neutral"), frames=4, noise=0.3)
    rng = np.random.default_rng(1)
    label = {person: rng.choice(["anger", "neutral"]) for person in np.unique(faces.subject)}
    emotion = np.array([label[person] for person in faces.subject])
    neutral_only = faces.take(faces.emotion == "neutral")
    kept = emotion[faces.emotion == "neutral"]
    return dataclasses.replace(neutral_only, emotion=kept)


def test_only_shuffled_splits_reward_memorizing_people():
    faces = _memorable()
    recipe = Recipe(static=HeadRecipe(1.0, None, ()))
    shuffled = np.mean(list(shuffled_splits(faces, recipe)))
    static, _ = cross_validate(faces, (recipe,), jobs=1)
    assert shuffled > 0.9
    assert static.scores["accuracy"] < 0.75


def test_the_same_seed_gives_the_same_splits():
    first = list(shuffled_splits(FACES, runs=3, seed=4))
    assert first == list(shuffled_splits(FACES, runs=3, seed=4))
    assert len(first) == 3
    assert first != list(shuffled_splits(FACES, runs=3, seed=5))


def test_no_model_is_fitted_to_the_people_it_is_tested_on(monkeypatch):
    seen = []
    plain = evaluation.fit_model

    def spy(samples, *args, **options):
        seen.append(set(samples.subject.tolist()))
        return plain(samples, *args, **options)

    monkeypatch.setattr(evaluation, "fit_model", spy)
    samples = TrainingSet.of(FACES, table(n_subjects=8, seed=1))
    for person in sorted(set(FACES.subject.tolist())):
        seen.clear()
        block = [np.flatnonzero(FACES.subject == person)]
        evaluation._evaluate_block(samples, block, (Recipe(),), 0)
        # This includes the models that choose the temperature.
        assert len(seen) > 1
        assert all(person not in people for people in seen)


def test_no_tested_face_is_a_reference_in_shuffled_splits(monkeypatch):
    made = []
    plain = TrainingSet.of.__func__

    def spy(cls, *tables):
        made.append(sum(map(len, tables)))
        return plain(cls, *tables)

    monkeypatch.setattr(TrainingSet, "of", classmethod(spy))
    list(shuffled_splits(FACES, runs=2))
    assert made[1:] == [len(FACES) - round(0.2 * len(FACES) + 0.5)] * 2


def test_predictions_are_in_the_order_of_the_table():
    static, calibrated = cross_validate(FACES, jobs=1)
    order = np.random.default_rng(0).permutation(len(FACES))
    shuffled, _ = cross_validate(FACES.take(order), jobs=1)
    assert (static.truth == FACES.emotion).all()
    assert (shuffled.truth == FACES.emotion[order]).all()
    assert static.scores["accuracy"] > 0.6
    assert abs(static.scores["accuracy"] - shuffled.scores["accuracy"]) < 0.1
    assert calibrated is not None
    np.testing.assert_allclose(static.probabilities.sum(axis=1), 1)


def test_workers_give_the_same_results(monkeypatch):
    alone = cross_validate(FACES, folds=4, jobs=1)
    monkeypatch.setattr(evaluation, "_WORTH_WORKERS", 0)
    for expected, result in zip(alone, cross_validate(FACES, folds=4, jobs=2), strict=True):
        np.testing.assert_array_equal(result.probabilities, expected.probabilities)


def test_a_neutral_reference_improves_accuracy():
    static, calibrated = cross_validate(FACES, folds=4, jobs=1)
    assert calibrated.scores["accuracy"] > static.scores["accuracy"]
    assert calibrated.calibrated.all()
    assert not static.calibrated.any()


def test_people_without_neutral_faces_get_static_predictions():
    lonely = (FACES.subject == "S001") & (FACES.emotion == "neutral")
    faces = FACES.take(~lonely)
    static, calibrated = cross_validate(faces, folds=4, jobs=1)
    theirs = faces.subject == "S001"
    assert not calibrated.calibrated[theirs].any()
    np.testing.assert_array_equal(calibrated.probabilities[theirs], static.probabilities[theirs])


def test_a_search_chooses_the_best_recipe(monkeypatch):
    nothing = HeadRecipe(1e-9, None, ())
    good, bad = Recipe(), Recipe(nothing, nothing)
    recipe, temperatures = evaluation.choose(TrainingSet.of(FACES), (bad, good))
    assert recipe == good
    assert all(temperature > 0 for temperature in temperatures)
    static, _ = cross_validate(FACES, folds=3, candidates=(good, bad), jobs=1)
    assert "best of 2 recipes" in static.protocol


def test_nearly_equal_frames_are_counted_and_can_be_kept_together():
    assert shared_sequences(FACES) == 0
    several = table(n_subjects=6, frames=3, noise=0.1)
    assert shared_sequences(several) > 0
    apart = list(shuffled_splits(several, runs=2, keep_sequences=True))
    assert len(apart) == 2


def test_unknown_subjects_are_tested_by_plain_folds():
    unknown = dataclasses.replace(FACES, subject=np.full(len(FACES), ""))
    static, calibrated = cross_validate(unknown, jobs=1)
    assert "unknown" in static.protocol
    assert calibrated is None
    assert static.scores["subjects"] is None


@pytest.mark.parametrize("n_subjects", [2, 3, 5])
def test_two_people_are_enough(n_subjects):
    faces = table(n_subjects=n_subjects)
    static, calibrated = cross_validate(faces, jobs=1)
    assert static.scores["n"] == len(faces)
    assert np.isfinite(static.probabilities).all()
    # With two people, one is left to learn from, with one face of each emotion.
    assert (calibrated is None) == (n_subjects == 2)


def test_an_emotion_of_one_person_only_is_scored():
    # Nobody else shows fear, so no model tested on this person knows it.
    rare = (FACES.emotion == "fear") & (FACES.subject != "S000")
    static, _ = cross_validate(FACES.take(~rare), jobs=1)
    assert static.scores["recall"]["fear"] == 0


def test_too_few_samples_are_refused():
    few = FACES.take(np.arange(6))
    with pytest.raises(TrainingError, match="too few to hold out"):
        list(shuffled_splits(few))
    with pytest.raises(TrainingError, match="only one subject"):
        cross_validate(FACES.take(FACES.subject == "S000"))


def test_scores_count_every_sample_once():
    static, _ = cross_validate(FACES, folds=3, jobs=1)
    values = static.scores
    assert sum(person["n"] for person in values["subjects"].values()) == len(FACES)
    right = sum(person["right"] for person in values["subjects"].values())
    assert right / len(FACES) == pytest.approx(values["accuracy"])
    low, high = values["interval_95"]["accuracy"]
    assert low <= values["accuracy"] <= high


def test_further_tables_may_show_further_emotions():
    known = FACES.take(FACES.emotion != "fear")
    static, _ = cross_validate(known, more=[FACES], folds=3, jobs=1)
    assert static.probabilities.shape == (len(known), len(static.emotions))
    assert static.scores["accuracy"] > 0.6


def test_estimates_need_no_labels_and_three_faces(monkeypatch):
    # Synthetic expressions change the shape of a face more than real ones.
    monkeypatch.setattr("landmark_emotion.model.neutral.SAME", 99.0)
    faces = table(n_subjects=3)
    model = fit_model(TrainingSet.of(table(seed=1)))
    features = landmark_features(faces.landmarks)
    subject = faces.subject.copy()
    subject[subject == subject[0]] = ""
    alone = np.flatnonzero(subject == faces.subject[-1])
    subject[alone[2:]] = ""
    votes = automatic_votes(model, features, subject)
    known = np.isfinite(votes).all(axis=1)
    assert set(subject[known]) == set(subject) - {"", faces.subject[-1]}

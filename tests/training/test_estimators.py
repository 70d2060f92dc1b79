import doctest

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    LeaveOneGroupOut,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator
from synthetic import table, template

from landmark_emotion.model.classifier import load_model
from landmark_emotion.model.features import landmark_features
from landmark_emotion.training import estimators
from landmark_emotion.training.estimators import EmotionClassifier, LandmarkFeatures
from landmark_emotion.training.fit import fit_model
from landmark_emotion.training.recipe import HeadRecipe, Recipe
from landmark_emotion.training.training_set import TrainingSet

FACES = table()
UNSEEN = table(seed=9).landmarks
# The same movements, other people.
STRANGERS = table(n_subjects=16)
STRANGERS = STRANGERS.take(np.array([int(subject[1:]) >= 12 for subject in STRANGERS.subject]))
TWO = FACES.take(np.isin(FACES.emotion, ["fear", "neutral"]))


@pytest.fixture(scope="module")
def fitted():
    return EmotionClassifier().fit(FACES.landmarks, FACES.emotion, groups=FACES.subject)


# The checks of scikit-learn use tables of a few columns.
NARROW = dict.fromkeys(
    ("check_n_features_in", "check_n_features_in_after_fitting"),
    "numbers of columns do not matter to the embedding; the estimators know 136 alone",
)


# scikit-learn casts infinity before it refuses it.
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")
@pytest.mark.parametrize("estimator", [LandmarkFeatures(), EmotionClassifier(C=0.01)])
def test_estimators_pass_the_checks_of_scikit_learn(estimator, monkeypatch):
    pytest.importorskip("sklearn", minversion="1.6", reason="its checks could not be collected")
    check_array = estimators.check_array

    def embed(X, **options):
        array = check_array(X, **options)
        if array.ndim != 2 or array.shape[1] > 50:
            return array
        moves = np.random.default_rng(0).normal(size=(array.shape[1], 136))
        return template().reshape(-1) + array @ moves

    monkeypatch.setattr(estimators, "check_array", embed)
    results = check_estimator(
        estimator, on_skip=None, on_fail=None, expected_failed_checks=dict(NARROW)
    )
    failed = {r["check_name"]: r["exception"] for r in results if r["status"] == "failed"}
    # Column names of pandas are not checked.
    failed.pop("check_dataframe_column_names_consistency", None)
    assert failed == {}
    assert sum(result["status"] == "passed" for result in results) > 40


@pytest.mark.parametrize("emotions", [("anger", "happiness", "neutral"), ("fear", "neutral")])
@pytest.mark.parametrize("frames", [1, 3])
def test_probabilities_are_those_of_the_static_head(emotions, frames):
    faces = table(emotions=emotions, frames=frames)
    recipe = Recipe(static=HeadRecipe(0.004, 0.2, (0.5,)), partway_weight=0.3)
    model = fit_model(TrainingSet.of(faces), recipe, temperatures=(0.4, 1.0))
    classifier = EmotionClassifier(
        C=0.004, shrinkage=0.2, partway=[0.5], partway_weight=0.3, temperature=0.4
    ).fit(faces.landmarks, faces.emotion, groups=faces.subject, sequence=faces.sequence)
    assert tuple(classifier.classes_) == model.emotions
    expected = model.probabilities(UNSEEN)
    np.testing.assert_allclose(classifier.predict_proba(UNSEEN), expected, atol=1e-9)
    made = classifier.to_model()
    np.testing.assert_allclose(made.probabilities(UNSEEN), expected, atol=1e-9)
    np.testing.assert_allclose(made.mean, model.mean)
    assert made.prior == model.prior


def test_the_defaults_are_those_of_the_recipe():
    samples = TrainingSet.of(FACES)
    plain = EmotionClassifier().fit(
        FACES.landmarks, FACES.emotion, groups=FACES.subject, sequence=FACES.sequence
    )
    np.testing.assert_allclose(
        plain.predict_proba(UNSEEN), fit_model(samples).probabilities(UNSEEN), atol=1e-9
    )


def test_the_model_gives_the_same_probabilities(fitted, tmp_path):
    fitted.to_model({"made by": "a test"}).save(tmp_path / "model.npz")
    model = load_model(tmp_path / "model.npz")
    assert model.info["made by"] == "a test"
    assert model.calibrated is None
    np.testing.assert_allclose(model.probabilities(UNSEEN), fitted.predict_proba(UNSEEN), atol=1e-9)


def test_groups_change_the_fit(fitted):
    alone = EmotionClassifier().fit(FACES.landmarks, FACES.emotion)
    unknown = EmotionClassifier().fit(
        FACES.landmarks, FACES.emotion, groups=[None, float("nan"), ""] * (len(FACES) // 3)
    )
    assert len(FACES) % 3 == 0
    np.testing.assert_array_equal(alone.predict_proba(UNSEEN), unknown.predict_proba(UNSEEN))
    assert not np.allclose(alone.predict_proba(UNSEEN), fitted.predict_proba(UNSEEN), atol=1e-4)


def test_flat_landmarks_give_the_same_result(fitted):
    flat = FACES.landmarks.reshape(len(FACES), -1)
    again = EmotionClassifier().fit(flat, FACES.emotion, groups=FACES.subject)
    np.testing.assert_array_equal(
        again.predict_proba(UNSEEN.reshape(len(UNSEEN), -1)), fitted.predict_proba(UNSEEN)
    )
    np.testing.assert_array_equal(
        LandmarkFeatures().transform(flat), landmark_features(FACES.landmarks)
    )
    assert again.n_features_in_ == fitted.n_features_in_ == 136


def test_flat_landmarks_pass_through_2d_transformers():
    flat = FACES.landmarks.reshape(len(FACES), -1)
    both = make_pipeline(StandardScaler(with_mean=False, with_std=False), EmotionClassifier())
    assert both.fit(flat, FACES.emotion).score(flat, FACES.emotion) > 0.9


@pytest.mark.parametrize("cv", [GroupKFold(4), LeaveOneGroupOut()])
def test_cross_validation_by_person(cv):
    scores = cross_val_score(
        EmotionClassifier(),
        FACES.landmarks,
        FACES.emotion,
        groups=FACES.subject,
        cv=cv,
        params={"groups": FACES.subject},
        error_score="raise",
    )
    assert len(scores) == cv.get_n_splits(groups=FACES.subject)
    assert scores.mean() > 0.8


def test_groups_are_routed_to_folds_and_classifier(fitted):
    with config_context(enable_metadata_routing=True):
        search = GridSearchCV(
            EmotionClassifier().set_fit_request(groups=True),
            {"temperature": [1.0, 0.5]},
            cv=GroupKFold(3),
            scoring="neg_log_loss",
        ).fit(FACES.landmarks, FACES.emotion, groups=FACES.subject)
    best = clone(fitted).set_params(**search.best_params_)
    best.fit(FACES.landmarks, FACES.emotion, groups=FACES.subject)
    np.testing.assert_array_equal(search.predict_proba(UNSEEN), best.predict_proba(UNSEEN))


def test_a_grid_search_calibrates_the_temperature():
    search = GridSearchCV(
        EmotionClassifier(),
        {"temperature": [0.3, 30.0], "C": [0.001]},
        cv=GroupKFold(3),
        scoring="neg_log_loss",
        error_score="raise",
    ).fit(FACES.landmarks, FACES.emotion, groups=FACES.subject)
    assert search.best_params_ == {"temperature": 0.3, "C": 0.001}
    assert search.score(STRANGERS.landmarks, STRANGERS.emotion) > -1.0


def test_features_can_be_combined_with_any_classifier():
    pipeline = Pipeline(
        [
            ("features", LandmarkFeatures()),
            ("lda", LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")),
        ]
    )
    named = cross_val_predict(
        pipeline, FACES.landmarks, FACES.emotion, groups=FACES.subject, cv=GroupKFold(4)
    )
    assert (named == FACES.emotion).mean() > 0.8


def test_a_reference_is_subtracted():
    features = landmark_features(UNSEEN)
    transformer = clone(LandmarkFeatures(reference=features[0]))
    np.testing.assert_allclose(transformer.fit_transform(UNSEEN), features - features[0])
    for wrong in (np.zeros(135), np.full(136, np.nan), np.zeros((2, 136))):
        with pytest.raises(ValueError, match="reference must be"):
            LandmarkFeatures(wrong).fit(UNSEEN)


def test_feature_names_are_in_order():
    names = LandmarkFeatures().get_feature_names_out()
    assert names[[0, 67, 68, 135]].tolist() == ["x0", "x67", "y0", "y67"]


@pytest.mark.parametrize("reference", [None, landmark_features(UNSEEN[0])])
def test_features_are_refused_as_landmarks(fitted, reference):
    features = LandmarkFeatures(reference).transform(FACES.landmarks)
    wrong = make_pipeline(LandmarkFeatures(reference), EmotionClassifier())
    for call in (
        lambda: wrong.fit(FACES.landmarks, FACES.emotion),
        lambda: fitted.predict(features),
        lambda: LandmarkFeatures().transform(features),
    ):
        with pytest.raises(ValueError, match="got features"):
            call()


def test_two_classes_have_a_1d_decision_function():
    classifier = EmotionClassifier().fit(TWO.landmarks, TWO.emotion)
    score = classifier.decision_function(TWO.landmarks)
    assert score.shape == (len(TWO),)
    odds = 1 / (1 + np.exp(-score))
    np.testing.assert_allclose(classifier.predict_proba(TWO.landmarks)[:, 1], odds)
    assert roc_auc_score(TWO.emotion == "neutral", score) > 0.95


@pytest.mark.parametrize(
    "labels", [["no!", "yes!"], [3, 11], ["2.5", "7"], np.array(["a", "b,c"], dtype=object)]
)
def test_only_models_require_class_names(labels):
    y = np.array(labels)[(TWO.emotion == "neutral").astype(int)]
    classifier = EmotionClassifier().fit(TWO.landmarks, y)
    assert classifier.predict(TWO.landmarks).dtype == y.dtype
    assert (classifier.predict(TWO.landmarks) == y).mean() > 0.9
    with pytest.raises(ValueError, match="is no name for a class"):
        classifier.to_model()


def test_labels_of_a_model_need_not_be_emotions():
    y = np.where(TWO.emotion == "neutral", "awake", "Drowsy eyes")
    assert EmotionClassifier().fit(TWO.landmarks, y).to_model().emotions == ("Drowsy eyes", "awake")


def test_numeric_classes_stay_in_order():
    rng = np.random.default_rng(0)
    moves = rng.normal(0, 4, (12, 68, 2))
    y = np.tile(np.arange(12), 6)
    faces = template() + moves[y] + rng.normal(0, 0.5, (72, 68, 2))
    np.testing.assert_array_equal(EmotionClassifier().fit(faces, y).predict(faces), y)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"X": FACES.landmarks[:, :67]}, r"\(n, 68, 2\) or \(n, 136\)"),
        ({"X": FACES.landmarks[:0]}, "0 sample"),
        ({"X": np.where(FACES.landmarks > 250, np.nan, FACES.landmarks)}, "NaN"),
        ({"X": np.ones_like(FACES.landmarks)}, "coincide"),
        ({"y": FACES.emotion[:-1]}, "inconsistent numbers of samples"),
        ({"y": np.full(len(FACES), "fear")}, "two or more classes"),
        ({"y": np.linspace(0, 1, len(FACES))}, "continuous"),
        ({"groups": FACES.subject[:-1]}, "groups must have shape"),
        ({"sequence": FACES.sequence[:-1]}, "sequence must have shape"),
    ],
)
def test_invalid_data_are_refused(change, words):
    given = {"X": FACES.landmarks, "y": FACES.emotion} | change
    with pytest.raises(ValueError, match=words):
        EmotionClassifier().fit(**given)


@pytest.mark.parametrize(
    ("name", "value"),
    [("C", 0), ("shrinkage", 1.5), ("partway_weight", -1), ("temperature", np.nan)],
)
def test_parameters_are_checked_in_fit(name, value):
    classifier = EmotionClassifier().set_params(**{name: value})
    assert classifier.get_params()[name] is value
    with pytest.raises(ValueError, match=name):
        classifier.fit(FACES.landmarks, FACES.emotion)


def test_unfitted_estimators_raise():
    classifier = EmotionClassifier()
    for call in (classifier.predict, classifier.predict_proba, classifier.decision_function):
        with pytest.raises(NotFittedError):
            call(UNSEEN)
    with pytest.raises(NotFittedError):
        classifier.to_model()


def test_docstring_examples():
    result = doctest.testmod(estimators)
    assert result.attempted > 10
    assert result.failed == 0

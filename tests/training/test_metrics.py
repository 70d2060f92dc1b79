import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from landmark_emotion.training.metrics import (
    accuracy_at_coverage,
    calibration_error,
    coverage_curve,
    intervals,
    score,
)

TRUTH = np.array(["a", "a", "a", "b", "b", "c"])
NAMED = np.array(["a", "a", "b", "b", "b", "d"])


def test_scores_agree_with_scikit_learn():
    scores = score(TRUTH, NAMED)
    assert scores.accuracy == pytest.approx(4 / 6)
    assert scores.majority == pytest.approx(1 / 2)
    assert scores.recall == {"a": pytest.approx(2 / 3), "b": 1, "c": 0}
    assert scores.precision == {"a": 1, "b": pytest.approx(2 / 3), "d": 0}
    with pytest.warns(UserWarning, match="y_pred contains classes"):
        expected = balanced_accuracy_score(TRUTH, NAMED)
    assert scores.balanced_accuracy == pytest.approx(expected)
    assert scores.macro_f1 == pytest.approx(
        f1_score(TRUTH, NAMED, labels=["a", "b", "c"], average="macro")
    )
    assert scores.as_json()["confusion"]["c"] == {"a": 0, "b": 0, "c": 0, "d": 1}


def test_nothing_to_score_is_the_callers_mistake():
    with pytest.raises(ValueError, match="must match"):
        score(TRUTH, NAMED[:3])
    with pytest.raises(ValueError, match="must match"):
        score(TRUTH[:0], NAMED[:0])


def test_calibration_error_sees_too_much_and_too_little_trust():
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.3, 1, 20_000)
    honest = rng.random(20_000) < confidence
    assert calibration_error(confidence, honest) < 0.02
    boasting = rng.random(20_000) < confidence - 0.2
    assert calibration_error(confidence, boasting) == pytest.approx(0.2, abs=0.02)
    assert calibration_error(np.array([1.0]), np.array([True])) == 0


def test_the_surest_samples_come_first():
    confidence = np.array([0.9, 0.5, 0.8, 0.6, 0.7])
    right = np.array([True, False, True, False, True])
    assert accuracy_at_coverage(confidence, right, 0.6) == 1
    coverage, accuracy = coverage_curve(confidence, right)
    assert coverage[-1] == 1
    assert accuracy.tolist() == pytest.approx([1, 1, 1, 0.75, 0.6])


def test_intervals_are_wider_when_errors_come_by_person():
    truth = np.tile(["a", "b"], 200)
    subject = np.repeat(np.arange(40).astype(str), 10)
    rng = np.random.default_rng(0)
    scattered = np.where(rng.random(400) < 0.2, "x", truth)
    by_person = np.where(np.isin(subject, np.arange(8).astype(str)), "x", truth)

    def width(named):
        low, high = intervals(truth, named, subject)["accuracy"]
        assert low < (truth == named).mean() < high
        return high - low

    assert width(by_person) > 1.5 * width(scattered)

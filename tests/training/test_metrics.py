import tracemalloc

import numpy as np
import pytest

from landmark_emotion.training.metrics import (
    accuracy_at_coverage,
    calibration_error,
    coverage_curve,
    evaluate,
    intervals,
    score,
)

TRUTH = np.array(["a", "a", "a", "b", "b", "c"])
NAMED = np.array(["a", "a", "b", "b", "b", "d"])


def test_scores_count_emotions_that_occur():
    scores = score(TRUTH, NAMED)
    assert scores["accuracy"] == pytest.approx(4 / 6)
    assert scores["majority_baseline"] == pytest.approx(1 / 2)
    assert scores["recall"] == {"a": pytest.approx(2 / 3), "b": 1, "c": 0}
    assert scores["precision"] == {"a": 1, "b": pytest.approx(2 / 3), "d": 0}
    assert scores["balanced_accuracy"] == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert scores["macro_f1"] == pytest.approx((0.8 + 0.8 + 0) / 3)
    assert scores["confusion"]["c"] == {"a": 0, "b": 0, "c": 0, "d": 1}


def test_an_emotion_unknown_to_the_model_has_probability_zero():
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2]])
    truth, subject = np.array(["a", "c"]), np.array(["S1", "S2"])
    scores = evaluate("test", ("a", "b"), truth, subject, probabilities).scores
    assert scores["log_loss"] == pytest.approx((-np.log(0.9) - np.log(1e-12)) / 2)
    assert scores["subjects"] == {"S1": {"n": 1, "right": 1}, "S2": {"n": 1, "right": 0}}


def test_calibration_error_sees_too_much_and_too_little_confidence():
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.3, 1, 20_000)
    honest = rng.random(20_000) < confidence
    assert calibration_error(confidence, honest) < 0.02
    overconfident = rng.random(20_000) < confidence - 0.2
    assert calibration_error(confidence, overconfident) == pytest.approx(0.2, abs=0.02)
    assert calibration_error(np.array([1.0]), np.array([True])) == 0


def test_coverage_keeps_the_most_confident_samples():
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


def test_a_subject_named_like_a_number_is_not_an_unknown_one():
    truth, named = np.array(["a"] * 40), np.array(["a"] * 20 + ["b"] * 20)
    numbers = np.array([""] * 20 + [str(index) for index in range(20)])
    names = np.array([""] * 20 + [f"S{index}" for index in range(20)])
    assert intervals(truth, named, numbers) == intervals(truth, named, names)


def test_the_bootstrap_of_many_people_needs_little_memory(monkeypatch):
    monkeypatch.setattr("landmark_emotion.training.metrics.RESAMPLES", 300)
    truth, subject = np.tile(["a", "b"], 10_000), np.full(20_000, "")
    named = np.where(np.arange(20_000) % 3 == 0, "a", truth)
    tracemalloc.start()
    try:
        intervals(truth, named, subject)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 70e6  # all resamples at once take 96 MB


def test_a_recall_of_all_or_none_has_an_interval_with_a_width():
    truth = np.repeat(["anger", "fear", "neutral"], 12)
    predicted = np.repeat(["anger", "neutral", "neutral"], 12)
    subject = np.tile(np.arange(12).astype(str), 3)
    recall = intervals(truth, predicted, subject)["recall"]
    # Wilson's interval of 12 of 12, as in the tables of Newcombe (1998).
    assert recall["anger"] == pytest.approx([0.7575, 1.0], abs=1e-4)
    assert recall["fear"] == pytest.approx([0.0, 0.2425], abs=1e-4)

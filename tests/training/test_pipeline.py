import numpy as np
import pytest

from landmark_emotion.training.pipeline import SoftVotingSVC, fit_temperature


def test_a_rare_emotion_counts_as_much_as_a_common_one():
    rng = np.random.default_rng(0)
    common, rare = rng.normal(-1, 1.5, (300, 1)), rng.normal(1, 1.5, (20, 1))
    X, y = np.concatenate([common, rare]), np.array(["a"] * 300 + ["b"] * 20)
    predicted = SoftVotingSVC(C=1).fit(X, y).predict(X)
    assert (predicted[y == "b"] == "b").mean() > 0.6


@pytest.mark.parametrize("true_temperature", [0.3, 1.0, 4.0])
def test_the_temperature_is_recovered(true_temperature):
    rng = np.random.default_rng(0)
    votes = rng.normal(0, 3, (4000, 3))
    powers = np.exp(votes / true_temperature)
    drawn = (powers / powers.sum(1, keepdims=True)).cumsum(1) > rng.random((4000, 1))
    y = np.array(["a", "b", "c"])[drawn.argmax(axis=1)]
    assert fit_temperature(votes, y, ["a", "b", "c"]) == pytest.approx(true_temperature, rel=0.1)

import numpy as np
import pytest

from landmark_emotion.model.head import soft_votes
from landmark_emotion.training.heads import fit_head, fit_temperature
from landmark_emotion.training.recipe import HeadRecipe


def fit(X, y, weight=None, **options):
    weight = np.ones(len(y)) if weight is None else weight
    recipe = HeadRecipe(0.01, shrinkage=0.1, partway=())
    return fit_head(X, np.array(y), weight, recipe, origin=np.zeros(136), **options)


@pytest.mark.parametrize("k", [2, 3])
def test_votes_are_for_the_true_class(k):
    rng = np.random.default_rng(0)
    y = np.tile(["a", "b", "c"][:k], 100)
    X = rng.normal(0, 1, (len(y), 136))
    X[np.arange(len(y)), np.searchsorted(["a", "b", "c"], y)] += 4
    head = fit(X, y)
    predicted = np.array(["a", "b", "c"])[soft_votes(head.margins(X), k).argmax(axis=1)]
    assert (predicted == y).mean() > 0.95


def test_directions_in_which_everyone_differs_count_for_less():
    rng = np.random.default_rng(0)
    y = np.repeat(["a", "b"], 300)
    X = rng.normal(0, 1, (600, 136))
    X[:, 0] *= 30  # differs between people and says little about the class
    X[y == "a", :2] += 2
    direction = np.abs(fit(X, y).weights[0])
    assert direction[0] < 0.1 * direction[1]


def test_a_rare_class_counts_as_much_as_a_common_one():
    rng = np.random.default_rng(0)
    X, new = rng.normal(0, 1, (2060, 136)), rng.normal(0, 1, (500, 136))
    X[:2000, 0] -= 1.5
    X[2000:, 0] += 1.5
    new[:, 0] += 1.5
    head = fit(X, ["a"] * 2000 + ["b"] * 60)
    assert (head.margins(new)[:, 0] < 0).mean() > 0.6


def test_features_are_given_to_the_head_minus_the_origin():
    rng = np.random.default_rng(0)
    y = np.repeat(["a", "b"], 50)
    X, origin = rng.normal(0, 1, (100, 136)), rng.normal(0, 1, 136)
    plain, moved = (
        fit_head(X, y, np.ones(100), HeadRecipe(0.01, 0.1, ()), origin=o)
        for o in (np.zeros(136), origin)
    )
    np.testing.assert_allclose(plain.margins(X), moved.margins(X - origin), atol=1e-9)


@pytest.mark.parametrize("true_temperature", [0.3, 1.0, 4.0])
def test_the_temperature_is_recovered(true_temperature):
    rng = np.random.default_rng(0)
    votes = rng.normal(0, 3, (4000, 3))
    powers = np.exp(votes / true_temperature)
    drawn = (powers / powers.sum(1, keepdims=True)).cumsum(1) > rng.random((4000, 1))
    y = np.array(["a", "b", "c"])[drawn.argmax(axis=1)]
    assert fit_temperature(votes, y, ["a", "b", "c"]) == pytest.approx(true_temperature, rel=0.1)

"""One-vs-one classifiers, and how their margins become votes and probabilities."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.model.features import N_FEATURES


@dataclass(frozen=True)
class Head:
    """A linear one-vs-one classifier of features of one kind.

    Attributes
    ----------
    weights : ndarray of shape (pairs, 136)
        One row per pair of emotions (0, 1), (0, 2), ..., (1, 2), ...; a positive margin is a vote
        for the first of the pair.
    biases : ndarray of shape (pairs,)
        The margins if all features are 0.
    temperature : float
        Divides the votes before the softmax (temperature scaling, Guo et al. 2017).
    """

    weights: NDArray[np.float64]
    biases: NDArray[np.float64]
    temperature: float

    def __post_init__(self) -> None:
        pairs = len(self.biases)
        if self.biases.ndim != 1 or self.weights.shape != (pairs, N_FEATURES):
            raise ValueError(
                f"weights and biases must have shapes ({pairs}, {N_FEATURES}) and ({pairs},), got "
                f"{self.weights.shape} and {self.biases.shape}"
            )
        for array in (self.weights, self.biases):
            check_finite(array)
        if not 1e-6 < self.temperature < 1e6:
            raise ValueError(f"temperature must be positive and finite, got {self.temperature}")

    def margins(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute margins of shape (..., pairs) from features of shape (..., 136)."""
        return np.asarray(features @ self.weights.T + self.biases, dtype=np.float64)


def soft_votes(margins: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    """Sum the votes of the one-vs-one classifiers, each weighted by its confidence.

    The score of an emotion is the sum over its pairs of the log-sigmoid of the margin in its
    favor, so one clear defeat outweighs several narrow wins.

    Parameters
    ----------
    margins : ndarray of shape (..., k * (k - 1) / 2)
        Decision values in the order of `Head.weights`.
    k : int
        Number of emotions.

    Returns
    -------
    ndarray of shape (..., k)
        Scores, at most 0.
    """
    first, second = _pairs(k)
    lost = np.logaddexp(0, -margins)  # minus the log-sigmoid
    return np.asarray(-(lost @ first + (lost + margins) @ second), dtype=np.float64)


@lru_cache(maxsize=8)
def _pairs(k: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mark the first and the second emotion of each pair by 1, both of shape (pairs, k)."""
    first, second = np.triu_indices(k, 1)
    return np.eye(k)[first], np.eye(k)[second]


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn scores into probabilities along the last axis.

    Parameters
    ----------
    scores : ndarray of shape (..., k)
        Any finite numbers.

    Returns
    -------
    ndarray of shape (..., k)
        Positive, summing to 1.
    """
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), dtype=np.float64)


def check_finite(array: NDArray[np.float64]) -> None:
    """Check that no number of a model is too large to be added up, or NaN.

    Raises
    ------
    ValueError
        If one is.
    """
    # Sums of larger numbers could overflow.
    if not (np.abs(array) < 1e100).all():
        raise ValueError("a model's numbers must be finite")

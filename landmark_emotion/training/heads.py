"""Fit one head of a model: whitening and a linear SVM, folded into one matrix product."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.svm import SVC
from threadpoolctl import ThreadpoolController

from landmark_emotion.model.classifier import Head, softmax
from landmark_emotion.training.metrics import log_loss
from landmark_emotion.training.recipe import HeadRecipe
from landmark_emotion.training.training_set import Features

# Finding the libraries takes as long as a fit to few samples.
_threads = lru_cache(maxsize=1)(ThreadpoolController)


def fit_head(
    X: Features,
    y: NDArray[np.str_],
    weight: NDArray[np.float64],
    recipe: HeadRecipe,
    *,
    temperature: float = 1.0,
    origin: NDArray[np.float64],
) -> Head:
    """Fit a one-vs-one classifier in which all classes have the same total weight.

    Parameters
    ----------
    X, y, weight : ndarray of shape (n, 136), (n,) and (n,)
        Features, labels and weights of the samples.
    recipe : HeadRecipe
        How to fit.
    temperature : float
        Divisor of the votes before they become probabilities.
    origin : ndarray of shape (136,)
        What is subtracted from features before the head sees them.

    Returns
    -------
    Head
        Its pairs are in the order of the sorted labels.
    """
    classes, column = np.unique(y, return_inverse=True)
    # Samples have a mean weight of 1.
    weight = weight / np.bincount(column, weight)[column] * len(y) / len(classes)
    # On matrices this small, the threads of BLAS cost many times what they gain.
    with _threads().limit(limits=1):
        mean, matrix = _whitening(X, y, recipe.shrinkage)
        svm = SVC(kernel="linear", C=recipe.C, decision_function_shape="ovo", cache_size=500)
        svm.fit((X - mean) @ matrix, y, sample_weight=weight)
    # With two classes only, positive values of scikit-learn favor the second.
    sign = -1.0 if len(classes) == 2 else 1.0
    weights = sign * svm.coef_ @ matrix.T
    biases = sign * svm.intercept_ + weights @ (origin - mean)
    return Head(np.ascontiguousarray(weights), np.asarray(biases), float(temperature))


def _whitening(
    X: Features, y: NDArray[np.str_], shrinkage: float | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean, and a matrix that makes the within-class covariance the identity.

    Directions in which faces of one emotion differ much count for less. The covariance is shrunk
    toward a multiple of the identity (Ledoit and Wolf 2004, "A well-conditioned estimator for
    large-dimensional covariance matrices").
    """
    inside = np.concatenate([X[y == label] - X[y == label].mean(axis=0) for label in np.unique(y)])
    if shrinkage is None:
        shrinkage = ledoit_wolf_shrinkage(inside, assume_centered=True)
    covariance = inside.T @ inside / len(inside)
    sphere = max(float(np.trace(covariance)) / len(covariance), 1e-12)
    covariance = (1 - shrinkage) * covariance + shrinkage * sphere * np.eye(len(covariance))
    values, vectors = np.linalg.eigh(covariance)
    return X.mean(axis=0), vectors / np.sqrt(np.maximum(values, 1e-6 * sphere))


def fit_temperature(
    votes: ArrayLike,
    y: ArrayLike,
    classes: Sequence[str],
    weight: NDArray[np.float64] | None = None,
) -> float:
    """Find the temperature that calibrates the probabilities.

    It minimizes the log loss of ``softmax(votes / temperature)`` (Guo et al. 2017, "On
    calibration of modern neural networks") and is between 0.01 and 100.

    Parameters
    ----------
    votes : array_like of shape (n, k)
        Votes at temperature 1 for samples that the classifier was not fitted to.
    y, weight : array_like of shape (n,)
        The true labels and optional weights.
    classes : sequence of str
        The labels of the columns, sorted.
    """
    votes, column = np.asarray(votes), np.searchsorted(classes, np.asarray(y))

    def loss(log_temperature: float) -> float:
        probabilities = softmax(votes / np.exp(log_temperature))
        return log_loss(probabilities[np.arange(len(column)), column], weight)

    bounds = (np.log(0.01), np.log(100.0))
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))

"""Fit one head of a model: whitening and a linear SVM, folded into one matrix product."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from sklearn import config_context
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.svm import LinearSVC
from threadpoolctl import ThreadpoolController

from landmark_emotion.model.face import MIRROR_ORDER, N_LANDMARKS
from landmark_emotion.model.features import N_FEATURES, mirror_features
from landmark_emotion.model.head import Head, softmax
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
    weight = weight / np.bincount(column, weight)[column] * weight.sum() / len(classes)
    pairs = list(combinations(range(len(classes)), 2))
    # On matrices this small, the threads of BLAS and repeated checks cost more than the fit.
    quick = config_context(assume_finite=True, skip_parameter_validation=True)
    with _threads().limit(limits=1), quick:
        mean, matrix = _whitening(X, y, recipe.shrinkage)
        white = (X - mean) @ matrix
        machines = [_fit_pair(white, column, weight, pair, recipe.C) for pair in pairs]
    weights = np.array([weights for weights, _ in machines]) @ matrix.T
    biases = np.array([bias for _, bias in machines]) + weights @ (origin - mean)
    return Head(np.ascontiguousarray(weights), biases, float(temperature))


def _fit_pair(
    X: Features,
    column: NDArray[np.intp],
    weight: NDArray[np.float64],
    pair: tuple[int, int],
    C: float,
) -> tuple[NDArray[np.float64], float]:
    """Fit the weights and the bias of a pair of classes; positive margins favor the first."""
    rows = np.isin(column, pair)
    # The bias is hardly regularized. Solving the primal problem needs no random numbers.
    svm = LinearSVC(C=C, loss="squared_hinge", dual=False, intercept_scaling=10.0)
    svm.fit(X[rows], column[rows] == pair[0], sample_weight=weight[rows])
    return svm.coef_[0], float(svm.intercept_[0])


def _whitening(
    X: Features, y: NDArray[np.str_], shrinkage: float | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean (136,), and a matrix (136, 68) that whitens the symmetric part of faces.

    The within-class covariance becomes the identity, so directions in which faces of one emotion
    differ much count for less. It is shrunk toward a multiple of the identity (Ledoit and Wolf
    2004, "A well-conditioned estimator for large-dimensional covariance matrices").

    A face and its mirror image have the same emotion. A linear classifier fitted to both has
    weights that do not tell them apart, and thus depends on the symmetric part alone.
    """
    inside = np.concatenate([X[y == label] - X[y == label].mean(axis=0) for label in np.unique(y)])
    inside = np.concatenate([inside, mirror_features(inside)])
    if shrinkage is None:
        shrinkage = ledoit_wolf_shrinkage(inside, assume_centered=True)
    covariance = inside.T @ inside / len(inside)
    sphere = max(float(np.trace(covariance)) / len(covariance), 1e-12)
    basis = _symmetric_basis()
    covariance = (1 - shrinkage) * basis.T @ covariance @ basis
    covariance += shrinkage * sphere * np.eye(len(covariance))
    values, vectors = np.linalg.eigh(covariance)
    mean = X.mean(axis=0)
    return (mean + mirror_features(mean)) / 2, basis @ (
        vectors / np.sqrt(np.maximum(values, 1e-6 * sphere))
    )


def _symmetric_basis() -> NDArray[np.float64]:
    """Return an orthonormal basis (136, 68) of the features of symmetric faces."""
    unit = np.eye(N_FEATURES)
    kept = [index for index in range(N_FEATURES) if _first_of_pair(index)]
    basis = (unit + mirror_features(unit))[kept]
    return np.asarray((basis / np.linalg.norm(basis, axis=1, keepdims=True)).T)


def _first_of_pair(index: int) -> bool:
    """Return whether a feature comes before its mirror image; on the midline only y does."""
    landmark = index % N_LANDMARKS
    twin = int(MIRROR_ORDER[landmark])
    return landmark < twin or (landmark == twin and index >= N_LANDMARKS)


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

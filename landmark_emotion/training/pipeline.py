"""The classifier of features: whitening and a linear SVM, both scikit-learn estimators."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC
from threadpoolctl import ThreadpoolController

from landmark_emotion.model.classifier import Head, soft_votes, softmax
from landmark_emotion.training.metrics import log_loss
from landmark_emotion.training.recipe import HeadRecipe
from landmark_emotion.training.training_set import Features


class WithinClassWhitening(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Transform features so that the pooled within-class covariance becomes the identity.

    Directions in which faces of one emotion differ much count for less. The covariance is shrunk
    toward a multiple of the identity (Ledoit and Wolf 2004, "A well-conditioned estimator for
    large-dimensional covariance matrices").

    Parameters
    ----------
    shrinkage : float or None
        From 0 to 1; None for Ledoit and Wolf's estimate.

    Attributes
    ----------
    mean_ : ndarray of shape (d,)
        Mean of the samples.
    matrix_ : ndarray of shape (d, d)
        Differences from the mean are multiplied by it from the right.
    """

    def __init__(self, shrinkage: float | None = None) -> None:
        self.shrinkage = shrinkage

    def fit(self, X: Features, y: NDArray[np.str_]) -> "WithinClassWhitening":
        """Fit to features of shape (n, d) and labels of shape (n,)."""
        self.mean_ = X.mean(axis=0)
        inside = np.concatenate(
            [X[y == label] - X[y == label].mean(axis=0) for label in np.unique(y)]
        )
        shrinkage = self.shrinkage
        if shrinkage is None:
            shrinkage = ledoit_wolf_shrinkage(inside, assume_centered=True)
        covariance = inside.T @ inside / len(inside)
        sphere = max(float(np.trace(covariance)) / len(covariance), 1e-12)
        covariance = (1 - shrinkage) * covariance + shrinkage * sphere * np.eye(len(covariance))
        values, vectors = np.linalg.eigh(covariance)
        self.matrix_ = vectors / np.sqrt(np.maximum(values, 1e-6 * sphere))
        return self

    def transform(self, X: Features) -> Features:
        """Whiten features of shape (n, d)."""
        return np.asarray((X - self.mean_) @ self.matrix_)


class SoftVotingSVC(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A linear one-vs-one SVM with balanced classes and votes weighted by the margins.

    Parameters
    ----------
    C : float
        Penalty of the SVM.
    temperature : float
        Divisor of the votes before they become probabilities.

    Attributes
    ----------
    classes_ : ndarray of shape (k,)
        The labels, sorted.
    svc_ : SVC
        The fitted SVM.
    """

    def __init__(self, C: float = 1.0, temperature: float = 1.0) -> None:
        self.C = C
        self.temperature = temperature

    def fit(
        self, X: Features, y: NDArray[np.str_], sample_weight: NDArray[np.float64] | None = None
    ) -> "SoftVotingSVC":
        """Fit to features of shape (n, d), labels and optional weights of shape (n,)."""
        weight = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight)
        self.classes_, column = np.unique(y, return_inverse=True)
        # All classes have the same total weight, and samples a mean weight of 1.
        weight = weight / np.bincount(column, weight)[column] * len(y) / len(self.classes_)
        self.svc_ = SVC(kernel="linear", C=self.C, decision_function_shape="ovo", cache_size=500)
        self.svc_.fit(X, y, sample_weight=weight)
        return self

    def pair_weights(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return weights (pairs, d) and biases (pairs,); positive margins favor the first class."""
        # With two classes only, positive values of scikit-learn favor the second.
        sign = -1.0 if len(self.classes_) == 2 else 1.0
        return sign * self.svc_.coef_, sign * self.svc_.intercept_

    def decision_function(self, X: Features) -> NDArray[np.float64]:
        """Return the votes for every class, shape (n, k), divided by the temperature."""
        weights, biases = self.pair_weights()
        votes = soft_votes(np.asarray(X @ weights.T + biases), len(self.classes_))
        return votes / self.temperature

    def predict_proba(self, X: Features) -> NDArray[np.float64]:
        """Return probabilities of shape (n, k)."""
        return softmax(self.decision_function(X))

    def predict(self, X: Features) -> NDArray[np.str_]:
        """Return the most probable label of each row, shape (n,)."""
        return np.asarray(self.classes_[self.decision_function(X).argmax(axis=1)])


# Finding the libraries takes as long as a fit to few samples.
_threads = lru_cache(maxsize=1)(ThreadpoolController)


def fit_pipeline(
    X: Features,
    y: NDArray[np.str_],
    weight: NDArray[np.float64],
    recipe: HeadRecipe,
    *,
    temperature: float = 1.0,
) -> Pipeline:
    """Fit the classifier of features.

    Parameters
    ----------
    X : ndarray of shape (n, 136)
        Features.
    y, weight : ndarray of shape (n,)
        Labels and weights of the samples.
    recipe : HeadRecipe
        How to fit.
    temperature : float
        Divisor of the votes before they become probabilities.

    Returns
    -------
    Pipeline
        Fitted steps ``whiten`` and ``svm``.
    """
    # On matrices this small, the threads of BLAS cost many times what they gain.
    with _threads().limit(limits=1):
        whiten = WithinClassWhitening(recipe.shrinkage).fit(X, y)
        # Not Pipeline.fit, to which weights cannot be passed under metadata routing.
        svm = SoftVotingSVC(recipe.C, temperature).fit(whiten.transform(X), y, weight)
    return Pipeline([("whiten", whiten), ("svm", svm)])


def fold_pipeline(pipeline: Pipeline, origin: NDArray[np.float64]) -> Head:
    """Fold whitening and SVM into one matrix product.

    Parameters
    ----------
    pipeline : Pipeline
        From `fit_pipeline`.
    origin : ndarray of shape (136,)
        What is subtracted from features before the head sees them.

    Returns
    -------
    Head
        Gives the same votes up to rounding.
    """
    whiten, svm = pipeline["whiten"], pipeline["svm"]
    weights, biases = svm.pair_weights()
    weights = weights @ whiten.matrix_.T
    return Head(
        weights=np.ascontiguousarray(weights),
        biases=np.asarray(biases + weights @ (origin - whiten.mean_), dtype=np.float64),
        temperature=float(svm.temperature),
    )


def fit_temperature(
    votes: ArrayLike,
    y: ArrayLike,
    classes: Sequence[str],
    weight: NDArray[np.float64] | None = None,
) -> float:
    """Find the temperature that calibrates the probabilities.

    It minimizes the log loss of ``softmax(votes / temperature)`` (Guo et al. 2017, "On
    calibration of modern neural networks").

    Parameters
    ----------
    votes : array_like of shape (n, k)
        Votes at temperature 1 for samples that the classifier was not fitted to.
    y : array_like of shape (n,)
        The true labels.
    classes : sequence of str
        The labels of the columns, sorted.
    weight : ndarray of shape (n,), optional
        Weights of the samples.

    Returns
    -------
    float
        Between 0.01 and 100.
    """
    votes, column = np.asarray(votes), np.searchsorted(classes, np.asarray(y))

    def loss(log_temperature: float) -> float:
        probabilities = softmax(votes / np.exp(log_temperature))
        return log_loss(probabilities[np.arange(len(column)), column], weight)

    bounds = (np.log(0.01), np.log(100.0))
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))

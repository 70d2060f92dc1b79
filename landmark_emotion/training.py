"""A landmark table becomes a model: scikit-learn fits, plain arrays come out.

`Recipe` and `make_pipeline` say how, and nothing else does: change them, and evaluation, training
and the model file follow.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

from landmark_emotion.errors import TrainingError
from landmark_emotion.features import landmark_features, mirror_features
from landmark_emotion.model import EmotionModel, Head, soft_votes, softmax
from landmark_emotion.neutral import own_neutrals
from landmark_emotion.table import LandmarkTable

Features = NDArray[np.float64]
"""Features of faces, or how they differ from the person's neutral face: shape (n, 136)."""


@dataclass(frozen=True)
class Recipe:
    """What can be chosen about training.

    Attributes
    ----------
    C : float
        The SVM's penalty.
    shrinkage : float or None
        How far the within-class covariance is drawn towards a sphere, from 0 to 1; None lets the
        data decide.
    """

    C: float = 0.001
    shrinkage: float | None = None


class WithinClassWhitening(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Makes directions in which faces of one emotion differ much count for less.

    The pooled within-class covariance, drawn towards a sphere (Ledoit and Wolf 2004, "A
    well-conditioned estimator for large-dimensional covariance matrices"), becomes the identity.

    Parameters
    ----------
    shrinkage : float or None
        From 0 to 1; None for Ledoit and Wolf's estimate.

    Attributes
    ----------
    mean_ : ndarray of shape (d,)
        Mean of the samples.
    matrix_ : ndarray of shape (d, d)
        What differences from the mean are multiplied by from the right.
    """

    def __init__(self, shrinkage: float | None = None) -> None:
        self.shrinkage = shrinkage

    def fit(self, X: Features, y: NDArray[np.str_]) -> "WithinClassWhitening":
        """Fit to features of shape (n, d) and labels of shape (n,)."""
        self.mean_ = X.mean(axis=0)
        inside = np.concatenate([X[y == label] - X[y == label].mean(axis=0) for label in set(y)])
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
    """A linear one-vs-one SVM with balanced classes whose pairs vote with how sure they are.

    Parameters
    ----------
    C : float
        The SVM's penalty.
    temperature : float
        What the votes are divided by before they become probabilities.

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
        """Fit to features of shape (n, d), labels and, where given, weights of shape (n,)."""
        weight = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight)
        self.classes_, column = np.unique(y, return_inverse=True)
        # Every class weighs the same in all, and a sample 1 on average.
        weight = weight / np.bincount(column, weight)[column] * len(y) / len(self.classes_)
        self.svc_ = SVC(kernel="linear", C=self.C, decision_function_shape="ovo", cache_size=500)
        self.svc_.fit(X, y, sample_weight=weight)
        return self

    def pair_weights(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return weights (pairs, d) and biases (pairs,); positive speaks for the pair's first."""
        # With two classes alone, scikit-learn counts towards the second.
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
        """Return the likeliest label of each row, shape (n,)."""
        return np.asarray(self.classes_[self.decision_function(X).argmax(axis=1)])


def make_pipeline(recipe: Recipe, temperature: float = 1.0) -> Pipeline:
    """Make an unfitted classifier of features of shape (n, 136).

    Parameters
    ----------
    recipe : Recipe
        What can be chosen.
    temperature : float
        What the votes are divided by before they become probabilities.

    Returns
    -------
    Pipeline
        Steps ``whiten`` and ``svm``.
    """
    return Pipeline(
        [
            ("whiten", WithinClassWhitening(recipe.shrinkage)),
            ("svm", SoftVotingSVC(recipe.C, temperature)),
        ]
    )


@dataclass(frozen=True)
class TrainingSet:
    """Samples as numbers, ready to fit on.

    Attributes
    ----------
    features : ndarray of shape (n, 136)
        Of the faces.
    differences : ndarray of shape (n, 136)
        From the same person's other neutral faces; NaN where there is none.
    emotion, subject : ndarray of shape (n,), str
        What they show and who they are; an empty subject is unknown.
    weight : ndarray of shape (n,)
        Frames of one sequence that show the same emotion share a weight of 1.
    """

    features: Features
    differences: Features
    emotion: NDArray[np.str_]
    subject: NDArray[np.str_]
    weight: NDArray[np.float64]

    @classmethod
    def of(cls, table: LandmarkTable) -> "TrainingSet":
        """Compute it from a table."""
        features = landmark_features(table.landmarks)
        takes = [
            f"{sequence} {emotion}" if sequence else f"sample {index}"
            for index, (sequence, emotion) in enumerate(
                zip(table.sequence.tolist(), table.emotion.tolist(), strict=True)
            )
        ]
        _, take, count = np.unique(takes, return_inverse=True, return_counts=True)
        return cls(
            features=features,
            differences=features - own_neutrals(features, table.emotion, table.subject),
            emotion=table.emotion,
            subject=table.subject,
            weight=1 / count[take],
        )

    @property
    def has_neutral(self) -> NDArray[np.bool_]:
        """Which samples have a neutral face of the same person to compare with, shape (n,)."""
        return np.isfinite(self.differences[:, 0])

    def take(self, which: NDArray[Any]) -> "TrainingSet":
        """Return the samples at the given indices or where a mask of shape (n,) is true."""
        return TrainingSet(
            self.features[which],
            self.differences[which],
            self.emotion[which],
            self.subject[which],
            self.weight[which],
        )


def fit_static(samples: TrainingSet, recipe: Recipe, temperature: float = 1.0) -> Pipeline:
    """Fit the classifier of strangers' faces."""
    return _fit(samples.features, samples, recipe, temperature)


def fit_calibrated(samples: TrainingSet, recipe: Recipe, temperature: float = 1.0) -> Pipeline:
    """Fit the classifier of differences from the person's own neutral face.

    Samples without one are left out; those with one must show two or more emotions.
    """
    known = samples.take(samples.has_neutral)
    return _fit(known.differences, known, recipe, temperature)


def _fit(X: Features, samples: TrainingSet, recipe: Recipe, temperature: float) -> Pipeline:
    X = np.concatenate([X, mirror_features(X)])
    y = np.concatenate([samples.emotion] * 2)
    weight = np.concatenate([samples.weight] * 2)
    return make_pipeline(recipe, temperature).fit(X, y, svm__sample_weight=weight)


def fit_temperature(votes: ArrayLike, y: ArrayLike, classes: Sequence[str]) -> float:
    """Find the temperature that makes probabilities neither too sure nor too shy.

    It minimises the log loss of ``softmax(votes / temperature)`` (Guo et al. 2017, "On
    calibration of modern neural networks").

    Parameters
    ----------
    votes : array_like of shape (n, k)
        At temperature 1, from samples that the classifier was not fitted on.
    y : array_like of shape (n,)
        The true labels.
    classes : sequence of str
        What each column of the votes stands for.

    Returns
    -------
    float
        Between 0.01 and 100.
    """
    votes = np.asarray(votes)
    column = {label: index for index, label in enumerate(classes)}
    truth = np.array([column[label] for label in np.asarray(y)])

    def loss(log_temperature: float) -> float:
        probabilities = softmax(votes / np.exp(log_temperature))
        chosen = probabilities[np.arange(len(truth)), truth]
        return float(-np.log(np.maximum(chosen, 1e-12)).mean())

    bounds = (np.log(0.01), np.log(100.0))
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))


def usable(table: LandmarkTable, emotions: Sequence[str]) -> tuple[LandmarkTable, Counter[str]]:
    """Keep the samples that can be learned from.

    Parameters
    ----------
    table : LandmarkTable
        Any samples.
    emotions : sequence of str
        The emotions asked for.

    Returns
    -------
    table : LandmarkTable
        The samples of those emotions that have at least two.
    left_out : Counter
        How many others there were, by reason.

    Raises
    ------
    TrainingError
        If fewer than two emotions remain.
    """
    counts = Counter(table.emotion.tolist())
    left_out: Counter[str] = Counter()
    for emotion, count in counts.items():
        if emotion not in emotions:
            left_out[f"{emotion}, which was not asked for"] += count
        elif count < 2:
            left_out[f"{emotion}, of which there is only one"] += count
    kept = [emotion for emotion in emotions if counts[emotion] >= 2]
    if len(kept) < 2:
        have = ", ".join(f"{count} {emotion}" for emotion, count in sorted(counts.items()))
        raise TrainingError(
            f"data set: needs two or more emotions with two or more faces each, has "
            f"{have or 'no face at all'}; add images"
        )
    return table.take(np.isin(table.emotion, kept)), left_out


def fit_model(
    samples: TrainingSet,
    recipe: Recipe,
    temperatures: tuple[float, float] = (1.0, 1.0),
    info: dict[str, Any] | None = None,
) -> EmotionModel:
    """Fit a model on all samples.

    Parameters
    ----------
    samples : TrainingSet
        Two or more emotions.
    recipe : Recipe
        How to fit.
    temperatures : tuple of float
        Of the static and the calibrated head (see `evaluation.choose`).
    info : dict, optional
        JSON values to keep in the model: what it was trained on.

    Returns
    -------
    EmotionModel
        With a calibrated head where people's neutral faces are known for every emotion.

    Raises
    ------
    TrainingError
        If there are not two emotions.
    """
    emotions = sorted(set(samples.emotion.tolist()))
    if len(emotions) < 2:
        raise TrainingError("data set: holds one emotion only; add images of others")
    neutral = samples.emotion == "neutral"
    mean = samples.features[neutral if neutral.any() else slice(None)].mean(axis=0)
    static = fold_pipeline(fit_static(samples, recipe, temperatures[0]), origin=mean)
    calibrated = None
    if can_calibrate(samples, emotions):
        pipeline = fit_calibrated(samples, recipe, temperatures[1])
        calibrated = fold_pipeline(pipeline, origin=np.zeros_like(mean))
    return EmotionModel(tuple(emotions), mean, static, calibrated, info or {})


def can_calibrate(samples: TrainingSet, emotions: Sequence[str]) -> bool:
    """Tell whether every emotion occurs twice among samples with a neutral face to compare."""
    known = Counter(samples.emotion[samples.has_neutral].tolist())
    return all(known[emotion] >= 2 for emotion in emotions)


def fold_pipeline(pipeline: Pipeline, origin: NDArray[np.float64]) -> Head:
    """Fold the fitted whitening and SVM of `make_pipeline` into one matrix product.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted.
    origin : ndarray of shape (136,)
        What will have been taken off the features that the head is given.

    Returns
    -------
    Head
        The same votes to rounding.
    """
    whiten, svm = pipeline["whiten"], pipeline["svm"]
    weights, biases = svm.pair_weights()
    weights = weights @ whiten.matrix_.T
    return Head(
        weights=np.ascontiguousarray(weights),
        biases=np.asarray(biases + weights @ (origin - whiten.mean_), dtype=np.float64),
        temperature=float(svm.temperature),
    )

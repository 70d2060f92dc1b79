"""A landmark table becomes a model: scikit-learn fits, plain arrays come out.

`Recipe` and `make_pipeline` say how, and nothing else does: change them, and evaluation, training
and the model file follow.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC
from threadpoolctl import ThreadpoolController

from landmark_emotion.errors import TrainingError
from landmark_emotion.model.classifier import EmotionModel, Head, soft_votes, softmax
from landmark_emotion.model.features import landmark_features, mirror_features
from landmark_emotion.model.neutral import own_neutrals
from landmark_emotion.training.landmark_table import LandmarkTable

Features = NDArray[np.float64]
"""Features of faces, or how they differ from the person's neutral face: shape (n, 136)."""


@dataclass(frozen=True)
class HeadRecipe:
    """What can be chosen about one head.

    Attributes
    ----------
    C : float
        The SVM's penalty.
    shrinkage : float or None
        How far the within-class covariance is drawn toward a sphere, from 0 to 1; None lets the
        data decide.
    partway : tuple of float
        Further copies of each expression, this far on the way from the person's neutral face to
        it, since people outside the laboratory show less.
    """

    C: float
    shrinkage: float | None
    partway: tuple[float, ...]


@dataclass(frozen=True)
class Recipe:
    """What can be chosen about training.

    Attributes
    ----------
    static, calibrated : HeadRecipe
        For faces as they are, and for how they differ from the person's own neutral face.
    partway_weight : float
        What a copy counts for, of a sample's 1.
    prior : float
        See `EmotionModel`.
    """

    static: HeadRecipe = HeadRecipe(0.001, shrinkage=None, partway=(0.75,))
    calibrated: HeadRecipe = HeadRecipe(0.003, shrinkage=0.1, partway=(0.5, 0.75))
    partway_weight: float = 0.5
    prior: float = 0.5


class WithinClassWhitening(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Makes directions in which faces of one emotion differ much count for less.

    The pooled within-class covariance, drawn toward a sphere (Ledoit and Wolf 2004, "A
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
        # With two classes alone, scikit-learn counts toward the second.
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


def make_pipeline(recipe: HeadRecipe, temperature: float = 1.0) -> Pipeline:
    """Make an unfitted classifier of features of shape (n, 136).

    Parameters
    ----------
    recipe : HeadRecipe
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
    neutral : ndarray of shape (n, 136)
        Mean of the same person's other neutral faces; NaN where there is none.
    n_neutral : ndarray of shape (n,)
        Number of sequences that the mean comes from.
    emotion, subject : ndarray of shape (n,), str
        What they show and who they are; an empty subject is unknown.
    sequence : ndarray of shape (n,), str
        The same for frames of one recording that show the same emotion, otherwise unique.
    origin : ndarray of shape (n,), int
        Which table a sample comes from.
    weight : ndarray of shape (n,)
        Frames of one sequence and table share a weight of 1.
    """

    features: Features
    neutral: Features
    n_neutral: NDArray[np.int64]
    emotion: NDArray[np.str_]
    subject: NDArray[np.str_]
    sequence: NDArray[np.str_]
    origin: NDArray[np.int64]
    weight: NDArray[np.float64]

    @classmethod
    def of(cls, *tables: LandmarkTable) -> "TrainingSet":
        """Compute it from a table and, optionally, further ones to learn from."""
        features = landmark_features(np.concatenate([table.landmarks for table in tables]))
        emotion = np.concatenate([table.emotion for table in tables])
        subject = np.concatenate([table.subject for table in tables])
        sequence = np.concatenate([table.sequence for table in tables])
        origin = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
        sequence = np.array(
            [
                f"{name} {shown}" if name else f"sample {index}"
                for index, (name, shown) in enumerate(
                    zip(sequence.tolist(), emotion.tolist(), strict=True)
                )
            ]
        )
        weight = np.empty(len(sequence))
        for table in range(len(tables)):
            here = origin == table
            _, which, count = np.unique(sequence[here], return_inverse=True, return_counts=True)
            weight[here] = 1 / count[which]
        neutral, n_neutral = own_neutrals(features, emotion, subject, sequence)
        return cls(features, neutral, n_neutral, emotion, subject, sequence, origin, weight)

    @property
    def has_neutral(self) -> NDArray[np.bool_]:
        """Which samples have a neutral face of the same person to compare with, shape (n,)."""
        return np.asarray(self.n_neutral > 0)

    def select(self, which: NDArray[Any]) -> "TrainingSet":
        """Return the samples at the given indices or where a mask of shape (n,) is true."""
        return TrainingSet(**{f.name: getattr(self, f.name)[which] for f in fields(self)})

    def aligned(self) -> Features:
        """Return the features with what distinguishes the other tables as a whole taken off.

        Tables may have been measured under other conditions (size, compression). Where they hold
        sequences of the first table, the mean difference over these is known and not learned.
        """
        features = self.features.copy()
        first = {name: index for index, name in enumerate(self.sequence) if not self.origin[index]}
        for table in np.unique(self.origin[self.origin > 0]):
            shared = [
                (index, first[name])
                for index, name in enumerate(self.sequence)
                if self.origin[index] == table and name in first
            ]
            if shared:
                here, there = np.array(shared).T
                offset = (features[there] - features[here]).mean(axis=0)
                # Conditions have no left and right.
                features[self.origin == table] += (offset + mirror_features(offset)) / 2
        return features


def fit_model(
    samples: TrainingSet,
    recipe: Recipe | None = None,
    *,
    temperatures: tuple[float, float] = (1.0, 1.0),
    calibrated: bool = True,
    info: dict[str, Any] | None = None,
) -> EmotionModel:
    """Fit a model on all samples.

    Parameters
    ----------
    samples : TrainingSet
        Two or more emotions.
    recipe : Recipe, optional
        How to fit.
    temperatures : tuple of float
        Of the static and the calibrated head (see `evaluation.choose`).
    calibrated : bool
        Whether to fit a calibrated head, where people's neutral faces are known for every emotion.
    info : dict, optional
        JSON values to keep in the model: what it was trained on.

    Returns
    -------
    EmotionModel
        Folded into plain arrays.

    Raises
    ------
    TrainingError
        If there are not two emotions.
    """
    recipe = recipe or Recipe()
    emotions = tuple(sorted(set(samples.emotion.tolist())))
    if len(emotions) < 2:
        raise TrainingError("data set: holds one emotion only; add images of others")
    mean = average_face(samples)
    pipeline = fit_static(samples, recipe, temperatures[0])
    model = EmotionModel(
        emotions, mean, fold_pipeline(pipeline, mean), prior=recipe.prior, info=info or {}
    )
    if not (calibrated and can_calibrate(samples, emotions)):
        return model
    pipeline = fit_calibrated(samples, recipe, temperatures[1])
    return replace(model, calibrated=fold_pipeline(pipeline, np.zeros_like(mean)))


def fit_static(samples: TrainingSet, recipe: Recipe, temperature: float = 1.0) -> Pipeline:
    """Fit the classifier of faces as they are; its input are features."""
    features = samples.aligned()
    X, copied = _with_partway_copies(features, samples, recipe.static)
    return _fit(X, copied, samples, recipe, recipe.static, temperature)


def fit_calibrated(samples: TrainingSet, recipe: Recipe, temperature: float = 1.0) -> Pipeline:
    """Fit the classifier of differences from the person's own neutral face.

    Its input are features less `EmotionModel.blend` of the person's neutral ones. Samples of
    people without any are left out.
    """
    average = average_face(samples)
    known = samples.select(samples.has_neutral)
    features = samples.aligned()[samples.has_neutral]
    X, copied = _with_partway_copies(features, known, recipe.calibrated)
    n = known.n_neutral[:, np.newaxis]
    references = average + (known.neutral - average) * n / (n + recipe.prior)
    return _fit(X - references[copied], copied, known, recipe, recipe.calibrated, temperature)


def average_face(samples: TrainingSet) -> NDArray[np.float64]:
    """Return the mean features (136,) of neutral faces, of all where there is none.

    Those of the first table count, every person alike.
    """
    ours = samples.origin == 0
    neutral = ours & (samples.emotion == "neutral")
    chosen = neutral if neutral.any() else ours
    people = samples.subject[chosen]
    faces = samples.features[chosen]
    means = [faces[people == person].mean(axis=0) for person in np.unique(people)]
    return np.asarray(np.mean(means, axis=0), dtype=np.float64)


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


def _with_partway_copies(
    features: Features, samples: TrainingSet, recipe: HeadRecipe
) -> tuple[Features, NDArray[np.intp]]:
    """Append copies part of the way to each expression; return also what each row is a copy of."""
    everything = np.arange(len(features))
    expressions = np.flatnonzero(samples.has_neutral & (samples.emotion != "neutral"))
    neutral, peak = samples.neutral[expressions], features[expressions]
    X = np.concatenate([features, *(neutral + part * (peak - neutral) for part in recipe.partway)])
    return X, np.concatenate([everything, *([expressions] * len(recipe.partway))])


def _fit(
    X: Features,
    copied: NDArray[np.intp],
    samples: TrainingSet,
    recipe: Recipe,
    head: HeadRecipe,
    temperature: float,
) -> Pipeline:
    """Fit on rows X, which are (copies of) the given samples, and on their mirror images."""
    weight = samples.weight[copied]
    weight[len(samples.weight) :] *= recipe.partway_weight
    X = np.concatenate([X, mirror_features(X)])
    y = np.tile(samples.emotion[copied], 2)
    # On matrices as small as these, threads cost many times what they gain.
    with _thread_pools().limit(limits=1):
        return make_pipeline(head, temperature).fit(X, y, svm__sample_weight=np.tile(weight, 2))


# To find the libraries takes as long as fitting on few samples.
@lru_cache(maxsize=1)
def _thread_pools() -> ThreadpoolController:
    return ThreadpoolController()


def fit_temperature(
    votes: ArrayLike,
    y: ArrayLike,
    classes: Sequence[str],
    weight: NDArray[np.float64] | None = None,
) -> float:
    """Find the temperature that makes probabilities neither too sure nor too shy.

    It minimizes the log loss of ``softmax(votes / temperature)`` (Guo et al. 2017, "On
    calibration of modern neural networks").

    Parameters
    ----------
    votes : array_like of shape (n, k)
        At temperature 1, from samples that the classifier was not fitted on.
    y : array_like of shape (n,)
        The true labels.
    classes : sequence of str
        What each column of the votes stands for.
    weight : ndarray of shape (n,), optional
        What each sample counts for.

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
        return float(np.average(-np.log(np.maximum(chosen, 1e-12)), weights=weight))

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

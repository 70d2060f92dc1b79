"""A landmark table becomes a model: scikit-learn fits, plain arrays come out.

The recipe is `make_pipeline` and nothing else: change it there, and evaluation, training and the
model file follow.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from landmark_emotion.errors import TrainingError
from landmark_emotion.features import landmark_features
from landmark_emotion.model import EmotionModel, soft_votes, softmax
from landmark_emotion.table import LandmarkTable


class SoftVotingSVC(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A linear one-vs-one SVM whose pairs vote with how sure they are.

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

    def fit(self, X: NDArray[np.float64], y: NDArray[np.str_]) -> "SoftVotingSVC":
        """Fit to features of shape (n, d) and labels of shape (n,)."""
        self.svc_ = SVC(
            kernel="linear",
            C=self.C,
            class_weight="balanced",
            decision_function_shape="ovo",
            cache_size=500,
        ).fit(X, y)
        self.classes_ = self.svc_.classes_
        return self

    def pair_weights(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return weights (pairs, d) and biases (pairs,); positive speaks for the pair's first."""
        # With two classes alone, scikit-learn counts towards the second.
        sign = -1.0 if len(self.classes_) == 2 else 1.0
        return sign * self.svc_.coef_, sign * self.svc_.intercept_

    def decision_function(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the votes for every class, shape (n, k), divided by the temperature."""
        weights, biases = self.pair_weights()
        votes = soft_votes(np.asarray(X @ weights.T + biases), len(self.classes_))
        return votes / self.temperature

    def predict_proba(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return probabilities of shape (n, k)."""
        return softmax(self.decision_function(X))

    def predict(self, X: NDArray[np.float64]) -> NDArray[np.str_]:
        """Return the likeliest label of each row, shape (n,)."""
        return np.asarray(self.classes_[self.decision_function(X).argmax(axis=1)])


def make_pipeline(temperature: float = 1.0) -> Pipeline:
    """Make the unfitted classifier: landmarks of shape (n, 68, 2) in, emotions out.

    Parameters
    ----------
    temperature : float
        What the votes are divided by before they become probabilities.

    Returns
    -------
    Pipeline
        Steps ``features``, ``scale`` and ``svm``.
    """
    return Pipeline(
        [
            ("features", FunctionTransformer(landmark_features)),
            ("scale", StandardScaler()),
            ("svm", SoftVotingSVC(C=0.01, temperature=temperature)),
        ]
    )


def fit_temperature(scores: ArrayLike, y: ArrayLike, classes: Sequence[str]) -> float:
    """Find the temperature that makes probabilities neither too sure nor too shy.

    It minimises the log loss of ``softmax(scores / temperature)`` (Guo et al. 2017, "On
    calibration of modern neural networks").

    Parameters
    ----------
    scores : array_like of shape (n, k)
        Votes at temperature 1, from samples that the classifier was not fitted on.
    y : array_like of shape (n,)
        The true labels.
    classes : sequence of str
        What each column of the scores stands for.

    Returns
    -------
    float
        Between 0.01 and 100.
    """
    scores = np.asarray(scores)
    column = {label: index for index, label in enumerate(classes)}
    truth = np.array([column[label] for label in np.asarray(y)])

    def log_loss(log_temperature: float) -> float:
        probabilities = softmax(scores / np.exp(log_temperature))
        chosen = probabilities[np.arange(len(truth)), truth]
        return float(-np.log(np.maximum(chosen, 1e-12)).mean())

    bounds = (np.log(0.01), np.log(100.0))
    return float(np.exp(minimize_scalar(log_loss, bounds=bounds, method="bounded").x))


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


def train(
    table: LandmarkTable, *, temperature: float = 1.0, info: dict[str, Any] | None = None
) -> EmotionModel:
    """Fit a model on all samples of a table.

    Parameters
    ----------
    table : LandmarkTable
        At least two emotions.
    temperature : float
        From `fit_temperature` on out-of-fold scores.
    info : dict, optional
        JSON values to keep in the model: what it was trained on.

    Returns
    -------
    EmotionModel
        The same probabilities as the pipeline.

    Raises
    ------
    TrainingError
        If there are not two emotions.
    """
    if len(set(table.emotion.tolist())) < 2:
        raise TrainingError("data set: holds one emotion only; add images of others")
    pipeline = make_pipeline(temperature).fit(table.landmarks, table.emotion)
    return fold_pipeline(pipeline, info)


def fold_pipeline(pipeline: Pipeline, info: dict[str, Any] | None = None) -> EmotionModel:
    """Fold the fitted scaling and SVM of `make_pipeline` into one matrix product.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted.
    info : dict, optional
        JSON values to keep in the model.

    Returns
    -------
    EmotionModel
        The same probabilities to rounding.
    """
    scale, svm = pipeline["scale"], pipeline["svm"]
    weights, biases = svm.pair_weights()
    return EmotionModel(
        emotions=tuple(str(label) for label in svm.classes_),
        mean=scale.mean_.copy(),
        weights=np.ascontiguousarray(weights / scale.scale_),
        biases=np.array(biases, dtype=np.float64),
        temperature=float(svm.temperature),
        info=info or {},
    )

"""Features and static classifier as scikit-learn estimators of landmarks.

They work in pipelines, cross-validation and grid searches. For tools that require 2-d input,
reshape the landmarks to (n, 136), alternating x and y; do not confuse these with the 136 features.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    check_array,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
)

from landmark_emotion.model.classifier import EmotionModel
from landmark_emotion.model.face import N_LANDMARKS, Landmarks
from landmark_emotion.model.features import N_FEATURES, landmark_features
from landmark_emotion.model.head import soft_votes, softmax
from landmark_emotion.training.fit import average_face, fit_static
from landmark_emotion.training.landmark_table import LandmarkTable
from landmark_emotion.training.recipe import HeadRecipe, Recipe
from landmark_emotion.training.training_set import TrainingSet

_DEFAULT = Recipe()


class LandmarkFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Transform landmarks into features.

    It is stateless, so it need not be fitted.

    Parameters
    ----------
    reference : array_like of shape (136,), optional
        Features to subtract, such as those of a neutral face (`neutral.reference_from`).

    See Also
    --------
    landmark_emotion.model.features.landmark_features : Defines the features.
    """

    def __init__(self, reference: ArrayLike | None = None) -> None:
        self.reference = reference

    def fit(self, X: ArrayLike, y: Any = None) -> "LandmarkFeatures":
        """Check landmarks of shape (n, 68, 2) or (n, 136)."""
        landmark_features(_as_landmarks(X))
        self._offset()
        self.n_features_in_ = N_FEATURES
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Compute features of shape (n, 136) from landmarks of shape (n, 68, 2) or (n, 136)."""
        return landmark_features(_as_landmarks(X)) - self._offset()

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return x0 to x67, the components parallel to the line of the eyes, then y0 to y67."""
        names = [f"{axis}{index}" for axis in "xy" for index in range(N_LANDMARKS)]
        return np.array(names, dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.three_d_array = True
        return tags

    def _offset(self) -> NDArray[np.float64]:
        if self.reference is None:
            return np.zeros(N_FEATURES)
        offset = np.asarray(self.reference, dtype=np.float64)
        if offset.shape != (N_FEATURES,) or not np.isfinite(offset).all():
            raise ValueError(f"reference must be {N_FEATURES} finite numbers, got {offset.shape}")
        return offset


class EmotionClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """The static classifier of emotions, with landmarks as input.

    It computes the features itself, so `LandmarkFeatures` must not precede it. The parameters are
    those of `recipe.Recipe`. Choose the temperature by the log loss to calibrate probabilities,
    for instance with ``GridSearchCV(..., scoring="neg_log_loss")``.

    Parameters
    ----------
    C : float
        Penalty of the SVM.
    shrinkage : float or None
        Shrinkage of the within-class covariance, from 0 to 1; None estimates it from the data.
    partway : sequence of float
        Each expression is also learned from copies this far on the way from the person's neutral
        face to it. This requires `groups` in `fit` and samples labeled ``"neutral"``.
    partway_weight : float
        Weight of a copy; a sample has a weight of 1.
    temperature : float
        Divisor of the votes before they become probabilities.

    Attributes
    ----------
    classes_ : ndarray of shape (k,)
        The labels, sorted.
    mean_ : ndarray of shape (136,)
        Features of the average neutral face, or of the average face without a label ``"neutral"``.
    head_ : Head
        The fitted classifier of the difference of features from `mean_`.

    See Also
    --------
    landmark_emotion.training.fit.fit_model : Fits the calibrated classifier as well.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import GroupKFold, cross_val_score
    >>> from landmark_emotion.training.estimators import EmotionClassifier
    >>> random = np.random.default_rng(0)
    >>> emotion, subject = np.tile(["happiness", "neutral"], 30), np.repeat(np.arange(10), 6)
    >>> landmarks = random.normal(100, 30, (68, 2)) + random.normal(0, 1, (60, 68, 2))
    >>> landmarks[emotion == "happiness", 48:] *= 1.1
    >>> classifier = EmotionClassifier()
    >>> scores = cross_val_score(
    ...     classifier, landmarks, emotion, groups=subject, cv=GroupKFold(5)
    ... )
    >>> print(scores.mean())
    1.0
    >>> classifier.fit(landmarks, emotion, groups=subject).predict(landmarks[:2])
    array(['happiness', 'neutral'], dtype='<U9')
    >>> classifier.to_model().emotions
    ('happiness', 'neutral')
    """

    def __init__(
        self,
        C: float = _DEFAULT.static.C,
        shrinkage: float | None = _DEFAULT.static.shrinkage,
        partway: Sequence[float] = _DEFAULT.static.partway,
        partway_weight: float = _DEFAULT.partway_weight,
        temperature: float = 1.0,
    ) -> None:
        self.C = C
        self.shrinkage = shrinkage
        self.partway = partway
        self.partway_weight = partway_weight
        self.temperature = temperature

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        groups: ArrayLike | None = None,
        sequence: ArrayLike | None = None,
    ) -> "EmotionClassifier":
        """Fit to landmarks and labels.

        Parameters
        ----------
        X : array_like of shape (n, 68, 2) or (n, 136)
            In pixels, as (x, y).
        y : array_like of shape (n,)
            Labels of any kind; `to_model` requires strings that `emotions.class_name` accepts.
        groups, sequence : array_like of shape (n,), optional
            Subjects and recordings; an empty string, None or NaN if unknown. Frames of one
            recording with the same label share a weight of 1.

        Raises
        ------
        ValueError
            If shapes differ, a number is not finite, all landmarks of a face coincide, a parameter
            is out of range, or there is only one class.
        """
        recipe = self._recipe()
        landmarks = _as_landmarks(X)
        if y is None:
            raise ValueError("EmotionClassifier requires y to be passed, but the target y is None")
        labels = column_or_1d(y, warn=True)
        check_consistent_length(landmarks, labels)
        check_classification_targets(labels)
        self.classes_, code = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y must hold two or more classes, got {len(self.classes_)} class")
        samples = TrainingSet.of(
            LandmarkTable(
                landmarks,
                _sortable_names(self.classes_)[code],
                _texts(groups, len(landmarks), "groups"),
                _texts(sequence, len(landmarks), "sequence"),
                np.full(len(landmarks), ""),
            )
        )
        self.head_ = fit_static(samples, recipe, self.temperature)
        self.mean_ = average_face(samples)
        self.n_features_in_ = N_FEATURES
        return self

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the votes for every class divided by the temperature, shape (n, k).

        For two classes, return the votes for the second minus those for the first, shape (n,).
        """
        votes = self._votes(X)
        return votes[:, 1] - votes[:, 0] if len(self.classes_) == 2 else votes

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return probabilities of shape (n, k) in the order of `classes_`."""
        return softmax(self._votes(X))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable label of each face, shape (n,)."""
        likeliest = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[likeliest])

    def to_model(self, info: dict[str, Any] | None = None) -> EmotionModel:
        """Return a model that can be saved and used without scikit-learn.

        It has only a static head, so a neutral reference improves it less than a model of
        `fit.fit_model`. It stores `info`, JSON values.

        Raises
        ------
        ValueError
            If a label is no name for a class, or there are too many.
        """
        check_is_fitted(self)
        emotions = tuple(map(str, self.classes_))
        return EmotionModel(emotions, self.mean_, self.head_, prior=_DEFAULT.prior, info=info or {})

    def _votes(self, X: ArrayLike) -> NDArray[np.float64]:
        check_is_fitted(self)
        margins = self.head_.margins(landmark_features(_as_landmarks(X)) - self.mean_)
        return soft_votes(margins, len(self.classes_)) / self.head_.temperature

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def _recipe(self) -> Recipe:
        if self.shrinkage is not None and not 0 <= self.shrinkage <= 1:
            raise ValueError(f"shrinkage must be None or from 0 to 1, got {self.shrinkage}")
        for name in ("C", "partway_weight", "temperature"):
            value = getattr(self, name)
            if not 0 < value < np.inf:
                raise ValueError(f"{name} must be positive and finite, got {value}")
        static = HeadRecipe(self.C, self.shrinkage, tuple(self.partway))
        return Recipe(static=static, partway_weight=self.partway_weight)


def _as_landmarks(X: ArrayLike) -> Landmarks:
    """Return landmarks of shape (n, 68, 2), or raise a ValueError."""
    array = check_array(X, dtype=np.float64, allow_nd=True)
    if array.shape[1:] not in ((N_LANDMARKS, 2), (2 * N_LANDMARKS,)):
        raise ValueError(f"X must have shape (n, 68, 2) or (n, 136), got {array.shape}")
    # Features and their differences are centered, landmarks are not.
    if array.ndim == 2 and np.abs(array.reshape(-1, 2, N_LANDMARKS).sum(axis=2)).max() < 1e-6:
        raise ValueError("X must be landmarks, got features, which are computed here")
    return np.asarray(array.reshape(-1, N_LANDMARKS, 2))


def _sortable_names(classes: NDArray[Any]) -> NDArray[np.str_]:
    """Return names of the classes as strings in the same order."""
    if all(isinstance(label, str) for label in classes):
        return classes.astype(np.str_)
    return np.array([f"{index:09d}" for index in range(len(classes))])


def _texts(values: ArrayLike | None, n: int, name: str) -> NDArray[np.str_]:
    if values is None:
        return np.full(n, "")
    array = np.asarray(values)
    if array.shape != (n,):
        raise ValueError(f"{name} must have shape ({n},), got {array.shape}")
    # Only NaN differs from itself.
    return np.array(["" if v is None or v != v else str(v) for v in array.tolist()])

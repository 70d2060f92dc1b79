"""How much a face resembles those that a model was trained on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.model.features import N_FEATURES, mirror_features

N_DIRECTIONS = 40


@dataclass(frozen=True)
class Familiarity:
    """The distribution of the features that a model was trained on, as a Gaussian.

    Its variance is estimated along r principal axes, and is the same along all others
    (probabilistic principal component analysis, Tipping and Bishop 1999).

    Attributes
    ----------
    mean : ndarray of shape (136,)
        Mean of the features.
    axes : ndarray of shape (r, 136)
        Orthonormal principal axes.
    variances : ndarray of shape (r + 1,)
        The variance along each axis, and along every other direction.
    """

    mean: NDArray[np.float64]
    axes: NDArray[np.float64]
    variances: NDArray[np.float64]

    def __post_init__(self) -> None:
        r = len(self.axes)
        shapes = (self.mean.shape, self.axes.shape, self.variances.shape)
        if shapes != ((N_FEATURES,), (r, N_FEATURES), (r + 1,)):
            raise ValueError(f"the familiar features have arrays of shapes {shapes}")
        if not all(np.isfinite(array).all() for array in (self.mean, self.axes, self.variances)):
            raise ValueError("the familiar features must be finite")
        if not (self.variances > 0).all():
            raise ValueError("the variances of familiar features must be positive")

    def distance(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute squared Mahalanobis distances (...) of features (..., 136) from the mean."""
        centered = features - self.mean
        along = np.square(centered @ self.axes.T)
        rest = np.square(centered).sum(axis=-1) - along.sum(axis=-1)
        distances = along @ (1 / self.variances[:-1]) + rest / self.variances[-1]
        return np.asarray(np.maximum(distances, 0), dtype=np.float64)


def familiarity_of(features: NDArray[np.float64]) -> Familiarity | None:
    """Estimate the distribution of features.

    Parameters
    ----------
    features : ndarray of shape (n, 136)
        From `features.landmark_features`; mirror images count as well.

    Returns
    -------
    Familiarity or None
        None if there are too few faces.
    """
    both = np.concatenate([features, mirror_features(features)])
    r = min(N_DIRECTIONS, len(features) // 4)
    if r < 1:
        return None
    mean = both.mean(axis=0)
    _, sizes, axes = np.linalg.svd(both - mean, full_matrices=False)
    variances = np.square(sizes) / len(both)
    # Position, size and roll of the landmarks are normalized away.
    others = variances[r:].sum() / (N_FEATURES - 4 - r)
    if not others > 0:
        return None
    return Familiarity(mean, axes[:r], np.append(variances[:r], others))

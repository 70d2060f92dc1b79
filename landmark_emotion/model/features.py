"""Features of landmarks, the same for training and live use.

Each landmark is described by its polar coordinates about the centroid of all 68: distance times
cosine and distance times sine of the angle. Angles are measured from the line between the eyes and
distances in units of the face's scale, so the features do not depend on the roll of the head or on
the size and position of the face. Unlike an angle in degrees, cosine and sine are continuous, and
the product with the distance is stable near the centroid.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from landmark_emotion.model.face import (
    MIRROR_ORDER,
    N_LANDMARKS,
    REGIONS,
    Landmarks,
    check_landmarks,
)

N_FEATURES = 2 * N_LANDMARKS

# The product with this is the line from the middle of the right eye to that of the left one.
_EYE_LINE = np.zeros(N_LANDMARKS, dtype=np.complex128)
_EYE_LINE[REGIONS["left_eye"]] = 1 / 6
_EYE_LINE[REGIONS["right_eye"]] = -1 / 6


def normalize_landmarks(landmarks: ArrayLike) -> Landmarks:
    """Remove position, size and roll: centroid at 0, scale 1, the eyes level.

    Parameters
    ----------
    landmarks : array_like of shape (..., 68, 2)
        Pixels, as (x, y).

    Returns
    -------
    ndarray of shape (..., 68, 2)
        In units of the face's scale (the RMS distance of its landmarks to their centroid).

    Raises
    ------
    ValueError
        As in `face.check_landmarks`.
    """
    level = _normalized(landmarks)
    return np.stack([level.real, level.imag], axis=-1)


def landmark_features(landmarks: ArrayLike) -> NDArray[np.float64]:
    """Compute distance and angle features about the centroid.

    Parameters
    ----------
    landmarks : array_like of shape (..., 68, 2)
        Landmarks of one or many faces in pixels, as (x, y).

    Returns
    -------
    ndarray of shape (..., 136)
        68 distances times the cosine of the landmark's angle, then 68 distances times the sine.

    Raises
    ------
    ValueError
        As in `face.check_landmarks`.
    """
    # Distance times cosine and distance times sine are x and y relative to the centroid.
    level = _normalized(landmarks)
    return np.concatenate([level.real, level.imag], axis=-1)


def mirror_features(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the features of the mirrored faces.

    Parameters
    ----------
    features : ndarray of shape (..., 136)
        From `landmark_features`, or differences of such.

    Returns
    -------
    ndarray of shape (..., 136)
        Equal to the features of `face.mirror_landmarks`.
    """
    x, y = features[..., :N_LANDMARKS], features[..., N_LANDMARKS:]
    return np.concatenate([-x[..., MIRROR_ORDER], y[..., MIRROR_ORDER]], axis=-1)


def _normalized(landmarks: ArrayLike) -> NDArray[np.complex128]:
    """Normalize landmarks as complex numbers x + iy, of shape (..., 68)."""
    points = np.ascontiguousarray(check_landmarks(landmarks)).view(np.complex128)[..., 0]
    centered = points - points.sum(axis=-1, keepdims=True) / N_LANDMARKS
    squares = np.square(centered.real) + np.square(centered.imag)
    scale = np.sqrt(squares.sum(axis=-1, keepdims=True) / N_LANDMARKS)
    eye_line = (centered @ _EYE_LINE)[..., np.newaxis]
    length = np.abs(eye_line)
    # Coinciding eyes have no direction; such a face is not rotated.
    turn = (
        np.where(length > 1e-9 * scale, eye_line.conj() / np.maximum(length, 1e-300), 1.0) / scale
    )
    return np.asarray(centered * turn, dtype=np.complex128)

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
    array = check_landmarks(landmarks)
    centered = array - array.mean(axis=-2, keepdims=True)
    scale = np.sqrt(np.square(centered).sum(axis=-1, keepdims=True).mean(axis=-2, keepdims=True))
    eye_line = _eye_center(centered, "left_eye") - _eye_center(centered, "right_eye")
    length = np.hypot(eye_line[..., 0], eye_line[..., 1])
    # Coinciding eyes have no direction; such a face is not rotated.
    safe = np.where(length > 0, length, 1.0)
    cos = np.where(length > 0, eye_line[..., 0] / safe, 1.0)[..., np.newaxis]
    sin = (eye_line[..., 1] / safe)[..., np.newaxis]
    x, y = centered[..., 0], centered[..., 1]
    level = np.stack([x * cos + y * sin, y * cos - x * sin], axis=-1)
    return np.asarray(level / scale, dtype=np.float64)


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
    normalized = normalize_landmarks(landmarks)
    return np.concatenate([normalized[..., 0], normalized[..., 1]], axis=-1)


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


def _eye_center(landmarks: Landmarks, eye: str) -> NDArray[np.float64]:
    return np.asarray(landmarks[..., REGIONS[eye], :].mean(axis=-2), dtype=np.float64)

"""Landmarks become numbers here and nowhere else, for training and for live use alike.

A face is described by where each landmark lies as seen from the centroid of all 68: its distance
times the cosine and the sine of its angle. The angles are counted from the line between the eyes,
so tilting the head changes nothing; the distances are in units of the face's scale, so its size
and its place in the picture change nothing either. Cosine and sine have no cut, unlike an angle
in degrees, and the product with the distance stays calm for landmarks near the centroid, whose
angle means little.
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
    """Remove place, size and roll: centroid at 0, RMS distance 1, the line of the eyes level.

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
    # Eyes that coincide have no direction; such a face is left as it stands.
    safe = np.where(length > 0, length, 1.0)
    cos = np.where(length > 0, eye_line[..., 0] / safe, 1.0)[..., np.newaxis]
    sin = (eye_line[..., 1] / safe)[..., np.newaxis]
    x, y = centered[..., 0], centered[..., 1]
    level = np.stack([x * cos + y * sin, y * cos - x * sin], axis=-1)
    return np.asarray(level / scale, dtype=np.float64)


def landmark_features(landmarks: ArrayLike) -> NDArray[np.float64]:
    """Describe faces by how far and in which direction each landmark lies from the centroid.

    Parameters
    ----------
    landmarks : array_like of shape (..., 68, 2)
        The landmarks of one face or of many, in pixels, as (x, y).

    Returns
    -------
    ndarray of shape (..., 136)
        68 distances times the cosine of the landmark's angle, then the same 68 times the sine;
        distances in units of the face's scale, angles from the line between the eyes.

    Raises
    ------
    ValueError
        As in `face.check_landmarks`.
    """
    # Distance times cosine and sine of an angle about the centroid are just x and y from there.
    normalized = normalize_landmarks(landmarks)
    return np.concatenate([normalized[..., 0], normalized[..., 1]], axis=-1)


def mirror_features(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the features that the mirrored faces would have.

    Parameters
    ----------
    features : ndarray of shape (..., 136)
        From `landmark_features`, or differences of such.

    Returns
    -------
    ndarray of shape (..., 136)
        The same as computing them from mirrored landmarks.
    """
    x, y = features[..., :N_LANDMARKS], features[..., N_LANDMARKS:]
    return np.concatenate([-x[..., MIRROR_ORDER], y[..., MIRROR_ORDER]], axis=-1)


def _eye_center(landmarks: Landmarks, eye: str) -> NDArray[np.float64]:
    return np.asarray(landmarks[..., REGIONS[eye], :].mean(axis=-2), dtype=np.float64)

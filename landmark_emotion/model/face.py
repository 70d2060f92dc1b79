"""A face as the rest of the program knows it: a box, 68 landmarks and what they belong to.

Left and right are the subject's, so the left eye lies on the right of the picture.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

N_LANDMARKS = 68

Landmarks = NDArray[np.float64]
"""Landmarks of one face or of many: shape (..., 68, 2), pixels, as (x, y)."""

# The 68-point scheme of iBUG 300-W; the same ranges as imutils.face_utils, which a test compares.
REGIONS = {
    "jaw": slice(0, 17),
    "right_eyebrow": slice(17, 22),
    "left_eyebrow": slice(22, 27),
    "nose": slice(27, 36),
    "right_eye": slice(36, 42),
    "left_eye": slice(42, 48),
    "mouth": slice(48, 60),
    "inner_mouth": slice(60, 68),
}

OUTLINES = (
    (REGIONS["jaw"], False),
    (REGIONS["right_eyebrow"], False),
    (REGIONS["left_eyebrow"], False),
    (slice(27, 31), False),  # bridge of the nose
    (slice(31, 36), False),  # nostrils
    (REGIONS["right_eye"], True),
    (REGIONS["left_eye"], True),
    (REGIONS["mouth"], True),
    (REGIONS["inner_mouth"], True),
)
"""What is drawn as one line, and whether it ends where it began."""

MIRROR_ORDER = np.concatenate(
    [
        np.arange(16, -1, -1),  # jaw
        np.arange(26, 16, -1),  # eyebrows change places
        np.arange(27, 31),  # bridge of the nose
        np.arange(35, 30, -1),  # nostrils
        [45, 44, 43, 42, 47, 46],  # left eye seen as the right one
        [39, 38, 37, 36, 41, 40],
        [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55],  # outer lips
        [64, 63, 62, 61, 60, 67, 66, 65],  # inner lips
    ]
)
"""Landmark i of a mirrored face is landmark ``MIRROR_ORDER[i]`` of the original."""

_FARTHEST = 1e6  # pixels from the origin; beyond it squares of differences lose their meaning
_SMALLEST = 1e-6  # pixels from one side of a face to the other


@dataclass(frozen=True)
class Box:
    """An upright rectangle in pixels of the full frame.

    Attributes
    ----------
    left, top : int
        The first column and row inside; negative where the face leaves the frame.
    width, height : int
        The number of columns and rows inside.
    """

    left: int
    top: int
    width: int
    height: int

    @property
    def area(self) -> int:
        """Number of pixels inside."""
        return self.width * self.height

    def overlap(self, other: "Box") -> float:
        """How much two boxes have in common: intersection over union, from 0 to 1."""
        width = min(self.left + self.width, other.left + other.width) - max(self.left, other.left)
        height = min(self.top + self.height, other.top + other.height) - max(self.top, other.top)
        common = max(0, width) * max(0, height)
        return common / max(1, self.area + other.area - common)


@dataclass(frozen=True)
class Face:
    """A face found in a frame.

    Attributes
    ----------
    box : Box
        Where the detector saw it.
    landmarks : ndarray of shape (68, 2)
        Pixels of the full frame, as (x, y).
    score : float
        The detector's decision value; above 0, more is surer.
    """

    box: Box
    landmarks: Landmarks
    score: float


def mirror_landmarks(landmarks: Landmarks) -> Landmarks:
    """Return the landmarks that the mirrored faces would have.

    Parameters
    ----------
    landmarks : ndarray of shape (..., 68, 2)
        Pixels, as (x, y).

    Returns
    -------
    ndarray of shape (..., 68, 2)
        x negated and left and right exchanged; only the place in the picture is arbitrary.
    """
    return np.asarray(landmarks[..., MIRROR_ORDER, :] * np.array([-1.0, 1.0]), dtype=np.float64)


def check_landmarks(landmarks: ArrayLike) -> Landmarks:
    """Return landmarks as a float array, or say what is wrong with them.

    Parameters
    ----------
    landmarks : array_like of shape (..., 68, 2)
        Pixels, as (x, y).

    Returns
    -------
    ndarray of shape (..., 68, 2)
        The same numbers as float64.

    Raises
    ------
    ValueError
        If the shape is wrong, a value is not finite or beyond a million pixels, or all landmarks
        of a face coincide.
    """
    array = np.asarray(landmarks, dtype=np.float64)
    if array.ndim < 2 or array.shape[-2:] != (N_LANDMARKS, 2):
        raise ValueError(f"landmarks must have shape (..., 68, 2), got {array.shape}")
    if not (np.abs(array) <= _FARTHEST).all():  # false for NaN as well
        raise ValueError(f"landmarks must be finite and at most {_FARTHEST:.0f} pixels")
    if (np.ptp(array, axis=-2).max(axis=-1) < _SMALLEST).any():
        raise ValueError("landmarks of a face must not all coincide")
    return array

"""A face: its box, its 68 landmarks and the regions they belong to.

Left and right are the subject's, so the left eye is on the right side of the image.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

N_LANDMARKS = 68

Landmarks = NDArray[np.float64]
"""Landmarks of one or many faces: shape (..., 68, 2), pixels, as (x, y)."""

# The 68-point scheme of iBUG 300-W, with the ranges of imutils.face_utils.
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
"""Landmarks that are drawn as one line, and whether the line is closed."""

MIRROR_ORDER = np.concatenate(
    [
        np.arange(16, -1, -1),  # jaw
        np.arange(26, 16, -1),  # eyebrows
        np.arange(27, 31),  # bridge of the nose
        np.arange(35, 30, -1),  # nostrils
        [45, 44, 43, 42, 47, 46],  # left eye, as the right one
        [39, 38, 37, 36, 41, 40],
        [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55],  # outer lips
        [64, 63, 62, 61, 60, 67, 66, 65],  # inner lips
    ]
)
"""Landmark i of a mirrored face is landmark ``MIRROR_ORDER[i]`` of the original."""

_FARTHEST = 1e6  # pixels from the origin; squared differences lose precision beyond it
_SMALLEST = 1e-6  # pixels, the least extent of a face


@dataclass(frozen=True)
class Box:
    """An axis-aligned rectangle in pixels of the full frame.

    Attributes
    ----------
    left, top : int
        The first column and row inside; negative if the face leaves the frame.
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

    def share_inside(self, shape: tuple[int, ...]) -> float:
        """Return the share of the box that is inside a picture of a shape (height, width)."""
        height, width = shape[:2]
        across = min(self.left + self.width, width) - max(self.left, 0)
        down = min(self.top + self.height, height) - max(self.top, 0)
        return max(0, across) * max(0, down) / self.area

    def overlap(self, other: "Box") -> float:
        """Return the intersection over union with another box, from 0 to 1."""
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
        The detector's box.
    landmarks : ndarray of shape (68, 2)
        Pixels of the full frame, as (x, y).
    score : float
        The detector's decision value, above 0.
    measured : ndarray of shape (m, 68, 2) or None
        Landmarks from m variants of the box, if they were asked for.
    disagreement : float or None
        How much the landmarks depend on the box, as in `quality.disagreement`; None if they were
        measured from one box only.
    """

    box: Box
    landmarks: Landmarks = field(repr=False)
    score: float
    measured: Landmarks | None = field(default=None, repr=False)
    disagreement: float | None = None


def mirror_landmarks(landmarks: Landmarks) -> Landmarks:
    """Return the landmarks of the mirrored faces.

    Parameters
    ----------
    landmarks : ndarray of shape (..., 68, 2)
        Pixels, as (x, y).

    Returns
    -------
    ndarray of shape (..., 68, 2)
        x is negated, and left and right are exchanged.
    """
    return np.asarray(landmarks[..., MIRROR_ORDER, :] * np.array([-1.0, 1.0]), dtype=np.float64)


def check_landmarks(landmarks: ArrayLike) -> Landmarks:
    """Convert landmarks to a float array and validate them.

    Parameters
    ----------
    landmarks : array_like of shape (..., 68, 2)
        Pixels, as (x, y).

    Returns
    -------
    ndarray of shape (..., 68, 2)
        As float64.

    Raises
    ------
    ValueError
        If the shape is wrong, a value is not finite or above a million pixels, or all landmarks of
        a face coincide.
    """
    array = np.asarray(landmarks, dtype=np.float64)
    if array.ndim < 2 or array.shape[-2:] != (N_LANDMARKS, 2):
        raise ValueError(f"landmarks must have shape (..., 68, 2), got {array.shape}")
    if not (np.abs(array) <= _FARTHEST).all():  # false for NaN as well
        raise ValueError(f"landmarks must be finite and at most {_FARTHEST:.0f} pixels")
    if (np.ptp(array, axis=-2).max(axis=-1) < _SMALLEST).any():
        raise ValueError("landmarks of a face must not all coincide")
    return array

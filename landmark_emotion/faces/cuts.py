"""Notices abrupt changes of the scene and of a face, which may be cuts to other people."""

import math

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.model.face import Box

# There may be a cut to another person if most samples of the picture of a face differ from the last
# frame by more than this in standard deviations or in gray levels, or the landmarks moved by this
# many RMS radii on average. On real videos at 25 frames a second, the first stays below 0.18 and
# the last below 0.05; between photos of two people at the same place, the first is above 0.3.
# Covering part of a face leaves both low.
CUT = 0.28
CUT_LEVEL = 20
CUT_MOVED = 0.06

PICTURE_SIDE = 16  # samples across a face
PICTURE_RADII = 1.0  # from the center of a face to the edge of its picture, in RMS radii

# The scene has changed if this share of samples across the frame differ by more than so many gray
# levels.
OTHER_SCENE = 0.3
OTHER_LEVEL = 20
SCENE_SAMPLES = 32  # across and down


def scene_samples(gray: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Sample the gray levels of a frame."""
    height, width = gray.shape
    return _samples(gray, Box(0, 0, width, height), SCENE_SAMPLES)


def is_other_scene(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """Compare samples across two frames."""
    return _share_above(one - other, OTHER_LEVEL) > OTHER_SCENE


def face_picture(
    gray: NDArray[np.uint8], center: NDArray[np.float64], radius: float
) -> NDArray[np.float64]:
    """Sample the gray levels of a face."""
    left, top = (center - PICTURE_RADII * radius).tolist()
    side = max(1, round(2 * PICTURE_RADII * radius))
    return _samples(gray, Box(round(left), round(top), side, side), PICTURE_SIDE)


def standardized(picture: NDArray[np.float64]) -> NDArray[np.float64]:
    """Remove brightness and contrast from a picture."""
    centered = picture - picture.sum() / picture.size
    deviation = math.sqrt(np.vdot(centered, centered) / centered.size)
    return np.asarray(centered / max(deviation, 1.0), dtype=np.float64)


def has_face_changed(
    before: tuple[NDArray[np.float64], NDArray[np.float64]],
    now: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> bool:
    """Whether most of the picture of a face is different; both given as is and standardized."""
    return any(
        _share_above(one - other, limit) > 0.5
        for one, other, limit in zip(now, before, (CUT_LEVEL, CUT), strict=True)
    )


def _share_above(differences: NDArray[np.float64], limit: float) -> float:
    """Return the share of differences above a limit; a median would take three times as long."""
    return np.count_nonzero(np.abs(differences) > limit) / differences.size


def _samples(gray: NDArray[np.uint8], box: Box, side: int) -> NDArray[np.float64]:
    """Sample side x side gray levels from a box; outside the picture its edge is repeated."""
    steps = (np.arange(side) + 0.5) / side
    rows = np.clip((box.top + steps * box.height).astype(int), 0, gray.shape[0] - 1)
    columns = np.clip((box.left + steps * box.width).astype(int), 0, gray.shape[1] - 1)
    return np.asarray(gray[rows[:, np.newaxis], columns], dtype=np.float64)

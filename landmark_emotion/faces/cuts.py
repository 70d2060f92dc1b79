"""Notices abrupt changes of the scene and of a face, which may be cuts to other people."""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.faces.search import SearchPart
from landmark_emotion.model.face import Box

# There may be a cut to another person if most samples of the picture of a face differ from the last
# frame by more than this in standard deviations or in gray levels, or the landmarks moved by this
# many RMS radii on average. On real videos at 25 frames a second, the first stays below 0.18 and
# the last below 0.05; between photos of two people at the same place, the first is above 0.3.
# Covering part of a face leaves both low.
CUT = 0.28
CUT_LEVEL = 20
CUT_MOVED = 0.06

# A face may have appeared where this share of samples has changed by more than so many gray levels.
NEW_FACE = 0.35
NEW_LEVEL = 12

AROUND = 0.3  # widths of a face's box around it that move with the face

PICTURE_SIDE = 16  # samples across a face
PICTURE_RADII = 1.0  # from the center of a face to the edge of its picture, in RMS radii

# The scene has changed if this share of samples across the frame differ by more than so many gray
# levels.
OTHER_SCENE = 0.3
OTHER_LEVEL = 20
SCENE_SAMPLES = 32  # across and down


def scene_samples(image: NDArray[np.uint8]) -> NDArray[np.int16]:
    """Sample the gray levels of a frame, which is gray or BGR."""
    height, width = image.shape[:2]
    return _samples(image, 0, 0, width / SCENE_SAMPLES, height / SCENE_SAMPLES, SCENE_SAMPLES)


def is_other_scene(one: NDArray[np.int16], other: NDArray[np.int16]) -> bool:
    """Compare samples across two frames."""
    return _share_above(one - other, OTHER_LEVEL) > OTHER_SCENE


def changed_columns(
    one: NDArray[np.int16],
    other: NDArray[np.int16],
    known: Sequence[Box],
    part: SearchPart,
    shape: tuple[int, ...],
) -> tuple[int, int] | None:
    """Find the columns of a part of the frame in which a face may have appeared.

    Parameters
    ----------
    one, other : ndarray
        The samples of the frame before and now.
    known : sequence of Box
        Known faces; changes there do not count.
    part : SearchPart
        The rows, and the size of the face.
    shape : tuple of int
        Height and width of the frame.

    Returns
    -------
    tuple of (int, int) or None
        The first column and the one after the last; None if there are none.
    """
    down, across = (side / SCENE_SAMPLES for side in shape)  # pixels per sample
    window = max(1, round(part.size / across)), max(1, round(part.size / down))
    difference = other - one
    # All becomes brighter or darker when a camera adjusts itself.
    changed = (np.abs(difference - np.median(difference)) > NEW_LEVEL).astype(np.float32)
    for box in known:
        left, right = _around(box.left / across, box.width / across)
        top, bottom = _around(box.top / down, box.height / down)
        changed[top:bottom, left:right] = 0
    share = cv2.blur(changed, window, borderType=cv2.BORDER_CONSTANT)
    rows = slice(int(part.top / down), math.ceil(part.bottom / down))
    columns = np.flatnonzero((share[rows] > NEW_FACE).any(axis=0))
    if not columns.size:
        return None
    if part.larger:
        return 0, shape[1]
    left = max(0, int(columns[0] * across - part.size))
    return left, min(shape[1], math.ceil((columns[-1] + 1) * across + part.size))


def _around(start: float, length: float) -> tuple[int, int]:
    """Return the samples of a face along one axis, with what moves along with it."""
    first, last = start - AROUND * length, start + (1 + AROUND) * length
    return max(0, round(first)), max(0, round(last))


def face_picture(
    gray: NDArray[np.uint8], center: NDArray[np.float64], radius: float
) -> NDArray[np.int16]:
    """Sample the gray levels of a face."""
    left, top = (center - PICTURE_RADII * radius).tolist()
    step = 2 * PICTURE_RADII * radius / PICTURE_SIDE
    return _samples(gray, left, top, step, step, PICTURE_SIDE)


def standardized(picture: NDArray[np.int16]) -> NDArray[np.float64]:
    """Remove brightness and contrast from a picture."""
    centered = picture - picture.sum() / picture.size
    deviation = math.sqrt(np.vdot(centered, centered) / centered.size)
    return np.asarray(centered / max(deviation, 1.0), dtype=np.float64)


def has_face_changed(
    before: tuple[NDArray[np.int16], NDArray[np.float64]],
    now: tuple[NDArray[np.int16], NDArray[np.float64]],
) -> bool:
    """Whether most of the picture of a face is different; both given as is and standardized."""
    return (
        _share_above(now[0] - before[0], CUT_LEVEL) > 0.5
        or _share_above(now[1] - before[1], CUT) > 0.5
    )


def _share_above(differences: NDArray[np.int16] | NDArray[np.float64], limit: float) -> float:
    """Return the share of differences above a limit; a median would take three times as long."""
    return np.count_nonzero(np.abs(differences) > limit) / differences.size


def _samples(
    image: NDArray[np.uint8], left: float, top: float, across: float, down: float, side: int
) -> NDArray[np.int16]:
    """Sample side x side gray levels; outside the picture its edge is repeated."""
    places = np.array([[across, 0, left + across / 2 - 0.5], [0, down, top + down / 2 - 0.5]])
    samples = cv2.warpAffine(
        image,
        places,
        (side, side),
        flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    if samples.ndim == 3:
        samples = cv2.cvtColor(samples, cv2.COLOR_BGR2GRAY)
    return samples.astype(np.int16)

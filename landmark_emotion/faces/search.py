"""Where the faces of an image are, by dlib's frontal face detector.

This is the only module that imports dlib.
"""

import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import MissingPackageError
from landmark_emotion.files.folders import user_folder
from landmark_emotion.model.face import Box
from landmark_emotion.sources.preparation import resized

try:
    import dlib
except ImportError as error:
    raise MissingPackageError(
        "dlib: not installed; run 'pip install dlib-bin' (or build dlib yourself, see README.md)"
    ) from error

WINDOW = 80  # pixels; width of the smallest face that the detector finds at full size
SMALLEST = 20  # pixels; an enlarged smaller face shows nothing

# Still images are searched in tiles, so that memory is bounded, and at a size that bounds time:
# the detector takes some 60 ms per million pixels.
TILE = 1600  # pixels, each side
MAX_SEARCHED = 12_000_000  # pixels

SAME_FACE = 0.4  # intersection over union of two boxes of one face
INSIDE = 0.6  # share of the smaller box inside the larger one, of one face

AROUND = 0.25  # widths of the box searched around it to confirm a face

Found = list[tuple[Box, float]]
"""Boxes in pixels of the searched image, with the detector's decision values."""


class FaceSearch:
    """dlib's frontal face detector.

    Several threads may use one object: dlib's detector, which is not thread-safe, is made once per
    thread.
    """

    def __init__(self) -> None:
        self._native = threading.local()

    def still(self, gray: NDArray[np.uint8], min_face: float = WINDOW) -> Found:
        """Search a still image of any size.

        Large faces are searched for on a reduced copy and small ones in tiles.

        Parameters
        ----------
        gray : ndarray of shape (height, width), uint8
            The image.
        min_face : float
            Width in pixels from which faces are found, at least 20. It is larger if the image has
            more than 12 million pixels (see `smallest_searched`).

        Returns
        -------
        list of (Box, float)
            The highest decision value first.
        """
        scale = _search_scale(gray.shape, min_face)
        large = gray if scale == 1 else resized(gray, scale)
        height, width = large.shape
        if max(height, width) <= TILE:
            return _unscaled(self._run(large), scale)
        reduction = TILE / max(height, width)
        found = _unscaled(self._run(resized(large, reduction)), scale * reduction)
        # A face too small for the reduced copy fits into the overlap of two tiles.
        step = max(TILE // 4, TILE - round(1.25 * WINDOW / reduction))
        for top in _tile_starts(height, step):
            for left in _tile_starts(width, step):
                tile = np.ascontiguousarray(large[top : top + TILE, left : left + TILE])
                inside = [(_moved(box, left, top), score) for box, score in self._run(tile)]
                found += _unscaled(inside, scale)
        return _distinct(found)

    def frame(self, gray: NDArray[np.uint8], min_face: float) -> Found:
        """Search a whole frame for faces.

        Parameters
        ----------
        gray : ndarray of shape (height, width), uint8
            Searched on a copy just large enough for the smallest face.
        min_face : float
            Width in pixels from which faces are found, at least 20; below 80 the copy is larger
            than the frame.

        Returns
        -------
        list of (Box, float)
            Boxes in pixels of `gray` and the detector's decision values, the highest first.
        """
        return self._search_scaled(gray, WINDOW / max(min_face, SMALLEST))

    def confirm(self, gray: NDArray[np.uint8], box: Box) -> tuple[Box, float] | None:
        """Check that there is a face in a box, at a small part of the cost of a search.

        Parameters
        ----------
        gray : ndarray of shape (height, width), uint8
            The whole frame.
        box : Box
            Where the face should be.

        Returns
        -------
        tuple of (Box, float) or None
            The detector's box, which is coarse, and its decision value; None if there is no face.
        """
        margin = round(AROUND * box.width)
        left, top = max(0, box.left - margin), max(0, box.top - margin)
        right, bottom = box.left + box.width + margin, box.top + box.height + margin
        around = gray[top : max(top, bottom), left : max(left, right)]
        if not around.size:
            return None
        found = [
            (_moved(face, left, top), score)
            for face, score in self._search_scaled(around, WINDOW / box.width)
        ]
        return next((item for item in found if item[0].overlap(box) >= SAME_FACE), None)

    def _search_scaled(self, gray: NDArray[np.uint8], scale: float) -> Found:
        return _unscaled(self._run(resized(gray, scale)), scale)

    def _run(self, gray: NDArray[np.uint8]) -> Found:
        native = getattr(self._native, "detector", None)
        if native is None:
            native = self._native.detector = _load_detector()
        rectangles, scores, _ = native.run(gray, 0, 0.0)
        return [
            (Box(each.left(), each.top(), each.width(), each.height()), float(score))
            for each, score in zip(rectangles, scores, strict=True)
        ]


def smallest_searched(shape: tuple[int, ...], min_face: float = WINDOW) -> float:
    """Return the width in pixels from which faces are found in a still image.

    Parameters
    ----------
    shape : tuple of int
        Height and width of the image.
    min_face : float
        The width asked for.

    Returns
    -------
    float
        Larger than `min_face` where the image is too large to be searched for so small faces.
    """
    return WINDOW / _search_scale(shape, min_face)


def detector_version() -> str:
    """Return the versions of the libraries that measured landmarks depend on."""
    return f"dlib {dlib.__version__}, OpenCV {cv2.__version__}"


def _search_scale(shape: tuple[int, ...], min_face: float) -> float:
    wanted = WINDOW / max(min_face, SMALLEST)
    return float(min(wanted, np.sqrt(MAX_SEARCHED / (shape[0] * shape[1]))))


def _tile_starts(side: int, step: int) -> range:
    return range(0, max(1, side - TILE + step), step)


def _moved(box: Box, left: int, top: int) -> Box:
    return replace(box, left=box.left + left, top=box.top + top)


def _unscaled(found: Found, scale: float) -> Found:
    return [
        (
            Box(
                left=round(box.left / scale),
                top=round(box.top / scale),
                width=max(1, round(box.width / scale)),
                height=max(1, round(box.height / scale)),
            ),
            score,
        )
        for box, score in found
    ]


def _distinct(found: Found) -> Found:
    """Keep the best of the boxes that lie on one face (non-maximum suppression)."""
    kept: Found = []
    for box, score in sorted(found, key=lambda item: -item[1]):
        if not any(_same_face(box, other) for other, _ in kept):
            kept.append((box, score))
    return kept


def _same_face(one: Box, other: Box) -> bool:
    union_share = one.overlap(other)
    common = union_share * (one.area + other.area) / (1 + union_share)
    return union_share >= SAME_FACE or common >= INSIDE * min(one.area, other.area)


def _load_detector() -> Any:
    """Load dlib's frontal face detector.

    dlib unpacks it in 0.6 s, but loads what it has saved in a millisecond.
    """
    cache = user_folder("cache")
    if cache is None:
        return dlib.get_frontal_face_detector()
    path = cache / f"frontal-face-detector-{dlib.__version__}.svm"
    try:
        return dlib.fhog_object_detector(str(path))
    except RuntimeError:  # missing or damaged
        detector = dlib.get_frontal_face_detector()
        _save_detector(detector, path)
        return detector


def _save_detector(detector: Any, path: Path) -> None:
    draft = path.with_name(f"{path.name}-{os.getpid()}-{threading.get_ident()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        detector.save(str(draft))
        draft.replace(path)
    except (OSError, RuntimeError):
        return  # the next start takes 0.6 s again

"""Where the faces of an image are, by dlib's frontal face detector.

This is the only module that imports dlib.
"""

import contextlib
import math
import threading
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import MissingPackageError, OutputError
from landmark_emotion.files.folders import user_folder
from landmark_emotion.files.writing import replace_atomically
from landmark_emotion.model.face import Box
from landmark_emotion.sources.preparation import resized

try:
    import dlib
except ImportError as error:
    raise MissingPackageError(
        "dlib: not installed; run 'pip install dlib-bin' or 'pip install dlib'"
    ) from error

WINDOW = 80  # pixels; width of the smallest face that the detector finds at full size
SMALLEST = 20  # pixels; an enlarged smaller face shows nothing

# Still images are searched in tiles, so that memory is bounded, and at a size that bounds time:
# the detector takes some 60 ms per million pixels.
TILE = 1600  # pixels, each side
MAX_SEARCHED = 12_000_000  # pixels

SAME_FACE = 0.4  # intersection over union of two boxes of one face
INSIDE = 0.6  # share of the smaller box inside the larger one, of one face

# Widths of the box searched around it to confirm a face, and to check for one of its size.
AROUND, NEAR = 0.25, 0.1

# A search is divided by the size of faces, by the detector's factor, and where the reduced copy is
# large into strips of at least so many rows. All sizes for which it has fewer than SMALL_COPY rows
# are one part.
STEP = 1.2
STRIP = (640, 216)  # pixels
SMALL_COPY = 170  # rows

Found = list[tuple[Box, float]]
"""Boxes in pixels of the searched image, with the detector's decision values."""


@dataclass(frozen=True)
class SearchPart:
    """A part of the search of a frame.

    Attributes
    ----------
    size : float
        Width in pixels of the faces that it finds, roughly.
    top, bottom : int
        The rows of the frame that it searches.
    larger : bool
        Whether it also finds all larger faces.
    """

    size: float
    top: int
    bottom: int
    larger: bool = False


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
        found = self._search_inside(gray, _widened(box, AROUND), WINDOW / box.width)
        return next((item for item in found if item[0].overlap(box) >= SAME_FACE), None)

    def check(self, gray: NDArray[np.uint8], box: Box) -> bool:
        """Check that there is a face of the size of a box; takes a quarter of `confirm`.

        Parameters
        ----------
        gray, box
            As for `confirm`.

        Returns
        -------
        bool
            If False, `confirm` may still find the face, larger or smaller.
        """
        around = _widened(box, NEAR)
        found = self._search_inside(gray, around, WINDOW / box.width, one_size=True)
        return any(face.overlap(box) >= SAME_FACE for face, _ in found)

    def parts(self, shape: tuple[int, ...], min_face: float) -> list[SearchPart]:
        """Divide the search of a frame into parts that take about as long as each other.

        Parameters
        ----------
        shape : tuple of int
            Height and width of the frame.
        min_face : float
            As for `frame`.

        Returns
        -------
        list of SearchPart
            Together they find what `frame` does.
        """
        parts = []
        size = float(max(min_face, SMALLEST))
        while (rows := round(shape[0] * WINDOW / size)) >= SMALL_COPY:
            columns = shape[1] * WINDOW / size
            most = STRIP[1] * max(1.0, STRIP[0] / columns)
            n = max(1, math.ceil((rows - WINDOW) / (most - WINDOW)))
            step = (shape[0] - size) / n
            parts += [
                SearchPart(size, math.floor(i * step), math.ceil((i + 1) * step + size))
                for i in range(n)
            ]
            size *= STEP
        return [*parts, SearchPart(size, 0, shape[0], larger=True)]

    def part(self, gray: NDArray[np.uint8], part: SearchPart, left: int, right: int) -> Found:
        """Search a part of a frame.

        Parameters
        ----------
        gray : ndarray of shape (height, width), uint8
            The whole frame.
        part : SearchPart
            One of `parts`.
        left, right : int
            The columns to search.

        Returns
        -------
        list of (Box, float)
            As of `frame`; a face may be found in several parts.
        """
        inside = Box(left, part.top, right - left, part.bottom - part.top)
        return self._search_inside(gray, inside, WINDOW / part.size, one_size=not part.larger)

    def _search_inside(
        self, gray: NDArray[np.uint8], inside: Box, scale: float, *, one_size: bool = False
    ) -> Found:
        left, top = max(0, inside.left), max(0, inside.top)
        right, bottom = inside.left + inside.width, inside.top + inside.height
        picture = gray[top : max(top, bottom), left : max(left, right)]
        if not picture.size:
            return []
        found = _unscaled(self._run(resized(picture, scale), one_size=one_size), scale)
        return [(_moved(face, left, top), score) for face, score in found]

    def _search_scaled(self, gray: NDArray[np.uint8], scale: float) -> Found:
        return _unscaled(self._run(resized(gray, scale)), scale)

    def _run(self, gray: NDArray[np.uint8], *, one_size: bool = False) -> Found:
        if not hasattr(self._native, "all_sizes"):
            self._native.all_sizes, self._native.one_size = _load_detectors()
        native = self._native.one_size if one_size else self._native.all_sizes
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


def _widened(box: Box, share: float) -> Box:
    """Add a share of the width on each side."""
    edge = round(share * box.width)
    return Box(box.left - edge, box.top - edge, box.width + 2 * edge, box.height + 2 * edge)


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
        if not any(same_face(box, other) for other, _ in kept):
            kept.append((box, score))
    return kept


def same_face(one: Box, other: Box) -> bool:
    """Return whether two boxes lie on one face, as they overlap or one is inside the other."""
    union_share = one.overlap(other)
    common = union_share * (one.area + other.area) / (1 + union_share)
    return union_share >= SAME_FACE or common >= INSIDE * min(one.area, other.area)


# How dlib stores the sizes of its window and of the smallest picture to search, with the number of
# times the picture is reduced between them.
_ALL_SIZES = bytes.fromhex("0150 0150 02e803 0140 0140")
_ONE_SIZE = bytes.fromhex("0150 0150 0101 0140 0140")


def _load_detectors() -> tuple[Any, Any]:
    """Load dlib's frontal face detector, and the same for faces as large as its window only.

    dlib unpacks it in 0.6 s, but loads what is kept in the cache in a millisecond.
    """
    cache = user_folder("cache")
    path = None if cache is None else cache / f"frontal-face-detector-{dlib.__version__}.svm"
    if path is not None:
        with contextlib.suppress(OSError, RuntimeError):  # missing or damaged
            return _both_detectors(path.read_bytes())
    (state,) = dlib.get_frontal_face_detector().__getstate__()
    if path is not None:
        with contextlib.suppress(OutputError):  # the next start takes 0.6 s again
            replace_atomically(path, state)
    return _both_detectors(state)


def _both_detectors(state: bytes) -> tuple[Any, Any]:
    detectors = []
    for each in (state, state.replace(_ALL_SIZES, _ONE_SIZE)):
        detector = dlib.fhog_object_detector.__new__(dlib.fhog_object_detector)
        detector.__setstate__((each,))
        detectors.append(detector)
    return detectors[0], detectors[1]

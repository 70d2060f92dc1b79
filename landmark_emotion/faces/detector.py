"""Faces and their landmarks in an image; the only module that imports dlib."""

import os
import threading
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import MissingPackageError
from landmark_emotion.faces.predictor import LandmarkPredictor
from landmark_emotion.files.folders import user_folder
from landmark_emotion.model.face import Box, Face, Landmarks
from landmark_emotion.sources.preparation import prepare, resized, to_gray

try:
    import dlib
except ImportError as error:
    raise MissingPackageError(
        "dlib: not installed; run 'pip install dlib-bin' (or build dlib yourself, see README.md)"
    ) from error

# Landmarks depend slightly on where the box lies. The mean over these shifts, in widths of the
# box, depends less on it.
BOX_SHIFTS = ((0.0, 0.0), (-0.05, 0.0), (0.05, 0.0), (0.0, -0.05), (0.0, 0.05))

# A face whose brightest pixels (the 95th percentile) are below the first gray level is brightened
# until they reach the second; a face darker than the third is brightened as if it were that bright.
DARK, BRIGHT, DARKEST = 120, 200, 20

WINDOW = 80  # pixels; width of the smallest face that the detector finds at full size
SMALLEST = 20  # pixels; an enlarged smaller face shows nothing

# Still images are searched in tiles, so that memory is bounded, and at a size that bounds time:
# the detector takes some 60 ms per million pixels.
TILE = 1600  # pixels, each side
MAX_SEARCHED = 24_000_000  # pixels

SAME_FACE = 0.4  # intersection over union of two boxes of one face
INSIDE = 0.6  # share of the smaller box inside the larger one, of one face

AROUND = 0.25  # widths of the box searched around it to confirm a face

# Raise it when measured landmarks change, so that cached ones are measured again.
MEASUREMENT_VERSION = 5


class FaceDetector:
    """dlib's frontal face detector with the 68-point shape predictor.

    Several threads may use one detector: dlib's part, which is not thread-safe, is made once per
    thread.

    Parameters
    ----------
    predictor : path-like, optional
        The shape predictor's file; otherwise the one that `predictor.find_predictor` finds.

    Raises
    ------
    PredictorError
        If there is no such file, or it is not a 68-point shape predictor.
    """

    def __init__(self, predictor: str | os.PathLike[str] | None = None) -> None:
        self._predictor = LandmarkPredictor(predictor)
        self._native = threading.local()

    def faces(
        self, frame: NDArray[np.uint8], *, thorough: bool = False, min_face: float | None = None
    ) -> list[Face]:
        """Find the faces in an image.

        Parameters
        ----------
        frame : ndarray of shape (height, width) or (height, width, 1, 3 or 4), uint8
            Gray, blue-green-red, or that with alpha.
        thorough : bool
            For single images: average the landmarks over slightly shifted boxes, and if no face is
            found, search once more for faces from 40 pixels.
        min_face : float, optional
            Width in pixels from which faces are found; 80 if not given. Images of more than 24
            million pixels are searched for larger faces only (see `smallest_searched`).

        Returns
        -------
        list of Face
            The largest first.

        Raises
        ------
        ValueError
            If the frame is not an image.
        """
        prepared = prepare(frame)
        gray = prepared.gray
        smallest = WINDOW if min_face is None else min_face * prepared.scale
        found = self._search_tiles(gray, smallest)
        if not found and thorough and min_face is None:
            found = self._search_tiles(gray, WINDOW / 2)
        shifts = BOX_SHIFTS if thorough else BOX_SHIFTS[:1]
        faces = [
            Face(
                box=prepared.box_to_original(box),
                landmarks=prepared.landmarks_to_original(
                    self._measure(gray, box, shifts).mean(axis=0)
                ),
                score=score,
            )
            for box, score in found
        ]
        return sorted(faces, key=lambda face: -face.box.area)

    def search(self, gray: NDArray[np.uint8], min_face: float) -> list[tuple[Box, float]]:
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

    def landmarks(self, gray: NDArray[np.uint8], box: Box) -> Landmarks:
        """Predict the landmarks of shape (68, 2) of the face in a box, in pixels of `gray`."""
        (landmarks,) = self._measure(gray, box, BOX_SHIFTS[:1])
        return np.asarray(landmarks, dtype=np.float64)

    def landmarks_of_shifted_boxes(self, frame: NDArray[np.uint8], box: Box) -> Landmarks:
        """Predict the landmarks for each of `BOX_SHIFTS` of a box.

        Parameters
        ----------
        frame : ndarray of shape (height, width) or (height, width, 1, 3 or 4), uint8
            Large enough not to be enlarged by `images.prepare`.
        box : Box
            Of a face in it.

        Returns
        -------
        ndarray of shape (5, 68, 2)
            Pixels, as (x, y).
        """
        return self._measure(to_gray(frame), box, BOX_SHIFTS)

    def _measure(
        self, gray: NDArray[np.uint8], box: Box, shifts: Iterable[tuple[float, float]]
    ) -> Landmarks:
        gray, left, top = _brightened(gray, box)
        boxes = [
            (
                box.left - left + across * box.width,
                box.top - top + down * box.width,
                box.width,
                box.height,
            )
            for across, down in shifts
        ]
        return np.asarray(self._predictor.landmarks(gray, boxes) + (left, top), dtype=np.float64)

    def _search_tiles(self, gray: NDArray[np.uint8], min_face: float) -> list[tuple[Box, float]]:
        """Search a still image: for large faces on a reduced copy, for small ones in tiles."""
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

    def _search_scaled(self, gray: NDArray[np.uint8], scale: float) -> list[tuple[Box, float]]:
        return _unscaled(self._run(resized(gray, scale)), scale)

    def _run(self, gray: NDArray[np.uint8]) -> list[tuple[Box, float]]:
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


def _unscaled(found: list[tuple[Box, float]], scale: float) -> list[tuple[Box, float]]:
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


def _distinct(found: list[tuple[Box, float]]) -> list[tuple[Box, float]]:
    """Keep the best of the boxes that lie on one face (non-maximum suppression)."""
    kept: list[tuple[Box, float]] = []
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


def _brightened(gray: NDArray[np.uint8], box: Box) -> tuple[NDArray[np.uint8], int, int]:
    """Brighten a dark face, since the predictor compares differences of gray levels.

    Returns the picture as it is, or what surrounds the face, and where that begins.
    """
    bottom, right = max(0, box.top + box.height), max(0, box.left + box.width)
    face = gray[max(0, box.top) : bottom : 4, max(0, box.left) : right : 4]
    brightest = _percentile(face, 0.95) if face.size else 255.0
    if brightest >= DARK:
        return gray, 0, 0
    margin = round(0.3 * box.width)
    left, top = max(0, box.left - margin), max(0, box.top - margin)
    around = gray[top : bottom + margin, left : right + margin]
    gain = BRIGHT / max(brightest, DARKEST)
    table = np.clip(np.arange(256) * gain, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(table[around]), left, top


def _percentile(values: NDArray[np.uint8], share: float) -> float:
    """Compute what `numpy.percentile` does, which for so few values takes ten times as long."""
    place = share * (values.size - 1)
    below = int(place)
    above = min(below + 1, values.size - 1)
    parted = np.partition(values, (below, above), axis=None)
    return float(parted[below]) + (place - below) * (float(parted[above]) - float(parted[below]))

"""Faces and their landmarks in a picture; the only module that imports dlib."""

import hashlib
import importlib.util
import os
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import MissingPackageError, PredictorError
from landmark_emotion.model.face import N_LANDMARKS, Box, Face, Landmarks
from landmark_emotion.sources.images import prepare, resized, to_gray

try:
    import dlib
except ImportError as error:
    raise MissingPackageError(
        "dlib: not installed; run 'pip install dlib-bin' (or build dlib yourself, see README.md)"
    ) from error

PREDICTOR_NAME = "shape_predictor_68_face_landmarks.dat"

# The predictor's answer hangs a little on where exactly the box lies; the mean over these shifts,
# in widths of the box, does so less.
BOX_SHIFTS = ((0.0, 0.0), (-0.05, 0.0), (0.05, 0.0), (0.0, -0.05), (0.0, 0.05))

# A face whose brightest pixels (the 95th percentile) are below the first gray level is brightened
# until they reach the second; what is darker still than the third is left rather dark.
DARK, BRIGHT, DARKEST = 120, 200, 20

WINDOW = 80  # pixels; about the smallest face that the detector finds in a picture as it is
SMALLEST = 20  # pixels; enlarging a face from less than that shows nothing of it

MAX_SEARCH_SIDE = 1600  # pixels; larger pictures are searched on a reduced copy

# How much around a face's box is searched to confirm it, in widths of the box, and how much what
# is found there must overlap with it (intersection over union).
AROUND = 0.25
SAME_FACE = 0.4

# What the measured landmarks depend on besides the predictor; raise it when that changes.
MEASUREMENT_VERSION = 4


class FaceDetector:
    """dlib's frontal face detector with the 68-point shape predictor.

    Parameters
    ----------
    predictor : path-like, optional
        The shape predictor's file; otherwise the one `find_predictor` finds.

    Raises
    ------
    PredictorError
        If there is no such file, or it is not a 68-point shape predictor.
    """

    def __init__(self, predictor: str | os.PathLike[str] | None = None) -> None:
        path = find_predictor(predictor)
        try:
            self._predictor = dlib.shape_predictor(str(path))
        except RuntimeError as error:
            raise PredictorError(
                f"{path}: not a shape predictor; see models/README.md for the right file"
            ) from error
        self._detector = dlib.get_frontal_face_detector()
        blank = np.zeros((8, 8), dtype=np.uint8)
        parts = self._predictor(blank, dlib.rectangle(0, 0, 7, 7)).num_parts
        if parts != N_LANDMARKS:
            raise PredictorError(
                f"{path}: predicts {parts} landmarks instead of 68; see models/README.md"
            )

    def faces(self, frame: NDArray[np.uint8], *, thorough: bool = False) -> list[Face]:
        """Find the faces in a picture.

        Parameters
        ----------
        frame : ndarray of shape (height, width) or (height, width, 1, 3 or 4), uint8
            Gray, blue-green-red, or that with alpha.
        thorough : bool
            For single images: average the landmarks over slightly shifted boxes, and where
            nothing is found look once more for smaller faces, which costs four times as much
            again. In a video the frames themselves are the average.

        Returns
        -------
        list of Face
            The largest first; empty where there is none. Faces below 80 pixels (40 when
            thorough) are not found.

        Raises
        ------
        ValueError
            If the frame is not a picture.
        """
        prepared = prepare(frame)
        found = self._search(prepared.gray, upsample=0)
        if not found and thorough:
            found = self._search(prepared.gray, upsample=1)
        shifts = BOX_SHIFTS if thorough else BOX_SHIFTS[:1]
        faces = [
            Face(
                box=prepared.box_to_original(box),
                landmarks=prepared.landmarks_to_original(
                    self._shifted(prepared.gray, box, shifts).mean(axis=0)
                ),
                score=score,
            )
            for box, score in found
        ]
        return sorted(faces, key=lambda face: -face.box.area)

    def search(self, gray: NDArray[np.uint8], min_face: float) -> list[tuple[Box, float]]:
        """Search a whole picture for faces.

        Parameters
        ----------
        gray : ndarray of shape (height, width), uint8
            Is searched on a copy just large enough for the smallest face.
        min_face : float
            Width in pixels from which on faces are found, from 20; below 80 the copy is larger
            than the picture.

        Returns
        -------
        list of (Box, float)
            Boxes in pixels of `gray` and the detector's decision values, the surest first.
        """
        return self._search_scaled(gray, WINDOW / max(min_face, SMALLEST))

    def confirm(self, gray: NDArray[np.uint8], box: Box) -> tuple[Box, float] | None:
        """Look whether there is a face in a box, at a small part of the cost of a search.

        Parameters
        ----------
        gray : ndarray of shape (height, width), uint8
            The whole picture.
        box : Box
            Where the face should be.

        Returns
        -------
        tuple of (Box, float) or None
            Roughly where it is and the detector's decision value; None where there is none.
        """
        margin = round(AROUND * box.width)
        left, top = max(0, box.left - margin), max(0, box.top - margin)
        right, bottom = box.left + box.width + margin, box.top + box.height + margin
        around = gray[top : max(top, bottom), left : max(left, right)]
        if not around.size:
            return None
        found = [
            (replace(face, left=face.left + left, top=face.top + top), score)
            for face, score in self._search_scaled(around, WINDOW / box.width)
        ]
        return next((item for item in found if item[0].overlap(box) >= SAME_FACE), None)

    def landmarks(self, gray: NDArray[np.uint8], box: Box) -> Landmarks:
        """Predict the landmarks of shape (68, 2) of the face in a box, in pixels of `gray`."""
        return self._landmarks(gray, box)

    def landmarks_of_shifted_boxes(self, frame: NDArray[np.uint8], box: Box) -> NDArray[np.float64]:
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
        return self._shifted(to_gray(frame), box, BOX_SHIFTS)

    def _shifted(
        self, gray: NDArray[np.uint8], box: Box, shifts: Iterable[tuple[float, float]]
    ) -> NDArray[np.float64]:
        return np.array(
            [
                self._landmarks(
                    gray,
                    replace(
                        box,
                        left=box.left + round(across * box.width),
                        top=box.top + round(down * box.width),
                    ),
                )
                for across, down in shifts
            ]
        )

    def _search(self, gray: NDArray[np.uint8], upsample: int) -> list[tuple[Box, float]]:
        return self._search_scaled(gray, min(1.0, MAX_SEARCH_SIDE / max(gray.shape)), upsample)

    def _search_scaled(
        self, gray: NDArray[np.uint8], scale: float, upsample: int = 0
    ) -> list[tuple[Box, float]]:
        rectangles, scores, _ = self._detector.run(resized(gray, scale), upsample, 0.0)
        return [
            (
                Box(
                    left=round(rectangle.left() / scale),
                    top=round(rectangle.top() / scale),
                    width=max(1, round(rectangle.width() / scale)),
                    height=max(1, round(rectangle.height() / scale)),
                ),
                float(score),
            )
            for rectangle, score in zip(rectangles, scores, strict=True)
        ]

    def _landmarks(self, gray: NDArray[np.uint8], box: Box) -> Landmarks:
        gray, left, top = _brightened(gray, box)
        box = replace(box, left=box.left - left, top=box.top - top)
        rectangle = dlib.rectangle(
            box.left, box.top, box.left + box.width - 1, box.top + box.height - 1
        )
        parts = self._predictor(gray, rectangle).parts()
        return np.array([(part.x + left, part.y + top) for part in parts], dtype=np.float64)


def find_predictor(path: str | os.PathLike[str] | None = None) -> Path:
    """Find the shape predictor's file.

    Parameters
    ----------
    path : path-like, optional
        A file to use instead of looking.

    Returns
    -------
    Path
        The given file; else ``models/shape_predictor_68_face_landmarks.dat`` in the current
        folder; else the one that the package face_recognition_models carries.

    Raises
    ------
    PredictorError
        If there is none.
    """
    if path is not None:
        if not Path(path).is_file():
            raise PredictorError(f"{path}: no shape predictor; see models/README.md")
        return Path(path)
    candidates = [Path("models") / PREDICTOR_NAME]
    # Its folder is looked up without importing it: its __init__ needs pkg_resources, which new
    # versions of setuptools no longer have.
    package = importlib.util.find_spec("face_recognition_models")
    if package is not None and package.origin is not None:
        candidates.append(Path(package.origin).parent / "models" / PREDICTOR_NAME)
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise PredictorError(
        f"{PREDICTOR_NAME}: no shape predictor; run 'pip install face_recognition_models', "
        "put the file into models/ or name it with --predictor"
    )


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


@lru_cache(maxsize=4)
def predictor_digest(path: Path) -> str:
    """Compute the SHA-256 of a shape predictor's file, in hexadecimal."""
    try:
        with path.open("rb") as file:
            digest = hashlib.sha256()
            while block := file.read(2**20):
                digest.update(block)
            return digest.hexdigest()
    except OSError as error:
        raise PredictorError(f"{path}: cannot be read ({error.strerror}); check it") from error


def detector_version() -> str:
    """Tell the versions of the libraries that the measured landmarks depend on."""
    return f"dlib {dlib.__version__}, OpenCV {cv2.__version__}"

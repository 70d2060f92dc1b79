"""Faces with their landmarks in an image."""

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.faces.predictor import LandmarkPredictor
from landmark_emotion.faces.search import WINDOW, FaceSearch, SearchPart
from landmark_emotion.model.face import Box, Face, Landmarks, mirror_landmarks
from landmark_emotion.model.quality import disagreement
from landmark_emotion.sources.preparation import Prepared, prepare

# Landmarks depend slightly on the box. In still images they are the mean over the first five of
# these boxes, in the image and in its mirror image; training learns from all eighteen. Each is
# moved to the right and down, in widths of the box, and scaled about its center.
BOXES = (
    (0.0, 0.0, 1.0),
    (-0.05, 0.0, 1.0),
    (0.05, 0.0, 1.0),
    (0.0, -0.05, 1.0),
    (0.0, 0.05, 1.0),
    (0.0, 0.0, 0.92),
    (0.0, 0.0, 1.08),
    (-0.04, -0.04, 1.0),
    (0.04, 0.04, 1.0),
)
N_AVERAGED = 5

# If the landmarks from two boxes disagree by less, no more boxes are measured to tell whether the
# face is hidden.
CLEAR = 0.0125

# A face whose brightest pixels (the 95th percentile) are below the first gray level is brightened
# until they reach the second; a face darker than the third is brightened as if it were that bright.
DARK, BRIGHT, DARKEST = 120, 200, 20

# Raise it when measured landmarks change, so that cached ones are measured again.
MEASUREMENT_VERSION = 6


class FaceDetector:
    """Finds faces and predicts their 68 landmarks.

    Several threads may use one detector.

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
        self._search = FaceSearch()

    def faces(
        self,
        frame: NDArray[np.uint8],
        *,
        thorough: bool = False,
        measured: bool = False,
        min_face: float | None = None,
        max_faces: int | None = None,
    ) -> list[Face]:
        """Find the faces in an image.

        Parameters
        ----------
        frame : ndarray of shape (height, width) or (height, width, 1, 3 or 4), uint8
            Gray, blue-green-red, or that with alpha.
        thorough : bool
            For single images: average the landmarks over shifted boxes and the mirror image, and
            if no face is found, search once more for faces from 40 pixels.
        measured : bool
            For training: also return the landmarks from each of `BOXES`, in the image and in its
            mirror image.
        min_face : float, optional
            Width in pixels from which faces are found; 80 if not given. Images of more than 12
            million pixels are searched for larger faces only (see `search.smallest_searched`).

        max_faces : int, optional
            Only so many faces are returned, the largest.

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
        smallest = WINDOW if min_face is None else min_face * prepared.scale
        found = self._search.still(prepared.gray, smallest)
        if not found and thorough and min_face is None:
            found = self._search.still(prepared.gray, WINDOW / 2)
        found = sorted(found, key=lambda each: -each[0].area)[:max_faces]
        faces = [self._face(prepared, *each, thorough, measured) for each in found]
        return sorted(faces, key=lambda face: -face.box.area)

    def search(self, gray: NDArray[np.uint8], min_face: float) -> list[tuple[Box, float]]:
        """Search a frame, as `search.FaceSearch.frame` does."""
        return self._search.frame(gray, min_face)

    def parts(self, shape: tuple[int, ...], min_face: float) -> list[SearchPart]:
        """Divide the search of a frame, as `search.FaceSearch.parts` does."""
        return self._search.parts(shape, min_face)

    def search_part(
        self, gray: NDArray[np.uint8], part: SearchPart, left: int, right: int
    ) -> list[tuple[Box, float]]:
        """Search a part of a frame, as `search.FaceSearch.part` does."""
        return self._search.part(gray, part, left, right)

    def confirm(self, gray: NDArray[np.uint8], box: Box) -> tuple[Box, float] | None:
        """Check that there is a face in a box, as `search.FaceSearch.confirm` does."""
        return self._search.confirm(gray, box)

    def check(self, gray: NDArray[np.uint8], box: Box) -> bool:
        """Check that there is a face of the size of a box, as `search.FaceSearch.check` does."""
        return self._search.check(gray, box)

    def landmarks(self, gray: NDArray[np.uint8], box: Box) -> Landmarks:
        """Predict the landmarks of shape (68, 2) of the face in a box, in pixels of `gray`.

        One evaluation: a second one, of a box moved by 2 % or of the mirror image, lessens the
        jitter of a still face by a fourth only, takes half as long again, and makes videos slower
        than dlib's predictor where NumPy evaluates.
        """
        (landmarks,) = self._measure(gray, box, BOXES[:1])
        return np.asarray(landmarks, dtype=np.float64)

    def disagreement(self, gray: NDArray[np.uint8], box: Box, landmarks: Landmarks) -> float:
        """Measure how much landmarks from a box depend on it, as `quality.disagreement` says."""
        # Of all second boxes this one tells hidden faces best, and it suffices for most others.
        others = self._measure(gray, box, BOXES[8:9])
        if (apart := disagreement(np.concatenate([landmarks[np.newaxis], others]))) < CLEAR:
            return apart
        others = self._measure(gray, box, BOXES[1:N_AVERAGED])
        return disagreement(np.concatenate([landmarks[np.newaxis], others]))

    def _face(
        self, prepared: Prepared, box: Box, score: float, thorough: bool, measured: bool
    ) -> Face:
        boxes = BOXES if measured else BOXES[:N_AVERAGED] if thorough else BOXES[:1]
        landmarks = prepared.landmarks_to_original(
            self._measure(prepared.gray, box, boxes, mirrored=measured or thorough)
        )
        # The image and its mirror image follow each other.
        averaged = landmarks.reshape(-1, len(boxes), *landmarks.shape[1:])
        return Face(
            box=prepared.box_to_original(box),
            landmarks=averaged[:, : N_AVERAGED if thorough else 1].mean(axis=(0, 1)),
            score=score,
            measured=landmarks if measured else None,
            disagreement=disagreement(averaged[0, :N_AVERAGED]) if len(boxes) > 1 else None,
        )

    def _measure(
        self,
        gray: NDArray[np.uint8],
        box: Box,
        boxes: Sequence[tuple[float, float, float]],
        *,
        mirrored: bool = False,
    ) -> Landmarks:
        """Predict landmarks from variants of a box, and then from those of the mirror image."""
        gray, left, top = _brightened(gray, box)
        right, down, scale = np.array(boxes).T
        inset = (1 - scale) / 2
        places = np.stack(
            [
                box.left - left + (right + inset) * box.width,
                box.top - top + down * box.width + inset * box.height,
                scale * box.width,
                scale * box.height,
            ],
            axis=-1,
        )
        landmarks = self._predictor.landmarks(gray, places)
        if mirrored:
            width = gray.shape[1]
            places[:, 0] = width - box.width - (box.left - left) + (right + inset) * box.width
            there = mirror_landmarks(self._predictor.landmarks(gray[:, ::-1], places))
            landmarks = np.concatenate([landmarks, there + (width - 1, 0)])
        return np.asarray(landmarks + (left, top), dtype=np.float64)


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

"""Searches for new faces in a part of each frame, so that no frame pays for a whole search."""

import math
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.faces.cuts import changed_columns
from landmark_emotion.faces.search import SearchPart
from landmark_emotion.model.face import Box, Landmarks

# A part in which nothing has changed since it was last searched is searched only in every so many
# rounds.
REVISIT = 15


class Detector(Protocol):
    """What following faces needs of `detector.FaceDetector`."""

    def parts(self, shape: tuple[int, ...], min_face: float) -> list[SearchPart]:
        """Divide the search of a frame."""
        ...

    def search_part(
        self, gray: NDArray[np.uint8], part: SearchPart, left: int, right: int
    ) -> list[tuple[Box, float]]:
        """Search a part of a frame."""
        ...

    def search(self, gray: NDArray[np.uint8], min_face: float) -> list[tuple[Box, float]]:
        """Search a whole picture for faces."""
        ...

    def confirm(self, gray: NDArray[np.uint8], box: Box) -> tuple[Box, float] | None:
        """Search for a face in and around a box."""
        ...

    def check(self, gray: NDArray[np.uint8], box: Box) -> bool:
        """Check that there is a face of the size of a box."""
        ...

    def landmarks(self, gray: NDArray[np.uint8], box: Box) -> Landmarks:
        """Predict the landmarks of the face in a box."""
        ...

    def disagreement(self, gray: NDArray[np.uint8], box: Box, landmarks: Landmarks) -> float:
        """Measure how much these landmarks depend on the box."""
        ...


class Sweep:
    """Searches one part of the frame after the other; which one depends on the frames alone.

    Parameters
    ----------
    detector : Detector
        Finds faces.
    frames : int
        Frames that a round of all parts takes.
    seconds : float
        Seconds that it takes at most.
    """

    def __init__(self, detector: Detector, frames: int, seconds: float) -> None:
        self._detector = detector
        self._every = frames
        self._seconds = seconds
        self._shape: tuple[int, ...] = (0, 0)
        self._parts: list[SearchPart] = []
        self._scenes: list[NDArray[np.int16]] = []  # when each part was last searched
        self._done = self._due = self._frames = 0
        self._rounds = 1
        self._began = self._time = 0.0

    def restart(
        self, shape: tuple[int, ...], min_face: float, scene: NDArray[np.int16], time: float
    ) -> None:
        """Begin a round after a frame that was searched as a whole."""
        self._shape = shape
        self._parts = self._detector.parts(shape, min_face)
        self._scenes = [scene] * len(self._parts)
        self._done, self._frames, self._began = 0, 0, time

    def is_due(self, time: float) -> bool:
        """Go on to the next frame, at a time in seconds; return whether to search it."""
        self._frames += 1
        share = max(self._frames / self._every, (time - self._began) / self._seconds)
        self._due = min(len(self._parts), math.ceil(len(self._parts) * share - 1e-6))
        self._time = time
        return self._due > self._done

    def search(
        self,
        gray: Callable[[], NDArray[np.uint8]],
        scene: NDArray[np.int16],
        known: Sequence[Box],
    ) -> list[tuple[Box, float]]:
        """Search the parts of a frame that are due.

        Parameters
        ----------
        gray : callable
            Returns the frame as an ndarray of the shape given to `restart`, uint8.
        scene : ndarray
            Its samples, from `cuts.scene_samples`.
        known : sequence of Box
            The faces that are followed; what changes there is not a new face.

        Returns
        -------
        list of (Box, float)
            As of `search.FaceSearch.part`.
        """
        found = []
        for i in range(self._done, self._due):
            part = self._parts[i]
            columns: tuple[int, int] | None = (0, self._shape[1])
            if (self._rounds + i) % REVISIT:
                columns = changed_columns(self._scenes[i], scene, known, part, self._shape)
            if columns is not None:
                self._scenes[i] = scene
                found += self._detector.search_part(gray(), part, *columns)
        self._done = self._due
        if self._done == len(self._parts):
            self._rounds += 1
            self._done, self._frames, self._began = 0, 0, self._time
        return found

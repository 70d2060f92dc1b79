"""Where the faces of the last frame are now.

Searching a whole frame takes some twenty times as long as predicting the landmarks of a face whose
place is known. So a face is looked for once and then followed: its landmarks in the last frame say
where it is in this one. Every few frames, and at once where something looks wrong, a small search
around it confirms that it is a face still. New faces are searched for at an interval, and as soon
as one that was followed is lost.
"""

import math
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.faces.numbers import FaceNumbers
from landmark_emotion.model.face import Box, Face, Landmarks
from landmark_emotion.sources.preparation import Prepared, prepare

DETECT_EVERY = 30  # frames between searches of the whole frame while a face is followed
CONFIRM_EVERY = 10  # frames between confirmations of a face
IDLE_EVERY = 4  # frames between searches while there is nobody, or somebody has just been lost
# Where frames are rare, time decides.
DETECT_SECONDS = 1.0
IDLE_SECONDS = 0.2
JUST_LOST = 1.0  # seconds

# The detector's own boxes lie on a coarse grid, so a box stays until the face has moved, in widths
# of it, or grown by more than this.
MOVED = 0.05
GROWN = 0.1

# What looks wrong: the face's center moved in widths of its box or its size changed by this much
# from one frame to the next; its shape changed by this many RMS radii a landmark since it was last
# seen for sure; the picture under the box has less than this correlation with what it was then.
JUMP = 0.25
RESIZED = 0.2
DISTORTED = 0.1
UNLIKE = 0.6

# A face this much of which is outside the frame has left it.
OUTSIDE = 0.5

PATTERN_SIDE = 16  # samples across a box for the correlation

# Another scene: this share of samples across the frame changed by more than so many gray levels
# since the last search. It is searched at once.
OTHER_SCENE = 0.3
OTHER_LEVEL = 20
SCENE_SAMPLES = 32  # across and down


class Detector(Protocol):
    """What `FaceTracker` needs of `detection.FaceDetector`."""

    def search(self, gray: NDArray[np.uint8], min_face: float) -> list[tuple[Box, float]]:
        """Search a whole picture."""
        ...

    def confirm(self, gray: NDArray[np.uint8], box: Box) -> tuple[Box, float] | None:
        """Look whether there is a face in a box."""
        ...

    def landmarks(self, gray: NDArray[np.uint8], box: Box) -> Landmarks:
        """Predict the landmarks of the face in a box."""
        ...


@dataclass
class _Track:
    """A face that is followed; all in pixels of the prepared picture."""

    box: Box  # what the predictor is given
    origin: NDArray[np.float64]  # centroid of the landmarks when the box was set
    spread: float  # their RMS radius then
    landmarks: Landmarks
    center: NDArray[np.float64]  # their centroid
    radius: float  # their RMS radius
    score: float
    pattern: NDArray[np.float64]  # of the picture, when the face was last seen for sure
    shape: Landmarks  # landmarks from their centroid, in RMS radii, then
    step: NDArray[np.float64]  # how far the centroid moved in the last frame
    number: int | None = None
    age: int = 0  # frames since it was last seen for sure

    @property
    def place(self) -> Box:
        """The box, moved along with the landmarks to the pixel."""
        across, down = (self.center - self.origin).tolist()
        return replace(self.box, left=self.box.left + round(across), top=self.box.top + round(down))


class FaceTracker:
    """Finds and follows the faces in a row of frames.

    Parameters
    ----------
    detector : Detector
        Finds faces and their landmarks.
    detect_every : int
        Frames between searches for new faces while one is followed; at the latest after a second.
    min_face : int, optional
        Width in pixels from which on faces are found; otherwise a sixth of the frame's shorter
        side, but at least 80.
    max_faces : int, optional
        Only so many are followed, the largest first.
    tracking : bool
        False searches every frame in full and follows nothing.
    """

    def __init__(
        self,
        detector: Detector,
        *,
        detect_every: int = DETECT_EVERY,
        min_face: int | None = None,
        max_faces: int | None = None,
        tracking: bool = True,
    ) -> None:
        if detect_every < 1:
            raise ValueError(f"detect_every must be at least 1, got {detect_every}")
        self._detector = detector
        self._detect_every = detect_every
        self._min_face = min_face
        self._max_faces = max_faces
        self._tracking = tracking
        self.reset()

    def reset(self) -> None:
        """Forget all faces and their numbers."""
        self._numbers = FaceNumbers()
        self._tracks: list[_Track] = []
        self._shape: tuple[int, ...] = ()
        self._scene = np.zeros((SCENE_SAMPLES, SCENE_SAMPLES))  # at the last search
        self._searched_before = 0  # frames
        self._searched_at = -np.inf  # seconds

    def update(self, image: NDArray[np.uint8], time: float) -> list[tuple[int, Face]]:
        """Find the faces in the next frame.

        Parameters
        ----------
        image : ndarray of shape (height, width) or (height, width, 1, 3 or 4), uint8
            Gray, blue-green-red, or that with alpha.
        time : float
            Seconds, rising from frame to frame.

        Returns
        -------
        list of (int, Face)
            Number and place of every face in this very frame, by number.

        Raises
        ------
        ValueError
            If the image is not a picture.
        """
        prepared = prepare(image)
        gray = prepared.gray
        if gray.shape != self._shape or not self._tracking or time < self._searched_at:
            self._shape = gray.shape
            self._tracks = []
            self._searched_at = -np.inf
        before = len(self._tracks)
        followed = (self._follow(track, gray) for track in self._tracks)
        self._tracks = _without_doubles([track for track in followed if track is not None])
        self._searched_before += 1
        scene = _samples(gray, Box(0, 0, gray.shape[1], gray.shape[0]), SCENE_SAMPLES)
        other = np.mean(np.abs(scene - self._scene) > OTHER_LEVEL) > OTHER_SCENE
        if len(self._tracks) < before or other or self._search_is_due(time):
            self._search(gray, prepared.scale)
            self._searched_before, self._searched_at, self._scene = 0, time, scene
        places = [track.place for track in self._tracks]
        known = [track.number for track in self._tracks]
        for track, number in zip(
            self._tracks, self._numbers.update(places, time, known), strict=True
        ):
            track.number = number
        faces = [
            (track.number or 0, _face(track, place, prepared))
            for track, place in zip(self._tracks, places, strict=True)
        ]
        return sorted(faces, key=lambda item: item[0])

    @property
    def remembered(self) -> set[int]:
        """The numbers of the faces that are in sight or were a moment ago."""
        return self._numbers.remembered

    def _search_is_due(self, time: float) -> bool:
        frames, seconds = IDLE_EVERY, IDLE_SECONDS
        if self._tracks and len(self._numbers.seen_since(time - JUST_LOST)) <= len(self._tracks):
            frames, seconds = self._detect_every, DETECT_SECONDS
        # A little early is in time, as frames do not come to the microsecond.
        return self._searched_before >= frames or time - self._searched_at >= seconds - 1e-6

    def _search(self, gray: NDArray[np.uint8], scale: float) -> None:
        min_face = max(80.0, min(gray.shape) / 6)
        if self._min_face is not None:
            min_face = self._min_face * scale
        free = list(self._tracks)
        for box, score in self._detector.search(gray, min_face):
            place = max(free, key=lambda track: track.place.overlap(box), default=None)
            if place is not None and place.place.overlap(box) > 0.3:
                free.remove(place)
                fresh = self._track(gray, box, score, place.number)
                self._tracks[self._tracks.index(place)] = fresh
            else:
                self._tracks.append(self._track(gray, box, score))
        self._tracks = _without_doubles(self._tracks)
        if self._max_faces is not None:
            self._tracks.sort(key=lambda track: -track.box.area)
            del self._tracks[self._max_faces :]

    def _track(
        self, gray: NDArray[np.uint8], box: Box, score: float, number: int | None = None
    ) -> _Track:
        landmarks = self._detector.landmarks(gray, box)
        center, radius = _place_and_size(landmarks)
        return _Track(
            box,
            center,
            radius,
            landmarks,
            center,
            radius,
            score,
            _pattern(gray, box),
            (landmarks - center) / radius,
            np.zeros(2),
            number,
        )

    def _follow(self, track: _Track, gray: NDArray[np.uint8]) -> _Track | None:
        """Move a track to where its face is in this frame; None where there is none."""
        before, radius_before = track.center, track.radius
        # It is likely to go on as it went.
        expected = before + track.step
        across, down = (expected - track.origin).tolist()
        growth = radius_before / track.spread
        if math.hypot(across, down) > MOVED * track.box.width or abs(growth - 1) > GROWN:
            width, height = track.box.width * growth, track.box.height * growth
            track.box = Box(
                left=round(track.box.left + across + (track.box.width - width) / 2),
                top=round(track.box.top + down + (track.box.height - height) / 2),
                width=max(1, round(width)),
                height=max(1, round(height)),
            )
            track.origin, track.spread = expected, radius_before
        if _share_inside(track.box, gray) < OUTSIDE:
            return None
        landmarks = self._detector.landmarks(gray, track.box)
        center, radius = _place_and_size(landmarks)
        shape = (landmarks - center) / radius
        wrong = (
            math.hypot(*(center - expected)) > JUMP * track.box.width
            or not 1 - RESIZED < radius / radius_before < 1 + RESIZED
            or np.hypot(*(shape - track.shape).T).mean() > DISTORTED
        )
        track.landmarks, track.step = landmarks, center - before
        track.center, track.radius = center, radius
        pattern = _pattern(gray, track.place)
        wrong = wrong or float(np.vdot(pattern, track.pattern)) < UNLIKE * pattern.size
        track.age += 1
        if not wrong and track.age < CONFIRM_EVERY:
            return track
        confirmed = self._detector.confirm(gray, track.place)
        if confirmed is None:
            return None
        if wrong:
            return self._track(gray, *confirmed, track.number)
        track.pattern, track.shape, track.score, track.age = pattern, shape, confirmed[1], 0
        return track


def _place_and_size(landmarks: Landmarks) -> tuple[NDArray[np.float64], float]:
    """Centroid and RMS radius."""
    center = landmarks.sum(axis=0) / len(landmarks)
    offsets = landmarks - center
    return center, max(math.sqrt(np.vdot(offsets, offsets) / len(landmarks)), 1e-6)


def _pattern(gray: NDArray[np.uint8], box: Box) -> NDArray[np.float64]:
    """Sample the picture in a box, standardized so that light and contrast do not matter."""
    samples = _samples(gray, box, PATTERN_SIDE)
    samples -= samples.sum() / samples.size
    deviation = math.sqrt(np.vdot(samples, samples) / samples.size)
    return np.asarray(samples / max(deviation, 1.0), dtype=np.float64)


def _samples(gray: NDArray[np.uint8], box: Box, side: int) -> NDArray[np.float64]:
    """Take side x side gray levels from a box, those outside from the edge of the picture."""
    steps = (np.arange(side) + 0.5) / side
    rows = np.clip((box.top + steps * box.height).astype(int), 0, gray.shape[0] - 1)
    columns = np.clip((box.left + steps * box.width).astype(int), 0, gray.shape[1] - 1)
    return np.asarray(gray[rows[:, np.newaxis], columns], dtype=np.float64)


def _share_inside(box: Box, gray: NDArray[np.uint8]) -> float:
    height, width = gray.shape
    across = min(box.left + box.width, width) - max(box.left, 0)
    down = min(box.top + box.height, height) - max(box.top, 0)
    return float(max(0, across) * max(0, down) / box.area)


def _without_doubles(tracks: list[_Track]) -> list[_Track]:
    """Let only one track sit on a face: the one the detector was surest of."""
    kept: list[_Track] = []
    for track in sorted(tracks, key=lambda track: -track.score):
        if all(track.place.overlap(other.place) < 0.4 for other in kept):
            kept.append(track)
    return kept


def _face(track: _Track, place: Box, prepared: Prepared) -> Face:
    return Face(
        prepared.box_to_original(place),
        prepared.landmarks_to_original(track.landmarks),
        track.score,
    )

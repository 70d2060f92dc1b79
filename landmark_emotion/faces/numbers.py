"""Numbers that faces keep from frame to frame."""

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.model.face import Box, Landmarks
from landmark_emotion.model.features import landmark_features
from landmark_emotion.model.same_person import SAME, face_shape, shape_distance

# A face that is out of sight for longer counts as a new person.
MEMORY = 5.0  # seconds

# A face that is out of sight for no longer is the same one if its place fits; later its shape must
# fit, too, as it may be another person.
BRIEF = 0.5  # seconds

# How far a face may be from where it should be by now, in widths of its box.
REACH = 0.8
REACH_PER_SECOND = 1.5

# A face out of sight is taken to go on moving for about this long.
GLIDE = 0.5  # seconds

_SETTLING = 0.1  # seconds over which the velocity is averaged
_RECENT = 10  # frames over which the shape is averaged


@dataclass
class _Sighting:
    box: Box
    velocity: NDArray[np.float64]  # pixels per second, of the center
    first: float
    seen: float
    recent: deque[Landmarks] = field(default_factory=lambda: deque(maxlen=_RECENT))
    doubtful: bool = False

    def expected(self, time: float) -> NDArray[np.float64]:
        """Where the center should be by now."""
        glide = GLIDE * (1 - np.exp(-(time - self.seen) / GLIDE))
        return np.asarray(_center(self.box) + self.velocity * glide, dtype=np.float64)

    def vouches(self, time: float) -> bool:
        """Whether a face in the right place is certainly the same."""
        return time - self.seen <= BRIEF and not self.doubtful

    def shape(self) -> NDArray[np.float64]:
        """Average over the recent frames, as in `same_person.face_shape`."""
        return face_shape(landmark_features(np.stack(self.recent)).mean(axis=0))


class FaceNumbers:
    """Gives every face a number that it keeps from frame to frame.

    No number is given to two people. A face gets an old number only if it was followed without a
    gap, or if its place fits and, unless the gap was brief, its shape is the same.
    """

    def __init__(self) -> None:
        self._sightings: dict[int, _Sighting] = {}
        self._last = 0  # number that was given
        self._time = 0.0  # of the last frame

    def update(
        self,
        boxes: Sequence[Box],
        landmarks: Sequence[Landmarks],
        time: float,
        followed: Sequence[int | None] | None = None,
    ) -> list[int]:
        """Assign numbers to the faces of a frame.

        Parameters
        ----------
        boxes : sequence of Box
            Places of the faces.
        landmarks : sequence of ndarray of shape (68, 2)
            Their landmarks, in pixels.
        time : float
            Seconds, increasing from frame to frame.
        followed : sequence of (int or None), optional
            Numbers of the faces that were followed from the last frame; no two are equal.

        Returns
        -------
        list of int
            A number from 1 for each face, no two equal. New faces get numbers that were never
            given before, from left to right. A new face whose shape turns out within half a second
            to be that of an old one gets the old number back.
        """
        numbers = {i: number for i, number in enumerate(followed or []) if number is not None}
        self._expire(time)
        away = self._sightings.keys() - set(numbers.values())
        pairs = sorted(
            (distance, index, number)
            for index, box in enumerate(boxes)
            for number in away
            if (distance := _distance(box, self._sightings[number], time))
            < REACH + REACH_PER_SECOND * (time - self._sightings[number].seen)
        )
        settled = {index for index, number in numbers.items() if not self._is_new(number, time)}
        for _, index, number in pairs:
            if (
                index not in settled
                and number in away
                and self._is_back(number, landmarks[index], time, numbers.get(index))
            ):
                self._sightings.pop(numbers.get(index, 0), None)
                numbers[index] = number
                settled.add(index)
                away.remove(number)
        for index in sorted(range(len(boxes)), key=lambda i: boxes[i].left):
            if index not in numbers:
                self._last += 1
                numbers[index] = self._last
        for index, box in enumerate(boxes):
            self._see(numbers[index], box, landmarks[index], time)
        self._time = time
        return [numbers[index] for index in range(len(boxes))]

    def doubt(self, numbers: Collection[int | None]) -> None:
        """Require the same shape before these numbers are given again.

        For faces whose picture has changed abruptly, as another person may be there.
        """
        for number, sighting in self._sightings.items():
            sighting.doubtful |= number in numbers

    @property
    def remembered(self) -> set[int]:
        """Numbers of the faces in sight and of those that may get theirs back."""
        return set(self._sightings)

    def seen_since(self, time: float) -> set[int]:
        """Return the numbers of the faces that were in sight at that time or later."""
        return {number for number, face in self._sightings.items() if face.seen >= time}

    def _expire(self, time: float) -> None:
        self._sightings = {
            number: sighting
            for number, sighting in self._sightings.items()
            # However rare the frames are, the last one is remembered.
            if 0 <= time - sighting.seen <= max(MEMORY, time - self._time)
        }

    def _is_new(self, number: int, time: float) -> bool:
        sighting = self._sightings.get(number)
        return sighting is not None and time - sighting.first <= BRIEF

    def _is_back(self, number: int, landmarks: Landmarks, time: float, new: int | None) -> bool:
        """Whether a face without a number, or with a new one, is one that was out of sight."""
        old = self._sightings[number]
        if new is None:
            if old.vouches(time):
                return True
            shape = face_shape(landmark_features(landmarks))
        elif old.first >= self._sightings[new].first:
            return False
        else:
            shape = self._sightings[new].shape()
        return shape_distance(shape, old.shape()) < SAME

    def _see(self, number: int, box: Box, landmarks: Landmarks, time: float) -> None:
        before = self._sightings.get(number)
        if before is None:
            before = _Sighting(box, np.zeros(2), time, time)
        velocity = before.velocity
        if (passed := time - before.seen) > 0:
            now = (_center(box) - _center(before.box)) / passed
            velocity = velocity + (now - velocity) * (1 - np.exp(-passed / _SETTLING))
        before.recent.append(landmarks)
        self._sightings[number] = _Sighting(box, velocity, before.first, time, before.recent)


def _center(box: Box) -> NDArray[np.float64]:
    return np.array([box.left + box.width / 2, box.top + box.height / 2])


def _distance(box: Box, sighting: _Sighting, time: float) -> float:
    """Distance from where the face should be plus change of size, in widths of the larger box."""
    size = max(box.width, sighting.box.width, 1)
    away = np.hypot(*(_center(box) - sighting.expected(time)))
    return float((away + abs(box.width - sighting.box.width)) / size)

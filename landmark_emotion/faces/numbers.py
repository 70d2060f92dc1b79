"""Which face of this frame is which face of the frames before."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.model.face import Box

# A face that is out of sight for longer counts as somebody new.
MEMORY = 5.0  # seconds

# How far a face may be from where it should be by now, in widths of its box.
REACH = 0.8
REACH_PER_SECOND = 1.5

# A face moves on as it did for about this long when nobody sees it.
GLIDE = 0.5  # seconds

_SETTLING = 0.1  # seconds over which the velocity is averaged


@dataclass
class _Sighting:
    box: Box
    velocity: NDArray[np.float64]  # pixels per second, of the center
    seen: float

    def expected(self, time: float) -> NDArray[np.float64]:
        """Where the center should be by now."""
        glide = GLIDE * (1 - np.exp(-(time - self.seen) / GLIDE))
        return np.asarray(_center(self.box) + self.velocity * glide, dtype=np.float64)


class FaceNumbers:
    """Gives every face a number that it keeps from frame to frame."""

    def __init__(self) -> None:
        self._sightings: dict[int, _Sighting] = {}

    def update(
        self, boxes: Sequence[Box], time: float, known: Sequence[int | None] | None = None
    ) -> list[int]:
        """Give the faces of a frame their numbers.

        Parameters
        ----------
        boxes : sequence of Box
            Where they are.
        time : float
            Seconds, rising from frame to frame.
        known : sequence of (int or None), optional
            The numbers of those that were followed from the frame before; no two alike.

        Returns
        -------
        list of int
            A number from 1 for each box, no two alike. The others get the number of the
            remembered face that could have come here, and new faces the smallest that is free.
        """
        numbers = {index: number for index, number in enumerate(known or []) if number is not None}
        self._sightings = {
            number: sighting
            for number, sighting in self._sightings.items()
            if 0 <= time - sighting.seen <= MEMORY
        }
        pairs = sorted(
            (distance, index, number)
            for index, box in enumerate(boxes)
            for number, sighting in self._sightings.items()
            if (distance := _distance(box, sighting, time))
            < REACH + REACH_PER_SECOND * (time - sighting.seen)
        )
        taken = set(numbers.values())
        for _, index, number in pairs:
            if index not in numbers and number not in taken:
                numbers[index] = number
                taken.add(number)
        for index in sorted(range(len(boxes)), key=lambda i: boxes[i].left):
            if index not in numbers:
                free = 1
                while free in self._sightings or free in taken:
                    free += 1
                numbers[index] = free
                taken.add(free)
        for index, box in enumerate(boxes):
            self._see(numbers[index], box, time)
        return [numbers[index] for index in range(len(boxes))]

    @property
    def remembered(self) -> set[int]:
        """The numbers of the faces that are in sight or were a moment ago."""
        return set(self._sightings)

    def seen_since(self, time: float) -> set[int]:
        """Tell the numbers of the faces that were in sight at that time or later."""
        return {number for number, face in self._sightings.items() if face.seen >= time}

    def _see(self, number: int, box: Box, time: float) -> None:
        before = self._sightings.get(number)
        velocity = np.zeros(2)
        if before is not None and (passed := time - before.seen) > 0:
            now = (_center(box) - _center(before.box)) / passed
            velocity = before.velocity + (now - before.velocity) * (1 - np.exp(-passed / _SETTLING))
        self._sightings[number] = _Sighting(box, velocity, time)


def _center(box: Box) -> NDArray[np.float64]:
    return np.array([box.left + box.width / 2, box.top + box.height / 2])


def _distance(box: Box, sighting: _Sighting, time: float) -> float:
    """Distance from where the face should be and change of size, in widths of the larger box."""
    size = max(box.width, sighting.box.width, 1)
    away = np.hypot(*(_center(box) - sighting.expected(time)))
    return float((away + abs(box.width - sighting.box.width)) / size)

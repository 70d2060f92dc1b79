"""Which face of this frame is which face of the frames before."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from landmark_emotion.face import Box

# A face that is out of sight for longer counts as somebody new.
MEMORY = 5.0  # seconds

# How far a face may have moved between two sightings, in widths of its box.
REACH = 0.8
REACH_PER_SECOND = 1.5


@dataclass
class _Track:
    number: int
    box: Box
    seen: float


class FaceNumbers:
    """Gives every face a number that it keeps from frame to frame."""

    def __init__(self) -> None:
        self._tracks: list[_Track] = []

    def update(self, boxes: Sequence[Box], time: float) -> list[int]:
        """Give the faces of a frame their numbers.

        Parameters
        ----------
        boxes : sequence of Box
            Where they are.
        time : float
            Seconds, rising from frame to frame.

        Returns
        -------
        list of int
            A number from 1 for each box, no two alike. New faces get the smallest that is free.
        """
        self._tracks = [track for track in self._tracks if 0 <= time - track.seen <= MEMORY]
        pairs = sorted(
            (distance, index, track.number)
            for index, box in enumerate(boxes)
            for track in self._tracks
            if (distance := _distance(box, track.box))
            < REACH + REACH_PER_SECOND * (time - track.seen)
        )
        numbers: dict[int, int] = {}
        for _, index, number in pairs:
            if index not in numbers and number not in numbers.values():
                numbers[index] = number
        by_number = {track.number: track for track in self._tracks}
        for index in sorted(range(len(boxes)), key=lambda i: boxes[i].left):
            if index not in numbers:
                free = 1
                while free in by_number:
                    free += 1
                numbers[index] = free
            by_number[numbers[index]] = _Track(numbers[index], boxes[index], time)
        self._tracks = list(by_number.values())
        return [numbers[index] for index in range(len(boxes))]

    @property
    def remembered(self) -> set[int]:
        """The numbers of the faces that are in sight or were a moment ago."""
        return {track.number for track in self._tracks}


def _distance(box: Box, other: Box) -> float:
    """Distance of the centres and change of size, in widths of the larger box."""
    size = max(box.width, other.width, 1)
    across = box.left + box.width / 2 - other.left - other.width / 2
    down = box.top + box.height / 2 - other.top - other.height / 2
    return float((np.hypot(across, down) + abs(box.width - other.width)) / size)

"""Blinks of the faces in a video."""

import math
from dataclasses import dataclass

CLOSED = 0.7
"""Share of the running level of the open eyes below which eyes are closed."""

LONGEST = 0.5
"""Seconds after which closed eyes are no blink any more."""

LONGEST_GAP = 0.15
"""Seconds between two frames beyond which a blink may fall between them."""

_RISE, _FALL = 0.3, 5.0  # time constants of the level, in seconds


@dataclass
class _Eyes:
    time: float
    level: float  # of the openness while open
    closed_at: float | None = None


class Blinks:
    """Finds blinks by the openness of a face's eyes: short drops below their usual level."""

    def __init__(self) -> None:
        self._eyes: dict[int, _Eyes] = {}

    def update(self, number: int, openness: float, time: float) -> bool | None:
        """Add a frame of a face.

        Parameters
        ----------
        number : int
            Number of the face.
        openness : float
            Eye aspect ratio, the mean of both eyes, without a baseline.
        time : float
            Seconds, increasing from call to call.

        Returns
        -------
        bool or None
            Whether the face blinks in this frame: its eyes are closed, and not for longer than
            `LONGEST`. None if the frame before is missing or more than `LONGEST_GAP` away.
        """
        eyes = self._eyes.get(number)
        if eyes is None or not 0 < time - eyes.time <= LONGEST_GAP:
            level = openness if eyes is None else max(openness, eyes.level)
            self._eyes[number] = _Eyes(time, level)
            return None
        step, eyes.time = time - eyes.time, time
        if openness < CLOSED * eyes.level:
            eyes.closed_at = time if eyes.closed_at is None else eyes.closed_at
        else:
            eyes.closed_at = None
        seconds = _RISE if openness > eyes.level else _FALL
        eyes.level += (1 - math.exp(-step / seconds)) * (openness - eyes.level)
        return eyes.closed_at is not None and time - eyes.closed_at < LONGEST

    def keep_only(self, numbers: set[int]) -> None:
        """Forget all other faces."""
        for number in self._eyes.keys() - numbers:
            del self._eyes[number]

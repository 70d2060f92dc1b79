"""How fast it goes: frames a second, delay, what was dropped."""

import time
from collections import deque

import numpy as np

from landmark_emotion.frame import Frame

_WINDOW = 300  # frames that the figures are about
_REFRESH = 0.25  # seconds between new texts


class Status:
    """Keeps count while frames go by."""

    def __init__(self) -> None:
        self._delays: deque[float] = deque(maxlen=_WINDOW)
        self._done: deque[float] = deque(maxlen=_WINDOW)
        self._n_frames = 0
        self._dropped = 0
        self._text = ""
        self._refreshed = 0.0

    @property
    def rate(self) -> float:
        """Frames a second, over the last ones."""
        if len(self._done) < 2 or self._done[-1] <= self._done[0]:
            return 0.0
        return (len(self._done) - 1) / (self._done[-1] - self._done[0])

    def count(self, frame: Frame) -> None:
        """Take note that a frame's result is there."""
        now = time.monotonic()
        self._delays.append(now - frame.captured)
        self._done.append(now)
        self._n_frames += 1
        # Sources count every frame; those that nobody saw were dropped.
        self._dropped = frame.index + 1 - self._n_frames

    def line(self, n_faces: int) -> str:
        """Say how it goes, for a line that is written over again and again."""
        now = time.monotonic()
        if now - self._refreshed >= _REFRESH or not self._text:
            self._refreshed = now
            faces = f"{n_faces} face{'' if n_faces == 1 else 's'}"
            self._text = f"{faces}, {self._speed()}, Ctrl-C ends"
        return self._text

    def summary(self) -> str:
        """Say how it went."""
        return f"{self._n_frames} frames, {self._speed()}"

    def _speed(self) -> str:
        median, slow = np.percentile(self._delays, [50, 95]) * 1000 if self._delays else (0.0, 0.0)
        return (
            f"{self.rate:.1f} frames/s, delay {median:.0f} ms (p95 {slow:.0f} ms), "
            f"{self._dropped} dropped"
        )

"""How it goes: frames a second, delay, what was dropped, how much is left."""

import time
from collections import deque

import numpy as np

from landmark_emotion.sources.frame import Frame

_WINDOW = 300  # frames that the figures are about
_REFRESH = 0.25  # seconds between new texts


class Status:
    """Keeps count while frames go by.

    Parameters
    ----------
    live : bool
        Whether somebody waits for each result, so that its delay is of interest.
    total : int, optional
        Of how many frames, so that the time left is known.
    """

    def __init__(self, *, live: bool = True, total: int | None = None) -> None:
        self._live = live
        self._total = total
        self._delays: deque[float] = deque(maxlen=_WINDOW)
        self._done: deque[float] = deque(maxlen=_WINDOW)
        self._begun = time.monotonic()
        self.n_frames = 0
        self._reached = 0
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
        self.n_frames += 1
        self._reached = frame.index + 1

    def line(self, n_faces: int) -> str:
        """Say how it goes, for a line that is written over again and again."""
        now = time.monotonic()
        if now - self._refreshed >= _REFRESH or not self._text:
            self._refreshed = now
            faces = f"{n_faces} face{'' if n_faces == 1 else 's'}"
            self._text = f"{self._progress(now)}{faces}, {self._speed(self.rate)}, Ctrl-C ends"
        return self._text

    def summary(self) -> str:
        """Say how it went."""
        took = self._done[-1] - self._begun if self._done else 0.0
        overall = self.n_frames / took if took > 0 else 0.0
        return f"{self.n_frames} frames, {self._speed(self.rate if self._live else overall)}"

    def _progress(self, now: float) -> str:
        if not self._total or not self._reached:
            return ""
        share = min(1.0, self._reached / self._total)
        left = round((now - self._begun) * (1 / share - 1))
        return f"{share:.0%} ({left // 60}:{left % 60:02} left), "

    def _speed(self, rate: float) -> str:
        if not self._live:
            return f"{rate:.1f} frames/s"
        median, slow = np.percentile(self._delays, [50, 95]) * 1000 if self._delays else (0.0, 0.0)
        # Sources count every frame; those that nobody saw were dropped.
        dropped = self._reached - self.n_frames
        return f"{rate:.1f} frames/s, delay {median:.0f} ms (p95 {slow:.0f} ms), {dropped} dropped"

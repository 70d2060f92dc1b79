"""The status line: frame rate, delay, dropped frames and time left."""

import time
from collections import deque

import numpy as np

from landmark_emotion.formatting import percent
from landmark_emotion.sources.frame import Frame

_WINDOW = 300  # frames over which rate and delay are computed
_REFRESH = 0.25  # seconds between updates of the line


class Status:
    """Measures the progress of one source.

    If ``live``, it reports the delay of each result and the frames dropped. ``expected`` are the
    indices of the frames that should come, from which the time left is estimated.
    """

    def __init__(self, *, live: bool = True, expected: range | None = None) -> None:
        self._live = live
        self._expected = expected or range(0)
        self._delays: deque[float] = deque(maxlen=_WINDOW)
        self._done: deque[float] = deque(maxlen=_WINDOW)
        self._start = time.monotonic()
        self.n_frames = 0
        self.last: Frame | None = None
        self._text = ""
        self._refreshed = 0.0

    @property
    def rate(self) -> float:
        """Frames per second, over the last ones."""
        if len(self._done) < 2 or self._done[-1] <= self._done[0]:
            return 0.0
        return (len(self._done) - 1) / (self._done[-1] - self._done[0])

    @property
    def _reached(self) -> int:
        """Frames of the source so far, including those dropped."""
        return 0 if self.last is None else self.last.index + 1 - self._expected.start

    def count(self, frame: Frame) -> None:
        """Count a frame whose result is ready."""
        now = time.monotonic()
        self._delays.append(now - frame.captured)
        self._done.append(now)
        self.n_frames += 1
        self.last = frame

    def line(self, n_faces: int) -> str:
        """Return the status line, updated a few times per second."""
        now = time.monotonic()
        if now - self._refreshed >= _REFRESH or not self._text:
            self._refreshed = now
            faces = f"{n_faces} face{'s' * (n_faces != 1)}"
            speed = self._speed(self.rate)
            self._text = f"{self._progress(now)}{faces}, {speed}, Ctrl-C to stop"
        return self._text

    def summary(self) -> str:
        """Return number of frames and speed."""
        took = self._done[-1] - self._start if self._done else 0.0
        overall = self.n_frames / took if took > 0 else 0.0
        frames = f"{self.n_frames} frame{'s' * (self.n_frames != 1)}"
        return f"{frames}, {self._speed(self.rate if self._live else overall)}"

    def _progress(self, now: float) -> str:
        if not self._expected or self._reached < 1:
            return ""
        share = min(1.0, self._reached / len(self._expected))
        left = round((now - self._start) * (1 / share - 1))
        return f"{percent(share, 0)} ({left // 60}:{left % 60:02} left), "

    def _speed(self, rate: float) -> str:
        if not self._live:
            return f"{rate:.1f} frames/s"
        median, slow = np.percentile(self._delays, [50, 95]) * 1000 if self._delays else (0.0, 0.0)
        dropped = self._reached - self.n_frames
        return f"{rate:.1f} frames/s, delay {median:.0f} ms (p95 {slow:.0f} ms), {dropped} dropped"

"""Cameras and live streams become frames, read by a thread.

Besides `video` the only module that opens cameras and videos.
"""

import threading
import time
from collections.abc import Generator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import Notify, SourceError
from landmark_emotion.sources.addresses import without_password
from landmark_emotion.sources.frame import Frame
from landmark_emotion.sources.preparation import to_bgr

# All in seconds.
PATIENCE = 2.0  # without a picture, before an open camera counts as gone
FIRST_PICTURE = 10.0  # from opening to the first picture, unless reading fails before
OPEN_TIMEOUT = 10.0  # of a stream
READ_TIMEOUT = 5.0  # of a stream; until then it may continue by itself
PAUSE = 0.5  # between two attempts to reopen
CLOSING = 1.5  # to wait for a reader that may be stuck inside OpenCV

_SLICE = 0.1  # of waiting; on Windows Ctrl-C is only handled between two
_POLL = 0.02  # between two failed reads


class Camera:
    """A camera or stream that is read by a thread, so that no frame waits in a queue.

    Use it with `contextlib.closing`: call `open`, then `frames`. If the source goes away, it tries
    to reopen it for `reconnect` seconds.
    """

    def __init__(self, source: int | str, reconnect: float) -> None:
        self._source = source
        self._is_stream = isinstance(source, str) and "://" in source
        self._reconnect = reconnect
        self.name = without_password(str(source)) if self._is_stream else f"camera {source}"
        self._remedy = "check that it is still sending" if self._is_stream else "plug it in again"
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        # Guards the attributes below, which both threads use.
        self._condition = threading.Condition()
        self._opened = False
        self._finite: cv2.VideoCapture | None = None
        self._newest: Frame | None = None
        self._n_captured = 0
        self._first = self._last = 0.0  # of capturing; at first, of opening
        self._lost = False
        self._error: BaseException | None = None
        self._closed = False

    def open(self) -> cv2.VideoCapture | None:
        """Open the source and start reading it; raise a `SourceError` if it cannot be opened.

        For a video of finite length behind a URL, return the capture, which the caller reads and
        releases. Otherwise return None; then `frames` yields what the thread reads.
        """
        self._thread.start()
        with self._condition:
            while not self._opened:
                self._raise_error()
                self._condition.wait(_SLICE)
            return self._finite

    def frames(self, notify: Notify) -> Generator[Frame, None, None]:
        """Yield the newest frame each time, waiting for one that has not been yielded yet.

        Indices count all captured frames, also those that were missed. `notify` is called when the
        source goes away and when it is back; a `SourceError` is raised if it does not come back in
        time, or delivers no frame at all.
        """
        give_up: float | None = None
        while True:
            frame = self._take()
            if frame is not None:
                if give_up is not None:
                    give_up = None
                    notify(f"{self.name}: is back")
                yield frame
                continue
            now = time.monotonic()
            if give_up is None and self._is_gone(now):
                give_up = now + self._reconnect
                if self._reconnect > 0:
                    notify(
                        f"{self.name}: no longer delivers frames; trying to reopen it for "
                        f"{self._reconnect:g} s"
                    )
            if give_up is not None and now >= give_up:
                raise self._stopped()

    def close(self) -> None:
        """Stop the thread, which then releases the source; do not wait long if it is stuck."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
        if self._thread.ident is not None:
            self._thread.join(CLOSING)

    def _take(self) -> Frame | None:
        with self._condition:
            if self._newest is None and self._error is None:
                self._condition.wait(_SLICE)
            frame, self._newest = self._newest, None
            # A frame from before the camera went away is outdated.
            if frame is not None and time.monotonic() - frame.captured <= PATIENCE:
                return frame
            self._raise_error()
            return None

    def _is_gone(self, now: float) -> bool:
        with self._condition:
            if self._n_captured:
                return self._lost or now - self._last > PATIENCE
            if now - self._last > FIRST_PICTURE:
                raise self._stopped()
            return False

    def _stopped(self) -> SourceError:
        n = self._n_captured
        what = f"stopped after {n} frames" if n else "delivers no frames"
        return SourceError(f"{self.name}: {what}; {self._remedy}")

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    # The methods below run in the thread.

    def _run(self) -> None:
        try:
            while not self._closed:
                capture = self._capture()
                if capture.isOpened():
                    if self._hand_over(capture):
                        return
                    try:
                        self._read(capture)
                    finally:
                        capture.release()
                else:
                    capture.release()
                    if not self._opened:
                        raise self._cannot_be_opened()
                self._wait(PAUSE)
        except BaseException as error:
            with self._condition:
                self._error = error
                self._condition.notify_all()

    def _capture(self) -> cv2.VideoCapture:
        if not self._is_stream:
            return cv2.VideoCapture(self._source)
        timeouts = [
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
            int(OPEN_TIMEOUT * 1000),
            cv2.CAP_PROP_READ_TIMEOUT_MSEC,
            int(READ_TIMEOUT * 1000),
        ]
        return cv2.VideoCapture(str(self._source), cv2.CAP_FFMPEG, timeouts)

    def _cannot_be_opened(self) -> SourceError:
        return SourceError(
            f"{self.name}: cannot be opened; check the address and that it is sending"
            if self._is_stream
            else f"{self.name}: cannot be opened; plug it in, close other programs that use it, or "
            "choose another with --source"
        )

    def _hand_over(self, capture: cv2.VideoCapture) -> bool:
        """Report that the source is open; return whether the caller takes over, as it is finite."""
        with self._condition:
            if self._opened:
                return False
            if self._is_stream and capture.get(cv2.CAP_PROP_FRAME_COUNT) > 0:
                self._finite = capture
            self._last = time.monotonic()
            self._opened = True
            self._condition.notify_all()
            return self._finite is not None

    def _read(self, capture: cv2.VideoCapture) -> None:
        """Read until the source delivers no frames any more and should be reopened."""
        last = time.monotonic()
        while not self._closed:
            good, image = capture.read()
            now = time.monotonic()
            if good and _is_picture(image):
                last = now
                self._publish(image, now)
                continue
            # A failed read ends a stream's connection, while a camera may just stutter.
            at_once = self._is_stream and self._n_captured > 0 and not good
            if at_once or now - last > PATIENCE:
                if not self._n_captured:
                    raise self._stopped()
                if self._reconnect > 0:
                    break
            self._wait(_POLL)
        with self._condition:
            self._lost = True
            self._newest = None
            self._condition.notify_all()

    def _publish(self, image: NDArray[Any], now: float) -> None:
        with self._condition:
            if not self._n_captured:
                self._first = now
            self._newest = Frame(to_bgr(image), self._n_captured, now - self._first, now)
            self._n_captured += 1
            self._last = now
            self._lost = False
            self._condition.notify_all()

    def _wait(self, seconds: float) -> None:
        with self._condition:
            self._condition.wait_for(lambda: self._closed, seconds)


def _is_picture(image: Any) -> bool:
    return (
        isinstance(image, np.ndarray)
        and image.dtype == np.uint8
        and image.size > 0
        and (image.ndim == 2 or (image.ndim == 3 and image.shape[2] in (1, 3)))
    )

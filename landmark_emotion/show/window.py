"""A window on the screen."""

import os
import subprocess
import sys

import cv2
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import DisplayError

_ESCAPE = "\x1b"
_GTK_ESCAPE = 0xFF1B
_QUIT_KEYS = ("q", _ESCAPE)

_SCREEN_TIMEOUT = 20  # seconds


class Window:
    """Shows frames until the user closes it; use it in a ``with`` statement.

    Attributes
    ----------
    key : str
        The key pressed during the last `show` or `wait`, in lower case; empty for no key, and for
        keys that are no character, such as arrows.

    Raises
    ------
    DisplayError
        If there is no screen, or OpenCV was built without windows.
    """

    def __init__(self, title: str) -> None:
        # Without a display Qt ends the process, so another process tries first.
        if sys.platform.startswith("linux") and not _screen_answers():
            raise DisplayError(
                "window: no screen is available; omit --show, or write the video with "
                "--record FILE.mp4 instead"
            )
        self._title = title
        try:
            # Qt would print remarks about fonts on stderr.
            os.environ.setdefault("QT_LOGGING_RULES", "*.warning=false")
            cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
        except cv2.error as error:
            raise DisplayError(
                "window: this OpenCV cannot show windows; install opencv-python instead of "
                "opencv-python-headless, or omit --show"
            ) from error
        self._sized = False
        self.key = ""

    def show(self, image: NDArray[np.uint8]) -> bool:
        """Show a frame of shape (height, width, 3); see `wait` for the result."""
        if not self._sized:
            cv2.resizeWindow(self._title, image.shape[1], image.shape[0])
            self._sized = True
        cv2.imshow(self._title, image)
        return self.wait(1)

    def wait(self, milliseconds: int) -> bool:
        """Wait for a key, at most this long; only `show` and `wait` keep the window responsive.

        Return False once the user has closed the window or pressed q or Escape.
        """
        code = cv2.waitKeyEx(max(1, milliseconds))  # 0 would wait forever
        self.key = "" if code == -1 else _character(code)
        try:
            visible: float = cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE)
        except cv2.error:  # OpenCV 5, once its last window is closed
            visible = 0.0
        return self.key not in _QUIT_KEYS and visible >= 1

    def __enter__(self) -> "Window":
        return self

    def __exit__(self, *exception: object) -> None:
        cv2.destroyAllWindows()


def _character(code: int) -> str:
    code &= 0xFFFF  # the higher bits are Shift, Num Lock and the like
    if code == _GTK_ESCAPE:
        return _ESCAPE
    # The lowest byte, which `cv2.waitKey` returns, would turn the left arrow into Q.
    return chr(code).lower() if 0 < code < 0x80 else ""


def _screen_answers() -> bool:
    """Check in another process whether a window can be opened."""
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    # An OpenCV without windows is not the fault of the screen; it has a message of its own.
    attempt = "import cv2\ntry: cv2.namedWindow('?')\nexcept cv2.error: pass"
    command = [sys.executable, "-c", attempt]
    none = subprocess.DEVNULL
    try:
        done = subprocess.run(
            command, stdin=none, stdout=none, stderr=none, timeout=_SCREEN_TIMEOUT
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0

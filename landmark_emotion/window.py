"""A window on the screen."""

import os
import subprocess
import sys

import cv2
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import DisplayError

_NO_KEY = 0xFF
_QUIT_KEYS = (ord("q"), ord("Q"), 27)  # 27 is Escape

_SCREEN_TIMEOUT = 20  # seconds


class Window:
    """Shows frames until it is closed; use it in a ``with`` statement.

    Parameters
    ----------
    title : str
        What the window is called.

    Attributes
    ----------
    key : str
        What was pressed while the last frame was shown, in lower case; empty for nothing.

    Raises
    ------
    DisplayError
        If there is no screen, or OpenCV was installed without windows.
    """

    def __init__(self, title: str) -> None:
        # Qt ends the whole process where it finds no display, so another process goes first.
        if sys.platform.startswith("linux") and not _screen_answers():
            raise DisplayError("window: there is no screen here; leave --show out")
        self._title = title
        try:
            # Without toolbar, and without Qt's remarks about fonts on stderr.
            os.environ.setdefault("QT_LOGGING_RULES", "*.warning=false")
            cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
        except cv2.error as error:
            raise DisplayError(
                "window: this OpenCV cannot show windows; install opencv-python instead of "
                "opencv-python-headless, or leave --show out"
            ) from error
        self._sized = False
        self.key = ""

    def show(self, image: NDArray[np.uint8]) -> bool:
        """Show a frame of shape (height, width, 3).

        Returns
        -------
        bool
            False once the user has closed the window or pressed q or Escape.
        """
        if not self._sized:
            cv2.resizeWindow(self._title, image.shape[1], image.shape[0])
            self._sized = True
        cv2.imshow(self._title, image)
        key = cv2.waitKey(1) & 0xFF
        self.key = "" if key == _NO_KEY else chr(key).lower()
        visible: float = cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE)
        return key not in _QUIT_KEYS and visible >= 1

    def __enter__(self) -> "Window":
        return self

    def __exit__(self, *exception: object) -> None:
        cv2.destroyAllWindows()


def _screen_answers() -> bool:
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    # An error of OpenCV is none of the screen and has its own message later.
    attempt = "import cv2\ntry: cv2.namedWindow('?')\nexcept cv2.error: pass"
    try:
        return (
            subprocess.run(
                [sys.executable, "-c", attempt],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_SCREEN_TIMEOUT,
            ).returncode
            == 0
        )
    except (OSError, subprocess.TimeoutExpired):
        return False

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
    """Shows frames until it is closed; use it in a ``with`` statement.

    Parameters
    ----------
    title : str
        What the window is called.

    Attributes
    ----------
    key : str
        What was pressed during the last `show` or `wait`, in lower case (``" "`` for the space
        bar); empty for nothing, and for keys that are no character, such as arrows.

    Raises
    ------
    DisplayError
        If there is no screen, or OpenCV was installed without windows.
    """

    def __init__(self, title: str) -> None:
        # Qt ends the whole process where it finds no display, so another process goes first.
        if sys.platform.startswith("linux") and not _screen_answers():
            raise DisplayError(
                "window: there is no screen here; leave --show out or write the video with "
                "--record FILE.mp4 instead"
            )
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
        return self.wait(1)

    def wait(self, milliseconds: int) -> bool:
        """Wait for a key; the window is moved, redrawn and closed only during this and `show`.

        Parameters
        ----------
        milliseconds : int
            For how long at most, at least 1.

        Returns
        -------
        bool
            False once the user has closed the window or pressed q or Escape.
        """
        code = cv2.waitKeyEx(max(1, milliseconds))
        self.key = "" if code == -1 else _character(code)
        try:
            visible: float = cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE)
        except cv2.error:  # how OpenCV 5 answers once its last window is gone
            visible = 0.0
        return self.key not in _QUIT_KEYS and visible >= 1

    def __enter__(self) -> "Window":
        return self

    def __exit__(self, *exception: object) -> None:
        cv2.destroyAllWindows()


def _character(code: int) -> str:
    code &= 0xFFFF  # above are Shift, Num Lock and the like
    if code == _GTK_ESCAPE:
        return _ESCAPE
    # The lowest byte alone, which `cv2.waitKey` gives, would make the left arrow a Q.
    return chr(code).lower() if 0 < code < 0x80 else ""


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

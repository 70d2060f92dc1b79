"""What a request may cost: bytes, pixels, frames a second."""

import time as clock
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import ImageError, TooLargeError
from landmark_emotion.sources.image_headers import JPEG, PNG, image_size
from landmark_emotion.sources.images import decode_image

MAX_BODY = 10 * 2**20  # bytes
MAX_MESSAGE = 2 * 2**20  # bytes
MAX_IMAGE_PIXELS = 24_000_000
MAX_FRAME_PIXELS = 4_000_000
MAX_SIDE = 16_384  # pixels
MAX_CONNECTIONS = 16
MAX_FRAMES_A_SECOND = 60.0

_ACCEPTED = (JPEG, PNG, b"RIFF")


def decode(data: bytes, where: str, max_pixels: int) -> NDArray[np.uint8]:
    """Decode a JPEG, PNG or WebP picture if its header promises a size that can be borne.

    Parameters
    ----------
    data : bytes
        The whole file.
    where : str
        What to call it in an error.
    max_pixels : int
        Width times height.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        Blue, green, red.

    Raises
    ------
    TooLargeError
        If it has too many pixels or scans.
    ImageError
        If it is something else or damaged.
    """
    size = image_size(data) if data.startswith(_ACCEPTED) else None
    if size is None:
        raise ImageError(f"{where}: not a JPEG, PNG or WebP picture, or damaged; send a whole one")
    width, height = size
    if not 0 < width <= MAX_SIDE or not 0 < height <= MAX_SIDE or width * height > max_pixels:
        raise TooLargeError(
            f"{where}: {width}x{height} pixels are too many; at most {max_pixels / 1e6:g} million"
        )
    image = decode_image(data, where)
    if image.shape[0] * image.shape[1] > max_pixels:
        raise TooLargeError(f"{where}: it is larger than its header says; save it again")
    return image


class Pace:
    """Says how long to wait so that no more than so many things a second are done.

    Parameters
    ----------
    per_second : float
        How many.
    now : callable
        Seconds of a clock that never goes back.
    """

    def __init__(self, per_second: float, now: Callable[[], float] = clock.monotonic) -> None:
        self._step = 1 / per_second
        self._now = now
        self._due = now()

    def wait(self) -> float:
        """Count one more.

        Returns
        -------
        float
            Seconds until it may be done; 0 where it may be done at once.
        """
        now = self._now()
        wait = max(0.0, self._due - now)
        self._due = max(self._due, now) + self._step
        return wait

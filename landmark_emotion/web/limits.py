"""Limits on what a client may send: bytes, pixels, frames per second."""

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
MAX_PAGES = 16
MAX_WAITING = 16  # messages of a page that wait for their answer
MAX_PHOTOS = 4  # requests to /api/recognize at once
MAX_FRAMES_PER_SECOND = 60.0
IDLE_SECONDS = 600.0  # until a silent WebSocket is closed
BODY_SECONDS = 30.0  # until the body of a request must be complete


def decode(data: bytes, where: str, max_pixels: int) -> NDArray[np.uint8]:
    """Decode a JPEG, PNG or WebP image as `decode_image` does, unless it has too many pixels.

    Raises
    ------
    TooLargeError
        If it has too many pixels or scans.
    ImageError
        If it has another format or is damaged.
    """
    if not data:
        raise ImageError(f"{where}: empty; send the image file itself")
    size = image_size(data) if data.startswith((JPEG, PNG, b"RIFF")) else None
    if size is None:
        raise ImageError(f"{where}: not a JPEG, PNG or WebP image, or damaged; send another file")
    width, height = size
    if max(size) > MAX_SIDE or not 0 < width * height <= max_pixels:
        raise TooLargeError(
            f"{where}: {width}x{height} pixels are too many; "
            f"send at most {max_pixels / 1e6:g} million and {MAX_SIDE} per side"
        )
    image = decode_image(data, where)
    if image.shape[0] * image.shape[1] > max_pixels:
        raise TooLargeError(f"{where}: larger than its header claims; save it again")
    return image

"""Limits on what a client may send: bytes, pixels, frames per second."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import ImageError, TooLargeError
from landmark_emotion.sources.image_headers import JPEG, PNG, image_size, jpeg_layout
from landmark_emotion.sources.images import decode_image

MAX_BODY = 10 * 2**20  # bytes
MAX_MESSAGE = 2 * 2**20  # bytes
MAX_CONTROL = 2**16  # characters of a control message
MAX_IMAGE_PIXELS = 24_000_000
MAX_FRAME_PIXELS = 4_000_000
MAX_DECODED = 48_000_000  # bytes that a decoder returns for more than 3 bytes per pixel
MAX_SCANNED = 16 * MAX_IMAGE_PIXELS  # pixels of a progressive JPEG times its scans
MAX_SEARCHED = 2_500_000  # pixels; larger photos are reduced
MAX_SEARCHED_SIDE = 4_000  # pixels; a strip is searched in many tiles that overlap
MAX_FACES = 100  # in a photo, the largest; each takes some milliseconds
MAX_FRAME_FACES = 32
MAX_SIDE = 16_384  # pixels
MAX_WORKER_MEMORY = 2**30  # bytes that a photo may take, should these limits have a gap
OCCLUSION_SECONDS = 3.0  # for explaining what the network looks at in the faces of a photo
PHOTO_SECONDS = 30.0  # until a photo is given up
MAX_PAGES = 16
MAX_WAITING = 16  # messages of a page that wait for their answer
MAX_PHOTOS = 4  # that wait or are being recognized
MAX_UPLOADS = 32  # bodies that are being received
MAX_UPLOAD_BYTES = 64 * 2**20  # of all these bodies together
MAX_FRAMES_PER_SECOND = 60.0
IDLE_SECONDS = 600.0  # until a silent WebSocket is closed
MAX_CONNECTIONS = 128  # of all kinds; then those that wait for a request are closed
HEADER_SECONDS = 10.0  # until a connection must have sent a whole request
SEND_SECONDS = 30.0  # until a client must take more of an answer
DISCARD_SECONDS = 5.0  # for which the body of a request that was refused is read
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
    checked_size(data, where, max_pixels)
    return _decoded(data, where, max_pixels)


def decode_photo(data: bytes, where: str) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """Decode an image of at most `MAX_IMAGE_PIXELS` and reduce it to `MAX_SEARCHED` or less.

    Returns
    -------
    image : ndarray of shape (height, width, 3), uint8
        Blue, green, red.
    size : tuple of int
        Width and height before it was reduced, upright.

    Raises
    ------
    TooLargeError, ImageError
        As `decode`.
    """
    width, height = checked_size(data, where, MAX_IMAGE_PIXELS)
    half = data.startswith(JPEG) and width * height >= 4 * MAX_SEARCHED
    image = _decoded(data, where, MAX_IMAGE_PIXELS, half=half)
    rows, columns = image.shape[:2]
    if half and (rows < columns) != (height < width):
        width, height = height, width  # turned upright
    size = (width, height) if half else (columns, rows)
    scale = min(math.sqrt(MAX_SEARCHED / (rows * columns)), MAX_SEARCHED_SIDE / max(rows, columns))
    if scale < 1:
        smaller = (max(1, round(scale * columns)), max(1, round(scale * rows)))
        image = np.asarray(cv2.resize(image, smaller, interpolation=cv2.INTER_AREA), np.uint8)
    return image, size


def checked_size(data: bytes, where: str, max_pixels: int) -> tuple[int, int]:
    """Return width and height as the header says; raise what `decode` raises if they are too large.

    Nothing is decoded.
    """
    if not data:
        raise ImageError(f"{where}: empty; send the image file itself")
    size = image_size(data) if data.startswith((JPEG, PNG, b"RIFF")) else None
    if size is None:
        raise ImageError(f"{where}: not a JPEG, PNG or WebP image, or damaged; send another file")
    width, height = size
    depth = _bytes_per_pixel(data)
    most = min(max_pixels, MAX_DECODED // depth) if depth > 3 else max_pixels
    if max(size) > MAX_SIDE or not 0 < width * height <= most:
        kind = f" with {depth} bytes each" if depth > 3 else ""
        raise TooLargeError(
            f"{where}: {width}x{height} pixels{kind} are too many; "
            f"send at most {most / 1e6:g} million and {MAX_SIDE} per side"
        )
    if data.startswith(JPEG) and jpeg_layout(data).n_scans * width * height > MAX_SCANNED:
        raise TooLargeError(f"{where}: too many scans; save it as a JPEG that is not progressive")
    return size


def _bytes_per_pixel(data: bytes) -> int:
    """Return how many bytes the decoder needs for a pixel of a JPEG, PNG or WebP."""
    if data.startswith(PNG):
        transparent = data[25:26] in (b"\3", b"\4", b"\6")
        return (4 if transparent else 3) * (2 if data[24:25] == b"\x10" else 1)
    return 3 if data.startswith(JPEG) or data[12:16] == b"VP8 " else 4


def _decoded(data: bytes, where: str, max_pixels: int, *, half: bool = False) -> NDArray[np.uint8]:
    image = decode_image(data, where, half=half)
    if image.shape[0] * image.shape[1] > max_pixels:
        raise TooLargeError(f"{where}: larger than its header claims; save it again")
    return image

"""Pictures become gray arrays here: any image file, and the one preparation for every job.

Training, single images and live frames all pass through `prepare`, so that a model never meets
pictures that were treated differently from those it learned from.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import imutils
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import ImageError, TooLargeError
from landmark_emotion.model.face import Box, Landmarks
from landmark_emotion.sources.image_headers import JPEG, PNG, TIFF, image_size, png_is_whole

IMAGE_SUFFIXES = frozenset(
    {".bmp", ".jfif", ".jpe", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
)

UNSUPPORTED_SUFFIXES = frozenset({".avif", ".gif", ".heic", ".heif", ".j2k", ".jp2"})
"""Suffixes of images that `read_image` refuses; who lists a folder reports how many it holds."""

SMALL_SIDE = 160  # pixels; below it the picture is taken for a tight crop of a face
ENLARGED_SIDE = 200  # pixels; what the shorter side of a small picture becomes
BORDER = 0.25  # of the shorter side, on each side of a small picture

MAX_FILE_BYTES = 256 * 2**20
MAX_PIXELS = 2**27
MAX_SIDE = 10**6  # pixels; libpng refuses more, and talks
MAX_SCANS = 64  # of a JPEG; each may cost a pass over all pixels, however few bytes it has

# How many bits cameras fill of the 16 that a file has for each sample.
_CAMERA_BITS = (8, 10, 12, 14, 16)

# Other decoders are not trusted with damaged files: a GIF of 34 bytes takes OpenCV half a minute
# and 7 GB.
_OTHER_FORMATS = {
    "a GIF": re.compile(rb"GIF8[79]a"),
    "an AVIF": re.compile(rb"....ftypavi", re.DOTALL),
    "a HEIC": re.compile(rb"....ftyp(hei|mif1|msf1)", re.DOTALL),
    "a JPEG 2000": re.compile(rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51"),
}

_BAND = 2**20  # pixels that are mixed with white at once

# A file that begins like this is whole only if it ends with that (some decoders fill the rest
# of a truncated picture with gray instead of complaining).
_END_MARKS = {JPEG: b"\xff\xd9", PNG: b"IEND"}


@dataclass(frozen=True)
class Prepared:
    """A picture ready for detection, and the way back to the original's pixels.

    Attributes
    ----------
    gray : ndarray of shape (height, width), uint8
        Same aspect ratio as the original; small originals are enlarged and have a border.
    scale : float
        Pixels of `gray` per pixel of the original.
    border : int
        Pixels of `gray` added on each side.
    """

    gray: NDArray[np.uint8]
    scale: float = 1.0
    border: int = 0

    def landmarks_to_original(self, landmarks: Landmarks) -> Landmarks:
        """Move landmarks of shape (..., 68, 2) from `gray` to the original's pixels."""
        if self.scale == 1.0 and self.border == 0:
            return landmarks
        return np.asarray((landmarks - self.border + 0.5) / self.scale - 0.5, dtype=np.float64)

    def box_to_original(self, box: Box) -> Box:
        """Move a box from `gray` to the original's pixels."""
        return Box(
            left=round((box.left - self.border) / self.scale),
            top=round((box.top - self.border) / self.scale),
            width=max(1, round(box.width / self.scale)),
            height=max(1, round(box.height / self.scale)),
        )


def read_image(path: str | os.PathLike[str]) -> NDArray[np.uint8]:
    """Read an image file, turned upright as its EXIF data says.

    Parameters
    ----------
    path : path-like
        JPEG, PNG, TIFF, BMP, WebP, PGM or PPM, as `decode_image` takes them.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        Blue, green, red.

    Raises
    ------
    ImageError
        If there is no such file, or it is not an image or is damaged.
    """
    return decode_image(read_bytes(Path(path)), str(path))


def read_bytes(path: Path) -> bytes:
    """Read the content of an image file without decoding it.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    bytes
        All of it.

    Raises
    ------
    ImageError
        If there is no such file, it cannot be read or is too large for an image.
    """
    try:
        if not path.is_file():
            problem = "not a file" if path.exists() else "no such file"
            raise ImageError(f"{path}: {problem}; check the path")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ImageError(f"{path}: larger than 256 MB; save it smaller")
        # Not cv2.imread, which cannot open non-ASCII paths on Windows.
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ImageError(f"{path}: cannot be read ({reason}); check the path") from error


def decode_image(data: bytes, where: str) -> NDArray[np.uint8]:
    """Decode the content of an image file, turned upright as its EXIF data says.

    Parameters
    ----------
    data : bytes
        The whole file, of 8 or 16 bits, gray or color, with or without alpha. Of 16 bits the
        brightest pixel tells how many are in use, since many cameras fill only 12. What is
        transparent in a PNG or WebP becomes white, as on paper: a face that nobody can see is not
        recognized.
    where : str
        What to call it in an error.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        Blue, green, red.

    Raises
    ------
    ImageError
        If the data are not an image or are damaged.
    """
    if not data:
        raise ImageError(f"{where}: the file is empty; replace it")
    for start, end in _END_MARKS.items():
        content = data.rstrip(b"\0")  # some programs pad files
        if data.startswith(start) and content.rfind(end) < len(content) // 2:
            raise ImageError(f"{where}: the image is cut off; replace it")
    if data.startswith(PNG) and not png_is_whole(data):
        raise ImageError(f"{where}: the image is cut off or damaged; replace it")
    for name, beginning in _OTHER_FORMATS.items():
        if beginning.match(data):
            raise ImageError(f"{where}: {name} image is not read; save it as PNG or JPEG")
    size = image_size(data)
    if size is None:
        raise ImageError(f"{where}: not an image or damaged; replace it")
    if size[0] * size[1] > MAX_PIXELS or max(size) > MAX_SIDE:
        raise TooLargeError(f"{where}: {size[0]}x{size[1]} pixels are too many; save it smaller")
    if data.startswith(JPEG) and data.count(b"\xff\xda") > MAX_SCANS:
        raise TooLargeError(f"{where}: the JPEG has too many scans; save it again")
    try:
        image = _decoded(data, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
        if image is None or image.dtype not in (np.uint8, np.uint16):
            if image is None and not _has_other_depth(data):
                raise ImageError(f"{where}: not an image or damaged; replace it")
            raise ImageError(f"{where}: of neither 8 nor 16 bits; save it as PNG or JPEG")
        alpha = _alpha(data, image) if _may_be_transparent(data) else None
    except cv2.error as error:
        if "PIXELS" in str(error):
            raise ImageError(f"{where}: too many pixels; save it smaller") from error
        raise ImageError(f"{where}: cannot be decoded; save it again as PNG or JPEG") from error
    if image.dtype == np.uint16:
        image = _in_eight_bits(image)
    if alpha is not None:
        _put_on_white(image, alpha)
    return np.asarray(image, dtype=np.uint8)


def _decoded(data: bytes, flags: int) -> NDArray[Any] | None:
    image = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), flags)
    return None if image is None or image.size == 0 else np.asarray(image)


def _has_other_depth(data: bytes) -> bool:
    return data.startswith(TIFF) and _decoded(data, cv2.IMREAD_UNCHANGED) is not None


def _in_eight_bits(image: NDArray[np.uint16]) -> NDArray[np.uint8]:
    used = int(image.max()).bit_length()
    most = 2 ** next(bits for bits in _CAMERA_BITS if bits >= used) - 1
    return np.asarray(cv2.convertScaleAbs(image, alpha=255 / most), dtype=np.uint8)


def _may_be_transparent(data: bytes) -> bool:
    if data.startswith(PNG):
        return data[25:26] in (b"\4", b"\6") or b"tRNS" in data[: data.find(b"IDAT")]
    return data[8:12] == b"WEBP"


def _alpha(data: bytes, image: NDArray[Any]) -> NDArray[Any] | None:
    """Read how opaque each pixel of an image is: (height, width, 1) of the same type, or None."""
    whole = _decoded(data, cv2.IMREAD_UNCHANGED)
    if whole is None or whole.ndim != 3 or whole.shape[2] != 4 or whole.dtype != image.dtype:
        return None
    if whole[..., 3].min() == np.iinfo(whole.dtype).max:
        return None
    # Read with its alpha, a picture is not turned as its EXIF data says.
    for turns in range(4):
        turned = np.rot90(whole, turns)
        for candidate in (turned, turned[:, ::-1]):
            if np.array_equal(candidate[..., :3], image):
                return candidate[..., 3:].copy()
    return None


def _put_on_white(image: NDArray[np.uint8], alpha: NDArray[Any]) -> None:
    """Mix an image with white where it is transparent, in place."""
    rows = max(1, _BAND // image.shape[1])
    for top in range(0, len(image), rows):
        band = image[top : top + rows]
        opaque = alpha[top : top + rows] / np.float32(np.iinfo(alpha.dtype).max)
        band[:] = np.rint(band * opaque + 255 * (1 - opaque))


def to_gray(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Convert a picture to 8-bit gray.

    Parameters
    ----------
    frame : ndarray of shape (height, width) or (height, width, 1, 3 or 4), uint8
        Gray, blue-green-red, or that with alpha.

    Returns
    -------
    ndarray of shape (height, width), uint8
        Contiguous.

    Raises
    ------
    ValueError
        If the shape or the type is another.
    """
    if frame.dtype != np.uint8 or frame.ndim not in (2, 3) or 0 in frame.shape:
        raise ValueError(
            f"frame must be a picture of type uint8, got shape {frame.shape} of {frame.dtype}"
        )
    if frame.ndim == 2 or frame.shape[2] == 1:
        return np.ascontiguousarray(frame.reshape(frame.shape[:2]))
    if frame.shape[2] not in (3, 4):
        raise ValueError(f"frame must have 1, 3 or 4 channels, got {frame.shape[2]}")
    code = cv2.COLOR_BGR2GRAY if frame.shape[2] == 3 else cv2.COLOR_BGRA2GRAY
    return np.asarray(cv2.cvtColor(frame, code), dtype=np.uint8)


def resized(gray: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """Reduce or enlarge a gray picture, in both directions alike.

    Parameters
    ----------
    gray : ndarray of shape (height, width), uint8
        Left as it is.
    scale : float
        Pixels of the result per pixel of the original, above 0.

    Returns
    -------
    ndarray of shape (height * scale, width * scale), uint8
        Contiguous; at least one pixel a side.
    """
    height, width = (max(1, round(side * scale)) for side in gray.shape)
    # Halving takes a tenth of the time of other reductions by averages.
    while min(gray.shape) > 1 and gray.shape[0] >= 2 * height and gray.shape[1] >= 2 * width:
        half = (gray.shape[1] // 2, gray.shape[0] // 2)
        even = gray[: 2 * half[1], : 2 * half[0]]
        gray = np.asarray(cv2.resize(even, half, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    if gray.shape != (height, width):
        resized_ = cv2.resize(gray, (width, height), interpolation=cv2.INTER_LINEAR)
        gray = np.asarray(resized_, dtype=np.uint8)
    return np.ascontiguousarray(gray)


def prepare(frame: NDArray[np.uint8]) -> Prepared:
    """Make a picture ready for detection; its aspect ratio never changes.

    Small pictures, such as 48x48 crops filled by the face, are enlarged and given a border that
    repeats their edge, since the detector finds no face below 80 pixels or without surroundings.

    Parameters
    ----------
    frame : ndarray of shape (height, width) or (height, width, 1, 3 or 4), uint8
        Gray, blue-green-red, or that with alpha.

    Returns
    -------
    Prepared
        The gray picture and the way back.

    Raises
    ------
    ValueError
        As in `to_gray`.
    """
    gray = to_gray(frame)
    height, width = gray.shape
    shorter = min(height, width)
    # A long strip is no crop of a face; enlarging it would only cost memory.
    if shorter >= SMALL_SIDE or max(height, width) > 4 * shorter:
        return Prepared(gray)
    by = {"width": ENLARGED_SIDE} if width <= height else {"height": ENLARGED_SIDE}
    enlarged = imutils.resize(gray, **by, inter=cv2.INTER_CUBIC)
    border = round(BORDER * ENLARGED_SIDE)
    bordered = cv2.copyMakeBorder(
        enlarged, border, border, border, border, borderType=cv2.BORDER_REPLICATE
    )
    return Prepared(np.asarray(bordered, dtype=np.uint8), ENLARGED_SIDE / shorter, border)

"""Image files are read and decoded, with limits that hold before anything is decoded."""

import os
import re
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import ImageError, TooLargeError, unreadable
from landmark_emotion.files.reading import open_regular
from landmark_emotion.sources.image_headers import (
    JPEG,
    PNG,
    TIFF,
    exif_orientation,
    image_size,
    jpeg_layout,
    png_is_whole,
)
from landmark_emotion.sources.preparation import in_eight_bits, put_on_white

ImageFile = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO
"""An image file: its path, its content, or the file opened for reading in binary mode."""

IMAGE_SUFFIXES = frozenset(
    {".bmp", ".jfif", ".jpe", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
)

UNSUPPORTED_SUFFIXES = frozenset(
    {".arw", ".avif", ".cr2", ".cr3", ".dng", ".gif", ".heic", ".heif", ".hif", ".j2k", ".jp2"}
    | {".jxl", ".nef", ".orf", ".psd", ".raf", ".rw2"}
)
"""Suffixes of images that `read_image` refuses; who lists a folder reports them as unreadable."""

VIDEO_SUFFIXES = frozenset(
    {".3gp", ".asf", ".avi", ".flv", ".m2ts", ".m4v", ".mjpeg", ".mjpg", ".mkv", ".mov", ".mp4"}
    | {".mpeg", ".mpg", ".mts", ".ogv", ".ts", ".vob", ".webm", ".wmv"}
)
"""Suffixes of videos, which the command ``video`` and `Recognizer.stream` read."""

MAX_FILE_BYTES = 256 * 2**20
MAX_PIXELS = 2**27
MAX_SIDE = 10**6  # pixels; the limit of libpng
_TOO_LARGE = "larger than 256 MB; save it smaller"
MAX_SCANS = 64  # of a JPEG; each may cost a pass over all pixels, however few bytes it has

# Other decoders cannot be trusted with damaged files: a GIF of 34 bytes takes OpenCV half a minute
# and 7 GB.
_OTHER_FORMATS = {
    "a GIF": re.compile(rb"GIF8[79]a"),
    "an AVIF": re.compile(rb"....ftypavi", re.DOTALL),
    "a HEIC": re.compile(rb"....ftyp(hei|mif1|msf1)", re.DOTALL),
    "a JPEG 2000": re.compile(rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51"),
    "a BigTIFF": re.compile(rb"II\+\0|MM\0\+"),
}


def read_image(file: ImageFile) -> NDArray[np.uint8]:
    """Read an image file, turned upright as its EXIF data say.

    Parameters
    ----------
    file : path-like, bytes or binary file object
        A JPEG, PNG, TIFF, BMP, WebP, PGM or PPM file, its content, or the file opened for reading.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        Blue, green, red.

    Raises
    ------
    ImageError
        If the file cannot be read, is not an image or is damaged.
    TypeError
        If a file object was opened as text.
    """
    if not isinstance(file, str | os.PathLike):
        return decode_image(*_content(file))
    path = Path(file)
    if path.suffix.lower() in VIDEO_SUFFIXES and path.is_file():
        raise ImageError(f"{path}: is a video, not an image; use 'landmark-emotion video'")
    data = read_bytes(path)
    # Among them are TIFF files, of which OpenCV would read a thumbnail; but phones misname JPEGs.
    if path.suffix.lower() in UNSUPPORTED_SUFFIXES and not data.startswith((JPEG, PNG)):
        kind = path.suffix[1:].upper()
        raise ImageError(f"{path}: {kind} images cannot be read; save it as PNG or JPEG")
    return decode_image(data, str(path))


def _content(file: bytes | bytearray | memoryview | BinaryIO) -> tuple[bytes, str]:
    """Return the content of an image file in memory or already open, and what errors call it."""
    if isinstance(file, bytes | bytearray | memoryview):
        return bytes(file), "image"
    where = str(getattr(file, "name", "image"))
    try:
        data = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        raise ImageError(unreadable(where, error)) from error
    if not isinstance(data, bytes):
        raise TypeError(f"file must be opened in binary mode, got {type(data).__name__} from it")
    if len(data) > MAX_FILE_BYTES:
        raise ImageError(f"{where}: {_TOO_LARGE}")
    return data, where


def read_bytes(path: Path) -> bytes:
    """Read the content of an image file without decoding it.

    Raises
    ------
    ImageError
        If the file is larger than `MAX_FILE_BYTES` or cannot be read.
    """
    try:
        # Not cv2.imread, which cannot open non-ASCII paths on Windows.
        with open_regular(path) as file:
            if os.fstat(file.fileno()).st_size > MAX_FILE_BYTES:
                raise ImageError(f"{path}: {_TOO_LARGE}")
            return file.read()
    except FileNotFoundError as error:
        raise ImageError(f"{path}: no such file; check the path") from error
    except (OSError, ValueError) as error:
        raise ImageError(unreadable(path, error)) from error


def decode_image(data: bytes, where: str, *, half: bool = False) -> NDArray[np.uint8]:
    """Decode the content of an image file as `read_image` does; errors call it ``where``.

    It may have 8 or 16 bits per sample, gray or color, with or without alpha. The brightest sample
    of a 16-bit image decides how many bits are in use, since many cameras fill only 12. Transparent
    parts of a PNG or WebP become white, so that a face that nobody can see is not recognized.
    With ``half``, a JPEG gets half its width and height, in less time and a quarter of the memory.

    Raises
    ------
    ImageError
        If the data are not an image, damaged or too large.
    """
    data = _checked_file(data, where)
    transparent = _may_be_transparent(data)
    flags = cv2.IMREAD_UNCHANGED if transparent else cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH
    try:
        image = _decoded(
            data, cv2.IMREAD_REDUCED_COLOR_2 if half and data.startswith(JPEG) else flags
        )
        if image is None or image.dtype not in (np.uint8, np.uint16):
            if image is None and not _has_other_depth(data):
                raise ImageError(f"{where}: not an image or damaged; replace it")
            raise ImageError(f"{where}: has neither 8 nor 16 bits; save it as PNG or JPEG")
        if transparent:
            # OpenCV does not apply the EXIF orientation when it reads alpha.
            return _turned_upright(_on_white(image), exif_orientation(data))
        return (
            in_eight_bits(image) if image.dtype == np.uint16 else image.astype(np.uint8, copy=False)
        )
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:  # may have passed the next time
            raise ImageError(f"{where}: not enough memory; free some") from MemoryError()
        raise ImageError(f"{where}: cannot be decoded; save it again as PNG or JPEG") from error


def _checked_file(data: bytes, where: str) -> bytes:
    """Check an image file before it is decoded, and cut off what follows a JPEG's end."""
    if not data:
        raise ImageError(f"{where}: the file is empty; replace it")
    for name, beginning in _OTHER_FORMATS.items():
        if beginning.match(data):
            raise ImageError(f"{where}: {name} image cannot be read; save it as PNG or JPEG")
    size = image_size(data)
    if data.startswith(JPEG):
        # Decoders fill the rest of a truncated image with gray instead of complaining.
        layout = jpeg_layout(data)
        if layout.end is None:
            raise ImageError(f"{where}: the image is cut off; replace it")
        if layout.n_scans > MAX_SCANS:
            raise TooLargeError(f"{where}: the JPEG has too many scans; save it again")
        data = data[: layout.end]
    if data.startswith(PNG) and not png_is_whole(data):
        problem = "cut off or damaged" if b"IEND" in data else "cut off"
        raise ImageError(f"{where}: the image is {problem}; replace it")
    if size is None:
        raise ImageError(f"{where}: not an image or damaged; replace it")
    if size[0] * size[1] > MAX_PIXELS or max(size) > MAX_SIDE:
        raise TooLargeError(f"{where}: {size[0]}x{size[1]} pixels are too many; save it smaller")
    return data


def _decoded(data: bytes, flags: int) -> NDArray[Any] | None:
    image = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), flags)
    return None if image is None or image.size == 0 else np.asarray(image)


def _has_other_depth(data: bytes) -> bool:
    return data.startswith(TIFF) and _decoded(data, cv2.IMREAD_UNCHANGED) is not None


def _may_be_transparent(data: bytes) -> bool:
    if data.startswith(PNG):
        return data[25:26] in (b"\4", b"\6") or b"tRNS" in data[: data.find(b"IDAT")]
    return data[8:12] == b"WEBP"


def _on_white(image: NDArray[Any]) -> NDArray[np.uint8]:
    """Convert gray, BGR or BGRA of 8 or 16 bits to 8-bit BGR; what is transparent becomes white."""
    channels = 1 if image.ndim == 2 else image.shape[2]
    color: NDArray[Any] = image
    if channels != 3:
        code = cv2.COLOR_GRAY2BGR if channels == 1 else cv2.COLOR_BGRA2BGR
        color = np.asarray(cv2.cvtColor(image, code))
    result = in_eight_bits(color) if color.dtype == np.uint16 else color
    if channels == 4 and image[..., 3].min() < np.iinfo(image.dtype).max:
        put_on_white(result, image[..., 3:])
    return result


def _turned_upright(image: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Turn or mirror an image as its EXIF orientation says, from 1 (nothing to do) to 8."""
    if orientation >= 5:
        image = image.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    return np.ascontiguousarray(image)

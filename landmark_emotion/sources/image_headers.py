"""What image files say about themselves, read before anything is decoded.

A small file can ask for gigabytes, so sizes are checked first.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8"
TIFF = (b"II*\0", b"MM\0*")

# Kind, width and height of a PGM or PPM, with comments between them.
_PNM = re.compile(rb"P[1-6]\s(?:\s|#[^\n]*\n)*(\d{1,9})\s(?:\s|#[^\n]*\n)*(\d{1,9})\s")

# TIFF tags of the size of an image and of its tiles, and the types of numbers.
_TIFF_WIDTH = (256, 322)
_TIFF_HEIGHT = (257, 323)
_TIFF_NUMBERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i"}

_ORIENTATION = 0x0112  # TIFF tag in EXIF data

# The next marker that starts a segment or ends the image; restart markers, escaped bytes, fill
# bytes and stray bytes before it are passed over, as libjpeg does.
_JPEG_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd8\xff])", re.DOTALL)
_JPEG_SCAN, _JPEG_END = 0xDA, 0xD9
_NO_DIMENSIONS = frozenset({0xC4, 0xC8, 0xCC})  # among the codes of start-of-frame markers
_MAX_SEGMENTS = 2**14  # 64 KB each, so more than any image within the limit of a file has


@dataclass(frozen=True)
class JpegLayout:
    """The structure of the first image in a JPEG file."""

    size: tuple[int, int] | None  # width and height in pixels; None if no header names them
    n_scans: int  # passes over the pixels
    # Bytes up to and including the end marker, behind which phones append videos and other images;
    # None if the file is cut off before it.
    end: int | None


def jpeg_layout(data: bytes) -> JpegLayout:
    """Walk through the segments of a JPEG file to the end of its first image."""
    sizes: list[tuple[int, int]] = []
    n_scans = 0
    end = None
    place = len(JPEG)
    for _ in range(_MAX_SEGMENTS):
        match = _JPEG_MARKER.search(data, place)
        if match is None:
            break
        marker, place = match[1][0], match.end()
        if marker == _JPEG_END:
            end = place
            break
        if place + 2 > len(data):
            break
        if 0xC0 <= marker <= 0xCF and marker not in _NO_DIMENSIONS and place + 7 <= len(data):
            height, width = struct.unpack_from(">HH", data, place + 3)
            sizes.append((width, height))
        n_scans += marker == _JPEG_SCAN
        place += int.from_bytes(data[place : place + 2], "big")
    size = max(sizes, key=lambda size: size[0] * size[1], default=None)
    return JpegLayout(size, n_scans, end)


def image_size(data: bytes) -> tuple[int, int] | None:
    """Read width and height from the header of a JPEG, PNG, TIFF, WebP, BMP, PGM or PPM file.

    They are in pixels; None stands for something else or a header that is cut off.
    """
    try:
        if data.startswith(JPEG):
            return jpeg_layout(data).size
        if data.startswith(PNG) and data[12:16] == b"IHDR":
            return struct.unpack_from(">II", data, 16)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp_size(data)
        if data.startswith(b"BM"):
            return _bmp_size(data)
        if data.startswith(TIFF):
            return _tiff_size(data)
        if match := _PNM.match(data):
            return int(match[1]), int(match[2])
    except (struct.error, IndexError, OverflowError):
        pass  # cut off, or an offset lies beyond any file
    return None


def png_is_whole(data: bytes) -> bool:
    """Return whether every chunk of a PNG ends within the file and the critical ones are intact.

    OpenCV allocates as many bytes as a chunk claims to have, which takes seconds and up to 2 GB.
    What follows the end chunk does not matter.
    """
    place = len(PNG)
    view = memoryview(data)
    while place + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        kind = data[place + 4 : place + 8]
        end = place + 8 + length
        if end + 4 > len(data):
            return False
        critical = kind[:1].isupper()
        if critical and zlib.crc32(view[place + 4 : end]) != struct.unpack_from(">I", data, end)[0]:
            return False
        if kind == b"IEND":
            return True
        place = end + 4
    return False


def exif_orientation(data: bytes) -> int:
    """Read the EXIF orientation, from 1 to 8, of a PNG or WebP file; 1 if there is none."""
    png = data.startswith(PNG)
    place, length = (len(PNG), ">I4s") if png else (12, "<4sI")
    try:
        for _ in range(_MAX_SEGMENTS):
            first, second = struct.unpack_from(length, data, place)
            size, kind = (first, second) if png else (second, first)
            if kind in (b"eXIf", b"EXIF"):
                content = data[place + 8 : place + 8 + size].removeprefix(b"Exif\0\0")
                found = [value for tag, value in _tiff_entries(content) if tag == _ORIENTATION]
                return found[0] if found and 1 <= found[0] <= 8 else 1
            place += 8 + size + (4 if png else size % 2)  # a checksum or a byte of padding
    except (struct.error, IndexError, OverflowError):
        pass  # cut off, or at its end
    return 1


def _webp_size(data: bytes) -> tuple[int, int] | None:
    kind = data[12:16]
    if kind == b"VP8X" and len(data) >= 30:
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _bmp_size(data: bytes) -> tuple[int, int]:
    (header,) = struct.unpack_from("<I", data, 14)
    width, height = struct.unpack_from("<HH" if header == 12 else "<ii", data, 18)
    return abs(width), abs(height)  # a negative height means top-down rows


def _tiff_size(data: bytes) -> tuple[int, int] | None:
    width = height = 0
    for tag, value in _tiff_entries(data):
        if tag in _TIFF_WIDTH:
            width = max(width, value)
        elif tag in _TIFF_HEIGHT:
            height = max(height, value)
    return (width, height) if width and height else None


def _tiff_entries(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the tags and values of the first directory of a TIFF that are single numbers."""
    order = "<" if data.startswith(b"II") else ">"
    (directory,) = struct.unpack_from(order + "I", data, 4)
    (n_entries,) = struct.unpack_from(order + "H", data, directory)
    first = directory + 2
    for place in range(first, min(first + 12 * n_entries, len(data)), 12):
        tag, kind = struct.unpack_from(order + "HH", data, place)
        if kind in _TIFF_NUMBERS:
            (value,) = struct.unpack_from(order + _TIFF_NUMBERS[kind], data, place + 8)
            yield tag, value

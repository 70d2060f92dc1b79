"""How large an image says it is, before anything is decoded: a small file can ask for gigabytes."""

import re
import struct
import zlib

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8"
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # the latter two are BigTIFF

# Kind, width and height of a PGM or PPM, comments between them.
_PNM = re.compile(rb"P[1-6]\s(?:\s|#[^\n]*\n)*(\d{1,9})\s(?:\s|#[^\n]*\n)*(\d{1,9})\s")

# What says in a TIFF how large it and its tiles are, and how its numbers are stored.
_TIFF_WIDTH = (256, 322)
_TIFF_HEIGHT = (257, 323)
_TIFF_NUMBERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 16: "Q", 17: "q"}

_NO_DIMENSIONS = frozenset({0xC4, 0xC8, 0xCC})  # within the range of JPEG's start-of-frame markers


def image_size(data: bytes) -> tuple[int, int] | None:
    """Read an image's size from its header.

    Parameters
    ----------
    data : bytes
        Of a JPEG, PNG, TIFF, WebP, BMP, PGM or PPM file.

    Returns
    -------
    tuple of (int, int) or None
        Width and height in pixels; None where it is something else or cut off.
    """
    try:
        if data.startswith(JPEG):
            return _jpeg_size(data)
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
        pass  # cut off, or what it says lies beyond any file
    return None


def png_is_whole(data: bytes) -> bool:
    """Tell whether every part of a PNG ends within the file, and those it needs are undamaged.

    Where one does not end, OpenCV makes room for as many bytes as it claims to have: seconds, and
    up to 2 GB, for a file of any size.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    bool
        False where the last part is missing as well.
    """
    place = len(PNG)
    view = memoryview(data)
    while place + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        kind = data[place + 4 : place + 8]
        end = place + 8 + length
        if end + 4 > len(data):
            return False
        needed = kind[:1].isupper()
        if needed and zlib.crc32(view[place + 4 : end]) != struct.unpack_from(">I", data, end)[0]:
            return False
        if kind == b"IEND":
            return True
        place = end + 4
    return False


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    sizes = []
    place = 2
    while data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:  # padding
            place += 1
            continue
        if marker in (0xD9, 0xDA):  # the picture's data begin, or it ends
            break
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            place += 2
            continue
        (length,) = struct.unpack_from(">H", data, place + 2)
        if 0xC0 <= marker <= 0xCF and marker not in _NO_DIMENSIONS:
            height, width = struct.unpack_from(">HH", data, place + 5)
            sizes.append((width, height))
        place += 2 + length
    return max(sizes, key=lambda size: size[0] * size[1], default=None)


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
    return abs(width), abs(height)  # a negative height means that rows go down


def _tiff_size(data: bytes) -> tuple[int, int] | None:
    order = "<" if data.startswith(b"II") else ">"
    # Where the first directory is and how its entries are laid out.
    big = data[2:4] in (b"+\0", b"\0+")
    offset, count, entry, value_at = ("Q", "Q", 20, 12) if big else ("I", "H", 12, 8)
    (place,) = struct.unpack_from(order + offset, data, 8 if big else 4)
    (n,) = struct.unpack_from(order + count, data, place)
    first = place + struct.calcsize(count)
    width = height = 0
    for place in range(first, min(first + n * entry, len(data)), entry):
        tag, kind = struct.unpack_from(order + "HH", data, place)
        if tag in _TIFF_WIDTH + _TIFF_HEIGHT and kind in _TIFF_NUMBERS:
            (value,) = struct.unpack_from(order + _TIFF_NUMBERS[kind], data, place + value_at)
            if tag in _TIFF_WIDTH:
                width = max(width, value)
            else:
                height = max(height, value)
    return (width, height) if width and height else None

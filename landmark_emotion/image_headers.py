"""How large an image says it is, before anything is decoded: a small file can ask for gigabytes."""

import struct

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8"

_NO_DIMENSIONS = frozenset({0xC4, 0xC8, 0xCC})  # within the range of JPEG's start-of-frame markers


def image_size(data: bytes) -> tuple[int, int] | None:
    """Read an image's size from its header.

    Parameters
    ----------
    data : bytes
        Of a JPEG, PNG, WebP or BMP file. Other formats cannot be much smaller than what is in them.

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
    except (struct.error, IndexError):
        pass  # cut off
    return None


def png_is_whole(data: bytes) -> bool:
    """Tell whether every part of a PNG ends within the file.

    Where one does not, OpenCV makes room for as many bytes as it claims to have: seconds, and up to
    2 GB, for a file of any size.

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
    while place + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        if data[place + 4 : place + 8] == b"IEND":
            return True
        place += 12 + length
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
    if kind == b"VP8X":
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

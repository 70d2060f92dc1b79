"""Image files to damage, and hostile image files."""

import io
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from landmark_emotion.drawn.drawing import Subject, draw_face
from landmark_emotion.sources.image_headers import PNG
from landmark_emotion.sources.images import MAX_PIXELS, read_image

SIDE = 160  # pixels of the seeds


def face(emotion: str = "happiness") -> NDArray[np.uint8]:
    """Return a drawn face, (160, 160, 3)."""
    return _small(draw_face(Subject(), emotion)[90:450, 140:500])


def _small(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def encoded(picture: NDArray[np.generic], suffix: str, *options: int) -> bytes:
    """Encode an image with OpenCV."""
    good, data = cv2.imencode(suffix, picture, options)
    assert good, suffix
    return data.tobytes()


def _saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def good_pictures(photos: Sequence[Path] = ()) -> list[bytes]:
    """Return valid files of all supported kinds, of a drawn face or of photos."""
    faces = [_small(read_image(photo)) for photo in photos] or [face()]
    return [data for picture in faces for data in _all_kinds(picture)]


def _all_kinds(picture: NDArray[np.uint8]) -> list[bytes]:
    gray = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    deep = picture.astype(np.uint16) * 257
    alpha = np.dstack([picture, np.linspace(0, 255, SIDE, dtype=np.uint8)[:, None].repeat(SIDE, 1)])
    pil = Image.fromarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
    frames = [pil.rotate(angle) for angle in (5, 10)]
    animated = {"save_all": True, "append_images": frames, "duration": 50}
    exif = Image.Exif()
    exif[0x0112] = 6
    return [
        *(encoded(picture, suffix) for suffix in (".png", ".jpg", ".bmp", ".ppm", ".webp")),
        *(encoded(gray, suffix) for suffix in (".png", ".jpg", ".bmp", ".pgm", ".tiff")),
        *(encoded(deep, suffix) for suffix in (".png", ".ppm", ".tiff")),
        *(
            encoded(picture, ".tiff", cv2.IMWRITE_TIFF_COMPRESSION, kind)
            for kind in (1, 5, 8, 32773)
        ),
        *(encoded(alpha, suffix) for suffix in (".png", ".webp", ".tiff")),
        encoded(picture, ".jpg", cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        encoded(picture, ".webp", cv2.IMWRITE_WEBP_QUALITY, 101),
        encoded(picture.astype(np.float32), ".tiff"),
        _saved(pil, "JPEG", exif=exif),
        _saved(pil.convert("CMYK"), "JPEG"),
        _saved(pil.convert("CMYK"), "TIFF"),
        _saved(pil.convert("1"), "PNG"),
        _saved(pil.convert("1"), "TIFF", compression="group4"),
        _saved(pil.convert("P"), "PNG"),
        _saved(pil.convert("P"), "BMP"),
        _saved(pil, "PNG", **animated),
        _saved(pil, "WEBP", **animated),
        _saved(pil, "TIFF", **animated),
        _saved(pil, "TIFF", compression="jpeg"),
        _saved(pil, "GIF", **animated),
    ]


def png(width: int, height: int, depth: int, color: int) -> bytes:
    """Return a black PNG of any size, a small file; `color` is the color type of its header."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color]
    row = bytes(1 + (width * samples * depth + 7) // 8)
    packer = zlib.compressobj(1)
    pixels = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    return PNG + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def tiff(
    width: int, height: int, pixels: bytes = b"", big: bool = False, **more: tuple[int, int]
) -> bytes:
    """Return a TIFF that claims any size; `more` are further (tag, value) entries by any name."""
    entries = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 277: 1, 278: height}
    entries |= {279: len(pixels)} | dict(more.values())
    entries[273] = (16 if big else 8) + (8 + 2) + (20 if big else 12) * (len(entries) + 1) + 8
    head = (
        struct.pack("<2sHHHQ", b"II", 43, 8, 0, 16) if big else struct.pack("<2sHI", b"II", 42, 8)
    )
    body = struct.pack("<Q" if big else "<H", len(entries))
    for tag, value in sorted(entries.items()):
        body += struct.pack("<HHQQ" if big else "<HHII", tag, 4, 1, value)
    end = len(head) + len(body)
    return head + body + bytes(entries[273] - end) + pixels


def bmp(width: int, height: int, bits: int = 24, compression: int = 0, data: bytes = b"") -> bytes:
    """Return a BMP that claims any size."""
    start = 54 + (1024 if bits <= 8 else 0)
    head = struct.pack("<2sIHHI", b"BM", start + len(data), 0, 0, start)
    head += struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, 0, 0, 0, 0, 0)
    return head + bytes(start - 54) + data


def hostile_pictures() -> list[bytes]:
    """Return files that demand much memory, have odd shapes or are not images."""
    side = int(MAX_PIXELS**0.5)
    nan = np.full((SIDE, SIDE, 3), np.nan, dtype=np.float32)
    progressive = encoded(np.zeros((side, side), np.uint8), ".jpg", cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    scan = progressive.rindex(b"\xff\xda")
    return [
        b"",
        bytes(1),
        bytes(100_000),
        b"hello\n",
        *(start for start in (b"\xff\xd8", PNG, b"BM", b"II*\0", b"RIFF\0\0\0\0WEBP", b"P6 ")),
        *(encoded(np.full((*shape, 3), 99, np.uint8), suffix)
          for shape in ((1, 1), (1, 20_000), (20_000, 1), (2, 30_000), (1, 65_500))
          for suffix in (".png", ".jpg", ".bmp", ".ppm", ".tiff")),
        encoded(nan, ".tiff"),
        encoded(nan.astype(np.float64), ".tiff"),
        # At the size limit and beyond it.
        *(png(side, side, depth, color) for depth, color in ((1, 0), (8, 2), (8, 6), (16, 6))),
        *(png(width, height, 8, 2) for width, height in ((30_000, 30_000), (MAX_PIXELS, 1))),
        png(2**31 - 1, 1, 1, 0)[:5000],
        # 64 passes over the largest image allowed.
        progressive[:-2] + progressive[scan:-2] * 60 + b"\xff\xd9",
        bmp(30_000, 30_000, 8, 1, b"\0\1"),
        bmp(side, -side, 8, 1, b"\0\1"),
        bmp(11_000, -(2**31)),
        bmp(-(2**31), 1),
        bmp(1, 2**31 - 1, 1),
        *(tiff(30_000, 30_000, bytes(100), big) for big in (False, True)),
        tiff(30_000, 30_000, zlib.compress(bytes(900_000_000), 1), compression=(259, 8)),
        tiff(side, side, zlib.compress(bytes(side * side), 1), compression=(259, 8)),
        tiff(side, side, zlib.compress(bytes(side * side * 8), 1),
             compression=(259, 8), bits=(258, 64), form=(339, 3)),
        tiff(64, 64, bytes(100), tile_width=(322, 2**24), tile_height=(323, 2**24)),
        tiff(64, 64, bytes(100), tile_width=(322, 8192), tile_height=(323, 8192)),
        tiff(64, 64, bytes(100), samples=(277, 60_000)),
        tiff(64, 64, bytes(100), rows=(278, 2**32 - 1)),
        *(b"P%d\n30000 30000\n255\n" % kind + bytes(100) for kind in range(1, 7)),
        *(b"P%d\n%d %d\n255\n" % (kind, side, side) + bytes(100) for kind in range(1, 7)),
        b"P5\n#" + b"x" * 10**6 + b"\n1 1\n255\n\0",
        b"P5" + b"\n#" * 10**6,
        b"GIF89a" + struct.pack("<HHBBB", 30_000, 30_000, 0x80, 0, 0) + bytes(11)
        + b",\0\0\0\0" + struct.pack("<HHB", 30_000, 30_000, 0) + b"\2\1\x44\0;",
        b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4)
        + b"\xff\xff\xff" * 2,
    ]  # fmt: skip

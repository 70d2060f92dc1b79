import struct

import cv2
import numpy as np
import pytest

from landmark_emotion.errors import ImageError, TooLargeError
from landmark_emotion.web import limits


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_pixels_are_limited_by_the_header(suffix):
    data = cv2.imencode(suffix, np.zeros((321, 33, 3), np.uint8))[1].tobytes()
    assert limits.decode(data, "x", 321 * 33).shape == (321, 33, 3)
    with pytest.raises(TooLargeError, match="pixels"):
        limits.decode(data, "x", 321 * 33 - 1)


def test_a_jpeg_with_many_scans_is_refused(face):
    data = cv2.imencode(".jpg", face)[1].tobytes()
    scans = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" * 100
    with pytest.raises(TooLargeError, match="scans"):
        limits.decode(data[:-2] + scans + data[-2:], "x", 10**6)


def test_a_png_chunk_that_claims_to_be_larger_than_the_file_is_refused(face):
    data = bytearray(cv2.imencode(".png", face)[1].tobytes())
    place = data.index(b"IDAT") - 4
    data[place : place + 4] = struct.pack(">I", 2**31 - 1)
    with pytest.raises(ImageError, match="damaged"):
        limits.decode(bytes(data), "x", 10**6)


@pytest.mark.parametrize("suffix", [".bmp", ".tiff", ".ppm"])
def test_other_formats_are_refused(face, suffix):
    with pytest.raises(ImageError, match="JPEG, PNG or WebP"):
        limits.decode(cv2.imencode(suffix, face)[1].tobytes(), "x", 10**6)

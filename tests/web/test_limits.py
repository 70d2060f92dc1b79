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


@pytest.mark.parametrize("suffix", [".bmp", ".tiff", ".ppm"])
def test_other_formats_are_refused(face, suffix):
    with pytest.raises(ImageError, match="JPEG, PNG or WebP"):
        limits.decode(cv2.imencode(suffix, face)[1].tobytes(), "x", 10**6)

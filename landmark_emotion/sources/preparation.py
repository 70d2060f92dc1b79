"""Arrays in memory become 8-bit BGR and gray pictures, prepared alike for every job.

Training, single images and live frames all pass through `prepare`, so a model never meets
pictures that were treated differently from those it was trained on.
"""

import contextlib
import os
import sys
from dataclasses import dataclass
from typing import Any

import cv2
import imutils
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.model.face import Box, Landmarks
from landmark_emotion.sources.frame import Frame

SMALL_SIDE = 160  # pixels; a picture with a shorter side below this is taken for a tight crop
ENLARGED_SIDE = 200  # pixels; the shorter side of a small picture after enlarging
BORDER = 0.25  # of the shorter side, on each side of a small picture

_BAND = 2**20  # pixels that are blended with white at once
_CHANNELS = ((), (1,), (3,), (4,))  # what may follow height and width in a shape

# How many bits cameras fill of the 16 that a file has for each sample.
_CAMERA_BITS = (8, 10, 12, 14, 16)

_ORIENTATION = 0x0112  # tag in EXIF data
_UPRIGHT = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
"""The ``PIL.Image.Transpose`` that turns a picture of each EXIF orientation upright."""


@dataclass(frozen=True)
class Prepared:
    """A picture ready for detection, with the transformation back to the original.

    Attributes
    ----------
    gray : ndarray of shape (height, width), uint8
        Has the aspect ratio of the original; small originals are enlarged and get a border.
    scale : float
        Pixels of `gray` per pixel of the original.
    border : int
        Pixels of `gray` added on each side.
    """

    gray: NDArray[np.uint8]
    scale: float = 1.0
    border: int = 0

    def landmarks_to_original(self, landmarks: Landmarks) -> Landmarks:
        """Transform landmarks of shape (..., 68, 2) from pixels of `gray` to the original's."""
        if self.scale == 1.0 and self.border == 0:
            return landmarks
        return np.asarray((landmarks - self.border + 0.5) / self.scale - 0.5, dtype=np.float64)

    def box_to_original(self, box: Box) -> Box:
        """Transform a box from pixels of `gray` to the original's."""
        return Box(
            left=round((box.left - self.border) / self.scale),
            top=round((box.top - self.border) / self.scale),
            width=max(1, round(box.width / self.scale)),
            height=max(1, round(box.height / self.scale)),
        )


def to_bgr(image: object) -> NDArray[np.uint8]:
    """Convert any picture that a user may pass to 8-bit blue, green, red.

    Parameters
    ----------
    image : ndarray of shape (height, width) or (height, width, 1, 3 or 4), uint8, or PIL image
        Gray, blue-green-red, or that with alpha, which is ignored. A PIL image may have 8 or 16
        bits and any colors; it is turned upright as its EXIF data say, and its transparent parts
        become white.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        Contiguous; the array itself if it is so already.

    Raises
    ------
    TypeError
        If it is not a picture; the message says what to pass instead.
    ValueError
        If the shape or the type of the array is another.
    """
    array = _picture(image)
    if array.ndim == 3 and array.shape[2] == 3:
        return array
    alpha = array.ndim == 3 and array.shape[2] == 4
    code = cv2.COLOR_BGRA2BGR if alpha else cv2.COLOR_GRAY2BGR
    return np.asarray(cv2.cvtColor(array, code), dtype=np.uint8)


def to_gray(image: object) -> NDArray[np.uint8]:
    """Convert any picture that `to_bgr` takes to 8-bit gray, shape (height, width), contiguous."""
    array = _picture(image)
    if array.ndim == 2 or array.shape[2] == 1:
        return array.reshape(array.shape[:2])
    code = cv2.COLOR_BGR2GRAY if array.shape[2] == 3 else cv2.COLOR_BGRA2GRAY
    return np.asarray(cv2.cvtColor(array, code), dtype=np.uint8)


def _picture(image: object) -> NDArray[np.uint8]:
    """Return a contiguous array of shape (height, width) or (height, width, 1, 3 or 4), uint8."""
    pil = sys.modules.get("PIL.Image")  # whoever passes such an image has imported it
    if pil is not None and isinstance(image, pil.Image):
        return _from_pil(image)
    if not isinstance(image, np.ndarray):
        raise TypeError(
            f"image must be an array of shape (height, width, 3), uint8, got "
            f"{type(image).__name__}; {_advice(image)}"
        )
    if image.dtype != np.uint8:
        raise ValueError(
            f"image must be of type uint8, got {image.dtype}; scale its values to 0 to 255 and "
            "convert it with .astype('uint8')"
        )
    if image.ndim not in (2, 3) or 0 in image.shape or image.shape[2:] not in _CHANNELS:
        hint = (
            "move the channels last with .transpose(1, 2, 0)"
            if image.ndim == 3 and image.shape[0] in (1, 3)
            else "pass one picture with 1, 3 or 4 channels"
        )
        raise ValueError(f"image must have shape (height, width, 3), got {image.shape}; {hint}")
    return np.ascontiguousarray(image)


def _advice(image: object) -> str:
    """Say what to pass instead of something that is not an array."""
    if image is None:
        return "cv2.imread returns None for what it cannot read, use landmark_emotion.read_image"
    if isinstance(image, str | os.PathLike):
        return "read the file with landmark_emotion.read_image"
    if isinstance(image, bytes | bytearray | memoryview):
        return "decode the file with landmark_emotion.read_image"
    if isinstance(image, Frame):
        return "pass its attribute 'image'"
    if hasattr(image, "numpy"):
        return "convert the tensor with .numpy(), channels last, values 0 to 255"
    return "convert it with numpy.asarray"


def _from_pil(image: Any) -> NDArray[np.uint8]:
    if not all(image.size):
        raise ValueError(f"image must have pixels, got a PIL image of size {image.size}")
    turn = _UPRIGHT.get(_orientation(image))
    if turn is not None:
        image = image.transpose(turn)
    if image.mode.startswith(("I", "F")):  # one sample per pixel, wider than 8 bits
        samples = np.asarray(image)
        if image.mode == "F" or samples.min() < 0 or samples.max() > np.iinfo(np.uint16).max:
            raise ValueError(
                f"image must have 8 or 16 bits per sample, got a PIL image of mode {image.mode}"
            )
        return in_eight_bits(samples.astype(np.uint16))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        rgba = np.asarray(image.convert("RGBA"))
        bgr = np.ascontiguousarray(rgba[..., 2::-1])
        put_on_white(bgr, rgba[..., 3:])
        return bgr
    return np.ascontiguousarray(np.asarray(image.convert("RGB"))[..., ::-1])


def _orientation(image: Any) -> int:
    """Return the EXIF orientation of a PIL image, from 1 to 8; 1, upright, if it is unknown."""
    # PIL.ImageOps.exif_transpose fails on EXIF data that are damaged in any other place.
    with contextlib.suppress(Exception):
        return int(image.getexif().get(_ORIENTATION, 1))
    return 1


def resized(gray: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """Resize a gray picture of shape (height, width) by a factor; no side gets below one pixel."""
    height, width = (max(1, round(side * scale)) for side in gray.shape)
    # Repeated halving takes a tenth of the time of any other averaging.
    while min(gray.shape) > 1 and gray.shape[0] >= 2 * height and gray.shape[1] >= 2 * width:
        half = (gray.shape[1] // 2, gray.shape[0] // 2)
        even = gray[: 2 * half[1], : 2 * half[0]]
        gray = np.asarray(cv2.resize(even, half, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    if gray.shape != (height, width):
        resized_ = cv2.resize(gray, (width, height), interpolation=cv2.INTER_LINEAR)
        gray = np.asarray(resized_, dtype=np.uint8)
    return np.ascontiguousarray(gray)


def prepare(image: object) -> Prepared:
    """Prepare a picture for detection without changing its aspect ratio.

    Small pictures, such as 48x48 crops filled by the face, are enlarged and get a border that
    repeats their edge, since the detector finds no face below 80 pixels or without surroundings.
    `image` is as for `to_bgr`.
    """
    gray = to_gray(image)
    height, width = gray.shape
    shorter = min(height, width)
    # A long strip is not a crop of a face; enlarging it would only cost memory.
    if shorter >= SMALL_SIDE or max(height, width) > 4 * shorter:
        return Prepared(gray)
    by = {"width": ENLARGED_SIDE} if width <= height else {"height": ENLARGED_SIDE}
    enlarged = imutils.resize(gray, **by, inter=cv2.INTER_CUBIC)
    border = round(BORDER * ENLARGED_SIDE)
    bordered = cv2.copyMakeBorder(
        enlarged, border, border, border, border, borderType=cv2.BORDER_REPLICATE
    )
    return Prepared(np.asarray(bordered, dtype=np.uint8), ENLARGED_SIDE / shorter, border)


def in_eight_bits(image: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Scale samples of 16 bits to 8; the brightest decides how many of the bits are in use."""
    used = int(image.max()).bit_length()
    most = 2 ** next(bits for bits in _CAMERA_BITS if bits >= used) - 1
    return np.asarray(cv2.convertScaleAbs(image, alpha=255 / most), dtype=np.uint8)


def put_on_white(image: NDArray[np.uint8], alpha: NDArray[Any]) -> None:
    """Blend an image with white where it is transparent, in place."""
    rows = max(1, _BAND // image.shape[1])
    for top in range(0, len(image), rows):
        band = image[top : top + rows]
        opaque = alpha[top : top + rows] / np.float32(np.iinfo(alpha.dtype).max)
        band[:] = np.rint(band * opaque + 255 * (1 - opaque))

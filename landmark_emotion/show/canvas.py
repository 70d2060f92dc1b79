"""Drawing on pictures: smooth lines and shapes, and layers such as text and emoji.

Coordinates are in pixels; whole numbers are centers of pixels, as for landmarks.
"""

import functools
import math
import unicodedata
from collections.abc import Sequence
from importlib import resources
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.emotions import COLORS, color_of

Picture = NDArray[np.uint8]
"""A picture of shape (height, width, 3): blue, green, red."""

Color = tuple[float, float, float]
"""Blue, green and red, 0 to 255."""

Layer = NDArray[np.uint8]
"""Shape (height, width, 4): blue, green and red, multiplied by the opacity, and the opacity."""

OTHER_EMOJI = "other"
"""Name of the emoji of all classes that are not emotions."""

FARTHEST = 30_000  # pixels; OpenCV's integers overflow somewhere beyond
_SHIFT = 4  # fractional bits of OpenCV's coordinates


def bgr_of(color: str) -> Color:
    """Return a color (``#rrggbb``) as OpenCV expects it."""
    red, green, blue = bytes.fromhex(color[1:])
    return blue, green, red


def bgr(emotion: str, among: Sequence[str] = ()) -> Color:
    """Return the color of an emotion as OpenCV expects it; `among` is as for `color_of`."""
    return bgr_of(color_of(emotion, among))


def polyline(
    image: Picture,
    points: NDArray[np.float64],
    color: Color,
    thickness: float,
    closed: bool = False,
) -> None:
    """Draw lines through points of shape (n, 2), or (k, n, 2) for k lines of n points."""
    lines = list(_fixed(points).reshape(-1, *points.shape[-2:]))
    pixels = max(1, round(thickness))
    cv2.polylines(image, lines, closed, color, pixels, cv2.LINE_AA, _SHIFT)


def polygon(image: Picture, points: NDArray[np.float64], color: Color) -> None:
    """Fill a polygon with corners of shape (n, 2)."""
    cv2.fillPoly(image, [_fixed(points)], color, cv2.LINE_AA, _SHIFT)


def _fixed(points: NDArray[np.float64]) -> NDArray[np.int32]:
    clipped = np.clip(points, -FARTHEST, FARTHEST)
    return np.asarray(np.rint(clipped * 2**_SHIFT), dtype=np.int32)


# Cached layers are shared, so they are read-only.


@functools.lru_cache(1024)
def draw_text(text: str, size: int, bold: bool, color: Color) -> Layer:
    """Draw a line of text, whose lowercase letters are centered on the middle row.

    ``size`` is in pixels; capitals are 0.7 of it high.
    """
    # OpenCV 4 draws fonts as thin strokes, OpenCV 5 as outlines; supersampling smooths both.
    text = "".join(map(_drawable, text))
    larger = 4 if size < 32 else 2
    font = cv2.FONT_HERSHEY_DUPLEX if bold else cv2.FONT_HERSHEY_SIMPLEX
    scale = larger * size / 30
    thickness = max(1, round(larger * size * (0.085 if bold else 0.075)))
    (width, _), _ = cv2.getTextSize(text, font, scale, thickness)
    columns, rows = math.ceil(width / larger) + 2, math.ceil(1.5 * size)
    # OpenCV 5 wraps text that reaches the right edge, hence the extra room.
    large = np.zeros((rows * larger, (columns + 2 * size) * larger), np.uint8)
    base = (larger, round(larger * (rows / 2 + 0.29 * size)))
    cv2.putText(large, text, base, font, scale, 255, thickness, cv2.LINE_AA)
    mask = cv2.resize(large[:, : columns * larger], (columns, rows), interpolation=cv2.INTER_AREA)
    return _colored(mask / 255, color)


def _drawable(letter: str) -> str:
    """Return a letter without what OpenCV's fonts lack, such as accents; ? if nothing remains."""
    plain = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    return plain or "?"


@functools.lru_cache(256)
def draw_paper(width: int, height: int, radius: float, color: Color, opacity: float) -> Layer:
    """Draw a rectangle with rounded corners; lengths are in pixels, the opacity is up to 1."""
    x, y = (np.abs(np.arange(n) + 0.5 - n / 2) - n / 2 + radius for n in (width, height))
    beyond = np.hypot(np.maximum(x, 0), np.maximum(y, 0)[:, np.newaxis]) - radius
    return _colored(opacity * np.clip(0.5 - beyond, 0, 1), color)


def emoji_png(name: str) -> bytes:
    """Return the PNG file of an emotion's emoji, 128 pixels wide; a plain face for others."""
    folder = resources.files("landmark_emotion.show") / "emoji"
    return (folder / f"{name if name in COLORS else OTHER_EMOJI}.png").read_bytes()


@functools.lru_cache(64)
def draw_emoji(name: str, size: int) -> Layer:
    """Return the emoji of an emotion as a square layer, ``size`` pixels wide."""
    data = np.frombuffer(emoji_png(name), dtype=np.uint8)
    emoji = np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), dtype=np.float32)
    emoji[..., :3] *= emoji[..., 3:] / 255
    interpolation = cv2.INTER_AREA if size < len(emoji) else cv2.INTER_CUBIC
    resized = cv2.resize(emoji, (size, size), interpolation=interpolation)
    return _frozen(np.rint(np.clip(resized, 0, np.clip(resized[..., 3:], 0, 255))))


def _colored(opacity: NDArray[np.float64], color: Color) -> Layer:
    """Return a layer of one color, with an opacity of shape (height, width) from 0 to 1."""
    return _frozen(np.rint(opacity[..., np.newaxis] * (*color, 255)))


def _frozen(layer: NDArray[Any]) -> Layer:
    result = layer.astype(np.uint8)
    result.setflags(write=False)
    return result


def lay(target: NDArray[np.uint8], layer: Layer, left: int, top: int) -> None:
    """Draw a layer on a picture or on another layer; what is outside is cut off."""
    height, width = target.shape[:2]
    start_x, end_x = max(left, 0), min(left + layer.shape[1], width)
    start_y, end_y = max(top, 0), min(top + layer.shape[0], height)
    if start_x >= end_x or start_y >= end_y:
        return
    below = target[start_y:end_y, start_x:end_x]
    part = layer[start_y - top : end_y - top, start_x - left : end_x - left]
    n_channels = target.shape[2]
    clear = cv2.merge([cv2.bitwise_not(part[..., 3])] * n_channels)
    colors = part if n_channels == 4 else cv2.cvtColor(part, cv2.COLOR_BGRA2BGR)
    below[:] = cv2.add(cv2.multiply(below, clear, scale=1 / 255), colors)


def write(target: NDArray[np.uint8], text: Layer, left: float, middle: float) -> None:
    """Draw a line of text, given its left end and the middle of its lowercase letters."""
    lay(target, text, round(left), round(middle - text.shape[0] / 2))

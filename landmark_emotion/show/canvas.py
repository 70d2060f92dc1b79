"""Drawing on pictures: smooth lines and shapes, and layers such as text and emoji.

Coordinates are in pixels; whole numbers are centers of pixels, as for landmarks.
"""

import functools
import math
from importlib import resources

import cv2
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.emotions import COLORS, UNCERTAIN, color_of

Picture = NDArray[np.uint8]
"""A picture of shape (height, width, 3): blue, green, red."""

Color = tuple[float, float, float]
"""Blue, green and red, 0 to 255."""

Layer = NDArray[np.uint8]
"""Shape (height, width, 4): blue, green and red, multiplied by the opacity, and the opacity."""

FARTHEST = 30_000  # pixels; OpenCV's integers overflow somewhere beyond
_SHIFT = 4  # fractional bits of OpenCV's coordinates


def bgr(emotion: str) -> Color:
    """Return the color of an emotion as OpenCV expects it."""
    red, green, blue = bytes.fromhex(color_of(emotion)[1:])
    return blue, green, red


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
    """Draw a line of text.

    Parameters
    ----------
    text : str
        The text, on one line.
    size : int
        Height of the font, in pixels; capitals are 0.7 of it.
    bold : bool
        Whether to use a bold font.
    color : tuple of int
        Color of the text.

    Returns
    -------
    ndarray of shape (height, width, 4)
        A layer whose middle row is the middle of the lowercase letters.
    """
    # OpenCV 4 draws fonts as thin strokes, OpenCV 5 as outlines; supersampling smooths both.
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
    return _colored(mask, color)


@functools.lru_cache(256)
def draw_paper(width: int, height: int, radius: float, color: Color, opacity: float) -> Layer:
    """Draw a rectangle with rounded corners.

    Parameters
    ----------
    width, height : int
        Size, in pixels.
    radius : float
        Radius of the corners, in pixels.
    color : tuple of int
        Color of the rectangle.
    opacity : float
        From 0 to 1.

    Returns
    -------
    ndarray of shape (height, width, 4)
        The layer.
    """
    larger = 4 if width < 400 else 2
    size = np.array([width, height]) * larger - 1
    quarter = np.deg2rad(np.linspace(0, 90, 17))
    arc = radius * larger * (1 - np.stack([np.cos(quarter), np.sin(quarter)], axis=1))
    flip_x, flip_y = np.array([-1, 1]), np.array([1, -1])
    right_top, left_bottom = arc * flip_x + size * [1, 0], arc * flip_y + size * [0, 1]
    outline = np.concatenate([arc, right_top[::-1], size - arc, left_bottom[::-1]])
    mask = np.zeros((height * larger, width * larger), np.uint8)
    cv2.fillPoly(mask, [np.rint(outline).astype(np.int32)], 255)
    return _colored(cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA), color, opacity)


def emoji_png(name: str) -> bytes:
    """Return the PNG file of an emotion's emoji, 128 pixels wide; a question mark for others."""
    folder = resources.files("landmark_emotion.show") / "emoji"
    return (folder / f"{name if name in COLORS else UNCERTAIN}.png").read_bytes()


@functools.lru_cache(64)
def draw_emoji(name: str, size: int) -> Layer:
    """Return the emoji of an emotion as a layer of ``size`` pixels a side."""
    data = np.frombuffer(emoji_png(name), dtype=np.uint8)
    emoji = np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), dtype=np.float32)
    emoji[..., :3] *= emoji[..., 3:] / 255
    interpolation = cv2.INTER_AREA if size < len(emoji) else cv2.INTER_CUBIC
    resized = cv2.resize(emoji, (size, size), interpolation=interpolation)
    return _frozen(np.rint(np.clip(resized, 0, np.clip(resized[..., 3:], 0, 255))))


def _colored(mask: cv2.typing.MatLike, color: Color, opacity: float = 1.0) -> Layer:
    """Turn a mask of shape (height, width) into a layer of one color."""
    return _frozen(
        cv2.merge([cv2.convertScaleAbs(mask, alpha=opacity * v / 255) for v in (*color, 255)])
    )


def _frozen(layer: cv2.typing.MatLike) -> Layer:
    result = np.asarray(layer, dtype=np.uint8)
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

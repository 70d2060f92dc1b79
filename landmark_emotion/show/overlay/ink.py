"""Bitmaps: text, paper, dots, and laying one on the other."""

import functools
import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.show.canvas import Color
from landmark_emotion.show.emoji import draw_emoji
from landmark_emotion.show.overlay.rects import Rect

Layer = NDArray[np.uint8]
"""Shape (height, width, 4): blue, green, red, multiplied by the fourth, the opacity."""

INK: Color = (255, 255, 255)
FAINT_INK: Color = (214, 212, 210)
SHADOW: Color = (24, 20, 18)
_PAPER: Color = (30, 25, 22)
_PAPER_OPACITY = 0.78
TRACK: Color = (58, 52, 48)

# Sizes of text are steps of a scale, so that bitmaps can be used again.
SMALLEST_TEXT = 10  # pixels
_STEP = 1.125


class Ink:
    """Makes the bitmaps and remembers those that come again."""

    def __init__(self) -> None:
        self.text = functools.lru_cache(1024)(draw_text)
        self.paper = functools.lru_cache(128)(draw_paper)
        self.emoji = functools.lru_cache(32)(draw_emoji)
        self.chip = functools.lru_cache(32)(self._chip)
        self.dot = functools.lru_cache(32)(self._dot)
        self.banner = functools.lru_cache(32)(self._banner)

    def _chip(self, text: str, size: int) -> Layer:
        """Write a line on a paper of its own."""
        line = self.text(text, size, True, INK)
        pad, height = round(0.6 * size), round(1.9 * size)
        layer = self.paper(line.shape[1] + 2 * pad, height, height / 2).copy()
        write(layer, line, pad, height / 2)
        return layer

    def _banner(self, text: str, size: int, width: int) -> Layer:
        """Write a line that is no wider than this: smaller, and if need be cut off."""
        words = " ".join(text.split())
        while words and self._chip(words, size).shape[1] > width:
            if size > SMALLEST_TEXT:
                size -= 1
            else:
                words = words.removesuffix("...")[:-1].rstrip()
                words += "..." if words else ""
        return self._chip(words, size)

    def _dot(self, diameter: int) -> Layer:
        """Draw a white dot with a dark rim."""
        layer = self.paper(diameter + 2, diameter + 2, diameter / 2 + 1, SHADOW, 0.6).copy()
        lay(layer, self.paper(diameter, diameter, diameter / 2, INK, 1.0), 1, 1)
        return layer

    def table(self, rows: Sequence[tuple[str, str]], size: int) -> Layer:
        """Write two columns on a paper."""
        names = [self.text(name, size, True, INK) for name, _ in rows]
        meanings = [self.text(meaning, size, False, FAINT_INK) for _, meaning in rows]
        pad, pitch = round(0.7 * size), 1.5 * size
        second = pad + max(name.shape[1] for name in names) + size
        width = second + max(meaning.shape[1] for meaning in meanings) + pad
        layer = self.paper(width, round(len(rows) * pitch) + 2 * pad, round(0.7 * size)).copy()
        for row, (name, meaning) in enumerate(zip(names, meanings, strict=True)):
            middle = pad + (row + 0.5) * pitch
            write(layer, name, pad, middle)
            write(layer, meaning, second, middle)
        return layer


def text_step(pixels: float) -> int:
    """Round to the scale of text sizes."""
    return max(0, round(math.log(max(pixels, 1.0) / SMALLEST_TEXT, _STEP)))


def text_size(step: int) -> int:
    """Tell the size of a step, in pixels."""
    return round(SMALLEST_TEXT * _STEP**step)


def draw_text(text: str, size: int, bold: bool, color: Color) -> Layer:
    """Write a line, whose small letters have their middle in the middle of the bitmap.

    OpenCV 4 draws its fonts in thin strokes and OpenCV 5 in outlines of its own; drawn large and
    made smaller, both are smooth.
    """
    larger = 4 if size < 32 else 2
    font = cv2.FONT_HERSHEY_DUPLEX if bold else cv2.FONT_HERSHEY_SIMPLEX
    scale = larger * size / 30  # capitals are 0.7 of the size high
    thickness = max(1, round(larger * size * (0.085 if bold else 0.075)))
    (width, _), _ = cv2.getTextSize(text, font, scale, thickness)
    columns, rows = math.ceil(width / larger) + 2, math.ceil(1.5 * size)
    # The room on the right is for OpenCV 5, which begins a new line where a text does not fit.
    large = np.zeros((rows * larger, (columns + 2 * size) * larger), np.uint8)
    base = (larger, round(larger * (rows / 2 + 0.29 * size)))
    cv2.putText(large, text, base, font, scale, 255, thickness, cv2.LINE_AA)
    large = large[:, : columns * larger]
    mask = cv2.resize(large, (columns, rows), interpolation=cv2.INTER_AREA)
    return _colored(mask, color)


def draw_paper(
    width: int,
    height: int,
    radius: float,
    color: Color = _PAPER,
    opacity: float = _PAPER_OPACITY,
) -> Layer:
    """Cut a sheet with round corners; by default one dark enough for white text on any picture."""
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


def _colored(mask: cv2.typing.MatLike, color: Color, opacity: float = 1.0) -> Layer:
    """Give a mask of shape (height, width) a color."""
    channels = [cv2.convertScaleAbs(mask, alpha=opacity * v / 255) for v in (*color, 255)]
    return np.asarray(cv2.merge(channels), dtype=np.uint8)


def lay(target: NDArray[np.uint8], layer: Layer, left: int, top: int) -> None:
    """Lay a layer on an image or another layer; what reaches over the edge is cut off."""
    rect = Rect(left, top, left + layer.shape[1], top + layer.shape[0])
    rect = rect.within(Rect(0, 0, target.shape[1], target.shape[0]))
    if not (rect.width > 0 and rect.height > 0):
        return
    below = target[rect.top : rect.bottom, rect.left : rect.right]
    part = layer[rect.top - top : rect.bottom - top, rect.left - left : rect.right - left]
    n_channels = target.shape[2]
    clear = cv2.merge([cv2.bitwise_not(part[..., 3])] * n_channels)
    colors = part if n_channels == 4 else cv2.cvtColor(part, cv2.COLOR_BGRA2BGR)
    below[:] = cv2.add(cv2.multiply(below, clear, scale=1 / 255), colors)


def write(layer: Layer, text: Layer, left: int, middle: float) -> None:
    """Lay a line of text on a layer, by its left end and the middle of its small letters."""
    lay(layer, text, left, round(middle - text.shape[0] / 2))

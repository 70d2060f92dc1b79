"""Rectangles, and what they share."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.model.face import Face

FAR = 30_000  # pixels; OpenCV's integers overflow somewhere beyond


class Rect(NamedTuple):
    """Columns from left up to right and rows from top up to bottom, these two not included."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """The columns, counted."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """The rows, counted."""
        return self.bottom - self.top

    def within(self, other: "Rect") -> "Rect":
        """Cut off what reaches over another."""
        return Rect(
            min(max(self.left, other.left), other.right),
            min(max(self.top, other.top), other.bottom),
            max(min(self.right, other.right), other.left),
            max(min(self.bottom, other.bottom), other.top),
        )

    def overlap(self, others: Iterable["Rect"]) -> int:
        """Count the pixels shared with each of the others."""
        shared = 0
        for other in others:
            width = min(self.right, other.right) - max(self.left, other.left)
            height = min(self.bottom, other.bottom) - max(self.top, other.top)
            shared += max(0, width) * max(0, height)
        return shared


def bounds(face: Face, above: float = 0.0) -> Rect:
    """Bound box and landmarks, and that many heights of the box above them.

    Neither reaches over the forehead.
    """
    box, landmarks = face.box, np.clip(face.landmarks, -FAR, FAR)
    low = np.floor(landmarks.min(axis=0)).astype(int).tolist()
    high = np.ceil(landmarks.max(axis=0)).astype(int).tolist()
    return Rect(
        min(box.left, low[0]),
        min(box.top, low[1]) - round(above * box.height),
        max(box.left + box.width, high[0] + 1),
        max(box.top + box.height, high[1] + 1),
    )


def cross(rect: Rect) -> tuple[Rect, Rect]:
    """Leave the corners out."""
    x, y = rect.width // 4, rect.height // 4
    return (
        rect._replace(left=rect.left + x, right=rect.right - x),
        rect._replace(top=rect.top + y, bottom=rect.bottom - y),
    )


def clear(rects: NDArray[np.int_], obstacles: NDArray[np.int_]) -> NDArray[np.bool_]:
    """Tell which rectangles, shape (n, 4), have nothing in common with any of the others."""
    low = np.maximum(rects[:, np.newaxis, :2], obstacles[:, :2])
    high = np.minimum(rects[:, np.newaxis, 2:], obstacles[:, 2:])
    shared = np.asarray((low < high).all(axis=2))
    return np.logical_not(shared.any(axis=1))


def follow(past: Rect, rect: Rect, slack: int) -> Rect:
    """Move no farther than is needed to come near; a face never holds quite still."""
    left = min(max(past.left, rect.left - slack), rect.left + slack)
    top = min(max(past.top, rect.top - slack), rect.top + slack)
    return Rect(left, top, left + rect.width, top + rect.height)

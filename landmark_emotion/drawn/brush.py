"""Shapes with smooth outlines, drawn in the coordinates of a face.

The origin lies between the eyes and the unit is the height of the face: the crown is at y = -0.5,
the chin at y = 0.5, and x grows to the right of the picture, which is the subject's left.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from landmark_emotion.drawn.people import View
from landmark_emotion.show.canvas import Color, Picture, polygon, polyline

Points = NDArray[np.float64]
"""Points of a shape, (n, 2), as (x, y), in face coordinates."""

# Catmull-Rom: weights of four neighboring points at eight places between the middle two.
_T = np.linspace(0.0, 1.0, 8, endpoint=False)[:, np.newaxis]
_WEIGHTS = 0.5 * np.hstack(
    [-_T + 2 * _T**2 - _T**3, 2 - 5 * _T**2 + 3 * _T**3, _T + 4 * _T**2 - 3 * _T**3, _T**3 - _T**2]
)


# The half axes of the head, an ellipsoid.
_WIDE, _HIGH, _DEEP = 0.42, 0.75, 0.42


def mix(color: Color, other: Color, share: float) -> Color:
    """Blend a share of another color into a color."""
    blue, green, red = ((1 - share) * a + share * b for a, b in zip(color, other, strict=True))
    return blue, green, red


def shape(x: ArrayLike, y: ArrayLike, width: float = 1.0) -> Points:
    """Return the points (width * x, y)."""
    return np.column_stack([width * np.asarray(x, float), np.asarray(y, float)])


def both(half: Points) -> Points:
    """Close an outline given for x > 0, from top to bottom, with its mirror image."""
    return np.concatenate([half, half[::-1] * (-1, 1)])


def _curve(points: Points, closed: bool) -> Points:
    """Return a smooth curve through points."""
    before, after = (points[-1:], points[:2]) if closed else (points[:1], points[-1:])
    padded = np.concatenate([before, points, after])
    windows = np.stack([padded[i : len(padded) - 3 + i] for i in range(4)])
    curve: Points = np.einsum("tk,knd->ntd", _WEIGHTS, windows).reshape(-1, 2)
    return curve if closed else np.concatenate([curve, points[-1:]])


def _camera(view: View) -> NDArray[np.float64]:
    """Return the two rows of the rotation of a head that is rolled, pitched and then yawed."""
    angles = np.radians([view.yaw, view.pitch, view.roll])
    (a, b, c), (d, e, f) = np.cos(angles), np.sin(angles)
    turn = np.array([(a, 0, d), (0, 1, 0)])
    lift = np.array([(1, 0, 0), (0, b, -e), (0, e, b)])
    tilt = np.array([(c, -f, 0), (f, c, 0), (0, 0, 1)])
    return np.asarray(turn @ lift @ tilt)


def _depth(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far the surface of the head is before its middle: ellipsoid, nose and mouth."""
    head = _DEEP * np.sqrt(np.maximum(1 - (x / _WIDE) ** 2 - (y / _HIGH) ** 2, 0))
    nose = np.interp(y, (-0.1, 0.0, 0.18, 0.25), (0.0, 0.05, 0.15, 0.0)) * np.exp(
        -((x / 0.05) ** 2)
    )
    mouth = 0.05 * np.exp(-((x / 0.15) ** 2) - ((y - 0.28) / 0.12) ** 2)
    return np.asarray(head + nose + mouth)


class Brush:
    """Draws shapes at twice the final size.

    Flat shapes are drawn on the enlarged picture. Soft light and shade are collected apart, at half
    the final size, and multiplied in by `finish`. With `side` at -1, shapes are mirrored.

    ``part`` is the part of a picture that is drawn on, ``middle`` the origin of the face in it and
    ``unit`` the height of the face, both in pixels.
    """

    def __init__(self, part: Picture, middle: NDArray[np.float64], unit: float, view: View) -> None:
        height, width = part.shape[:2]
        self.side = 1
        self._size = (width, height)
        self._middle = middle
        self._unit = unit
        self.yaw = np.radians(view.yaw)
        self._camera = _camera(view)
        self._canvas = part.repeat(2, axis=0).repeat(2, axis=1)
        self._broad = np.zeros((height // 2 + 1, width // 2 + 1), np.float32)
        self._fine = np.zeros_like(self._broad)

    def _pixels(self, points: Points, bulge: float = 0.0, zoom: float = 2) -> Points:
        """Project points, ``bulge`` before the surface of the head or behind it, to pixels."""
        x, y = points[:, 0] * self.side, points[:, 1]
        if bulge > -0.1:  # what is behind the head does not follow its surface
            x = np.clip(x, *self._edges(y))
        placed = np.column_stack([x, y, _depth(x, y) + bulge])
        return np.asarray((self._middle + self._unit * placed @ self._camera.T) * zoom)

    def _edges(self, y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the least and largest x at which the surface of the head is in view."""
        across, into = _WIDE * np.cos(self.yaw), _DEEP * np.sin(self.yaw)
        edge = (
            _WIDE * np.sqrt(np.maximum(1 - (y / _HIGH) ** 2, 0)) * across / np.hypot(across, into)
        )
        beyond = np.full_like(edge, np.inf)
        return (-beyond, edge) if into > 0 else (-edge, beyond) if into < 0 else (-beyond, beyond)

    def fill(self, points: Points, color: Color, bulge: float = 0.0) -> None:
        """Fill a closed curve."""
        polygon(self._canvas, self._pixels(_curve(points, True), bulge), color)

    def line(self, points: Points, color: Color, thickness: float, bulge: float = 0.0) -> None:
        """Draw an open curve."""
        curve = self._pixels(_curve(points, False), bulge)
        polyline(self._canvas, curve, color, 2 * self._unit * thickness)

    def disc(self, x: float, y: float, radius: float, color: Color) -> None:
        """Fill a circle."""
        center = np.rint(self._pixels(np.array([(x, y)]))[0] * 16).astype(int).tolist()
        pixels = round(2 * self._unit * radius * 16)
        cv2.circle(self._canvas, center, pixels, color, -1, cv2.LINE_AA, shift=4)

    def shade(self, points: Points, amount: float, fine: bool = False) -> None:
        """Lighten the inside of a closed curve with soft edges, or darken it if negative."""
        layer = self._fine if fine else self._broad
        layer += self._area(points, zoom=0.5, shape=layer.shape) * np.float32(amount)

    @contextmanager
    def inside(self, points: Points) -> Iterator[None]:
        """Keep only what is drawn inside a closed curve."""
        before = self._canvas.copy()
        outside = 1 - self._area(points, zoom=2, shape=before.shape[:2])
        yield
        cv2.copyTo(before, outside, self._canvas)

    def _area(self, points: Points, zoom: float, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        """Return a mask of the inside of a closed curve."""
        mask = np.zeros(shape, np.uint8)
        pixels = self._pixels(_curve(points, True), zoom=zoom)
        cv2.fillPoly(mask, [np.rint(pixels * 16).astype(np.int32)], 1, shift=4)
        return mask

    def finish(self) -> Picture:
        """Return the part of the picture at its size."""
        shrunk = cv2.resize(self._canvas, self._size, interpolation=cv2.INTER_AREA)
        broad = cv2.GaussianBlur(self._broad, (0, 0), max(0.5, 0.02 * self._unit))
        fine = cv2.GaussianBlur(self._fine, (0, 0), max(0.5, 0.005 * self._unit))
        light = cv2.resize(1 + broad + fine, self._size, interpolation=cv2.INTER_LINEAR)
        painted = shrunk * np.asarray(light, np.float32)[..., np.newaxis]
        return np.clip(painted, 0, 255, out=painted).astype(np.uint8)

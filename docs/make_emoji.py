"""Draw the emoji that the package ships: ``python docs/make_emoji.py``.

They are drawn here because existing sets weigh 30 MB, or have share-alike licenses that would
extend to every recorded video.
"""

import itertools
from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.emotions import UNCERTAIN
from landmark_emotion.files.writing import replace_atomically
from landmark_emotion.show.canvas import OTHER_EMOJI, Color, bgr

FOLDER = Path(__file__).resolve().parents[1] / "landmark_emotion" / "show" / "emoji"
SIZE = 128  # pixels

_INK = (30, 30, 42)
_WHITE = (250, 252, 252)
_PUPIL = (40, 34, 34)
_MOUTH = (38, 26, 92)
_TONGUE = (104, 98, 236)
_WATER = (255, 226, 170)

_SUPERSAMPLING = 4
_RADIUS = 0.97  # of half the picture
_WEIGHT = 1.15  # of lines, which must still be seen when the emoji is shown at 30 pixels
_SHIFT = 4  # fractional bits of OpenCV's coordinates

Points = NDArray[np.float64]
"""Shape (n, 2), as (x, y): the disc has its center at (0, 0) and radius 1; y points down."""


def draw_emoji(name: str) -> NDArray[np.uint8]:
    """Draw the face of an emotion as (SIZE, SIZE, 4): blue, green, red, opacity."""
    pen = _Pen()
    _FACES[name](pen)
    return pen.finish(bgr(name))


class _Pen:
    """Paints in units of the disc's radius on a supersampled canvas."""

    def __init__(self) -> None:
        self._side = SIZE * _SUPERSAMPLING
        self._canvas = np.zeros((self._side, self._side, 4), np.uint8)

    def fill(self, points: Points, color: Color, inside: Points | None = None) -> None:
        """Fill an outline, or the part of it that lies inside another."""
        mask = self._mask(points)
        if inside is not None:
            mask &= self._mask(inside)
        self._canvas[mask] = (*color, 255)

    def stroke(self, points: Points, width: float, color: Color = _INK) -> None:
        """Draw a line with round ends."""
        thickness = max(1, round(width * _WEIGHT * _RADIUS * self._side / 2))
        lines = [self._pixels(points)]
        cv2.polylines(self._canvas, lines, False, (*color, 255), thickness, cv2.LINE_8, _SHIFT)

    def finish(self, color: Color) -> NDArray[np.uint8]:
        """Put what has been painted on the disc."""
        features = cv2.resize(self._canvas, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
        picture = features + _disc(color) * (1 - features[..., 3:] / np.float32(255))
        # PNG stores colors that are not multiplied by the opacity.
        picture[..., :3] = (255 * picture[..., :3] / picture[..., 3:].clip(1)).clip(0, 255)
        return np.rint(picture).astype(np.uint8)

    def _mask(self, points: Points) -> NDArray[np.bool_]:
        mask = np.zeros((self._side, self._side), np.uint8)
        cv2.fillPoly(mask, [self._pixels(points)], 1, cv2.LINE_8, _SHIFT)
        return mask.view(np.bool_)

    def _pixels(self, points: Points) -> NDArray[np.int32]:
        pixels = (points * _RADIUS + 1) * self._side / 2 - 0.5
        return np.asarray(np.rint(pixels * 2**_SHIFT), dtype=np.int32)


def _disc(color: Color) -> NDArray[np.float32]:
    """Draw a disc lit from the upper left, with a darker rim; colors times opacity."""
    axis = (np.arange(SIZE, dtype=np.float32) + 0.5) * (2 / SIZE) - 1
    x, y = axis[np.newaxis, :, np.newaxis] / _RADIUS, axis[:, np.newaxis, np.newaxis] / _RADIUS
    from_center, from_light = np.hypot(x, y), np.hypot(x + 0.3, y + 0.45)
    white = np.clip(0.5 - 0.36 * from_light, 0.12, 1)
    rim = np.clip((from_center - 0.9) / 0.1, 0, 1)
    shade = np.minimum(1.04 - 0.12 * from_light, 1) * (1 - 0.3 * rim)
    painted = (255 * white + np.array(color, np.float32) * (1 - white)) * shade
    edge = np.clip((1 - from_center) * _RADIUS * SIZE / 2 + 0.5, 0, 1)
    opaque = np.full_like(edge, 255)
    return np.asarray(np.concatenate([painted, opaque], axis=2) * edge, dtype=np.float32)


def _ellipse(x: float, y: float, width: float, height: float) -> Points:
    angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    return np.stack([x + width * np.cos(angles), y + height * np.sin(angles)], axis=-1)


def _curve(*points: tuple[float, float]) -> Points:
    """Draw a Bezier curve of any degree from the first point to the last (de Casteljau)."""
    t = np.linspace(0, 1, 33)[:, np.newaxis]
    layer = [np.array(point) * np.ones_like(t) for point in points]
    while len(layer) > 1:
        layer = [(1 - t) * a + t * b for a, b in itertools.pairwise(layer)]
    return layer[0]


def _outline(*curves: Points) -> Points:
    return np.concatenate(curves)


def _mirrored(points: Points) -> Points:
    return points * [-1, 1]


def _both(points: Points) -> Iterable[Points]:
    return points, _mirrored(points)


def _anger(pen: _Pen) -> None:
    for brow in _both(_curve((0.62, -0.42), (0.4, -0.36), (0.14, -0.14))):
        pen.stroke(brow, 0.15)
    for eye in _both(_ellipse(0.36, -0.04, 0.12, 0.14)):
        pen.fill(eye, _INK)
    pen.stroke(_curve((-0.38, 0.58), (-0.2, 0.3), (0.2, 0.3), (0.38, 0.58)), 0.13)


def _contempt(pen: _Pen) -> None:
    # A sideways glance; the brow and the corner of the mouth on that side are raised.
    pen.stroke(_curve((-0.62, -0.36), (-0.4, -0.38), (-0.18, -0.32)), 0.11)
    pen.stroke(_curve((0.18, -0.44), (0.4, -0.72), (0.64, -0.48)), 0.11)
    for side in (-1, 1):
        eye = _ellipse(0.38 * side, -0.1, 0.19, 0.17)
        pen.fill(eye, _WHITE, inside=np.array([(-1, -0.12), (1, -0.12), (1, 1), (-1, 1)]))
        pen.fill(_ellipse(0.38 * side + 0.08, -0.04, 0.09, 0.11), _PUPIL, inside=eye)
        pen.stroke(np.array([(0.38 * side - 0.2, -0.13), (0.38 * side + 0.2, -0.13)]), 0.09)
    pen.stroke(_curve((-0.34, 0.48), (0.0, 0.52), (0.3, 0.5), (0.46, 0.22)), 0.12)
    pen.stroke(_curve((0.4, 0.14), (0.5, 0.16), (0.55, 0.27)), 0.07)


def _disgust(pen: _Pen) -> None:
    for lid in _both(_curve((0.6, -0.36), (0.4, -0.24), (0.2, -0.14))):
        pen.stroke(lid, 0.12)
    for lid in _both(_curve((0.6, 0.04), (0.4, -0.06), (0.2, -0.14))):
        pen.stroke(lid, 0.12)
    mouth = _outline(
        _curve((-0.48, 0.56), (-0.44, 0.16), (-0.2, 0.22), (0.0, 0.22)),
        _curve((0.0, 0.22), (0.2, 0.22), (0.44, 0.16), (0.48, 0.56)),
        _curve((0.48, 0.56), (0.2, 0.4), (-0.2, 0.4), (-0.48, 0.56)),
    )
    pen.fill(mouth, _MOUTH)
    tongue = _outline(
        np.array([(-0.24, 0.34), (0.24, 0.34)]),
        _curve((0.24, 0.5), (0.26, 0.94), (-0.26, 0.94), (-0.24, 0.5)),
    )
    pen.fill(tongue, _TONGUE)
    pen.stroke(np.array([(0.0, 0.44), (0.0, 0.62)]), 0.05, _MOUTH)


def _fear(pen: _Pen) -> None:
    for brow in _both(_curve((0.66, -0.44), (0.5, -0.56), (0.22, -0.7))):
        pen.stroke(brow, 0.1)
    for eye in _both(_ellipse(0.36, -0.16, 0.24, 0.27)):
        pen.fill(eye, _WHITE)
    for pupil in _both(_ellipse(0.34, -0.14, 0.085, 0.1)):
        pen.fill(pupil, _PUPIL)
    mouth = _outline(
        _curve((-0.5, 0.66), (-0.44, 0.3), (-0.2, 0.28), (0.0, 0.28)),
        _curve((0.0, 0.28), (0.2, 0.28), (0.44, 0.3), (0.5, 0.66)),
        _curve((0.5, 0.66), (0.2, 0.54), (-0.2, 0.54), (-0.5, 0.66)),
    )
    pen.fill(mouth, _MOUTH)
    pen.fill(np.array([(-1, 0), (1, 0), (1, 0.42), (-1, 0.42)]), _WHITE, inside=mouth)


def _happiness(pen: _Pen) -> None:
    for eye in _both(_curve((0.2, -0.1), (0.26, -0.42), (0.5, -0.42), (0.56, -0.1))):
        pen.stroke(eye, 0.12)
    mouth = _outline(
        _curve((-0.6, 0.12), (-0.3, 0.2), (0.3, 0.2), (0.6, 0.12)),
        _curve((0.6, 0.12), (0.54, 0.92), (-0.54, 0.92), (-0.6, 0.12)),
    )
    pen.fill(mouth, _MOUTH)
    pen.fill(_ellipse(0, 0.78, 0.34, 0.24), _TONGUE, inside=mouth)
    pen.fill(np.array([(-1, 0), (1, 0), (1, 0.32), (-1, 0.32)]), _WHITE, inside=mouth)


def _neutral(pen: _Pen) -> None:
    for eye in _both(_ellipse(0.34, -0.18, 0.12, 0.17)):
        pen.fill(eye, _INK)
    pen.stroke(np.array([(-0.38, 0.4), (0.38, 0.4)]), 0.12)


def _sadness(pen: _Pen) -> None:
    for brow in _both(_curve((0.62, -0.34), (0.44, -0.42), (0.22, -0.58))):
        pen.stroke(brow, 0.11)
    for eye in _both(_ellipse(0.36, -0.1, 0.12, 0.16)):
        pen.fill(eye, _INK)
    pen.stroke(_curve((-0.36, 0.58), (-0.2, 0.28), (0.14, 0.28), (0.3, 0.58)), 0.12)
    tear = _outline(
        _curve((0.6, 0.0), (0.6, 0.14), (0.77, 0.24), (0.77, 0.38)),
        _curve((0.77, 0.38), (0.77, 0.62), (0.43, 0.62), (0.43, 0.38)),
        _curve((0.43, 0.38), (0.43, 0.24), (0.6, 0.14), (0.6, 0.0)),
    )
    pen.fill(tear, _WATER)


def _surprise(pen: _Pen) -> None:
    for brow in _both(_curve((0.2, -0.6), (0.3, -0.76), (0.46, -0.76), (0.58, -0.56))):
        pen.stroke(brow, 0.1)
    for eye in _both(_ellipse(0.36, -0.18, 0.14, 0.18)):
        pen.fill(eye, _INK)
    for glint in (-0.4, 0.32):
        pen.fill(_ellipse(glint, -0.25, 0.05, 0.06), _WHITE)
    mouth = _ellipse(0, 0.46, 0.24, 0.31)
    pen.fill(mouth, _MOUTH)
    pen.fill(_ellipse(0, 0.78, 0.2, 0.18), _TONGUE, inside=mouth)


def _uncertain(pen: _Pen) -> None:
    mark = _outline(
        _curve((-0.32, -0.3), (-0.3, -0.72), (0.36, -0.74), (0.36, -0.28)),
        _curve((0.36, -0.28), (0.36, 0.02), (0.0, -0.02), (0.0, 0.26)),
    )
    pen.stroke(mark, 0.18)
    pen.fill(_ellipse(0, 0.58, 0.14, 0.14), _INK)


def _other(pen: _Pen) -> None:
    for eye in _both(_ellipse(0.34, -0.06, 0.12, 0.17)):
        pen.fill(eye, _INK)


_FACES: dict[str, Callable[[_Pen], None]] = {
    "anger": _anger,
    "contempt": _contempt,
    "disgust": _disgust,
    "fear": _fear,
    "happiness": _happiness,
    "neutral": _neutral,
    "sadness": _sadness,
    "surprise": _surprise,
    UNCERTAIN: _uncertain,
    OTHER_EMOJI: _other,
}


def main() -> None:
    """Write one PNG per name."""
    for name in _FACES:
        options = [cv2.IMWRITE_PNG_COMPRESSION, 9]
        replace_atomically(
            FOLDER / f"{name}.png", cv2.imencode(".png", draw_emoji(name), options)[1].tobytes()
        )


if __name__ == "__main__":
    main()

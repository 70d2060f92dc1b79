"""What is drawn on a face itself, and what joins its panel to it."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.live.prediction import Prediction
from landmark_emotion.model.face import OUTLINES, Box
from landmark_emotion.show.canvas import bgr
from landmark_emotion.show.overlay.ink import SHADOW, Ink
from landmark_emotion.show.overlay.rects import FAR, Rect

_SHIFT = 4  # bits behind the point that OpenCV is given


def draw_landmarks(image: NDArray[np.uint8], prediction: Prediction, ink: Ink) -> None:
    """Draw the contours of a face and a dot for every landmark."""
    points, height = prediction.face.landmarks, prediction.face.box.height
    points = np.clip(points, -FAR, FAR)
    fixed = np.rint((points - 0.5) * 2**_SHIFT).astype(np.int32)
    color, thickness = bgr(prediction.emotion), max(1, round(height / 300))
    for region, closed in OUTLINES:
        cv2.polylines(image, [fixed[region]], closed, color, thickness, cv2.LINE_AA, _SHIFT)
    dot = ink.dot(max(1, round(height / 70)))
    size = dot.shape[0]
    corners = np.rint(points - size / 2).astype(int)
    corners = corners[((corners >= 0) & (corners + size <= image.shape[1::-1])).all(axis=1)]
    # All at once, since 68 small bitmaps take longer than one large one.
    x, y = corners[:, :1, np.newaxis], corners[:, 1:, np.newaxis]
    where = y + np.arange(size)[:, np.newaxis], x + np.arange(size)
    clear = 1 - dot[..., 3:] / np.float32(255)
    image[where] = image[where] * clear + dot[..., :3]


def draw_box(image: NDArray[np.uint8], prediction: Prediction) -> None:
    """Draw the corners of a face's box."""
    box, color = prediction.face.box, bgr(prediction.emotion)
    thickness = _thickness(box)
    left, top, right, bottom = box.left, box.top, box.left + box.width, box.top + box.height
    length = round(0.18 * min(box.width, box.height))
    corners = [
        np.array([(x, y + length * down), (x, y), (x + length * across, y)], np.int32)
        for x, across in ((left, 1), (right, -1))
        for y, down in ((top, 1), (bottom, -1))
    ]
    corners = [np.clip(corner, -FAR, FAR) for corner in corners]
    cv2.polylines(image, corners, False, SHADOW, 2 * thickness + 2, cv2.LINE_AA)
    cv2.polylines(image, corners, False, color, 2 * thickness, cv2.LINE_AA)


def draw_tie(image: NDArray[np.uint8], prediction: Prediction, rect: Rect) -> None:
    """Join the panel at a face's side to the face."""
    box = prediction.face.box
    top, bottom = max(rect.top, box.top), min(rect.bottom, box.top + box.height)
    if top >= bottom:
        return
    if rect.left >= box.left + box.width:
        start, end = box.left + box.width, rect.left
    elif rect.right <= box.left:
        start, end = rect.right, box.left
    else:
        return
    thickness, y = _thickness(box), (top + bottom) / 2
    _line(image, (start, y), (end, y), SHADOW, thickness + 2)
    _line(image, (start, y), (end, y), bgr(prediction.emotion), thickness)


def _thickness(box: Box) -> int:
    return min(max(1, round(box.height / 130)), 16)


def _line(
    image: NDArray[np.uint8],
    start: tuple[float, float],
    end: tuple[float, float],
    color: Sequence[float],
    thickness: int,
) -> None:
    # Before rounding, a whole number is the middle of a pixel.
    first, last = (tuple(round((v - 0.5) * 2**_SHIFT) for v in point) for point in (start, end))
    cv2.line(image, first, last, color, thickness, cv2.LINE_AA, _SHIFT)

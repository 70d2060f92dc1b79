"""What is drawn on a face itself, and the line that joins it to its panel."""

import numpy as np

from landmark_emotion.live.prediction import Prediction
from landmark_emotion.model.face import OUTLINES, Box
from landmark_emotion.show.canvas import Picture, bgr, draw_paper, lay, polyline
from landmark_emotion.show.overlay.layout import Rect

_DOT, _SHADOW = (255, 255, 255), (24, 20, 18)


def draw_landmarks(image: Picture, prediction: Prediction) -> None:
    """Draw the contours of a face and a dot on every landmark."""
    points, height = prediction.face.landmarks, prediction.face.box.height
    for region, closed in OUTLINES:
        polyline(
            image,
            points[region],
            bgr(prediction.emotion, prediction.emotions),
            height / 300,
            closed,
        )
    diameter = max(1, round(height / 70))
    dot = draw_paper(diameter + 2, diameter + 2, diameter / 2 + 1, _SHADOW, 0.6).copy()
    lay(dot, draw_paper(diameter, diameter, diameter / 2, _DOT, 1.0), 1, 1)
    corners = np.rint(points - (diameter + 1) / 2)
    corners = corners[((corners >= 0) & (corners + diameter + 2 <= image.shape[1::-1])).all(axis=1)]
    # One operation for all dots is faster than 68 layers.
    x, y = corners.astype(int).T[..., np.newaxis, np.newaxis]
    span = np.arange(diameter + 2)
    where = y + span[:, np.newaxis], x + span
    image[where] = image[where] * (1 - dot[..., 3:] / np.float32(255)) + dot[..., :3]


def draw_box(image: Picture, prediction: Prediction) -> None:
    """Draw the corners of the box of a face."""
    box, thickness = prediction.face.box, 2 * _thickness(prediction.face.box)
    length = round(0.18 * min(box.width, box.height))
    corners = np.array(
        [
            [(x, y + length * down), (x, y), (x + length * across, y)]
            for x, across in ((box.left, 1), (box.left + box.width, -1))
            for y, down in ((box.top, 1), (box.top + box.height, -1))
        ],
        dtype=float,
    )
    polyline(image, corners, _SHADOW, thickness + 2)
    polyline(image, corners, bgr(prediction.emotion, prediction.emotions), thickness)


def draw_tie(image: Picture, prediction: Prediction, rect: Rect) -> None:
    """Draw a line from a face to the panel at its left or right, if the panel is there."""
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
    line = np.array([(start, (top + bottom) / 2), (end, (top + bottom) / 2)]) - 0.5
    polyline(image, line, _SHADOW, _thickness(box) + 2)
    polyline(image, line, bgr(prediction.emotion, prediction.emotions), _thickness(box))


def _thickness(box: Box) -> int:
    return min(max(1, round(box.height / 130)), 16)

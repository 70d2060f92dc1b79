"""A prediction drawn on its frame."""

import cv2
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.prediction import Prediction

# Blue, green, red; told apart from each other and from skin by colour-blind people as well
# (Okabe & Ito 2008, "Color universal design").
_LINE = (115, 158, 0)
_POINT = (66, 228, 240)
_INK = (255, 255, 255)
_PAPER = (40, 40, 40)


def draw_predictions(image: NDArray[np.uint8], predictions: list[Prediction]) -> NDArray[np.uint8]:
    """Draw box, landmarks and label of every face.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), uint8
        Blue, green, red; left as it is.
    predictions : list of Prediction
        Of this very frame.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        A drawn copy.
    """
    drawn = image.copy()
    unit = max(1.0, min(image.shape[:2]) / 480)
    for prediction in predictions:
        box = prediction.face.box
        corner = (box.left, box.top)
        opposite = (box.left + box.width, box.top + box.height)
        cv2.rectangle(drawn, corner, opposite, _LINE, round(2 * unit), cv2.LINE_AA)
        for x, y in np.rint(prediction.face.landmarks).astype(int).tolist():
            cv2.circle(drawn, (x, y), round(1.5 * unit), _POINT, cv2.FILLED, cv2.LINE_AA)
        text = f"{prediction.emotion} {prediction.probability:.0%}"
        if prediction.mode != "static":
            text += f", {prediction.mode}"
        _label(drawn, text, corner, unit)
    return drawn


def _label(image: NDArray[np.uint8], text: str, corner: tuple[int, int], unit: float) -> None:
    font, size, thickness = cv2.FONT_HERSHEY_SIMPLEX, 0.6 * unit, max(1, round(unit))
    (width, height), baseline = cv2.getTextSize(text, font, size, thickness)
    pad = round(4 * unit)
    left = max(0, min(corner[0], image.shape[1] - width - 2 * pad))
    bottom = max(height + baseline + 2 * pad, corner[1])
    top = bottom - height - baseline - 2 * pad
    cv2.rectangle(image, (left, top), (left + width + 2 * pad, bottom), _PAPER, cv2.FILLED)
    cv2.putText(
        image,
        text,
        (left + pad, bottom - pad - baseline),
        font,
        size,
        _INK,
        thickness,
        cv2.LINE_AA,
    )

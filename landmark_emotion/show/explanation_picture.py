"""An explanation drawn: on the face it is of, and beside it as bars and words."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.emotions import UNCERTAIN
from landmark_emotion.errors import OutputError
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.model.explanation import Explanation, denormalize_landmarks
from landmark_emotion.model.face import OUTLINES, Landmarks

Picture = NDArray[np.uint8]
"""A picture of shape (height, width, 3), in BGR."""

# Blue, green, red. For and against are told apart by color-blind people as well (Okabe & Ito
# 2008, "Color universal design").
_FOR, _AGAINST = (178, 114, 0), (0, 159, 230)
_INK, _QUIET, _HAIR, _PAPER = (31, 27, 24), (109, 102, 95), (222, 217, 213), (255, 255, 255)


# A contribution that gives the largest mark even where there is none larger, so that trifles stay
# small: of a landmark, and of a region.
_STRONG_LANDMARK, _STRONG_REGION = 0.25, 1.0
_WEAKEST_DRAWN = 0.08  # of the largest

_ANGLES = np.linspace(0, 2 * np.pi, 16, endpoint=False)
_CIRCLE = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=-1)

_SHIFT = 4  # fractional bits of OpenCV's coordinates
_FARTHEST = 30_000  # pixels; OpenCV loses what lies farther out

# Layout of a panel, in pixels.
_FINE = 2  # everything is drawn this much larger and then shrunk
_WIDTH, _PHOTO_WIDTH, _PHOTO_HEIGHT, _MARGIN = 1120, 500, 600, 28
_LANDMARKS_HEIGHT, _LANDMARKS_WIDTH, _FOREHEAD = 380, 400, 165
_LINE_HEIGHT = 30


def draw_explanation(image: Picture, prediction: Prediction, explanation: Explanation) -> Picture:
    """Draw arrows from where a neutral face would have its landmarks to where they are.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), uint8
        Blue, green, red; left as it is.
    prediction : Prediction
        Of a face of this very frame.
    explanation : Explanation
        Of this very prediction. Blue arrows speak for the emotion that it explains, orange ones
        against it; the thicker, the more.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        A drawn copy.
    """
    drawn = image.copy()
    _draw_arrows(drawn, prediction.face.landmarks, explanation)
    return drawn


def draw_panels(image: Picture, explained: Sequence[tuple[Prediction, Explanation]]) -> Picture:
    """Draw each face enlarged, with arrows, bars and the explanation in words.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), uint8
        Blue, green, red; left as it is.
    explained : sequence of (Prediction, Explanation)
        The faces of this very image, at least one.

    Returns
    -------
    ndarray of shape (height, 1120, 3), uint8
        One panel below the other.

    Raises
    ------
    ValueError
        If there is no face.
    """
    if not explained:
        raise ValueError("explained must hold a face, got none")
    panels = [_draw_panel(image, prediction, explanation) for prediction, explanation in explained]
    return np.concatenate(panels)


def encode_picture(picture: Picture, path: Path) -> bytes:
    """Turn a picture into the content of an image file.

    Parameters
    ----------
    picture : ndarray of shape (height, width, 3), uint8
        Blue, green, red.
    path : Path
        Its suffix names the format; nothing is written.

    Returns
    -------
    bytes
        The whole content.

    Raises
    ------
    OutputError
        If OpenCV cannot write that format, or not a picture of that size in it.
    """
    try:
        written, data = cv2.imencode(path.suffix, picture)
    except cv2.error:
        written = False
    if not written:
        raise OutputError(f"{path}: cannot be written in this format; end the name in .png")
    return bytes(data)


def _draw_panel(image: Picture, prediction: Prediction, explanation: Explanation) -> Picture:
    lines = _wrapped(explanation.sentence, _WIDTH - 2 * _MARGIN, 0.62)
    sheet = _Sheet(_WIDTH, _MARGIN + _PHOTO_HEIGHT + _MARGIN + len(lines) * _LINE_HEIGHT + _MARGIN)
    photo, landmarks = _crop(image, prediction.face.landmarks)
    _draw_arrows(photo, landmarks, explanation, neutral_face=True)
    sheet.paste(photo, _MARGIN, _MARGIN)
    left, right, y = _MARGIN + _PHOTO_WIDTH + 2 * _MARGIN, _WIDTH - _MARGIN, _MARGIN + 26
    sheet.text(_title(prediction, explanation), left, y, 0.95, bold=True)
    y = _legend(sheet, explanation, left, y + 34)
    y = _region_bars(sheet, explanation, left, right, y + 46)
    _probability_bars(sheet, explanation, left, right, y + 40)
    y = _MARGIN + _PHOTO_HEIGHT + _MARGIN + 16
    for number, line in enumerate(lines):
        sheet.text(line, _MARGIN, y + number * _LINE_HEIGHT, 0.62)
    return sheet.shrunk()


def _title(prediction: Prediction, explanation: Explanation) -> str:
    emotion = explanation.emotion
    title = f"{emotion} {_percent(explanation, emotion)}"
    if emotion == explanation.likeliest and prediction.emotion == UNCERTAIN:
        return f"{UNCERTAIN}: {title}"
    return title


def _legend(sheet: "_Sheet", explanation: Explanation, left: int, y: int) -> int:
    sheet.line((left, y - 5), (left + 26, y - 5), _QUIET, 1.2)
    sheet.text(explanation.compared_with, left + 36, y, 0.5, _QUIET)
    for color, what in ((_FOR, "for"), (_AGAINST, "against")):
        y += 25
        sheet.arrow((left, y - 5), (left + 26, y - 5), color, 5)
        sheet.text(f"speaks {what} {explanation.emotion}", left + 36, y, 0.5, _QUIET)
    return y


def _region_bars(sheet: "_Sheet", explanation: Explanation, left: int, right: int, y: int) -> int:
    regions = explanation.by_region
    sheet.text(f"What adds to the score of {explanation.emotion}", left, y, 0.56, bold=True)
    index = explanation.emotions.index(explanation.emotion)
    before, after = explanation.base[index], explanation.scores[index]
    y += 24
    sheet.text(
        f"{before:.2f} for that neutral face, {after:.2f} for this one", left, y, 0.5, _QUIET
    )
    room, lowest, highest = 62, min(0.0, *regions.values()), max(0.0, *regions.values())
    start, stop = left + 90 + (room if lowest else 0), right - room
    unit = (stop - start) / max(_STRONG_REGION, highest - lowest)
    zero, top = start - unit * lowest, y + 12
    for name, value in regions.items():
        y += 29
        sheet.text(name, left, y, 0.5)
        end = zero + unit * value
        sheet.bar(zero, end, y - 13, y + 3, _FOR if value > 0 else _AGAINST)
        number = f"{value:+.2f}"
        width = _text_width(number, 0.5)
        sheet.text(number, end + 8 if value > 0 else end - 8 - width, y, 0.5, _QUIET)
    sheet.line((zero, top), (zero, y + 9), _QUIET, 1)
    return y


def _probability_bars(
    sheet: "_Sheet", explanation: Explanation, left: int, right: int, y: int
) -> None:
    sheet.text("Probabilities", left, y, 0.56, bold=True)
    start, longest = left + 110, right - left - 110 - 62
    for index in explanation.probabilities.argsort()[::-1]:
        y += 27
        name, value = explanation.emotions[index], explanation.probabilities[index]
        explained = name == explanation.emotion
        sheet.text(name, left, y, 0.5, _INK if explained else _QUIET)
        sheet.bar(start, start + longest * value, y - 12, y + 2, _INK if explained else _QUIET)
        sheet.text(_percent(explanation, name), start + longest * value + 8, y, 0.5, _QUIET)


def _percent(explanation: Explanation, emotion: str) -> str:
    value = explanation.probabilities[explanation.emotions.index(emotion)]
    return f"{value:.0%}" if value >= 0.01 else "<1%"


def _crop(image: Picture, landmarks: Landmarks) -> tuple[Picture, Landmarks]:
    """Cut out a face, pale and gray behind what will be drawn on it, all of one size."""
    low, high = landmarks.min(axis=0), landmarks.max(axis=0)
    width, height = np.maximum(high - low, 1e-3)
    scale = float(min(_LANDMARKS_WIDTH / width, _LANDMARKS_HEIGHT / height)) * _FINE
    middle = (low + high) / 2
    target = np.array([_PHOTO_WIDTH / 2, _FOREHEAD + _LANDMARKS_HEIGHT / 2]) * _FINE
    shift = target - scale * middle
    turn = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    if scale < 1:  # warpAffine alone would skip pixels
        small = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
        image = np.asarray(cv2.resize(image, small, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        turn[:, :2] /= scale
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    pale = cv2.cvtColor(cv2.convertScaleAbs(gray, alpha=0.72, beta=60), cv2.COLOR_GRAY2BGR)
    size = (_PHOTO_WIDTH * _FINE, _PHOTO_HEIGHT * _FINE)
    photo = cv2.warpAffine(pale, turn, size, flags=cv2.INTER_CUBIC, borderValue=_HAIR)
    return np.asarray(photo, dtype=np.uint8), landmarks * scale + shift


def _draw_arrows(
    image: Picture, landmarks: Landmarks, explanation: Explanation, neutral_face: bool = False
) -> None:
    """Draw on the image itself."""
    origin = denormalize_landmarks(explanation.reference, landmarks)
    contributions = explanation.by_landmark
    unit = float(np.sqrt(np.square(landmarks - landmarks.mean(axis=0)).sum(axis=1).mean())) / 100
    if neutral_face:
        for part, closed in OUTLINES:
            _polyline(image, origin[part], closed, _PAPER, 1.8 * unit)
            _polyline(image, origin[part], closed, _QUIET, 0.9 * unit)
    strengths = contributions / max(_STRONG_LANDMARK, np.abs(contributions).max())
    # The strongest last, so that nothing hides them.
    for index in np.abs(strengths).argsort():
        strength = abs(float(strengths[index]))
        if strength < _WEAKEST_DRAWN:
            continue
        color = _FOR if strengths[index] > 0 else _AGAINST
        outline = _arrow(origin[index], landmarks[index], (1.5 + 5 * strength) * unit)
        _polyline(image, outline, True, _PAPER, 1.5 * unit)
        cv2.fillPoly(image, [_fixed(outline)], color, cv2.LINE_AA, _SHIFT)


def _arrow(
    start: NDArray[np.float64], end: NDArray[np.float64], thickness: float
) -> NDArray[np.float64]:
    """Outline an arrow, or a disc where it would be shorter than its head."""
    length, head = float(np.hypot(*(end - start))), 1.6 * thickness
    if length < 2 * thickness:
        return end + 0.75 * thickness * _CIRCLE
    along = (end - start) / length
    across = thickness * np.array([-along[1], along[0]])
    shaft, wing, neck = 0.35 * across, 0.9 * across, end - head * along
    right = [start + shaft, neck + shaft, neck + wing]
    return np.array([*right, end, neck - wing, neck - shaft, start - shaft])


def _polyline(
    image: Picture, points: Landmarks, closed: bool, color: Sequence[int], thickness: float
) -> None:
    cv2.polylines(
        image, [_fixed(points)], closed, color, max(1, round(thickness)), cv2.LINE_AA, _SHIFT
    )


def _fixed(points: NDArray[np.float64]) -> NDArray[np.int32]:
    """Points as OpenCV takes them, with fractions of a pixel."""
    return np.rint(np.clip(points, -_FARTHEST, _FARTHEST) * (1 << _SHIFT)).astype(np.int32)


_FONT = cv2.FONT_HERSHEY_SIMPLEX


def _text_width(text: str, size: float) -> float:
    return float(cv2.getTextSize(text, _FONT, size * _FINE, _FINE)[0][0]) / _FINE


def _wrapped(text: str, width: float, size: float) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and _text_width(longer, size) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


class _Sheet:
    """A white sheet that is drawn larger than it will be, so that edges are smooth."""

    def __init__(self, width: int, height: int) -> None:
        self._canvas = np.full((height * _FINE, width * _FINE, 3), _PAPER, dtype=np.uint8)

    def paste(self, fine: Picture, left: int, top: int) -> None:
        height, width = fine.shape[:2]
        top, left = top * _FINE, left * _FINE
        self._canvas[top : top + height, left : left + width] = fine

    def text(
        self,
        text: str,
        left: float,
        y: float,
        size: float,
        color: Sequence[int] = _INK,
        bold: bool = False,
    ) -> None:
        place = (round(left * _FINE), round(y * _FINE))
        thickness = round(_FINE * (1.7 if bold else 1.0))
        cv2.putText(self._canvas, text, place, _FONT, size * _FINE, color, thickness, cv2.LINE_AA)

    def line(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        color: Sequence[int],
        thickness: float,
    ) -> None:
        _polyline(self._canvas, _FINE * np.array([start, end]), False, color, _FINE * thickness)

    def arrow(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        color: Sequence[int],
        thickness: float,
    ) -> None:
        outline = _arrow(_FINE * np.array(start), _FINE * np.array(end), _FINE * thickness)
        cv2.fillPoly(self._canvas, [_fixed(outline)], color, cv2.LINE_AA, _SHIFT)

    def bar(
        self, start: float, end: float, top: float, bottom: float, color: Sequence[int]
    ) -> None:
        corners = np.array([(start, top), (end, top), (end, bottom), (start, bottom)])
        cv2.fillPoly(self._canvas, [_fixed(_FINE * corners)], color, cv2.LINE_AA, _SHIFT)

    def shrunk(self) -> Picture:
        height, width = self._canvas.shape[:2]
        size = (width // _FINE, height // _FINE)
        return np.asarray(
            cv2.resize(self._canvas, size, interpolation=cv2.INTER_AREA), dtype=np.uint8
        )

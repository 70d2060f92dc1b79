"""An explanation as a picture: arrows on the face, and bars and words beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.emotions import UNCERTAIN
from landmark_emotion.errors import OutputError
from landmark_emotion.formatting import percent
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.live.shares import Shares
from landmark_emotion.model.explanation import Explanation, denormalize_landmarks
from landmark_emotion.model.face import OUTLINES, Landmarks
from landmark_emotion.show.canvas import Color, Picture, polygon, polyline
from landmark_emotion.show.network_picture import NETWORK, draw_key, draw_network, strongest
from landmark_emotion.show.sheet import (
    AGAINST,
    FOR,
    HEADING,
    INK,
    LINE_HEIGHT,
    MARGIN,
    PAPER,
    QUIET,
    SENTENCE,
    TITLE,
    WIDTH,
    fill_bar,
    wrapped,
    write_text,
)
from landmark_emotion.sources.preparation import to_bgr

_HAIR: Color = (222, 217, 213)

# A contribution of this size gets the largest mark even if none is larger, so that small ones look
# small.
_STRONG_LANDMARK, _STRONG_REGION = 0.25, 1.0
_WEAKEST_DRAWN = 0.08  # as a share of the largest

_ANGLES = np.linspace(0, 2 * np.pi, 16, endpoint=False)
_CIRCLE = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=-1)

# Layout of a panel, in pixels.
_PHOTO_WIDTH, _PHOTO_HEIGHT = 500, 600
_LANDMARKS_HEIGHT, _LANDMARKS_WIDTH, _FOREHEAD = 380, 400, 165
_LEFT, _RIGHT = MARGIN + _PHOTO_WIDTH + 2 * MARGIN, WIDTH - MARGIN  # of what is beside it
_SUPERSAMPLING = 2  # of the photo


def draw_explanation(image: Picture, prediction: Prediction, explanation: Explanation) -> Picture:
    """Draw an arrow from where a neutral face has each landmark to where the landmark is.

    Blue arrows speak for the explained emotion, orange arrows against it; a thicker arrow counts
    more. They are drawn on a copy of the image, which may be any that `to_bgr` takes.
    """
    drawn = to_bgr(image).copy()
    _draw_arrows(drawn, prediction.face.landmarks, explanation, _Scale.of([explanation]))
    return drawn


def draw_panels(
    image: Picture, explained: Sequence[tuple[Prediction, Explanation, Shares | None]]
) -> Picture:
    """Draw each face enlarged, with arrows, bars and the explanation in words.

    The result has the shape (height, 1120, 3): one panel per face, one below the other, each with
    the network's part if it took part. There must be at least one face.
    """
    if not explained:
        raise ValueError("explained must hold a face, got none")
    image = to_bgr(image)
    several = len(explained) > 1
    scale = _Scale.of([explanation for _, explanation, _ in explained])
    strong = strongest(shares for _, _, shares in explained)
    panels = []
    for prediction, explanation, shares in explained:
        panels.append(_draw_panel(image, prediction, explanation, shares, scale, several))
        if shares is not None:
            panels.append(draw_network(shares, strong))
    return np.concatenate(panels)


def encode_picture(picture: Picture, path: Path) -> bytes:
    """Encode a picture as the content of an image file, whose suffix selects the format.

    Raises
    ------
    OutputError
        If OpenCV cannot write this format, or not a picture of this size in it.
    """
    try:
        # Not cv2.imwrite, which cannot open non-ASCII paths on Windows.
        written, data = cv2.imencode(path.suffix, picture)
    except cv2.error:
        written = False
    if not written:
        raise OutputError(f"{path}: cannot be written in this format; end the name in .png")
    return bytes(data)


@dataclass(frozen=True)
class _Scale:
    """The largest contributions, which are drawn as large as there is room for."""

    landmark: float
    lowest: float  # of regions
    highest: float

    @classmethod
    def of(cls, explanations: Sequence[Explanation]) -> "_Scale":
        """Return one scale for several explanations, so that their marks can be compared."""
        landmarks = [float(np.abs(each.by_landmark).max()) for each in explanations]
        regions = [value for each in explanations for value in each.by_region.values()]
        return cls(max(_STRONG_LANDMARK, *landmarks), min(0.0, *regions), max(0.0, *regions))


def _draw_panel(
    image: Picture,
    prediction: Prediction,
    explanation: Explanation,
    shares: Shares | None,
    scale: _Scale,
    several: bool,
) -> Picture:
    lines = wrapped(explanation.sentence, WIDTH - 2 * MARGIN)
    height = 3 * MARGIN + _PHOTO_HEIGHT + len(lines) * LINE_HEIGHT
    sheet = np.full((height, WIDTH, 3), PAPER, dtype=np.uint8)
    photo = _draw_photo(image, prediction.face.landmarks, explanation, scale)
    sheet[MARGIN : MARGIN + _PHOTO_HEIGHT, MARGIN : MARGIN + _PHOTO_WIDTH] = photo
    title = _title(prediction, explanation, shares)
    title = f"face {prediction.number}: {title}" if several else title
    write_text(sheet, title, _LEFT, MARGIN + 26, TITLE, bold=True)
    y = _draw_legend(sheet, explanation, MARGIN + 60)
    y = _draw_region_bars(sheet, explanation, scale, y + 46)
    _draw_probability_bars(sheet, explanation, shares, y + 40)
    y = MARGIN + _PHOTO_HEIGHT + MARGIN + 16
    for number, line in enumerate(lines):
        write_text(sheet, line, MARGIN, y + number * LINE_HEIGHT, SENTENCE)
    return sheet


def _title(prediction: Prediction, explanation: Explanation, shares: Shares | None) -> str:
    emotion = explanation.emotion
    source = shares or explanation
    title = f"{emotion} {percent(float(source.probabilities[source.emotions.index(emotion)]))}"
    if emotion == prediction.likeliest and prediction.emotion == UNCERTAIN:
        return f"{UNCERTAIN}: {title}"
    return title


def _draw_legend(sheet: Picture, explanation: Explanation, y: int) -> int:
    """Draw the meaning of line and arrows below ``y``; return where it ends."""
    start, end = np.array([_LEFT, y - 5.0]), np.array([_LEFT + 26, y - 5.0])
    polyline(sheet, np.array([start, end]), QUIET, 1)
    write_text(sheet, explanation.compared_with, _LEFT + 36, y, color=QUIET)
    for number, (color, what) in enumerate(((FOR, "for"), (AGAINST, "against")), start=1):
        down = np.array([0, 25 * number])
        polygon(sheet, _arrow(start + down, end + down, 5), color)
        text = f"speaks {what} {explanation.emotion}"
        write_text(sheet, text, _LEFT + 36, y + 25 * number, color=QUIET)
    return y + 50


def _draw_region_bars(sheet: Picture, explanation: Explanation, scale: _Scale, y: int) -> int:
    """Draw what each region of the face adds to the score; return where the bars end."""
    title = f"What speaks for and against {explanation.emotion}"
    write_text(sheet, title, _LEFT, y, HEADING, bold=True)
    start, stop = _LEFT + 90, _RIGHT - 20
    unit = (stop - start) / max(_STRONG_REGION, scale.highest - scale.lowest)
    zero, top = start - unit * scale.lowest, y + 12
    for name, value in explanation.by_region.items():
        y += 29
        write_text(sheet, name, _LEFT, y)
        end = zero + unit * value
        fill_bar(sheet, (zero, y - 13), (end, y + 3), FOR if value > 0 else AGAINST)
    polyline(sheet, np.array([(zero, top), (zero, y + 9)]), QUIET, 1)
    return y


def _draw_probability_bars(
    sheet: Picture, explanation: Explanation, shares: Shares | None, y: int
) -> None:
    write_text(sheet, "Probabilities", _LEFT, y, HEADING, bold=True)
    start, longest = _LEFT + 110, _RIGHT - _LEFT - 110 - 62
    if shares is not None:
        draw_key(sheet, start, y)
    for index, value in enumerate(map(float, (shares or explanation).probabilities)):
        y += 27
        name = explanation.emotions[index]
        color = INK if name == explanation.emotion else QUIET
        end = start + longest * value
        write_text(sheet, name, _LEFT, y, color=color)
        fill_bar(sheet, (start, y - 12), (end, y + 2), color)
        if shares is not None:  # the network's part is at the end
            middle = end - longest * float(shares.by_network[index])
            fill_bar(sheet, (middle, y - 12), (end, y + 2), NETWORK)
        write_text(sheet, percent(value), end + 8, y, color=QUIET)


def _draw_photo(
    image: Picture, landmarks: Landmarks, explanation: Explanation, shared: _Scale
) -> Picture:
    """Cut out a face at a fixed size, pale and gray, and draw the arrows on it."""
    low, high = landmarks.min(axis=0), landmarks.max(axis=0)
    width, height = np.maximum(high - low, 1e-3)
    scale = _SUPERSAMPLING * float(min(_LANDMARKS_WIDTH / width, _LANDMARKS_HEIGHT / height))
    target = np.array([_PHOTO_WIDTH / 2, _FOREHEAD + _LANDMARKS_HEIGHT / 2]) * _SUPERSAMPLING
    shift = target - scale * (low + high) / 2
    transform = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    if scale < 1:  # warpAffine alone would skip pixels
        small = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
        image = np.asarray(cv2.resize(image, small, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        transform[:, :2] /= scale
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    pale = cv2.cvtColor(cv2.convertScaleAbs(gray, alpha=0.72, beta=60), cv2.COLOR_GRAY2BGR)
    size = (_PHOTO_WIDTH * _SUPERSAMPLING, _PHOTO_HEIGHT * _SUPERSAMPLING)
    warped = cv2.warpAffine(pale, transform, size, flags=cv2.INTER_CUBIC, borderValue=_HAIR)
    photo = np.asarray(warped, dtype=np.uint8)
    _draw_arrows(photo, landmarks * scale + shift, explanation, shared, neutral_face=True)
    shrunk = cv2.resize(photo, (_PHOTO_WIDTH, _PHOTO_HEIGHT), interpolation=cv2.INTER_AREA)
    return np.asarray(shrunk, dtype=np.uint8)


def _draw_arrows(
    image: Picture,
    landmarks: Landmarks,
    explanation: Explanation,
    scale: _Scale,
    neutral_face: bool = False,
) -> None:
    """Draw the arrows, and the neutral face if asked for, on the image itself."""
    origin = denormalize_landmarks(explanation.reference, landmarks)
    contributions = explanation.by_landmark
    unit = float(np.sqrt(np.square(landmarks - landmarks.mean(axis=0)).sum(axis=1).mean())) / 100
    if neutral_face:
        for part, closed in OUTLINES:
            polyline(image, origin[part], PAPER, 1.8 * unit, closed)
            polyline(image, origin[part], QUIET, 0.9 * unit, closed)
    strengths = contributions / scale.landmark
    # The strongest are drawn last, so that nothing hides them.
    for index in np.abs(strengths).argsort():
        strength = abs(float(strengths[index]))
        if strength < _WEAKEST_DRAWN:
            continue
        outline = _arrow(origin[index], landmarks[index], (1.5 + 5 * strength) * unit)
        polyline(image, outline, PAPER, 1.5 * unit, closed=True)
        polygon(image, outline, FOR if strengths[index] > 0 else AGAINST)


def _arrow(
    start: NDArray[np.float64], end: NDArray[np.float64], thickness: float
) -> NDArray[np.float64]:
    """Return the outline of an arrow, or of a disc if it would be shorter than its head."""
    length, head = float(np.hypot(*(end - start))), 1.6 * thickness
    if length < 2 * thickness:
        return np.asarray(end + 0.75 * thickness * _CIRCLE)
    along = (end - start) / length
    across = thickness * np.array([-along[1], along[0]])
    shaft, wing, neck = 0.35 * across, 0.9 * across, end - head * along
    right = [start + shaft, neck + shaft, neck + wing]
    return np.array([*right, end, neck - wing, neck - shaft, start - shaft])

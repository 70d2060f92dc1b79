"""The network's part of an answer as a picture: what it says, and which parts it looks at."""

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.live.shares import Shares
from landmark_emotion.networks.occlusion import Occlusion
from landmark_emotion.show.canvas import Color, Picture, polyline
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
    TEXT,
    WIDTH,
    fill_bar,
    text_width,
    wrapped,
    write_text,
)

NETWORK: Color = (121, 158, 0)  # blue, green, red; differs from FOR, AGAINST and INK for everyone
"""The color of what the network adds."""

_MAP = 240  # pixels
_LEFT = 2 * MARGIN + _MAP  # of what is beside the map
_STRONG = float(np.log(2))  # a change of the log odds that gets the full color if none is larger
_OPACITY = 0.75
_SCALE = 240  # pixels


def strongest(several: Iterable[Shares | None]) -> float:
    """Return the change of the log odds that gets the full color, so that maps can be compared."""
    maps = [each.occlusion.falls for each in several if each is not None and each.occlusion]
    return max([_STRONG, *(float(np.abs(falls).max()) for falls in maps)])


def draw_network(shares: Shares, strong: float) -> Picture:
    """Draw what the network says, below a panel of what the landmarks say.

    The map shows the picture that the network saw: blue where covering it lowers the odds of the
    explained emotion, orange where it raises them; ``strong`` is as from `strongest`.
    """
    occlusion = shares.occlusion
    left = MARGIN if occlusion is None else _LEFT
    says = [shares.sentence, shares.disagreement, "" if occlusion is None else occlusion.sentence]
    lines = [line for words in says if words for line in wrapped(words, WIDTH - MARGIN - left)]
    height = 62 + len(lines) * LINE_HEIGHT + (0 if occlusion is None else 70)
    height = max(height, 0 if occlusion is None else _MAP + 2 * MARGIN)
    sheet = np.full((height, WIDTH, 3), PAPER, dtype=np.uint8)
    write_text(sheet, "Landmarks and network", left, 26, HEADING, bold=True)
    y = 26 + LINE_HEIGHT
    for line in lines:
        write_text(sheet, line, left, y, SENTENCE)
        y += LINE_HEIGHT
    if occlusion is not None:
        sheet[8 : 8 + _MAP, MARGIN : MARGIN + _MAP] = _draw_map(occlusion, strong)
        _draw_scale(sheet, occlusion.emotion, strong, y + 8)
    return sheet


def _draw_map(occlusion: Occlusion, strong: float) -> Picture:
    picture = occlusion.picture
    gray = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    pale = cv2.cvtColor(cv2.convertScaleAbs(gray, alpha=0.72, beta=60), cv2.COLOR_GRAY2BGR)
    shown = cv2.resize(pale, (_MAP, _MAP), interpolation=cv2.INTER_CUBIC).astype(np.float64)
    falls = cv2.resize(occlusion.falls, (_MAP, _MAP), interpolation=cv2.INTER_LINEAR)
    return _tinted(shown, np.asarray(falls / strong))


def _tinted(shown: NDArray[np.float64], strengths: NDArray[np.float64]) -> Picture:
    """Color a picture by strengths from -1, against, to 1, for."""
    strengths = np.clip(strengths, -1, 1)[..., np.newaxis]
    color = np.where(strengths > 0, FOR, AGAINST)
    opacity = _OPACITY * np.abs(strengths)
    return np.asarray(np.rint(shown + opacity * (color - shown)), dtype=np.uint8)


def _draw_scale(sheet: Picture, emotion: str, strong: float, y: int) -> None:
    """Draw what the colors of the map mean, below ``y``."""
    write_text(sheet, f"network's odds of {emotion} when covered", _LEFT, y + 6, color=QUIET)
    strengths = np.tile(np.linspace(-1, 1, _SCALE), (14, 1))
    paper = np.full((14, _SCALE, 3), 220.0)
    sheet[y + 18 : y + 32, _LEFT : _LEFT + _SCALE] = _tinted(paper, strengths)
    middle = _LEFT + _SCALE / 2
    polyline(sheet, np.array([(middle, y + 16), (middle, y + 34)]), INK, 1)
    rise, fall = np.expm1(strong), -np.expm1(-strong)
    right = _LEFT + _SCALE
    for words, x, share in (
        (f"+{100 * rise:.0f} %", _LEFT, 0.0),
        ("unchanged", middle, 0.5),
        (f"-{100 * fall:.0f} %", right, 1.0),
    ):
        write_text(sheet, words, x - share * text_width(words, TEXT), y + 50, color=QUIET)


def draw_key(sheet: Picture, left: float, y: float) -> None:
    """Draw what the colors of bars of probabilities mean, on the line of their heading."""
    left += 24
    for color, name in ((INK, "landmarks"), (NETWORK, "network")):
        fill_bar(sheet, (left, y - 11), (left + 18, y + 1), color)
        write_text(sheet, name, left + 26, y, color=QUIET)
        left += 26 + text_width(name, TEXT) + 24

"""Text and bars on a white sheet, for pictures that explain."""

import numpy as np

from landmark_emotion.emotions import FIRST, SECOND
from landmark_emotion.show.canvas import Color, Picture, bgr_of, draw_text, polygon, write

FOR, AGAINST = bgr_of(FIRST), bgr_of(SECOND)
INK: Color = (31, 27, 24)
QUIET: Color = (109, 102, 95)
PAPER: Color = (255, 255, 255)

WIDTH, MARGIN = 1120, 28  # in pixels, of every sheet
LINE_HEIGHT = 30
TITLE, SENTENCE, HEADING, TEXT = 28, 18, 17, 15  # sizes of text


def fill_bar(
    sheet: Picture, corner: tuple[float, float], opposite: tuple[float, float], color: Color
) -> None:
    """Fill a rectangle."""
    (x, y), (x2, y2) = corner, opposite
    polygon(sheet, np.array([(x, y), (x2, y), (x2, y2), (x, y2)]), color)


def write_text(
    sheet: Picture,
    text: str,
    left: float,
    baseline: float,
    size: int = TEXT,
    *,
    color: Color = INK,
    bold: bool = False,
) -> None:
    """Write a line."""
    write(sheet, draw_text(text, size, bold, color), left, baseline - 0.29 * size)


def text_width(text: str, size: int) -> int:
    """Return the width of a line that is not bold."""
    return int(draw_text(text, size, False, INK).shape[1])


def wrapped(text: str, width: float) -> list[str]:
    """Break a sentence into lines that are no wider than ``width``."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, SENTENCE) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines

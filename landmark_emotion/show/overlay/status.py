"""The overlay apart from faces: a message, the frame rate, the keys of the window, measures."""

from collections.abc import Iterator, Sequence

from landmark_emotion.show.canvas import Layer, draw_text, write
from landmark_emotion.show.overlay.layout import Rect
from landmark_emotion.show.overlay.panels import (
    FAINT_INK,
    INK,
    SMALLEST_TEXT,
    draw_card_paper,
    text_size,
    text_step,
)

KEYS = (
    ("q, Esc", "quit"),
    ("c", "calibrate"),
    ("u", "undo calibration"),
    ("s", "save picture"),
    ("l", "landmarks"),
    ("p", "bars"),
    ("m", "head, eyes and mouth"),
    ("space", "pause"),
    ("h", "help"),
    ("w", "why"),
)
"""The keys of the window and what they do, as the help shows them."""


def status_layers(
    frame: Rect,
    fps: float | None,
    message: str,
    help: bool,
    tables: Sequence[Sequence[tuple[str, str]]] = (),
) -> Iterator[tuple[Layer, str]]:
    """Draw each part of the status; yield it with its preferred place in the frame."""
    size = _text_size(frame)
    for rows in tables:
        yield _table(rows, size), "left bottom"
    if help:
        yield _table(KEYS, size), "right bottom"
    if message:
        yield _banner(message, size, frame.width), "middle bottom"
    if fps is not None:
        yield _chip(f"{fps:.0f} fps" if fps >= 10 else f"{fps:.1f} fps", size), "left top"


def place_status(frame: Rect, layer: Layer, wanted: str, obstacles: Sequence[Rect]) -> Rect | None:
    """Find the place at the edge of the frame where a layer hides least; None if it is too large.

    Among equal places the wanted one wins. An obstacle that is listed twice counts twice.
    """
    height, width = layer.shape[:2]
    free_x, free_y = frame.width - width, frame.height - height
    if free_x < 0 or free_y < 0:
        return None
    margin = min(_text_size(frame) // 2, free_x // 2, free_y // 2)
    x = {"left": margin, "middle": free_x // 2, "right": free_x - margin}
    y = {"top": margin, "bottom": free_y - margin}
    names = [wanted, *(f"{column} {row}" for row in y for column in x)]
    corners = [(x[column], y[row]) for column, row in map(str.split, names)]
    rects = [Rect(left, top, left + width, top + height) for left, top in corners]
    return min(rects, key=lambda rect: rect.overlap(obstacles))


def _text_size(frame: Rect) -> int:
    return text_size(text_step(0.026 * min(frame.width, frame.height)))


def _chip(text: str, size: int) -> Layer:
    """Draw a line of text on a paper of its own."""
    line = draw_text(text, size, True, INK)
    pad, height = round(0.6 * size), round(1.9 * size)
    layer = draw_card_paper(line.shape[1] + 2 * pad, height, height / 2)
    write(layer, line, pad, height / 2)
    return layer


def _banner(text: str, size: int, width: int) -> Layer:
    """Draw a line that is no wider than ``width``: smaller, and shortened if need be."""
    words = " ".join(text.split())
    while words and _chip(words, size).shape[1] > width:
        if size > SMALLEST_TEXT:
            size -= 1
        else:
            words = words.removesuffix("...")[:-1].rstrip()
            words += "..." if words else ""
    return _chip(words, size)


def _table(rows: Sequence[tuple[str, str]], size: int) -> Layer:
    """Draw two columns of text on a paper."""
    names = [draw_text(name, size, True, INK) for name, _ in rows]
    meanings = [draw_text(meaning, size, False, FAINT_INK) for _, meaning in rows]
    pad, pitch = round(0.7 * size), 1.5 * size
    second = pad + max(name.shape[1] for name in names) + size
    width = second + max(meaning.shape[1] for meaning in meanings) + pad
    layer = draw_card_paper(width, round(len(rows) * pitch) + 2 * pad, pad)
    for row, (name, meaning) in enumerate(zip(names, meanings, strict=True)):
        middle = pad + (row + 0.5) * pitch
        write(layer, name, pad, middle)
        write(layer, meaning, second, middle)
    return layer

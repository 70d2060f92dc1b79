"""What is shown about a face: a panel with bars, or a label."""

import functools
import math
from collections.abc import Iterable
from typing import NamedTuple

from landmark_emotion.emotions import UNCERTAIN
from landmark_emotion.formatting import percent
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.live.shares import shares_of
from landmark_emotion.show.canvas import (
    Color,
    Layer,
    bgr,
    draw_emoji,
    draw_paper,
    draw_text,
    lay,
    write,
)

INK: Color = (255, 255, 255)
FAINT_INK: Color = (214, 212, 210)
_PAPER: Color = (30, 25, 22)
_TRACK: Color = (58, 52, 48)

# Text sizes are steps of a scale, so that cached layers are used again.
SMALLEST_TEXT = 10  # pixels
_STEP = 1.125


class Form(NamedTuple):
    """How a card is drawn: as a panel with a bar for every emotion, or as a label."""

    bars: bool
    words: bool = True  # numbers beside the bars, or text beside the emoji


class Card(NamedTuple):
    """What is shown about a face."""

    prediction: Prediction
    note: str  # beside emotion and probability


class _Measures(NamedTuple):
    """Sizes of the parts of a panel, in pixels."""

    size: int  # of the text
    pad: int  # around the panel's content
    gap: int  # between parts
    pitch: int  # from row to row
    title: int  # text size of the emotion
    face: int  # size of the emoji
    note_row: int  # height of the note's own row; 0 if it stands beside the probability
    name: int  # width of the names beside the bars
    number: int  # width of the numbers, 0 if there are none
    content: int  # width of the content
    height: int


def text_step(pixels: float) -> int:
    """Return the step of the scale that is closest to a text size."""
    return max(0, round(math.log(max(pixels, 1.0) / SMALLEST_TEXT, _STEP)))


def text_size(step: int) -> int:
    """Return the text size of a step, in pixels."""
    return round(SMALLEST_TEXT * _STEP**step)


def card_of(prediction: Prediction, several: bool) -> Card:
    """Make the card of a face; it tells the number among several, and the calibration."""
    notes = [f"face {prediction.number}"] if several else []
    if prediction.mode == "calibrating":
        notes.append("calibrating ...")
    elif prediction.mode != "static":
        notes.append(prediction.mode)
    return Card(prediction, ", ".join(notes))


def share_rows(prediction: Prediction, several: bool) -> list[tuple[str, str]]:
    """Return what landmarks and network each say; nothing if the landmarks answer alone."""
    shares = shares_of(prediction)
    if shares is None:
        return []
    rows = [("face", str(prediction.number))] if several else []
    for who, each, share in (
        ("landmarks", shares.landmarks, 1 - shares.network_share),
        ("network", shares.network, shares.network_share),
    ):
        says = f"{shares.emotions[each.argmax()]} {percent(float(each.max()), 0)}"
        rows.append((who, f"{says}, share {share:.2f}"))
    return rows


def card_extent(card: Card, form: Form, size: int) -> tuple[int, int]:
    """Return the width and height that a card will have, in pixels."""
    if not form.bars:
        height, width = _draw_label(card, form, size).shape[:2]
        return width, height
    m = _measure(card.prediction.emotions, card.prediction.issue, card.note, form, size)
    return m.content + 2 * m.pad, m.height


def draw_card(card: Card, form: Form, size: int) -> Layer:
    """Draw a card with text of ``size`` pixels."""
    return _draw_panel(card, form, size) if form.bars else _draw_label(card, form, size)


def draw_card_paper(width: int, height: int, radius: float) -> Layer:
    """Draw a paper that is dark enough for white text on any picture."""
    return draw_paper(width, height, radius, _PAPER, 0.78).copy()


def _draw_label(card: Card, form: Form, size: int) -> Layer:
    prediction = card.prediction
    pad, height = round(0.25 * size), round(2.4 * size)
    width = height
    if form.words:
        words = prediction.issue or f"{prediction.emotion} {percent(prediction.probability, 0)}"
        bold = draw_text(words, size, True, INK)
        faint = draw_text(card.note, size, False, FAINT_INK)
        left = height + pad // 2
        second = left + bold.shape[1] + round(0.35 * size)
        width = second + faint.shape[1] + round(0.6 * size)
    layer = draw_card_paper(width, height, height / 2)
    lay(layer, draw_emoji(prediction.emotion, height - 2 * pad), pad, pad)
    if form.words:
        write(layer, bold, left, height / 2)
        write(layer, faint, second, height / 2)
    return layer


@functools.lru_cache(256)
def _measure(emotions: tuple[str, ...], issue: str, note: str, form: Form, size: int) -> _Measures:
    """Measure a panel, whose size does not depend on the probabilities."""

    def widest(texts: Iterable[str], size: int, bold: bool = True) -> int:
        return max(int(draw_text(text, size, bold, INK).shape[1]) for text in texts)

    pad, gap, pitch = round(0.7 * size), round(0.5 * size), round(1.4 * size)
    title, face = round((1.2 if form.words else 1.0) * size), round(2.7 * size)
    # In a narrow panel the note has a row of its own.
    note_row = pitch if note and not form.words else 0
    sure = issue or "100 %"
    beside = sure if note_row else f"{sure} {note}"
    head = face + gap + max(widest([*emotions, UNCERTAIN], title), widest([beside], size))
    name = widest(emotions, size)
    number = gap + widest(["100 %"], size) if form.words else 0
    row = name + gap + round((5.0 if form.words else 2.5) * size) + number
    content = max(row, head, widest([note], size, bold=False) if note_row else 0)
    height = 2 * pad + face + gap + note_row + len(emotions) * pitch
    return _Measures(size, pad, gap, pitch, title, face, note_row, name, number, content, height)


def _draw_panel(card: Card, form: Form, size: int) -> Layer:
    emotions = card.prediction.emotions
    m = _measure(emotions, card.prediction.issue, card.note, form, size)
    layer = draw_card_paper(m.content + 2 * m.pad, m.height, round(0.7 * size))
    _draw_head(layer, card, m)
    first_row = m.height - m.pad - len(emotions) * m.pitch
    for n in range(len(emotions)):
        _draw_bar(layer, card.prediction, n, m, first_row + (n + 0.5) * m.pitch)
    return layer


def _draw_head(layer: Layer, card: Card, m: _Measures) -> None:
    prediction, left, top = card.prediction, m.pad + m.face + m.gap, m.pad
    lay(layer, draw_emoji(prediction.emotion, m.face), m.pad, top)
    write(layer, draw_text(prediction.emotion, m.title, True, INK), left, top + 0.3 * m.face)
    # The reason for being uncertain says more than a probability.
    sure = prediction.issue or percent(prediction.probability, 0)
    number = draw_text(sure, m.size, True, INK)
    write(layer, number, left, top + 0.76 * m.face)
    note = draw_text(card.note, m.size, False, FAINT_INK)
    if m.note_row:
        write(layer, note, m.pad, top + m.face + m.gap / 2 + m.note_row / 2)
    else:
        write(layer, note, left + number.shape[1] + m.gap // 2, top + 0.76 * m.face)


def _draw_bar(layer: Layer, prediction: Prediction, n: int, m: _Measures, middle: float) -> None:
    """Draw name, bar and number of the n-th emotion."""
    emotion, probability = prediction.emotions[n], float(prediction.probabilities[n])
    chosen = emotion == prediction.likeliest
    ink = INK if chosen else FAINT_INK
    write(layer, draw_text(emotion, m.size, chosen, ink), m.pad, middle)
    length, height = m.content - m.number - m.name - m.gap, max(3, round(0.55 * m.size))
    for share, color in ((1.0, _TRACK), (probability, bgr(emotion, prediction.emotions))):
        bar = draw_paper(length, height, height / 2, color, 1.0)[:, : round(share * length)]
        lay(layer, bar, m.pad + m.name + m.gap, round(middle - height / 2))
    if m.number:
        number = draw_text(percent(probability, 0), m.size, chosen, ink)
        write(layer, number, m.pad + m.content - number.shape[1], middle)

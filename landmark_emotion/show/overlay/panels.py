"""What is told about a face: a panel with bars, or a label."""

import functools
import math
from collections.abc import Iterable
from typing import NamedTuple

from landmark_emotion.emotions import UNCERTAIN
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.show.canvas import bgr
from landmark_emotion.show.overlay.ink import FAINT_INK, INK, TRACK, Ink, Layer, lay, write


class Form(NamedTuple):
    """What is shown of a face: a panel with columns of bars, or a label, which has none."""

    columns: int
    words: bool = True  # numbers beside the bars, or a text beside the emoji


class Card(NamedTuple):
    """What is told about a face."""

    prediction: Prediction
    note: str  # beside emotion and probability


def card_of(prediction: Prediction, several: bool) -> Card:
    """Note what else is told: which face it is among several, and what it is compared with."""
    notes = []
    if several:
        notes.append(f"face {prediction.number}")
    if prediction.mode != "static":
        notes.append(
            f"{prediction.mode} ..." if prediction.mode == "calibrating" else prediction.mode
        )
    return Card(prediction, ", ".join(notes))


class Measures(NamedTuple):
    """Of a panel, in pixels."""

    width: int
    height: int
    pad: int  # around it
    gap: int  # between things in it
    pitch: int  # from row to row
    title: int  # size of the emotion's text
    face: int  # size of the emoji
    note_row: int  # height of the note's own row, 0 where there is none
    head: int  # width of emoji and title
    name: int  # width of the names beside the bars
    number: int  # width of the numbers, 0 where there are none
    column: int  # width of name, bar and number


class Panels:
    """Draws panels and labels, and tells beforehand how large they will be."""

    def __init__(self) -> None:
        self.ink = Ink()
        self._measures = functools.lru_cache(256)(self._measure)

    def extent(self, card: Card, form: Form, size: int) -> tuple[int, int]:
        """Tell how wide and high a panel or label will be, in pixels."""
        if form.columns == 0:
            layer = self.draw(card, form, size)
            return layer.shape[1], layer.shape[0]
        measures = self._measures(card.prediction.emotions, card.note, form, size)
        return measures.width, measures.height

    def draw(self, card: Card, form: Form, size: int) -> Layer:
        """Draw a panel or label."""
        return self._panel(card, form, size) if form.columns else self._label(card, form, size)

    def _label(self, card: Card, form: Form, size: int) -> Layer:
        prediction = card.prediction
        pad, height = round(0.25 * size), round(2.4 * size)
        face = self.ink.emoji(prediction.emotion, height - 2 * pad)
        if not form.words:
            layer = self.ink.paper(height, height, height / 2).copy()
            lay(layer, face, pad, pad)
            return layer
        words = f"{prediction.emotion} {prediction.probability:.0%}"
        bold = self.ink.text(words, size, True, INK)
        faint = self.ink.text(card.note, size, False, FAINT_INK)
        left = height + pad // 2
        second = left + bold.shape[1] + round(0.35 * size)
        width = second + faint.shape[1] + round(0.6 * size)
        layer = self.ink.paper(width, height, height / 2).copy()
        lay(layer, face, pad, pad)
        write(layer, bold, left, height / 2)
        write(layer, faint, second, height / 2)
        return layer

    def _measure(self, emotions: tuple[str, ...], note: str, form: Form, size: int) -> Measures:
        """Measure a panel; its size is the same whatever the probabilities are."""

        def widest(texts: Iterable[str], size: int, bold: bool = True) -> int:
            return max(int(self.ink.text(text, size, bold, INK).shape[1]) for text in texts)

        pad, gap, pitch = round(0.7 * size), round(0.5 * size), round(1.4 * size)
        title, face = round(1.2 * size), round(2.7 * size)
        # Where it is narrow, the note has a row of its own.
        note_row = pitch if note and form == Form(1, words=False) else 0
        beside = "100%" if note_row else f"100% {note}"
        head = face + gap + max(widest([*emotions, UNCERTAIN], title), widest([beside], size))
        name = widest(emotions, size)
        number = gap + widest(["100%"], size) if form.words else 0
        column = name + gap + round((5.0 if form.words else 2.5) * size) + number
        rows = math.ceil(len(emotions) / form.columns)
        if form.columns == 1:
            column = max(column, head, widest([note], size, bold=False) if note_row else 0)
            width, height = 2 * pad + column, 2 * pad + face + gap + note_row + rows * pitch
        else:
            width = 2 * pad + head + form.columns * (column + round(1.2 * size))
            height = 2 * pad + max(face, rows * pitch)
        sizes = (pad, gap, pitch, title, face, note_row, head, name, number, column)
        return Measures(width, height, *sizes)

    def _panel(self, card: Card, form: Form, size: int) -> Layer:
        prediction, text = card.prediction, self.ink.text
        m = self._measures(prediction.emotions, card.note, form, size)
        layer = self.ink.paper(m.width, m.height, round(0.7 * size)).copy()
        rows = math.ceil(len(prediction.emotions) / form.columns)
        top = m.pad if form.columns == 1 else (m.height - m.face) // 2
        lay(layer, self.ink.emoji(prediction.emotion, m.face), m.pad, top)
        left = m.pad + m.face + m.gap
        write(layer, text(prediction.emotion, m.title, True, INK), left, top + 0.3 * m.face)
        number = text(f"{prediction.probability:.0%}", size, True, INK)
        note = text(card.note, size, False, FAINT_INK)
        write(layer, number, left, top + 0.76 * m.face)
        if m.note_row:
            write(layer, note, m.pad, top + m.face + m.gap / 2 + m.note_row / 2)
        else:
            write(layer, note, left + number.shape[1] + m.gap // 2, top + 0.76 * m.face)
        first = m.height - m.pad - rows * m.pitch
        if form.columns > 1:
            first = (m.height - rows * m.pitch) // 2
        for n in range(len(prediction.emotions)):
            column, row = divmod(n, rows)
            left = m.pad
            if form.columns > 1:
                left += m.head + round(1.2 * size) + column * (m.column + round(1.2 * size))
            self._row(layer, card, n, m, size, left, first + (row + 0.5) * m.pitch)
        return layer

    def _row(
        self,
        layer: Layer,
        card: Card,
        n: int,
        m: Measures,
        size: int,
        left: int,
        middle: float,
    ) -> None:
        prediction = card.prediction
        emotion, probability = prediction.emotions[n], float(prediction.probabilities[n])
        chosen = emotion == prediction.likeliest
        ink = INK if chosen else FAINT_INK
        write(layer, self.ink.text(emotion, size, chosen, ink), left, middle)
        right = left + m.column - m.number
        length, height = right - left - m.name - m.gap, max(3, round(0.55 * size))
        for share, color in ((1.0, TRACK), (probability, bgr(emotion))):
            bar = self.ink.paper(length, height, height / 2, color, 1.0)
            bar = bar[:, : round(share * length)]
            lay(layer, bar, left + m.name + m.gap, round(middle - height / 2))
        if m.number:
            number = self.ink.text(f"{probability:.0%}", size, chosen, ink)
            write(layer, number, left + m.column - number.shape[1], middle)

"""Predictions drawn on their frame."""

import functools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.emoji import COLOURS, Colour, draw_emoji
from landmark_emotion.face import REGIONS, Box, Face
from landmark_emotion.prediction import UNCERTAIN, Prediction

KEYS = (
    ("q, Esc", "quit"),
    ("c", "calibrate"),
    ("s", "save picture"),
    ("l", "landmarks"),
    ("p", "bars"),
    ("space", "pause"),
    ("h", "help"),
    ("w", "why"),
)
"""The keys that the help shows, and what they do."""

_Image = NDArray[np.uint8]
_Layer = NDArray[np.uint8]
"""Shape (height, width, 4): blue, green, red, multiplied by the fourth, the opacity."""

_INK: Colour = (255, 255, 255)
_FAINT_INK: Colour = (214, 212, 210)
_SHADOW: Colour = (24, 20, 18)
_PAPER: Colour = (30, 25, 22)
_PAPER_OPACITY = 0.78
_TRACK: Colour = (88, 82, 78)

# Sizes of text are steps of a scale, so that bitmaps can be used again.
_SMALLEST_TEXT = 10  # pixels
_STEP = 1.125
_SHIFT = 4  # bits behind the point that OpenCV is given
_FAR = 30_000  # pixels; OpenCV's integers overflow somewhere beyond
_MEMORY = 15  # frames for which the place of a face's panel is remembered

# Which landmarks a line joins, and whether it ends where it began.
_CONTOURS = (
    *((REGIONS[name], False) for name in ("jaw", "right_eyebrow", "left_eyebrow")),
    (slice(27, 31), False),  # bridge of the nose
    (slice(31, 36), False),  # nostrils
    *((REGIONS[name], True) for name in ("right_eye", "left_eye", "mouth", "inner_mouth")),
)


class _Rect(NamedTuple):
    """Columns from left up to right and rows from top up to bottom, these two not included."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    def within(self, other: "_Rect") -> "_Rect":
        return _Rect(
            min(max(self.left, other.left), other.right),
            min(max(self.top, other.top), other.bottom),
            max(min(self.right, other.right), other.left),
            max(min(self.bottom, other.bottom), other.top),
        )

    def overlap(self, others: "Iterable[_Rect]") -> int:
        """Count the pixels shared with each of the others."""
        shared = 0
        for other in others:
            width = min(self.right, other.right) - max(self.left, other.left)
            height = min(self.bottom, other.bottom) - max(self.top, other.top)
            shared += max(0, width) * max(0, height)
        return shared


class _Form(NamedTuple):
    """What is shown of a face: a panel with columns of bars, or a label, which has none."""

    columns: int
    words: bool = True  # numbers beside the bars, or a text beside the emoji


_ONE, _TWO = _Form(1), _Form(2)
_TERSE = (_Form(1, words=False), _Form(2, words=False))
_PANELS = ((_ONE,), (_ONE, _TWO), _TERSE)
_LABEL, _EMOJI = _Form(0), _Form(0, words=False)


class _Place(NamedTuple):
    """Where something about a face is drawn, and how."""

    form: _Form
    size: int  # of the text, in pixels
    spot: int  # which of those around the face
    rect: _Rect

    @property
    def choice(self) -> tuple[_Form, int, int]:
        return self.form, self.size, self.spot


class _Memory(NamedTuple):
    """Where a face had its panel or label."""

    frame: int
    step: int  # of the text that would suit the face
    place: _Place


class _Card(NamedTuple):
    """What is told about a face."""

    prediction: Prediction
    note: str  # beside emotion and probability


def _card(prediction: Prediction, several: bool) -> _Card:
    notes = []
    if several:
        notes.append(f"face {prediction.number}")
    if prediction.mode != "static":
        notes.append(
            f"{prediction.mode} ..." if prediction.mode == "calibrating" else prediction.mode
        )
    return _Card(prediction, ", ".join(notes))


class _Ink:
    """Makes the bitmaps and remembers those that come again."""

    def __init__(self) -> None:
        self.text = functools.lru_cache(1024)(_text)
        self.paper = functools.lru_cache(128)(_paper)
        self.emoji = functools.lru_cache(32)(draw_emoji)
        self.chip = functools.lru_cache(32)(self._chip)
        self.dot = functools.lru_cache(32)(self._dot)
        self.banner = functools.lru_cache(32)(self._banner)
        self.measure = functools.lru_cache(256)(self._measure)

    def _chip(self, text: str, size: int) -> _Layer:
        """Write a line on a paper of its own."""
        line = self.text(text, size, True, _INK)
        pad, height = round(0.6 * size), round(1.9 * size)
        layer = self.paper(line.shape[1] + 2 * pad, height, height / 2).copy()
        _write(layer, line, pad, height / 2)
        return layer

    def _banner(self, text: str, size: int, width: int) -> _Layer:
        """Write a line that is no wider than this: smaller, and if need be cut off."""
        words = " ".join(text.split())
        while words and self._chip(words, size).shape[1] > width:
            if size > _SMALLEST_TEXT:
                size -= 1
            else:
                words = words.removesuffix("...")[:-1].rstrip()
                words += "..." if words else ""
        return self._chip(words, size)

    def _dot(self, diameter: int) -> _Layer:
        """Draw a white dot with a dark rim."""
        layer = self.paper(diameter + 2, diameter + 2, diameter / 2 + 1, _SHADOW, 0.6).copy()
        _lay(layer, self.paper(diameter, diameter, diameter / 2, _INK, 1.0), 1, 1)
        return layer

    def table(self, rows: Sequence[tuple[str, str]], size: int) -> _Layer:
        """Write two columns on a paper."""
        names = [self.text(name, size, True, _INK) for name, _ in rows]
        meanings = [self.text(meaning, size, False, _FAINT_INK) for _, meaning in rows]
        pad, pitch = round(0.7 * size), 1.5 * size
        second = pad + max(name.shape[1] for name in names) + size
        width = second + max(meaning.shape[1] for meaning in meanings) + pad
        layer = self.paper(width, round(len(rows) * pitch) + 2 * pad, round(0.7 * size)).copy()
        for row, (name, meaning) in enumerate(zip(names, meanings, strict=True)):
            middle = pad + (row + 0.5) * pitch
            _write(layer, name, pad, middle)
            _write(layer, meaning, second, middle)
        return layer

    def extent(self, card: _Card, form: _Form, size: int) -> tuple[int, int]:
        """Tell how wide and high a panel or label will be, in pixels."""
        if form.columns == 0:
            layer = self.draw(card, form, size)
            return layer.shape[1], layer.shape[0]
        measures = self.measure(card.prediction.emotions, card.note, form, size)
        return measures.width, measures.height

    def draw(self, card: _Card, form: _Form, size: int) -> _Layer:
        """Draw a panel or label."""
        return self._panel(card, form, size) if form.columns else self._label(card, form, size)

    def _label(self, card: _Card, form: _Form, size: int) -> _Layer:
        prediction = card.prediction
        pad, height = round(0.25 * size), round(2.4 * size)
        face = self.emoji(prediction.emotion, height - 2 * pad)
        if not form.words:
            layer = self.paper(height, height, height / 2).copy()
            _lay(layer, face, pad, pad)
            return layer
        words = f"{prediction.emotion} {prediction.probability:.0%}"
        bold = self.text(words, size, True, _INK)
        faint = self.text(card.note, size, False, _FAINT_INK)
        left = height + pad // 2
        second = left + bold.shape[1] + round(0.35 * size)
        width = second + faint.shape[1] + round(0.6 * size)
        layer = self.paper(width, height, height / 2).copy()
        _lay(layer, face, pad, pad)
        _write(layer, bold, left, height / 2)
        _write(layer, faint, second, height / 2)
        return layer

    def _measure(self, emotions: tuple[str, ...], note: str, form: _Form, size: int) -> "_Measures":
        """Measure a panel; its size is the same whatever the probabilities are."""

        def widest(texts: Iterable[str], size: int, bold: bool = True) -> int:
            return max(int(self.text(text, size, bold, _INK).shape[1]) for text in texts)

        pad, gap, pitch = round(0.7 * size), round(0.5 * size), round(1.4 * size)
        title, face = round(1.2 * size), round(2.7 * size)
        # Where it is narrow, the note has a row of its own.
        note_row = pitch if note and form == _Form(1, words=False) else 0
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
        return _Measures(width, height, *sizes)

    def _panel(self, card: _Card, form: _Form, size: int) -> _Layer:
        prediction = card.prediction
        m = self.measure(prediction.emotions, card.note, form, size)
        layer = self.paper(m.width, m.height, round(0.7 * size)).copy()
        rows = math.ceil(len(prediction.emotions) / form.columns)
        top = m.pad if form.columns == 1 else (m.height - m.face) // 2
        _lay(layer, self.emoji(prediction.emotion, m.face), m.pad, top)
        left = m.pad + m.face + m.gap
        _write(layer, self.text(prediction.emotion, m.title, True, _INK), left, top + 0.3 * m.face)
        number = self.text(f"{prediction.probability:.0%}", size, True, _INK)
        note = self.text(card.note, size, False, _FAINT_INK)
        _write(layer, number, left, top + 0.76 * m.face)
        if m.note_row:
            _write(layer, note, m.pad, top + m.face + m.gap / 2 + m.note_row / 2)
        else:
            _write(layer, note, left + number.shape[1] + m.gap // 2, top + 0.76 * m.face)
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
        layer: _Layer,
        card: _Card,
        n: int,
        m: "_Measures",
        size: int,
        left: int,
        middle: float,
    ) -> None:
        prediction = card.prediction
        emotion, probability = prediction.emotions[n], float(prediction.probabilities[n])
        chosen = emotion == prediction.likeliest
        ink = _INK if chosen else _FAINT_INK
        _write(layer, self.text(emotion, size, chosen, ink), left, middle)
        right = left + m.column - m.number
        length, height = right - left - m.name - m.gap, max(3, round(0.55 * size))
        for share, colour in ((1.0, _TRACK), (probability, _tint(emotion))):
            bar = self.paper(length, height, height / 2, colour, 1.0)[:, : round(share * length)]
            _lay(layer, bar, left + m.name + m.gap, round(middle - height / 2))
        if m.number:
            number = self.text(f"{probability:.0%}", size, chosen, ink)
            _write(layer, number, left + m.column - number.shape[1], middle)


class _Measures(NamedTuple):
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


class _Layout:
    """Finds places for panels and labels where they cover no face and not each other."""

    def __init__(
        self,
        frame: _Rect,
        cards: list[_Card],
        taken: list[_Rect],
        past: dict[int, _Memory],
        ink: _Ink,
    ) -> None:
        self._frame = frame
        self._cards = cards
        self._taken = taken
        self._ink = ink
        faces = [card.prediction.face for card in cards]
        self._faces = [_bounds(face).within(frame) for face in faces]
        # With hair, with the forehead, and no more than the face.
        self._tiers = [[_bounds(f, above).within(frame) for f in faces] for above in (0.5, 0.25, 0)]
        self._past = [past.get(card.prediction.number) for card in cards]
        side = min(frame.width, frame.height)
        self._smallest = _step(0.018 * side)
        largest = max(self._smallest, _step(0.034 * side))
        self.steps = []
        for face, before in zip(faces, self._past, strict=True):
            step = min(max(_step(0.075 * face.box.height), self._smallest), largest)
            # A face at the border between two sizes keeps the one it has.
            self.steps.append(before.step if before and abs(before.step - step) == 1 else step)

    def panels(self) -> list[_Place | None]:
        """Prefer numbers to large text, and bars for everyone to free foreheads."""
        reach = max((step - self._smallest for step in self.steps), default=0)
        for keep_out in self._tiers:
            for forms in _PANELS:
                for less in range(reach + 1):
                    places = self._arrange(forms, keep_out, less)
                    if None not in places:
                        return places
        labels = [place and place.rect for place in self.labels([None] * len(self._cards))]
        return self._arrange((_ONE, _TWO, *_TERSE), self._faces, reach, labels)

    def _arrange(
        self,
        forms: Sequence[_Form],
        keep_out: list[_Rect],
        less: int,
        labels: Sequence[_Rect | None] | None = None,
    ) -> list[_Place | None]:
        """Give a panel to everyone, or to as many as leave the others room for their labels."""
        places: list[_Place | None] = []
        for n, step in enumerate(self.steps):
            taken = [place.rect for place in places if place]
            if labels is not None:
                taken += [rect for other, rect in enumerate(labels) if rect and other != n]
            size = _size(max(step - less, self._smallest))
            place = self._free(n, forms, size, keep_out, taken)
            if place is None and labels is None:
                return [None]
            places.append(place)
        return places

    def labels(self, places: list[_Place | None]) -> list[_Place | None]:
        """Give a label to everyone who has no panel."""
        places = places.copy()
        for n, (place, step) in enumerate(zip(places, self.steps, strict=True)):
            if place is None:
                taken = [other.rect for other in places if other]
                places[n] = self._one_label(n, step, taken)
        return places

    def _one_label(self, n: int, step: int, taken: list[_Rect]) -> _Place | None:
        for form in (_LABEL, _EMOJI):
            for keep_out in self._tiers:
                for size in (_size(step), _size(self._smallest)):
                    place = self._free(n, (form,), size, keep_out, taken)
                    if place is not None:
                        return place
            # The corners of a face's box are background.
            ovals = [part for face in self._faces for part in _cross(face)]
            spots = self._spots(n, form, _size(self._smallest), self._faces[n], corners=True)
            if spots:
                return min(spots, key=lambda place: place.rect.overlap([*ovals, *taken, *taken]))
        return None

    def _free(
        self,
        n: int,
        forms: Sequence[_Form],
        size: int,
        keep_out: list[_Rect],
        taken: list[_Rect],
    ) -> _Place | None:
        """Find the first place that covers nothing."""
        spots = [spot for form in forms for spot in self._spots(n, form, size, keep_out[n])]
        if not spots:
            return None
        obstacles = np.array([*keep_out, *taken, *self._taken])
        rects = np.array([spot.rect for spot in spots])
        free = _clear(rects, obstacles)
        past = self._past[n]
        if past is None or not free.any():
            return spots[int(np.argmax(free))] if free.any() else None
        # Only a place with room to spare is worth a move.
        same = np.array([spot.choice == past.place.choice for spot in spots])
        slack = size // 2
        worth = free & (same | _clear(rects + np.array([-slack, -slack, slack, slack]), obstacles))
        spot = spots[int(np.argmax(worth if worth.any() else free))]
        if spot.choice != past.place.choice:
            return spot
        resting = spot._replace(rect=_follow(past.place.rect, spot.rect, slack))
        return resting if _clear(np.array([resting.rect]), obstacles).all() else spot

    def _spots(
        self, n: int, form: _Form, size: int, beside: _Rect, corners: bool = False
    ) -> list[_Place]:
        """List places in the frame beside a face, the better ones first."""
        frame = self._frame
        width, height = self._ink.extent(self._cards[n], form, size)
        if width > frame.width or height > frame.height:
            return []
        gap = round(0.6 * size)
        free_x, free_y = frame.width - width, frame.height - height
        x_margin, y_margin = min(size // 2, free_x // 2), min(size // 2, free_y // 2)
        middle_x, middle_y = (beside.left + beside.right) // 2, (beside.top + beside.bottom) // 2
        xs = (
            middle_x,
            beside.left + width // 2,
            beside.right - width // 2,
            beside.left,
            beside.right,
        )
        ys = (
            middle_y,
            beside.top + height // 2,
            beside.bottom - height // 2,
            beside.top,
            beside.bottom,
        )
        lefts = [min(max(x - width // 2, x_margin), free_x - x_margin) for x in xs]
        tops = [min(max(y - height // 2, y_margin), free_y - y_margin) for y in ys]
        sides = {
            "right": [(beside.right + gap, top) for top in tops],
            "left": [(beside.left - gap - width, top) for top in tops],
            "below": [(left, beside.bottom + gap) for left in lefts],
            "above": [(left, beside.top - gap - height) for left in lefts],
            "corner": [(x, y) for y in (0, free_y) for x in (0, free_x)] if corners else [],
        }
        # Outwards, where there are others.
        outer = middle_x < frame.width // 2 and len(self._cards) > 1
        beside_first = ("left", "right") if outer else ("right", "left")
        order = (*beside_first, "below", "above", "corner")
        if form.columns == 0:
            order = ("above", "below", *beside_first, "corner")
        names = list(sides)
        places = []
        for side in order:
            for k, (left, top) in enumerate(sides[side]):
                if 0 <= left <= free_x and 0 <= top <= free_y:
                    rect = _Rect(left, top, left + width, top + height)
                    places.append(_Place(form, size, 8 * names.index(side) + k, rect))
        return places


@dataclass(frozen=True)
class Overlay:
    """Draws predictions on frames.

    It remembers bitmaps, and where it has put the panels of a video so that they lie still; use
    one and the same for all frames of a source.

    Attributes
    ----------
    landmarks : bool
        Whether to draw landmarks.
    bars : bool
        Whether to draw the probabilities of all emotions, where there is room for them.
    help : bool
        Whether to show the keys of the window.
    """

    landmarks: bool = True
    bars: bool = True
    help: bool = False
    _ink: _Ink = field(default_factory=_Ink, init=False, repr=False, compare=False)
    _past: dict[int, _Memory] = field(default_factory=dict, init=False, repr=False, compare=False)

    def draw(
        self,
        image: _Image,
        predictions: Sequence[Prediction],
        *,
        fps: float | None = None,
        message: str = "",
    ) -> _Image:
        """Draw box, landmarks, emoji, label and probabilities of every face.

        Label and probabilities are put beside the faces. Where there is no room for the
        probabilities, they are left out; where there is none at all, the label lies where it
        hides least.

        Parameters
        ----------
        image : ndarray of shape (height, width, 3) or (height, width), uint8
            Blue, green, red, or gray; left as it is.
        predictions : sequence of Prediction
            Of this very frame.
        fps : float, optional
            Frames a second, to be shown in a corner.
        message : str
            A line about the state, such as ``"paused"``.

        Returns
        -------
        ndarray of shape (height, width, 3), uint8
            A drawn copy.
        """
        drawn = image.copy() if image.ndim == 3 else np.repeat(image[..., np.newaxis], 3, axis=2)
        frame = _Rect(0, 0, image.shape[1], image.shape[0])
        visible = [p for p in predictions if _bounds(p.face).overlap([frame])]
        for prediction in visible:
            if self.landmarks:
                _draw_landmarks(drawn, prediction, self._ink)
            _draw_box(drawn, prediction)
        taken = []
        for layer, rect in self._status(frame, visible, fps, message):
            _lay(drawn, layer, rect.left, rect.top)
            taken.append(rect)
        cards = [_card(prediction, several=len(predictions) > 1) for prediction in visible]
        for card, place in self._places(frame, cards, taken):
            _draw_tie(drawn, card.prediction, place.rect)
            layer = self._ink.draw(card, place.form, place.size)
            _lay(drawn, layer, place.rect.left, place.rect.top)
        return drawn

    def _status(
        self, frame: _Rect, predictions: list[Prediction], fps: float | None, message: str
    ) -> Iterator[tuple[_Layer, _Rect]]:
        """Lay out what belongs to no face, in the corner or at the edge where it hides least."""
        size = _size(_step(0.026 * min(frame.width, frame.height)))
        layers = []
        if self.help:
            layers.append((self._ink.table(KEYS, size), "right bottom"))
        if message:
            layers.append((self._ink.banner(message, size, frame.width), "middle bottom"))
        if fps is not None:
            text = f"{fps:.0f} fps" if fps >= 10 else f"{fps:.1f} fps"
            layers.append((self._ink.chip(text, size), "left top"))
        heads = [_bounds(prediction.face, above=0.25) for prediction in predictions]
        taken: list[_Rect] = []
        for layer, wanted in layers:
            height, width = layer.shape[:2]
            free_x, free_y = frame.width - width, frame.height - height
            if free_x < 0 or free_y < 0:
                continue
            margin = min(size // 2, free_x // 2, free_y // 2)
            x = {"left": margin, "middle": free_x // 2, "right": free_x - margin}
            y = {"top": margin, "bottom": free_y - margin}
            names = [wanted, *(f"{column} {row}" for row in y for column in x)]
            corners = [(x[column], y[row]) for column, row in map(str.split, names)]
            rects = [_Rect(left, top, left + width, top + height) for left, top in corners]
            best = min(rects, key=lambda rect: rect.overlap([*heads, *taken, *taken]))
            taken.append(best)
            yield layer, best

    def _places(
        self, frame: _Rect, cards: list[_Card], taken: list[_Rect]
    ) -> list[tuple[_Card, _Place]]:
        """Find a place for everyone's panel or label; a tiny frame has none."""
        past = {
            prediction.number: memory
            for prediction, _ in cards
            # Of single images every one is frame 0.
            if (memory := self._past.get(prediction.number)) is not None
            and max(1, memory.frame) <= prediction.frame <= memory.frame + _MEMORY
        }
        layout = _Layout(frame, cards, taken, past, self._ink)
        nowhere: list[_Place | None] = [None] * len(cards)
        places = layout.labels(layout.panels() if self.bars else nowhere)
        found = []
        self._past.clear()
        for card, step, place in zip(cards, layout.steps, places, strict=True):
            if place is not None:
                prediction = card.prediction
                self._past[prediction.number] = _Memory(prediction.frame, step, place)
                found.append((card, place))
        return found


def draw_predictions(image: _Image, predictions: Sequence[Prediction]) -> _Image:
    """Draw predictions on a single image, with all that `Overlay` draws by default.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3) or (height, width), uint8
        Blue, green, red, or gray; left as it is.
    predictions : sequence of Prediction
        Of this very image.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        A drawn copy.
    """
    return Overlay().draw(image, predictions)


def _bounds(face: Face, above: float = 0.0) -> _Rect:
    """Bound box and landmarks, and that many heights of the box above them.

    Neither reaches over the forehead.
    """
    box, landmarks = face.box, np.clip(face.landmarks, -_FAR, _FAR)
    low = np.floor(landmarks.min(axis=0)).astype(int).tolist()
    high = np.ceil(landmarks.max(axis=0)).astype(int).tolist()
    return _Rect(
        min(box.left, low[0]),
        min(box.top, low[1]) - round(above * box.height),
        max(box.left + box.width, high[0] + 1),
        max(box.top + box.height, high[1] + 1),
    )


def _cross(rect: _Rect) -> tuple[_Rect, _Rect]:
    """Leave the corners out."""
    x, y = rect.width // 4, rect.height // 4
    return (
        rect._replace(left=rect.left + x, right=rect.right - x),
        rect._replace(top=rect.top + y, bottom=rect.bottom - y),
    )


def _clear(rects: NDArray[np.int_], obstacles: NDArray[np.int_]) -> NDArray[np.bool_]:
    """Tell which rectangles, shape (n, 4), have nothing in common with any of the others."""
    low = np.maximum(rects[:, np.newaxis, :2], obstacles[:, :2])
    high = np.minimum(rects[:, np.newaxis, 2:], obstacles[:, 2:])
    shared = np.asarray((low < high).all(axis=2))
    return np.logical_not(shared.any(axis=1))


def _follow(past: _Rect, rect: _Rect, slack: int) -> _Rect:
    """Move no farther than is needed to come near; a face never holds quite still."""
    left = min(max(past.left, rect.left - slack), rect.left + slack)
    top = min(max(past.top, rect.top - slack), rect.top + slack)
    return _Rect(left, top, left + rect.width, top + rect.height)


def _step(pixels: float) -> int:
    """Round to the scale of text sizes."""
    return max(0, round(math.log(max(pixels, 1.0) / _SMALLEST_TEXT, _STEP)))


def _size(step: int) -> int:
    return round(_SMALLEST_TEXT * _STEP**step)


def _tint(emotion: str) -> Colour:
    """Lighten an emotion's colour, which shall be seen before dark grounds."""
    blue, green, red = (round(0.82 * value + 0.18 * 255) for value in COLOURS[emotion])
    return blue, green, red


def _draw_landmarks(image: _Image, prediction: Prediction, ink: _Ink) -> None:
    points, height = prediction.face.landmarks, prediction.face.box.height
    points = np.clip(points, -_FAR, _FAR)
    fixed = np.rint((points - 0.5) * 2**_SHIFT).astype(np.int32)
    colour, thickness = _tint(prediction.emotion), max(1, round(height / 300))
    for region, closed in _CONTOURS:
        cv2.polylines(image, [fixed[region]], closed, colour, thickness, cv2.LINE_AA, _SHIFT)
    dot = ink.dot(max(1, round(height / 70)))
    size = dot.shape[0]
    corners = np.rint(points - size / 2).astype(int)
    corners = corners[((corners >= 0) & (corners + size <= image.shape[1::-1])).all(axis=1)]
    # All at once, since 68 small bitmaps take longer than one large one.
    x, y = corners[:, :1, np.newaxis], corners[:, 1:, np.newaxis]
    where = y + np.arange(size)[:, np.newaxis], x + np.arange(size)
    clear = 1 - dot[..., 3:] / np.float32(255)
    image[where] = image[where] * clear + dot[..., :3]


def _draw_box(image: _Image, prediction: Prediction) -> None:
    box, colour = prediction.face.box, _tint(prediction.emotion)
    thickness = _thickness(box)
    left, top, right, bottom = box.left, box.top, box.left + box.width, box.top + box.height
    length = round(0.18 * min(box.width, box.height))
    corners = [
        np.array([(x, y + length * down), (x, y), (x + length * across, y)], np.int32)
        for x, across in ((left, 1), (right, -1))
        for y, down in ((top, 1), (bottom, -1))
    ]
    corners = [np.clip(corner, -_FAR, _FAR) for corner in corners]
    cv2.polylines(image, corners, False, _SHADOW, 2 * thickness + 2, cv2.LINE_AA)
    cv2.polylines(image, corners, False, colour, 2 * thickness, cv2.LINE_AA)


def _draw_tie(image: _Image, prediction: Prediction, rect: _Rect) -> None:
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
    _line(image, (start, y), (end, y), _SHADOW, thickness + 2)
    _line(image, (start, y), (end, y), _tint(prediction.emotion), thickness)


def _thickness(box: Box) -> int:
    return min(max(1, round(box.height / 130)), 16)


def _line(
    image: NDArray[np.uint8],
    start: tuple[float, float],
    end: tuple[float, float],
    colour: Sequence[float],
    thickness: int,
) -> None:
    # Before rounding, a whole number is the middle of a pixel.
    first, last = (tuple(round((v - 0.5) * 2**_SHIFT) for v in point) for point in (start, end))
    cv2.line(image, first, last, colour, thickness, cv2.LINE_AA, _SHIFT)


def _text(text: str, size: int, bold: bool, colour: Colour) -> _Layer:
    """Write a line, whose small letters have their middle in the middle of the bitmap.

    OpenCV 4 draws its fonts in thin strokes and OpenCV 5 in outlines of its own; drawn large and
    made smaller, both are smooth.
    """
    larger = 4 if size < 32 else 2
    font = cv2.FONT_HERSHEY_DUPLEX if bold else cv2.FONT_HERSHEY_SIMPLEX
    scale = larger * size / 30  # capitals are 0.7 of the size high
    thickness = max(1, round(larger * size * (0.085 if bold else 0.075)))
    (width, _), _ = cv2.getTextSize(text, font, scale, thickness)
    columns, rows = math.ceil(width / larger) + 2, math.ceil(1.5 * size)
    # The room on the right is for OpenCV 5, which begins a new line where a text does not fit.
    large = np.zeros((rows * larger, (columns + 2 * size) * larger), np.uint8)
    base = (larger, round(larger * (rows / 2 + 0.29 * size)))
    cv2.putText(large, text, base, font, scale, 255, thickness, cv2.LINE_AA)
    large = large[:, : columns * larger]
    mask = cv2.resize(large, (columns, rows), interpolation=cv2.INTER_AREA)
    return _coloured(mask, colour)


def _write(layer: _Layer, text: _Layer, left: int, middle: float) -> None:
    _lay(layer, text, left, round(middle - text.shape[0] / 2))


def _paper(
    width: int,
    height: int,
    radius: float,
    colour: Colour = _PAPER,
    opacity: float = _PAPER_OPACITY,
) -> _Layer:
    """Cut a sheet with round corners; by default one dark enough for white text on any picture."""
    larger = 4 if width < 400 else 2
    size = np.array([width, height]) * larger - 1
    quarter = np.deg2rad(np.linspace(0, 90, 17))
    arc = radius * larger * (1 - np.stack([np.cos(quarter), np.sin(quarter)], axis=1))
    flip_x, flip_y = np.array([-1, 1]), np.array([1, -1])
    right_top, left_bottom = arc * flip_x + size * [1, 0], arc * flip_y + size * [0, 1]
    outline = np.concatenate([arc, right_top[::-1], size - arc, left_bottom[::-1]])
    mask = np.zeros((height * larger, width * larger), np.uint8)
    cv2.fillPoly(mask, [np.rint(outline).astype(np.int32)], 255)
    return _coloured(
        cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA), colour, opacity
    )


def _coloured(mask: cv2.typing.MatLike, colour: Colour, opacity: float = 1.0) -> _Layer:
    """Give a mask of shape (height, width) a colour."""
    channels = [cv2.convertScaleAbs(mask, alpha=opacity * v / 255) for v in (*colour, 255)]
    return np.asarray(cv2.merge(channels), dtype=np.uint8)


def _lay(target: NDArray[np.uint8], layer: _Layer, left: int, top: int) -> None:
    """Lay a layer on an image or another layer; what reaches over the edge is cut off."""
    rect = _Rect(left, top, left + layer.shape[1], top + layer.shape[0])
    rect = rect.within(_Rect(0, 0, target.shape[1], target.shape[0]))
    if not (rect.width > 0 and rect.height > 0):
        return
    below = target[rect.top : rect.bottom, rect.left : rect.right]
    part = layer[rect.top - top : rect.bottom - top, rect.left - left : rect.right - left]
    n_channels = target.shape[2]
    clear = cv2.merge([cv2.bitwise_not(part[..., 3])] * n_channels)
    colours = part if n_channels == 4 else cv2.cvtColor(part, cv2.COLOR_BGRA2BGR)
    below[:] = cv2.add(cv2.multiply(below, clear, scale=1 / 255), colours)

"""A frame and its predictions become a picture."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.live.prediction import Prediction
from landmark_emotion.show.overlay.ink import Layer, lay, text_size, text_step
from landmark_emotion.show.overlay.layout import Layout, Memory, Place
from landmark_emotion.show.overlay.marks import draw_box, draw_landmarks, draw_tie
from landmark_emotion.show.overlay.panels import Card, Panels, card_of
from landmark_emotion.show.overlay.rects import Rect, bounds

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
_MEMORY = 15  # frames for which the place of a face's panel is remembered


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
    _panels: Panels = field(default_factory=Panels, init=False, repr=False, compare=False)
    _past: dict[int, Memory] = field(default_factory=dict, init=False, repr=False, compare=False)

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
        frame = Rect(0, 0, image.shape[1], image.shape[0])
        visible = [p for p in predictions if bounds(p.face).overlap([frame])]
        for prediction in visible:
            if self.landmarks:
                draw_landmarks(drawn, prediction, self._panels.ink)
            draw_box(drawn, prediction)
        taken = []
        for layer, rect in self._status(frame, visible, fps, message):
            lay(drawn, layer, rect.left, rect.top)
            taken.append(rect)
        cards = [card_of(prediction, several=len(predictions) > 1) for prediction in visible]
        for card, place in self._places(frame, cards, taken):
            draw_tie(drawn, card.prediction, place.rect)
            layer = self._panels.draw(card, place.form, place.size)
            lay(drawn, layer, place.rect.left, place.rect.top)
        return drawn

    def _status(
        self, frame: Rect, predictions: list[Prediction], fps: float | None, message: str
    ) -> Iterator[tuple[Layer, Rect]]:
        """Lay out what belongs to no face, in the corner or at the edge where it hides least."""
        size = text_size(text_step(0.026 * min(frame.width, frame.height)))
        ink, layers = self._panels.ink, []
        if self.help:
            layers.append((ink.table(KEYS, size), "right bottom"))
        if message:
            layers.append((ink.banner(message, size, frame.width), "middle bottom"))
        if fps is not None:
            text = f"{fps:.0f} fps" if fps >= 10 else f"{fps:.1f} fps"
            layers.append((ink.chip(text, size), "left top"))
        heads = [bounds(prediction.face, above=0.25) for prediction in predictions]
        taken: list[Rect] = []
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
            rects = [Rect(left, top, left + width, top + height) for left, top in corners]
            best = min(rects, key=lambda rect: rect.overlap([*heads, *taken, *taken]))
            taken.append(best)
            yield layer, best

    def _places(
        self, frame: Rect, cards: list[Card], taken: list[Rect]
    ) -> list[tuple[Card, Place]]:
        """Find a place for everyone's panel or label; a tiny frame has none."""
        past = {
            prediction.number: memory
            for prediction, _ in cards
            # Of single images every one is frame 0.
            if (memory := self._past.get(prediction.number)) is not None
            and max(1, memory.frame) <= prediction.frame <= memory.frame + _MEMORY
        }
        layout = Layout(frame, cards, taken, past, self._panels)
        nowhere: list[Place | None] = [None] * len(cards)
        places = layout.labels(layout.panels() if self.bars else nowhere)
        found = []
        self._past.clear()
        for card, step, place in zip(cards, layout.steps, places, strict=True):
            if place is not None:
                prediction = card.prediction
                self._past[prediction.number] = Memory(prediction.frame, step, place)
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

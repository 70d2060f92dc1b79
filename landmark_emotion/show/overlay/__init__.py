"""Predictions drawn on their frame.

::

    overlay   a frame and its predictions become a picture
      marks     on a face: landmarks, box
      head      about a head: its axes, a table of what eyes and mouth do
      status    about no face: message, frame rate, help
      layout    where the panels go
      panels    about a face: its emotion, bars for all emotions, what the network says
"""

from collections.abc import Sequence

from landmark_emotion.live.prediction import Prediction
from landmark_emotion.show.canvas import Picture, lay
from landmark_emotion.show.overlay.head import draw_axes, pose_rows
from landmark_emotion.show.overlay.layout import Layout, Memory, Place, Rect, bounds
from landmark_emotion.show.overlay.marks import draw_box, draw_landmarks, draw_tie
from landmark_emotion.show.overlay.panels import Card, card_of, draw_card, share_rows
from landmark_emotion.show.overlay.status import KEYS, place_status, status_layers
from landmark_emotion.sources.preparation import to_bgr

__all__ = ["KEYS", "Overlay", "draw_predictions"]

_MEMORY = 15  # frames for which the place of a face's panel is remembered


class Overlay:
    """Draws predictions on frames.

    An overlay remembers where it put each panel, so that panels do not jump; use one for all frames
    of a source.

    Attributes
    ----------
    landmarks : bool
        Whether to draw landmarks.
    bars : bool
        Whether to draw the probabilities of all emotions, where there is room.
    pose : bool
        Whether to draw the axes of the head, and what eyes and mouth do.
    help : bool
        Whether to show the keys of the window.
    shares : bool
        Whether to show what landmarks and network each say, where the network took part.
    """

    def __init__(
        self,
        *,
        landmarks: bool = True,
        bars: bool = True,
        pose: bool = False,
        help: bool = False,
        shares: bool = False,
    ) -> None:
        self.landmarks = landmarks
        self.bars = bars
        self.pose = pose
        self.help = help
        self.shares = shares
        self._past: dict[int, Memory] = {}

    def draw(
        self,
        image: Picture,
        predictions: Sequence[Prediction],
        *,
        fps: float | None = None,
        message: str = "",
    ) -> Picture:
        """Draw the predictions of one frame on a copy of it, shape (height, width, 3).

        The image may be any that `to_bgr` takes. ``fps`` is a frame rate to show, ``message`` a
        line about the state, such as ``"paused"``.
        """
        drawn = to_bgr(image).copy()
        frame = Rect(0, 0, drawn.shape[1], drawn.shape[0])
        visible = [p for p in predictions if bounds(p.face).overlap([frame])]
        for prediction in visible:
            if self.landmarks:
                draw_landmarks(drawn, prediction)
            draw_box(drawn, prediction)
            if self.pose:
                draw_axes(drawn, prediction)
        heads = [bounds(prediction.face, above=0.25) for prediction in visible]
        taken: list[Rect] = []
        several = len(predictions) > 1
        tables = [pose_rows(prediction, several) for prediction in visible if self.pose]
        if self.shares:
            tables += filter(None, (share_rows(prediction, several) for prediction in visible))
        for layer, wanted in status_layers(frame, fps, message, self.help, tables):
            rect = place_status(frame, layer, wanted, [*heads, *taken, *taken])
            if rect is not None:
                lay(drawn, layer, rect.left, rect.top)
                taken.append(rect)
        cards = [card_of(prediction, several) for prediction in visible]
        for card, place in self._places(frame, cards, taken):
            draw_tie(drawn, card.prediction, place.rect)
            lay(drawn, draw_card(card, place.form, place.size), place.rect.left, place.rect.top)
        return drawn

    def _places(
        self, frame: Rect, cards: list[Card], taken: list[Rect]
    ) -> list[tuple[Card, Place]]:
        """Find a place for the panel or label of every face; a tiny frame has none."""
        past = {
            prediction.number: memory
            for prediction, _ in cards
            # All single images are frame 0.
            if (memory := self._past.get(prediction.number)) is not None
            and max(1, memory.frame) <= prediction.frame <= memory.frame + _MEMORY
        }
        layout = Layout(frame, cards, taken, past)
        nowhere: list[Place | None] = [None] * len(cards)
        places = layout.labels(layout.panels() if self.bars else nowhere)
        placed = [
            (card, step, place)
            for card, step, place in zip(cards, layout.steps, places, strict=True)
            if place is not None
        ]
        self._past = {
            card.prediction.number: Memory(card.prediction.frame, step, place)
            for card, step, place in placed
        }
        return [(card, place) for card, _, place in placed]


def draw_predictions(image: Picture, predictions: Sequence[Prediction]) -> Picture:
    """Draw predictions on a single image, as a default `Overlay` does.

    Parameters
    ----------
    image : ndarray of shape (height, width) or (height, width, 1, 3 or 4), uint8, or PIL image
        Gray, blue-green-red, or blue-green-red with alpha; not modified.
    predictions : sequence of Prediction
        Predictions of this image.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        A copy with the predictions drawn on it.
    """
    return Overlay().draw(image, predictions)

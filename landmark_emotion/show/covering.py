"""Faces made unrecognizable, before anything is drawn, shown or saved.

Averaging over blocks, as pixelation does, is not enough: people before the same camera can be told
apart by the colors of two by two blocks (``python -m benchmarks.covering``). So the blocks that
cover a face are the same for every face.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from landmark_emotion.live.prediction import Prediction
from landmark_emotion.model.face import Box, Face
from landmark_emotion.show.canvas import Picture
from landmark_emotion.show.overlay.layout import Rect, bounds
from landmark_emotion.sources.frame import Frame
from landmark_emotion.sources.preparation import to_bgr

BLOCKS = 6
"""Blocks across a face, whatever its size."""

PATTERN = np.random.default_rng(0).integers(80, 176, (32, 32), dtype=np.uint8)
"""Gray levels of the blocks."""

HOLD = 2.0
"""Seconds for which the place of a face that is lost stays covered."""

AHEAD = 1.2, 40
"""Seconds, or frames if they are fewer, by which a face is covered before it is found.

A new face is found within 30 frames, and within a second.
"""

# Shares of the box by which the covered rectangle is larger on each side. The box of a face ends at
# the brows and the chin.
_ABOVE, _BESIDE, _BELOW = 0.6, 0.35, 0.4
_LOST = 0.5  # a face that was lost may have moved


@dataclass(frozen=True)
class _Place:
    """Where a face was seen, and when."""

    time: float
    rect: Rect
    box: Box


def cover(image: Picture, faces: Iterable[Face]) -> Picture:
    """Cover faces and what surrounds them with gray blocks, which hold nothing of the picture.

    Parameters
    ----------
    image : ndarray
        Any that `to_bgr` takes; not modified.
    faces : iterable of Face
        The faces in it.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        A copy with `BLOCKS` blocks across each face.
    """
    return _covered(image, [_place(face, 0.0) for face in faces])


class Cover:
    """Covers the faces in the frames of one source, and where faces were a moment ago.

    A face that is lost stays covered for `HOLD` seconds, in a rectangle that is larger by half of
    the face on each side.
    """

    def __init__(self) -> None:
        self._seen: dict[int, _Place] = {}

    def draw(
        self,
        frame: Frame,
        predictions: Sequence[Prediction],
        later: Iterable[Prediction] = (),
    ) -> Frame:
        """Cover the faces of a frame, and where those of later frames will be."""
        time = frame.time
        now = {prediction.number: _place(prediction.face, time) for prediction in predictions}
        recent = {
            number: place
            for number, place in self._seen.items()
            if number not in now and 0 <= time - place.time <= HOLD
        }
        self._seen = recent | now
        soon = [_place(p.face, time) for p in later if p.number not in now]
        uncertain = map(_enlarged, [*recent.values(), *soon])
        return replace(frame, image=_covered(frame.image, [*now.values(), *uncertain]))


class DelayedCover:
    """Covers frames like `Cover`, and faces also in the frames before they were found.

    For this, frames wait until those of `AHEAD` have followed.
    """

    def __init__(self) -> None:
        self._cover = Cover()
        self._waiting: deque[tuple[Frame, Sequence[Prediction]]] = deque()

    def add(
        self, frame: Frame, predictions: Sequence[Prediction]
    ) -> Iterator[tuple[Frame, Sequence[Prediction]]]:
        """Take a frame; yield those, covered, that have waited for long enough."""
        self._waiting.append((frame, predictions))
        seconds, n_frames = AHEAD
        while frame.time - self._waiting[0][0].time > seconds or len(self._waiting) > n_frames:
            yield self._next()

    def rest(self) -> Iterator[tuple[Frame, Sequence[Prediction]]]:
        """Yield the frames, covered, that are still waiting."""
        while self._waiting:
            yield self._next()

    def _next(self) -> tuple[Frame, Sequence[Prediction]]:
        frame, predictions = self._waiting.popleft()
        later = {p.number: p for _, found in reversed(self._waiting) for p in found}
        return self._cover.draw(frame, predictions, later.values()), predictions


def black(frame: Frame) -> Frame:
    """Return a black frame of the same size."""
    return replace(frame, image=np.zeros_like(to_bgr(frame.image)))


def _place(face: Face, time: float) -> _Place:
    box, (left, top, right, bottom) = face.box, bounds(face)
    beside = round(_BESIDE * box.width)
    rect = Rect(
        min(left, box.left - beside),
        min(top, box.top - round(_ABOVE * box.height)),
        max(right, box.left + box.width + beside),
        max(bottom, box.top + round((1 + _BELOW) * box.height)),
    )
    return _Place(time, rect, box)


def _enlarged(place: _Place) -> _Place:
    more = round(_LOST * max(place.box.width, place.box.height))
    left, top, right, bottom = place.rect
    rect = Rect(left - more, top - more, right + more, bottom + more)
    return replace(place, rect=rect)


def _covered(image: Picture, places: Iterable[_Place]) -> Picture:
    covered = to_bgr(image).copy()
    height, width = covered.shape[:2]
    for place in places:
        left, top = max(0, place.rect.left), max(0, place.rect.top)
        right, bottom = min(width, place.rect.right), min(height, place.rect.bottom)
        if left < right and top < bottom:
            # The blocks begin at the box, so not even their places tell anything of the landmarks.
            side = max(place.box.width, place.box.height) / BLOCKS
            rows = np.floor((np.arange(top, bottom) - place.box.top) / side).astype(int)
            columns = np.floor((np.arange(left, right) - place.box.left) / side).astype(int)
            blocks = PATTERN[np.ix_(rows % len(PATTERN), columns % len(PATTERN))]
            covered[top:bottom, left:right] = blocks[..., np.newaxis]
    return covered

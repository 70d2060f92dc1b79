"""Where panels and labels go: beside their face, over no face and not over each other."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.model.face import Face
from landmark_emotion.show.canvas import FARTHEST
from landmark_emotion.show.overlay.panels import Card, Form, card_extent, text_size, text_step

_PANELS = (Form(bars=True), Form(bars=True, words=False))
_LABELS = (Form(bars=False), Form(bars=False, words=False))
_SIDES = ("right", "left", "below", "above", "corner")


class Rect(NamedTuple):
    """A rectangle of pixels; `right` and `bottom` are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.bottom - self.top

    def within(self, other: "Rect") -> "Rect":
        """Return the part inside another rectangle."""
        return Rect(
            min(max(self.left, other.left), other.right),
            min(max(self.top, other.top), other.bottom),
            max(min(self.right, other.right), other.left),
            max(min(self.bottom, other.bottom), other.top),
        )

    def overlap(self, others: Iterable["Rect"]) -> int:
        """Return the number of pixels shared with other rectangles, summed over them."""
        shared = 0
        for other in others:
            width = min(self.right, other.right) - max(self.left, other.left)
            height = min(self.bottom, other.bottom) - max(self.top, other.top)
            shared += max(0, width) * max(0, height)
        return shared


class Place(NamedTuple):
    """Where a panel or label is drawn, and how."""

    form: Form
    size: int  # of the text, in pixels
    spot: int  # which of the candidate places around the face
    rect: Rect


class Memory(NamedTuple):
    """Where the panel or label of a face was drawn last."""

    frame: int
    step: int  # text size that suited the face
    place: Place


def bounds(face: Face, above: float = 0.0) -> Rect:
    """Return the bounding rectangle of a face's box and landmarks.

    Both end at the brows, so ``above`` adds that many heights of the box at the top.
    """
    box, landmarks = face.box, np.clip(face.landmarks, -FARTHEST, FARTHEST)
    low = np.floor(landmarks.min(axis=0)).astype(int).tolist()
    high = np.ceil(landmarks.max(axis=0)).astype(int).tolist()
    return Rect(
        min(box.left, low[0]),
        min(box.top, low[1]) - round(above * box.height),
        max(box.left + box.width, high[0] + 1),
        max(box.top + box.height, high[1] + 1),
    )


class Layout:
    """Finds places for the panels and labels of one frame.

    Besides faces, ``taken`` stays free. ``past`` holds earlier places by the number of the face.
    The attribute `steps` holds the text size that suits each face.
    """

    def __init__(
        self,
        frame: Rect,
        cards: Sequence[Card],
        taken: Sequence[Rect],
        past: dict[int, Memory],
    ) -> None:
        self._frame = frame
        self._cards = cards
        self._taken = taken
        faces = [card.prediction.face for card in cards]
        # With hair, with the forehead, and the face alone.
        self._tiers = [[bounds(f, above).within(frame) for f in faces] for above in (0.5, 0.25, 0)]
        self._past = [past.get(card.prediction.number) for card in cards]
        side = min(frame.width, frame.height)
        self._smallest = text_step(0.018 * side)
        largest = max(self._smallest, text_step(0.034 * side))
        self.steps = []
        for face, before in zip(faces, self._past, strict=True):
            step = min(max(text_step(0.075 * face.box.height), self._smallest), largest)
            # A face between two sizes keeps its earlier size.
            self.steps.append(before.step if before and abs(before.step - step) == 1 else step)

    def panels(self) -> list[Place | None]:
        """Find a place for the panel of each face, or of as many faces as possible.

        Numbers beside the bars are worth more than large text, and bars for everyone are worth more
        than free foreheads.
        """
        reach = max((step - self._smallest for step in self.steps), default=0)
        for keep_out in self._tiers:
            for form in _PANELS:
                for less in range(reach + 1):
                    places = self._arrange([form], keep_out, less)
                    if None not in places:
                        return places
        labels = [place and place.rect for place in self.labels([None] * len(self._cards))]
        return self._arrange(_PANELS, self._tiers[-1], reach, labels)

    def labels(self, places: list[Place | None]) -> list[Place | None]:
        """Add a label for each face that has no panel."""
        places = places.copy()
        for n, place in enumerate(places):
            if place is None:
                places[n] = self._label(n, [other.rect for other in places if other])
        return places

    def _arrange(
        self,
        forms: Sequence[Form],
        keep_out: list[Rect],
        less: int,
        labels: Sequence[Rect | None] | None = None,
    ) -> list[Place | None]:
        """Place a panel for every face in turn, with text smaller by ``less`` steps.

        Without ``labels``, stop at the first face that has no room. With them, leave room for the
        labels of the other faces.
        """
        places: list[Place | None] = []
        for n, step in enumerate(self.steps):
            taken = [place.rect for place in places if place]
            if labels is not None:
                taken += [rect for other, rect in enumerate(labels) if rect and other != n]
            size = text_size(max(step - less, self._smallest))
            place = self._free(n, forms, size, keep_out, taken)
            if place is None and labels is None:
                return [None]
            places.append(place)
        return places

    def _label(self, n: int, taken: list[Rect]) -> Place | None:
        smallest = text_size(self._smallest)
        for form in _LABELS:
            for keep_out in self._tiers:
                for size in (text_size(self.steps[n]), smallest):
                    place = self._free(n, (form,), size, keep_out, taken)
                    if place is not None:
                        return place
            # Nowhere is free, so cover as little as possible.
            faces = self._tiers[-1]
            spots = self._spots(n, form, smallest, faces[n], corners=True)
            if spots:
                return min(spots, key=lambda place: place.rect.overlap([*faces, *taken, *taken]))
        return None

    def _free(
        self,
        n: int,
        forms: Sequence[Form],
        size: int,
        keep_out: list[Rect],
        taken: list[Rect],
    ) -> Place | None:
        """Find the first place that covers nothing, preferably the earlier one."""
        spots = [spot for form in forms for spot in self._spots(n, form, size, keep_out[n])]
        if not spots:
            return None
        obstacles = np.array([*keep_out, *taken, *self._taken])
        rects = np.array([spot.rect for spot in spots])
        free = _clear(rects, obstacles)
        past = self._past[n]
        if past is None or not free.any():
            return spots[int(np.argmax(free))] if free.any() else None
        before = past.place
        # A panel moves only to a place with room to spare, so that it does not move back at once.
        same = np.array([spot[:3] == before[:3] for spot in spots])
        slack = size // 2
        roomy = free & (same | _clear(rects + np.array([-slack, -slack, slack, slack]), obstacles))
        spot = spots[int(np.argmax(roomy if roomy.any() else free))]
        if spot[:3] != before[:3]:
            return spot
        resting = spot._replace(rect=_follow(before.rect, spot.rect, slack))
        return resting if _clear(np.array([resting.rect]), obstacles).all() else spot

    def _spots(
        self, n: int, form: Form, size: int, beside: Rect, corners: bool = False
    ) -> list[Place]:
        """List the candidate places beside a face, the best first."""
        frame = self._frame
        width, height = card_extent(self._cards[n], form, size)
        free_x, free_y = frame.width - width, frame.height - height
        if free_x < 0 or free_y < 0:
            return []
        gap = round(0.6 * size)
        lefts = _aligned(beside.left, beside.right, width, free_x, size // 2)
        tops = _aligned(beside.top, beside.bottom, height, free_y, size // 2)
        sides = {
            "right": [(beside.right + gap, top) for top in tops],
            "left": [(beside.left - gap - width, top) for top in tops],
            "below": [(left, beside.bottom + gap) for left in lefts],
            "above": [(left, beside.top - gap - height) for left in lefts],
            "corner": [(x, y) for y in (0, free_y) for x in (0, free_x)] if corners else [],
        }
        # Among several faces, the outer side is better.
        outer = (beside.left + beside.right) // 2 < frame.width // 2 and len(self._cards) > 1
        beside_first = ("left", "right") if outer else ("right", "left")
        order = (*beside_first, "below", "above", "corner")
        if not form.bars:
            order = ("above", "below", *beside_first, "corner")
        return [
            Place(form, size, 8 * _SIDES.index(side) + k, Rect(x, y, x + width, y + height))
            for side in order
            for k, (x, y) in enumerate(sides[side])
            if 0 <= x <= free_x and 0 <= y <= free_y
        ]


def _aligned(start: int, end: int, length: int, free: int, margin: int) -> list[int]:
    """Return where an interval can start to align with another: middle, start, end, both edges."""
    margin = min(margin, free // 2)
    centers = ((start + end) // 2, start + length // 2, end - length // 2, start, end)
    return [min(max(center - length // 2, margin), free - margin) for center in centers]


def _clear(rects: NDArray[np.int_], obstacles: NDArray[np.int_]) -> NDArray[np.bool_]:
    """Return which of the rectangles, shape (n, 4), overlap none of the obstacles, (m, 4)."""
    low = np.maximum(rects[:, np.newaxis, :2], obstacles[:, :2])
    high = np.minimum(rects[:, np.newaxis, 2:], obstacles[:, 2:])
    shared = np.asarray((low < high).all(axis=2))
    return np.logical_not(shared.any(axis=1))


def _follow(past: Rect, rect: Rect, slack: int) -> Rect:
    """Move a rectangle toward another only as far as ``slack`` demands: faces always tremble."""
    left = min(max(past.left, rect.left - slack), rect.left + slack)
    top = min(max(past.top, rect.top - slack), rect.top + slack)
    return Rect(left, top, left + rect.width, top + rect.height)

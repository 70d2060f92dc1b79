"""Where panels and labels go."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from landmark_emotion.show.overlay.ink import text_size, text_step
from landmark_emotion.show.overlay.panels import Card, Form, Panels
from landmark_emotion.show.overlay.rects import Rect, bounds, clear, cross, follow

_ONE, _TWO = Form(1), Form(2)
_TERSE = (Form(1, words=False), Form(2, words=False))
_PANELS = ((_ONE,), (_ONE, _TWO), _TERSE)
_LABEL, _EMOJI = Form(0), Form(0, words=False)


class Place(NamedTuple):
    """Where something about a face is drawn, and how."""

    form: Form
    size: int  # of the text, in pixels
    spot: int  # which of those around the face
    rect: Rect

    @property
    def choice(self) -> tuple[Form, int, int]:
        """What it has in common with the same place a little elsewhere."""
        return self.form, self.size, self.spot


class Memory(NamedTuple):
    """Where a face had its panel or label."""

    frame: int
    step: int  # of the text that would suit the face
    place: Place


class Layout:
    """Finds places for panels and labels where they cover no face and not each other."""

    def __init__(
        self,
        frame: Rect,
        cards: list[Card],
        taken: list[Rect],
        past: dict[int, Memory],
        panels: Panels,
    ) -> None:
        self._frame = frame
        self._cards = cards
        self._taken = taken
        self._panels = panels
        faces = [card.prediction.face for card in cards]
        self._faces = [bounds(face).within(frame) for face in faces]
        # With hair, with the forehead, and no more than the face.
        self._tiers = [[bounds(f, above).within(frame) for f in faces] for above in (0.5, 0.25, 0)]
        self._past = [past.get(card.prediction.number) for card in cards]
        side = min(frame.width, frame.height)
        self._smallest = text_step(0.018 * side)
        largest = max(self._smallest, text_step(0.034 * side))
        self.steps = []
        for face, before in zip(faces, self._past, strict=True):
            step = min(max(text_step(0.075 * face.box.height), self._smallest), largest)
            # A face at the border between two sizes keeps the one it has.
            self.steps.append(before.step if before and abs(before.step - step) == 1 else step)

    def panels(self) -> list[Place | None]:
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
        forms: Sequence[Form],
        keep_out: list[Rect],
        less: int,
        labels: Sequence[Rect | None] | None = None,
    ) -> list[Place | None]:
        """Give a panel to everyone, or to as many as leave the others room for their labels."""
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

    def labels(self, places: list[Place | None]) -> list[Place | None]:
        """Give a label to everyone who has no panel."""
        places = places.copy()
        for n, (place, step) in enumerate(zip(places, self.steps, strict=True)):
            if place is None:
                taken = [other.rect for other in places if other]
                places[n] = self._one_label(n, step, taken)
        return places

    def _one_label(self, n: int, step: int, taken: list[Rect]) -> Place | None:
        for form in (_LABEL, _EMOJI):
            for keep_out in self._tiers:
                for size in (text_size(step), text_size(self._smallest)):
                    place = self._free(n, (form,), size, keep_out, taken)
                    if place is not None:
                        return place
            # The corners of a face's box are background.
            ovals = [part for face in self._faces for part in cross(face)]
            spots = self._spots(n, form, text_size(self._smallest), self._faces[n], corners=True)
            if spots:
                return min(spots, key=lambda place: place.rect.overlap([*ovals, *taken, *taken]))
        return None

    def _free(
        self,
        n: int,
        forms: Sequence[Form],
        size: int,
        keep_out: list[Rect],
        taken: list[Rect],
    ) -> Place | None:
        """Find the first place that covers nothing."""
        spots = [spot for form in forms for spot in self._spots(n, form, size, keep_out[n])]
        if not spots:
            return None
        obstacles = np.array([*keep_out, *taken, *self._taken])
        rects = np.array([spot.rect for spot in spots])
        free = clear(rects, obstacles)
        past = self._past[n]
        if past is None or not free.any():
            return spots[int(np.argmax(free))] if free.any() else None
        # Only a place with room to spare is worth a move.
        same = np.array([spot.choice == past.place.choice for spot in spots])
        slack = size // 2
        worth = free & (same | clear(rects + np.array([-slack, -slack, slack, slack]), obstacles))
        spot = spots[int(np.argmax(worth if worth.any() else free))]
        if spot.choice != past.place.choice:
            return spot
        resting = spot._replace(rect=follow(past.place.rect, spot.rect, slack))
        return resting if clear(np.array([resting.rect]), obstacles).all() else spot

    def _spots(
        self, n: int, form: Form, size: int, beside: Rect, corners: bool = False
    ) -> list[Place]:
        """List places in the frame beside a face, the better ones first."""
        frame = self._frame
        width, height = self._panels.extent(self._cards[n], form, size)
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
                    rect = Rect(left, top, left + width, top + height)
                    places.append(Place(form, size, 8 * names.index(side) + k, rect))
        return places

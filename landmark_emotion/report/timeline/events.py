"""Stretches of time in which a face shows one emotion."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.report.timeline.lanes import Floats, Lane, slices

_ROUNDING = 1e-6  # seconds


@dataclass(frozen=True)
class Criteria:
    """What counts as an event.

    Attributes
    ----------
    enter : float
        Probability with which a likeliest emotion begins an event, from 0 to 1.
    leave : float
        The event ends when the probability falls below this; at most `enter`. Between the two, a
        probability that fluctuates neither begins nor ends anything.
    min_duration : float
        Shorter events are left out; seconds. Most expressions last from 0.5 to 4 s (Ekman 2003,
        "Emotions Revealed", Times Books).
    """

    enter: float = 0.5
    leave: float = 0.4
    min_duration: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.leave <= self.enter <= 1:
            raise ValueError(f"leave must be at most enter, got {self.leave} and {self.enter}")


DEFAULT_CRITERIA = Criteria()


@dataclass(frozen=True)
class Event:
    """A stretch of time in which a face shows one emotion.

    Attributes
    ----------
    emotion : str
        One of the classes of the rows.
    start, end : float
        Seconds.
    peak, mean : float
        Largest probability of the emotion, and its mean over time; NaN if the rows have none.
    """

    emotion: str
    start: float
    end: float
    peak: float
    mean: float

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.end - self.start


def events_of(lane: Lane, criteria: Criteria) -> list[Event]:
    """Find the events of a face; they are in order and do not overlap.

    An event begins with a row whose label is an emotion of at least `Criteria.enter`. It ends when
    the probability falls below `Criteria.leave`, another emotion begins an event, the face is out
    of sight, or it is uncertain for longer than `Criteria.min_duration`. Rows labeled uncertain
    begin no event. Without probabilities, an event is a stretch with one label.
    """
    found = []
    for part, emotion in _stretches(lane, criteria):
        probabilities, hold = lane.probabilities[part, emotion], lane.hold[part]
        start, end = _span(lane, part)
        mean = float((probabilities * hold).sum() / hold.sum())
        found.append(Event(lane.names[emotion], start, end, float(probabilities.max()), mean))
    return found


def with_events(lane: Lane, criteria: Criteria) -> Lane:
    """Return a lane whose labels are the events, and "no event" between them."""
    shown = np.full_like(lane.shown, len(lane.names))
    for part, emotion in _stretches(lane, criteria):
        shown[part] = emotion
    return replace(lane, shown=shown)


def _stretches(lane: Lane, criteria: Criteria) -> Iterator[tuple[slice, int]]:
    """Yield the rows of each event and the index of its emotion."""
    for part, emotion in _all_stretches(lane, criteria):
        start, end = _span(lane, part)
        if end - start > criteria.min_duration - _ROUNDING:
            yield part, emotion


def _all_stretches(lane: Lane, criteria: Criteria) -> Iterator[tuple[slice, int]]:
    rows = _known_probabilities(lane).tolist()
    labels, breaks = lane.shown.tolist(), _breaks(lane, criteria.min_duration).tolist()
    k = lane.probabilities.shape[1]
    emotion, first = -1, 0
    for index, (row, label, is_break) in enumerate(zip(rows, labels, breaks, strict=True)):
        begins = label < k and row[label] >= criteria.enter
        if emotion >= 0:
            goes_on = not is_break and row[emotion] >= criteria.leave
            if goes_on and not (begins and label != emotion):
                continue
            yield slice(first, index), emotion
            emotion = -1
        if begins:
            emotion, first = label, index
    if emotion >= 0:
        yield slice(first, len(rows)), emotion


def _breaks(lane: Lane, longest: float) -> NDArray[np.bool_]:
    """Return which rows follow a gap, or belong to a longer stretch of uncertain rows."""
    gaps, uncertain = lane.gaps(), lane.shown == len(lane.names) - 1
    found = np.append(False, gaps)
    for part in slices(gaps | (np.diff(uncertain) != 0)):
        start, end = _span(lane, part)
        if uncertain[part.start] and end - start > longest + _ROUNDING:
            found[part] = True
    return found


def _known_probabilities(lane: Lane) -> Floats:
    """Return probabilities; 1 for the label and 0 for the others in rows that have none."""
    by_label = np.eye(len(lane.names))[lane.shown, :-1]
    unknown = np.isnan(lane.probabilities).all(axis=1, keepdims=True)
    return np.where(unknown, by_label, np.nan_to_num(lane.probabilities))


def _span(lane: Lane, part: slice) -> tuple[float, float]:
    last = part.stop - 1
    return float(lane.time[part.start]), float(lane.time[last] + lane.hold[last])

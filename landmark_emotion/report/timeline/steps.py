"""Lanes with more rows than can be drawn become as many steps as can be seen."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.emotions import EMOTIONS
from landmark_emotion.report.timeline.lanes import NAMES, Floats, Lane, Recording

# How many steps are drawn across a lane at most: few enough to be told apart, and as many as seen.
AREA_STEPS = 300
BAND_STEPS = 1200


@dataclass(frozen=True)
class Steps:
    """What is drawn of a lane: m steps, of constant height each."""

    start: Floats
    end: Floats
    probabilities: Floats  # (m, 8), 0 where unknown
    shown: NDArray[np.int64]

    def runs(self) -> Iterator[slice]:
        """Return the stretches without a gap."""
        yield from slices(self._gaps())

    def bands(self) -> Iterator[tuple[float, float, str]]:
        """Return from when to when what was shown."""
        for part in slices(self._gaps() | (np.diff(self.shown) != 0)):
            name = NAMES[self.shown[part][0]]
            yield float(self.start[part][0]), float(self.end[part][-1]), name

    def _gaps(self) -> NDArray[np.bool_]:
        return np.asarray(self.start[1:] - self.end[:-1] > 1e-6)


def slices(breaks: NDArray[np.bool_]) -> Iterator[slice]:
    """Cut where there is a break between an item and the next."""
    ends = [0, *(np.flatnonzero(breaks) + 1).tolist(), len(breaks) + 1]
    for first, last in pairwise(ends):
        yield slice(first, last)


def steps_of(lane: Lane, recording: Recording, most: int) -> Steps:
    """Return the rows of a lane, or means over equal steps of the recording if they are more."""
    end = lane.time + lane.hold
    probabilities = np.nan_to_num(lane.probabilities)
    if len(end) <= most:
        return Steps(lane.time, end, probabilities, lane.shown)
    each = np.concatenate([probabilities, np.eye(len(NAMES))[lane.shown]], axis=1)
    sums = np.concatenate([np.zeros((1, each.shape[1])), (each * lane.hold[:, None]).cumsum(0)])
    # The integral over time of each column is linear between these.
    moments = np.maximum.accumulate(np.stack([lane.time, end], axis=1).ravel())
    integrals = np.repeat(sums, 2, axis=0)[1:-1]
    edges = np.linspace(recording.start, recording.end, most + 1)
    grown = np.diff([np.interp(edges, moments, column) for column in integrals.T]).T
    shown = grown[:, len(EMOTIONS) :]
    seconds = shown.sum(axis=1)
    seen = seconds > 1e-9
    starts, ends = edges[:-1].copy(), edges[1:].copy()
    # At its ends a stretch fills its step in part.
    enters, leaves = seen & ~np.append(False, seen[:-1]), seen & ~np.append(seen[1:], False)
    ends[leaves] = (starts + seconds)[leaves]
    starts[enters & ~leaves] = (ends - seconds)[enters & ~leaves]
    means = grown[:, : len(EMOTIONS)] / np.maximum(seconds, 1e-9)[:, np.newaxis]
    return Steps(starts[seen], ends[seen], means[seen], shown.argmax(axis=1)[seen])

"""What a timeline consists of: one lane for each person or face of each source."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

MAX_LANES = 12
"""If there are more lanes, only those of the faces visible longest are drawn."""

# Most steps drawn across a lane. Finer ones could not be seen.
AREA_STEPS = 300
BAND_STEPS = 600

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Lane:
    """The n rows of one person or face, sorted by time.

    Attributes
    ----------
    person : str
        Name of the person; empty if the rows name none.
    face : int
        Number of the face; 0 if all faces of the person are one lane.
    time : ndarray of shape (n,)
        Seconds.
    hold : ndarray of shape (n,)
        How long each row holds, in seconds: until the next frame.
    shown : ndarray of shape (n,), int
        Indices into `names`; their number stands for "no event".
    probabilities : ndarray of shape (n, k)
        In the order of `names`, without the last; NaN if unknown.
    blink : ndarray of shape (n,)
        1 where the face blinks, 0 where it does not; NaN if unknown.
    names : tuple of str
        All that a face of the file can be labeled with: k emotions, then uncertain.
    """

    person: str = ""
    face: int
    time: Floats
    hold: Floats
    shown: NDArray[np.int64]
    probabilities: Floats
    blink: Floats
    names: tuple[str, ...]

    @property
    def name(self) -> str:
        """What the lane is called."""
        face = f"face {self.face}" if self.face else ""
        return ", ".join(filter(None, (self.person, face)))

    def gaps(self) -> NDArray[np.bool_]:
        """Return after which rows the face was out of sight, shape (n - 1,)."""
        return np.asarray(self.time[1:] - self.time[:-1] - self.hold[:-1] > 1e-6)

    def blinks(self) -> int | None:
        """Return the number of blinks; None if the rows do not tell."""
        if not np.isfinite(self.blink).any():
            return None
        closed = np.append(False, self.blink == 1)
        return int((closed[1:] & ~closed[:-1]).sum())

    @property
    def seconds(self) -> float:
        """How long the face was visible."""
        return float(self.hold.sum())

    def totals(self) -> Floats:
        """Return the seconds of each of `names`, shape (k + 1,)."""
        return np.bincount(self.shown, self.hold, len(self.names)).astype(np.float64)


@dataclass(frozen=True)
class Recording:
    """One source from beginning to end.

    Attributes
    ----------
    source : str
        Its short name, unique within a timeline.
    start, end : float
        Seconds.
    lanes : tuple of Lane
        Sorted by face number, then by person.
    path : str
        The source as the rows name it, without a password.
    frame_seconds : float
        Usual time from frame to frame; 0 if unknown.
    """

    source: str
    start: float
    end: float
    lanes: tuple[Lane, ...]
    path: str = ""
    frame_seconds: float = 0.0


@dataclass(frozen=True)
class Timeline:
    """The contents of a results file.

    Attributes
    ----------
    name : str
        Name of the file.
    recordings : tuple of Recording
        Those with a face, in the order of the file.
    notes : tuple of str
        What was left out, for the user.
    """

    name: str
    recordings: tuple[Recording, ...]
    notes: tuple[str, ...] = ()

    @property
    def lanes(self) -> list[Lane]:
        """All lanes of all recordings."""
        return [lane for recording in self.recordings for lane in recording.lanes]


def shares(lanes: Iterable[Lane]) -> dict[str, float]:
    """Return the share of each of `known_names` in the time the faces were visible; sum 1."""
    lanes = list(lanes)
    totals = np.sum([lane.totals() for lane in lanes], axis=0)
    parts = dict(zip(lanes[0].names, (totals / totals.sum()).tolist(), strict=True))
    return {name: parts[name] for name in known_names(lanes)}


def known_names(lanes: Sequence[Lane]) -> list[str]:
    """List the names that occur in lanes of a file as a label or with a probability."""
    known = dict.fromkeys(chain.from_iterable(lane.names for lane in lanes), False)
    for lane in lanes:
        here = lane.totals() > 0
        here[:-1] |= np.isfinite(lane.probabilities).any(axis=0)
        known |= {name: True for name, occurs in zip(lane.names, here, strict=True) if occurs}
    return [name for name, occurs in known.items() if occurs]


def drawn_lanes(timeline: Timeline) -> tuple[list[tuple[Recording, list[Lane]]], list[Lane]]:
    """Return the lanes to draw, by recording, and the remaining lanes."""
    order = sorted(timeline.lanes, key=lambda lane: -lane.seconds)
    drawn = {id(lane) for lane in order[:MAX_LANES]}
    chosen = [
        (recording, [lane for lane in recording.lanes if id(lane) in drawn])
        for recording in timeline.recordings
    ]
    return [(recording, lanes) for recording, lanes in chosen if lanes], order[MAX_LANES:]


@dataclass(frozen=True)
class Steps:
    """A lane as it is drawn: m steps of constant height.

    Attributes
    ----------
    start, end : ndarray of shape (m,)
        Seconds; a step that starts after the end of the previous one leaves a gap.
    probabilities : ndarray of shape (m, k)
        0 if unknown.
    shown : ndarray of shape (m,), int
        As in `Lane`.
    names : tuple of str
        Those of the lane.
    """

    start: Floats
    end: Floats
    probabilities: Floats
    shown: NDArray[np.int64]
    names: tuple[str, ...]

    def gaps(self) -> NDArray[np.bool_]:
        """Return after which steps there is a gap, shape (m - 1,)."""
        return np.asarray(self.start[1:] - self.end[:-1] > 1e-6)

    def bands(self) -> Iterator[tuple[float, float, str]]:
        """Yield start, end and name of each stretch with one label; ``""`` for no event."""
        for part in slices(self.gaps() | (np.diff(self.shown) != 0)):
            name = (*self.names, "")[self.shown[part][0]]
            yield float(self.start[part][0]), float(self.end[part][-1]), name


def slices(breaks: NDArray[np.bool_]) -> Iterator[slice]:
    """Yield the runs of items between breaks; ``breaks[i]`` separates items i and i + 1."""
    ends = [0, *(np.flatnonzero(breaks) + 1).tolist(), len(breaks) + 1]
    for first, last in pairwise(ends):
        yield slice(first, last)


def steps_of(lane: Lane, recording: Recording, most: int) -> Steps:
    """Return the rows of a lane as steps, averaged over equal periods if there are too many."""
    end = lane.time + lane.hold
    probabilities = np.nan_to_num(lane.probabilities)
    if len(end) <= most:
        return Steps(lane.time, end, probabilities, lane.shown, lane.names)
    k = len(lane.names) - 1
    each = np.concatenate([probabilities, np.eye(k + 2)[lane.shown]], axis=1)
    sums = np.concatenate([np.zeros((1, each.shape[1])), (each * lane.hold[:, None]).cumsum(0)])
    # The integral over time of each column is linear between these.
    moments = np.maximum.accumulate(np.stack([lane.time, end], axis=1).ravel())
    integrals = np.repeat(sums, 2, axis=0)[1:-1]
    edges = np.linspace(recording.start, recording.end, most + 1)
    grown = np.diff([np.interp(edges, moments, column) for column in integrals.T]).T
    shown = grown[:, k:]
    seconds = shown.sum(axis=1)
    seen = seconds > 1e-9
    starts, ends = edges[:-1].copy(), edges[1:].copy()
    # Where the face appears or disappears, a step is filled in part.
    enters, leaves = seen & ~np.append(False, seen[:-1]), seen & ~np.append(seen[1:], False)
    ends[leaves] = (starts + seconds)[leaves]
    starts[enters & ~leaves] = (ends - seconds)[enters & ~leaves]
    means = grown[:, :k] / np.maximum(seconds, 1e-9)[:, np.newaxis]
    return Steps(starts[seen], ends[seen], means[seen], shown.argmax(axis=1)[seen], lane.names)

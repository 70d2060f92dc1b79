"""What is drawn: who showed what and when; a lane for each face of each source."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.emotions import EMOTIONS, UNCERTAIN

NAMES = (*(emotion for emotion in EMOTIONS if emotion != "neutral"), "neutral", UNCERTAIN)
"""What a face can be said to show, in the order it is stacked and listed."""
MAX_LANES = 12
"""More lanes are not drawn; those seen for the longest time are."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Lane:
    """What one face showed, row by row; n rows, sorted by time.

    Attributes
    ----------
    face : int
        Its number.
    time : ndarray of shape (n,)
        When it was seen, in seconds.
    hold : ndarray of shape (n,)
        For how long that stood, in seconds: until the next frame.
    shown : ndarray of shape (n,), int
        Indices into `NAMES`.
    probabilities : ndarray of shape (n, 8)
        In the order of `NAMES` (the last of which has none); NaN where unknown.
    """

    face: int
    time: Floats
    hold: Floats
    shown: NDArray[np.int64]
    probabilities: Floats

    @property
    def seconds(self) -> float:
        """For how long the face was seen."""
        return float(self.hold.sum())

    def totals(self) -> Floats:
        """Return the seconds for which each of `NAMES` stood, shape (9,)."""
        return np.bincount(self.shown, self.hold, len(NAMES)).astype(np.float64)


@dataclass(frozen=True)
class Recording:
    """A source from beginning to end.

    Attributes
    ----------
    source : str
        Its name, different from that of every other recording.
    start, end : float
        Seconds.
    lanes : tuple of Lane
        By the number of the face.
    """

    source: str
    start: float
    end: float
    lanes: tuple[Lane, ...]


@dataclass(frozen=True)
class Timeline:
    """What a file of results holds.

    Attributes
    ----------
    name : str
        The file's.
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
    """Compute for which share of the time each emotion stood, while a face was seen.

    Parameters
    ----------
    lanes : iterable of Lane
        One or more.

    Returns
    -------
    dict of str to float
        For each of `NAMES` that the lanes know; they sum to 1.
    """
    lanes = list(lanes)
    totals = np.sum([lane.totals() for lane in lanes], axis=0)
    parts = dict(zip(NAMES, (totals / totals.sum()).tolist(), strict=True))
    return {name: parts[name] for name in known_names(lanes)}


def known_names(lanes: Iterable[Lane]) -> list[str]:
    """List the `NAMES` that occur in lanes, be it as a probability."""
    known = np.zeros(len(NAMES), dtype=bool)
    for lane in lanes:
        known |= lane.totals() > 0
        known[:-1] |= np.isfinite(lane.probabilities).any(axis=0)
    return [name for name, here in zip(NAMES, known, strict=True) if here]


def drawn_lanes(timeline: Timeline) -> tuple[list[tuple[Recording, list[Lane]]], list[Lane]]:
    """Return the lanes to draw by recording, and the others."""
    order = sorted(timeline.lanes, key=lambda lane: -lane.seconds)
    drawn = {id(lane) for lane in order[:MAX_LANES]}
    chosen = [
        (recording, [lane for lane in recording.lanes if id(lane) in drawn])
        for recording in timeline.recordings
    ]
    return [(recording, lanes) for recording, lanes in chosen if lanes], order[MAX_LANES:]

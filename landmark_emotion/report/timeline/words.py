"""What a timeline says in words and numbers, whether in the picture, the page or the terminal."""

import math
from collections.abc import Sequence

import numpy as np

from landmark_emotion.report.timeline.lanes import (
    Lane,
    Recording,
    Timeline,
    drawn_lanes,
    known_names,
    shares,
)
from landmark_emotion.report.timeline.steps import AREA_STEPS

_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600)
_DAY = 86400.0
TITLE = "Emotions over time"


def share_rows(timeline: Timeline) -> list[tuple[str, ...]]:
    """Return the shares of time as a table of texts.

    Parameters
    ----------
    timeline : Timeline
        Of the faces, those seen for the longest time have a row each, up to `MAX_LANES`.

    Returns
    -------
    list of tuple of str
        A head, a row a face, one for other faces where there are any, and one for all.
    """
    chosen, others = drawn_lanes(timeline)
    names = known_names(timeline.lanes)
    several = len(timeline.recordings) > 1

    def row(label: str, lanes: list[Lane]) -> tuple[str, ...]:
        parts = shares(lanes)
        seconds = sum(lane.seconds for lane in lanes)
        return label, _duration(seconds), *(percent(parts.get(name, 0.0)) for name in names)

    rows: list[tuple[str, ...]] = [("", "seen", *names)]
    for recording, lanes in chosen:
        where = f"{recording.source}, " if several else ""
        rows += [row(f"{where}face {lane.face}", [lane]) for lane in lanes]
    if others:
        rows.append(row(count(len(others), "more face"), others))
    return rows if len(rows) == 2 else [*rows, row("all faces", timeline.lanes)]


def in_words(lane: Lane) -> str:
    """Say what a lane shows, the longest first."""
    parts = sorted(shares([lane]).items(), key=lambda item: -item[1])
    return f"face {lane.face}: " + ", ".join(f"{n} {percent(part)}" for n, part in parts if part)


def tick_marks(recording: Recording) -> tuple[list[float], list[str]]:
    """Return moments to mark on the axis of time, at most nine, and how they are written."""
    span = recording.end - recording.start
    step = next((step for step in _STEPS if span / step <= 8), _DAY * math.ceil(span / 8 / _DAY))
    first = math.ceil(recording.start / step - 1e-6)
    last = math.floor(recording.end / step + 1e-6)
    ticks = [float(number * step) for number in range(first, last + 1)]
    return ticks, [clock(tick, recording.end >= 3600, step < 1) for tick in ticks]


def clock(seconds: float, hours: bool = False, tenths: bool = False) -> str:
    """Write a time as min:s, or h:min:s."""
    count = round(10 * seconds) if tenths else 10 * round(seconds)
    minutes, rest = divmod(count, 600)
    text = f"{rest // 10:02d}" + (f".{rest % 10}" if tenths else "")
    if hours:
        return f"{minutes // 60}:{minutes % 60:02d}:{text}"
    return f"{minutes}:{text}"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{clock(seconds)} min" if seconds < 3600 else f"{clock(seconds, hours=True)} h"


def percent(part: float) -> str:
    """Write a share; what is there is never 0 %."""
    if 0 < part < 0.001:
        return "< 0.1 %"
    return f"{100 * part:.1f} %" if part else "0 %"


def subtitle(timeline: Timeline) -> str:
    """Say how many sources there are and how long."""
    sources = len(timeline.recordings)
    seconds = sum(recording.end - recording.start for recording in timeline.recordings)
    name = timeline.recordings[0].source if sources == 1 else f"{sources} sources"
    return f"{name}; {count(len(timeline.lanes), 'face')}; {_duration(seconds)}"


def how_to_read(timeline: Timeline) -> str:
    """Explain the axes."""
    hours = any(recording.end >= 3600 for recording in timeline.recordings)
    return (
        "Areas: probabilities, one upon the other. Band: the likeliest. Bars: share of the time "
        f"in which the face was seen. Time in {'h:min:s' if hours else 'min:s'}."
    )


def lane_text(lane: Lane, recording: Recording) -> str:
    """Say for how long a face was seen, and what was averaged."""
    text = f"seen for {_duration(lane.seconds)}"
    if len(lane.time) > AREA_STEPS and np.isfinite(lane.probabilities).any():
        span = (recording.end - recording.start) / AREA_STEPS
        text += f"; areas are means over {span:.{1 if span < 10 else 0}f} s"
    return text


def others_text(others: Sequence[Lane]) -> str:
    """Say which lanes are not drawn."""
    longest = _duration(max(lane.seconds for lane in others))
    return f"Not drawn: {count(len(others), 'more face')}, seen for {longest} at most."


def count(n: int, what: str) -> str:
    """Write a number of things."""
    return f"{n} {what}{'s' if n != 1 else ''}"

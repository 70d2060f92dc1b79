"""The texts and numbers of a timeline."""

import math
from collections.abc import Sequence

import numpy as np

from landmark_emotion.formatting import clock, duration, percent, plural
from landmark_emotion.report.timeline.events import DEFAULT_CRITERIA, Criteria, events_of
from landmark_emotion.report.timeline.lanes import (
    AREA_STEPS,
    Lane,
    Recording,
    Timeline,
    drawn_lanes,
    known_names,
    shares,
)

_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600)
_DAY = 86400.0
TITLE = "Emotions over time"


def share_rows(timeline: Timeline, criteria: Criteria = DEFAULT_CRITERIA) -> list[tuple[str, ...]]:
    """Return shares of time, and events and blinks, as a table of texts with a head.

    It has a row per drawn lane and, if there are more lanes, rows for the others and for all.
    """
    chosen, others = drawn_lanes(timeline)
    names = known_names(timeline.lanes)
    several = len(timeline.recordings) > 1

    def row(label: str, lanes: list[Lane]) -> tuple[str, ...]:
        parts = shares(lanes)
        seconds = sum(lane.seconds for lane in lanes)
        events = [event for lane in lanes for event in events_of(lane, criteria)]
        longest = max((event.duration for event in events), default=0.0)
        counts = [count for lane in lanes if (count := lane.blinks()) is not None]
        return (
            *(label, duration(seconds), *(percent(parts.get(name, 0.0)) for name in names)),
            *(f"{len(events):,}", duration(longest) if events else ""),
            *([f"{sum(counts):,}" if counts else ""] if blinks else []),
        )

    blinks = any(lane.blinks() is not None for lane in timeline.lanes)
    head = ("", "visible", *names, "events", "longest", *(["blinks"] if blinks else []))
    rows: list[tuple[str, ...]] = [head]
    for recording, lanes in chosen:
        where = f"{recording.source}, " if several else ""
        rows += [row(where + lane.name, [lane]) for lane in lanes]
    if others:
        rows.append(row(plural(len(others), "more face"), others))
    return rows if len(rows) == 2 else [*rows, row("all faces", timeline.lanes)]


def event_count(timeline: Timeline, criteria: Criteria) -> int:
    """Return the number of events of all lanes."""
    return sum(len(events_of(lane, criteria)) for lane in timeline.lanes)


def in_words(lane: Lane) -> str:
    """List the shares of a lane, the largest first."""
    parts = sorted(shares([lane]).items(), key=lambda item: -item[1])
    return f"{lane.name}: " + ", ".join(f"{n} {percent(part)}" for n, part in parts if part)


def tick_marks(recording: Recording, most: int = 9) -> tuple[list[float], list[str]]:
    """Return the ticks of the time axis in seconds, and their labels."""
    span, gaps = recording.end - recording.start, most - 1
    days = _DAY * math.ceil(span / gaps / _DAY)
    step = next((step for step in _STEPS if span / step <= gaps), days)
    first = math.ceil(recording.start / step - 1e-6)
    last = math.floor(recording.end / step + 1e-6)
    ticks = [float(number * step) for number in range(first, last + 1)]
    return ticks, [clock(tick, hours=recording.end >= 3600, tenths=step < 1) for tick in ticks]


def subtitle(timeline: Timeline) -> str:
    """Describe the sources, faces and length of a timeline."""
    sources = len(timeline.recordings)
    seconds = sum(recording.end - recording.start for recording in timeline.recordings)
    name = timeline.recordings[0].source if sources == 1 else f"{sources} sources"
    return f"{name}; {plural(len(timeline.lanes), 'face')}; {duration(seconds)}"


def how_to_read(timeline: Timeline, criteria: Criteria) -> tuple[str, str]:
    """Explain the axes, in two lines."""
    hours = any(recording.end >= 3600 for recording in timeline.recordings)
    return (
        "Areas: stacked probabilities. Bars: share of the time in which the face was visible. "
        f"Time in {'h:min:s' if hours else 'min:s'}.",
        f"Band: events, from a probability of {percent(criteria.enter, 0)} until it falls below "
        f"{percent(criteria.leave, 0)}, for at least {criteria.min_duration:g} s. Thin line: none.",
    )


def lane_text(lane: Lane, recording: Recording) -> str:
    """Describe how long a face was visible, and what was averaged."""
    text = f"visible for {duration(lane.seconds)}"
    if len(lane.time) > AREA_STEPS and np.isfinite(lane.probabilities).any():
        span = (recording.end - recording.start) / AREA_STEPS
        text += f"; areas are means over {span:.{1 if span < 10 else 0}f} s"
    return text


def others_text(others: Sequence[Lane]) -> str:
    """Describe the lanes that are not drawn."""
    longest = duration(max(lane.seconds for lane in others))
    return f"Not drawn: {plural(len(others), 'more face')}, each visible for {longest} at most."

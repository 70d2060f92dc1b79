"""Events as text for other programs: CSV, JSON Lines, and files that ELAN and BORIS read."""

import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from landmark_emotion.emotions import UNCERTAIN, color_of
from landmark_emotion.files.csv_table import csv_table
from landmark_emotion.report.timeline.events import Criteria, Event, events_of
from landmark_emotion.report.timeline.lanes import (
    Lane,
    Recording,
    Timeline,
    known_names,
    shares,
)

EVENT_COLUMNS = (
    *("source", "person", "face", "emotion", "start", "end", "duration"),
    *("peak_probability", "mean_probability"),
)
_BORIS_FORMAT = "7.0"  # of project files, since version 7 of the program
_PLAYERS = 8  # that BORIS can show


def events_as_csv(timeline: Timeline, criteria: Criteria) -> str:
    """Return a table with `EVENT_COLUMNS` and one line per event."""
    return _csv(EVENT_COLUMNS, _event_rows(timeline, criteria))


def events_as_json_lines(timeline: Timeline, criteria: Criteria) -> str:
    """Return one JSON object per event, with the keys of `EVENT_COLUMNS`."""
    return "".join(json.dumps(row) + "\n" for row in _event_rows(timeline, criteria))


def events_for_elan(timeline: Timeline, criteria: Criteria) -> str:
    """Return tab-delimited text for the import of ELAN: a tier per face, an annotation per event.

    Times are hours:minutes:seconds. If there are several sources, their names begin those of the
    tiers, since an ELAN document has one time line.
    """
    several = len(timeline.recordings) > 1
    lines = ["Tier\tBegin Time\tEnd Time\tAnnotation"]
    for recording, lane, events in _by_lane(timeline, criteria):
        tier = f"{recording.source} {lane.name}" if several else lane.name
        lines += [
            f"{tier}\t{_clock(event.start)}\t{_clock(event.end)}\t{event.emotion}"
            for event in events
        ]
    return "\n".join(lines) + "\n"


def events_for_boris(timeline: Timeline, criteria: Criteria) -> str:
    """Return a project of BORIS: an observation per source, a subject per face.

    Emotions are its behaviors, with a state event each: a START and a STOP.
    """
    found = _by_lane(timeline, criteria)
    observations = {}
    for recording in timeline.recordings:
        events: list[list[Any]] = []
        for _, lane, lane_events in (item for item in found if item[0] is recording):
            for event in lane_events:
                comment = ""
                if not math.isnan(event.mean):
                    comment = f"probability: peak {event.peak:.3f}, mean {event.mean:.3f}"
                events.append([round(event.start, 3), lane.name, event.emotion, "", comment])
                events.append([round(event.end, 3), lane.name, event.emotion, "", ""])
        observations[recording.source] = _boris_observation(recording, sorted(events))
    names = [name for name in known_names(timeline.lanes) if name != UNCERTAIN]
    subjects = dict.fromkeys(lane.name for lane in timeline.lanes)
    project = {
        "time_format": "hh:mm:ss",
        "project_date": "",
        "project_name": timeline.name,
        "project_description": _in_words(criteria),
        "project_format_version": _BORIS_FORMAT,
        "subjects_conf": {
            str(number): {"key": "", "name": name, "description": ""}
            for number, name in enumerate(subjects)
        },
        "behaviors_conf": {
            str(number): _boris_behavior(name, color_of(name, names))
            for number, name in enumerate(names)
        },
        "observations": observations,
        "behavioral_categories": [],
        "independent_variables": {},
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
    }
    return json.dumps(project, indent=1) + "\n"


FORMATS: Mapping[str, Callable[[Timeline, Criteria], str]] = {
    "csv": events_as_csv,
    "jsonl": events_as_json_lines,
    "elan": events_for_elan,
    "boris": events_for_boris,
}


def summary_as_csv(timeline: Timeline, criteria: Criteria) -> str:
    """Return a table with one line per person or face of each source."""
    columns = ["source", "person", "face", "visible"]
    columns += [f"share_{name}" for name in timeline.lanes[0].names]
    columns += ["events", "longest", "blinks"]
    rows = []
    for recording, lane, events in _by_lane(timeline, criteria):
        parts = {f"share_{name}": round(part, 6) for name, part in shares([lane]).items()}
        longest = max((event.duration for event in events), default=0.0)
        rows.append(
            _who(recording, lane)
            | {"visible": round(lane.seconds, 3), **parts}
            | {"events": len(events), "longest": round(longest, 3), "blinks": lane.blinks()}
        )
    return _csv(columns, rows)


def _by_lane(
    timeline: Timeline, criteria: Criteria
) -> list[tuple[Recording, Lane, Sequence[Event]]]:
    return [
        (recording, lane, events_of(lane, criteria))
        for recording in timeline.recordings
        for lane in recording.lanes
    ]


def _event_rows(timeline: Timeline, criteria: Criteria) -> list[dict[str, Any]]:
    return [
        _who(recording, lane)
        | {"emotion": event.emotion}
        | {"start": round(event.start, 3), "end": round(event.end, 3)}
        | {"duration": round(event.duration, 3)}
        | {"peak_probability": _probability(event.peak)}
        | {"mean_probability": _probability(event.mean)}
        for recording, lane, events in _by_lane(timeline, criteria)
        for event in events
    ]


def _who(recording: Recording, lane: Lane) -> dict[str, Any]:
    return {
        "source": recording.path,
        "person": lane.person or None,
        "face": lane.face or None,
    }


def _probability(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)


def _csv(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    write = csv_table(text, columns)
    for row in rows:
        write(row)
    return text.getvalue()


def _clock(seconds: float) -> str:
    """Format a time as hh:mm:ss.mmm."""
    count = round(1000 * seconds)
    minutes, rest = divmod(count, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest / 1000:06.3f}"


def _in_words(criteria: Criteria) -> str:
    return (
        f"Emotions recognized by landmark_emotion: from a probability of {criteria.enter:g} until "
        f"it falls below {criteria.leave:g}, for at least {criteria.min_duration:g} s."
    )


def _boris_behavior(emotion: str, color: str) -> dict[str, str]:
    return {
        "type": "State event",
        "key": "",
        "code": emotion,
        "description": "",
        "color": color,
        "category": "",
        "modifiers": "",
        "excluded": "",
        "coding map": "",
    }


def _boris_observation(recording: Recording, events: list[list[Any]]) -> dict[str, Any]:
    live = recording.path.isdecimal() or "://" in recording.path
    players: dict[str, list[str]] = {str(number): [] for number in range(1, _PLAYERS + 1)}
    observation: dict[str, Any] = {
        "file": [] if live else players | {"1": [recording.path]},
        "type": "LIVE" if live else "MEDIA",
        "date": "1970-01-01T00:00:00",  # rows do not tell it
        "description": "",
        "time offset": 0,
        "events": events,
        "observation time interval": [0, 0],
        "independent_variables": {},
        "visualize_spectrogram": False,
        "visualize_waveform": False,
        "close_behaviors_between_videos": False,
        "scan_sampling_time": 0,
    }
    if not live:
        fps = 1 / recording.frame_seconds if recording.frame_seconds else 25.0
        observation["media_info"] = {
            "length": {recording.path: round(recording.end, 3)},
            "fps": {recording.path: round(fps, 3)},
            "hasVideo": {recording.path: True},
            "hasAudio": {recording.path: False},
            "offset": {"1": 0.0},
        }
    return observation

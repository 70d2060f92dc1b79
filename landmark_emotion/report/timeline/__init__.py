"""The emotions of faces over time: read from result rows, summed up and drawn."""

from landmark_emotion.report.timeline.drawing import draw_timeline
from landmark_emotion.report.timeline.lanes import (
    MAX_LANES,
    NAMES,
    Lane,
    Recording,
    Timeline,
    shares,
)
from landmark_emotion.report.timeline.reading import read_timeline
from landmark_emotion.report.timeline.words import share_rows

__all__ = [
    "MAX_LANES",
    "NAMES",
    "Lane",
    "Recording",
    "Timeline",
    "draw_timeline",
    "read_timeline",
    "share_rows",
    "shares",
]

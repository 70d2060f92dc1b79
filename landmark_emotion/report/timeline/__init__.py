"""The emotions over time: rows become lanes, and lanes a picture, a page and a table of shares."""

from landmark_emotion.report.timeline.lanes import (
    MAX_LANES,
    NAMES,
    Lane,
    Recording,
    Timeline,
    shares,
)
from landmark_emotion.report.timeline.picture import draw_timeline
from landmark_emotion.report.timeline.reading import read_timeline
from landmark_emotion.report.timeline.webpage import timeline_page
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
    "timeline_page",
]

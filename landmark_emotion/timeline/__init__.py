"""The emotions over time: rows become lanes, and lanes a picture, a page and a table of shares."""

from landmark_emotion.timeline.lanes import MAX_LANES, NAMES, Lane, Recording, Timeline, shares
from landmark_emotion.timeline.picture import draw_timeline
from landmark_emotion.timeline.reading import read_timeline
from landmark_emotion.timeline.webpage import timeline_page
from landmark_emotion.timeline.words import share_rows

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

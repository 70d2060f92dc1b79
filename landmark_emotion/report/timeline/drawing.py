"""The drawing of a timeline, by matplotlib: whole pictures, and single lanes for a page."""

import io
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from landmark_emotion.emotions import COLORS, DEFAULT_EMOTIONS, color_of
from landmark_emotion.formatting import clock, percent
from landmark_emotion.report.plots.figure import (
    DPI,
    HAIR,
    INK,
    QUIET,
    THEME,
    as_svg,
    new_figure,
    plot_style,
)
from landmark_emotion.report.timeline.events import DEFAULT_CRITERIA, Criteria, with_events
from landmark_emotion.report.timeline.lanes import (
    AREA_STEPS,
    BAND_STEPS,
    Lane,
    Recording,
    Timeline,
    drawn_lanes,
    known_names,
    shares,
    steps_of,
)
from landmark_emotion.report.timeline.words import (
    TITLE,
    how_to_read,
    in_words,
    lane_text,
    others_text,
    subtitle,
    tick_marks,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Band = tuple[float, float, str]

# Inches.
_WIDTH = 9.0
_LEFT = 0.62
_PLOT = 5.5
_AREA = 0.9
_BAND = 0.25
_AXIS = 0.36
_TITLE_SPACE = 0.34
_BARS_LEFT = 1.05
_BARS = 1.1
_BAR = 0.155
_SHAPES = {"wide": (7.6, 9), "narrow": (4.4, 5)}  # width of a single lane, and ticks at most


def draw_timeline(
    timeline: Timeline, kind: str = "png", criteria: Criteria = DEFAULT_CRITERIA
) -> bytes:
    """Draw a timeline as ``"png"``, ``"svg"`` or ``"pdf"``; the same one gives the same bytes.

    Up to `MAX_LANES` lanes are drawn, those of the faces visible longest.
    """
    buffer = io.BytesIO()
    lanes = (lane for _, lanes in drawn_lanes(timeline)[0] for lane in lanes)
    words = "; ".join(map(in_words, lanes))
    metadata: dict[str, dict[str, Any]] = {
        "png": {"Description": words},
        "svg": {"Description": words, "Date": None},
        "pdf": {"Subject": words, "CreationDate": None},
    }
    with plot_style(), warnings.catch_warnings():
        # Names may use a script that the font lacks.
        warnings.filterwarnings("ignore", "Glyph .* missing")
        _picture(timeline, criteria).savefig(
            buffer, format=kind, dpi=DPI, metadata={"Title": TITLE, **metadata[kind]}
        )
    return buffer.getvalue()


def lane_svg(
    lane: Lane,
    recording: Recording,
    name: str,
    shape: str,
    criteria: Criteria = DEFAULT_CRITERIA,
) -> str:
    """Draw a lane of a recording as an ``<svg>`` element with tooltips.

    Parameters
    ----------
    lane, recording
        What to draw, and the time axis.
    name : str
        Prefix of all ids.
    shape : str
        ``"wide"`` or, for phones, ``"narrow"``.
    criteria : Criteria
        What counts as an event.
    """
    width, ticks = _SHAPES[shape]
    top, left = 0.1, 0.45
    with plot_style():
        figure = new_figure(width, top + _AREA + _BAND + 0.28)
        bands = _bands(lane, recording, criteria)
        _draw_lane(figure, lane, recording, bands, (left, top, width - left - 0.2), _AREA, ticks)
        theme = THEME | COLORS
        svg = as_svg(figure, name=name, alt=in_words(lane), theme=theme)
    style = {"hours": recording.end >= 3600, "tenths": recording.end - recording.start < 60}
    titles = [
        f"<title>{label or 'no event'}, {clock(start, **style)} to {clock(end, **style)}</title>"
        for start, end, label in bands
    ]
    group = rf'<g id="{name}-band(\d+)">'
    return re.sub(group, lambda match: match[0] + titles[int(match[1])], svg)


def _picture(timeline: Timeline, criteria: Criteria) -> "Figure":
    chosen, others = drawn_lanes(timeline)
    names = known_names([lane for _, lanes in chosen for lane in lanes])
    colors = {name: color_of(name, chosen[0][1][0].names) for name in names}
    several = len(timeline.recordings) > 1
    block = max(_AREA + _BAND, _BAR * len(names))
    header, foot = 1.33, 0.12 + 0.16 * bool(others)
    heights = [0.28 * several + len(lanes) * (_TITLE_SPACE + block) + _AXIS for _, lanes in chosen]
    total = header + sum(heights) + foot
    figure = new_figure(_WIDTH, total)

    def write(left: float, top: float, text: str, **style: Any) -> None:
        figure.text(left / _WIDTH, 1 - top / total, text, va="top", **style)

    write(_LEFT, 0.14, TITLE, fontsize=12, fontweight="bold")
    write(_LEFT, 0.38, subtitle(timeline), fontsize=8.5, color=QUIET)
    for line, text in enumerate(how_to_read(timeline, criteria)):
        write(_LEFT, 0.55 + 0.17 * line, text, fontsize=8.5, color=QUIET)
    _draw_legend(figure, (_LEFT / _WIDTH, 1 - 0.99 / total), colors)
    top = header
    for recording, lanes in chosen:
        if several:
            write(_LEFT, top + 0.06, recording.source, fontsize=9.5, fontweight="bold")
            top += 0.28
        for lane in lanes:
            write(_LEFT, top + 0.1, lane.name, fontweight="bold")
            more = lane_text(lane, recording)
            write(_LEFT + 0.7, top + 0.1, more, fontsize=8.5, color=QUIET)
            top += _TITLE_SPACE
            ticks = 9 if lane is lanes[-1] else 0
            bands = _bands(lane, recording, criteria)
            place = (_LEFT, top, _PLOT)
            _draw_lane(figure, lane, recording, bands, place, block - _BAND, ticks)
            bars = _add_axes(figure, _LEFT + _PLOT + _BARS_LEFT, top, _BARS, block - 0.03)
            _draw_bars(bars, shares([lane]), colors)
            top += block
        top += _AXIS
    if others:
        write(_LEFT, top + 0.02, others_text(others), fontsize=8.5, color=QUIET)
    return figure


def _add_axes(figure: "Figure", left: float, top: float, width: float, height: float) -> "Axes":
    """Add axes without frame and ticks, placed in inches from the top left corner."""
    total_width, total = figure.get_size_inches()
    place = (left / total_width, 1 - (top + height) / total, width / total_width, height / total)
    axes = figure.add_axes(place)
    axes.spines[:].set_visible(False)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_ylim(0, 1)
    return axes


def _draw_legend(figure: "Figure", corner: tuple[float, float], colors: Mapping[str, str]) -> None:
    from matplotlib.patches import Patch

    handles = [Patch(label=name, color=colors[name], linewidth=0) for name in colors]
    handles.append(Patch(label="no face", facecolor="white", edgecolor=HAIR))
    style: dict[str, Any] = {"bbox_to_anchor": corner, "ncols": len(handles), "fontsize": 8.5}
    style |= {"handletextpad": 0.5, "columnspacing": 1.4, "borderpad": 0.0}
    style |= {"handlelength": 1.1, "handleheight": 1.1}
    figure.legend(handles=handles, loc="upper left", **style)


def _bands(lane: Lane, recording: Recording, criteria: Criteria) -> list[Band]:
    """Return start, end and emotion of the events of a lane, ``""`` for the time between them."""
    return list(steps_of(with_events(lane, criteria), recording, BAND_STEPS).bands())


def _draw_lane(
    figure: "Figure",
    lane: Lane,
    recording: Recording,
    bands: Sequence[Band],
    place: tuple[float, float, float],
    height: float,
    ticks: int,
) -> None:
    """Draw areas of a height above the band of a lane; place is left, top and width in inches."""
    left, top, width = place
    area = _add_axes(figure, left, top, width, height)
    band = _add_axes(figure, left, top + height, width, _BAND - 0.03)
    for axes in (area, band):
        axes.set_xlim(recording.start, recording.end)
    _draw_areas(area, lane, recording)
    _draw_bands(band, bands, lane.names, (recording.end - recording.start) / width)
    if ticks:
        moments, texts = tick_marks(recording, ticks)
        band.set_xticks(moments, texts, fontsize=8)
        band.tick_params(axis="x", length=3)


def _draw_areas(axes: "Axes", lane: Lane, recording: Recording) -> None:
    steps = steps_of(lane, recording, AREA_STEPS)
    if not steps.probabilities.any():
        style: dict[str, Any] = {"transform": axes.transAxes, "ha": "center", "color": QUIET}
        axes.text(0.5, 0.5, "no probabilities in the file", **style)
        return
    axes.set_yticks([0, 0.5, 1], ["0 %", "50 %", "100 %"], fontsize=7.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(True, axis="y")
    after = np.flatnonzero(steps.gaps()) + 1
    edges = np.append(np.insert(steps.start, after, steps.end[after - 1]), steps.end[-1])
    # Neutral on top, so that what deviates from it is stacked from 0.
    emotions = lane.names[:-1]
    order = sorted(range(len(emotions)), key=lambda column: emotions[column] == "neutral")
    tops = np.insert(steps.probabilities[:, order].cumsum(axis=1), after, np.nan, axis=0)
    # Each area reaches down to 0; the highest comes first, so that the next covers the rest.
    for column, top in reversed(list(zip(order, tops.T, strict=True))):
        if steps.probabilities[:, column].max() >= 0.001:
            color = color_of(emotions[column], emotions)
            axes.stairs(top, edges, fill=True, color=color, linewidth=0, clip_on=False)


def _draw_bands(axes: "Axes", bands: Sequence[Band], among: Sequence[str], inch: float) -> None:
    """Draw events over time; `among` are all classes, `inch` is the number of seconds per inch."""
    from matplotlib.patches import Rectangle

    for number, (start, end, name) in enumerate(bands):
        color = color_of(name, among)
        style: dict[str, Any] = {"color": color, "linewidth": 0, "clip_on": False}
        bottom, height = (0, 0.86) if name else (0.4, 0.06)
        band = Rectangle((start, bottom), end - start, height, **style)
        band.set_gid(f"band{number}")
        axes.add_patch(band)
        if name and (end - start) / inch > 0.12 + 0.066 * len(name):
            style = {"ha": "center", "va": "center_baseline", "fontsize": 7.5}
            axes.text((start + end) / 2, 0.42, name, color=_ink_on(name, color), **style)


def _draw_bars(axes: "Axes", parts: Mapping[str, float], colors: Mapping[str, str]) -> None:
    axes.set_xlim(0, 1)
    # The first at the top; few bars are no thicker than many.
    axes.set_ylim(max(len(colors), len(DEFAULT_EMOTIONS)) - 0.5, -0.5)
    for y, name in enumerate(colors):
        part = parts.get(name, 0.0)
        axes.barh(y, part, 0.72, color=colors[name])
        style: dict[str, Any] = {"va": "center_baseline", "color": INK if part else QUIET}
        axes.text(-0.04, y, name, ha="right", fontsize=8, **style)
        axes.text(part + 0.03, y, percent(part), fontsize=8, **style)


def _ink_on(name: str, color: str) -> str:
    """Return a readable color for text on the color of an emotion."""
    if name == "neutral":
        return INK  # a page darkens it with its theme, and INK turns light
    red, green, blue = bytes.fromhex(color[1:])
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 140 else "#111111"

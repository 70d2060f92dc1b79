"""The emotions over time as a picture, by matplotlib."""

import io
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from landmark_emotion.emotions import EMOTIONS, UNCERTAIN
from landmark_emotion.report.plots import GHOST, HAIR, INK, QUIET, plot_style
from landmark_emotion.report.timeline.colors import COLORS, WHITE_INK
from landmark_emotion.report.timeline.lanes import (
    NAMES,
    Lane,
    Recording,
    Timeline,
    drawn_lanes,
    known_names,
    shares,
)
from landmark_emotion.report.timeline.steps import AREA_STEPS, BAND_STEPS, steps_of
from landmark_emotion.report.timeline.words import (
    TITLE,
    how_to_read,
    in_words,
    lane_text,
    others_text,
    percent,
    subtitle,
    tick_marks,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# The picture, in inches.
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
_DPI = 200.0


def draw_timeline(timeline: Timeline, kind: str = "png") -> bytes:
    """Draw a timeline as a picture, a lane a face.

    Parameters
    ----------
    timeline : Timeline
        Of the faces, those seen for the longest time are drawn, up to `MAX_LANES`.
    kind : str
        ``"png"``, ``"svg"`` or ``"pdf"``.

    Returns
    -------
    bytes
        The file.

    Raises
    ------
    MissingPackageError
        If matplotlib is not installed.
    """
    buffer = io.BytesIO()
    lanes = (lane for _, lanes in drawn_lanes(timeline)[0] for lane in lanes)
    words = "; ".join(map(in_words, lanes))
    # Without a date the same results give the same file.
    metadata: dict[str, dict[str, Any]] = {
        "png": {"Description": words},
        "svg": {"Description": words, "Date": None},
        "pdf": {"Subject": words, "CreationDate": None},
    }
    with plot_style(), warnings.catch_warnings():
        # A name in a script that the font lacks is no reason to talk.
        warnings.filterwarnings("ignore", "Glyph .* missing")
        _figure(timeline).savefig(
            buffer, format=kind, dpi=_DPI, metadata={"Title": TITLE, **metadata[kind]}
        )
    return buffer.getvalue()


def _figure(timeline: Timeline) -> "Figure":
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    chosen, others = drawn_lanes(timeline)
    names = known_names(lane for _, lanes in chosen for lane in lanes)
    several = len(timeline.recordings) > 1
    block = max(_AREA + _BAND, _BAR * len(names))
    header, foot = 1.16, 0.12 + 0.16 * bool(others)
    heights = [0.28 * several + len(lanes) * (_TITLE_SPACE + block) + _AXIS for _, lanes in chosen]
    total = header + sum(heights) + foot
    figure = Figure(figsize=(_WIDTH, total), facecolor="white")
    FigureCanvasAgg(figure)

    def place(left: float, top: float, width: float, height: float) -> "Axes":
        """Make axes; inches from the left and the top."""
        inside = (left / _WIDTH, 1 - (top + height) / total, width / _WIDTH, height / total)
        axes: Axes = figure.add_axes(inside)
        return axes

    def write(left: float, top: float, text: str, **style: Any) -> None:
        figure.text(left / _WIDTH, 1 - top / total, text, va="top", **style)

    write(_LEFT, 0.14, TITLE, fontsize=12, fontweight="bold")
    write(_LEFT, 0.38, subtitle(timeline), fontsize=8.5, color=QUIET)
    write(_LEFT, 0.55, how_to_read(timeline), fontsize=8.5, color=QUIET)
    _draw_legend(place(_LEFT, 0.82, _WIDTH - 2 * _LEFT, 0.2), names)
    top = header
    for recording, lanes in chosen:
        if several:
            write(_LEFT, top + 0.06, recording.source, fontsize=9.5, fontweight="bold")
            top += 0.28
        for lane in lanes:
            write(_LEFT, top + 0.1, f"face {lane.face}", fontweight="bold")
            more = lane_text(lane, recording)
            write(_LEFT + 0.7, top + 0.1, more, fontsize=8.5, color=QUIET)
            top += _TITLE_SPACE
            area = place(_LEFT, top, _PLOT, block - _BAND)
            band = place(_LEFT, top + block - _BAND, _PLOT, _BAND - 0.03)
            _draw_areas(area, lane, recording)
            _draw_bands(band, lane, recording, lane is lanes[-1])
            bars = place(_LEFT + _PLOT + _BARS_LEFT, top, _BARS, block - 0.03)
            _draw_bars(bars, shares([lane]), names)
            top += block
        top += _AXIS
    if others:
        write(_LEFT, top + 0.02, others_text(others), fontsize=8.5, color=QUIET)
    return figure


def _draw_legend(axes: "Axes", names: Sequence[str]) -> None:
    from matplotlib.patches import Rectangle

    axes.set_axis_off()
    width = _WIDTH - 2 * _LEFT
    axes.set_xlim(0, width)
    axes.set_ylim(0, 0.2)
    x = 0.0
    for name in [*names, "no face"]:
        look = _look(name) if name in COLORS else {"facecolor": "white", "edgecolor": HAIR}
        axes.add_patch(Rectangle((x, 0.04), 0.13, 0.13, **look))
        axes.text(x + 0.19, 0.1, name, va="center_baseline", fontsize=8.5)
        x += 0.42 + 0.068 * len(name)


def _draw_areas(axes: "Axes", lane: Lane, recording: Recording) -> None:
    steps = steps_of(lane, recording, AREA_STEPS)
    _prepare(axes, recording)
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.5, 1], ["0 %", "50 %", "100 %"], fontsize=7.5)
    axes.tick_params(axis="y", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.grid(True, axis="y")
    if not steps.probabilities.any():
        axes.set_yticks([])
        style: dict[str, Any] = {"transform": axes.transAxes, "ha": "center", "color": QUIET}
        axes.text(0.5, 0.5, "no probabilities in the file", **style)
        return
    # Corners of the steps; NaN breaks the area at gaps.
    x, heights = [], []
    nothing = np.full((1, len(EMOTIONS)), np.nan)
    for part in steps.runs():
        corners = np.stack([steps.start[part], steps.end[part]], axis=1).ravel()
        x += [corners, corners[-1:]]
        heights += [np.repeat(steps.probabilities[part], 2, axis=0), nothing]
    moments, upper = np.concatenate(x), np.concatenate(heights).cumsum(axis=1)
    lower = np.zeros(len(moments))
    for name, top in zip(NAMES, upper.T, strict=False):
        axes.fill_between(moments, lower, top, color=COLORS[name][0], linewidth=0)
        lower = top


def _draw_bands(axes: "Axes", lane: Lane, recording: Recording, last: bool) -> None:
    from matplotlib.patches import Rectangle

    _prepare(axes, recording)
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    inch = (recording.end - recording.start) / _PLOT
    for start, end, name in steps_of(lane, recording, BAND_STEPS).bands():
        axes.add_patch(Rectangle((start, 0), end - start, 0.86, **_look(name)))
        if (end - start) / inch > 0.12 + 0.066 * len(name):
            ink = "white" if name in WHITE_INK else INK
            where = ((start + end) / 2, 0.42)
            axes.text(*where, name, ha="center", va="center_baseline", fontsize=7.5, color=ink)
    ticks, texts = tick_marks(recording)
    axes.set_xticks(ticks, texts if last else [], fontsize=8)
    axes.tick_params(axis="x", length=3 if last else 0)


def _draw_bars(axes: "Axes", parts: Mapping[str, float], names: Sequence[str]) -> None:
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    # From the top, no thicker where they are few.
    top = len(names) - 0.5
    axes.set_ylim(top - max(len(names), len(EMOTIONS) - 1), top)
    for y, name in enumerate(names):
        part = parts.get(name, 0.0)
        axes.barh(y, part, 0.72, **_look(name))
        style: dict[str, Any] = {
            "va": "center_baseline",
            "fontsize": 8,
            "color": INK if part else QUIET,
        }
        axes.text(-0.04, y, name, ha="right", **style)
        axes.text(part + 0.03, y, percent(part), **style)


def _prepare(axes: "Axes", recording: Recording) -> None:
    axes.set_xlim(recording.start, recording.end)
    axes.set_xticks([])


def _look(name: str) -> dict[str, Any]:
    """Return how matplotlib fills the patch of an emotion."""
    if name == UNCERTAIN:
        return {"facecolor": COLORS[name][0], "edgecolor": GHOST, "hatch": "////", "linewidth": 0}
    return {"facecolor": COLORS[name][0], "linewidth": 0}

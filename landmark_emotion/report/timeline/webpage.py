"""The emotions over time as a page that needs no network and no scripts."""

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from landmark_emotion.emotions import EMOTIONS
from landmark_emotion.report.page import html_table, style_sheet
from landmark_emotion.report.plots import INK
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
    clock,
    how_to_read,
    in_words,
    lane_text,
    others_text,
    percent,
    share_rows,
    subtitle,
    tick_marks,
)

_PAGE_STYLE = """
:root { %(day)s }
@media (prefers-color-scheme: dark) { :root { %(night)s } }
%(looks)s
.c-uncertain { background: repeating-linear-gradient(135deg, var(--uncertain) 0 4px,
  var(--ghost) 4px 5px); color: var(--ink) }
.legend { display: flex; flex-wrap: wrap; gap: 0.3rem 1.2rem; list-style: none; padding: 0;
  margin: 1rem 0 1.25rem; font-size: 0.875rem }
.legend span { display: inline-block; width: 0.9rem; height: 0.9rem; margin-right: 0.4rem;
  vertical-align: -0.1rem }
.nobody { border: 1px solid var(--hair) }
.lane { display: grid; grid-template-columns: 2.6rem minmax(0, 1fr) 13rem; column-gap: 0.6rem;
  padding: 0.9rem }
.time { padding-right: 0.8rem }
.scroll th:first-child { min-width: 4rem }
.lane figcaption { grid-column: 1 / -1; margin: 0 0 0.6rem }
.lane figcaption strong { color: var(--ink); margin-right: 0.75rem }
.scale { display: flex; flex-direction: column; justify-content: space-between; height: 8.2rem;
  margin: -0.6rem 0; text-align: right; font-size: 0.75rem; line-height: 1.2rem;
  color: var(--quiet); white-space: nowrap }
.lane svg { width: 100%%; height: 7rem; max-width: none }
.grid { stroke: var(--hair); fill: none; vector-effect: non-scaling-stroke }
.band { position: relative; height: 1.4rem; margin-top: 3px; font-size: 0.75rem;
  line-height: 1.4rem }
.band span { position: absolute; top: 0; bottom: 0; overflow: hidden; text-align: center }
.ticks { position: relative; height: 1.4rem; margin-top: 0.3rem; font-size: 0.75rem;
  color: var(--quiet); font-variant-numeric: tabular-nums }
.ticks span { position: absolute; transform: translateX(-50%%); white-space: nowrap }
.shares { width: 100%%; margin: 0; font-size: 0.8rem; line-height: 1.1 }
.shares th, .shares td { border: 0; padding: 0.06rem 0.5rem 0.06rem 0; font-weight: 400 }
.shares th { text-align: right; width: 5.2rem }
.shares td { text-align: left }
.bar { display: inline-block; height: 0.75rem; margin-right: 0.4rem; vertical-align: -0.08rem }
@media (max-width: 44rem) {
  .time { padding-right: 0 }
  .lane { grid-template-columns: 2.6rem minmax(0, 1fr); padding: 0.6rem 1.6rem 0.6rem 0.4rem }
  .shares { grid-column: 1 / -1; margin-top: 0.6rem }
  .ticks span:nth-child(even) { display: none }
  .band { font-size: 0 }
}
"""


def timeline_page(timeline: Timeline) -> bytes:
    """Write a timeline as an HTML page that needs nothing but itself.

    Parameters
    ----------
    timeline : Timeline
        Of the faces, those seen for the longest time are drawn, up to `MAX_LANES`.

    Returns
    -------
    bytes
        UTF-8.
    """
    chosen, others = drawn_lanes(timeline)
    names = known_names(timeline.lanes)
    title = f"{TITLE}: {timeline.name}"
    parts = [
        f"<h1>{TITLE}</h1>",
        f'<p class="quiet">{escape(subtitle(timeline))}</p>',
        f'<p class="quiet">{escape(how_to_read(timeline))}</p>',
        *(f'<p class="notice">{escape(note)}</p>' for note in timeline.notes),
        '<ul class="legend">',
        *(f'<li><span class="c-{name}"></span>{name}</li>' for name in names),
        '<li><span class="nobody"></span>no face</li></ul>',
    ]
    for recording, lanes in chosen:
        if len(timeline.recordings) > 1:
            parts.append(f"<h2>{escape(recording.source)}</h2>")
        parts += [_html_lane(lane, recording, names) for lane in lanes]
    if others:
        parts.append(f'<p class="quiet">{escape(others_text(others))}</p>')
    parts += [
        "<h2>Shares of time</h2>",
        html_table(share_rows(timeline)),
        '<footer class="quiet"><p>The model recognizes expressions: how a face is moved. What a '
        "person feels is another matter.</p></footer>",
    ]
    page = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{style_sheet()}{_page_style()}</style>\n"
        "</head>\n<body>\n" + "\n".join(parts) + "\n</body>\n</html>\n"
    )
    # A file's name need not be valid text.
    return page.encode("utf-8", "backslashreplace")


def _html_lane(lane: Lane, recording: Recording, names: Sequence[str]) -> str:
    parts = shares([lane])
    ticks = "".join(
        f'<span style="left:{_along(tick, recording):.2f}%">{text}</span>'
        for tick, text in zip(*tick_marks(recording), strict=True)
    )
    bars = "".join(
        f'<tr><th scope="row">{name}</th><td><span class="bar c-{name}" style="width:'
        f'{65 * parts.get(name, 0):.2f}%"></span>{escape(percent(parts.get(name, 0)))}</td></tr>'
        for name in reversed(names)
    )
    return (
        f'<figure class="lane"><figcaption><strong>face {lane.face}</strong> '
        f"{escape(lane_text(lane, recording))}</figcaption>"
        '<div class="scale" aria-hidden="true"><span>100&nbsp;%</span><span>50&nbsp;%</span>'
        "<span>0&nbsp;%</span></div>"
        f'<div class="time"><svg viewBox="0 0 1000 100" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(in_words(lane))}">{_svg_areas(lane, recording)}</svg>'
        f'<div class="band" aria-hidden="true">{_html_bands(lane, recording)}</div>'
        f'<div class="ticks" aria-hidden="true">{ticks}</div></div>'
        f'<table class="shares"><tbody>{bars}</tbody></table></figure>'
    )


def _svg_areas(lane: Lane, recording: Recording) -> str:
    """Draw each area down to the ground, the highest first, so that the next covers the rest."""
    steps = steps_of(lane, recording, AREA_STEPS)
    heights = 100 - 100 * np.minimum(steps.probabilities.cumsum(axis=1), 1)
    start, end = _along(steps.start, recording) * 10, _along(steps.end, recording) * 10
    paths = ['<path class="grid" d="M0 0H1000M0 50H1000M0 100H1000"/>']
    for column in reversed(range(len(EMOTIONS))):
        if steps.probabilities[:, column].max() < 0.001:
            continue
        lines = []
        for part in steps.runs():
            tops = zip(heights[part, column].tolist(), end[part].tolist(), strict=True)
            corners = "".join(f"V{top:.4g}H{right:.5g}" for top, right in tops)
            lines.append(f"M{start[part][0]:.5g} 100{corners}V100Z")
        paths.append(f'<path class="c-{NAMES[column]}" d="{"".join(lines)}"/>')
    return "".join(paths)


def _html_bands(lane: Lane, recording: Recording) -> str:
    bands = []
    tenths = recording.end - recording.start < 60
    for start, end, name in steps_of(lane, recording, BAND_STEPS).bands():
        left, right = _along(start, recording), _along(end, recording)
        span = " to ".join(clock(time, recording.end >= 3600, tenths) for time in (start, end))
        bands.append(
            f'<span class="c-{name}" style="left:{left:.3f}%;width:{right - left:.3f}%" '
            f'title="{name}, {span}">{name if right - left > 1.5 + 0.75 * len(name) else ""}</span>'
        )
    return "".join(bands)


def _along(time: Any, recording: Recording) -> Any:
    """Return how far along a recording a moment, or an array of them, lies, in percent."""
    return 100 * (time - recording.start) / (recording.end - recording.start)


def _page_style() -> str:
    day, night = (
        " ".join(f"--{name}: {colors[index]};" for name, colors in COLORS.items())
        for index in (0, 1)
    )
    looks = [
        f".c-{name} {{ background: var(--{name}); fill: var(--{name}); color: "
        + ("#ffffff" if name in WHITE_INK else "var(--ink)" if name in NAMES[-2:] else INK)
        + " }"
        for name in NAMES[:-1]
    ]
    return _PAGE_STYLE % {"day": day, "night": night, "looks": "\n".join(looks)}

"""Reports and timelines as HTML pages that need no other file, no network and no script.

Figures are embedded as SVG. Their colors are variables of the style sheet, so that a page follows
the light or dark theme of the reader, and it fits phones and desktops.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jinja2
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.emotions import COLORS, color_of
from landmark_emotion.formatting import interval, percent, plural
from landmark_emotion.report import LABELS
from landmark_emotion.report.plots.figure import THEME, Plot, as_svg, png_address
from landmark_emotion.report.summary import UNKNOWN_SUBJECTS, UNSEEN_PEOPLE
from landmark_emotion.report.timeline import words
from landmark_emotion.report.timeline.drawing import lane_svg
from landmark_emotion.report.timeline.events import DEFAULT_CRITERIA, Criteria
from landmark_emotion.report.timeline.lanes import Lane, Timeline, drawn_lanes, known_names, shares


def report_page(report: Mapping[str, Any], plots: Sequence[Plot]) -> bytes:
    """Render a report as UTF-8.

    Parameters
    ----------
    report : mapping
        From `summary.summarize`, with model, path, left_out, skipped, date and versions if known.
    plots : sequence of Plot
        In the order to show them.
    """
    trained = report["shuffled"] is not None
    names = [name for name in LABELS if report[name] is not None]
    return _render(
        "report.html",
        title=f"{'Training on' if trained else 'Evaluation on'} {report['data']['name']}",
        report=report,
        labels=[LABELS[name] for name in names],
        scores=[report[name] for name in names],
        plots=[(p, as_svg(p.figure, name=p.name, alt=p.alt, header=p.header)) for p in plots],
        facts=[(name, str(value)) for name, value in _facts(report) if value],
        skipped=[(item["path"], item["reason"]) for item in report.get("skipped") or ()],
        unknown_subjects=UNKNOWN_SUBJECTS,
        unseen_people=UNSEEN_PEOPLE,
    )


def network_page(
    report: Mapping[str, Any], plots: Sequence[Plot], pictures: Sequence[NDArray[np.uint8]] = ()
) -> bytes:
    """Render the report of the training of a network as UTF-8.

    Parameters
    ----------
    report : mapping
        As `landmark-emotion train-network` writes it.
    plots : sequence of Plot
        In the order to show them.
    pictures : sequence of ndarray of shape (height, width), uint8
        Those of the worst errors, in the order of ``report["errors"]``; none are shown if empty.
    """
    shown = [png_address(picture) for picture in pictures] or [""] * len(report["errors"])
    return _render(
        "network.html",
        title=f"Training of a network on {report['data']['name']}",
        report=report,
        scores=[report["test"], report["validation"]],
        plots=[(p, as_svg(p.figure, name=p.name, alt=p.alt, header=p.header)) for p in plots],
        errors=[e | {"picture": p} for e, p in zip(report["errors"], shown, strict=True)],
        facts=[(name, str(value)) for name, value in _network_facts(report) if value],
        skipped=[(item["path"], item["reason"]) for item in report["skipped"]],
        unknown_subjects=UNKNOWN_SUBJECTS,
    )


def timeline_page(timeline: Timeline, criteria: Criteria = DEFAULT_CRITERIA) -> bytes:
    """Render a timeline as UTF-8; up to `MAX_LANES` lanes are drawn, as in a picture."""
    chosen, others = drawn_lanes(timeline)
    groups = []
    for number, (recording, lanes) in enumerate(chosen):
        made = []
        for row, lane in enumerate(lanes):
            name = f"lane{number}-{row}"
            drawn = {
                shape: lane_svg(lane, recording, f"{name}-{shape}", shape, criteria)
                for shape in ("wide", "narrow")
            }
            text = words.lane_text(lane, recording)
            made.append({"name": lane.name, "text": text, "shares": shares([lane]), **drawn})
        groups.append((recording.source, made))
    return _render(
        "timeline.html",
        title=f"{words.TITLE}: {timeline.name}",
        heading=words.TITLE,
        subtitle=words.subtitle(timeline),
        how_to_read=words.how_to_read(timeline, criteria),
        notes=timeline.notes,
        fills=_fills(timeline.lanes),
        groups=groups,
        others=words.others_text(others) if others else "",
        share_rows=words.share_rows(timeline, criteria),
    )


def _fills(lanes: list[Lane]) -> dict[str, str]:
    """Return what to fill with for each name that occurs: emotions follow the theme of a page."""
    among = lanes[0].names
    return {
        name: f"var(--{name})" if name in COLORS else color_of(name, among)
        for name in known_names(lanes)
    }


def _render(template: str, **values: Any) -> bytes:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("landmark_emotion.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": percent,
        "interval": lambda ends: interval(*ends),
        "decimals": "{:.2f}".format,
        "plural": plural,
    }
    page = environment.get_template(template).render(colors=THEME | COLORS, **values)
    # File names need not be valid text.
    return page.encode("utf-8", "backslashreplace")


def _facts(report: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "data set", report.get("path") or report["data"]["name"]
    yield "layout", report["data"].get("layout")
    yield "subjects", report["subjects"] or "unknown"
    for name, key in (
        ("shuffled splits", "shuffled"),
        ("splits grouped by sequence", "shuffled_sequences_apart"),
    ):
        runs = report[key]
        yield name, ", ".join(map(percent, runs["accuracies"])) if runs else ""
    yield "model", report.get("model", {}).get("path")
    yield "recipe", _pairs(report["recipe"] or {})
    left_out = report.get("left_out") or {}
    yield "left out", ", ".join(f"{n} x {why}" for why, n in left_out.items())
    yield "date", report.get("date")
    yield "versions", _pairs(report.get("versions") or {})


def _network_facts(report: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "data set", report["path"]
    yield "layout", report["data"]["layout"]
    yield "parts", "; ".join(report["notes"]) or "as the data set divides them"
    yield "votes", report["votes"]
    yield "subjects", report["subjects"] or "unknown"
    yield "taken whole, as no face was found", report["whole"]
    yield "left out", ", ".join(f"{n} x {why}" for why, n in report["left_out"].items())
    yield "network", _pairs(report["network"])
    yield "architecture", _pairs(report["settings"]["architecture"])
    yield "schedule", _pairs(report["settings"]["schedule"])
    yield "epoch", f"{report['best']} of {len(report['history'])}, by validation accuracy"
    yield "temperature", f"{report['temperature']:.2f}, fitted on validation"
    yield "date", report.get("date")
    yield "versions", _pairs(report.get("versions") or {})


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_value(value)}" for name, value in values.items())


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"({_pairs(value)})"
    if isinstance(value, list | tuple):
        return " and ".join(map(_value, value)) or "none"
    return "automatic" if value is None else str(value)

"""A report as one HTML page that needs nothing but itself.

No script, no network, no other file: plots stand in it as SVG, whose colors follow the style
sheet, so that the page is readable by day and by night, on a phone and on a desk.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from landmark_emotion.report.plots import COLORS, Plot, as_svg

_WHY_BELIEVE_IT = (
    "For new people believe the score on people not in training, not the shuffled one: in shuffled "
    "splits other pictures of the same person are in training."
)

_DARK = {
    "first": "#56b4e9",
    "second": "#e69f00",
    "ink": "#e6e9ec",
    "quiet": "#a7aeb5",
    "ghost": "#6c747c",
    "hair": "#333a41",
}

_SCORES = (
    "faces",
    "with an own neutral face",
    "accuracy",
    "its 95 % interval",
    "balanced accuracy",
    "its 95 % interval",
    "macro F1",
    "calibration error",
    "log loss",
    "accuracy on the surest 80 %",
)

_STYLE = """
:root { color-scheme: light dark; --paper: #ffffff; --card: #ffffff; %(light)s }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14171a; --card: #1a1e22; %(dark)s }
}
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 74rem; padding: 1.25rem clamp(0.75rem, 3vw, 2rem) 3rem;
  background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif;
  overflow-wrap: anywhere }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 0.25rem }
h2 { font-size: 1.15rem; line-height: 1.3; margin: 2.5rem 0 0.75rem }
h3 { font-size: 1rem; line-height: 1.3; margin: 0 0 0.6rem }
p { margin: 0.4rem 0; max-width: 46rem }
.quiet, figcaption, summary { color: var(--quiet) }
.notice { border-left: 4px solid var(--second); padding: 0.3rem 0.8rem; margin: 1rem 0 }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: 0.75rem;
  margin: 1.25rem 0 0.75rem }
.tiles div, figure { background: var(--card); border: 1px solid var(--hair); border-radius: 8px }
.tiles div { padding: 0.7rem 0.9rem }
.tiles dt { color: var(--quiet); font-size: 0.85rem; line-height: 1.3 }
.tiles dd { margin: 0.15rem 0 0; font-size: 1.5rem; font-weight: 650; line-height: 1.2 }
.tiles small { display: block; font-size: 0.8rem; font-weight: 400; color: var(--quiet) }
.plots { columns: 2 26rem; column-gap: 1rem }
figure { margin: 0 0 1rem; padding: 0.9rem; break-inside: avoid }
figure svg { display: block; width: 100%%; max-width: 36rem; height: auto; margin: 0 auto }
@media (max-width: 30rem) { figure { padding: 0.6rem 0.4rem } .tiles div { padding: 0.6rem } }
svg * { stroke-linejoin: round; stroke-linecap: butt }
figcaption { font-size: 0.875rem; margin-top: 0.6rem; line-height: 1.4 }
details { margin-top: 0.6rem; font-size: 0.875rem }
summary { cursor: pointer }
.scroll { overflow-x: auto; overflow-wrap: normal }
table { border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums;
  margin: 0.4rem 0 }
th, td { padding: 0.25rem 0.7rem 0.25rem 0; text-align: right; vertical-align: top;
  border-bottom: 1px solid var(--hair); white-space: nowrap }
th { font-weight: 600 }
thead th { white-space: normal; vertical-align: bottom; color: var(--quiet) }
th:first-child { text-align: left; white-space: normal }
.texts td { text-align: left; white-space: normal; overflow-wrap: anywhere }
footer { margin-top: 2.5rem; font-size: 0.875rem }
"""


def report_page(report: Mapping[str, Any], plots: Sequence[Plot]) -> bytes:
    """Write a report as an HTML page.

    Parameters
    ----------
    report : mapping
        What `report.training_report` or `report.evaluation_report` gathered, and, where known,
        path, left_out, skipped, date and versions. JSON values.
    plots : sequence of Plot
        In the order to show them.

    Returns
    -------
    bytes
        UTF-8.
    """
    trained = report.get("shuffled") is not None
    data = report["data"]
    title = f"{'Training on' if trained else 'Evaluation on'} {data['name']}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="quiet">{escape(_subtitle(report, trained))}</p>',
        *_notices(report, trained),
        _tiles(report, trained),
        *([f"<p>{escape(_WHY_BELIEVE_IT)}</p>"] if trained and report["subjects"] else []),
    ]
    if plots:
        parts += ["<h2>Plots</h2>", '<div class="plots">', *map(_figure, plots), "</div>"]
    parts += [
        "<h2>Scores</h2>",
        html_table(_score_rows(report)),
        "<h2>Emotions</h2>",
        html_table(_emotion_rows(report)),
        *_confusions(report),
        "<h2>Data</h2>",
        html_table(_data_rows(report), "texts"),
        *_skipped(report),
        '<footer class="quiet"><p>The model recognizes expressions: how a face is moved. What a '
        "person feels is another matter. The same numbers are in report.json.</p></footer>",
    ]
    head = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{style_sheet()}</style>\n</head>\n<body>\n"
    )
    page = head + "\n".join(parts) + "\n</body>\n</html>\n"
    # A file's name need not be valid text.
    return page.encode("utf-8", "backslashreplace")


def style_sheet() -> str:
    """Make the style of a page, by day and by night."""
    light, dark = (
        " ".join(f"--{name}: {color};" for name, color in colors.items())
        for colors in (COLORS, _DARK)
    )
    return _STYLE % {"light": light, "dark": dark}


def _subtitle(report: Mapping[str, Any], trained: bool) -> str:
    n, subjects = report["static"]["n"], report["subjects"]
    people = f" of {subjects} subjects" if subjects else ", subjects unknown"
    judged = "" if trained else f"; model {report['model']['name']}"
    return f"{n} faces{people}{judged}; {report['static']['protocol']}"


def _notices(report: Mapping[str, Any], trained: bool) -> list[str]:
    notices = []
    if report["data"].get("drawn"):
        notices.append(
            "These are drawn faces. The scores show that the program works, not how well real "
            "faces are recognized."
        )
    if trained and not report["subjects"]:
        notices.append("Who is who is unknown here; new people may well be recognized worse.")
    if not trained:
        notices.append(
            "The model was fitted elsewhere. The scores tell about new people only if nobody in "
            "this data set was in its training."
        )
    return [f'<p class="notice">{escape(notice)}</p>' for notice in notices]


def _tiles(report: Mapping[str, Any], trained: bool) -> str:
    static, calibrated = report["static"], report["calibrated"]
    name = "on this data set"
    if trained:
        name = "on people not in training" if report["subjects"] else "on faces not in training"
    tiles = [_judged_tile(f"accuracy {name}", static)]
    if calibrated is not None:
        tiles.append(_judged_tile("the same, own neutral face known", calibrated))
    if trained:
        runs = report["shuffled"]
        text = (
            f"mean of {len(runs['accuracies'])}, deviation {_percent(runs['standard_deviation'])}"
        )
        tiles.append(("shuffled splits", _percent(runs["mean"]), text))
    majority = _percent(static["majority_baseline"])
    tiles.append(("always the commonest emotion", majority, "what any model must beat"))
    return (
        '<dl class="tiles">'
        + "".join(
            f"<div><dt>{escape(label)}</dt><dd>{value}<small>{escape(more)}</small></dd></div>"
            for label, value, more in tiles
        )
        + "</dl>"
    )


def _judged_tile(label: str, values: Mapping[str, Any]) -> tuple[str, str, str]:
    interval = _span(values["interval_95"]["accuracy"])
    return label, _percent(values["accuracy"]), f"95 % interval {interval}"


def _figure(plot: Plot) -> str:
    colors = "|".join(COLORS.values())
    names = {color: name for name, color in COLORS.items()}
    svg = re.sub(colors, lambda match: f"var(--{names[match[0]]})", as_svg(plot))
    return (
        f"<figure><h3>{escape(plot.title)}</h3>{svg}<figcaption>{escape(plot.caption)}</figcaption>"
        f"<details><summary>The numbers</summary>{html_table(plot.rows)}</details></figure>"
    )


def html_table(rows: Iterable[Sequence[str]], kind: str = "") -> str:
    """Write a table; where it is of texts it has no head, otherwise the first row is that."""
    rows = list(rows)
    attribute = f' class="{kind}"' if kind else ""
    lines = [f'<div class="scroll"><table{attribute}>']
    if not kind:
        head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in rows.pop(0))
        lines.append(f"<thead><tr>{head}</tr></thead>")
    lines.append("<tbody>")
    for first, *cells in rows:
        line = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        lines.append(f'<tr><th scope="row">{escape(first)}</th>{line}</tr>')
    return "\n".join([*lines, "</tbody></table></div>"])


def _judged(report: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [report[name] for name in ("static", "calibrated") if report[name] is not None]


def _heads(report: Mapping[str, Any]) -> list[str]:
    return ["face as it is", "own neutral face known"][: len(_judged(report))]


def _score_rows(report: Mapping[str, Any]) -> list[Sequence[str]]:
    columns = [
        [
            str(values["n"]),
            str(values["n_with_own_neutral"]),
            _percent(values["accuracy"]),
            _span(values["interval_95"]["accuracy"]),
            _percent(values["balanced_accuracy"]),
            _span(values["interval_95"]["balanced_accuracy"]),
            f"{values['macro_f1']:.3f}",
            f"{values['calibration_error']:.3f}",
            f"{values['log_loss']:.3f}",
            _percent(values["accuracy_at_80_percent_coverage"]),
        ]
        for values in _judged(report)
    ]
    return [["", *_heads(report)], *zip(_SCORES, *columns, strict=True)]


def _emotion_rows(report: Mapping[str, Any]) -> list[Sequence[str]]:
    judged = _judged(report)
    heads = _heads(report)
    rows: list[Sequence[str]] = [
        [
            "emotion",
            "faces",
            *(f"{what}, {head}" for head in heads for what in ("recall", "95 %", "precision")),
        ]
    ]
    for emotion, count in report["counts"].items():
        cells = [emotion, str(count)]
        for values in judged:
            known = emotion in values["recall"]
            precision = values["precision"].get(emotion)
            cells += [
                _percent(values["recall"][emotion]) if known else "",
                _span(values["interval_95"]["recall"][emotion]) if known else "",
                _percent(precision) if precision is not None else "never named",
            ]
        rows.append(cells)
    return rows


def _confusions(report: Mapping[str, Any]) -> list[str]:
    parts = []
    for head, values in zip(_heads(report), _judged(report), strict=True):
        confusion = values["confusion"]
        rows = [["shown, recognized as", *confusion]]
        rows += [
            [emotion, *(str(count) for count in row.values())] for emotion, row in confusion.items()
        ]
        parts.append(
            f"<details><summary>Confusion matrix, {head}</summary>{html_table(rows)}</details>"
        )
    return parts


def _data_rows(report: Mapping[str, Any]) -> list[Sequence[str]]:
    data, info = report["data"], report.get("versions") or {}
    facts = [
        ("data set", report.get("path") or data["name"]),
        ("read as", data.get("layout")),
        ("subjects", report["subjects"] or "unknown"),
        ("model", report.get("model", {}).get("path")),
        ("recipe", _pairs(report.get("recipe") or {})),
        (
            "left out",
            ", ".join(f"{n} x {why}" for why, n in (report.get("left_out") or {}).items()),
        ),
        ("date", report.get("date")),
        ("versions", _pairs(info)),
    ]
    if report.get("shuffled"):
        accuracies = report["shuffled"]["accuracies"]
        runs = ", ".join(f"{accuracy:.4f}" for accuracy in accuracies)
        facts.insert(3, ("shuffled splits", runs))
    if report.get("shuffled_sequences_apart"):
        accuracies = report["shuffled_sequences_apart"]["accuracies"]
        runs = ", ".join(f"{accuracy:.4f}" for accuracy in accuracies)
        facts.insert(4, ("the same, sequences kept together", runs))
    return [(name, str(value)) for name, value in facts if value]


def _skipped(report: Mapping[str, Any]) -> list[str]:
    skipped = report.get("skipped") or []
    if not skipped:
        return []
    rows = [(item["path"], item["reason"]) for item in skipped]
    return [
        f"<details><summary>{len(skipped)} images were skipped</summary>"
        f"{html_table(rows, 'texts')}</details>"
    ]


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_value(value)}" for name, value in values.items())


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"({_pairs(value)})"
    if isinstance(value, list | tuple):
        return " and ".join(map(_value, value)) or "none"
    return "chosen by the data" if value is None else str(value)


def _percent(value: float) -> str:
    return f"{100 * value:.1f}\u00a0%"


def _span(ends: Sequence[float]) -> str:
    return f"{100 * ends[0]:.1f} to {100 * ends[1]:.1f}\u00a0%"

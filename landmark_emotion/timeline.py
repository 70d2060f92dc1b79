"""The emotions over time: rows that ``webcam`` wrote, as lanes, as a picture and as a page.

Reading is tolerant: what cannot be used is counted, told and left out. A row holds until the next
frame of its source, so shares are shares of time, whatever the rate of the frames.
"""

import csv
import importlib
import io
import json
import math
import os
import re
import warnings
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.emotions import EMOTIONS
from landmark_emotion.errors import MissingPackageError, ReportError
from landmark_emotion.files import open_regular
from landmark_emotion.page import _style_sheet as style_sheet
from landmark_emotion.page import _table as html_table
from landmark_emotion.plots import GHOST, HAIR, INK, QUIET
from landmark_emotion.plots import _style as plot_style
from landmark_emotion.prediction import UNCERTAIN

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAMES = (*(emotion for emotion in EMOTIONS if emotion != "neutral"), "neutral", UNCERTAIN)
"""What a face can be said to show, in the order it is stacked and listed."""

MAX_BYTES = 2**30
MAX_ROWS = 10**7
"""More are not read from Parquet, of which a small file can hold any number."""
MAX_LANES = 12
"""More lanes are not drawn; those seen for the longest time are."""

# By day and by night. Most are of Okabe and Ito (2008), "Color universal design".
_COLOURS = {
    "anger": ("#d55e00", "#e0701c"),
    "contempt": ("#882255", "#b9558b"),
    "disgust": ("#009e73", "#12ab80"),
    "fear": ("#cc79a7", "#d58ab3"),
    "happiness": ("#f0c228", "#e8bd2c"),
    "sadness": ("#0072b2", "#2f8fca"),
    "surprise": ("#56b4e9", "#6cc0ef"),
    "neutral": ("#c6ccd2", "#59616a"),
    UNCERTAIN: ("#eceef0", "#2b3137"),
}
_WHITE_INK = ("anger", "contempt", "disgust", "sadness")

# How many steps are drawn across a lane at most: few enough to be told apart, and as many as seen.
_AREA_STEPS = 300
_BAND_STEPS = 1200
_STALL = 2.0  # seconds; longer steps between neighbouring frames are taken for a standstill
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600)
_DAY = 86400.0
_LONGEST = 2**20  # characters of a line that are read
_BATCH = 1000  # rows of Parquet that are read at once
_LATEST = 1e9  # seconds

_TITLE = "Emotions over time"
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

_REMEDY = "give what 'landmark-emotion webcam --format csv' (or json) wrote"
_COLUMNS = ("source", "frame", "face", "emotion")
_P_COLUMNS = tuple(f"p_{name}" for name in NAMES[:-1])

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Lane:
    """What one face showed, row by row; n rows, sorted by time.

    Attributes
    ----------
    face : int
        Its number.
    time : ndarray of shape (n,)
        When it was seen, in seconds.
    hold : ndarray of shape (n,)
        For how long that stood, in seconds: until the next frame.
    shown : ndarray of shape (n,), int
        Indices into `NAMES`.
    probabilities : ndarray of shape (n, 8)
        In the order of `NAMES` (the last of which has none); NaN where unknown.
    """

    face: int
    time: Floats
    hold: Floats
    shown: NDArray[np.int64]
    probabilities: Floats

    @property
    def seconds(self) -> float:
        """For how long the face was seen."""
        return float(self.hold.sum())

    def totals(self) -> Floats:
        """Return the seconds for which each of `NAMES` stood, shape (9,)."""
        return np.bincount(self.shown, self.hold, len(NAMES)).astype(np.float64)


@dataclass(frozen=True)
class Recording:
    """A source from beginning to end.

    Attributes
    ----------
    source : str
        Its name, different from that of every other recording.
    start, end : float
        Seconds.
    lanes : tuple of Lane
        By the number of the face.
    """

    source: str
    start: float
    end: float
    lanes: tuple[Lane, ...]


@dataclass(frozen=True)
class Timeline:
    """What a file of results holds.

    Attributes
    ----------
    name : str
        The file's.
    recordings : tuple of Recording
        Those with a face, in the order of the file.
    notes : tuple of str
        What was left out, for the user.
    """

    name: str
    recordings: tuple[Recording, ...]
    notes: tuple[str, ...] = ()

    @property
    def lanes(self) -> list[Lane]:
        """All lanes of all recordings."""
        return [lane for recording in self.recordings for lane in recording.lanes]


def shares(lanes: Iterable[Lane]) -> dict[str, float]:
    """Compute for which share of the time each emotion stood, while a face was seen.

    Parameters
    ----------
    lanes : iterable of Lane
        One or more.

    Returns
    -------
    dict of str to float
        For each of `NAMES` that the lanes know; they sum to 1.
    """
    lanes = list(lanes)
    totals = np.sum([lane.totals() for lane in lanes], axis=0)
    parts = dict(zip(NAMES, (totals / totals.sum()).tolist(), strict=True))
    return {name: parts[name] for name in known_names(lanes)}


def known_names(lanes: Iterable[Lane]) -> list[str]:
    """List the `NAMES` that occur in lanes, be it as a probability."""
    known = np.zeros(len(NAMES), dtype=bool)
    for lane in lanes:
        known |= lane.totals() > 0
        known[:-1] |= np.isfinite(lane.probabilities).any(axis=0)
    return [name for name, here in zip(NAMES, known, strict=True) if here]


def read_timeline(path: str | os.PathLike[str]) -> Timeline:
    """Read the results of watching a camera or video.

    Parameters
    ----------
    path : path-like
        CSV or JSON Lines as `records` makes them, or CSV's columns as Parquet. Several may have
        been joined, and further columns do not matter.

    Returns
    -------
    Timeline
        With at least one face.

    Raises
    ------
    ReportError
        If the file is missing, holds no such results or no face over time.
    MissingPackageError
        If it is Parquet, and pandas or pyarrow is not installed.
    """
    path = Path(path)
    rows = _Rows()
    try:
        with open_regular(path) as file:
            if os.fstat(file.fileno()).st_size > MAX_BYTES:
                raise ReportError(f"{path}: is larger than 1 GB; split it")
        for number, entry in _entries(path):
            rows.add(number, entry)
    except FileNotFoundError as error:
        raise ReportError(f"{path}: no such file; check the path") from error
    except OSError as error:
        reason = error.strerror or error
        raise ReportError(f"{path}: cannot be read ({reason}); check the path") from error
    if not rows.time:
        if rows.columns and "time" not in rows.columns:
            raise ReportError(f"{path}: has no column 'time'; {_REMEDY}")
        what = "holds no row that can be used" if rows.damaged or rows.unreadable else "is empty"
        raise ReportError(f"{path}: {what}; {_REMEDY}")
    recordings = rows.recordings(path.name)
    if not any(rows.face):
        raise ReportError(f"{path}: no face in any row, so there is nothing to draw; {_REMEDY}")
    lasting = [recording for recording in recordings if recording.end > recording.start]
    with_face = [recording for recording in lasting if recording.lanes]
    if not with_face:
        raise ReportError(f"{path}: holds single images, which have no time; {_REMEDY}")
    notes = rows.notes()
    if len(lasting) < len(recordings):
        notes.append(f"{_count(len(recordings) - len(lasting), 'single image')} left out")
    if len(with_face) < len(lasting):
        notes.append(f"{_count(len(lasting) - len(with_face), 'source')} without a face left out")
    return Timeline(path.name, tuple(with_face), tuple(notes))


def _entries(path: Path) -> Iterator[tuple[int, Mapping[str, Any] | None]]:
    """Yield the number of each line and its values by column; None where it is damaged."""
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(b"PAR1"):
        yield from enumerate(_parquet_rows(path), start=1)
        return
    # What Windows PowerShell writes behind a ">" is UTF-16.
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    if b"\0" in head and not wide:
        raise ReportError(f"{path}: is neither text nor Parquet; {_REMEDY}")
    with path.open(encoding="utf-16" if wide else "utf-8-sig", errors="replace") as file:
        yield from _text_rows(_lines(file))


def _lines(file: TextIO) -> Iterator[str]:
    """Yield lines; of one that is longer than any row, the beginning."""
    while line := file.readline(_LONGEST):
        yield line
        while len(line) == _LONGEST and not line.endswith("\n"):
            line = file.readline(_LONGEST)


def _text_rows(lines: Iterable[str]) -> Iterator[tuple[int, Mapping[str, Any] | None]]:
    header: list[str] = []
    is_json: bool | None = None
    for number, line in enumerate(lines, start=1):
        line = line.strip()
        if not line:
            continue
        if is_json is None:
            is_json = line.startswith("{")
        if is_json:
            yield number, _json_row(line)
            continue
        try:
            (cells,) = csv.reader([line], strict=True)
        except csv.Error:
            yield number, None
            continue
        if not header or ("time" in cells and "emotion" in cells):
            header = cells  # once more where files were joined
        else:
            whole = len(cells) == len(header)
            yield number, dict(zip(header, cells, strict=True)) if whole else None


def _json_row(line: str) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict):
        return None
    probabilities = row.get("probabilities")
    if isinstance(probabilities, dict):
        row |= {f"p_{name}": value for name, value in probabilities.items()}
    return row


def _parquet_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        # By name, since nothing else here needs it.
        parquet = importlib.import_module("pyarrow.parquet")
        with parquet.ParquetFile(path) as file:
            if file.metadata.num_rows > MAX_ROWS:
                raise ReportError(f"{path}: holds more than 10 million rows; split it")
            names = set(file.schema_arrow.names)
            if "time" not in names:
                raise ReportError(f"{path}: has no column 'time'; {_REMEDY}")
            known = [name for name in (*_COLUMNS, *_P_COLUMNS, "time", "error") if name in names]
            for batch in file.iter_batches(_BATCH, columns=known):
                yield from batch.to_pylist()
    except ImportError as error:
        raise MissingPackageError(
            f"{path}: reading Parquet takes pandas and pyarrow; run 'pip install pandas pyarrow'"
        ) from error
    except ReportError:
        raise
    # What a damaged file can make pyarrow raise has no common root.
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise ReportError(f"{path}: damaged or no Parquet ({reason}); {_REMEDY}") from error


@dataclass
class _Rows:
    """Columns that grow row by row."""

    sources: dict[str, int] = field(default_factory=dict)
    source: "array[int]" = field(default_factory=lambda: array("q"))
    frame: "array[float]" = field(default_factory=lambda: array("d"))
    time: "array[float]" = field(default_factory=lambda: array("d"))
    face: "array[int]" = field(default_factory=lambda: array("q"))  # 0: no face
    shown: "array[int]" = field(default_factory=lambda: array("b"))
    probabilities: "array[float]" = field(default_factory=lambda: array("f"))
    columns: set[str] = field(default_factory=set)
    damaged: int = 0
    first_damaged: int = 0
    unreadable: int = 0

    def add(self, number: int, entry: Mapping[str, Any] | None) -> None:
        if entry is not None and not self.columns.issuperset(entry):
            self.columns.update(entry)
        try:
            if entry is None:
                raise ValueError("not a row")
            self._add(entry)
        except (ValueError, TypeError, OverflowError):
            self.damaged += 1
            self.first_damaged = self.first_damaged or number

    def _add(self, entry: Mapping[str, Any]) -> None:
        if _text(entry.get("error")):
            self.unreadable += 1
            return
        time, frame = _number(entry.get("time")), _number(entry.get("frame"))
        if not 0 <= time < _LATEST or not (math.isnan(frame) or frame == int(frame)):
            raise ValueError("not a moment")
        values = [_number(entry.get(column)) for column in _P_COLUMNS]
        if any(value < 0 or value > 1.000001 for value in values):
            raise ValueError("not probabilities")
        emotion = _text(entry.get("emotion"))
        if not emotion and not all(map(math.isnan, values)):
            emotion = NAMES[int(np.nanargmax(values))]
        number = _number(entry.get("face", 1 if emotion else None))
        face = 0 if math.isnan(number) else int(number)
        if math.isnan(number) != (not emotion) or (emotion and (face < 1 or face != number)):
            raise ValueError("not a face")
        shown = NAMES.index(emotion) if emotion else -1
        self.face.append(face)  # the one that can still fail, for a number beyond 64 bits
        source = _text(entry.get("source"))
        self.source.append(self.sources.setdefault(source, len(self.sources)))
        self.frame.append(frame)
        self.time.append(round(time, 6))
        self.shown.append(shown)
        self.probabilities.extend(values)

    def notes(self) -> list[str]:
        notes = []
        if self.damaged:
            lines = _count(self.damaged, "damaged line")
            notes.append(f"{lines} left out, the first of them line {self.first_damaged}")
        if self.unreadable:
            notes.append(f"{_count(self.unreadable, 'source')} that could not be read left out")
        missing = [column for column in _COLUMNS if column not in self.columns]
        if not self.columns.intersection(_P_COLUMNS):
            missing.append("p_anger ... p_surprise")
        if missing:
            notes.append(f"has no column {', '.join(missing)}; drawn without")
        return notes

    def recordings(self, name: str) -> list[Recording]:
        """Sort the rows into recordings and lanes; `name` is for rows that tell no source."""
        source, frame, time = (np.array(c) for c in (self.source, self.frame, self.time))
        face, shown = np.array(self.face), np.array(self.shown, dtype=np.int64)
        probabilities = np.array(self.probabilities, dtype=np.float64).reshape(len(time), -1)
        made = []
        labels = _labels(list(self.sources), name)
        for number, of_source in _groups(source):
            label = labels[number]
            order = np.where(np.isnan(frame), time, frame)[of_source]
            starts = [0, *_restarts(order, face[of_source]), len(of_source)]
            for run, (first, last) in enumerate(pairwise(starts), start=1):
                which = of_source[first:last]
                which = which[np.argsort(time[which], kind="stable")]
                made.append(
                    _recording(
                        label if run == 1 else f"{label} ({run})",
                        frame[which],
                        time[which],
                        face[which],
                        shown[which],
                        probabilities[which],
                    )
                )
        return made


def _recording(
    label: str,
    frame: Floats,
    time: Floats,
    face: NDArray[np.int64],
    shown: NDArray[np.int64],
    probabilities: Floats,
) -> Recording:
    """Make a recording of its rows, sorted by time."""
    moments, first, which = np.unique(time, return_index=True, return_inverse=True)
    steps, passed = np.diff(moments), np.diff(frame[first])
    passed = np.where(passed > 1, passed, 1)  # also where frames have no numbers
    usual = float(np.median(steps / passed)) if len(steps) else 0.0
    # What stood while frames were not written still stands; a camera that stood still saw nothing.
    stalled = (passed == 1) & (steps > max(_STALL, 5 * usual))
    hold = np.append(np.where(stalled, usual, steps), usual)
    lanes = []
    for number, rows in _groups(face):
        if not number:
            continue
        # Of several rows at a moment, the last counts.
        rows = rows[np.append(np.diff(time[rows]) > 0, True)]
        lanes.append(Lane(number, time[rows], hold[which[rows]], shown[rows], probabilities[rows]))
    end = float(moments[-1] + hold[-1])
    return Recording(label, float(moments[0]), end, tuple(lanes))


def _groups(keys: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Yield each key and where it stands, in order."""
    order = np.argsort(keys, kind="stable")
    for part in _slices(np.diff(keys[order]) != 0):
        yield int(keys[order[part.start]]), order[part]


@dataclass(frozen=True)
class _Steps:
    """What is drawn of a lane: m steps, of constant height each."""

    start: Floats
    end: Floats
    probabilities: Floats  # (m, 8), 0 where unknown
    shown: NDArray[np.int64]

    def runs(self) -> Iterator[slice]:
        """Return the stretches without a gap."""
        yield from _slices(self._gaps())

    def bands(self) -> Iterator[tuple[float, float, str]]:
        """Return from when to when what was shown."""
        for part in _slices(self._gaps() | (np.diff(self.shown) != 0)):
            name = NAMES[self.shown[part][0]]
            yield float(self.start[part][0]), float(self.end[part][-1]), name

    def _gaps(self) -> NDArray[np.bool_]:
        return np.asarray(self.start[1:] - self.end[:-1] > 1e-6)


def _slices(breaks: NDArray[np.bool_]) -> Iterator[slice]:
    """Cut where there is a break between an item and the next."""
    ends = [0, *(np.flatnonzero(breaks) + 1).tolist(), len(breaks) + 1]
    for first, last in pairwise(ends):
        yield slice(first, last)


def _steps(lane: Lane, recording: Recording, most: int) -> _Steps:
    """Return the rows of a lane, or means over equal steps of the recording if they are more."""
    end = lane.time + lane.hold
    probabilities = np.nan_to_num(lane.probabilities)
    if len(end) <= most:
        return _Steps(lane.time, end, probabilities, lane.shown)
    each = np.concatenate([probabilities, np.eye(len(NAMES))[lane.shown]], axis=1)
    sums = np.concatenate([np.zeros((1, each.shape[1])), (each * lane.hold[:, None]).cumsum(0)])
    # The integral over time of each column is linear between these.
    moments = np.maximum.accumulate(np.stack([lane.time, end], axis=1).ravel())
    integrals = np.repeat(sums, 2, axis=0)[1:-1]
    edges = np.linspace(recording.start, recording.end, most + 1)
    grown = np.diff([np.interp(edges, moments, column) for column in integrals.T]).T
    shown = grown[:, len(EMOTIONS) :]
    seconds = shown.sum(axis=1)
    seen = seconds > 1e-9
    starts, ends = edges[:-1].copy(), edges[1:].copy()
    # At its ends a stretch fills its step in part.
    enters, leaves = seen & ~np.append(False, seen[:-1]), seen & ~np.append(seen[1:], False)
    ends[leaves] = (starts + seconds)[leaves]
    starts[enters & ~leaves] = (ends - seconds)[enters & ~leaves]
    means = grown[:, : len(EMOTIONS)] / np.maximum(seconds, 1e-9)[:, np.newaxis]
    return _Steps(starts[seen], ends[seen], means[seen], shown.argmax(axis=1)[seen])


def _chosen(timeline: Timeline) -> tuple[list[tuple[Recording, list[Lane]]], list[Lane]]:
    """Return the lanes to draw by recording, and the others."""
    order = sorted(timeline.lanes, key=lambda lane: -lane.seconds)
    drawn = {id(lane) for lane in order[:MAX_LANES]}
    chosen = [
        (recording, [lane for lane in recording.lanes if id(lane) in drawn])
        for recording in timeline.recordings
    ]
    return [(recording, lanes) for recording, lanes in chosen if lanes], order[MAX_LANES:]


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
    lanes = (lane for _, lanes in _chosen(timeline)[0] for lane in lanes)
    words = "; ".join(map(_in_words, lanes))
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
            buffer, format=kind, dpi=_DPI, metadata={"Title": _TITLE, **metadata[kind]}
        )
    return buffer.getvalue()


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
    chosen, others = _chosen(timeline)
    names = known_names(timeline.lanes)
    title = f"{_TITLE}: {timeline.name}"
    parts = [
        f"<h1>{_TITLE}</h1>",
        f'<p class="quiet">{escape(_subtitle(timeline))}</p>',
        f'<p class="quiet">{escape(_how_to_read(timeline))}</p>',
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
        parts.append(f'<p class="quiet">{escape(_others_text(others))}</p>')
    parts += [
        "<h2>Shares of time</h2>",
        html_table(share_rows(timeline)),
        '<footer class="quiet"><p>The model recognises expressions: how a face is moved. What a '
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


def share_rows(timeline: Timeline) -> list[tuple[str, ...]]:
    """Return the shares of time as a table of texts.

    Parameters
    ----------
    timeline : Timeline
        Of the faces, those seen for the longest time have a row each, up to `MAX_LANES`.

    Returns
    -------
    list of tuple of str
        A head, a row a face, one for other faces where there are any, and one for all.
    """
    chosen, others = _chosen(timeline)
    names = known_names(timeline.lanes)
    several = len(timeline.recordings) > 1

    def row(label: str, lanes: list[Lane]) -> tuple[str, ...]:
        parts = shares(lanes)
        seconds = sum(lane.seconds for lane in lanes)
        return label, _duration(seconds), *(_percent(parts.get(name, 0.0)) for name in names)

    rows: list[tuple[str, ...]] = [("", "seen", *names)]
    for recording, lanes in chosen:
        where = f"{recording.source}, " if several else ""
        rows += [row(f"{where}face {lane.face}", [lane]) for lane in lanes]
    if others:
        rows.append(row(_count(len(others), "more face"), others))
    return rows if len(rows) == 2 else [*rows, row("all faces", timeline.lanes)]


def _figure(timeline: Timeline) -> "Figure":
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    chosen, others = _chosen(timeline)
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

    write(_LEFT, 0.14, _TITLE, fontsize=12, fontweight="bold")
    write(_LEFT, 0.38, _subtitle(timeline), fontsize=8.5, color=QUIET)
    write(_LEFT, 0.55, _how_to_read(timeline), fontsize=8.5, color=QUIET)
    _draw_legend(place(_LEFT, 0.82, _WIDTH - 2 * _LEFT, 0.2), names)
    top = header
    for recording, lanes in chosen:
        if several:
            write(_LEFT, top + 0.06, recording.source, fontsize=9.5, fontweight="bold")
            top += 0.28
        for lane in lanes:
            write(_LEFT, top + 0.1, f"face {lane.face}", fontweight="bold")
            more = _lane_text(lane, recording)
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
        write(_LEFT, top + 0.02, _others_text(others), fontsize=8.5, color=QUIET)
    return figure


def _draw_legend(axes: "Axes", names: Sequence[str]) -> None:
    from matplotlib.patches import Rectangle

    axes.set_axis_off()
    width = _WIDTH - 2 * _LEFT
    axes.set_xlim(0, width)
    axes.set_ylim(0, 0.2)
    x = 0.0
    for name in [*names, "no face"]:
        look = _look(name) if name in _COLOURS else {"facecolor": "white", "edgecolor": HAIR}
        axes.add_patch(Rectangle((x, 0.04), 0.13, 0.13, **look))
        axes.text(x + 0.19, 0.1, name, va="center_baseline", fontsize=8.5)
        x += 0.42 + 0.068 * len(name)


def _draw_areas(axes: "Axes", lane: Lane, recording: Recording) -> None:
    steps = _steps(lane, recording, _AREA_STEPS)
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
        axes.fill_between(moments, lower, top, color=_COLOURS[name][0], linewidth=0)
        lower = top


def _draw_bands(axes: "Axes", lane: Lane, recording: Recording, last: bool) -> None:
    from matplotlib.patches import Rectangle

    _prepare(axes, recording)
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    inch = (recording.end - recording.start) / _PLOT
    for start, end, name in _steps(lane, recording, _BAND_STEPS).bands():
        axes.add_patch(Rectangle((start, 0), end - start, 0.86, **_look(name)))
        if (end - start) / inch > 0.12 + 0.066 * len(name):
            ink = "white" if name in _WHITE_INK else INK
            where = ((start + end) / 2, 0.42)
            axes.text(*where, name, ha="center", va="center_baseline", fontsize=7.5, color=ink)
    ticks, texts = _ticks(recording)
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
        axes.text(part + 0.03, y, _percent(part), **style)


def _prepare(axes: "Axes", recording: Recording) -> None:
    axes.set_xlim(recording.start, recording.end)
    axes.set_xticks([])


def _look(name: str) -> dict[str, Any]:
    """Return how matplotlib fills the patch of an emotion."""
    if name == UNCERTAIN:
        return {"facecolor": _COLOURS[name][0], "edgecolor": GHOST, "hatch": "////", "linewidth": 0}
    return {"facecolor": _COLOURS[name][0], "linewidth": 0}


def _html_lane(lane: Lane, recording: Recording, names: Sequence[str]) -> str:
    parts = shares([lane])
    ticks = "".join(
        f'<span style="left:{_along(tick, recording):.2f}%">{text}</span>'
        for tick, text in zip(*_ticks(recording), strict=True)
    )
    bars = "".join(
        f'<tr><th scope="row">{name}</th><td><span class="bar c-{name}" style="width:'
        f'{65 * parts.get(name, 0):.2f}%"></span>{escape(_percent(parts.get(name, 0)))}</td></tr>'
        for name in reversed(names)
    )
    return (
        f'<figure class="lane"><figcaption><strong>face {lane.face}</strong> '
        f"{escape(_lane_text(lane, recording))}</figcaption>"
        '<div class="scale" aria-hidden="true"><span>100&nbsp;%</span><span>50&nbsp;%</span>'
        "<span>0&nbsp;%</span></div>"
        f'<div class="time"><svg viewBox="0 0 1000 100" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(_in_words(lane))}">{_svg_areas(lane, recording)}</svg>'
        f'<div class="band" aria-hidden="true">{_html_bands(lane, recording)}</div>'
        f'<div class="ticks" aria-hidden="true">{ticks}</div></div>'
        f'<table class="shares"><tbody>{bars}</tbody></table></figure>'
    )


def _in_words(lane: Lane) -> str:
    parts = sorted(shares([lane]).items(), key=lambda item: -item[1])
    return f"face {lane.face}: " + ", ".join(f"{n} {_percent(part)}" for n, part in parts if part)


def _svg_areas(lane: Lane, recording: Recording) -> str:
    """Draw each area down to the ground, the highest first, so that the next covers the rest."""
    steps = _steps(lane, recording, _AREA_STEPS)
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
    for start, end, name in _steps(lane, recording, _BAND_STEPS).bands():
        left, right = _along(start, recording), _along(end, recording)
        span = " to ".join(_clock(time, recording.end >= 3600, tenths) for time in (start, end))
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
        " ".join(f"--{name}: {colours[index]};" for name, colours in _COLOURS.items())
        for index in (0, 1)
    )
    looks = [
        f".c-{name} {{ background: var(--{name}); fill: var(--{name}); color: "
        + ("#ffffff" if name in _WHITE_INK else "var(--ink)" if name in NAMES[-2:] else INK)
        + " }"
        for name in NAMES[:-1]
    ]
    return _PAGE_STYLE % {"day": day, "night": night, "looks": "\n".join(looks)}


def _ticks(recording: Recording) -> tuple[list[float], list[str]]:
    """Return moments to mark on the axis of time, at most nine, and how they are written."""
    span = recording.end - recording.start
    step = next((step for step in _STEPS if span / step <= 8), _DAY * math.ceil(span / 8 / _DAY))
    first = math.ceil(recording.start / step - 1e-6)
    last = math.floor(recording.end / step + 1e-6)
    ticks = [float(number * step) for number in range(first, last + 1)]
    return ticks, [_clock(tick, recording.end >= 3600, step < 1) for tick in ticks]


def _clock(seconds: float, hours: bool = False, tenths: bool = False) -> str:
    """Write a time as min:s, or h:min:s."""
    count = round(10 * seconds) if tenths else 10 * round(seconds)
    minutes, rest = divmod(count, 600)
    text = f"{rest // 10:02d}" + (f".{rest % 10}" if tenths else "")
    if hours:
        return f"{minutes // 60}:{minutes % 60:02d}:{text}"
    return f"{minutes}:{text}"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{_clock(seconds)} min" if seconds < 3600 else f"{_clock(seconds, hours=True)} h"


def _percent(part: float) -> str:
    if 0 < part < 0.001:
        return "< 0.1 %"
    return f"{100 * part:.1f} %" if part else "0 %"


def _subtitle(timeline: Timeline) -> str:
    sources = len(timeline.recordings)
    seconds = sum(recording.end - recording.start for recording in timeline.recordings)
    name = timeline.recordings[0].source if sources == 1 else f"{sources} sources"
    return f"{name}; {_count(len(timeline.lanes), 'face')}; {_duration(seconds)}"


def _how_to_read(timeline: Timeline) -> str:
    hours = any(recording.end >= 3600 for recording in timeline.recordings)
    return (
        "Areas: probabilities, one upon the other. Band: the likeliest. Bars: share of the time "
        f"in which the face was seen. Time in {'h:min:s' if hours else 'min:s'}."
    )


def _lane_text(lane: Lane, recording: Recording) -> str:
    text = f"seen for {_duration(lane.seconds)}"
    if len(lane.time) > _AREA_STEPS and np.isfinite(lane.probabilities).any():
        span = (recording.end - recording.start) / _AREA_STEPS
        text += f"; areas are means over {span:.{1 if span < 10 else 0}f} s"
    return text


def _others_text(others: Sequence[Lane]) -> str:
    longest = _duration(max(lane.seconds for lane in others))
    return f"Not drawn: {_count(len(others), 'more face')}, seen for {longest} at most."


def _restarts(frame: Floats, face: NDArray[np.int64]) -> list[int]:
    """Find the rows of a source, in the order of the file, at which it begins anew.

    Rows may come in any order, so going back alone is none; saying of a frame again what it shows
    is.
    """
    if not (np.diff(frame) < 0).any():
        return []
    restarts = []
    seen: dict[float, set[int]] = {}
    latest = -math.inf
    for index, (number, who) in enumerate(zip(frame.tolist(), face.tolist(), strict=True)):
        faces = seen.get(number, set())
        if number < latest and faces and (who in faces or 0 in (who, *faces)):
            restarts.append(index)
            seen, faces, latest = {}, set(), number
        seen[number] = faces | {who}
        latest = max(latest, number)
    return restarts


def _labels(sources: Sequence[str], name: str) -> list[str]:
    """Name sources briefly, without the password that an address may hold, and each differently."""
    plain = [re.sub(r"//[^/]*@", "//", source) or name for source in sources]
    short = [
        f"camera {text}"
        if text.isdecimal()
        else text.replace("\\", "/").rstrip("/").rpartition("/")[2].partition("?")[0] or text
        for text in plain
    ]
    alike = Counter(short)
    labels = []
    used: Counter[str] = Counter()
    for brief, whole in zip(short, plain, strict=True):
        label = _printable(brief if alike[brief] == 1 else whole)
        used[label] += 1
        labels.append(label if used[label] == 1 else f"{label} [{used[label]}]")
    return labels


def _printable(text: str) -> str:
    """Return a name as one line of valid text that is not too long to be read."""
    text = " ".join(text.encode("utf-8", "backslashreplace").decode().split())
    return text if len(text) <= 70 else f"{text[:33]} ... {text[-33:]}"


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'s' if n != 1 else ''}"


def _text(value: Any) -> str:
    """Return a value as text, empty where there is none."""
    # NaN is the one value that differs from itself.
    return "" if value is None or value != value else str(value).strip()


def _number(value: Any) -> float:
    """Return a value as number, NaN where there is none."""
    if value is None or value == "":
        return math.nan
    if isinstance(value, bool):
        raise ValueError("not a number")
    return float(value)

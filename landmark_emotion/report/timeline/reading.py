"""Reading the rows that ``webcam``, ``video`` and ``batch`` write into lanes.

Rows that cannot be used are counted, reported and left out. A row holds until the next frame of
its source, so shares are shares of time, whatever the frame rate.
"""

import contextlib
import csv
import importlib
import json
import math
import os
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from landmark_emotion.emotions import EMOTIONS, MAX_CLASSES, UNCERTAIN, class_name
from landmark_emotion.errors import MissingPackageError, ReportError, reason, unreadable
from landmark_emotion.files.csv_table import from_csv
from landmark_emotion.files.reading import open_regular
from landmark_emotion.formatting import plural
from landmark_emotion.report.timeline.lanes import (
    Floats,
    Lane,
    Recording,
    Timeline,
    slices,
)
from landmark_emotion.sources.addresses import without_password

MAX_BYTES = 2**30
MAX_ROWS = 10**7
"""Limit on the rows of a Parquet file: a small file can hold any number."""
_STALL = 2.0  # seconds; a longer step between consecutive frames means that the camera stalled
_LONGEST = 2**20  # characters read of a line
_BATCH = 1000  # Parquet rows read at once
_LARGEST = 1e9  # of times in seconds and of face numbers
_REMEDY = "use a file written by 'landmark-emotion video' or 'webcam' as CSV, JSON or Parquet"
_USED = {"source", "frame", "time", "face", "person", "emotion", "blink", "error"}
_PREFIX = "p_"  # of the columns of probabilities
_FIXED = 7  # values of a row before the probabilities
_TRUTH = {"true": 1.0, "1": 1.0, "1.0": 1.0, "false": 0.0, "0": 0.0, "0.0": 0.0}
_OPTIONAL = ("source", "frame", "face", "emotion")


def read_timeline(path: str | os.PathLike[str]) -> Timeline:
    """Read result rows.

    Parameters
    ----------
    path : path-like
        CSV, JSON Lines or Parquet with the columns of `show.rows.columns`. Other columns are
        ignored, and several CSV or JSON Lines files may be concatenated.

    Returns
    -------
    Timeline
        At least one face.

    Raises
    ------
    ReportError
        If the file is missing, contains no such rows or no face over time.
    MissingPackageError
        If it is Parquet and pyarrow is not installed.
    """
    path = Path(path)
    rows = _Rows()
    try:
        with open_regular(path) as file:
            if os.fstat(file.fileno()).st_size > MAX_BYTES:
                raise ReportError(f"{path}: larger than 1 GB; split it")
        for number, entry in _entries(path):
            rows.add(number, entry)
    except OSError as error:
        raise ReportError(unreadable(path, error)) from error
    if not rows.cells:
        if rows.columns and "time" not in rows.columns:
            raise ReportError(f"{path}: no column 'time'; {_REMEDY}")
        what = "no usable row" if rows.damaged or rows.unreadable else "empty"
        raise ReportError(f"{path}: {what}; {_REMEDY}")
    recordings = _recordings(rows, path.name)
    if not any(recording.lanes for recording in recordings):
        raise ReportError(f"{path}: no face in any row; {_REMEDY}")
    lasting = [recording for recording in recordings if recording.end > recording.start]
    with_face = [recording for recording in lasting if recording.lanes]
    if not with_face:
        raise ReportError(f"{path}: only single images, which have no duration; {_REMEDY}")
    notes = rows.notes()
    if len(lasting) < len(recordings):
        notes.append(f"{plural(len(recordings) - len(lasting), 'single image')} left out")
    if len(with_face) < len(lasting):
        notes.append(f"{plural(len(lasting) - len(with_face), 'source')} without a face left out")
    return Timeline(path.name, tuple(with_face), tuple(notes))


def _entries(path: Path) -> Iterator[tuple[int, Mapping[str, Any] | None]]:
    """Yield each line number with the values by column, or None if the line is damaged."""
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(b"PAR1"):
        yield from enumerate(_parquet_rows(path), start=1)
        return
    # Redirection in Windows PowerShell writes UTF-16.
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    if b"\0" in head and not wide:
        raise ReportError(f"{path}: neither text nor Parquet; {_REMEDY}")
    with path.open(encoding="utf-16" if wide else "utf-8-sig", errors="replace") as file:
        yield from _text_rows(_lines(file))


def _lines(file: TextIO) -> Iterator[str]:
    """Yield lines, cut off at `_LONGEST` characters."""
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
        cells = [from_csv(cell) for cell in cells]
        if not header or ("time" in cells and "emotion" in cells):
            header = cells  # repeated in concatenated files
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
        parquet = importlib.import_module("pyarrow.parquet")
        with parquet.ParquetFile(path) as file:
            if file.metadata.num_rows > MAX_ROWS:
                raise ReportError(f"{path}: more than 10 million rows; split it")
            names = [n for n in file.schema_arrow.names if n in _USED or n.startswith(_PREFIX)]
            for batch in file.iter_batches(_BATCH, columns=names):
                yield from batch.to_pylist()
    except ImportError as error:
        raise MissingPackageError(
            f"{path}: Parquet needs pyarrow ({reason(error)}); run 'pip install -U pyarrow'"
        ) from error
    except ReportError:
        raise
    # The errors that pyarrow raises for damaged files have no common base class.
    except Exception as error:
        raise ReportError(f"{path}: damaged Parquet ({reason(error)}); {_REMEDY}") from error


@dataclass
class _Rows:
    """The usable rows of a file, as one flat array of numbers to save memory."""

    sources: dict[str, int] = field(default_factory=dict)
    people: dict[str, int] = field(default_factory=lambda: {"": 0})
    # Per row: source, frame, time, face (0: none), person, label (0 for uncertain, else from 1),
    # blink and the probabilities of the emotions.
    cells: "array[float]" = field(default_factory=lambda: array("d"))
    columns: set[str] = field(default_factory=set)
    emotions: list[str] = field(default_factory=lambda: list(EMOTIONS))
    damaged: int = 0
    first_damaged: int = 0
    unreadable: int = 0

    def add(self, number: int, entry: Mapping[str, Any] | None) -> None:
        if entry is not None and not self.columns.issuperset(entry):
            self._widen(entry.keys() - self.columns)
            self.columns.update(entry)
        try:
            if entry is None:
                raise ValueError("not a row")
            if _text(entry.get("error")):
                self.unreadable += 1
            else:
                self._add(entry)
        except (ValueError, TypeError, OverflowError):
            self.damaged += 1
            self.first_damaged = self.first_damaged or number

    def _add(self, entry: Mapping[str, Any]) -> None:
        time, frame = _number(entry.get("time")), _number(entry.get("frame"))
        if not 0 <= time < _LARGEST or not (math.isnan(frame) or frame == int(frame)):
            raise ValueError("not a time")
        values = [_number(entry.get(_PREFIX + emotion)) for emotion in self.emotions]
        if any(value < 0 or value > 1.000001 for value in values):
            raise ValueError("not probabilities")
        emotion = _text(entry.get("emotion"))
        if not emotion and not all(map(math.isnan, values)):
            emotion = self.emotions[int(np.nanargmax(values))]
        face = _number(entry.get("face", 1 if emotion else None))
        if math.isnan(face) != (not emotion):
            raise ValueError("face without emotion, or emotion without face")
        if emotion and not (1 <= face < _LARGEST and face == int(face)):
            raise ValueError("not a face number")
        label = (UNCERTAIN, *self.emotions).index(emotion) if emotion else -1
        source = self.sources.setdefault(_text(entry.get("source")), len(self.sources))
        face = face if emotion else 0
        name = _printable(_text(entry.get("person"))) if emotion else ""
        person = self.people.setdefault(name, len(self.people))
        blink = _TRUTH.get(_text(entry.get("blink")).lower(), math.nan)
        self.cells.extend((source, frame, round(time, 6), face, person, label, blink, *values))

    def table(self) -> Floats:
        """Return the rows as an array of shape (n, 7 + number of emotions)."""
        return np.array(self.cells).reshape(-1, _FIXED + len(self.emotions))

    def _widen(self, columns: Iterable[str]) -> None:
        """Make room for the probabilities of classes that are new."""
        names = sorted(name[len(_PREFIX) :] for name in columns if name.startswith(_PREFIX))
        new = [name for name in names if name not in self.emotions and _is_class(name)]
        new = new[: len(EMOTIONS) + MAX_CLASSES - len(self.emotions)]
        if new:
            table = np.pad(self.table(), ((0, 0), (0, len(new))), constant_values=math.nan)
            self.cells = array("d", table.tobytes())
            self.emotions += new

    def notes(self) -> list[str]:
        notes = []
        if self.damaged:
            lines = plural(self.damaged, "damaged line")
            notes.append(f"{lines} left out, first at line {self.first_damaged}")
        if self.unreadable:
            notes.append(f"{plural(self.unreadable, 'unreadable source')} left out")
        missing = [column for column in _OPTIONAL if column not in self.columns]
        if not any(_PREFIX + emotion in self.columns for emotion in self.emotions):
            missing.append(f"{_PREFIX}{EMOTIONS[0]} ... {_PREFIX}{EMOTIONS[-1]}")
        if missing:
            notes.append(f"no column {', '.join(missing)}; continuing without")
        return notes


def _is_class(name: str) -> bool:
    with contextlib.suppress(ValueError):
        return class_name(name) == name
    return False


def _recordings(rows: _Rows, name: str) -> list[Recording]:
    """Group rows into recordings and lanes; `name` is for rows without a source."""
    made = []
    paths = [without_password(source) or name for source in rows.sources]
    labels = _labels(paths)
    for number, table in _groups(rows.table(), 0):
        frame, time, face = table[:, 1:4].T
        order = np.where(np.isnan(frame), time, frame)
        starts = [0, *_restarts(order, face), len(table)]
        for run, (first, last) in enumerate(pairwise(starts), start=1):
            nth = "" if run == 1 else f" ({run})"
            part = table[first:last]
            part = part[np.argsort(part[:, 2], kind="stable")]
            made.append(_recording(labels[number] + nth, paths[number] + nth, part, rows))
    return made


def _recording(label: str, path: str, table: Floats, read: _Rows) -> Recording:
    """Make a recording from its rows, sorted by time."""
    frame, time = table[:, 1:3].T
    moments, first, which = np.unique(time, return_index=True, return_inverse=True)
    steps, passed = np.diff(moments), np.diff(frame[first])
    passed = np.where(passed > 1, passed, 1)  # also for frames without number
    usual = float(np.median(steps / passed)) if len(steps) else 0.0
    # A row holds over frames that were not written, but not while the camera stalled.
    stalled = (passed == 1) & (steps > max(_STALL, 5 * usual))
    hold = np.append(np.where(stalled, usual, steps), usual)
    _unite_faces(table)
    lanes = [
        _lane(rows, list(read.people), (*read.emotions, UNCERTAIN))
        for _, of_person in _groups(np.column_stack([table, hold[which]]), 4)
        for face, rows in _groups(of_person, 3)
        if face or rows[0, 4]
    ]
    end = float(moments[-1] + hold[-1])
    return Recording(label, float(moments[0]), end, tuple(lanes), path, usual)


def _unite_faces(table: Floats) -> None:
    """Set to 0 the numbers of the faces of each person, unless two are seen at the same time."""
    for person in np.unique(table[table[:, 4] > 0, 4]):
        mine = table[:, 4] == person
        time, face = table[mine, 2], table[mine, 3]
        if not ((np.diff(time) == 0) & (np.diff(face) != 0)).any():
            table[mine, 3] = 0


def _lane(rows: Floats, people: Sequence[str], names: tuple[str, ...]) -> Lane:
    # Of several rows at one time, the last counts.
    rows = rows[np.append(np.diff(rows[:, 2]) > 0, True)]
    return Lane(
        person=people[int(rows[0, 4])],
        face=int(rows[0, 3]),
        time=rows[:, 2],
        hold=rows[:, -1],
        shown=(rows[:, 5].astype(np.int64) - 1) % len(names),
        probabilities=rows[:, _FIXED:-1],
        blink=rows[:, 6],
        names=names,
    )


def _groups(table: Floats, column: int) -> Iterator[tuple[int, Floats]]:
    """Yield each value of a column, in order, with its rows."""
    table = table[np.argsort(table[:, column], kind="stable")]
    for part in slices(np.diff(table[:, column]) != 0):
        yield int(table[part.start, column]), table[part]


def _restarts(frame: Floats, face: Floats) -> list[int]:
    """Return the rows, in the order of the file, at which a source starts again.

    Rows may come in any order, so going back in time is no restart by itself; a second result for
    the same face and frame is.
    """
    if not (np.diff(frame) < 0).any():
        return []
    restarts = []
    seen: dict[float, set[float]] = {}
    latest = -math.inf
    for index, (number, who) in enumerate(zip(frame.tolist(), face.tolist(), strict=True)):
        faces = seen.get(number, set())
        if number < latest and faces and (who in faces or 0 in (who, *faces)):
            restarts.append(index)
            seen, faces, latest = {}, set(), number
        seen[number] = faces | {who}
        latest = max(latest, number)
    return restarts


def _labels(plain: Sequence[str]) -> list[str]:
    """Return short unique names of sources."""
    paths = [text.replace("\\", "/").partition("?")[0].rstrip("/") for text in plain]
    short = [
        f"camera {text}" if text.isdecimal() else path.rpartition("/")[2] or text
        for text, path in zip(plain, paths, strict=True)
    ]
    alike = Counter(short)
    used: Counter[str] = Counter()
    labels = []
    for brief, whole in zip(short, plain, strict=True):
        label = _printable(brief if alike[brief] == 1 else whole)
        used[label] += 1
        labels.append(label if used[label] == 1 else f"{label} [{used[label]}]")
    return labels


def _printable(text: str) -> str:
    """Return a name as one short line of valid text."""
    text = " ".join(text.encode("utf-8", "backslashreplace").decode().split())
    return text if len(text) <= 70 else f"{text[:33]} ... {text[-33:]}"


def _text(value: Any) -> str:
    """Return a value as text, empty if it is missing."""
    # NaN differs from itself.
    return "" if value is None or value != value else str(value).strip()


def _number(value: Any) -> float:
    """Return a value as number, NaN if it is missing."""
    if value is None or value == "":
        return math.nan
    if isinstance(value, bool):
        raise ValueError("not a number")
    return float(value)

"""Rows that ``webcam``, ``video`` and ``batch`` wrote become lanes.

Reading is tolerant: what cannot be used is counted, told and left out. A row holds until the next
frame of its source, so shares are shares of time, whatever the rate of the frames.
"""

import csv
import importlib
import json
import math
import os
import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import MissingPackageError, ReportError
from landmark_emotion.files.reading import open_regular
from landmark_emotion.report.timeline.lanes import NAMES, Floats, Lane, Recording, Timeline
from landmark_emotion.report.timeline.steps import slices
from landmark_emotion.report.timeline.words import count

MAX_BYTES = 2**30
MAX_ROWS = 10**7
"""More are not read from Parquet, of which a small file can hold any number."""
_STALL = 2.0  # seconds; longer steps between neighboring frames are taken for a standstill
_LONGEST = 2**20  # characters of a line that are read
_BATCH = 1000  # rows of Parquet that are read at once
_LATEST = 1e9  # seconds
_REMEDY = "give what 'landmark-emotion webcam --format csv' (or json) wrote"
_COLUMNS = ("source", "frame", "face", "emotion")
_P_COLUMNS = tuple(f"p_{name}" for name in NAMES[:-1])


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
        notes.append(f"{count(len(recordings) - len(lasting), 'single image')} left out")
    if len(with_face) < len(lasting):
        notes.append(f"{count(len(lasting) - len(with_face), 'source')} without a face left out")
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
            f"{path}: reading Parquet takes pandas and pyarrow ({error}); run 'pip install -U "
            "pandas pyarrow'"
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
            lines = count(self.damaged, "damaged line")
            notes.append(f"{lines} left out, the first of them line {self.first_damaged}")
        if self.unreadable:
            notes.append(f"{count(self.unreadable, 'source')} that could not be read left out")
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
    for part in slices(np.diff(keys[order]) != 0):
        yield int(keys[order[part.start]]), order[part]


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

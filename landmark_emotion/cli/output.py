"""Results on stdout or in a file, as text, CSV, JSON Lines or Parquet."""

import argparse
import contextlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, TextIO

from landmark_emotion.cli.options import say
from landmark_emotion.emotions import EMOTIONS, UNCERTAIN, color_of
from landmark_emotion.files.csv_table import csv_table
from landmark_emotion.files.writing import written_gradually
from landmark_emotion.formatting import clock, percent
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.show.rows import columns, flat_row, json_row

_LONGEST_LINE = 2**20  # bytes
_NEXT = 2  # emotions beside the likeliest one of an image
_WIDEST_NAME = 24  # columns; longer names move the rest of their line
_SUFFIXES = {".json": "json", ".jsonl": "json", ".csv": "csv", ".parquet": "parquet"}


class Writer:
    """Writes results; each format is a subclass.

    Attributes
    ----------
    n_results : int
        Images or frames written; errors do not count.
    people : mapping of str to str
        Whose source each is, as far as that is known.
    """

    n_results = 0
    people: Mapping[str, str] = MappingProxyType({})

    def write(self, source: str, frame: int, time: float, predictions: list[Prediction]) -> None:
        """Write the predictions of one image or frame."""
        self.n_results += 1
        self._write(source, frame, time, predictions)

    def write_error(self, source: str, reason: str, frame: int = 0, time: float = 0.0) -> None:
        """Write why a source could not be read, or not beyond a frame, if there are such rows."""

    def notify(self, message: str) -> None:
        """Print a message to stderr."""
        say(message)

    def set_status(self, status: str) -> None:
        """Set the status line, if there is one."""

    def close(self) -> None:
        """Write what is buffered; remove the status line."""

    def _write(self, source: str, frame: int, time: float, predictions: list[Prediction]) -> None:
        raise NotImplementedError


class RowWriter(Writer):
    """Emits one row per face, per frame without a face, and per error."""

    def __init__(self, emit: Callable[[dict[str, Any]], object], landmarks: bool = False) -> None:
        self._emit = emit
        self._landmarks = landmarks

    def write_error(self, source: str, reason: str, frame: int = 0, time: float = 0.0) -> None:
        self._emit_row(source, frame, time, None, reason)

    def _write(self, source: str, frame: int, time: float, predictions: list[Prediction]) -> None:
        for prediction in predictions or (None,):
            self._emit_row(source, frame, time, prediction)

    def _emit_row(
        self,
        source: str,
        frame: int,
        time: float,
        prediction: Prediction | None,
        error: str = "",
    ) -> None:
        person = self.people.get(source, "")
        row = json_row(
            source, frame, time, prediction, error, person=person, landmarks=self._landmarks
        )
        self._emit(row)


def json_writer(stream: TextIO, landmarks: bool = False) -> RowWriter:
    """Make a writer of one JSON object per line."""
    return RowWriter(lambda row: print(json.dumps(row), file=stream, flush=True), landmarks)


def csv_writer(
    stream: TextIO, landmarks: bool = False, emotions: Sequence[str] = EMOTIONS
) -> RowWriter:
    """Make a writer of a header and one line per row."""
    names = columns(landmarks, emotions)
    write = csv_table(stream, names)

    def emit(row: dict[str, Any]) -> None:
        write(flat_row(row, names))
        stream.flush()

    return RowWriter(emit, landmarks)


class FrameTextWriter(Writer):
    """Writes one line per face or frame of a video.

    On a terminal the last line shows every frame in place, and above it a line remains for each
    change of a face, with a swatch of its emotion's color.

    Attributes
    ----------
    in_place : bool
        Whether lines are written for changes only.
    """

    def __init__(self, stream: TextIO, *, every_frame: bool = False) -> None:
        self._stream = stream
        self._terminal = stream is sys.stdout and is_live_terminal()
        self.in_place = self._terminal and not every_frame
        self._status = ""
        self._before: tuple[str, dict[int, str]] = "", {}  # the source, and its faces' emotions

    def notify(self, message: str) -> None:
        self.close()
        super().notify(message)

    def set_status(self, status: str) -> None:
        self._status = status

    def close(self) -> None:
        if self._terminal and (self.in_place or self._status):
            print("\r\x1b[K", end="", file=self._stream, flush=True)

    def _write(self, source: str, frame: int, time: float, predictions: list[Prediction]) -> None:
        if not self._terminal:
            head = f"frame {frame:5d}  {time:8.3f} s  "
            lines = [f"{head}face {self._answer(one)}" for one in predictions] or [f"{head}no face"]
            print("\n".join(lines), file=self._stream, flush=True)
            return
        head = clock(time, tenths=True)
        lines = [f"{head:>7}  #{self._answer(one)}" for one in self._news(source, predictions)]
        if not predictions and (not self.in_place or self._before[1] != {0: ""}):
            lines.append(f"{head:>7}  no face")
        self._before = source, {one.number: one.emotion for one in predictions} or {0: ""}
        text = "".join(f"\r\x1b[K{line}\n" for line in lines)
        if self.in_place or self._status:
            text += f"\r\x1b[K\x1b[2m{self._live_line(head, predictions)}\x1b[0m"
        print(text, end="", file=self._stream, flush=True)

    def _news(self, source: str, predictions: list[Prediction]) -> list[Prediction]:
        """Return the predictions to write: all of them, or those that differ from before."""
        if not self.in_place:
            return predictions
        name, before = self._before
        known = before if name == source else {}
        return [one for one in predictions if known.get(one.number) != one.emotion]

    def _live_line(self, head: str, predictions: list[Prediction]) -> str:
        """Return the last line: the answers of this frame and the status, as far as they fit."""
        room = shutil.get_terminal_size().columns - 1
        parts = [
            f"#{one.number} {one.emotion} {percent(one.probability, 0)}" for one in predictions
        ]
        answers = parts or ["no face"]
        text = f"{head:>7}" if self.in_place else ""
        for part in [*(answers if self.in_place else ()), *self._status.split(", ")]:
            if len(text) + 2 + len(part) > room:
                break
            text += f"  {part}"
        return text

    def _answer(self, prediction: Prediction) -> str:
        """Return number, emotion and probability of a face, and remarks, aligned."""
        share = percent(prediction.probability, 0)
        remarks = _remarks(prediction)
        return f"{prediction.number}  {self._paint(prediction)}  {share:>5}{remarks}"

    def _paint(self, prediction: Prediction) -> str:
        width = max(9, *map(len, prediction.emotions))
        padded = f"{prediction.emotion:<{width}}"
        # The text keeps the terminal's own color: yellow words cannot be read on white.
        color = color_of(prediction.emotion, prediction.emotions)
        return f"{swatch(color)} {padded}" if self._terminal else padded


class ImageTextWriter(Writer):
    """Writes one line per face of an image: its emotion, and the next likeliest ones.

    ``names`` are the names to show of each source.
    """

    def __init__(self, stream: TextIO, names: Mapping[str, str] = MappingProxyType({})) -> None:
        self._stream = stream
        self._names = names
        self._width = min(_WIDEST_NAME, max(map(len, names.values()), default=0))

    def _write(self, source: str, frame: int, time: float, predictions: list[Prediction]) -> None:
        name = f"{self._names.get(source, source):<{self._width}}"
        for prediction in predictions:
            first, *next_ones = prediction.probabilities.argsort()[::-1][: 1 + _NEXT]
            others = ", ".join(
                f"{prediction.emotions[i]} {percent(float(prediction.probabilities[i]))}"
                for i in (next_ones if prediction.emotion != UNCERTAIN else (first, *next_ones))
            )
            share = percent(prediction.probability) if prediction.emotion != UNCERTAIN else ""
            number = f"#{prediction.number}" if len(predictions) > 1 else ""
            width = max(9, *map(len, prediction.emotions))
            self._print(
                f"{name} {number:<3} {prediction.emotion:<{width}} {share:>7}   "
                f"{others}{_remarks(prediction)}"
            )
        if not predictions:
            self._print(f"{name}     no face")

    def _print(self, line: str) -> None:
        print(line, file=self._stream, flush=True)


@contextlib.contextmanager
def open_writer(
    args: argparse.Namespace, text: Callable[[TextIO], Writer], emotions: Sequence[str]
) -> Iterator[Writer]:
    """Open a writer for the options of `options.add_output`; `text` makes the one of that format.

    `emotions` are those of the model, which decide on the columns.

    An output file is put in place at the end, also after Ctrl-C, but only if there is a result:
    without one an existing file stays as it is.
    """
    format_ = args.format
    if format_ is None and args.output is not None:
        format_ = _SUFFIXES.get(args.output.suffix.lower())
    with contextlib.ExitStack() as stack:
        writer: Writer | None = None
        stream: TextIO = sys.stdout
        if args.output is not None:
            draft = stack.enter_context(written_gradually(args.output))

            @stack.push
            def keep_results(kind: object, error: BaseException | None, trace: object) -> None:
                # Without its end a Parquet file cannot be read; other files lose half a line.
                whole = not isinstance(error, OSError)
                if not whole and format_ != "parquet":
                    whole = _cut_last_line(draft.path)
                if whole and writer is not None and writer.n_results:
                    draft.keep()

            if format_ != "parquet":
                file = draft.path.open("w", encoding="utf-8", errors="surrogateescape", newline="")
                stream = stack.enter_context(file)
        if format_ == "parquet":
            from landmark_emotion.show.tables import ParquetRows

            rows = ParquetRows(draft.path, landmarks=args.landmarks, emotions=emotions)
            stack.callback(rows.close)
            writer = RowWriter(rows.append, args.landmarks)
        elif format_ == "csv":
            writer = csv_writer(stream, args.landmarks, emotions)
        elif format_ == "json":
            writer = json_writer(stream, args.landmarks)
        else:
            writer = text(stream)
        stack.callback(writer.close)
        yield writer


def _cut_last_line(path: Path) -> bool:
    """Remove an incomplete last line; return whether that was possible."""
    with contextlib.suppress(OSError), path.open("rb+") as file:
        start = file.seek(max(0, file.seek(0, os.SEEK_END) - _LONGEST_LINE))
        file.truncate(start + file.read().rfind(b"\n") + 1)
        return True
    return False


def _remarks(prediction: Prediction) -> str:
    """Return what the face was compared with, if not the average person, and what hampers it."""
    mode = "" if prediction.mode == "static" else prediction.mode
    return "".join(f"  {remark}" for remark in (mode, prediction.issue) if remark)


def swatch(color: str) -> str:
    """Return two spaces on a color (``#rrggbb``), the closest of a terminal's 256 colors."""
    levels = (0, 95, 135, 175, 215, 255)
    index = 0
    for channel in bytes.fromhex(color[1:]):
        distances = [abs(channel - level) for level in levels]
        index = 6 * index + distances.index(min(distances))
    return f"\x1b[48;5;{16 + index}m  \x1b[0m"


def is_live_terminal() -> bool:
    """Return whether stdout is a terminal with colors and a cursor that can move."""
    if not sys.stdout.isatty() or os.environ.get("TERM") == "dumb" or os.environ.get("NO_COLOR"):
        return False
    if sys.platform == "win32":
        import colorama  # required by tqdm on Windows

        colorama.just_fix_windows_console()
    return True

"""Rows on stdout or in a file: as text, CSV, JSON Lines or Parquet."""

import argparse
import contextlib
import csv
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO

from landmark_emotion.cli.options import say
from landmark_emotion.emotions import UNCERTAIN, color_of
from landmark_emotion.files.writing import Draft, written_gradually
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.show.rows import columns, csv_row, json_row

if TYPE_CHECKING:
    from landmark_emotion.show.tables import ParquetRows

_LONGEST_LINE = 2**20  # bytes

FORMATS = ("text", "json", "csv", "parquet")
_SUFFIXES = {".json": "json", ".jsonl": "json", ".csv": "csv", ".parquet": "parquet"}


class Writer(Protocol):
    """Writes the rows of one frame or image."""

    def write(
        self, source: str, frame: int, time: float, predictions: list[Prediction]
    ) -> None: ...

    def write_error(self, source: str, reason: str) -> None: ...

    def talk(self, message: str) -> None:
        """Say something beside the data."""

    def set_status(self, status: str) -> None:
        """Set the live line, where there is one."""

    def close(self) -> None: ...


class _RowWriter:
    """Writes rows that are the same whatever the source; it has no live line."""

    def __init__(self, *, landmarks: bool = False) -> None:
        self._landmarks = landmarks

    def write(self, source: str, frame: int, time: float, predictions: list[Prediction]) -> None:
        for prediction in predictions or (None,):
            self._write_row(source, frame, time, prediction, "")

    def write_error(self, source: str, reason: str) -> None:
        self._write_row(source, 0, 0.0, None, reason)

    def talk(self, message: str) -> None:
        say(message)

    def set_status(self, status: str) -> None:
        pass

    def close(self) -> None:
        pass

    def _write_row(
        self, source: str, frame: int, time: float, prediction: Prediction | None, error: str
    ) -> None:
        raise NotImplementedError


class JsonWriter(_RowWriter):
    """One JSON object a line."""

    def __init__(self, stream: TextIO | None = None, *, landmarks: bool = False) -> None:
        super().__init__(landmarks=landmarks)
        self._stream = stream or sys.stdout

    def _write_row(
        self, source: str, frame: int, time: float, prediction: Prediction | None, error: str
    ) -> None:
        row = json_row(source, frame, time, prediction, error, landmarks=self._landmarks)
        print(json.dumps(row), file=self._stream, flush=True)


class CsvWriter(_RowWriter):
    """A header, then one line a row."""

    def __init__(self, stream: TextIO | None = None, *, landmarks: bool = False) -> None:
        super().__init__(landmarks=landmarks)
        self._stream = stream or sys.stdout
        # Python's streams turn \n into what the platform wants.
        self._writer = csv.DictWriter(self._stream, columns(landmarks), lineterminator="\n")
        self._writer.writeheader()

    def _write_row(
        self, source: str, frame: int, time: float, prediction: Prediction | None, error: str
    ) -> None:
        row = csv_row(source, frame, time, prediction, error, landmarks=self._landmarks)
        self._writer.writerow(row)
        self._stream.flush()


class ParquetWriter(_RowWriter):
    """A Parquet file."""

    def __init__(self, rows: "ParquetRows", *, landmarks: bool = False) -> None:
        super().__init__(landmarks=landmarks)
        self._rows = rows

    def close(self) -> None:
        self._rows.close()

    def _write_row(
        self, source: str, frame: int, time: float, prediction: Prediction | None, error: str
    ) -> None:
        row = csv_row(source, frame, time, prediction, error, landmarks=self._landmarks)
        self._rows.append(row)


class FrameTextWriter:
    """A line a face or frame of a video, for reading along.

    On a terminal each emotion has a swatch of its color and the last line is live: it shows the
    rate.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._terminal = stream is None and is_live_terminal()
        self._status = ""

    def write(self, source: str, frame: int, time: float, predictions: list[Prediction]) -> None:
        lines = [
            f"frame {frame:5d}  {time:8.3f} s  face {prediction.number}  "
            f"{self._paint(prediction.emotion)}  {prediction.probability:.2f}{_mode(prediction)}"
            for prediction in predictions
        ] or [f"frame {frame:5d}  {time:8.3f} s  no face"]
        text = "\n".join(self._over_status(line) for line in lines)
        print(text, file=self._stream, flush=True)
        self._show_status()

    def write_error(self, source: str, reason: str) -> None:
        self.talk(f"{source}: {reason}")

    def set_status(self, status: str) -> None:
        """Set the live line; nothing is shown where stdout is no terminal."""
        self._status = status

    def talk(self, message: str) -> None:
        """Say something beside the data without running into the live line."""
        self.close()
        say(message)

    def close(self) -> None:
        """Remove the live line."""
        if self._terminal and self._status:
            print("\r\x1b[K", end="", file=self._stream, flush=True)

    def _paint(self, emotion: str) -> str:
        padded = f"{emotion:<9}"
        # The text keeps the terminal's own color: yellow words cannot be read on white.
        return f"{swatch(emotion)} {padded}" if self._terminal else padded

    def _over_status(self, line: str) -> str:
        return f"\r\x1b[K{line}" if self._terminal else line

    def _show_status(self) -> None:
        if self._terminal and self._status:
            print(f"\x1b[2m{self._status}\x1b[0m", end="", file=self._stream, flush=True)


class ImageTextWriter:
    """A line a face, with all probabilities, or why there is none."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout

    def write(self, source: str, frame: int, time: float, predictions: list[Prediction]) -> None:
        for prediction in predictions:
            order = prediction.probabilities.argsort()[::-1]
            every = "  ".join(
                f"{prediction.emotions[i]} {prediction.probabilities[i]:.3f}" for i in order
            )
            doubt = "uncertain: " if prediction.emotion == UNCERTAIN else ""
            mode = _mode(prediction)
            self._print(f"{source}: face {prediction.number}: {doubt}{every}{mode}")
        if not predictions:
            self._print(f"{source}: no face")

    def write_error(self, source: str, reason: str) -> None:
        self._print(f"{source}: {reason}")

    def talk(self, message: str) -> None:
        say(message)

    def set_status(self, status: str) -> None:
        pass

    def close(self) -> None:
        pass

    def _print(self, line: str) -> None:
        print(line, file=self._stream, flush=True)


def format_of(args: argparse.Namespace) -> str:
    """Tell which format is asked for: by ``--format``, by the suffix of ``-o``, or text."""
    if args.format is not None:
        return str(args.format)
    return _SUFFIXES.get(args.output.suffix.lower(), "text") if args.output else "text"


@contextlib.contextmanager
def open_writer(
    args: argparse.Namespace, text: Callable[[TextIO | None], Writer]
) -> Iterator[Writer]:
    """Open what the options of `options.add_output` ask for.

    Parameters
    ----------
    args : Namespace
        With ``format``, ``output`` and ``landmarks``.
    text : callable
        Makes the writer for ``--format text``.

    Yields
    ------
    Writer
        A file takes its place at the end, also where the work is broken off.
    """
    format_ = format_of(args)
    with contextlib.ExitStack() as stack:
        writer: Writer
        stream: TextIO | None = None
        if args.output is not None:
            draft = stack.enter_context(written_gradually(args.output))
            path = draft.path
            stack.push(_kept(draft))
            if format_ != "parquet":
                stack.push(_whole_lines(path))
                file = path.open("w", encoding="utf-8", errors="surrogateescape", newline="")
                stream = stack.enter_context(file)
        if format_ == "parquet":
            from landmark_emotion.show.tables import ParquetRows

            writer = ParquetWriter(
                ParquetRows(path, landmarks=args.landmarks), landmarks=args.landmarks
            )
        elif format_ == "csv":
            writer = CsvWriter(stream, landmarks=args.landmarks)
        elif format_ == "json":
            writer = JsonWriter(stream, landmarks=args.landmarks)
        else:
            writer = text(stream)
        stack.callback(writer.close)
        yield writer


def _kept(draft: Draft) -> Callable[..., None]:
    """Make what keeps a draft unless the run failed before anything was written."""

    def keep(kind: object, error: object, trace: object) -> None:
        if kind is None or draft.path.stat().st_size:
            draft.keep()

    return keep


def _whole_lines(path: Path) -> Callable[..., None]:
    """Make what cuts off half a line where a file could not be written to its end."""

    def cut(kind: object, error: object, trace: object) -> None:
        if isinstance(error, OSError):
            with contextlib.suppress(OSError), path.open("rb+") as file:
                start = file.seek(max(0, file.seek(0, os.SEEK_END) - _LONGEST_LINE))
                file.truncate(start + file.read().rfind(b"\n") + 1)

    return cut


def _mode(prediction: Prediction) -> str:
    """Name what the face was compared with, where that is not the average person."""
    return "" if prediction.mode == "static" else f"  {prediction.mode}"


def swatch(emotion: str) -> str:
    """Return two spaces on the emotion's color, or on the closest of a terminal's 256 colors."""
    levels = (0, 95, 135, 175, 215, 255)
    index = 0
    for channel in bytes.fromhex(color_of(emotion)[1:]):
        distances = [abs(channel - level) for level in levels]
        index = 6 * index + distances.index(min(distances))
    return f"\x1b[48;5;{16 + index}m  \x1b[0m"


def is_live_terminal() -> bool:
    """Tell whether stdout is a terminal that understands colors and a line written over."""
    if not sys.stdout.isatty() or os.environ.get("TERM") == "dumb" or os.environ.get("NO_COLOR"):
        return False
    if sys.platform == "win32":
        # tqdm needs colorama there, so it is installed.
        import colorama

        colorama.just_fix_windows_console()
    return True

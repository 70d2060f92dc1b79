"""Results on stdout or in a file, as text, CSV, JSON Lines or Parquet."""

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, TextIO

from landmark_emotion.cli.options import say
from landmark_emotion.emotions import EMOTIONS, UNCERTAIN, color_of
from landmark_emotion.files.csv_table import csv_table
from landmark_emotion.files.writing import written_gradually
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.show.rows import columns, flat_row, json_row

_LONGEST_LINE = 2**20  # bytes
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

    On a terminal each emotion has a swatch of its color, and the last line is a status line.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = stream is sys.stdout and is_live_terminal()
        self._status = ""

    def notify(self, message: str) -> None:
        self.close()
        super().notify(message)

    def set_status(self, status: str) -> None:
        self._status = status

    def close(self) -> None:
        if self._terminal and self._status:
            print("\r\x1b[K", end="", file=self._stream, flush=True)

    def _write(self, source: str, frame: int, time: float, predictions: list[Prediction]) -> None:
        lines = [
            f"frame {frame:5d}  {time:8.3f} s  face {prediction.number}  "
            f"{self._paint(prediction)}  {prediction.probability:.2f}{_remarks(prediction)}"
            for prediction in predictions
        ] or [f"frame {frame:5d}  {time:8.3f} s  no face"]
        erase = "\r\x1b[K" if self._terminal else ""
        print("\n".join(erase + line for line in lines), file=self._stream, flush=True)
        if self._terminal and self._status:
            print(f"\x1b[2m{self._status}\x1b[0m", end="", file=self._stream, flush=True)

    def _paint(self, prediction: Prediction) -> str:
        width = max(9, *map(len, prediction.emotions))
        padded = f"{prediction.emotion:<{width}}"
        # The text keeps the terminal's own color: yellow words cannot be read on white.
        color = color_of(prediction.emotion, prediction.emotions)
        return f"{swatch(color)} {padded}" if self._terminal else padded


class ImageTextWriter(Writer):
    """Writes one line per face of an image, with all probabilities."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def _write(self, source: str, frame: int, time: float, predictions: list[Prediction]) -> None:
        for prediction in predictions:
            probabilities = "  ".join(
                f"{prediction.emotions[i]} {prediction.probabilities[i]:.3f}"
                for i in prediction.probabilities.argsort()[::-1]
            )
            doubt = "uncertain: " if prediction.emotion == UNCERTAIN else ""
            answer = f"{doubt}{probabilities}{_remarks(prediction)}"
            self._print(f"{source}: face {prediction.number}: {answer}")
        if not predictions:
            self._print(f"{source}: no face")

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

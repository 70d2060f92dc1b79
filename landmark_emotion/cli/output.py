"""Rows on stdout: as text, CSV or JSON Lines."""

import csv
import json
import os
import sys
from typing import Any, Protocol

from landmark_emotion.cli.options import say
from landmark_emotion.prediction import UNCERTAIN, Prediction
from landmark_emotion.records import COLUMNS, csv_row, json_row

FORMATS = ("text", "json", "csv")

_COLOURS = {
    "anger": 31,
    "contempt": 36,
    "disgust": 32,
    "fear": 35,
    "happiness": 33,
    "neutral": 37,
    "sadness": 34,
    "surprise": 96,
    "uncertain": 90,
}


class Writer(Protocol):
    """Writes the rows of one frame or image."""

    def write(
        self, source: str, frame: int, time: float, predictions: list[Prediction]
    ) -> None: ...

    def write_error(self, source: str, reason: str) -> None: ...


class JsonWriter:
    """One JSON object a line."""

    def write(self, source: str, frame: int, time: float, predictions: list[Prediction]) -> None:
        for prediction in predictions or (None,):
            self._print(json_row(source, frame, time, prediction))

    def write_error(self, source: str, reason: str) -> None:
        self._print(json_row(source, 0, 0.0, None, reason))

    def _print(self, row: dict[str, Any]) -> None:
        print(json.dumps(row), flush=True)


class CsvWriter:
    """A header, then one line a row."""

    def __init__(self) -> None:
        # Python's stdout turns \n into what the platform wants.
        self._writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
        self._writer.writeheader()

    def write(self, source: str, frame: int, time: float, predictions: list[Prediction]) -> None:
        for prediction in predictions or (None,):
            self._writer.writerow(csv_row(source, frame, time, prediction))
        sys.stdout.flush()

    def write_error(self, source: str, reason: str) -> None:
        self._writer.writerow(csv_row(source, 0, 0.0, None, reason))


class FrameTextWriter:
    """A line a face or frame of a video, for reading along.

    On a terminal the emotions have colours and the last line is live: it shows the rate.
    """

    def __init__(self) -> None:
        self._terminal = is_live_terminal()
        self._status = ""

    def write(self, source: str, frame: int, time: float, predictions: list[Prediction]) -> None:
        lines = [
            f"frame {frame:5d}  {time:8.3f} s  face {prediction.number}  "
            f"{self._paint(prediction.emotion)}  {prediction.probability:.2f}{_mode(prediction)}"
            for prediction in predictions
        ] or [f"frame {frame:5d}  {time:8.3f} s  no face"]
        print("\n".join(self._over_status(line) for line in lines), flush=True)
        self._show_status()

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
            print("\r\x1b[K", end="", flush=True)

    def _paint(self, emotion: str) -> str:
        padded = f"{emotion:<9}"
        return f"\x1b[{_COLOURS[emotion]}m{padded}\x1b[0m" if self._terminal else padded

    def _over_status(self, line: str) -> str:
        return f"\r\x1b[K{line}" if self._terminal else line

    def _show_status(self) -> None:
        if self._terminal and self._status:
            print(f"\x1b[2m{self._status}\x1b[0m", end="", flush=True)


class ImageTextWriter:
    """A line a face, with all probabilities, or why there is none."""

    def write(self, source: str, frame: int, time: float, predictions: list[Prediction]) -> None:
        for prediction in predictions:
            order = prediction.probabilities.argsort()[::-1]
            every = "  ".join(
                f"{prediction.emotions[i]} {prediction.probabilities[i]:.3f}" for i in order
            )
            doubt = "uncertain: " if prediction.emotion == UNCERTAIN else ""
            mode = _mode(prediction)
            print(f"{source}: face {prediction.number}: {doubt}{every}{mode}", flush=True)
        if not predictions:
            print(f"{source}: no face", flush=True)

    def write_error(self, source: str, reason: str) -> None:
        print(f"{source}: {reason}", flush=True)


def _mode(prediction: Prediction) -> str:
    """Name what the face was compared with, where that is not the average person."""
    return "" if prediction.mode == "static" else f"  {prediction.mode}"


def is_live_terminal() -> bool:
    """Tell whether stdout is a terminal that understands colours and a line written over."""
    if not sys.stdout.isatty() or os.environ.get("TERM") == "dumb" or os.environ.get("NO_COLOR"):
        return False
    if sys.platform == "win32":
        # tqdm needs colorama there, so it is installed.
        import colorama

        colorama.just_fix_windows_console()
    return True

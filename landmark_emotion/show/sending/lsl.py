"""The Lab Streaming Layer; the extra ``lsl`` installs the package it needs."""

import math
import os
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from landmark_emotion.emotions import EMOTIONS
from landmark_emotion.errors import MissingPackageError
from landmark_emotion.show.rows import COLUMN_TYPES, flat_row, numeric_columns
from landmark_emotion.show.sending.message import Message

NAME = "landmark_emotion"
"""The name of the stream."""

TYPE = "Face"
"""The content type of the stream."""

_UNITS = {
    "time": "seconds",
    "face": "number",
    "frame": "number",
    "faces": "number",
} | dict.fromkeys(("left", "top", "width", "height"), "pixels")
_DEGREES = ("yaw", "pitch", "roll")
_QUIET = "[log]\nlevel = -3\n"  # errors only; liblsl prints on stderr


class LslSender:
    """Offers a stream of irregular rate, with one sample per message.

    The channels are all numeric columns, missing values are NaN. The time stamp of a sample is that
    of the capture, by LSL's clock.

    Raises
    ------
    MissingPackageError
        If pylsl is not installed or the library liblsl is missing.
    """

    def __init__(
        self, source: str, landmarks: bool = False, emotions: Sequence[str] = EMOTIONS
    ) -> None:
        self._pylsl = _import()
        self._columns = numeric_columns(landmarks, emotions)
        channels = ("faces", *self._columns)
        info = self._pylsl.StreamInfo(
            NAME,
            TYPE,
            len(channels),
            self._pylsl.IRREGULAR_RATE,
            self._pylsl.cf_double64,
            f"{NAME} {socket.gethostname()} {source}",
        )
        described = info.desc().append_child("channels")
        for channel in channels:
            described.append_child("channel").append_child_value(
                "label", channel
            ).append_child_value("unit", unit(channel)).append_child_value("type", TYPE)
        self._outlet = self._pylsl.StreamOutlet(info)

    def send(self, message: Message) -> None:
        """Push a sample, which waits in memory for receivers."""
        row = flat_row(message.row, self._columns)
        values = [math.nan if row[name] is None else float(row[name]) for name in self._columns]
        now = time.monotonic()
        captured = self._pylsl.local_clock() - (now - message.captured)
        self._outlet.push_sample([float(message.faces), *values], captured)

    def close(self) -> str:
        """Withdraw the stream."""
        del self._outlet
        return ""


def unit(column: str) -> str:
    """Return the unit of a numeric column, as the description of the stream names it."""
    if column in _UNITS:
        return _UNITS[column]
    if column in _DEGREES:
        return "degrees"
    if COLUMN_TYPES.get(column) is bool:
        return "boolean"
    if column.startswith(("p_", "raw_", "probability")):
        return "probability"
    return "ratio" if column in COLUMN_TYPES else "pixels"  # of a landmark


def _import() -> ModuleType:
    try:
        import pylsl
    except ImportError as error:
        raise MissingPackageError(
            "lsl: pylsl is not installed; run 'pip install pylsl' or send to udp://"
        ) from error
    except RuntimeError as error:  # so pylsl reports that there is no library
        raise MissingPackageError(
            "lsl: the library liblsl is missing or cannot be loaded; update pylsl, install liblsl "
            "as pylsl's page says, or send to udp://"
        ) from error
    # The user's own settings say where to look for peers, so they are not replaced.
    home = os.path.expanduser("~")  # noqa: PTH111, pathlib raises an error without a home
    folders = (Path(), Path(home, "lsl_api"), Path("/etc/lsl_api"))
    own = any((folder / "lsl_api.cfg").is_file() for folder in folders)
    if not own and "LSLAPICFG" not in os.environ:
        # liblsl up to 1.17 cannot be told.
        getattr(pylsl, "set_config_content", lambda content: None)(_QUIET)
    module: ModuleType = pylsl
    return module

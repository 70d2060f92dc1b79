"""Open Sound Control 1.0 in UDP datagrams; the extra ``osc`` installs the package it needs."""

import functools
from collections.abc import Iterator
from typing import Any

from landmark_emotion.errors import MissingPackageError
from landmark_emotion.show.rows import COLUMN_TYPES, columns, flat_row
from landmark_emotion.show.sending.datagrams import Datagrams
from landmark_emotion.show.sending.message import Message
from landmark_emotion.show.sending.targets import Target

_ABOUT_FRAME = ("frame", "time")
_LEFT_OUT = ("source", "person", "face", "error")
_TYPES = {int: "i", bool: "i", float: "f", str: "s"}  # few programs know OSC's booleans

Value = int | float | str


class OscSender:
    """Sends each message as one bundle, to be dispatched at once.

    A bundle has the addresses ``/faces``, ``/frame``, ``/time`` and ``/captured`` about the frame
    and, for the face with number N, ``/face/N/`` and the name of a column for each value.

    Raises
    ------
    MissingPackageError
        If python-osc is not installed.
    OutputError
        If the host is unknown.
    """

    def __init__(self, target: Target, landmarks: bool = False) -> None:
        try:
            from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
            from pythonosc.osc_message_builder import OscMessageBuilder
        except ImportError as error:
            raise MissingPackageError(
                f"{target}: python-osc is not installed; run 'pip install python-osc' or send to "
                "udp://"
            ) from error
        self._new_bundle: Any = functools.partial(OscBundleBuilder, IMMEDIATELY)
        self._new_message: Any = OscMessageBuilder
        self._landmarks = landmarks
        self._datagrams = Datagrams(target)

    def send(self, message: Message) -> None:
        """Send a message."""
        bundle = self._new_bundle()
        for address, type_, value in self._values(message):
            content = self._new_message(address)
            content.add_arg(value, type_)
            bundle.add_content(content.build())
        self._datagrams.send(bundle.build().dgram)

    def close(self) -> str:
        """Close the socket; return what could not be sent."""
        return self._datagrams.close()

    def _values(self, message: Message) -> Iterator[tuple[str, str, Value]]:
        """Yield address, type and value of everything that a message knows."""
        names = columns(self._landmarks, tuple(message.row["probabilities"] or ()))
        row = flat_row(message.row, names)
        yield "/faces", "i", message.faces
        yield "/captured", "d", message.clock_time  # a float would be wrong by a minute
        for name in names:
            value = row[name]
            if value is None or name in _LEFT_OUT:
                continue
            address = f"/{name}" if name in _ABOUT_FRAME else f"/face/{row['face']}/{name}"
            yield address, _TYPES[COLUMN_TYPES.get(name, float)], value

"""What is sent about a face, and what sends it."""

import time
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Message:
    """A face of a frame, or a frame without a face.

    Attributes
    ----------
    row : dict
        As made by `rows.json_row`.
    faces : int
        Number of faces in the frame, each of which has a message.
    captured : float
        When the frame was captured, by `time.monotonic`.
    """

    row: dict[str, Any]
    faces: int
    captured: float

    @property
    def clock_time(self) -> float:
        """When the frame was captured, in seconds since 1970 by the clock of this computer."""
        return time.time() - (time.monotonic() - self.captured)


class Sender(Protocol):
    """Sends messages to one target."""

    def send(self, message: Message) -> None:
        """Send a message without waiting; one that cannot be sent is lost."""

    def close(self) -> str:
        """Release what is open; return what went wrong, if anything did."""

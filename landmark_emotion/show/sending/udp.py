"""JSON in UDP datagrams."""

import json

from landmark_emotion.show.sending.datagrams import Datagrams
from landmark_emotion.show.sending.message import Message
from landmark_emotion.show.sending.targets import Target


class UdpSender:
    """Sends each message as one datagram, a JSON object in ASCII.

    Its keys are those of `rows.json_row`, ``faces`` and ``captured``.
    """

    def __init__(self, target: Target) -> None:
        self._datagrams = Datagrams(target)

    def send(self, message: Message) -> None:
        """Send a message."""
        more = {"faces": message.faces, "captured": round(message.clock_time, 6)}
        self._datagrams.send(json.dumps(message.row | more).encode())

    def close(self) -> str:
        """Close the socket; return what could not be sent."""
        return self._datagrams.close()

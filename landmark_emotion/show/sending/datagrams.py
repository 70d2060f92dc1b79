"""UDP datagrams that are sent at once or not at all."""

import socket
from typing import Any

from landmark_emotion.errors import OutputError, reason
from landmark_emotion.show.sending.targets import Target


class Datagrams:
    """A UDP socket that never waits: what the network does not take at once is lost.

    It does not matter whether anybody receives the datagrams.

    Raises
    ------
    OutputError
        If the host is unknown.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._address: Any
        try:
            found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_DGRAM)
            family, kind, protocol, _, self._address = found[0]
            self._socket = socket.socket(family, kind, protocol)
        except (OSError, UnicodeError) as error:  # a label of more than 63 characters
            raise OutputError(
                f"{target}: the host cannot be found ({reason(error)}); check its name, or use its "
                "IP address"
            ) from error
        self._socket.setblocking(False)
        if family == socket.AF_INET:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self._n_sent = self._n_lost = 0
        self._reason = ""

    def send(self, data: bytes) -> None:
        """Send a datagram; if that is impossible at the moment, count it as lost."""
        try:
            # Not connected: otherwise a receiver that is gone would be an error of the next call.
            self._socket.sendto(data, self._address)
            self._n_sent += 1
        except OSError as error:
            self._n_lost += 1
            self._reason = reason(error)

    def close(self) -> str:
        """Close the socket; return how many datagrams were lost and why, if any were."""
        self._socket.close()
        if not self._n_lost:
            return ""
        total = self._n_sent + self._n_lost
        return (
            f"{self._target}: {self._n_lost:,} of {total:,} messages could not be sent "
            f"({self._reason}); check the address and the network"
        )

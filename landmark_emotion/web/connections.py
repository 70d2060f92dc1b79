"""Connections that wait, stall or are too many, and the end of the server."""

import asyncio
import socket
from concurrent.futures import Future
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from landmark_emotion.faces.detector import FaceDetector
from landmark_emotion.web import limits
from landmark_emotion.web.shared import Shared

_BAD_REQUEST = b'{"error": "request: not valid HTTP; correct it"}'


class Connection(H11Protocol):
    """A connection that is closed if it stalls.

    It stalls if no whole request arrives in time, or if the client does not take the answer. If
    there are too many connections, the one that has waited for a request for longest is closed.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._patience: asyncio.TimerHandle | None = None
        self.since = 0.0
        self._is_websocket = False

    @property
    def waits(self) -> bool:
        """Whether there is no request to answer."""
        if self._is_websocket:
            return False
        return self.cycle is None or bool(self.cycle.response_complete)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request."""
        super().connection_made(transport)
        self.since = self.loop.time()
        self._watch(limits.HEADER_SECONDS)
        if len(self.connections) > limits.MAX_CONNECTIONS:
            everyone = [each for each in self.connections if isinstance(each, Connection)]
            waiting = [each for each in everyone if each.waits]
            min(waiting, key=lambda each: each.since).transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take a part of a request."""
        super().data_received(data)
        if not self.waits:
            self._unwatch()
        elif self._patience is None:
            self._watch(limits.HEADER_SECONDS)

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self.since = self.loop.time()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """Wait for the client to take more of the answer."""
        super().pause_writing()
        self._watch(limits.SEND_SECONDS)

    def resume_writing(self) -> None:
        """Go on with the answer."""
        super().resume_writing()
        self._unwatch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._unwatch()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, *arguments: Any) -> None:
        """Leave the connection to the protocol of WebSockets."""
        self._is_websocket = True
        super().handle_websocket_upgrade(*arguments)

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP as every other error is answered."""
        head = f"HTTP/1.1 400 Bad Request\r\nContent-Length: {len(_BAD_REQUEST)}\r\n"
        more = "Content-Type: application/json\r\nConnection: close\r\n\r\n"
        self.transport.write((head + more).encode() + _BAD_REQUEST)
        self.transport.close()

    def _watch(self, seconds: float) -> None:
        self._unwatch()
        self._patience = self.loop.call_later(seconds, self.transport.abort)

    def _unwatch(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


class Server(uvicorn.Server):
    """A server that ends at once, whatever it is doing, also if the recognizer cannot be loaded."""

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until Ctrl-C or an error, which is raised."""
        super().run(sockets)
        if self.started:
            detector = self._shared.detector
            if detector.done():
                detector.result()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and watch how loading goes."""
        await super().startup(sockets)
        if self.started:
            self._shared.detector.add_done_callback(self._loaded)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the connections, then the application."""
        for connection in list(self.server_state.connections):
            if isinstance(connection, Connection):
                connection.transport.abort()
        self._shared.stop()
        await super().shutdown(sockets)

    @property
    def _shared(self) -> Shared:
        shared: Shared = self.lifespan.state["shared"]
        return shared

    def _loaded(self, detector: "Future[FaceDetector]") -> None:
        if detector.exception() is not None:
            self.should_exit = True

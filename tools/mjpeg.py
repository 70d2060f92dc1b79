"""A network camera that can fail: MJPEG over HTTP."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BOUNDARY = "picture"


class MjpegServer:
    """Streams frames to every client on the loopback interface, as a camera does.

    The clock decides which frame is sent, so a client that connects late misses earlier frames. Use
    it as a context manager, or call `start` and `stop`.

    Parameters
    ----------
    picture : callable
        Returns the JPEG of the frame with a given number, from 0.
    fps : float
        Frames per second.

    Attributes
    ----------
    port : int
        The same after each start; 0 before the first.
    """

    def __init__(self, picture: Callable[[int], bytes], fps: float = 25.0) -> None:
        self.port = 0
        self._picture = picture
        self._fps = fps
        self._begin = time.monotonic()
        self._sending = threading.Event()
        self._sending.set()
        self._server: _Server | None = None

    @property
    def url(self) -> str:
        """Address of the stream."""
        return f"http://127.0.0.1:{self.port}/"

    def due(self, number: int) -> float:
        """Return when a frame is due, by `time.monotonic`."""
        return self._begin + number / self._fps

    def start(self) -> None:
        """Listen, on the same port as before."""
        self._server = _Server(("127.0.0.1", self.port), _Handler)
        self._server.stream = self._stream
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Close all connections and stop listening."""
        if self._server is not None:
            self._server.shutdown()
            self._server.disconnect()
            self._server.server_close()
            self._server = None

    def disconnect(self) -> None:
        """Close all connections but accept new ones."""
        self._server.disconnect()

    def stall(self) -> None:
        """Stop sending but keep the connections."""
        self._sending.clear()

    def resume(self) -> None:
        """Resume sending."""
        self._sending.set()

    def __enter__(self) -> "MjpegServer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _stream(self, handler: "_Handler", connected: Callable[[], bool]) -> None:
        sent = None
        answered = False
        while connected():
            number = int((time.monotonic() - self._begin) * self._fps)
            if number == sent or not self._sending.is_set():
                time.sleep(0.1 / self._fps)
                continue
            if not answered:
                handler.send_response(200)
                handler.send_header(
                    "Content-Type", f"multipart/x-mixed-replace; boundary={BOUNDARY}"
                )
                handler.end_headers()
                answered = True
            jpeg = self._picture(number)
            head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n"
            handler.wfile.write(f"{head}\r\n".encode() + jpeg + b"\r\n")
            sent = number


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # closing the server waits for its threads
    stream: Callable[..., None]

    def __init__(self, *arguments: object) -> None:
        self._connections: set[socket.socket] = set()
        super().__init__(*arguments)

    def process_request(self, request, client_address):
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        self._connections.discard(request)
        super().shutdown_request(request)

    def connected(self, request):
        return request in self._connections

    def disconnect(self):
        for request in list(self._connections):
            self._connections.discard(request)
            with contextlib.suppress(OSError):  # the client has closed it
                request.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        with contextlib.suppress(OSError):  # the connection is closed
            self.server.stream(self, lambda: self.server.connected(self.connection))

    def log_message(self, *_):
        pass

"""Non-blocking stdout: a pipe or terminal that is not read must not stop window and recording."""

import contextlib
import io
import queue
import sys
import threading
from collections.abc import Iterator
from typing import TextIO, cast

from landmark_emotion.errors import Notify

QUEUE_SIZE = 4096  # texts that may wait for the reader
FLUSH_TIMEOUT = 1.0  # seconds to wait for the reader at the end


@contextlib.contextmanager
def nonblocking_stdout(notify: Notify) -> Iterator[None]:
    """Drop whole lines if stdout is not read fast enough, and report their number at the end."""
    plain = sys.stdout
    buffer = getattr(plain, "buffer", None)
    if buffer is None:  # an object in memory, which never blocks
        yield
        return
    plain.flush()
    # Unbuffered: a buffer has a lock, which a blocked thread would hold.
    stream = _Stream(getattr(buffer, "raw", buffer), plain)
    sys.stdout = cast(TextIO, stream)
    try:
        yield
    finally:
        sys.stdout = plain
        n_dropped = stream.finish()
        if n_dropped:
            notify(f"note: stdout was not read; {n_dropped:,} lines were dropped")


class _Stream:
    """The part of a text stream that `print` and `csv` need, written by a thread of its own."""

    def __init__(self, raw: io.RawIOBase, plain: TextIO) -> None:
        self._raw = raw
        self._plain = plain
        self._line = ""
        self._queue: queue.Queue[str | None] = queue.Queue(QUEUE_SIZE)
        self._n_waiting = 0  # lines being written
        self._n_dropped = 0
        self._error: OSError | None = None
        # A daemon, since a blocked write cannot be ended.
        self._thread = threading.Thread(target=self._write_all, daemon=True)
        self._thread.start()

    def write(self, text: str) -> int:
        self._line += text
        if text.endswith("\n"):
            self.flush()
        return len(text)

    def flush(self) -> None:
        text, self._line = self._line, ""
        if self._error is not None:
            raise self._error
        if text:
            try:
                self._queue.put_nowait(text)
            except queue.Full:
                self._n_dropped += text.count("\n")

    def isatty(self) -> bool:
        return self._plain.isatty()

    def finish(self) -> int:
        """Wait briefly for the reader; return the number of lines that were not written."""
        with contextlib.suppress(queue.Full):
            self._queue.put(None, timeout=FLUSH_TIMEOUT)
        self._thread.join(FLUSH_TIMEOUT)
        if self._error is not None:
            raise self._error
        while not self._queue.empty():
            self._n_dropped += (self._queue.get_nowait() or "").count("\n")
        return self._n_dropped + self._n_waiting

    def _write_all(self) -> None:
        encoding = self._plain.encoding or "utf-8"
        try:
            while (text := self._queue.get()) is not None:
                self._n_waiting = text.count("\n")
                rest = memoryview(text.encode(encoding, "backslashreplace"))
                while rest:
                    rest = rest[self._raw.write(rest) or 0 :]
                self._n_waiting = 0
        except ValueError:  # stdout was closed after `finish` gave up
            pass
        except OSError as error:
            self._error = error

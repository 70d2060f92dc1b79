"""A stdout that nobody reads, such as a stopped terminal, must not stop window and recording."""

import contextlib
import io
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TextIO, cast

ROOM = 2**20  # characters that may wait for the reader
PATIENCE = 1.0  # seconds for the reader at the end


@contextlib.contextmanager
def stdout_that_never_waits(talk: Callable[[str], None]) -> Iterator[None]:
    """Let whole lines be left out where stdout is not read fast enough, and say so at the end.

    Parameters
    ----------
    talk : callable
        Called with a line for the user.
    """
    plain = sys.stdout
    # Without buffers of its own, which a thread that is stuck would keep others from.
    buffer = getattr(plain, "buffer", None)
    if buffer is None:  # what stands for stdout in memory keeps nobody waiting
        yield
        return
    raw = getattr(buffer, "raw", buffer)
    plain.flush()
    stream = _Stream(raw, plain)
    sys.stdout = cast(TextIO, stream)
    try:
        yield
    finally:
        sys.stdout = plain
        n_missing = stream.end()
        if n_missing:
            talk(f"note: stdout was not read; {n_missing:,} lines are missing there")


class _Stream:
    """Text that a thread writes while the program goes on; what `print` needs of a stream."""

    def __init__(self, raw: io.RawIOBase, plain: TextIO) -> None:
        self._raw, self._plain = raw, plain
        self._changed = threading.Condition()
        self._line = ""  # so that lines are left out whole
        self._waiting: list[str] = []
        self._n_waiting = 0
        self._n_missing = 0
        self._ended = False
        self._error: OSError | None = None
        # A daemon, since what is stuck cannot be ended.
        self._thread = threading.Thread(target=self._write_all, daemon=True)
        self._thread.start()

    def write(self, text: str) -> int:
        self._line += text
        if text.endswith("\n"):
            self.flush()
        return len(text)

    def flush(self) -> None:
        text, self._line = self._line, ""
        with self._changed:
            if self._error is not None:
                raise self._error
            if self._n_waiting + len(text) > ROOM:
                self._n_missing += text.count("\n")
            elif text:
                self._waiting.append(text)
                self._n_waiting += len(text)
                self._changed.notify()

    def isatty(self) -> bool:
        return self._plain.isatty()

    def end(self) -> int:
        """Write what can be written still; returns how many lines were not."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join(PATIENCE)
        with self._changed:
            if self._error is not None:
                raise self._error
            return self._n_missing + sum(text.count("\n") for text in self._waiting)

    def _write_all(self) -> None:
        encoding = self._plain.encoding or "utf-8"
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._waiting or self._ended)
                    if not self._waiting:
                        return
                    text = self._waiting[0]
                rest = memoryview(text.encode(encoding, "backslashreplace"))
                while rest:
                    rest = rest[self._raw.write(rest) or 0 :]
                with self._changed:
                    del self._waiting[0]
                    self._n_waiting -= len(text)
        except ValueError:  # closed after its end
            pass
        except OSError as error:
            with self._changed:
                self._error = error

"""Photos are decoded and recognized by a process of their own.

A decoder that is slow, takes much memory or crashes disturbs no page then: the process has a low
priority, and it is replaced if it dies or takes too long.
"""

import asyncio
import contextlib
import logging
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, BinaryIO, cast

from landmark_emotion.web import limits
from landmark_emotion.web.photo_worker import ANSWER, REQUEST

_WORKER = "landmark_emotion.web.photo_worker"
_TOO_SLOW = 413, b'{"error": "image: takes too long to recognize; send a smaller one"}'
_BROKEN = 500, b'{"error": "server: internal error; see its log"}'

_log = logging.getLogger(__name__)


class Photos:
    """Recognizes one photo at a time.

    Parameters
    ----------
    options : mapping
        Arguments of `Recognizer`, with a model and the path of the predictor.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        # What is known about the training is of no use there, and cannot be pickled.
        model = replace(options["model"], info={})
        self._options = {"max_faces": limits.MAX_FACES, **options, "model": model}
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False
        self._late = False
        self._lock = threading.Lock()  # of `_process` and `_stopped`
        self._thread = ThreadPoolExecutor(1, "photo")

    async def recognize(self, body: bytes, explain: bool) -> tuple[int, bytes]:
        """Return a status and JSON: the fields of `schemas.RecognizedImage`, or an error."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._recognize, body, explain)

    def stop(self) -> None:
        """End the process at once, also during a photo."""
        with self._lock:
            self._stopped = True
            process = self._process
            self._end()
        self._thread.shutdown(cancel_futures=True)
        _close(process)

    def _recognize(self, body: bytes, explain: bool) -> tuple[int, bytes]:
        self._late = False
        process = timer = None
        try:
            process = self._started()
            requests, answers = cast(BinaryIO, process.stdin), cast(BinaryIO, process.stdout)
            timer = threading.Timer(limits.PHOTO_SECONDS, self._end_late)
            timer.daemon = True
            timer.start()
            requests.write(REQUEST.pack(len(body), explain) + body)
            requests.flush()
            header = answers.read(ANSWER.size)
            if len(header) == ANSWER.size:
                status, length = ANSWER.unpack(header)
                answer = answers.read(length)
                if len(answer) == length:
                    return status, answer
        except OSError:
            pass  # it has ended; a reader sees the end of its answers instead
        finally:
            if timer is not None:
                timer.cancel()
        with self._lock:
            self._end()
            _close(process)
            if self._late:
                return _TOO_SLOW
            if not self._stopped:
                _log.error("the process that recognizes photos has died")
        return _BROKEN

    def _end_late(self) -> None:
        with self._lock:
            self._late = True
            self._end()

    def _started(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._stopped:
                raise BrokenPipeError
            if self._process is None:
                self._process = _start()
                requests = cast(BinaryIO, self._process.stdin)
                requests.write(pickle.dumps(self._options))
            return self._process

    def _end(self) -> None:
        if self._process is not None:
            process, self._process = self._process, None
            process.kill()
            process.wait()


def _close(process: "subprocess.Popen[bytes] | None") -> None:
    """Close the pipes of a process that has ended, once no thread reads from them."""
    for pipe in (process.stdin, process.stdout) if process is not None else ():
        with contextlib.suppress(OSError):  # what was buffered cannot be sent any more
            cast(BinaryIO, pipe).close()


def _start() -> subprocess.Popen[bytes]:
    path = os.pathsep.join(part for part in sys.path if part)
    more: dict[str, Any] = {"start_new_session": True}  # Ctrl-C is for the server alone
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.BELOW_NORMAL_PRIORITY_CLASS
        more = {"creationflags": flags}
    return subprocess.Popen(
        [sys.executable, "-m", _WORKER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"},
        **more,
    )

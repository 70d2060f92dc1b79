"""The process that decodes and recognizes photos: ``python -m landmark_emotion.web.photo_worker``.

It reads a pickled dictionary of the arguments of `Recognizer` and then requests from stdin, and
writes answers to stdout, each with a header. It ends with its input, so also if the server dies.
"""

import contextlib
import json
import os
import pickle
import struct
import sys
import time as clock
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import ImageError, TooLargeError, is_system_fault
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.networks.occlusion import Occlusion
from landmark_emotion.web import limits
from landmark_emotion.web.answers import enlarged, image_answer

REQUEST = struct.Struct(">I?")  # length of the image, whether to explain
ANSWER = struct.Struct(">HI")  # status, length of the JSON


def main() -> None:
    """Answer requests until there are no more."""
    requests, answers = _streams()
    with contextlib.suppress(AttributeError, OSError):
        os.nice(10)  # frames go first
    cv2.setNumThreads(1)
    recognizer = Recognizer(**pickle.load(requests))  # from the server itself
    _limit_memory()
    while header := requests.read(REQUEST.size):
        length, explain = REQUEST.unpack(header)
        status, answer = _answer(recognizer, requests.read(length), explain)
        body = json.dumps(answer).encode()
        answers.write(ANSWER.pack(status, len(body)) + body)
        answers.flush()


def _answer(recognizer: Recognizer, body: bytes, explain: bool) -> tuple[int, dict[str, Any]]:
    try:
        image, size = limits.decode_photo(body, "image")
        scale = size[0] / image.shape[1]
        found = recognizer.recognize_still(image)
        larger = [enlarged(each, scale) for each in found]
        if not explain:
            return 200, image_answer(size, larger, None)
        occlusions = _occlusions(recognizer, image, found)
        return 200, image_answer(size, larger, recognizer.model, occlusions)
    except ImageError as error:
        status = 503 if is_system_fault(error) else 413 if isinstance(error, TooLargeError) else 400
        return status, {"error": str(error)}
    except Exception:
        traceback.print_exc()
        return 500, {"error": "server: internal error; see its log"}


def _occlusions(
    recognizer: Recognizer, image: NDArray[np.uint8], found: Sequence[Prediction]
) -> list[Occlusion | None]:
    """Say what the network looks at in as many faces as there is time for."""
    end = clock.monotonic() + limits.OCCLUSION_SECONDS
    return [
        recognizer.occlusion(image, each) if clock.monotonic() < end else None for each in found
    ]


def _streams() -> tuple[BinaryIO, BinaryIO]:
    """Keep stdout for answers; whatever a library prints goes to stderr."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return sys.stdin.buffer, answers


def _limit_memory() -> None:
    """Let the system refuse memory far beyond what an image may take, should a check have a gap."""
    try:
        import resource

        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (used + limits.MAX_WORKER_MEMORY, hard))
    except (ImportError, OSError, ValueError):
        pass  # not on Linux


if __name__ == "__main__":
    main()

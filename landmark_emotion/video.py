"""Cameras, videos, streams and image sequences become frames; the only module that opens them."""

import glob
import os
import re
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import ImageError, SourceError
from landmark_emotion.files import natural_order
from landmark_emotion.frame import Frame
from landmark_emotion.images import IMAGE_SUFFIXES, read_image

Source = int | str | os.PathLike[str]
"""A camera's index or device, or a video file, an image sequence or a URL."""

Warn = Callable[[str], None]

# FFmpeg shows text as a picture of a terminal.
_TEXT_SUFFIXES = frozenset({".ans", ".art", ".asc", ".diz", ".ice", ".nfo", ".txt", ".vt"})

SEQUENCE_FPS = 25.0  # of image sequences, which do not say

# A camera that has just been opened, or stutters, may fail to give a frame at first.
PATIENCE = 2.0  # seconds
COMPLETE = 0.9  # of the frames that a file promises, which is often an estimate
NETWORK_TIMEOUT = 10.0  # seconds


def frames(source: Source, warn: Warn = lambda message: None) -> Generator[Frame, None, None]:
    """Open a source and yield its frames as they come.

    Closing the generator, or leaving it at its end, releases the source.

    Parameters
    ----------
    source : int, str or path-like
        A camera's index or device such as ``/dev/video0``; a video file; an image sequence as a
        folder, a pattern such as ``frames/*.png`` or ``frames/%04d.png``, or a single image; an
        ``http://`` or ``rtsp://`` URL. A file whose name is a number needs its folder before it:
        ``./7``.
    warn : callable, optional
        Called with a line for each image of a sequence that cannot be read and is left out.

    Yields
    ------
    Frame
        One after the other, none left out.

    Raises
    ------
    SourceError
        If the source cannot be opened, holds no frame, or a camera stops giving frames.
    """
    if isinstance(source, int):
        return _camera(source)
    name = os.fspath(source)
    if not name:
        raise SourceError("source: none is named; give a camera's number, a video or a folder")
    if name.isdecimal() and len(name) < 10:
        return _camera(int(name))
    if "://" in name:
        return _stream(name)
    if Path(name).is_char_device():
        return _camera(name)
    sequence = _image_sequence(name)
    return _images(sequence, name, warn) if sequence is not None else _video(name)


def _camera(camera: int | str) -> Generator[Frame, None, None]:
    capture = cv2.VideoCapture(camera)
    try:
        if not capture.isOpened():
            raise SourceError(
                f"camera {camera}: cannot be opened; plug it in, close other programs that use "
                "it, or choose another with --source"
            )
        yield from _live(capture, f"camera {camera}", "plug it in again")
    finally:
        capture.release()


def _stream(url: str) -> Generator[Frame, None, None]:
    milliseconds = int(NETWORK_TIMEOUT * 1000)
    capture = cv2.VideoCapture(
        url,
        cv2.CAP_FFMPEG,
        [
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
            milliseconds,
            cv2.CAP_PROP_READ_TIMEOUT_MSEC,
            milliseconds,
        ],
    )
    try:
        if not capture.isOpened():
            raise SourceError(f"{url}: cannot be opened; check the address and that it is sending")
        yield from _live(capture, url, "check that it is still sending")
    finally:
        capture.release()


def _live(capture: cv2.VideoCapture, name: str, remedy: str) -> Generator[Frame, None, None]:
    index = 0
    length = capture.get(cv2.CAP_PROP_FRAME_COUNT)  # of a video behind a URL, else 0 or less
    first = last = time.monotonic()
    while True:
        good, image = capture.read()
        now = time.monotonic()
        if good and image is not None:
            first = now if index == 0 else first
            yield Frame(_colour(image), index, now - first)
            index += 1
            last = time.monotonic()
        elif 0 < length <= index:
            return
        elif now - last > PATIENCE:
            what = f"stopped after {index} frames" if index else "gives no picture"
            raise SourceError(f"{name}: {what}; {remedy}")
        else:
            time.sleep(0.02)


def _video(name: str) -> Generator[Frame, None, None]:
    path = Path(name)
    if not path.exists():
        raise SourceError(f"{name}: no such video; check the path, or give a camera's number")
    if path.is_file() and path.stat().st_size == 0:
        raise SourceError(f"{name}: the file is empty; replace it")
    if path.suffix.lower() in _TEXT_SUFFIXES:
        raise SourceError(f"{name}: is text, not a video; check the path")
    capture = cv2.VideoCapture(name)
    try:
        if not capture.isOpened():
            raise SourceError(f"{name}: not a video that can be read; convert it to MP4")
        fps = capture.get(cv2.CAP_PROP_FPS)
        index = 0
        before = 0.0
        while True:
            good, image = capture.read()
            if not good or image is None:
                break
            # Its own time stamp where the file has one, so that variable rates are right.
            stamp = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            if index and stamp <= before:
                stamp = before + (1 / fps if fps > 0 else 1 / SEQUENCE_FPS)
            before = stamp
            yield Frame(_colour(image), index, stamp)
            index += 1
        promised = capture.get(cv2.CAP_PROP_FRAME_COUNT)
        if 0 < index < COMPLETE * promised - 5:
            raise SourceError(
                f"{name}: breaks off after {index} of about {promised:.0f} frames; the file is "
                "damaged, get it again"
            )
        if index == 0:
            raise SourceError(f"{name}: holds no frame that can be read; convert it to MP4")
    finally:
        capture.release()


def _image_sequence(name: str) -> list[Path] | None:
    path = Path(name)
    number = re.search(r"%0?\d*d", name)
    if path.is_dir():
        found = [child for child in path.iterdir() if child.suffix.lower() in IMAGE_SUFFIXES]
    elif path.is_file():
        return [path] if path.suffix.lower() in IMAGE_SUFFIXES else None
    elif number is not None:
        before, after = name[: number.start()], name[number.end() :]
        matches = glob.glob(f"{glob.escape(before)}*{glob.escape(after)}")
        found = [
            Path(match) for match in matches if match[len(before) : -len(after) or None].isdecimal()
        ]
    elif glob.has_magic(name):
        found = [Path(match) for match in glob.glob(name)]
    else:
        return None
    return sorted(
        (child for child in found if not child.name.startswith(".") and child.is_file()),
        key=lambda child: [natural_order(part) for part in child.parts],
    )


def _images(paths: list[Path], name: str, warn: Warn) -> Generator[Frame, None, None]:
    readable = 0
    for index, path in enumerate(paths):
        try:
            image = read_image(path)
        except ImageError as error:
            warn(str(error))
            continue
        readable += 1
        yield Frame(image, index, index / SEQUENCE_FPS)
    if not readable:
        raise SourceError(f"{name}: holds no image that can be read; check the path")


def _colour(image: NDArray[Any]) -> NDArray[np.uint8]:
    # Some gray cameras give frames without a channel axis.
    if image.ndim == 2 or image.shape[2] == 1:
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    return np.asarray(image, dtype=np.uint8)

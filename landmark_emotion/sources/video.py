"""Cameras, videos, streams and image sequences become frames.

Besides `camera`, which reads the live ones, the only module that opens cameras and videos.
"""

import contextlib
import glob
import os
import re
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import cv2

from landmark_emotion.errors import ImageError, SourceError
from landmark_emotion.files.folders import natural_order
from landmark_emotion.sources.camera import Camera, color
from landmark_emotion.sources.frame import Frame
from landmark_emotion.sources.images import IMAGE_SUFFIXES, read_image

Source = int | str | os.PathLike[str]
"""A camera's index or device, or a video file, an image sequence or a URL."""

Warn = Callable[[str], None]

VIDEO_SUFFIXES = frozenset(
    {
        ".3gp",
        ".asf",
        ".avi",
        ".flv",
        ".m2ts",
        ".m4v",
        ".mjpeg",
        ".mjpg",
        ".mkv",
        ".mov",
        ".mp4",
        ".mpeg",
        ".mpg",
        ".mts",
        ".ogv",
        ".ts",
        ".vob",
        ".webm",
        ".wmv",
    }
)

# FFmpeg shows text as a picture of a terminal.
_TEXT_SUFFIXES = frozenset({".ans", ".art", ".asc", ".diz", ".ice", ".nfo", ".txt", ".vt"})

SEQUENCE_FPS = 25.0  # of image sequences, which do not say

COMPLETE = 0.9  # of the frames that a file promises, which is often an estimate
RECONNECT = 30.0  # seconds


@dataclass(frozen=True)
class Probe:
    """What a source says of itself.

    Attributes
    ----------
    fps : float or None
        Frames a second; None where it does not say.
    n_frames : int or None
        How many; None where it does not say, often an estimate otherwise.
    """

    fps: float | None
    n_frames: int | None


def probe(source: Source) -> Probe:
    """Ask a video or image sequence how long it is; of cameras and streams nothing is known.

    Parameters
    ----------
    source : int, str or path-like
        As for `frames`; what is wrong with it is left for `frames` to say.

    Returns
    -------
    Probe
        What is known without reading it.
    """
    name = os.fspath(source) if not isinstance(source, int) else str(source)
    if name.isdecimal() or "://" in name or Path(name).is_char_device():
        return Probe(None, None)
    sequence = _image_sequence(name)
    if sequence is not None:
        return Probe(SEQUENCE_FPS, len(sequence))
    if not Path(name).is_file() or Path(name).stat().st_size == 0:
        return Probe(None, None)
    capture = cv2.VideoCapture(name)
    try:
        fps, n_frames = (
            capture.get(which) for which in (cv2.CAP_PROP_FPS, cv2.CAP_PROP_FRAME_COUNT)
        )
        return Probe(fps if 0 < fps < 1000 else None, int(n_frames) if n_frames > 0 else None)
    finally:
        capture.release()


def frames(
    source: Source, warn: Warn = lambda message: None, reconnect: float = RECONNECT
) -> Generator[Frame, None, None]:
    """Open a source and yield its frames as they come.

    Cameras and live streams are read in a thread of its own: each time the newest frame is given,
    none twice, and those that came in the meantime are left out but counted in `Frame.index`.
    While such a source is gone, nothing is given; when it is back, index and time go on.

    Closing the generator, or leaving it at its end, releases the source.

    Parameters
    ----------
    source : int, str or path-like
        A camera's index or device such as ``/dev/video0``; a video file; an image sequence as a
        folder, a pattern such as ``frames/*.png`` or ``frames/%04d.png``, or a single image; an
        ``http://`` or ``rtsp://`` URL. A file whose name is a number needs its folder before it:
        ``./7``.
    warn : callable, optional
        Called with a line for each image of a sequence that cannot be read and is left out, and
        when a camera or stream goes away and is back.
    reconnect : float
        For how many seconds a camera or stream that has gone away is opened again and again; 0
        gives it up at once.

    Yields
    ------
    Frame
        One after the other; of a file, a video behind a URL and an image sequence none left out.

    Raises
    ------
    SourceError
        If the source cannot be opened, holds no frame, or a camera or stream has gone away and
        not come back in time.
    ValueError
        If `reconnect` is negative.
    """
    if not reconnect >= 0:
        raise ValueError(f"reconnect must be at least 0, got {reconnect}")
    if isinstance(source, int):
        return _live(source, warn, reconnect)
    name = os.fspath(source)
    if not name:
        raise SourceError("source: none is named; give a camera's number, a video or a folder")
    if name.isdecimal() and len(name) < 10:
        return _live(int(name), warn, reconnect)
    if "://" in name or Path(name).is_char_device():
        return _live(name, warn, reconnect)
    sequence = _image_sequence(name)
    return _images(sequence, name, warn) if sequence is not None else _video(name)


def _live(source: int | str, warn: Warn, reconnect: float) -> Generator[Frame, None, None]:
    with contextlib.closing(Camera(source, reconnect)) as camera:
        finite = camera.open()
        if finite is None:
            yield from camera.frames(warn)
        else:
            yield from _read_through(finite, camera.name, camera.remedy)


def _video(name: str) -> Generator[Frame, None, None]:
    path = Path(name)
    if not path.exists():
        raise SourceError(f"{name}: no such video; check the path, or give a camera's number")
    if path.is_file() and path.stat().st_size == 0:
        raise SourceError(f"{name}: the file is empty; replace it")
    if path.suffix.lower() in _TEXT_SUFFIXES:
        raise SourceError(f"{name}: is text, not a video; check the path")
    yield from _read_through(cv2.VideoCapture(name), name, "the file is damaged, get it again")


def _read_through(
    capture: cv2.VideoCapture, name: str, remedy: str
) -> Generator[Frame, None, None]:
    """Yield every frame, then release the capture; the remedy is for one that breaks off."""
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
            yield Frame(color(image), index, stamp)
            index += 1
        promised = capture.get(cv2.CAP_PROP_FRAME_COUNT)
        if 0 < index < COMPLETE * promised - 5:
            raise SourceError(
                f"{name}: breaks off after {index} of about {promised:.0f} frames; {remedy}"
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

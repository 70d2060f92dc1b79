"""Cameras, videos, streams and image sequences become frames.

Besides `camera`, which reads the live ones, the only module that opens cameras and videos.
"""

import contextlib
import glob
import math
import os
import re
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import cv2

from landmark_emotion.errors import ImageError, Notify, SourceError, unreadable
from landmark_emotion.files.folders import natural_order
from landmark_emotion.sources.camera import Camera
from landmark_emotion.sources.containers import counts_frames, is_cut_off, is_video, knows_its_end
from landmark_emotion.sources.frame import Frame
from landmark_emotion.sources.images import IMAGE_SUFFIXES, UNSUPPORTED_SUFFIXES, read_image
from landmark_emotion.sources.preparation import to_bgr

Source = int | str | os.PathLike[str]
"""A camera's index or device, or a video file, an image sequence or a URL."""

# FFmpeg renders text as pictures of a terminal.
_TEXT_SUFFIXES = frozenset({".ans", ".art", ".asc", ".diz", ".ice", ".nfo", ".txt", ".vt"})

SEQUENCE_FPS = 25.0  # assumed for image sequences

COMPLETE = 0.9  # share of the announced frames that a whole video gives
RECONNECT = 30.0  # seconds

_ROUNDING = 1e-3  # seconds by which a time stamp may be early

_REENCODE = "get it again, or re-encode it as H.264"


@dataclass(frozen=True)
class Probe:
    """What a source announces about itself; None if it is unknown, as for cameras and streams."""

    fps: float | None = None
    n_frames: int | None = None  # often an estimate


def probe(source: Source) -> Probe:
    """Look up how long a video or image sequence claims to be, without reading it."""
    name = str(source)
    try:
        if _live_source(source) is not None:
            return Probe()
        sequence = _image_sequence(name)
        if sequence is not None:
            return Probe(SEQUENCE_FPS, len(sequence))
        if not Path(name).is_file() or Path(name).stat().st_size == 0:
            return Probe()
    except OSError:  # reported when the source is opened
        return Probe()
    capture = cv2.VideoCapture(name)
    fps, n_frames = capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_FRAME_COUNT)
    capture.release()
    return Probe(fps if 0 < fps < 1000 else None, int(n_frames) if n_frames > 0 else None)


def frames(
    source: Source,
    notify: Notify = lambda message: None,
    reconnect: float = RECONNECT,
    *,
    start: float = 0.0,
    end: float = math.inf,
) -> Generator[Frame, None, None]:
    """Open a source and yield its frames.

    Cameras and live streams are read by a thread: each time the newest frame is yielded, none
    twice, and those missed in between are counted in `Frame.index`. While such a source is gone,
    nothing is yielded; once it is back, index and time continue.

    Closing the generator, or exhausting it, releases the source.

    Parameters
    ----------
    source : int, str or path-like
        A camera's index or device such as ``/dev/video0``; a video file; an image sequence as a
        folder, a pattern such as ``frames/*.png`` or ``frames/%04d.png``, or a single image; an
        ``http://`` or ``rtsp://`` URL. A file whose name is a number needs its folder in front:
        ``./7``.
    notify : callable, optional
        Called with a line about images of a sequence that are left out, when a camera or stream
        goes away and comes back, and when a video behind a URL may be incomplete.
    reconnect : float
        For how many seconds to try to reopen a camera or stream that has gone away; 0 gives up at
        once.
    start, end : float
        Only frames from `start` up to, not including, `end` are yielded, in seconds of the whole
        video; index and time stay those of the whole video. What comes before is decoded all the
        same, since a jump into a video does not tell the index of the frame.

    Yields
    ------
    Frame
        Every frame of a file, a video behind a URL or an image sequence.

    Raises
    ------
    SourceError
        If the source cannot be opened, has no frame, is cut off or cannot be decoded to its end,
        or a camera or stream has gone away and not come back in time; if there is no frame between
        `start` and `end`, or they are given for a camera or live stream.
    ValueError
        If `reconnect` is negative, or `end` is not above `start`.
    """
    if not reconnect >= 0:
        raise ValueError(f"reconnect must be at least 0, got {reconnect}")
    if not 0 <= start < end:
        raise ValueError(f"start must be at least 0 and below end, got {start} and {end}")
    name = str(source)
    if not name:
        raise SourceError("source: is empty; give a camera's number, a video or a folder")
    try:
        live = _live_source(source)
        if live is not None:
            return _until(name, end, _live(live, notify, reconnect, start, end))
        sequence = _image_sequence(name)
    except OSError as error:
        raise _unreadable(name, error) from error
    if sequence is None:
        return _until(name, end, _video(name, notify, start))
    return _until(name, end, _images(sequence, name, notify, start))


def _until(
    name: str, end: float, opened: Generator[Frame, None, None]
) -> Generator[Frame, None, None]:
    count = 0
    with contextlib.closing(opened):
        for count, frame in enumerate(opened):
            if not _is_before(frame.time, end):
                if not count:
                    raise SourceError(f"{name}: has no frame in so short a part; end it later")
                return
            yield frame


def _live_source(source: Source) -> int | str | None:
    """Return the index, device or URL of a camera or stream; None for a file or folder."""
    name = str(source)
    if isinstance(source, int) or (name.isdecimal() and len(name) < 10):
        return int(name)
    return name if "://" in name or Path(name).is_char_device() else None


def _live(
    source: int | str, notify: Notify, reconnect: float, start: float, end: float
) -> Generator[Frame, None, None]:
    with contextlib.closing(Camera(source, reconnect)) as camera:
        finite = camera.open()
        if finite is None:
            if start > 0 or end < math.inf:
                raise SourceError(f"{camera.name}: is a live source; omit --from and --to")
            yield from camera.frames(notify)
            return
        announced = finite.get(cv2.CAP_PROP_FRAME_COUNT)
        count, last = yield from _decoded(finite, start)
        if not count:
            raise SourceError(f"{camera.name}: has no frame that can be decoded; {_REENCODE}")
        # A connection that breaks looks like the end, but the number may be an estimate.
        if _is_few(count, announced):
            notify(
                f"{camera.name}: ended after {count} of about {announced:.0f} frames; if the "
                "connection was lost, read it again"
            )
        _check_start(camera.name, start, last)


def _video(name: str, notify: Notify, start: float) -> Generator[Frame, None, None]:
    path = Path(name)
    try:
        if not path.exists():
            raise SourceError(f"{name}: no such video; {_correction(name)}")
        if path.suffix.lower() in _TEXT_SUFFIXES:
            raise SourceError(f"{name}: is text, not a video; check the path")
        if path.is_file():
            with path.open("rb") as file:
                if not file.read(1):
                    raise SourceError(f"{name}: the file is empty; replace it")
        capture = cv2.VideoCapture(name)
        if not capture.isOpened():
            capture.release()
            raise SourceError(f"{name}: {_why_not_opened(path)}")
        announced = capture.get(cv2.CAP_PROP_FRAME_COUNT)
        count, last = yield from _decoded(capture, start)
        if path.is_file():
            _check_end(path, count, announced, notify)
        if not count:
            raise SourceError(f"{name}: has no frame that can be decoded; {_REENCODE}")
        _check_start(name, start, last)
    except OSError as error:
        raise _unreadable(name, error) from error


def _decoded(capture: cv2.VideoCapture, start: float) -> Generator[Frame, None, tuple[int, float]]:
    """Yield the frames of a capture from a time on, then release it.

    Returns
    -------
    int, float
        How many frames there were in all, and the time of the last one.
    """
    try:
        fps = capture.get(cv2.CAP_PROP_FPS)
        before = 0.0
        index = 0
        while capture.grab():
            # Its own time stamp, so that variable frame rates are right.
            stamp = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            if index and stamp <= before:
                stamp = before + (1 / fps if fps > 0 else 1 / SEQUENCE_FPS)
            if not _is_before(stamp, start):
                good, image = capture.retrieve()
                if not good or image is None:
                    break
                yield Frame(to_bgr(image), index, stamp)
            before = stamp
            index += 1
        return index, before
    finally:
        capture.release()


def _is_before(time: float, start: float) -> bool:
    return time + _ROUNDING < start


def _check_start(name: str, start: float, last: float) -> None:
    """Raise an error if a part of a video was to begin after its last frame."""
    if _is_before(last, start):
        raise SourceError(f"{name}: ends at {last:.1f} s, before {start:g} s; begin earlier")


def _check_end(path: Path, count: int, announced: float, notify: Notify) -> None:
    """Raise an error if a video ended before its last frame; report it if that is uncertain."""
    if is_cut_off(path):
        raise SourceError(f"{path}: is cut off after {count} frames; get the whole file")
    if not count or not _is_few(count, announced):
        return
    if counts_frames(path):
        raise SourceError(
            f"{path}: cannot be decoded beyond frame {count} of {announced:.0f}; {_REENCODE}"
        )
    if not knows_its_end(path):
        notify(
            f"note: {path}: ended after {count} of about {announced:.0f} frames; if the file is "
            "incomplete, get the whole one"
        )


def _is_few(count: int, announced: float) -> bool:
    return count < COMPLETE * announced - 5


def _why_not_opened(path: Path) -> str:
    if path.suffix.lower() in UNSUPPORTED_SUFFIXES:
        return "images of this format cannot be read; save it as PNG or JPEG"
    if not path.is_file() or not is_video(path):
        return "not a video; check the path"
    if is_cut_off(path):
        return "is cut off; get the whole file"
    return f"cannot be opened, it is damaged or its codec is unknown; {_REENCODE}"


def _correction(name: str) -> str:
    """Return what to do about a path that does not exist; a network address lacks its scheme."""
    if re.fullmatch(r"(\d{1,3}(\.\d{1,3}){3}|localhost|[\w-]+(\.[\w-]+)+)(:\d+)(/.*)?", name):
        return f"for a stream write its whole address, such as http://{name}"
    return "check the path, or give a camera's number"


def _unreadable(name: str, error: OSError) -> SourceError:
    return SourceError(unreadable(name, error))


def _image_sequence(name: str) -> list[Path] | None:
    """List the images that a name stands for, also unsupported ones; None if it is a video's."""
    path = Path(name)
    number = re.search(r"%0?\d*d", name)
    known = IMAGE_SUFFIXES | UNSUPPORTED_SUFFIXES
    if path.is_dir():
        found = [child for child in path.iterdir() if child.suffix.lower() in known]
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


def _images(
    paths: list[Path], name: str, notify: Notify, start: float
) -> Generator[Frame, None, None]:
    if paths:
        _check_start(name, start, (len(paths) - 1) / SEQUENCE_FPS)
    error: ImageError | None = None
    readable = 0
    for index, path in enumerate(paths):
        if _is_before(index / SEQUENCE_FPS, start):
            continue
        try:
            image = read_image(path)
        except ImageError as caught:
            if len(paths) == 1:
                raise SourceError(str(caught)) from caught
            error = caught
            notify(str(error))
            continue
        readable += 1
        yield Frame(image, index, index / SEQUENCE_FPS)
    if readable:
        return
    if error is None:
        raise SourceError(f"{name}: contains no image; check the path")
    raise SourceError(f"{name}: none of its images can be read; the last error: {error}") from error

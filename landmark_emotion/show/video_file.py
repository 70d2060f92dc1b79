"""Pictures as a video file, which replaces an older file only when it is complete."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import Notify, OutputError, reason
from landmark_emotion.files.writing import (
    check_writable,
    put_in_place,
    scratch_folder,
    written_gradually,
)
from landmark_emotion.show.encoders import AvEncoder, Encoder, OpenCVEncoder

SUFFIXES = (".mp4", ".avi")
MAX_GAP = 10.0  # seconds; longest still picture, for a camera that delivered nothing for a while


class Recorder:
    """Writes a video; use it in a ``with`` statement.

    The file is put in place when the statement ends. If nothing was recorded, or recording failed,
    an existing file is left as it was.

    An .mp4 file holds H.264 and sound if PyAV is installed. Otherwise it is H.264 without sound if
    OpenCV can write it, else MPEG-4 Part 2, which browsers do not play. An .avi file holds Motion
    JPEG without sound.

    Parameters
    ----------
    path : Path
        Its suffix is .mp4 or .avi.
    fps : float
        Pictures per second; with PyAV, only of those without a time.
    partial : bool
        Whether what was recorded is kept when an exception ends the statement.
    sound : Path, optional
        A video file whose sound is added. Times are those of this file then.
    notify : callable
        Called with a line about the recording once it is in place.

    Raises
    ------
    OutputError
        If the suffix is unknown or the file cannot be written. A full disk is found only when the
        statement ends.
    """

    def __init__(
        self,
        path: Path,
        fps: float,
        *,
        partial: bool = True,
        sound: Path | None = None,
        notify: Notify = lambda message: None,
    ) -> None:
        if path.suffix.lower() not in SUFFIXES:
            raise OutputError(f"{path}: unknown video format; end the name in .mp4 or .avi")
        check_writable(path)
        if not fps > 0:
            raise ValueError(f"fps must be above 0, got {fps}")
        self._path = path
        self._fps = fps
        self._partial = partial
        self._sound = sound
        self._notify = notify
        self._scratch = contextlib.ExitStack()
        # A plain ASCII name: on Windows OpenCV cannot open every path.
        folder = self._scratch.enter_context(scratch_folder(Path(tempfile.gettempdir())))
        self._file = folder / f"video{path.suffix.lower()}"
        self._encoder: Encoder | None = None
        self._failure: OSError | None = None
        self._size = (0, 0)
        self._start = 0.0
        self._last: float | None = None  # of the last picture, since the start

    def write(self, image: NDArray[np.uint8], time: float | None = None) -> None:
        """Add a picture of shape (height, width, 3), fitted into the size of the first picture.

        With a time in seconds it is shown from then on; without one it follows the last picture
        after the time between two.
        """
        if self._encoder is None:
            self._start = time or 0.0
            self._open((image.shape[1], image.shape[0]))
        assert self._encoder is not None
        elapsed = self._elapsed(time)
        self._last = elapsed
        if self._failure is not None:
            return
        try:
            self._encoder.write(_fitted(image, self._size), elapsed)
        except OSError as error:  # told at the end, since results are still made
            self._failure = error

    def _elapsed(self, time: float | None) -> float:
        """Return when a picture is shown; without sound, long gaps are shortened."""
        if self._last is None:
            return 0.0
        if time is None:
            return self._last + 1 / self._fps
        gap = time - self._start - self._last
        if self._sound is None and gap > MAX_GAP:
            self._start += gap - MAX_GAP
        return time - self._start

    def _open(self, size: tuple[int, int]) -> None:
        """Open the best encoder that works here."""
        codecs = ["MJPG"]
        self._size = size
        if self._file.suffix == ".mp4":
            codecs = ["avc1", "mp4v"]
            # They halve the resolution of colors.
            self._size = size[0] + size[0] % 2, size[1] + size[1] % 2
            with contextlib.suppress(ImportError, OSError):
                self._encoder = AvEncoder(
                    self._file, self._size, self._fps, self._sound, self._start
                )
                return
        for codec in codecs:
            with contextlib.suppress(OSError):
                self._encoder = OpenCVEncoder(self._file, self._size, self._fps, codec)
                return
        raise OutputError(
            f"{self._path}: OpenCV cannot write {codecs[-1]} video here; try .avi or .mp4 instead"
        )

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        with self._scratch:
            if self._encoder is None:
                return
            try:
                self._encoder.close()
            except OSError as error:
                self._failure = self._failure or error
            if kind is None or self._partial:
                self._put_in_place()
                self._notify(self._account())

    def _account(self) -> str:
        """Return what was recorded, and how to get more."""
        assert self._encoder is not None
        content = self._encoder.content
        text = f"recorded: {self._path}, {content}"
        if isinstance(self._encoder, AvEncoder):
            return text
        lacks = [] if content == "H.264" else ["does not play in browsers"]
        lacks += [] if self._sound is None else ["has no sound"]
        if not lacks:
            return text
        remedy = "run 'pip install av'"
        if self._file.suffix != ".mp4":
            remedy = "end the name in .mp4"
        return f"{text}; as it {' and '.join(lacks)}, {remedy} for H.264 with sound"

    def _put_in_place(self) -> None:
        folder = tempfile.gettempdir()
        if self._failure is not None:
            raise OutputError(
                f"{self._path}: could not be recorded ({reason(self._failure)}); make room in "
                f"{folder}, or set TMPDIR to another folder"
            ) from self._failure
        # OpenCV does not report a full disk, but a truncated video has no frame count.
        video = cv2.VideoCapture(str(self._file))
        complete = video.isOpened() and video.get(cv2.CAP_PROP_FRAME_COUNT) > 0
        video.release()
        if not complete:
            raise OutputError(
                f"{self._path}: could not be recorded, {folder} seems to be full; make room, or "
                "set TMPDIR to another folder"
            )
        try:
            with written_gradually(self._path) as draft:  # the target may be on another disk
                shutil.copyfile(self._file, draft.path)
                draft.keep()
        except OutputError as error:
            if not self._partial:
                raise
            number, kept = tempfile.mkstemp(self._file.suffix, f"{self._path.stem}-", folder)
            os.close(number)
            self._file.chmod(0o600)  # other users can list the folder for temporary files
            put_in_place(self._file, Path(kept))
            raise OutputError(f"{error}; the video is kept as {kept}") from error


def _fitted(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Resize a picture to fit into a width and height, and pad it with black.

    A picture that lacks one row or column of an even size gets its last one twice.
    """
    across, down = size[0] - image.shape[1], size[1] - image.shape[0]
    if across in (0, 1) and down in (0, 1):
        return (
            image
            if not across and not down
            else np.pad(image, ((0, down), (0, across), (0, 0)), "edge")
        )
    scale = min(size[0] / image.shape[1], size[1] / image.shape[0])
    width, height = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    fitted = np.zeros((size[1], size[0], 3), dtype=np.uint8)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    fitted[top : top + height, left : left + width] = cv2.resize(
        image, (width, height), interpolation=cv2.INTER_AREA
    )
    return fitted

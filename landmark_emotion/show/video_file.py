"""Pictures become a video file, whole or not at all."""

import contextlib
import os
import tempfile
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import OutputError
from landmark_emotion.files.writing import (
    check_writable,
    copy_atomically,
    put_in_place,
    scratch_folder,
)

CODECS = {".mp4": "mp4v", ".avi": "MJPG"}

MAX_GAP = 10.0  # seconds; a camera that was gone for longer leaves only so long a still picture


class Recorder:
    """Writes a video; use it in a ``with`` statement.

    The file is at its place once the statement ends. Where there was nothing to record, there is no
    file.

    Parameters
    ----------
    path : Path
        Ends in one of `CODECS`; folders on the way are made.
    fps : float
        Frames a second.
    partial : bool
        Whether to keep what was recorded until an exception ended the statement.

    Raises
    ------
    OutputError
        If the suffix is none of these or the place cannot be written; at the end of the statement
        too, where a disk has become full.
    """

    def __init__(self, path: Path, fps: float, *, partial: bool = True) -> None:
        if path.suffix.lower() not in CODECS:
            raise OutputError(f"{path}: not a kind of video known here; end it in .mp4 or .avi")
        check_writable(path)
        if not fps > 0:
            raise ValueError(f"fps must be above 0, got {fps}")
        self._path = path
        self._fps = fps
        self._partial = partial
        self._scratch = contextlib.ExitStack()
        # A plain name, since OpenCV cannot open every path on Windows.
        folder = self._scratch.enter_context(scratch_folder(Path(tempfile.gettempdir())))
        self._file = folder / f"video{path.suffix.lower()}"
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self._n_frames = 0
        self._start: float | None = None

    def write(self, image: NDArray[np.uint8], time: float | None = None) -> None:
        """Add a picture of shape (height, width, 3), blue, green, red.

        Parameters
        ----------
        image : ndarray of shape (height, width, 3), uint8
            Fitted into the size of the first one where it has another.
        time : float, optional
            Seconds. The picture is repeated or left out so that the video keeps time; without
            it, it is added once.

        Raises
        ------
        OutputError
            If OpenCV cannot write videos of this kind.
        """
        writer = self._writer or self._open((image.shape[1], image.shape[0]))
        if (image.shape[1], image.shape[0]) != self._size:
            image = _fitted(image, self._size)
        copies = 1
        if time is not None:
            self._start = time if self._start is None else self._start
            due = round((time - self._start) * self._fps) + 1
            copies = min(due - self._n_frames, max(1, round(MAX_GAP * self._fps)))
            if copies < due - self._n_frames:
                self._start = time - (self._n_frames + copies - 1) / self._fps
        for _ in range(copies):
            writer.write(image)
        self._n_frames += max(0, copies)

    def _open(self, size: tuple[int, int]) -> cv2.VideoWriter:
        codec = CODECS[self._path.suffix.lower()]
        self._size = size
        self._writer = cv2.VideoWriter(
            str(self._file), cv2.VideoWriter.fourcc(*codec), self._fps, size
        )
        if not self._writer.isOpened():
            raise OutputError(
                f"{self._path}: OpenCV cannot write {codec} video here; try .avi or .mp4 instead"
            )
        return self._writer

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._scratch:
            if self._writer is not None:
                self._writer.release()
            if self._n_frames and (kind is None or self._partial):
                self._put_in_place()

    def _put_in_place(self) -> None:
        # OpenCV does not say that a disk is full; a video that was cut off has no number of frames.
        video = cv2.VideoCapture(str(self._file))
        whole = video.isOpened() and video.get(cv2.CAP_PROP_FRAME_COUNT) > 0
        video.release()
        folder = tempfile.gettempdir()
        if not whole:
            raise OutputError(
                f"{self._path}: could not be recorded, {folder} seems to be full; make room, or "
                "name another folder in TMPDIR"
            )
        try:
            copy_atomically(self._file, self._path)  # it may go to another disk
        except OutputError as error:
            if not self._partial:
                raise
            number, kept = tempfile.mkstemp(self._file.suffix, f"{self._path.stem}-", folder)
            os.close(number)
            self._file.chmod(0o600)  # others may look into that folder
            put_in_place(self._file, Path(kept))
            raise OutputError(f"{error}; the video is kept as {kept}") from error


def _fitted(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Reduce or enlarge a picture to a size; black is added where its shape is another."""
    scale = min(size[0] / image.shape[1], size[1] / image.shape[0])
    width, height = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    fitted = np.zeros((size[1], size[0], 3), dtype=np.uint8)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    fitted[top : top + height, left : left + width] = cv2.resize(
        image, (width, height), interpolation=cv2.INTER_AREA
    )
    return fitted

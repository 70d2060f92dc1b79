"""Pictures as a video file, which replaces an older file only when it is complete."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import OutputError
from landmark_emotion.files.writing import (
    check_writable,
    put_in_place,
    scratch_folder,
    written_gradually,
)

CODECS = {".mp4": "mp4v", ".avi": "MJPG"}
MAX_GAP = 10.0  # seconds; longest still picture, for a camera that delivered nothing for a while


class Recorder:
    """Writes a video; use it in a ``with`` statement.

    The file is put in place when the statement ends. If nothing was recorded, or recording failed,
    an existing file is left as it was.

    If ``partial``, what was recorded is kept when an exception ends the statement.

    Raises
    ------
    OutputError
        If the suffix is unknown or the file cannot be written. A full disk is found only when the
        statement ends.
    """

    def __init__(self, path: Path, fps: float, *, partial: bool = True) -> None:
        if path.suffix.lower() not in CODECS:
            raise OutputError(f"{path}: unknown video format; end the name in .mp4 or .avi")
        check_writable(path)
        if not fps > 0:
            raise ValueError(f"fps must be above 0, got {fps}")
        self._path = path
        self._fps = fps
        self._partial = partial
        self._scratch = contextlib.ExitStack()
        # A plain ASCII name: on Windows OpenCV cannot open every path.
        folder = self._scratch.enter_context(scratch_folder(Path(tempfile.gettempdir())))
        self._file = folder / f"video{path.suffix.lower()}"
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self._n_frames = 0
        self._start: float | None = None

    def write(self, image: NDArray[np.uint8], time: float | None = None) -> None:
        """Add a picture of shape (height, width, 3), fitted into the size of the first picture.

        With a time in seconds it is repeated or dropped so that the video runs at the right speed;
        without one it is added once.
        """
        writer = self._writer or self._open((image.shape[1], image.shape[0]))
        if (image.shape[1], image.shape[0]) != self._size:
            image = _fitted(image, self._size)
        copies = 1
        if time is not None:
            self._start = time if self._start is None else self._start
            due = round((time - self._start) * self._fps) + 1 - self._n_frames
            copies = min(due, max(1, round(MAX_GAP * self._fps)))
            if copies < due:  # skip the rest of a long gap
                self._start = time - (self._n_frames + copies - 1) / self._fps
        for _ in range(copies):
            writer.write(image)
        self._n_frames += max(0, copies)

    def _open(self, size: tuple[int, int]) -> cv2.VideoWriter:
        codec = CODECS[self._file.suffix]
        fourcc = cv2.VideoWriter.fourcc(*codec)
        self._size = size
        self._writer = cv2.VideoWriter(str(self._file), fourcc, self._fps, size)
        if not self._writer.isOpened():
            raise OutputError(
                f"{self._path}: OpenCV cannot write {codec} video here; try .avi or .mp4 instead"
            )
        return self._writer

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        with self._scratch:
            if self._writer is not None:
                self._writer.release()
            if self._n_frames and (kind is None or self._partial):
                self._put_in_place()

    def _put_in_place(self) -> None:
        folder = tempfile.gettempdir()
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
    """Resize a picture to fit into a width and height, and pad it with black."""
    scale = min(size[0] / image.shape[1], size[1] / image.shape[0])
    width, height = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    fitted = np.zeros((size[1], size[0], 3), dtype=np.uint8)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    fitted[top : top + height, left : left + width] = cv2.resize(
        image, (width, height), interpolation=cv2.INTER_AREA
    )
    return fitted

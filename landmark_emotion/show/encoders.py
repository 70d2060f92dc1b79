"""Encoders of video files: PyAV, which the extra ``recording`` installs, and OpenCV."""

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import reason
from landmark_emotion.show.sound import Sound

_TICKS = 90_000  # per second; times are rounded to one
_H264 = {"preset": "veryfast", "crf": "20"}
# FFmpeg's numbers for the colors into which pictures are converted.
_BT601, _LIMITED = 6, 1


CODECS = {"avc1": "H.264", "mp4v": "MPEG-4 Part 2", "MJPG": "Motion JPEG"}
"""Codecs that OpenCV is asked for, and their names."""


class Encoder(Protocol):
    """Writes pictures of one size, all even, to a file.

    Attributes
    ----------
    content : str
        What the file holds, for the user.
    """

    content: str

    def write(self, image: NDArray[np.uint8], time: float) -> None:
        """Add a picture that is shown from a time on, in seconds since the start."""

    def close(self) -> None:
        """Write the end of the file."""


class AvEncoder:
    """Encodes H.264, each picture with its own time, and the sound of the source as AAC.

    ``start`` is the time of the source at which the recording starts, in seconds.

    Raises
    ------
    ImportError
        If PyAV is not installed.
    OSError
        If it cannot write H.264 or not to this file; so do the methods.
    """

    def __init__(
        self, path: Path, size: tuple[int, int], fps: float, sound: Path | None, start: float
    ) -> None:
        import av

        self._picture = av.VideoFrame
        with _as_os_error():
            # The index in front lets browsers start before they have the whole file.
            self._file = av.open(str(path), "w", options={"movflags": "+faststart"})
            rate = Fraction(fps).limit_denominator(1001)
            stream: Any = self._file.add_stream("h264", rate=rate, options=_H264)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        codec = stream.codec_context
        codec.time_base = Fraction(1, _TICKS)
        codec.colorspace = codec.color_primaries = codec.color_trc = _BT601
        codec.color_range = _LIMITED
        self._stream = stream
        self._duration = round(_TICKS / fps)
        self._last = -1
        self._sound = None if sound is None else Sound(sound, self._file, start)
        self.content = "H.264"
        if self._sound is not None and self._sound.present:
            self.content += " with sound"

    def write(self, image: NDArray[np.uint8], time: float) -> None:
        """Add a picture; of several with the same time the first is kept."""
        ticks = round(time * _TICKS)
        if ticks <= self._last:
            return
        self._last = ticks
        frame = self._picture.from_ndarray(image, format="bgr24")
        frame.pts, frame.time_base = ticks, Fraction(1, _TICKS)
        frame.duration = self._duration  # counts for the last one
        with _as_os_error():
            self._file.mux(self._stream.encode(frame))
            if self._sound is not None:
                self._sound.write_until(time)

    def close(self) -> None:
        """Write the remaining pictures and sound and the end of the file."""
        with _as_os_error():
            try:
                self._file.mux(self._stream.encode())
                if self._sound is not None:
                    self._sound.close((self._last + self._duration) / _TICKS)
            finally:
                self._file.close()


@contextlib.contextmanager
def _as_os_error() -> Iterator[None]:
    import av

    try:
        yield
    except (av.error.FFmpegError, av.codec.codec.UnknownCodecError) as error:
        raise OSError(getattr(error, "errno", None), reason(error)) from error


class OpenCVEncoder:
    """Encodes with OpenCV, without sound; a constant frame rate is reached by repeating pictures.

    Raises
    ------
    OSError
        If OpenCV cannot write the codec.
    """

    def __init__(self, path: Path, size: tuple[int, int], fps: float, codec: str) -> None:
        self._fps = fps
        self._n_frames = 0
        # Not by other means of the system, which differ.
        backend = cv2.CAP_FFMPEG if codec == "avc1" else cv2.CAP_ANY
        self._writer = cv2.VideoWriter(
            str(path), backend, cv2.VideoWriter.fourcc(*codec), fps, size
        )
        if not self._writer.isOpened():
            raise OSError(f"OpenCV cannot write {codec} video here")
        self.content = CODECS[codec]

    def write(self, image: NDArray[np.uint8], time: float) -> None:
        """Add a picture as often as the frame rate demands, which may be never."""
        copies = round(time * self._fps) + 1 - self._n_frames
        for _ in range(copies):
            self._writer.write(image)
        self._n_frames += max(0, copies)

    def close(self) -> None:
        """Write the end of the file; OpenCV does not report a full disk."""
        self._writer.release()

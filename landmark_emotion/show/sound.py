"""The sound of a video file becomes that of a recording."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_RATE = 48_000  # samples per second
_BITS = 192_000  # per second
_BLOCK = 1024  # samples; what AAC encodes at once
_TOLERANCE = 0.05  # seconds by which time stamps of sound may be wrong

Samples = NDArray[np.float32]
"""Shape (channels, n), from -1 to 1."""


class Sound:
    """Encodes the first sound track of a file as AAC, in time with the pictures.

    Parameters
    ----------
    source : Path
        A video file; it need not have sound.
    target : av.container.OutputContainer
        The recording.
    start : float
        Time of the source at which the recording starts, in seconds since its first picture.

    Attributes
    ----------
    present : bool
        Whether the source has sound.
    """

    def __init__(self, source: Path, target: Any, start: float = 0.0) -> None:
        import av

        self._av = av
        self._target = target
        self.present = False
        try:
            self._source = av.open(str(source), metadata_errors="ignore")
        except av.error.FFmpegError:  # such as a format that only OpenCV reads
            return
        if not self._source.streams.audio:
            self._source.close()
            return
        self.present = True
        self._track = self._source.streams.audio[0]
        self._layout = "mono" if self._track.layout.nb_channels == 1 else "stereo"
        self._start = start + _first_picture(self._source)
        self._stream = target.add_stream("aac", rate=_RATE, layout=self._layout)
        self._stream.bit_rate = _BITS
        self._samples = self._contiguous()
        self._rest: Samples = np.zeros((1 + (self._layout == "stereo"), 0), np.float32)
        self._n_written = 0

    def write_until(self, time: float) -> None:
        """Write the sound up to a time of the recording, in seconds."""
        end = round(time * _RATE)
        while self.present and self._n_written + _BLOCK <= end:
            if not self._write(_BLOCK):
                return

    def close(self, time: float) -> None:
        """Write the sound up to the end of the recording, and release the source."""
        if self.present:
            self.write_until(time)
            self._write(max(0, round(time * _RATE) - self._n_written))
            self._target.mux(self._stream.encode())
            self._source.close()

    def _write(self, n: int) -> bool:
        """Write up to n samples; return False if there are no more."""
        while self._rest.shape[1] < n:
            more = next(self._samples, None)
            if more is None:
                break
            self._rest = np.concatenate([self._rest, more], axis=1)
        block, self._rest = self._rest[:, :n], self._rest[:, n:]
        if not block.size:
            return False
        frame = self._av.AudioFrame.from_ndarray(
            np.ascontiguousarray(block), format="fltp", layout=self._layout
        )
        frame.sample_rate, frame.pts, frame.time_base = _RATE, self._n_written, Fraction(1, _RATE)
        self._target.mux(self._stream.encode(frame))
        self._n_written += block.shape[1]
        return True

    def _contiguous(self) -> Iterator[Samples]:
        """Yield samples from the start of the recording on, with silence where there are none."""
        n = 0
        for time, samples in self._decoded():
            missing = round((time - self._start) * _RATE) - n
            if missing > _TOLERANCE * _RATE:
                yield np.zeros((len(samples), missing), np.float32)
                n += missing
            elif n == 0 or missing < -_TOLERANCE * _RATE:  # from before the start, or twice
                samples = samples[:, max(0, -missing) :]
            n += samples.shape[1]
            yield samples

    def _decoded(self) -> Iterator[tuple[float, Samples]]:
        """Yield the samples of the source with their times; what is damaged is left out."""
        resampler = self._av.AudioResampler(format="fltp", layout=self._layout, rate=_RATE)
        time = 0.0
        for packet in self._source.demux(self._track):
            try:
                frames = packet.decode()
            except self._av.error.FFmpegError:
                continue
            for frame in frames:
                time = time if frame.time is None else frame.time
                frame.pts = None
                for part in resampler.resample(frame):
                    samples = np.asarray(part.to_ndarray(), np.float32)
                    yield time, samples
                    time += samples.shape[1] / _RATE


def _first_picture(source: Any) -> float:
    """Return the time of the first picture by the clock of the file, which OpenCV calls 0."""
    for video in source.streams.video:
        if video.start_time is not None:
            return float(video.start_time * video.time_base)
    return 0.0

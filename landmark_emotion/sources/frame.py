"""Frames: pictures with a number and a time."""

from dataclasses import dataclass, field
from time import monotonic

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Frame:
    """A picture from a camera, video, stream or image sequence.

    Attributes
    ----------
    image : ndarray of shape (height, width, 3), uint8
        Blue, green, red.
    index : int
        Counted from 0; frames of a camera that were missed are counted too.
    time : float
        Seconds since the start of the video, or since a camera's or stream's first frame.
    captured : float
        When it was captured or decoded, by `time.monotonic`.
    """

    image: NDArray[np.uint8]
    index: int
    time: float
    captured: float = field(default_factory=monotonic)

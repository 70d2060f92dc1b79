"""What a face in a frame looks like."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.live.calibration import Mode
from landmark_emotion.model.face import Face

UNCERTAIN = "uncertain"


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """The emotion of a face in a frame.

    Attributes
    ----------
    frame : int
        Index of the frame, from 0.
    time : float
        Seconds, as in `frame.Frame`.
    number : int
        Number of the face, from 1. A face keeps it while it is followed; no other face of the
        video gets the same. In single images faces are numbered from left to right.
    face : Face
        Box and landmarks.
    emotions : tuple of str
        The k emotions of the model.
    probabilities : ndarray of shape (k,)
        In the order of `emotions`, summing to 1. In videos they are smoothed over time, and none is
        larger than that of `likeliest`.
    raw_probabilities : ndarray of shape (k,)
        The same for this frame alone.
    likeliest : str
        The likeliest of `emotions`. In videos it changes on evidence; see `smoothing.Smoother`.
    mode : str
        What the face was compared with; see `calibration.Mode`.
    reference : ndarray of shape (136,) or None
        Features of the neutral face it was compared with; None for the model's average.
    min_probability : float
        Below this probability the emotion is ``"uncertain"``.
    """

    frame: int
    time: float
    number: int
    face: Face
    emotions: tuple[str, ...]
    probabilities: NDArray[np.float64]
    raw_probabilities: NDArray[np.float64]
    likeliest: str
    mode: Mode = "static"
    reference: NDArray[np.float64] | None = None
    min_probability: float = 0.0

    @property
    def emotion(self) -> str:
        """The likeliest emotion, or ``"uncertain"``."""
        return UNCERTAIN if self.probability < self.min_probability else self.likeliest

    @property
    def probability(self) -> float:
        """The probability of the likeliest emotion."""
        return float(self.probabilities[self.emotions.index(self.likeliest)])

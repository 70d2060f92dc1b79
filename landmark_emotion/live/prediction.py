"""The answer: what a face in a frame looks like."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.emotions import UNCERTAIN
from landmark_emotion.live.calibration import Mode
from landmark_emotion.model.face import Face


@dataclass(frozen=True)
class Prediction:
    """What a face in a frame looks like.

    Attributes
    ----------
    frame : int
        The frame it belongs to, counted from 0.
    time : float
        Seconds; see `frame.Frame`.
    number : int
        The face's number from 1, which it keeps while it is in sight; in single images they are
        counted from left to right.
    face : Face
        Where it is.
    emotions : tuple of str
        The k emotions that the model tells apart.
    probabilities : ndarray of shape (k,)
        In the order of `emotions`, summing to 1; in videos smoothed over time.
    raw_probabilities : ndarray of shape (k,)
        The same by this frame alone.
    likeliest : str
        The likeliest of `emotions`. In videos it stays until another is clearly likelier.
    mode : str
        What it was compared with; see `calibration.Mode`.
    reference : ndarray of shape (136,) or None
        Features of the neutral face it was compared with; None for the model's average.
    min_probability : float
        Below it the emotion is ``"uncertain"``.
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

"""Probabilities over time, so that the answer does not flicker."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SMOOTHING = 0.3  # seconds
MARGIN = 0.1  # another emotion must be this much likelier to take over


@dataclass
class _State:
    probabilities: NDArray[np.float64]
    likeliest: int
    time: float


class Smoother:
    """Averages each face's probabilities over the last moments.

    The average is exponential with a time constant in seconds, whatever the frame rate, and the
    emotion changes only once another is clearly likelier (hysteresis).

    Parameters
    ----------
    seconds : float
        The time constant; 0 leaves everything as it is.
    margin : float
        By how much another probability must exceed that of the present emotion.
    """

    def __init__(self, seconds: float = SMOOTHING, margin: float = MARGIN) -> None:
        if not seconds >= 0:
            raise ValueError(f"seconds must be at least 0, got {seconds}")
        self._seconds = seconds
        self._margin = margin
        self._states: dict[object, _State] = {}

    def update(
        self, key: object, probabilities: NDArray[np.float64], time: float
    ) -> tuple[NDArray[np.float64], int]:
        """Take in what the next frame says about a face.

        Parameters
        ----------
        key : hashable
            Which face it is.
        probabilities : ndarray of shape (k,)
            By this frame alone.
        time : float
            Seconds, rising from frame to frame.

        Returns
        -------
        probabilities : ndarray of shape (k,)
            The smoothed ones.
        likeliest : int
            The index of the emotion to show.
        """
        best = int(probabilities.argmax())
        if self._seconds == 0:
            return probabilities, best
        state = self._states.get(key)
        if state is None or time < state.time:
            self._states[key] = _State(probabilities, best, time)
            return probabilities, best
        share = 1 - np.exp(-(time - state.time) / self._seconds)
        smooth = state.probabilities + share * (probabilities - state.probabilities)
        best = int(smooth.argmax())
        if smooth[best] < smooth[state.likeliest] + self._margin:
            best = state.likeliest
        self._states[key] = _State(smooth, best, time)
        return smooth, best

    def keep_only(self, keys: set[int]) -> None:
        """Forget all other faces, so that they begin anew when they come back."""
        for key in self._states.keys() - keys:
            del self._states[key]

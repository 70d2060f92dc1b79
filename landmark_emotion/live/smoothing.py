"""Smooths probabilities over time, so that the emotion shown does not flicker."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SMOOTHING = 0.3  # seconds
MARGIN = 0.1  # by which another emotion must be likelier to take over


@dataclass
class _State:
    probabilities: NDArray[np.float64]
    likeliest: int
    time: float


class Smoother:
    """Averages the probabilities of each face over time.

    The average is exponential, with a time constant in seconds that does not depend on the frame
    rate. The emotion changes only when another is clearly likelier (hysteresis).

    Parameters
    ----------
    seconds : float
        Time constant; 0 turns smoothing off.
    margin : float
        By how much another probability must exceed that of the current emotion.
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
        """Add the probabilities of a face in the next frame.

        Parameters
        ----------
        key : hashable
            Identifies the face.
        probabilities : ndarray of shape (k,)
            For this frame alone.
        time : float
            Seconds, increasing from frame to frame.

        Returns
        -------
        probabilities : ndarray of shape (k,)
            Smoothed.
        likeliest : int
            Index of the emotion to show.
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
        """Forget all other faces; smoothing restarts if they come back."""
        for key in self._states.keys() - keys:
            del self._states[key]

"""Smooths probabilities over time, so that the emotion shown does not flicker."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SMOOTHING = 0.3  # seconds

# Chosen by ``benchmarks.smoothing``.
LOOKAHEAD = 0.135  # seconds by which scores are extrapolated, less if smoothing is weak
SLOPE_SECONDS = 0.16  # time constant of the slope of scores, a cutoff of 1 Hz
USUAL_SECONDS = 8.0  # time constant of the usual speed of a face
SLOWEST = 0.3  # per second; the usual speed is not lower, even if a face rests for long
FLOOR = -6.0  # logarithms of probabilities below all count as the same

Floats = NDArray[np.float64]


@dataclass
class _State:
    probabilities: Floats
    shown: int
    time: float
    scores: Floats
    smooth: Floats
    slope: Floats
    usual: float
    lead: Floats
    evidence: Floats


class Smoother:
    """Smooths the probabilities of each face over time.

    A face at rest is smoothed strongly, a moving face little: scores, the logarithms of the
    probabilities, pass a low-pass filter whose cutoff frequency rises with their speed (Casiez,
    Roussel and Vogel 2012, "1 € filter: a simple speed-based low-pass filter for noisy input in
    interactive systems"). Speed is measured against the usual speed of the same face, so a restless
    face needs more than a calm one.

    Another emotion is shown on evidence: the square of its lead over the shown one, in units of the
    usual speed, summed over time for as long as it leads. A quick movement changes the emotion at
    once, a small lead after a while, and a single frame never. The lead is that of the scores
    extrapolated a little, which makes up for the delay of the filter.

    Parameters
    ----------
    seconds : float
        Time constant of the filter for a face at rest. The evidence that it takes to show another
        emotion rises with its cube; 0 turns smoothing off.
    """

    def __init__(self, seconds: float = SMOOTHING) -> None:
        if not seconds >= 0:
            raise ValueError(f"seconds must be at least 0, got {seconds}")
        self._seconds = seconds
        self._states: dict[object, _State] = {}

    def update(self, key: object, probabilities: Floats, time: float) -> tuple[Floats, int]:
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
            Smoothed, summing to 1. No emotion has a larger one than the emotion to show: until
            another takes over, the two are as likely.
        likeliest : int
            Index of the emotion to show.
        """
        if self._seconds == 0:
            return probabilities, int(probabilities.argmax())
        scores = np.log(np.maximum(probabilities, np.exp(FLOOR)))
        state = self._states.get(key)
        if state is None or time < state.time:
            best, zero = int(probabilities.argmax()), np.zeros(len(scores))
            self._states[key] = _State(
                probabilities, best, time, scores, scores, zero, SLOWEST, zero, zero
            )
            return probabilities, best
        self._advance(state, scores, probabilities, time)
        smoothed = state.probabilities.copy()
        smoothed[state.shown] = smoothed.max()
        return smoothed / smoothed.sum(), state.shown

    def _advance(self, state: _State, scores: Floats, probabilities: Floats, time: float) -> None:
        step = max(time - state.time, 1e-6)
        change = scores - state.scores - step * state.slope
        state.slope = state.slope + change / (step + SLOPE_SECONDS)
        state.scores, state.time = scores, time

        speed = float(np.sqrt(np.mean(state.slope**2)))
        share = step / (step + self._seconds / (1 + speed / state.usual))
        state.smooth = state.smooth + share * (scores - state.smooth)
        state.probabilities = state.probabilities + share * (probabilities - state.probabilities)

        lead = self._lead(state)
        # The smaller of two leads, so that one frame alone counts for nothing.
        held = np.minimum(lead, state.lead)
        state.evidence = np.where(held > 0, state.evidence + held**2 * step, 0)
        best = int(state.evidence.argmax())
        # A lead that grows at the usual speed for t seconds is evidence of t**3 / 3.
        if state.evidence[best] > self._seconds**3:
            state.shown, state.evidence = best, np.zeros(len(scores))
            lead = self._lead(state)
        state.lead = lead
        forget = 1 - np.exp(-step / USUAL_SECONDS)
        state.usual += forget * (max(speed, SLOWEST) - state.usual)

    def _lead(self, state: _State) -> Floats:
        """Return the leads over the shown emotion, in seconds at the usual speed.

        Both the smooth scores and those of the frame have to lead; the smooth ones alone would
        still do so after an odd frame.
        """
        lookahead = LOOKAHEAD * min(1, self._seconds / SMOOTHING)
        ahead = np.stack([state.smooth, state.scores]) + lookahead * state.slope
        lead = (ahead - ahead[:, [state.shown]]).min(axis=0) / state.usual
        return np.asarray(lead, dtype=np.float64)

    def keep_only(self, keys: set[int]) -> None:
        """Forget all other faces; smoothing restarts if they come back."""
        for key in self._states.keys() - keys:
            del self._states[key]

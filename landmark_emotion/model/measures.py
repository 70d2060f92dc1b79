"""What eyes, brows and mouth do, as plain distances between landmarks."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.model.face import N_LANDMARKS


@dataclass(frozen=True, kw_only=True)
class Measures:
    """Distances on a face, without a unit; see `measure` for the formulas.

    Attributes
    ----------
    left_eye_openness, right_eye_openness : float
        Eye aspect ratio: the height of the opening as a share of its width.
    mouth_openness : float
        Distance between the lips.
    brow_raise : float
        Height of the eyebrows above the eyes.
    smile_width : float
        Width of the mouth.
    """

    left_eye_openness: float
    right_eye_openness: float
    mouth_openness: float
    brow_raise: float
    smile_width: float

    @property
    def eye_openness(self) -> float:
        """Mean of both eyes."""
        return (self.left_eye_openness + self.right_eye_openness) / 2

    def relative_to(self, baseline: "Measures") -> "Measures":
        """Return the measures compared with those of the person's own neutral face.

        Eyes, brows and the width of the mouth become multiples of the baseline: 1 is as at rest.
        The lips may touch at rest, so the baseline is subtracted from their distance: 0 is as at
        rest.
        """
        return replace(
            self,
            left_eye_openness=_ratio(self.left_eye_openness, baseline.left_eye_openness),
            right_eye_openness=_ratio(self.right_eye_openness, baseline.right_eye_openness),
            mouth_openness=self.mouth_openness - baseline.mouth_openness,
            brow_raise=_ratio(self.brow_raise, baseline.brow_raise),
            smile_width=_ratio(self.smile_width, baseline.smile_width),
        )


def measure(features: NDArray[np.float64]) -> Measures:
    """Measure a face.

    Distances are in units of the distance between the outer eye corners, except those of an eye,
    which are in units of its width: the eye aspect ratio of Soukupova and Cech (2016), "Real-time
    eye blink detection using facial landmarks", Computer Vision Winter Workshop.

    Parameters
    ----------
    features : ndarray of shape (136,)
        From `features.landmark_features`.

    Returns
    -------
    Measures
        As they are, without a baseline.
    """
    values = features.tolist()
    x, y = values[:N_LANDMARKS], values[N_LANDMARKS:]

    def distance(one: int, other: int) -> float:
        return math.hypot(x[one] - x[other], y[one] - y[other])

    def eye(first: int) -> float:
        heights = distance(first + 1, first + 5) + distance(first + 2, first + 4)
        return _ratio(heights, 2 * distance(first, first + 3))

    unit = distance(36, 45)
    gap = (distance(61, 67) + distance(62, 66) + distance(63, 65)) / 3
    brows, corners = sum(y[17:27]) / 10, (y[36] + y[39] + y[42] + y[45]) / 4
    return Measures(
        left_eye_openness=eye(42),
        right_eye_openness=eye(36),
        mouth_openness=_ratio(gap, unit),
        brow_raise=_ratio(corners - brows, unit),  # y grows downward, and the eyes are level
        smile_width=_ratio(distance(48, 54), unit),
    )


def _ratio(value: float, unit: float) -> float:
    """Divide; 0 where the unit is too small for a face."""
    return value / unit if unit > 1e-3 else 0.0

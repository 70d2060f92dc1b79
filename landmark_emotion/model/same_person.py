"""Tells people apart by the shape of their faces.

The landmarks are made symmetric, which cancels turning the head, and projected to the directions
in which people differ more than one person's expressions do (Fisher's linear discriminants of the
subjects of CK+). ``python -m benchmarks.same_person`` computes the projection and measures how
often it errs.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PROJECTION = Path(__file__).with_name("same_person.npz")

SAME = 1.0
"""Distance below which two faces belong to one person."""

DIFFERENT = 1.5
"""Distance above which they do not, however the person moves. In between nothing is certain."""


def face_shape(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Describe the shape of faces so that expressions hardly change it.

    Parameters
    ----------
    features : ndarray of shape (..., 136)
        From `features.landmark_features`.

    Returns
    -------
    ndarray of shape (..., 30)
        Compare them with `shape_distance`; the mean over several frames is less noisy.
    """
    return np.asarray(features @ _projection(), dtype=np.float64)


def shape_distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return the distance between two faces from `face_shape`, in units of `SAME`."""
    difference = one - other
    return float(np.sqrt(difference @ difference))


@lru_cache(maxsize=1)
def _projection() -> NDArray[np.float64]:
    with np.load(PROJECTION, allow_pickle=False) as arrays:
        return np.asarray(arrays["projection"], dtype=np.float64)

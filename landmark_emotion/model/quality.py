"""How far the landmarks of a face can be trusted.

Three things spoil them: a head that is turned away, a face that reaches out of the picture, and a
face that is hidden in part, or none. A shape predictor makes a plausible face out of anything, so
its shape hardly tells; but where it does not see a face, its answer depends on where it starts.
"""

from typing import Literal

import numpy as np

from landmark_emotion.model.face import N_LANDMARKS, Face, Landmarks
from landmark_emotion.model.pose import Pose

Issue = Literal["", "turned away", "partly hidden"]
"""Why a face is not good enough; empty if it is."""

# Quality is 0.5 where a value is at its limit, 1 up to half of it and 0 from one and a half.
#
# On 2592 faces of FER-2013, of people and cameras that the model had not met, .58 of the answers
# were right up to a yaw of 10 degrees, .47 between 15 and 20, .28 between 20 and 25, .13 above.
# With a pitch of more than 20 degrees up or down .31 were right, else .52.
TURNED = 22.0  # degrees of yaw or pitch
# There, .73 were right where boxes disagreed by less than 0.01, and .36 above 0.03.
# The limits were chosen with these figures in view (`benchmarks.head_pose`).
DISAGREEING = 0.03
CUT_OFF = 0.15  # share of the landmarks of brows, eyes, nose and mouth outside the picture

MIN_QUALITY = 0.5
"""The quality below which a face is by default not judged."""

_INNER = slice(17, 68)
_WORST = 3 * N_LANDMARKS // 4  # the least bad landmark of the worst quarter


def disagreement(measured: Landmarks) -> float:
    """Return how much landmarks depend on the box from which they were measured.

    Eyebrows raised far confuse the predictor even in full view, so the worst quarter of the
    landmarks does not count.

    Parameters
    ----------
    measured : ndarray of shape (m, 68, 2)
        Landmarks of one face, each from another box.

    Returns
    -------
    float
        RMS distance to their mean below which three quarters of the landmarks are, in units of the
        face's scale.
    """
    mean = measured.sum(axis=0) / len(measured)
    extent = mean - mean.sum(axis=0) / len(mean)
    squares = np.square(measured - mean).sum(axis=(0, 2)) / len(measured)
    scale = np.vdot(extent, extent) / len(mean)
    return float(np.sqrt(np.partition(squares, _WORST)[_WORST] / max(float(scale), 1e-12)))


def rate(pose: Pose, face: Face, shape: tuple[int, ...] | None = None) -> tuple[float, Issue]:
    """Rate the landmarks of a face.

    Parameters
    ----------
    pose : Pose
        How the head is held.
    face : Face
        Its landmarks, and their disagreement if it was measured.
    shape : tuple of int, optional
        Height and width of the picture, if they are known.

    Returns
    -------
    quality : float
        From 0 to 1.
    concern : str
        What lowers it most; empty if nothing does.
    """
    turned = max(abs(pose.yaw), abs(pose.pitch)) / TURNED
    hidden = (face.disagreement or 0.0) / DISAGREEING
    if shape is not None:
        inner = face.landmarks[_INNER]
        inside = ((inner >= 0) & (inner < (shape[1], shape[0]))).all(axis=1)
        hidden = max(hidden, (1 - int(inside.sum()) / len(inner)) / CUT_OFF)
    worst = max(turned, hidden)
    if worst <= 0.5:
        return 1.0, ""
    return max(0.0, 1.5 - worst), "turned away" if turned >= hidden else "partly hidden"

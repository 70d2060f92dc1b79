"""How the head is held, from the landmarks of its rigid parts.

The eye corners and the nose hardly move when a face shows something. A weak-perspective camera
(rotation, scale, shift) that maps a three-dimensional face onto them is found by linear least
squares and made a rotation by the nearest one (DeMenthon and Davis 1995 call the first step POS).
"""

import math
from dataclasses import dataclass

import numpy as np

from landmark_emotion.model.face import Landmarks

# Eye corners and nose in three dimensions: x to the subject's left, y down, z toward the camera,
# in units of the distance between the outer eye corners. x and y are the mean of the neutral faces
# of CK+ and of the London set, which therefore have yaw, pitch and roll 0 on average. z comes from
# the movement of a head in a video, by factorization with the constraint that a face is symmetric,
# times 0.85: small turns leave the scale of z uncertain, and that is where it agrees with the same
# for 2000 faces of FER-2013, which are turned further (`benchmarks.head_pose`).
_RIGID = {
    27: (0.00, -0.27, 0.01),  # bridge of the nose
    28: (0.00, -0.15, 0.10),
    29: (0.00, -0.02, 0.19),
    30: (0.00, 0.11, 0.28),
    31: (-0.15, 0.23, 0.04),  # nostrils
    32: (-0.08, 0.25, 0.08),
    33: (0.00, 0.27, 0.11),
    34: (0.08, 0.25, 0.08),
    35: (0.15, 0.23, 0.04),
    36: (-0.50, -0.23, -0.26),  # eye corners
    39: (-0.21, -0.22, -0.21),
    42: (0.21, -0.22, -0.21),
    45: (0.50, -0.23, -0.26),
}
_INDEX = list(_RIGID)
_SHAPE = np.array(list(_RIGID.values()))
# The product with the landmarks is the affine camera that fits best.
_SOLVE = np.ascontiguousarray(np.linalg.pinv(_SHAPE - _SHAPE.mean(axis=0)))


@dataclass(frozen=True)
class Pose:
    """How the head is held, in degrees; 0 is the average of people who look into the camera.

    The head is first rolled, then pitched, then yawed, so yaw and pitch say where the face points.
    Angles are compared within a person rather than between people, whose noses differ. Far turns
    are underestimated, since the shape predictor draws faces toward the front.

    Attributes
    ----------
    yaw : float
        Turned to the subject's left; -180 to 180.
    pitch : float
        Raised; -90 to 90.
    roll : float
        Tilted toward the subject's left shoulder; -180 to 180.
    """

    yaw: float
    pitch: float
    roll: float


def head_pose(landmarks: Landmarks) -> Pose:
    """Estimate how a head is held.

    Parameters
    ----------
    landmarks : ndarray of shape (68, 2)
        Pixels, as (x, y).

    Returns
    -------
    Pose
        All angles are 0 if the landmarks used lie on one line.
    """
    (a, b, c), (d, e, f) = (_SOLVE @ landmarks[_INDEX]).T.tolist()
    # The nearest pair of orthonormal rows to M = [[a, b, c], [d, e, f]], times a scale, is S^-1 M
    # with S the square root of M M^T.
    first, second, mixed = a * a + b * b + c * c, d * d + e * e + f * f, a * d + b * e + c * f
    area = math.sqrt(max(0.0, first * second - mixed * mixed))
    if area <= 1e-12 * (first + second):
        return Pose(0.0, 0.0, 0.0)
    p, q, r = second + area, -mixed, first + area  # S^-1 up to a factor
    a, b, c, d, e, f = (
        *(p * a + q * d, p * b + q * e, p * c + q * f),
        *(q * a + r * d, q * b + r * e, q * c + r * f),
    )
    norm = math.sqrt(d * d + e * e + f * f)
    toward = (a * e - b * d) / norm  # the third row's part along z
    return Pose(
        yaw=math.degrees(math.atan2(c, toward)),
        pitch=math.degrees(math.asin(max(-1.0, min(1.0, -f / norm)))),
        roll=math.degrees(math.atan2(d, e)),
    )

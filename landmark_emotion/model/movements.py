"""How parts of a face differ from a neutral face, in words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.model.face import Landmarks

# In standard deviations: the least amount worth naming if the reference is the average face, and
# if it is the person's own. Twice as much is no longer slight.
_NOTABLE, _NOTABLE_OWN = 1.5, 2.5


@dataclass(frozen=True)
class Movement:
    """How a part of a face differs from the neutral reference.

    Attributes
    ----------
    part : str
        For example ``"mouth corners"``; left and right are the subject's.
    change : str
        For example ``"raised"``.
    amount : float
        Size in standard deviations over neutral faces: of different people if the reference is the
        average, of one person if it is their own. Never negative.
    slight : bool
        Whether the amount is less than twice the least that is named.
    contribution : float
        What the coordinates of this part add to the explained score.
    """

    part: str
    change: str
    amount: float
    slight: bool
    contribution: float

    @property
    def text(self) -> str:
        """The movement as a clause."""
        verb = "are" if self.part.endswith("s") else "is"
        slightly = "slightly " if self.slight else ""
        return f"the {self.part} {verb} {slightly}{self.change}"


def find_movements(
    landmarks: Landmarks, reference: Landmarks, effects: NDArray[np.float64], *, own: bool
) -> tuple[Movement, ...]:
    """Find what differs notably from a neutral face.

    Parameters
    ----------
    landmarks, reference : ndarray of shape (68, 2)
        The face and the neutral face, as from `features.normalize_landmarks`.
    effects : ndarray of shape (68, 2)
        What the x and y of each landmark add to the score that is explained.
    own : bool
        Whether the neutral face is the same person's.

    Returns
    -------
    tuple of Movement
        The largest contribution first.
    """
    amounts = _amounts(landmarks, reference, own)
    notable = _NOTABLE_OWN if own else _NOTABLE
    found = [
        (part, amount, float(effects[list(part.moved), part.axis].sum()))
        for part, amount in zip(_PARTS, amounts, strict=True)
        if abs(amount) >= notable
    ]
    joined: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for part, amount, contribution in found:
        twin = any(
            other is not part
            and (other.whole, side > 0, effect > 0) == (part.whole, amount > 0, contribution > 0)
            for other, side, effect in found
        )
        name = part.whole if part.whole and twin else part.name
        change = part.more if amount > 0 else part.less
        joined.setdefault((name, change), []).append((abs(amount), contribution))
    movements = []
    for (name, change), both in joined.items():
        amount = max(amount for amount, _ in both)
        contribution = sum(contribution for _, contribution in both)
        movements.append(Movement(name, change, amount, amount < 2 * notable, contribution))
    return tuple(sorted(movements, key=lambda movement: -abs(movement.contribution)))


@dataclass(frozen=True)
class _Part:
    """A part of the face that moves along one axis.

    The position is the mean of the coordinates `plus` minus that of `minus`, in units of the
    distance between the eyes. `moved` are the landmarks whose contributions count. `between` is the
    standard deviation over neutral faces of different people, `within` over those of one person.
    Two parts with the same movement are named by their `whole`.
    """

    name: str
    more: str
    less: str
    axis: int
    plus: Sequence[int]
    minus: Sequence[int]
    moved: Sequence[int]
    between: float
    within: float
    whole: str = ""


_X, _Y = 0, 1
_RIGHT_EYE, _LEFT_EYE = (36, 39), (42, 45)  # the corners, which the lids do not move
_EYES = (*_RIGHT_EYE, *_LEFT_EYE)
_MID_MOUTH = (51, 57, 62, 66)

# The deviations were measured on 245 neutral faces of 96 people of CK+.
_PARTS = (
    _Part(
        "right mouth corner", "raised", "lowered", _Y, _MID_MOUTH, (48, 60), (48, 49, 59, 60),
        0.027, 0.012, "mouth corners",
    ),
    _Part(
        "left mouth corner", "raised", "lowered", _Y, _MID_MOUTH, (54, 64), (53, 54, 55, 64),
        0.029, 0.013, "mouth corners",
    ),
    _Part("mouth", "wider", "narrower", _X, (54, 64), (48, 60), range(48, 68), 0.055, 0.023),
    _Part(
        "lips", "further apart", "closer together", _Y, (65, 66, 67), (61, 62, 63),
        (56, 57, 58, 61, 62, 63, 65, 66, 67), 0.015, 0.012,
    ),
    _Part("upper lip", "raised", "lowered", _Y, (33,), (50, 51, 52), (50, 51, 52), 0.031, 0.010),
    _Part(
        "inner brows", "raised", "lowered", _Y, _EYES, range(20, 24), range(20, 24), 0.045, 0.014,
        "brows",
    ),
    _Part(
        "outer brows", "raised", "lowered", _Y, _EYES, (17, 18, 19, 24, 25, 26),
        (17, 18, 19, 24, 25, 26), 0.038, 0.011, "brows",
    ),
    _Part(
        "brows", "further apart", "drawn together", _X, (22, 23), (20, 21), range(17, 27),
        0.042, 0.014,
    ),
    _Part(
        "eyes", "wider open", "narrowed", _Y, (40, 41, 46, 47), (37, 38, 43, 44), range(36, 48),
        0.020, 0.008,
    ),
    _Part("nose", "drawn up", "lower", _Y, _EYES, range(31, 36), range(27, 36), 0.056, 0.011),
    _Part("nostrils", "wider", "narrower", _X, (35,), (31,), range(31, 36), 0.039, 0.012),
    _Part("chin", "lower", "higher", _Y, (7, 8, 9), _EYES, range(4, 13), 0.100, 0.025),
    _Part("jaw", "wider", "narrower", _X, (12, 13, 14), (2, 3, 4), range(17), 0.089, 0.017),
)  # fmt: skip


def _amounts(face: Landmarks, reference: Landmarks, own: bool) -> list[float]:
    """Return the movement of every part in standard deviations."""
    changes = []
    for part in _PARTS:
        now, before = (
            (points[list(part.plus), part.axis].mean() - points[list(part.minus), part.axis].mean())
            / _eye_distance(points)
            for points in (face, reference)
        )
        changes.append(float(now - before) / (part.within if own else part.between))
    return changes


def _eye_distance(points: Landmarks) -> float:
    distance = points[list(_LEFT_EYE), _X].mean() - points[list(_RIGHT_EYE), _X].mean()
    return max(float(distance), 1e-3)  # coinciding eyes have no distance

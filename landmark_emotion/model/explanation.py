"""What spoke for and against an emotion: exact, because the model is linear up to its votes.

A face's votes are followed on the straight line from the neutral face it is compared with to the
face itself, and every change of them is put down to the coordinate that caused it (integrated
gradients; Sundararajan, Taly and Yan 2017, "Axiomatic attribution for deep networks"). Along such
a line every margin changes evenly, so what is elsewhere a numerical integral is here a difference
of log-sigmoids, and the parts add up to the score that becomes the probability.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from landmark_emotion.model.classifier import EmotionModel, softmax
from landmark_emotion.model.face import N_LANDMARKS, REGIONS, Landmarks, check_landmarks
from landmark_emotion.model.features import landmark_features, normalize_landmarks

EXPLAINED_REGIONS: Mapping[str, tuple[str, ...]] = {
    "brows": ("right_eyebrow", "left_eyebrow"),
    "eyes": ("right_eye", "left_eye"),
    "nose": ("nose",),
    "mouth": ("mouth", "inner_mouth"),
    "jaw": ("jaw",),
}
"""From the top of the face to the bottom; each of `face.REGIONS` belongs to one."""

# In standard deviations: what is worth naming where the reference is the average face, and where
# it is a person's own, in which something of the average is left; twice as much is not slight.
_NOTABLE, _NOTABLE_OWN = 1.5, 2.5
# Of a score: below it nothing is worth naming (odds change by a tenth), or below this share of
# what moved it most.
_LEAST = 0.1
_LEAST_SHARE = 0.15
_MOST_NAMED = 3


@dataclass(frozen=True)
class Movement:
    """How a part of the face differs from the neutral face it is compared with.

    Attributes
    ----------
    part : str
        Such as ``"mouth corners"``; left and right are the subject's.
    change : str
        Such as ``"raised"``.
    amount : float
        How far, in standard deviations of neutral faces: of different people where the reference
        is the average, of one person where it is their own. Never negative.
    slight : bool
        Whether it is hardly more than what is usual.
    contribution : float
        What the coordinates of this part add to the score that is explained.
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


@dataclass(frozen=True)
class Explanation:
    """What spoke for and against each emotion, and for and against one above all.

    Attributes
    ----------
    emotion : str
        The one that is explained.
    emotions : tuple of str
        The k that the model tells apart.
    base : ndarray of shape (k,)
        Scores of the neutral face that the face is compared with.
    contributions : ndarray of shape (k, 68, 2)
        What the x and y of each landmark add to the scores; `base` and all of them make `scores`.
    reference : ndarray of shape (68, 2)
        The landmarks of that neutral face, as from `features.normalize_landmarks`.
    landmarks : ndarray of shape (68, 2)
        The landmarks of the face, likewise.
    own : bool
        Whether the neutral face is the same person's.
    """

    emotion: str
    emotions: tuple[str, ...]
    base: NDArray[np.float64]
    contributions: NDArray[np.float64]
    reference: Landmarks
    landmarks: Landmarks
    own: bool

    @property
    def scores(self) -> NDArray[np.float64]:
        """Scores of the face, shape (k,): what the softmax turns into `probabilities`."""
        return np.asarray(self.base + self.contributions.sum(axis=(1, 2)))

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """Probabilities of the face by itself, shape (k,), not smoothed over time."""
        return softmax(self.scores)

    @property
    def likeliest(self) -> str:
        """The likeliest emotion."""
        return self.emotions[int(self.scores.argmax())]

    @property
    def rival(self) -> str:
        """The likeliest emotion other than the one that is explained."""
        scores = dict(zip(self.emotions, self.scores, strict=True))
        del scores[self.emotion]
        return max(scores, key=lambda emotion: float(scores[emotion]))

    @property
    def by_landmark(self) -> NDArray[np.float64]:
        """What each landmark adds to the explained score, shape (68,)."""
        return np.asarray(self._explained.sum(axis=1))

    @property
    def by_region(self) -> dict[str, float]:
        """What each of `EXPLAINED_REGIONS` adds to the explained score."""
        return region_sums(self.by_landmark)

    @property
    def rather_than_rival(self) -> NDArray[np.float64]:
        """What each landmark adds to the log of the odds against `rival`, shape (68,)."""
        other = self.contributions[self.emotions.index(self.rival)]
        return np.asarray((self._explained - other).sum(axis=1))

    @property
    def movements(self) -> tuple[Movement, ...]:
        """What differs notably from the neutral face, the largest contribution first."""
        amounts = _amounts(self.landmarks, self.reference, self.own)
        notable = _NOTABLE_OWN if self.own else _NOTABLE
        found = [
            (part, amount, float(self._explained[list(part.moved), part.axis].sum()))
            for part, amount in zip(_PARTS, amounts, strict=True)
            if abs(amount) >= notable
        ]
        joined: dict[tuple[str, str], list[tuple[float, float]]] = {}
        for part, amount, contribution in found:
            twin = any(
                other is not part
                and (other.whole, side > 0, effect > 0)
                == (part.whole, amount > 0, contribution > 0)
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

    @property
    def compared_with(self) -> str:
        """The neutral face that the face is compared with, in words."""
        return "their own neutral face" if self.own else "the average neutral face"

    @property
    def sentence(self) -> str:
        """What spoke for the emotion, and most against it, in words.

        Of an emotion that is not the likeliest and that the face speaks against, the other way
        round.
        """
        regions, emotion = self.by_region, self.emotion
        likeliest = emotion == self.likeliest
        sign, way, other_way = 1, "for", "Against"
        if not likeliest and sum(regions.values()) < 0:
            sign, way, other_way = -1, "against", "For"
        least = max(_LEAST, _LEAST_SHARE * max(abs(value) for value in regions.values()))
        movements = self.movements
        leading = [m.text for m in movements if sign * m.contribution >= least][:_MOST_NAMED]
        opposed = [m.text for m in movements if sign * m.contribution <= -least][:1]
        region, value = max(regions.items(), key=lambda item: sign * item[1])
        compared = f"Compared with {self.compared_with}"
        if likeliest and emotion == "neutral" and not movements:
            text = f"Nothing is far from {self.compared_with}, which speaks for neutral."
        elif likeliest and emotion == "neutral":
            text = f"What differs from {self.compared_with} speaks for no other emotion clearly "
            text += "enough, which leaves neutral."
        elif leading:
            text = f"{compared}, {_listed(leading)}, which speaks {way} {emotion}."
        elif sign * value >= least:
            verb = "speak" if region.endswith("s") else "speaks"
            text = f"{compared}, no single movement stands out; the {region} as a whole {verb} "
            text += f"{way} {emotion}."
        else:
            text = f"{compared}, nothing speaks clearly {way} {emotion}."
        return f"{text} {other_way} it: {opposed[0]}." if opposed else text

    def as_json(self) -> dict[str, Any]:
        """Describe it in JSON values only.

        Returns
        -------
        dict
            Keys emotion, compared_with, sentence, base and score (of the neutral face and of this
            one), regions and landmarks (what adds to the score: by name, and 68 numbers),
            movements (part, change, amount, slight and contribution each) and rather_than (emotion,
            base, score and regions of the log of the odds against the rival).
        """
        index, other = self.emotions.index(self.emotion), self.emotions.index(self.rival)
        return {
            "emotion": self.emotion,
            "compared_with": self.compared_with,
            "sentence": self.sentence,
            "base": float(self.base[index]),
            "score": float(self.scores[index]),
            "regions": self.by_region,
            "landmarks": self.by_landmark.tolist(),
            "movements": [asdict(movement) for movement in self.movements],
            "rather_than": {
                "emotion": self.rival,
                "base": float(self.base[index] - self.base[other]),
                "score": float(self.scores[index] - self.scores[other]),
                "regions": region_sums(self.rather_than_rival),
            },
        }

    @property
    def _explained(self) -> NDArray[np.float64]:
        return np.asarray(self.contributions[self.emotions.index(self.emotion)])


def explain(
    model: EmotionModel,
    landmarks: ArrayLike,
    reference: NDArray[np.float64] | None = None,
    emotion: str | None = None,
) -> Explanation:
    """Tell what in a face spoke for and against an emotion.

    Parameters
    ----------
    model : EmotionModel
        The model that judged the face.
    landmarks : array_like of shape (68, 2)
        The landmarks of one face, in pixels, as (x, y).
    reference : ndarray of shape (136,), optional
        Features of the neutral face it was compared with, as `Prediction.reference`; None for the
        model's average.
    emotion : str, optional
        What to explain; otherwise the likeliest by these landmarks alone.

    Returns
    -------
    Explanation
        Its `scores` are those of `EmotionModel.votes`.

    Raises
    ------
    ValueError
        If the landmarks are not those of one face, or the model does not know the emotion.
    """
    landmarks = check_landmarks(landmarks)
    if landmarks.ndim != 2:
        raise ValueError(f"landmarks must have shape (68, 2), got {landmarks.shape}")
    if emotion is not None and emotion not in model.emotions:
        raise ValueError(f"emotion must be one of {', '.join(model.emotions)}, got {emotion!r}")
    neutral = model.mean if reference is None else reference
    difference = landmark_features(landmarks) - neutral
    head = model.head_for(reference)
    slopes = _mean_slopes(head.biases, head.margins(difference), len(model.emotions))
    contributions = slopes @ (head.weights * difference) / head.temperature
    base = model.votes(neutral, reference)
    scores = base + contributions.sum(axis=1)
    return Explanation(
        emotion=model.emotions[int(scores.argmax())] if emotion is None else emotion,
        emotions=model.emotions,
        base=base,
        contributions=_as_landmarks(contributions),
        reference=_as_landmarks(neutral),
        landmarks=normalize_landmarks(landmarks),
        own=reference is not None,
    )


def region_sums(by_landmark: NDArray[np.float64]) -> dict[str, float]:
    """Add up what belongs to the landmarks of each of `EXPLAINED_REGIONS`.

    Parameters
    ----------
    by_landmark : ndarray of shape (68,)
        Such as `Explanation.by_landmark`.

    Returns
    -------
    dict of str to float
        Together they make the sum over all landmarks.
    """
    return {
        name: float(sum(by_landmark[REGIONS[part]].sum() for part in parts))
        for name, parts in EXPLAINED_REGIONS.items()
    }


def denormalize_landmarks(normalized: Landmarks, landmarks: Landmarks) -> Landmarks:
    """Move normalized landmarks to where a face is, with its centroid, scale and roll.

    Parameters
    ----------
    normalized : ndarray of shape (68, 2)
        In the coordinates of `features.normalize_landmarks`, such as `Explanation.reference`.
    landmarks : ndarray of shape (68, 2)
        The face, in pixels, as (x, y).

    Returns
    -------
    ndarray of shape (68, 2)
        Pixels. The face's own normalized landmarks come back as `landmarks`.
    """
    centroid = landmarks.mean(axis=0)
    pixels = (landmarks - centroid) @ (1, 1j)
    units = normalize_landmarks(landmarks) @ (1, 1j)
    # As complex numbers, turning and enlarging are one product.
    turned = (normalized @ (1, 1j)) * (np.vdot(units, pixels) / np.vdot(units, units))
    return np.asarray(np.stack([turned.real, turned.imag], axis=-1) + centroid)


def _mean_slopes(
    start: NDArray[np.float64], end: NDArray[np.float64], k: int
) -> NDArray[np.float64]:
    """Average how votes of shape (k,) answer to margins of shape (pairs,), over a straight line.

    The average of the derivative of the log-sigmoid between two points is the slope between them.
    """
    change = end - start
    flat = np.abs(change) < 1e-5  # there the slope at the middle is exact to 1e-12
    rise = np.logaddexp(0, -start) - np.logaddexp(0, -end)
    middle = np.exp(-np.logaddexp(0, (start + end) / 2))
    won = np.where(flat, middle, rise / np.where(flat, 1.0, change))
    slopes = np.zeros((k, len(change)))
    for pair, (i, j) in enumerate(combinations(range(k), 2)):
        slopes[i, pair] = won[pair]
        slopes[j, pair] = won[pair] - 1
    return slopes


def _as_landmarks(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Reshape (..., 136), first all x and then all y, to (..., 68, 2)."""
    x, y = features[..., :N_LANDMARKS], features[..., N_LANDMARKS:]
    return np.stack([x, y], axis=-1)


@dataclass(frozen=True)
class _Part:
    """A part of the face that moves along one axis.

    How far is the mean of the coordinates `plus` less that of `minus`, in units of the distance
    between the eyes. `moved` are the landmarks whose contributions belong to the movement.
    `between` is the standard deviation over neutral faces of different people, `within` of the
    same person. Two parts that move alike are named by their `whole`.
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
_RIGHT_EYE, _LEFT_EYE = (36, 39), (42, 45)  # the corners, which no lid moves
_EYES = (*_RIGHT_EYE, *_LEFT_EYE)
_MID_MOUTH = (51, 57, 62, 66)

# The deviations are those of 245 neutral faces of 96 people of CK+.
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
    """Measure every part of `_PARTS` in standard deviations."""
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
    return max(float(distance), 1e-3)  # eyes that coincide have none


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))

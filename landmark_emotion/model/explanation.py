"""Why a face got its emotion: an exact attribution of the scores to landmarks.

The method is integrated gradients (Sundararajan, Taly and Yan 2017, "Axiomatic attribution for
deep networks") with the neutral reference as the baseline. The margins are linear in the features,
so the integral is a difference of log-sigmoids, and the contributions add up to the score.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from landmark_emotion.model.classifier import EmotionModel
from landmark_emotion.model.face import N_LANDMARKS, REGIONS, Landmarks, check_landmarks
from landmark_emotion.model.features import landmark_features, normalize_landmarks
from landmark_emotion.model.head import softmax
from landmark_emotion.model.movements import Movement, find_movements

EXPLAINED_REGIONS: Mapping[str, tuple[str, ...]] = {
    "brows": ("right_eyebrow", "left_eyebrow"),
    "eyes": ("right_eye", "left_eye"),
    "nose": ("nose",),
    "mouth": ("mouth", "inner_mouth"),
    "jaw": ("jaw",),
}
"""Regions of an explanation, from top to bottom; each of `face.REGIONS` belongs to one."""

# The least contribution to a score worth naming (it changes the odds by a tenth), and its least
# share of the largest contribution.
_LEAST = 0.1
_LEAST_SHARE = 0.15
_MOST_NAMED = 3


@dataclass(frozen=True)
class Explanation:
    """Contributions of the landmarks to the score of each emotion.

    Attributes
    ----------
    emotion : str
        The explained emotion.
    emotions : tuple of str
        The k emotions of the model.
    base : ndarray of shape (k,)
        Scores of the neutral reference.
    contributions : ndarray of shape (k, 68, 2)
        What the x and y of each landmark add to the scores. Their sum and `base` give `scores`.
    reference : ndarray of shape (68, 2)
        The landmarks of the neutral reference, as from `features.normalize_landmarks`.
    landmarks : ndarray of shape (68, 2)
        The landmarks of the face, normalized the same way.
    own : bool
        Whether the reference is the person's own neutral face.
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
        """Probabilities of this face alone, shape (k,), not smoothed over time."""
        return softmax(self.scores)

    @property
    def likeliest(self) -> str:
        """The likeliest emotion."""
        return self.emotions[int(self.scores.argmax())]

    @property
    def rival(self) -> str:
        """The likeliest emotion except the explained one."""
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
        return find_movements(self.landmarks, self.reference, self._explained, own=self.own)

    @property
    def compared_with(self) -> str:
        """The neutral reference in words."""
        return "their own neutral face" if self.own else "the average neutral face"

    @property
    def sentence(self) -> str:
        """The main reasons for the emotion and the main one against it.

        For an emotion that is not the likeliest and has a negative sum of contributions, the
        reasons against it come first.
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
            text = f"The face is close to {self.compared_with}, which speaks for neutral."
        elif likeliest and emotion == "neutral":
            text = f"The differences from {self.compared_with} do not clearly speak for another "
            text += "emotion, so the result is neutral."
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
        """Return the explanation as JSON values.

        Returns
        -------
        dict
            Keys: emotion, compared_with, sentence; base and score, the scores of the reference and
            of the face; regions and landmarks, the contributions by name and as 68 numbers;
            movements, each with part, change, amount, slight and contribution; rather_than, with
            emotion, base, score and regions of the log odds against the rival.
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
    *,
    automatic: bool = False,
) -> Explanation:
    """Explain why a face got its emotion.

    Parameters
    ----------
    model : EmotionModel
        The model that gave the probabilities.
    landmarks : array_like of shape (68, 2)
        Landmarks of one face in pixels, as (x, y).
    reference : ndarray of shape (136,), optional
        Features of the neutral reference, such as `Prediction.reference`; otherwise the model's
        average neutral face.
    emotion : str, optional
        The emotion to explain; otherwise the likeliest.
    automatic : bool
        Whether the reference was estimated, as for `EmotionModel.votes`.

    Returns
    -------
    Explanation
        Its `scores` equal `EmotionModel.votes`.

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
    base = model.votes(neutral, reference, automatic=automatic)
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
    """Sum the contributions of landmarks over each of `EXPLAINED_REGIONS`.

    Parameters
    ----------
    by_landmark : ndarray of shape (68,)
        Such as `Explanation.by_landmark`.

    Returns
    -------
    dict of str to float
        The values add up to the sum over all landmarks.
    """
    return {
        name: float(sum(by_landmark[REGIONS[part]].sum() for part in parts))
        for name, parts in EXPLAINED_REGIONS.items()
    }


def denormalize_landmarks(normalized: Landmarks, landmarks: Landmarks) -> Landmarks:
    """Give normalized landmarks the centroid, scale and roll of a face.

    Parameters
    ----------
    normalized : ndarray of shape (68, 2)
        As from `features.normalize_landmarks`, such as `Explanation.reference`.
    landmarks : ndarray of shape (68, 2)
        The face, in pixels, as (x, y).

    Returns
    -------
    ndarray of shape (68, 2)
        Pixels; the inverse of `features.normalize_landmarks` for the face itself.
    """
    centroid = landmarks.mean(axis=0)
    pixels = (landmarks - centroid) @ (1, 1j)
    units = normalize_landmarks(landmarks) @ (1, 1j)
    # With complex numbers, rotation and scaling are one product.
    turned = (normalized @ (1, 1j)) * (np.vdot(units, pixels) / np.vdot(units, units))
    return np.asarray(np.stack([turned.real, turned.imag], axis=-1) + centroid)


def _mean_slopes(
    start: NDArray[np.float64], end: NDArray[np.float64], k: int
) -> NDArray[np.float64]:
    """Average the derivative of the votes by the margins over a straight line: (k, pairs).

    The average derivative of the log-sigmoid between two points is the slope of its secant.
    """
    change = end - start
    flat = np.abs(change) < 1e-5  # the derivative at the midpoint is exact to 1e-12 there
    rise = np.logaddexp(0, -start) - np.logaddexp(0, -end)
    middle = np.exp(-np.logaddexp(0, (start + end) / 2))
    won = np.where(flat, middle, rise / np.where(flat, 1.0, change))
    slopes = np.zeros((k, len(change)))
    for pair, (i, j) in enumerate(combinations(range(k), 2)):
        slopes[i, pair] = won[pair]
        slopes[j, pair] = won[pair] - 1
    return slopes


def _as_landmarks(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Reshape features (..., 136), all x before all y, to (..., 68, 2)."""
    x, y = features[..., :N_LANDMARKS], features[..., N_LANDMARKS:]
    return np.stack([x, y], axis=-1)


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))

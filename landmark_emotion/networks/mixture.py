"""Mixes the probabilities of landmarks and of a network, where no neutral face is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import NetworkError
from landmark_emotion.model.classifier import EmotionModel
from landmark_emotion.model.head import softmax

# Chosen by ``python -m benchmarks.mixture``. The share of the landmarks is the logistic function of
# a constant and multiples of: the logarithm of the face's distance from familiar ones, the margin
# between the two highest votes, and whether the landmarks say neutral, which they also say of weak
# expressions.
SHARE = (-0.8, -3.65, 2.6, -2.0)
DISTANCE = 150.0  # of a face as familiar as unseen people of the training data
UNKNOWN = 300.0  # taken for a model that does not know its training data: another laboratory
SURE = 1.0  # a margin; what is beyond it says nothing more
SHARPNESS = 8.0  # multiplies votes, whose temperature allows for unfamiliar faces


@dataclass(frozen=True)
class Mixture:
    """Probabilities of both.

    Attributes
    ----------
    landmarks, network : ndarray of shape (n, k)
        Those of each.
    share : ndarray of shape (n,)
        The network's share of the mixture, from 0 to 1.
    """

    landmarks: NDArray[np.float64]
    network: NDArray[np.float64]
    share: NDArray[np.float64]

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """The mixture, of shape (n, k)."""
        difference = self.network - self.landmarks
        return np.asarray(self.landmarks + self.share[:, np.newaxis] * difference)

    def by_face(self) -> list[dict[str, Any]]:
        """Return what the prediction of each face says of the network."""
        return [
            {
                "landmark_probabilities": landmarks,
                "network_probabilities": network,
                "network_share": float(share),
            }
            for landmarks, network, share in zip(
                self.landmarks, self.network, self.share, strict=True
            )
        ]


class Mixer:
    """Mixes the probabilities of a model and a network.

    Emotions that the network does not know keep the probability that the landmarks give them.

    Parameters
    ----------
    model : EmotionModel
        The model of landmarks.
    emotions : sequence of str
        The network's.

    Attributes
    ----------
    columns : list of int
        The emotions that both know, as indices of the network's, in the model's order.

    Raises
    ------
    NetworkError
        If the network knows fewer than two of the model's emotions.
    """

    def __init__(self, model: EmotionModel, emotions: Sequence[str]) -> None:
        self._model = model
        common = [emotion for emotion in model.emotions if emotion in emotions]
        if len(common) < 2:
            raise NetworkError(
                f"network: knows {len(common)} of the model's {len(model.emotions)} classes "
                f"({', '.join(emotions)}); use --network none"
            )
        self._known = np.array([emotion in common for emotion in model.emotions])
        self.columns = [emotions.index(emotion) for emotion in common]

    def mix(self, features: NDArray[np.float64], scores: NDArray[np.floating[Any]]) -> Mixture:
        """Mix the probabilities of both.

        The less a face resembles those of training, and the less sure the landmarks are, the more
        the network counts.

        Parameters
        ----------
        features : ndarray of shape (n, 136)
            From `features.landmark_features`.
        scores : ndarray of shape (n, known)
            The network's logits of the emotions that both know.
        """
        votes = self._model.votes(features)
        landmarks = softmax(SHARPNESS * votes)
        network = landmarks.copy()
        network[:, self._known] = softmax(scores.astype(np.float64)) * landmarks[
            :, self._known
        ].sum(axis=1, keepdims=True)
        share = 1 - landmark_share(evidence(self._model, features, votes))
        return Mixture(landmarks, network, share)


def landmark_share(
    columns: NDArray[np.float64], coefficients: Sequence[float] | NDArray[np.float64] = SHARE
) -> NDArray[np.float64]:
    """Compute the share of the landmarks, (n,), from `evidence`, (n, 4)."""
    return np.asarray(1 / (1 + np.exp(-columns @ np.asarray(coefficients))))


def evidence(
    model: EmotionModel, features: NDArray[np.float64], votes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Compute what the share of the landmarks depends on.

    Parameters
    ----------
    model : EmotionModel
        The model of landmarks.
    features : ndarray of shape (n, 136)
        From `features.landmark_features`.
    votes : ndarray of shape (n, k)
        Those of the model.

    Returns
    -------
    ndarray of shape (n, 4)
        The columns that `SHARE` multiplies.
    """
    distance = np.full(len(votes), UNKNOWN)
    if model.familiarity is not None:
        distance = model.familiarity.distance(features)
    second, first = np.sort(votes, axis=-1)[:, -2:].T
    neutral = np.zeros(len(votes))
    if "neutral" in model.emotions:
        neutral[votes.argmax(axis=-1) == model.emotions.index("neutral")] = 1
    return np.stack(
        [
            np.ones(len(votes)),
            np.log(np.maximum(distance, 1) / DISTANCE),
            np.minimum(first - second, SURE),
            neutral,
        ],
        axis=1,
    )

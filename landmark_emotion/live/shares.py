"""What landmarks and network each say of a face, and how much each counts."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.formatting import percent
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.networks.occlusion import Occlusion

_DIGITS = 6  # as of a prediction


@dataclass(frozen=True)
class Shares:
    """What landmarks and network each say of a face, and how much each counts.

    Attributes
    ----------
    emotion : str
        The explained emotion.
    emotions : tuple of str
        The k emotions of the model.
    landmarks, network : ndarray of shape (k,)
        Probabilities.
    network_share : float
        The network's share of `probabilities`, from 0 to 1; the rest are the landmarks'.
    occlusion : Occlusion or None
        Which parts of the picture the network's answer hangs on, if that was asked for.
    """

    emotion: str
    emotions: tuple[str, ...]
    landmarks: NDArray[np.float64]
    network: NDArray[np.float64]
    network_share: float
    occlusion: Occlusion | None = None

    @property
    def by_landmarks(self) -> NDArray[np.float64]:
        """The landmarks' part of `probabilities`."""
        return np.asarray((1 - self.network_share) * self.landmarks)

    @property
    def by_network(self) -> NDArray[np.float64]:
        """The network's part of `probabilities`."""
        return np.asarray(self.network_share * self.network)

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """Probabilities of this face alone, shape (k,), not smoothed over time."""
        return self.by_landmarks + self.by_network

    @property
    def sentence(self) -> str:
        """The probability of the emotion, and what it is made of."""
        both = float(self.probabilities[self.emotions.index(self.emotion)])
        return f"{self.emotion} {percent(both)}: {self.parts}"

    @property
    def parts(self) -> str:
        """What the probability of the emotion is made of."""
        index = self.emotions.index(self.emotion)
        landmarks, network = (
            percent(float(each[index])) for each in (self.landmarks, self.network)
        )
        share = round(self.network_share, 2)  # so that the two make 1
        return (
            f"landmarks {landmarks} (share {1 - share:.2f}), network {network} (share {share:.2f})"
        )

    @property
    def disagreement(self) -> str:
        """Which emotion each finds the likeliest; empty if it is the same."""
        landmarks, network = (
            self.emotions[int(each.argmax())] for each in (self.landmarks, self.network)
        )
        if landmarks == network:
            return ""
        return f"They disagree: the landmarks say {landmarks}, the network says {network}."

    def as_json(self) -> dict[str, Any]:
        """Return JSON values.

        Returns
        -------
        dict
            Keys: sentence, disagreement, share, probability, landmarks and network, the
            probabilities by emotion, and occlusion, as of `Occlusion.as_json`, or None.
        """
        return {
            "sentence": self.sentence,
            "disagreement": self.disagreement,
            "share": round(self.network_share, _DIGITS),
            "probability": self._by_emotion(self.probabilities)[self.emotion],
            "landmarks": self._by_emotion(self.landmarks),
            "network": self._by_emotion(self.network),
            "occlusion": None if self.occlusion is None else self.occlusion.as_json(),
        }

    def _by_emotion(self, probabilities: NDArray[np.float64]) -> dict[str, float]:
        rounded = (round(value, _DIGITS) for value in probabilities.tolist())
        return dict(zip(self.emotions, rounded, strict=True))


def shares_of(
    prediction: Prediction, emotion: str | None = None, occlusion: Occlusion | None = None
) -> Shares | None:
    """Return the shares of landmarks and network in a prediction.

    Parameters
    ----------
    prediction : Prediction
        A face.
    emotion : str, optional
        The emotion to explain; otherwise the likeliest.
    occlusion : Occlusion, optional
        From `Recognizer.occlusion`, for the same emotion.

    Returns
    -------
    Shares or None
        None if the landmarks answered alone.
    """
    landmarks, network = prediction.landmark_probabilities, prediction.network_probabilities
    if landmarks is None or network is None:
        return None
    return Shares(
        emotion=emotion or prediction.likeliest,
        emotions=prediction.emotions,
        landmarks=landmarks,
        network=network,
        network_share=prediction.network_share,
        occlusion=occlusion,
    )

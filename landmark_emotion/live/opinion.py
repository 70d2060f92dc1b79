"""A network's opinion of faces whose neutral face is not known, and how it is weighed."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.emotions import DEFAULT_EMOTIONS
from landmark_emotion.errors import NetworkError
from landmark_emotion.model.classifier import EmotionModel, softmax
from landmark_emotion.model.face import Face
from landmark_emotion.networks.crop import box_transform, face_crop, warped
from landmark_emotion.networks.network import Network, load_network

INTERVAL = 0.1  # seconds between looks of the network at a face in a video
MEMORY = 0.5  # seconds over which its scores are averaged

# Chosen by ``python -m benchmarks.mixture``. The share of the landmarks is the logistic function of
# a constant and multiples of: the logarithm of the face's distance from familiar ones, the margin
# between the two highest votes, and whether the landmarks say neutral, which they also say of weak
# expressions.
SHARE = (-0.8, -3.65, 2.6, -2.0)
DISTANCE = 150.0  # of a face as familiar as unseen people of the training data
UNKNOWN = 300.0  # taken for a model that does not know its training data: another laboratory
SURE = 1.0  # a margin; what is beyond it says nothing more
SHARPNESS = 8.0  # multiplies votes, whose temperature allows for unfamiliar faces

_PACKAGE = Path(__file__).resolve().parents[1]
SHIPPED = (_PACKAGE / "shipped" / "network.onnx", _PACKAGE.parent / "models" / "network.onnx")


@dataclass(frozen=True)
class Mixture:
    """Probabilities of both.

    Attributes
    ----------
    probabilities : ndarray of shape (n, k)
        The mixture.
    network : ndarray of shape (n, k)
        The network's.
    share : ndarray of shape (n,)
        The network's share of the mixture, from 0 to 1.
    """

    probabilities: NDArray[np.float64]
    network: NDArray[np.float64]
    share: NDArray[np.float64]

    def by_face(self) -> list[dict[str, Any]]:
        """Return what the prediction of each face says of the network."""
        return [
            {"network_probabilities": row, "network_share": float(share)}
            for row, share in zip(self.network, self.share, strict=True)
        ]


class Opinion:
    """Lets a network take part in recognizing faces whose neutral face is not known.

    Emotions that the network does not know keep the probability that the landmarks give them.

    Parameters
    ----------
    network : Network
        Safe to share between threads.
    model : EmotionModel
        The model of landmarks.

    Raises
    ------
    NetworkError
        If the network knows fewer than two of the model's emotions.
    """

    def __init__(self, network: Network, model: EmotionModel) -> None:
        self.network, self._model = network, model
        theirs = network.spec.emotions
        common = [emotion for emotion in model.emotions if emotion in theirs]
        if len(common) < 2:
            raise NetworkError(
                f"network: knows {len(common)} of the model's {len(model.emotions)} classes "
                f"({', '.join(theirs)}); use --network none"
            )
        self._known = np.array([emotion in common for emotion in model.emotions])
        self._columns = [theirs.index(emotion) for emotion in common]
        self._recent: dict[int, tuple[float, NDArray[np.float64]]] = {}

    def keep_only(self, numbers: set[int]) -> None:
        """Forget the faces with other numbers."""
        for number in self._recent.keys() - numbers:
            del self._recent[number]

    def image(self, picture: NDArray[np.uint8], faces: Sequence[Face]) -> NDArray[np.float64]:
        """Judge the faces of a single image, each together with its mirror image.

        Parameters
        ----------
        picture : ndarray of shape (height, width, 3), uint8
            BGR.
        faces : sequence of Face
            Of the image.

        Returns
        -------
        ndarray of shape (n, known)
            Logits of the emotions that both know, for `mix`.
        """
        crops = np.stack([self.crop(picture, face) for face in faces])
        _, scores = self.network.evaluate(np.concatenate([crops, crops[:, :, ::-1]]))
        both = scores.reshape(2, len(faces), -1).mean(axis=0)
        return np.asarray(both[:, self._columns], dtype=np.float64)

    def frame(
        self, number: int, time: float, picture: NDArray[np.uint8], face: Face
    ) -> NDArray[np.float64]:
        """Judge a face of a frame of a video, looking at it at most every `INTERVAL`.

        Parameters
        ----------
        number : int
            Of the face.
        time : float
            Seconds.
        picture : ndarray of shape (height, width, 3), uint8
            BGR.
        face : Face
            Of the frame.

        Returns
        -------
        ndarray of shape (1, known)
            Logits, averaged over about `MEMORY`.
        """
        since, scores = self._recent.get(number, (-np.inf, None))
        if scores is None or not 0 <= time - since < INTERVAL - 1e-3:
            _, found = self.network.evaluate(self.crop(picture, face)[np.newaxis])
            now = np.asarray(found[:, self._columns], dtype=np.float64)
            old = now if scores is None or time < since else scores
            scores = old + (1 - np.exp(-abs(time - since) / MEMORY)) * (now - old)
            self._recent[number] = (time, scores)
        return scores

    def mix(self, features: NDArray[np.float64], scores: NDArray[np.float64]) -> Mixture:
        """Mix the probabilities of both.

        The less a face resembles those of training, and the less sure the landmarks are, the more
        the network counts.

        Parameters
        ----------
        features : ndarray of shape (n, 136)
            From `features.landmark_features`.
        scores : ndarray of shape (n, known)
            From `image` or `frame`.
        """
        votes = self._model.votes(features)
        landmarks = softmax(SHARPNESS * votes)
        network = landmarks.copy()
        network[:, self._known] = softmax(scores) * landmarks[:, self._known].sum(
            axis=1, keepdims=True
        )
        share = 1 - self._landmark_share(features, votes)
        mixed = landmarks + share[:, np.newaxis] * (network - landmarks)
        return Mixture(mixed, network, share)

    def _landmark_share(
        self, features: NDArray[np.float64], votes: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        familiarity = self._model.familiarity
        distance = np.full(len(votes), UNKNOWN)
        if familiarity is not None:
            distance = familiarity.distance(features)
        second, first = np.sort(votes, axis=-1)[:, -2:].T
        neutral = np.zeros(len(votes))
        if "neutral" in self._model.emotions:
            neutral[votes.argmax(axis=-1) == self._model.emotions.index("neutral")] = 1
        evidence = [
            np.ones(len(votes)),
            np.log(np.maximum(distance, 1) / DISTANCE),
            np.minimum(first - second, SURE),
            neutral,
        ]
        return np.asarray(1 / (1 + np.exp(-np.array(SHARE) @ np.stack(evidence))))

    def crop(self, picture: NDArray[np.uint8], face: Face) -> NDArray[np.uint8]:
        """Cut a face out of a picture as the network takes it."""
        spec = self.network.spec
        if spec.crop == "landmarks":
            crop = face_crop(picture, face.landmarks, spec.size)
        else:
            crop = warped(picture, box_transform(face.box, spec.size), spec.size)
        if spec.channels == 3:
            return crop
        return np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), dtype=np.uint8)


def opinion_of(
    network: Network | str | os.PathLike[str] | None, model: EmotionModel
) -> Opinion | None:
    """Load the network that takes part.

    Parameters
    ----------
    network : Network, path-like, "default" or None
        As for `network_file`, or a network.
    model : EmotionModel
        The model of landmarks.

    Raises
    ------
    NetworkError
        If a network that was named cannot be used.
    """
    if isinstance(network, Network):
        return Opinion(network, model)
    path = network_file(network, model)
    if path is None:
        return None
    try:
        status = path.stat()
    except OSError:
        return Opinion(load_network(path), model)  # which says what is wrong
    return Opinion(_loaded(path, status.st_mtime_ns, status.st_size), model)


def network_file(network: str | os.PathLike[str] | None, model: EmotionModel) -> Path | None:
    """Return the file of the network that takes part.

    Parameters
    ----------
    network : path-like, "default" or None
        ``"default"`` is the network that comes with the program, unless the model was trained on
        drawn faces or more than one of its classes are not among the network's.
    model : EmotionModel
        The model of landmarks.
    """
    if network != "default":
        return None if network is None else Path(network)
    data = model.info.get("data")
    if isinstance(data, dict) and data.get("drawn") is True:
        return None
    if len(set(model.emotions) - set(DEFAULT_EMOTIONS)) > 1:
        return None
    return next((path for path in SHIPPED if path.is_file()), None)


# Recognizers share a network; a file that has changed is read again.
@lru_cache(maxsize=2)
def _loaded(path: Path, changed: int, size: int) -> Network:
    return load_network(path)

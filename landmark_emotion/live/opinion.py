"""A network's opinion of faces whose neutral face is not known, and how it is weighed."""

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.emotions import DEFAULT_EMOTIONS
from landmark_emotion.model.classifier import EmotionModel
from landmark_emotion.model.face import Face
from landmark_emotion.networks.mixture import Mixer, Mixture
from landmark_emotion.networks.network import Network, default_network, load_network
from landmark_emotion.networks.occlusion import Occlusion, occlude

INTERVAL = 0.1  # seconds between looks of the network at a face in a video
MEMORY = 0.5  # seconds over which its scores are averaged


class Opinion:
    """Lets a network take part in recognizing faces whose neutral face is not known.

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
        self.network = network
        self._mixer = Mixer(model, network.spec.emotions)
        self._columns = self._mixer.columns
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
        crops = np.stack([self.network.crop(picture, face) for face in faces])
        scores = self.network.scores(self.network.appearance(crops))
        return np.asarray(scores[:, self._columns], dtype=np.float64)

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
            _, found = self.network.evaluate(self.network.crop(picture, face)[np.newaxis])
            now = np.asarray(found[:, self._columns], dtype=np.float64)
            old = now if scores is None or time < since else scores
            scores = old + (1 - np.exp(-abs(time - since) / MEMORY)) * (now - old)
            self._recent[number] = (time, scores)
        return scores

    def mix(self, features: NDArray[np.float64], scores: NDArray[np.float64]) -> Mixture:
        """Mix the probabilities of both; see `mixture.Mixer.mix`."""
        return self._mixer.mix(features, scores)

    def occlusion(self, picture: NDArray[np.uint8], face: Face, emotion: str) -> Occlusion | None:
        """Say what the network's answer for a picture hangs on; not for its mirror image as well.

        Parameters
        ----------
        picture : ndarray of shape (height, width, 3), uint8
            BGR.
        face : Face
            Of the picture.
        emotion : str
            The emotion to explain.

        Returns
        -------
        Occlusion or None
            None if the network does not know the emotion.
        """
        common = [self.network.spec.emotions[column] for column in self._columns]
        if emotion not in common:
            return None
        return occlude(self.network, picture, face, emotion, common)


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
    return default_network()


# Recognizers share a network; a file that has changed is read again.
@lru_cache(maxsize=2)
def _loaded(path: Path, changed: int, size: int) -> Network:
    return load_network(path)

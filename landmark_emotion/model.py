"""The model: plain arrays in, probabilities out, in a file that cannot run code.

Using a model is one matrix product and needs numpy alone. ``training`` makes models from a
scikit-learn pipeline; this module neither knows nor imports it.
"""

import io
import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from landmark_emotion.emotions import EMOTIONS
from landmark_emotion.errors import ModelError
from landmark_emotion.features import N_FEATURES, landmark_features
from landmark_emotion.files import replace_atomically

FORMAT = "landmark-emotion model"
FORMAT_VERSION = 1
FEATURES = "distance times cosine and sine about the centroid, level eyes, RMS scale"
TRAINED_HERE = Path("models") / "emotion.npz"
MAX_FILE_BYTES = 16 * 2**20

_ARRAYS = ("mean", "weights", "biases", "temperature")
_RETRAIN = "train a model with 'landmark-emotion train'"


@dataclass(frozen=True)
class EmotionModel:
    """A linear one-vs-one classifier of landmark features.

    Attributes
    ----------
    emotions : tuple of str
        The k emotions it tells apart, in the order of the probabilities.
    mean : ndarray of shape (136,)
        The average face in features; taken off before the product, for accuracy.
    weights : ndarray of shape (k * (k - 1) / 2, 136)
        One row a pair of emotions (0, 1), (0, 2), ... (1, 2), ...; a positive margin speaks for
        the first of the pair.
    biases : ndarray of shape (k * (k - 1) / 2,)
        Margins of the average face.
    temperature : float
        What the votes are divided by before they become probabilities.
    info : mapping
        What the model was trained on: counts, scores, date, versions. JSON values only.
    """

    emotions: tuple[str, ...]
    mean: NDArray[np.float64]
    weights: NDArray[np.float64]
    biases: NDArray[np.float64]
    temperature: float
    info: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        k = len(self.emotions)
        pairs = k * (k - 1) // 2
        if k < 2 or len(set(self.emotions)) != k or not set(self.emotions) <= set(EMOTIONS):
            raise ValueError(f"emotions must be two or more different ones, got {self.emotions}")
        for name, shape in (
            ("mean", (N_FEATURES,)),
            ("weights", (pairs, N_FEATURES)),
            ("biases", (pairs,)),
        ):
            array = getattr(self, name)
            if array.shape != shape:
                raise ValueError(f"{name} must have shape {shape}, got {array.shape}")
            # A product of larger numbers than these could overflow to infinity.
            if not (np.abs(array) < 1e100).all():
                raise ValueError(f"{name} must be finite")
        if not 1e-6 < self.temperature < 1e6:
            raise ValueError(f"temperature must be positive and finite, got {self.temperature}")

    def margins(self, landmarks: ArrayLike) -> NDArray[np.float64]:
        """Compute the decision value of every pair of emotions.

        Parameters
        ----------
        landmarks : array_like of shape (..., 68, 2)
            Pixels, as (x, y).

        Returns
        -------
        ndarray of shape (..., k * (k - 1) / 2)
            Positive where the first emotion of the pair is likelier.

        Raises
        ------
        ValueError
            If the landmarks are not as `features.landmark_features` wants them.
        """
        difference = landmark_features(landmarks) - self.mean
        return np.asarray(difference @ self.weights.T + self.biases, dtype=np.float64)

    def probabilities(self, landmarks: ArrayLike) -> NDArray[np.float64]:
        """Tell how likely each emotion is.

        Parameters
        ----------
        landmarks : array_like of shape (..., 68, 2)
            The landmarks of one face or of many, in pixels, as (x, y).

        Returns
        -------
        ndarray of shape (..., k)
            In the order of `emotions`; each face's sum to 1.

        Raises
        ------
        ValueError
            If the landmarks are not as `features.landmark_features` wants them.
        """
        return softmax(soft_votes(self.margins(landmarks), len(self.emotions)) / self.temperature)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a file, whole or not at all.

        Parameters
        ----------
        path : path-like
            Usually ends in ``.npz``; folders on the way are made.

        Raises
        ------
        OutputError
            If the file cannot be written.
        """
        header = {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "features": FEATURES,
            "emotions": list(self.emotions),
            "info": dict(self.info),
        }
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            header=np.frombuffer(json.dumps(header).encode(), dtype=np.uint8),
            mean=self.mean,
            weights=self.weights,
            biases=self.biases,
            temperature=np.array(self.temperature),
        )
        replace_atomically(Path(path), buffer.getvalue())


def load_model(path: str | os.PathLike[str]) -> EmotionModel:
    """Read a model; nothing in the file can run code.

    Parameters
    ----------
    path : path-like
        A file that `EmotionModel.save` wrote.

    Returns
    -------
    EmotionModel
        As it was saved.

    Raises
    ------
    ModelError
        If there is no such file, it is not a model, is damaged, or comes from a newer format.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ModelError(f"{path}: too large to be a model; {_RETRAIN}")
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise ModelError(f"{path}: no such model; {_RETRAIN}") from error
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read ({_reason(error)}); check the path") from error
    try:
        with _open_arrays(data) as archive:
            header = json.loads(_array(archive, "header", np.uint8).tobytes())
            if not isinstance(header, dict) or header.get("format") != FORMAT:
                raise ModelError(f"{path}: not a landmark_emotion model; {_RETRAIN}")
            version = header.get("version")
            if version != FORMAT_VERSION or header.get("features") != FEATURES:
                raise ModelError(
                    f"{path}: written in model format {version!r}, this program reads "
                    f"{FORMAT_VERSION}; update landmark_emotion or train again"
                )
            arrays = {name: _array(archive, name, np.float64) for name in _ARRAYS}
        info = header.get("info")
        return EmotionModel(
            emotions=tuple(str(emotion) for emotion in header["emotions"]),
            mean=arrays["mean"],
            weights=arrays["weights"],
            biases=arrays["biases"],
            temperature=float(arrays["temperature"].reshape(())),
            info=MappingProxyType(info if isinstance(info, dict) else {}),
        )
    except ModelError:
        raise
    # What a damaged archive can make zipfile, zlib, numpy and json raise has no common root.
    except Exception as error:
        raise ModelError(
            f"{path}: not a model or damaged ({_reason(error)}); {_RETRAIN}"
        ) from error


def default_model() -> Path:
    """Find the model to use when none is named.

    Returns
    -------
    Path
        ``models/emotion.npz`` in the current folder, which training writes.

    Raises
    ------
    ModelError
        If there is none.
    """
    if TRAINED_HERE.is_file():
        return TRAINED_HERE
    raise ModelError(f"{TRAINED_HERE}: no model yet; {_RETRAIN} or name one with --model")


def soft_votes(margins: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    """Let every pair of emotions vote, each with how sure it is.

    The score of an emotion is the sum over its pairs of the log-sigmoid of the margin in its
    favour, so one clear defeat counts for more than several narrow wins.

    Parameters
    ----------
    margins : ndarray of shape (..., k * (k - 1) / 2)
        Decision values in the order of `EmotionModel.weights`.
    k : int
        Number of emotions.

    Returns
    -------
    ndarray of shape (..., k)
        Scores, at most 0.
    """
    first, second = np.array(list(combinations(range(k), 2))).T
    votes = np.zeros((*margins.shape[:-1], k))
    won, lost = -np.logaddexp(0, -margins), -np.logaddexp(0, margins)
    for pair, (i, j) in enumerate(zip(first, second, strict=True)):
        votes[..., i] += won[..., pair]
        votes[..., j] += lost[..., pair]
    return votes


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn scores into probabilities along the last axis.

    Parameters
    ----------
    scores : ndarray of shape (..., k)
        Any finite numbers.

    Returns
    -------
    ndarray of shape (..., k)
        Positive, summing to 1.
    """
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), dtype=np.float64)


def _open_arrays(data: bytes) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(io.BytesIO(data))
    # A forged archive may promise to unpack to far more than it weighs.
    if sum(member.file_size for member in archive.infolist()) > MAX_FILE_BYTES:
        raise ValueError("its contents are too large")
    return archive


def _array(archive: zipfile.ZipFile, name: str, dtype: type) -> NDArray[Any]:
    with archive.open(f"{name}.npy") as member:
        array = np.load(io.BytesIO(member.read()), allow_pickle=False)
    if array.dtype != dtype:
        raise ValueError(f"{name} has type {array.dtype}")
    return np.asarray(array)


def _reason(error: BaseException) -> str:
    text = (getattr(error, "strerror", None) or str(error) or type(error).__name__).strip()
    return " ".join(text.split())[:200]

"""The emotion model: landmarks in, probabilities out, stored as plain arrays.

Prediction is one matrix product and needs NumPy alone; ``training`` fits models with scikit-learn.
"""

import io
import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from landmark_emotion.emotions import MAX_CLASSES, class_name
from landmark_emotion.errors import ModelError, reason, unreadable
from landmark_emotion.files.npz import load_arrays
from landmark_emotion.files.writing import replace_atomically
from landmark_emotion.model.familiarity import Familiarity
from landmark_emotion.model.features import N_FEATURES, landmark_features
from landmark_emotion.model.head import Head, check_finite, soft_votes, softmax
from landmark_emotion.model.neutral import AUTO_LOWERED, blend

FORMAT = "landmark-emotion model"
FORMAT_VERSION = 1
FEATURES = "distance times cosine and sine about the centroid, level eyes, RMS scale"
TRAINED_HERE = Path("models") / "emotion.npz"
# The shipped model, in an installed package and in a checkout.
_PACKAGE = Path(__file__).resolve().parents[1]
SHIPPED = (_PACKAGE / "shipped" / "default.npz", _PACKAGE.parent / "models" / "default.npz")

MAX_FILE_BYTES = 16 * 2**20

_HEAD_ARRAYS = ("weights", "biases", "temperature")
_FAMILIAR = tuple(field.name for field in fields(Familiarity))
_ARRAYS = (
    *("header", "mean"),
    *(f"{head}_{array}" for head in ("static", "calibrated") for array in _HEAD_ARRAYS),
    *(f"familiar_{array}" for array in _FAMILIAR),
)
_RETRAIN = "train a model with 'landmark-emotion train'"


@dataclass(frozen=True)
class EmotionModel:
    """Linear classifiers of landmark features, without and with a neutral reference.

    Attributes
    ----------
    emotions : tuple of str
        The k classes, in the order of the probabilities: emotions or any other names.
    mean : ndarray of shape (136,)
        Features of the average neutral face, or of the average face if training had no neutral
        ones.
    static : Head
        Classifies the difference between a face and `mean`.
    calibrated : Head or None
        Classifies the difference between a face and the same person's neutral face. None if
        training had no neutral faces of known people; the static head is used instead.
    prior : float
        The number of faces that the average counts for when a neutral reference is made of few.
    familiarity : Familiarity or None
        The faces it was trained on; None if they are not known.
    info : mapping
        Training data, scores, date and versions, as JSON values.
    """

    emotions: tuple[str, ...]
    mean: NDArray[np.float64]
    static: Head
    calibrated: Head | None = None
    prior: float = 0.0
    familiarity: Familiarity | None = None
    info: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        k = len(self.emotions)
        if not 2 <= k == len(set(self.emotions)) <= MAX_CLASSES:
            raise ValueError(f"emotions must be 2 to {MAX_CLASSES} different ones, got {k}")
        for emotion in self.emotions:
            if class_name(emotion) != emotion:
                raise ValueError(f"{emotion[:40]!r} is no name for a class")
        if self.mean.shape != (N_FEATURES,):
            raise ValueError(f"mean must have shape ({N_FEATURES},), got {self.mean.shape}")
        check_finite(self.mean)
        if not 0 <= self.prior < 1000:
            raise ValueError(f"prior must be from 0 to 1000, got {self.prior}")
        for head in (self.static, self.calibrated):
            if head is not None and len(head.biases) != k * (k - 1) // 2:
                raise ValueError(f"{k} emotions need {k * (k - 1) // 2} pairs")

    def probabilities(
        self, landmarks: ArrayLike, neutral: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """Compute the probability of each emotion.

        Parameters
        ----------
        landmarks : array_like of shape (..., 68, 2)
            The landmarks of one face or of many, in pixels, as (x, y).
        neutral : ndarray of shape (..., 136), optional
            Features of the same people's neutral references, from `blend`.

        Returns
        -------
        ndarray of shape (..., k)
            In the order of `emotions`; they sum to 1 for each face.

        Raises
        ------
        ValueError
            As in `face.check_landmarks`.
        """
        return softmax(self.votes(landmark_features(landmarks), neutral))

    def votes(
        self,
        features: NDArray[np.float64],
        neutral: NDArray[np.float64] | None = None,
        *,
        automatic: bool = False,
    ) -> NDArray[np.float64]:
        """Compute the scores that the softmax turns into `probabilities`.

        Parameters
        ----------
        features : ndarray of shape (..., 136)
            From `features.landmark_features`.
        neutral : ndarray of shape (..., 136), optional
            As for `probabilities`.
        automatic : bool
            Whether the references were estimated (see `neutral.automatic_reference`). They contain
            some expression, so expressions look fainter; the vote for neutral is lowered a little.

        Returns
        -------
        ndarray of shape (..., k)
            Scores, in the order of `emotions`.
        """
        head = self.head_for(neutral)
        margins = head.margins(features - (self.mean if neutral is None else neutral))
        votes = soft_votes(margins, len(self.emotions))
        if automatic and "neutral" in self.emotions:
            votes[..., self.emotions.index("neutral")] -= AUTO_LOWERED
        return votes / head.temperature

    def only(self, emotions: Collection[str]) -> "EmotionModel":
        """Return a model that chooses among some of the emotions, two or more.

        Only the votes between them count, so it answers as if it had been trained without the
        others, except for `mean` and the temperatures.

        Raises
        ------
        ValueError
            If an emotion is not one of the model, or there are fewer than two.
        """
        if unknown := set(emotions) - set(self.emotions):
            raise ValueError(f"emotions must be among {self.emotions}, got {sorted(unknown)}")
        first, second = np.triu_indices(len(self.emotions), 1)
        kept = np.array([emotion in emotions for emotion in self.emotions])
        pairs = kept[first] & kept[second]

        def between(head: Head) -> Head:
            return replace(head, weights=head.weights[pairs], biases=head.biases[pairs])

        return replace(
            self,
            emotions=tuple(emotion for emotion in self.emotions if emotion in emotions),
            static=between(self.static),
            calibrated=None if self.calibrated is None else between(self.calibrated),
        )

    def head_for(self, neutral: NDArray[np.float64] | None) -> Head:
        """Return the head for faces compared with `neutral`, which may be None."""
        return self.static if neutral is None or self.calibrated is None else self.calibrated

    def blend(self, own: NDArray[np.float64], n: ArrayLike) -> NDArray[np.float64]:
        """Shrink neutral references made of few faces toward the average neutral face.

        A single face may not have been quite neutral (James and Stein 1961, "Estimation with
        quadratic loss").

        Parameters
        ----------
        own : ndarray of shape (..., 136)
            Means over the neutral faces of each person.
        n : array_like of shape (...)
            The number of faces in each mean.

        Returns
        -------
        ndarray of shape (..., 136)
            References for `probabilities`.
        """
        return blend(self.mean, own, n, self.prior)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to an ``.npz`` file atomically.

        Parameters
        ----------
        path : path-like
            Missing folders are created.

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
            "heads": list(self._heads()),
            "prior": self.prior,
            "info": dict(self.info),
        }
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            header=np.frombuffer(json.dumps(header).encode(), dtype=np.uint8),
            mean=self.mean,
            **{  # type: ignore[arg-type]  # its stubs know one keyword only
                f"{name}_{array}": np.asarray(getattr(head, array), dtype=np.float64)
                for name, head in self._heads().items()
                for array in _HEAD_ARRAYS
            },
            **{
                f"familiar_{array}": getattr(self.familiarity, array)
                for array in _FAMILIAR
                if self.familiarity is not None
            },
        )
        replace_atomically(Path(path), buffer.getvalue())

    def _heads(self) -> dict[str, Head]:
        heads = {"static": self.static, "calibrated": self.calibrated}
        return {name: head for name, head in heads.items() if head is not None}


def load_model(path: str | os.PathLike[str]) -> EmotionModel:
    """Read a model; nothing in the file can run code.

    Parameters
    ----------
    path : path-like
        A file that `EmotionModel.save` wrote.

    Returns
    -------
    EmotionModel
        The model.

    Raises
    ------
    ModelError
        If there is no such file, or it is not a model, is damaged or has another format version.
    """
    path = Path(path)
    try:
        arrays = load_arrays(path, _ARRAYS, most=MAX_FILE_BYTES)
    except FileNotFoundError as error:
        raise ModelError(f"{path}: no such model; {_RETRAIN}") from error
    except OSError as error:
        raise ModelError(unreadable(path, error)) from error
    except ValueError as error:
        raise ModelError(f"{path}: not a model or damaged ({error}); {_RETRAIN}") from error
    try:
        header = json.loads(_array(arrays, "header", np.uint8).tobytes())
        if not isinstance(header, dict) or header.get("format") != FORMAT:
            raise ModelError(f"{path}: not a landmark_emotion model; {_RETRAIN}")
        version = header.get("version")
        if version != FORMAT_VERSION:
            raise ModelError(
                f"{path}: has model format {version!r}, this version reads {FORMAT_VERSION}; "
                "update landmark_emotion or train again"
            )
        if header.get("features") != FEATURES:
            raise ModelError(f"{path}: made for other features than this version's; {_RETRAIN}")
        mean = _array(arrays, "mean", np.float64)
        static = _head(arrays, "static")
        calibrated = _head(arrays, "calibrated") if "calibrated" in header["heads"] else None
        info = header.get("info")
        return EmotionModel(
            emotions=tuple(str(emotion) for emotion in header["emotions"]),
            mean=mean,
            static=static,
            calibrated=calibrated,
            prior=float(header["prior"]),
            familiarity=_familiarity(arrays),
            info=MappingProxyType(info if isinstance(info, dict) else {}),
        )
    except ModelError:
        raise
    # The header may be any JSON, so any error means a damaged file.
    except Exception as error:
        raise ModelError(f"{path}: not a model or damaged ({reason(error)}); {_RETRAIN}") from error


def default_model() -> Path:
    """Find the model to use if none is named.

    Returns
    -------
    Path
        ``models/emotion.npz`` in the current folder, written by training; else the shipped model.

    Raises
    ------
    ModelError
        If there is neither.
    """
    return TRAINED_HERE if TRAINED_HERE.is_file() else shipped_model()


def shipped_model() -> Path:
    """Find the model that is shipped with this program.

    Raises
    ------
    ModelError
        If it is missing.
    """
    for path in SHIPPED:
        if path.is_file():
            return path
    raise ModelError(f"{SHIPPED[0]}: the built-in model is missing; {_RETRAIN} or install again")


def _array(arrays: dict[str, NDArray[Any]], name: str, dtype: type) -> NDArray[Any]:
    if name not in arrays:
        raise ValueError(f"array '{name}' is missing")
    if arrays[name].dtype != dtype:
        raise ValueError(f"array '{name}' has type {arrays[name].dtype}")
    return arrays[name]


def _head(arrays: dict[str, NDArray[Any]], name: str) -> Head:
    weights, biases, temperature = (
        _array(arrays, f"{name}_{array}", np.float64) for array in _HEAD_ARRAYS
    )
    return Head(weights, biases, float(temperature.reshape(())))


def _familiarity(arrays: dict[str, NDArray[Any]]) -> Familiarity | None:
    if not any(f"familiar_{name}" in arrays for name in _FAMILIAR):
        return None
    return Familiarity(**{n: _array(arrays, f"familiar_{n}", np.float64) for n in _FAMILIAR})

"""What a network's file says about it, and pictures as a network takes them."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

FORMAT = "landmark_emotion network"
FORMAT_VERSION = 1
KEY = "landmark_emotion"
"""The key of the metadata in the ONNX file."""

MAX_SIZE = 512  # pixels

Color = Literal["gray", "BGR", "RGB"]
Crop = Literal["landmarks", "box"]
Normalization = Literal["standardize", "0..1", "-1..1", "0..255"]
Kind = Literal["logits", "probabilities"]

_MIN_DEVIATION = 0.255  # gray levels, as in learning; a picture of one color must not become noise


@dataclass(frozen=True)
class NetworkSpec:
    """What a network takes and gives.

    Attributes
    ----------
    emotions : tuple of str
        The k classes, in the order of the scores; any names.
    size : int
        Height and width of the pictures it takes, in pixels.
    color : {"gray", "BGR", "RGB"}
        Their channels.
    crop : {"landmarks", "box"}
        How a face is cut out: by its landmarks, or by its box with a margin.
    normalization : {"standardize", "0..1", "-1..1", "0..255"}
        The range that gray levels are scaled to, or mean 0 and standard deviation 1 in each
        picture.
    scores : {"logits", "probabilities"}
        What the output named "scores" is.
    n_features : int
        The length of the output named "features"; 0 if there is none.
    temperature : float
        Divides the logits, or the logarithms of the probabilities.
    info : mapping
        Training data, scores, date and versions, as JSON values.
    """

    emotions: tuple[str, ...]
    size: int
    color: Color = "gray"
    crop: Crop = "landmarks"
    normalization: Normalization = "standardize"
    scores: Kind = "logits"
    n_features: int = 0
    temperature: float = 1.0
    info: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        k = len(self.emotions)
        if not 2 <= k <= 1000 or len(set(self.emotions)) != k or "" in self.emotions:
            raise ValueError(f"emotions must be two or more different names, got {self.emotions}")
        if not 8 <= self.size <= MAX_SIZE:
            raise ValueError(f"size must be from 8 to {MAX_SIZE} pixels, got {self.size}")
        for name, kind in _CHOICES.items():
            if getattr(self, name) not in get_args(kind):
                raise ValueError(f"{name} must be one of {', '.join(get_args(kind))}")
        if not 0 <= self.n_features <= 2**20:
            raise ValueError(f"n_features must be 0 or more, got {self.n_features}")
        if not 1e-3 < self.temperature < 1e3:
            raise ValueError(f"temperature must be positive and finite, got {self.temperature}")

    @property
    def channels(self) -> int:
        """Channels of a picture, 1 or 3."""
        return 1 if self.color == "gray" else 3

    @property
    def input_shape(self) -> tuple[int, int, int, int]:
        """The shape of the graph's input."""
        return (1, self.channels, self.size, self.size)

    @property
    def output_shapes(self) -> dict[str, tuple[int, int]]:
        """The shapes of the graph's outputs by name."""
        features = {"features": (1, self.n_features)} if self.n_features else {}
        return features | {"scores": (1, len(self.emotions))}

    def to_json(self) -> str:
        """Return the text that `from_json` reads."""
        values = asdict(replace(self, info={})) | {"info": dict(self.info)}
        return json.dumps({"format": FORMAT, "version": FORMAT_VERSION} | values, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "NetworkSpec":
        """Parse a text that `to_json` wrote.

        Raises
        ------
        ValueError
            If it is anything else. The text of the error is a single line.
        """
        values = _json_object(text)
        if values.pop("format", None) != FORMAT:
            raise ValueError("is not a network of this program")
        if values.pop("version", None) != FORMAT_VERSION:
            raise ValueError("has another format version than this version reads")
        for name, kind in _TYPES.items():
            if not isinstance(values.get(name), kind) or isinstance(values[name], bool):
                raise ValueError(f"has no valid '{name}'")
        if values.keys() != _TYPES.keys():
            raise ValueError("has unknown metadata")
        if not all(isinstance(name, str) for name in values["emotions"]):
            raise ValueError("has no valid 'emotions'")
        values["emotions"] = tuple(values["emotions"])
        values["info"] = MappingProxyType(values["info"])
        return cls(**values)


_CHOICES: Mapping[str, Any] = {
    "color": Color,
    "crop": Crop,
    "normalization": Normalization,
    "scores": Kind,
}
_TYPES: Mapping[str, Any] = {
    "emotions": list,
    "size": int,
    "n_features": int,
    "temperature": float,
    "info": dict,
} | dict.fromkeys(_CHOICES, str)


def _json_object(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ValueError("has damaged metadata") from error
    if not isinstance(values, dict):
        raise ValueError("has damaged metadata")
    return values


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON")


def normalize(
    crops: NDArray[np.uint8] | NDArray[np.float32], normalization: Normalization
) -> NDArray[np.float32]:
    """Scale gray levels as a network expects them.

    Parameters
    ----------
    crops : ndarray of shape (n, size, size) or (n, size, size, 3)
        Gray levels from 0 to 255.
    normalization : {"standardize", "0..1", "-1..1", "0..255"}
        As in `NetworkSpec`.

    Returns
    -------
    ndarray of the same shape, float32
        The scaled pictures.
    """
    levels = crops.astype(np.float32)
    match normalization:
        case "0..1":
            levels /= 255
        case "-1..1":
            levels /= 127.5
            levels -= 1
        case "standardize":
            axes = tuple(range(1, crops.ndim))
            levels -= levels.mean(axes, keepdims=True)
            levels /= np.maximum(levels.std(axes, keepdims=True), _MIN_DEVIATION)
    return levels


def log_scores(raw: NDArray[np.float32], spec: NetworkSpec) -> NDArray[np.float32]:
    """Turn a network's output, (n, k), into logits whose softmax gives the probabilities."""
    if spec.scores == "probabilities":
        raw = np.log(np.maximum(raw, math.exp(-20)))
    return np.asarray(raw / np.float32(spec.temperature), np.float32)

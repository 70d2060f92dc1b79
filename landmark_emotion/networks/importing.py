"""Import networks that others trained with Keras."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from landmark_emotion.errors import NetworkError
from landmark_emotion.networks.keras_file import load_keras_model
from landmark_emotion.networks.keras_to_onnx import to_onnx
from landmark_emotion.networks.network import Network
from landmark_emotion.networks.spec import NetworkSpec, Normalization, normalize

FER2013 = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
"""The classes of FER-2013 in the order of their numbers."""

_N_COMPARED = 4
_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Imported:
    """An imported network.

    Attributes
    ----------
    data : bytes
        The ONNX file.
    network : Network
        The network in it.
    difference : float
        Largest difference of a probability from Keras's, on random pictures.
    """

    data: bytes
    network: Network
    difference: float


def import_keras(
    path: Path,
    emotions: tuple[str, ...] | None = None,
    normalization: Normalization | None = None,
    colors: Literal["RGB", "BGR"] = "RGB",
) -> Imported:
    """Convert a model that Keras saved, and check that OpenCV gives the same.

    Parameters
    ----------
    path : Path
        As for `keras_file.load_keras_model`. The model takes square pictures, gray or in color.
    emotions : tuple of str
        The classes, in the order of the model's outputs; no file tells them.
    normalization : str, optional
        The range of gray levels that it was trained on, as in `NetworkSpec`. Only a model that
        begins by scaling them needs none.
    colors : {"RGB", "BGR"}
        The order of the channels of color pictures.

    Returns
    -------
    Imported
        The network; its faces are cut out by their boxes.

    Raises
    ------
    NetworkError
        If the model cannot be read or converted, or `emotions` or `normalization` must be given.
    MissingPackageError
        If Keras or JAX is not installed.
    """
    model = load_keras_model(path)
    size, channels = _picture(path, model)
    if emotions is None or len(emotions) != _outputs(model):
        raise NetworkError(
            f"{path}: has {_outputs(model)} outputs, {len(emotions or ())} emotions were named; "
            "name them in order, as in --emotions happiness,other, or with --emotions fer2013"
        )
    if normalization is None:
        if not _scales(model):
            raise NetworkError(
                f"{path}: does not say which gray levels it was trained on; add --scale 0..1 if "
                "pictures were divided by 255, else see the help of --scale"
            )
        normalization = "0..255"
    spec = NetworkSpec(
        emotions=emotions,
        size=size,
        color="gray" if channels == 1 else colors,
        crop="box",
        normalization=normalization,
        info={"imported from": path.name},
    )
    try:
        data = to_onnx(model, spec)
        network = Network(data)
    except (NetworkError, ValueError) as error:
        raise NetworkError(f"{path}: {_with_remedy(str(error))}") from error
    difference = _difference(model, network)
    if not difference < _TOLERANCE:
        raise NetworkError(
            f"{path}: OpenCV gives other probabilities than Keras, by {difference:.3f}; "
            "use a model of other layers"
        )
    return Imported(data, network, difference)


def _with_remedy(text: str) -> str:
    return text if "; " in text else f"{text}; use a model of other layers"


def _picture(path: Path, model: Any) -> tuple[int, int]:
    """Return the side and the channels of the pictures that a model takes."""
    shape = model.input_shape
    if not isinstance(shape, tuple) or len(shape) != 4 or None in shape[1:]:
        problem, height, width, channels = "another input than a picture of known size", 0, 0, 0
    else:
        problem = f"pictures of shape {shape[1:]}"
        _, height, width, channels = shape
    if height != width or channels not in (1, 3) or not 8 <= height <= 512:
        raise NetworkError(
            f"{path}: takes {problem}; use a model for square gray or color pictures of up to "
            "512 pixels, with the channels last"
        )
    return height, channels


def _outputs(model: Any) -> int:
    shape = model.output_shape
    return int(shape[-1]) if isinstance(shape, tuple) and shape[-1] else 0


def _scales(model: Any) -> bool:
    """Return whether a model scales gray levels itself, before anything else."""
    kinds = [type(layer).__name__ for layer in model.layers]
    first = next((kind for kind in kinds if kind != "InputLayer"), "")
    return first in ("Rescaling", "Normalization")


def _difference(model: Any, network: Network) -> float:
    """Return the largest difference between probabilities of OpenCV and of Keras."""
    spec = network.spec
    shape = (_N_COMPARED, spec.size, spec.size, *((3,) if spec.channels == 3 else ()))
    crops = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    ordered = crops[..., ::-1] if spec.color == "RGB" else crops
    pictures = normalize(ordered, spec.normalization).reshape((*shape[:3], spec.channels))
    wanted = model.predict(pictures, verbose=0)
    # The softmax at the end, which the network lacks, may not have been there at all.
    if spec.scores == "logits" and not np.allclose(np.abs(wanted).sum(axis=1), 1, atol=1e-3):
        wanted = np.exp(wanted - wanted.max(axis=1, keepdims=True))
    wanted = wanted / np.maximum(wanted.sum(axis=1, keepdims=True), 1e-9)
    return float(np.abs(network.probabilities(crops) - wanted).max())

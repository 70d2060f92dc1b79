"""Read the models that Keras saved, of this and older versions, without running code from them.

A file's settings of layers are reduced to those that matter for prediction, and a model is built
from them. So regularizers, initializers and optimizers of older versions cannot get in the way, and
functions stored in a file are never unpacked.
"""

import json
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from landmark_emotion.errors import NetworkError, reason, unreadable
from landmark_emotion.files.reading import open_regular
from landmark_emotion.networks.keras import keras
from landmark_emotion.networks.keras_layers import LAYERS, REMEDY
from landmark_emotion.networks.keras_to_onnx import call_tensors

_HDF5 = b"\x89HDF\r\n\x1a\n"
_SUFFIXES = (".keras", ".h5", ".hdf5")
_MAX_CONFIG = 2**24  # bytes
_SAVE_AGAIN = "save it in Keras by model.save('name.keras')"

_WINDOW = ("kernel_size", "strides", "padding", "data_format", "dilation_rate")
_POOL = ("pool_size", "strides", "padding", "data_format")
_OUTPUT = ("activation", "use_bias")

_SETTINGS: Mapping[str, Sequence[str]] = {
    "InputLayer": ("batch_shape",),
    "Conv2D": ("filters", "groups", *_WINDOW, *_OUTPUT),
    "DepthwiseConv2D": ("depth_multiplier", *_WINDOW, *_OUTPUT),
    "SeparableConv2D": ("filters", "depth_multiplier", *_WINDOW, *_OUTPUT),
    "Dense": ("units", *_OUTPUT),
    "BatchNormalization": ("axis", "epsilon", "center", "scale"),
    "Rescaling": ("scale", "offset"),
    "Normalization": ("axis", "mean", "variance", "invert"),
    "Activation": ("activation",),
    "ReLU": ("max_value", "negative_slope", "threshold"),
    "LeakyReLU": ("negative_slope",),
    "ELU": ("alpha",),
    "PReLU": ("shared_axes",),
    "Softmax": ("axis",),
    "MaxPooling2D": _POOL,
    "AveragePooling2D": _POOL,
    "GlobalMaxPooling2D": ("data_format", "keepdims"),
    "GlobalAveragePooling2D": ("data_format", "keepdims"),
    "Flatten": ("data_format",),
    "Reshape": ("target_shape",),
    "ZeroPadding2D": ("padding", "data_format"),
    "Add": (),
    "Multiply": (),
    "Concatenate": ("axis",),
}
"""The settings of each kind of layer that matter. The other layers change nothing."""


def load_keras_model(path: Path) -> Any:
    """Build the model in a file and load its weights.

    Parameters
    ----------
    path : Path
        A ``.keras``, ``.h5`` or ``.hdf5`` file that Keras 2 or 3 or TensorFlow wrote, with both
        the model and its weights.

    Returns
    -------
    keras.Model
        The model, without what only training needs.

    Raises
    ------
    NetworkError
        If the file cannot be read, is no such model, or has a layer that cannot be converted.
    MissingPackageError
        If Keras or JAX is not installed.
    """
    if path.is_dir():
        raise NetworkError(f"{path}: a folder; load it with TensorFlow and {_SAVE_AGAIN}")
    try:
        with open_regular(path) as file:
            start = file.read(8)
    except FileNotFoundError as error:
        raise NetworkError(f"{path}: no such file; check the path") from error
    except (OSError, ValueError) as error:
        raise NetworkError(unreadable(path, error)) from error
    if path.suffix not in _SUFFIXES or (start != _HDF5 and not start.startswith(b"PK")):
        raise NetworkError(f"{path}: not a model that Keras saved; {_SAVE_AGAIN}")
    module = keras()
    # What a damaged file makes h5py, zipfile and Keras raise has no common root.
    try:
        config = _hdf5_config(path) if start == _HDF5 else _zip_config(path)
        model = _plain_model(config["class_name"], config["config"])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about what was left out
            kind = module.Sequential if config["class_name"] == "Sequential" else module.Model
            built = kind.from_config(model)
            built.load_weights(path)
    except NetworkError as error:
        raise NetworkError(f"{path}: {error}") from error
    except Exception as error:
        raise NetworkError(
            f"{path}: not a model or damaged ({reason(error)}); {_SAVE_AGAIN}"
        ) from error
    return built


def _hdf5_config(path: Path) -> Any:
    import h5py

    with h5py.File(path, "r") as file:
        text = file.attrs.get("model_config")
    if text is None:
        raise NetworkError(f"has weights but no model; {_SAVE_AGAIN}")
    return json.loads(text)


def _zip_config(path: Path) -> Any:
    with zipfile.ZipFile(path) as archive, archive.open("config.json") as file:
        return json.loads(file.read(_MAX_CONFIG))


def _plain_model(kind: str, config: Any) -> dict[str, Any]:
    """Return the settings of a model in the form of Keras 2, which Keras 3 reads too."""
    if kind not in ("Sequential", "Functional", "Model"):
        raise NetworkError(f"is a {kind}, a model of its own class; {REMEDY}")
    if isinstance(config, list):  # a sequence of Keras before 2.2.3
        config = {"layers": config}
    layers = [_plain_layer(layer) for layer in config["layers"]]
    plain = {"name": str(config.get("name") or kind.lower()), "layers": layers}
    if kind == "Sequential":
        if layers[0]["class_name"] != "InputLayer":
            layers.insert(0, _input_layer(_input_shape(config["layers"][0])))
        return plain
    for layer, original in zip(layers, config["layers"], strict=True):
        name = original.get("name") or layer["name"]
        layer["name"] = layer["config"]["name"] = name
        layer["inbound_nodes"] = [
            [[*tensor, {}] for tensor in call_tensors(call, name)]
            for call in original["inbound_nodes"]
        ]
    return plain | {end: config[end] for end in ("input_layers", "output_layers")}


def _plain_layer(layer: Mapping[str, Any]) -> dict[str, Any]:
    kind, config = layer["class_name"], layer["config"]
    if isinstance(kind, str):
        kind = kind.removesuffix("V1").removesuffix("V2")
    name = config.get("name") if isinstance(config, dict) else None
    if isinstance(config, list) or "layers" in config:
        plain = _plain_model(kind, config)
        return {"class_name": kind, "config": plain, "name": plain["name"]}
    if kind not in LAYERS:
        raise NetworkError(f"layer '{name}' is a {kind}, which cannot be converted; {REMEDY}")
    if kind not in _SETTINGS:
        kind = "Identity"
    settings = {key: config[key] for key in _SETTINGS.get(kind, ()) if config.get(key) is not None}
    if kind == "InputLayer":
        settings["batch_shape"] = _input_shape(layer)
    if kind == "LeakyReLU" and "alpha" in config:  # Keras 2
        alpha = config["alpha"]
        settings["negative_slope"] = alpha["value"] if isinstance(alpha, dict) else alpha
    if kind == "BatchNormalization" and isinstance(settings.get("axis"), list):
        (settings["axis"],) = settings["axis"]
    for value in settings.values():
        if isinstance(value, dict):
            raise NetworkError(
                f"layer '{name}' has a function of its own, which cannot be converted; {REMEDY}"
            )
    return {"class_name": kind, "config": {"name": name, **settings}, "name": name}


def _input_shape(layer: Mapping[str, Any]) -> Any:
    """Return the shape that a model's first layer says it takes."""
    config = layer["config"]
    if isinstance(config, list) or "layers" in config:
        return _input_shape((config["layers"] if isinstance(config, dict) else config)[0])
    shape = config.get("batch_shape") or config.get("batch_input_shape")
    if shape is None and config.get("input_shape"):
        shape = [None, *config["input_shape"]]
    if shape is None:
        raise NetworkError(f"does not say which pictures it takes; {_SAVE_AGAIN}")
    return shape


def _input_layer(shape: Any) -> dict[str, Any]:
    config = {"batch_shape": shape, "name": "pictures"}
    return {"class_name": "InputLayer", "config": config, "name": "pictures"}

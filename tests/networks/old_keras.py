"""Model files as Keras 2.0 and TensorFlow 2 wrote them."""

import json

import h5py
import numpy as np

_SCALED = {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform", "seed": None}
INITIALIZER = {"class_name": "VarianceScaling", "config": _SCALED}
PENALTY = {"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.01}}


def old_config(layer):
    """Return the settings of a layer as Keras 2.0.5 stored them."""
    kind, config = type(layer).__name__, layer.get_config()
    old = {"name": layer.name, "trainable": True}
    if kind == "InputLayer":
        shape = list(config["batch_shape"])
        return old | {"batch_input_shape": shape, "dtype": "float32", "sparse": False}
    for key in ("filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate",
                "activation", "use_bias", "pool_size", "rate", "units", "depth_multiplier",
                "epsilon", "momentum", "center", "scale"):  # fmt: skip
        if key in config:
            old[key] = config[key]
    if kind == "BatchNormalization":
        old |= {"axis": -1, "beta_initializer": {"class_name": "Zeros", "config": {}}}
        old |= {"gamma_regularizer": None, "moving_mean_initializer": None}
    if "Conv" in kind or kind == "Dense":
        for part in ("kernel", "depthwise", "pointwise", "bias"):
            old |= {f"{part}_initializer": INITIALIZER, f"{part}_regularizer": PENALTY}
            old |= {f"{part}_constraint": None}
        old["activity_regularizer"] = None
    if kind == "LeakyReLU":
        old["alpha"] = {"type": "ndarray", "value": config["negative_slope"]}
    return old


def old_functional(model):
    """Return a functional model's settings, with lists of layers' names as inputs."""
    layers = []
    for layer in model.get_config()["layers"]:
        calls = [
            [[*item["config"]["keras_history"], {}] for item in _flat(call["args"])]
            for call in layer["inbound_nodes"]
        ]
        config = old_config(model.get_layer(layer["name"]))
        kind = layer["class_name"]
        layers.append(
            {"class_name": kind, "config": config, "inbound_nodes": calls, "name": layer["name"]}
        )
    ends = {
        "input_layers": [[model.inputs[0]._keras_history.operation.name, 0, 0]],
        "output_layers": [[model.layers[-1].name, 0, 0]],
    }
    return {"class_name": "Model", "config": {"name": "model_1", "layers": layers, **ends}}


def _flat(items):
    for item in items:
        if isinstance(item, list | tuple):
            yield from _flat(item)
        else:
            yield item


def old_sequence(model):
    """Return a sequence's settings; its first layer holds the shape of the input."""
    layers = [
        {"class_name": type(layer).__name__, "config": old_config(layer)} for layer in model.layers
    ]
    layers[0]["config"]["batch_input_shape"] = list(model.input_shape)
    return {"class_name": "Sequential", "config": layers}


def write(path, model, config):
    """Write the settings and a model's weights in the layout of Keras 2."""
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = b"2.0.5"
        file.attrs["backend"] = b"tensorflow"
        file.attrs["model_config"] = json.dumps(config).encode()
        file.attrs["training_config"] = b'{"loss": "categorical_crossentropy"}'
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = np.array([layer.name.encode() for layer in model.layers])
        group.attrs["keras_version"] = b"2.0.5"
        for layer in model.layers:
            own = group.create_group(layer.name)
            # Trainable ones first, without the seeds of Keras 3.
            weights = [*layer.trainable_weights, *layer.non_trainable_weights]
            weights = [weight for weight in weights if "seed" not in weight.path]
            names = [f"{layer.name}/{weight.name}:0" for weight in weights]
            own.attrs["weight_names"] = np.array([name.encode() for name in names] or [], "S99")
            for name, weight in zip(names, weights, strict=True):
                own[name] = np.asarray(weight)

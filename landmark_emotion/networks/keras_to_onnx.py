"""Convert Keras models to ONNX files that OpenCV evaluates."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from landmark_emotion.errors import NetworkError
from landmark_emotion.networks.builder import Builder
from landmark_emotion.networks.graph import check
from landmark_emotion.networks.keras_layers import LAYERS, REMEDY, refusal
from landmark_emotion.networks.onnx_file import serialize
from landmark_emotion.networks.simplify import fold_into_weights, without_final_softmax
from landmark_emotion.networks.spec import KEY, NetworkSpec

_Key = tuple[str, int]
"""A layer's name and which of its calls in the model is meant."""


def to_onnx(model: Any, spec: NetworkSpec) -> bytes:
    """Convert a Keras model that classifies pictures.

    Batch normalization becomes part of the convolution before it; a softmax at the end is left out,
    so that the scores are logits.

    Parameters
    ----------
    model : keras.Model
        Takes pictures of shape (n, height, width, channels). An output of a layer named "scores"
        gives the scores, else the only output; an output of a layer named "features" the
        features, else they are what enters the last dense layer.
    spec : NetworkSpec
        What the file is to say; `scores` and `n_features` are set here.

    Returns
    -------
    bytes
        An ONNX file that `network.load_network` reads.

    Raises
    ------
    NetworkError
        If the model has a layer that cannot be converted, or does not fit `spec`.
    """
    converter = _Converter(spec.input_shape)
    names = [layer for layer, _ in _outputs(model)]
    wanted = {
        "scores": names.index("scores") if "scores" in names else 0,
        **({"features": names.index("features")} if "features" in names else {}),
    }
    found = converter.model(model, ["input"], list(wanted.values()))
    outputs = dict(zip(wanted, found, strict=True))
    nodes = fold_into_weights(converter.nodes, converter.weights, set(outputs.values()))
    nodes, outputs["scores"] = without_final_softmax(nodes, outputs["scores"])
    last = next((node for node in nodes if node.output == outputs["scores"]), None)
    if last is None:
        raise NetworkError("model: computes nothing; use a model with layers")
    if last.kind == "Gemm" and last.inputs[0] != outputs["scores"]:
        outputs.setdefault("features", last.inputs[0])
    shapes = {name: converter.shapes[tensor] for name, tensor in outputs.items()}
    spec = replace(
        spec,
        scores="probabilities" if last.kind in ("Softmax", "Sigmoid") else "logits",
        n_features=shapes["features"][-1] if "features" in shapes else 0,
    )
    if shapes != spec.output_shapes:
        raise NetworkError(
            f"model: has an output of shape {shapes['scores'][1:]} for {len(spec.emotions)} "
            "emotions; name as many emotions as it has outputs"
        )
    converter.nodes = nodes
    file = converter.file(outputs, {KEY: spec.to_json()})
    try:
        check(file)
    except ValueError as error:
        raise NetworkError(f"model: {error}; use a smaller network") from error
    return serialize(file)


class _Converter(Builder):
    """Collects the operations and weights of the layers of a model."""

    def model(self, model: Any, inputs: Sequence[str], wanted: Iterable[int] | None) -> list[str]:
        """Convert a model, or those of its outputs that are wanted; return their names."""
        config = model.get_config()
        if "input_layers" not in config:
            (name,) = inputs
            for layer in model.layers:
                name = self.layer(layer, [name])[0]
            return [name]
        calls = {
            (layer["name"], place): call_tensors(call, layer["name"])
            for layer in config["layers"]
            for place, call in enumerate(layer["inbound_nodes"] or [[]])
        }
        done: dict[_Key, list[str]] = {
            (layer, place): [name]
            for (layer, place, _), name in zip(_ends(config["input_layers"]), inputs, strict=True)
        }
        outputs = _ends(config["output_layers"])
        outputs = [outputs[place] for place in (range(len(outputs)) if wanted is None else wanted)]
        # No recursion: a model may have more layers than Python has levels.
        stack = [(layer, place) for layer, place, _ in outputs]
        while stack:
            key = stack[-1]
            before = [(layer, place) for layer, place, _ in calls[key]]
            missing = [other for other in before if other not in done]
            if key not in done and not missing:
                arguments = [done[layer, place][index] for layer, place, index in calls[key]]
                done[key] = self.layer(model.get_layer(key[0]), arguments)
            if key in done:
                stack.pop()
            stack += missing if key not in done else []
        return [done[layer, place][index] for layer, place, index in outputs]

    def layer(self, layer: Any, inputs: list[str]) -> list[str]:
        if hasattr(layer, "layers"):
            return self.model(layer, inputs, None)
        kind = type(layer).__name__
        rule = LAYERS.get(kind)
        if rule is None or not type(layer).__module__.startswith("keras."):
            raise refusal(layer, f"is a {kind}")
        if getattr(layer, "data_format", "channels_last") != "channels_last":
            raise refusal(layer, "expects channels first")
        if not inputs:
            raise refusal(layer, "has no input")
        try:
            return [rule(self, layer, inputs)]
        except ValueError as error:
            raise refusal(layer, f"is a {kind} of a kind that is not supported") from error


def _outputs(model: Any) -> list[tuple[str, int]]:
    config = model.get_config()
    ends = _ends(config["output_layers"]) if "output_layers" in config else [("", 0, 0)]
    return [(layer, index) for layer, _, index in ends]


def _ends(ends: Any) -> list[tuple[str, int, int]]:
    """Return the layer, call and place of inputs or outputs; Keras unpacks a single one."""
    if ends and isinstance(ends[0], str):
        ends = [ends]
    return [(layer, place, index) for layer, place, index in ends]


def call_tensors(call: Any, layer: str) -> list[tuple[str, int, int]]:
    """Return the layer, call and place of each tensor that a call of a layer takes.

    Parameters
    ----------
    call : list or mapping
        As in the settings of a model, in the form of Keras 2 or 3.
    layer : str
        The name of the layer.

    Raises
    ------
    NetworkError
        If it takes tensors by keywords.
    """
    if not isinstance(call, Mapping):
        return [(name, place, index) for name, place, index, *_ in call]
    if "__keras_tensor__" in str(call["kwargs"]):
        raise NetworkError(
            f"layer '{layer}': takes tensors as keywords, which is not supported; {REMEDY}"
        )
    found: list[tuple[str, int, int]] = []
    left = [call["args"]]
    while left:
        item = left.pop(0)
        if isinstance(item, Mapping) and item.get("class_name") == "__keras_tensor__":
            name, place, index = item["config"]["keras_history"]
            found.append((name, place, index))
        elif isinstance(item, list | tuple):
            left[:0] = item
    return found

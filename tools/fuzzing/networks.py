"""Network files to damage, and hostile ones."""

import functools
import random
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from landmark_emotion.networks.builder import Builder
from landmark_emotion.networks.onnx_file import Node, OnnxFile, parse, serialize
from landmark_emotion.networks.spec import KEY, NetworkSpec
from tools.fuzzing.mutations import EXTREMES

SIZE = 16  # pixels


def _conv(b: Builder, x: str, filters: int, side: int = 3, stride: int = 1, group: int = 1) -> str:
    rng = np.random.default_rng(filters)
    channels = b.shapes[x][1] // group
    pad = side // 2
    return b.add(
        "Conv",
        x,
        b.constant(rng.normal(size=(filters, channels, side, side)) / 4),
        b.constant(rng.normal(size=filters)),
        kernel_shape=(side, side),
        strides=(stride, stride),
        pads=(pad, pad, pad, pad),
        dilations=(1, 1),
        group=group,
    )


def _gemm(b: Builder, x: str, outputs: int) -> str:
    weights = np.random.default_rng(outputs).normal(size=(outputs, b.shapes[x][1]))
    constants = b.constant(weights), b.constant(np.zeros(outputs))
    return b.add("Gemm", x, *constants, alpha=1.0, beta=1.0, transB=1)


def network(color: str = "gray") -> bytes:
    """Return a network that has all kinds of operations."""
    spec = NetworkSpec(("a", "b", "c"), SIZE, color, n_features=6, info={"origin": "none"})  # type: ignore[arg-type]
    b = Builder(spec.input_shape)
    x = b.add("Relu", _conv(b, "input", 8, 5, 2))
    x = b.add("Add", b.add("Elu", _conv(b, x, 8), alpha=1.0), x)
    x = b.add("LeakyRelu", _conv(b, x, 8, group=8), alpha=0.1)
    window: dict[str, Any] = {"kernel_shape": (3, 3), "strides": (2, 2), "pads": (0, 0, 1, 1)}
    x = b.add(
        "Concat",
        b.add("MaxPool", x, **window),
        b.add("AveragePool", x, count_include_pad=0, **window),
        axis=1,
    )
    weight = b.add("Flatten", b.add("GlobalAveragePool", x), axis=1)
    weight = b.add("Reshape", b.add("Sigmoid", weight), b.constant([1, 16, 1, 1], np.int64))
    x = b.scaled(b.add("Mul", x, weight), np.ones(16), np.ones(1))
    pads = (0, 0, 1, 0, 0, 0, 0, 1)
    x = b.add("Clip", b.add("Pad", x, mode="constant", value=0.0, pads=pads), min=0.0, max=6.0)
    x = b.add("Flatten", b.add("Transpose", x, perm=(0, 2, 3, 1)), axis=1)
    features = b.add("Tanh", _gemm(b, x, 6))
    scores = _gemm(b, features, 3)
    outputs = {"features": features, "scores": scores}
    return serialize(b.file(outputs, {KEY: spec.to_json()}))


@functools.cache
def networks() -> list[bytes]:
    """Return valid networks."""
    return [network("gray"), network("RGB")]


def damaged_network(data: bytes, rng: random.Random) -> bytes:
    """Change parts of a graph so that its syntax stays valid."""
    try:
        file = parse(data)
    except ValueError:
        return data
    for _ in range(rng.choice((1, 1, 2, 4))):
        file = rng.choice(_CHANGES)(file, rng)
    return serialize(file)


def _number(rng: random.Random, number: int) -> int:
    if rng.random() < 0.6:
        return number + rng.choice((-2, -1, 1, 2))
    return rng.choice((*EXTREMES, -1, 2, 3, 16, 64))


def _change_attribute(file: OnnxFile, rng: random.Random) -> OnnxFile:
    def change(node: Node) -> Node:
        if not node.attributes:
            return node
        name = rng.choice(list(node.attributes))
        value: Any = node.attributes[name]
        if isinstance(value, tuple):
            place = rng.randrange(len(value))
            changed = [*value[:place], _number(rng, value[place]), *value[place + 1 :]]
            value = tuple(changed[: rng.choice((9, 9, 9, len(value) - 1))])
        elif isinstance(value, float):
            value = rng.choice((0.0, -1.0, 1e30, float("nan"), float("inf"), value + 1))
        elif isinstance(value, int):
            value = _number(rng, value)
        else:
            value = rng.choice(("", "reflect", "edge", "x" * 1000))
        return replace(node, attributes={**node.attributes, name: value})

    return _change_node(file, rng, change)


def _change_inputs(file: OnnxFile, rng: random.Random) -> OnnxFile:
    names = [*file.inputs, *file.weights, *(node.output for node in file.nodes), "", "none"]

    def change(node: Node) -> Node:
        inputs = list(node.inputs)
        place = rng.randrange(len(inputs) + 1)
        inputs[place : place + rng.choice((0, 1, 1, 1))] = rng.choice(
            ([], [rng.choice(names)], [rng.choice(names)])
        )
        return replace(node, inputs=tuple(inputs))

    return _change_node(file, rng, change)


def _change_kind(file: OnnxFile, rng: random.Random) -> OnnxFile:
    other = rng.choice(file.nodes).kind
    kind = rng.choice((other, other, "LSTM", "Loop", "Identity", ""))
    return _change_node(file, rng, lambda node: replace(node, kind=kind))


def _change_node(file: OnnxFile, rng: random.Random, change: Callable[[Node], Node]) -> OnnxFile:
    nodes = list(file.nodes)
    place = rng.randrange(len(nodes))
    nodes[place] = change(nodes[place])
    return replace(file, nodes=tuple(nodes))


def _change_order(file: OnnxFile, rng: random.Random) -> OnnxFile:
    nodes = list(file.nodes)
    a, b = rng.randrange(len(nodes)), rng.randrange(len(nodes))
    if rng.random() < 0.5:
        nodes[a], nodes[b] = nodes[b], nodes[a]
    elif len(nodes) > 1:
        del nodes[a]
    return replace(file, nodes=tuple(nodes))


def _change_weights(file: OnnxFile, rng: random.Random) -> OnnxFile:
    name = rng.choice(list(file.weights))
    array = file.weights[name]
    match rng.choice(("numbers", "numbers", "order", "shape", "size")):
        case "numbers":
            numbers = (0.0, float("nan"), float("inf"), 1e38, 1e7, -1e-40)
            flat = array.copy().reshape(-1)
            with np.errstate(invalid="ignore"):
                flat[rng.randrange(flat.size)] = np.float32(rng.choice(numbers)).astype(flat.dtype)
            array = flat.reshape(array.shape)
        case "order":
            array = array.T
        case "shape":
            array = array.reshape(rng.choice(((-1,), (1, -1), (-1, 1), (1, 1, 1, -1))))
        case "size":
            array = np.concatenate([array, array])
    return replace(file, weights={**file.weights, name: array})


def _change_shapes(file: OnnxFile, rng: random.Random) -> OnnxFile:
    which = rng.choice(("inputs", "outputs"))
    shapes = dict(getattr(file, which))
    name = rng.choice(list(shapes))
    shape = list(shapes[name])
    place = rng.randrange(len(shape))
    shape[place] = _number(rng, shape[place])
    shapes[name] = tuple(shape)
    if rng.random() < 0.2:
        shapes["more"] = shapes.pop(name)
    return replace(file, **{which: shapes})


_CHANGES = (
    _change_attribute,
    _change_attribute,
    _change_inputs,
    _change_kind,
    _change_order,
    _change_weights,
    _change_shapes,
)


def hostile_networks() -> list[bytes]:
    """Return files that claim huge sizes, nest deeply or repeat parts endlessly."""
    good = network()
    file = parse(good)
    huge = b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
    nested = b""
    for _ in range(10_000):
        nested = b"\x3a" + _varint(len(nested)) + nested
    spec = file.metadata[KEY]
    large = NetworkSpec(("a", "b"), 512, "BGR")
    b = Builder(large.input_shape)
    x = _conv(b, "input", 15)
    for _ in range(3):
        x = b.add("Softplus", x)
    wide = b.file({"scores": x}, {KEY: large.to_json()})
    return [
        b"",
        b"\x08",
        huge,
        good + huge,
        good + good,
        nested,
        b"\x08\x05" * 10**6,
        b"\x42\x00" * 10**7,
        bytes(64 * 2**20),
        bytes(64 * 2**20 + 1),
        b"\x3a" + _varint(5 * 10**7) + b"\x0a\x00" * (25 * 10**6),
        *(good[:length] for length in range(0, 200)),
        serialize(wide),
        serialize(replace(file, metadata={KEY: "[" * 10**5})),
        serialize(replace(file, metadata={KEY: spec.replace("16", "1e999")})),
        serialize(replace(file, metadata={KEY: spec.replace("16", "NaN")})),
        serialize(replace(file, metadata={KEY: spec.replace("16", "9" * 5000)})),
        serialize(replace(file, metadata={KEY: spec.replace('"a"', "{}")})),
        serialize(replace(file, metadata={})),
        serialize(replace(file, nodes=file.nodes * 1000)),
        serialize(replace(file, nodes=file.nodes[::-1])),
        serialize(replace(file, nodes=())),
        good.replace(struct.pack("<f", 0.1), struct.pack("<f", float("nan"))),
    ]


def _varint(number: int) -> bytes:
    data = bytearray()
    while number >= 0x80:
        data.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*data, number])

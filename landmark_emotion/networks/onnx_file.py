"""ONNX files, read and written without the onnx package.

Only the part of the format that networks of this package use is known; anything else is refused.
So OpenCV's importer, which trusts what it reads, sees nothing that was not checked here and in
`graph`. The format is that of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

MAX_BYTES = 64 * 2**20

_MAX_FIELDS = 100_000  # a network of 1000 nodes has about 20 000
_MAX_TEXT = 2**20  # bytes
_IR_VERSION = 5
_OPSET = 10  # the last one whose Pad and Clip have attributes in place of further inputs
_PRODUCER = "landmark_emotion"

Attribute = int | float | str | tuple[int, ...]
Array = NDArray[np.float32] | NDArray[np.int64]


@dataclass(frozen=True)
class Node:
    """An operation on tensors, which are known by their names.

    Attributes
    ----------
    kind : str
        An operator of ONNX, such as ``"Conv"``.
    inputs : tuple of str
        Names of computed tensors, weights or the graph's input.
    output : str
        The name of the result.
    attributes : mapping of str to int, float, str or tuple of int
        As the operator defines them.
    """

    kind: str
    inputs: tuple[str, ...]
    output: str
    attributes: Mapping[str, Attribute] = field(default_factory=dict)


@dataclass(frozen=True)
class OnnxFile:
    """The content of an ONNX file.

    Attributes
    ----------
    nodes : tuple of Node
        In the order of evaluation.
    weights : mapping of str to ndarray of float32 or int64
        Constants by name.
    inputs, outputs : mapping of str to tuple of int
        The shapes of the graph's inputs and outputs, for a single picture.
    metadata : mapping of str to str
        Any text by name.
    """

    nodes: tuple[Node, ...]
    weights: Mapping[str, Array]
    inputs: Mapping[str, tuple[int, ...]]
    outputs: Mapping[str, tuple[int, ...]]
    metadata: Mapping[str, str]


class _Field(NamedTuple):
    """A field of a message: its kind is int, float, text, bytes or the fields of a message."""

    name: str
    kind: Any
    many: bool = False


_ENTRY = {1: _Field("key", "text"), 2: _Field("value", "text")}
_OPSET_ID = {1: _Field("domain", "text"), 2: _Field("version", "int")}
_DIMENSION = {1: _Field("value", "int")}
_SHAPE = {1: _Field("dims", _DIMENSION, many=True)}
_TENSOR_TYPE = {1: _Field("kind", "int"), 2: _Field("shape", _SHAPE)}
_TYPE = {1: _Field("tensor", _TENSOR_TYPE)}
_VALUE = {1: _Field("name", "text"), 2: _Field("type", _TYPE)}
_TENSOR = {
    1: _Field("dims", "int", many=True),
    2: _Field("kind", "int"),
    8: _Field("name", "text"),
    9: _Field("data", "bytes"),
}
_ATTRIBUTE = {
    1: _Field("name", "text"),
    2: _Field("float", "float"),
    3: _Field("int", "int"),
    4: _Field("text", "text"),
    8: _Field("ints", "int", many=True),
    20: _Field("kind", "int"),
}
_NODE = {
    1: _Field("inputs", "text", many=True),
    2: _Field("outputs", "text", many=True),
    3: _Field("name", "text"),
    4: _Field("kind", "text"),
    5: _Field("attributes", _ATTRIBUTE, many=True),
}
_GRAPH = {
    1: _Field("nodes", _NODE, many=True),
    2: _Field("name", "text"),
    5: _Field("tensors", _TENSOR, many=True),
    11: _Field("inputs", _VALUE, many=True),
    12: _Field("outputs", _VALUE, many=True),
}
_MODEL = {
    1: _Field("ir_version", "int"),
    2: _Field("producer", "text"),
    7: _Field("graph", _GRAPH),
    8: _Field("opsets", _OPSET_ID, many=True),
    14: _Field("metadata", _ENTRY, many=True),
}
_ATTRIBUTE_KINDS = {1: "float", 2: "int", 3: "text", 7: "ints"}
_DTYPES: Mapping[int, np.dtype[Any]] = {1: np.dtype("<f4"), 7: np.dtype("<i8")}


def parse(data: bytes) -> OnnxFile:
    """Parse an ONNX file that `serialize` wrote.

    Its syntax, names, types and sizes are checked, but not whether the graph can be evaluated.

    Raises
    ------
    ValueError
        If it is anything else. The text is a single line.
    """
    model = _Parser().message(memoryview(data), _MODEL)
    opsets = [(opset["domain"], opset["version"]) for opset in model["opsets"]]
    if opsets != [("", _OPSET)] or model["ir_version"] != _IR_VERSION:
        raise ValueError("has another version of ONNX than those that this program writes")
    graph = model["graph"]
    return OnnxFile(
        tuple(_node(node) for node in graph["nodes"]),
        _by_name([(tensor["name"], _array(tensor)) for tensor in graph["tensors"]]),
        _by_name([(value["name"], _shape(value)) for value in graph["inputs"]]),
        _by_name([(value["name"], _shape(value)) for value in graph["outputs"]]),
        _by_name([(entry["key"], entry["value"]) for entry in model["metadata"]]),
    )


class _Parser:
    """Parses protocol buffers, at most `_MAX_FIELDS` fields."""

    def __init__(self) -> None:
        self._left = _MAX_FIELDS

    def message(self, data: memoryview, fields: Mapping[int, _Field]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        place = 0
        while place < len(data):
            tag, place = self._varint(data, place)
            part = fields.get(tag >> 3)
            if part is None:
                raise ValueError("has parts that no network of this program has")
            values, place = self._values(data, place, tag & 7, part)
            if part.many:
                found.setdefault(part.name, []).extend(values)
            elif part.name in found:
                raise ValueError(f"has two values for '{part.name}'")
            else:
                (found[part.name],) = values
        for part in fields.values():
            if part.name not in found:
                found[part.name] = [] if part.many else self._default(part)
        return found

    def _default(self, part: _Field) -> Any:
        """Return what the format says that a missing field is; nested messages are not missing."""
        if isinstance(part.kind, dict):
            raise ValueError(f"lacks its '{part.name}'")
        return {"int": 0, "float": 0.0, "text": "", "bytes": memoryview(b"")}[part.kind]

    def _values(
        self, data: memoryview, place: int, wire: int, part: _Field
    ) -> tuple[list[Any], int]:
        if wire == 0 and part.kind == "int":
            number, place = self._varint(data, place)
            return [_signed(number)], place
        if wire == 5 and part.kind == "float" and place + 4 <= len(data):
            return [struct.unpack_from("<f", data, place)[0]], place + 4
        if wire != 2 or part.kind == "float":
            raise ValueError(f"has a damaged '{part.name}'")
        length, place = self._varint(data, place)
        if length > len(data) - place:
            raise ValueError("is cut off")
        return self._chunk(data[place : place + length], part), place + length

    def _chunk(self, chunk: memoryview, part: _Field) -> list[Any]:
        if part.kind == "bytes":
            return [chunk]
        if part.kind == "text":
            if len(chunk) > _MAX_TEXT:
                raise ValueError(f"has a '{part.name}' of more than a megabyte")
            try:
                return [bytes(chunk).decode()]
            except UnicodeDecodeError as error:
                raise ValueError(f"has a damaged '{part.name}'") from error
        if part.kind == "int":
            if not part.many:
                raise ValueError(f"has a damaged '{part.name}'")
            numbers, place = [], 0
            while place < len(chunk):
                number, place = self._varint(chunk, place)
                numbers.append(_signed(number))
            return numbers
        return [self.message(chunk, part.kind)]

    def _varint(self, data: memoryview, place: int) -> tuple[int, int]:
        self._left -= 1
        if self._left < 0:
            raise ValueError("has too many parts")
        number = 0
        for shift, byte in enumerate(data[place : place + 10]):
            number |= (byte & 0x7F) << (7 * shift)
            if byte < 0x80:
                if number >= 2**64:
                    break
                return number, place + shift + 1
        raise ValueError("is cut off or has a damaged number")


def _signed(number: int) -> int:
    return number - 2**64 if number >= 2**63 else number


def _by_name(items: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(items)
    if len(named) < len(items) or "" in named:
        raise ValueError("has names that are empty or occur twice")
    return named


def _node(node: Mapping[str, Any]) -> Node:
    if len(node["outputs"]) != 1:
        raise ValueError("has an operator without a single output")
    attributes = [
        (attribute["name"], _attribute_value(attribute)) for attribute in node["attributes"]
    ]
    return Node(node["kind"], tuple(node["inputs"]), node["outputs"][0], _by_name(attributes))


def _attribute_value(attribute: Mapping[str, Any]) -> Attribute:
    kind = _ATTRIBUTE_KINDS.get(attribute["kind"])
    if kind is None:
        raise ValueError("has an attribute of an unknown type")
    if len(attribute["ints"]) > 8:
        raise ValueError("has an attribute of too many numbers")
    value: Attribute = tuple(attribute["ints"]) if kind == "ints" else attribute[kind]
    return value


def _array(tensor: Mapping[str, Any]) -> Array:
    dtype = _DTYPES.get(tensor["kind"])
    dims, data = tensor["dims"], tensor["data"]
    if dtype is None:
        raise ValueError("has weights that are neither float32 nor int64")
    size = dtype.itemsize
    if len(dims) > 4 or min(dims, default=1) < 1:
        raise ValueError("has weights of an impossible shape")
    for dim in dims:
        size *= dim
    if size != len(data):
        raise ValueError("has weights whose size does not match their shape")
    array: Array = np.frombuffer(data, dtype).reshape(dims)
    return array


def _shape(value: Mapping[str, Any]) -> tuple[int, ...]:
    tensor = value["type"]["tensor"]
    if tensor["kind"] != 1:
        raise ValueError("has inputs or outputs that are not float32")
    return tuple(dimension["value"] for dimension in tensor["shape"]["dims"])


def serialize(file: OnnxFile) -> bytes:
    """Return the bytes of an ONNX file."""
    model = {
        "ir_version": _IR_VERSION,
        "producer": _PRODUCER,
        "graph": {
            "nodes": [_node_message(node) for node in file.nodes],
            "name": "network",
            "tensors": [_tensor_message(name, array) for name, array in file.weights.items()],
            "inputs": [_value_message(*item) for item in file.inputs.items()],
            "outputs": [_value_message(*item) for item in file.outputs.items()],
        },
        "opsets": [{"domain": "", "version": _OPSET}],
        "metadata": [{"key": key, "value": value} for key, value in file.metadata.items()],
    }
    return _message(model, _MODEL)


def _node_message(node: Node) -> dict[str, Any]:
    attributes = []
    for name, value in node.attributes.items():
        kind = {float: 1, int: 2, str: 3, tuple: 7}[type(value)]
        attributes.append({"name": name, _ATTRIBUTE_KINDS[kind]: value, "kind": kind})
    return {
        "inputs": node.inputs,
        "outputs": [node.output],
        "name": node.output,
        "kind": node.kind,
        "attributes": attributes,
    }


def _tensor_message(name: str, array: Array) -> dict[str, Any]:
    kind = 1 if array.dtype == np.float32 else 7
    data = np.ascontiguousarray(array, _DTYPES[kind]).tobytes()
    return {"dims": array.shape, "kind": kind, "name": name, "data": data}


def _value_message(name: str, shape: tuple[int, ...]) -> dict[str, Any]:
    dims = [{"value": dim} for dim in shape]
    return {"name": name, "type": {"tensor": {"kind": 1, "shape": {"dims": dims}}}}


def _message(values: Mapping[str, Any], fields: Mapping[int, _Field]) -> bytes:
    parts = []
    for number, part in fields.items():
        if part.name not in values:
            continue
        for value in values[part.name] if part.many else [values[part.name]]:
            if part.kind == "int":
                parts += [_varint(number << 3), _varint(value % 2**64)]
            elif part.kind == "float":
                parts += [_varint(number << 3 | 5), struct.pack("<f", value)]
            else:
                chunk = (
                    _message(value, part.kind)
                    if isinstance(part.kind, dict)
                    else value.encode()
                    if isinstance(value, str)
                    else value
                )
                parts += [_varint(number << 3 | 2), _varint(len(chunk)), chunk]
    return b"".join(parts)


def _varint(number: int) -> bytes:
    data = bytearray()
    while number >= 0x80:
        data.append(number & 0x7F | 0x80)
        number >>= 7
    data.append(number)
    return bytes(data)

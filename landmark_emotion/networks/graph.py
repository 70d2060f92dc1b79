"""Check that the graph of an ONNX file can be evaluated, within limits of time and memory.

OpenCV's importer may crash on a graph that is not valid, and allocates what the shapes ask for. So
every operator, attribute and shape is checked before OpenCV sees the graph. Shapes are those for a
single picture: (1, channels, height, width) or (1, numbers).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from landmark_emotion.networks.onnx_file import Array, Node, OnnxFile

MAX_MULTIPLY_ADDS = 2_000_000_000

_MAX_NODES = 1000
_MAX_ELEMENTS = 2**22  # of one tensor
_MAX_ALL_ELEMENTS = 2**24
_MAX_KERNEL = 64
_MAX_WEIGHT = 1e8  # sums of larger ones might overflow

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Cost:
    """What evaluating a graph takes.

    Attributes
    ----------
    multiply_adds : int
        For one picture; an operation on an element counts as one.
    parameters : int
        Floating-point weights.
    """

    multiply_adds: int
    parameters: int


class _Call:
    """A node with the shapes of its inputs and those inputs that are constants."""

    def __init__(
        self, node: Node, shapes: Mapping[str, Shape], weights: Mapping[str, Array]
    ) -> None:
        self.kind = node.kind
        self.attributes = dict(node.attributes)
        for name in node.inputs:
            if name not in shapes:
                raise ValueError(f"uses {name[:40]!r} before it is computed")
        self.shapes = [shapes[name] for name in node.inputs]
        self.weights = [weights.get(name) for name in node.inputs]

    def require(self, is_true: bool) -> None:
        if not is_true:
            raise ValueError(f"has an operator '{self.kind}' that this program does not write")

    def numbers(self, name: str, count: int, least: int, most: int) -> tuple[int, ...]:
        """Take an attribute of whole numbers."""
        value: Any = self.attributes.pop(name, None)
        self.require(isinstance(value, tuple) and len(value) == count)
        self.require(all(isinstance(item, int) and least <= item <= most for item in value))
        return tuple(value)

    def number(self, name: str, least: int, most: int) -> int:
        value: Any = self.attributes.pop(name, None)
        self.require(isinstance(value, int) and least <= value <= most)
        return int(value)

    def real(self, name: str) -> float:
        value: Any = self.attributes.pop(name, None)
        self.require(isinstance(value, float) and abs(value) < _MAX_WEIGHT)
        return float(value)

    def map(self, inputs: int = 1) -> Shape:
        """Return the shape of the only or the first computed input, which has four dimensions."""
        self.require(len(self.shapes) == inputs and self.weights[0] is None)
        self.require(len(self.shapes[0]) == 4)
        return self.shapes[0]

    def constant(self, place: int, shape: Shape | None = None) -> Array:
        """Return an input that is a constant, of a given shape."""
        self.require(place < len(self.weights))
        weights = self.weights[place]
        self.require(weights is not None and shape in (None, weights.shape))
        assert weights is not None
        return weights

    def floats(self, place: int, shape: Shape | None = None) -> Array:
        weights = self.constant(place, shape)
        self.require(weights.dtype == np.float32)
        return weights


_Rule = Callable[[_Call], tuple[Shape, int]]
"""Returns the shape of the result and the number of multiply-adds."""


def check(file: OnnxFile) -> Cost:
    """Check that OpenCV can evaluate a graph, and that its outputs have the shapes it says.

    Raises
    ------
    ValueError
        If not. The text is a single line.
    """
    for array in file.weights.values():
        if not (np.abs(array) < _MAX_WEIGHT).all():
            raise ValueError("has weights that are not finite or too large")
    if len(file.inputs) != 1 or not file.outputs:
        raise ValueError("has another number of inputs or outputs than this program writes")
    if len(file.nodes) > _MAX_NODES:
        raise ValueError("has too many operators")
    shapes: dict[str, Shape] = {name: array.shape for name, array in file.weights.items()}
    elements = multiply_adds = 0
    results: dict[str, Shape] = {}
    for name, shape in file.inputs.items():
        if len(shape) != 4 or shape[0] != 1 or min(shape) < 1:
            raise ValueError("has an input that is not a picture")
        results[name] = shape
        elements += _size(shape)
    if not results.keys().isdisjoint(shapes):
        raise ValueError("has two tensors of the same name")
    shapes |= results
    for node in file.nodes:
        if node.output in shapes or not node.output:
            raise ValueError("has two tensors of the same name")
        shape, cost = evaluated(node, shapes, file.weights)
        elements += _size(shape)
        multiply_adds += cost
        if elements > _MAX_ALL_ELEMENTS or multiply_adds > MAX_MULTIPLY_ADDS:
            raise ValueError("takes too much time or memory")
        shapes[node.output] = results[node.output] = shape
    for name, shape in file.outputs.items():
        if name in file.inputs or results.get(name) != shape:
            raise ValueError(f"does not compute its output {name[:40]!r} with the shape it says")
    _check_all_used(file)
    floats = (array for array in file.weights.values() if array.dtype == np.float32)
    return Cost(multiply_adds, sum(array.size for array in floats))


def evaluated(
    node: Node, shapes: Mapping[str, Shape], weights: Mapping[str, Array]
) -> tuple[Shape, int]:
    """Return the shape of a node's result and the number of multiply-adds it takes.

    Parameters
    ----------
    node : Node
        An operation.
    shapes : mapping of str to tuple of int
        The shapes of all that it may use, weights included.
    weights : mapping of str to ndarray
        Those of them that are constants.

    Raises
    ------
    ValueError
        If it is not one of the operations that this program writes. The text is a single line.
    """
    rule = _RULES.get(node.kind)
    if rule is None:
        raise ValueError(f"has an operator {node.kind[:40]!r} that this program does not write")
    call = _Call(node, shapes, weights)
    call.require(any(name not in weights for name in node.inputs))
    shape, cost = rule(call)
    call.require(not call.attributes and min(shape) >= 1)
    return shape, cost


def _size(shape: Shape) -> int:
    size = math.prod(shape)
    if size > _MAX_ELEMENTS:
        raise ValueError("takes too much time or memory")
    return size


def _check_all_used(file: OnnxFile) -> None:
    # OpenCV takes what nobody uses for a further output.
    used = {name for node in file.nodes for name in node.inputs} | set(file.outputs)
    if not used.issuperset((*file.inputs, *file.weights, *(node.output for node in file.nodes))):
        raise ValueError("has parts that are not used")


def _window(call: _Call, kernel: Shape, dilations: Shape = (1, 1)) -> Shape:
    """Return height and width of the result of a convolution or a pooling."""
    strides = call.numbers("strides", 2, 1, _MAX_KERNEL)
    pads = call.numbers("pads", 4, 0, _MAX_KERNEL)
    sizes = []
    for axis in (0, 1):
        extent = (kernel[axis] - 1) * dilations[axis] + 1
        padded = call.shapes[0][2 + axis] + pads[axis] + pads[2 + axis]
        call.require(extent <= padded and max(pads[axis::2]) < extent)
        sizes.append((padded - extent) // strides[axis] + 1)
    return tuple(sizes)


def _conv(call: _Call) -> tuple[Shape, int]:
    _, channels, _, _ = call.map(inputs=3)
    weights = call.floats(1)
    call.require(weights.ndim == 4)
    filters, per_group, *kernel = weights.shape
    call.floats(2, (filters,))
    group = call.number("group", 1, channels)
    call.require(per_group * group == channels and filters % group == 0)
    call.require(call.numbers("kernel_shape", 2, 1, _MAX_KERNEL) == tuple(kernel))
    dilations = call.numbers("dilations", 2, 1, _MAX_KERNEL)
    shape: Shape = (1, filters, *_window(call, tuple(kernel), dilations))
    return shape, math.prod(shape) * per_group * math.prod(kernel)


def _pool(call: _Call) -> tuple[Shape, int]:
    _, channels, _, _ = call.map()
    kernel = call.numbers("kernel_shape", 2, 1, _MAX_KERNEL)
    if call.kind == "AveragePool":
        # OpenCV 4.9 divides by another number than ONNX says if padding counts.
        call.number("count_include_pad", 0, 0)
    shape: Shape = (1, channels, *_window(call, kernel))
    return shape, math.prod(shape) * math.prod(kernel)


def _global_pool(call: _Call) -> tuple[Shape, int]:
    shape = call.map()
    return (1, shape[1], 1, 1), math.prod(shape)


def _gemm(call: _Call) -> tuple[Shape, int]:
    weights = call.floats(1)
    call.require(len(call.shapes) == 3 and weights.ndim == 2 and call.weights[0] is None)
    call.require(call.number("transB", 1, 1) == call.real("alpha") == call.real("beta") == 1)
    outputs, inputs = weights.shape
    call.require(call.shapes[0] == (1, inputs))
    call.floats(2, (outputs,))
    return (1, outputs), weights.size


def _function(*attributes: str) -> _Rule:
    """Return the rule for a function of each element, with attributes that are real numbers."""

    def rule(call: _Call) -> tuple[Shape, int]:
        call.require(len(call.shapes) == 1)
        for name in attributes:
            call.real(name)
        return call.shapes[0], math.prod(call.shapes[0])

    return rule


def _softmax(call: _Call) -> tuple[Shape, int]:
    call.require(len(call.shapes) == 1 and len(call.shapes[0]) == 2)
    call.number("axis", 1, 1)
    return call.shapes[0], math.prod(call.shapes[0])


def _arithmetic(call: _Call) -> tuple[Shape, int]:
    call.require(len(call.shapes) == 2 and call.weights[0] is None)
    first, second = call.shapes
    if call.weights[1] is not None:
        call.floats(1)
    # Also the channels times a number each, as in squeeze-and-excitation.
    fits = len(second) == len(first) and all(
        b in (a, 1) for a, b in zip(first, second, strict=True)
    )
    call.require(fits and second[1] in (first[1], 1))
    return first, math.prod(first)


def _concat(call: _Call) -> tuple[Shape, int]:
    call.require(len(call.shapes) >= 2 and all(weights is None for weights in call.weights))
    call.number("axis", 1, 1)
    first = call.shapes[0]
    call.require(all(shape[:1] + shape[2:] == first[:1] + first[2:] for shape in call.shapes))
    shape: Shape = (1, sum(shape[1] for shape in call.shapes), *first[2:])
    return shape, math.prod(shape)


def _flatten(call: _Call) -> tuple[Shape, int]:
    size = math.prod(call.map())
    call.number("axis", 1, 1)
    return (1, size), size


def _reshape(call: _Call) -> tuple[Shape, int]:
    call.require(len(call.shapes) == 2 and call.weights[0] is None)
    target = call.constant(1)
    call.require(target.dtype == np.int64 and target.ndim == 1 and target.size in (2, 4))
    shape = tuple(int(size) for size in target)
    call.require(shape[0] == 1 and min(shape) >= 1)
    call.require(math.prod(shape) == math.prod(call.shapes[0]))
    return shape, math.prod(shape)


def _transpose(call: _Call) -> tuple[Shape, int]:
    shape = call.map()
    order = call.numbers("perm", 4, 0, 3)
    call.require(order[0] == 0 and len(set(order)) == 4)
    return tuple(shape[axis] for axis in order), math.prod(shape)


def _pad(call: _Call) -> tuple[Shape, int]:
    _, channels, height, width = call.map()
    call.require(call.attributes.pop("mode", None) == "constant" and call.real("value") == 0)
    pads = call.numbers("pads", 8, 0, _MAX_KERNEL)
    call.require(pads[0] == pads[1] == pads[4] == pads[5] == 0)
    shape = (1, channels, height + pads[2] + pads[6], width + pads[3] + pads[7])
    return shape, math.prod(shape)


_RULES: Mapping[str, _Rule] = {
    "Conv": _conv,
    "Gemm": _gemm,
    "Relu": _function(),
    "LeakyRelu": _function("alpha"),
    "Elu": _function("alpha"),
    "Selu": _function("alpha", "gamma"),
    "Clip": _function("min", "max"),
    "Sigmoid": _function(),
    "Tanh": _function(),
    "Softplus": _function(),
    "Softmax": _softmax,
    "Add": _arithmetic,
    "Mul": _arithmetic,
    "Concat": _concat,
    "MaxPool": _pool,
    "AveragePool": _pool,
    "GlobalAveragePool": _global_pool,
    "GlobalMaxPool": _global_pool,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Transpose": _transpose,
    "Pad": _pad,
}

"""Build the graph of an ONNX file, one operation after another."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.networks.graph import Shape, evaluated
from landmark_emotion.networks.onnx_file import Array, Attribute, Node


class Builder:
    """Collects operations and weights, and knows the shapes of all results."""

    def __init__(self, input_shape: Shape) -> None:
        self.nodes: list[Node] = []
        self.weights: dict[str, Array] = {}
        self.shapes: dict[str, Shape] = {"input": input_shape}

    def add(self, kind: str, *inputs: str, **attributes: Attribute) -> str:
        """Append an operation; return the name of its result."""
        node = Node(kind, inputs, f"t{len(self.nodes)}", attributes)
        self.shapes[node.output], _ = evaluated(node, self.shapes, self.weights)
        self.nodes.append(node)
        return node.output

    def constant(self, values: Any, dtype: type = np.float32) -> str:
        """Store weights; return their name."""
        name = f"w{len(self.weights)}"
        self.weights[name] = np.ascontiguousarray(values, dtype)
        self.shapes[name] = self.weights[name].shape
        return name

    def scaled(self, x: str, factor: NDArray[Any], offset: NDArray[Any]) -> str:
        """Multiply channels by numbers and add others, both of shape (channels,) or (1,)."""
        ones = (1,) * (len(self.shapes[x]) - 2)
        scaled = self.add("Mul", x, self.constant(np.reshape(factor, (1, -1, *ones))))
        return self.add("Add", scaled, self.constant(np.reshape(offset, (1, -1, *ones))))

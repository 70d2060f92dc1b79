"""Build the graph of an ONNX file, one operation after another."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.networks.graph import Shape, evaluated
from landmark_emotion.networks.onnx_file import Array, Attribute, Node, OnnxFile
from landmark_emotion.networks.simplify import renamed, without_unused


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

    def file(self, outputs: Mapping[str, str], metadata: Mapping[str, str]) -> OnnxFile:
        """Return a file with the given results as outputs, without what they do not depend on.

        Parameters
        ----------
        outputs : mapping of str to str
            For the name of each output the name of the result.
        metadata : mapping of str to str
            Any text by name.
        """
        nodes = renamed(self.nodes, {result: name for name, result in outputs.items()})
        nodes, weights = without_unused(nodes, self.weights, set(outputs))
        shapes = {name: self.shapes[result] for name, result in outputs.items()}
        return OnnxFile(tuple(nodes), weights, {"input": self.shapes["input"]}, shapes, metadata)

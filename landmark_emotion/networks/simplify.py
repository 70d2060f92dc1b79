"""Simplify the operations of a converted network without changing its results."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from landmark_emotion.networks.onnx_file import Array, Node


def fold_into_weights(
    nodes: Sequence[Node], weights: dict[str, Array], kept: Collection[str]
) -> list[Node]:
    """Make factors and offsets of channels part of the convolution or dense layer before them.

    Parameters
    ----------
    nodes : sequence of Node
        In the order of evaluation.
    weights : dict of str to ndarray
        The constants; those of changed nodes are replaced.
    kept : collection of str
        Results that must not change.

    Returns
    -------
    list of Node
        The nodes that remain. The result of the last one folded has the name of its output.
    """
    uses = Counter(name for node in nodes for name in node.inputs)
    result: list[Node] = []
    places: dict[str, int] = {}  # of convolutions and dense layers in the result
    for node in nodes:
        place = places.get(node.inputs[0])
        is_constant = node.kind in ("Mul", "Add") and node.inputs[1] in weights
        if (
            place is not None
            and is_constant
            and uses[node.inputs[0]] == 1
            and node.inputs[0] not in kept
            and _is_per_channel(weights[node.inputs[1]])
        ):
            before = result[place]
            _change(before, node.kind, weights[node.inputs[1]].reshape(-1), weights)
            result[place] = Node(before.kind, before.inputs, node.output, before.attributes)
            places[node.output] = place
            continue
        if node.kind in ("Conv", "Gemm"):
            places[node.output] = len(result)
        result.append(node)
    return result


def _is_per_channel(constant: Array) -> bool:
    return bool(constant.size == constant.shape[1])


def _change(node: Node, kind: str, numbers: Array, weights: dict[str, Array]) -> None:
    _, kernel, bias = node.inputs
    if kind == "Add":
        weights[bias] = np.asarray(weights[bias] + numbers, np.float32)
        return
    weights[bias] = np.asarray(weights[bias] * numbers, np.float32)
    ones = (1,) * (weights[kernel].ndim - 1)
    weights[kernel] = np.asarray(weights[kernel] * numbers.reshape(-1, *ones), np.float32)


def without_final_softmax(nodes: Sequence[Node], output: str) -> tuple[list[Node], str]:
    """Remove the softmax that computes an output, if there is one; return what replaces both."""
    last = next((node for node in nodes if node.output == output), None)
    if last is None or last.kind != "Softmax":
        return list(nodes), output
    return [node for node in nodes if node is not last], last.inputs[0]


def renamed(nodes: Sequence[Node], names: Mapping[str, str]) -> list[Node]:
    """Rename tensors."""
    return [
        Node(
            node.kind,
            tuple(names.get(name, name) for name in node.inputs),
            names.get(node.output, node.output),
            node.attributes,
        )
        for node in nodes
    ]


def without_unused(
    nodes: Sequence[Node], weights: Mapping[str, Array], outputs: Collection[str]
) -> tuple[list[Node], dict[str, Array]]:
    """Remove the nodes and weights that no output depends on."""
    used = set(outputs)
    kept = []
    for node in reversed(nodes):
        if node.output in used:
            used.update(node.inputs)
            kept.append(node)
    return kept[::-1], {name: array for name, array in weights.items() if name in used}

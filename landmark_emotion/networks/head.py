"""The last, linear layer of a network: read it or replace it."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.networks.onnx_file import Node, OnnxFile, parse, serialize
from landmark_emotion.networks.spec import KEY, NetworkSpec


def with_head(
    data: bytes, spec: NetworkSpec, weights: NDArray[np.float64], biases: NDArray[np.float64]
) -> bytes:
    """Give a network's features a new head.

    Parameters
    ----------
    data : bytes
        The network's file.
    spec : NetworkSpec
        What the new file is to say; its scores are logits.
    weights : ndarray of shape (k, n_features)
        One row per class of `spec`.
    biases : ndarray of shape (k,)
        One per class.

    Returns
    -------
    bytes
        The new file.

    Raises
    ------
    ValueError
        If the shapes do not fit, or the scores are not computed from the features by one layer.
    """
    file = parse(data)
    if weights.shape != (len(spec.emotions), spec.n_features) or biases.shape != weights.shape[:1]:
        raise ValueError(f"a head of shape {weights.shape} does not fit the network")
    last = _last(file)
    if last is None:
        raise ValueError("the network's last layer is not a linear one of its features")
    new = {last.inputs[1]: weights, last.inputs[2]: biases}
    arrays = {name: np.ascontiguousarray(a, np.float32) for name, a in new.items()}
    changed = replace(
        file,
        weights={**file.weights, **arrays},
        outputs=spec.output_shapes,
        metadata={KEY: spec.to_json()},
    )
    return serialize(changed)


def linear_head(file: OnnxFile) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """Return weights (k, n_features) and biases (k,) of the layer from features to scores.

    Returns None if the scores are not computed from the features by one layer.
    """
    last = _last(file)
    if last is None:
        return None
    weights, biases = (np.asarray(file.weights[name], np.float32) for name in last.inputs[1:])
    return weights, biases


def _last(file: OnnxFile) -> Node | None:
    node = file.nodes[-1]
    is_head = (node.kind, node.inputs[0], node.output) == ("Gemm", "features", "scores")
    return node if is_head else None

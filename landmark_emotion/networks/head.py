"""Replace the last, linear layer of a network."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.networks.onnx_file import OnnxFile, parse, serialize
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
    *body, last = file.nodes
    if (last.kind, last.inputs[0], last.output) != ("Gemm", "features", "scores"):
        raise ValueError("the network's last layer is not a linear one of its features")
    transposed = last.attributes.get("transB", 0) == 1
    new = {
        last.inputs[1]: weights if transposed else weights.T,
        last.inputs[2]: biases,
    }
    arrays = {name: np.ascontiguousarray(a, np.float32) for name, a in new.items()}
    changed: OnnxFile = replace(
        file,
        nodes=(*body, last),
        weights={**file.weights, **arrays},
        outputs=spec.output_shapes,
        metadata={KEY: spec.to_json()},
    )
    return serialize(changed)

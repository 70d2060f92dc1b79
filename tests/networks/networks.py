"""A small network for the tests, made without Keras."""

import numpy as np

from landmark_emotion.networks.builder import Builder
from landmark_emotion.networks.onnx_file import serialize
from landmark_emotion.networks.spec import KEY, NetworkSpec

EMOTIONS = ("fear", "happiness", "neutral")
SIZE = 12
WINDOW = {"strides": (2, 2), "pads": (0, 0, 1, 1)}


def small_network(**changes):
    """Return a convolution, the average over the picture and a linear classifier; and its weights.

    Parameters
    ----------
    **changes
        Fields of its `NetworkSpec`.
    """
    spec = NetworkSpec(**{"emotions": EMOTIONS, "size": SIZE, "n_features": 4} | changes)
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(4, spec.channels, 3, 3))
    weights = rng.normal(size=(len(spec.emotions), 4))
    b = Builder(spec.input_shape)
    x = b.add(
        "Conv",
        "input",
        b.constant(kernel),
        b.constant(np.zeros(4)),
        kernel_shape=(3, 3),
        dilations=(1, 1),
        group=1,
        **WINDOW,
    )
    features = b.add("Flatten", b.add("GlobalAveragePool", b.add("Relu", x)), axis=1)
    biases = b.constant(np.arange(len(weights)))
    scores = b.add("Gemm", features, b.constant(weights), biases, alpha=1.0, beta=1.0, transB=1)
    outputs = {"features": features, "scores": scores}
    file = b.file(outputs, {KEY: spec.to_json()})
    return file, kernel, weights


def small_file(**changes):
    """Return the bytes of `small_network`."""
    return serialize(small_network(**changes)[0])


def expected(pictures, kernel, weights):
    """Return features and scores of normalized pictures, (n, channels, size, size), by NumPy."""
    padded = np.pad(pictures, ((0, 0), (0, 0), (0, 1), (0, 1)))
    views = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))[:, :, ::2, ::2]
    maps = np.maximum(np.einsum("nchwyx,fcyx->nfhw", views, kernel), 0)
    features = maps.mean((2, 3))
    return features, features @ weights.T + np.arange(len(weights))

"""The network: a stem, residual blocks, an average over the picture and linear heads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from landmark_emotion.networks.keras import keras

FEATURES = "features"
SCORES = "scores"


@dataclass(frozen=True)
class Architecture:
    """The size of a network.

    Attributes
    ----------
    stem : int
        Channels of the first convolution, 5x5.
    halve : bool
        Whether it halves the picture.
    blocks : tuple of (int, bool)
        Channels of each residual block, and whether the picture is halved before it. The channels
        of the last one are the features. The first convolution is widened to the first block.
    dropout : float
        Share of features set to 0 while learning.
    """

    stem: int = 32
    halve: bool = True
    blocks: tuple[tuple[int, bool], ...] = ((64, False), (96, True), (160, True), (160, False))
    dropout: float = 0.2


def build(
    architecture: Architecture,
    heads: Sequence[int],
    *,
    size: int | None = None,
    dtype: str = "float32",
) -> Any:
    """Build a Keras model.

    Parameters
    ----------
    architecture : Architecture
        Its size.
    heads : sequence of int
        The number of classes of each head.
    size : int, optional
        Height and width of the pictures; any if not given.
    dtype : str
        Keras's dtype policy, such as ``"mixed_bfloat16"`` on a GPU.

    Returns
    -------
    keras.Model
        Takes standardized pictures of shape (n, size, size, 1); returns features of
        shape (n, f) and the scores of each head, of shape (n, classes), before the softmax.
    """
    layers = keras().layers
    picture = layers.Input((size, size, 1))
    x = _normalized(picture, architecture.stem, 5, dtype, 2 if architecture.halve else 1)
    x = layers.ReLU(dtype=dtype)(x)
    if architecture.blocks[0][0] != architecture.stem:
        x = layers.ReLU(dtype=dtype)(_normalized(x, architecture.blocks[0][0], 1, dtype))
    for channels, halve in architecture.blocks:
        if halve:
            x = layers.AveragePooling2D(2, dtype=dtype)(x)
        x = _residual(x, channels, dtype)
    features = layers.GlobalAveragePooling2D(name=FEATURES, dtype="float32")(x)
    dropped = layers.Dropout(architecture.dropout)(features)
    scores = [
        layers.Dense(n, name=SCORES if not i else f"{SCORES}_{i}")(dropped)
        for i, n in enumerate(heads)
    ]
    return keras().Model(picture, [features, *scores])


def _normalized(x: Any, channels: int, side: int, dtype: str, stride: int = 1) -> Any:
    layers = keras().layers
    x = layers.Conv2D(channels, side, stride, "same", use_bias=False, dtype=dtype)(x)
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, dtype=dtype)(x)


def _residual(x: Any, channels: int, dtype: str) -> Any:
    layers = keras().layers
    shortcut = x if x.shape[-1] == channels else _normalized(x, channels, 1, dtype)
    x = layers.ReLU(dtype=dtype)(_normalized(x, channels, 3, dtype))
    x = _normalized(x, channels, 3, dtype)
    return layers.ReLU(dtype=dtype)(layers.Add(dtype=dtype)([x, shortcut]))

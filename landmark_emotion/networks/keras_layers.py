"""The layers of Keras models as operations of ONNX."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import NetworkError
from landmark_emotion.networks.builder import Builder
from landmark_emotion.networks.onnx_file import Attribute

REMEDY = "use a model of other layers"


def refusal(layer: Any, why: str) -> NetworkError:
    """Return the error for a layer that cannot be converted."""
    return NetworkError(f"layer '{layer.name}': {why}, which cannot be converted; {REMEDY}")


Rule = Callable[[Builder, Any, list[str]], str]
"""Appends what a layer does with the tensors of the given names; returns the name of the result."""


def _same(size: int, kernel: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """Return Keras's padding before and after an axis, more after it if uneven."""
    total = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def _window(
    c: Builder, layer: Any, x: str, kernel: Sequence[int], dilations: Sequence[int] = (1, 1)
) -> dict[str, Attribute]:
    sizes = c.shapes[x][2:]
    pads = [(0, 0), (0, 0)]
    if layer.padding == "same":
        pads = [_same(*axis) for axis in zip(sizes, kernel, layer.strides, dilations, strict=True)]
    elif layer.padding != "valid":
        raise ValueError(layer.padding)
    (top, bottom), (left, right) = pads
    return {
        "kernel_shape": _ints(kernel),
        "strides": _ints(layer.strides),
        "pads": (top, left, bottom, right),
    }


def _ints(values: Iterable[Any]) -> tuple[int, ...]:
    return tuple(int(value) for value in values)


def _convolved(
    c: Builder, layer: Any, x: str, kernel: Any, bias: Any, group: int, **more: Attribute
) -> str:
    """Convolve with a kernel of shape (height, width, channels per group, filters)."""
    weights = np.asarray(kernel).transpose(3, 2, 0, 1)
    bias = np.zeros(len(weights)) if bias is None else bias
    window: dict[str, Attribute] = {
        "kernel_shape": (1, 1), "strides": (1, 1), "pads": (0, 0, 0, 0), "dilations": (1, 1)
    } | more  # fmt: skip
    return c.add("Conv", x, c.constant(weights), c.constant(bias), group=group, **window)


def _strided(c: Builder, layer: Any, x: str, kernel: Any, bias: Any, group: int) -> str:
    dilations = _ints(layer.dilation_rate)
    window = _window(c, layer, x, kernel.shape[:2], dilations)
    return _convolved(c, layer, x, kernel, bias, group, dilations=dilations, **window)


def _bias(layer: Any) -> Any:
    return np.asarray(layer.bias) if layer.use_bias else None


def _conv(c: Builder, layer: Any, inputs: list[str]) -> str:
    kernel = np.asarray(layer.kernel)
    y = _strided(c, layer, inputs[0], kernel, _bias(layer), int(layer.groups))
    return _activation(c, layer, y)


def _depthwise_kernel(kernel: Any) -> NDArray[Any]:
    """Turn a kernel of shape (height, width, channels, multiplier) into one of groups."""
    kernel = np.asarray(kernel)
    return np.reshape(kernel, (*kernel.shape[:2], 1, -1))


def _depthwise(c: Builder, layer: Any, inputs: list[str]) -> str:
    kernel = _depthwise_kernel(layer.kernel)
    y = _strided(c, layer, inputs[0], kernel, _bias(layer), c.shapes[inputs[0]][1])
    return _activation(c, layer, y)


def _separable(c: Builder, layer: Any, inputs: list[str]) -> str:
    kernel = _depthwise_kernel(layer.depthwise_kernel)
    y = _strided(c, layer, inputs[0], kernel, None, c.shapes[inputs[0]][1])
    y = _convolved(c, layer, y, layer.pointwise_kernel, _bias(layer), 1)
    return _activation(c, layer, y)


def _dense(c: Builder, layer: Any, inputs: list[str]) -> str:
    (x,) = inputs
    kernel = np.asarray(layer.kernel)
    bias = _bias(layer)
    if len(c.shapes[x]) == 4:
        return _activation(c, layer, _convolved(c, layer, x, kernel[None, None], bias, 1))
    weights = c.constant(kernel.T)
    bias = c.constant(np.zeros(kernel.shape[1]) if bias is None else bias)
    y = c.add("Gemm", x, weights, bias, alpha=1.0, beta=1.0, transB=1)
    return _activation(c, layer, y)


def _batch_normalization(c: Builder, layer: Any, inputs: list[str]) -> str:
    (x,) = inputs
    _require_last_axis(c, x, layer.axis)
    factor = 1 / np.sqrt(np.asarray(layer.moving_variance, np.float64) + layer.epsilon)
    if layer.scale:
        factor = factor * np.asarray(layer.gamma)
    offset = -np.asarray(layer.moving_mean, np.float64) * factor
    if layer.center:
        offset = offset + np.asarray(layer.beta)
    return c.scaled(x, factor, offset)


def _require_last_axis(c: Builder, x: str, axis: Any) -> None:
    axes = [axis] if isinstance(axis, int) else list(axis)
    if axes not in ([-1], [len(c.shapes[x]) - 1]):
        raise ValueError(axis)


def _rescaling(c: Builder, layer: Any, inputs: list[str]) -> str:
    return c.scaled(inputs[0], np.asarray(layer.scale), np.asarray(layer.offset))


def _normalization(c: Builder, layer: Any, inputs: list[str]) -> str:
    (x,) = inputs
    _require_last_axis(c, x, layer.axis or -1)
    deviation = np.maximum(np.sqrt(np.asarray(layer.variance, np.float64)), 1e-7)
    mean = np.asarray(layer.mean, np.float64)
    if layer.invert:
        return c.scaled(x, deviation, mean)
    return c.scaled(x, 1 / deviation, -mean / deviation)


def _activation(c: Builder, layer: Any, x: str) -> str:
    """Apply the function that a layer has as its activation."""
    name = getattr(layer.activation, "__name__", "")
    match name:
        case "linear":
            return x
        case "relu" | "sigmoid" | "tanh" | "softplus":
            return c.add(name.capitalize(), x)
        case "relu6":
            return c.add("Clip", x, min=0.0, max=6.0)
        case "leaky_relu":
            return c.add("LeakyRelu", x, alpha=0.2)
        case "elu":
            return c.add("Elu", x, alpha=1.0)
        case "selu":
            return c.add("Selu", x, alpha=1.6732632423543772, gamma=1.0507009873554805)
        case "silu" | "swish":
            return c.add("Mul", x, c.add("Sigmoid", x))
        case "softmax":
            return c.add("Softmax", x, axis=1)
    raise refusal(layer, f"has the activation '{name}'")


def _activation_layer(c: Builder, layer: Any, inputs: list[str]) -> str:
    return _activation(c, layer, inputs[0])


def _relu(c: Builder, layer: Any, inputs: list[str]) -> str:
    most, slope = layer.max_value, float(layer.negative_slope or 0)
    if layer.threshold or (slope and most is not None):
        raise ValueError
    if slope:
        return c.add("LeakyRelu", inputs[0], alpha=slope)
    if most is not None:
        return c.add("Clip", inputs[0], min=0.0, max=float(most))
    return c.add("Relu", inputs[0])


def _leaky_relu(c: Builder, layer: Any, inputs: list[str]) -> str:
    return c.add("LeakyRelu", inputs[0], alpha=float(layer.negative_slope))


def _elu(c: Builder, layer: Any, inputs: list[str]) -> str:
    return c.add("Elu", inputs[0], alpha=float(layer.alpha))


def _prelu(c: Builder, layer: Any, inputs: list[str]) -> str:
    (x,) = inputs
    alpha = np.asarray(layer.alpha)[None]
    if alpha.ndim == 4:
        alpha = alpha.transpose(0, 3, 1, 2)
    minus = c.constant(-np.ones((1,) * alpha.ndim))
    negative = c.add("Relu", c.add("Mul", x, minus))
    return c.add("Add", c.add("Relu", x), c.add("Mul", negative, c.constant(-alpha)))


def _softmax(c: Builder, layer: Any, inputs: list[str]) -> str:
    _require_last_axis(c, inputs[0], layer.axis)
    return c.add("Softmax", inputs[0], axis=1)


def _max_pooling(c: Builder, layer: Any, inputs: list[str]) -> str:
    return c.add("MaxPool", inputs[0], **_window(c, layer, inputs[0], layer.pool_size))


def _average_pooling(c: Builder, layer: Any, inputs: list[str]) -> str:
    window = _window(c, layer, inputs[0], layer.pool_size)
    return c.add("AveragePool", inputs[0], count_include_pad=0, **window)


def _global_pooling(kind: str) -> Rule:
    def rule(c: Builder, layer: Any, inputs: list[str]) -> str:
        y = c.add(kind, inputs[0])
        return y if layer.keepdims else c.add("Flatten", y, axis=1)

    return rule


def _channels_last(c: Builder, x: str) -> str:
    """Put the channels of each pixel side by side, as Keras has them."""
    if len(c.shapes[x]) == 4 and c.shapes[x][2:] != (1, 1):
        return c.add("Transpose", x, perm=(0, 2, 3, 1))
    return x


def _flatten(c: Builder, layer: Any, inputs: list[str]) -> str:
    (x,) = inputs
    return x if len(c.shapes[x]) == 2 else c.add("Flatten", _channels_last(c, x), axis=1)


def _reshape(c: Builder, layer: Any, inputs: list[str]) -> str:
    (x,) = inputs
    target = list(_ints(layer.target_shape))
    size = int(np.prod(c.shapes[x]))
    if -1 in target:
        target[target.index(-1)] = size // -int(np.prod(target))
    if len(target) not in (1, 3):
        raise ValueError
    x = _channels_last(c, x)
    if target[:-1] == [1, 1]:
        target = [target[-1], 1, 1]
    y = c.add("Reshape", x, c.constant([1, *target], np.int64))
    if len(target) == 3 and target[1:] != [1, 1]:
        return c.add("Transpose", y, perm=(0, 3, 1, 2))
    return y


def _zero_padding(c: Builder, layer: Any, inputs: list[str]) -> str:
    (top, bottom), (left, right) = map(_ints, layer.padding)
    pads = (0, 0, top, left, 0, 0, bottom, right)
    return c.add("Pad", inputs[0], mode="constant", value=0.0, pads=pads)


def _merged(kind: str) -> Rule:
    def rule(c: Builder, layer: Any, inputs: list[str]) -> str:
        # The largest first: the others may be one number for each channel.
        first, *others = sorted(inputs, key=lambda name: -int(np.prod(c.shapes[name])))
        for other in others:
            first = c.add(kind, first, other)
        return first

    return rule


def _concatenate(c: Builder, layer: Any, inputs: list[str]) -> str:
    _require_last_axis(c, inputs[0], layer.axis)
    return c.add("Concat", *inputs, axis=1)


def _nothing(c: Builder, layer: Any, inputs: list[str]) -> str:
    (x,) = inputs
    return x


LAYERS: Mapping[str, Rule] = {
    "Conv2D": _conv,
    "DepthwiseConv2D": _depthwise,
    "SeparableConv2D": _separable,
    "Dense": _dense,
    "BatchNormalization": _batch_normalization,
    "Rescaling": _rescaling,
    "Normalization": _normalization,
    "Activation": _activation_layer,
    "ReLU": _relu,
    "LeakyReLU": _leaky_relu,
    "ELU": _elu,
    "PReLU": _prelu,
    "Softmax": _softmax,
    "MaxPooling2D": _max_pooling,
    "AveragePooling2D": _average_pooling,
    "GlobalMaxPooling2D": _global_pooling("GlobalMaxPool"),
    "GlobalAveragePooling2D": _global_pooling("GlobalAveragePool"),
    "Flatten": _flatten,
    "Reshape": _reshape,
    "ZeroPadding2D": _zero_padding,
    "Add": _merged("Add"),
    "Multiply": _merged("Mul"),
    "Concatenate": _concatenate,
} | dict.fromkeys(
    # These change nothing once training is over.
    ("InputLayer", "Identity", "Dropout", "SpatialDropout2D", "AlphaDropout", "GaussianDropout",
     "GaussianNoise", "ActivityRegularization", "RandomFlip", "RandomRotation", "RandomZoom",
     "RandomTranslation", "RandomContrast", "RandomBrightness"),
    _nothing,
)  # fmt: skip
"""How each kind of layer is converted; all others are refused."""

"""Keras models for the tests."""

import numpy as np


def with_statistics(model):
    """Give all weights random values, so that no factor is 1 and no offset 0."""
    rng = np.random.default_rng(0)
    for weight in model.weights:
        values = np.asarray(weight)
        if values.ndim <= 1 and values.dtype == np.float32:
            weight.assign(rng.uniform(0.5, 1.5, values.shape))
    return model


def normalized(k, x, filters, side, stride=1, relu=True):
    x = k.layers.Conv2D(filters, side, stride, "same", use_bias=False)(x)
    x = k.layers.BatchNormalization()(x)
    return k.layers.ReLU()(x) if relu else x


def residual(k):
    """Two residual blocks, named features and scores."""
    picture = k.Input((24, 24, 1))
    x = normalized(k, picture, 8, 5, 2)
    for filters, stride in ((8, 1), (12, 2)):
        shortcut = x if stride == 1 else normalized(k, x, filters, 1, stride, relu=False)
        x = normalized(k, normalized(k, x, filters, 3, stride), filters, 3, relu=False)
        x = k.layers.ReLU()(k.layers.Add()([x, shortcut]))
    features = k.layers.GlobalAveragePooling2D(name="features")(x)
    return k.Model(picture, k.layers.Dense(3, name="scores")(k.layers.Dropout(0.5)(features)))


def xception(k):
    """Separable convolutions as in mini-XCEPTION (Arriaga et al. 2017); no dense layer."""
    picture = k.Input((24, 24, 1))
    x = k.layers.Conv2D(4, 3, use_bias=False)(picture)
    x = k.layers.Activation("relu")(k.layers.BatchNormalization()(x))
    shortcut = normalized(k, x, 8, 1, 2, relu=False)
    x = k.layers.SeparableConv2D(8, 3, padding="same", use_bias=False)(x)
    x = k.layers.Activation("relu")(k.layers.BatchNormalization()(x))
    x = k.layers.SeparableConv2D(8, 3, padding="same", depth_multiplier=2)(x)
    x = k.layers.MaxPooling2D(3, 2, "same")(k.layers.BatchNormalization()(x))
    x = k.layers.Conv2D(3, 3, padding="same")(k.layers.Add()([x, shortcut]))
    x = k.layers.GlobalAveragePooling2D()(x)
    return k.Model(picture, k.layers.Activation("softmax")(x))


def vgg(k):
    """A sequence that flattens a picture; half of its layers are unusual."""
    layers = k.layers
    return k.Sequential([
        k.Input((24, 24, 1)),
        layers.Rescaling(2.0, offset=-1.0),
        layers.GaussianNoise(0.1),
        layers.Conv2D(8, 3, activation="relu", padding="same"),
        layers.BatchNormalization(),  # after a ReLU: part of nothing
        layers.MaxPooling2D(),
        layers.Conv2D(8, 3, dilation_rate=2, padding="same", activation="elu"),
        layers.ZeroPadding2D(((1, 0), (0, 2))),
        layers.Conv2D(6, (3, 2), (2, 3), groups=2),
        layers.LeakyReLU(0.3),
        layers.Flatten(),
        layers.Dense(10, activation="tanh"),
        layers.BatchNormalization(scale=False),
        layers.PReLU(),
        layers.Dense(3, activation="softmax"),
    ])  # fmt: skip

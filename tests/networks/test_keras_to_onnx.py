"""Converted models give what Keras gives."""

from importlib.util import find_spec

import numpy as np
import pytest
from networks.networks import EMOTIONS

from landmark_emotion.errors import NetworkError
from landmark_emotion.networks.keras import keras as keras_on_jax
from landmark_emotion.networks.keras_to_onnx import to_onnx
from landmark_emotion.networks.network import Network
from landmark_emotion.networks.onnx_file import parse
from landmark_emotion.networks.spec import NetworkSpec, normalize

pytestmark = pytest.mark.slow  # compiled anew for each shape


@pytest.fixture(scope="module")
def keras():
    # Not imported here, since Keras would choose another backend.
    if not (find_spec("keras") and find_spec("jax")):
        pytest.skip("needs Keras and JAX")
    return keras_on_jax()


def spec(size=24, color="gray", emotions=EMOTIONS):
    return NetworkSpec(tuple(emotions), size, color, normalization="0..1")


def with_statistics(model):
    """Give all weights random values, so that no factor is 1 and no offset 0."""
    rng = np.random.default_rng(0)
    for weight in model.weights:
        values = np.asarray(weight)
        if values.ndim <= 1:
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


def attention(k):
    """Squeeze-and-excitation, and pooling of all kinds side by side."""
    layers = k.layers
    picture = k.Input((24, 24, 1))
    x = layers.Conv2D(6, 3, activation="swish")(picture)
    x = layers.DepthwiseConv2D(3, 2, "same", depth_multiplier=2)(x)
    x = layers.ReLU(6.0)(layers.BatchNormalization(center=False)(x))
    weights = layers.Dense(12, activation="sigmoid")(layers.GlobalAveragePooling2D()(x))
    x = layers.Multiply()([layers.Reshape((1, 1, 12))(weights), x])
    x = layers.Concatenate()([
        layers.AveragePooling2D(3, 2, "same")(x),
        layers.AveragePooling2D(2, 2, "same")(x),
        layers.MaxPooling2D(3, 2, "same")(x),
        layers.Conv2D(4, 1, 2, activation="selu")(x),
    ])  # fmt: skip
    x = layers.Dense(8, activation="softplus")(layers.PReLU(shared_axes=[1, 2])(x))
    x = layers.GlobalMaxPooling2D()(layers.SpatialDropout2D(0.2)(x))
    return k.Model(picture, layers.Softmax()(layers.Dense(3)(x)))


def nested(k):
    """A model within a model, used twice, its inner part pretrained as in transfer learning."""
    inner = residual(k)
    base = k.Model(inner.input, inner.get_layer("features").output)
    picture = k.Input((24, 24, 1))
    both = k.layers.Concatenate()([base(picture), base(k.layers.Rescaling(-1.0)(picture))])
    head = k.Sequential([k.layers.BatchNormalization(), k.layers.Dense(3, activation="softmax")])
    return k.Model(picture, head(both))


@pytest.mark.parametrize("build", [residual, xception, vgg, attention, nested])
def test_scores_are_those_of_keras(keras, build):
    model = with_statistics(build(keras))
    crops = np.random.default_rng(1).integers(0, 256, (4, 24, 24), np.uint8)
    wanted = model.predict(normalize(crops, "0..1")[..., None], verbose=0)
    network = Network(to_onnx(model, spec()))
    _, scores = network.evaluate(crops)
    assert network.spec.scores == "logits"
    if build is residual:
        np.testing.assert_allclose(scores, wanted, atol=1e-4)
    else:
        np.testing.assert_allclose(network.probabilities(crops), wanted, atol=1e-4)
    assert np.ptp(wanted, axis=0).max() > 1e-3  # else any scores would do


def test_batch_normalization_costs_nothing_after_a_convolution(keras):
    nodes = parse(to_onnx(residual(keras), spec())).nodes
    assert [node.kind for node in nodes].count("Conv") == 6
    assert not any(node.kind == "Mul" for node in nodes)


def test_features_are_what_enters_the_last_layer(keras):
    model = with_statistics(residual(keras))
    middle = keras.Model(model.input, model.get_layer("features").output)
    crops = np.random.default_rng(1).integers(0, 256, (2, 24, 24), np.uint8)
    features, _ = Network(to_onnx(model, spec())).evaluate(crops)
    wanted = middle.predict(normalize(crops, "0..1")[..., None], verbose=0)
    np.testing.assert_allclose(features, wanted, atol=1e-4)


def test_heads_that_are_not_wanted_are_left_out(keras):
    picture = keras.Input((None, None, 1))
    x = normalized(keras, picture, 5, 3)
    features = keras.layers.GlobalAveragePooling2D(name="features")(x)
    heads = [keras.layers.Dense(n, name=name)(features) for n, name in ((9, "more"), (3, "scores"))]
    model = with_statistics(keras.Model(picture, [features, *heads]))
    crops = np.random.default_rng(1).integers(0, 256, (2, 24, 24), np.uint8)
    data = to_onnx(model, spec())
    found = Network(data).evaluate(crops)
    wanted = model.predict(normalize(crops, "0..1")[..., None], verbose=0)
    np.testing.assert_allclose(found[0], wanted[0], atol=1e-4)
    np.testing.assert_allclose(found[1], wanted[2], atol=1e-4)
    assert len(parse(data).weights) == 4


def test_colors(keras):
    picture = keras.Input((24, 24, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(3, 3, strides=2)(picture))
    model = keras.Model(picture, keras.layers.Activation("sigmoid")(x))
    crops = np.random.default_rng(1).integers(0, 256, (2, 24, 24, 3), np.uint8)
    network = Network(to_onnx(model, spec(color="RGB")))
    odds = model.predict(normalize(crops[..., ::-1], "0..1"), verbose=0)
    assert network.spec.scores == "probabilities"
    wanted = odds / odds.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(network.probabilities(crops), wanted, atol=1e-4)


@pytest.mark.parametrize(
    ("kind", "arguments", "why"),
    [
        ("Lambda", (lambda x: x,), "layer 'odd': is a Lambda, which cannot be converted"),
        ("Activation", ("gelu",), "layer 'odd': has the activation 'gelu'"),
        ("UpSampling2D", (), "layer 'odd': is a UpSampling2D"),
        ("BatchNormalization", (1,), "layer 'odd': is a BatchNormalization of a kind"),
    ],
)
def test_layers_that_cannot_be_converted_are_named(keras, kind, arguments, why):
    layer = getattr(keras.layers, kind)(*arguments, name="odd")
    layers = [layer, keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3)]
    model = keras.Sequential([keras.Input((24, 24, 1)), *layers])
    with pytest.raises(NetworkError, match=f"^{why}.*; use a model of other layers$"):
        to_onnx(model, spec())


def test_emotions_must_fit_the_outputs(keras):
    with pytest.raises(NetworkError, match=r"an output of shape \(3,\) for 2 emotions"):
        to_onnx(residual(keras), spec(emotions=("a", "b")))

"""Converted models give what Keras gives."""

import numpy as np
import pytest
from networks.models import normalized, residual, vgg, with_statistics, xception
from networks.networks import EMOTIONS

from landmark_emotion.errors import NetworkError
from landmark_emotion.networks.keras_to_onnx import to_onnx
from landmark_emotion.networks.network import Network
from landmark_emotion.networks.onnx_file import parse
from landmark_emotion.networks.spec import NetworkSpec, normalize

pytestmark = pytest.mark.slow  # compiled anew for each shape


def spec(size=24, color="gray", emotions=EMOTIONS):
    return NetworkSpec(tuple(emotions), size, color, normalization="0..1")


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

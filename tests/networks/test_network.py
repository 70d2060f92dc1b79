"""Networks are evaluated by OpenCV as NumPy evaluates them."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from networks.networks import EMOTIONS, SIZE, expected, small_file, small_network

from landmark_emotion.errors import NetworkError
from landmark_emotion.networks.head import with_head
from landmark_emotion.networks.network import Network, load_network
from landmark_emotion.networks.onnx_file import Node, serialize
from landmark_emotion.networks.spec import KEY, NetworkSpec, normalize


def crops(n=5, channels=()):
    return np.random.default_rng(1).integers(0, 256, (n, SIZE, SIZE, *channels), np.uint8)


def test_results_are_those_of_numpy():
    _, kernel, weights = small_network()
    network = Network(small_file(temperature=2.0))
    pictures = normalize(crops(), "standardize")[:, None]
    features, scores = expected(pictures, kernel, weights)
    found = network.evaluate(crops())
    np.testing.assert_allclose(found[0], features, atol=1e-5)
    np.testing.assert_allclose(found[1], scores / 2, atol=1e-5)
    odds = np.exp(scores / 2)
    wanted = odds / odds.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(network.probabilities(crops()), wanted, atol=1e-5)


@pytest.mark.parametrize("color", ["BGR", "RGB"])
def test_channels_are_in_the_order_of_the_file(color):
    _, kernel, weights = small_network(color=color)
    network = Network(small_file(color=color, normalization="0..1"))
    pictures = crops(channels=(3,)) / 255
    pictures = pictures if color == "BGR" else pictures[..., ::-1]
    features, _ = expected(pictures.transpose(0, 3, 1, 2), kernel, weights)
    np.testing.assert_allclose(network.evaluate(crops(channels=(3,)))[0], features, atol=1e-5)


def test_no_face_gives_no_results():
    features, scores = Network(small_file()).evaluate(crops(0))
    assert features.shape == (0, 4)
    assert scores.shape == (0, 3)


def test_probabilities_as_scores_are_kept():
    file, kernel, weights = small_network(scores="probabilities", normalization="0..255")
    network = Network(serialize(file))
    _, scores = expected(crops().astype(float)[:, None] * 1.0, kernel, weights)
    positive = np.maximum(scores, np.exp(-20))
    wanted = positive / positive.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(network.probabilities(crops()), wanted, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(
    ("normalization", "least", "most"), [("0..1", 0, 1), ("-1..1", -1, 1), ("0..255", 0, 255)]
)
def test_gray_levels_are_scaled(normalization, least, most):
    scaled = normalize(np.array([[[0, 255]]], np.uint8), normalization)
    np.testing.assert_allclose(scaled, [[[least, most]]])


def test_standardized_pictures_do_not_depend_on_light():
    bright = crops(2).astype(np.float32)
    np.testing.assert_allclose(
        normalize(bright, "standardize"), normalize(bright / 2 + 9, "standardize"), atol=1e-5
    )
    flat = normalize(np.full((1, 4, 4), 77, np.uint8), "standardize")
    assert (flat == 0).all()


def test_threads_share_a_network():
    network = Network(small_file())
    pictures = crops(40)
    wanted = network.evaluate(pictures)[1]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda n: network.evaluate(pictures[n : n + 1])[1][0], range(40)))
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize(
    "pictures", [crops()[0], crops(channels=(3,)), crops()[:, :-1], crops().astype(np.float32)]
)
def test_pictures_of_another_kind_are_refused(pictures):
    with pytest.raises(ValueError, match=r"must be uint8 of shape \(n, 12, 12\)"):
        Network(small_file()).evaluate(pictures)


def test_a_file_is_loaded_with_what_it_says(tmp_path):
    path = tmp_path / "network.onnx"
    path.write_bytes(small_file(info={"made of": "nothing", "scores": [0.5]}, crop="box"))
    spec = load_network(path).spec
    assert spec.emotions == EMOTIONS
    assert spec.crop == "box"
    assert spec.info == {"made of": "nothing", "scores": [0.5]}
    assert NetworkSpec.from_json(spec.to_json()) == spec


def bad_metadata(**changes):
    file, _, _ = small_network()
    text = file.metadata[KEY]
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return serialize(replace(file, metadata={KEY: text}))


BAD = {
    "empty": (b"", "lacks"),
    "text": (b"hello, world" * 9, "."),
    "no metadata": (serialize(replace(small_network()[0], metadata={})), "not a network"),
    "another program": (bad_metadata(**{"landmark_emotion network": "other"}), "not a network"),
    "a later version": (bad_metadata(**{'"version": 1': '"version": 2'}), "format version"),
    "not JSON": (bad_metadata(**{"{": "[", "}": "]"}), "damaged metadata"),
    "a huge number": (bad_metadata(**{"12": "9" * 5000}), "damaged metadata"),
    "another size": (bad_metadata(**{"12": "14"}), "takes other pictures"),
    "an infinite temperature": (bad_metadata(**{"1.0": "1e999"}), "temperature"),
    "an emotion twice": (bad_metadata(fear="neutral"), "emotions"),
    "an emotion more": (bad_metadata(**{'"fear"': '"fear", "anger"'}), "other outputs"),
    "numbers as emotions": (bad_metadata(**{'"fear"': "1"}), "emotions"),
    "an unknown crop": (bad_metadata(landmarks="eyes"), "crop must be"),
    "an unknown field": (bad_metadata(**{'"info"': '"code": 1, "info"'}), "unknown metadata"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "why"), BAD.values(), ids=BAD.keys())
def test_other_files_are_refused_in_one_line(tmp_path, data, why):
    path = tmp_path / "network.onnx"
    path.write_bytes(data)
    with pytest.raises(NetworkError, match=rf"^{re.escape(str(path))}: .*{why}.*; .*") as caught:
        load_network(path)
    assert "\n" not in str(caught.value)


def test_missing_files_and_folders_are_refused(tmp_path):
    with pytest.raises(NetworkError, match="no such network; check the path"):
        load_network(tmp_path / "none.onnx")
    with pytest.raises(NetworkError, match="cannot be read"):
        load_network(tmp_path)


def test_results_that_are_not_finite_are_an_error():
    file, _, _ = small_network(normalization="0..255")
    pooled = next(node for node in file.nodes if node.kind == "GlobalAveragePool")
    squares, last = [], pooled.inputs[0]
    for n in range(6):  # numbers to the power of 64
        squares.append(Node("Mul", (last, last), f"square{n}"))
        last = squares[-1].output
    place = file.nodes.index(pooled)
    nodes = (*file.nodes[:place], *squares, replace(pooled, inputs=(last,)))
    network = Network(serialize(replace(file, nodes=(*nodes, *file.nodes[place + 1 :]))))
    with pytest.raises(NetworkError, match="not finite"):
        network.evaluate(crops())


def test_appearance_is_the_mean_of_both_mirror_images_and_gives_the_scores():
    network = Network(small_file())
    faces = crops()
    appearance = network.appearance(faces)
    (features, scores), (mirrored, other) = map(network.evaluate, (faces, faces[:, :, ::-1]))
    assert appearance == pytest.approx((features + mirrored) / 2, abs=1e-5)
    assert network.scores(appearance) == pytest.approx((scores + other) / 2, abs=1e-4)
    assert network.appearance(faces[:, :, ::-1]) == pytest.approx(appearance, abs=1e-5)


def test_the_digest_tells_features_apart_and_ignores_the_head():
    file, _, weights = small_network()
    data = serialize(file)
    network = Network(data)
    other_head = with_head(data, network.spec, weights.astype(float) + 1, np.zeros(3))
    assert Network(other_head).digest == network.digest
    name = next(name for name, array in file.weights.items() if array.ndim == 4)
    changed = replace(file, weights={**file.weights, name: file.weights[name] + 1})
    assert Network(serialize(changed)).digest != network.digest
    assert Network(small_file(normalization="0..1")).digest != network.digest


def test_a_description_of_another_length_is_refused():
    with pytest.raises(NetworkError, match="by 4 numbers, not 5; extract"):
        Network(small_file()).scores(np.zeros((2, 5), np.float32))


def test_a_network_without_features_describes_faces_by_its_scores():
    file, _, _ = small_network(n_features=0)
    network = Network(serialize(replace(file, outputs={"scores": (1, 3)})))
    described = network.appearance(crops())
    _, scores = network.evaluate(np.concatenate([crops(), crops()[:, :, ::-1]]))
    assert network.scores(described) == pytest.approx(scores.reshape(2, -1, 3).mean(axis=0))

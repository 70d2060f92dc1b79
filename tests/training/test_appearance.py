import cv2
import numpy as np
import pytest
from networks.networks import small_file

from landmark_emotion.errors import NetworkError
from landmark_emotion.networks.network import load_network
from landmark_emotion.sources.images import read_image
from landmark_emotion.training import appearance
from landmark_emotion.training.appearance import add_appearance
from landmark_emotion.training.datasets import Sample
from landmark_emotion.training.extraction import extract


@pytest.fixture
def network(tmp_path):
    path = tmp_path / "small.onnx"
    path.write_bytes(small_file())
    return path


@pytest.fixture
def samples(tmp_path, face, nobody):
    """Two faces, and an image without one between them."""
    for name, picture in (("a", face), ("none", nobody), ("b", np.roll(face, 20, axis=1))):
        (tmp_path / f"{name}.png").write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    return [Sample(tmp_path / f"{name}.png", "fear") for name in ("a", "none", "b")]


@pytest.fixture
def count_looks(monkeypatch):
    looks, plain = [], appearance._network
    monkeypatch.setattr(appearance, "_network", lambda *key: looks.append(key) or plain(*key))
    return looks


@pytest.mark.parametrize("crop", ["landmarks", "box"])
def test_it_is_what_the_network_says_of_the_same_faces(samples, tmp_path, detector, crop):
    path = tmp_path / "small.onnx"
    path.write_bytes(small_file(crop=crop))
    table = add_appearance(extract(samples, jobs=1), path, jobs=1).table
    network = load_network(path)
    assert table.network == network.digest
    for sample, row in zip((samples[0], samples[2]), table.appearance, strict=True):
        picture = read_image(sample.path)
        found = detector.faces(picture, thorough=True)[0]
        (expected,) = network.appearance(network.crop(picture, found)[None])
        assert row == pytest.approx(expected, abs=0.05)


def test_it_is_cached_for_each_network(samples, network, tmp_path, count_looks):
    cache = tmp_path / "cache"
    found = extract(samples, jobs=1, cache=cache)
    first = add_appearance(found, network, jobs=1, cache=cache).table
    assert len(count_looks) == 2
    again = add_appearance(found, network, jobs=1, cache=cache).table
    assert len(count_looks) == 2
    assert np.array_equal(first.appearance, again.appearance)
    network.write_bytes(small_file(normalization="0..1"))
    other = add_appearance(found, network, jobs=1, cache=cache).table
    assert len(count_looks) == 4
    assert other.network != first.network
    assert not np.allclose(other.appearance, first.appearance)


def test_an_image_that_vanished_meanwhile_is_skipped(samples, network):
    found = extract(samples, jobs=1)
    samples[0].path.unlink()
    described = add_appearance(found, network, jobs=1)
    assert described.table.source.tolist() == [str(samples[2].path)]
    assert described.table.appearance.shape == (1, 4)
    assert (str(samples[0].path), "no such file") in described.skipped


def test_a_missing_network_is_named(samples, tmp_path):
    with pytest.raises(NetworkError, match="no such network"):
        add_appearance(extract(samples, jobs=1), tmp_path / "none.onnx", jobs=1)

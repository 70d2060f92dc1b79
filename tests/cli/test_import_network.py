"""The command `import-network`."""

import os
import sys
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pytest
from networks.networks import EMOTIONS, SIZE, small_file

from landmark_emotion.networks import importing
from landmark_emotion.networks.importing import FER2013, Imported
from landmark_emotion.networks.network import Network, load_network


def test_file_and_report(run, here, monkeypatch):
    asked = []

    def fake(path, *settings):
        asked.append((path.name, *settings))
        data = small_file(info={"imported from": path.name})
        return Imported(data, Network(data), 2e-7)

    monkeypatch.setattr(importing, "import_keras", fake)
    result = run("import-network", "old.h5", "--emotions", "fer2013", "--scale=-1..1")
    assert result.status == 0
    first, second = result.out.splitlines()
    assert first.startswith(f"models/old.onnx: 12x12 pixels, gray -> {', '.join(EMOTIONS)}")
    assert second.endswith("probabilities differ from those of Keras by 2e-07")
    assert load_network(here / "models" / "old.onnx").spec.info == {"imported from": "old.h5"}
    run("import-network", "b.h5", "--emotions", "Happy,other", "--colors", "BGR", "-o", "x.onnx")
    assert (here / "x.onnx").is_file()
    assert asked == [
        ("old.h5", FER2013, "-1..1", "RGB"),
        ("b.h5", ("happiness", "other"), None, "BGR"),
    ]


def test_missing_file_is_one_line(run, here):
    result = run("import-network", "none.h5", "--emotions", "fer2013")
    assert (result.status, result.out) == (1, "")
    assert result.err == "error: none.h5: no such file; check the path\n"
    assert not (here / "models").exists()


@pytest.fixture
def saved(here):
    """Save a Keras model without Keras: of a kind that need not be opened."""
    (here / "model.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    return here / "model.h5"


def test_keras_that_is_not_installed_is_one_line(run, saved, monkeypatch):
    from landmark_emotion.networks.keras import keras

    keras.cache_clear()
    monkeypatch.setitem(sys.modules, "jax", None)
    result = run("import-network", saved, "--emotions", "a,b")
    assert result.status == 1
    assert result.err.startswith("error: jax: not installed")
    assert result.err.endswith("run \"pip install 'landmark-emotion[network]'\"\n")


class Model:
    """Stands for a Keras model of a small network."""

    input_shape = (None, SIZE, SIZE, 1)
    output_shape = (None, 3)
    layers = (SimpleNamespace(),)

    def predict(self, pictures, verbose):
        network = Network(small_file(normalization="0..255"))
        return network.evaluate(pictures[..., 0].astype(np.uint8))[1]


@pytest.fixture
def model(monkeypatch):
    model = Model()
    monkeypatch.setattr(importing, "load_keras_model", lambda path: model)
    monkeypatch.setattr(
        importing, "to_onnx", lambda _, spec: small_file(normalization=spec.normalization)
    )
    return model


def test_what_the_file_does_not_say_is_asked_for(run, here, model):
    result = run("import-network", "a.h5", "--scale", "0..255")
    assert "a.h5: has 3 outputs, 0 emotions were named; name them in order" in result.err
    result = run("import-network", "a.h5", "--scale", "0..255", "--emotions", "fer2013")
    assert "a.h5: has 3 outputs, 7 emotions were named" in result.err
    result = run("import-network", "a.h5", "--emotions", "a,b,c")
    assert "a.h5: does not say which gray levels" in result.err
    assert not (here / "models").exists()
    assert run("import-network", "a.h5", "--emotions", "a,b,c", "--scale", "0..255").status == 0


def test_a_network_with_other_results_is_refused(run, model):
    model.predict = lambda pictures, verbose: np.eye(3)[[0, 1, 2, 0]]
    result = run("import-network", "a.h5", "--emotions", "a,b,c", "--scale", "0..255")
    assert result.status == 1
    assert "a.h5: OpenCV gives other probabilities than Keras" in result.err


@pytest.mark.parametrize(
    "shape", [(None, 12, 13, 1), (None, 12, 12, 2), (None, 3, 12, 12), (None, None, None, 1), [1]]
)
def test_other_inputs_are_refused(run, model, shape):
    model.input_shape = shape
    result = run("import-network", "a.h5", "--emotions", "a,b,c", "--scale", "0..255")
    assert result.status == 1
    assert "a.h5: takes " in result.err
    assert "square gray or color pictures" in result.err


@pytest.mark.slow
@pytest.mark.skipif(not (find_spec("keras") and find_spec("jax")), reason="needs Keras and JAX")
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept")
def test_importing_leaves_the_environment_alone(run, here, monkeypatch):
    from landmark_emotion.networks.keras import keras

    keras.cache_clear()
    monkeypatch.setenv("KERAS_BACKEND", "none such")
    k = keras()
    layers = [k.layers.Rescaling(0.1), k.layers.Flatten(), k.layers.Dense(2, activation="softmax")]
    k.Sequential([k.Input((8, 8, 3)), *layers]).save(here / "model.keras")
    result = run("import-network", "model.keras", "--emotions", "a,b")
    assert result.status == 0, result.err
    assert os.environ["KERAS_BACKEND"] == "none such"
    spec = load_network(here / "models" / "model.onnx").spec
    assert (spec.color, spec.crop, spec.normalization) == ("RGB", "box", "0..255")

"""Files of several versions of Keras become the model that was saved."""

import json
import re
import zipfile

import numpy as np
import pytest
from networks.models import residual, vgg, with_statistics, xception

from landmark_emotion.errors import NetworkError
from landmark_emotion.networks.keras_file import load_keras_model

pytestmark = [
    pytest.mark.slow,  # compiled anew for each shape
    # Keras's own.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept"),
]

PICTURES = np.random.default_rng(1).uniform(0, 1, (2, 24, 24, 1)).astype(np.float32)


def same(model, other):
    one, two = (each.predict(PICTURES, verbose=0) for each in (model, other))
    np.testing.assert_allclose(one, two, atol=1e-5)


def transferred(k):
    """A sequence whose first layer is a model."""
    base = residual(k)
    base = k.Model(base.input, base.get_layer("features").output, name="base")
    return k.Sequential([base, k.layers.Dropout(0.3), k.layers.Dense(3, activation="softmax")])


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("build", [residual, xception, vgg, transferred])
def test_saved_models_are_read(keras, tmp_path, build, suffix):
    model = with_statistics(build(keras))
    model.save(tmp_path / f"model{suffix}")
    same(model, load_keras_model(tmp_path / f"model{suffix}"))


@pytest.mark.parametrize("build", [xception, vgg])
def test_models_of_keras_2_are_read(keras, tmp_path, build):
    pytest.importorskip("h5py")
    from networks import old_keras

    model = with_statistics(build(keras))
    if build is vgg:
        # Keras 2 had no such layers, or no such settings.
        kept = [layer for layer in model.layers if layer.name.split("_")[0] in
                ("conv2d", "batch", "max", "leaky", "flatten", "dense", "dropout")]  # fmt: skip
        model = keras.Sequential([keras.Input((24, 24, 1)), *kept[:3]])
        for layer in (keras.layers.LeakyReLU(0.3), keras.layers.Flatten(), keras.layers.Dense(3)):
            model.add(layer)
        model = with_statistics(model)
    config = old_keras.old_sequence(model) if build is vgg else old_keras.old_functional(model)
    old_keras.write(tmp_path / "model.hdf5", model, config)
    same(model, load_keras_model(tmp_path / "model.hdf5"))


def rewritten(path, change):
    """Change the settings in a ``.keras`` file."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    change(config)
    members["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


@pytest.fixture
def saved(keras, tmp_path):
    layers = [keras.layers.Flatten(), keras.layers.Dense(3, name="odd")]
    path = tmp_path / "model.keras"
    keras.Sequential([keras.Input((24, 24, 1)), *layers]).save(path)
    return path


def test_code_in_a_file_is_not_run(saved):
    def change(config):
        layer = config["config"]["layers"][-1]
        layer["module"], layer["class_name"] = "os", "system"
        layer["registered_name"] = "os.system"

    rewritten(saved, change)
    with pytest.raises(NetworkError, match="layer 'odd' is a system, which cannot be converted"):
        load_keras_model(saved)


@pytest.mark.parametrize(
    "code",
    [
        {"class_name": "function", "config": "system", "module": "os", "registered_name": "system"},
        {"class_name": "__lambda__", "config": {"value": "4wAAAA=="}},
    ],
)
def test_functions_in_a_file_are_not_unpacked(saved, code):
    def change(config):
        config["config"]["layers"][-1]["config"]["activation"] = code

    rewritten(saved, change)
    with pytest.raises(NetworkError, match="layer 'odd' has a function of its own"):
        load_keras_model(saved)


def test_what_only_training_needs_is_left_out(saved):
    def change(config):
        odd = {"module": "mine", "class_name": "Odd", "config": {}, "registered_name": "mine>Odd"}
        config["config"]["layers"][-1]["config"]["kernel_regularizer"] = odd
        config["compile_config"] = {"optimizer": odd, "loss": odd}

    rewritten(saved, change)
    assert load_keras_model(saved).output_shape == (None, 3)


def test_other_files_are_refused(keras, saved, tmp_path):
    text = tmp_path / "text.h5"
    text.write_text("hello")
    cut = tmp_path / "cut.keras"
    cut.write_bytes(saved.read_bytes()[:-100])
    weights = tmp_path / "model.weights.h5"
    load_keras_model(saved).save_weights(weights)
    for path, why in (
        (text, "not a model that Keras saved"),
        (cut, "not a model or damaged"),
        (weights, "has weights but no model"),
        (tmp_path / "none.h5", "no such file"),
        (tmp_path, "a folder; load it with TensorFlow"),
    ):
        with pytest.raises(NetworkError, match=f"^{re.escape(str(path))}: {why}.*") as caught:
            load_keras_model(path)
        assert "\n" not in str(caught.value)
        assert "; " in str(caught.value)

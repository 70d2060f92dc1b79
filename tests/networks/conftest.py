from importlib.util import find_spec

import pytest

from landmark_emotion.networks.keras import keras as keras_on_jax


@pytest.fixture(scope="session")
def keras():
    # Not imported here, since Keras would choose another backend.
    if not (find_spec("keras") and find_spec("jax")):
        pytest.skip("needs Keras and JAX")
    return keras_on_jax()

import pytest

from landmark_emotion.batch import make_settings
from landmark_emotion.model.classifier import default_model, load_model


@pytest.fixture(scope="session")
def settings():
    return make_settings(load_model(default_model()))

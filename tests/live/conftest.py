from pathlib import Path

import pytest

from landmark_emotion.model.classifier import SHIPPED


@pytest.fixture(scope="session")
def model() -> Path:
    """The shipped model, so that these tests train none."""
    return SHIPPED[-1]

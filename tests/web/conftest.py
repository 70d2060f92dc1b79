from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def model() -> Path:
    """The shipped model, which recognizes drawn faces too and needs no training."""
    return Path(__file__).parents[2] / "models" / "default.npz"

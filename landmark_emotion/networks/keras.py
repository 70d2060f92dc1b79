"""Keras on the JAX backend, imported when it is needed."""

import os
from functools import lru_cache
from typing import Any

from landmark_emotion.errors import MissingPackageError, reason


@lru_cache(maxsize=1)
def keras() -> Any:
    """Import Keras with the JAX backend, whatever backend the user's settings name.

    Raises
    ------
    MissingPackageError
        If Keras or JAX is not installed.
    """
    before = os.environ.get("KERAS_BACKEND")
    os.environ["KERAS_BACKEND"] = "jax"
    try:
        import jax  # noqa: F401  # Keras would report its absence less clearly
        import keras as module
    except ImportError as error:
        raise MissingPackageError(
            f"{error.name or 'keras'}: not installed or unusable ({reason(error)}); networks need "
            "Keras and JAX: run \"pip install 'landmark-emotion[network]'\""
        ) from error
    finally:
        if before is None:
            del os.environ["KERAS_BACKEND"]
        else:
            os.environ["KERAS_BACKEND"] = before
    return module

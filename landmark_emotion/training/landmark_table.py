"""Landmark tables: the landmarks and labels of samples, stored as an ``.npz`` of plain arrays."""

import io
import os
import re
import sys
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.emotions import class_name, parse_emotion
from landmark_emotion.errors import DatasetError, unreadable
from landmark_emotion.files.npz import load_arrays
from landmark_emotion.files.writing import replace_atomically
from landmark_emotion.model.face import N_LANDMARKS, Landmarks, check_landmarks

MAX_BYTES = 2**30

_REMEDY = "make one with 'landmark-emotion extract'"
_TEXTS = ("emotion", "subject", "sequence", "source")
_OPTIONAL = ("measured", "appearance")
_LARGEST = 1e6  # that a network says of a face


@dataclass(frozen=True)
class LandmarkTable:
    """Landmarks and labels of n samples.

    Attributes
    ----------
    landmarks : ndarray of shape (n, 68, 2)
        Pixels, as (x, y).
    emotion : ndarray of shape (n,), str
        Each one of `emotions.EMOTIONS` or another class.
    subject : ndarray of shape (n,), str
        The person; empty if unknown.
    sequence : ndarray of shape (n,), str
        The recording that the image is a frame of; empty if unknown.
    source : ndarray of shape (n,), str
        Path of the image; empty if unknown.
    drawn : bool
        Whether any of the faces are drawn.
    measured : ndarray of shape (n, m, 68, 2) or None
        Landmarks of each face from m variants of its box, from which training learns how much
        measurements differ; None if there are none.
    appearance : ndarray of shape (n, f), float32, or None
        What a network says of each face; see `networks.network.Network.appearance`.
    network : str
        The digest of that network; empty if there is none.
    """

    landmarks: Landmarks
    emotion: NDArray[np.str_]
    subject: NDArray[np.str_]
    sequence: NDArray[np.str_]
    source: NDArray[np.str_]
    drawn: bool = False
    measured: Landmarks | None = None
    appearance: NDArray[np.float32] | None = None
    network: str = ""

    def __post_init__(self) -> None:
        if self.landmarks.ndim != 3 or self.landmarks.shape[1:] != (N_LANDMARKS, 2):
            raise ValueError(f"landmarks must have shape (n, 68, 2), got {self.landmarks.shape}")
        for name in _TEXTS:
            if getattr(self, name).shape != (len(self),):
                raise ValueError(f"{name} must have shape ({len(self)},)")
        if self.measured is not None:
            shape = self.measured.shape
            if shape != (len(self), *shape[1:2], N_LANDMARKS, 2) or not shape[1]:
                raise ValueError(f"measured must have shape (n, m, 68, 2), got {shape}")
        if self.appearance is not None:
            shape = self.appearance.shape
            if len(shape) != 2 or shape[0] != len(self):
                raise ValueError(f"appearance must have shape ({len(self)}, f), got {shape}")
        if (self.appearance is None) != (self.network == ""):
            raise ValueError("appearance and the digest of its network must be given together")

    def __len__(self) -> int:
        return len(self.landmarks)

    def take(self, which: NDArray[Any]) -> "LandmarkTable":
        """Return the samples at the given indices or where a mask of shape (n,) is true."""
        arrays = {name: getattr(self, name)[which] for name in ("landmarks", *_TEXTS)}
        for name in _OPTIONAL:
            array = getattr(self, name)
            arrays[name] = None if array is None else array[which]
        return replace(self, **arrays)

    @property
    def subjects_known(self) -> bool:
        """Whether every sample names its subject."""
        return bool(len(self)) and bool(np.all(self.subject != ""))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the table to an ``.npz`` file, whole or not at all.

        Raises
        ------
        OutputError
            If the file cannot be written.
        """
        buffer = io.BytesIO()
        arrays = {name: getattr(self, name) for name in _TEXTS}
        for name in ("landmarks", *_OPTIONAL):
            if getattr(self, name) is not None:
                arrays[name] = getattr(self, name).astype(np.float32)
        if self.network:
            arrays["network"] = np.array(self.network)
        np.savez_compressed(buffer, **arrays, drawn=np.array(self.drawn))
        replace_atomically(Path(path), buffer.getvalue())


def load_table(path: str | os.PathLike[str]) -> LandmarkTable:
    """Read a landmark table. Nothing in the file is executed.

    Parameters
    ----------
    path : path-like
        An ``.npz`` with arrays landmarks (n, 68, 2) and emotion (n,), and optionally subject,
        sequence, source (n,), measured (n, m, 68, 2), appearance (n, f), network () and drawn ().
        Aliases of emotions become
        their standard names; other names are classes of their own.

    Raises
    ------
    DatasetError
        If the file is missing, damaged or not a landmark table, or has impossible landmarks or
        class names.
    """
    path = Path(path)
    try:
        arrays = load_arrays(path, (field.name for field in fields(LandmarkTable)), most=MAX_BYTES)
    except FileNotFoundError as error:
        raise DatasetError(f"{path}: no such landmark table; check the path") from error
    except OSError as error:
        raise DatasetError(unreadable(path, error)) from error
    except ValueError as error:
        raise DatasetError(
            f"{path}: not a landmark table or damaged ({error}); {_REMEDY}"
        ) from error
    try:
        return _checked(arrays)
    except ValueError as error:
        raise DatasetError(f"{path}: {error}; {_REMEDY}") from error


def _checked(arrays: dict[str, NDArray[Any]]) -> LandmarkTable:
    """Make a table of arrays from a file, or raise a ValueError that says what is wrong."""
    for name in ("landmarks", "emotion"):
        if name not in arrays:
            raise ValueError(f"has no array '{name}'")
    n = len(arrays["landmarks"]) if arrays["landmarks"].ndim else 0
    landmarks = _points(arrays, "landmarks", "(n, 68, 2)", (n, N_LANDMARKS, 2))
    measured = None
    if "measured" in arrays:
        m = arrays["measured"].shape[1] if arrays["measured"].ndim > 1 else 0
        shape = (n, max(m, 1), N_LANDMARKS, 2)
        measured = _points(arrays, "measured", "(n, m, 68, 2)", shape)
    texts = {}
    for name in _TEXTS:
        array = arrays.get(name, np.full(n, ""))
        if array.shape != (n,) or array.dtype.kind not in "Uiu":
            raise ValueError(f"'{name}' must be {n} strings")
        if array.dtype.kind == "U" and not _is_unicode(array):
            raise ValueError(f"'{name}' has damaged text")
        texts[name] = array.astype(np.str_)
    drawn = arrays.get("drawn", np.array(False))
    if drawn.shape != () or drawn.dtype != np.bool_:
        raise ValueError("'drawn' must be true or false")
    names = np.unique(texts["emotion"]).tolist()
    known = {name: parse_emotion(name) or class_name(name) for name in names}
    texts["emotion"] = np.array([known[name] for name in texts["emotion"].tolist()], dtype=np.str_)
    appearance, network = _appearance(arrays, n)
    return LandmarkTable(
        landmarks=landmarks,
        **texts,
        drawn=bool(drawn),
        measured=measured,
        appearance=appearance,
        network=network,
    )


def _appearance(arrays: dict[str, NDArray[Any]], n: int) -> tuple[NDArray[np.float32] | None, str]:
    network = arrays.get("network", np.array(""))
    if network.shape != () or network.dtype.kind != "U" or not _is_unicode(network.reshape(1)):
        raise ValueError("'network' must be a string")
    if not re.fullmatch(r"([0-9a-f]{64})?", str(network)):
        raise ValueError("'network' must be the digest of a network")
    if "appearance" not in arrays:
        return None, ""
    array = arrays["appearance"]
    if array.ndim != 2 or len(array) != n or array.dtype.kind != "f":
        raise ValueError(f"'appearance' must be numbers of shape ({n}, f), got {array.shape}")
    with np.errstate(all="ignore"):  # of large doubles
        appearance = array.astype(np.float32)
    if not (np.abs(appearance) < _LARGEST).all():
        raise ValueError("'appearance' has impossible numbers")
    if not str(network):
        raise ValueError("has an array 'appearance' but no 'network' that says of which network")
    return appearance, str(network)


def _points(
    arrays: dict[str, NDArray[Any]], name: str, expected: str, shape: tuple[int, ...]
) -> Landmarks:
    array = arrays[name]
    if array.shape != shape or array.dtype.kind not in "fiu":
        raise ValueError(f"'{name}' must be numbers of shape {expected}, got {array.shape}")
    with np.errstate(all="ignore"):  # of long doubles
        return check_landmarks(array)


def _is_unicode(texts: NDArray[np.str_]) -> bool:
    """Return whether NumPy strings, which may contain any 32-bit numbers, are valid Unicode."""
    if not texts.size or not texts.dtype.itemsize:
        return True
    numbers = np.ascontiguousarray(texts).view(f"{texts.dtype.byteorder}u4")
    return bool(numbers.max() <= sys.maxunicode)

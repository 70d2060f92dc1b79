"""The shape predictor's model: an ensemble of regression trees, read from dlib's file.

A ``.dat`` file of dlib is a stream without an index. An integer is a length byte, whose highest
bit is the sign, and that many little-endian bytes; a float is an integer mantissa and an integer
exponent of two.
"""

import hashlib
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import PredictorError, unreadable
from landmark_emotion.model.face import N_LANDMARKS

MAX_BYTES = 2**28
MAX_CASCADES = 50
MAX_TREES = 5000  # per cascade
MAX_DEPTH = 8
MAX_PIXELS = 4096  # per cascade

_REMEDY = "use shape_predictor_68_face_landmarks.dat, or omit --predictor"
_NEGATIVE, _LENGTH = 0x80, 0x0F
_LOW_BYTES = np.array([0, 0xFF, 0xFFFF, 0xFFFFFF, 0xFFFFFFFF] + [0] * 11, dtype=np.uint32)
_POWERS = np.ldexp(1.0, np.arange(-255, 256))


@dataclass(frozen=True)
class RegressionTrees:
    """An ensemble of regression trees (Kazemi and Sullivan 2014).

    The model has c cascades of t complete binary trees with n splits and n + 1 leaves; each
    cascade compares f pixels. Coordinates are relative to the face's box, which is the unit square.

    Attributes
    ----------
    initial : ndarray of shape (136,), float32
        The mean shape, as x, y, x, y, ...
    anchors : ndarray of shape (c, f), uint16
        The landmark that each pixel moves with.
    offsets : ndarray of shape (c, f, 2), float32
        From that landmark to the pixel, in the mean shape.
    pixels : ndarray of shape (c, t, n, 2), uint16
        The two pixels that each split compares.
    thresholds : ndarray of shape (c, t, n), float32
        A larger difference of gray levels leads to the left.
    leaves : ndarray of shape (c, t, n + 1, 136), float32
        What each leaf adds to the shape.
    """

    initial: NDArray[np.float32]
    anchors: NDArray[np.uint16]
    offsets: NDArray[np.float32]
    pixels: NDArray[np.uint16]
    thresholds: NDArray[np.float32]
    leaves: NDArray[np.float32]

    def __post_init__(self) -> None:
        c, t, n = self.thresholds.shape
        f = self.anchors.shape[1]
        shapes = {
            "initial": (2 * N_LANDMARKS,),
            "anchors": (c, f),
            "offsets": (c, f, 2),
            "pixels": (c, t, n, 2),
            "thresholds": (c, t, n),
            "leaves": (c, t, n + 1, 2 * N_LANDMARKS),
        }
        for field in fields(self):
            array = getattr(self, field.name)
            dtype = np.uint16 if field.name in ("anchors", "pixels") else np.float32
            if array.shape != shapes[field.name] or array.dtype != dtype:
                raise ValueError(f"{field.name} must be {dtype.__name__} {shapes[field.name]}")
        if (n + 1) & n or self.anchors.max() >= N_LANDMARKS or self.pixels.max() >= f:
            raise ValueError("the trees must be complete and refer to pixels and landmarks there")


def read_trees(path: Path) -> tuple[RegressionTrees, str]:
    """Read a shape predictor as dlib writes it.

    Parameters
    ----------
    path : Path
        The ``.dat`` file, of at most 256 MB.

    Returns
    -------
    trees : RegressionTrees
        The model.
    digest : str
        SHA-256 of the file, in hexadecimal.

    Raises
    ------
    PredictorError
        If the file cannot be read or is no predictor of 68 landmarks.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PredictorError(f"{path}: larger than 256 MB; {_REMEDY}")
        data = path.read_bytes()
    except OSError as error:
        raise PredictorError(unreadable(path, error)) from error
    digest = hashlib.sha256(data).hexdigest()
    try:
        return _Stream(data).trees(), digest
    except _OtherLandmarksError as error:
        raise PredictorError(f"{path}: {error} instead of 68; {_REMEDY}") from error
    except (ValueError, IndexError) as error:
        raise PredictorError(f"{path}: not a shape predictor or damaged; {_REMEDY}") from error


class _OtherLandmarksError(ValueError):
    """The predictor has another number of landmarks."""


class _Stream:
    """Reads dlib's stream; many equal parts at different places are read at once."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        padded = np.frombuffer(data + bytes(16), dtype=np.uint8)
        self._bytes = padded
        self._words: NDArray[np.uint32] = np.ndarray(
            (len(data) + 12,), "<u4", padded.data, strides=(1,)
        )
        self._at = 0

    def trees(self) -> RegressionTrees:
        if self._integer() != 1:
            raise ValueError("another version")
        rows, columns = self._integer(), self._integer()  # dlib marks a matrix by negative sizes
        if columns != -1 or not -2000 < rows < 0:
            raise ValueError("no shape")
        if rows != -2 * N_LANDMARKS:
            raise _OtherLandmarksError(f"predicts {-rows // 2} landmarks")
        initial, (self._at,) = self._floats(np.array([self._at]), 2 * N_LANDMARKS)
        cascades = self._integer(MAX_CASCADES)
        # Every leaf begins with these sizes, which no float in the file can look like.
        sizes = b"\x81" + bytes([-rows]) + b"\x81\x01"
        starts = self._find(sizes) + len(sizes)
        leaves, ends = self._floats(starts[1:], 2 * N_LANDMARKS)
        ahead = self._at
        trees, splits = self._integer(MAX_TREES), self._integer(2**MAX_DEPTH)
        self._at = ahead
        if len(leaves) != cascades * trees * (splits + 1) or not len(leaves):
            raise ValueError("leaves are missing")
        pixels, thresholds = self._splits(starts[1:], ends, (cascades, trees, splits))
        self._at = int(ends[-1])
        anchors = self._vectors(cascades, 1).astype(np.int64)
        offsets = self._vectors(cascades, 4)
        if self._at != len(self._data) or min(anchors.min(), pixels.min()) < 0:
            raise ValueError("something follows")
        return RegressionTrees(
            initial[0],
            anchors.astype(np.uint16),
            (offsets[..., ::2] * _POWERS[offsets[..., 1::2] + 255]).astype(np.float32),
            pixels.astype(np.uint16),
            thresholds,
            leaves.reshape(cascades, trees, splits + 1, -1),
        )

    def _find(self, pattern: bytes) -> NDArray[np.int64]:
        most = len(self._data) // (4 * N_LANDMARKS)  # fewer bytes than the shortest leaf has
        places, place = [], self._data.find(pattern)
        while place >= 0:
            places.append(place)
            place = self._data.find(pattern, place + 1)
            if len(places) > most:
                raise ValueError("more leaves than the file has room for")
        return np.array(places, dtype=np.int64)

    def _integer(self, most: int = 2**31) -> int:
        head = self._data[self._at]
        digits = self._data[self._at + 1 : self._at + 1 + (head & _LENGTH)]
        if not 1 <= len(digits) == head & _LENGTH:
            raise ValueError("no number")
        self._at += 1 + len(digits)
        value = int.from_bytes(digits, "little")
        if value > most:
            raise ValueError("a number is too large")
        return -value if head & _NEGATIVE else value

    def _integers(self, at: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Read an integer at each place; return them and the places behind them."""
        head = self._bytes[at]
        length = (head & _LENGTH).astype(np.int64)
        after = at + 1 + length
        if length.max() > 4 or length.min() < 1 or after.max() > len(self._data):
            raise ValueError("no number")
        value = (self._words[at + 1] & _LOW_BYTES[length]).astype(np.int64)
        return np.where(head & _NEGATIVE, -value, value), after

    def _float(self, at: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Read a float at each place; return them and the places behind them."""
        mantissa, at = self._integers(at)
        exponent, at = self._integers(at)
        if np.abs(exponent).max() > 255:
            raise ValueError("no number of a face")
        return np.asarray(mantissa * _POWERS[exponent + 255], dtype=np.float64), at

    def _floats(
        self, at: NDArray[np.int64], n: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Read n floats from each place on, (len(at), n); return them and the places behind."""
        values = np.empty((len(at), n), dtype=np.float32)
        for column in range(n):
            values[:, column], at = self._float(at)
        return values, at

    def _splits(
        self, starts: NDArray[np.int64], ends: NDArray[np.int64], shape: tuple[int, int, int]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Read the splits of all trees, which stand between their leaves."""
        cascades, trees, splits = shape
        # The splits of a tree follow the last leaf of the tree before it.
        at = np.concatenate([[self._at], ends[splits :: splits + 1][:-1]])
        first = slice(None, None, trees)
        sizes, at[first] = self._integers(at[first])
        n_splits, at = self._integers(at)
        pixels = np.empty((cascades * trees, splits, 2), dtype=np.int64)
        thresholds = np.empty((cascades * trees, splits), dtype=np.float32)
        if (sizes != trees).any() or (n_splits != splits).any():
            raise ValueError("trees of different sizes")
        for split in range(splits):
            pixels[:, split, 0], at = self._integers(at)
            pixels[:, split, 1], at = self._integers(at)
            thresholds[:, split], at = self._float(at)
        n_leaves, at = self._integers(at)
        before = starts.reshape(-1, splits + 1) - 4
        inner = ends.reshape(-1, splits + 1)[:, :-1]
        if (n_leaves != splits + 1).any() or (at != before[:, 0]).any():
            raise ValueError("leaves are not where they belong")
        if (inner != before[:, 1:]).any():
            raise ValueError("something stands between leaves")
        return pixels.reshape(*shape, 2), thresholds.reshape(shape)

    def _vectors(self, n: int, each: int) -> NDArray[np.int64]:
        """Read n vectors of one length whose items are `each` integers: (n, length[, each])."""
        if self._integer(MAX_CASCADES) != n:
            raise ValueError("another number of cascades")
        rows = []
        for _ in range(n):
            length = self._integer(MAX_PIXELS)
            row = [self._integer() for _ in range(length * each)]
            rows.append(row)
        array = np.array(rows, dtype=np.int64)
        return array if each == 1 else array.reshape(n, -1, each)

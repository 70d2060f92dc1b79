"""Landmarks to a fraction of a pixel from dlib's 68-point shape predictor.

The trees are those of dlib's file and so are the landmarks, but not rounded to whole pixels. NumPy
evaluates them and, where the extra ``fast`` (Numba) is installed, machine code as soon as it is
loaded.
"""

import contextlib
import hashlib
import importlib.util
import io
import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from landmark_emotion.errors import OutputError, PredictorError, unreadable
from landmark_emotion.faces.trees import RegressionTrees, read_trees
from landmark_emotion.files.folders import user_folder
from landmark_emotion.files.writing import replace_together
from landmark_emotion.model.face import N_LANDMARKS, Landmarks

PREDICTOR_NAME = "shape_predictor_68_face_landmarks.dat"

# Loading Numba takes half a second, so it begins, on another thread, after this many boxes. A
# single image is done before, and a video does not begin with a pause.
LOAD_AFTER = 50
_COMPILED = "landmark_emotion.faces.compiled"

_FORMAT = 1  # of what is kept in the cache
_KEPT = 3  # predictors of which the cache keeps the trees; 65 MB each

Evaluate = Callable[[NDArray[np.uint8], NDArray[np.float64]], Landmarks]


class LandmarkPredictor:
    """Predicts the 68 landmarks of a face whose box is known.

    Reading dlib's file takes seconds, so the trees are kept in the user's cache, memory-mapped:
    later starts take milliseconds, and processes share the memory. Several threads may use one
    predictor. Landmarks are the same to the last bit whether NumPy or machine code evaluates them.

    Parameters
    ----------
    path : path-like, optional
        The shape predictor's file; otherwise the one that `find_predictor` finds.

    Raises
    ------
    PredictorError
        If there is no such file, or it is not a 68-point shape predictor.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        trees, self.digest = _cached_trees(find_predictor(path))
        self._trees = trees
        self._evaluate: Evaluate = VectorizedTrees(trees).evaluate
        self._boxes_left = LOAD_AFTER
        self._lock = threading.Lock()
        if _COMPILED in sys.modules:
            self.load_compiled()

    def landmarks(self, gray: NDArray[np.uint8], boxes: ArrayLike) -> Landmarks:
        """Predict the landmarks of faces, or of one face in several boxes.

        Parameters
        ----------
        gray : ndarray of shape (height, width), uint8
            The image. What lies outside counts as black.
        boxes : array_like of shape (n, 4)
            Left, top, width and height in pixels; fractions are allowed.

        Returns
        -------
        ndarray of shape (n, 68, 2)
            Pixels, as (x, y).
        """
        boxes = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
        if self._boxes_left > 0:
            with self._lock:
                before, self._boxes_left = self._boxes_left, self._boxes_left - len(boxes)
            if before > 0 >= before - len(boxes):
                threading.Thread(target=self.load_compiled, name="loads Numba").start()
        return self._evaluate(np.ascontiguousarray(gray), boxes)

    def load_compiled(self) -> None:
        """Load the machine code now, if Numba is installed; otherwise it is after some boxes."""
        self._boxes_left = 0
        if importlib.util.find_spec("numba") is None:
            return
        # Numba fails with a version of NumPy unknown to it, and if it has no folder in which it can
        # cache the machine code.
        with contextlib.suppress(ImportError, RuntimeError, OSError):
            from landmark_emotion.faces.compiled import CompiledTrees

            self._evaluate = CompiledTrees(self._trees).evaluate


def find_predictor(path: str | os.PathLike[str] | None = None) -> Path:
    """Find the shape predictor's file.

    Parameters
    ----------
    path : path-like, optional
        A file to use instead of searching.

    Returns
    -------
    Path
        The given file; else ``models/shape_predictor_68_face_landmarks.dat`` in the current
        folder; else the one in the package face_recognition_models.

    Raises
    ------
    PredictorError
        If there is none.
    """
    if path is not None:
        if not Path(path).is_file():
            raise PredictorError(f"{path}: no shape predictor; check the path, or omit --predictor")
        return Path(path)
    candidates = [Path("models") / PREDICTOR_NAME]
    # Importing the package would need pkg_resources, which new versions of setuptools lack.
    package = importlib.util.find_spec("face_recognition_models")
    if package is not None and package.origin is not None:
        candidates.append(Path(package.origin).parent / "models" / PREDICTOR_NAME)
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise PredictorError(
        f"{PREDICTOR_NAME}: no shape predictor; run 'pip install face_recognition_models', "
        "put the file into models/ or name it with --predictor"
    )


def predictor_digest(path: str | os.PathLike[str] | None = None) -> str:
    """Compute the SHA-256 of a shape predictor's file, in hexadecimal.

    Parameters
    ----------
    path : path-like, optional
        As for `LandmarkPredictor`, whose cache also keeps the digest.

    Raises
    ------
    PredictorError
        As for `LandmarkPredictor`.
    """
    return _cached_trees(find_predictor(path))[1]


def _cached_trees(path: Path) -> tuple[RegressionTrees, str]:
    try:
        status = path.stat()
    except OSError as error:
        raise PredictorError(unreadable(path, error)) from error
    key = json.dumps([_FORMAT, str(path.resolve()), status.st_size, status.st_mtime_ns])
    cache = user_folder("cache")
    if cache is None:
        return read_trees(path)
    folder = cache / "predictors" / hashlib.sha256(key.encode()).hexdigest()[:16]
    try:
        return _load(folder)
    # A cache that is missing or damaged is rewritten.
    except (OSError, ValueError, KeyError, EOFError):
        trees, digest = read_trees(path)
        _keep(folder, trees, digest)
        return trees, digest


def _load(folder: Path) -> tuple[RegressionTrees, str]:
    arrays = {
        name: np.load(folder / f"{name}.npy", mmap_mode="r" if name == "leaves" else None)
        for name in RegressionTrees.__dataclass_fields__
    }
    digest = (folder / "sha256.txt").read_text("ascii")
    return RegressionTrees(**arrays), digest


def _keep(folder: Path, trees: RegressionTrees, digest: str) -> None:
    try:
        files = {f"{name}.npy": _npy(getattr(trees, name)) for name in vars(trees)}
        # The digest is put in place last and tells that the others are there.
        replace_together(folder, files | {"sha256.txt": digest.encode()})
        others = sorted(folder.parent.iterdir(), key=lambda other: -other.stat().st_mtime)
        for old in others[_KEPT:]:
            for file in old.iterdir():
                file.unlink()
            old.rmdir()
    except (OSError, OutputError):
        return  # the next start takes seconds again


def _npy(array: NDArray[np.generic]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


class VectorizedTrees:
    """Evaluates regression trees by NumPy.

    Sums are taken in single precision and in the order of dlib, so that no split is decided
    differently.

    Parameters
    ----------
    trees : RegressionTrees
        The model.
    """

    def __init__(self, trees: RegressionTrees) -> None:
        c, t, n = trees.thresholds.shape
        self._initial = trees.initial
        mean = trees.initial.astype(np.float64).reshape(-1, 2)
        mean = mean - mean.mean(axis=0)
        # The best similarity from the mean shape to another one, as a product with the latter.
        self._fit = mean / np.square(mean).sum()
        self._anchors = trees.anchors.astype(np.intp)
        self._offsets = trees.offsets
        self._first = trees.pixels[..., 0].reshape(c, -1).astype(np.intp)
        self._second = trees.pixels[..., 1].reshape(c, -1).astype(np.intp)
        # Differences of gray levels are whole numbers.
        limits = np.floor(trees.thresholds.reshape(c, -1))
        self._thresholds = limits.clip(-256, 256).astype(np.int16)
        self._leaves = trees.leaves.reshape(c, t * (n + 1), -1)
        self._roots = np.arange(t) * n
        self._first_leaves = np.arange(t) * (n + 1) - n
        self._depth = (n + 1).bit_length() - 1

    def evaluate(self, gray: NDArray[np.uint8], boxes: NDArray[np.float64]) -> Landmarks:
        """Predict as `LandmarkPredictor.landmarks` does."""
        n, n_trees = len(boxes), len(self._roots)
        corner, size = boxes[:, :2], boxes[:, 2:] - 1  # from the first pixel to the last
        shapes = np.tile(self._initial, (n, 1))
        sums = np.empty((n, n_trees + 1, shapes.shape[1]), dtype=np.float32)
        for cascade, leaves in enumerate(self._leaves):
            places = self._places(cascade, shapes) * size[:, np.newaxis] + (
                corner[:, np.newaxis] + 0.5
            )
            reached = self._first_leaves + self._descend(cascade, _levels(gray, np.floor(places)))
            sums[:, 0] = shapes
            for face in range(n):
                leaves.take(reached[face], axis=0, out=sums[face, 1:], mode="clip")
            shapes = sums.sum(axis=1)
        points = shapes.reshape(n, N_LANDMARKS, 2)
        return np.asarray(points * size[:, np.newaxis] + corner[:, np.newaxis], dtype=np.float64)

    def _places(self, cascade: int, shapes: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return where the pixels of a cascade lie in the box, (n, f, 2)."""
        points = shapes.reshape(len(shapes), -1, 2)
        x, y = np.moveaxis(points.astype(np.float64), -1, 0)
        # Summed in the order of the compiled code.
        even = np.cumsum(self._fit[:, 0] * x + self._fit[:, 1] * y, axis=1)[:, -1:]
        odd = np.cumsum(self._fit[:, 0] * y - self._fit[:, 1] * x, axis=1)[:, -1:]
        even, odd = even.astype(np.float32), odd.astype(np.float32)
        dx, dy = self._offsets[cascade].T
        places = points.take(self._anchors[cascade], axis=1)
        places[..., 0] += even * dx - odd * dy
        places[..., 1] += odd * dx + even * dy
        return np.asarray(places, dtype=np.float64)

    def _descend(self, cascade: int, levels: NDArray[np.int16]) -> NDArray[np.intp]:
        """Go from the root of each tree to a leaf; return their numbers, counted from the root."""
        # Deciding all splits at once takes less time than looking up those that are met.
        difference = levels.take(self._first[cascade], axis=1)
        difference -= levels.take(self._second[cascade], axis=1)
        to_the_right = difference <= self._thresholds[cascade]
        row = to_the_right.shape[1] * np.arange(len(levels))[:, np.newaxis]
        root = self._roots + row
        node = np.zeros((len(levels), len(self._roots)), dtype=np.intp)
        for _ in range(self._depth):
            node += node + 1 + to_the_right.take(root + node)
        return node


def _levels(gray: NDArray[np.uint8], places: NDArray[np.float64]) -> NDArray[np.int16]:
    """Take gray levels at whole pixels (x, y); outside the image they are 0."""
    height, width = gray.shape
    column, row = places[..., 0], places[..., 1]
    index = (row * width + column).astype(np.intp)
    levels: NDArray[np.int16] = gray.ravel().take(index, mode="clip").astype(np.int16)
    levels[(column < 0) | (column >= width) | (row < 0) | (row >= height)] = 0
    return levels

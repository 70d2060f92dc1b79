"""The regression trees in machine code, by Numba; the extra ``fast``."""

import numba
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.faces.trees import RegressionTrees
from landmark_emotion.model.face import N_LANDMARKS, Landmarks


class CompiledTrees:
    """Evaluates regression trees in machine code, without the interpreter lock.

    Compiled once; later processes load the code from disk.

    Parameters
    ----------
    trees : RegressionTrees
        The model.

    Raises
    ------
    OSError
        If the code cannot be written to disk. Importing this module raises a RuntimeError if there
        is no folder for it.
    """

    def __init__(self, trees: RegressionTrees) -> None:
        mean = trees.initial.astype(np.float64).reshape(-1, 2)
        mean = mean - mean.mean(axis=0)
        self._arrays = (
            trees.initial,
            mean / np.square(mean).sum(),
            trees.anchors,
            trees.offsets,
            trees.pixels,
            trees.thresholds,
            np.asarray(trees.leaves).reshape(-1),  # numba does not know memory maps
        )
        self.evaluate(np.zeros((1, 1), dtype=np.uint8), np.zeros((0, 4)))  # compiles

    def evaluate(self, gray: NDArray[np.uint8], boxes: NDArray[np.float64]) -> Landmarks:
        """Predict as `LandmarkPredictor.landmarks` does."""
        landmarks = np.empty((len(boxes), N_LANDMARKS, 2))
        _evaluate(gray, boxes, *self._arrays, landmarks)
        return landmarks


@numba.njit(cache=True, nogil=True)
def _evaluate(
    gray: NDArray[np.uint8],
    boxes: NDArray[np.float64],
    initial: NDArray[np.float32],
    fit: NDArray[np.float64],
    anchors: NDArray[np.uint16],
    offsets: NDArray[np.float32],
    pixels: NDArray[np.uint16],
    thresholds: NDArray[np.float32],
    leaves: NDArray[np.float32],
    landmarks: NDArray[np.float64],
) -> None:
    height, width = gray.shape
    n_cascades, n_trees, n_splits = thresholds.shape
    n_faces, n_values = len(boxes), len(initial)
    levels = np.empty(anchors.shape[1], dtype=np.int32)
    starts = np.empty((n_faces, n_trees), dtype=np.uint64)  # of the leaves that are reached
    shapes = np.empty((n_faces, n_values), dtype=np.float32)
    for face in range(n_faces):
        shapes[face] = initial
    # All boxes go through one tree after the other, so that its leaves stay in the processor's
    # cache.
    for cascade in range(n_cascades):
        for face in range(n_faces):
            shape = shapes[face]
            left, top = boxes[face, 0] + 0.5, boxes[face, 1] + 0.5
            across, down = boxes[face, 2] - 1.0, boxes[face, 3] - 1.0
            even, odd = 0.0, 0.0
            for point in range(len(fit)):
                x, y = shape[2 * point], shape[2 * point + 1]
                even += fit[point, 0] * x + fit[point, 1] * y
                odd += fit[point, 0] * y - fit[point, 1] * x
            turn, tilt = np.float32(even), np.float32(odd)
            for pixel in range(len(levels)):
                dx, dy = offsets[cascade, pixel, 0], offsets[cascade, pixel, 1]
                near = 2 * anchors[cascade, pixel]
                x = turn * dx - tilt * dy + shape[near]
                y = tilt * dx + turn * dy + shape[near + 1]
                column = int(np.floor(np.float64(x) * across + left))
                row = int(np.floor(np.float64(y) * down + top))
                inside = 0 <= column < width and 0 <= row < height
                levels[pixel] = gray[row, column] if inside else 0
            for tree in range(n_trees):
                node = 0
                while node < n_splits:
                    first, second = pixels[cascade, tree, node, 0], pixels[cascade, tree, node, 1]
                    difference = levels[first] - levels[second]
                    # Without a branch, which the processor could not predict.
                    node = 2 * node + 2 - (difference > thresholds[cascade, tree, node])
                leaf = (cascade * n_trees + tree) * (n_splits + 1) + node - n_splits
                starts[face, tree] = leaf * n_values
        # Four leaves at once, as most of the time is spent on waiting for them.
        whole = n_trees - n_trees % 4
        for tree in range(0, whole, 4):
            for face in range(n_faces):
                one, two = starts[face, tree], starts[face, tree + 1]
                three, four = starts[face, tree + 2], starts[face, tree + 3]
                for value in range(np.uint64(n_values)):
                    shapes[face, value] = (
                        shapes[face, value]
                        + leaves[one + value]
                        + leaves[two + value]
                        + leaves[three + value]
                        + leaves[four + value]
                    )
        for tree in range(whole, n_trees):
            for face in range(n_faces):
                for value in range(np.uint64(n_values)):
                    shapes[face, value] += leaves[starts[face, tree] + value]
    for face in range(n_faces):
        for point in range(len(fit)):
            landmarks[face, point, 0] = (
                shapes[face, 2 * point] * (boxes[face, 2] - 1.0) + boxes[face, 0]
            )
            landmarks[face, point, 1] = (
                shapes[face, 2 * point + 1] * (boxes[face, 3] - 1.0) + boxes[face, 1]
            )

"""Small convolutional networks that classify the picture of a face, evaluated by OpenCV."""

import hashlib
import os
import threading
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import NetworkError, reason, unreadable
from landmark_emotion.files.reading import read_whole
from landmark_emotion.model.face import Face
from landmark_emotion.networks.crop import box_transform, crop_transform, warped
from landmark_emotion.networks.graph import Cost, check
from landmark_emotion.networks.head import linear_head
from landmark_emotion.networks.onnx_file import MAX_BYTES, OnnxFile, parse
from landmark_emotion.networks.simplify import without_unused
from landmark_emotion.networks.spec import KEY, NetworkSpec, log_scores, normalize

_PACKAGE = Path(__file__).resolve().parents[1]
SHIPPED = (_PACKAGE / "shipped" / "network.onnx", _PACKAGE.parent / "models" / "network.onnx")
"""Where the network that comes with the program is: in a package, in a checkout."""

_REMEDY = "use a file that 'landmark-emotion import-network' wrote"


class Network:
    """A network that is ready to be evaluated; safe to share between threads, which take turns.

    Parameters
    ----------
    data : bytes
        An ONNX file with the metadata of a `NetworkSpec`.

    Attributes
    ----------
    spec : NetworkSpec
        What it takes and gives.
    cost : Cost
        What an evaluation takes.
    digest : str
        Equal for networks that give the same `appearance`, whatever their heads.

    Raises
    ------
    ValueError
        If the file is anything else. The text is a single line.
    """

    def __init__(self, data: bytes) -> None:
        if len(data) > MAX_BYTES:
            raise ValueError(f"has more than {MAX_BYTES / 2**20:.0f} MB")
        file = parse(data)
        if KEY not in file.metadata:
            raise ValueError("is not a network of this program")
        self.spec = NetworkSpec.from_json(file.metadata[KEY])
        if tuple(file.inputs.values()) != (self.spec.input_shape,):
            raise ValueError("takes other pictures than its metadata say")
        if dict(file.outputs) != self.spec.output_shapes:
            raise ValueError("has other outputs than its metadata say")
        self.cost: Cost = check(file)
        self._head = linear_head(file) if self.spec.n_features else None
        self.digest = _digest(file, self.spec, "scores" if self._head is None else "features")
        self._outputs = tuple(self.spec.output_shapes)
        self._lock = threading.Lock()
        try:
            # A cv2.dnn.Net keeps its input and results, so threads must not share it.
            self._net = cv2.dnn.readNetFromONNX(np.frombuffer(data, np.uint8))
            results = self._forward(np.zeros(self.spec.input_shape, np.float32))
        except cv2.error as error:
            raise ValueError(f"cannot be evaluated by OpenCV ({_opencv_reason(error)})") from error
        shapes = [result.shape for result in results]
        if shapes != list(self.spec.output_shapes.values()):
            raise ValueError("gives results of other shapes than its metadata say")
        if not all(np.isfinite(result).all() for result in results):
            raise ValueError("gives numbers that are not finite")

    def evaluate(self, crops: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Compute features and scores of faces.

        Parameters
        ----------
        crops : ndarray of shape (n, size, size) or (n, size, size, 3), uint8
            Pictures of faces, gray or BGR as `spec` says.

        Returns
        -------
        features : ndarray of shape (n, n_features), float32
            The network's description of each face; of length 0 if it has none.
        scores : ndarray of shape (n, k), float32
            Logits, divided by the temperature; their softmax gives the probabilities.

        Raises
        ------
        ValueError
            If the pictures have another shape or type.
        NetworkError
            If the results are not finite.
        """
        spec = self.spec
        expected = (spec.size, spec.size) if spec.channels == 1 else (spec.size, spec.size, 3)
        if crops.dtype != np.uint8 or crops.shape[1:] != expected:
            raise ValueError(
                f"pictures must be uint8 of shape (n, {', '.join(map(str, expected))}), "
                f"got {crops.dtype} of shape {crops.shape}"
            )
        if spec.color == "RGB":
            crops = crops[..., ::-1]
        pictures = normalize(crops, spec.normalization)
        pictures = (
            pictures[:, None] if spec.channels == 1 else pictures.transpose((0, 3, 1, 2)).copy()
        )
        results = {
            name: np.empty((len(crops), shape[1]), np.float32)
            for name, shape in spec.output_shapes.items()
        }
        # OpenCV is not faster for several at once, and allocates anew for each number of them.
        for place in range(len(pictures)):
            found = self._forward(pictures[place : place + 1])
            for name, values in zip(self._outputs, found, strict=True):
                results[name][place] = values[0]
        if not all(np.isfinite(values).all() for values in results.values()):
            raise NetworkError("network: gives numbers that are not finite; use another network")
        features = results.get("features", np.empty((len(crops), 0), np.float32))
        return features, log_scores(results["scores"], spec)

    def probabilities(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Compute the probabilities of faces, of shape (n, k), in the order of `spec.emotions`.

        Parameters and errors are those of `evaluate`.
        """
        _, scores = self.evaluate(crops)
        powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)

    def crop(self, picture: NDArray[np.uint8], face: Face) -> NDArray[np.uint8]:
        """Cut a face out of a picture, BGR, as `evaluate` takes it."""
        crop = warped(picture, self.transform(face), self.spec.size)
        if self.spec.channels == 3:
            return crop
        return np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), dtype=np.uint8)

    def transform(self, face: Face) -> NDArray[np.float64]:
        """Return the transform from `crop` to the picture, as `crop.crop_transform` does."""
        if self.spec.crop == "landmarks":
            return crop_transform(face.landmarks, self.spec.size)
        return box_transform(face.box, self.spec.size)

    def appearance(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Describe faces, each together with its mirror image.

        Parameters
        ----------
        crops : ndarray of shape (n, size, size) or (n, size, size, 3), uint8
            As for `evaluate`.

        Returns
        -------
        ndarray of shape (n, f), float32
            The mean features of both pictures. The mean scores, if the network has no features
            from which one linear layer computes the scores.
        """
        features, scores = self.evaluate(np.concatenate([crops, crops[:, :, ::-1]]))
        both = scores if self._head is None else features
        mean = both.reshape(2, len(crops), -1).mean(axis=0)
        return np.asarray(mean, dtype=np.float32)

    def scores(self, appearance: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compute logits, (n, k), of faces described by `appearance`, (n, f).

        Raises
        ------
        NetworkError
            If it has another length.
        """
        f = len(self.spec.emotions) if self._head is None else self.spec.n_features
        if appearance.shape[1] != f:
            raise NetworkError(
                f"network: describes a face by {f} numbers, not {appearance.shape[1]}; extract the "
                "table again"
            )
        if self._head is None:
            return appearance
        weights, biases = self._head
        return log_scores(appearance @ weights.T + biases, self.spec)

    def _forward(self, picture: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Evaluate one normalized picture of shape `spec.input_shape`."""
        with self._lock:
            self._net.setInput(picture)
            # The results are copies of what the next evaluation overwrites.
            return [np.array(result) for result in self._net.forward(self._outputs)]


def load_network(path: str | os.PathLike[str]) -> Network:
    """Read a network; nothing in the file can run code.

    Parameters
    ----------
    path : path-like
        A file that this program wrote.

    Returns
    -------
    Network
        The network, evaluated once on a black picture.

    Raises
    ------
    NetworkError
        If there is no such file, it is not such a network, or it is damaged.
    """
    path = Path(path)
    try:
        return Network(read_whole(path, MAX_BYTES))
    except FileNotFoundError as error:
        raise NetworkError(f"{path}: no such network; check the path") from error
    except OSError as error:
        raise NetworkError(unreadable(path, error)) from error
    except ValueError as error:
        raise NetworkError(f"{path}: {reason(error)}; {_REMEDY}") from error


def default_network() -> Path | None:
    """Return the file of the network that comes with the program; None if it is missing."""
    return next((path for path in SHIPPED if path.is_file()), None)


def _digest(file: OnnxFile, spec: NetworkSpec, output: str) -> str:
    """Return the SHA-256 of all that an output depends on."""
    nodes, weights = without_unused(file.nodes, file.weights, [output])
    taken = (spec.size, spec.color, spec.crop, spec.normalization)
    digest = hashlib.sha256(repr((taken, nodes, sorted(weights))).encode())
    for _, array in sorted(weights.items()):
        digest.update(repr(array.shape).encode() + array.tobytes())
    return digest.hexdigest()


def _opencv_reason(error: cv2.error) -> str:
    return " ".join(str(error).split())[-80:]

"""Train a network on pictures of faces, epoch by epoch, so that it can be interrupted and resumed.

Needs Keras and JAX; call `networks.keras.keras` first, which says so if they are missing.
"""

import hashlib
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import Notify, TrainingError
from landmark_emotion.files.npz import load_arrays
from landmark_emotion.files.writing import replace_atomically
from landmark_emotion.model.head import softmax
from landmark_emotion.networks.architecture import Architecture, build
from landmark_emotion.networks.keras_to_onnx import to_onnx
from landmark_emotion.networks.learning import (
    Pictures,
    Schedule,
    State,
    begin,
    evaluator,
    learn,
    work_share,
)
from landmark_emotion.networks.network import Network
from landmark_emotion.networks.spec import NetworkSpec
from landmark_emotion.training.heads import fit_temperature
from landmark_emotion.training.metrics import Evaluation, evaluate, log_loss, score
from landmark_emotion.training.parts import Parts
from landmark_emotion.training.pictures import SIZE, VOTED, FacePictures

VERSION = 1
"""Raise it if the same settings and data give another network, or if the state file changes."""

SMALL = Architecture(stem=16, blocks=((32, False), (64, True), (128, True)))

PICTURES_SEEN = 570_000  # in half an hour of processor time by the small network
EPOCHS = (5, 500)
STEPS = 20  # of an epoch, at least; with the pictures of a batch the rate falls
LEAST_BATCH = 16

_COMPARED = 1000  # pictures learned from on which the loss is shown, too
_MOST = 2**31  # bytes of a state file
_BATCH = 512


@dataclass(frozen=True)
class Settings:
    """What a network depends on besides the pictures.

    Attributes
    ----------
    architecture, schedule : Architecture, Schedule
        The network and how it learns.
    seed : int
        Of all random choices.
    dtype : str
        As for `architecture.build`.
    """

    architecture: Architecture = SMALL
    schedule: Schedule = field(default_factory=Schedule)
    seed: int = 0
    dtype: str = "float32"


def usual_schedule(n: int, epochs: int | None = None) -> Schedule:
    """Return how to learn from n pictures, by default in about half an hour of processor time."""
    least, most = EPOCHS
    usual = Schedule()
    batch = max(LEAST_BATCH, min(usual.batch, n // STEPS))
    return replace(
        usual,
        epochs=epochs or min(most, max(least, round(PICTURES_SEEN / n))),
        batch=batch,
        rate=usual.rate * batch / usual.batch,
    )


@dataclass(frozen=True)
class Epoch:
    """Scores after an epoch, of the network with averaged weights.

    Attributes
    ----------
    number : int
        From 1.
    loss, accuracy, macro_f1 : float
        On the pictures to choose by.
    learned_loss, learned_accuracy : float
        On some pictures to learn from.
    """

    number: int
    loss: float
    accuracy: float
    macro_f1: float
    learned_loss: float
    learned_accuracy: float


class Training:
    """A training that can be resumed after every epoch.

    Parameters
    ----------
    parts : Parts
        The pictures.
    settings : Settings
        How to learn.
    file : Path
        Keeps the state: written after every epoch, and read if settings and pictures are the same.
    notify : callable
        Told whether the training is resumed, or why not.

    Attributes
    ----------
    history : list of Epoch
        Finished epochs.
    best : int
        The number of the epoch with the highest accuracy, 0 before the first.
    """

    def __init__(
        self, parts: Parts, settings: Settings, file: Path, notify: Notify = lambda line: None
    ) -> None:
        self.parts, self.settings, self.file = parts, settings, file
        if not len(parts.learn) // min(settings.schedule.batch, len(parts.learn)):
            raise TrainingError("data set: has no images to learn from; add images")
        heads = [len(parts.emotions)] + [len(VOTED)] * (parts.learn.votes is not None)
        self._model = build(settings.architecture, heads, dtype=settings.dtype)
        self._state = begin(self._model, settings.seed)
        self._kept: list[NDArray[Any]] = []  # averaged weights and statistics of the best epoch
        self._keys = {
            "settings": _digest(asdict(settings), heads, parts.emotions, VERSION),
            "pictures": _pictures_digest(parts),
        }
        self.history: list[Epoch] = []
        self.best = 0
        self._resume(notify)

    def epochs(self, on_step: Callable[[float], None] | None = None) -> Iterator[Epoch]:
        """Learn what is left; yield each epoch once its state is on the disk.

        Parameters
        ----------
        on_step : callable, optional
            As for `learning.learn`.

        Raises
        ------
        TrainingError
            If the weights grow beyond all bounds.
        OutputError
            If the state cannot be written.
        """
        choose = to_learn(self.parts.choose, self.parts.emotions)
        some = np.random.default_rng(0).permutation(len(self.parts.learn))[:_COMPARED]
        everything = to_learn(self.parts.learn, self.parts.emotions)
        compared = everything.take(some)
        most = max(len(choose.images), len(compared.images))
        evaluated = evaluator(self._model, SIZE, mirrored=False, batch=min(most, _BATCH))
        states = learn(
            self._model,
            everything,
            self.settings.schedule,
            state=self._state,
            seed=self.settings.seed,
            on_step=on_step,
        )
        for state in states:
            scores, learned = (evaluated(state, pictures)[1] for pictures in (choose, compared))
            epoch = self._scored(scores, learned, compared.targets[0])
            if not np.isfinite(epoch.loss):
                raise TrainingError(
                    f"network: diverged in epoch {epoch.number}; try another --seed, or train on "
                    "more images"
                )
            self.history.append(epoch)
            if epoch.accuracy >= max(e.accuracy for e in self.history):
                self.best = epoch.number
                # Copies, since the next step overwrites the state.
                averaged = (*state.averaged, *state.averaged_statistics)
                self._kept = [np.array(a) for a in averaged]
            self._save(state)
            yield epoch

    def _scored(
        self,
        scores: NDArray[np.float32],
        learned: NDArray[np.float32],
        targets: NDArray[np.float32],
    ) -> Epoch:
        names = np.array(self.parts.emotions)
        truth = self.parts.choose.emotion
        found = score(truth, names[scores.argmax(axis=1)])
        column = targets.argmax(axis=1)
        return Epoch(
            len(self.history) + 1,
            _loss(scores, np.searchsorted(names, truth)),
            found["accuracy"],
            found["macro_f1"],
            _loss(learned, column),
            float((learned.argmax(axis=1) == column).mean()),
        )

    @property
    def done(self) -> float:
        """The share of the work that is done, from 0 to 1."""
        return work_share(self.settings.schedule, len(self.history))

    def result(self) -> "Result":
        """Return the network of the best epoch, calibrated on the pictures that chose it."""
        n = len(self._model.trainable_variables)
        architecture = self.settings.architecture
        return calibrated(architecture, self.parts.emotions, self._kept, n, self.parts.choose)

    def _save(self, state: State) -> None:
        arrays = {
            f"{name}-{i}": np.asarray(array)
            for name, values in state._asdict().items()
            for i, array in enumerate(values if isinstance(values, list) else [values])
        }
        arrays |= {f"kept-{i}": array for i, array in enumerate(self._kept)}
        header = {
            **self._keys,
            "best": self.best,
            "history": [asdict(epoch) for epoch in self.history],
        }
        data = io.BytesIO()
        arrays["header"] = np.array(json.dumps(header))
        np.savez(data, **arrays)  # type: ignore[arg-type]
        replace_atomically(self.file, data.getvalue())

    def _resume(self, notify: Notify) -> None:
        """Continue with the state in the file if there is one that fits."""
        if not self.file.is_file():
            return
        begun = self._state._asdict()
        count = {k: len(v) if isinstance(v, list) else 1 for k, v in begun.items()}
        count["kept"] = len(self._state.weights) + len(self._state.statistics)
        names = [f"{name}-{i}" for name, n in count.items() for i in range(n)]
        try:
            arrays = load_arrays(self.file, ["header", *names], most=_MOST)
            header = json.loads(str(arrays["header"]))
            changed = [key for key, digest in self._keys.items() if header[key] != digest]
            if changed:
                what = " and ".join(changed)
                notify(
                    f"note: {self.file}: is of other {what}; starting anew, which replaces it "
                    "after the first epoch"
                )
                return
            found = {k: [arrays[f"{k}-{i}"] for i in range(n)] for k, n in count.items()}
            history = [Epoch(**epoch) for epoch in header["history"]]
        except (OSError, ValueError, KeyError, TypeError) as error:
            notify(f"note: {self.file}: cannot be resumed from ({error}); starting anew")
            return
        self.history, self.best, self._kept = history, header["best"], found.pop("kept")
        arrays_of: dict[str, Any] = {
            k: [jnp.asarray(a) for a in found[k]] if isinstance(v, list) else jnp.array(found[k][0])
            for k, v in begun.items()
        }
        self._state = State(**arrays_of)


@dataclass(frozen=True)
class Result:
    """A trained network.

    Attributes
    ----------
    model : keras.Model
        Takes standardized crops.
    emotions : tuple of str
        Its classes.
    temperature : float
        Divides its scores.
    """

    model: Any
    emotions: tuple[str, ...]
    temperature: float

    def onnx(self, info: dict[str, Any]) -> bytes:
        """Return the file that `networks.network.load_network` reads; `info` is stored in it."""
        spec = NetworkSpec(self.emotions, SIZE, temperature=self.temperature, info=info)
        return to_onnx(self.model, spec)


def calibrated(
    architecture: Architecture,
    emotions: tuple[str, ...],
    values: Sequence[NDArray[Any]],
    n: int,
    pictures: FacePictures,
) -> Result:
    """Build the network of the first head, and fit its temperature as OpenCV runs it.

    Parameters
    ----------
    architecture : Architecture
        Of the network that learned, with any number of heads.
    emotions : tuple of str
        The classes of the first head.
    values : sequence of ndarray
        Its weights, of which there are `n`, and then its statistics.
    pictures : FacePictures
        That it has not learned from.
    """
    model = build(architecture, [len(emotions)], size=SIZE)
    # The dense layers of the heads come last; that of the votes only helped to learn.
    for variables, numbers in (
        (model.trainable_variables, values[:n]),
        (model.non_trainable_variables, values[n:]),
    ):
        for variable, value in zip(variables, numbers, strict=False):
            variable.assign(value)
    raw = Network(to_onnx(model, NetworkSpec(emotions, SIZE)))
    _, scores = raw.evaluate(pictures.crops)
    return Result(model, emotions, fit_temperature(scores, pictures.emotion, emotions))


def predictions(
    network: Network, pictures: FacePictures, protocol: str, *, mirrored: bool = False
) -> Evaluation:
    """Evaluate a network, as OpenCV runs it, on pictures.

    Parameters
    ----------
    network : Network
        To evaluate.
    pictures : FacePictures
        That it has not learned from.
    protocol : str
        What they are, for the user.
    mirrored : bool
        Whether to take the mean over each picture and its mirror image, as for photos.
    """
    crops = pictures.crops
    _, scores = network.evaluate(crops)
    if mirrored:
        _, others = network.evaluate(np.ascontiguousarray(crops[:, :, ::-1]))
        scores = np.asarray((scores + others) / 2, dtype=np.float32)
    probabilities = softmax(scores.astype(np.float64))
    emotions = network.spec.emotions
    return evaluate(protocol, emotions, pictures.emotion, pictures.subject, probabilities)


def default_dtype() -> str:
    """Return the dtype to learn with: half precision on a GPU."""
    return "mixed_bfloat16" if jax.default_backend() == "gpu" else "float32"


def to_learn(pictures: FacePictures, emotions: tuple[str, ...]) -> Pictures:
    """Return pictures with the targets of each head: classes and, where there are any, votes."""
    targets = [(pictures.emotion[:, None] == np.array(emotions)).astype(np.float32)]
    if pictures.votes is not None:
        targets.append(pictures.votes)
    return Pictures(pictures.images, pictures.transforms, tuple(targets))


def _loss(scores: NDArray[np.float32], column: NDArray[np.intp]) -> float:
    probabilities = softmax(scores.astype(np.float64))
    return log_loss(probabilities[np.arange(len(column)), column])


def _digest(*values: Any) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _pictures_digest(parts: Parts) -> str:
    digest = hashlib.sha256()
    for pictures in (parts.learn, parts.choose):
        votes = b"" if pictures.votes is None else pictures.votes.tobytes()
        emotion = "\n".join(pictures.emotion.tolist()).encode()
        for data in (pictures.images.tobytes(), pictures.transforms.tobytes(), emotion, votes):
            digest.update(hashlib.sha256(data).digest())
    return digest.hexdigest()

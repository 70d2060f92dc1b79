"""Everything that rows depend on besides the files."""

import hashlib
import json
import math
import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from landmark_emotion import __version__
from landmark_emotion.errors import NetworkError, unreadable
from landmark_emotion.faces.detector import MEASUREMENT_VERSION
from landmark_emotion.faces.predictor import find_predictor, predictor_digest
from landmark_emotion.faces.search import detector_version
from landmark_emotion.faces.tracker import DETECT_EVERY
from landmark_emotion.files.reading import read_whole
from landmark_emotion.live.opinion import network_file
from landmark_emotion.live.smoothing import SMOOTHING
from landmark_emotion.model.classifier import EmotionModel
from landmark_emotion.model.neutral import NeutralReference
from landmark_emotion.model.quality import MIN_QUALITY
from landmark_emotion.networks.onnx_file import MAX_BYTES

# Of the options of a recognizer.
OPTIONS = {
    "min_probability": 0.0,
    "min_quality": MIN_QUALITY,
    "smoothing": SMOOTHING,
    "detect_every": DETECT_EVERY,
    "min_face": None,
    "max_faces": None,
    "tracking": True,
    "automatic": False,
}


@dataclass(frozen=True)
class Settings:
    """How files become rows; made by `make_settings`, can be pickled.

    Attributes
    ----------
    known : tuple of (str, object)
        Names and values, or digests of large values. Settings are equal if these are.
    model : EmotionModel
        Without its training history.
    predictor : str
        Path of the shape predictor; another machine may have it elsewhere.
    neutral : NeutralReference or None
        The neutral face to compare with.
    landmarks : bool
        Whether the table has the landmarks; the saved rows may have them anyway.
    network : str or None
        Path of the network that takes part; another machine may have it elsewhere.
    """

    known: tuple[tuple[str, Any], ...]
    model: EmotionModel = field(compare=False, repr=False)
    predictor: str = field(compare=False)
    neutral: NeutralReference | None = field(default=None, compare=False, repr=False)
    landmarks: bool = field(default=False, compare=False)
    network: str | None = field(default=None, compare=False)

    def __getitem__(self, name: str) -> Any:
        return dict(self.known)[name]


def make_settings(
    model: EmotionModel,
    predictor: str | os.PathLike[str] | None = None,
    neutral: NeutralReference | None = None,
    *,
    network: str | os.PathLike[str] | None = "default",
    every: float = 0.0,
    start: float = 0.0,
    end: float = math.inf,
    calibrate: float | None = None,
    landmarks: bool = False,
    people: bool = False,
    **options: Any,
) -> Settings:
    """Collect the settings of a batch.

    Parameters
    ----------
    model : EmotionModel
        The model.
    predictor, neutral, network
        As for `live.recognizer.Recognizer`.
    every : float
        Seconds between the frames of a video that are recognized; 0 for all frames.
    start, end : float
        The part of each video that is recognized, in seconds, as for `video.frames`.
    calibrate : float, optional
        The seconds at the start of each video in which faces are taken as neutral.
    landmarks : bool
        Whether rows have the landmarks.
    people : bool
        Whether to keep what the baselines of people need, so that `run_batch` can take some.
    **options
        Further options of `live.recognizer.Recognizer`: min_probability, min_quality, smoothing,
        detect_every, min_face, max_faces, tracking, automatic.

    Returns
    -------
    Settings
        Equal for equal values, wherever the files of model and predictor are.

    Raises
    ------
    PredictorError
        If there is no such shape predictor.
    NetworkError
        If there is no such network.
    ValueError
        If there is no such option.
    """
    path = find_predictor(predictor).resolve()
    network = network_file(network, model)
    heads = [head for head in (model.static, model.calibrated) if head is not None]
    if unknown := options.keys() - OPTIONS.keys():
        raise ValueError(f"options must be among {sorted(OPTIONS)}, got {sorted(unknown)}")
    known = {
        "model": _digest(
            [*model.emotions, model.prior, *(head.temperature for head in heads)],
            [
                model.mean,
                *(array for head in heads for array in (head.weights, head.biases)),
                *(() if model.familiarity is None else vars(model.familiarity).values()),
            ],
        ),
        "predictor": predictor_digest(path),
        "network": None if network is None else network_digest(network),
        "neutral": None if neutral is None else _digest([neutral.n], [neutral.features]),
        "every": every,
        "from": start or None,  # as in results of earlier versions
        "to": None if end == math.inf else end,
        "calibrate": calibrate,
        "landmarks": landmarks or people,
        **OPTIONS,
        **options,
        "versions": versions(),
    }
    # Workers do not need the model's history, and it cannot be pickled.
    return Settings(
        tuple(known.items()),
        replace(model, info={}),
        str(path),
        neutral,
        landmarks,
        None if network is None else str(network.resolve()),
    )


def network_digest(path: str | os.PathLike[str]) -> str:
    """Return a digest of a network's file.

    Raises
    ------
    NetworkError
        If it cannot be read.
    """
    try:
        return hashlib.sha256(read_whole(Path(path), MAX_BYTES)).hexdigest()
    except FileNotFoundError as error:
        raise NetworkError(f"{path}: no such network; check the path") from error
    except OSError as error:
        raise NetworkError(unreadable(path, error)) from error


def versions() -> str:
    """Return the versions of this program and of the libraries that rows depend on."""
    return f"landmark_emotion {__version__}.{MEASUREMENT_VERSION}, {detector_version()}"


def _digest(values: Iterable[Any], arrays: Iterable[Any]) -> str:
    digest = hashlib.sha256(json.dumps(list(values)).encode())
    for array in arrays:
        digest.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
    return digest.hexdigest()[:16]

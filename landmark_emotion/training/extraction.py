"""Samples become a landmark table: one detection and landmark pass, parallel and cached."""

import contextlib
import hashlib
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import ImageError
from landmark_emotion.faces.detector import MEASUREMENT_VERSION, FaceDetector, detector_version
from landmark_emotion.faces.predictor import find_predictor, predictor_digest
from landmark_emotion.files.cache import open_cache, recall, remember
from landmark_emotion.model.face import N_LANDMARKS
from landmark_emotion.sources.images import read_bytes, read_image
from landmark_emotion.training.datasets import Sample
from landmark_emotion.training.landmark_table import LandmarkTable

NO_FACE = "no face found"

# Starting worker processes costs about as much as measuring this many images.
_WORTH_WORKERS = 24

Progress = Callable[[Iterable[Any], int], Iterable[Any]]
"""Wraps an iterable of known length in a progress bar."""

Measured = tuple[NDArray[np.float32] | None, str]
"""Landmarks of shape (68, 2) and an empty text, or None and why there are none."""


@dataclass(frozen=True)
class Extraction:
    """A landmark table and what became of the other samples.

    Attributes
    ----------
    table : LandmarkTable
        The samples with a face, in the order given.
    skipped : list of (Path, str)
        Every other image, with the reason.
    from_cache : int
        How many results, of both kinds, were known already.
    cache_problem : str
        Why nothing could be cached; empty where all is well.
    """

    table: LandmarkTable
    skipped: list[tuple[Path, str]]
    from_cache: int
    cache_problem: str = ""


def extract(
    samples: list[Sample],
    *,
    predictor: str | os.PathLike[str] | None = None,
    jobs: int = -1,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Extraction:
    """Find the face and the landmarks in every sample.

    Parameters
    ----------
    samples : list of Sample
        Images with their labels.
    predictor : path-like, optional
        The shape predictor's file.
    jobs : int
        Worker processes; -1 for one a core.
    cache : Path, optional
        A folder that remembers results by the image's content and the settings. Only one's own:
        what joblib reads back from it is trusted.
    progress : callable, optional
        Called with an iterable and its length; shows how far it is.

    Returns
    -------
    Extraction
        Of several faces in an image, the largest is taken.

    Raises
    ------
    PredictorError
        If there is no usable shape predictor.
    """
    path = find_predictor(predictor).resolve()
    settings = f"{MEASUREMENT_VERSION}; {predictor_digest(path)}; {detector_version()}"
    memory, cache_problem = open_cache(cache)
    remembered = memory.cache(measure, ignore=["image", "predictor"])

    results: dict[int, Measured] = {}
    by_digest: dict[str, list[int]] = {}
    for index, sample in enumerate(samples):
        try:
            digest = hashlib.sha256(read_bytes(sample.path)).hexdigest()
        except ImageError as error:
            results[index] = (None, reason_of(error, sample.path))
            continue
        by_digest.setdefault(digest, []).append(index)

    from_cache = 0
    pending = []
    for digest, indices in by_digest.items():
        call = (digest, settings, str(samples[indices[0]].path), str(path))
        known = recall(remembered, *call)
        if known is None:
            pending.append((call, indices))
        else:
            results.update(dict.fromkeys(indices, known))
            from_cache += len(indices)

    n_jobs = jobs if len(pending) >= _WORTH_WORKERS else 1
    with kept_from_interrupts() if n_jobs != 1 else contextlib.nullcontext():
        outcomes = joblib.Parallel(n_jobs=n_jobs, return_as="generator")(
            joblib.delayed(remember)(remembered, *call) for call, _ in pending
        )
    if progress is not None and pending:
        outcomes = progress(outcomes, len(pending))
    for (_, indices), result in zip(pending, outcomes, strict=True):
        results.update(dict.fromkeys(indices, result))

    found = [index for index in range(len(samples)) if results[index][0] is not None]
    return Extraction(
        table=LandmarkTable(
            landmarks=np.array([results[index][0] for index in found], dtype=np.float64).reshape(
                -1, N_LANDMARKS, 2
            ),
            emotion=np.array([samples[index].emotion for index in found], dtype=np.str_),
            subject=np.array([samples[index].subject for index in found], dtype=np.str_),
            sequence=np.array([samples[index].sequence for index in found], dtype=np.str_),
            source=np.array([str(samples[index].path) for index in found], dtype=np.str_),
        ),
        skipped=[
            (sample.path, results[index][1])
            for index, sample in enumerate(samples)
            if results[index][0] is None
        ],
        from_cache=from_cache,
        cache_problem=cache_problem,
    )


def measure(digest: str, settings: str, image: str, predictor: str) -> Measured:
    """Find the landmarks of the largest face in an image file; joblib's workers call this.

    Parameters
    ----------
    digest, settings : str
        What the answer depends on; joblib's cache knows it again by them.
    image, predictor : str
        Where the files are at the moment.

    Returns
    -------
    Measured
        Landmarks or the reason why there are none.
    """
    try:
        frame = read_image(image)
    except ImageError as error:
        return None, reason_of(error, Path(image))
    faces = _detector(predictor).faces(frame, thorough=True)
    if not faces:
        return None, NO_FACE
    return faces[0].landmarks.astype(np.float32), ""


def reason_of(error: ImageError, path: Path) -> str:
    """Shorten an error's text to what is wrong, for a list that names the path already."""
    return str(error).removeprefix(f"{path}: ").partition(";")[0]


@contextlib.contextmanager
def kept_from_interrupts() -> Iterator[None]:
    """Let processes started meanwhile never get Ctrl-C, to which their imports would object."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    # Otherwise started along with the first process, after which nothing would be blocked.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# One detector a process: its predictor takes 100 MB and half a second to load.
@lru_cache(maxsize=1)
def _detector(predictor: str) -> FaceDetector:
    return FaceDetector(predictor)

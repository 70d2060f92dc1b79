"""Find the landmarks of samples: detected once, in parallel, and cached."""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import ImageError, is_system_fault
from landmark_emotion.faces.detector import BOXES, MEASUREMENT_VERSION, FaceDetector
from landmark_emotion.faces.predictor import find_predictor, predictor_digest
from landmark_emotion.faces.search import detector_version
from landmark_emotion.files.cache import open_cache, recall, remember
from landmark_emotion.model.face import N_LANDMARKS
from landmark_emotion.sources.images import decode_image, read_bytes
from landmark_emotion.training.datasets.fer2013 import row_as_image
from landmark_emotion.training.datasets.samples import NO_FACE, Sample
from landmark_emotion.training.landmark_table import LandmarkTable
from landmark_emotion.training.parallel import Progress, run_parallel

# Starting worker processes takes as long as measuring this many images.
_WORTH_WORKERS = 24
_MANY = 1000  # images; to look up those that are cached takes a second or more

Measured = tuple[NDArray[np.float32] | None, str]
"""Landmarks of shape (1 + m, 68, 2), of the still image and from each variant of the box, and an
empty text; or None and the reason."""


@dataclass(frozen=True)
class Extraction:
    """The landmarks of samples, and the samples without.

    Attributes
    ----------
    table : LandmarkTable
        The samples with a face, in the order given.
    skipped : list of (str, str)
        All other images (`Sample.source`), with the reason.
    from_cache : int
        Number of images whose result, of either kind, was cached.
    cache_problem : str
        Why nothing could be cached; empty if there was no problem.
    samples : list of Sample
        The samples of the table.
    """

    table: LandmarkTable
    skipped: list[tuple[str, str]]
    from_cache: int
    cache_problem: str
    samples: list[Sample]


def extract(
    samples: list[Sample],
    *,
    predictor: str | os.PathLike[str] | None = None,
    jobs: int = -1,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Extraction:
    """Find the landmarks of the largest face in every sample.

    Of samples with the same image, the first is taken, or none if their labels differ.
    Results are cached by the content of the image, not by its path. Images that could not be read
    because of the system (permissions, disk, network) are tried again the next time.

    Parameters
    ----------
    samples : list of Sample
        Images with their labels.
    predictor : path-like, optional
        File of the shape predictor.
    jobs : int
        Number of processes; -1 for one per core.
    cache : Path, optional
        Folder of the cache. It must be the user's own, because joblib unpickles its content.
    progress : callable, optional
        Shows how many images are done.

    Raises
    ------
    PredictorError
        If there is no usable shape predictor.
    """
    results, from_cache, cache_problem = measure_samples(
        samples, predictor=predictor, jobs=jobs, cache=cache, progress=progress, copies=False
    )
    found = [(sample, *result) for sample, result in zip(samples, results, strict=True)]
    skipped = [(sample.source, why) for sample, landmarks, why in found if landmarks is None]
    table = _table([(sample, landmarks) for sample, landmarks, _ in found])
    seen = [sample for sample, landmarks, _ in found if landmarks is not None]
    return Extraction(table, skipped, from_cache, cache_problem, seen)


def measure_samples(
    samples: list[Sample],
    *,
    predictor: str | os.PathLike[str] | None = None,
    jobs: int = -1,
    cache: Path | None = None,
    progress: Progress | None = None,
    copies: bool = True,
) -> tuple[list[Measured], int, str]:
    """Find the landmarks of every sample, as `extract` does.

    Parameters
    ----------
    samples, predictor, jobs, cache, progress
        As for `extract`.
    copies : bool
        Whether each of several samples with the same image gets its landmarks, whatever its label.

    Returns
    -------
    results : list of Measured
        In the order of the samples.
    from_cache, cache_problem : int, str
        As in `Extraction`.

    Raises
    ------
    PredictorError
        If there is no usable shape predictor.
    """
    path = find_predictor(predictor).resolve()
    settings = f"{MEASUREMENT_VERSION}; {predictor_digest(path)}; {detector_version()}"
    memory, cache_problem = open_cache(cache)
    cached = memory.cache(measure, ignore=["image", "predictor"])

    results: dict[int, Measured] = {}
    pending, from_cache = [], 0
    groups = _by_content(samples, results)
    shown: Iterable[tuple[str, list[int]]] = groups.items()
    if progress is not None and len(groups) > _MANY:
        shown = progress(shown, len(groups))
    for digest, indices in shown:
        if not copies:
            indices = _without_copies(samples, indices, results)
        if not indices:
            continue
        call = (digest, settings, samples[indices[0]], str(path))
        known = recall(cached, *call)
        if known is None:
            pending.append((call, indices))
        else:
            results.update(dict.fromkeys(indices, known))
            from_cache += len(indices)

    outcomes: Iterable[Measured] = run_parallel(
        _measure_and_cache,
        [(cached, *call) for call, _ in pending],
        jobs=jobs if len(pending) >= _WORTH_WORKERS else 1,
        progress=progress,
    )
    for (_, indices), result in zip(pending, outcomes, strict=True):
        results.update(dict.fromkeys(indices, result))
    return [results[index] for index in range(len(samples))], from_cache, cache_problem


def _by_content(samples: list[Sample], results: dict[int, Measured]) -> dict[str, list[int]]:
    """Group samples by the SHA-256 of their images; unreadable ones go to `results`."""
    groups: dict[str, list[int]] = {}
    for index, sample in enumerate(samples):
        try:
            digest = hashlib.sha256(image_content(sample)).hexdigest()
        except ImageError as error:
            results[index] = (None, without_source(error, sample.source))
        else:
            groups.setdefault(digest, []).append(index)
    return groups


def _without_copies(
    samples: list[Sample], indices: list[int], results: dict[int, Measured]
) -> list[int]:
    """Return which of the samples with the same image to take; the others go to `results`."""
    shown = {samples[index].emotion for index in indices}
    if len(shown) > 1:
        reason = f"the same image is labeled {' and '.join(sorted(shown))}"
        results.update(dict.fromkeys(indices, (None, reason)))
        return []
    first, *copies = indices
    results.update(dict.fromkeys(copies, (None, "the same image as another")))
    return [first]


def _table(found: list[tuple[Sample, NDArray[np.float32] | None]]) -> LandmarkTable:
    points = [points for _, points in found if points is not None]
    landmarks = np.array(points, dtype=np.float64).reshape(-1, 1 + 2 * len(BOXES), N_LANDMARKS, 2)
    samples = [sample for sample, points in found if points is not None]

    def column(name: str) -> NDArray[np.str_]:
        return np.array([getattr(sample, name) for sample in samples], dtype=np.str_)

    return LandmarkTable(
        landmarks[:, 0],
        emotion=column("emotion"),
        subject=column("subject"),
        sequence=column("sequence"),
        source=column("source"),
        measured=landmarks[:, 1:],
    )


def image_content(sample: Sample) -> bytes:
    """Return the content of an image file, or of one that holds the pixels of a row."""
    if sample.row is None:
        return read_bytes(sample.path)
    return row_as_image(sample.path, sample.row.offset, sample.source)


def _measure_and_cache(cached: Any, *call: Any) -> Measured:
    try:
        result: Measured = remember(cached, *call)
        return result
    except ImageError as error:
        return None, without_source(error, call[2].source)


def measure(digest: str, settings: str, image: Sample, predictor: str) -> Measured:
    """Find the landmarks of the largest face in an image; the result is cached.

    Parameters
    ----------
    digest, settings : str
        Content of the image, and everything else that the result depends on.
    image : Sample
        Where the image is at the moment.
    predictor : str
        Path of the shape predictor.

    Raises
    ------
    ImageError
        If the image cannot be read at the moment or no longer has this content; not cached.
    """
    data = image_content(image)
    if hashlib.sha256(data).hexdigest() != digest:
        raise ImageError(f"{image.source}: changed while it was read; try again")
    try:
        frame = decode_image(data, image.source)
    except ImageError as error:
        if is_system_fault(error):
            raise
        return None, without_source(error, image.source)
    faces = detector_of(predictor).faces(frame, thorough=True, measured=True)
    if not faces or faces[0].measured is None:
        return None, NO_FACE
    points = np.concatenate([faces[0].landmarks[np.newaxis], faces[0].measured])
    return points.astype(np.float32), ""


def without_source(error: ImageError, source: str) -> str:
    """Return what is wrong, without the path and the remedy."""
    return str(error).removeprefix(f"{source}: ").partition(";")[0]


# One detector per process: its predictor takes 100 MB and half a second to load.
@lru_cache(maxsize=1)
def detector_of(predictor: str) -> FaceDetector:
    """Return the detector of this process."""
    return FaceDetector(predictor)

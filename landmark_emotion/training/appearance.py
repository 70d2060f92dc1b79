"""What a network says of the faces of a landmark table, so that pictures are needed only once."""

import hashlib
import os
from dataclasses import replace
from functools import lru_cache
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import ImageError
from landmark_emotion.faces.predictor import find_predictor
from landmark_emotion.faces.search import detector_version
from landmark_emotion.files.cache import open_cache, remember
from landmark_emotion.model.face import Box, Face
from landmark_emotion.networks.network import Network, load_network
from landmark_emotion.sources.images import decode_image
from landmark_emotion.sources.preparation import to_bgr
from landmark_emotion.training.datasets.samples import NO_FACE, Sample
from landmark_emotion.training.extraction import (
    Extraction,
    detector_of,
    image_content,
    without_source,
)
from landmark_emotion.training.landmark_table import LandmarkTable
from landmark_emotion.training.parallel import Progress, run_parallel

# Starting worker processes takes as long as looking at this many images.
_WORTH_WORKERS = 500

Described = NDArray[np.float32] | str
"""What a network says of a face, of shape (f,), or why it could not look."""


def add_appearance(
    found: Extraction,
    network: Path,
    *,
    predictor: str | os.PathLike[str] | None = None,
    jobs: int = -1,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Extraction:
    """Add what a network says of each face to landmarks; its results are cached as well.

    Parameters
    ----------
    found : Extraction
        From `extraction.extract`.
    network : Path
        The network.
    predictor, jobs, cache, progress
        As for `extraction.extract`.

    Raises
    ------
    NetworkError
        If the network cannot be used.
    """
    memory, _ = open_cache(cache)
    digest = load_network(network).digest
    settings = f"{digest}; {detector_version()}"
    places = str(find_predictor(predictor).resolve()), str(network.resolve())
    cached = memory.cache(describe, ignore=["data", "source", "predictor", "network"])
    described: list[Described] = list(
        run_parallel(
            _read_and_describe,
            [
                (cached, settings, landmarks, sample, *places)
                for sample, landmarks in zip(found.samples, found.table.landmarks, strict=True)
            ],
            jobs=jobs if len(found.samples) >= _WORTH_WORKERS else 1,
            progress=progress,
        )
    )
    kept = [not isinstance(each, str) for each in described]
    gone = [
        (sample.source, each)
        for sample, each in zip(found.samples, described, strict=True)
        if isinstance(each, str)
    ]
    return replace(
        found,
        table=_with_appearance(found.table.take(np.array(kept, dtype=bool)), described, digest),
        skipped=found.skipped + gone,
        samples=list(compress(found.samples, kept)),
    )


def _with_appearance(
    table: LandmarkTable, described: list[Described], digest: str
) -> LandmarkTable:
    if not len(table):
        return table
    return replace(
        table,
        appearance=np.stack([each for each in described if not isinstance(each, str)]),
        network=digest,
    )


def _read_and_describe(
    cached: Any, settings: str, landmarks: NDArray[np.float64], sample: Sample, *places: str
) -> Described:
    try:
        data = image_content(sample)
        digest = hashlib.sha256(data).hexdigest()
        result: Described = remember(
            cached, digest, settings, landmarks, data, sample.source, *places
        )
    except ImageError as error:
        return without_source(error, sample.source)
    return result


def describe(
    digest: str,
    settings: str,
    landmarks: NDArray[np.float64],
    data: bytes,
    source: str,
    predictor: str,
    network: str,
) -> Described:
    """Ask a network for the appearance of a face; the result is cached.

    Parameters
    ----------
    digest, settings : str
        Content of the image, and everything else that the result depends on.
    landmarks : ndarray of shape (68, 2)
        Of the face.
    data, source : bytes, str
        The content and the name of the image.
    predictor, network : str
        Paths of the shape predictor and the network.

    Raises
    ------
    ImageError
        If the image cannot be read; not cached.
    """
    picture = decode_image(data, source)
    loaded = _network(network, settings)
    box = Box(0, 0, 1, 1)
    if loaded.spec.crop == "box":  # tables have no boxes
        faces = detector_of(predictor).faces(picture, thorough=True)
        if not faces:
            return NO_FACE
        box = faces[0].box
    crop = loaded.crop(to_bgr(picture), Face(box, landmarks, 1.0))
    (appearance,) = loaded.appearance(crop[np.newaxis])
    return np.asarray(appearance, dtype=np.float32)


# One per process; a file that has changed has another digest in the settings.
@lru_cache(maxsize=1)
def _network(path: str, settings: str) -> Network:
    return load_network(path)

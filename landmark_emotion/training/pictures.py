"""Pictures of faces that a network learns from, in any layout, and the votes of FER+."""

import os
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import DatasetError, ImageError, Notify
from landmark_emotion.networks.crop import crop_transform, warped, whole_transform
from landmark_emotion.sources.images import decode_image
from landmark_emotion.sources.preparation import to_gray
from landmark_emotion.training.datasets import Labels
from landmark_emotion.training.datasets.fer2013 import VOTES, ferplus_votes
from landmark_emotion.training.datasets.samples import NO_FACE, Sample
from landmark_emotion.training.extraction import (
    image_content,
    measure_samples,
    without_source,
)
from landmark_emotion.training.loading import read_samples
from landmark_emotion.training.parallel import Progress, run_parallel

SIZE = 48
"""Width and height of the crops that networks see, in pixels."""

VOTED = VOTES[:8]
"""The classes of the votes of FER+; the other columns are no emotions."""

VOTES_NAME = "fer2013new.csv"

_SMALL = 64  # pixels; larger pictures are cropped first
_EDGE = 12  # pixels kept around a crop, for rotated and shifted variants
_WORTH_WORKERS = 200  # pictures; starting processes takes as long as reading these
_LEAST_AGREEMENT = 0.4  # of labels and votes; those of other rows agree in a fifth


@dataclass(frozen=True)
class FacePictures:
    """Pictures of n faces.

    Attributes
    ----------
    images : ndarray of shape (n, height, width), uint8
        Gray.
    transforms : ndarray of shape (n, 2, 3), float32
        From crops of `SIZE` pixels to images, as from `crop.crop_transform`.
    emotion, subject, source, part : ndarray of shape (n,), str
        Class, person (empty if unknown), image, and part of the data set (see `Sample.part`).
    votes : ndarray of shape (n, 8), float32, or None
        Shares of the votes for `VOTED`; a row of zeros where nobody voted.
    """

    images: NDArray[np.uint8]
    transforms: NDArray[np.float32]
    emotion: NDArray[np.str_]
    subject: NDArray[np.str_]
    source: NDArray[np.str_]
    part: NDArray[np.str_]
    votes: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.emotion)

    def take(self, which: NDArray[np.bool_]) -> "FacePictures":
        """Return the pictures where a mask is true."""
        return FacePictures(
            self.images[which],
            self.transforms[which],
            self.emotion[which],
            self.subject[which],
            self.source[which],
            self.part[which],
            None if self.votes is None else self.votes[which],
        )

    @property
    def crops(self) -> NDArray[np.uint8]:
        """The crops as the program cuts them, shape (n, `SIZE`, `SIZE`)."""
        pairs = zip(self.images, self.transforms.astype(np.float64), strict=True)
        crops = [warped(image, transform, SIZE) for image, transform in pairs]
        return np.array(crops, dtype=np.uint8).reshape(-1, SIZE, SIZE)


@dataclass(frozen=True)
class LoadedPictures:
    """The pictures of a data set, and what was left out.

    Attributes
    ----------
    pictures : FacePictures
        Those with a usable face.
    path, layout : Path, str
        The data set and the layout it was recognized as.
    left_out : Counter
        Number of images that were not searched for a face, by reason.
    skipped : list of (str, str)
        Images without a usable face, with the reason.
    whole : int
        Number of small pictures without landmarks, which are taken as they are.
    drawn : bool
        Whether any faces are drawn.
    votes : str
        The name of the file of votes; empty if there is none.
    """

    pictures: FacePictures
    path: Path
    layout: str
    left_out: Counter[str]
    skipped: list[tuple[str, str]] = field(default_factory=list)
    whole: int = 0
    drawn: bool = False
    votes: str = ""


def load_pictures(
    path: Path,
    emotions: Collection[str] | None = None,
    *,
    votes: Path | None = None,
    contempt: bool = False,
    labels: Labels | None = None,
    peak_frames: int = 1,
    predictor: str | os.PathLike[str] | None = None,
    jobs: int = -1,
    cache: Path | None = None,
    progress: Progress | None = None,
    notify: Notify = lambda line: None,
) -> LoadedPictures:
    """Read a data set in any layout and crop its faces by their landmarks.

    Pictures of at most 64 pixels in which no face is found are taken as they are, since those of
    FER-2013 are crops already.

    Parameters
    ----------
    votes : Path, optional
        The votes of FER+ for the rows of a ``fer2013.csv``; by default those beside it.
    path, emotions, contempt, labels, peak_frames, predictor, jobs, cache, progress, notify
        As for `loading.load_faces`.

    Raises
    ------
    DatasetError
        If the data set or the votes cannot be read, or no face is usable.
    """
    if path.suffix.lower() == ".npz" and path.is_file():
        raise DatasetError(f"{path}: has landmarks but no pictures; name the data set of images")
    dataset = read_samples(
        path, emotions, contempt=contempt, labels=labels, peak_frames=peak_frames, notify=notify
    )
    samples = dataset.samples
    voted, votes_file = _votes(samples, votes, notify)
    notify("finding landmarks; they are cached, so an interrupted search resumes")
    measured, from_cache, problem = measure_samples(
        samples, predictor=predictor, jobs=jobs, cache=cache, progress=progress
    )
    if from_cache:
        notify(f"the landmarks of {from_cache:,} images were cached")
    if problem:
        notify(f"note: landmarks are not cached ({problem}); see --cache")
    calls = [
        (sample, None if found is None else found[0], why)
        for sample, (found, why) in zip(samples, measured, strict=True)
    ]
    del measured
    worth = len(samples) >= _WORTH_WORKERS and any(sample.row is None for sample in samples)
    faces = list(run_parallel(read_face, calls, jobs=jobs if worth else 1, progress=progress))
    whole = sum(
        found is None and not isinstance(face, str)
        for (_, found, _), face in zip(calls, faces, strict=True)
    )
    skipped = [(s.source, f) for s, f in zip(samples, faces, strict=True) if isinstance(f, str)]
    pictures = _pictures(samples, faces, voted)
    if not len(pictures):
        raise DatasetError(f"{path}: no usable face; use images that show faces from the front")
    return LoadedPictures(
        pictures,
        path,
        dataset.layout,
        dataset.left_out,
        skipped,
        whole,
        dataset.drawn,
        votes_file,
    )


Cut = tuple[NDArray[np.uint8], NDArray[np.float64]]
"""A gray image and the transform from a crop of `SIZE` pixels to it."""


def read_face(sample: Sample, landmarks: NDArray[np.float32] | None, why: str) -> Cut | str:
    """Read an image and cut out its face, with an edge around it unless the image is small.

    Returns
    -------
    Cut or str
        The face, or why there is none.
    """
    if landmarks is None and why != NO_FACE:
        return why
    try:
        image = to_gray(decode_image(image_content(sample), sample.source))
    except ImageError as error:
        return without_source(error, sample.source)
    height, width = image.shape
    small = max(height, width) <= _SMALL
    if landmarks is None:
        return (image, whole_transform(width, height, SIZE)) if small else NO_FACE
    transform = crop_transform(landmarks, SIZE)
    return (image, transform) if small else _with_edge(image, transform)


def _with_edge(image: NDArray[np.uint8], transform: NDArray[np.float64]) -> Cut:
    """Cut a crop out of an image, with some of what is around it."""
    wide = transform.copy()
    wide[:, 2] -= transform[:, :2].sum(axis=1) * _EDGE
    inner = np.array([[1.0, 0, _EDGE], [0, 1, _EDGE]])
    return warped(image, wide, SIZE + 2 * _EDGE), inner


def _pictures(
    samples: list[Sample], faces: list[Cut | str], votes: NDArray[np.float32] | None
) -> FacePictures:
    """Collect the faces that were cut out."""
    kept = [i for i, face in enumerate(faces) if not isinstance(face, str)]
    cuts = [face for face in faces if not isinstance(face, str)]
    if len({image.shape for image, _ in cuts}) > 1:
        wide = (SIZE + 2 * _EDGE,) * 2
        cuts = [cut if cut[0].shape == wide else _with_edge(*cut) for cut in cuts]

    def column(name: str) -> NDArray[np.str_]:
        return np.array([getattr(samples[i], name) for i in kept], dtype=np.str_)

    return FacePictures(
        np.array([image for image, _ in cuts], dtype=np.uint8),
        np.array([transform for _, transform in cuts], dtype=np.float32),
        column("emotion"),
        column("subject"),
        column("source"),
        column("part"),
        None if votes is None else votes[kept],
    )


def _votes(
    samples: list[Sample], path: Path | None, notify: Notify
) -> tuple[NDArray[np.float32] | None, str]:
    """Return the shares of votes for each sample, and the file they are from, if there is one."""
    tables = {sample.path for sample in samples if sample.row is not None}
    beside = [table.with_name(VOTES_NAME) for table in tables]
    found = path or next((file for file in beside if file.is_file()), None)
    if found is None:
        return None, ""
    if not tables:
        raise DatasetError(f"{found}: has votes for rows of a fer2013.csv; name that as data set")
    counts = ferplus_votes(found, notify)
    rows = np.array([sample.row.number if sample.row else 0 for sample in samples])
    if rows.max() >= len(counts):
        raise DatasetError(
            f"{found}: has votes for {len(counts):,} rows only; use that of the same data set"
        )
    shares = vote_shares(counts[rows])
    emotion = np.array([sample.emotion for sample in samples])
    known = shares.any(axis=1)
    agree = np.array(VOTED)[shares.argmax(axis=1)] == emotion
    share = float(agree[known].mean()) if known.any() else 0.0
    if share < _LEAST_AGREEMENT:
        raise DatasetError(
            f"{found}: agrees with {share:.0%} of the labels, so its rows are those of another "
            "file; move it away, or name the right one with --votes"
        )
    notify(f"{found}: votes for {int(known.sum()):,} images, which teach a second head")
    return shares, str(found)


def vote_shares(counts: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Turn votes, (n, 10) as from `fer2013.ferplus_votes`, into shares of `VOTED`, (n, 8).

    Votes of a single person count as noise (Barsoum et al. 2016). Where none remain, all are 0.
    """
    votes = counts[:, : len(VOTED)].astype(np.float32)
    votes[votes <= 1] = 0
    total = votes.sum(axis=1, keepdims=True)
    return np.asarray(votes / np.maximum(total, 1), dtype=np.float32)
